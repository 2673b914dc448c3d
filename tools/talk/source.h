/* SPDX-License-Identifier: MIT */
/* Where the samples come from: any position can be read, again and again. */
#ifndef AVTPMAP_TALK_SOURCE_H
#define AVTPMAP_TALK_SOURCE_H

#include "frame.h"

enum talk_source_kind {
	TALK_TONE, /* the same sine in each channel, -6 dBFS */
	TALK_NOISE, /* noise.h */
	TALK_WAV,
};

struct talk_source;

/**
 * struct talk_source_opts - what to read
 * @kind: enum talk_source_kind
 * @tone_hz: of TALK_TONE
 * @seed: of TALK_NOISE
 * @path: of TALK_WAV: any file that libsndfile reads
 * @loop: TALK_WAV: from the beginning again after the end, instead of silence
 */
struct talk_source_opts {
	enum talk_source_kind kind;
	uint32_t tone_hz;
	uint64_t seed;
	const char *path;
	bool loop;
};

/* 0, or -errno after a line on stderr. */
int talk_source_open(struct talk_source **out,
		     const struct talk_source_opts *opts);
void talk_source_close(struct talk_source *src);

/* What a file has; for the other kinds, what is usual. */
enum talk_encoding talk_source_encoding(const struct talk_source *src);
uint32_t talk_source_rate_hz(const struct talk_source *src);
uint32_t talk_source_channels(const struct talk_source *src);
uint64_t talk_source_units(const struct talk_source *src); /* or 0: no end */

/*
 * For struct talk_setup: @ctx is a struct talk_source. Channels that a file
 * does not have are silent. What cannot be read is silent as well, and
 * talk_source_error() tells of it.
 */
void talk_source_read(void *ctx, uint32_t stream, uint64_t position,
		      uint32_t units, const struct talk_format *format,
		      void *samples);

/* NULL, or why a read failed. */
const char *talk_source_error(const struct talk_source *src);

#endif
