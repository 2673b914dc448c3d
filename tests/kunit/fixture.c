// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>
#include <linux/unaligned.h>

#include "fixture.h"
#include "shared/avtp.h"

/* ---- netdev ---- */

static struct nic *nic_of(const struct net_device *dev)
{
	return *(struct nic **)netdev_priv(dev);
}

static netdev_tx_t nic_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static void nic_set_rx_mode(struct net_device *dev)
{
}

static int nic_add_vid(struct net_device *dev, __be16 proto, u16 vid)
{
	struct nic *nic = nic_of(dev);

	if (nic->refuse_vid)
		return nic->refuse_vid;
	__set_bit(vid, nic->vids);
	return 0;
}

static int nic_kill_vid(struct net_device *dev, __be16 proto, u16 vid)
{
	__clear_bit(vid, nic_of(dev)->vids);
	return 0;
}

static const struct net_device_ops nic_ops = {
	.ndo_start_xmit		= nic_xmit,
	.ndo_set_rx_mode	= nic_set_rx_mode,
	.ndo_vlan_rx_add_vid	= nic_add_vid,
	.ndo_vlan_rx_kill_vid	= nic_kill_vid,
};

static int nic_ts_info(struct net_device *dev,
		       struct kernel_ethtool_ts_info *info)
{
	info->phc_index = nic_of(dev)->phc_index;
	return 0;
}

static const struct ethtool_ops nic_ethtool_ops = {
	.get_ts_info	= nic_ts_info,
};

static void nic_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &nic_ops;
	dev->ethtool_ops = &nic_ethtool_ops;
	dev->features |= NETIF_F_HW_VLAN_CTAG_FILTER;
	dev->max_mtu = ETH_MAX_MTU;
	eth_hw_addr_random(dev);
}

void nic_remove(struct nic *nic)
{
	if (!nic->dev)
		return;
	unregister_netdev(nic->dev);
	avtpmap_tap_unregister(&nic->tap);
	free_netdev(nic->dev);
	nic->dev = NULL;
}

static void remove_nic(void *nic)
{
	nic_remove(nic);
}

struct nic *nic_create(struct kunit *test)
{
	struct nic *nic = kunit_kzalloc(test, sizeof(*nic), GFP_KERNEL);
	struct net_device *dev;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, nic);
	dev = alloc_netdev_mqs(sizeof(nic), "kunit%d", NET_NAME_ENUM, nic_setup,
			       1, NIC_QUEUES);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	*(struct nic **)netdev_priv(dev) = nic;
	nic->dev = dev;
	nic->phc_index = -1;
	avtpmap_tap_register(&nic->tap, dev);
	err = register_netdev(dev);
	if (err) {
		avtpmap_tap_unregister(&nic->tap);
		free_netdev(dev);
	}
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove_nic, nic), 0);
	nic->mc = netdev_mc_count(dev);
	return nic;
}

/* ---- port and stream ---- */

struct port *nic_port(struct nic *nic)
{
	struct port *port;

	rtnl_lock();
	port = port_find(nic->dev);
	rtnl_unlock();
	return port;
}

struct port *port_make(struct kunit *test, struct nic *nic)
{
	struct port *port;

	rtnl_lock();
	port = port_get_or_create(nic->dev, NULL);
	rtnl_unlock();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, port);
	return port;
}

void port_drop(struct nic *nic)
{
	rtnl_lock();
	port_release(port_find(nic->dev));
	rtnl_unlock();
}

struct stream *stream_add(struct nic *nic, const struct stream_config *config)
{
	struct stream *s;
	struct port *port;

	rtnl_lock();
	port = port_get_or_create(nic->dev, NULL);
	s = IS_ERR(port) ? ERR_CAST(port) : stream_create(nic->dev, config, NULL);
	rtnl_unlock();
	return s;
}

struct stream *stream_make(struct kunit *test, struct nic *nic, u64 id)
{
	struct stream_config config;
	struct stream *s;

	stream_config_init(&config);
	config.stream_id = cpu_to_be64(id);
	s = stream_add(nic, &config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	return s;
}

void stream_drop(struct stream *s)
{
	rtnl_lock();
	stream_delete(s);
	rtnl_unlock();
}

/* ---- readers ---- */

static void destroy_reader(void *r)
{
	reader_destroy(r);
}

struct reader *handle_open(struct kunit *test)
{
	struct reader *r = reader_create();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_reader, r), 0);
	return r;
}

