/* SPDX-License-Identifier: MIT */
/* The media clock's insides: what learns and what tells lie in two files. */
#ifndef AVTPMAP_LIB_MEDIA_CLOCK_H
#define AVTPMAP_LIB_MEDIA_CLOCK_H

#include <avtpmap/clock.h>
#include <avtpmap/time.h>

#include "../clock_track.h"
#include "servo.h"
#include "stamp_watch.h"

/**
 * struct avtpmap_media_clock - two loops, and what they are fed with
 * @clock: the PHC, or NULL
 * @holdover_ns: see the options
 * @stamp_opts: of @stamps, while it lives on timestamps
 * @stamps, @arrival: see avtpmap/clock.h
 * @source: of @stamps, enum avtpmap_media_source
 * @absolute: the times of @stamps are whole gPTP times
 * @epoch: that is entered; 0: none
 * @subtype, @rate_hz: of its format
 * @syt_interval: of IEC 61883-6, in samples
 * @nominal_hz: @rate_hz, or the CRF's
 * @crf: how the CRF's PDUs were laid out; total is 0 before the first
 * @stamp_less_mono: gPTP less MONOTONIC, as the newest timestamp has it: in
 *	place of a reference
 * @mono_ns: when the newest frame came
 * @stamp_mono_ns: ... the newest that went into @stamps
 * @watch: whether timestamps advance as the media does; @right, @wrong: in a row
 * @proven: they do, and are believed
 * @doubted: they did not for long, in this epoch
 * @held: the newest timestamp's frame, until it is proven
 * @following, @follow_rate: take this rate
 * @restarts, @uncertain, @epochs: see struct avtpmap_media_clock_info
 * @raw_track, @raw_latch: MONOTONIC_RAW over MONOTONIC
 */
struct avtpmap_media_clock {
	const struct avtpmap_clock *clock;
	uint64_t holdover_ns;
	struct servo_opts stamp_opts;
	struct servo stamps;
	struct servo arrival;
	uint32_t source;
	int absolute;
	uint32_t epoch;
	uint32_t subtype;
	uint32_t rate_hz;
	uint32_t syt_interval;
	double nominal_hz;
	struct avtpmap_crf crf;
	uint64_t stamp_less_mono;
	uint64_t mono_ns;
	uint64_t stamp_mono_ns;
	struct stamp_watch watch;
	uint32_t right;
	uint32_t wrong;
	int proven;
	int doubted;
	struct avtpmap_media_frame held;
	int following;
	double follow_rate;
	uint64_t restarts;
	uint64_t uncertain;
	uint64_t epochs;
	struct clock_track raw_track;
	struct clock_latch raw_latch;
	uint64_t raw_updates;
};

#endif
