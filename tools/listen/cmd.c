// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listen.h"
#include "../lease.h"

enum {
	PERIOD_DEFAULT = 480,
	TICK_NS = 100 * 1000 * 1000,
	FRAMES_TICK_NS = 10 * 1000 * 1000,
	RING_MS = 512, /* of the default rate: video has twice as many */
};

#define SILENCE_S 2.0

static struct listen_args args = { .period = PERIOD_DEFAULT };

static const struct option options[] = {
	{ "wav", "FILE", "write the samples, bit for bit", parse_string,
	  &args.wav, 0, 0 },
	{ "period", "N", "samples from wake to wake (480)", parse_u32,
	  &args.period, 1, AVTPMAP_PERIOD_MAX },
	{ "deadline", "US", "wake at the latest so long after the last wake",
	  parse_u32, &args.deadline_us, AVTPMAP_FLOOR_NS / 1000,
	  AVTPMAP_DEADLINE_MAX_NS / 1000 },
	{ "samples", "N", "stop after exactly N samples (of each channel)",
	  parse_count, &args.samples, 0, 0 },
	{ "seconds", "S", "stop after S seconds", parse_seconds, &args.seconds,
	  0, 0 },
	{ "until-end", NULL, "stop when the talker ceases", parse_flag,
	  &args.until_end, 0, 0 },
	{ "meters", NULL, "levels of all channels, on a terminal", parse_flag,
	  &args.meters, 0, 0 },
	{ "reserve", NULL, "have bridges forward it to here (MSRP)", parse_flag,
	  &args.reserve, 0, 0 },
	{ "json", NULL, "summary for programs", parse_flag, &args.json, 0, 0 },
	{ 0 },
};

static int open_stream(struct avtpmap_stream **s, struct lease *lease,
		       const struct listen_reserve *r)
{
	char error[256] = "";
	struct avtpmap_open_opts opts = {
		.sz = sizeof(opts),
		.ifname = args.ifname,
		.stream_id = args.stream_id,
		.backend = wanted_backend,
		.period = { .period = args.period,
			    .events = AVTPMAP_EV_START | AVTPMAP_EV_END |
				      AVTPMAP_EV_EPOCH,
			    .deadline_ns = args.deadline_us * 1000ull },
		.error = error,
		.error_bytes = sizeof(error),
	};
	struct avtpmap_stream_opts how = listen_reserve_path(r);
	int err;

	how.ms = RING_MS;
	err = lease_open(lease, s, &opts, &how);
	if (err == -EDQUOT) { /* the port's cap: then as long as others' */
		how.ms = 0;
		err = lease_open(lease, s, &opts, &how);
	}
	return err ? fail(err, "%s", error) : OK;
}

static void diagnose(struct listen *l, double seconds)
{
	l->diagnosed = true;
	listen_screen_leave(l);
	listen_diagnose(l, seconds);
	sniff_close(&l->sniff);
}

/*
 * Only samples come at the pace of periods. Packets are not counted in them, and
 * the ring may be full of them before a video frame ends.
 */
static int64_t time_left(const struct listen *l, double end_s)
{
	double left = end_s - clock_s(CLOCK_MONOTONIC);
	int64_t tick_ns = l->pcm && l->epochs ? TICK_NS : FRAMES_TICK_NS;

	if (!args.seconds || left * 1e9 > tick_ns)
		return tick_ns;
	return left > 0 ? left * 1e9 : 0;
}

/* Once per tick at most: a line on a terminal, a diagnosis of silence. */
static void on_tick(struct listen *l, double *ticked_s, double begun_s)
{
	double s = clock_s(CLOCK_MONOTONIC);

	if (s - *ticked_s < TICK_NS / 1e9 * 0.9)
		return;
	*ticked_s = s;
	listen_progress(l);
	if (listen_heard(l)) {
		sniff_close(&l->sniff);
	} else if (!l->diagnosed) {
		sniff_read(&l->sniff);
		if (s - begun_s >= SILENCE_S)
			diagnose(l, s - begun_s);
	}
}

/* A pause, or the end: who records goes on unless told otherwise. */
static void on_silence(struct listen *l)
{
	if (!listen_heard(l))
		return;
	if (!l->silences++)
		listen_ended(l);
	l->ended = true;
	if (args.until_end)
		l->why = "silence";
}

