// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Reading at presentation time: the unit that is due, no other. */
#include "media_talker.h"
#include "tape.h"

#define DUE_NS 1000000000000ull /* unit 0 of the first deck */

static __u32 buf[2][TAPE_UNITS * 2];

static const double unit_ns = 1e9 / 48000 / 1.0001;

/* Unit @first of the media clock is unit 0 of the deck. */
static struct avtpmap_media_line line_of(__u64 first)
{
	return (struct avtpmap_media_line){
		.ns = DUE_NS + (__u64)(first * unit_ns),
		.unit_ns = unit_ns,
	};
}

static __u64 due_ns(__u64 unit)
{
	return DUE_NS + llrint(unit * unit_ns);
}

static int present(struct deck *d, __u64 first, __u64 unit, int64_t offset_ns,
		   uint64_t *late)
{
	struct avtpmap_media_line line = line_of(first);

	return avtpmap_pcm_present(d->pcm, &line, due_ns(unit) + offset_ns,
				   offset_ns, late);
}

static void late_is_stepped_over(void **state)
{
	struct avtpmap_pcm_result r;
	struct deck d;
	uint64_t late;

	(void)state;
	for (__u64 at = 0; at < 40; at++) {
		deck_start(&d, &tapes[0], NULL, 6);
		assert_int_equal(present(&d, 0, at, 0, &late), 0);
		assert_int_equal(late, at);
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf[0], 8, &r),
				 8);
		assert_int_equal(r.media_pos, at);
		assert_int_equal(r.silence, 0);
		assert_native(&d, buf[0], 0, at, 8);
		assert_int_equal(present(&d, 0, at + 8, 0, &late), 0);
		assert_int_equal(late, 0);
		deck_close(&d);
	}
}

/* What has not come yet, and is late already, is never heard. */
static void late_before_it_comes(void **state)
{
	struct avtpmap_pcm_result r;
	struct deck d;
	uint64_t late;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	assert_int_equal(present(&d, 0, 75, 0, &late), 0);
	assert_int_equal(late, 75);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf[0], 8, &r), 0);
	while (d.sent < 90)
		deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf[0], 8, &r), 8);
	assert_int_equal(r.media_pos, 75);
	assert_native(&d, buf[0], 0, 75, 8);
	deck_close(&d);
}

static void early_waits(void **state)
{
	struct avtpmap_pcm_result r;
	struct deck d;
	uint64_t late;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	assert_int_equal(present(&d, 100, 90, 0, &late), 10);
	assert_int_equal(late, 0);
	assert_int_equal(present(&d, 100, 99, 0, NULL), 1);
	assert_int_equal(present(&d, 100, 100, 0, NULL), 0);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf[0], 8, &r), 8);
	assert_int_equal(r.media_pos, 0);
	deck_close(&d);
}

/* Either side of a unit's time, by less than half of one, is that unit. */
static void nearest_unit(void **state)
{
	static const int64_t off_ns[] = { -10000, -1, 0, 1, 10000 };
	struct avtpmap_media_line line = line_of(0);
	struct deck d;
	uint64_t late;

	(void)state;
	for (size_t i = 0; i < N_ELEMS(off_ns); i++) {
		deck_start(&d, &tapes[0], NULL, 6);
		assert_int_equal(avtpmap_pcm_present(d.pcm, &line,
						     due_ns(20) + off_ns[i], 0,
						     &late),
				 0);
		assert_int_equal(late, 20);
		deck_close(&d);
	}
}

/*
 * Two streams of one media clock, cut into frames of other sizes, that begin
 * at other times and lose other frames: presented at one time they are in
 * phase to the sample, and stay so.
 */
static void two_in_phase(void **state)
{
	static const __u64 firsts[] = { 0, 29 };
	struct deck d[2];
	__u64 at = 40;
	uint64_t late;

	(void)state;
	for (int i = 0; i < 2; i++)
		deck_start(&d[i], &tapes[0], NULL, 6 - 2 * i);
	for (int i = 0; i < 2; i++)
		assert_int_equal(present(&d[i], firsts[i], at, 2000000, &late),
				 0);
	for (int t = 0; t < 500; t++, at += 16)
		for (int i = 0; i < 2; i++) {
			struct avtpmap_pcm_result r;

			while (d[i].sent + firsts[i] < at + 32)
				deck_send(&d[i], 6 - 2 * i,
					  rnd_below(&d[i].seed, 9 + i) != 0);
			deck_send(&d[i], 6 - 2 * i, 1);
			assert_int_equal(avtpmap_pcm_read_native(
						 d[i].pcm, buf[i], 16, &r),
					 16);
			assert_int_equal(r.media_pos + firsts[i], at);
			if (!r.silence)
				assert_native(&d[i], buf[i], 0, at - firsts[i],
					      16);
			assert_int_equal(present(&d[i], firsts[i], at + 16, 0,
						 &late),
					 0);
			assert_int_equal(late, 0);
		}
	for (int i = 0; i < 2; i++)
		deck_close(&d[i]);
}

static void refusals(void **state)
{
	struct deck d;
	uint64_t late;

	(void)state;
	deck_open(&d, &tapes[0], NULL);
	assert_int_equal(present(&d, 0, 0, 0, NULL), -EAGAIN);
	for (int i = 0; i < SETTLE_FRAMES; i++)
		deck_send(&d, 6, 1);
	assert_int_equal(present(&d, 0, 0, 0, NULL), -ESTRPIPE);
	avtpmap_pcm_format(d.pcm, NULL);
	assert_int_equal(present(&d, 0, 0, 0, NULL), 0);
	assert_int_equal(present(&d, 0, 1ull << 33, 0, &late), -ERANGE);
	assert_int_equal(late, 0);
	for (int i = 0; i < 3 * TAPE_SLOTS; i++)
		deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf[0], 1, NULL),
			 -EPIPE);
	assert_int_equal(present(&d, 0, d.sent - 12, 0, &late), 0);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf[0], 12, NULL), 12);
	assert_native(&d, buf[0], 0, d.sent - 12, 12);
	for (int i = 0; i < 3 * TAPE_SLOTS; i++)
		deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf[0], 1, NULL),
			 -EPIPE);
	deck_close(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_is_stepped_over),
		cmocka_unit_test(late_before_it_comes),
		cmocka_unit_test(early_waits),
		cmocka_unit_test(nearest_unit),
		cmocka_unit_test(two_in_phase),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests_name("present", tests, NULL, NULL);
}
