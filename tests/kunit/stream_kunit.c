// SPDX-License-Identifier: GPL-2.0
/* A stream's life: create, filters, memory, readers, delete, its port's end. */
#include <linux/delay.h>
#include <linux/if_vlan.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>

#include "fixture.h"
#include "table.h"

#define GROUP_MAC	0x91e0f000fe01ull
#define OWN_MAC		0x02005e1000ffull

static struct stream_config config_of(u64 id)
{
	struct stream_config config;

	stream_config_init(&config);
	config.stream_id = cpu_to_be64(id);
	return config;
}

static bool is_registered(const struct port *port, u64 id)
{
	struct stream *s;

	rtnl_lock();
	s = table_find(port, cpu_to_be64(id));
	rtnl_unlock();
	return s;
}

static u64 used(const struct port *port)
{
	return port->mem_used_bytes;
}

/* ---- create ---- */

static void stream_once_per_port(struct kunit *test)
{
	struct nic *one = nic_create(test), *two = nic_create(test);
	struct stream_config config = config_of(TALKER_ID);
	struct port *port = port_make(test, one);
	struct stream *s = stream_make(test, one, TALKER_ID);

	KUNIT_EXPECT_TRUE(test, is_registered(port, TALKER_ID));
	KUNIT_EXPECT_EQ(test, PTR_ERR(stream_add(one, &config)), -EEXIST);
	KUNIT_EXPECT_EQ(test, port->n_streams, 1);
	stream_make(test, one, TALKER_ID + 1);
	stream_make(test, two, TALKER_ID);	/* ports do not know each other */
	KUNIT_EXPECT_EQ(test, port->n_streams, 2);
	stream_drop(s);
	KUNIT_EXPECT_FALSE(test, is_registered(port, TALKER_ID));
	KUNIT_EXPECT_TRUE(test, is_registered(port, TALKER_ID + 1));
	stream_make(test, one, TALKER_ID);
	KUNIT_EXPECT_EQ(test, port->n_streams, 2);
}

static void stream_without_hook(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream_config config = config_of(TALKER_ID);

	avtpmap_tap_unregister(&nic->tap);
	KUNIT_EXPECT_EQ(test, PTR_ERR(stream_add(nic, &config)), -EOPNOTSUPP);
	avtpmap_tap_register(&nic->tap, nic->dev);
	KUNIT_EXPECT_NULL(test, nic_port(nic));
}

static enum avtpmap_verdict other_rx(struct avtpmap_sink *sink,
				     const struct avtpmap_rx *rx)
{
	return AVTPMAP_CONSUMED;
}

static void stream_hook_in_use(struct kunit *test)
{
	struct stream_config config = config_of(TALKER_ID);
	struct avtpmap_sink other = { .rx = other_rx };
	struct nic *nic = nic_create(test);

	KUNIT_ASSERT_EQ(test, avtpmap_hook_attach(nic->dev, &other), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(stream_add(nic, &config)), -EBUSY);
	avtpmap_hook_detach(nic->dev, &other);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, stream_add(nic, &config));
}

static bool key_is_on(void)
{
	return static_key_enabled(&avtpmap_hook_key.key);
}

/* In a second, or never. */
static bool key_goes_off(void)
{
	int i;

	for (i = 0; i < 1000 && key_is_on(); i++)
		msleep(20);
	return !key_is_on();
}

/* Who adds and deletes in turn does not patch the code of all CPUs each time. */
static void stream_hook_key_deferred(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	int i;

	KUNIT_ASSERT_TRUE(test, key_goes_off());
	for (i = 0; i < 3; i++) {
		stream_drop(stream_make(test, nic, TALKER_ID));
		KUNIT_EXPECT_FALSE(test, avtpmap_tap_armed(&nic->tap));
		KUNIT_EXPECT_TRUE(test, key_is_on());
	}
	stream_make(test, nic, TALKER_ID);
	msleep(2000);		/* what was put off is not needed any more */
	KUNIT_EXPECT_TRUE(test, avtpmap_tap_armed(&nic->tap));
	port_drop(nic);
	KUNIT_EXPECT_TRUE(test, key_goes_off());
}

