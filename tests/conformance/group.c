// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Groups: many streams, one wakeup per period. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "process.h"

enum {
	MEMBERS = 60,
	PERIOD = 48,
	FRAMES_PER_PERIOD = 8, /* of 6 units */
	NOBODY = MEMBERS,
};

/* @n streams of one port, their talkers, and a group of all. */
struct choir {
	struct rig *rig;
	int n;
	struct avtpmap_group *g;
	struct avtpmap_stream *s[MEMBERS];
	struct talker t[MEMBERS];
};

static struct avtpmap_group *new_group(uint32_t period, uint32_t events,
				       uint64_t deadline_ns)
{
	struct avtpmap_period p = {
		.period = period,
		.events = events,
		.deadline_ns = deadline_ns,
	};
	struct avtpmap_group *g;

	check_eq(avtpmap_group_create(&g, &p), 0);
	return g;
}

static void gather(struct choir *c, struct rig *rig, int n, uint32_t events)
{
	c->rig = rig;
	c->n = n;
	c->g = new_group(PERIOD, events, 0);
	for (int i = 0; i < n; i++) {
		rig_add(rig, STREAM_ID + i,
			AVTPMAP_OPTS(avtpmap_stream_opts, .stride = 128));
		c->s[i] = rig_open(rig, STREAM_ID + i, 0, 0);
		talker_init(&c->t[i], &aaf_stereo, STREAM_ID + i);
		check_eq(avtpmap_group_add(c->g, c->s[i]), 0);
	}
}

/* @frames of each member but @silent (or NOBODY), one after the other. */
static void sing(struct choir *c, int frames, int silent)
{
	while (frames--) {
		for (int i = 0; i < c->n; i++) {
			struct shot shot = talker_shot(&c->t[i]);

			if (i != silent)
				talker_put(&c->t[i], &shot, &c->rig->wire,
					   c->rig->ifindex);
		}
	}
	rig_inject(c->rig);
}

static void release_all(struct choir *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->s[i])
			rig_drain(c->s[i]);
}

static void disband(struct choir *c)
{
	for (int i = 0; i < c->n; i++)
		avtpmap_close(c->s[i]);
	avtpmap_group_close(c->g);
}

static struct avtpmap_reader_info info_of(struct avtpmap_group *g)
{
	struct avtpmap_reader_info info;

	check_eq(avtpmap_group_info(g, &info), 0);
	return info;
}

/* Waits until the group has told of @events and of no other. */
static void await(struct avtpmap_group *g, uint32_t events)
{
	uint32_t got = 0;

	while ((got & events) != events) {
		int due = avtpmap_group_wait(g, 1000000000);
		uint32_t more = avtpmap_group_events(g);

		if (due < 0 || (!due && !more))
			fail("wait is %d, and only events %#x came", due, got);
		got |= more;
	}
	check_eq(got, events);
}

CASE(sixty_streams_wake_once_per_period, BED_GROUP)
{
	enum { PERIODS = 200 };
	struct choir c;

	gather(&c, rig, MEMBERS, 0);
	for (uint32_t i = 1; i <= fewer(PERIODS); i++) {
		sing(&c, FRAMES_PER_PERIOD - 1, NOBODY);
		check_eq(avtpmap_group_wait(c.g, 0), 0);
		check_eq(info_of(c.g).wakes_period, i - 1);
		sing(&c, 1, NOBODY);
		check_eq(avtpmap_group_wait(c.g, 0), 1);
		check_eq(info_of(c.g).wakes_period, i);
		release_all(&c);
	}
	check_eq(info_of(c.g).periods, fewer(PERIODS));
	check_eq(info_of(c.g).wakes_event, 0);
	check_eq(info_of(c.g).wakes_deadline, 0);
	for (int i = 0; i < MEMBERS; i++)
		check_eq(rig_info(c.s[i]).wakes_period, 0);
	disband(&c);
}

CASE(a_group_is_due_when_its_last_member_is, BED_GROUP)
{
	struct choir c;

	gather(&c, rig, 3, 0);
	rig_send(rig, &c.t[0], FRAMES_PER_PERIOD);
	check_eq(avtpmap_group_wait(c.g, 0), 0);
	rig_send(rig, &c.t[2], FRAMES_PER_PERIOD);
	check_eq(avtpmap_group_wait(c.g, 0), 0);
	rig_send(rig, &c.t[1], FRAMES_PER_PERIOD);
	check_eq(avtpmap_group_wait(c.g, 0), 1);
	rig_drain(c.s[0]);
	check_eq(avtpmap_group_wait(c.g, 0), 0);
	sing(&c, 2 * FRAMES_PER_PERIOD, NOBODY);
	check_eq(avtpmap_group_wait(c.g, 0), 2);
	disband(&c);
}

