// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Period ends against a model that walks every single media unit. */
#include "test.h"

#include "../../kmod/shared/period.h"

/* A period ends where media_pos crosses a multiple of it. */
static __u64 walk(__u64 from, __u64 to, __u32 period)
{
	__u64 ends = 0;

	for (__u64 pos = from + 1; pos <= to; pos++)
		ends += pos % period == 0;
	return ends;
}

/* What the frame path does: one comparison, and next_due moved on an end. */
static void random_packets(void **state)
{
	static const __u32 periods[] = { 1, 6, 32, 64, 100, 441, 1024, 1000003 };
	__u64 seed = 20220726;

	(void)state;
	for (size_t i = 0; i < N_ELEMS(periods); i++) {
		__u32 period = periods[i];
		__u64 pos = rnd_below(&seed, 5000), start = pos;
		__u64 next_due = avtpmap_period_next(pos, period);
		__u64 ends = 0, walked = 0;

		for (int frame = 0; frame < 20000; frame++) {
			__u32 units = rnd_below(&seed, 30);
			__u64 due = 0;

			if (!rnd_below(&seed, 500))
				units += 2000; /* a gap */
			if (pos + units >= next_due) {
				due = avtpmap_period_due(pos, pos + units,
							 period);
				next_due = avtpmap_period_next(pos + units,
							       period);
				assert_true(due);
			}
			assert_int_equal(due, walk(pos, pos + units, period));
			pos += units;
			ends += due;
			walked += walk(pos - units, pos, period);
			assert_true(next_due > pos && next_due - pos <= period);
			assert_int_equal(next_due % period, 0);
		}
		assert_int_equal(ends, walked);
		assert_int_equal(ends, pos / period - start / period);
	}
}

/* Equal periods end together, whenever their readers came. */
static void late_joiner_in_phase(void **state)
{
	(void)state;
	for (__u64 joined = 0; joined < 400; joined++) {
		__u64 first = avtpmap_period_next(joined, 64);

		assert_int_equal(first % 64, 0);
		assert_true(first > joined && first - joined <= 64);
	}
}

static void never_backwards(void **state)
{
	(void)state;
	assert_int_equal(avtpmap_period_due(100, 100, 1), 0);
	assert_int_equal(avtpmap_period_due(101, 100, 1), 0);
	assert_int_equal(avtpmap_period_due(~0ull, 0, 64), 0);
	assert_int_equal(avtpmap_period_due(0, ~0ull, 1), ~0ull);
	assert_int_equal(avtpmap_period_due(63, 64, 64), 1);
	assert_int_equal(avtpmap_period_due(64, 127, 64), 0);
}

/* 64 samples out of 6-sample packets: 11 and 10 packets, no remainder kept. */
static void eleven_and_ten(void **state)
{
	int packets = 0, seen10 = 0, seen11 = 0;

	(void)state;
	for (__u64 pos = 0; pos < 64 * 6 * 100; pos += 6) {
		packets++;
		if (!avtpmap_period_due(pos, pos + 6, 64))
			continue;
		assert_true(packets == 10 || packets == 11);
		seen10 += packets == 10;
		seen11 += packets == 11;
		packets = 0;
	}
	assert_int_equal(10 * seen10 + 11 * seen11, 64 * 100);
	assert_int_equal(seen10 + seen11, 6 * 100);
}

struct floor_row {
	__u32 period;
	__u32 rate_hz;
	__u32 wake;
};

static const struct floor_row floors[] = {
	{ 64, 48000, 64 },
	{ 12, 48000, 12 },
	{ 11, 48000, 22 },
	{ 1, 48000, 12 },
	{ 5, 48000, 15 },
	{ 1, 44100, 12 },
	{ 1, 192000, 48 },
	{ 47, 192000, 94 },
	{ 48, 192000, 48 },
	{ 1, 0, 1 },
	{ 64, 0, 64 },
	{ 1, 8000, 2 },
	{ AVTPMAP_PERIOD_MAX, 48000, AVTPMAP_PERIOD_MAX },
	{ 1, 0xffffffffu, 1073742 },
};

static void floor_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(floors); i++) {
		const struct floor_row *row = &floors[i];
		__u32 wake = avtpmap_wake_period(row->period, row->rate_hz);

		assert_int_equal(wake, row->wake);
		assert_int_equal(wake % row->period, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_packets),
		cmocka_unit_test(late_joiner_in_phase),
		cmocka_unit_test(never_backwards),
		cmocka_unit_test(eleven_and_ten),
		cmocka_unit_test(floor_holds),
	};

	return cmocka_run_group_tests_name("period", tests, NULL, NULL);
}
