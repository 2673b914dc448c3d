// SPDX-License-Identifier: MIT
/* A WAV file in the stream's own resolution, so that no bit changes. */
#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listen.h"

struct wav {
	SNDFILE *file;
	const char *path;
	uint32_t encoding;
	uint32_t unit_bytes;
	uint64_t units_left; /* until the 4 GiB of a WAV file are full */
};

static int sndfile_format(uint32_t encoding)
{
	switch (encoding) {
	case AVTPMAP_ENC_INT16:
		return SF_FORMAT_PCM_16;
	case AVTPMAP_ENC_INT24:
	case AVTPMAP_ENC_AM824:
	case AVTPMAP_ENC_AM24X4:
		return SF_FORMAT_PCM_24;
	case AVTPMAP_ENC_INT32:
		return SF_FORMAT_PCM_32;
	default:
		return SF_FORMAT_FLOAT;
	}
}

int wav_open(struct wav **out, const char *path,
	     const struct avtpmap_format *format)
{
	SF_INFO info = {
		.samplerate = format->rate_hz,
		.channels = format->channels,
		.format = SF_FORMAT_WAV | sndfile_format(format->encoding),
	};
	struct wav *wav = calloc(1, sizeof(*wav));

	*out = NULL;
	if (!wav) {
		fail(-ENOMEM, "out of memory");
		return -ENOMEM;
	}
	wav->path = path;
	wav->encoding = format->encoding;
	wav->unit_bytes = format->channels * format->sample_bytes;
	wav->units_left = (UINT32_MAX - 4096) / wav->unit_bytes;
	wav->file = sf_open(path, SFM_WRITE, &info);
	if (!wav->file) {
		fail(0, "cannot write %s: %s", path, sf_strerror(NULL));
		free(wav);
		return -EIO;
	}
	*out = wav;
	return 0;
}

int wav_write(struct wav *wav, const void *samples, uint32_t units)
{
	sf_count_t n;

	if (units > wav->units_left) {
		fail(-EFBIG, "%s: a WAV file holds no more than 4 GiB",
		     wav->path);
		return -EFBIG;
	}
	switch (sndfile_format(wav->encoding)) {
	case SF_FORMAT_PCM_16:
		n = sf_writef_short(wav->file, samples, units);
		break;
	case SF_FORMAT_FLOAT:
		n = sf_writef_float(wav->file, samples, units);
		break;
	default: /* 24 bits are at the top, which is what it takes */
		n = sf_writef_int(wav->file, samples, units);
	}
	if (n != units) {
		fail(0, "cannot write %s: %s", wav->path,
		     sf_strerror(wav->file));
		return -EIO;
	}
	wav->units_left -= units;
	return 0;
}

int wav_close(struct wav *wav)
{
	int err;

	if (!wav)
		return 0;
	err = sf_close(wav->file) ? -EIO : 0;
	if (err)
		fail(0, "cannot finish %s; is the disk full?", wav->path);
	free(wav);
	return err;
}