CASE(a_silent_member_leaves_the_quorum_and_comes_back, BED_GROUP)
{
	struct choir c;
	uint64_t wakes;

	gather(&c, rig, MEMBERS, AVTPMAP_EV_QUORUM);
	for (int i = 0; i < 10; i++) {
		sing(&c, FRAMES_PER_PERIOD, NOBODY);
		check_eq(avtpmap_group_wait(c.g, 0), 1);
		release_all(&c);
	}
	check_eq(avtpmap_group_events(c.g), 0);
	sing(&c, FRAMES_PER_PERIOD, 17);
	check_eq(avtpmap_group_wait(c.g, 0), 0);
	check_eq(info_of(c.g).wakes_period, 10);
	sing(&c, FRAMES_PER_PERIOD, 17);
	await(c.g, AVTPMAP_EV_QUORUM);
	check_eq(avtpmap_group_wait(c.g, 0), 2);
	release_all(&c);
	wakes = info_of(c.g).wakes_period;
	check_eq(info_of(c.g).periods, 12);
	for (int i = 0; i < 10; i++) {
		sing(&c, FRAMES_PER_PERIOD, 17);
		check_eq(avtpmap_group_wait(c.g, 0), 1);
		release_all(&c);
	}
	check_eq(info_of(c.g).wakes_period, wakes + 10);
	check_eq(avtpmap_group_events(c.g), 0);
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	await(c.g, AVTPMAP_EV_QUORUM);
	release_all(&c);
	wakes = info_of(c.g).wakes_period;
	for (int i = 0; i < 10; i++) {
		sing(&c, FRAMES_PER_PERIOD, NOBODY);
		check(avtpmap_group_wait(c.g, 0) >= 1);
		release_all(&c);
	}
	check_eq(info_of(c.g).wakes_period, wakes + 10);
	disband(&c);
}

static void lose(struct choir *c, int member, int frames)
{
	while (frames--)
		talker_shot(&c->t[member]);
}

/* Two and a half periods ahead of the others, which go on as before. */
CASE(the_loss_of_one_member_is_nobodys_silence, BED_GROUP)
{
	struct choir c;

	gather(&c, rig, 6, AVTPMAP_EV_QUORUM);
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	release_all(&c);
	lose(&c, 0, 5 * FRAMES_PER_PERIOD / 2);
	for (uint64_t i = 2; i <= 10; i++) {
		sing(&c, FRAMES_PER_PERIOD, NOBODY);
		check(avtpmap_group_wait(c.g, 0) >= 1);
		check_eq(info_of(c.g).periods, i);
		check_eq(info_of(c.g).wakes_period, i);
		release_all(&c);
	}
	check_eq(avtpmap_group_events(c.g), 0);
	disband(&c);
}

CASE(the_same_loss_of_all_members_wakes_once, BED_GROUP)
{
	struct choir c;

	gather(&c, rig, 6, AVTPMAP_EV_QUORUM);
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	release_all(&c);
	for (int i = 0; i < c.n; i++)
		lose(&c, i, 5 * FRAMES_PER_PERIOD / 2);
	sing(&c, 1, NOBODY);
	check_eq(avtpmap_group_wait(c.g, 0), 2);
	check_eq(info_of(c.g).periods, 3);
	check_eq(info_of(c.g).wakes_period, 2);
	check_eq(avtpmap_group_events(c.g), 0);
	disband(&c);
}

/* 3 samples are 62.5 us: a wake for four of them. */
CASE(a_group_below_the_floor_counts_periods_as_asked, BED_GROUP)
{
	struct avtpmap_period p = { .period = 3 };
	struct choir c;

	gather(&c, rig, 3, 0);
	sing(&c, 1, NOBODY); /* which tells the rate */
	check_eq(avtpmap_group_set_period(c.g, &p), 0);
	sing(&c, 39, NOBODY);
	check_eq(info_of(c.g).wake_period, 12);
	check_eq(info_of(c.g).periods, 80);
	check_eq(info_of(c.g).wakes_period, 20);
	disband(&c);
}

