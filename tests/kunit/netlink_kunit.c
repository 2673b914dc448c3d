// SPDX-License-Identifier: GPL-2.0
/* Requests over a real socket: what is refused, how, and to whom. */
#include <linux/cred.h>
#include <linux/etherdevice.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/rtnetlink.h>

#include "fixture.h"
#include "netlink_client.h"
#include "table.h"

/* ---- refusals ---- */

enum {
	IFINDEX	= 1,
	ID	= 2,
	ADDED	= 4,	/* the stream is there */
};

/**
 * struct refusal - a request, and the answer to it
 * @name: of the row
 * @cmd: enum avtpmap_cmd
 * @have: what it has besides @attr
 * @attr: one attribute, or 0
 * @bytes: of it
 * @value: of it; a name is in @ifname instead
 * @ifname: of AVTPMAP_A_IFNAME
 * @err: expected
 * @text: part of the text expected
 */
struct refusal {
	const char *name;
	u8 cmd;
	u32 have;
	u16 attr;
	u16 bytes;
	u64 value;
	const char *ifname;
	int err;
	const char *text;
};

#define U32_ATTR(a, v)	.attr = AVTPMAP_A_##a, .bytes = 4, .value = (v)
#define RAW_ATTR(a, n)	.attr = AVTPMAP_A_##a, .bytes = (n)

#define ADD(label, e, t, ...) \
	{ .name = label, .cmd = AVTPMAP_CMD_STREAM_ADD, .have = IFINDEX | ID, \
	  .err = e, .text = t, __VA_ARGS__ }
#define SET(label, e, t, ...) \
	{ .name = label, .cmd = AVTPMAP_CMD_PORT_SET, .err = e, .text = t, \
	  __VA_ARGS__ }

