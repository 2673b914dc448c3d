// SPDX-License-Identifier: MIT
#include <sys/prctl.h>

#include "run.h"
#include "../tool.h"

enum {
	LEAD_NS = 5000000, /* from here to the first frame */
	NOMINAL_START_NS = 1000000000,
};

static void emit(void *ctx, const struct talk_wire *wire)
{
	struct talk_job *job = ctx;
	int err;

	if (job->err)
		return;
	err = talk_sender_put(job->sender, wire->bytes, wire->len_bytes,
			      job->start_ns + wire->due_ns);
	if (err)
		job->err = err;
}

/* The timestamps follow the clock where it steps; the pace does not. */
static void wait_until(struct talk_job *job, uint64_t due_ns)
{
	uint32_t interval_ns = talk_pace_interval_ns(&job->streams[0].pace);
	uint64_t at_ns =
		talk_clock_monotonic(&job->clock, job->start_ns + due_ns);
	const struct timespec at = { .tv_sec = at_ns / 1000000000,
				     .tv_nsec = at_ns % 1000000000 };
	uint64_t now_ns;

	job->setup.start_ns = job->start_ns + job->clock.stepped_ns;
	while (!stopped &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
		;
	now_ns = talk_monotonic_now();
	if (now_ns <= at_ns)
		return;
	if (now_ns - at_ns > interval_ns)
		job->late++;
	if (now_ns - at_ns > job->late_max_ns)
		job->late_max_ns = now_ns - at_ns;
}

/* One packet of each stream. False: there are no more. */
static bool step(struct talk_job *job)
{
	bool more = false;

	for (uint32_t i = 0; i < job->n_streams; i++)
		more |= talk_stream_step(&job->streams[i]);
	return more;
}

/* Builds first and sleeps then, so that what is left to do in time is short. */
static bool batch(struct talk_job *job)
{
	uint64_t due_ns = 0;
	bool more = true;

	for (uint32_t b = 0; b < job->burst && more; b++) {
		due_ns = talk_stream_due_ns(&job->streams[0]);
		more = step(job);
	}
	if (!job->nominal)
		wait_until(job, due_ns);
	if (!job->err)
		job->err = talk_sender_flush(job->sender);
	return more;
}

int talk_run(struct talk_job *job)
{
	stop_on(SIGINT);
	stop_on(SIGTERM);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	job->start_ns = job->nominal ? NOMINAL_START_NS :
				       talk_clock_now(&job->clock) + LEAD_NS;
	job->setup.start_ns = job->start_ns;
	job->setup.emit = emit;
	job->setup.emit_ctx = job;
	while (!stopped && !job->err && batch(job))
		;
	for (uint32_t i = 0; i < job->n_streams && !job->err; i++)
		talk_stream_flush(&job->streams[i]);
	if (!job->err)
		job->err = talk_sender_flush(job->sender);
	return job->err;
}
