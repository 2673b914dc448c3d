// SPDX-License-Identifier: MIT
/* What a media clock tells: lines over any clock, rates, and how sure. */
#include <errno.h>
#include <string.h>

#include "media_clock.h"

enum { HOLD_INTERVALS = 16 };

static const double hold_least_ns = 2e7; /* is no holdover yet */
static const double rate_one = 1099511627776.0; /* of rate_q40 */

uint64_t avtpmap_media_line_time(const struct avtpmap_media_line *line,
				 uint64_t media_pos, uint64_t *error_ns)
{
	double away_ns =
		(double)(int64_t)(media_pos - line->media_pos) * line->unit_ns;
	double ns = away_ns + line->frac_ns;

	if (away_ns < 0)
		away_ns = -away_ns;
	if (error_ns)
		*error_ns = line->error_ns + away_ns * line->error_rate + 1;
	return line->ns + (int64_t)(ns < 0 ? ns - 0.5 : ns + 0.5);
}

uint64_t avtpmap_media_line_pos(const struct avtpmap_media_line *line,
				uint64_t ns, uint64_t *error_ns)
{
	double away_ns = (double)(int64_t)(ns - line->ns) - line->frac_ns;
	double units = away_ns / line->unit_ns;
	int64_t whole = (int64_t)units;
	uint64_t pos;

	if (away_ns < 0)
		away_ns = -away_ns;
	if (error_ns)
		*error_ns = line->error_ns + away_ns * line->error_rate + 1;
	pos = line->media_pos + whole - (units < whole);
	/* a time that was rounded down belongs to its unit */
	return pos + (avtpmap_media_line_time(line, pos + 1, NULL) == ns);
}

/* How long a loop has gone without what it lives on. */
static uint64_t age_ns(const struct avtpmap_media_clock *mc,
		       const struct servo *s, uint64_t mono_ns)
{
	uint64_t last_ns = s == &mc->stamps ? mc->stamp_mono_ns : mc->mono_ns;
	int64_t age = (int64_t)((mono_ns ?: mc->mono_ns) - last_ns);

	return age > 0 ? age : 0;
}

static uint32_t lock_of(const struct avtpmap_media_clock *mc,
			const struct servo *s, uint64_t mono_ns)
{
	double hold_ns = HOLD_INTERVALS * s->interval_s * 1e9;
	uint64_t age = age_ns(mc, s, mono_ns);

	if (hold_ns < hold_least_ns)
		hold_ns = hold_least_ns;
	if (!s->locked || age > mc->holdover_ns)
		return AVTPMAP_MEDIA_UNLOCKED;
	return age > hold_ns ? AVTPMAP_MEDIA_HOLDOVER : AVTPMAP_MEDIA_LOCKED;
}

static int has_line(const struct servo *s)
{
	return s->n > 1;
}

/* @s: a loop of @mc. The caller names the time base. */
static void line_of(const struct avtpmap_media_clock *mc, const struct servo *s,
		    uint64_t mono_ns, struct avtpmap_media_line *line)
{
	memset(line, 0, sizeof(*line));
	line->media_pos = s->pos;
	line->ns = s->ns;
	line->frac_ns = s->frac_ns;
	line->unit_ns = s->unit_s * 1e9 * (1 + s->rate);
	line->error_ns = servo_error_ns(s);
	line->error_rate = servo_error_rate(s);
	line->lock = lock_of(mc, s, mono_ns);
	line->source = s == &mc->stamps ? mc->source : AVTPMAP_SOURCE_ARRIVAL;
}

/* From the PHC's time to a system clock's, or by @back from there. */
static void carry(struct avtpmap_media_line *line,
		  const struct avtpmap_clock_line *by, int back)
{
	double rate = 1 + by->rate_q40 / rate_one;
	uint64_t error_ns;

	if (back) {
		line->ns = avtpmap_line_to_phc(by, line->ns, &error_ns);
		line->unit_ns *= rate;
	} else {
		line->ns = avtpmap_line_from_phc(by, line->ns, &error_ns);
		line->unit_ns /= rate;
	}
	line->error_ns += error_ns;
	line->error_rate += by->error_ppb * 1e-9;
}

static int phc_lines(const struct avtpmap_media_clock *mc,
		     struct avtpmap_clock_snapshot *snapshot)
{
	return mc->clock && !avtpmap_clock_snapshot(mc->clock, snapshot);
}

