// SPDX-License-Identifier: MIT
#include <string.h>

#include "stream.h"

static void pace_of(struct talk_pace *pace, const struct talk_setup *setup,
		    const struct talk_format *format)
{
	talk_pace_init(pace, format, setup->class,
		       setup->blocking && format->encoding == TALK_AM824);
	pace->ppb = setup->ppb;
}

/* Packets are cut and counted anew. */
static void start_segment(struct talk_stream *s,
			  const struct talk_format *format)
{
	s->segment_ns = talk_stream_due_ns(s);
	s->segment_first = s->k;
	s->segment_units = 0;
	s->format = format;
	pace_of(&s->pace, s->setup, format);
	s->dbc = 0;
}

void talk_stream_init(struct talk_stream *s, const struct talk_setup *setup,
		      uint32_t number, uint64_t stream_id, const uint8_t dst[6])
{
	memset(s, 0, sizeof(*s));
	s->setup = setup;
	s->number = number;
	s->stream_id = stream_id;
	memcpy(s->dst, dst, sizeof(s->dst));
	s->plan = setup->plan;
	s->plan.seed += number;
	s->pace.packets_hz = 1; /* nothing is due before the first */
	s->epoch = 1;
	start_segment(s, &setup->format);
}

uint64_t talk_stream_due_ns(const struct talk_stream *s)
{
	return s->segment_ns +
	       talk_pace_packet_ns(&s->pace, s->k - s->segment_first);
}

static void note(struct talk_stream *s, enum talk_fault fault)
{
	s->faults[fault]++;
}

/* What the talker itself does, before it builds the frame. */
static void apply_talker(struct talk_stream *s, struct talk_decision *d)
{
	/* NO-DATA has no blocks that others could be missing before */
	if (s->dbc_skip) {
		d->talker |= 1u << TALK_DBC_BREAK;
		d->dbc_skip = s->dbc_skip;
		s->dbc_skip = 0;
	}
	if (d->talker >> TALK_DBC_BREAK & 1 &&
	    s->format->encoding == TALK_AM824 &&
	    !talk_pace_units(&s->pace, s->k - s->segment_first)) {
		d->talker &= ~(1u << TALK_DBC_BREAK);
		s->dbc_skip = d->dbc_skip;
	}
	if (s->format->encoding != TALK_AM824)
		d->talker &= ~(1u << TALK_DBC_BREAK);
	for (int i = TALK_N_RANDOM; i < TALK_N_FAULTS; i++)
		if (d->talker >> i & 1)
			note(s, i);

	if (d->talker >> TALK_MR_TOGGLE & 1)
		s->mr = !s->mr;
	if (d->talker >> TALK_TU_TOGGLE & 1)
		s->tu = !s->tu;
	if (d->talker >> TALK_DBC_BREAK & 1) {
		s->dbc += d->dbc_skip;
		s->position += d->dbc_skip;
	} else {
		d->dbc_skip = 0;
	}
	if (d->jump) /* the next number would have been a step of 1 */
		s->sequence += d->jump - 1;
	if (d->jump || d->change)
		s->epoch++;
	if (d->change)
		start_segment(s, &d->change->format);
	else if (d->talker >> TALK_RESTART & 1)
		start_segment(s, s->format);
}

/*
 * AAF stamps the first sample of each frame, or of each eighth. AM824 stamps
 * the sample whose block number is a multiple of SYT_INTERVAL, if this frame
 * has it.
 */
static bool stamp(const struct talk_stream *s, uint32_t units, uint32_t *index)
{
	uint32_t interval = s->pace.syt_interval;

	*index = 0;
	if (s->format->encoding != TALK_AM824)
		return !s->setup->sparse || s->sequence % 8 == 0;
	*index = (interval - s->dbc % interval) % interval;
	return *index < units;
}

static void describe(struct talk_stream *s, struct talk_frame *f)
{
	const struct talk_setup *setup = s->setup;
	uint32_t index;

	memset(f, 0, sizeof(*f));
	f->stream_id = s->stream_id;
	memcpy(f->dst, s->dst, sizeof(f->dst));
	memcpy(f->src, setup->src, sizeof(f->src));
	f->vid = setup->vid;
	f->pcp = setup->pcp;
	f->format = s->format;
	f->units = talk_pace_units(&s->pace, s->k - s->segment_first);
	f->sequence = s->sequence;
	f->dbc = s->dbc;
	f->tu = s->tu;
	f->mr = s->mr;
	f->sparse = setup->sparse && s->format->encoding != TALK_AM824;
	f->tv = stamp(s, f->units, &index);
	f->avtp_timestamp =
		setup->start_ns + s->segment_ns +
		talk_pace_sample_ns(&s->pace, s->segment_units + index) +
		setup->transit_ns;
}

static struct talk_slot *slot_of(struct talk_stream *s, uint64_t k)
{
	return &s->slots[k & (TALK_SLOTS - 1)];
}

static struct talk_slot *build(struct talk_stream *s, struct talk_decision *d)
{
	static const enum talk_corruption how[TALK_N_RANDOM] = {
		[TALK_CORRUPT_VERSION] = TALK_BAD_VERSION,
		[TALK_CORRUPT_LENGTH] = TALK_BAD_LENGTH,
		[TALK_CORRUPT_TRUNCATE] = TALK_TRUNCATED,
		[TALK_CORRUPT_PAD] = TALK_PADDED,
	};
	struct talk_slot *slot = slot_of(s, s->k);
	int32_t samples[TALK_SAMPLES_MAX];
	struct talk_frame f;
	uint32_t len;