static const struct refusal refusals[] = {
	SET("port: no interface", -EINVAL, "name an interface", .have = 0),
	SET("port: ifindex 0", -ERANGE, "", U32_ATTR(IFINDEX, 0)),
	SET("port: ifindex of none", -ENODEV, "no such interface",
		U32_ATTR(IFINDEX, 999999)),
	SET("port: negative ifindex", -ENODEV, "no such interface",
		U32_ATTR(IFINDEX, 0xffffffff)),
	SET("port: short ifindex", -EINVAL, "", RAW_ATTR(IFINDEX, 2)),
	SET("port: name of none", -ENODEV, "no such interface", .ifname = "nosuch0"),
	SET("port: name too long for one", -ENODEV, "no such interface",
		.ifname = "nosuchinterface.1234"),
	SET("port: name longer than the attribute", -EINVAL, "",
		.ifname = "nosuchinterfacecouldeverbesolong0"),
	SET("port: no hook", -EOPNOTSUPP, "has no avtpmap hook", .ifname = "lo"),
	SET("port: VLAN of none", -ENODEV, "no such interface", .ifname = "nosuch0.2"),
	SET("port: VID 4095", -ENODEV, "no such interface", .ifname = "lo.4095"),
	SET("port: VID of no number", -ENODEV, "no such interface", .ifname = "lo.x"),
	SET("port: short memory cap", -EINVAL, "", .have = IFINDEX,
		RAW_ATTR(MEM_CAP, 4)),
	SET("port: attribute of answers", -EINVAL, "", .have = IFINDEX,
		RAW_ATTR(MEM_USED, 8)),
	SET("port: attribute of the future", -EINVAL, "", .have = IFINDEX,
		.attr = AVTPMAP_A_MAX + 1, .bytes = 4),
	{ .name = "port delete: not attached", .cmd = AVTPMAP_CMD_PORT_DEL,
		.have = IFINDEX, .err = -ENOENT, .text = "not attached" },
	{ .name = "port delete: has streams", .cmd = AVTPMAP_CMD_PORT_DEL,
		.have = IFINDEX | ADDED, .err = -EBUSY, .text = "avtpmap drain" },
	{ .name = "drain: no such interface", .cmd = AVTPMAP_CMD_DRAIN,
		.ifname = "nosuch0", .err = -ENODEV, .text = "no such interface" },

	{ .name = "add: no stream_id", .cmd = AVTPMAP_CMD_STREAM_ADD, .have = IFINDEX,
		.err = -EINVAL, .text = "name a stream_id" },
	{ .name = "add: no interface", .cmd = AVTPMAP_CMD_STREAM_ADD, .have = ID,
		.err = -EINVAL, .text = "name an interface" },
	{ .name = "add: short stream_id", .cmd = AVTPMAP_CMD_STREAM_ADD,
		.have = IFINDEX, RAW_ATTR(STREAM_ID, 4), .err = -EINVAL, .text = "" },
	ADD("add: no hook", -EOPNOTSUPP, "has no avtpmap hook", .have = ID,
		.ifname = "lo"),
	ADD("add: twice", -EEXIST, "registered on this port already",
		.have = IFINDEX | ID | ADDED),
	ADD("add: kind", -ERANGE, "", U32_ATTR(KIND, 1)),
	ADD("add: mode", -ERANGE, "", U32_ATTR(MODE, AVTPMAP_MODE_COPY + 1)),
	ADD("add: MAC of 5", -ERANGE, "", RAW_ATTR(MAC, 5)),
	ADD("add: MAC of 7", -ERANGE, "", RAW_ATTR(MAC, 7)),
	ADD("add: MAC of zeros", -EINVAL, "must not be zero", RAW_ATTR(MAC, 6)),
	ADD("add: VID 0", -ERANGE, "", U32_ATTR(VID, 0)),
	ADD("add: VID 4095", -ERANGE, "1 to 4094", U32_ATTR(VID, 4095)),
	ADD("add: VID 65538", -ERANGE, "1 to 4094", U32_ATTR(VID, 65538)),
	ADD("add: VID one below none", -ERANGE, "1 to 4094",
		U32_ATTR(VID, AVTPMAP_ANY_VID - 1)),
	ADD("add: rate 0", -EINVAL, "at least one frame", U32_ATTR(RATE, 0)),
	ADD("add: rate too high", -E2BIG, "1048576 slots", U32_ATTR(RATE, 20000000)),
	ADD("add: ms 0", -EINVAL, "ms must be", U32_ATTR(MS, 0)),
	ADD("add: ms too high", -EINVAL, "ms must be", U32_ATTR(MS, 60001)),
	ADD("add: beyond the cap", -EDQUOT, "memory cap", U32_ATTR(MS, 60000)),
	ADD("add: silence 99", -EINVAL, "silence must be", U32_ATTR(SILENCE, 99)),
	ADD("add: silence 3600001", -EINVAL, "silence must be", U32_ATTR(SILENCE, 3600001)),
	ADD("add: stride 64", -EINVAL, "power of two", U32_ATTR(STRIDE, 64)),
	ADD("add: stride 1000", -EINVAL, "power of two", U32_ATTR(STRIDE, 1000)),
	ADD("add: stride 32768", -EINVAL, "power of two", U32_ATTR(STRIDE, 32768)),
	ADD("add: short rate", -EINVAL, "", RAW_ATTR(RATE, 3)),
	ADD("add: empty rate", -EINVAL, "", RAW_ATTR(RATE, 0)),
	ADD("add: long rate", -EINVAL, "", RAW_ATTR(RATE, 8)),

	{ .name = "delete: no stream_id", .cmd = AVTPMAP_CMD_STREAM_DEL,
		.have = IFINDEX | ADDED, .err = -EINVAL, .text = "name a stream_id" },
	{ .name = "delete: no stream", .cmd = AVTPMAP_CMD_STREAM_DEL,
		.have = IFINDEX | ID, .err = -ENOENT, .text = "no such stream" },
	{ .name = "set: no mode", .cmd = AVTPMAP_CMD_STREAM_SET,
		.have = IFINDEX | ID | ADDED, .err = -EINVAL, .text = "say mode" },
	{ .name = "set: no stream", .cmd = AVTPMAP_CMD_STREAM_SET,
		.have = IFINDEX | ID, U32_ATTR(MODE, 1), .err = -ENOENT,
		.text = "no such stream" },
	{ .name = "set: mode", .cmd = AVTPMAP_CMD_STREAM_SET,
		.have = IFINDEX | ID | ADDED, U32_ATTR(MODE, 2), .err = -ERANGE, .text = "" },
	{ .name = "event is no request", .cmd = AVTPMAP_CMD_EVENT, .have = IFINDEX,
		.err = -EOPNOTSUPP },
	{ .name = "command of the future", .cmd = AVTPMAP_CMD_MAX + 1,
		.have = IFINDEX, .err = -EOPNOTSUPP },
};

