// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What the module's device refuses, each with an errno that tells. */
#include <sys/mman.h>
#include <poll.h>

#include "device.h"

CASE(bind_refuses_another_abi_kind_and_flags, BED_DEVICE)
{
	struct avtpmap_bind good, bad;
	int fd = device_open();

	rig_add(rig, STREAM_ID, NULL);
	good = bind_request(rig, STREAM_ID);
#define REFUSED(field, value, err)                                       \
	do {                                                             \
		bad = good;                                              \
		bad.field = (value);                                     \
		check_eq(device_ioctl(fd, AVTPMAP_IOC_BIND, &bad), err); \
	} while (0)
	REFUSED(abi, AVTPMAP_ABI + 1, -EPROTONOSUPPORT);
	REFUSED(abi, 0, -EPROTONOSUPPORT);
	REFUSED(kind, 1, -EINVAL);
	REFUSED(flags, 1, -EINVAL);
	REFUSED(resv[1], 1, -EINVAL);
	REFUSED(ifindex, 0, -ENOENT);
	REFUSED(ifindex, rig->ifindex + 100, -ENOENT);
	REFUSED(stream_id, htobe64(STREAM_ID + 1), -ENOENT);
#undef REFUSED
	check_eq(device_ioctl(fd, AVTPMAP_IOC_BIND, &good), 0);
	close(fd);
}

CASE(a_handle_is_bound_once, BED_DEVICE)
{
	struct avtpmap_bind bind;
	int fd = device_open();

	rig_add(rig, STREAM_ID, NULL);
	rig_add(rig, STREAM_ID + 1, NULL);
	bind = bind_request(rig, STREAM_ID);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_BIND, &bind), 0);
	bind = bind_request(rig, STREAM_ID);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_BIND, &bind), -EBUSY);
	bind = bind_request(rig, STREAM_ID + 1);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_BIND, &bind), -EBUSY);
	close(fd);
}

CASE(an_unbound_handle_can_do_nothing, BED_DEVICE)
{
	struct avtpmap_period period = { .period = 64 };
	struct avtpmap_wait wait = { .timeout_ns = 0 };
	struct avtpmap_reader_info info;
	int fd = device_open();
	struct pollfd p = { .fd = fd, .events = POLLIN };

	check_eq(device_ioctl(fd, AVTPMAP_IOC_PERIOD, &period), -ENOTCONN);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_WAIT, &wait), -ENOTCONN);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_INFO, &info), -ENOTCONN);
	check_eq(device_ioctl(fd, _IO(AVTPMAP_IOC_MAGIC, 99), NULL), -ENOTTY);
	check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	check_eq(errno, ENOTCONN);
	check_eq(poll(&p, 1, 0), 1);
	check(p.revents & POLLERR);
	close(fd);
	(void)rig;
}

CASE(period_and_wait_refuse_what_they_do_not_know, BED_DEVICE)
{
	struct avtpmap_bind bind;
	struct avtpmap_period p;
	struct avtpmap_wait w = { .resv = 1 };
	int fd = device_open();

	rig_add(rig, STREAM_ID, NULL);
	bind = bind_request(rig, STREAM_ID);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_BIND, &bind), 0);
#define PERIOD(...)                                  \
	(p = (struct avtpmap_period){ __VA_ARGS__ }, \
	 device_ioctl(fd, AVTPMAP_IOC_PERIOD, &p))
	check_eq(PERIOD(.period = AVTPMAP_PERIOD_MAX + 1), -EINVAL);
	check_eq(PERIOD(.period = ~0u), -EINVAL);
	check_eq(PERIOD(.events = 1u << 30), -EINVAL);
	check_eq(PERIOD(.resv = { 0, 1 }), -EINVAL);
	check_eq(PERIOD(.deadline_ns = 1), -ERANGE);
	check_eq(PERIOD(.deadline_ns = ~0ull), -ERANGE);
	check_eq(PERIOD(.period = 1), 0);
	check_eq(PERIOD(.period = 0), 0);
#undef PERIOD
	check_eq(device_ioctl(fd, AVTPMAP_IOC_WAIT, &w), -EINVAL);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_WAIT, (void *)8), -EFAULT);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_BIND, (void *)8), -EFAULT);
	close(fd);
}

CASE(mmap_takes_the_two_areas_and_nothing_else, BED_DEVICE)
{
	struct avtpmap_bind bind;
	int fd = device_open();
	int ro = PROT_READ, rw = PROT_READ | PROT_WRITE;

	rig_add(rig, STREAM_ID, NULL);
	bind = bind_request(rig, STREAM_ID);
	check_eq(device_ioctl(fd, AVTPMAP_IOC_BIND, &bind), 0);
#define MAP(bytes, prot, flags, offset) \
	(mmap(NULL, bytes, prot, flags, fd, offset) == MAP_FAILED ? -errno : 0)
	check_eq(MAP(bind.ring_bytes, ro, MAP_SHARED, AVTPMAP_MMAP_RING), 0);
	check_eq(MAP(bind.ring_bytes, rw, MAP_SHARED, AVTPMAP_MMAP_RING),
		 -EPERM);
	check_eq(MAP(bind.ring_bytes, ro, MAP_PRIVATE, AVTPMAP_MMAP_RING),
		 -EINVAL);
	check_eq(MAP(bind.ring_bytes, rw, MAP_PRIVATE, AVTPMAP_MMAP_RING),
		 -EPERM);
	check(MAP(bind.ring_bytes + 4096, ro, MAP_SHARED, AVTPMAP_MMAP_RING));
	check(MAP(4096, ro, MAP_SHARED, AVTPMAP_MMAP_RING + 4096));
	check_eq(MAP(4096, rw, MAP_SHARED, AVTPMAP_MMAP_READER), 0);
	check_eq(MAP(8192, rw, MAP_SHARED, AVTPMAP_MMAP_READER), -EINVAL);
	check_eq(MAP(4096, rw, MAP_PRIVATE, AVTPMAP_MMAP_READER), -EINVAL);
	check(MAP(4096, ro, MAP_SHARED, AVTPMAP_MMAP_READER + 4096));
#undef MAP
	close(fd);
}
