/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a listener must have counted after the frames that talk sent, from the
 * truth about each of them: whole frame numbers and positions, where the
 * accounts have 8 bits of sequence_num and of DBC. No code is shared with them.
 */
#ifndef AVTPMAP_UNIT_TALK_MODEL_H
#define AVTPMAP_UNIT_TALK_MODEL_H

#include <linux/avtpmap.h>

#include "../../tools/talk/stream.h"

/**
 * struct talk_model - one stream as its listener ought to see it
 * @counters: by enum avtpmap_counter; those of wakes and of life stay 0
 * @heard: a frame has come
 * @newest: the frame furthest ahead
 * @mr: its media clock restart bit
 * @tu: its uncertainty
 * @base: media position minus source position, in this epoch
 * @media_pos: where the next frame is expected
 * @at: where the last frame, if it was laid in the ring and held news, began
 */
struct talk_model {
	uint64_t counters[AVTPMAP_N_COUNTERS];
	bool heard;
	uint64_t newest;
	uint64_t epoch;
	const struct talk_format *format;
	bool mr;
	bool tu;
	uint64_t base;
	uint64_t media_pos;
	uint64_t at;
};

enum talk_seen {
	TALK_SEEN_PASSED, /* not in the ring */
	TALK_SEEN_STALE, /* in the ring, late or duplicate */
	TALK_SEEN_NEWS,
};

static inline void talk_model_epoch(struct talk_model *m,
				    const struct talk_wire *w)
{
	uint64_t *c = m->counters;

	if (m->heard) {
		c[AVTPMAP_C_STREAM_INTERRUPTED]++;
		if (w->format != m->format) {
			c[AVTPMAP_C_FORMAT_CHANGED]++;
		} else {
			c[AVTPMAP_C_SEQ_NUM_MISMATCH]++;
			c[AVTPMAP_C_RESYNC]++;
		}
	}
	m->heard = true;
	m->epoch = w->epoch;
	m->format = w->format;
	m->mr = w->mr;
	m->tu = w->tu;
	m->base = m->media_pos - w->position;
}

/* The frame's place among those of its epoch. Returns whether it is news. */
static inline bool talk_model_order(struct talk_model *m,
				    const struct talk_wire *w)
{
	uint64_t *c = m->counters;

	if (w->index == m->newest + 1) {
		if (w->skipped)
			c[AVTPMAP_C_DBC_MISMATCH]++;
		return true;
	}
	c[AVTPMAP_C_SEQ_NUM_MISMATCH]++;
	if (w->index > m->newest) {
		c[AVTPMAP_C_FRAMES_LOST] += w->index - m->newest - 1;
		return true;
	}
	c[w->index == m->newest ? AVTPMAP_C_FRAMES_DUPLICATE :
				  AVTPMAP_C_FRAMES_LATE]++;
	return false;
}

static inline enum talk_seen talk_model_frame(struct talk_model *m,
					      const struct talk_wire *w)
{
	uint64_t *c = m->counters;

	switch (w->fault) {
	case TALK_CORRUPT_VERSION:
		c[AVTPMAP_C_UNSUPPORTED_FORMAT]++;
		return TALK_SEEN_PASSED;
	case TALK_CORRUPT_LENGTH:
	case TALK_CORRUPT_TRUNCATE:
		c[AVTPMAP_C_MALFORMED]++;
		return TALK_SEEN_PASSED;
	default:
		break;
	}
	c[AVTPMAP_C_FRAMES_RX]++;
	c[AVTPMAP_C_BYTES_RX] += talk_pdu_bytes(w->format, w->units);
	c[w->tv ? AVTPMAP_C_TIMESTAMP_VALID : AVTPMAP_C_TIMESTAMP_NOT_VALID]++;

	if (!m->heard || w->epoch != m->epoch)
		talk_model_epoch(m, w);
	else if (!talk_model_order(m, w))
		return TALK_SEEN_STALE;
	c[AVTPMAP_C_MEDIA_RESET] += w->mr != m->mr;
	c[AVTPMAP_C_TIMESTAMP_UNCERTAIN] += w->tu != m->tu;
	m->mr = w->mr;
	m->tu = w->tu;
	m->newest = w->index;
	m->at = m->base + w->position;
	m->media_pos = m->at + w->units;
	return TALK_SEEN_NEWS;
}

#endif /* AVTPMAP_UNIT_TALK_MODEL_H */
