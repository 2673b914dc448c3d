/* SPDX-License-Identifier: MIT */
/* From streams to the sender, at their pace. */
#ifndef AVTPMAP_TALK_RUN_H
#define AVTPMAP_TALK_RUN_H

#include "clock.h"
#include "send.h"
#include "source.h"
#include "stream.h"
#include "../tool.h"

/**
 * struct talk_job - one run of the command
 * @setup: of all streams
 * @streams: @n_streams of them; all have the same pace
 * @n_streams: how many
 * @burst: packets of a stream that are sent together
 * @source: of the samples
 * @sender: of the frames
 * @clock: of the presentation times; not used with @nominal
 * @nominal: write nominal times as fast as it goes
 * @start_ns: of the clock, when the first frame is due
 * @err: what the sender said first
 * @late: wakes that came more than an interval too late
 * @late_max_ns: how late the latest was
 */
struct talk_job {
	struct talk_setup setup;
	struct talk_stream *streams;
	uint32_t n_streams;
	uint32_t burst;
	struct talk_source *source;
	struct talk_sender *sender;
	struct talk_clock clock;
	bool nominal;
	uint64_t start_ns;
	int err;
	uint64_t late;
	uint64_t late_max_ns;
};

/* Until the plan's end, SIGINT or SIGTERM. 0, or -errno after a line. */
int talk_run(struct talk_job *job);

/* report.c: what was sent, on stdout */
void talk_report(struct talk_job *job, const char *where, bool json);

#endif
