// SPDX-License-Identifier: GPL-2.0
/* Sequence, media position, epochs and counters of one stream's frames. */
#include <linux/slab.h>

#include "fixture.h"
#include "shared/account.h"
#include "shared/avtp.h"

enum { FRAME_NS = 125000 };

/* A stream's accounts, the frame about to come, and what became of it. */
struct books {
	struct avtpmap_account a;
	struct avtpmap_ring_hdr hdr;
	struct avtpmap_pdu pdu;
	struct avtpmap_entry e;
	u64 now_ns;
};

/* IEC 61883-6 AM824, stereo, 48 kHz: DBC says how many units are missing. */
static struct books *books_make(struct kunit *test)
{
	struct books *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->pdu.subtype = AVTPMAP_SUB_61883_IIDC;
	b->pdu.src_mac = TALKER_MAC;
	b->pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_61883_IIDC, 0x01100202);
	b->pdu.data_bytes = 6 * 8;
	b->pdu.len_bytes = 32 + 6 * 8;
	b->pdu.flags = AVTPMAP_F_TV;
	b->now_ns = NSEC_PER_SEC;
	return b;
}

static int arrives(struct books *b)
{
	b->now_ns += FRAME_NS;
	return avtpmap_account(&b->a, &b->hdr, &b->pdu, b->now_ns, &b->e);
}

/* The frame arrives, or is lost, and the talker goes on to the next. */
static void next_frame(struct books *b, bool lost)
{
	if (!lost)
		arrives(b);
	b->pdu.sequence++;
	b->pdu.dbc += b->pdu.data_bytes / 8;
}

static void settle(struct books *b)
{
	int i;

	for (i = 0; i < SETTLE_FRAMES; i++)
		next_frame(b, false);
}

