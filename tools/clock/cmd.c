// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch.h"

enum {
	WAKE_NS = 20 * 1000 * 1000,
	BANDWIDTH_MOST_MHZ = 10000,
};

static const double housekeeping_s = 0.25;

static struct {
	double seconds;
	double interval;
	uint32_t bandwidth_mhz;
	uint32_t arrival_mhz;
	bool json;
	const char *svg;
} args = { .interval = 1 };

static const struct option options[] = {
	{ "seconds", "S", "stop after S seconds", parse_seconds, &args.seconds,
	  0, 0 },
	{ "interval", "S", "seconds from line to line (1)", parse_seconds,
	  &args.interval, 0, 0 },
	{ "bandwidth", "MHZ", "of the loop by timestamps, 1/1000 Hz (1000)",
	  parse_u32, &args.bandwidth_mhz, 1, BANDWIDTH_MOST_MHZ },
	{ "arrival-bandwidth", "MHZ", "of the loop by arrival times (20)",
	  parse_u32, &args.arrival_mhz, 1, BANDWIDTH_MOST_MHZ },
	{ "json", NULL, "summary and history for programs", parse_flag,
	  &args.json, 0, 0 },
	{ "svg", "FILE", "draw offset and rate over time", parse_string,
	  &args.svg, 0, 0 },
	{ 0 },
};

/**
 * struct watches - the command at work
 * @ifname: port
 * @phc: or NULL
 * @w, @n: the clocks
 * @begun_s: when
 */
struct watches {
	const char *ifname;
	struct avtpmap_clock *phc;
	struct watch w[WATCH_STREAMS_MAX];
	int n;
	double begun_s;
};

static int open_stream(const char *ifname, struct watch *w)
{
	char error[256] = "";
	const struct avtpmap_open_opts opts = {
		.sz = sizeof(opts),
		.ifname = ifname,
		.stream_id = w->id,
		.backend = wanted_backend,
		.period = { .deadline_ns = WAKE_NS },
		.error = error,
		.error_bytes = sizeof(error),
	};
	int err = lease_open(&w->lease, &w->s, &opts, NULL);

	return err ? fail(err, "%s", error) : OK;
}

/* The PHC is a help; without it there is CLOCK_MONOTONIC. */
static void open_phc(struct watches *all)
{
	const struct avtpmap_ring_hdr *hdr = avtpmap_header(all->w[0].s);
	int err = avtpmap_clock_open(&all->phc, hdr->phc_index);

	if (!err)
		err = avtpmap_clock_update(all->phc);
	if (err == -EACCES)
		fail(err,
		     "/dev/ptp%u cannot be opened: rates are against "
		     "CLOCK_MONOTONIC only; a udev rule can allow it",
		     hdr->phc_index);
	if (err) {
		avtpmap_clock_close(all->phc);
		all->phc = NULL;
	}
}

static int open_watches(struct watches *all)
{
	for (int i = 0; i < all->n; i++)
		if (open_stream(all->ifname, &all->w[i]))
			return FAILURE;
	open_phc(all);
	for (int i = 0; i < all->n; i++) {
		struct avtpmap_media_clock_opts opts = {
			.sz = sizeof(opts),
			.clock = all->phc,
			.bandwidth_mhz = args.bandwidth_mhz,
			.arrival_mhz = args.arrival_mhz,
		};
		int err = avtpmap_media_clock_open(&all->w[i].mc, &opts);

		if (err)
			return fail(err, "out of memory");
	}
	return OK;
}

/* The port, which the first may have attached, goes last. */
static void close_watches(struct watches *all)
{
	for (int i = 0; i < all->n; i++) {
		avtpmap_media_clock_close(all->w[i].mc);
		avtpmap_close(all->w[i].s);
		free(all->w[i].points);
	}
	for (int i = all->n; i--;)
		lease_end(&all->w[i].lease);
	avtpmap_clock_close(all->phc);
}

uint32_t watch_timebase(const struct avtpmap_media_clock_info *info)
{
	return (info->rates_known & 1u << AVTPMAP_TIMEBASE_PHC) ?
		       AVTPMAP_TIMEBASE_PHC :
		       AVTPMAP_TIMEBASE_MONOTONIC;
}

static void drain(struct watch *w, double s)
{
	bool heard = false;

	while (avtpmap_peek(w->s)) {
		avtpmap_media_clock_frame(w->mc, w->s);
		heard |= !avtpmap_release(w->s);
		w->frames++;
	}
	avtpmap_media_clock_info(w->mc, clock_s(CLOCK_MONOTONIC) * 1e9,
				 &w->info);
	if (!heard)
		return;
	if (w->info.phase_ns < w->low_ns)
		w->low_ns = w->info.phase_ns;
	if (w->info.phase_ns > w->high_ns)
		w->high_ns = w->info.phase_ns;
	if (w->lock_s < 0 && w->info.lock == AVTPMAP_MEDIA_LOCKED)
		w->lock_s = s;
}

