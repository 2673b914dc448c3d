// SPDX-License-Identifier: MIT
/*
 * IEEE 1722-2016 7.3 (AAF) and IEC 61883-6 (AM824, 24-bit packed, float): all
 * big endian, integers with their meaningful bits at the top.
 */
#include <endian.h>
#include <string.h>
#include <linux/avtpmap.h>

#include "../../kmod/shared/env.h"
#include "decode.h"

static inline __u32 wire_u32(const unsigned char *p)
{
	__be32 v;

	env_copy(&v, p, sizeof(v));
	return env_be32(v);
}

static inline __s16 wire_s16(const unsigned char *p)
{
	__be16 v;

	env_copy(&v, p, sizeof(v));
	return (__s16)env_be16(v);
}

static inline __s32 wire_s24(const unsigned char *p)
{
	unsigned char b[3];

	env_copy(b, p, sizeof(b));
	return (__s32)((__u32)b[0] << 24 | (__u32)b[1] << 16 |
		       (__u32)b[2] << 8);
}

static inline __s32 wire_s32(const unsigned char *p)
{
	return (__s32)wire_u32(p);
}

static inline float wire_float(const unsigned char *p)
{
	__u32 bits = wire_u32(p);
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

/*
 * IEC 61883-6: the label is the top octet. 0x00-0x3f IEC 60958 (whose audio
 * is in the same 24 bits), 0x40-0x4f multi-bit linear audio; others are not
 * audio, and NO-DATA (0xcf) is none.
 */
static inline __s32 wire_am824(const unsigned char *p)
{
	__u32 v = wire_u32(p);

	return v >> 24 < 0x50 ? (__s32)(v << 8) : 0;
}

/* Its top octet is the sign of the other three. */
static inline int is_unlabelled(__u32 v)
{
	return (__s32)v == (__s32)(v << 8) >> 8;
}

static inline __s32 wire_unlabelled(const unsigned char *p)
{
	return (__s32)(wire_u32(p) << 8);
}

static inline float float_of_s16(__s16 v)
{
	return (float)v * (1.0f / 32768.0f);
}

static inline float float_of_s32(__s32 v)
{
	return (float)((double)v * (1.0 / 2147483648.0));
}

static inline float float_of_float(float v)
{
	return v;
}

/* One pair of loops per way of lying on the wire. */
#define CODEC(name, bytes, ctype, wire, to_float)                           \
	static void name##_native(const struct pcm_out *out, __u32 at,      \
				  const unsigned char *src, __u32 units)    \
	{                                                                   \
		ctype *dst = (ctype *)out->interleaved +                    \
			     (size_t)at * out->channels;                    \
		size_t n = (size_t)units * out->channels;                   \
                                                                            \
		for (size_t i = 0; i < n; i++)                              \
			dst[i] = wire(src + i * (bytes));                   \
	}                                                                   \
                                                                            \
	void pcm_##name##_planar(const struct pcm_out *out, __u32 at,       \
				 const unsigned char *src, __u32 units)     \
	{                                                                   \
		size_t step = (size_t)out->channels * (bytes);              \
                                                                            \
		for (__u32 c = 0; c < out->channels; c++) {                 \
			const unsigned char *p = src + (size_t)c * (bytes); \
			float *dst = out->planes[c];                        \
                                                                            \
			for (__u32 i = 0; dst && i < units; i++, p += step) \
				dst[at + i] = to_float(wire(p));            \
		}                                                           \
	}

CODEC(int16, 2, __s16, wire_s16, float_of_s16)
CODEC(int24, 3, __s32, wire_s24, float_of_s32)
CODEC(int32, 4, __s32, wire_s32, float_of_s32)
CODEC(am824, 4, __s32, wire_am824, float_of_s32)
CODEC(unlabelled, 4, __s32, wire_unlabelled, float_of_s32)
CODEC(float32, 4, float, wire_float, float_of_float)

static const struct pcm_codec codecs[] = {
	[AVTPMAP_ENC_FLOAT32] = { AVTPMAP_PCM_F32, 4, float32_native,
				  pcm_float32_planar },
	[AVTPMAP_ENC_INT32] = { AVTPMAP_PCM_S32, 4, int32_native,
				pcm_int32_planar },
	[AVTPMAP_ENC_INT24] = { AVTPMAP_PCM_S32, 3, int24_native,
				pcm_int24_planar },
	[AVTPMAP_ENC_INT16] = { AVTPMAP_PCM_S16, 2, int16_native,
				pcm_int16_planar },
	[AVTPMAP_ENC_AM824] = { AVTPMAP_PCM_S32, 4, am824_native,
				pcm_am824_planar },
	[AVTPMAP_ENC_AM24X4] = { AVTPMAP_PCM_S32, 3, int24_native,
				 pcm_int24_planar },
	[AVTPMAP_ENC_AMFLOAT] = { AVTPMAP_PCM_F32, 4, float32_native,
				  pcm_float32_planar },
};

const struct pcm_codec pcm_unlabelled = { AVTPMAP_PCM_S32, 4, unlabelled_native,
					  pcm_unlabelled_planar };

const struct pcm_codec *pcm_codec_of(__u32 encoding)
{
	if (encoding >= sizeof(codecs) / sizeof(codecs[0]) ||
	    !codecs[encoding].native)
		return NULL;
	return &codecs[encoding];
}

pcm_decode_fn *pcm_planar_of(__u32 encoding)
{
	pcm_decode_fn *fast = pcm_planar_avx2(encoding);

	return fast ? fast : codecs[encoding].planar;
}

/*
 * 0xff is no label, and no label is the sign of each sample for long: one that is
 * not its sample's sign is real. Positive samples and 0x00 read alike either way.
 */
__u32 pcm_labels(__u32 before, const unsigned char *src, __u32 quadlets)
{
	__u32 negative = 0;

	for (__u32 i = 0; i < quadlets; i++) {
		__u32 v = wire_u32(src + (size_t)4 * i);

		if (!is_unlabelled(v))
			return AVTPMAP_PCM_LABELS_REAL;
		negative |= v >> 31;
	}
	return negative ? AVTPMAP_PCM_LABELS_NONE : before;
}

void pcm_silence(const struct pcm_out *out, __u32 type, __u32 at, __u32 units)
{
	size_t bytes = type == AVTPMAP_PCM_S16 ? 2 : 4;

	if (out->interleaved) {
		memset((char *)out->interleaved +
			       (size_t)at * out->channels * bytes,
		       0, (size_t)units * out->channels * bytes);
		return;
	}
	for (__u32 c = 0; c < out->channels; c++)
		if (out->planes[c])
			memset(out->planes[c] + at, 0, units * sizeof(float));
}
