// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Frames that come by two paths, numbered by R-TAGs (IEEE 802.1CB). */
#include "test.h"

#define C(name) AVTPMAP_C_##name

enum { UNITS = 6 };

static __u32 began_ns; /* the talker, by its avtp_timestamp */

/* Frame @n of the talker comes, whichever path it is by. */
static void comes(struct stream *s, __u32 n)
{
	s->pdu.sequence = n;
	s->pdu.avtp_timestamp = began_ns + n * FRAME_NS;
	s->pdu.flags = AVTPMAP_F_TV | AVTPMAP_F_RTAG | n << 16;
	assert_int_equal(
		avtpmap_account(&s->a, &s->hdr, &s->pdu, s->now_ns, &s->e), 1);
}

/* ... as the newest one, which has its place in the media. */
static void comes_first(struct stream *s, __u32 n)
{
	s->now_ns += FRAME_NS;
	comes(s, n);
	assert_int_equal(s->e.media_pos, UNITS * (__u64)n);
	assert_int_equal(s->e.units, UNITS);
	assert_int_equal(s->e.lost, 0);
	assert_int_equal(s->e.events, 0);
	assert_int_equal(AVTPMAP_RTAG_SEQUENCE(s->e.flags), (__u16)n);
}

/* ... again, or too late: in the place that it had. */
static void comes_stale(struct stream *s, __u32 n, __u32 flag)
{
	__u64 end = s->a.media_pos;

	comes(s, n);
	assert_int_equal(s->e.flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE),
			 flag);
	assert_int_equal(s->e.media_pos, UNITS * (__u64)n);
	assert_int_equal(s->e.units, 0);
	assert_int_equal(s->e.events, 0);
	assert_int_equal(s->a.media_pos, end);
}

static void copies_however_late(void **state)
{
	static const __u32 lags[] = { 0,   1,	15,  16,  17,  63,  64,	 100,
				      127, 128, 200, 255, 256, 300, 1023 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(lags); i++) {
		struct stream s;
		__u32 n;

		stream_init(&s);
		for (n = 0; n < 70000; n++) { /* past what an R-TAG counts */
			comes_first(&s, n);
			if (n >= lags[i])
				comes_stale(&s, n - lags[i],
					    AVTPMAP_F_DUPLICATE);
		}
		assert_counters(&s, C(FRAMES_DUPLICATE), n - lags[i], -1);
		assert_int_equal(s.a.epoch, 1);
	}
}

static void the_other_path_takes_over(void **state)
{
	static const __u32 lags[] = { 1, 16, 40, 100, 300 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(lags); i++) {
		__u32 lag = lags[i], n;
		struct stream s;

		stream_init(&s);
		for (n = 0; n < 1000; n++) {
			comes_first(&s, n);
			if (n >= lag)
				comes_stale(&s, n - lag, AVTPMAP_F_DUPLICATE);
		}
		for (n = 1000 - lag; n < 1000; n++) {
			s.now_ns += FRAME_NS;
			comes_stale(&s, n, AVTPMAP_F_DUPLICATE);
		}
		while (n < 2000)
			comes_first(&s, n++);
		assert_counters(&s, C(FRAMES_DUPLICATE), 1000, -1);
	}
}

/* It was counted as lost, and stays so; what comes is no copy. */
static void lost_on_the_faster_path(void **state)
{
	static const __u32 lags[] = { 1, 16, 17, 63 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(lags); i++) {
		__u32 lag = lags[i], n;
		struct stream s;

		stream_init(&s);
		for (n = 0; n < 1000; n++) {
			if (n == 501) {
				s.now_ns += FRAME_NS;
				comes(&s, n);
				assert_int_equal(s.e.lost, 1);
				assert_int_equal(s.e.media_pos, UNITS * n);
			} else if (n != 500) {
				comes_first(&s, n);
			}
			if (n >= lag)
				comes_stale(&s, n - lag,
					    n - lag == 500 ?
						    AVTPMAP_F_LATE :
						    AVTPMAP_F_DUPLICATE);
		}
		comes_stale(&s, 999 - lag, AVTPMAP_F_DUPLICATE);
		assert_counters(&s, C(FRAMES_LOST), 1, C(SEQ_NUM_MISMATCH), 1,
				C(FRAMES_LATE), 1, C(FRAMES_DUPLICATE),
				1000 - lag, -1);
	}
}

/* While the host stood still the NIC kept what had come. */
static void a_host_that_stood_still(void **state)
{
	struct stream s;
	__u32 n;

	(void)state;
	stream_init(&s);
	for (n = 0; n < 1000; n++) {
		comes_first(&s, n);
		if (n < 300)
			continue;
		if (n % 100 == 50)
			s.now_ns += 2 * AVTPMAP_SILENCE_NS;
		comes_stale(&s, n - 300, AVTPMAP_F_DUPLICATE);
	}
	assert_counters(&s, C(FRAMES_DUPLICATE), 700, -1);
}