#define EXPECT_COUNT(test, b, c, n) \
	KUNIT_EXPECT_EQ(test, (b)->hdr.counters[AVTPMAP_C_##c], n)

/* ---- one cause each ---- */

static void account_every_gap(struct kunit *test)
{
	u32 lost;

	for (lost = 1; lost < 255 - LATE_MAX; lost++) {
		struct books *b = books_make(test);
		bool known = lost <= LOST_MAX;

		settle(b);
		b->pdu.sequence += lost;
		b->pdu.dbc += 6 * lost;
		KUNIT_EXPECT_EQ(test, arrives(b), 1);
		EXPECT_COUNT(test, b, SEQ_NUM_MISMATCH, 1);
		EXPECT_COUNT(test, b, FRAMES_LOST, known ? lost : 0);
		EXPECT_COUNT(test, b, RESYNC, !known);
		KUNIT_EXPECT_EQ(test, b->e.lost, known ? lost : 0);
		KUNIT_EXPECT_EQ(test, b->e.lost_units, known ? 6 * lost : 0);
		KUNIT_EXPECT_EQ(test, b->e.media_pos, 48 + b->e.lost_units);
		KUNIT_EXPECT_TRUE(test, b->e.events & AVTPMAP_EV_GAP);
		KUNIT_EXPECT_EQ(test, b->a.epoch, known ? 1 : 2);
	}
}

static void account_late_and_duplicate(struct kunit *test)
{
	u32 back;

	for (back = 0; back <= LATE_MAX; back++) {
		struct books *b = books_make(test);

		settle(b);
		b->pdu.sequence -= back + 1;
		KUNIT_EXPECT_EQ(test, arrives(b), 1);
		EXPECT_COUNT(test, b, FRAMES_DUPLICATE, !back);
		EXPECT_COUNT(test, b, FRAMES_LATE, back ? 1 : 0);
		EXPECT_COUNT(test, b, FRAMES_LOST, 0);
		KUNIT_EXPECT_EQ(test, b->e.units, 0);
		KUNIT_EXPECT_EQ(test, b->a.media_pos, 48);
		b->pdu.sequence += back + 1;
		arrives(b);
		KUNIT_EXPECT_EQ(test, b->e.media_pos, 48);
		KUNIT_EXPECT_EQ(test, b->a.epoch, 1);
	}
}

/* A talker that goes back a little and stays there is followed in the end. */
static void account_stays_behind(struct kunit *test)
{
	struct books *b = books_make(test);
	int i;

	settle(b);
	for (i = 0; i < STALE_MAX; i++) {
		b->pdu.sequence = SETTLE_FRAMES - 5;
		arrives(b);
	}
	KUNIT_EXPECT_EQ(test, b->a.epoch, 1);
	arrives(b);
	KUNIT_EXPECT_EQ(test, b->a.epoch, 2);
	EXPECT_COUNT(test, b, RESYNC, 1);
	EXPECT_COUNT(test, b, FRAMES_LATE, STALE_MAX);
}

static void account_bits_toggle(struct kunit *test)
{
	struct books *b = books_make(test);

	settle(b);
	b->pdu.mr = 1;
	next_frame(b, false);
	KUNIT_EXPECT_TRUE(test, b->e.flags & AVTPMAP_F_MR);
	KUNIT_EXPECT_TRUE(test, b->e.events & AVTPMAP_EV_RESET);
	next_frame(b, false);		/* a toggle, not a pulse */
	KUNIT_EXPECT_FALSE(test, b->e.flags & AVTPMAP_F_MR);
	b->pdu.mr = 0;
	b->pdu.flags |= AVTPMAP_F_TU;
	next_frame(b, false);
	KUNIT_EXPECT_EQ(test, b->e.events, AVTPMAP_EV_RESET | AVTPMAP_EV_UNCERTAIN);
	next_frame(b, false);
	KUNIT_EXPECT_EQ(test, b->e.events, 0);
	EXPECT_COUNT(test, b, MEDIA_RESET, 2);
	EXPECT_COUNT(test, b, TIMESTAMP_UNCERTAIN, 1);
}

/* NO-DATA advances the sequence and nothing else. */
static void account_no_data(struct kunit *test)
{
	struct books *b = books_make(test);
	u64 format_raw = b->pdu.format_raw;
	u32 data_bytes = b->pdu.data_bytes;

	b->pdu.format_raw = 0;
	b->pdu.flags |= AVTPMAP_F_NODATA;
	KUNIT_EXPECT_EQ(test, arrives(b), 0);	/* no stream begins with it */
	KUNIT_EXPECT_EQ(test, b->e.refused, AVTPMAP_C_NO_FORMAT);
	EXPECT_COUNT(test, b, NO_FORMAT, 1);
	EXPECT_COUNT(test, b, UNSUPPORTED_FORMAT, 0);
	b->pdu.format_raw = format_raw;
	b->pdu.flags = AVTPMAP_F_TV;
	settle(b);
	b->pdu.format_raw = 0;
	b->pdu.data_bytes = 0;
	b->pdu.flags |= AVTPMAP_F_NODATA;
	next_frame(b, false);
	KUNIT_EXPECT_EQ(test, b->e.units, 0);
	b->pdu.format_raw = format_raw;
	b->pdu.data_bytes = data_bytes;
	b->pdu.flags = AVTPMAP_F_TV;
	next_frame(b, false);
	KUNIT_EXPECT_EQ(test, b->e.media_pos, 48);
	EXPECT_COUNT(test, b, SEQ_NUM_MISMATCH, 0);
	EXPECT_COUNT(test, b, DBC_MISMATCH, 0);
	KUNIT_EXPECT_EQ(test, b->a.epoch, 1);
}

static void account_dbc_alone(struct kunit *test)
{
	struct books *b = books_make(test);

	settle(b);
	b->pdu.dbc += 12;
	next_frame(b, false);
	EXPECT_COUNT(test, b, DBC_MISMATCH, 1);
	EXPECT_COUNT(test, b, SEQ_NUM_MISMATCH, 0);
	KUNIT_EXPECT_EQ(test, b->e.media_pos, 48 + 12);
	KUNIT_EXPECT_EQ(test, b->e.lost, 0);
	next_frame(b, false);
	EXPECT_COUNT(test, b, DBC_MISMATCH, 1);
}

/* A second talker is reported, not followed; after a silence it is. */
static void account_talkers(struct kunit *test)
{
	struct books *b = books_make(test);

	settle(b);
	b->pdu.src_mac++;
	KUNIT_EXPECT_EQ(test, arrives(b), 0);
	KUNIT_EXPECT_EQ(test, b->e.events, AVTPMAP_EV_CONFLICT);
	EXPECT_COUNT(test, b, CONFLICT, 1);
	b->pdu.src_mac--;
	next_frame(b, false);
	EXPECT_COUNT(test, b, SEQ_NUM_MISMATCH, 0);
	b->pdu.src_mac++;
	b->now_ns += AVTPMAP_SILENCE_NS;
	KUNIT_EXPECT_EQ(test, arrives(b), 1);
	EXPECT_COUNT(test, b, TALKER_CHANGED, 1);
	EXPECT_COUNT(test, b, STREAM_INTERRUPTED, 1);
	EXPECT_COUNT(test, b, FRAMES_LOST, 0);
	KUNIT_EXPECT_EQ(test, b->a.epoch, 2);
	KUNIT_EXPECT_TRUE(test, b->e.flags & AVTPMAP_F_EPOCH);
	KUNIT_EXPECT_EQ(test, b->e.media_pos, 54);	/* never repeats */
}

static void account_format_changes(struct kunit *test)
{
	struct books *b = books_make(test);

	settle(b);
	b->pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_61883_IIDC, 0x01100404);
	next_frame(b, false);		/* 96 kHz, 4 channels: 3 units */
	EXPECT_COUNT(test, b, FORMAT_CHANGED, 1);
	KUNIT_EXPECT_EQ(test, b->a.epoch, 2);
	KUNIT_EXPECT_EQ(test, b->e.units, 3);
	KUNIT_EXPECT_EQ(test, b->a.rate_hz, 96000);
	KUNIT_EXPECT_EQ(test, b->hdr.format.channels, 4);
	KUNIT_EXPECT_EQ(test, b->hdr.format_seq, 4);
	b->pdu.data_bytes = 50;		/* no whole block */
	KUNIT_EXPECT_EQ(test, arrives(b), 0);
	EXPECT_COUNT(test, b, MALFORMED, 1);
	b->pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_61883_IIDC, 0x01100704);
	KUNIT_EXPECT_EQ(test, arrives(b), 0);	/* no such rate */
	EXPECT_COUNT(test, b, UNSUPPORTED_FORMAT, 1);
	KUNIT_EXPECT_EQ(test, b->a.epoch, 2);
}

