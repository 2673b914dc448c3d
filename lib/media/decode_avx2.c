// SPDX-License-Identifier: MIT
/*
 * The planar decoders of decode.c for x86 with AVX2: the same bits, eight
 * samples at once. What does not come in eights (few channels, few units) is
 * done twice in part, by overlapping, or left to decode.c.
 */
#include <linux/avtpmap.h>

#include "decode.h"

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE static inline AVX2 __attribute__((always_inline))

/* ---- eight samples from the wire: four and four ---- */

/* Of the eight samples that begin at an address: which four. */
enum part { FIRST, LAST };

AVX2_INLINE __m256i two(const unsigned char *lo, const unsigned char *hi)
{
	return _mm256_inserti128_si256(
		_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)lo)),
		_mm_loadu_si128((const __m128i *)hi), 1);
}

AVX2_INLINE __m256i load_u32(const unsigned char *lo, enum part l,
			     const unsigned char *hi, enum part h)
{
	return _mm256_shuffle_epi8(two(lo + 16 * l, hi + 16 * h),
				   _mm256_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11,
						    10, 9, 8, 15, 14, 13, 12, 3,
						    2, 1, 0, 7, 6, 5, 4, 11, 10,
						    9, 8, 15, 14, 13, 12));
}

AVX2_INLINE __m256 scale_s32(__m256i v)
{
	return _mm256_mul_ps(_mm256_cvtepi32_ps(v),
			     _mm256_set1_ps(1.0f / 2147483648.0f));
}

AVX2_INLINE __m256 load_int32(const unsigned char *lo, enum part l,
			      const unsigned char *hi, enum part h)
{
	return scale_s32(load_u32(lo, l, hi, h));
}

AVX2_INLINE __m256 load_float32(const unsigned char *lo, enum part l,
				const unsigned char *hi, enum part h)
{
	return _mm256_castsi256_ps(load_u32(lo, l, hi, h));
}

AVX2_INLINE __m256 load_int16(const unsigned char *lo, enum part l,
			      const unsigned char *hi, enum part h)
{
	__m128i v = _mm_unpacklo_epi64(
		_mm_loadl_epi64((const __m128i *)(lo + 8 * l)),
		_mm_loadl_epi64((const __m128i *)(hi + 8 * h)));

	v = _mm_shuffle_epi8(v, _mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11,
					      10, 13, 12, 15, 14));
	return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(v)),
			     _mm256_set1_ps(1.0f / 32768.0f));
}

/* Twelve octets of sixteen: the last four samples end with theirs. */
AVX2_INLINE __m256 load_int24(const unsigned char *lo, enum part l,
			      const unsigned char *hi, enum part h)
{
	const __m128i first = _mm_setr_epi8(-1, 2, 1, 0, -1, 5, 4, 3, -1, 8, 7,
					    6, -1, 11, 10, 9);
	const __m128i last = _mm_setr_epi8(-1, 6, 5, 4, -1, 9, 8, 7, -1, 12, 11,
					   10, -1, 15, 14, 13);

	return scale_s32(_mm256_shuffle_epi8(
		two(lo + 8 * l, hi + 8 * h),
		_mm256_set_m128i(h == FIRST ? first : last,
				 l == FIRST ? first : last)));
}

/* As wire_am824() in decode.c: labels from 0x50 on are silence. */
AVX2_INLINE __m256 load_am824(const unsigned char *lo, enum part l,
			      const unsigned char *hi, enum part h)
{
	__m256i v = load_u32(lo, l, hi, h);
	__m256i audio = _mm256_cmpeq_epi32(
		_mm256_min_epu32(v, _mm256_set1_epi32(0x4fffffff)), v);

	return scale_s32(_mm256_and_si256(_mm256_slli_epi32(v, 8), audio));
}

/* ---- eight by eight ---- */

typedef __m256 load_fn(const unsigned char *lo, enum part l,
		       const unsigned char *hi, enum part h);

/* Rows of channels become rows of units; rows i and i + 4 lie in one. */
AVX2_INLINE void transpose(__m256 r[8])
{
	__m256 t[8];

	for (int i = 0; i < 8; i += 2) {
		t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
		t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
	}
	for (int i = 0; i < 8; i += 4) {
		r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
		r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
		r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
		r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
	}
}

