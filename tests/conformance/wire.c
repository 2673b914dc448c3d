// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include <linux/avtpmap.h>

#include "wire.h"

enum {
	CLASS_A_HZ = 8000,
	SYT_UNITS = 8,
	FRAME_MAX = 16384,
};

const struct shape aaf_stereo = {
	.subtype = 2,
	.code = 4,
	.rate_hz = 48000,
	.channels = 2,
	.depth = 16,
	.bytes = 2,
	.units = 6,
};

const struct shape am824_stereo = {
	.subtype = 0,
	.rate_hz = 48000,
	.channels = 2,
	.depth = 24,
	.bytes = 4,
	.units = 6,
};

/* ---- bytes ---- */

uint8_t *wire_add(struct wire *w, uint32_t ifindex, uint32_t len)
{
	struct avtpmap_sim_frame *f;
	size_t need = sizeof(*f) + (len + 7) / 8 * 8;

	if (w->bytes + need > w->room) {
		w->room = 2 * (w->room + need);
		w->buf = realloc(w->buf, w->room);
		if (!w->buf)
			abort();
	}
	f = (void *)(w->buf + w->bytes);
	memset(f, 0, need);
	f->ifindex = ifindex;
	f->len_bytes = len;
	w->last = w->bytes;
	w->bytes += need;
	w->frames++;
	return (uint8_t *)(f + 1);
}

struct avtpmap_sim_frame *wire_last(struct wire *w)
{
	return (void *)(w->buf + w->last);
}

void wire_clear(struct wire *w)
{
	w->bytes = 0;
	w->frames = 0;
}

void wire_free(struct wire *w)
{
	free(w->buf);
	memset(w, 0, sizeof(*w));
}

static uint8_t *put(uint8_t *p, uint64_t v, int octets)
{
	for (int i = octets - 1; i >= 0; i--)
		*p++ = v >> (8 * i);
	return p;
}

/* ---- talkers ---- */

void talker_init(struct talker *t, const struct shape *shape, uint64_t id)
{
	memset(t, 0, sizeof(*t));
	t->id = id;
	t->dst = 0x91e0f0000100ull;
	t->next.shape = shape;
	t->next.src = 0x02005e000000ull | (id & 0xffff);
	t->next.tv = 1;
}

/* So many units, of media at the rate, begin before frame @n. */
static uint64_t units_before(const struct shape *s, uint64_t n)
{
	if (s->syt)
		return n * s->rate_hz / CLASS_A_HZ / SYT_UNITS * SYT_UNITS;
	if (s->units)
		return n * s->units;
	return n * s->rate_hz / CLASS_A_HZ;
}

struct shot talker_shot(struct talker *t)
{
	struct shot shot = t->next;

	shot.units = units_before(shot.shape, shot.n + 1) -
		     units_before(shot.shape, shot.n);
	shot.nodata = shot.shape->syt && !shot.units;
	t->next.n++;
	t->next.sequence++;
	t->next.pos += shot.units;
	t->next.dbc += shot.units;
	return shot;
}

void talker_restart(struct talker *t, uint8_t sequence)
{
	t->next.n = 0;
	t->next.pos = 0;
	t->next.run++;
	t->next.sequence = sequence;
}

struct shot talker_shot_at(const struct talker *t, uint64_t n)
{
	struct talker then = *t;

	then.next.n = n;
	then.next.pos = units_before(t->next.shape, n);
	then.next.sequence = n;
	then.next.dbc = then.next.pos;
	return talker_shot(&then);
}

int32_t talker_sample(const struct shot *shot, uint64_t pos, uint32_t channel)
{
	uint32_t unused = 32 - shot->shape->depth;
	uint64_t v = (pos + 1) * 0x9e3779b97f4a7c15ull +
		     ((uint64_t)channel << 40) + ((uint64_t)shot->run << 50) +
		     shot->src;

	v ^= v >> 29;
	v *= 0xbf58476d1ce4e5b9ull;
	return (int32_t)((uint32_t)(v >> 32) >> unused << unused |
			 1u << unused);
}

static uint8_t *put_samples(const struct shot *shot, uint8_t *p)
{
	const struct shape *s = shot->shape;

	for (uint32_t i = 0; i < shot->units; i++) {
		for (uint32_t c = 0; c < s->channels; c++) {
			uint32_t v = talker_sample(shot, shot->pos + i, c);

			if (s->subtype)
				p = put(p, v >> (32 - 8 * s->bytes), s->bytes);
			else
				p = put(p, 0x40000000u | v >> 8, 4);
		}
	}
	return p;
}