static int send_refusal(struct client *c, const struct nic *nic,
			const struct refusal *row)
{
	static const u8 zeros[16];

	client_begin(c, row->cmd, 0);
	if (row->have & IFINDEX)
		client_put_u32(c, AVTPMAP_A_IFINDEX, nic->dev->ifindex);
	if (row->have & ID)
		client_put_id(c, TALKER_ID);
	if (row->ifname)
		client_put(c, AVTPMAP_A_IFNAME, row->ifname, strlen(row->ifname) + 1);
	if (row->attr)
		client_put(c, row->attr, row->value ? (void *)&row->value : zeros,
			   row->bytes);
	return client_send(c);
}

/* Every refusal says why, and leaves all as it was. */
static void netlink_refusals(struct kunit *test)
{
	struct nic *bare = nic_create(test), *used = nic_create(test);
	struct stream *s = stream_make(test, used, TALKER_ID);
	struct client *c = client_open(test);
	const struct refusal *row;
	int err;

	for (row = refusals; row < refusals + ARRAY_SIZE(refusals); row++) {
		err = send_refusal(c, row->have & ADDED ? used : bare, row);
		KUNIT_EXPECT_EQ_MSG(test, err, row->err, "%s: %s", row->name, c->text);
		if (!row->text)
			continue;
		KUNIT_EXPECT_NE_MSG(test, c->text[0], '\0', "%s", row->name);
		KUNIT_EXPECT_TRUE_MSG(test, strstr(c->text, row->text), "%s: %s",
				      row->name, c->text);
		KUNIT_EXPECT_NULL_MSG(test, nic_port(bare), "%s", row->name);
	}
	KUNIT_EXPECT_EQ(test, bare->dev->allmulti, 0);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(bare->vids, 4096));
	KUNIT_EXPECT_EQ(test, nic_port(used)->n_streams, 1);
	KUNIT_EXPECT_EQ(test, kref_read(&s->ref), 1);
	KUNIT_EXPECT_EQ(test, s->mode, AVTPMAP_MODE_TAKE);
}

/* ---- requests that are granted ---- */

static int simple(struct client *c, u8 cmd, const struct nic *nic, u64 id)
{
	client_begin(c, cmd, 0);
	client_put_u32(c, AVTPMAP_A_IFINDEX, nic->dev->ifindex);
	if (id)
		client_put_id(c, id);
	return client_send(c);
}

static struct stream *stream_of(struct nic *nic, u64 id)
{
	struct stream *s = NULL;
	struct port *port;

	rtnl_lock();
	port = port_find(nic->dev);
	if (port)
		s = table_find(port, cpu_to_be64(id));
	rtnl_unlock();
	return s;
}

