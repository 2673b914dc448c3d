/* SPDX-License-Identifier: MIT */
/*
 * Notices of what happens to ports and streams, of all of them and without
 * being a reader: for logs, and for programs that add streams as they appear.
 *
 * Events of one stream that come fast are put together in one notice; with the
 * XDP backend those of 20 ms, and what is made and gone within that time is not
 * told; whether a port's program is off, within half a second. The packet
 * backend has none. Nothing here is real-time safe. One thread at a time per
 * struct avtpmap_monitor.
 */
#ifndef AVTPMAP_MONITOR_H
#define AVTPMAP_MONITOR_H

#include <stddef.h>
#include <stdint.h>
#include <linux/avtpmap.h>
#include <linux/avtpmap_netlink.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_monitor;

/*
 * X(bit without AVTPMAP_EV_, name in text and JSON, meaning): enum
 * avtpmap_event and what notices have beside it.
 */
/* clang-format off */
#define AVTPMAP_EVENTS(X) \
	X(ADDED, added, "the stream, or the port, was made") \
	X(DELETED, deleted, "the stream, or the port, is gone") \
	X(OFF, off, "somebody took the port's XDP program off") \
	X(ON, on, "the port's XDP program was put back") \
	X(START, start, "first frame, or frames again") \
	X(END, end, "no frame for long") \
	X(GAP, gap, "loss, resynchronisation or DBC break") \
	X(RESET, reset, "mr toggled") \
	X(UNCERTAIN, uncertain, "tu changed") \
	X(EPOCH, epoch, "new talker, resynchronisation or format") \
	X(CONFLICT, conflict, "a second talker is heard") \
	X(QUORUM, quorum, "a group's quorum changed") \
	X(DEADLINE, deadline, "the deadline was due")
/* clang-format on */

/* The name of one event (a single bit), or NULL. */
const char *avtpmap_event_name(uint32_t event);

/**
 * struct avtpmap_notice - something happened
 * @mono_ns: CLOCK_MONOTONIC when the notice was read, ns
 * @ifindex: port
 * @ifname: its name then
 * @has_stream: it is about a stream; else about the port itself
 * @stream_id: in host byte order, with @has_stream
 * @events: AVTPMAP_EV_ADDED and what follows it, enum avtpmap_event
 * @n_counters: entries of @counters that the producer has; 0: none told
 * @counters_known: bit i: counters[i] can be known
 * @counters: the stream's, by enum avtpmap_counter
 */
struct avtpmap_notice {
	uint64_t mono_ns;
	uint32_t ifindex;
	char ifname[16];
	uint32_t has_stream;
	uint64_t stream_id;
	uint32_t events;
	uint32_t n_counters;
	uint64_t counters_known;
	uint64_t counters[AVTPMAP_N_COUNTERS];
};

/**
 * struct avtpmap_monitor_opts - what to be told of
 * @sz: sizeof(struct avtpmap_monitor_opts)
 * @backend: 0 (best), or an enum avtpmap_backend to insist on
 * @resv: 0
 * @ifname: this port only; NULL: all
 * @error: out: why opening failed; may be NULL
 * @error_bytes: size of @error
 */
struct avtpmap_monitor_opts {
	size_t sz;
	uint32_t backend;
	uint32_t resv;
	const char *ifname;
	char *error;
	size_t error_bytes;
};

/**
 * avtpmap_monitor_open() - begin to be told
 * @out: to be closed with avtpmap_monitor_close(); NULL on failure
 * @opts: or NULL
 *
 * Returns 0 or as avtpmap_ctl_open(); -ENODEV: no such interface.
 */
int avtpmap_monitor_open(struct avtpmap_monitor **out,
			 const struct avtpmap_monitor_opts *opts);

/* NULL is fine. */
void avtpmap_monitor_close(struct avtpmap_monitor *m);

/* A descriptor for poll(): readable when there may be a notice to read. */
int avtpmap_monitor_fd(struct avtpmap_monitor *m);

/**
 * avtpmap_monitor_read() - the next notice
 * @m: the monitor
 * @notice: out
 * @bytes: sizeof(*notice); it may grow at its end
 *
 * Does not wait. Returns 1 with a notice; 0 when there is none; -ENOBUFS, once,
 * after notices that came faster than they were read and are lost; -ENODEV
 * when the backend went (the module was unloaded); or -EIO.
 */
int avtpmap_monitor_read(struct avtpmap_monitor *m,
			 struct avtpmap_notice *notice, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_MONITOR_H */
