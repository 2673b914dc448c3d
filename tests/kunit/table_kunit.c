// SPDX-License-Identifier: GPL-2.0
/* Streams by port and stream_id: insert, find, remove, and find meanwhile. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "fixture.h"
#include "table.h"

enum { STREAMS = 512 };

/* Streams with what the table looks at, and nothing else. */
struct few {
	struct port port[2];
	struct stream stream[2][STREAMS];
};

static u64 id_of(u32 i)
{
	return TALKER_ID + (u64)i / 16 * 0x10000 + i % 16;
}

static int table_test_init(struct kunit *test)
{
	struct few *few = kvzalloc(sizeof(*few), GFP_KERNEL);
	int p, i;

	if (!few)
		return -ENOMEM;
	for (p = 0; p < 2; p++) {
		/* one bucket for one id, whichever the port */
		few->port[p].ifindex = 1000 + p * ARRAY_SIZE(table);
		for (i = 0; i < STREAMS; i++) {
			few->stream[p][i].port = &few->port[p];
			few->stream[p][i].key.stream_id = cpu_to_be64(id_of(i));
		}
	}
	test->priv = few;
	return 0;
}

static void table_test_exit(struct kunit *test)
{
	synchronize_rcu();
	kvfree(test->priv);
}

static void insert(struct stream *s)
{
	rtnl_lock();
	table_insert(s);
	rtnl_unlock();
}

static void take_out(struct stream *s)
{
	rtnl_lock();
	table_remove(s);
	rtnl_unlock();
}

static struct stream *find(const struct port *port, u64 id)
{
	struct stream *s;

	rcu_read_lock();
	s = table_find(port, cpu_to_be64(id));
	rcu_read_unlock();
	return s;
}

/* Two ports have the same ids and do not meet. */
static void table_finds_each(struct kunit *test)
{
	struct few *few = test->priv;
	int p, i;

	for (i = 0; i < STREAMS; i++) {
		KUNIT_EXPECT_NULL(test, find(&few->port[0], id_of(i)));
		insert(&few->stream[0][i]);
		KUNIT_EXPECT_NULL(test, find(&few->port[1], id_of(i)));
		insert(&few->stream[1][i]);
	}
	for (p = 0; p < 2; p++)
		for (i = 0; i < STREAMS; i++)
			KUNIT_EXPECT_PTR_EQ(test, find(&few->port[p], id_of(i)),
					    &few->stream[p][i]);
	KUNIT_EXPECT_NULL(test, find(&few->port[0], id_of(STREAMS)));
	for (i = 0; i < STREAMS; i++)
		take_out(&few->stream[0][i]);
	for (i = 0; i < STREAMS; i++) {
		KUNIT_EXPECT_NULL(test, find(&few->port[0], id_of(i)));
		KUNIT_EXPECT_PTR_EQ(test, find(&few->port[1], id_of(i)),
				    &few->stream[1][i]);
		take_out(&few->stream[1][i]);
	}
}

/* Any one of a full table can go, and the rest stays. */
static void table_removes_one(struct kunit *test)
{
	struct few *few = test->priv;
	int i, gone;

	for (i = 0; i < STREAMS; i++)
		insert(&few->stream[0][i]);
	for (gone = 0; gone < STREAMS; gone += 37) {
		take_out(&few->stream[0][gone]);
		for (i = 0; i < STREAMS; i++)
			KUNIT_EXPECT_PTR_EQ(test, find(&few->port[0], id_of(i)),
					    i == gone ? NULL : &few->stream[0][i]);
		insert(&few->stream[0][gone]);
	}
	for (i = 0; i < STREAMS; i++)
		take_out(&few->stream[0][i]);
}

/* Ids of one maker, 16 streams to a talker, spread over the buckets. */
static void table_spreads(struct kunit *test)
{
	struct few *few = test->priv;
	const struct stream *s;
	u32 longest = 0, n;
	int i;

	for (i = 0; i < STREAMS; i++)
		insert(&few->stream[0][i]);
	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		n = 0;
		hlist_for_each_entry_rcu(s, &table[i], table_node)
			n++;
		longest = max(longest, n);
	}
	rcu_read_unlock();
	KUNIT_EXPECT_LE(test, longest, 4);
	for (i = 0; i < STREAMS; i++)
		take_out(&few->stream[0][i]);
}

struct looker {
	const struct few *few;
	struct completion done;
	bool stop;
	u32 misses;
	u32 strangers;
};

/* Stream 0 is always there; the others come and go. */
static int look(void *data)
{
	struct looker *l = data;
	u32 i = 0;

	while (!READ_ONCE(l->stop)) {
		const struct port *port = &l->few->port[0];
		const struct stream *s;

		rcu_read_lock();
		l->misses += !table_find(port, cpu_to_be64(id_of(0)));
		s = table_find(port, cpu_to_be64(id_of(++i % 8)));
		l->strangers += s && s->key.stream_id != cpu_to_be64(id_of(i % 8));
		rcu_read_unlock();
		cond_resched();
	}
	complete(&l->done);
	return 0;
}

static void table_found_meanwhile(struct kunit *test)
{
	struct few *few = test->priv;
	struct looker *l = kzalloc(sizeof(*l), GFP_KERNEL);
	struct task_struct *task;
	int round, i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	l->few = few;
	init_completion(&l->done);
	insert(&few->stream[0][0]);
	task = kthread_run(look, l, "avtpmap_look");
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, task);
	for (round = 0; round < 50 && !IS_ERR(task); round++) {
		for (i = 1; i < 8; i++) {
			struct stream *s = kmemdup(&few->stream[0][i], sizeof(*s),
						   GFP_KERNEL);

			if (!s)
				break;
			insert(s);
			cond_resched();
			take_out(s);
			synchronize_rcu_expedited();
			kfree(s);	/* what still finds it now is caught */
		}
	}
	WRITE_ONCE(l->stop, true);
	if (!IS_ERR(task) && !wait_for_completion_timeout(&l->done, WAIT_S * HZ)) {
		__module_get(THIS_MODULE);	/* it stays, and so does what it uses */
		test->priv = NULL;
		KUNIT_FAIL(test, "who looks for streams did not end in %u s", WAIT_S);
		return;
	}
	take_out(&few->stream[0][0]);
	KUNIT_EXPECT_EQ(test, l->misses, 0);
	KUNIT_EXPECT_EQ(test, l->strangers, 0);
	kfree(l);
}

/* Ids of one bucket, as somebody chooses who wants frames to be slow. */
static void table_bucket_capped(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream_config config;
	struct stream *s = NULL;
	u64 i;

	stream_config_init(&config);
	config.ms = 1;
	config.stride = 128;
	for (i = 0; i <= BUCKET_MAX; i++) {
		KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(s), 0);
		config.stream_id = cpu_to_be64(TALKER_ID + (i << 44));
		s = stream_add(nic, &config);
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(s), -ENOSPC);
	config.stream_id = cpu_to_be64(TALKER_ID + 1);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, stream_add(nic, &config));
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(table_finds_each),
	KUNIT_CASE(table_removes_one),
	KUNIT_CASE(table_spreads),
	KUNIT_CASE(table_found_meanwhile),
	KUNIT_CASE(table_bucket_capped),
	{}
};

static struct kunit_suite table_suite = {
	.name = "avtpmap_table",
	.init = table_test_init,
	.exit = table_test_exit,
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