static void netlink_adds(struct kunit *test)
{
	static const u8 mac[] = { 0x91, 0xe0, 0xf0, 0x00, 0xfe, 0x01 };
	struct nic *nic = nic_create(test);
	struct client *c = client_open(test);
	char name[32];
	struct stream *s;

	snprintf(name, sizeof(name), "%s.7", nic->dev->name);
	client_begin(c, AVTPMAP_CMD_STREAM_ADD, 0);
	client_put(c, AVTPMAP_A_IFNAME, name, strlen(name) + 1);
	client_put_id(c, TALKER_ID);
	client_put(c, AVTPMAP_A_MAC, mac, sizeof(mac));
	client_put_u32(c, AVTPMAP_A_MODE, AVTPMAP_MODE_COPY);
	client_put_u32(c, AVTPMAP_A_RATE, 4000);
	client_put_u32(c, AVTPMAP_A_MS, 20);
	client_put_u32(c, AVTPMAP_A_STRIDE, 512);
	KUNIT_EXPECT_EQ_MSG(test, client_send(c), 0, "%s", c->text);
	s = stream_of(nic, TALKER_ID);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->config.mac, ether_addr_to_u64(mac));
	KUNIT_EXPECT_EQ(test, s->config.vid, 7);
	KUNIT_EXPECT_EQ(test, s->mode, AVTPMAP_MODE_COPY);
	KUNIT_EXPECT_EQ(test, s->ring.hdr->n_slots, 128);	/* for 80 */
	KUNIT_EXPECT_EQ(test, s->ring.hdr->stride, 512);
	KUNIT_EXPECT_TRUE(test, test_bit(7, nic->vids));

	client_begin(c, AVTPMAP_CMD_STREAM_SET, 0);
	client_put_u32(c, AVTPMAP_A_IFINDEX, nic->dev->ifindex);
	client_put_id(c, TALKER_ID);
	client_put_u32(c, AVTPMAP_A_MODE, AVTPMAP_MODE_TAKE);
	KUNIT_EXPECT_EQ(test, client_send(c), 0);
	KUNIT_EXPECT_EQ(test, s->mode, AVTPMAP_MODE_TAKE);
	KUNIT_EXPECT_EQ(test, simple(c, AVTPMAP_CMD_STREAM_ADD, nic, 2), 0);
	KUNIT_EXPECT_EQ(test, simple(c, AVTPMAP_CMD_STREAM_DEL, nic, TALKER_ID), 0);
	KUNIT_EXPECT_NULL(test, stream_of(nic, TALKER_ID));
	KUNIT_EXPECT_EQ(test, simple(c, AVTPMAP_CMD_DRAIN, nic, 0), 0);
	KUNIT_EXPECT_NULL(test, stream_of(nic, 2));
	KUNIT_EXPECT_NOT_NULL(test, nic_port(nic));
	KUNIT_EXPECT_EQ(test, simple(c, AVTPMAP_CMD_PORT_DEL, nic, 0), 0);
	KUNIT_EXPECT_NULL(test, nic_port(nic));
}

/* ---- dumps: each object once, however many messages it takes ---- */

static u32 u32_of(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static void netlink_dumps_streams(struct kunit *test)
{
	enum { STREAMS = 150 };
	DECLARE_BITMAP(seen, STREAMS) = {};
	struct nic *nic = nic_create(test);
	struct nlattr *tb[AVTPMAP_A_MAX + 1];
	struct client *c = client_open(test);
	struct stream_config config;
	u64 id;
	int i;

	for (i = 0; i < STREAMS; i++) {
		stream_config_init(&config);
		config.stream_id = cpu_to_be64(TALKER_ID + i);
		config.ms = 1;
		config.stride = 128;
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stream_add(nic, &config));
	}
	talk_frames(talker_make(test, nic, TALKER_ID + 3), 5);
	KUNIT_ASSERT_EQ(test, client_dump(c, AVTPMAP_CMD_STREAM_GET), 0);
	while (client_next(c, tb)) {
		KUNIT_ASSERT_NOT_NULL(test, tb[AVTPMAP_A_STREAM_ID]);
		KUNIT_ASSERT_NOT_NULL(test, tb[AVTPMAP_A_HEAD]);
		KUNIT_EXPECT_EQ(test, u32_of(tb[AVTPMAP_A_IFINDEX]),
				nic->dev->ifindex);
		id = be64_to_cpu(nla_get_be64(tb[AVTPMAP_A_STREAM_ID])) - TALKER_ID;
		KUNIT_ASSERT_LT(test, id, STREAMS);
		KUNIT_EXPECT_FALSE(test, __test_and_set_bit(id, seen));
		KUNIT_EXPECT_EQ(test, nla_get_u64(tb[AVTPMAP_A_HEAD]),
				id == 3 ? 5 : 0);
		KUNIT_EXPECT_EQ(test, nla_len(tb[AVTPMAP_A_COUNTERS]),
				8 * AVTPMAP_N_COUNTERS);
	}
	KUNIT_EXPECT_TRUE(test, bitmap_full(seen, STREAMS));
}

