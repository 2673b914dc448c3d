// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

#include "noise.h"
#include "source.h"
#include "../tool.h"

enum { BLOCK_UNITS = 4096 }; /* read from a file at once */

/**
 * struct talk_source - see the header
 * @opts: as given
 * @file: TALK_WAV
 * @info: of @file
 * @block: part of it, interleaved: int32_t, or float with @block_float
 * @block_at: position of its first sample
 * @block_units: samples of one channel in it
 * @error: why a read failed, or NULL
 */
struct talk_source {
	struct talk_source_opts opts;
	SNDFILE *file;
	SF_INFO info;
	void *block;
	uint64_t block_at;
	uint32_t block_units;
	bool block_float;
	const char *error;
};

static int open_wav(struct talk_source *src)
{
	const char *path = src->opts.path;

	src->info = (SF_INFO){ 0 };
	src->file = sf_open(path, SFM_READ, &src->info);
	if (!src->file) {
		fail(0, "cannot read %s: %s", path, sf_strerror(NULL));
		return -EIO;
	}
	if (!src->info.seekable || src->info.frames <= 0) {
		fail(-ESPIPE, "%s: empty, or not a file that can be read twice",
		     path);
		return -ESPIPE;
	}
	/* float to integer: full scale is full scale, and no wrap above it */
	sf_command(src->file, SFC_SET_SCALE_FLOAT_INT_READ, NULL, SF_TRUE);
	sf_command(src->file, SFC_SET_CLIPPING, NULL, SF_TRUE);
	src->block = malloc((size_t)BLOCK_UNITS * src->info.channels * 4);
	if (!src->block) {
		fail(-ENOMEM, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

int talk_source_open(struct talk_source **out,
		     const struct talk_source_opts *opts)
{
	struct talk_source *src = calloc(1, sizeof(*src));
	int err = 0;

	*out = NULL;
	if (!src) {
		fail(-ENOMEM, "out of memory");
		return -ENOMEM;
	}
	src->opts = *opts;
	src->info = (SF_INFO){ .samplerate = 48000,
			       .channels = 2,
			       .format = SF_FORMAT_PCM_24 };
	if (opts->kind == TALK_WAV)
		err = open_wav(src);
	if (err)
		talk_source_close(src);
	else
		*out = src;
	return err;
}

void talk_source_close(struct talk_source *src)
{
	if (!src)
		return;
	if (src->file)
		sf_close(src->file);
	free(src->block);
	free(src);
}

/* That which changes no bit, if there is one. */
enum talk_encoding talk_source_encoding(const struct talk_source *src)
{
	switch (src->info.format & SF_FORMAT_SUBMASK) {
	case SF_FORMAT_PCM_S8:
	case SF_FORMAT_PCM_U8:
	case SF_FORMAT_PCM_16:
		return TALK_AAF_INT16;
	case SF_FORMAT_PCM_32:
		return TALK_AAF_INT32;
	case SF_FORMAT_FLOAT:
	case SF_FORMAT_DOUBLE:
		return TALK_AAF_FLOAT;
	default:
		return TALK_AAF_INT24;
	}
}

uint32_t talk_source_rate_hz(const struct talk_source *src)
{
	return src->info.samplerate;
}

uint32_t talk_source_channels(const struct talk_source *src)
{
	return src->info.channels;
}

uint64_t talk_source_units(const struct talk_source *src)
{
	return src->info.frames;
}

const char *talk_source_error(const struct talk_source *src)
{
	return src->error;
}

static void put_sample(void *samples, uint32_t i, int32_t v, bool as_float)
{
	float f = talk_noise_float(v);

	if (as_float)
		memcpy((char *)samples + 4 * i, &f, 4);
	else
		memcpy((char *)samples + 4 * i, &v, 4);
}

/* Whole hertz, so that it repeats after a second whatever the rate. */
static void read_tone(const struct talk_source *src, uint64_t position,
		      uint32_t units, const struct talk_format *format,
		      void *samples)
{
	bool as_float = format->encoding == TALK_AAF_FLOAT;
	uint32_t rate = format->rate_hz;

	for (uint32_t u = 0; u < units; u++) {
		uint64_t phase = (position + u) % rate * src->opts.tone_hz;
		double v = sin(2 * M_PI * (double)(phase % rate) / rate);
		int32_t sample = lrint(v * 0x1p30);

		for (uint32_t c = 0; c < format->channels; c++)
			put_sample(samples, u * format->channels + c, sample,
				   as_float);
	}
}

static void read_noise(const struct talk_source *src, uint32_t stream,
		       uint64_t position, uint32_t units,
		       const struct talk_format *format, void *samples)
{
	bool as_float = format->encoding == TALK_AAF_FLOAT;
	uint64_t seed = src->opts.seed + stream;

	for (uint32_t u = 0; u < units; u++)
		for (uint32_t c = 0; c < format->channels; c++)
			put_sample(samples, u * format->channels + c,
				   talk_noise(seed, position + u, c), as_float);
}

/* Makes the block hold @position, which is in the file. */
static bool load(struct talk_source *src, uint64_t position, bool as_float)
{
	sf_count_t n = -1;

	if (src->block_units && src->block_float == as_float &&
	    position - src->block_at < src->block_units)
		return true;
	if (sf_seek(src->file, position, SEEK_SET) == (sf_count_t)position)
		n = as_float ?
			    sf_readf_float(src->file, src->block, BLOCK_UNITS) :
			    sf_readf_int(src->file, src->block, BLOCK_UNITS);
	src->block_at = position;
	src->block_units = n > 0 ? n : 0;
	src->block_float = as_float;
	if (n <= 0)
		src->error = "the file ends before its header says";
	return n > 0;
}

static void read_wav(struct talk_source *src, uint64_t position, uint32_t units,
		     const struct talk_format *format, void *samples)
{
	bool as_float = format->encoding == TALK_AAF_FLOAT;
	uint32_t in = src->info.channels, out = format->channels;
	uint32_t both = in < out ? in : out;
	uint64_t end = src->info.frames;

	memset(samples, 0, (size_t)units * out * 4);
	for (uint32_t u = 0; u < units; u++, position++) {
		uint64_t at = src->opts.loop ? position % end : position;

		if (at >= end || !load(src, at, as_float))
			return;
		memcpy((char *)samples + (size_t)u * out * 4,
		       (char *)src->block + (at - src->block_at) * in * 4,
		       (size_t)both * 4);
	}
}

void talk_source_read(void *ctx, uint32_t stream, uint64_t position,
		      uint32_t units, const struct talk_format *format,
		      void *samples)
{
	struct talk_source *src = ctx;

	switch (src->opts.kind) {
	case TALK_TONE:
		read_tone(src, position, units, format, samples);
		break;
	case TALK_NOISE:
		read_noise(src, stream, position, units, format, samples);
		break;
	case TALK_WAV:
		read_wav(src, position, units, format, samples);
		break;
	}
}
