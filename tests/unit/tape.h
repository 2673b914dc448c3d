/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An endless tape of samples, cut into frames by a talker and read back through
 * the library. What unit t of channel c must be follows from t and c alone, so
 * nothing has to be remembered, and nothing of the library judges itself.
 */
#ifndef AVTPMAP_UNIT_TAPE_H
#define AVTPMAP_UNIT_TAPE_H

#include "test.h"

#include <avtpmap/avtpmap.h>

#include "../../lib/internal.h"
#include "ring.h"
#include "talker.h"

enum { TAPE_SLOTS = 64, TAPE_STRIDE = 2048, TAPE_UNITS = 4096 };

/**
 * struct tape - how samples lie in frames
 * @wire_bytes: of one sample
 * @type: enum avtpmap_pcm_type
 * @bits: of its integers that count, from the top
 */
struct tape {
	const char *name;
	__u8 subtype;
	__u32 specific;
	__u8 fdf;
	__u8 dbs;
	__u32 channels;
	__u32 wire_bytes;
	__u32 type;
	__u32 bits;
};

static const struct tape tapes[] = {
	{ "aaf int16 stereo", AVTPMAP_SUB_AAF, 0x04500210, 0, 0, 2, 2,
	  AVTPMAP_PCM_S16, 16 },
	{ "aaf int24 3 channels", AVTPMAP_SUB_AAF, 0x03700318, 0, 0, 3, 3,
	  AVTPMAP_PCM_S32, 24 },
	{ "aaf int32 8 channels", AVTPMAP_SUB_AAF, 0x02500820, 0, 0, 8, 4,
	  AVTPMAP_PCM_S32, 32 },
	{ "aaf 24 in int32 mono", AVTPMAP_SUB_AAF, 0x02900118, 0, 0, 1, 4,
	  AVTPMAP_PCM_S32, 24 },
	{ "aaf float32 stereo", AVTPMAP_SUB_AAF, 0x01400220, 0, 0, 2, 4,
	  AVTPMAP_PCM_F32, 32 },
	{ "aaf int16 64 channels", AVTPMAP_SUB_AAF, 0x04504010, 0, 0, 64, 2,
	  AVTPMAP_PCM_S16, 16 },
	{ "am824 8 channels", AVTPMAP_SUB_61883_IIDC, 0, 0x02, 8, 8, 4,
	  AVTPMAP_PCM_S32, 24 },
	{ "61883-6 24 bits packed", AVTPMAP_SUB_61883_IIDC, 0, 0x12, 6, 8, 3,
	  AVTPMAP_PCM_S32, 24 },
	{ "61883-6 float", AVTPMAP_SUB_61883_IIDC, 0, 0x22, 2, 2, 4,
	  AVTPMAP_PCM_F32, 32 },
};

/* A tape, its ring and a reader. */
struct deck {
	const struct tape *t;
	struct test_ring ring;
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	__u64 talker;
	__u64 now_ns;
	__u64 sent; /* units, lost ones too */
	__u64 frames;
	__u64 seed;
	__u8 sequence;
	__u8 am_label;
	int stamped; /* timestamps advance; else they are 0 */
	int swapped; /* ... in the wrong byte order */
	int unlabelled; /* AM824, with the sign for a label */
};

/* The bits of the sample, at the top of 32. */
static inline __u32 tape_bits(const struct tape *t, __u64 unit, __u32 channel)
{
	__u64 x = (unit * 1024 + channel + 1) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return (__u32)(x >> 32) >> (32 - t->bits) << (32 - t->bits);
}

/* As avtpmap_pcm_read_native() must write it, in the low octets. */
static inline __u32 tape_native(const struct tape *t, __u64 unit, __u32 channel)
{
	__u32 bits = tape_bits(t, unit, channel);

	return t->type == AVTPMAP_PCM_S16 ? bits >> 16 : bits;
}

static inline float tape_float(const struct tape *t, __u64 unit, __u32 channel)
{
	__u32 bits = tape_bits(t, unit, channel);
	float f;

	if (t->type == AVTPMAP_PCM_F32) {
		memcpy(&f, &bits, sizeof(f));
		return f;
	}
	return (float)((double)(__s32)bits / 2147483648.0);
}