CASE(members_are_closed_and_deleted_and_the_others_go_on, BED_GROUP)
{
	struct choir c;
	uint64_t wakes;

	gather(&c, rig, 10, AVTPMAP_EV_QUORUM);
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	check_eq(avtpmap_group_wait(c.g, 0), 1);
	release_all(&c);
	avtpmap_close(c.s[3]);
	c.s[3] = NULL;
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	check_eq(avtpmap_group_wait(c.g, 0), 1);
	release_all(&c);
	/* closed in the middle, when all others have ended the period */
	sing(&c, FRAMES_PER_PERIOD, 5);
	check_eq(avtpmap_group_wait(c.g, 0), 0);
	wakes = info_of(c.g).wakes_period;
	avtpmap_close(c.s[5]);
	c.s[5] = NULL;
	check_eq(info_of(c.g).wakes_period, wakes + 1);
	check_eq(avtpmap_group_wait(c.g, 0), 1);
	release_all(&c);
	rig_del(rig, STREAM_ID + 7);
	await(c.g, AVTPMAP_EV_QUORUM);
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	check_eq(avtpmap_group_wait(c.g, 0), 1);
	disband(&c);
}

static int readable(struct avtpmap_group *g)
{
	struct pollfd p = { .fd = avtpmap_group_fd(g), .events = POLLIN };

	return poll(&p, 1, 0);
}

CASE(a_groups_descriptor_is_readable_while_wait_would_not_sleep, BED_GROUP)
{
	struct choir c;

	gather(&c, rig, 3, AVTPMAP_EV_RESET);
	check_eq(readable(c.g), 0);
	for (int i = 0; i < 20; i++) {
		sing(&c, FRAMES_PER_PERIOD, NOBODY);
		check_eq(readable(c.g), 1);
		check_eq(avtpmap_group_wait(c.g, 0), 1);
		check_eq(readable(c.g), 1);
		rig_drain(c.s[i % 3]); /* one is enough */
		check_eq(readable(c.g), 0);
		release_all(&c);
		check_eq(readable(c.g), 0);
	}
	c.t[1].next.mr ^= 1;
	rig_send(rig, &c.t[1], 1);
	check_eq(readable(c.g), 1);
	check_eq(avtpmap_group_wait(c.g, 0), 0);
	check_eq(avtpmap_group_events(c.g), AVTPMAP_EV_RESET);
	check_eq(readable(c.g), 0);
	disband(&c);
}

/* The streams are read by another thread than the one that waits. */
struct worker {
	struct choir *c;
	volatile int stop;
	volatile unsigned long read;
};

static void *read_members(void *arg)
{
	struct worker *w = arg;

	while (!w->stop) {
		for (int i = 0; i < w->c->n; i++)
			w->read += rig_drain(w->c->s[i]);
		usleep(100);
	}
	return NULL;
}

/* What it releases empties the descriptor. */
CASE(members_may_be_read_by_another_thread, BED_GROUP)
{
	enum { ROUNDS = 200 };
	struct choir c;
	struct worker w = { .c = &c };
	pthread_t thread;

	gather(&c, rig, 4, 0);
	check_eq(pthread_create(&thread, NULL, read_members, &w), 0);
	for (unsigned long i = 1; i <= fewer(ROUNDS); i++) {
		sing(&c, FRAMES_PER_PERIOD, NOBODY);
		check_eq(info_of(c.g).wakes_period, i);
		until(w.read >= i * FRAMES_PER_PERIOD * c.n);
		check_eq(avtpmap_group_wait(c.g, 0), 0);
		check_eq(readable(c.g), 0);
	}
	w.stop = 1;
	join_thread(thread);
	disband(&c);
}

/* Nor does the next group of the same streams notice that there was another. */
CASE(a_killed_group_leaves_nothing, BED_GROUP | BED_SHARED)
{
	volatile int *ready = share(sizeof(*ready));
	struct choir c, child;
	pid_t pid;

	gather(&c, rig, 4, AVTPMAP_EV_QUORUM);
	for (int round = 0; round < 5; round++) {
		*ready = 0;
		pid = start();
		if (!pid) {
			child.g = new_group(PERIOD, 0, 0);
			for (int i = 0; i < 4; i++)
				check_eq(avtpmap_group_add(
						 child.g,
						 rig_open(rig, STREAM_ID + i, 0,
							  0)),
					 0);
			*ready = 1;
			avtpmap_group_wait(child.g, AVTPMAP_FOREVER);
			pause();
		}
		await_flag(ready);
		sing(&c, FRAMES_PER_PERIOD + 1, NOBODY);
		kill_9(pid);
		sing(&c, FRAMES_PER_PERIOD - 1, NOBODY);
		check_eq(avtpmap_group_wait(c.g, 0), 2);
		release_all(&c);
		check_eq(info_of(c.g).wakes_period, 2 * (round + 1));
	}
	check_eq(avtpmap_group_events(c.g), 0);
	disband(&c);
}