/* ---- all at once, against a model ---- */

/* What an observer knows who sees the true number of each frame. */
struct truth {
	u64 newest;
	u64 lost;
	u64 late;
	u64 duplicate;
	u64 mismatch;
};

static void observe(struct truth *t, u64 number)
{
	if (number == t->newest + 1) {
		t->newest = number;
		return;
	}
	t->mismatch++;
	if (number > t->newest) {
		t->lost += number - t->newest - 1;
		t->newest = number;
	} else if (number == t->newest) {
		t->duplicate++;
	} else {
		t->late++;
	}
}

/* Frames are numbered from 1 and have 5 or 6 units, as at 44.1 kHz. */
static u64 units_before(u64 number)
{
	return (number - 1) * 441 / 80;
}

static void number_arrives(struct kunit *test, struct books *b, struct truth *t,
			   u64 number)
{
	u64 pos = units_before(number);
	bool newer = number > t->newest;

	b->pdu.sequence = number;
	b->pdu.dbc = pos;
	b->pdu.data_bytes = 8 * (units_before(number + 1) - pos);
	KUNIT_EXPECT_EQ(test, arrives(b), 1);
	observe(t, number);
	if (newer)
		KUNIT_EXPECT_EQ(test, b->e.media_pos, pos);
	KUNIT_EXPECT_EQ(test, b->a.media_pos, units_before(t->newest + 1));
}

static void account_random_faults(struct kunit *test)
{
	struct books *b = books_make(test);
	u64 seed = 61883, number = 1;
	struct truth t = {};

	b->pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_61883_IIDC, 0x01100102);
	for (; number <= SETTLE_FRAMES; number++)
		number_arrives(test, b, &t, number);
	while (number < 20000) {
		u32 fault = dice(&seed) % 100;

		if (fault == 0) {			/* lost: up to what is known */
			number += 1 + dice(&seed) % (dice(&seed) % 8 ? 3 : 35);
		} else if (fault == 1) {		/* twice */
			number_arrives(test, b, &t, number);
			number_arrives(test, b, &t, number++);
		} else if (fault == 2) {		/* overtaken by one */
			number_arrives(test, b, &t, number + 1);
			number_arrives(test, b, &t, number);
			number += 2;
		}
		number_arrives(test, b, &t, number++);
	}
	KUNIT_EXPECT_GT(test, t.lost * t.late * t.duplicate, 0);
	EXPECT_COUNT(test, b, FRAMES_LOST, t.lost);
	EXPECT_COUNT(test, b, FRAMES_LATE, t.late);
	EXPECT_COUNT(test, b, FRAMES_DUPLICATE, t.duplicate);
	EXPECT_COUNT(test, b, SEQ_NUM_MISMATCH, t.mismatch);
	EXPECT_COUNT(test, b, RESYNC, 0);
	EXPECT_COUNT(test, b, DBC_MISMATCH, 0);
	KUNIT_EXPECT_EQ(test, b->a.epoch, 1);
}

static struct kunit_case account_cases[] = {
	KUNIT_CASE(account_every_gap),
	KUNIT_CASE(account_late_and_duplicate),
	KUNIT_CASE(account_stays_behind),
	KUNIT_CASE(account_bits_toggle),
	KUNIT_CASE(account_no_data),
	KUNIT_CASE(account_dbc_alone),
	KUNIT_CASE(account_talkers),
	KUNIT_CASE(account_format_changes),
	KUNIT_CASE(account_random_faults),
	{}
};

static struct kunit_suite account_suite = {
	.name = "avtpmap_account",
	.test_cases = account_cases,
};

kunit_test_suite(account_suite);
