/* SPDX-License-Identifier: MIT */
/*
 * A stream handle: one reader of one stream, with its own cursor.
 *
 * Functions return 0 or a count, or a negative errno; errno itself is not part
 * of the interface. Unless it says otherwise, a function is for one thread at
 * a time per handle. avtpmap_wait(), avtpmap_events(), avtpmap_counters(),
 * avtpmap_format() and all of ring.h are real-time safe: they do not allocate,
 * lock, log or fault.
 */
#ifndef AVTPMAP_STREAM_H
#define AVTPMAP_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <linux/avtpmap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_stream;

#define AVTPMAP_BACKEND_AUTO 0u /* the best that this machine has */
#define AVTPMAP_FOREVER (-1ll)

/**
 * struct avtpmap_open_opts - what to open
 * @sz: sizeof(struct avtpmap_open_opts)
 * @ifname: port, as "eth0", or "eth0.2", which is port eth0
 * @stream_id: IEEE 1722 stream_id, in host byte order
 * @backend: AVTPMAP_BACKEND_AUTO, or an enum avtpmap_backend to insist on
 * @kind: enum avtpmap_kind
 * @period: when to be woken; all 0: never, until avtpmap_set_period()
 * @error: out: one line that says what failed and what to do about it; may be
 *	NULL
 * @error_bytes: size of @error
 *
 * What is not set must be 0.
 */
struct avtpmap_open_opts {
	size_t sz;
	const char *ifname;
	uint64_t stream_id;
	uint32_t backend;
	uint32_t kind;
	struct avtpmap_period period;
	char *error;
	size_t error_bytes;
};

/* C only: AVTPMAP_OPTS(avtpmap_open_opts, .ifname = "eth0", ...) */
#define AVTPMAP_OPTS(type, ...) \
	(&(struct type){ .sz = sizeof(struct type), __VA_ARGS__ })

/**
 * avtpmap_open() - become a reader of a stream
 * @out: the handle, to be closed with avtpmap_close(); NULL on failure
 * @opts: what to open
 *
 * The reader begins with the first frame after this call. The stream must have
 * been added, by avtpmap_stream_add() or "avtpmap add".
 *
 * Returns 0 or
 *	-ENOPKG: no backend (the module is not loaded)
 *	-ENODEV: no such network interface
 *	-ENOENT: no such stream on this port
 *	-ENETDOWN: somebody took the port's XDP program off
 *	-EACCES: not allowed
 *	-EUSERS: too many readers of the stream, or handles of the user
 *	-EPROTONOSUPPORT: module and library do not fit each other
 *	-EINVAL: options or period out of range
 *	-ERANGE: deadline out of range
 *	-E2BIG: options of a newer library
 *	-ENOMEM
 */
int avtpmap_open(struct avtpmap_stream **out,
		 const struct avtpmap_open_opts *opts);

/* Closes the handle and unmaps the ring. NULL is fine. */
void avtpmap_close(struct avtpmap_stream *s);

/* A descriptor for poll(): readable while avtpmap_wait() would not sleep. */
int avtpmap_fd(struct avtpmap_stream *s);

/**
 * avtpmap_set_period() - say when to wake this reader
 * @s: the stream
 * @period: see <linux/avtpmap.h>
 *
 * Returns 0, -EINVAL (period or events out of range) or -ERANGE (deadline).
 */
int avtpmap_set_period(struct avtpmap_stream *s,
		       const struct avtpmap_period *period);

/**
 * avtpmap_wait() - sleep until a period, an event or the deadline is due
 * @s: the stream
 * @timeout_ns: at most so long; 0: do not sleep; AVTPMAP_FOREVER
 *
 * A period is due while it ended and the reader has not released (or read as
 * PCM) all media up to its end, so frames left unread make the next call
 * return at once.
 *
 * Returns the number of periods due, 0 when an event or the deadline woke it
 * or the time was up (see avtpmap_events()), -EINTR after a signal, -ENODEV
 * when the stream or its port is gone; what is in the ring can still be read.
 */
int avtpmap_wait(struct avtpmap_stream *s, int64_t timeout_ns);

/* Takes the events (enum avtpmap_event) that avtpmap_wait() collected. */
uint32_t avtpmap_events(struct avtpmap_stream *s);

/**
 * avtpmap_format() - what the stream's newest epoch holds
 * @s: the stream
 * @format: out; may be NULL
 * @epoch: out: 1 for the first talker and format; may be NULL
 *
 * Frames still in the ring may be of earlier epochs: see slot->epoch.
 *
 * Returns 0, or -EAGAIN while no frame has come.
 */
int avtpmap_format(struct avtpmap_stream *s, struct avtpmap_format *format,
		   uint32_t *epoch);

/* Short names of a format's subtype and encoding, as "AAF" and "int16". */
const char *avtpmap_subtype_name(uint32_t subtype);
const char *avtpmap_encoding_name(uint32_t encoding);

/* Periods and wakes of this reader. Returns 0 or -ENODEV. */
int avtpmap_reader_info(struct avtpmap_stream *s,
			struct avtpmap_reader_info *info);

/* The ring's first page, read-only, for as long as the handle is open. */
const struct avtpmap_ring_hdr *avtpmap_header(struct avtpmap_stream *s);

/* "kmod", "xdp" or "packet", and in one line why it was chosen. */
const char *avtpmap_backend_name(struct avtpmap_stream *s);
const char *avtpmap_backend_reason(struct avtpmap_stream *s);

/**
 * struct avtpmap_backend_report - one backend on this machine
 * @backend: enum avtpmap_backend
 * @err: 0 if it can be used here, or the negative errno that open would return
 * @name: its name
 * @reason: one line: why it can be used, or what to do so that it can
 */
struct avtpmap_backend_report {
	uint32_t backend;
	int err;
	const char *name;
	char reason[200];
};

/**
 * avtpmap_backends() - ask every backend whether it can be used, best first
 * @ifname: on this port, or NULL: at all
 * @reports: out
 * @n: entries of @reports
 *
 * Returns how many backends this library has, which may be more than @n.
 */
int avtpmap_backends(const char *ifname, struct avtpmap_backend_report *reports,
		     int n);

/*
 * Stream ids: see kmod/shared/streamid.h for the spellings, which are
 * 00:11:22:33:44:55:00:01, 00-11-22-33-44-55:0001, 0x0011223344550001 and the
 * like. from_text returns 0 or -EINVAL; to_text fills and returns @buf.
 */
#define AVTPMAP_STREAM_ID_TEXT 24
int avtpmap_stream_id_from_text(const char *text, uint64_t *id);
char *avtpmap_stream_id_to_text(char buf[AVTPMAP_STREAM_ID_TEXT], uint64_t id);

/* "0.1.0" */
const char *avtpmap_version(void);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_STREAM_H */