static int add_point(struct watch *w, double s)
{
	size_t bytes = (w->n_points + 1) * sizeof(*w->points);
	uint32_t base = watch_timebase(&w->info);
	void *points;

	if (!w->info.rates_known)
		return OK;
	points = realloc(w->points, bytes);
	if (!points)
		return fail(-ENOMEM, "out of memory");
	w->points = points;
	w->points[w->n_points++] = (struct watch_point){
		.s = s,
		.lock = w->info.lock,
		.rate_ppm = w->info.rate_ppm[base],
		.rate_error_ppm = w->info.rate_error_ppm[base],
		.low_ns = w->low_ns,
		.high_ns = w->high_ns,
		.jitter_ns = w->info.jitter_ns,
		.error_ns = w->info.error_ns,
	};
	w->low_ns = w->high_ns = 0;
	return OK;
}

static int end_interval(struct watches *all, double s)
{
	for (int i = 0; i < all->n; i++) {
		if (add_point(&all->w[i], s))
			return FAILURE;
		if (!args.json)
			watch_line(&all->w[i]);
	}
	if (!args.json)
		fflush(stdout);
	return OK;
}

static void keep_house(struct watches *all)
{
	if (all->phc)
		avtpmap_clock_update(all->phc);
	for (int i = 0; i < all->n; i++)
		avtpmap_media_clock_update(all->w[i].mc);
}

/* OK, or FAILURE once no stream is left. */
static int wait_once(struct watches *all)
{
	struct pollfd fds[WATCH_STREAMS_MAX];
	int left = 0;

	for (int i = 0; i < all->n; i++)
		fds[i] = (struct pollfd){
			.fd = all->w[i].gone ? -1 : avtpmap_fd(all->w[i].s),
			.events = POLLIN,
		};
	poll(fds, all->n, WAKE_NS / 1000000);
	for (int i = 0; i < all->n; i++) {
		struct watch *w = &all->w[i];

		if (!w->gone && avtpmap_wait(w->s, 0) == -ENODEV)
			w->gone = true;
		avtpmap_events(w->s);
		left += !w->gone;
	}
	return left ? OK :
		      fail(-ENODEV,
			   "%s: the streams were deleted, or their interface "
			   "went",
			   all->ifname);
}

static int watch_loop(struct watches *all)
{
	double line_s = args.interval, house_s = 0;
	int ret = OK;

	while (!stopped && ret == OK) {
		double s = clock_s(CLOCK_MONOTONIC) - all->begun_s;

		if (s >= house_s) {
			keep_house(all);
			house_s = s + housekeeping_s;
		}
		ret = wait_once(all);
		for (int i = 0; i < all->n; i++)
			drain(&all->w[i], s);
		if (s >= line_s) {
			ret |= end_interval(all, s);
			line_s += args.interval;
		}
		if (args.seconds && s >= args.seconds)
			break;
	}
	return ret;
}

static int watch(struct watches *all)
{
	int ret = open_watches(all);

	if (ret)
		return ret;
	all->begun_s = clock_s(CLOCK_MONOTONIC);
	ret = watch_loop(all);
	for (int i = 0; i < all->n; i++) {
		char id[AVTPMAP_STREAM_ID_TEXT];

		if (all->w[i].frames || ret)
			continue;
		ret = fail(-ENODATA,
			   "%s: no frame came; avtpmap listen names likely "
			   "causes",
			   avtpmap_stream_id_to_text(id, all->w[i].id));
	}
	if (args.json)
		watch_json(all->w, all->n);
	if (args.svg && watch_svg(args.svg, all->w, all->n))
		ret = FAILURE;
	return ret;
}

static int run(int argc, char **argv)
{
	struct watches all = { .ifname = argv[0], .n = argc - 1 };
	int ret;

	if (args.interval <= 0)
		return usage_error("--interval must be more than 0");
	for (int i = 0; i < all.n; i++) {
		if (stream_id_arg(argv[1 + i], &all.w[i].id))
			return USAGE;
		all.w[i].lock_s = -1;
	}
	if (check_interface(all.ifname) ||
	    (args.svg && check_writable(args.svg)))
		return FAILURE;
	stop_on(SIGINT);
	stop_on(SIGTERM);
	stop_on(SIGHUP);
	ret = watch(&all);
	close_watches(&all);
	return ret;
}

const struct command cmd_clock = {
	.name = "clock",
	.args = "IF STREAM_ID...",
	.min_args = 2,
	.max_args = 1 + WATCH_STREAMS_MAX,
	.summary = "recover streams' media clocks: rate, jitter, lock",
	.notes = "Adds streams that are not registered; the last listener "
		 "deletes them again.\n"
		 "Ends at --seconds, or by ^C.",
	.options = options,
	.run = run,
};