/* By way of the PHC's time. Returns whether there is one. */
static int by_stamps(const struct avtpmap_media_clock *mc, uint32_t timebase,
		     uint64_t mono_ns, struct avtpmap_media_line *line)
{
	struct avtpmap_clock_snapshot snapshot;

	if (!has_line(&mc->stamps) || !mc->absolute)
		return 0;
	if (timebase != AVTPMAP_TIMEBASE_PHC && !phc_lines(mc, &snapshot))
		return 0;
	line_of(mc, &mc->stamps, mono_ns, line);
	if (timebase == AVTPMAP_TIMEBASE_MONOTONIC)
		carry(line, &snapshot.lines[AVTPMAP_CLOCK_MONOTONIC], 0);
	else if (timebase == AVTPMAP_TIMEBASE_MONOTONIC_RAW)
		carry(line, &snapshot.lines[AVTPMAP_CLOCK_MONOTONIC_RAW], 0);
	return 1;
}

static int by_arrival(const struct avtpmap_media_clock *mc, uint32_t timebase,
		      uint64_t mono_ns, struct avtpmap_media_line *line)
{
	struct avtpmap_clock_snapshot s;

	if (!has_line(&mc->arrival))
		return 0;
	line_of(mc, &mc->arrival, mono_ns, line);
	if (timebase == AVTPMAP_TIMEBASE_MONOTONIC)
		return 1;
	if (timebase == AVTPMAP_TIMEBASE_PHC) {
		if (!phc_lines(mc, &s))
			return 0;
	} else {
		clock_latch_read(&mc->raw_latch, &s);
		if (!s.updates)
			return 0;
	}
	/* RAW over MONOTONIC stands where the PHC over MONOTONIC does */
	carry(line, &s.lines[AVTPMAP_CLOCK_MONOTONIC], 1);
	return 1;
}

static int line_at(const struct avtpmap_media_clock *mc, uint32_t timebase,
		   uint64_t mono_ns, struct avtpmap_media_line *line)
{
	if (!by_stamps(mc, timebase, mono_ns, line) &&
	    !by_arrival(mc, timebase, mono_ns, line))
		return -ENODATA;
	line->timebase = timebase;
	return 0;
}

int avtpmap_media_clock_line(const struct avtpmap_media_clock *mc,
			     uint32_t timebase, struct avtpmap_media_line *line)
{
	if (timebase >= AVTPMAP_N_TIMEBASES)
		return -EINVAL;
	return line_at(mc, timebase, 0, line);
}

int avtpmap_media_clock_follow(struct avtpmap_media_clock *mc,
			       const struct avtpmap_media_line *of,
			       double nominal_hz)
{
	if (of && (of->timebase != AVTPMAP_TIMEBASE_PHC || !(nominal_hz > 0) ||
		   !(of->unit_ns > 0)))
		return -EINVAL;
	mc->following = of != NULL;
	if (of)
		mc->follow_rate = of->unit_ns * nominal_hz * 1e-9 - 1;
	return 0;
}

static void tell_rates(const struct avtpmap_media_clock *mc, uint64_t mono_ns,
		       struct avtpmap_media_clock_info *info)
{
	for (uint32_t i = 0; i < AVTPMAP_N_TIMEBASES; i++) {
		struct avtpmap_media_line line;

		if (line_at(mc, i, mono_ns, &line)) {
			/* timestamps without a time of day have a rate */
			if (i != AVTPMAP_TIMEBASE_PHC || !has_line(&mc->stamps))
				continue;
			line_of(mc, &mc->stamps, mono_ns, &line);
		}
		info->rates_known |= 1u << i;
		info->rate_ppm[i] =
			(1e9 / line.unit_ns / mc->nominal_hz - 1) * 1e6;
		info->rate_error_ppm[i] = line.error_rate * 1e6;
	}
}

void avtpmap_media_clock_info(const struct avtpmap_media_clock *mc,
			      uint64_t mono_ns,
			      struct avtpmap_media_clock_info *info)
{
	int stamps = has_line(&mc->stamps) && mc->absolute;
	const struct servo *s = stamps ? &mc->stamps : &mc->arrival;

	memset(info, 0, sizeof(*info));
	info->nominal_hz = mc->nominal_hz;
	info->restarts = mc->restarts;
	info->uncertain = mc->uncertain;
	info->epochs = mc->epochs;
	info->timebase = stamps ? AVTPMAP_TIMEBASE_PHC :
				  AVTPMAP_TIMEBASE_MONOTONIC;
	info->entries = s->entries;
	info->outliers = s->outliers;
	info->steps = s->steps;
	info->locks = s->locks;
	info->unlocks = s->unlocks;
	info->stamps_wrong = mc->watch.wrong;
	info->stamps_swapped = mc->watch.swapped;
	if (!has_line(s))
		return;
	info->source = stamps ? mc->source : AVTPMAP_SOURCE_ARRIVAL;
	info->lock = lock_of(mc, s, mono_ns);
	info->phase_ns = s->error_ns;
	info->jitter_ns = servo_sqrt(s->var);
	info->error_ns = servo_error_ns(s) +
			 age_ns(mc, s, mono_ns) * servo_error_rate(s);
	tell_rates(mc, mono_ns, info);
}
