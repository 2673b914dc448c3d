// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* When readers are woken, beside models that ask the plain question each time. */
#include "test.h"

#include "../../kmod/shared/wake.h"

enum { STEPS = 200000 };

/* ---- periods ---- */

/* A period ends where media_pos crosses a multiple of it. */
static __u64 walk(__u64 from, __u64 to, __u32 period)
{
	__u64 ends = 0;

	for (__u64 pos = from + 1; pos <= to; pos++)
		ends += pos % period == 0;
	return ends;
}

/* Frames of a few units, gaps, other rates: whatever ends is told of, once. */
static void ends_are_those_of_a_walk(void **state)
{
	static const __u32 asked[] = { 1, 6, 10, 64, 441, 4096 };
	static const __u32 rates[] = { 0, 48000, 192000 };
	__u64 seed = 12;

	(void)state;
	for (size_t i = 0; i < N_ELEMS(asked); i++) {
		__u64 pos = rnd_below(&seed, 5000);
		struct avtpmap_due d;

		due_set(&d, asked[i], 48000, pos);
		for (int frame = 0; frame < 20000; frame++) {
			__u32 units = 1 + rnd_below(&seed, 30);
			__u64 from = pos;
			struct avtpmap_end e;

			if (!rnd_below(&seed, 400))
				pos += 20000; /* a gap, and then the frame */
			pos += units;
			if (!rnd_below(&seed, 1000)) {
				due_set(&d, asked[i], rates[frame % 3], pos);
				assert_true(d.at > pos &&
					    d.at - pos <= d.units);
				continue;
			}
			if (pos < d.at) {
				assert_int_equal(walk(from, pos, d.units), 0);
				continue;
			}
			e = due_end(&d, pos, units);
			assert_int_equal(e.ends, walk(from, pos, d.units));
			/* the last end lies in the frame's own units */
			assert_int_equal(e.whole,
					 walk(pos - units, pos, d.units) > 0);
			assert_true(d.at > pos && d.at - pos <= d.units);
			assert_int_equal(d.at % d.units, 0);
		}
	}
}

static void floor_and_ratio(void **state)
{
	struct avtpmap_due d;

	(void)state;
	due_set(&d, 6, 48000, 0);
	assert_int_equal(d.units, 12);
	assert_int_equal(d.asked, 6);
	assert_int_equal(due_ratio(&d), 2);
	due_set(&d, 6, 0, 100); /* no rate, no floor */
	assert_int_equal(d.units, 6);
	assert_int_equal(d.at, 102);
	assert_int_equal(due_ratio(&d), 1);
}

static void without_a_period_never(void **state)
{
	struct avtpmap_due d = { .at = 5, .units = 5, .asked = 5 };

	(void)state;
	due_set(&d, 0, 48000, 1000);
	assert_true(d.at == ~0ull);
	assert_int_equal(d.units, 0);
	assert_int_equal(due_ratio(&d), 1);
}

static void left_is_no_more_than_published(void **state)
{
	(void)state;
	assert_int_equal(avtpmap_period_left(0, 128, 64), 2);
	assert_int_equal(avtpmap_period_left(64, 127, 64), 0);
	assert_int_equal(avtpmap_period_left(128, 128, 64), 0);
	assert_int_equal(avtpmap_period_left(~0ull, 128, 64), 0);
	assert_int_equal(avtpmap_period_left(0, 128, 0), 0);
}

/* ---- sleepers ---- */

/*
 * A sleeper at work: events come and periods end by a tape, and whoever looks
 * after it looks exactly when it was told to.
 */
struct sleeper {
	struct avtpmap_wake w;
	__u64 deadline_ns;
	__u64 now_ns;
	__u64 look_ns; /* when to ask again */
	__u64 last_ns; /* wake, by the model */
	__u64 unheard_ns; /* first event that it was not woken for, all ones: none */
	__u64 wakes[3];
};

static void woken(struct sleeper *s, enum avtpmap_wake_why why)
{
	if (why == WAKE_EVENT) {
		assert_true(s->unheard_ns != ~0ull);
		assert_true(s->now_ns >= s->last_ns + AVTPMAP_FLOOR_NS);
	}
	if (why == WAKE_DEADLINE)
		assert_true(s->now_ns == s->last_ns + s->deadline_ns);
	s->wakes[why]++;
	s->last_ns = s->now_ns;
	s->unheard_ns = ~0ull;
	wake_done(&s->w, s->now_ns);
}

static void look(struct sleeper *s)
{
	enum avtpmap_wake_why why = wake_why(&s->w, s->deadline_ns, s->now_ns);

	if (why != WAKE_NOT)
		woken(s, why);
	s->look_ns = wake_at(&s->w, s->deadline_ns);
	assert_true(s->look_ns > s->now_ns);
}

