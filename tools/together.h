/* SPDX-License-Identifier: MIT */
/*
 * Streams side by side: from which unit each of them is read, so that what is
 * presented at one time is read together.
 *
 * The common beginning is a multiple of the period in the first stream, so that
 * each wake finds whole periods; in the others it is the unit that is presented
 * at the same time. Timestamps tell that by themselves, for all are of one gPTP:
 * no PHC is asked. Where there are none, frames that came together are taken for
 * those that belong together.
 */
#ifndef AVTPMAP_TOOL_TOGETHER_H
#define AVTPMAP_TOOL_TOGETHER_H

#include <avtpmap/avtpmap.h>
#include <stdbool.h>
#include <stdint.h>

enum { TOGETHER_MAX = 64 };

/**
 * struct placed - one of the streams
 * @s: @pcm: handle and reader of it
 * @absent: it is silent, so the others do without it
 * @stamped: the next three are known
 * @pos: position of the first unit that is held
 * @ns: when it is presented, on a time line that all streams have
 * @mono_ns: when its frame came
 * @tries: frames that did not tell when they are presented
 * @begin: media position that is the common beginning
 * @done: units read since; the reader's
 */
struct placed {
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	bool absent;
	bool stamped;
	uint64_t pos;
	uint64_t ns;
	uint64_t mono_ns;
	uint32_t tries;
	uint64_t begin;
	uint64_t done;
};

/**
 * struct together - all of them
 * @of: @n: the streams
 * @rate: Hz, of all
 * @period: in units
 * @format: calls avtpmap_pcm_format() of the i-th, and may refuse what it tells;
 *	0 or -errno, -EAGAIN: nothing is heard
 * @data: for @format
 * @known: the common beginning is
 * @by_arrival: it is by when frames came, for they do not tell
 * @why: why that is so, of the stream @who; to be said, and set to NULL
 */
struct together {
	struct placed *of[TOGETHER_MAX];
	uint32_t n;
	uint32_t rate;
	uint32_t period;
	int (*format)(void *data, uint32_t i, struct avtpmap_format *f);
	void *data;
	bool known;
	bool by_arrival;
	const char *why;
	uint32_t who;
};

/* Real-time safe. What is held is let go; the next together_place() begins anew. */
void together_forget(struct together *p);

/*
 * Real-time safe. 0: from here on all are read, -EAGAIN: a stream is not heard
 * yet, or what @format returned.
 */
int together_place(struct together *p);

#endif
