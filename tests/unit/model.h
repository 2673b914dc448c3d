/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A reference model of the accounts. It knows the truth: which frame of the
 * talker's this is and how much media went before it, in 64 bits, instead of
 * an octet of sequence_num and an octet of DBC. So it needs no arithmetic
 * modulo anything, and shares no code with what it judges.
 */
#ifndef AVTPMAP_UNIT_MODEL_H
#define AVTPMAP_UNIT_MODEL_H

#include <linux/avtpmap.h>

enum model_kind {
	MODEL_GOOD,
	MODEL_MALFORMED, /* counted, passed, and a hole in the sequence */
	MODEL_UNSUPPORTED, /* the same */
	MODEL_TOO_LONG, /* counted, passed, and no hole */
};

/**
 * struct model_frame - a frame as its talker knows it
 * @index: frames that the talker had sent before; octet 2 is its low octet
 * @sample: media units that were in them
 * @units: in this one
 * @bytes: of the PDU
 * @dbc: DBC shows @sample, so that a jump in it is seen
 * @nodata: IEC 61883-6 NO-DATA: @format is not in it
 */
struct model_frame {
	__u64 index;
	__u64 sample;
	__u32 units;
	__u32 bytes;
	__u64 talker;
	__u64 format;
	__u64 time_ns;
	int dbc;
	int nodata;
	int tv;
	int tu;
	int mr;
	enum model_kind kind;
};

struct model {
	__u64 counters[AVTPMAP_N_COUNTERS];
	__u32 epoch;
	__u64 end; /* media position behind the newest frame */
	__u64 base; /* media position of sample 0 of the talker */
	__u64 newest;
	__u64 next_sample;
	__u64 talker;
	__u64 format;
	__u64 last_ns;
	__u32 stale;
	int mr;
	int tu;
};

/* What must be in the frame's slot. */
struct model_slot {
	int laid;
	__u64 media_pos;
	__u32 units;
	__u32 lost;
	__u32 flags; /* EPOCH, GAP, LATE, DUPLICATE, DBC, MR */
};

static inline void model_epoch(struct model *m, const struct model_frame *f)
{
	if (m->epoch) {
		m->counters[AVTPMAP_C_STREAM_INTERRUPTED]++;
		m->counters[AVTPMAP_C_FORMAT_CHANGED] +=
			m->format != f->format && !f->nodata;
		m->counters[AVTPMAP_C_TALKER_CHANGED] += m->talker != f->talker;
	}
	m->epoch++;
	m->base = m->end - f->sample;
	m->talker = f->talker;
	m->format = f->nodata ? m->format : f->format;
	m->mr = f->mr;
	m->tu = f->tu;
	m->next_sample = f->sample;
	m->newest = f->index - 1;
}

static inline void model_lay(struct model *m, const struct model_frame *f,
			     struct model_slot *s)
{
	s->laid = 1;
	m->last_ns = f->time_ns;
	m->counters[AVTPMAP_C_FRAMES_RX]++;
	m->counters[AVTPMAP_C_BYTES_RX] += f->bytes;
	m->counters[f->tv ? AVTPMAP_C_TIMESTAMP_VALID :
			    AVTPMAP_C_TIMESTAMP_NOT_VALID]++;
	s->media_pos = m->base + f->sample;
}

/* Holes between the newest frame and this one. */
static inline __u32 model_holes(struct model *m, const struct model_frame *f)
{
	__u32 holes = f->index - m->newest - 1;

	m->counters[AVTPMAP_C_SEQ_NUM_MISMATCH] += holes > 0;
	m->counters[AVTPMAP_C_FRAMES_LOST] += holes;
	m->newest = f->index;
	return holes;
}

static inline void model_new_media(struct model *m, const struct model_frame *f,
				   __u32 *passed_holes, struct model_slot *s)
{
	int jumped = f->dbc && f->index == m->newest + 1 &&
		     f->sample != m->next_sample;

	s->lost = *passed_holes + model_holes(m, f);
	*passed_holes = 0;
	if (jumped) {
		m->counters[AVTPMAP_C_DBC_MISMATCH]++;
		s->flags |= AVTPMAP_F_DBC;
	}
	if (f->mr != m->mr) {
		m->counters[AVTPMAP_C_MEDIA_RESET]++;
		s->flags |= AVTPMAP_F_MR;
	}
	m->counters[AVTPMAP_C_TIMESTAMP_UNCERTAIN] += f->tu != m->tu;
	m->mr = f->mr;
	m->tu = f->tu;
	model_lay(m, f, s);
	if (!(s->flags & (AVTPMAP_F_EPOCH | AVTPMAP_F_DBC)) &&
	    (s->lost || s->media_pos != m->end))
		s->flags |= AVTPMAP_F_GAP;
	s->units = f->units;
	m->end = s->media_pos + f->units;
	m->next_sample = f->sample + f->units;
	m->stale = 0;
}

static inline void model_stale(struct model *m, const struct model_frame *f,
			       struct model_slot *s)
{
	int late = f->index < m->newest;

	m->counters[AVTPMAP_C_SEQ_NUM_MISMATCH]++;
	m->counters[late ? AVTPMAP_C_FRAMES_LATE : AVTPMAP_C_FRAMES_DUPLICATE]++;
	s->flags |= late ? AVTPMAP_F_LATE : AVTPMAP_F_DUPLICATE;
	m->stale++;
	model_lay(m, f, s);
}

static inline void model_passed(struct model *m, const struct model_frame *f,
				__u32 *passed_holes)
{
	if (f->kind != MODEL_TOO_LONG) {
		m->counters[f->kind == MODEL_MALFORMED ?
				    AVTPMAP_C_MALFORMED :
				    AVTPMAP_C_UNSUPPORTED_FORMAT]++;
		return;
	}
	m->counters[AVTPMAP_C_TOO_LONG]++;
	*passed_holes += model_holes(m, f);
	m->next_sample = f->sample + f->units;
}

/* @passed_holes: the caller keeps it between frames, 0 at first. */
static inline void model_rx(struct model *m, const struct model_frame *f,
			    __u32 *passed_holes, struct model_slot *s)
{
	__s64 step = f->index - m->newest;
	int stale = step <= 0 && step >= -16;

	*s = (struct model_slot){ 0 };
	if (f->kind != MODEL_GOOD) {
		model_passed(m, f, passed_holes);
		return;
	}
	if (m->epoch && f->talker != m->talker &&
	    f->time_ns - m->last_ns < 100000000) {
		m->counters[AVTPMAP_C_CONFLICT]++;
		return;
	}
	if (!m->epoch || f->talker != m->talker ||
	    (f->format != m->format && !f->nodata)) {
		if (f->nodata) { /* the format is yet to come */
			m->counters[AVTPMAP_C_NO_FORMAT]++;
			return;
		}
		s->flags |= AVTPMAP_F_EPOCH;
	} else if (step > 128 || step < -16 || (stale && m->stale >= 32)) {
		m->counters[AVTPMAP_C_SEQ_NUM_MISMATCH]++;
		m->counters[AVTPMAP_C_RESYNC]++;
		s->flags |= AVTPMAP_F_EPOCH;
	} else if (stale) {
		model_stale(m, f, s);
		return;
	}
	if (s->flags & AVTPMAP_F_EPOCH) {
		model_epoch(m, f);
		*passed_holes = 0;
	}
	model_new_media(m, f, passed_holes, s);
}

#endif /* AVTPMAP_UNIT_MODEL_H */
