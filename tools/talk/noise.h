/* SPDX-License-Identifier: MIT */
/*
 * The samples of "talk --noise SEED": each follows from its position, channel
 * and seed alone, so a receiver can check any of them without the others.
 *
 * Stream n of one command (from 0) has SEED + n. A sample is 32 bits; an
 * encoding of fewer bits carries the top ones. This header depends on nothing,
 * for programs that check what was received.
 */
#ifndef AVTPMAP_TALK_NOISE_H
#define AVTPMAP_TALK_NOISE_H

#include <stdint.h>

/* The finishing step of splitmix64: every bit of @v reaches every other. */
static inline uint64_t talk_mix(uint64_t v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9ull;
	v = (v ^ v >> 27) * 0x94d049bb133111ebull;
	return v ^ v >> 31;
}

static inline int32_t talk_noise(uint64_t seed, uint64_t position,
				 uint32_t channel)
{
	uint64_t stream = talk_mix(seed + 0x9e3779b97f4a7c15ull);

	return (int32_t)(talk_mix(stream ^ (position << 10 | channel)) >> 32);
}

/* What a float encoding carries of it: 24 bits, and so exactly. */
static inline float talk_noise_float(int32_t noise)
{
	return (float)(noise & ~0xff) * 0x1p-31f;
}

#endif