/* Nothing is late: an event by more than the floor, or a wake by the deadline. */
static void check_limits(const struct sleeper *s)
{
	__u64 ok_ns = s->last_ns + AVTPMAP_FLOOR_NS;

	if (s->unheard_ns != ~0ull)
		assert_true(s->now_ns <= ok_ns || s->now_ns <= s->unheard_ns);
	if (s->deadline_ns)
		assert_true(s->now_ns <= s->last_ns + s->deadline_ns);
}

static void sleep_until(struct sleeper *s, __u64 at_ns)
{
	while (s->look_ns <= at_ns) {
		s->now_ns = s->look_ns;
		check_limits(s);
		look(s);
	}
	s->now_ns = at_ns;
	check_limits(s);
}

static void run_sleeper(struct sleeper *s, __u64 seed)
{
	look(s);
	for (int step = 0; step < STEPS; step++) {
		sleep_until(s, s->now_ns + 1 + rnd_below(&seed, 600000));
		switch (rnd_below(&seed, 3)) {
		case 0:
			if (s->unheard_ns == ~0ull)
				s->unheard_ns = s->now_ns;
			if (wake_for_event(&s->w, s->now_ns))
				woken(s, WAKE_EVENT);
			break;
		case 1:
			woken(s, WAKE_NOT); /* by its period */
			break;
		}
		s->look_ns = wake_at(&s->w, s->deadline_ns);
	}
}

static void nobody_waits_too_long(void **state)
{
	static const __u64 deadlines[] = { 0, AVTPMAP_FLOOR_NS, 1000000 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(deadlines); i++) {
		struct sleeper s = { .now_ns = 1000000000,
				     .deadline_ns = deadlines[i],
				     .unheard_ns = ~0ull };

		s.last_ns = s.w.last_ns = s.now_ns;
		run_sleeper(&s, i + 1);
		assert_true(s.wakes[WAKE_EVENT] > STEPS / 10);
		assert_int_equal(s.wakes[WAKE_DEADLINE] > STEPS / 200,
				 deadlines[i] != 0);
	}
}

/* A period's wake is one from which the deadline counts, and tells what was owed. */
static void a_wake_of_any_reason_counts(void **state)
{
	struct avtpmap_wake w = { 0 };

	(void)state;
	wake_done(&w, 1000000);
	assert_false(wake_for_event(&w, 1000001));
	assert_int_equal(wake_at(&w, 2000000), 1000000 + AVTPMAP_FLOOR_NS);
	assert_int_equal(wake_why(&w, 2000000, 1000000 + AVTPMAP_FLOOR_NS - 1),
			 WAKE_NOT);
	assert_int_equal(wake_why(&w, 2000000, 1000000 + AVTPMAP_FLOOR_NS),
			 WAKE_EVENT);
	wake_done(&w, 1200000);
	assert_int_equal(wake_why(&w, 0, ~0ull), WAKE_NOT);
	assert_int_equal(wake_at(&w, 2000000), 3200000);
	assert_int_equal(wake_why(&w, 2000000, 3199999), WAKE_NOT);
	assert_int_equal(wake_why(&w, 2000000, 3200000), WAKE_DEADLINE);
	assert_true(wake_at(&w, 0) == ~0ull);
}

/* ---- a stream's events ---- */

static void events_are_told_once_per_floor(void **state)
{
	__u32 raised = 0, told = 0;
	struct avtpmap_news n = { 0 };
	__u64 seed = 5, now_ns = 1000000000, last_ns = 0;
	int times = 0;

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		__u32 tell;

		now_ns += rnd_below(&seed, 20000);
		if (rnd_below(&seed, 8)) {
			__u32 event = 1u << rnd_below(&seed, WAKE_EVENTS);

			n.owed |= event;
			raised |= event;
		}
		tell = news_to_tell(&n, now_ns);
		told |= tell;
		assert_int_equal(told | n.owed, raised);
		if (tell) {
			assert_true(now_ns >= last_ns + AVTPMAP_FLOOR_NS);
			assert_int_equal(n.owed, 0);
			last_ns = now_ns;
			raised = told = 0;
			times++;
		} else if (n.owed) {
			assert_true(now_ns < n.ok_ns);
			assert_int_equal(n.ok_ns, last_ns + AVTPMAP_FLOOR_NS);
		}
	}
	assert_in_range(times, 1000, STEPS / 20);
}

/* ---- start and silence ---- */

