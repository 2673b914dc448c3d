// SPDX-License-Identifier: MIT
/*
 * Fewer interrupts than frames: a reader that is woken once a period gains
 * nothing from more.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../tool.h"
#include "tune.h"

enum { MARGIN_FRAMES = 256, MARGIN_MS = 500, CLASS_A_HZ = 8000 };

static uint32_t period = 64, jitter_us;
static bool undo;

static const struct option options[] = {
	{ "period", "UNITS", "the shortest period of any reader (64)",
	  parse_u32, &period, 1, AVTPMAP_PERIOD_MAX },
	{ "jitter", "US",
	  "how much later frames may be seen; needed where the NIC does not "
	  "stamp what it receives",
	  parse_u32, &jitter_us, 10, 10000 },
	{ "undo", NULL, "put back what was set before", parse_flag, &undo, 0,
	  0 },
	{ 0 },
};

/* What the streams of the port say. */
struct port_streams {
	const char *ifname;
	uint32_t n;
	uint64_t ids[64];
	uint64_t frames_per_s;
	uint32_t rate_hz;
};

static int on_stream(const struct avtpmap_stream_info *s, void *arg)
{
	struct port_streams *p = arg;

	if (p->n < 64)
		p->ids[p->n] = s->stream_id;
	p->n++;
	p->frames_per_s += s->rate;
	if (s->format.unit == AVTPMAP_UNIT_SAMPLES &&
	    s->format.rate_hz > p->rate_hz)
		p->rate_hz = s->format.rate_hz;
	return 0;
}

/* The least of what a slot says, or what it was. */
static uint64_t margin_of(const struct avtpmap_slot *slot, uint64_t least)
{
	const uint32_t both = AVTPMAP_F_HWTIME | AVTPMAP_F_TV;
	int32_t ahead;

	if ((slot->flags & both) != both)
		return least;
	ahead = (int32_t)(slot->avtp_timestamp - (uint32_t)slot->hwtime_ns);
	if (ahead < 1)
		ahead = 1; /* late already: no time at all */
	return !least || (uint64_t)ahead < least ? (uint64_t)ahead : least;
}

/* Time from arrival to presentation; 0: no frame tells, as with no hardware time. */
static uint64_t measure_margin(const char *ifname, uint64_t id)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	const struct avtpmap_slot *slot;
	struct avtpmap_stream *s;
	uint64_t least = 0;
	int frames = 0;

	if (avtpmap_open(&s, AVTPMAP_OPTS(avtpmap_open_opts, .ifname = ifname,
					  .stream_id = id,
					  .backend = wanted_backend)))
		return 0;
	for (int i = 0; i < MARGIN_MS && frames < MARGIN_FRAMES; i++) {
		while ((slot = avtpmap_peek(s))) {
			uint64_t margin = margin_of(slot, least);

			if (!avtpmap_release(s)) {
				least = margin;
				frames++;
			}
		}
		nanosleep(&ms, NULL);
	}
	avtpmap_close(s);
	return least;
}

static int find_limits(const char *ifname, struct tune_limits *l)
{
	struct port_streams p = { .ifname = ifname };
	struct avtpmap_ctl *ctl = open_ctl(ifname);
	int err;

	if (!ctl)
		return FAILURE;
	err = avtpmap_stream_list(ctl, ifname, on_stream, &p);
	if (err)
		ctl_failed(ctl, err);
	avtpmap_ctl_close(ctl);
	if (err)
		return FAILURE;
	if (!p.n)
		return fail(-ENOENT,
			    "%s has no streams to tune it for; see "
			    "avtpmap add",
			    ifname);
	err = tune_rx_slots(ifname, &l->rx_slots);
	if (err)
		return fail(err, "%s does not say how long its RX ring is",
			    ifname);
	l->period_ns = period * 1000000000ull /
		       (p.rate_hz ? p.rate_hz : CLASS_A_HZ * 6);
	l->frames_per_s = p.frames_per_s;
	l->jitter_ns = jitter_us * 1000ull;
	for (uint32_t i = 0; i < p.n && i < 64; i++) {
		uint64_t margin = measure_margin(ifname, p.ids[i]);

		if (margin && (!l->margin_ns || margin < l->margin_ns))
			l->margin_ns = margin;
	}
	if (!l->margin_ns && !l->jitter_ns)
		return fail(-ENODATA,
			    "no frame of a stream on %s has hardware receive "
			    "time, so a delay would bend its clock; say "
			    "--jitter US if that is no harm (see avtpmap "
			    "doctor)",
			    ifname);
	return OK;
}

/* All of it or nothing. What was before the first time is what is put back. */
static int set(const char *ifname, const struct tune_state *before,
	       const struct tune_state *to)
{
	struct tune_state saved;
	int again = !tune_saved(ifname, &saved);
	int err = again ? 0 : tune_save(ifname, before);

	if (!err)
		err = tune_write(ifname, to);
	if (err) {
		tune_write(ifname, before);
		if (!again)
			tune_forget(ifname);
	}
	return err;
}

static int tune(const char *ifname)
{
	struct tune_limits limits = { 0 };
	struct tune_state before, to;
	const char *why;
	uint64_t delay;
	int err = find_limits(ifname, &limits);

	if (err)
		return err;
	delay = tune_delay_ns(&limits, &why);
	if (!delay)
		return fail(-ERANGE,
			    "%s leaves %s less than %d us: not worth it", why,
			    ifname, TUNE_LEAST_NS / 1000);
	to = tune_state_of(delay);
	err = tune_read(ifname, &before);
	if (err)
		return fail(err, "cannot read the interrupts of %s", ifname);
	err = set(ifname, &before, &to);
	if (err)
		return fail(err,
			    "cannot let %s interrupt only every %" PRIu32
			    " us; nothing was changed",
			    ifname, to.rx_usecs);
	printf("%s: an interrupt at most every %" PRIu32
	       " us (%s); was %" PRIu32 "\n",
	       ifname, to.rx_usecs, why, before.rx_usecs);
	return OK;
}

static int untune(const char *ifname)
{
	struct tune_state before;
	int err = tune_saved(ifname, &before);

	if (err == -ENOENT)
		return fail(err, "%s is not tuned", ifname);
	if (!err)
		err = tune_write(ifname, &before);
	if (!err)
		err = tune_forget(ifname);
	return err ? fail(err, "cannot put back the interrupts of %s", ifname) :
		     OK;
}

static int run(int argc, char **argv)
{
	(void)argc;
	return undo ? untune(argv[0]) : tune(argv[0]);
}

const struct command cmd_tune = {
	.name = "tune",
	.args = "IF",
	.min_args = 1,
	.max_args = 1,
	.summary = "let the NIC interrupt once for several frames",
	.notes =
		"The delay is at most a quarter of the period, half of the RX "
		"ring, and the time from a frame's arrival to its presentation.",
	.options = options,
	.run = run,
};
