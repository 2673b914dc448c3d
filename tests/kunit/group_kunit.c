// SPDX-License-Identifier: GPL-2.0
/* Groups: membership, one wakeup for all, and the quorum. */
#include <linux/delay.h>

#include "fixture.h"

enum { MEMBERS = 6, PERIOD = 60, LONG = 25 };

struct band {
	struct nic *nic;
	struct reader *head;
	struct reader *member[MEMBERS];
	struct stream *stream[MEMBERS];
	struct talker *talker[MEMBERS];
};

static struct band *band_make(struct kunit *test)
{
	struct avtpmap_period p = {
		.period = PERIOD,
		.events = AVTPMAP_EV_QUORUM,
	};
	struct band *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->nic = nic_create(test);
	b->head = handle_open(test);
	for (i = 0; i < MEMBERS; i++) {
		b->stream[i] = stream_make(test, b->nic, TALKER_ID + i);
		b->talker[i] = talker_make(test, b->nic, TALKER_ID + i);
		b->member[i] = reader_make(test, b->nic, TALKER_ID + i);
		KUNIT_ASSERT_EQ(test, reader_group_add(b->head, b->member[i]), 0);
	}
	KUNIT_ASSERT_EQ(test, reader_set_period(b->head, &p), 0);
	return b;
}

/* One frame of each member but those from @n on. */
static void band_plays(struct band *b, int n)
{
	while (n--)
		talk(b->talker[n]);
}

static bool in_quorum(const struct band *b, u32 n)
{
	return quorum_has(&b->head->head_of->quorum, &b->member[n]->member);
}

static u64 wakes(const struct band *b)
{
	return reader_told(b->head).wakes_period;
}

static u32 events(struct band *b)
{
	struct avtpmap_wait w = { .timeout_ns = 0 };

	reader_wait(b->head, &w);
	return w.events;
}

static void group_membership(struct kunit *test)
{
	struct band *b = band_make(test);
	struct reader *other = handle_open(test);
	struct nic *nic = nic_create(test);
	struct reader *elsewhere, *loose = handle_open(test);

	stream_make(test, nic, TALKER_ID);
	elsewhere = reader_make(test, nic, TALKER_ID);
	KUNIT_EXPECT_EQ(test, reader_group_add(b->head, b->head), -EBUSY);
	KUNIT_EXPECT_EQ(test, reader_group_add(b->head, b->member[0]), -EBUSY);
	KUNIT_EXPECT_EQ(test, reader_group_add(other, b->member[0]), -EBUSY);
	KUNIT_EXPECT_NULL(test, other->head_of);	/* refused, so no group */
	KUNIT_EXPECT_EQ(test, reader_group_add(b->head, loose), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, reader_group_add(loose, other), -ENOTCONN);
	KUNIT_EXPECT_NULL(test, loose->head_of);
	KUNIT_EXPECT_EQ(test, reader_group_add(b->member[0], elsewhere), -EBUSY);
	KUNIT_EXPECT_EQ(test, reader_group_add(b->head, elsewhere), -EXDEV);
	KUNIT_EXPECT_EQ(test, handle_bind(b->head, b->nic, TALKER_ID), -EBUSY);
	KUNIT_EXPECT_EQ(test, reader_periods(b->member[0], 1), -EBUSY);
	KUNIT_EXPECT_EQ(test, b->head->head_of->n_members, MEMBERS);
	reader_close(test, b->member[5]);
	KUNIT_EXPECT_EQ(test, b->head->head_of->n_members, MEMBERS - 1);
	reader_close(test, b->head);
	KUNIT_EXPECT_NULL(test, b->member[0]->group);
	KUNIT_EXPECT_EQ(test, reader_group_add(other, b->member[0]), 0);
	KUNIT_EXPECT_EQ(test, reader_periods(b->member[1], 30), 0);
}

