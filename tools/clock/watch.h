/* SPDX-License-Identifier: MIT */
/* The parts of "avtpmap clock". */
#ifndef AVTPMAP_TOOL_WATCH_H
#define AVTPMAP_TOOL_WATCH_H

#include "../lease.h"
#include "../tool.h"

enum { WATCH_STREAMS_MAX = 16 };

/**
 * struct watch_point - how a clock did in one interval
 * @s: when it ended, seconds since we began
 * @lock: enum avtpmap_media_lock
 * @rate_ppm, @rate_error_ppm: against what watch_timebase() says
 * @low_ns, @high_ns: the least and the most that came against the line
 * @jitter_ns, @error_ns: see struct avtpmap_media_clock_info
 */
struct watch_point {
	double s;
	uint32_t lock;
	double rate_ppm;
	double rate_error_ppm;
	double low_ns;
	double high_ns;
	double jitter_ns;
	double error_ns;
};

/**
 * struct watch - one stream's media clock
 * @id: the stream
 * @s: read as it comes
 * @mc: its clock
 * @lease: of its being there
 * @gone: the stream was deleted, or its interface went
 * @info: as of now
 * @frames: that were heard
 * @lock_s: when it first locked, or less than 0
 * @low_ns, @high_ns: of this interval
 * @points, @n_points: history
 */
struct watch {
	uint64_t id;
	struct avtpmap_stream *s;
	struct avtpmap_media_clock *mc;
	struct lease lease;
	bool gone;
	struct avtpmap_media_clock_info info;
	uint64_t frames;
	double lock_s;
	double low_ns;
	double high_ns;
	struct watch_point *points;
	size_t n_points;
};

/* What history's rates are against: the clock's own, where it has a rate. */
uint32_t watch_timebase(const struct avtpmap_media_clock_info *info);

/* report.c APIs */
const char *watch_timebase_name(uint32_t timebase);
void watch_line(const struct watch *w); /* the newest point, on a terminal */
void watch_json(const struct watch *w, int n);

/* svg.c APIs: OK, or FAILURE after a line on stderr */
int watch_svg(const char *path, const struct watch *w, int n);

#endif
