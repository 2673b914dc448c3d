// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The kernel module on simulated ports: tests/sim. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/avtpmap.h>

#include "bed.h"
#include "../sim/avtpmap_sim.h"

enum { WRITE_MAX = 4 << 20 }; /* the device takes 8 MiB at once */

static const struct module {
	const char *name;
	const char *params;
} modules[] = {
	{ "avtpmap_hook", "" },
	{ "avtpmap_sim", "ports=2" },
	{ "avtpmap", "" },
};

#define N_MODULES ((int)(sizeof(modules) / sizeof(modules[0])))

static int load(const struct module *m)
{
	const char *dir = getenv("MODULES");
	char path[512];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s.ko", dir ? dir : ".", m->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, m->params, 0) ? -errno : 0;
	close(fd);
	return err == -EEXIST ? 0 : err;
}

static int link_up(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	int err;

	if (fd < 0)
		return -errno;
	strcpy(ifr.ifr_name, ifname);
	err = ioctl(fd, SIOCSIFFLAGS, &ifr) ? -errno : 0;
	close(fd);
	return err;
}

static const char *ifname(int i)
{
	return i ? "sim1" : "sim0";
}

static int up(void)
{
	int err = 0;

	for (int i = 0; i < N_MODULES && !err; i++)
		err = load(&modules[i]);
	for (int i = 0; i < 2 && !err; i++)
		err = link_up(ifname(i));
	return err;
}

static int down(void)
{
	for (int i = N_MODULES - 1; i >= 0; i--)
		if (syscall(SYS_delete_module, modules[i].name, O_NONBLOCK) &&
		    errno != ENOENT)
			return -errno;
	return 0;
}

static int unplug(void)
{
	return syscall(SYS_delete_module, "avtpmap_sim", O_NONBLOCK) ? -errno :
								       0;
}

/* Whole records from @p, as many as go into one write. */
static size_t batch(const char *p, size_t bytes)
{
	size_t n = 0;

	while (n < bytes) {
		const struct avtpmap_sim_frame *f = (const void *)(p + n);
		size_t next = n + sizeof(*f) + (f->len_bytes + 7) / 8 * 8;

		if (next > WRITE_MAX && n)
			break;
		n = next;
	}
	return n;
}

static int inject(const void *records, size_t bytes)
{
	int fd = open(AVTPMAP_SIM_DEVICE, O_WRONLY | O_CLOEXEC);
	const char *p = records;
	int err = 0;

	if (fd < 0)
		return -errno;
	while (bytes && !err) {
		size_t n = batch(p, bytes);
		ssize_t done = write(fd, p, n);

		if (done != (ssize_t)n)
			err = done < 0 ? -errno : -EIO;
		p += n;
		bytes -= n;
	}
	close(fd);
	return err;
}

const struct bed bed_kmod = {
	.name = "kmod",
	.backend = AVTPMAP_BACKEND_KMOD,
	.caps = ~(uint64_t)(BED_NET_RAW | BED_CHOICE | BED_SOCKET),
	.up = up,
	.down = down,
	.unplug = unplug,
	.ifname = ifname,
	.inject = inject,
};
