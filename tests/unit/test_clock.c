// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The PHC beside a system clock: lines through readings with errors. */
#include "test.h"

#include <errno.h>
#include <pthread.h>

#include "../../lib/clock_track.h"

#define SYS0 5000000000000ull
#define PHC0 1700000000000000000ull
#define S 1000000000ull

static int64_t off(uint64_t a, uint64_t b)
{
	int64_t d = (int64_t)(a - b);

	return d < 0 ? -d : d;
}

/* The true PHC, so many ppb faster than the system clock. */
static uint64_t phc_at(uint64_t sys_ns, int64_t ppb)
{
	int64_t d = (int64_t)(sys_ns - SYS0);

	return PHC0 + d + (int64_t)((__int128)d * ppb / (int64_t)S);
}

static struct clock_reading reading(uint64_t sys_ns, int64_t ppb,
				    uint64_t error_ns, __u64 *seed)
{
	return (struct clock_reading){
		.sys_ns = sys_ns,
		.phc_ns = phc_at(sys_ns, ppb) - error_ns +
			  rnd_below(seed, 2 * error_ns + 1),
		.error_ns = error_ns,
	};
}

/* Whatever the drift, every conversion is within the bound it tells. */
static void drift(void **state)
{
	static const int64_t ppbs[] = { 0,	1,	-37,	 12000,
					-80000, 120000, -500000, 500000 };
	__u64 seed = 99;

	(void)state;
	for (size_t i = 0; i < N_ELEMS(ppbs); i++) {
		struct clock_track t = { 0 };
		uint64_t bound = 0;

		for (uint64_t n = 0; n < 200; n++) {
			uint64_t sys =
				SYS0 + n * S / 10 + rnd_below(&seed, 5000000);
			struct clock_reading r =
				reading(sys, ppbs[i], 400, &seed);

			assert_int_not_equal(clock_track_enter(&t, &r),
					     CLOCK_JUMPED);
			for (int k = 0; k < 20; k++) {
				uint64_t at = sys + rnd_below(&seed, S / 5);
				uint64_t phc, back, back_bound;

				phc = avtpmap_line_to_phc(&t.line, at, &bound);
				assert_true(off(phc, phc_at(at, ppbs[i])) <=
					    (int64_t)bound);
				back = avtpmap_line_from_phc(&t.line, phc,
							     &back_bound);
				assert_true(off(back, at) <= 2);
				assert_true(back_bound + 2 >= bound);
			}
		}
		assert_true(bound < 6000); /* 0.2 s after 0.4 us readings */
	}
}

/* A reading that was preempted says less than the line does. */
static void wide_reading_is_dropped(void **state)
{
	struct clock_track t = { 0 };
	struct clock_reading r;
	__u64 seed = 3;

	(void)state;
	for (uint64_t n = 0; n < 5; n++) {
		r = reading(SYS0 + n * S / 10, 20000, 300, &seed);
		clock_track_enter(&t, &r);
	}
	r = reading(SYS0 + S / 2, 20000, 5000000, &seed);
	assert_int_equal(clock_track_enter(&t, &r), CLOCK_DROPPED);
	assert_int_equal(t.line.sys_ns, SYS0 + 4 * S / 10);
	/* after a long time it is better than nothing */
	r = reading(SYS0 + 3000 * S, 20000, 5000000, &seed);
	assert_int_equal(clock_track_enter(&t, &r), CLOCK_TAKEN);
}

static void jump(void **state)
{
	struct clock_track t = { 0 };
	struct clock_reading r;
	uint64_t bound;
	__u64 seed = 5;

	(void)state;
	for (uint64_t n = 0; n < 20; n++) {
		r = reading(SYS0 + n * S / 10, 20000, 300, &seed);
		clock_track_enter(&t, &r);
	}
	r = reading(SYS0 + 2 * S, 20000, 300, &seed);
	r.phc_ns += 37 * S;
	assert_int_equal(clock_track_enter(&t, &r), CLOCK_JUMPED);
	assert_int_equal(avtpmap_line_to_phc(&t.line, r.sys_ns, &bound),
			 r.phc_ns);
	assert_int_equal(t.line.rate_q40, 0);
	assert_int_equal(t.line.error_ppb, CLOCK_UNKNOWN_PPB);
	r = reading(SYS0 + 3 * S, 20000, 300, &seed);
	r.phc_ns += 37 * S;
	assert_int_equal(clock_track_enter(&t, &r), CLOCK_TAKEN);
	assert_true(off(t.line.rate_q40 * 1000000 >> 40, 20) <= 1); /* ppm */
}

static void narrowest(void **state)
{
	static const struct clock_triple triples[] = {
		{ 1000, 70, 1900 },
		{ 2000, 71, 2101 },
		{ 3000, 72, 2999 },
		{ 4000, 73, 4300 },
	};
	uint64_t between, middle, error;

	(void)state;
	assert_int_equal(clock_narrowest(triples, 4, &between, &middle, &error),
			 0);
	assert_int_equal(between, 71);
	assert_int_equal(middle, 2050);
	assert_int_equal(error, 51);
	assert_int_equal(clock_narrowest(&triples[2], 1, &between, &middle,
					 &error),
			 -EIO);
}

static void no_phc(void **state)
{
	struct avtpmap_clock *c;

	(void)state;
	assert_int_equal(avtpmap_clock_open(&c, AVTPMAP_NO_PHC), -ENODEV);
	assert_null(c);
	assert_int_equal(avtpmap_clock_open(&c, 4000000), -ENODEV);
	avtpmap_clock_close(NULL);
}

/* Readers never meet half a snapshot, however often it is replaced. */
static struct clock_latch latch;
static int stop;

static struct avtpmap_clock_snapshot whole(uint64_t n)
{
	struct avtpmap_clock_snapshot s;
	uint64_t words[sizeof(s) / 8];

	for (size_t i = 0; i < N_ELEMS(words); i++)
		words[i] = n + i;
	memcpy(&s, words, sizeof(s));
	return s;
}

static void *reader(void *arg)
{
	uint64_t *reads = arg, last = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct avtpmap_clock_snapshot s, want;

		clock_latch_read(&latch, &s);
		want = whole(s.lines[0].sys_ns);
		if (memcmp(&s, &want, sizeof(s)) || s.lines[0].sys_ns < last)
			return (void *)1;
		last = s.lines[0].sys_ns;
		++*reads;
	}
	return NULL;
}

static void latched(void **state)
{
	struct avtpmap_clock_snapshot s = whole(0);
	uint64_t reads[2] = { 0 };
	pthread_t threads[2];
	void *torn;

	(void)state;
	clock_latch_write(&latch, &s);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, reader, &reads[i]);
	for (uint64_t n = 1; n < 300000; n++) {
		s = whole(n);
		clock_latch_write(&latch, &s);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], &torn);
		assert_null(torn);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(drift),
		cmocka_unit_test(wide_reading_is_dropped),
		cmocka_unit_test(jump),
		cmocka_unit_test(narrowest),
		cmocka_unit_test(no_phc),
		cmocka_unit_test(latched),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
