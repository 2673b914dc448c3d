// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Behind the wake for a period: what is not told with it comes later, not never. */
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "test.h"

enum {
	ROUNDS = 20,
	PERIOD = 48,
	FRAMES = 8, /* of 6 units */
	FLOOR_US = 300,
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* A period's frames, and behind them one that is an event. */
static void put_both(struct rig *rig, struct talker *t)
{
	talker_send(t, &rig->wire, rig->ifindex, FRAMES - t->next.n % FRAMES);
	t->next.mr ^= 1;
	talker_send(t, &rig->wire, rig->ifindex, 1);
	rig_inject(rig);
}

/* The module wakes for an event only whom it knows to be asleep. */
static int counts_unheard(const struct rig *rig)
{
	return rig->bed->backend != AVTPMAP_BACKEND_KMOD;
}

CASE(an_event_behind_a_period_is_told_after_the_floor, BED_WAKES)
{
	struct avtpmap_stream *s;
	uint32_t in_time = 0;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, PERIOD, AVTPMAP_EV_RESET);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		put_both(rig, &t);
		rig_await(s, AVTPMAP_EV_RESET);
		rig_drain(s);
		usleep(10 * FLOOR_US);
		/* on a busy machine whoever looks for what is owed comes late */
		if (counts_unheard(rig)) {
			in_time += rig_info(s).wakes_event >= i;
			until(rig_info(s).wakes_event >= i);
			check_eq(rig_info(s).wakes_event, i);
		}
		check_eq(rig_poll(s, NULL), 0);
	}
	check(rig_info(s).wakes_period >= ROUNDS);
	/* it need not be asked for: whoever asks XDP has it looked at */
	check(in_time || !counts_unheard(rig));
	avtpmap_close(s);
}

/* ---- the same of groups ---- */

static struct avtpmap_group *group_of(struct avtpmap_stream *s,
				      const struct avtpmap_period *p)
{
	struct avtpmap_group *g;

	check_eq(avtpmap_group_create(&g, p), 0);
	check_eq(avtpmap_group_add(g, s), 0);
	return g;
}

static struct avtpmap_reader_info told(struct avtpmap_group *g)
{
	struct avtpmap_reader_info info;

	check_eq(avtpmap_group_info(g, &info), 0);
	return info;
}

CASE(a_groups_event_behind_a_period_is_told_after_the_floor, BED_GROUP)
{
	struct avtpmap_period p = { .period = PERIOD,
				    .events = AVTPMAP_EV_RESET };
	struct avtpmap_stream *s;
	struct avtpmap_group *g;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	g = group_of(s, &p);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		uint32_t events = 0;

		put_both(rig, &t);
		while (!events && avtpmap_group_wait(g, 1000000000) > 0)
			events = avtpmap_group_events(g);
		check_eq(events, AVTPMAP_EV_RESET);
		rig_drain(s);
		usleep(10 * FLOOR_US);
		if (counts_unheard(rig)) {
			until(told(g).wakes_event >= i);
			check_eq(told(g).wakes_event, i);
		}
		check_eq(avtpmap_group_wait(g, 0), 0);
		check_eq(avtpmap_group_events(g), 0);
	}
	avtpmap_close(s);
	avtpmap_group_close(g);
}

/*
 * Whoever asks again behind a period is asleep when the timer of the deadline
 * before it fires: which is too early, and not the last time.
 */
CASE(a_groups_deadline_counts_from_its_last_period, BED_GROUP)
{
	struct avtpmap_period p = { .period = PERIOD, .deadline_ns = 50000000 };
	struct avtpmap_stream *s;
	struct avtpmap_group *g;
	uint64_t before, from;
	struct pollfd fd;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	g = group_of(s, &p);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	fd = (struct pollfd){ .fd = avtpmap_group_fd(g), .events = POLLIN };
	do { /* not if the machine stood still meanwhile: then again */
		avtpmap_group_wait(g, 0);
		avtpmap_group_events(g);
		check_eq(avtpmap_group_set_period(g, &p), 0);
		check(poll(&fd, 1, p.deadline_ns / 2000000) >= 0);
		before = told(g).wakes_deadline;
		from = now_ns();
		rig_send(rig, &t, FRAMES);
		rig_drain(s);
	} while (told(g).wakes_deadline != before);
	check_eq(avtpmap_group_wait(g, 10000000000ull), 0);
	check_eq(avtpmap_group_events(g), AVTPMAP_EV_DEADLINE);
	check(now_ns() - from >= p.deadline_ns);
	avtpmap_close(s);
	avtpmap_group_close(g);
}

/* ---- and where there is nothing to tell ---- */

/* Whatever the one before it, of the same place, was woken for. */
CASE(a_reader_without_a_period_is_woken_by_none, BED_WAKES)
{
	struct avtpmap_stream *s, *other;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	other = rig_open(rig, STREAM_ID, 6, 0);
	for (int i = 0; i < 2; i++) {
		s = rig_open(rig, STREAM_ID, 0, 0);
		rig_send(rig, &t, 3 * FRAMES);
		check_eq(rig_info(s).wakes_period, 0);
		check_eq(rig_info(s).wake_period, 0);
		check_eq(rig_poll(s, NULL), 0);
		avtpmap_close(s);
		s = rig_open(rig, STREAM_ID, PERIOD, 0);
		rig_send(rig, &t, 3 * FRAMES);
		check(rig_info(s).wakes_period > 0);
		avtpmap_close(s);
	}
	avtpmap_close(other);
}
