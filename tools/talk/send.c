// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "frame.h"
#include "send.h"
#include "../tool.h"

enum {
	BATCH = 1024, /* frames between two flushes, at most */
	SOCKET_BYTES = 16 << 20,
	RETRY_NS = 50000,
	STUCK_NS = 1000000000, /* without a single frame taken */
};

/**
 * struct talk_sender - a socket or a file
 * @fd: of the socket, or -1
 * @ifname: of the interface
 * @pcap: the file, or NULL
 * @n: frames in the batch
 * @messages: one per frame
 * @vectors: one per message
 * @frames: their bytes
 * @sent: see there
 * @dropped_before: the interface's counter when we began
 */
struct talk_sender {
	int fd;
	const char *ifname;
	FILE *pcap;
	uint32_t n;
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	uint8_t frames[BATCH][TALK_FRAME_MAX];
	struct talk_sent sent;
	uint64_t dropped_before;
};

int talk_interface_mac(const char *ifname, uint8_t mac[6])
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr)) {
		err = -errno;
		fail(err, "%s: no such interface", ifname);
	} else if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
		err = -EAFNOSUPPORT;
		fail(err, "%s: not an Ethernet interface", ifname);
	} else {
		memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* /proc follows the network namespace that we are in; /sys may not. */
static uint64_t interface_dropped(const char *ifname)
{
	FILE *file = fopen("/proc/self/net/dev", "re");
	char name[IFNAMSIZ + 1], line[512];
	unsigned long long n, dropped = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line,
			   " %16[^:]: %*u %*u %*u %*u %*u %*u %*u %*u "
			   "%*u %*u %*u %llu",
			   name, &n) == 2 &&
		    !strcmp(name, ifname))
			dropped = n;
	if (file)
		fclose(file);
	return dropped;
}

static int open_socket(const char *ifname, uint32_t pcp)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int priority = pcp, bytes = SOCKET_BYTES, err;

	if (fd < 0) {
		err = -errno;
		fail(err, err == -EPERM ?
				  "sending frames needs CAP_NET_RAW; run as "
				  "root, or write them with --pcap" :
				  "cannot open a packet socket");
		return err;
	}
	/* mqprio, taprio and CBS go by the priority; as much room as we may */
	setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	addr.sll_ifindex = if_nametoindex(ifname);
	if (!addr.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		fail(err, "%s: no such interface", ifname);
		close(fd);
		return err;
	}
	return fd;
}

static struct talk_sender *new_sender(void)
{
	struct talk_sender *snd = calloc(1, sizeof(*snd));

	if (!snd) {
		fail(-ENOMEM, "out of memory");
		return NULL;
	}
	snd->fd = -1;
	for (int i = 0; i < BATCH; i++) {
		snd->vectors[i].iov_base = snd->frames[i];
		snd->messages[i].msg_hdr.msg_iov = &snd->vectors[i];
		snd->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return snd;
}

int talk_sender_open(struct talk_sender **out, const char *ifname, uint32_t pcp)
{
	struct talk_sender *snd;
	int fd = open_socket(ifname, pcp);

	*out = NULL;
	if (fd < 0)
		return fd;
	snd = new_sender();
	if (!snd) {
		close(fd);
		return -ENOMEM;
	}
	snd->fd = fd;
	snd->ifname = ifname;
	snd->dropped_before = interface_dropped(ifname);
	*out = snd;
	return 0;
}

int talk_sender_open_pcap(struct talk_sender **out, const char *path)
{
	/* nanoseconds, version 2.4, snap length, Ethernet */
	static const uint32_t header[] = { 0xa1b23c4d, 2 | 4 << 16, 0,
					   0,	       65535,	    1 };
	struct talk_sender *snd = new_sender();

	*out = NULL;
	if (!snd)
		return -ENOMEM;
	snd->pcap = fopen(path, "we");
	if (!snd->pcap || !fwrite(header, sizeof(header), 1, snd->pcap)) {
		int err = -errno;

		fail(err, "cannot write %s", path);
		if (snd->pcap)
			fclose(snd->pcap);
		free(snd);
		return err;
	}
	*out = snd;
	return 0;
}

static int put_pcap(struct talk_sender *snd, const void *bytes, uint32_t len,
		    uint64_t time_ns)
{
	const uint32_t record[] = { time_ns / 1000000000, time_ns % 1000000000,
				    len, len };

	if (!fwrite(record, sizeof(record), 1, snd->pcap) ||
	    !fwrite(bytes, len, 1, snd->pcap))
		return fail(-errno, "cannot write the file"), -EIO;
	snd->sent.frames++;
	snd->sent.bytes += len;
	return 0;
}

int talk_sender_put(struct talk_sender *snd, const void *bytes, uint32_t len,
		    uint64_t time_ns)
{
	if (snd->pcap)
		return put_pcap(snd, bytes, len, time_ns);
	if (snd->n == BATCH) {
		int err = talk_sender_flush(snd);

		if (err)
			return err;
	}
	memcpy(snd->frames[snd->n], bytes, len);
	snd->vectors[snd->n++].iov_len = len;
	return 0;
}

/* Room comes when the interface has sent something; that is soon or never. */
static int wait_for_room(struct talk_sender *snd, uint64_t since_ns)
{
	const struct timespec pause = { .tv_nsec = RETRY_NS };

	snd->sent.retries++;
	if (talk_monotonic_now() - since_ns > STUCK_NS)
		return fail(-ENOBUFS, "%s took no frame for a second",
			    snd->ifname),
		       -ENOBUFS;
	nanosleep(&pause, NULL);
	return 0;
}

static int refused(const struct talk_sender *snd, int err)
{
	fail(err,
	     err == -ENETDOWN ? "%s is down" :
	     err == -EMSGSIZE ? "%s: frames are longer than its MTU" :
				"%s does not take frames",
	     snd->ifname);
	return err;
}

int talk_sender_flush(struct talk_sender *snd)
{
	uint64_t since_ns = talk_monotonic_now();
	uint32_t done = 0;
	int err = 0;

	while (done < snd->n && !err) {
		int n = sendmmsg(snd->fd, snd->messages + done, snd->n - done,
				 0);

		snd->sent.calls++;
		if (n > 0) {
			for (int i = 0; i < n; i++)
				snd->sent.bytes +=
					snd->vectors[done + i].iov_len;
			snd->sent.frames += n;
			done += n;
			since_ns = talk_monotonic_now();
		} else if (errno == ENOBUFS || errno == EAGAIN) {
			err = wait_for_room(snd, since_ns);
		} else if (errno != EINTR) {
			err = refused(snd, -errno);
		}
	}
	snd->n = 0;
	return err;
}

void talk_sender_sent(struct talk_sender *snd, struct talk_sent *sent)
{
	if (snd->fd >= 0)
		snd->sent.dropped =
			interface_dropped(snd->ifname) - snd->dropped_before;
	*sent = snd->sent;
}

int talk_sender_close(struct talk_sender *snd)
{
	int err = 0;

	if (!snd)
		return 0;
	if (snd->pcap && fclose(snd->pcap)) {
		err = -errno;
		fail(err, "cannot finish the file; is the disk full?");
	}
	if (snd->fd >= 0)
		close(snd->fd);
	free(snd);
	return err;
}