	describe(s, &f);
	f.samples = samples;
	s->setup->read(s->setup->read_ctx, s->number, s->position, f.units,
		       s->format, samples);
	len = talk_frame_build(slot->bytes, &f);
	if (d->wire >= TALK_CORRUPT_VERSION && d->wire < TALK_N_RANDOM) {
		uint32_t bad =
			talk_frame_corrupt(slot->bytes, len, &f, how[d->wire]);

		if (bad)
			len = bad;
		else
			d->wire = TALK_N_RANDOM;
	}
	slot->held = false;
	slot->wire = (struct talk_wire){
		.bytes = slot->bytes,
		.len_bytes = len,
		.index = s->k,
		.epoch = s->epoch,
		.format = s->format,
		.position = s->position,
		.units = f.units,
		.skipped = d->dbc_skip,
		.tv = f.tv,
		.tu = f.tu,
		.mr = f.mr,
		.fault = d->wire,
	};
	return slot;
}

static void advance(struct talk_stream *s, uint32_t units)
{
	s->k++;
	s->sequence++;
	s->dbc += units;
	s->position += units;
	s->segment_units += units;
	s->units += units;
}

static void enqueue(struct talk_stream *s, const struct talk_slot *slot)
{
	s->queue[s->n_queue++] = slot - s->slots;
}

static void drain(struct talk_stream *s, uint64_t due_ns)
{
	for (uint32_t i = 0; i < s->n_queue; i++) {
		struct talk_wire *wire = &s->slots[s->queue[i]].wire;

		wire->due_ns = due_ns;
		s->setup->emit(s->setup->emit_ctx, wire);
		s->wired++;
	}
	s->n_queue = 0;
}

/* A second delay does not begin within the first: slots are finite. */
static void route(struct talk_stream *s, struct talk_slot *slot,
		  const struct talk_decision *d)
{
	enum talk_fault fault = d->wire;

	if (fault == TALK_DELAY) {
		if (slot->wire.index < s->blocked_until)
			fault = TALK_N_RANDOM;
		else
			s->blocked_until = slot->wire.index + d->delay;
		slot->wire.fault = fault;
	}
	if (fault < TALK_N_RANDOM)
		note(s, fault);
	slot->held = fault == TALK_REORDER;
	if (fault != TALK_LOSE && fault != TALK_REORDER)
		enqueue(s, slot);
	if (fault == TALK_REPEAT)
		enqueue(s, slot);
}

static void release(struct talk_stream *s, struct talk_slot *slot)
{
	if (slot->held)
		enqueue(s, slot);
	slot->held = false;
}

bool talk_stream_step(struct talk_stream *s)
{
	uint64_t k = s->k, due_ns;
	struct talk_decision d;
	struct talk_slot *slot;

	if (k >= s->plan.end)
		return false;
	talk_fault_at(&s->plan, k, &d);
	apply_talker(s, &d);
	due_ns = talk_stream_due_ns(s);
	slot = build(s, &d);
	advance(s, slot->wire.units);
	if (k >= s->blocked_until) /* before another delay may begin */
		drain(s, due_ns);
	route(s, slot, &d);
	if (k >= TALK_REORDER_BY)
		release(s, slot_of(s, k - TALK_REORDER_BY));
	if (k >= s->blocked_until)
		drain(s, due_ns);
	return true;
}

void talk_stream_flush(struct talk_stream *s)
{
	for (uint64_t k = s->k > TALK_SLOTS ? s->k - TALK_SLOTS : 0; k < s->k;
	     k++)
		release(s, slot_of(s, k));
	drain(s, talk_stream_due_ns(s));
}

uint64_t talk_frames_for_units(const struct talk_setup *setup, uint64_t units)
{
	const struct talk_format *format = &setup->format;
	struct talk_pace pace;
	uint64_t k, first = 0;

	for (k = 0; units; k++) {
		struct talk_decision d;
		uint32_t n;

		talk_fault_at(&setup->plan, k, &d);
		if (d.change)
			format = &d.change->format;
		if (!k || d.change || d.talker >> TALK_RESTART & 1) {
			first = k;
			pace_of(&pace, setup, format);
		}
		n = talk_pace_units(&pace, k - first);
		units -= n < units ? n : units;
	}
	return k;
}

uint64_t talk_frames_for_ns(const struct talk_setup *setup, uint64_t ns)
{
	const struct talk_plan *plan = &setup->plan;
	const struct talk_format *format = &setup->format;
	uint64_t first = 0;

	for (uint32_t i = 0;; i++) {
		uint64_t until = i < plan->n_changes ? plan->changes[i].frame :
						       UINT64_MAX;
		struct talk_pace pace;
		uint64_t k;

		pace_of(&pace, setup, format);
		k = ns / talk_pace_interval_ns(&pace);
		while (k && talk_pace_packet_ns(&pace, k - 1) >= ns)
			k--;
		while (talk_pace_packet_ns(&pace, k) < ns)
			k++;
		if (k <= until - first)
			return first + k;
		ns -= talk_pace_packet_ns(&pace, until - first);
		first = until;
		format = &plan->changes[i].format;
	}
}
