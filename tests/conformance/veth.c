// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../sim/avtpmap_sim.h"
#include "veth.h"

enum { BATCH = 128, AWAIT_MS = 2000 };

static uint64_t sent[2];

static void no_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6",
		      O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		abort();
	close(fd);
}

/* A carrier is seen up to a second after it came; until then frames are lost. */
static int await_carrier(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	strcpy(ifr.ifr_name, ifname);
	for (int ms = 0; fd >= 0 && ms < AWAIT_MS; ms++) {
		if (!ioctl(fd, SIOCGIFFLAGS, &ifr) &&
		    ifr.ifr_flags & IFF_RUNNING)
			break;
		usleep(1000);
	}
	close(fd);
	return ifr.ifr_flags & IFF_RUNNING ? 0 : -ENETDOWN;
}

int veth_up(void)
{
	if (!if_nametoindex("port0") && !if_nametoindex("port1")) {
		if (unshare(CLONE_NEWNET))
			return -errno;
		no_ipv6();
	}
	for (int i = 0; i < 2; i++) {
		const char *const command =
			i ? "ip link del wire1 2>/dev/null; "
			    "ip link add port1 type veth peer name wire1 && "
			    "ip link set wire1 up && ip link set port1 up" :
			    "ip link del wire0 2>/dev/null; "
			    "ip link add port0 type veth peer name wire0 && "
			    "ip link set wire0 up && ip link set port0 up";

		if (!if_nametoindex(veth_ifname(i)) && system(command))
			return -EIO;
		if (await_carrier(veth_ifname(i)) ||
		    await_carrier(i ? "wire1" : "wire0"))
			return -ENETDOWN;
	}
	return 0;
}

int veth_unplug(void)
{
	return system("ip link del port0") ? -EIO : 0;
}

const char *veth_ifname(int i)
{
	return i ? "port1" : "port0";
}

/* Renamed, it is the same port. */
uint32_t veth_ifindex(int i)
{
	static uint32_t last[2];
	uint32_t ifindex = if_nametoindex(veth_ifname(i));

	if (ifindex)
		last[i] = ifindex;
	return last[i];
}

uint64_t veth_sent(int i)
{
	return sent[i];
}

static int settle(int (*arrived)(int i, uint64_t sent))
{
	const struct timespec nap = { .tv_nsec = 200000 };
	int err = 0;

	for (int i = 0; i < 2 && arrived; i++) {
		for (int n = 0; n < 5 * AWAIT_MS; n++) {
			err = arrived(i, sent[i]);
			if (err != -EAGAIN)
				break;
			nanosleep(&nap, NULL);
		}
		if (err)
			return err == -EAGAIN ? -ETIMEDOUT : err;
	}
	/* the last one was counted when it came; now it is through */
	nanosleep(&nap, NULL);
	return 0;
}

static int send_one(int fd, const struct avtpmap_sim_frame *f)
{
	int i = f->ifindex == veth_ifindex(1);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(i ? "wire1" : "wire0"),
	};

	if (sendto(fd, f + 1, f->len_bytes, 0, (struct sockaddr *)&to,
		   sizeof(to)) != (ssize_t)f->len_bytes)
		return -errno;
	sent[i]++;
	return 0;
}

int veth_inject(const void *records, size_t bytes,
		int (*arrived)(int i, uint64_t sent))
{
	static int fd = -1; /* closing one waits for an RCU grace period */
	const char *p = records, *end = p + bytes;
	int err = 0, n = 0;

	if (fd < 0)
		fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	while (p < end && !err) {
		const struct avtpmap_sim_frame *f = (const void *)p;

		err = send_one(fd, f);
		p += sizeof(*f) + (f->len_bytes + 7) / 8 * 8;
		if (!err && (++n % BATCH == 0 || p == end))
			err = settle(arrived);
	}
	return err;
}
