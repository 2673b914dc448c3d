/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A talker whose media clock is known exactly, and the way of its frames: what
 * a media clock recovers can be held against the truth.
 */
#ifndef AVTPMAP_UNIT_MEDIA_TALKER_H
#define AVTPMAP_UNIT_MEDIA_TALKER_H

#include "test.h"

#include <math.h>

#include <avtpmap/avtpmap.h>

#define MT_BASE_NS 0x1234567812345678ull /* gPTP at position 0 */
#define MT_LESS_MONO_NS 0x1234560000000000ull /* gPTP less MONOTONIC */
#define MT_TRANSIT_NS 2000000.0

enum mt_kind { MT_AAF, MT_SPARSE, MT_AM824, MT_CRF, MT_NO_STAMPS };

/**
 * struct mt - how it talks, and how its frames come
 * @ppm: by which it is fast
 * @wander_ppm, @wander_hz: ... and swings
 * @noise_ns: timestamps are off by up to half of this, either way
 * @jitter_ns: frames come later by up to this
 * @grid_ns: ... and are seen at multiples of this only
 * @late_ns: ... and one in 100 later still
 * @lose: one frame in so many is lost; 0: none
 * @hwtime: they have PHC time
 * @swapped: AAF's timestamps are in the wrong byte order
 * @frames: sent
 * @pos: of the next one
 * @step_ns, @leap_ns: the talker's phase, and gPTP, jumped
 * @rate_pos, @rate_ns: where, and when, the rate last changed
 */
struct mt {
	enum mt_kind kind;
	double ppm;
	double wander_ppm;
	double wander_hz;
	double noise_ns;
	double jitter_ns;
	double grid_ns;
	double late_ns;
	unsigned int lose;
	int hwtime;
	__u32 flags;
	int swapped;
	__u64 seed;
	__u64 frames;
	__u64 pos;
	double step_ns;
	double leap_ns;
	__u64 rate_pos;
	double rate_ns;
	struct avtpmap_crf crf;
};

enum {
	MT_HZ = 48000,
	MT_UNITS = 6,
	MT_CRF_STAMPS = 6,
	MT_CRF_INTERVAL = 160,
};

static inline __u32 mt_units(const struct mt *m)
{
	return m->kind == MT_CRF ? MT_CRF_STAMPS * MT_CRF_INTERVAL : MT_UNITS;
}

static inline struct avtpmap_format mt_format(const struct mt *m)
{
	struct avtpmap_format f = {
		.subtype = m->kind == MT_AM824 ? AVTPMAP_SUB_61883_IIDC :
						 AVTPMAP_SUB_AAF,
		.unit = AVTPMAP_UNIT_SAMPLES,
		.rate_hz = MT_HZ,
	};

	if (m->kind == MT_CRF)
		f = (struct avtpmap_format){ .subtype = AVTPMAP_SUB_CRF };
	return f;
}

static inline double mt_random(struct mt *m, double width)
{
	if (!m->seed)
		m->seed = 7;
	return width * (rnd(&m->seed) >> 11) * 0x1p-53;
}

/* When a position is, ns since position 0. */
static inline double mt_truth(const struct mt *m, __u64 pos)
{
	double t = m->rate_ns + (double)(__s64)(pos - m->rate_pos) * 1e9 /
					MT_HZ / (1 + m->ppm * 1e-6);

	if (m->wander_hz)
		t += m->wander_ppm * 1e3 / (2 * M_PI * m->wander_hz) *
		     sin(2 * M_PI * m->wander_hz * t * 1e-9);
	return t + m->step_ns;
}

/* The rate there, in ppm above nominal. */
static inline double mt_rate(const struct mt *m, __u64 pos)
{
	double t = mt_truth(m, pos) * 1e-9;

	return m->ppm - m->wander_ppm * cos(2 * M_PI * m->wander_hz * t);
}

static inline void mt_set_rate(struct mt *m, double ppm)
{
	m->rate_ns = mt_truth(m, m->pos) - m->step_ns;
	m->rate_pos = m->pos;
	m->ppm = ppm;
}

