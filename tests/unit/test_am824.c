// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* IEC 61883-6: DBC beside sequence_num, NO-DATA, uneven packets, real frames. */
#include "test.h"

#include "../frames.h"

#define C(name) AVTPMAP_C_##name

static void dbc_in_order(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	s.pdu.dbc = 114;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.media_pos, 6 * i);
		assert_int_equal(s.e.events, 0);
	}
	assert_counters(&s, -1);
}

static void dbc_jumps_sequence_does_not(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	stream_settle(&s);
	s.pdu.dbc += 12;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_DBC);
	assert_int_equal(s.e.events, AVTPMAP_EV_GAP);
	assert_int_equal(s.e.lost, 0);
	assert_int_equal(s.e.lost_units, 12);
	assert_int_equal(s.e.media_pos, 60);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV);
	for (int i = 0; i < DBC_FRAMES; i++)
		assert_int_equal(stream_next(&s), 1);
	s.pdu.dbc -= 6; /* backwards: nothing to fill */
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_DBC);
	assert_int_equal(s.e.lost_units, 0);
	assert_int_equal(s.e.media_pos, 72 + 6 * DBC_FRAMES);
	assert_int_equal(stream_next(&s), 1);
	assert_counters(&s, C(DBC_MISMATCH), 2, -1);
}

/* Ways to count that are not the standard's: counted, and nothing is inserted. */
static void dbc_counts_otherwise(void **state)
{
	enum { QUADLETS, END, AHEAD, STUCK, NODATA_COUNTS, N_WAYS };

	(void)state;
	for (int way = 0; way < N_WAYS; way++) {
		struct stream s;
		__u64 pos = 0, owed = 0;
		__u8 dbc = 0;

		stream_init_am824(&s);
		s.pdu.format_raw = CIP_RAW(way == END ? 0x03 : 0x02, 2);
		for (int i = 1; i < 3000; i++) {
			int empty = way >= AHEAD && i % 4 == 0;
			int n = way < AHEAD ? 6 : 8;

			if (way == END) { /* 88.2 kHz: 11, 1 in 40 times 12 */
				n = (owed + 88200) / 8000;
				owed = (owed + 88200) % 8000;
				dbc += n;
			}
			s.pdu.dbc = way == STUCK	  ? 0 :
				    empty && way == AHEAD ? dbc + 8 :
							    dbc;
			s.pdu.data_bytes = empty ? 0 : 8 * n;
			s.pdu.flags = empty ? AVTPMAP_F_NODATA : AVTPMAP_F_TV;
			s.pdu.sequence = i;
			assert_int_equal(stream_frame(&s), 1);
			assert_int_equal(s.e.media_pos, pos);
			assert_int_equal(s.e.events, 0);
			pos += empty ? 0 : n;
			dbc += way == QUADLETS ? 2 * n :
			       way == AHEAD    ? (empty ? 0 : n) :
			       way == END      ? 0 :
						 n;
		}
		assert_true(way == AHEAD || counter(&s, C(DBC_MISMATCH)) > 100);
		assert_int_equal(s.a.epoch, 1);
	}
}

/* IEC 61883-4: packets, whose blocks are counted all the same. */
static void dbc_of_a_transport_stream(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	s.pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_61883_IIDC, 0x01200006);
	s.pdu.data_bytes = 192;
	for (int i = 0; i < 200; i++) {
		s.pdu.dbc = 8 * i + 40 * (i >= 100);
		s.pdu.sequence = i;
		assert_int_equal(stream_frame(&s), 1);
		assert_int_equal(s.e.events, i == 100 ? AVTPMAP_EV_GAP : 0);
		assert_int_equal(s.e.flags & AVTPMAP_F_DBC,
				 i == 100 ? AVTPMAP_F_DBC : 0);
		assert_int_equal(s.e.media_pos, i);
	}
	assert_counters(&s, C(DBC_MISMATCH), 1, -1);
}

static void settle_window_has_no_dbc(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	for (int i = 0; i < SETTLE_FRAMES; i++) {
		assert_int_equal(stream_next(&s), 1);
		s.pdu.dbc += i < SETTLE_FRAMES - 1 ? 12 : 0;
	}
	assert_int_equal(stream_next(&s), 1);
	assert_counters(&s, -1);
}