static void *nap(void *arg)
{
	return (void *)(long)avtpmap_group_wait(arg, AVTPMAP_FOREVER);
}

CASE(a_group_whose_streams_are_all_gone_is_enodev, BED_GROUP)
{
	struct choir c;
	pthread_t thread;
	struct pollfd p = { .events = POLLIN };
	void *result;

	gather(&c, rig, 5, 0);
	check_eq(pthread_create(&thread, NULL, nap, c.g), 0);
	usleep(20000);
	check_eq(avtpmap_drain(rig->ctl, rig->ifname), 0);
	until(!pthread_tryjoin_np(thread, &result));
	check_eq((long)result, -ENODEV);
	check_eq(avtpmap_group_wait(c.g, 0), -ENODEV);
	p.fd = avtpmap_group_fd(c.g);
	check_eq(poll(&p, 1, 0), 1);
	if (rig->bed->caps & BED_HANGUP)
		check(p.revents & POLLHUP);
	disband(&c);
}

CASE(a_group_goes_on_with_members_of_a_port_attached_anew, BED_GROUP)
{
	struct choir c;

	gather(&c, rig, 1, 0);
	sing(&c, 2 * FRAMES_PER_PERIOD, NOBODY);
	check_eq(avtpmap_group_wait(c.g, 0), 2);
	avtpmap_close(c.s[0]);
	rig_del(rig, STREAM_ID);
	check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), 0);
	rig_attach(rig, 0);
	rig_add(rig, STREAM_ID, NULL);
	c.s[0] = rig_open(rig, STREAM_ID, 0, 0);
	check_eq(avtpmap_group_add(c.g, c.s[0]), 0);
	talker_init(&c.t[0], &aaf_stereo, STREAM_ID);
	sing(&c, 3 * FRAMES_PER_PERIOD, NOBODY);
	check_eq(avtpmap_group_wait(c.g, 0), 3);
	avtpmap_group_close(c.g);
	avtpmap_close(c.s[0]);
}

CASE(a_group_closed_first_leaves_its_members_alone, BED_GROUP)
{
	struct choir c;
	int due;

	gather(&c, rig, 4, 0);
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	avtpmap_group_close(c.g);
	c.g = NULL;
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	check_eq(rig_drain(c.s[0]), 2 * FRAMES_PER_PERIOD);
	rig_period(c.s[0], PERIOD, 0, 0);
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	rig_poll(c.s[0], &due);
	check_eq(due, 1);
	check_eq(rig_info(c.s[0]).wakes_period, 1);
	c.g = new_group(PERIOD, 0, 0);
	for (int i = 0; i < c.n; i++) {
		rig_drain(c.s[i]);
		check_eq(avtpmap_group_add(c.g, c.s[i]), 0);
	}
	sing(&c, FRAMES_PER_PERIOD, NOBODY);
	check_eq(avtpmap_group_wait(c.g, 0), 1);
	disband(&c);
}

/* Whatever a former one of the same place thought of them. */
CASE(a_new_group_waits_for_all_its_members, BED_GROUP)
{
	struct choir c;

	gather(&c, rig, 3, AVTPMAP_EV_QUORUM);
	sing(&c, 2 * FRAMES_PER_PERIOD, 2);
	await(c.g, AVTPMAP_EV_QUORUM);
	disband(&c);
	c.g = new_group(PERIOD, 0, 0);
	for (int i = 0; i < c.n; i++) {
		c.s[i] = rig_open(rig, STREAM_ID + i, 0, 0);
		check_eq(avtpmap_group_add(c.g, c.s[i]), 0);
	}
	sing(&c, FRAMES_PER_PERIOD, 2);
	check_eq(avtpmap_group_wait(c.g, 0), 0);
	check_eq(info_of(c.g).wakes_period, 0);
	rig_send(rig, &c.t[2], FRAMES_PER_PERIOD);
	check_eq(avtpmap_group_wait(c.g, 0), 1);
	check_eq(info_of(c.g).wakes_period, 1);
	disband(&c);
}

