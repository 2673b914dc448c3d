/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What every case has at hand: a port, a control handle and a wire. Whatever
 * fails here fails the case; what a case made, the end of it takes away.
 */
#ifndef AVTPMAP_CONFORMANCE_RIG_H
#define AVTPMAP_CONFORMANCE_RIG_H

#include <avtpmap/avtpmap.h>

#include "bed.h"
#include "wire.h"

/**
 * struct rig - one case's bench
 * @bed: the backend
 * @ctl: control of it
 * @ifname: the port
 * @ifindex: the same
 * @wire: frames to be sent next
 */
struct rig {
	const struct bed *bed;
	struct avtpmap_ctl *ctl;
	const char *ifname;
	uint32_t ifindex;
	struct wire wire;
};

#define STREAM_ID 0x02005e1000010001ull

void rig_init(struct rig *rig, const struct bed *bed);
void rig_free(struct rig *rig);

/* Port @i, if its backend needs that; both are attached when a case begins. */
void rig_attach(struct rig *rig, int i);

/* Adds a stream; @opts as for avtpmap_stream_add(), NULL: the defaults. */
void rig_add(struct rig *rig, uint64_t id,
	     const struct avtpmap_stream_opts *opts);
void rig_del(struct rig *rig, uint64_t id);

/* @period: media units. @events: mask. NULL-free: a refusal fails the case. */
struct avtpmap_stream *rig_open(struct rig *rig, uint64_t id, uint32_t period,
				uint32_t events);
void rig_period(struct avtpmap_stream *s, uint32_t period, uint32_t events,
		uint64_t deadline_ns);

/* Receives what is on the wire and clears it. */
void rig_inject(struct rig *rig);

/* @n undisturbed frames of @t, received. */
void rig_send(struct rig *rig, struct talker *t, uint32_t n);

/* One counter of a stream, as its reader sees it. */
uint64_t rig_counter(struct avtpmap_stream *s, enum avtpmap_counter c);

/* Peeks and releases all that there is; returns how many frames. */
uint32_t rig_drain(struct avtpmap_stream *s);

struct avtpmap_reader_info rig_info(struct avtpmap_stream *s);

/* wait without sleeping: the events collected; *@due, if not NULL: periods. */
uint32_t rig_poll(struct avtpmap_stream *s, int *due);

/* Sleeps until the reader was told of all of @events, and of nothing else. */
void rig_await(struct avtpmap_stream *s, uint32_t events);

/* Bytes that the port's rings take. */
uint64_t rig_mem_used(struct rig *rig);

/**
 * struct coverage - what the cases did to the counters
 * @moved: sums over all streams, noted when these end
 * @known: counters that some stream knew, a bit each
 * @partial: not all cases were asked for
 */
struct coverage {
	uint64_t moved[AVTPMAP_N_COUNTERS];
	uint64_t known;
	int partial;
};
extern struct coverage *coverage; /* shared by all cases */

#endif
