// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What the steps of sequence_num mean: loss, late, duplicate, resync. */
#include "test.h"

#define C(name) AVTPMAP_C_##name

static void undisturbed(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	for (int i = 0; i < 1000; i++) { /* sequence_num wraps 3 times */
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.media_pos, 6 * i);
		assert_int_equal(s.e.units, 6);
		assert_int_equal(s.e.lost, 0);
		assert_int_equal(s.e.events, 0);
		assert_int_equal(s.e.flags, i ? AVTPMAP_F_TV :
						AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	}
	assert_int_equal(s.a.media_pos, 6000);
	assert_int_equal(s.hdr.epoch, 1);
	assert_int_equal(s.hdr.format_seq, 2);
	assert_int_equal(s.hdr.format.rate_hz, 48000);
	assert_counters(&s, -1);
}

static void loss(void **state)
{
	static const int losses[] = { 1, 2, 16, 100, 127 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(losses); i++)
		for (int first = 0; first < 256; first += 51) {
			struct stream s;
			int n = losses[i];

			stream_init(&s);
			s.pdu.sequence = first;
			stream_settle(&s);
			stream_lose(&s, n);
			assert_int_equal(stream_next(&s), 1);
			assert_int_equal(s.e.lost, n);
			assert_int_equal(s.e.lost_units, 6 * n);
			assert_int_equal(s.e.media_pos, 6 * (8 + n));
			assert_int_equal(s.e.events, AVTPMAP_EV_GAP);
			assert_int_equal(s.e.flags,
					 AVTPMAP_F_TV | AVTPMAP_F_GAP);
			assert_int_equal(stream_next(&s), 1);
			assert_int_equal(s.e.flags, AVTPMAP_F_TV);
			assert_int_equal(s.e.lost, 0);
			assert_int_equal(s.a.media_pos, 6 * (10 + n));
			assert_counters(&s, C(SEQ_NUM_MISMATCH), 1,
					C(FRAMES_LOST), n, -1);
		}
}

static void duplicate(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.pdu.sequence--;
	s.pdu.mr = 1; /* an old frame's bits are old news */
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_DUPLICATE);
	assert_int_equal(s.e.units, 0);
	assert_int_equal(s.e.media_pos, 42); /* the place it had */
	assert_int_equal(s.a.media_pos, 48);
	s.pdu.mr = 0;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.media_pos, 48);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(FRAMES_DUPLICATE), 1, -1);
}

/* Overtaken by n: those overtaken were counted as lost, and stay so. */
static void late(void **state)
{
	(void)state;
	for (int n = 1; n <= LATE_MAX; n++) {
		struct stream s;

		stream_init(&s);
		s.pdu.sequence = 250; /* across the wrap, too */
		stream_settle(&s);
		stream_settle(&s);
		stream_settle(&s);
		s.pdu.sequence -= n + 1;
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_LATE);
		assert_int_equal(s.e.units, 0);
		assert_int_equal(s.e.media_pos, 6 * (24 - 1 - n));
		assert_int_equal(s.a.media_pos, 6 * 24);
		assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(FRAMES_LATE), 1,
				-1);
	}
}

static void reordered_by_two(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s); /* next is 8: 10 comes first */
	s.pdu.sequence = 10;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost, 2);
	assert_int_equal(s.e.media_pos, 60);
	s.pdu.sequence = 8;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags & AVTPMAP_F_LATE, AVTPMAP_F_LATE);
	assert_int_equal(s.e.media_pos, 48);
	s.pdu.sequence = 9;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.media_pos, 54);
	s.pdu.sequence = 11;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.media_pos, 66);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 3, C(FRAMES_LOST), 2,
			C(FRAMES_LATE), 2, -1);
}

static void settle_window(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	for (int i = 0; i < SETTLE_FRAMES - 1; i++) {
		assert_int_equal(stream_next(&s), 1);
		stream_lose(&s, 3); /* not yet loss */
	}
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.a.media_pos, 48);
	assert_counters(&s, -1);
	stream_lose(&s, 3); /* but this is */
	assert_int_equal(stream_next(&s), 1);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(FRAMES_LOST), 3, -1);
}

/* Steps that are neither near past nor countable future. */
static void resync(void **state)
{
	(void)state;
	for (int delta = 1; delta < 256; delta++) {
		int jump = delta > LOST_MAX + 1 && delta < 256 - LATE_MAX;
		struct stream s;

		stream_init(&s);
		stream_settle(&s);
		s.pdu.sequence += delta - 1;
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.hdr.counters[C(RESYNC)], jump);
		assert_int_equal(s.a.epoch, 1 + jump);
		if (!jump)
			continue;
		assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
		assert_int_equal(s.e.events, AVTPMAP_EV_EPOCH | AVTPMAP_EV_GAP);
		assert_int_equal(s.e.media_pos, 48); /* goes on, never back */
		assert_int_equal(s.e.lost, 0);
		assert_int_equal(s.hdr.format_seq, 4);
		assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(RESYNC), 1,
				C(STREAM_INTERRUPTED), 1, -1);
	}
}

