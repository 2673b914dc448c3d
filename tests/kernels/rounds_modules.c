// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Modules and ports, by system calls: on an emulated machine with every check
 * there is, insmod and ip take longer than what they do.
 */
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

#include "rounds.h"

enum { UNLOAD_MS = 5000 };

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "rounds: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static void load(const char *name, const char *params)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.ko", getenv("MODULES"), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, params, 0))
		fail("loading", path);
	close(fd);
}

static void port_up(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr))
		fail("flags of", ifname);
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		fail("up with", ifname);
	close(fd);
}

void modules_load(const char *streams)
{
	char param[512];

	snprintf(param, sizeof(param), "streams=%s", streams);
	load("avtpmap_hook", "");
	load("avtpmap_sim", "ports=2");
	load("avtpmap", param);
	port_up("sim0");
	port_up("sim1");
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* Whoever sends may be about to close the ports' device. */
int module_unload_soon(const char *name)
{
	int err = module_unload(name);

	for (int i = 0; err == -EAGAIN && i < UNLOAD_MS; i++) {
		usleep(1000);
		err = module_unload(name);
	}
	return err;
}

void modules_unload(int ports_first)
{
	static const char *const names[] = { "avtpmap_sim", "avtpmap",
					     "avtpmap_sim", "avtpmap_hook" };

	for (int i = !ports_first; i < 4; i++) {
		int err = module_unload_soon(names[i]);

		if (!err || (err == -ENOENT && i % 2 == 0))
			continue;
		errno = -err;
		fail("unloading", names[i]);
	}
}