/* All members end the period before the group is woken, and it is once. */
static void group_wakes_once(struct kunit *test)
{
	struct band *b = band_make(test);
	u32 period, frame, i;

	for (period = 1; period <= 50; period++) {
		for (frame = 0; frame < 9; frame++)
			band_plays(b, MEMBERS);
		for (i = 0; i < MEMBERS; i++) {
			KUNIT_ASSERT_EQ(test, wakes(b), period - 1);
			talk(b->talker[(period + i) % MEMBERS]);
		}
		KUNIT_ASSERT_EQ(test, wakes(b), period);
	}
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 50);
	for (i = 0; i < MEMBERS; i++)
		KUNIT_EXPECT_EQ(test, reader_told(b->member[i]).wakes_period, 0);
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, 0);
}

/* Members whose packets differ and who started apart: still one wake each. */
static void group_out_of_step(struct kunit *test)
{
	struct band *b = band_make(test);
	u64 least, i, round;

	for (i = 0; i < MEMBERS; i++)
		b->talker[i]->units = 4 + i;	/* 4 to 9: all divide no 60 alike */
	for (round = 0; round < 600; round++) {
		for (i = 0; i < MEMBERS; i++)	/* keep them within a period */
			while (b->stream[i]->account.media_pos < 6 * (round + 1))
				talk(b->talker[i]);
		least = U64_MAX;
		for (i = 0; i < MEMBERS; i++)
			least = min(least, b->stream[i]->account.media_pos);
		KUNIT_ASSERT_EQ(test, wakes(b), least / PERIOD);
	}
}

/* Who is silent for two periods is not waited for, until it sends again. */
static void group_quorum(struct kunit *test)
{
	struct band *b = band_make(test);
	u32 i;

	for (i = 0; i < 10; i++)
		band_plays(b, MEMBERS);
	KUNIT_EXPECT_EQ(test, wakes(b), 1);
	for (i = 0; i < 19; i++)
		band_plays(b, MEMBERS - 1);
	KUNIT_EXPECT_EQ(test, wakes(b), 1);		/* waits for the last */
	KUNIT_EXPECT_TRUE(test, in_quorum(b, MEMBERS - 1));
	band_plays(b, MEMBERS - 1);			/* two periods */
	KUNIT_EXPECT_FALSE(test, in_quorum(b, MEMBERS - 1));
	for (i = 0; i < MEMBERS - 1; i++)
		KUNIT_EXPECT_TRUE(test, in_quorum(b, i));
	KUNIT_EXPECT_TRUE(test, b->head->head_of->pending & AVTPMAP_EV_QUORUM);
	KUNIT_EXPECT_TRUE(test, events(b) & AVTPMAP_EV_QUORUM);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 3);
	for (i = 0; i < 100; i++)
		band_plays(b, MEMBERS - 1);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 13);
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, 0);

	for (i = 0; i < 10; i++)
		band_plays(b, MEMBERS);
	KUNIT_EXPECT_TRUE(test, in_quorum(b, MEMBERS - 1));
	KUNIT_EXPECT_TRUE(test, events(b) & AVTPMAP_EV_QUORUM);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 14);
	for (i = 0; i < 9; i++)
		band_plays(b, MEMBERS - 1);
	for (i = 0; i < 9; i++)
		talk(b->talker[MEMBERS - 1]);
	band_plays(b, MEMBERS - 1);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 14);
	talk(b->talker[MEMBERS - 1]);			/* it is waited for again */
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 15);
}

/*
 * One member loses 25 frames, and so is two periods and a half ahead of the
 * others: nobody is silent, and each period wakes once.
 */
static void group_one_loses(struct kunit *test)
{
	struct band *b = band_make(test);
	u32 i;

	for (i = 0; i < 9; i++)
		band_plays(b, MEMBERS);
	events(b);
	talker_skip(b->talker[0], 25);
	for (i = 0; i < 30; i++)
		band_plays(b, MEMBERS);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 3);
	KUNIT_EXPECT_EQ(test, wakes(b), 3);
	for (i = 0; i < MEMBERS; i++)
		KUNIT_EXPECT_TRUE(test, in_quorum(b, i));
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, 0);
}