CASE(what_does_not_belong_in_a_group_is_refused, BED_GROUP)
{
	struct avtpmap_period p = { .period = AVTPMAP_PERIOD_MAX + 1 };
	struct avtpmap_stream *s, *other;
	struct avtpmap_group *g, *g2;
	struct avtpmap_reader_info info;

	check_eq(avtpmap_group_create(&g, &p), -EINVAL);
	g = new_group(PERIOD, 0, 0);
	g2 = new_group(PERIOD, 0, 0);
	check_eq(avtpmap_group_wait(g, 0), -ENODEV);
	check_eq(avtpmap_group_fd(g), -1);
	check_eq(avtpmap_group_info(g, &info), -ENODEV);
	rig_add(rig, STREAM_ID, NULL);
	check_eq(avtpmap_stream_add(rig->ctl, rig->bed->ifname(1), STREAM_ID,
				    NULL),
		 0);
	s = rig_open(rig, STREAM_ID, 0, 0);
	check_eq(avtpmap_group_add(g, s), 0);
	check(avtpmap_group_fd(g) >= 0);
	check_eq(avtpmap_group_add(g, s), -EBUSY);
	check_eq(avtpmap_group_add(g2, s), -EBUSY);
	p.period = 64;
	check_eq(avtpmap_set_period(s, &p), -EBUSY);
	check_eq(avtpmap_open(&other,
			      AVTPMAP_OPTS(avtpmap_open_opts,
					   .ifname = rig->bed->ifname(1),
					   .stream_id = STREAM_ID,
					   .backend = rig->bed->backend)),
		 0);
	check_eq(avtpmap_group_add(g, other), -EXDEV);
	avtpmap_close(s);
	check_eq(avtpmap_group_wait(g, 0), -ENODEV);
	check_eq(avtpmap_group_add(g, other), 0); /* it is empty again */
	avtpmap_close(other);
	avtpmap_group_close(g);
	avtpmap_group_close(g2);
}

CASE(a_silent_group_wakes_at_its_deadline, BED_GROUP)
{
	struct avtpmap_period p = { .period = 64, .deadline_ns = 2000000 };
	struct choir c;

	gather(&c, rig, 3, 0);
	check_eq(avtpmap_group_set_period(c.g, &p), 0);
	for (int i = 0; i < 20; i++)
		await(c.g, AVTPMAP_EV_DEADLINE);
	check(info_of(c.g).wakes_deadline >= 20);
	disband(&c);
}

/* Much happens before somebody looks; and then the wake is the last one's end. */
CASE(a_group_that_nobody_asks_loses_no_period, BED_GROUP)
{
	enum { PERIODS = 40 };
	struct choir c;

	gather(&c, rig, 6, AVTPMAP_EV_QUORUM);
	for (int round = 1; round <= 3; round++) {
		sing(&c, PERIODS * FRAMES_PER_PERIOD - 1, NOBODY);
		for (int i = 1; i < 6; i++)
			rig_send(rig, &c.t[i], 1);
		check_eq(info_of(c.g).periods, round * PERIODS - 1);
		check_eq(info_of(c.g).wakes_period, round * PERIODS - 1);
		check_eq(avtpmap_group_wait(c.g, 0), PERIODS - 1);
		rig_send(rig, &c.t[0], 1);
		check_eq(info_of(c.g).wakes_period, round * PERIODS);
		check_eq(avtpmap_group_wait(c.g, 0), PERIODS);
		release_all(&c);
	}
	check_eq(avtpmap_group_events(c.g), 0);
	disband(&c);
}

/*
 * The change comes when some members have ended a period and others have not;
 * from then on too, the wake comes with the last one's end.
 */
CASE(a_changed_period_is_kept_as_exactly, BED_GROUP)
{
	struct avtpmap_period p = { .period = 2 * PERIOD };
	struct choir c;
	uint64_t wakes;

	gather(&c, rig, 6, 0);
	sing(&c, 2 * FRAMES_PER_PERIOD, NOBODY);
	for (int i = 0; i < 3; i++)
		rig_send(rig, &c.t[i], FRAMES_PER_PERIOD);
	check_eq(avtpmap_group_set_period(c.g, &p), 0);
	for (int i = 3; i < 6; i++)
		rig_send(rig, &c.t[i], FRAMES_PER_PERIOD);
	sing(&c, FRAMES_PER_PERIOD - 1, NOBODY);
	release_all(&c);
	wakes = info_of(c.g).wakes_period;
	for (int round = 1; round <= 40; round++) {
		for (int i = 5; i > 0; i--)
			rig_send(rig, &c.t[i], 1);
		check_eq(info_of(c.g).wakes_period, wakes + round - 1);
		check_eq(avtpmap_group_wait(c.g, 0), 0);
		rig_send(rig, &c.t[0], 1);
		check_eq(info_of(c.g).wakes_period, wakes + round);
		check_eq(avtpmap_group_wait(c.g, 0), 1);
		sing(&c, 2 * FRAMES_PER_PERIOD - 1, NOBODY);
		release_all(&c);
	}
	disband(&c);
}
