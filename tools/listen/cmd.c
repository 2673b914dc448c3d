// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listen.h"

enum {
	PERIOD_DEFAULT = 480,
	TICK_NS = 100 * 1000 * 1000,
	SILENCE_TICKS = 20, /* 2 s */
};

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
	{ "meters", NULL, "levels of all channels, on a terminal", parse_flag,
	  &args.meters, 0, 0 },
	{ "json", NULL, "summary for programs", parse_flag, &args.json, 0, 0 },
	{ 0 },
};

/* What was made for this listener, to be undone after it. */
struct made {
	struct avtpmap_ctl *ctl; /* NULL: nothing */
	bool port;
};

static int on_port(const struct avtpmap_port_info *p, void *arg)
{
	*(int *)arg += p->attached;
	return 0;
}

static int count_ports(struct avtpmap_ctl *ctl)
{
	int n = 0;

	avtpmap_port_list(ctl, on_port, &n);
	return n;
}

static int add_stream(struct made *made)
{
	struct avtpmap_ctl *ctl = open_ctl(args.ifname);
	int ports, err;

	if (!ctl)
		return FAILURE;
	ports = count_ports(ctl);
	err = avtpmap_stream_add(ctl, args.ifname, args.stream_id, NULL);
	if (err && err != -EEXIST) {
		ctl_failed(ctl, err);
		avtpmap_ctl_close(ctl);
		return FAILURE;
	}
	if (err) {
		avtpmap_ctl_close(ctl);
		return OK;
	}
	made->ctl = ctl;
	made->port = count_ports(ctl) > ports;
	return OK;
}

static void undo(struct made *made)
{
	if (!made->ctl)
		return;
	avtpmap_stream_del(made->ctl, args.ifname, args.stream_id);
	if (made->port)
		avtpmap_port_detach(made->ctl, args.ifname);
	avtpmap_ctl_close(made->ctl);
}

static int open_stream(struct avtpmap_stream **s, struct made *made)
{
	char error[256] = "";
	struct avtpmap_open_opts opts = {
		.sz = sizeof(opts),
		.ifname = args.ifname,
		.stream_id = args.stream_id,
		.backend = wanted_backend,
		.period = { .period = args.period,
			    .events = AVTPMAP_EV_END | AVTPMAP_EV_EPOCH,
			    .deadline_ns = args.deadline_us * 1000ull },
		.error = error,
		.error_bytes = sizeof(error),
	};
	int err = avtpmap_open(s, &opts);

	if (err == -ENOENT) {
		if (add_stream(made))
			return FAILURE;
		err = avtpmap_open(s, &opts);
	}
	return err ? fail(err, "%s", error) : OK;
}

static int64_t time_left(double end_s)
{
	double left = end_s - clock_s(CLOCK_MONOTONIC);

	if (!args.seconds || left * 1e9 > TICK_NS)
		return TICK_NS;
	return left > 0 ? left * 1e9 : 0;
}

/* Once per tick at most: a line on a terminal, a diagnosis of silence. */
static void on_tick(struct listen *l, double *ticked_s, int *silent_ticks)
{
	double s = clock_s(CLOCK_MONOTONIC);

	if (s - *ticked_s < TICK_NS / 1e9 * 0.9)
		return;
	*ticked_s = s;
	listen_progress(l);
	if (avtpmap_position(l->s) != l->first)
		*silent_ticks = SILENCE_TICKS; /* heard: never diagnose */
	else if (*silent_ticks < SILENCE_TICKS &&
		 ++*silent_ticks == SILENCE_TICKS) {
		listen_screen_leave(l);
		listen_diagnose(l);
	}
}

static void listen_loop(struct listen *l)
{
	double ticked_s = clock_s(CLOCK_MONOTONIC);
	double end_s = ticked_s + args.seconds;
	int silent_ticks = 0;

	while (!stopped && !l->failed && !listen_has_enough(l)) {
		int due = avtpmap_wait(l->s, time_left(end_s));

		l->events |= avtpmap_events(l->s);
		listen_drain(l);
		if (due == -ENODEV)
			l->failed = fail(due,
					 "%s: the stream was deleted, or "
					 "its interface went",
					 args.ifname);
		else if (due < 0 && due != -EINTR)
			l->failed = fail(due, "waiting failed");
		if (l->events & AVTPMAP_EV_END &&
		    avtpmap_position(l->s) != l->first) {
			l->ended = true;
			listen_ended(l);
			if (!args.samples)
				break;
		}
		l->events = 0;
		if (args.seconds && clock_s(CLOCK_MONOTONIC) >= end_s)
			break;
		on_tick(l, &ticked_s, &silent_ticks);
	}
	listen_progress(l);
	listen_screen_leave(l);
}

static int listen_to(struct avtpmap_stream *s)
{
	struct listen l = { .args = &args, .s = s };
	uint64_t c[AVTPMAP_N_COUNTERS];
	int err = avtpmap_pcm_open(&l.pcm, s, NULL);

	if (err)
		return fail(err, "out of memory");
	avtpmap_counters(s, c, AVTPMAP_N_COUNTERS);
	l.lost_before = c[AVTPMAP_C_FRAMES_LOST];
	l.first = avtpmap_position(s);
	listen_screen_open(&l);
	listen_loop(&l);
	if (wav_close(l.wav))
		l.failed = true;
	listen_summary(&l);
	if (args.samples && l.samples < args.samples && !l.failed)
		l.failed = fail(-ENODATA, "only %llu of %llu samples came",
				(unsigned long long)l.samples,
				(unsigned long long)args.samples);
	listen_screen_close(&l);
	avtpmap_pcm_close(l.pcm);
	free(l.buf);
	return l.failed ? FAILURE : OK;
}

static int run(int argc, char **argv)
{
	struct avtpmap_stream *s;
	struct made made = { 0 };
	int ret;

	(void)argc;
	args.ifname = argv[0];
	if (stream_id_arg(argv[1], &args.stream_id))
		return USAGE;
	stop_on(SIGINT);
	stop_on(SIGTERM);
	stop_on(SIGHUP);
	ret = open_stream(&s, &made);
	if (ret == OK) {
		ret = listen_to(s);
		avtpmap_close(s);
	}
	undo(&made);
	return ret;
}

const struct command cmd_listen = {
	.name = "listen",
	.args = "IF STREAM_ID",
	.min_args = 2,
	.max_args = 2,
	.summary = "read a stream, and write it to a WAV file",
	.notes = "Adds the stream if it is not registered, and deletes it "
		 "again at the end.\n"
		 "Ends when the talker ceases (without --samples), at "
		 "--samples or --seconds, or by ^C.",
	.options = options,
	.run = run,
};