/* A silence that sequence_num cannot number: a small step says nothing. */
static void silence_longer_than_the_wrap(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.now_ns += (WRAP_FRAMES - 2) * FRAME_NS;
	s.pdu.sequence += 2;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost, 2);
	stream_settle(&s);
	s.now_ns += WRAP_FRAMES * FRAME_NS;
	s.pdu.sequence += 2;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags & AVTPMAP_F_EPOCH, AVTPMAP_F_EPOCH);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 2, C(FRAMES_LOST), 2,
			C(RESYNC), 1, C(STREAM_INTERRUPTED), 1, -1);
}

/* Packets and video have a pace: what lasts far longer was a restart. */
static void restart_of_packets(void **state)
{
	static const struct {
		__u64 raw;
		int step, pause_ms, resync, lost;
	} rows[] = {
		{ FORMAT_RAW(AVTPMAP_SUB_TSCF, 0), 41, 1000, 1, 0 },
		{ FORMAT_RAW(AVTPMAP_SUB_NTSCF, 0), -5, 1000, 1, 0 },
		{ FORMAT_RAW(AVTPMAP_SUB_CRF, 0), 0, 1000, 1, 0 },
		{ FORMAT_RAW(AVTPMAP_SUB_CVF, 0x0201), 41, 1000, 1, 0 },
		{ FORMAT_RAW(AVTPMAP_SUB_CVF, 0x0201), -5, 1000, 1, 0 },
		{ FORMAT_RAW(AVTPMAP_SUB_RVF, 0), 1, 1000, 0, 0 },
		{ FORMAT_RAW(AVTPMAP_SUB_CVF, 0x0201), 3, 50, 0, 2 },
		{ FORMAT_RAW(AVTPMAP_SUB_61883_IIDC, 0x01200006), 41, 1000, 1,
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		struct stream s;

		stream_init(&s);
		s.pdu.subtype = rows[i].raw >> 48;
		s.pdu.format_raw = rows[i].raw;
		for (int n = 0; n < 100; n++)
			assert_int_equal(stream_next(&s), 1);
		s.now_ns += rows[i].pause_ms * 1000000ull;
		s.pdu.sequence += rows[i].step - 1;
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(counter(&s, C(RESYNC)), rows[i].resync);
		assert_int_equal(counter(&s, C(FRAMES_LOST)), rows[i].lost);
		assert_int_equal(counter(&s, C(FRAMES_LATE)), 0);
		assert_int_equal(counter(&s, C(FRAMES_DUPLICATE)), 0);
		assert_int_equal(s.a.epoch, 1 + rows[i].resync);
	}
}

/* 5 pictures a second, 640 packets each: a loss across the pause is a loss. */
static void a_pause_between_pictures(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	s.pdu.subtype = AVTPMAP_SUB_CVF;
	s.pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_CVF, 0x0201);
	for (int i = 0; i < 6400; i++) {
		if (i % 640 == 0)
			s.now_ns += 160000000;
		if (i == 3200)
			s.pdu.sequence += 2;
		assert_int_equal(stream_next(&s), 1);
	}
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(FRAMES_LOST), 2, -1);
}

/* A machine that stood still finds the next frame waiting in the NIC. */
static void stall_is_not_loss(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.now_ns += 10000000000ull;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV);
	assert_counters(&s, -1);
}

/* Its avtp_timestamps are those of its media; @every: of so many frames one. */
static int stamped_next(struct stream *s, unsigned int every)
{
	int laid, tv = s->pdu.sequence % every == 0;

	s->pdu.flags = tv ? AVTPMAP_F_TV : 0;
	laid = stream_next(s);
	s->pdu.avtp_timestamp += FRAME_NS;
	return laid;
}

static void stamped_settle(struct stream *s, unsigned int every)
{
	stream_init(s);
	s->pdu.avtp_timestamp = 0xfffffff0; /* and wraps */
	for (int i = 0; i < 3 * SETTLE_FRAMES; i++)
		assert_int_equal(stamped_next(s, every), 1);
}

static void stamped_lose(struct stream *s, unsigned int n)
{
	stream_lose(s, n);
	s->pdu.avtp_timestamp += n * FRAME_NS;
}

