/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The module's device without the library: what a hostile program would do. */
#ifndef AVTPMAP_CONFORMANCE_DEVICE_H
#define AVTPMAP_CONFORMANCE_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <endian.h>

#include "test.h"

static inline int device_open(void)
{
	int fd = open(AVTPMAP_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail("open " AVTPMAP_DEVICE ": %s", strerror(errno));
	return fd;
}

static inline struct avtpmap_bind bind_request(struct rig *rig, uint64_t id)
{
	return (struct avtpmap_bind){
		.abi = AVTPMAP_ABI,
		.ifindex = rig->ifindex,
		.stream_id = htobe64(id),
	};
}

/* 0 or the negative errno. */
static inline int device_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

#endif