/* Whoever is there from the first part of a dump to the last is in it. */
static void netlink_dumps_while_some_go(struct kunit *test)
{
	enum { N = 400, READERS = 2000, GONE = 10 };
	struct nic *nic = nic_create(test);
	struct nlattr *tb[AVTPMAP_A_MAX + 1];
	struct client *c = client_open(test);
	struct reader *r[GONE];
	u32 i, streams = 0, readers = 0;

	for (i = 0; i < N; i++) {
		struct stream_config config;

		stream_config_init(&config);
		config.stream_id = cpu_to_be64(TALKER_ID + i);
		config.ms = 1;
		config.stride = 128;
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stream_add(nic, &config));
	}
	KUNIT_ASSERT_EQ(test, client_dump(c, AVTPMAP_CMD_STREAM_GET), 0);
	for (i = 0; i < GONE; i++)
		stream_drop(stream_of(nic, TALKER_ID + i));
	while (client_next(c, tb))
		streams++;
	KUNIT_EXPECT_EQ(test, streams, N);

	for (i = 0; i < READERS; i++) {
		struct reader *one = reader_make(test, nic, TALKER_ID + GONE + i % 90);

		if (i < GONE)
			r[i] = one;
	}
	KUNIT_ASSERT_EQ(test, client_dump(c, AVTPMAP_CMD_READER_GET), 0);
	for (i = 0; i < GONE; i++)
		reader_close(test, r[i]);
	while (client_next(c, tb))
		readers++;
	KUNIT_EXPECT_EQ(test, readers, READERS);
}

static void netlink_dumps_readers(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct nlattr *tb[AVTPMAP_A_MAX + 1];
	struct client *c = client_open(test);
	u32 of[3] = {}, i, n;

	for (i = 0; i < 3; i++) {
		stream_make(test, nic, i + 1);
		for (n = 0; n < 40 * i; n++)
			reader_make(test, nic, i + 1);
	}
	KUNIT_ASSERT_EQ(test, client_dump(c, AVTPMAP_CMD_READER_GET), 0);
	while (client_next(c, tb)) {
		u64 id = be64_to_cpu(nla_get_be64(tb[AVTPMAP_A_STREAM_ID]));

		KUNIT_ASSERT_LE(test, id, 3);
		of[id - 1]++;
		KUNIT_EXPECT_EQ(test, u32_of(tb[AVTPMAP_A_PID]), task_tgid_nr(current));
		KUNIT_EXPECT_EQ(test, nla_strcmp(tb[AVTPMAP_A_COMM], current->comm), 0);
	}
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, of[i], 40 * i);
}