/* A hook attached is a key held; the last detach gives it back. */
static void stream_hook_key(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct talker *t = talker_make(test, nic, TALKER_ID);

	KUNIT_EXPECT_FALSE(test, avtpmap_tap_armed(&nic->tap));
	stream_make(test, nic, TALKER_ID);
	KUNIT_EXPECT_TRUE(test, avtpmap_tap_armed(&nic->tap));
	KUNIT_EXPECT_TRUE(test, key_is_on());
	KUNIT_EXPECT_EQ(test, talk(t), AVTPMAP_CONSUMED);
	port_drop(nic);
	KUNIT_EXPECT_FALSE(test, avtpmap_tap_armed(&nic->tap));
	KUNIT_EXPECT_TRUE(test, key_goes_off());
	KUNIT_EXPECT_EQ(test, talk(t), AVTPMAP_PASS);
}

/* Who asks for a bit rate is told the frames that it is taken for. */
static void stream_rate(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream_config config = config_of(TALKER_ID);
	struct stream *s;

	config.mbit = 100;
	config.ms = 10;
	config.stride = 1024;
	s = stream_add(nic, &config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->ring.hdr->rate, 100 * 125000 / (1024 - 64));
	KUNIT_EXPECT_EQ(test, s->config.rate, s->ring.hdr->rate);
	KUNIT_EXPECT_EQ(test, s->ring.hdr->n_slots, 256);	/* for 131 */
}

static void stream_bad_geometry(struct kunit *test)
{
	static const struct {
		u32 rate, mbit, ms, stride;
		int err;
	} rows[] = {
		{ 8000, 0, 0, 0, -EINVAL },
		{ 8000, 0, RING_MS_MAX + 1, 0, -EINVAL },
		{ 0, 0, 100, 0, -EINVAL },
		{ 8000, 0, 100, 64, -EINVAL },
		{ 8000, 0, 100, 1000, -EINVAL },
		{ 8000, 0, 100, 32768, -EINVAL },
		{ 20000000, 0, 100, 128, -E2BIG },
		{ U32_MAX, 0, RING_MS_MAX, 128, -E2BIG },
		{ 8000, U32_MAX, 100, 128, -EINVAL },
		{ 8000, 0, 60000, 16384, -EDQUOT },
	};
	struct nic *nic = nic_create(test);
	struct port *port = port_make(test, nic);
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stream_config config = config_of(TALKER_ID);

		config.rate = rows[i].rate;
		config.mbit = rows[i].mbit;
		config.ms = rows[i].ms;
		config.stride = rows[i].stride;
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(stream_add(nic, &config)),
				    rows[i].err, "row %d", i);
	}
	KUNIT_EXPECT_EQ(test, used(port), 0);
	KUNIT_EXPECT_EQ(test, port->n_streams, 0);
	KUNIT_EXPECT_EQ(test, nic->dev->allmulti, 0);
	KUNIT_EXPECT_EQ(test, kref_read(&port->ref), 1);
}

/* ---- filters ---- */

struct filters {
	u32 allmulti, mc, uc;
	u32 vid;	/* registered, or 0 */
	u32 n_vids;
};

static void expect_filters(struct kunit *test, const struct nic *nic,
			   struct filters f)
{
	KUNIT_EXPECT_EQ(test, nic->dev->allmulti, f.allmulti);
	KUNIT_EXPECT_EQ(test, netdev_mc_count(nic->dev), nic->mc + f.mc);
	KUNIT_EXPECT_EQ(test, netdev_uc_count(nic->dev), f.uc);
	KUNIT_EXPECT_EQ(test, bitmap_weight(nic->vids, 4096), f.n_vids);
	if (f.vid)
		KUNIT_EXPECT_TRUE(test, test_bit(f.vid, nic->vids));
}