/* All lose the same 25 frames: one wake for the periods that those held. */
static void group_all_lose(struct kunit *test)
{
	struct band *b = band_make(test);
	u32 i;

	for (i = 0; i < 10; i++)
		band_plays(b, MEMBERS);
	KUNIT_EXPECT_EQ(test, wakes(b), 1);
	events(b);
	for (i = 0; i < MEMBERS; i++)
		talker_skip(b->talker[i], 25);
	band_plays(b, MEMBERS);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 3);
	KUNIT_EXPECT_EQ(test, wakes(b), 2);
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, 0);
}

/* Whoever comes back after a long silence adds one period, not all it missed. */
static void group_comes_back(struct kunit *test)
{
	struct band *b = band_make(test);
	u32 i;

	for (i = 0; i < 10; i++)
		band_plays(b, MEMBERS);
	for (i = 0; i < 60; i++)
		band_plays(b, MEMBERS - 1);
	KUNIT_EXPECT_FALSE(test, in_quorum(b, MEMBERS - 1));
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 7);
	talker_skip(b->talker[MEMBERS - 1], 60);
	talk(b->talker[MEMBERS - 1]);			/* ends six at once */
	KUNIT_EXPECT_TRUE(test, in_quorum(b, MEMBERS - 1));
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 7);
	for (i = 0; i < 9; i++)
		band_plays(b, MEMBERS);
	band_plays(b, MEMBERS - 1);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 8);
	for (i = 0; i < 9; i++)
		band_plays(b, MEMBERS);
	band_plays(b, MEMBERS - 1);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 9);
}

/* Below the floor periods are counted as asked for, not as they wake. */
static void group_below_floor(struct kunit *test)
{
	struct avtpmap_period p = { .period = 3 };	/* 62.5 us */
	struct band *b = band_make(test);
	u32 i;

	KUNIT_EXPECT_EQ(test, reader_set_period(b->head, &p), 0);
	for (i = 0; i < 40; i++)
		band_plays(b, MEMBERS);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).wake_period, 12);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, 80);
	KUNIT_EXPECT_EQ(test, wakes(b), 20);
}

/* A stream that is deleted leaves its group; the others go on. */
static void group_member_deleted(struct kunit *test)
{
	struct band *b = band_make(test);
	u32 i;

	for (i = 0; i < 10; i++)
		band_plays(b, MEMBERS - 1);
	KUNIT_EXPECT_EQ(test, wakes(b), 0);
	stream_drop(b->stream[MEMBERS - 1]);		/* it was the last one due */
	KUNIT_EXPECT_EQ(test, wakes(b), 1);
	KUNIT_EXPECT_TRUE(test, events(b) & AVTPMAP_EV_QUORUM);
	for (i = 0; i < 10; i++)
		band_plays(b, MEMBERS - 1);
	KUNIT_EXPECT_EQ(test, wakes(b), 2);
	for (i = 0; i < 10; i++)
		band_plays(b, MEMBERS - 2);
	reader_close(test, b->member[MEMBERS - 2]);	/* and so with a reader */
	KUNIT_EXPECT_EQ(test, wakes(b), 3);
}

/* Without any stream left there is nothing to wait for. */
static void group_all_deleted(struct kunit *test)
{
	struct band *b = band_make(test);
	struct avtpmap_wait w = { .timeout_ns = U64_MAX };
	int i;

	for (i = 0; i < MEMBERS; i++)
		stream_drop(b->stream[i]);
	events(b);
	KUNIT_EXPECT_EQ(test, handle_wait(test, b->head, &w, "the last stream's end"),
			-ENODEV);
}