/* Who asks is told the PID of its own namespace, and none of others. */
static void netlink_dumps_pids(struct kunit *test)
{
	struct pid_namespace *here = task_active_pid_ns(current);
	struct pid_namespace *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	struct pid *pid = kunit_kzalloc(test, struct_size(pid, numbers, 2), GFP_KERNEL);
	struct nic *nic = nic_create(test);
	struct nlattr *tb[AVTPMAP_A_MAX + 1];
	struct client *c = client_open(test);
	struct reader *r;
	struct pid *own;
	u32 i, seen = 0;

	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_ASSERT_NOT_NULL(test, pid);
	pid->numbers[0] = (struct upid){ .nr = 77, .ns = here };
	pid->numbers[1] = (struct upid){ .nr = 1, .ns = other };
	stream_make(test, nic, TALKER_ID);
	r = reader_make(test, nic, TALKER_ID);
	own = r->process;
	r->process = pid;
	for (i = 0; i < 2; i++) {
		pid->level = 1 - i;
		if (i)
			pid->numbers[0].ns = other;
		if (client_dump(c, AVTPMAP_CMD_READER_GET))
			break;
		for (; client_next(c, tb); seen++)
			KUNIT_EXPECT_EQ(test, u32_of(tb[AVTPMAP_A_PID]), i ? 0 : 77);
	}
	r->process = own;
	KUNIT_EXPECT_EQ(test, seen, 2);
}

static void netlink_dumps_ports(struct kunit *test)
{
	struct nic *bare = nic_create(test), *used = nic_create(test);
	struct nlattr *tb[AVTPMAP_A_MAX + 1];
	struct client *c = client_open(test);
	u32 seen = 0, ifindex;

	stream_make(test, used, 1);
	stream_make(test, used, 2);
	KUNIT_ASSERT_EQ(test, client_dump(c, AVTPMAP_CMD_PORT_GET), 0);
	while (client_next(c, tb)) {
		ifindex = u32_of(tb[AVTPMAP_A_IFINDEX]);
		KUNIT_EXPECT_NOT_NULL(test, tb[AVTPMAP_A_HOOKED]);
		if (ifindex == bare->dev->ifindex) {
			seen |= 1;
			KUNIT_EXPECT_NULL(test, tb[AVTPMAP_A_STREAMS]);
		} else if (ifindex == used->dev->ifindex) {
			seen |= 2;
			KUNIT_EXPECT_EQ(test, u32_of(tb[AVTPMAP_A_STREAMS]), 2);
			KUNIT_EXPECT_EQ(test, u32_of(tb[AVTPMAP_A_GID]), U32_MAX);
		}
	}
	KUNIT_EXPECT_EQ(test, seen, 3);
}

/* ---- events ---- */

static void expect_event(struct kunit *test, struct client *c, u64 id, u32 events)
{
	struct nlattr *tb[AVTPMAP_A_MAX + 1];

	KUNIT_ASSERT_TRUE_MSG(test, client_event(c, tb), "events %x of %llx", events,
			      id);
	KUNIT_EXPECT_EQ(test, u32_of(tb[AVTPMAP_A_EVENTS]), events);
	KUNIT_EXPECT_EQ(test, !tb[AVTPMAP_A_STREAM_ID], !id);
	if (id)
		KUNIT_EXPECT_EQ(test, be64_to_cpu(nla_get_be64(tb[AVTPMAP_A_STREAM_ID])),
				id);
}

static void netlink_events(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct client *c = client_open(test);
	struct stream *s;

	KUNIT_ASSERT_EQ(test, client_listen(c), 0);
	s = stream_make(test, nic, TALKER_ID);
	expect_event(test, c, 0, AVTPMAP_EV_ADDED);
	expect_event(test, c, TALKER_ID, AVTPMAP_EV_ADDED);
	talk(talker_make(test, nic, TALKER_ID));
	expect_event(test, c, TALKER_ID, AVTPMAP_EV_START);
	stream_drop(s);
	expect_event(test, c, TALKER_ID, AVTPMAP_EV_DELETED);
	port_drop(nic);
	expect_event(test, c, 0, AVTPMAP_EV_DELETED);
}

/* ---- garbage ---- */

