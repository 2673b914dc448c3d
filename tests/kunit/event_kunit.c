// SPDX-License-Identifier: GPL-2.0
/* Events, silence, deadlines, and the floor under all of them. */
#include <linux/delay.h>

#include "fixture.h"

static u32 events_within(struct reader *r, u64 timeout_ns)
{
	struct avtpmap_wait w = { .timeout_ns = timeout_ns };

	return reader_wait(r, &w) ? 0 : w.events;
}

static u32 next_events(struct kunit *test, struct reader *r, const char *what)
{
	struct avtpmap_wait w = { .timeout_ns = U64_MAX };

	return handle_wait(test, r, &w, what) ? 0 : w.events;
}

static void event_kinds(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream *s = stream_make(test, nic, TALKER_ID);
	struct talker *t = talker_make(test, nic, TALKER_ID);
	struct reader *r = reader_make(test, nic, TALKER_ID);
	struct avtpmap_period p = {
		.events = AVTPMAP_EV_ALL & ~AVTPMAP_EV_RESET,
	};
	unsigned long until;

	KUNIT_EXPECT_EQ(test, reader_set_period(r, &p), 0);
	talk(t);
	KUNIT_EXPECT_EQ(test, next_events(test, r, "START"), AVTPMAP_EV_START);
	KUNIT_EXPECT_EQ(test, events_within(r, 0), 0);	/* told once */
	t->mr = 1;
	t->tu = 1;
	talk(t);
	KUNIT_EXPECT_EQ(test, next_events(test, r, "UNCERTAIN") & ~AVTPMAP_EV_END,
			AVTPMAP_EV_UNCERTAIN);
	/* and then there is silence */
	until = jiffies + WAIT_S * HZ;
	while (READ_ONCE(s->ring.hdr->state) == AVTPMAP_RING_LIVE &&
	       time_before(jiffies, until))
		events_within(r, NSEC_PER_MSEC);
	KUNIT_ASSERT_EQ_MSG(test, s->ring.hdr->state, AVTPMAP_RING_SILENT,
			    "nobody saw the silence in %u s", WAIT_S);
	KUNIT_EXPECT_EQ(test, s->ring.hdr->counters[AVTPMAP_C_MEDIA_UNLOCKED], 1);
	talk(t);
	KUNIT_EXPECT_TRUE(test, next_events(test, r, "the second START") &
			  AVTPMAP_EV_START);
	KUNIT_EXPECT_EQ(test, s->ring.hdr->counters[AVTPMAP_C_MEDIA_LOCKED], 2);
	KUNIT_EXPECT_EQ(test, s->ring.hdr->counters[AVTPMAP_C_MEDIA_RESET], 1);
}

/* One frame and no more: nobody has to look for the stream to be silent. */
static void event_silence(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct avtpmap_ring_hdr *hdr = stream_make(test, nic, TALKER_ID)->ring.hdr;
	int i;

	talk(talker_make(test, nic, TALKER_ID));
	for (i = 0; READ_ONCE(hdr->state) == AVTPMAP_RING_LIVE && i < 500; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, hdr->state, AVTPMAP_RING_SILENT);
	KUNIT_EXPECT_EQ(test, hdr->counters[AVTPMAP_C_MEDIA_LOCKED], 1);
	KUNIT_EXPECT_EQ(test, hdr->counters[AVTPMAP_C_MEDIA_UNLOCKED], 1);
}