/* sequence_num goes on as if nothing had been; time does not. */
static void losses_that_sequence_num_cannot_see(void **state)
{
	static const struct {
		unsigned int lost, counted, resync;
	} rows[] = {
		{ 100, 100, 0 }, { 255, 0, 1 }, { 256, 0, 1 },	{ 257, 0, 1 },
		{ 511, 0, 1 },	 { 512, 0, 1 }, { 1024, 0, 1 }, { 5120, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		for (unsigned int every = 1; every <= 8; every += 7) {
			struct stream s;

			stamped_settle(&s, every);
			if (every > 1 && rows[i].lost % 256)
				continue; /* lands on one without */
			stamped_lose(&s, rows[i].lost);
			assert_int_equal(stamped_next(&s, every), 1);
			assert_int_equal(counter(&s, C(FRAMES_LOST)),
					 rows[i].counted);
			assert_int_equal(counter(&s, C(RESYNC)),
					 rows[i].resync);
			assert_int_equal(s.a.epoch, 1 + rows[i].resync);
		}
	}
}

/* Frames that waited in the NIC are numbered as ever, and so are those missing. */
static void a_stalled_host_loses_nothing(void **state)
{
	struct stream s;

	(void)state;
	stamped_settle(&s, 1);
	s.now_ns += 100000000;
	for (int i = 0; i < 800; i++, s.now_ns -= FRAME_NS - 10)
		assert_int_equal(stamped_next(&s, 1), 1);
	assert_counters(&s, -1);
	s.now_ns += 100000000;
	stamped_lose(&s, 5);
	assert_int_equal(stamped_next(&s, 1), 1);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(FRAMES_LOST), 5, -1);
	s.now_ns += 100000000;
	s.pdu.sequence -= 3;
	s.pdu.avtp_timestamp -= 3 * FRAME_NS;
	assert_int_equal(stamped_next(&s, 1), 1);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 2, C(FRAMES_LOST), 5,
			C(FRAMES_LATE), 1, -1);
}

/* 50 ms that a talker did not send are no 256 frames, nor twice as many. */
/* As long no host stands still: whoever goes on elsewhere has begun anew. */
static void a_restart_is_no_loss(void **state)
{
	(void)state;
	for (int anew = 0; anew <= 1; anew++) {
		struct stream s;

		stream_init(&s);
		stamped_settle(&s, 1);
		stamped_lose(&s, 40);
		s.now_ns += anew ? STALL_NS : STALL_NS / 2;
		assert_int_equal(stamped_next(&s, 1), 1);
		assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(FRAMES_LOST),
				anew ? 0 : 40, C(RESYNC), anew,
				C(STREAM_INTERRUPTED), anew, -1);
	}
}

static void a_pause_is_no_loss(void **state)
{
	struct stream s;

	(void)state;
	stamped_settle(&s, 1);
	s.now_ns += 50000000;
	s.pdu.avtp_timestamp += 50000000;
	assert_int_equal(stamped_next(&s, 1), 1);
	assert_counters(&s, -1);
}

/* What the ring could not hold came nevertheless: no silence. */
static void loss_behind_many_skipped(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	for (int i = 0; i < 300; i++, s.pdu.sequence++) {
		s.now_ns += FRAME_NS;
		avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG),
				     s.now_ns);
	}
	stream_lose(&s, 5);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost, 5);
	assert_int_equal(s.e.lost_units, 305 * 6);
	assert_counters(&s, C(TOO_LONG), 300, C(SEQ_NUM_MISMATCH), 1,
			C(FRAMES_LOST), 5, -1);
}

/* Skipped for days: the slot says as much as it can, the position all of it. */
static void more_skipped_than_a_slot_can_say(void **state)
{
	struct stream s;
	__u64 before;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	before = s.a.media_pos;
	s.a.skipped_units = 0xfffffffe;
	s.a.skipped_lost = 0xfffffffe;
	stream_lose(&s, 5);
	avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG), s.now_ns);
	s.pdu.sequence++;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost, 0xffffffff);
	assert_int_equal(s.e.lost_units, 0xffffffff);
	assert_int_equal(s.e.media_pos, before + 0xfffffffeull + 36);
}

/* Two CPUs took the time in one order and the lock in the other. */
static void time_goes_back(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.now_ns -= FRAME_NS + 1000;
	s.pdu.sequence += 2;
	assert_int_equal(stream_next(&s), 1);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 1, C(FRAMES_LOST), 2, -1);
	s.now_ns -= FRAME_NS + 1000;
	s.pdu.src_mac = OTHER_TALKER;
	assert_int_equal(stream_next(&s), 0);
	assert_int_equal(counter(&s, C(CONFLICT)), 1);
}

