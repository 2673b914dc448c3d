// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* New talkers, new formats, frames that cannot begin an epoch, skipped ones. */
#include "test.h"

#define C(name) AVTPMAP_C_##name

static void format_change(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.pdu.format_raw = AAF_RAW(2, 7, 8, 24);
	s.pdu.data_bytes = 12 * 32;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	assert_int_equal(s.e.events, AVTPMAP_EV_EPOCH);
	assert_int_equal(s.e.media_pos, 48);
	assert_int_equal(s.e.units, 12);
	assert_int_equal(s.hdr.epoch, 2);
	assert_int_equal(s.hdr.format_seq, 4);
	assert_int_equal(s.hdr.format.rate_hz, 96000);
	assert_int_equal(s.hdr.format.channels, 8);
	assert_counters(&s, C(FORMAT_CHANGED), 1, C(STREAM_INTERRUPTED), 1, -1);
}

static void unsupported_format(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	s.pdu.format_raw = AAF_RAW(4, 11, 2, 16); /* no such rate */
	assert_int_equal(stream_next(&s), 0);
	assert_int_equal(s.a.epoch, 0);
	assert_int_equal(s.hdr.format_seq, 0);
	s.pdu.format_raw = AAF_RAW(4, 5, 2, 16);
	stream_settle(&s);
	s.pdu.format_raw = AAF_RAW(4, 11, 2, 16);
	assert_int_equal(stream_next(&s), 0);
	assert_int_equal(s.e.flags & AVTPMAP_F_EPOCH, 0);
	assert_int_equal(s.hdr.epoch, 1);
	assert_counters(&s, C(UNSUPPORTED_FORMAT), 2, -1);
}

/* A frame that is refused leaves no trace: the epoch starts with the next. */
static void malformed_cannot_begin(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	s.pdu.data_bytes = 23;
	assert_int_equal(stream_next(&s), 0);
	s.pdu.data_bytes = 0;
	assert_int_equal(stream_next(&s), 0);
	assert_int_equal(s.a.epoch, 0);
	s.pdu.data_bytes = 24;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	assert_int_equal(s.hdr.epoch, 1);
	stream_settle(&s);

	s.now_ns += AVTPMAP_SILENCE_NS; /* another talker: the same */
	s.pdu.src_mac = OTHER_TALKER;
	s.pdu.data_bytes = 23;
	s.pdu.sequence -= 7;
	assert_int_equal(stream_next(&s), 0);
	assert_int_equal(s.e.events, 0);
	assert_int_equal(s.a.epoch, 1);
	s.pdu.data_bytes = 24;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	assert_int_equal(s.a.epoch, 2);
	assert_counters(&s, C(MALFORMED), 3, C(TALKER_CHANGED), 1,
			C(STREAM_INTERRUPTED), 1, -1);
}

/* In the stream: counted, passed, and its place in the sequence is a hole. */
static void malformed_inside(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	stream_lose(&s, 2);
	s.pdu.data_bytes = 25;
	assert_int_equal(stream_next(&s), 0);
	assert_counters(&s, C(MALFORMED), 1, -1);
	s.pdu.data_bytes = 24;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost, 3);
	assert_counters(&s, C(MALFORMED), 1, C(SEQ_NUM_MISMATCH), 1,
			C(FRAMES_LOST), 3, -1);
}

static void talker_conflict(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	for (int i = 0; i < 100; i++) {
		s.pdu.src_mac = OTHER_TALKER;
		s.pdu.sequence += 77;
		s.pdu.format_raw = AAF_RAW(2, 5, 8, 32);
		assert_int_equal(stream_frame(&s), 0);
		assert_int_equal(s.e.events, AVTPMAP_EV_CONFLICT);
		s.pdu.src_mac = TALKER;
		s.pdu.sequence -= 77;
		s.pdu.format_raw = AAF_RAW(4, 5, 2, 16);
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.events, 0);
	}
	assert_int_equal(s.a.media_pos, 6 * 108);
	assert_counters(&s, C(CONFLICT), 100, -1); /* none of it is loss */
}

static void talker_change(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.pdu.src_mac = OTHER_TALKER;
	s.pdu.sequence = 200;
	s.now_ns += AVTPMAP_SILENCE_NS - 2 * FRAME_NS;
	assert_int_equal(stream_frame(&s), 0); /* just too early */
	assert_int_equal(stream_frame(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	assert_int_equal(s.e.media_pos, 48);
	assert_int_equal(s.hdr.epoch, 2);
	s.pdu.src_mac = TALKER; /* now it is the other */
	assert_int_equal(stream_frame(&s), 0);
	assert_counters(&s, C(CONFLICT), 2, C(TALKER_CHANGED), 1,
			C(STREAM_INTERRUPTED), 1, -1);
}

static void talker_without_an_address(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	s.pdu.src_mac = 0;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	assert_int_equal(s.hdr.epoch, 1);
	assert_counters(&s, -1);
}

/* The same talker, the same id, from the start again. */
static void restart(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	s.pdu.sequence = 100;
	for (int i = 0; i < 20; i++)
		assert_int_equal(stream_next(&s), 1);
	s.now_ns += 50000000;
	s.pdu.sequence = 0;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	assert_int_equal(s.e.media_pos, 120);
	stream_settle(&s);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(RESYNC), 1,
			C(STREAM_INTERRUPTED), 1, -1);
}

/* Frames that the ring cannot hold arrived: not lost, but their media is. */
static void skipped(void **state)
{
	static const enum avtpmap_counter reasons[] = { C(TOO_LONG),
							C(MULTIBUF) };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(reasons); i++) {
		struct stream s;

		stream_init(&s);
		stream_settle(&s);
		s.pdu.data_bytes = 2400;
		for (int j = 0; j < 2; j++, s.pdu.sequence++)
			avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, reasons[i],
					     s.now_ns);
		s.pdu.data_bytes = 24;
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.lost, 0);
		assert_int_equal(s.e.lost_units, 1200);
		assert_int_equal(s.e.media_pos, 1248);
		assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_GAP);
		assert_int_equal(s.e.events, AVTPMAP_EV_GAP);
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.lost_units, 0);
		assert_counters(&s, reasons[i], 2, -1);
	}
}

