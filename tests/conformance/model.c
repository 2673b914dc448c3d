// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "model.h"

static uint32_t pdu_bytes(const struct shot *shot)
{
	return 24 + (shot->shape->subtype ? 0 : 8) +
	       shot->units * shot->shape->channels * shot->shape->bytes;
}

static struct expect *append(struct model *m, const struct shot *shot)
{
	struct expect *e;

	if (m->n == m->room) {
		m->room = 2 * m->room + 64;
		m->ring = realloc(m->ring, m->room * sizeof(*m->ring));
		if (!m->ring)
			abort();
	}
	e = &m->ring[m->n++];
	*e = (struct expect){ .shot = shot };
	m->counters[AVTPMAP_C_FRAMES_RX]++;
	m->counters[AVTPMAP_C_BYTES_RX] += pdu_bytes(shot);
	if (shot->tv) {
		m->counters[AVTPMAP_C_TIMESTAMP_VALID]++;
		e->flags |= AVTPMAP_F_TV;
	} else {
		m->counters[AVTPMAP_C_TIMESTAMP_NOT_VALID]++;
	}
	if (shot->tu)
		e->flags |= AVTPMAP_F_TU;
	if (shot->nodata)
		e->flags |= AVTPMAP_F_NODATA;
	return e;
}

/* Frames that are not for the ring, whatever the stream does. */
static int refused(struct model *m, const struct shot *shot)
{
	switch (shot->fault) {
	case SHOT_OTHER_MAC:
	case SHOT_OTHER_VID:
		m->counters[AVTPMAP_C_OTHER_PATH]++;
		return 1;
	case SHOT_VERSION:
		m->counters[AVTPMAP_C_UNSUPPORTED_FORMAT]++;
		return 1;
	case SHOT_CUT:
		m->counters[AVTPMAP_C_MALFORMED]++;
		return 1;
	case SHOT_ERROR:
		return 1;
	default:
		return 0;
	}
}

static void begin_epoch(struct model *m, const struct shot *shot,
			struct expect *e)
{
	const struct shot *last = m->newest;

	if (last) {
		m->counters[AVTPMAP_C_STREAM_INTERRUPTED]++;
		if (last->shape != shot->shape)
			m->counters[AVTPMAP_C_FORMAT_CHANGED]++;
		if (last->src != shot->src)
			m->counters[AVTPMAP_C_TALKER_CHANGED]++;
		if (last->shape == shot->shape && last->src == shot->src) {
			m->counters[AVTPMAP_C_RESYNC]++;
			m->counters[AVTPMAP_C_SEQ_NUM_MISMATCH]++;
		}
	}
	m->epoch++;
	m->base = (int64_t)(m->media_pos - shot->pos);
	m->mr = shot->mr;
	m->tu = shot->tu;
	m->skipped = 0;
	m->skipped_lost = 0;
	e->flags |= AVTPMAP_F_EPOCH;
}

/* Behind the newest: its media is silence already, or there already. */
static void stale(struct model *m, const struct shot *shot, struct expect *e)
{
	const struct shot *newest = m->newest;

	m->counters[AVTPMAP_C_SEQ_NUM_MISMATCH]++;
	e->units = 0;
	e->about = newest->pos + newest->units - shot->pos !=
		   (newest->n - shot->n + 1) * shot->units;
	e->media_pos = m->base + shot->pos;
	e->epoch = m->epoch;
	if (shot->n == m->newest->n) {
		m->counters[AVTPMAP_C_FRAMES_DUPLICATE]++;
		e->flags |= AVTPMAP_F_DUPLICATE;
	} else {
		m->counters[AVTPMAP_C_FRAMES_LATE]++;
		e->flags |= AVTPMAP_F_LATE;
	}
}

/* Frames between the newest and @shot that never came. */
static uint32_t count_loss(struct model *m, const struct shot *shot)
{
	uint32_t lost = shot->n - m->newest->n - 1;

	if (lost) {
		m->counters[AVTPMAP_C_SEQ_NUM_MISMATCH]++;
		m->counters[AVTPMAP_C_FRAMES_LOST] += lost;
	}
	return lost;
}

/* Blocks are missing where no frame is: only DBC tells. */
static int dbc_broke(struct model *m, const struct shot *shot)
{
	if (shot->n != m->newest->n + 1 ||
	    shot->pos == m->newest->pos + m->newest->units)
		return 0;
	m->counters[AVTPMAP_C_DBC_MISMATCH]++;
	return 1;
}

static void in_order(struct model *m, const struct shot *shot, struct expect *e)
{
	uint64_t begins = m->base + shot->pos;

	e->lost = m->skipped_lost + count_loss(m, shot);
	e->lost_units = begins - m->media_pos;
	if (e->lost || m->skipped)
		e->flags |= AVTPMAP_F_GAP;
	m->skipped = 0;
	m->skipped_lost = 0;
	if (dbc_broke(m, shot))
		e->flags |= AVTPMAP_F_DBC;
	if (shot->mr != m->mr) {
		m->counters[AVTPMAP_C_MEDIA_RESET]++;
		e->flags |= AVTPMAP_F_MR;
	}
	if (shot->tu != m->tu)
		m->counters[AVTPMAP_C_TIMESTAMP_UNCERTAIN]++;
	m->mr = shot->mr;
	m->tu = shot->tu;
}

void model_shot(struct model *m, const struct shot *shot)
{
	struct expect *e;

	if (refused(m, shot))
		return;
	if (shot->fault == SHOT_MULTIBUF || shot->fault == SHOT_LONG) {
		m->counters[shot->fault == SHOT_LONG ? AVTPMAP_C_TOO_LONG :
						       AVTPMAP_C_MULTIBUF]++;
		m->skipped++;
		m->skipped_lost += count_loss(m, shot);
		dbc_broke(m, shot);
		m->newest = shot;
		return;
	}
	e = append(m, shot);
	if (!m->newest || shot->run != m->newest->run) {
		begin_epoch(m, shot, e);
	} else if (shot->n <= m->newest->n) {
		stale(m, shot, e);
		return;
	} else {
		in_order(m, shot, e);
	}
	e->units = shot->units;
	e->media_pos = m->base + shot->pos;
	e->epoch = m->epoch;
	m->media_pos = e->media_pos + e->units;
	m->newest = shot;
}

void model_free(struct model *m)
{
	free(m->ring);
	memset(m, 0, sizeof(*m));
}

static int holds_media(const struct expect *e, uint32_t epoch)
{
	return e->epoch == epoch &&
	       !(e->flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE));
}

int32_t *model_pcm(const struct model *m, uint32_t epoch, uint64_t *from,
		   uint64_t *units)
{
	uint64_t begin = ~0ull, end = 0;
	uint32_t channels = 0;
	int32_t *pcm;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct expect *e = &m->ring[i];

		if (!holds_media(e, epoch))
			continue;
		if (begin == ~0ull)
			begin = e->media_pos;
		end = e->media_pos + e->units;
		channels = e->shot->shape->channels;
	}
	*from = begin;
	*units = end - begin;
	pcm = calloc(*units * channels + 1, sizeof(*pcm));
	for (uint32_t i = 0; pcm && i < m->n; i++) {
		const struct expect *e = &m->ring[i];

		if (!holds_media(e, epoch))
			continue;
		for (uint64_t k = 0; k < e->units * channels; k++)
			pcm[(e->media_pos - begin) * channels + k] =
				talker_sample(e->shot,
					      e->shot->pos + k / channels,
					      k % channels);
	}
	return pcm;
}