/* Eight channels of @n units (1 to 8) from @src, @step octets from unit to unit. */
AVX2_INLINE void tile(float *const *planes, __u32 at, const unsigned char *src,
		      size_t step, __u32 n, load_fn *load)
{
	const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
	const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane);
	__m256 r[8];

	for (__u32 i = 0; i < 4; i++) {
		const unsigned char *lo = src + (i < n ? i : n - 1) * step;
		const unsigned char *hi =
			src + (i + 4 < n ? i + 4 : n - 1) * step;

		r[i] = load(lo, FIRST, hi, FIRST);
		r[i + 4] = load(lo, LAST, hi, LAST);
	}
	transpose(r);
	for (__u32 i = 0; i < 8; i++) {
		if (!planes[i])
			continue;
		if (n == 8)
			_mm256_storeu_ps(planes[i] + at, r[i]);
		else
			_mm256_maskstore_ps(planes[i] + at, mask, r[i]);
	}
}

/* Channels from @c on, eight of them, all units. */
AVX2_INLINE void eight(const struct pcm_out *out, __u32 at,
		       const unsigned char *src, __u32 units, __u32 c,
		       __u32 bytes, load_fn *load)
{
	size_t step = (size_t)out->channels * bytes;
	float *const *planes = out->planes + c;
	__u32 i;

	src += c * bytes;
	for (i = 0; i + 8 <= units; i += 8)
		tile(planes, at + i, src + i * step, step, 8, load);
	if (i < units)
		tile(planes, at + i, src + i * step, step, units - i, load);
}

/* Four units of two channels. */
AVX2_INLINE void pairs(const struct pcm_out *out, __u32 at,
		       const unsigned char *src, load_fn *load)
{
	__m256 v = load(src, FIRST, src, LAST);
	__m128 lo = _mm256_castps256_ps128(v);
	__m128 hi = _mm256_extractf128_ps(v, 1);

	if (out->planes[0])
		_mm_storeu_ps(out->planes[0] + at,
			      _mm_shuffle_ps(lo, hi, 0x88));
	if (out->planes[1])
		_mm_storeu_ps(out->planes[1] + at,
			      _mm_shuffle_ps(lo, hi, 0xdd));
}

/* Returns 0 if this is none of the shapes done here. */
AVX2_INLINE int planar(const struct pcm_out *out, __u32 at,
		       const unsigned char *src, __u32 units, __u32 bytes,
		       load_fn *load)
{
	__u32 channels = out->channels, i;

	if (channels >= 8) {
		for (i = 0; i + 8 <= channels; i += 8)
			eight(out, at, src, units, i, bytes, load);
		if (i < channels)
			eight(out, at, src, units, channels - 8, bytes, load);
		return 1;
	}
	if (channels == 2 && units >= 4) {
		for (i = 0; i + 4 <= units; i += 4)
			pairs(out, at + i, src + (size_t)i * 2 * bytes, load);
		if (i < units)
			pairs(out, at + units - 4,
			      src + (size_t)(units - 4) * 2 * bytes, load);
		return 1;
	}
	return 0;
}

#define PLANAR(name, bytes)                                                 \
	static AVX2 void name##_avx2(const struct pcm_out *out, __u32 at,   \
				     const unsigned char *src, __u32 units) \
	{                                                                   \
		if (!planar(out, at, src, units, bytes, load_##name))       \
			pcm_##name##_planar(out, at, src, units);           \
	}

PLANAR(int16, 2)
PLANAR(int24, 3)
PLANAR(int32, 4)
PLANAR(am824, 4)
PLANAR(float32, 4)

pcm_decode_fn *pcm_planar_avx2(__u32 encoding)
{
	if (!__builtin_cpu_supports("avx2"))
		return NULL;
	switch (encoding) {
	case AVTPMAP_ENC_INT16:
		return int16_avx2;
	case AVTPMAP_ENC_INT24:
	case AVTPMAP_ENC_AM24X4:
		return int24_avx2;
	case AVTPMAP_ENC_INT32:
		return int32_avx2;
	case AVTPMAP_ENC_AM824:
		return am824_avx2;
	case AVTPMAP_ENC_FLOAT32:
	case AVTPMAP_ENC_AMFLOAT:
		return float32_avx2;
	default:
		return NULL;
	}
}

#else

pcm_decode_fn *pcm_planar_avx2(__u32 encoding)
{
	(void)encoding;
	return NULL;
}

#endif
