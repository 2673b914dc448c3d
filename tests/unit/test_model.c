// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Long random runs of talkers with faults, octet by octet through parser,
 * accounts and ring, against the reference model: every counter, every slot.
 */
#include "test.h"

#include "model.h"
#include "ring.h"
#include "talker.h"

enum { ROOM_BYTES = 512 - 64, QUIET = SETTLE_FRAMES + 2 };

/**
 * struct profile - a talker's way of packing
 * @num: samples in @den frames, spread evenly
 * @blocking: IEC 61883-6 blocking mode: 8 samples or NO-DATA
 * @exact: where late frames belong, and where loss without DBC ends, is known
 * @lose_max: more would be ambiguous, see units_lost() in account.h
 */
struct profile {
	const char *name;
	__u8 subtype;
	__u32 specific;
	__u8 fdf;
	__u32 block_bytes;
	__u32 num;
	__u32 den;
	int blocking;
	int exact;
	__u32 lose_max;
};

static const struct profile profiles[] = {
	{ "aaf 48 kHz", AVTPMAP_SUB_AAF, 0x04500210, 0, 4, 6, 1, 0, 1, 127 },
	{ "aaf 96 kHz, 4 channels", AVTPMAP_SUB_AAF, 0x02700418, 0, 16, 12, 1,
	  0, 1, 127 },
	{ "aaf 44.1 kHz", AVTPMAP_SUB_AAF, 0x04400210, 0, 4, 441, 80, 0, 0,
	  127 },
	{ "am824 48 kHz", AVTPMAP_SUB_61883_IIDC, 0, 2, 8, 6, 1, 0, 1, 127 },
	{ "am824 44.1 kHz", AVTPMAP_SUB_61883_IIDC, 0, 1, 8, 441, 80, 0, 2,
	  127 },
	{ "am824 48 kHz blocking", AVTPMAP_SUB_61883_IIDC, 0, 2, 8, 6, 1, 1, 2,
	  60 },
};

/* A talker, the wire and both judges. */
struct run {
	const struct profile *p;
	__u64 seed;
	struct model_frame next; /* what the talker sends next */
	__u32 credit; /* samples / den that it owes */
	__u32 variant; /* of its format */
	struct model_frame held; /* overtaken by others */
	int hold; /* for so many frames */
	int quiet; /* so many frames without a fault */
	struct test_ring ring;
	struct model model;
	__u32 passed_holes;
	__u32 faults;
	__u32 orderly; /* frames since DBC jumped */
	__u32 jump; /* blocks that it will, where there are any */
};

static int is_am824(const struct run *r)
{
	return r->p->subtype == AVTPMAP_SUB_61883_IIDC;
}

static __u32 build(const struct run *r, const struct model_frame *f,
		   __u8 *frame)
{
	struct wire w = {
		.subtype = r->p->subtype,
		.sequence = f->index,
		.mr = f->mr,
		.tv = f->tv,
		.tu = f->tu,
		.dbc = f->sample,
		.fdf = r->p->fdf,
		.dbs = r->p->block_bytes / 4,
		.src_mac = f->talker,
		.specific = r->p->specific,
		.stream_id = 1,
		.data_bytes = f->units * r->p->block_bytes,
		.timestamp = f->time_ns,
		.padding = f->index % 40,
	};

	if (f->format == 2) { /* twice the channels */
		w.specific = (w.specific & ~0x3ff00) | (w.specific & 0x3ff00)
							       << 1;
		w.dbs *= 2;
		w.data_bytes *= 2;
	}
	if (f->nodata)
		w.fdf = 0xff;
	if (f->kind == MODEL_UNSUPPORTED)
		w.version = 1 + f->index % 7;
	if (f->kind == MODEL_MALFORMED)
		w.length_off = f->index % 2 ? (int)w.padding + 1 : -1;
	return build_frame(frame, &w);
}