static inline __u64 mt_gptp(const struct mt *m, double ns)
{
	return MT_BASE_NS + (__s64)llrint(ns + m->leap_ns);
}

static inline double mt_arrival(struct mt *m)
{
	double ns = mt_truth(m, m->pos) + mt_random(m, m->jitter_ns);

	if (m->grid_ns)
		ns = ceil(ns / m->grid_ns) * m->grid_ns;
	if (m->late_ns && mt_random(m, 1) < 0.01)
		ns += m->late_ns;
	return ns;
}

/* Presented so much later than it is sent, and off by the talker's noise. */
static inline __u64 mt_stamp(struct mt *m, __u64 pos)
{
	double noise = mt_random(m, m->noise_ns) - m->noise_ns / 2;

	return mt_gptp(m, mt_truth(m, pos) + MT_TRANSIT_NS + noise);
}

static inline void mt_stamp_frame(struct mt *m, struct avtpmap_media_frame *f)
{
	__u32 index = 0;
	int tv = m->kind == MT_AAF ||
		 (m->kind == MT_SPARSE && m->frames % 8 == 0);

	if (m->kind == MT_AM824) {
		index = avtpmap_syt_index(8, m->pos);
		tv = index < MT_UNITS;
		f->dbc = m->pos & 0xff;
	}
	if (tv) {
		f->flags |= AVTPMAP_F_TV;
		f->avtp_timestamp = mt_stamp(m, m->pos + index);
		if (m->swapped)
			f->avtp_timestamp =
				__builtin_bswap32(f->avtp_timestamp);
	}
	if (m->kind != MT_CRF)
		return;
	m->crf = (struct avtpmap_crf){ .type = AVTPMAP_CRF_AUDIO_SAMPLE,
				       .interval = MT_CRF_INTERVAL,
				       .base_hz = MT_HZ,
				       .n = MT_CRF_STAMPS,
				       .total = MT_CRF_STAMPS };
	for (int i = 0; i < MT_CRF_STAMPS; i++)
		m->crf.ns[i] = mt_stamp(m, m->pos + i * MT_CRF_INTERVAL);
	f->crf = &m->crf;
	f->media_pos = m->frames;
}

/* The next frame. Returns 0 if it is lost. */
static inline int mt_frame(struct mt *m, struct avtpmap_media_frame *f)
{
	double ns = mt_arrival(m);

	*f = (struct avtpmap_media_frame){
		.media_pos = m->pos,
		.mono_ns = mt_gptp(m, ns - m->leap_ns) - MT_LESS_MONO_NS,
		.flags = AVTPMAP_F_MONOTIME | m->flags,
		.epoch = 1,
	};
	if (m->hwtime) {
		f->flags |= AVTPMAP_F_HWTIME;
		f->hwtime_ns = mt_gptp(m, ns);
	}
	mt_stamp_frame(m, f);
	m->flags &= ~(__u32)AVTPMAP_F_MR;
	m->frames++;
	m->pos += mt_units(m);
	return !m->lose || rnd_below(&m->seed, m->lose);
}

/* So many seconds of media into the clock. */
static inline void mt_run(struct mt *m, struct avtpmap_media_clock *mc,
			  double seconds)
{
	__u64 until = m->pos + seconds * MT_HZ;

	while (m->pos < until) {
		struct avtpmap_media_frame f;

		if (mt_frame(m, &f))
			assert_int_equal(avtpmap_media_clock_enter(mc, &f), 0);
	}
}

static inline struct avtpmap_media_clock *mt_open(const struct mt *m)
{
	struct avtpmap_format format = mt_format(m);
	struct avtpmap_media_clock *mc;

	assert_int_equal(avtpmap_media_clock_open(&mc, NULL), 0);
	avtpmap_media_clock_format(mc, 1, &format);
	return mc;
}

static inline struct avtpmap_media_clock_info
mt_info(const struct avtpmap_media_clock *mc)
{
	struct avtpmap_media_clock_info info;

	avtpmap_media_clock_info(mc, 0, &info);
	return info;
}

#endif /* AVTPMAP_UNIT_MEDIA_TALKER_H */
