// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The decoders that a processor has of its own give the same bits as the
 * portable ones, read nothing beyond the stream data and write nothing beyond
 * their units.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "../../lib/media/decode.h"
#include <linux/avtpmap.h>

enum { UNITS_MAX = 40, CHANNELS_MAX = 24, GUARD = 8, ROUNDS = 4000 };

static const __u32 encodings[] = {
	AVTPMAP_ENC_FLOAT32, AVTPMAP_ENC_INT32, AVTPMAP_ENC_INT24,
	AVTPMAP_ENC_INT16,   AVTPMAP_ENC_AM824, AVTPMAP_ENC_AM24X4,
	AVTPMAP_ENC_AMFLOAT,
};

static float portable[CHANNELS_MAX][GUARD + UNITS_MAX + GUARD];
static float fast[CHANNELS_MAX][GUARD + UNITS_MAX + GUARD];

static void noise(__u8 *p, size_t n, __u64 *seed, __u32 encoding)
{
	for (size_t i = 0; i < n; i++)
		p[i] = rnd_below(seed, 256);
	/* every label there is, around the limit most of all */
	for (size_t i = 0; encoding == AVTPMAP_ENC_AM824 && i < n; i += 4)
		if (rnd_below(seed, 2))
			p[i] = 0x3e + rnd_below(seed, 0x14);
	/* what rounds: ends of the range and halves */
	for (size_t i = 0; i + 4 <= n; i += 4)
		if (!rnd_below(seed, 4)) {
			memset(p + i, rnd_below(seed, 2) ? 0xff : 0x80, 4);
			p[i + rnd_below(seed, 4)] = rnd_below(seed, 256);
		}
}

static void once(__u32 encoding, pcm_decode_fn *decode, __u64 *seed)
{
	const struct pcm_codec *codec = pcm_codec_of(encoding);
	__u32 channels = 1 + rnd_below(seed, CHANNELS_MAX);
	__u32 units = rnd_below(seed, UNITS_MAX + 1);
	size_t bytes = (size_t)units * channels * codec->sample_bytes;
	/* as long as the data: AddressSanitizer sees what is read beyond */
	__u8 *src = malloc(bytes ? bytes : 1);
	float *to_portable[CHANNELS_MAX], *to_fast[CHANNELS_MAX];
	struct pcm_out out = { .channels = channels };

	noise(src, bytes, seed, encoding);
	memset(portable, 0x5a, sizeof(portable));
	memset(fast, 0x5a, sizeof(fast));
	for (__u32 c = 0; c < channels; c++) {
		int left_out = !rnd_below(seed, 8);

		to_portable[c] = left_out ? NULL : portable[c];
		to_fast[c] = left_out ? NULL : fast[c];
	}
	out.planes = to_portable;
	codec->planar(&out, GUARD, src, units);
	out.planes = to_fast;
	decode(&out, GUARD, src, units);
	assert_memory_equal(fast, portable, sizeof(fast));
	free(src);
}

static void same_bits(void **state)
{
	__u64 seed = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		pcm_decode_fn *decode = pcm_planar_avx2(encodings[i]);

		if (!decode)
			skip();
		for (int n = 0; n < ROUNDS; n++)
			once(encodings[i], decode, &seed);
	}
}

/* What is read with is one of the two. */
static void one_is_chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		pcm_decode_fn *decode = pcm_planar_avx2(encodings[i]);

		if (!decode)
			decode = pcm_codec_of(encodings[i])->planar;
		assert_ptr_equal(pcm_planar_of(encodings[i]), decode);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bits),
		cmocka_unit_test(one_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
