// SPDX-License-Identifier: MIT
/*
 * Where the device begins: at a multiple of the period in the first stream, so
 * that each wake finds whole periods; in the others at the unit that is
 * presented at the same time. Timestamps tell that by themselves, for all are of
 * one gPTP: no PHC is asked. Where there are none, frames that came together
 * are taken for those that belong together.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "device.h"

enum {
	TRIES_MAX = 64, /* sparse: one frame of 8 has a timestamp */
	APART_MAX_NS = 1000000000,
	DBC_OFFSET = 27, /* of IEC 61883-6, in the PDU */
};

void place_forget(struct device *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		struct member *m = &d->m[i];

		while (avtpmap_peek(m->s))
			avtpmap_release(m->s);
		m->stamped = false;
		m->done = 0;
	}
	d->placed = false;
	d->hw = 0;
}

/* Its presentation time, extended by when it came after the first one did. */
static int presented(const struct device *d, struct member *m,
		     const struct avtpmap_slot *slot)
{
	struct avtpmap_presentation p;
	struct avtpmap_format f;
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
	for (uint32_t i = 0; i < d->n; i++)
		if (d->m[i].stamped) {
			stamp.reference_ns =
				d->m[i].ns + slot->mono_ns - d->m[i].mono_ns;
			break;
		}
	err = avtpmap_pcm_format(m->pcm, &f);
	if (err < 0)
		return err;
	avtpmap_time_init(&t, NULL);
	avtpmap_time_format(&t, slot->epoch, &f);
	err = avtpmap_time_enter(&t, &stamp, &p);
	m->ns = p.present_ns;
	return err;
}

/* The next frame; it stays held. */
static int stamp(struct device *d, struct member *m)
{
	const struct avtpmap_slot *slot;
	int err;

	while ((slot = avtpmap_peek(m->s))) {
		err = member_format(d, m);
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
		if (!err && d->n > 1 && !d->by_arrival)
			err = presented(d, m, slot);
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

static void use_arrival(struct device *d, const struct member *m,
			const char *why)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	SNDERR("avtpmap: %s %s: streams are put side by side as they come, "
	       "so they are not in phase to the sample",
	       avtpmap_stream_id_to_text(id, m->id), why);
	d->by_arrival = true;
	place_forget(d);
}

static int stamp_all(struct device *d)
{
	int err = 0, late;

	for (uint32_t i = 0; i < d->n; i++) {
		struct member *m = &d->m[i];

		if (m->stamped)
			continue;
		late = stamp(d, m);
		if (late == -ENODATA) {
			m->tries = 0;
			use_arrival(d, m, "has no valid timestamps");
			return -EAGAIN;
		}
		if (late && late != -EAGAIN)
			return late;
		err = late ? late : err;
	}
	return err;
}

/* What was held while others were not heard yet may be overwritten by now. */
static bool all_held(struct device *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (avtpmap_verify(d->m[i].s)) {
			place_forget(d);
			return false;
		}
	return true;
}

static bool too_far(struct device *d)
{
	for (uint32_t i = 1; i < d->n; i++) {
		int64_t apart = d->m[i].ns - d->m[0].ns -
				(d->m[i].mono_ns - d->m[0].mono_ns);

		if (apart > APART_MAX_NS || apart < -APART_MAX_NS) {
			use_arrival(d, &d->m[i],
				    "has timestamps of another time than the "
				    "first stream, so not of its gPTP");
			return true;
		}
	}
	return false;
}

/* The first unit of the first stream that is no earlier than any first unit. */
static uint64_t beginning(const struct device *d)
{
	const struct member *first = &d->m[0];
	uint64_t latest = first->ns, pos, period = d->io.period_size;

	for (uint32_t i = 1; i < d->n; i++)
		if ((int64_t)(d->m[i].ns - latest) > 0)
			latest = d->m[i].ns;
	pos = first->pos +
	      (uint64_t)ceil((latest - first->ns) * 1e-9 * d->rate);
	return (pos + period - 1) / period * period;
}

int place(struct device *d)
{
	struct avtpmap_media_line line = { .unit_ns = 1e9 / d->rate };
	uint64_t late, ns;
	int err = stamp_all(d);

	if (err)
		return err;
	if (!all_held(d) || too_far(d))
		return -EAGAIN;
	ns = d->m[0].ns +
	     (uint64_t)((beginning(d) - d->m[0].pos) * line.unit_ns);
	for (uint32_t i = 0; i < d->n; i++) {
		struct member *m = &d->m[i];

		line.media_pos = m->pos;
		line.ns = m->ns;
		err = avtpmap_pcm_present(m->pcm, &line, ns, 0, &late);
		if (err) { /* overwritten just now */
			place_forget(d);
			return -EAGAIN;
		}
		m->begin = m->pos + late;
	}
	d->placed = true;
	return 0;
}