/* Both numbers begin again: after a silence it is no copy of what was. */
static void a_talker_that_restarts(void **state)
{
	struct stream s;
	__u32 n;

	(void)state;
	stream_init(&s);
	for (n = 0; n < 300; n++)
		comes_first(&s, n);
	s.now_ns += AVTPMAP_SILENCE_NS;
	began_ns = 400 * FRAME_NS;
	comes(&s, 0);
	assert_int_equal(s.e.flags & AVTPMAP_F_EPOCH, AVTPMAP_F_EPOCH);
	for (n = 1; n < 300; n++) {
		s.now_ns += FRAME_NS;
		comes(&s, n);
		assert_int_equal(s.e.units, UNITS);
		comes(&s, n);
	}
	began_ns = 0;
	assert_counters(&s, C(RESYNC), 1, C(SEQ_NUM_MISMATCH), 1,
			C(STREAM_INTERRUPTED), 1, C(FRAMES_DUPLICATE), 299, -1);
}

/* Numbers that contradict sequence_num say nothing: it is as without them. */
static void numbers_of_something_else(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	for (__u32 n = 0; n < 100; n++) {
		s.pdu.flags = AVTPMAP_F_TV | AVTPMAP_F_RTAG | 7 << 16;
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.media_pos, UNITS * (__u64)n);
	}
	s.pdu.sequence -= 2;
	assert_int_equal(stream_next(&s), 1);
	assert_counters(&s, C(FRAMES_LATE), 1, C(SEQ_NUM_MISMATCH), 1, -1);
}

static void numbers_that_end_and_begin_elsewhere(void **state)
{
	struct stream s;
	__u32 n;

	(void)state;
	stream_init(&s);
	for (n = 0; n < 100; n++)
		comes_first(&s, n);
	s.pdu.sequence = n;
	s.pdu.flags = AVTPMAP_F_TV;
	stream_settle(&s);
	/* in step with sequence_num, but not with the last R-TAG */
	for (n = 108; n < 200; n++) {
		s.pdu.flags = AVTPMAP_F_TV | AVTPMAP_F_RTAG | (n - 50) << 16;
		assert_int_equal(stream_next(&s), 1);
		assert_int_equal(s.e.units, UNITS);
	}
	assert_counters(&s, -1);
}

/* Every tenth frame is too long, and its copy, which comes 200 frames later. */
static void copies_that_the_ring_cannot_hold(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	for (__u32 n = 0; n < 1000; n++) {
		s.now_ns += FRAME_NS;
		if (n < 100 || n % 10) {
			comes(&s, n);
			assert_int_equal(s.e.media_pos, UNITS * (__u64)n);
			continue;
		}
		s.pdu.sequence = n;
		s.pdu.flags = AVTPMAP_F_TV | AVTPMAP_F_RTAG | n << 16;
		avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG),
				     s.now_ns);
		if (n < 300)
			continue;
		s.pdu.sequence = n - 200;
		s.pdu.flags = AVTPMAP_F_TV | AVTPMAP_F_RTAG | (n - 200) << 16;
		avtpmap_account_skip(&s.a, &s.hdr, &s.pdu, C(TOO_LONG),
				     s.now_ns);
	}
	assert_counters(&s, C(TOO_LONG), 90 + 70, -1);
}

static void video(void **state)
{
	struct stream s;

	(void)state;
	stream_init(&s);
	s.pdu.subtype = AVTPMAP_SUB_CVF;
	s.pdu.format_raw = FORMAT_RAW(AVTPMAP_SUB_CVF, 0x201);
	for (__u32 n = 0; n < 2000; n++) {
		s.now_ns += FRAME_NS;
		comes(&s, n);
		assert_int_equal(s.e.lost, 0);
		if (n < 150)
			continue;
		comes(&s, n - 150);
		assert_int_equal(s.e.units, 0);
	}
	assert_counters(&s, C(FRAMES_DUPLICATE), 2000 - 150, -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_however_late),
		cmocka_unit_test(the_other_path_takes_over),
		cmocka_unit_test(lost_on_the_faster_path),
		cmocka_unit_test(a_host_that_stood_still),
		cmocka_unit_test(a_talker_that_restarts),
		cmocka_unit_test(numbers_of_something_else),
		cmocka_unit_test(numbers_that_end_and_begin_elsewhere),
		cmocka_unit_test(copies_that_the_ring_cannot_hold),
		cmocka_unit_test(video),
	};

	return cmocka_run_group_tests_name("redundant", tests, NULL, NULL);
}