/* Whether there is nothing more to do, and why. */
static bool is_done(struct listen *l, double end_s)
{
	if (!l->why && listen_has_enough(l))
		l->why = "samples";
	if (!l->why && args.seconds && clock_s(CLOCK_MONOTONIC) >= end_s)
		l->why = "seconds";
	if (!l->why && stopped)
		l->why = "signal";
	if (l->failed)
		l->why = NULL;
	return l->failed || l->why;
}

static void listen_loop(struct listen *l)
{
	double ticked_s = clock_s(CLOCK_MONOTONIC);
	double begun_s = ticked_s, end_s = ticked_s + args.seconds;

	while (!is_done(l, end_s)) {
		int due = avtpmap_wait(l->s, time_left(l, end_s));

		l->events |= avtpmap_events(l->s);
		listen_drain(l);
		listen_reserve_work(l->reserve);
		if (due == -ENODEV)
			l->failed = fail(due,
					 "%s: the stream was deleted, or "
					 "its interface went",
					 args.ifname);
		else if (due < 0 && due != -EINTR)
			l->failed = fail(due, "waiting failed");
		if (l->events & AVTPMAP_EV_END)
			on_silence(l);
		else if (l->events & AVTPMAP_EV_START)
			l->ended = false;
		l->events = 0;
		on_tick(l, &ticked_s, begun_s);
	}
	if (!l->failed && !l->diagnosed && !listen_heard(l))
		diagnose(l, clock_s(CLOCK_MONOTONIC) - begun_s);
	listen_progress(l);
	listen_screen_leave(l);
}

static int listen_to(struct avtpmap_stream *s, struct listen_reserve *reserve)
{
	struct listen l = { .args = &args, .reserve = reserve, .s = s };
	int err = avtpmap_pcm_open(&l.pcm, s, NULL), ret;

	if (err)
		return fail(err, "out of memory");
	avtpmap_counters(s, l.counted, AVTPMAP_N_COUNTERS);
	l.first = avtpmap_position(s);
	l.pos = avtpmap_ring(s)->acked;
	l.drops_before = l.drops_seen = listen_drops(&l);
	l.received = netdev_received(args.ifname);
	sniff_open(&l.sniff, avtpmap_header(s)->ifindex, args.stream_id);
	listen_screen_open(&l);
	listen_loop(&l);
	if (wav_close(l.wav))
		l.failed = true;
	listen_summary(&l);
	ret = listen_verdict(&l);
	sniff_close(&l.sniff);
	listen_screen_close(&l);
	avtpmap_pcm_close(l.pcm);
	free(l.buf);
	free(l.quiet);
	return ret;
}

static int run(int argc, char **argv)
{
	struct listen_reserve reserve = { 0 };
	struct avtpmap_stream *s;
	struct lease lease;
	int ret;

	(void)argc;
	args.ifname = argv[0];
	if (stream_id_arg(argv[1], &args.stream_id))
		return USAGE;
	if (check_interface(args.ifname) ||
	    (args.wav && check_writable(args.wav)))
		return FAILURE;
	stop_on(SIGINT);
	stop_on(SIGTERM);
	stop_on(SIGHUP);
	if (args.reserve && listen_reserve_begin(&reserve, &args)) {
		listen_reserve_end(&reserve);
		return FAILURE;
	}
	ret = open_stream(&s, &lease, &reserve);
	if (ret == OK) {
		ret = listen_to(s, &reserve);
		avtpmap_close(s);
	}
	lease_end(&lease);
	listen_reserve_end(&reserve);
	return ret;
}

const struct command cmd_listen = {
	.name = "listen",
	.args = "IF STREAM_ID",
	.min_args = 2,
	.max_args = 2,
	.summary = "read a stream, and write it to a WAV file",
	.notes = "Adds the stream if it is not registered; the last listener "
		 "deletes it again.\n"
		 "Ends at --samples or --seconds, by ^C or, with --until-end, "
		 "when the talker ceases,\n"
		 "and says by which; a pause is none of them.",
	.options = options,
	.run = run,
};