static inline __u32 tape_frame(const struct deck *d, __u32 units, __u8 *frame)
{
	const struct tape *t = d->t;
	__u8 data[8192], *p = data;
	int am824 = t->subtype == AVTPMAP_SUB_61883_IIDC && t->fdf < 0x10;
	struct wire w = {
		.subtype = t->subtype,
		.sequence = d->sequence,
		.tv = 1,
		.fdf = t->fdf,
		.dbs = t->dbs,
		.dbc = d->sent,
		.specific = t->specific,
		.src_mac = d->talker,
		.stream_id = 1,
		.data = data,
		.data_bytes = units * t->channels * t->wire_bytes,
	};

	if (d->stamped)
		w.timestamp = d->sent * 1000000000 / 48000;
	if (d->swapped)
		w.timestamp = __builtin_bswap32(w.timestamp);
	for (__u32 i = 0; i < units; i++)
		for (__u32 c = 0; c < t->channels; c++, p += t->wire_bytes) {
			__u32 bits = tape_bits(t, d->sent + i, c);

			if (am824 && d->unlabelled)
				put_be(p, (__u32)((__s32)bits >> 8), 4);
			else if (am824)
				put_be(p, (__u32)d->am_label << 24 | bits >> 8,
				       4);
			else
				put_be(p, bits >> (32 - 8 * t->wire_bytes),
				       t->wire_bytes);
		}
	return build_frame(frame, &w);
}

/* The talker's next frame; @comes: or is lost. */
static inline void deck_send(struct deck *d, __u32 units, int comes)
{
	__u8 frame[16384];
	__u32 len = tape_frame(d, units, frame);
	struct avtpmap_entry e;

	d->now_ns += FRAME_NS;
	if (comes)
		assert_int_equal(
			test_ring_rx(&d->ring, frame, len, d->now_ns, &e), 1);
	d->sequence++;
	d->sent += units;
	d->frames += comes;
}

/* The same frame as @back frames before, again. */
static inline void deck_send_old(struct deck *d, __u32 units, int back)
{
	struct deck old = *d;

	d->sequence -= back;
	d->sent -= back * units;
	deck_send(d, units, 1);
	d->sequence = old.sequence;
	d->sent = old.sent;
}

static inline void deck_open(struct deck *d, const struct tape *t,
			     const struct avtpmap_pcm_opts *opts)
{
	memset(d, 0, sizeof(*d));
	d->t = t;
	d->talker = TALKER;
	d->now_ns = 1000000000;
	d->seed = 7;
	d->am_label = 0x40;
	test_ring_create(&d->ring, TAPE_SLOTS, TAPE_STRIDE);
	assert_int_equal(
		stream_from_memory(&d->s, NULL, d->ring.hdr,
				   avtpmap_ring_bytes(TAPE_SLOTS, TAPE_STRIDE),
				   &d->ring.page, 0, 0),
		0);
	assert_int_equal(avtpmap_pcm_open(&d->pcm, d->s, opts), 0);
}

/* ... and the first frames are there, their format known. */
static inline void deck_start(struct deck *d, const struct tape *t,
			      const struct avtpmap_pcm_opts *opts, __u32 units)
{
	__u32 word[64];

	deck_open(d, t, opts);
	for (int i = 0; i < SETTLE_FRAMES; i++)
		deck_send(d, units, 1);
	assert_int_equal(avtpmap_pcm_read_native(d->pcm, word, 1, NULL),
			 -ESTRPIPE);
	assert_int_equal(avtpmap_pcm_format(d->pcm, NULL), t->type);
}

static inline void deck_close(struct deck *d)
{
	avtpmap_pcm_close(d->pcm);
	avtpmap_close(d->s);
	test_ring_destroy(&d->ring);
}

static inline void assert_native(const struct deck *d, const void *buf,
				 __u32 at, __u64 unit, __u32 n)
{
	size_t bytes = d->t->type == AVTPMAP_PCM_S16 ? 2 : 4;
	const __u8 *p = (const __u8 *)buf + at * d->t->channels * bytes;

	for (__u64 u = unit; u < unit + n; u++)
		for (__u32 c = 0; c < d->t->channels; c++, p += bytes) {
			__u32 want = tape_native(d->t, u, c);

			if (memcmp(p, &want, bytes))
				fail_msg("unit %llu channel %u", u, c);
		}
}

static inline void assert_silence(const struct deck *d, const void *buf,
				  __u32 at, __u32 n)
{
	size_t bytes = d->t->channels * (d->t->type == AVTPMAP_PCM_S16 ? 2 : 4);
	const __u8 *p = (const __u8 *)buf + at * bytes;

	for (size_t i = 0; i < n * bytes; i++)
		if (p[i])
			fail_msg("no silence at unit %zu", i / bytes);
}

#endif /* AVTPMAP_UNIT_TAPE_H */