static void deliver(struct run *r, const struct model_frame *f)
{
	__u8 frame[16384];
	__u32 len = build(r, f, frame);
	struct avtpmap_entry e;
	struct model_slot want;
	const struct avtpmap_slot *slot;
	int laid = test_ring_rx(&r->ring, frame, len, f->time_ns, &e);
	int exact;

	model_rx(&r->model, f, &r->passed_holes, &want);
	for (int c = 0; c < AVTPMAP_N_COUNTERS; c++)
		if (r->ring.hdr->counters[c] != r->model.counters[c])
			fail_msg("frame %llu: counter %d: %llu, expected %llu",
				 f->index, c, r->ring.hdr->counters[c],
				 r->model.counters[c]);
	assert_int_equal(laid, want.laid);
	if (!laid)
		return;
	slot = test_ring_slot(&r->ring, r->ring.head - 1);
	assert_int_equal(slot->flags & (AVTPMAP_F_EPOCH | AVTPMAP_F_GAP |
					AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE |
					AVTPMAP_F_DBC | AVTPMAP_F_MR),
			 want.flags);
	assert_int_equal(slot->lost, want.lost);
	assert_int_equal(slot->epoch, r->model.epoch);
	assert_int_equal(slot->units, want.units);
	assert_int_equal(slot->len_bytes, f->bytes);
	exact = r->p->exact == 1 ||
		(r->p->exact == 2 &&
		 !(want.flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE)));
	if (exact && slot->media_pos != want.media_pos)
		fail_msg("frame %llu: media_pos %llu, expected %llu", f->index,
			 slot->media_pos, want.media_pos);
	if (!r->p->exact && want.units) { /* a guess: the model follows */
		r->model.base += slot->media_pos - want.media_pos;
		r->model.end = slot->media_pos + want.units;
	}
	if (want.flags & AVTPMAP_F_EPOCH)
		r->quiet = QUIET;
}

/* The talker makes its next frame. */
static struct model_frame talk(struct run *r)
{
	struct model_frame f;
	__u32 header = is_am824(r) ? 32 : 24;

	r->credit += r->p->num;
	r->next.units = r->credit / r->p->den;
	if (r->p->blocking)
		r->next.units = r->credit >= 8 ? 8 : 0;
	r->credit -= r->next.units * r->p->den;
	if (r->jump && r->next.units) {
		r->next.sample += r->jump;
		r->jump = 0;
		r->orderly = 0;
	}
	r->orderly++;
	r->next.time_ns += FRAME_NS;
	r->next.tv = rnd_below(&r->seed, 8) != 0;
	f = r->next;
	f.dbc = is_am824(r);
	f.nodata = f.dbc && !f.units && f.index % 3; /* or just empty */
	f.bytes = header + f.units * r->p->block_bytes * f.format;
	r->next.index++;
	r->next.sample += f.units;
	return f;
}

static void lose(struct run *r, __u32 n)
{
	while (n--)
		talk(r);
}

/* Faults that change what is sent, not which of it comes. */
static void fault_in_bits(struct run *r, __u32 which)
{
	struct model_frame f;

	switch (which) {
	case 0:
		r->next.mr = !r->next.mr;
		break;
	case 1:
		r->next.tu = !r->next.tu;
		break;
	case 2:
		/* seldom, or it is the talker's way to count */
		if (is_am824(r) && r->orderly > 2000)
			r->jump = 2 + rnd_below(&r->seed, 100);
		break;
	default:
		f = talk(r);
		if (is_am824(r) && !f.units) /* needs a length to be wrong */
			break;
		f.kind = which == 3 ? MODEL_MALFORMED : MODEL_UNSUPPORTED;
		deliver(r, &f);
	}
}

