// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: compare s32|float FILE STREAM...
 *	STREAM: CHANNELS/BITS/SEED of "avtpmap talk --noise SEED"; 0 bits: float
 *
 * Is FILE, raw and interleaved, what the talkers were given, all of it, and all
 * streams from the same place on? Prints units that were exact and gaps: places
 * from where it goes on later in the source. What is neither the source nor
 * silence, or not in phase, fails.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/talk/noise.h"

enum {
	STREAMS_MAX = 16,
	FAR = 60 * 48000, /* units of the source that are looked at */
	SURE = 4, /* units in a row that tell a place */
};

static struct {
	uint32_t channels;
	uint32_t bits;
	uint64_t seed;
} streams[STREAMS_MAX];
static int n_streams;
static uint32_t channels;
static int is_float;
static uint32_t *file;
static uint64_t units;

static uint32_t expected(int n, uint64_t p, uint32_t c)
{
	int32_t v = talk_noise(streams[n].seed, p, c);
	uint32_t word;
	float f;

	if (!streams[n].bits)
		f = talk_noise_float(v);
	else
		v &= (int32_t)(0xffffffffu << (32 - streams[n].bits));
	if (!is_float)
		return v;
	if (streams[n].bits)
		f = (float)(v / 2147483648.0);
	memcpy(&word, &f, sizeof(word));
	return word;
}

/* Of all streams at once: that is the phase. */
static int is_exact(uint64_t i, uint64_t p)
{
	const uint32_t *unit = file + i * channels;

	for (int n = 0; n < n_streams; n++)
		for (uint32_t c = 0; c < streams[n].channels; c++)
			if (*unit++ != expected(n, p, c))
				return 0;
	return 1;
}

static int is_silent(uint64_t i)
{
	for (uint32_t c = 0; c < channels; c++)
		if (file[i * channels + c])
			return 0;
	return 1;
}

static int find(uint64_t i, uint64_t *p)
{
	for (uint64_t from = *p; *p < from + FAR; ++*p) {
		uint64_t n = 0;

		while (n < SURE && i + n < units && is_exact(i + n, *p + n))
			n++;
		if (n == SURE || (n && i + n == units))
			return 1;
	}
	return 0;
}

static int load(const char *path)
{
	FILE *f = fopen(path, "rb");
	long bytes;

	if (!f)
		return 1;
	bytes = fseek(f, 0, SEEK_END) ? 0 : ftell(f);
	rewind(f);
	file = malloc(bytes > 0 ? bytes : 1);
	if (!file || bytes <= 0 || fread(file, 1, bytes, f) != (size_t)bytes)
		bytes = 0;
	fclose(f);
	units = bytes / 4 / channels;
	return !units;
}

/* A talker that began anew is at an earlier place than the one before. */
static int go_on(uint64_t i, uint64_t *p)
{
	if (find(i, p))
		return 1;
	*p = 0;
	return find(i, p);
}

static int compare(void)
{
	uint64_t p = 0, exact = 0, gaps = 0, silent = 0;

	for (uint64_t i = 0; i < units; i++) {
		if (exact && is_exact(i, p)) {
			exact++;
			p++;
		} else if (is_silent(i)) {
			silent++;
			p += !!exact;
		} else if (go_on(i, &p)) {
			gaps += !!exact;
			exact++;
			p++;
		} else {
			printf("unit %llu is not what was sent\n",
			       (unsigned long long)i);
			return 1;
		}
	}
	printf("exact %llu, gaps %llu, silent %llu\n",
	       (unsigned long long)exact, (unsigned long long)gaps,
	       (unsigned long long)silent);
	return !exact;
}

int main(int argc, char **argv)
{
	unsigned long long seed;

	if (argc < 4 || argc - 3 > STREAMS_MAX)
		return 2;
	is_float = !strcmp(argv[1], "float");
	for (int i = 3; i < argc; i++, n_streams++) {
		if (sscanf(argv[i], "%u/%u/%llu", &streams[n_streams].channels,
			   &streams[n_streams].bits, &seed) != 3)
			return 2;
		streams[n_streams].seed = seed;
		channels += streams[n_streams].channels;
	}
	if (load(argv[2])) {
		printf("nothing in %s\n", argv[2]);
		return 1;
	}
	return compare();
}