/* Whoever does not wait costs no timer: neither wakes nor interrupts. */
static void group_deadline(struct kunit *test)
{
	struct band *b = band_make(test);
	struct group *g = b->head->head_of;
	struct avtpmap_wait w = { .timeout_ns = U64_MAX };
	struct avtpmap_period p = {
		.period = PERIOD,
		.events = AVTPMAP_EV_ALL,
		.deadline_ns = NSEC_PER_MSEC,
	};

	KUNIT_EXPECT_EQ(test, reader_set_period(b->head, &p), 0);
	band_plays(b, MEMBERS);				/* START */
	msleep(20);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).wakes_deadline, 0);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).wakes_event, 0);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&g->timer));
	KUNIT_EXPECT_EQ(test, handle_wait(test, b->head, &w, "START"), 0);
	KUNIT_EXPECT_TRUE(test, w.events & AVTPMAP_EV_START);

	KUNIT_EXPECT_EQ(test, handle_wait(test, b->head, &w, "the deadline"), 0);
	KUNIT_EXPECT_TRUE(test, w.events & AVTPMAP_EV_DEADLINE);
	KUNIT_EXPECT_GE(test, reader_told(b->head).wakes_deadline, 1);
	msleep(20);
	KUNIT_EXPECT_LE(test, reader_told(b->head).wakes_deadline, 2);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&g->timer));
}

/* Done with all that there is, and listening again: nothing is due. */
static void band_asks(struct kunit *test, struct band *b)
{
	int i;

	for (i = 0; i < MEMBERS; i++)
		b->member[i]->page->acked =
			b->member[i]->stream->ring.hdr->media_pos;
	events(b);
	KUNIT_ASSERT_FALSE(test, group_poll(b->head->head_of));
}

static void band_ends_period(struct band *b)
{
	int i;

	for (i = 0; i < 10; i++)
		band_plays(b, MEMBERS);
}

/* An event just after the group's wake is owed until the floor has passed. */
static void group_owed(struct kunit *test)
{
	struct avtpmap_period p = { .period = PERIOD, .events = AVTPMAP_EV_RESET };
	struct band *b = band_make(test);
	struct group *g = b->head->head_of;
	u64 told, woken_ns, before = 0;
	int i;

	KUNIT_EXPECT_EQ(test, reader_set_period(b->head, &p), 0);
	for (i = 0; i < 1000; i++) {
		usleep_range(600, 800);		/* the stream may tell of events */
		band_asks(test, b);
		before = reader_told(b->head).wakes_event;
		band_ends_period(b);
		band_asks(test, b);
		woken_ns = g->wake.last_ns;
		b->talker[0]->mr ^= 1;
		talk(b->talker[0]);
		told = reader_told(b->head).wakes_event - before;
		if (ktime_get_ns() - woken_ns < AVTPMAP_FLOOR_NS)
			break;			/* else too slow to say */
	}
	KUNIT_EXPECT_LT(test, i, 1000);
	KUNIT_EXPECT_EQ(test, told, 0);
	for (i = 0; i < 500 && reader_told(b->head).wakes_event == before; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).wakes_event, before + 1);
	KUNIT_EXPECT_EQ(test, events(b), AVTPMAP_EV_RESET);
}

/*
 * The timer is set for the deadline before the period, when it comes too early;
 * whoever listens by then is woken all the same, a deadline after the period.
 */
static void group_deadline_after_period(struct kunit *test)
{
	struct avtpmap_wait w = { .timeout_ns = U64_MAX };
	struct avtpmap_period p = {
		.period = PERIOD,
		.deadline_ns = 100 * NSEC_PER_MSEC,
	};
	struct band *b = band_make(test);
	u64 start_ns;

	KUNIT_EXPECT_EQ(test, reader_set_period(b->head, &p), 0);
	band_asks(test, b);
	msleep(50);
	start_ns = ktime_get_ns();
	band_ends_period(b);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).wakes_period, 1);
	band_asks(test, b);
	KUNIT_EXPECT_EQ(test, handle_wait(test, b->head, &w, "the deadline"), 0);
	KUNIT_EXPECT_EQ(test, w.events, AVTPMAP_EV_DEADLINE);
	KUNIT_EXPECT_GE(test, ktime_get_ns() - start_ns, p.deadline_ns);
}

