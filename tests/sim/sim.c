// SPDX-License-Identifier: GPL-2.0
/*
 * avtpmap_sim.ko: netdevs that receive what is written to a device file, and
 * show it to the avtpmap hook exactly as a NIC driver does.
 */
#include <linux/etherdevice.h>
#include <linux/fs.h>
#include <linux/if_vlan.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "avtpmap_hook.h"
#include "avtpmap_sim.h"
#include "copy.h"

enum {
	SIM_QUEUES = 2,
	SIM_FRAME_MAX = 16384,
	SIM_BURST = 64,		/* records between two looks at the scheduler */
};

static unsigned int ports = 1;
module_param(ports, uint, 0444);
MODULE_PARM_DESC(ports, "simulated netdevs, sim0 and so on (default 1)");

enum measure {
	MEASURE_HOOK = 1,	/* from entry to return */
	MEASURE_COPY,		/* the module's copy of the PDU alone */
	MEASURE_MEMCPY,		/* the kernel's, of the same */
	MEASURE_NOTHING,	/* the loop that all of them are in */
};

static uint measure;
module_param(measure, uint, 0644);
MODULE_PARM_DESC(measure, "what to time: 1 the hook, 2 the copy, 3 memcpy, 4 nothing; writes then hold frames of one burst or more, and what passes ends");

/* With measure: what the calls of the hook took together. */
static ulong hook_frames;
module_param(hook_frames, ulong, 0444);
static ulong hook_ticks;
module_param(hook_ticks, ulong, 0444);

struct sim {
	struct avtpmap_tap tap;
	struct net_device *dev;
	struct list_head node;
};

static LIST_HEAD(sims);		/* immutable between init and exit */

static netdev_tx_t sim_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static void sim_set_rx_mode(struct net_device *dev)
{
}

static int sim_vid(struct net_device *dev, __be16 proto, u16 vid)
{
	return 0;
}

static const struct net_device_ops sim_ops = {
	.ndo_start_xmit		= sim_xmit,
	.ndo_set_rx_mode	= sim_set_rx_mode,
	.ndo_vlan_rx_add_vid	= sim_vid,
	.ndo_vlan_rx_kill_vid	= sim_vid,
};

static void sim_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &sim_ops;
	dev->max_mtu = SIM_FRAME_MAX - ETH_HLEN - VLAN_HLEN;
	dev->features |= NETIF_F_HW_VLAN_CTAG_FILTER;
	dev->hw_features |= NETIF_F_HW_VLAN_CTAG_FILTER;
	eth_hw_addr_random(dev);
}

static struct sim *find(const struct net *net, u32 ifindex)
{
	struct sim *sim;

	list_for_each_entry(sim, &sims, node)
		if (sim->dev->ifindex == ifindex &&
		    net_eq(dev_net(sim->dev), net) &&
		    sim->dev->reg_state == NETREG_REGISTERED)
			return sim;
	return NULL;
}

static void pass_up(struct sim *sim, const struct avtpmap_sim_frame *f,
		    const u8 *data)
{
	struct sk_buff *skb = netdev_alloc_skb(sim->dev, f->len_bytes);

	if (!skb) {
		sim->dev->stats.rx_dropped++;
		return;
	}
	skb_put_data(skb, data, f->len_bytes);
	if (f->flags & AVTPMAP_RX_VLAN)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), f->vlan_tci);
	skb->protocol = eth_type_trans(skb, sim->dev);
	netif_receive_skb(skb);
}

static struct avtpmap_rx rx_of(const struct avtpmap_sim_frame *f,
			       const u8 *data)
{
	struct avtpmap_rx rx = {
		.data = data,
		.len_bytes = f->split_bytes ?: f->len_bytes,
		.hwtime_ns = f->hwtime_ns,
		.queue = f->queue,
		.vlan_tci = f->vlan_tci,
		.flags = f->flags,
	};

	if (f->split_bytes) {
		rx.frag = data + f->split_bytes;
		rx.frag_bytes = f->len_bytes - f->split_bytes;
	}
	return rx;
}

/* With bottom halves off, as in NAPI. */
static void receive(struct sim *sim, const struct avtpmap_sim_frame *f,
		    const u8 *data)
{
	struct avtpmap_rx rx = rx_of(f, data);

	sim->dev->stats.rx_packets++;
	sim->dev->stats.rx_bytes += f->len_bytes;
	if (avtpmap_tap_armed(&sim->tap) && avtpmap_tap_rx(&sim->tap, &rx))
		return;
	if (!(f->flags & AVTPMAP_RX_ERROR))
		pass_up(sim, f, data);
}

/* Length of the record at @p, or 0 if it is not a good one. */
static size_t record_bytes(const u8 *p, size_t room)
{
	const struct avtpmap_sim_frame *f = (const void *)p;
	size_t bytes;

	if (room < sizeof(*f))
		return 0;
	if (f->len_bytes < ETH_HLEN || f->len_bytes > SIM_FRAME_MAX ||
	    f->queue >= SIM_QUEUES || f->split_bytes > f->len_bytes ||
	    (f->split_bytes && f->split_bytes < 64))
		return 0;
	bytes = sizeof(*f) + ALIGN(f->len_bytes, 8);
	return bytes <= room ? bytes : 0;
}

static u64 ticks(void)
{
	u32 lo, hi;

	asm volatile("lfence; rdtsc; lfence" : "=a" (lo), "=d" (hi) : : "memory");
	return (u64)hi << 32 | lo;
}