/* A good request with some octets changed is refused, or does as it says. */
static void netlink_garbage(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct client *c = client_open(test);
	u64 seed = 0xbad;
	u32 i, n, at;

	for (i = 0; i < 4000; i++) {
		client_begin(c, dice(&seed) % (AVTPMAP_CMD_MAX + 2), 0);
		client_put_u32(c, AVTPMAP_A_IFINDEX, nic->dev->ifindex);
		client_put_id(c, TALKER_ID + dice(&seed) % 4);
		client_put_u32(c, AVTPMAP_A_MODE, dice(&seed) % 3);
		client_put_u32(c, AVTPMAP_A_MS, dice(&seed) % 50);
		for (n = dice(&seed) % 4; n; n--) {
			at = NLMSG_HDRLEN + dice(&seed) % (c->skb->len - NLMSG_HDRLEN);
			c->skb->data[at] = dice(&seed);
		}
		if (dice(&seed) % 8 == 0)
			skb_trim(c->skb, NLMSG_HDRLEN + dice(&seed) %
				 (c->skb->len - NLMSG_HDRLEN));
		client_send(c);
	}
	KUNIT_EXPECT_EQ(test, simple(c, AVTPMAP_CMD_DRAIN, nic, 0), 0);
	KUNIT_EXPECT_EQ(test, nic->dev->allmulti, 0);
}

struct neighbour {
	struct nic *nic;
	u32 free_before;	/* pages */
	u32 ring_pages;
	u32 met;
};

/* Takes RTNL whenever it can; counts when a ring is being made meanwhile. */
static int neighbour_runs(void *arg)
{
	struct neighbour *n = arg;
	struct sysinfo info;

	while (!kthread_should_stop()) {
		if (rtnl_trylock()) {
			si_meminfo(&info);
			if (info.freeram + n->ring_pages / 4 < n->free_before &&
			    !port_find(n->nic->dev)->n_streams)
				n->met++;
			rtnl_unlock();
		}
		usleep_range(50, 100);
	}
	return 0;
}

/* Of 64 MiB, a quarter is there, the stream is not, and RTNL is free. */
static void netlink_allocates_without_rtnl(struct kunit *test)
{
	enum { STRIDE = 16384, MS = 500 };	/* 4096 slots at 8000 a second */
	struct nic *nic = nic_create(test);
	struct client *c = client_open(test);
	struct neighbour n = {
		.nic = nic,
		.ring_pages = 4096 * (STRIDE / PAGE_SIZE),
	};
	struct task_struct *task;
	struct sysinfo info;
	int i, err = 0;

	port_make(test, nic);
	si_meminfo(&info);
	n.free_before = info.freeram;
	if (info.freeram < 2 * n.ring_pages)
		kunit_skip(test, "too little memory for a large ring");
	task = kthread_run(neighbour_runs, &n, "neighbour");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (i = 0; i < 100 && !err && !n.met; i++) {
		client_begin(c, AVTPMAP_CMD_STREAM_ADD, 0);
		client_put_u32(c, AVTPMAP_A_IFINDEX, nic->dev->ifindex);
		client_put_id(c, TALKER_ID);
		client_put_u32(c, AVTPMAP_A_STRIDE, STRIDE);
		client_put_u32(c, AVTPMAP_A_MS, MS);
		err = client_send(c) ?:
		      simple(c, AVTPMAP_CMD_DRAIN, nic, 0);
	}
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_GT(test, n.met, 0);
}

static struct kunit_case netlink_cases[] = {
	KUNIT_CASE(netlink_refusals),
	KUNIT_CASE(netlink_adds),
	KUNIT_CASE(netlink_dumps_streams),
	KUNIT_CASE(netlink_dumps_while_some_go),
	KUNIT_CASE(netlink_dumps_readers),
	KUNIT_CASE(netlink_dumps_pids),
	KUNIT_CASE(netlink_dumps_ports),
	KUNIT_CASE(netlink_events),
	KUNIT_CASE(netlink_allocates_without_rtnl),
	KUNIT_CASE(netlink_garbage),
	{}
};

static struct kunit_suite netlink_suite = {
	.name = "avtpmap_netlink",
	.test_cases = netlink_cases,
};

kunit_test_suite(netlink_suite);