/* A talker stuck on one number: after 32 of them it is a new beginning. */
static void stale_stream(void **state)
{
	struct stream s;
	int i;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.pdu.sequence--;
	for (i = 0; i < STALE_MAX; i++) {
		assert_int_equal(stream_frame(&s), 1);
		assert_int_equal(s.e.units, 0);
	}
	assert_int_equal(stream_frame(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_EPOCH);
	assert_int_equal(s.e.units, 6);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), STALE_MAX + 1,
			C(FRAMES_DUPLICATE), STALE_MAX, C(RESYNC), 1,
			C(STREAM_INTERRUPTED), 1, -1);
}

/* ... but not when others come between. */
static void stale_in_a_row_only(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	for (int i = 0; i < 3 * STALE_MAX; i++) {
		s.pdu.sequence--;
		assert_int_equal(stream_next(&s), 1); /* again */
		assert_int_equal(stream_next(&s), 1);
	}
	assert_int_equal(s.a.epoch, 1);
	assert_counters(&s, C(SEQ_NUM_MISMATCH), 3 * STALE_MAX,
			C(FRAMES_DUPLICATE), 3 * STALE_MAX, -1);
}

static void media_clock_restart_is_a_toggle(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	s.pdu.mr = 1; /* at the start: no news */
	stream_settle(&s);
	assert_counters(&s, -1);
	s.pdu.mr = 0;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_MR);
	assert_int_equal(s.e.events, AVTPMAP_EV_RESET);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV);
	assert_int_equal(s.e.events, 0);
	s.pdu.mr = 1;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.events, AVTPMAP_EV_RESET);
	assert_counters(&s, C(MEDIA_RESET), 2, -1);
}

static void timestamp_uncertain(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	stream_settle(&s);
	s.pdu.flags |= AVTPMAP_F_TU;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.flags, AVTPMAP_F_TV | AVTPMAP_F_TU);
	assert_int_equal(s.e.events, AVTPMAP_EV_UNCERTAIN);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.events, 0);
	s.pdu.flags &= ~AVTPMAP_F_TU;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.events, AVTPMAP_EV_UNCERTAIN);
	assert_counters(&s, C(TIMESTAMP_UNCERTAIN), 2, -1);
	s.pdu.flags |= AVTPMAP_F_TU;
	s.pdu.sequence += 150; /* an epoch that begins with it: no news */
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.a.epoch, 2);
	assert_int_equal(s.e.events & AVTPMAP_EV_UNCERTAIN, 0);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(counter(&s, C(TIMESTAMP_UNCERTAIN)), 2);
}

/* Other units than samples: packets count themselves, video its end marks. */
static void packets_and_video(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	s.pdu.subtype = AVTPMAP_SUB_TSCF;
	s.pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_TSCF, 0);
	stream_settle(&s);
	stream_lose(&s, 5);
	s.pdu.data_bytes = 1;
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost_units, 5);
	assert_int_equal(s.a.media_pos, 14);

	stream_init(&s);
	s.pdu.subtype = AVTPMAP_SUB_CVF;
	s.pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_CVF, 0x0201);
	for (int i = 0; i < 10; i++) {
		s.pdu.flags = i % 5 == 4 ? AVTPMAP_F_FRAME_END : 0;
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.units, i % 5 == 4);
	}
	stream_lose(&s, 3);
	assert_int_equal(stream_next(&s), 1);
	assert_int_equal(s.e.lost, 3);
	assert_int_equal(s.e.lost_units, 0); /* which ended one is not known */
	assert_int_equal(s.hdr.format.unit, AVTPMAP_UNIT_VIDEO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(undisturbed),
		cmocka_unit_test(loss),
		cmocka_unit_test(duplicate),
		cmocka_unit_test(late),
		cmocka_unit_test(reordered_by_two),
		cmocka_unit_test(settle_window),
		cmocka_unit_test(resync),
		cmocka_unit_test(silence_longer_than_the_wrap),
		cmocka_unit_test(restart_of_packets),
		cmocka_unit_test(a_pause_between_pictures),
		cmocka_unit_test(stall_is_not_loss),
		cmocka_unit_test(losses_that_sequence_num_cannot_see),
		cmocka_unit_test(a_stalled_host_loses_nothing),
		cmocka_unit_test(a_restart_is_no_loss),
		cmocka_unit_test(a_pause_is_no_loss),
		cmocka_unit_test(loss_behind_many_skipped),
		cmocka_unit_test(more_skipped_than_a_slot_can_say),
		cmocka_unit_test(time_goes_back),
		cmocka_unit_test(stale_stream),
		cmocka_unit_test(stale_in_a_row_only),
		cmocka_unit_test(media_clock_restart_is_a_toggle),
		cmocka_unit_test(timestamp_uncertain),
		cmocka_unit_test(packets_and_video),
	};

	return cmocka_run_group_tests_name("sequence", tests, NULL, NULL);
}