static struct stream *add_filtered(struct kunit *test, struct nic *nic, u64 id,
				   u64 mac, u32 vid)
{
	struct stream_config config = config_of(id);
	struct stream *s;

	config.mac = mac;
	config.vid = vid;
	s = stream_add(nic, &config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	return s;
}

static void stream_filters(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream *s[5];
	int i;

	s[0] = add_filtered(test, nic, 1, 0, 0);
	expect_filters(test, nic, (struct filters){ 1, 0, 0, 2, 1 });
	s[1] = add_filtered(test, nic, 2, 0, 5);
	expect_filters(test, nic, (struct filters){ 2, 0, 0, 5, 2 });
	s[2] = add_filtered(test, nic, 3, GROUP_MAC, 5);
	expect_filters(test, nic, (struct filters){ 2, 1, 0, 5, 2 });
	s[3] = add_filtered(test, nic, 4, GROUP_MAC, AVTPMAP_ANY_VID);
	expect_filters(test, nic, (struct filters){ 2, 1, 0, 5, 2 });
	s[4] = add_filtered(test, nic, 5, OWN_MAC, 0);
	expect_filters(test, nic, (struct filters){ 2, 1, 1, 2, 2 });

	stream_drop(s[2]);	/* another one has joined the group, and the VID */
	expect_filters(test, nic, (struct filters){ 2, 1, 1, 5, 2 });
	stream_drop(s[1]);
	expect_filters(test, nic, (struct filters){ 1, 1, 1, 2, 1 });
	stream_drop(s[3]);
	expect_filters(test, nic, (struct filters){ 1, 0, 1, 2, 1 });
	stream_drop(s[0]);
	expect_filters(test, nic, (struct filters){ 0, 0, 1, 2, 1 });
	stream_drop(s[4]);
	expect_filters(test, nic, (struct filters){ 0, 0, 0, 0, 0 });

	for (i = 0; i < 5; i++)
		add_filtered(test, nic, i + 1, i % 2 ? GROUP_MAC : 0, i);
	port_drop(nic);
	expect_filters(test, nic, (struct filters){ 0, 0, 0, 0, 0 });
}

/* What was there before, or is asked for by others, is not undone. */
static void stream_filters_of_others(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream *s;

	rtnl_lock();
	dev_set_allmulti(nic->dev, 1);
	vlan_vid_add(nic->dev, htons(ETH_P_8021Q), 2);
	rtnl_unlock();
	s = add_filtered(test, nic, 1, 0, 0);
	expect_filters(test, nic, (struct filters){ 2, 0, 0, 2, 1 });
	stream_drop(s);
	expect_filters(test, nic, (struct filters){ 1, 0, 0, 2, 1 });
	rtnl_lock();
	dev_set_allmulti(nic->dev, -1);
	vlan_vid_del(nic->dev, htons(ETH_P_8021Q), 2);
	rtnl_unlock();
}

static void stream_filter_refused(struct kunit *test)
{
	struct stream_config config = config_of(TALKER_ID);
	struct nic *nic = nic_create(test);
	struct port *port = port_make(test, nic);

	nic->refuse_vid = -ENOSPC;
	KUNIT_EXPECT_EQ(test, PTR_ERR(stream_add(nic, &config)), -ENOSPC);
	nic->refuse_vid = 0;
	KUNIT_EXPECT_EQ(test, used(port), 0);
	KUNIT_EXPECT_EQ(test, port->n_streams, 0);
	KUNIT_EXPECT_EQ(test, kref_read(&port->ref), 1);
	KUNIT_EXPECT_FALSE(test, is_registered(port, TALKER_ID));
	expect_filters(test, nic, (struct filters){ 0, 0, 0, 0, 0 });
}

/* ---- memory ---- */

static void stream_memory(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct port *port = port_make(test, nic);
	struct stream_config config = config_of(1);
	struct stream *s[2];
	u64 ring_bytes;

	s[0] = stream_make(test, nic, 1);
	ring_bytes = s[0]->ring.bytes;
	KUNIT_EXPECT_EQ(test, used(port), ring_bytes);
	port->mem_cap_bytes = 2 * ring_bytes - 1;
	config.stream_id = cpu_to_be64(2);
	KUNIT_EXPECT_EQ(test, PTR_ERR(stream_add(nic, &config)), -EDQUOT);
	KUNIT_EXPECT_EQ(test, used(port), ring_bytes);
	port->mem_cap_bytes++;
	s[1] = stream_add(nic, &config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s[1]);
	KUNIT_EXPECT_EQ(test, used(port), 2 * ring_bytes);
	config.stream_id = cpu_to_be64(3);
	config.ms = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR(stream_add(nic, &config)), -EDQUOT);
	port->mem_cap_bytes = 0;		/* less than is used already */
	KUNIT_EXPECT_EQ(test, PTR_ERR(stream_add(nic, &config)), -EDQUOT);
	stream_drop(s[1]);
	KUNIT_EXPECT_EQ(test, used(port), ring_bytes);
	stream_drop(s[0]);
	KUNIT_EXPECT_EQ(test, used(port), 0);
}

