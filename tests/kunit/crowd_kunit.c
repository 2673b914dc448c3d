// SPDX-License-Identifier: GPL-2.0
/*
 * All handles that a user may have, in groups, and all of them asleep: what they
 * make of the frame path is counted in blocks of its code.
 */
#include "cover.h"
#include "fixture.h"

enum {
	GROUPS = AVTPMAP_READERS_MAX,	/* a reader of each stream in each */
	STREAMS = AVTPMAP_HANDLES_MAX / GROUPS - 1,	/* and the groups' heads */
	PERIOD = 60,
	FRAMES = 10,			/* in it */
	LONG = 20,			/* periods that nobody asks in */
	TRIES = 5,			/* of which one is not disturbed */
};

struct crowd {
	struct nic *nic;
	struct reader *head[GROUPS];
	struct talker *talker[STREAMS];
	u32 n_streams;
	u32 n_groups;
};

/* Least of all tries: in a silence that the host makes there is more to do. */
struct cost {
	u32 inside;	/* of a frame that ends no period */
	u32 ends;	/* that ends its stream's, while others of the group lack */
	u32 wakes;	/* that ends the groups' as well */
};

static void add_member(struct kunit *test, struct crowd *c, u32 group, u32 stream)
{
	struct reader *r = reader_make(test, c->nic, TALKER_ID + stream);

	KUNIT_ASSERT_EQ(test, reader_group_add(c->head[group], r), 0);
}

static void add_group(struct kunit *test, struct crowd *c)
{
	struct avtpmap_period p = { .period = PERIOD };
	u32 g = c->n_groups++, i;

	c->head[g] = handle_open(test);
	for (i = 0; i < c->n_streams; i++)
		add_member(test, c, g, i);
	KUNIT_ASSERT_EQ(test, reader_set_period(c->head[g], &p), 0);
}

static void add_stream(struct kunit *test, struct crowd *c)
{
	struct stream_config config;
	u32 i = c->n_streams++, g;

	stream_config_init(&config);
	config.stream_id = cpu_to_be64(TALKER_ID + i);
	config.ms = 2;
	config.stride = AVTPMAP_STRIDE_MIN;
	KUNIT_ASSERT_FALSE(test, IS_ERR(stream_add(c->nic, &config)));
	c->talker[i] = talker_make(test, c->nic, TALKER_ID + i);
	for (g = 0; g < c->n_groups; g++)
		add_member(test, c, g, i);
}

static struct crowd *crowd_make(struct kunit *test, u32 streams, u32 groups)
{
	struct crowd *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->nic = nic_create(test);
	while (c->n_streams < streams)
		add_stream(test, c);
	while (c->n_groups < groups)
		add_group(test, c);
	return c;
}

static void all_sleep(struct crowd *c)
{
	u32 g;

	for (g = 0; g < c->n_groups; g++)
		group_poll(c->head[g]->head_of);
}

static u32 cost_of_frame(struct talker *t)
{
	cover_begin();
	talk(t);
	return cover_end();
}

/*
 * A frame that is counted comes right behind another of its stream: what the
 * others' take, on a slow machine, is a silence to look into.
 */
static void one_period(struct crowd *c, bool asks, struct cost *least)
{
	u32 last = c->n_streams - 1, i;
	struct cost cost;

	for (i = 0; i <= last; i++)
		talk_frames(c->talker[i], FRAMES - 3);
	if (asks)
		all_sleep(c);
	for (i = 1; i < last; i++)
		talk_frames(c->talker[i], 3);
	talk(c->talker[0]);
	cost.inside = cost_of_frame(c->talker[0]);
	cost.ends = cost_of_frame(c->talker[0]);
	talk_frames(c->talker[last], 2);
	cost.wakes = cost_of_frame(c->talker[last]);
	least->inside = min(least->inside, cost.inside);
	least->ends = min(least->ends, cost.ends);
	least->wakes = min(least->wakes, cost.wakes);
}

