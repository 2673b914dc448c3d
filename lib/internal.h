/* SPDX-License-Identifier: MIT */
/* What the library's files know of each other's handles. */
#ifndef AVTPMAP_LIB_INTERNAL_H
#define AVTPMAP_LIB_INTERNAL_H

#include <avtpmap/avtpmap.h>
#include <time.h>

#include "backend.h"

static inline __u64 monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

struct avtpmap_stream {
	struct avtpmap_ring ring; /* first: avtpmap_ring() */
	const struct backend *be;
	size_t ring_bytes;
	int fd;
	__u32 events; /* collected by wait, not yet fetched */
	void *priv; /* the backend's */
	char reason[REASON_BYTES];
};

/**
 * struct avtpmap_group - many streams, one wait
 * @be: of its members; NULL before the first
 * @fd: readable while wait would not sleep; the backend's; -1 before the first
 * @priv: the backend's
 * @period: for the members to come
 * @events: collected by wait, not yet fetched
 */
struct avtpmap_group {
	const struct backend *be;
	int fd;
	void *priv;
	struct avtpmap_period period;
	__u32 events;
};

/**
 * stream_set_ring() - check a ring and point a handle at it
 * @s: the handle
 * @mem: the ring: header page, then slots
 * @bytes: readable bytes there
 * @page: the handle's reader page; writable
 * @head: position to begin at
 * @media_pos: media position there
 *
 * Takes ownership of nothing. Returns 0, -EPROTONOSUPPORT for another ABI, or
 * -EBADMSG for a geometry that contradicts itself; @why tells.
 */
int stream_set_ring(struct avtpmap_stream *s, const void *mem, size_t bytes,
		    struct avtpmap_reader_page *page, __u64 head,
		    __u64 media_pos, const struct text *why);

/**
 * stream_from_memory() - a handle on a ring that the caller keeps
 * @out: to be closed with avtpmap_close(), which calls @be->close if set
 * @be: of it, name, set_period, wait, info and close are used; each may be NULL
 *
 * Other arguments as stream_set_ring(). Unit tests, and backends that build
 * their own rings, come in here.
 */
int stream_from_memory(struct avtpmap_stream **out, const struct backend *be,
		       const void *mem, size_t bytes,
		       struct avtpmap_reader_page *page, __u64 head,
		       __u64 media_pos);

/* The format of the epoch that @slot, which is held, belongs to. */
int slot_format(struct avtpmap_stream *s, const struct avtpmap_slot *slot,
		struct avtpmap_format *format);

/* 0, -EINVAL (period, events) or -ERANGE (deadline). */
int period_check(const struct avtpmap_period *period);

/*
 * The port that "eth0", "eth0.2" or a VLAN device is on. 0, -ENODEV, or -EMFILE
 * where nobody can look.
 */
int port_of_name(const char *name, __u32 *ifindex);
int port_of_name_text(const char *name, __u32 *ifindex, const struct text *why);
/* An ioctl that any socket takes. 0 or -errno. */
int if_ioctl(unsigned long request, void *arg);
/* Of a packet socket: AVTP alone, so many bytes of each frame. 0 or -errno. */
int avtp_filter(int fd, __u32 bytes);
/* @name: of IF_NAMESIZE bytes */
int is_ethernet(const char *name);
/* The VID that such a name asks for, or 0. */
__u32 vid_of_name(const char *name);

#endif