/* ---- readers ---- */

static void stream_bind(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct reader *r = handle_open(test);
	struct avtpmap_bind bind = {
		.abi = AVTPMAP_ABI + 1,
		.ifindex = nic->dev->ifindex,
		.stream_id = cpu_to_be64(TALKER_ID),
	};
	struct avtpmap_wait w = {};
	struct stream *s;

	KUNIT_EXPECT_EQ(test, reader_bind(r, &bind), -EPROTONOSUPPORT);
	bind.abi--;
	KUNIT_EXPECT_EQ(test, reader_bind(r, &bind), -ENOENT);
	KUNIT_EXPECT_EQ(test, reader_wait(r, &w), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, reader_periods(r, 64), -ENOTCONN);
	s = stream_make(test, nic, TALKER_ID);
	bind.flags = 1;
	KUNIT_EXPECT_EQ(test, reader_bind(r, &bind), -EINVAL);
	bind.flags = 0;
	bind.resv[1] = 1;
	KUNIT_EXPECT_EQ(test, reader_bind(r, &bind), -EINVAL);
	bind.resv[1] = 0;
	bind.kind = 1;
	KUNIT_EXPECT_EQ(test, reader_bind(r, &bind), -EINVAL);
	bind.kind = AVTPMAP_KIND_AVTP;
	talk_frames(talker_make(test, nic, TALKER_ID), 5);
	KUNIT_EXPECT_EQ(test, reader_bind(r, &bind), 0);
	KUNIT_EXPECT_EQ(test, bind.head, 5);
	KUNIT_EXPECT_EQ(test, bind.media_pos, 30);
	KUNIT_EXPECT_EQ(test, bind.ring_bytes, s->ring.bytes);
	KUNIT_EXPECT_EQ(test, reader_bind(r, &bind), -EBUSY);
	KUNIT_EXPECT_EQ(test, s->n_readers, 1);
	KUNIT_EXPECT_EQ(test, kref_read(&s->ref), 2);
	reader_close(test, r);
	KUNIT_EXPECT_EQ(test, s->n_readers, 0);
	KUNIT_EXPECT_EQ(test, kref_read(&s->ref), 1);
}

/* An ifindex is one of its network namespace alone. */
static void stream_bind_elsewhere(struct kunit *test)
{
	struct nic *nic = nic_create(test), *bare = nic_create(test);
	struct net *net = kunit_kzalloc(test, sizeof(*net), GFP_KERNEL);
	struct nsproxy *home = current->nsproxy, away = *home;
	struct reader *r = handle_open(test);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, net);
	stream_make(test, nic, TALKER_ID);
	net->user_ns = home->net_ns->user_ns;
	net->net_cookie = home->net_ns->net_cookie + 1;
	away.net_ns = net;
	current->nsproxy = &away;
	err = handle_bind(r, nic, TALKER_ID);
	current->nsproxy = home;
	KUNIT_EXPECT_EQ(test, err, -ENOENT);
	KUNIT_EXPECT_EQ(test, handle_bind(r, bare, TALKER_ID), -ENOENT);
	KUNIT_EXPECT_EQ(test, handle_bind(r, nic, TALKER_ID), 0);
}

