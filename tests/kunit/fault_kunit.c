// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation fails once. A call in which one failed says ENOMEM and leaves
 * nothing, or does all that it should. Who loads this lets failslab and
 * fail_page_alloc fail any allocation (see run.sh); kmemleak looks afterwards.
 */
#include <linux/rtnetlink.h>
#include <linux/sched.h>

#include "fixture.h"
#include "netlink_client.h"

enum { FAULTS_MAX = 200 };	/* no call here has so many allocations */

static void fail_nth(u32 n)
{
	current->fail_nth = n;
}

/* Whether there was an allocation to fail. */
static bool failed(void)
{
	bool hit = !current->fail_nth;

	current->fail_nth = 0;
	return hit;
}

/* ---- port and stream ---- */

static void fault_port(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct port *port;
	u32 n, refused = 0;
	bool hit = true;

	for (n = 1; hit && n < FAULTS_MAX; n++) {
		rtnl_lock();
		fail_nth(n);
		port = port_get_or_create(nic->dev, NULL);
		hit = failed();
		if (!IS_ERR(port))
			port_release(port);
		rtnl_unlock();
		if (!IS_ERR(port))
			continue;
		refused++;
		KUNIT_EXPECT_EQ(test, PTR_ERR(port), -ENOMEM);
		KUNIT_EXPECT_NULL(test, nic_port(nic));
		KUNIT_EXPECT_FALSE(test, avtpmap_tap_armed(&nic->tap));
	}
	KUNIT_EXPECT_FALSE(test, hit);
	KUNIT_EXPECT_GE(test, refused, 1);
}

static void expect_clean(struct kunit *test, struct nic *nic, u32 n)
{
	struct port *port = nic_port(nic);

	KUNIT_EXPECT_EQ_MSG(test, port->n_streams, 0, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, kref_read(&port->ref), 1, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, port->mem_used_bytes, 0, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, nic->dev->allmulti, 0, "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, netdev_mc_count(nic->dev), nic->mc,
			    "allocation %u", n);
	KUNIT_EXPECT_EQ_MSG(test, netdev_uc_count(nic->dev), 0, "allocation %u", n);
	KUNIT_EXPECT_TRUE_MSG(test, bitmap_empty(nic->vids, 4096), "allocation %u",
			      n);
}

static void fail_streams(struct kunit *test, u64 mac, u32 least)
{
	struct nic *nic = nic_create(test);
	struct stream_config config;
	struct stream *s;
	u32 n, refused = 0;
	bool hit = true;

	port_make(test, nic);
	stream_config_init(&config);
	config.stream_id = cpu_to_be64(TALKER_ID);
	config.mac = mac;
	config.ms = 1;
	config.stride = 128;
	for (n = 1; hit && n < FAULTS_MAX; n++) {
		fail_nth(n);
		s = stream_add(nic, &config);
		hit = failed();
		if (!IS_ERR(s)) {
			KUNIT_EXPECT_EQ(test, nic_port(nic)->n_streams, 1);
			stream_drop(s);
		} else {
			refused++;
			KUNIT_EXPECT_EQ(test, PTR_ERR(s), -ENOMEM);
		}
		expect_clean(test, nic, n);
	}
	KUNIT_EXPECT_FALSE(test, hit);
	KUNIT_EXPECT_GE(test, refused, least);
}

/* Of stream, page table, two pages, their mapping, and the VID. */
static void fault_stream(struct kunit *test)
{
	fail_streams(test, 0, 6);
}

static void fault_stream_multicast(struct kunit *test)
{
	fail_streams(test, 0x91e0f000fe01ull, 7);
}

static void fault_stream_unicast(struct kunit *test)
{
	fail_streams(test, 0x02005e1000ffull, 7);
}

/* ---- readers ---- */

static int open_and_bind(const struct nic *nic)
{
	struct reader *r = reader_create();
	int err;

	if (IS_ERR(r))
		return PTR_ERR(r);
	err = handle_bind(r, nic, TALKER_ID);
	reader_destroy(r);
	return err;
}

static void fault_reader(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream *s = stream_make(test, nic, TALKER_ID);
	u32 n, refused = 0;
	bool hit = true;
	int err;

	for (n = 1; hit && n < FAULTS_MAX; n++) {
		fail_nth(n);
		err = open_and_bind(nic);
		hit = failed();
		if (err) {
			refused++;
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		}
		KUNIT_EXPECT_EQ(test, s->n_readers, 0);
		KUNIT_EXPECT_EQ(test, kref_read(&s->ref), 1);
	}
	KUNIT_EXPECT_FALSE(test, hit);
	KUNIT_EXPECT_GE(test, refused, 2);	/* the reader, its page */
}

/* A handle that could not be bound for want of memory can be bound later. */
static void fault_bind_again(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct reader *r = handle_open(test);
	u32 n;
	int err;

	stream_make(test, nic, TALKER_ID);
	for (n = 1; n < FAULTS_MAX; n++) {
		fail_nth(n);
		err = handle_bind(r, nic, TALKER_ID);
		failed();
		if (!err)
			break;
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	}
	KUNIT_EXPECT_GT(test, n, 1);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, handle_bind(r, nic, TALKER_ID), -EBUSY);
}

static void fault_group(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct reader *member, *head = handle_open(test);

	stream_make(test, nic, TALKER_ID);
	member = reader_make(test, nic, TALKER_ID);
	fail_nth(1);
	KUNIT_EXPECT_EQ(test, reader_group_add(head, member), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, failed());
	KUNIT_EXPECT_NULL(test, member->group);
	KUNIT_EXPECT_EQ(test, reader_group_add(head, member), 0);
}

/* ---- over netlink, with a listener: the port that it made goes as well ---- */

static void fault_netlink_add(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct client *c = client_open(test), *listener = client_open(test);
	u32 n, refused = 0;
	bool hit = true;
	int err;

	KUNIT_ASSERT_EQ(test, client_listen(listener), 0);
	for (n = 1; hit && n < FAULTS_MAX; n++) {
		client_begin(c, AVTPMAP_CMD_STREAM_ADD, 0);
		client_put_u32(c, AVTPMAP_A_IFINDEX, nic->dev->ifindex);
		client_put_id(c, TALKER_ID);
		client_put_u32(c, AVTPMAP_A_MS, 1);
		client_put_u32(c, AVTPMAP_A_STRIDE, 128);
		fail_nth(n);
		err = client_send(c);
		hit = failed();
		if (nic_port(nic)) {
			port_drop(nic);
			/* done, though its answer may be lost */
			KUNIT_EXPECT_TRUE(test, !err || err == -ENOMEM ||
					  err == -EAGAIN || err == -ENOBUFS);
			continue;
		}
		refused++;
		KUNIT_EXPECT_TRUE_MSG(test, err == -ENOMEM || err == -ENOBUFS, "%d",
				      err);
		KUNIT_EXPECT_EQ(test, nic->dev->allmulti, 0);
		KUNIT_EXPECT_FALSE(test, avtpmap_tap_armed(&nic->tap));
	}
	KUNIT_EXPECT_FALSE(test, hit);
	KUNIT_EXPECT_GE(test, refused, 7);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(fault_port),
	KUNIT_CASE(fault_stream),
	KUNIT_CASE(fault_stream_multicast),
	KUNIT_CASE(fault_stream_unicast),
	KUNIT_CASE(fault_reader),
	KUNIT_CASE(fault_bind_again),
	KUNIT_CASE(fault_group),
	KUNIT_CASE(fault_netlink_add),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "avtpmap_fault",
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);
