/* SPDX-License-Identifier: MIT */
/*
 * Whether avtp_timestamps advance as the media does. Those of a talker that writes
 * them in the wrong byte order are all over the place, and tell no time.
 */
#ifndef AVTPMAP_LIB_STAMP_WATCH_H
#define AVTPMAP_LIB_STAMP_WATCH_H

#include <stdint.h>

#define STAMP_OFF_NS 1000000 /* of what the media says; and 1/256 of that */

/**
 * struct stamp_watch - what came so far, of one epoch
 * @pos, @stamp: the newest
 * @n: timestamps
 * @wrong: of them, elsewhere than the one before has it
 * @swapped: of these, right if their octets are turned round
 */
struct stamp_watch {
	uint64_t pos;
	uint32_t stamp;
	uint64_t n;
	uint64_t wrong;
	uint64_t swapped;
};

static inline int stamp_is_off(uint32_t before, uint32_t stamp, double ns)
{
	int32_t off = (int32_t)(stamp - before - (uint32_t)(int64_t)ns);
	double most = STAMP_OFF_NS + ns / 256;

	return off > most || off < -most;
}

/* Returns if it is right; of the first nobody can tell. */
static inline int stamp_watch(struct stamp_watch *w, uint64_t pos,
			      uint32_t stamp, uint32_t rate_hz)
{
	double ns = (double)(int64_t)(pos - w->pos) * 1e9 / rate_hz;
	int off = w->n && stamp_is_off(w->stamp, stamp, ns);

	if (off) {
		w->wrong++;
		w->swapped += !stamp_is_off(__builtin_bswap32(w->stamp),
					    __builtin_bswap32(stamp), ns);
	}
	w->n++;
	w->pos = pos;
	w->stamp = stamp;
	return !off;
}

#endif
