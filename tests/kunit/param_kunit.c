// SPDX-License-Identifier: GPL-2.0
/* The streams= parameter: what is understood, what is not, and what is made. */
#include <linux/rtnetlink.h>

#include "fixture.h"
#include "param.h"
#include "table.h"

#define ID "02:00:5e:10:00:01:00:01"

static void param_refused(struct kunit *test)
{
	static const char *const rows[] = {
		"eth0", "eth0/", "/" ID, "eth0/" ID ":", "eth0/0x",
		"eth0/" ID "/ms", "eth0/" ID "/ms=", "eth0/" ID "/ms=x",
		"eth0/" ID "/silence=x", "eth0/" ID "/ms=4294967296", "eth0/" ID "/ms=-1",
		"eth0/" ID "/", "eth0/" ID "/nokey=1", "eth0/" ID "/mode=give",
		"eth0/" ID "/vid=0", "eth0/" ID "/vid=4095",
		"eth0/" ID "/mac=00:00:00:00:00:00",
		"eth0/" ID "/mac=91:e0:f0:00:0e",
		"eth0/" ID "/mac=91:e0:f0:00:0e:80:01",
		"eth0./" ID, "eth0.0/" ID, "eth0.4095/" ID, ".2/" ID,
		"nosuchinterface0/" ID, "nosuchinterface0.2/" ID,
		"eth0/" ID ",eth1",	/* one bad one is enough */
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, param_read(rows[i]) < 0, true, "%s",
				    rows[i]);
}

/* As if a netdev of that name came; nobody else looks meanwhile. */
static void appear_as(struct nic *nic, const char *ifname)
{
	char name[IFNAMSIZ];

	rtnl_lock();
	strscpy(name, nic->dev->name, sizeof(name));
	strscpy(nic->dev->name, ifname, sizeof(nic->dev->name));
	param_apply(nic->dev);
	strscpy(nic->dev->name, name, sizeof(nic->dev->name));
	rtnl_unlock();
}

static const struct stream *stream_of(struct nic *nic)
{
	struct port *port = nic_port(nic);
	const struct stream *s;

	if (!port)
		return NULL;
	rtnl_lock();
	s = table_find(port, cpu_to_be64(TALKER_ID));
	rtnl_unlock();
	return s;
}

static void param_understood(struct kunit *test)
{
	static const struct {
		const char *text, *ifname;
		u32 vid;
	} rows[] = {
		{ "a0/" ID, "a0", 0 },
		{ ",a1/" ID ",", "a1", 0 },
		{ "a2.7/" ID, "a2", 7 },
		{ "a3.7/" ID "/vid=9", "a3", 9 },
		{ "a4/" ID "/vid=none", "a4", AVTPMAP_ANY_VID },
		{ "enp129s0f0np10.4/" ID, "enp129s0f0np10", 4 },
		{ "enx001b21aabbcc.4094/" ID, "enx001b21aabbcc", 4094 },
		{ "br.lan.12/" ID, "br.lan", 12 },
		{ "a5/" ID "/mac=91:e0:f0:00:0e:80/ms=20/mode=copy", "a5", 0 },
	};
	struct nic *nic = nic_create(test);
	const struct stream *s;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ_MSG(test, param_read(rows[i].text), 0, "%s",
				    rows[i].text);
		appear_as(nic, rows[i].ifname);
		s = stream_of(nic);
		KUNIT_EXPECT_NOT_NULL_MSG(test, s, "%s", rows[i].text);
		if (s) {
			KUNIT_EXPECT_EQ(test, s->config.vid, rows[i].vid);
			port_drop(nic);
		}
		param_exit();
	}
}

/* A stream that cannot be made leaves no port behind, as by netlink. */
static void param_not_made(struct kunit *test)
{
	struct nic *nic = nic_create(test);

	KUNIT_ASSERT_EQ(test, param_read("b0/" ID "/ms=60001"), 0);
	appear_as(nic, "b0");
	KUNIT_EXPECT_NULL(test, nic_port(nic));
	param_exit();
}

static struct kunit_case param_cases[] = {
	KUNIT_CASE(param_refused),
	KUNIT_CASE(param_understood),
	KUNIT_CASE(param_not_made),
	{}
};

static struct kunit_suite param_suite = {
	.name = "avtpmap_param",
	.test_cases = param_cases,
};

kunit_test_suite(param_suite);