/* ---- a group that nobody asks ---- */

static enum group_state state(const struct band *b)
{
	return READ_ONCE(b->head->head_of->state);
}

/* More periods than it is followed for. */
static void band_is_left(struct kunit *test, struct band *b)
{
	struct period *p;
	int i;

	for (i = 0; i < LONG; i++)
		band_ends_period(b);
	KUNIT_ASSERT_EQ(test, state(b), GROUP_AWAY);
	for (i = 2; i < MEMBERS; i++) {			/* others may be gone */
		p = b->member[i]->period;
		KUNIT_ASSERT_TRUE(test, list_empty(&p->members));
	}
}

/* It loses no period, and whoever asks finds all members where they are. */
static void group_nobody_asks(struct kunit *test)
{
	struct band *b = band_make(test);
	int i;

	band_is_left(test, b);
	for (i = 0; i < 9; i++)
		band_plays(b, MEMBERS);
	for (i = 0; i < MEMBERS - 1; i++)
		talk(b->talker[i]);
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, LONG);
	KUNIT_EXPECT_EQ(test, wakes(b), LONG);
	KUNIT_EXPECT_EQ(test, state(b), GROUP_FOLLOWED);
	talk(b->talker[i]);
	KUNIT_EXPECT_EQ(test, wakes(b), LONG + 1);
	for (i = 0; i < 10; i++) {
		band_ends_period(b);
		KUNIT_EXPECT_EQ(test, wakes(b), LONG + 2 + i);
	}
	KUNIT_EXPECT_EQ(test, reader_told(b->head).periods, LONG + 11);
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, 0);
}

/* Returns how many periods the others ended until the last member was silent. */
static u32 band_outlasts_one(struct kunit *test, struct band *b)
{
	const struct avtpmap_ring_hdr *hdr = b->stream[MEMBERS - 1]->ring.hdr;
	u32 periods = 0, i;

	while (periods < 8 || READ_ONCE(hdr->state) == AVTPMAP_RING_LIVE) {
		for (i = 0; i < 10; i++)
			band_plays(b, MEMBERS - 1);
		periods++;
		usleep_range(1000, 2000);
		KUNIT_ASSERT_LT_MSG(test, periods, 20000, "nobody falls silent");
	}
	return periods;
}

/* What its members do meanwhile is to them what it is while somebody asks. */
static void group_away_quorum(struct kunit *test)
{
	struct band *b = band_make(test);
	u32 periods = LONG, i;

	band_is_left(test, b);
	talker_skip(b->talker[0], 25);			/* lost */
	periods += band_outlasts_one(test, b);
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, AVTPMAP_EV_QUORUM);
	for (i = 0; i < MEMBERS - 1; i++)
		KUNIT_EXPECT_TRUE(test, in_quorum(b, i));
	KUNIT_EXPECT_FALSE(test, in_quorum(b, i));
	KUNIT_EXPECT_EQ(test, wakes(b), periods);

	band_is_left(test, b);
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, AVTPMAP_EV_QUORUM);
	KUNIT_EXPECT_TRUE(test, in_quorum(b, MEMBERS - 1));
	KUNIT_EXPECT_EQ(test, wakes(b), periods + LONG);
	for (i = 1; i <= 5; i++) {
		band_ends_period(b);
		KUNIT_EXPECT_EQ(test, wakes(b), periods + LONG + i);
	}
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, 0);
}

