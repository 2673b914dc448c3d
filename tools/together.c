// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>

#include "together.h"

enum {
	TRIES_MAX = 64, /* sparse: one frame of 8 has a timestamp */
	APART_MAX_NS = 1000000000,
	DBC_OFFSET = 27, /* of IEC 61883-6, in the PDU */
};

void together_forget(struct together *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct placed *m = p->of[i];

		while (avtpmap_peek(m->s))
			avtpmap_release(m->s);
		m->stamped = false;
		m->done = 0;
	}
	p->known = false;
}

/* Its presentation time, extended by when it came after the first one did. */
static int presented(const struct together *p, struct placed *m,
		     const struct avtpmap_slot *slot,
		     const struct avtpmap_format *f)
{
	struct avtpmap_presentation when;
	struct avtpmap_time t;
	struct avtpmap_stamp stamp = {
		.media_pos = slot->media_pos,
		.reference_ns = (1ull << 32) + slot->avtp_timestamp,
		.avtp_timestamp = slot->avtp_timestamp,
		.flags = slot->flags,
		.epoch = slot->epoch,
		.dbc = avtpmap_slot_pdu(slot)[DBC_OFFSET],
		.have_reference = 1,
	};
	int err;

	if (slot->flags & AVTPMAP_F_TU)
		return -ENODATA;
	for (uint32_t i = 0; i < p->n; i++)
		if (p->of[i]->stamped) {
			stamp.reference_ns = p->of[i]->ns + slot->mono_ns -
					     p->of[i]->mono_ns;
			break;
		}
	avtpmap_time_init(&t, NULL);
	avtpmap_time_format(&t, slot->epoch, f);
	err = avtpmap_time_enter(&t, &stamp, &when);
	m->ns = when.present_ns;
	return err;
}

/* The next frame; it stays held. */
static int stamp(struct together *p, uint32_t i)
{
	struct placed *m = p->of[i];
	const struct avtpmap_slot *slot;
	struct avtpmap_format f;
	int err;

	while (avtpmap_peek(m->s)) {
		err = p->format(p->data, i, &f);
		if (err)
			return err;
		slot = avtpmap_peek(m->s); /* that may have passed some */
		if (!slot)
			break;
		m->pos = slot->media_pos;
		m->mono_ns = slot->mono_ns;
		m->ns = slot->mono_ns;
		err = slot->flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE) ?
			      -ENODATA :
			      0;
		if (!err && p->n > 1 && !p->by_arrival)
			err = presented(p, m, slot, &f);
		if (!err && !avtpmap_verify(m->s)) {
			m->stamped = true;
			return 0;
		}
		avtpmap_release(m->s);
		if (++m->tries == TRIES_MAX)
			return -ENODATA;
	}
	return -EAGAIN;
}

static void use_arrival(struct together *p, uint32_t who, const char *why)
{
	p->by_arrival = true;
	p->who = who;
	p->why = why;
	together_forget(p);
}

static int stamp_all(struct together *p)
{
	int err = 0, late;

	for (uint32_t i = 0; i < p->n; i++) {
		struct placed *m = p->of[i];

		if (m->absent || m->stamped)
			continue;
		late = stamp(p, i);
		if (late == -ENODATA) {
			m->tries = 0;
			use_arrival(p, i, "has no valid timestamps");
			return -EAGAIN;
		}
		if (late && late != -EAGAIN)
			return late;
		err = late ? late : err;
	}
	return err;
}

/* What was held while others were not heard yet may be overwritten by now. */
static bool all_held(struct together *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (!p->of[i]->absent && avtpmap_verify(p->of[i]->s)) {
			together_forget(p);
			return false;
		}
	return true;
}

static bool too_far(struct together *p, const struct placed *first)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const struct placed *m = p->of[i];
		int64_t apart =
			m->ns - first->ns - (m->mono_ns - first->mono_ns);

		if (m->absent ||
		    (apart <= APART_MAX_NS && apart >= -APART_MAX_NS))
			continue;
		use_arrival(p, i,
			    "has timestamps of another time than the first "
			    "stream, so not of its gPTP");
		return true;
	}
	return false;
}

/* The first unit of the first stream that is no earlier than any first unit. */
static uint64_t beginning(const struct together *p, const struct placed *first)
{
	uint64_t latest = first->ns, pos;

	for (uint32_t i = 0; i < p->n; i++)
		if (!p->of[i]->absent && (int64_t)(p->of[i]->ns - latest) > 0)
			latest = p->of[i]->ns;
	pos = first->pos +
	      (uint64_t)ceil((latest - first->ns) * 1e-9 * p->rate);
	return (pos + p->period - 1) / p->period * p->period;
}

static const struct placed *first_of(const struct together *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (!p->of[i]->absent)
			return p->of[i];
	return NULL;
}

int together_place(struct together *p)
{
	struct avtpmap_media_line line = { .unit_ns = 1e9 / p->rate };
	const struct placed *first = first_of(p);
	uint64_t ns;
	int err = first ? stamp_all(p) : -EAGAIN;

	if (err)
		return err;
	if (!all_held(p) || too_far(p, first))
		return -EAGAIN;
	ns = first->ns +
	     (uint64_t)((beginning(p, first) - first->pos) * line.unit_ns);
	for (uint32_t i = 0; i < p->n; i++) {
		struct placed *m = p->of[i];

		if (m->absent)
			continue;
		line.media_pos = m->pos;
		line.ns = m->ns;
		err = avtpmap_pcm_present(m->pcm, &line, ns, 0, NULL);
		if (err) { /* overwritten; a read tells, and that is over */
			avtpmap_pcm_read_planar(m->pcm, NULL, 0, NULL);
			together_forget(p);
			return -EAGAIN;
		}
		m->begin = avtpmap_media_line_pos(
			&line, ns + (uint64_t)(line.unit_ns / 2), NULL);
	}
	p->known = true;
	return 0;
}