/* Lost frames of uneven size: DBC knows what they held. */
static void dbc_tells_what_was_lost(void **state)
{
	static const int held[] = { 0, 6, 10, 12, 14, 20, 100 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(held); i++) {
		struct stream s;

		stream_init_am824(&s);
		stream_settle(&s);
		s.pdu.sequence += 2;
		s.pdu.dbc += held[i];
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.lost, 2);
		assert_int_equal(s.e.lost_units, held[i]);
		assert_int_equal(s.e.media_pos, 48 + held[i]);
		assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_GAP);
		assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(FRAMES_LOST), 2,
				-1);
	}
}

/* More blocks than DBC can tell apart: the frames say which multiple of 256. */
static void dbc_wraps_within_the_loss(void **state)
{
	(void)state;
	for (int n = 1; n <= 127; n++) {
		struct stream s;

		stream_init_am824(&s);
		stream_settle(&s);
		stream_lose(&s, n);
		s.pdu.dbc += 3; /* and one held more */
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.lost_units, 6 * n + 3);
	}
}

static void skipped_keeps_dbc(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	stream_settle(&s);
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG), s.now_ns);
	s.pdu.sequence++;
	s.pdu.dbc += 6;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost_units, 6);
	assert_counters(&s, C(TOO_LONG), 1, -1);
}

static void dbc_jumps_before_skipped(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	stream_settle(&s);
	s.pdu.dbc += 10;
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG), s.now_ns);
	s.pdu.sequence++;
	s.pdu.dbc += 6;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost_units, 16);
	assert_int_equal(s.e.media_pos, 64);
	assert_counters(&s, C(TOO_LONG), 1, C(DBC_MISMATCH), 1, -1);
}

/* Blocking mode: 8 blocks or none; NO-DATA advances the sequence alone. */
static void blocking_mode(void **state)
{
	struct stream s;
	__u64 pos = 0;
	int blocks = 0;

	(void)state;
	stream_init_am824(&s);
	s.pdu.data_bytes = 64;
	for (int i = 0; i < 1000; i++) {
		blocks += 6;
		if (i && blocks < 8) {
			s.pdu.flags = AVTPMAP_F_NODATA;
			s.pdu.format_raw = 0;
			s.pdu.data_bytes = 64; /* dummies */
			assert_int_equal(stream_frame(&s), 1);
			assert_int_equal(s.e.units, 0);
		} else {
			blocks -= blocks < 8 ? blocks : 8;
			s.pdu.flags = AVTPMAP_F_TV;
			s.pdu.format_raw = CIP_RAW(0x02, 2);
			assert_int_equal(stream_frame(&s), 1);
			assert_int_equal(s.e.units, 8);
			s.pdu.dbc += 8;
		}
		assert_int_equal(s.e.media_pos, pos);
		pos += s.e.units;
		s.pdu.sequence++;
	}
	assert_true(pos > 5900);
	assert_int_equal(s.a.epoch, 1);
	assert_counters(&s, -1);
}

static void no_data_cannot_begin(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	s.pdu.flags = AVTPMAP_F_NODATA;
	s.pdu.format_raw = 0;
	for (int i = 0; i < 200; i++)
		assert_int_equal(stream_next(&s), 0);
	assert_int_equal(s.a.epoch, 0);
	s.pdu.flags = AVTPMAP_F_TV;
	s.pdu.format_raw = CIP_RAW(0x02, 2);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.hdr.epoch, 1);
	assert_int_equal(s.hdr.format.channels, 2);
	assert_counters(&s, C(NO_FORMAT), 200, -1);
}

/* It is of no stream but IEC 61883-6. */
static void no_data_elsewhere(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s); /* AAF */
	stream_settle(&s);
	s.pdu.subtype = AVTPMAP_SUB_61883_IIDC;
	s.pdu.flags = AVTPMAP_F_NODATA;
	s.pdu.format_raw = 0;
	assert_int_equal(stream_frame(&s), 0);
	stream_init_am824(&s); /* IEC 61883-4 */
	s.pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_61883_IIDC, 0x0120ff06);
	stream_settle(&s);
	s.pdu.flags = AVTPMAP_F_NODATA;
	s.pdu.format_raw = 0;
	assert_int_equal(stream_frame(&s), 0);
	assert_int_equal(s.a.epoch, 1);
	assert_counters(&s, C(UNSUPPORTED_FORMAT), 1, -1);
}