/* Members come, go and are deleted, and the period changes. */
static void group_away_changes(struct kunit *test)
{
	struct avtpmap_period p = { .period = PERIOD, .events = AVTPMAP_EV_QUORUM };
	struct band *b = band_make(test);
	int i;

	band_is_left(test, b);
	reader_close(test, b->member[0]);
	stream_drop(b->stream[1]);
	for (i = 2; i < MEMBERS; i++)
		talk_frames(b->talker[i], 10);
	KUNIT_EXPECT_EQ(test, wakes(b), LONG + 1);
	KUNIT_EXPECT_FALSE(test, in_quorum(b, 1));

	band_is_left(test, b);
	KUNIT_EXPECT_EQ(test, reader_set_period(b->head, &p), 0);
	KUNIT_EXPECT_EQ(test, state(b), GROUP_FOLLOWED);
	for (i = 2; i < MEMBERS; i++)
		talk_frames(b->talker[i], 10);
	KUNIT_EXPECT_EQ(test, wakes(b), 2 * (LONG + 1));

	band_is_left(test, b);
	b->member[0] = reader_make(test, b->nic, TALKER_ID);
	KUNIT_EXPECT_EQ(test, reader_group_add(b->head, b->member[0]), 0);
	KUNIT_EXPECT_EQ(test, state(b), GROUP_FOLLOWED);
	events(b);
	band_ends_period(b);
	KUNIT_EXPECT_EQ(test, wakes(b), 3 * (LONG + 1));
	KUNIT_EXPECT_EQ(test, events(b) & AVTPMAP_EV_QUORUM, 0);

	band_is_left(test, b);
	reader_close(test, b->head);
	KUNIT_EXPECT_NULL(test, b->member[2]->group);
	KUNIT_EXPECT_EQ(test, reader_periods(b->member[2], 30), 0);
}

static bool was_woken;

static int note_wake(struct wait_queue_entry *entry, unsigned int mode, int flags,
		     void *key)
{
	was_woken = true;
	return 0;
}

/*
 * Where media is lost in each period of one, nobody is silent for it, and no wake
 * comes of any number of frames. Whoever sleeps is woken to look.
 */
static void group_away_asleep(struct kunit *test)
{
	struct band *b = band_make(test);
	struct group *g = b->head->head_of;
	struct wait_queue_entry entry;
	int i;

	init_waitqueue_func_entry(&entry, note_wake);
	was_woken = false;
	band_ends_period(b);
	talk(b->talker[0]);
	band_asks(test, b);
	add_wait_queue(&g->wait, &entry);
	for (i = 0; i < 200 && state(b) == GROUP_FOLLOWED; i++) {
		KUNIT_EXPECT_FALSE(test, was_woken);
		talker_skip(b->talker[0], 9);
		talk(b->talker[0]);
	}
	remove_wait_queue(&g->wait, &entry);
	KUNIT_EXPECT_TRUE(test, was_woken);
	KUNIT_EXPECT_EQ(test, state(b), GROUP_AWAY);
	KUNIT_EXPECT_EQ(test, g->info.wakes_period, 1);
	talk(b->talker[0]);
	talk_frames(b->talker[0], 10);
	KUNIT_EXPECT_TRUE(test, list_empty(&b->member[0]->period->members));
	KUNIT_EXPECT_TRUE(test, group_poll(g) || state(b) == GROUP_FOLLOWED);
	KUNIT_EXPECT_FALSE(test, list_empty(&b->member[0]->period->members));
}

static struct kunit_case group_cases[] = {
	KUNIT_CASE(group_membership),
	KUNIT_CASE(group_wakes_once),
	KUNIT_CASE(group_out_of_step),
	KUNIT_CASE(group_quorum),
	KUNIT_CASE(group_one_loses),
	KUNIT_CASE(group_all_lose),
	KUNIT_CASE(group_comes_back),
	KUNIT_CASE(group_below_floor),
	KUNIT_CASE(group_member_deleted),
	KUNIT_CASE(group_all_deleted),
	KUNIT_CASE(group_deadline),
	KUNIT_CASE(group_owed),
	KUNIT_CASE(group_deadline_after_period),
	KUNIT_CASE(group_nobody_asks),
	KUNIT_CASE(group_away_quorum),
	KUNIT_CASE(group_away_changes),
	KUNIT_CASE(group_away_asleep),
	{}
};

static struct kunit_suite group_suite = {
	.name = "avtpmap_group",
	.test_cases = group_cases,
};

kunit_test_suite(group_suite);
