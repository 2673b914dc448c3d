/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where periods end. All readers count from media position 0, so equal
 * periods end together and a late joiner is in phase.
 */
#ifndef AVTPMAP_PERIOD_H
#define AVTPMAP_PERIOD_H

#include <linux/avtpmap.h>

#include "env.h"

/* The first end after @media_pos. */
static inline __u64 avtpmap_period_next(__u64 media_pos, __u32 period)
{
	return (media_pos / period + 1) * period;
}

/* Ends passed between two positions. */
static inline __u64 avtpmap_period_due(__u64 from, __u64 to, __u32 period)
{
	return to > from ? to / period - from / period : 0;
}

/*
 * Ends that a reader has not yet done with. @acked is the user's: read once, and no
 * later than what is published.
 */
static inline __u64 avtpmap_period_left(__u64 acked, __u64 media_pos,
					__u32 period)
{
	return period ? avtpmap_period_due(acked, media_pos, period) : 0;
}

/*
 * Units between wakes: the smallest multiple of @period that does not wake
 * more often than the floor. rate_hz 0: not known, so as asked.
 */
static inline __u32 avtpmap_wake_period(__u32 period, __u32 rate_hz)
{
	__u64 floor = ((__u64)rate_hz * AVTPMAP_FLOOR_NS + 999999999) / 1000000000;
	__u64 n = floor > period ? (floor + period - 1) / period : 1;

	return n * period;
}

#endif /* AVTPMAP_PERIOD_H */