/* A jump seen first by a NO-DATA frame: the format is the one it had. */
static void no_data_resync(void **state)
{
	struct stream s;

	(void)state;
	stream_init_am824(&s);
	stream_settle(&s);
	s.pdu.sequence += 180;
	s.pdu.flags = AVTPMAP_F_NODATA;
	s.pdu.format_raw = 0;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_NODATA | AVTPMAP_F_EPOCH);
	assert_int_equal(s.hdr.format.channels, 2);
	s.pdu.flags = AVTPMAP_F_TV;
	s.pdu.format_raw = CIP_RAW(0x02, 2);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.hdr.epoch, 2);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(RESYNC), 1,
			C(STREAM_INTERRUPTED), 1, -1);
}

/* 44.1 kHz at 8000 frames a second: 5 or 6 samples, 441 in every 80 frames. */
static void uneven_packets(void **state)
{
	struct stream s;
	__u64 pos = 0;

	(void)state;
	stream_init_am824(&s);
	s.pdu.format_raw = CIP_RAW(0x01, 2);
	for (int i = 0; i < 8000; i++) {
		int n = (i + 1) * 441 / 80 - i * 441 / 80;
		int lost = i % 1000 == 500;

		s.pdu.data_bytes = 8 * n;
		if (!lost) {
			assert_int_equal(stream_frame(&s), 1);
			assert_int_equal(s.e.units, n);
			assert_int_equal(s.e.media_pos, pos);
		}
		pos += n;
		s.pdu.dbc += n;
		s.pdu.sequence++;
		s.now_ns += lost ? FRAME_NS : 0;
	}
	assert_int_equal(pos, 44100);
	assert_int_equal(s.a.media_pos, 44100);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 8, C(FRAMES_LOST), 8, -1);
}

/* The values that the README of the vectors promises. */
static void motu_frames(void **state)
{
	struct stream s = { .now_ns = 1000000000 };
	__u32 last_ts = 0;
	int n = 0;

	(void)state;
	for (size_t i = 0; i < N_FRAMES; i++) {
		const struct frame_row *row = &frames[i];

		if (row->stream_id != MOTU_ID)
			continue;
		assert_int_equal(avtpmap_parse(&s.pdu, row->bytes,
					       row->bytes + row->len, row->len,
					       0, 0),
				 AVTPMAP_STREAM);
		assert_int_equal(stream_frame(&s), 1);
		assert_int_equal(s.e.media_pos, 6 * n);
		assert_int_equal(s.e.units, 6);
		assert_int_equal(s.pdu.dbc, 114 + 6 * n);
		assert_int_equal(!!(s.pdu.flags & AVTPMAP_F_TV),
				 n > 0 && n < 4);
		if (n == 2)
			assert_int_equal(s.pdu.avtp_timestamp - last_ts,
					 166671);
		if (n == 3)
			assert_int_equal(s.pdu.avtp_timestamp - last_ts,
					 166669);
		last_ts = s.pdu.avtp_timestamp;
		n++;
	}
	assert_int_equal(n, 5);
	assert_int_equal(s.hdr.format.channels, 8);
	assert_int_equal(s.hdr.format.rate_hz, 48000);
	assert_int_equal(s.hdr.format.encoding, AVTPMAP_ENC_AM824);
	assert_counters(&s, -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(dbc_in_order),
		cmocka_unit_test(dbc_jumps_sequence_does_not),
		cmocka_unit_test(dbc_counts_otherwise),
		cmocka_unit_test(dbc_of_a_transport_stream),
		cmocka_unit_test(settle_window_has_no_dbc),
		cmocka_unit_test(dbc_tells_what_was_lost),
		cmocka_unit_test(dbc_wraps_within_the_loss),
		cmocka_unit_test(skipped_keeps_dbc),
		cmocka_unit_test(dbc_jumps_before_skipped),
		cmocka_unit_test(blocking_mode),
		cmocka_unit_test(no_data_cannot_begin),
		cmocka_unit_test(no_data_elsewhere),
		cmocka_unit_test(no_data_resync),
		cmocka_unit_test(uneven_packets),
		cmocka_unit_test(motu_frames),
	};

	return cmocka_run_group_tests_name("am824", tests, NULL, NULL);
}