int handle_bind(struct reader *r, const struct nic *nic, u64 id)
{
	struct avtpmap_bind bind = {
		.abi = AVTPMAP_ABI,
		.ifindex = nic->dev->ifindex,
		.stream_id = cpu_to_be64(id),
	};

	return reader_bind(r, &bind);
}

struct reader *reader_make(struct kunit *test, const struct nic *nic, u64 id)
{
	struct reader *r = handle_open(test);

	KUNIT_ASSERT_EQ(test, handle_bind(r, nic, id), 0);
	return r;
}

void reader_close(struct kunit *test, struct reader *r)
{
	kunit_release_action(test, destroy_reader, r);
}

int reader_periods(struct reader *r, u32 period)
{
	struct avtpmap_period p = { .period = period };

	return reader_set_period(r, &p);
}

struct avtpmap_reader_info reader_told(struct reader *r)
{
	struct avtpmap_reader_info info = {};

	reader_info(r, &info);
	return info;
}

struct watchdog {
	struct timer_list timer;
	struct task_struct *task;
	bool bit;
};

static void watchdog_bites(struct timer_list *timer)
{
	struct watchdog *dog = container_of(timer, struct watchdog, timer);

	WRITE_ONCE(dog->bit, true);
	send_sig(SIGINT, dog->task, 1);
}

/*
 * A signal ends any wait of a program, so it ends the test's, too. What was there
 * all the time, with the wakeup lost, is found only then, and is late.
 */
int handle_wait(struct kunit *test, struct reader *r, struct avtpmap_wait *w,
		const char *what)
{
	struct watchdog dog = { .task = current };
	int err;

	allow_signal(SIGINT);
	timer_setup_on_stack(&dog.timer, watchdog_bites, 0);
	mod_timer(&dog.timer, jiffies + WAIT_S * HZ);
	err = reader_wait(r, w);
	timer_delete_sync(&dog.timer);
	destroy_timer_on_stack(&dog.timer);
	flush_signals(current);
	if (!dog.bit)
		return err;
	KUNIT_FAIL(test, "%s did not wake its reader in %u s", what, WAIT_S);
	return -EINTR;
}

/* ---- talker ---- */

struct talker *talker_make(struct kunit *test, struct nic *nic, u64 id)
{
	struct talker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->nic = nic;
	t->id = id;
	t->mac = TALKER_MAC;
	t->nsr = 5;
	t->units = 6;
	return t;
}

enum avtpmap_verdict talk_raw(struct talker *t, u32 len)
{
	enum avtpmap_verdict verdict = AVTPMAP_PASS;

	t->rx.data = t->frame;
	if (!t->rx.frag)
		t->rx.len_bytes = len;
	local_bh_disable();	/* as in NAPI */
	if (avtpmap_tap_armed(&t->nic->tap))
		verdict = avtpmap_tap_rx(&t->nic->tap, &t->rx);
	local_bh_enable();
	return verdict;
}

enum avtpmap_verdict talk(struct talker *t)
{
	u32 data_bytes = 2 * t->units;
	u8 *p = t->frame;

	u64_to_ether_addr(0x91e0f000fe01ull, p);
	u64_to_ether_addr(t->mac, p + 6);
	put_unaligned_be16(ETHERTYPE_AVTP, p + 12);
	p += ETHER_HEADER_BYTES;
	p[0] = AVTPMAP_SUB_AAF;
	p[1] = 0x81 | t->mr << 3;
	p[2] = t->sequence++;
	p[3] = t->tu;
	put_unaligned_be64(t->id, p + 4);
	put_unaligned_be32(0, p + 12);
	put_unaligned_be32(4u << 24 | t->nsr << 20 | 1u << 8 | 16u, p + 16);
	put_unaligned_be16(data_bytes, p + 20);
	put_unaligned_be16(0, p + 22);
	memset(p + 24, p[2], data_bytes);
	return talk_raw(t, ETHER_HEADER_BYTES + 24 + data_bytes);
}

/* @n frames that the wire loses: media goes on. */
void talker_skip(struct talker *t, u32 n)
{
	t->sequence += n;
}

void talk_frames(struct talker *t, u32 n)
{
	while (n--)
		talk(t);
}

/* xorshift64*; any seed but 0 */
u32 dice(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull >> 32;
}
