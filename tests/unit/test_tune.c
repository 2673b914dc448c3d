// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The delay that "avtpmap tune" sets is within every limit, and the longest. */
#include "test.h"

#include "../../tools/tune/plan.c"

struct row {
	struct tune_limits limits;
	uint64_t delay_ns;
	const char *why;
};

static const struct row rows[] = {
	/* 64 samples at 48 kHz */
	{ { 1333333, 8000, 256, 0, 10000000 },
	  333333,
	  "a quarter of the period" },
	{ { 1333333, 8000, 256, 50000000, 0 },
	  333333,
	  "a quarter of the period" },
	/* 60 streams and a ring of 256: 266 us would fill half of it */
	{ { 1333333, 480000, 256, 0, 10000000 }, 266666, "half of the RX ring" },
	/* a talker that is presented 2 ms after, but 1.9 are gone */
	{ { 1333333, 8000, 256, 100000, 0 },
	  100000,
	  "the time from arrival to presentation" },
	{ { 1333333, 8000, 256, 100000, 50000 }, 50000, "--jitter" },
	{ { 5333333, 8000, 4096, 0, 2000000 },
	  1333333,
	  "a quarter of the period" },
	/* streams that say no rate do not fill the ring */
	{ { 1333333, 0, 256, 0, 10000000 }, 333333, "a quarter of the period" },
	/* not worth it */
	{ { 1333333, 8000, 256, 1, 0 },
	  0,
	  "the time from arrival to presentation" },
	{ { 39999, 8000, 256, 0, 10000000 }, 0, "a quarter of the period" },
	{ { 40000, 8000, 256, 0, 10000000 }, 10000, "a quarter of the period" },
	{ { 1333333, 80000000, 256, 0, 10000000 }, 0, "half of the RX ring" },
};

static void within_every_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why;

		assert_int_equal(tune_delay_ns(&rows[i].limits, &why),
				 rows[i].delay_ns);
		assert_string_equal(why, rows[i].why);
	}
}

static void what_is_set(void **state)
{
	struct tune_state s = tune_state_of(333333);

	(void)state;
	assert_int_equal(s.rx_usecs, 333);
	assert_int_equal(s.flush_timeout_ns, 333333);
	assert_true(s.defer_hard_irqs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_every_limit),
		cmocka_unit_test(what_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