static void fault_in_order(struct run *r, __u32 which)
{
	struct model_frame f;
	__u32 n;

	switch (which) {
	case 0:
		lose(r, 1 + rnd_below(&r->seed, 4));
		break;
	case 1:
		lose(r, 1 + rnd_below(&r->seed, r->p->lose_max));
		break;
	case 2:
		f = talk(r);
		deliver(r, &f);
		for (n = 1 + rnd_below(&r->seed, 3); n--; deliver(r, &f))
			f.time_ns += 1000;
		break;
	case 3: /* stuck: in the end a resync */
		f = talk(r);
		deliver(r, &f);
		for (n = 34 + rnd_below(&r->seed, 8); n--; deliver(r, &f))
			f.time_ns += 1000;
		break;
	case 4:
		r->held = talk(r);
		r->hold = 1 + rnd_below(&r->seed, 16);
		break;
	default: /* reordered by two */
		r->held = talk(r);
		r->hold = 2;
	}
}

/* New beginnings, and strangers. */
static void fault_of_life(struct run *r, __u32 which)
{
	struct model_frame f;

	switch (which) {
	case 0: /* longer than sequence_num can count */
		lose(r, 300 + rnd_below(&r->seed, 200));
		break;
	case 1: /* the talker jumps */
		r->next.index += 129 + rnd_below(&r->seed, 100);
		break;
	case 2: /* it starts again elsewhere */
		r->next.index += 1000 * 256 + 20 + rnd_below(&r->seed, 200);
		r->next.sample += rnd_below(&r->seed, 1000);
		r->next.time_ns += 60000000;
		break;
	case 3: /* another one takes over */
		r->next.talker ^= 0x100;
		r->next.index += rnd_below(&r->seed, 256);
		r->next.time_ns += AVTPMAP_SILENCE_NS;
		break;
	case 4:
		r->next.format ^= 3;
		break;
	default: /* another one butts in */
		f = r->next;
		f.talker ^= 0x200;
		f.index += rnd_below(&r->seed, 256);
		f.bytes = 0;
		deliver(r, &f);
	}
}

static void fault(struct run *r)
{
	r->faults++;
	switch (rnd_below(&r->seed, 3)) {
	case 0:
		fault_in_bits(r, rnd_below(&r->seed, 5));
		break;
	case 1:
		fault_in_order(r, rnd_below(&r->seed, 6));
		break;
	default:
		fault_of_life(r, rnd_below(&r->seed, 6));
	}
}

static void too_long(struct run *r)
{
	struct model_frame f;

	if (r->p->blocking) /* all its packets are of one length */
		return;
	lose(r, rnd_below(&r->seed, 3));
	r->credit += 200 * r->p->den;
	f = talk(r);
	f.kind = MODEL_TOO_LONG;
	deliver(r, &f);
}

static void run_profile(void **state)
{
	for (__u64 seed = 1; seed <= 10; seed++) {
		struct run r = { .p = *state,
				 .seed = seed * 0x9e3779b9,
				 .quiet = QUIET };

		r.next = (struct model_frame){ .talker = TALKER,
					       .format = 1,
					       .time_ns = 1000000000,
					       .index = seed * 77 };
		r.model.newest = ~0ull;
		test_ring_create(&r.ring, 64, ROOM_BYTES + 64);
		if (r.p->blocking) /* cannot begin with NO-DATA */
			r.credit = 8;
		for (int i = 0; i < 20000; i++) {
			struct model_frame f;

			if (r.hold && !--r.hold) {
				r.held.time_ns = r.next.time_ns;
				deliver(&r, &r.held);
			}
			if (r.quiet)
				r.quiet--;
			else if (!r.hold && !rnd_below(&r.seed, 12))
				fault(&r);
			else if (!r.hold && !rnd_below(&r.seed, 200))
				too_long(&r);
			f = talk(&r);
			deliver(&r, &f);
		}
		assert_true(r.faults > 300 && r.model.epoch > 50);
		test_ring_destroy(&r.ring);
	}
}

int main(void)
{
	struct CMUnitTest tests[N_ELEMS(profiles)];

	for (size_t i = 0; i < N_ELEMS(profiles); i++)
		tests[i] = (struct CMUnitTest){ profiles[i].name, run_profile,
						NULL, NULL,
						(void *)&profiles[i] };
	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