/* igb has its PHC after its netdev is there, and streams= may be faster. */
static void stream_phc(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream *s = stream_make(test, nic, TALKER_ID), *late;
	struct reader *r;

	KUNIT_EXPECT_EQ(test, s->ring.hdr->phc_index, AVTPMAP_NO_PHC);
	r = reader_make(test, nic, TALKER_ID);
	nic->phc_index = 3;
	reader_make(test, nic, TALKER_ID);	/* r may have mapped it already */
	KUNIT_EXPECT_EQ(test, r->stream->ring.hdr->phc_index, AVTPMAP_NO_PHC);
	late = stream_make(test, nic, TALKER_ID + 1);
	KUNIT_EXPECT_EQ(test, late->ring.hdr->phc_index, 3);
	nic->phc_index = 4;
	reader_make(test, nic, TALKER_ID + 1);
	KUNIT_EXPECT_EQ(test, late->ring.hdr->phc_index, 3);
}

static void stream_phc_late(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream *s = stream_make(test, nic, TALKER_ID);

	nic->phc_index = 3;
	reader_make(test, nic, TALKER_ID);
	KUNIT_EXPECT_EQ(test, s->ring.hdr->phc_index, 3);
}

static void stream_readers_capped(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct stream *s = stream_make(test, nic, TALKER_ID);
	struct reader *r = NULL;
	int i;

	for (i = 0; i < AVTPMAP_READERS_MAX; i++)
		r = reader_make(test, nic, TALKER_ID);
	KUNIT_EXPECT_EQ(test, handle_bind(handle_open(test), nic, TALKER_ID),
			-EUSERS);
	KUNIT_EXPECT_EQ(test, s->n_readers, AVTPMAP_READERS_MAX);
	KUNIT_EXPECT_EQ(test, kref_read(&s->ref), 1 + AVTPMAP_READERS_MAX);
	reader_close(test, r);
	reader_make(test, nic, TALKER_ID);
}

static void stream_handles_capped(struct kunit *test)
{
	struct reader **r = kunit_kcalloc(test, AVTPMAP_HANDLES_MAX + 1,
					  sizeof(*r), GFP_KERNEL);
	int i, n;

	KUNIT_ASSERT_NOT_NULL(test, r);
	for (n = 0; n <= AVTPMAP_HANDLES_MAX; n++) {
		r[n] = reader_create();
		if (IS_ERR(r[n]))
			break;
	}
	KUNIT_EXPECT_EQ(test, n, AVTPMAP_HANDLES_MAX);
	if (n <= AVTPMAP_HANDLES_MAX)
		KUNIT_EXPECT_EQ(test, PTR_ERR(r[n]), -EUSERS);
	for (i = 0; i < n; i++)
		reader_destroy(r[i]);
	for (i = 0; i < 3; i++)			/* all of them are given back */
		handle_open(test);
}

/* ---- the end ---- */