static u64 wakes_of(struct crowd *c)
{
	u64 wakes = 0;
	u32 g;

	for (g = 0; g < c->n_groups; g++)
		wakes += reader_told(c->head[g]).wakes_period;
	return wakes;
}

static struct cost cost_while(struct kunit *test, struct crowd *c, bool asks)
{
	struct cost least = { U32_MAX, U32_MAX, U32_MAX };
	struct cost start = least;
	u32 periods = asks ? 1 : LONG, i;
	u64 wakes = wakes_of(c);

	for (i = 0; i < periods; i++)
		one_period(c, asks, &start);
	for (i = 0; i < TRIES; i++)
		one_period(c, asks, &least);
	KUNIT_EXPECT_EQ(test, wakes_of(c),
			wakes + (periods + TRIES) * c->n_groups);
	kunit_info(test, "%u groups of %u%s: %u blocks inside a period, %u at its end, %u at the groups'",
		   c->n_groups, c->n_streams, asks ? "" : " that nobody asks",
		   least.inside, least.ends, least.wakes);
	return least;
}

static struct cost cost_of(struct kunit *test, struct crowd *c)
{
	return cost_while(test, c, true);
}

/* The other members of a group are nothing to a frame, however many. */
static void crowd_members_cost_nothing(struct kunit *test)
{
	struct crowd *c = crowd_make(test, 2, GROUPS);
	struct cost few = cost_of(test, c), many;

	while (c->n_streams < STREAMS)
		add_stream(test, c);
	many = cost_of(test, c);
	KUNIT_EXPECT_GT(test, few.inside, 0);
	KUNIT_EXPECT_EQ(test, many.inside, few.inside);
	KUNIT_EXPECT_EQ(test, many.ends, few.ends);
	KUNIT_EXPECT_EQ(test, many.wakes, few.wakes);
}

/*
 * Inside a period nobody is anything to it. At its end the groups are, of which
 * each has one member in this stream: once each.
 */
static void crowd_groups_cost_once(struct kunit *test)
{
	struct crowd *c = crowd_make(test, 2, 0);
	struct cost none = cost_of(test, c), one, two, all;

	add_group(test, c);
	one = cost_of(test, c);
	add_group(test, c);
	two = cost_of(test, c);
	while (c->n_groups < GROUPS)
		add_group(test, c);
	all = cost_of(test, c);
	KUNIT_EXPECT_GT(test, none.inside, 0);
	KUNIT_EXPECT_EQ(test, all.inside, none.inside);
	KUNIT_EXPECT_EQ(test, all.ends - one.ends,
			(GROUPS - 1) * (two.ends - one.ends));
	KUNIT_EXPECT_EQ(test, all.wakes - one.wakes,
			(GROUPS - 1) * (two.wakes - one.wakes));
	KUNIT_EXPECT_LE(test, two.wakes - one.wakes, none.inside);
}

/* Not asked for, they are nothing: of who sleeps each was asked. */
static void crowd_unasked_costs_nothing(struct kunit *test)
{
	struct crowd *c = crowd_make(test, 2, 1);
	struct cost one, none, all;

	cost_of(test, c);
	one = cost_while(test, c, false);
	while (c->n_groups < GROUPS)
		add_group(test, c);
	all = cost_while(test, c, false);
	none = cost_of(test, crowd_make(test, 2, 0));
	KUNIT_EXPECT_GT(test, one.ends, one.inside);
	KUNIT_EXPECT_EQ(test, all.inside, none.inside);
	KUNIT_EXPECT_EQ(test, all.ends, one.ends);
	KUNIT_EXPECT_EQ(test, all.wakes, one.wakes);
	KUNIT_EXPECT_LE(test, all.wakes, 2 * none.inside);
}

static struct kunit_case crowd_cases[] = {
	KUNIT_CASE(crowd_members_cost_nothing),
	KUNIT_CASE(crowd_groups_cost_once),
	KUNIT_CASE(crowd_unasked_costs_nothing),
	{}
};

static struct kunit_suite crowd_suite = {
	.name = "avtpmap_crowd",
	.test_cases = crowd_cases,
};

kunit_test_suite(crowd_suite);