static void silence_begins_once(void **state)
{
	struct avtpmap_ring_hdr hdr = { 0 };
	struct avtpmap_account a = { .unit = AVTPMAP_UNIT_SAMPLES };
	__u64 at_ns = 0;

	(void)state;
	assert_int_equal(silence_begins(&hdr, &a, 5000000000, &at_ns), 0);
	assert_true(at_ns == ~0ull); /* it did not start yet */

	a.last_ns = 5000000000;
	assert_int_equal(silence_ends(&hdr, &a, a.last_ns), AVTPMAP_EV_START);
	assert_int_equal(hdr.state, AVTPMAP_RING_LIVE);
	assert_int_equal(silence_begins(&hdr, &a, a.last_ns, &at_ns), 0);
	assert_int_equal(at_ns, a.last_ns + AVTPMAP_SILENCE_NS);
	assert_int_equal(silence_begins(&hdr, &a, at_ns - 1, &at_ns), 0);
	assert_int_equal(hdr.state, AVTPMAP_RING_LIVE);
	assert_int_equal(silence_begins(&hdr, &a, at_ns, &at_ns),
			 AVTPMAP_EV_END);
	assert_true(at_ns == ~0ull);
	assert_int_equal(hdr.state, AVTPMAP_RING_SILENT);
	assert_int_equal(silence_begins(&hdr, &a, ~0ull, &at_ns), 0);
	assert_int_equal(hdr.counters[AVTPMAP_C_MEDIA_LOCKED], 1);
	assert_int_equal(hdr.counters[AVTPMAP_C_MEDIA_UNLOCKED], 1);
}

/* A timer that looks all the time; returns the ends that it sees in @pauses. */
static int ends_of(struct avtpmap_account *a, __u64 pause_ns, int pauses)
{
	struct avtpmap_ring_hdr hdr = { .state = AVTPMAP_RING_LIVE };
	__u64 at_ns;
	int ends = 0;

	a->last_ns = 1000000000;
	for (int i = 0; i < pauses; i++) {
		__u64 now_ns = a->last_ns + pause_ns;

		ends += silence_begins(&hdr, a, now_ns - 1, &at_ns) ==
			AVTPMAP_EV_END;
		if (a->unit != AVTPMAP_UNIT_SAMPLES)
			account_pace(a, now_ns);
		a->last_ns = now_ns;
		if (hdr.state != AVTPMAP_RING_LIVE)
			silence_ends(&hdr, a, now_ns);
	}
	return ends;
}

/* Pauses that follow one another are no ends, within reason. */
static void silence_follows_the_pace(void **state)
{
	static const struct {
		__u32 unit;
		__u64 pause_ns;
		int ends; /* of 20 */
	} rows[] = {
		{ AVTPMAP_UNIT_SAMPLES, 99000000, 0 },
		{ AVTPMAP_UNIT_SAMPLES, 160000000, 1 },
		{ AVTPMAP_UNIT_SAMPLES, 900000000, 1 },
		{ AVTPMAP_UNIT_SAMPLES, 1100000000, 20 },
		{ AVTPMAP_UNIT_VIDEO, 200000000, 0 },
		{ AVTPMAP_UNIT_PACKETS, 334000000, 0 },
		{ AVTPMAP_UNIT_PACKETS, 3000000000, 1 },
		{ AVTPMAP_UNIT_PACKETS, 9900000000, 1 },
		{ AVTPMAP_UNIT_PACKETS, 10100000000, 20 },
	};
	struct avtpmap_account a;

	(void)state;
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		a = (struct avtpmap_account){ .unit = rows[i].unit };
		assert_int_equal(ends_of(&a, rows[i].pause_ns, 20),
				 rows[i].ends);
	}
	/* 1400 octets at 8 kHz are 87 ms, and two of them are no silence */
	a = (struct avtpmap_account){ .unit = AVTPMAP_UNIT_SAMPLES,
				      .nominal_units = 700,
				      .wrap_ns = WRAP_FRAMES * 87500000ull };
	assert_int_equal(ends_of(&a, 175000000, 20), 0);
	a = (struct avtpmap_account){ .unit = AVTPMAP_UNIT_PACKETS,
				      .silence_ms = 250 };
	assert_int_equal(ends_of(&a, 249000000, 20), 0);
	assert_int_equal(ends_of(&a, 251000000, 20), 20);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_those_of_a_walk),
		cmocka_unit_test(floor_and_ratio),
		cmocka_unit_test(without_a_period_never),
		cmocka_unit_test(left_is_no_more_than_published),
		cmocka_unit_test(nobody_waits_too_long),
		cmocka_unit_test(a_wake_of_any_reason_counts),
		cmocka_unit_test(events_are_told_once_per_floor),
		cmocka_unit_test(silence_begins_once),
		cmocka_unit_test(silence_follows_the_pace),
	};

	return cmocka_run_group_tests_name("wake", tests, NULL, NULL);
}