/* Readers keep the memory of a deleted stream; its port is charged no more. */
static void stream_deleted_under_reader(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct port *port = port_make(test, nic);
	struct stream *s = stream_make(test, nic, TALKER_ID);
	struct talker *t = talker_make(test, nic, TALKER_ID);
	struct reader *r[2];
	struct avtpmap_wait w = { .timeout_ns = U64_MAX };
	u64 bytes = s->ring.bytes;
	u64 head;

	r[0] = reader_make(test, nic, TALKER_ID);
	r[1] = reader_make(test, nic, TALKER_ID);
	reader_periods(r[0], 6);
	talk_frames(t, 20);
	stream_drop(s);
	KUNIT_EXPECT_EQ(test, talk(t), AVTPMAP_PASS);
	KUNIT_EXPECT_EQ(test, port->n_streams, 0);
	KUNIT_EXPECT_EQ(test, used(port), 0);
	expect_filters(test, nic, (struct filters){ 0, 0, 0, 0, 0 });
	KUNIT_EXPECT_EQ(test, handle_wait(test, r[0], &w, "the stream's end"), -ENODEV);
	KUNIT_EXPECT_EQ(test, handle_wait(test, r[1], &w, "the stream's end"), -ENODEV);
	KUNIT_EXPECT_TRUE(test, reader_ready(r[1]));
	head = r[1]->stream->ring.hdr->head;
	KUNIT_EXPECT_EQ(test, head, 20);
	KUNIT_EXPECT_EQ(test, r[1]->stream->ring.hdr->state, AVTPMAP_RING_GONE);
	KUNIT_EXPECT_EQ(test, handle_bind(handle_open(test), nic, TALKER_ID),
			-ENOENT);

	s = stream_make(test, nic, TALKER_ID);	/* the same id, another ring */
	KUNIT_EXPECT_EQ(test, used(port), bytes);
	KUNIT_EXPECT_EQ(test, talk(t), AVTPMAP_CONSUMED);
	KUNIT_EXPECT_EQ(test, r[1]->stream->ring.hdr->head, 20);
	reader_close(test, r[0]);
	reader_close(test, r[1]);
	KUNIT_EXPECT_EQ(test, used(port), bytes);
	stream_drop(s);
	KUNIT_EXPECT_EQ(test, used(port), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&port->ref), 1);
}

/* The netdev goes while a stream is read: it is let go at once. */
static void stream_netdev_removed(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct avtpmap_wait w = { .timeout_ns = U64_MAX };
	struct reader *r;
	struct port *port = port_make(test, nic);

	kref_get(&port->ref);
	stream_make(test, nic, TALKER_ID);
	stream_make(test, nic, TALKER_ID + 1);
	r = reader_make(test, nic, TALKER_ID);
	reader_periods(r, 6);
	talk_frames(talker_make(test, nic, TALKER_ID), 3);
	nic_remove(nic);
	KUNIT_EXPECT_NULL(test, port->dev);
	KUNIT_EXPECT_EQ(test, handle_wait(test, r, &w, "the port's end"), -ENODEV);
	KUNIT_EXPECT_EQ(test, kref_read(&port->ref), 2);
	reader_close(test, r);
	KUNIT_EXPECT_EQ(test, used(port), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&port->ref), 1);
	port_put(port);
}

static struct kunit_case stream_cases[] = {
	KUNIT_CASE(stream_once_per_port),
	KUNIT_CASE(stream_without_hook),
	KUNIT_CASE(stream_hook_in_use),
	KUNIT_CASE(stream_hook_key),
	KUNIT_CASE_SLOW(stream_hook_key_deferred),
	KUNIT_CASE(stream_rate),
	KUNIT_CASE(stream_bad_geometry),
	KUNIT_CASE(stream_filters),
	KUNIT_CASE(stream_filters_of_others),
	KUNIT_CASE(stream_filter_refused),
	KUNIT_CASE(stream_memory),
	KUNIT_CASE(stream_bind),
	KUNIT_CASE(stream_bind_elsewhere),
	KUNIT_CASE(stream_phc),
	KUNIT_CASE(stream_phc_late),
	KUNIT_CASE(stream_readers_capped),
	KUNIT_CASE(stream_handles_capped),
	KUNIT_CASE(stream_deleted_under_reader),
	KUNIT_CASE(stream_netdev_removed),
	{}
};

static struct kunit_suite stream_suite = {
	.name = "avtpmap_stream",
	.test_cases = stream_cases,
};

kunit_test_suite(stream_suite);