/* IEEE 1722-2016 Table 11 */
static uint32_t nsr_of(uint32_t rate_hz)
{
	static const uint32_t rates[] = { 0,	  8000,	  16000, 32000,
					  44100,  48000,  88200, 96000,
					  176400, 192000, 24000 };

	for (uint32_t i = 1; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (rates[i] == rate_hz)
			return i;
	return 0;
}

/* IEC 61883-6 Table 4 */
static uint32_t sfc_of(uint32_t rate_hz)
{
	static const uint32_t rates[] = { 32000, 44100,	 48000, 88200,
					  96000, 176400, 192000 };

	for (uint32_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (rates[i] == rate_hz)
			return i;
	return 7;
}

/* The octets of the header that say the format, and the length. */
static uint8_t *put_format(const struct shot *shot, uint32_t data_bytes,
			   uint8_t *p)
{
	const struct shape *s = shot->shape;

	if (s->subtype == 2) {
		p = put(p,
			(uint32_t)s->code << 24 | nsr_of(s->rate_hz) << 20 |
				s->channels << 8 | s->depth,
			4);
		p = put(p, data_bytes, 2);
		return put(p, 0, 2);
	}
	p = put(p, 0, 4);
	p = put(p, data_bytes, 2);
	if (s->subtype)
		return put(p, 0x1000, 2); /* ends a video frame, if any */
	p = put(p, 0x5fa0, 2);
	p = put(p, 0x3f, 1);
	p = put(p, s->channels, 1);
	p = put(p, shot->dbc, 2);
	p = put(p, 0x90, 1);
	p = put(p,
		shot->nodata ? 0xff :
			       (uint32_t)s->code << 4 | sfc_of(s->rate_hz),
		1);
	return put(p, 0xffff, 2);
}

static uint8_t *put_ether(const struct talker *t, const struct shot *shot,
			  uint8_t *p)
{
	uint32_t vid = shot->fault == SHOT_OTHER_VID ? t->vid + 1 : t->vid;

	p = put(p, shot->fault == SHOT_OTHER_MAC ? t->dst + 1 : t->dst, 6);
	p = put(p, shot->src, 6);
	if (vid) {
		p = put(p, 0x8100, 2);
		p = put(p, 0x6000 | vid, 2);
	}
	return put(p, 0x22f0, 2);
}

/* The faults that are not in the octets. */
static void put_flags(const struct shot *shot, struct avtpmap_sim_frame *f)
{
	if (shot->hwtime_ns) {
		f->flags |= 2;
		f->hwtime_ns = shot->hwtime_ns;
	}
	if (shot->fault == SHOT_ERROR)
		f->flags |= 4;
	if (shot->fault == SHOT_MULTIBUF)
		f->flags |= 8;
}

/* Where the PDU of @frame begins, and where it ends. */
static uint8_t *put_frame(const struct talker *t, const struct shot *shot,
			  uint8_t frame[FRAME_MAX], uint8_t **end)
{
	const struct shape *s = shot->shape;
	uint32_t data =
		shot->units * s->channels * s->bytes + (s->subtype ? 0 : 8);
	uint8_t *pdu = put_ether(t, shot, frame);
	uint8_t *p = pdu;

	p = put(p, s->subtype, 1);
	p = put(p,
		0x80 | (shot->fault == SHOT_VERSION) << 4 | shot->mr << 3 |
			shot->tv,
		1);
	p = put(p, shot->sequence, 1);
	p = put(p, shot->tu, 1);
	p = put(p, t->id, 8);
	p = put(p, (uint32_t)(shot->hwtime_ns + shot->ahead_ns), 4);
	p = put_format(shot, data, p);
	*end = put_samples(shot, p);
	return pdu;
}

void talker_put(const struct talker *t, const struct shot *shot, struct wire *w,
		uint32_t ifindex)
{
	uint8_t frame[FRAME_MAX] = { 0 };
	uint8_t *end;

	put_frame(t, shot, frame, &end);
	end += shot->pad;
	if (shot->fault == SHOT_CUT)
		end--;
	memcpy(wire_add(w, ifindex, end - frame), frame, end - frame);
	put_flags(shot, wire_last(w));
}

int talker_said(const struct talker *t, const struct shot *shot,
		const void *pdu, uint32_t len)
{
	uint8_t frame[FRAME_MAX] = { 0 };
	uint8_t *end, *p = put_frame(t, shot, frame, &end);

	return (uint32_t)(end - p) == len && !memcmp(p, pdu, len);
}

void talker_send(struct talker *t, struct wire *w, uint32_t ifindex, uint32_t n)
{
	while (n--) {
		struct shot shot = talker_shot(t);

		talker_put(t, &shot, w, ifindex);
	}
}