static __always_inline void copy_each(const struct avtpmap_rx *rx, int n,
				      enum measure how)
{
	static u8 to[SIM_FRAME_MAX];
	int i;

	for (i = 0; i < n; i++) {
		const u8 *from = rx[i].data + ETH_HLEN;
		unsigned long bytes = rx[i].len_bytes - ETH_HLEN;

		if (how == MEASURE_COPY)
			copy_short(to, from, bytes);
		else if (how == MEASURE_MEMCPY)
			memcpy(to, from, bytes);
		asm volatile("" : : "r" (from), "r" (bytes), "r" (to) : "memory");
	}
}

static void time_frames(struct sim *sim, const struct avtpmap_rx *rx, int n)
{
	u64 from = ticks();
	int i;

	if (measure == MEASURE_COPY)
		copy_each(rx, n, MEASURE_COPY);
	else if (measure == MEASURE_MEMCPY)
		copy_each(rx, n, MEASURE_MEMCPY);
	else if (measure == MEASURE_NOTHING)
		copy_each(rx, n, MEASURE_NOTHING);
	else
		for (i = 0; i < n; i++)
			if (avtpmap_tap_armed(&sim->tap))
				avtpmap_tap_rx(&sim->tap, &rx[i]);
	hook_ticks += ticks() - from;
	hook_frames += n;
}

/* A burst at a time: nothing else happens between its frames. */
static size_t measure_burst(const u8 *p, size_t room)
{
	const struct net *net = current->nsproxy->net_ns;
	static struct avtpmap_rx rx[SIM_BURST];
	struct sim *sim = NULL;
	size_t done = 0, bytes;
	int n;

	for (n = 0; n < SIM_BURST && done < room; n++, done += bytes) {
		const struct avtpmap_sim_frame *f = (void *)(p + done);

		bytes = record_bytes(p + done, room - done);
		if (bytes && !sim)
			sim = find(net, f->ifindex);
		if (!bytes || !sim || f->ifindex != sim->dev->ifindex)
			return 0;
		rx[n] = rx_of(f, (const u8 *)(f + 1));
	}
	local_bh_disable();
	time_frames(sim, rx, n);
	local_bh_enable();
	return done;
}

static ssize_t measure_write(const u8 *buf, size_t len)
{
	size_t done = 0, bytes;

	while (done < len) {
		bytes = measure_burst(buf + done, len - done);
		if (!bytes)
			break;
		done += bytes;
		cond_resched();
	}
	return done ?: -EINVAL;
}

static ssize_t sim_write(struct file *file, const char __user *user,
			 size_t len, loff_t *off)
{
	const struct net *net = current->nsproxy->net_ns;
	size_t done = 0, bytes;
	int err = 0, n = 0;
	u8 *buf;

	if (len > SZ_8M)
		return -E2BIG;
	buf = vmemdup_user(user, len);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	if (measure) {
		ssize_t ret = measure_write(buf, len);

		kvfree(buf);
		return ret;
	}
	local_bh_disable();
	while (done < len) {
		const struct avtpmap_sim_frame *f = (void *)(buf + done);
		struct sim *sim;

		bytes = record_bytes(buf + done, len - done);
		if (!bytes) {
			err = -EINVAL;
			break;
		}
		sim = find(net, f->ifindex);
		if (!sim) {
			err = -ENODEV;
			break;
		}
		receive(sim, f, (const u8 *)(f + 1));
		done += bytes;
		if (++n % SIM_BURST == 0) {
			local_bh_enable();
			cond_resched();
			local_bh_disable();
		}
	}
	local_bh_enable();
	kvfree(buf);
	return done ?: err;
}

static const struct file_operations sim_fops = {
	.owner	= THIS_MODULE,
	.write	= sim_write,
};

static struct miscdevice sim_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "avtpmap_sim",
	.fops	= &sim_fops,
};

static int sim_add(void)
{
	struct net_device *dev;
	struct sim *sim;
	int err;

	dev = alloc_netdev_mqs(sizeof(*sim), "sim%d", NET_NAME_ENUM, sim_setup,
			       1, SIM_QUEUES);
	if (!dev)
		return -ENOMEM;
	sim = netdev_priv(dev);
	sim->dev = dev;
	avtpmap_tap_register(&sim->tap, dev);
	err = register_netdev(dev);
	if (err) {
		avtpmap_tap_unregister(&sim->tap);
		free_netdev(dev);
		return err;
	}
	list_add_tail(&sim->node, &sims);
	return 0;
}

static void sim_remove_all(void)
{
	struct sim *sim, *tmp;

	list_for_each_entry_safe(sim, tmp, &sims, node) {
		list_del(&sim->node);
		unregister_netdev(sim->dev);
		avtpmap_tap_unregister(&sim->tap);
		free_netdev(sim->dev);
	}
}

static int __init sim_init(void)
{
	int err = 0;
	u32 i;

	for (i = 0; i < ports && !err; i++)
		err = sim_add();
	if (!err)
		err = misc_register(&sim_misc);
	if (err)
		sim_remove_all();
	return err;
}

static void __exit sim_exit(void)
{
	misc_deregister(&sim_misc);
	sim_remove_all();
}

module_init(sim_init);
module_exit(sim_exit);

MODULE_DESCRIPTION("avtpmap: simulated port for tests");
MODULE_AUTHOR("The avtpmap authors");
MODULE_LICENSE("GPL");