/* Loss before and behind a skipped frame: the skipped one is not lost too. */
static void skipped_amid_loss(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	stream_lose(&s, 2);
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG), s.now_ns);
	s.pdu.sequence++;
	assert_counters(&s, C(TOO_LONG), 1, C(SEQ_NUM_MISMATCH), 1,
			C(FRAMES_LOST), 2, -1);
	stream_lose(&s, 3);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost, 5);
	assert_int_equal(s.e.lost_units, 36);
	assert_int_equal(s.e.media_pos, 48 + 36);
	assert_counters(&s, C(TOO_LONG), 1, C(SEQ_NUM_MISMATCH), 2,
			C(FRAMES_LOST), 5, -1);
}

/* What was skipped in one epoch is no gap in the next. */
static void skipped_before_an_epoch(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	stream_lose(&s, 2);
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG), s.now_ns);
	s.pdu.sequence++;
	s.pdu.format_raw = AAF_RAW(2, 5, 1, 32);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	assert_int_equal(s.e.lost, 0);
	assert_int_equal(s.e.lost_units, 0);
	assert_int_equal(s.e.media_pos, 48);
}

/* A late frame's place is before those that passed, which came after it. */
static void late_behind_skipped(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG),
			     s.now_ns); /* 8 */
	s.pdu.sequence = 6;
	assert_int_equal(stream_frame(&s), 1);
	assert_int_equal(s.e.flags & AVTPMAP_F_LATE, AVTPMAP_F_LATE);
	assert_int_equal(s.e.media_pos, 36);
	s.pdu.sequence = 9;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.media_pos, 54);
}

/* What is not of the epoch is counted by its reason and touches nothing. */
static void skipped_strangers(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG), s.now_ns);
	assert_int_equal(s.a.epoch, 0);
	stream_settle(&s);
	s.pdu.src_mac = OTHER_TALKER;
	s.pdu.sequence += 5;
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG), s.now_ns);
	s.pdu.src_mac = TALKER;
	s.pdu.sequence -= 6; /* duplicate */
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG), s.now_ns);
	s.pdu.sequence++;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV);
	assert_int_equal(s.a.media_pos, 54);
	assert_counters(&s, C(TOO_LONG), 3, -1);
}

/* Packets, with no rate: their format changes with what describes them. */
static void formats_of_packets(void **state)
{
	static const __u64 rows[] = {
		AAF_RAW(4, 0, 2, 16), /* user rate */
		AAF_RAW(0, 5, 2, 16), /* user format */
		AAF_RAW(5, 5, 2, 0), /* AES3 */
	};
	struct stream s;

	(void)state;
	stream_init(&s);
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		s.pdu.format_raw = rows[i];
		stream_settle(&s);
		assert_int_equal(s.hdr.epoch, i + 1);
		assert_int_equal(s.hdr.format.unit, AVTPMAP_UNIT_PACKETS);
		assert_int_equal(s.hdr.format.rate_hz, 0);
		assert_int_equal(s.hdr.format.channels, 2);
		assert_int_equal(s.a.media_pos, (i + 1) * SETTLE_FRAMES);
	}
	assert_counters(&s, C(FORMAT_CHANGED), 2, C(STREAM_INTERRUPTED), 2, -1);
}

/* One that comes late is at what is laid down, however long those that passed. */
static void late_behind_a_long_one(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.pdu.data_bytes = 4 * 48;
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, AVTPMAP_C_TOO_LONG,
			     s.now_ns);
	s.pdu.data_bytes = 24;
	s.pdu.sequence--;
	assert_int_equal(stream_frame(&s), 1);
	assert_int_equal(s.e.flags & AVTPMAP_F_LATE, AVTPMAP_F_LATE);
	assert_in_range(s.e.media_pos, 0, 48);
	assert_int_equal(s.a.media_pos, 48);
	s.pdu.sequence += 2;
	assert_int_equal(stream_frame(&s), 1);
	assert_int_equal(s.e.media_pos, 96);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_change),
		cmocka_unit_test(unsupported_format),
		cmocka_unit_test(late_behind_a_long_one),
		cmocka_unit_test(formats_of_packets),
		cmocka_unit_test(malformed_cannot_begin),
		cmocka_unit_test(malformed_inside),
		cmocka_unit_test(talker_conflict),
		cmocka_unit_test(talker_change),
		cmocka_unit_test(talker_without_an_address),
		cmocka_unit_test(restart),
		cmocka_unit_test(skipped),
		cmocka_unit_test(skipped_amid_loss),
		cmocka_unit_test(skipped_before_an_epoch),
		cmocka_unit_test(late_behind_skipped),
		cmocka_unit_test(skipped_strangers),
	};

	return cmocka_run_group_tests_name("epoch", tests, NULL, NULL);
}