/* An event just after a period's wake is owed until the floor has passed. */
static void event_owed(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct talker *t = talker_make(test, nic, TALKER_ID);
	struct avtpmap_period p = { .period = 12, .events = AVTPMAP_EV_RESET };
	u64 start_ns, told, armed_ns, before = 0;
	struct stream *s;
	struct reader *r;
	int i;

	s = stream_make(test, nic, TALKER_ID);
	r = reader_make(test, nic, TALKER_ID);
	talk_frames(t, 2);
	reader_set_period(r, &p);
	for (i = 0; i < 1000; i++) {
		usleep_range(600, 800);		/* the stream may tell of events */
		before = reader_told(r).wakes_event;
		start_ns = ktime_get_ns();
		talk_frames(t, 2);		/* a period's wake */
		r->page->acked = s->ring.hdr->media_pos;
		reader_listen(r);
		t->mr ^= 1;
		talk(t);
		told = reader_told(r).wakes_event - before;
		armed_ns = READ_ONCE(s->timer_ns);
		if (ktime_get_ns() - start_ns < AVTPMAP_FLOOR_NS)
			break;			/* else too slow to say */
		talk(t);
	}
	KUNIT_EXPECT_LT(test, i, 1000);
	KUNIT_EXPECT_EQ(test, told, 0);
	/* by a timer of its own, and not when the stream falls silent */
	KUNIT_EXPECT_LE(test, armed_ns, start_ns + 2 * AVTPMAP_FLOOR_NS);
	for (i = 0; i < 500 && reader_told(r).wakes_event == before; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, reader_told(r).wakes_event, before + 1);
	KUNIT_EXPECT_TRUE(test, events_within(r, 0) & AVTPMAP_EV_RESET);
}

/* Though each frame has an event, a reader is woken once per floor at most. */
static void event_floor(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct talker *t = talker_make(test, nic, TALKER_ID);
	struct avtpmap_period p = { .events = AVTPMAP_EV_RESET };
	struct reader *r;
	u64 start_ns;
	int i;

	stream_make(test, nic, TALKER_ID);
	r = reader_make(test, nic, TALKER_ID);
	start_ns = ktime_get_ns();
	reader_set_period(r, &p);
	for (i = 0; i < 20000; i++) {
		t->mr ^= 1;
		talk(t);
	}
	KUNIT_EXPECT_TRUE(test, next_events(test, r, "RESET") & AVTPMAP_EV_RESET);
	KUNIT_EXPECT_GT(test, reader_told(r).wakes_event, 0);
	KUNIT_EXPECT_LE(test, reader_told(r).wakes_event,
			(ktime_get_ns() - start_ns) / AVTPMAP_FLOOR_NS + 1);
}

static void event_deadline(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct avtpmap_period p = { .deadline_ns = AVTPMAP_FLOOR_NS - 1 };
	struct reader *r;
	u64 start_ns;
	int i;

	stream_make(test, nic, TALKER_ID);
	r = reader_make(test, nic, TALKER_ID);
	KUNIT_EXPECT_EQ(test, reader_set_period(r, &p), -ERANGE);
	p.deadline_ns = AVTPMAP_DEADLINE_MAX_NS + 1;
	KUNIT_EXPECT_EQ(test, reader_set_period(r, &p), -ERANGE);
	p.deadline_ns = 50 * NSEC_PER_MSEC;	/* long enough to fall asleep */
	start_ns = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, reader_set_period(r, &p), 0);
	for (i = 1; i <= 5; i++) {
		KUNIT_ASSERT_EQ(test, next_events(test, r, "the deadline"),
				AVTPMAP_EV_DEADLINE);
		KUNIT_EXPECT_GE(test, ktime_get_ns() - start_ns, i * p.deadline_ns);
	}
	KUNIT_EXPECT_GE(test, reader_told(r).wakes_deadline, 5);
	p.deadline_ns = 0;
	reader_set_period(r, &p);
	events_within(r, 0);
	KUNIT_EXPECT_EQ(test, events_within(r, 10 * NSEC_PER_MSEC), 0);
}

static struct kunit_case event_cases[] = {
	KUNIT_CASE(event_kinds),
	KUNIT_CASE(event_silence),
	KUNIT_CASE(event_owed),
	KUNIT_CASE(event_floor),
	KUNIT_CASE(event_deadline),
	{}
};

static struct kunit_suite event_suite = {
	.name = "avtpmap_event",
	.test_cases = event_cases,
};

kunit_test_suite(event_suite);
