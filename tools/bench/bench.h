/* SPDX-License-Identifier: MIT */
/* "avtpmap bench": ways of receiving the same streams, one after the other. */
#ifndef AVTPMAP_TOOL_BENCH_H
#define AVTPMAP_TOOL_BENCH_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_STREAMS = 64 };

/**
 * struct bench_streams - what is received
 * @ifname: where
 * @n: entries of @ids
 * @ids: stream ids
 * @period: media units from wake to wake, for the ways that can
 */
struct bench_streams {
	const char *ifname;
	int n;
	uint64_t ids[BENCH_STREAMS];
	uint32_t period;
};

/**
 * struct bench_result - what a way took and lost
 * @seconds: that it was given
 * @frames: that the process got whole
 * @wakes: returns from sleep with something to do
 * @switches: voluntary context switches of the process
 * @process_s: processor time of the process, s
 * @softirq_s: of interrupts and softirqs of the whole machine, s
 * @lost: frames missing on the wire, by sequence_num
 * @missed: frames that came, and that this reader was too late for
 */
struct bench_result {
	double seconds;
	uint64_t frames;
	uint64_t wakes;
	uint64_t switches;
	double process_s;
	double softirq_s;
	uint64_t lost;
	uint64_t missed;
};

/**
 * struct bench_way - one of them
 * @name: of it
 * @open: everything before the first frame; fills @fds, one a stream. Returns 0
 *	or -errno, then with a line in @why.
 * @read: takes all that is there of stream @i; returns frames
 * @count: adds up losses since open
 * @close: also after open failed
 */
struct bench_way {
	const char *name;
	int (*open)(const struct bench_streams *streams, struct pollfd *fds,
		    char *why, size_t why_bytes);
	uint64_t (*read)(int i);
	void (*count)(struct bench_result *result);
	void (*close)(void);
};

/*
 * True, with a line in @why, where a backend takes one of the streams: a way that
 * looks at what the host sees would count 0, as if nothing came.
 */
bool bench_is_blind(const struct bench_streams *streams, char *why,
		    size_t why_bytes);

extern const struct bench_way bench_kmod, bench_xdp, bench_packet, bench_socket;

/* Adds what is heard on @ifname in @ms to @streams; 0 or -errno. */
int bench_hear(struct bench_streams *streams, int ms);
void bench_add(struct bench_streams *streams, uint64_t id);

#endif
