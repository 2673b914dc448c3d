// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "event.h"
#include "holder.h"
#include "reader.h"
#include "stream.h"
#include "table.h"

/* Waking listeners of the netlink group oftener helps nobody. */
#define REPORT_DELAY	(HZ / 20)

void stream_config_init(struct stream_config *config)
{
	*config = (struct stream_config) {
		.rate = RATE_DEFAULT,
		.ms = RING_MS_DEFAULT,
		.uid = GLOBAL_ROOT_UID,
	};
}

/* ---- frame path and timer, under s->lock ---- */

static void arm(struct stream *s, u64 at_ns, u64 slack_ns)
{
	lockdep_assert_held(&s->lock);
	if (at_ns + slack_ns >= s->timer_ns || s->gone)
		return;
	s->timer_ns = at_ns + slack_ns;
	hrtimer_start_range_ns(&s->timer, ns_to_ktime(at_ns), slack_ns,
			       HRTIMER_MODE_ABS_SOFT);
}

void stream_arm(struct stream *s, u64 at_ns)
{
	if (at_ns != U64_MAX)
		arm(s, at_ns, 0);
}

/* No interrupt of its own, if there is another within the slack. */
static void arm_silence(struct stream *s, u64 at_ns)
{
	arm(s, at_ns, AVTPMAP_SILENCE_NS / 2);
}

static void tell_readers(struct stream *s, u32 events, u64 now_ns)
{
	struct reader *r, *tmp;

	lockdep_assert_held(&s->lock);
	WRITE_ONCE(s->told, s->told + 1);
	for (int i = 0; i < WAKE_EVENTS; i++)
		if (events & BIT(i))
			WRITE_ONCE(s->told_at[i], s->told);
	list_for_each_entry_safe(r, tmp, &s->listeners, listener_node) {
		if (r->group)
			group_event(r->group, events, now_ns);
		else
			stream_arm(s, reader_timer(r, now_ns));
	}
}

/* Tells what is owed, or sees to it that somebody does who listens. */
void stream_settle_events(struct stream *s, u64 now_ns)
{
	u32 events = news_to_tell(&s->news, now_ns);

	lockdep_assert_held(&s->lock);
	if (events)
		tell_readers(s, events, now_ns);
	else if (s->news.owed && !list_empty(&s->listeners))
		stream_arm(s, s->news.ok_ns);
}

static void raise_events(struct stream *s, u32 events, u64 now_ns)
{
	lockdep_assert_held(&s->lock);
	if (!s->report_events)
		mod_delayed_work(system_percpu_wq, &s->report, REPORT_DELAY);
	s->report_events |= events;
	s->news.owed |= events;
	stream_settle_events(s, now_ns);
}

/* A new format may have another rate, hence another floor in media units. */
static void new_epoch(struct stream *s, u64 media_pos)
{
	struct period *p;

	s->next_due = U64_MAX;
	list_for_each_entry(p, &s->periods, node) {
		period_tune(p, s, media_pos);
		s->next_due = min(s->next_due, p->due.at);
	}
}

void stream_frame_events(struct stream *s, const struct avtpmap_entry *e,
			 u64 now_ns)
{
	lockdep_assert_held(&s->lock);
	if (e->flags & AVTPMAP_F_EPOCH)
		new_epoch(s, e->media_pos);
	if (e->events)
		raise_events(s, e->events, now_ns);
}

/* media_pos reached next_due: wake who is due and find the next. */
void stream_periods(struct stream *s, u64 now_ns)
{
	struct period *p;

	lockdep_assert_held(&s->lock);
	s->next_due = U64_MAX;
	list_for_each_entry(p, &s->periods, node) {
		if (p->due.at <= s->account.media_pos)
			period_end(p, s, now_ns);
		s->next_due = min(s->next_due, p->due.at);
	}
}

/* The first frame, or the first after a silence. */
void stream_start(struct stream *s, struct avtpmap_entry *e, u64 now_ns)
{
	lockdep_assert_held(&s->lock);
	e->events |= silence_ends(s->ring.hdr, &s->account, now_ns);
	arm_silence(s, now_ns + silence_limit(&s->account));
}

static void check_silence(struct stream *s, u64 now_ns)
{
	u64 at_ns;
	u32 events = silence_begins(s->ring.hdr, &s->account, now_ns, &at_ns);

	if (events)
		raise_events(s, events, now_ns);
	if (at_ns != U64_MAX)
		arm_silence(s, at_ns);
}

static enum hrtimer_restart stream_timer(struct hrtimer *timer)
{
	struct stream *s = container_of(timer, struct stream, timer);
	u64 now_ns = ktime_get_ns();
	struct reader *r, *tmp;

	spin_lock(&s->lock);
	s->timer_ns = U64_MAX;
	check_silence(s, now_ns);
	stream_settle_events(s, now_ns);
	list_for_each_entry_safe(r, tmp, &s->listeners, listener_node)
		if (!r->group)
			stream_arm(s, reader_timer(r, now_ns));
	spin_unlock(&s->lock);
	return HRTIMER_NORESTART;	/* stream_arm() did, if need be */
}

static void stream_report(struct work_struct *work)
{
	struct stream *s = container_of(to_delayed_work(work), struct stream,
					report);
	u32 events;

	spin_lock_bh(&s->lock);
	events = s->report_events;
	s->report_events = 0;
	spin_unlock_bh(&s->lock);
	event_tell(s->port->dev, s->ring.hdr, events);
}

/* ---- NIC filters ---- */

/* The NIC must let the stream through, and igb drops every unknown VID. */
static int filters_add(struct stream *s, struct netlink_ext_ack *extack)
{
	struct net_device *dev = s->port->dev;
	u8 addr[ETH_ALEN];
	int err;

	ASSERT_RTNL();
	if (s->config.vid != AVTPMAP_ANY_VID)
		s->filter_vid = s->config.vid ?: VID_DEFAULT;
	if (s->filter_vid) {
		err = vlan_vid_add(dev, htons(ETH_P_8021Q), s->filter_vid);
		if (err) {
			NL_SET_ERR_MSG(extack, "the interface refuses to receive this VID");
			return err;
		}
	}
	u64_to_ether_addr(s->config.mac, addr);
	if (!s->config.mac)
		err = dev_set_allmulti(dev, 1);
	else if (is_multicast_ether_addr(addr))
		err = dev_mc_add(dev, addr);
	else
		err = dev_uc_add(dev, addr);
	if (!err)
		return 0;
	NL_SET_ERR_MSG(extack, "the interface refuses to receive this MAC address");
	if (s->filter_vid)
		vlan_vid_del(dev, htons(ETH_P_8021Q), s->filter_vid);
	return err;
}

static void filters_del(struct stream *s)
{
	struct net_device *dev = s->port->dev;
	u8 addr[ETH_ALEN];

	ASSERT_RTNL();
	u64_to_ether_addr(s->config.mac, addr);
	if (!s->config.mac)
		dev_set_allmulti(dev, -1);
	else if (is_multicast_ether_addr(addr))
		dev_mc_del(dev, addr);
	else
		dev_uc_del(dev, addr);
	if (s->filter_vid)
		vlan_vid_del(dev, htons(ETH_P_8021Q), s->filter_vid);
}

/* ---- life ---- */

/* From what was asked to the ring's geometry, and what is out of range. */
static int geometry(struct stream *s, u32 mtu, struct netlink_ext_ack *extack)
{
	struct stream_config *c = &s->config;
	u64 rate = c->rate;

	c->stride = c->stride ?: avtpmap_ring_stride(mtu);
	if (!is_power_of_2(c->stride) || c->stride < AVTPMAP_STRIDE_MIN ||
	    c->stride > AVTPMAP_STRIDE_MAX) {
		NL_SET_ERR_MSG(extack, "stride must be a power of two from 128 to 16384");
		return -EINVAL;
	}
	if (c->mbit)
		rate = div_u64((u64)c->mbit * 125000,
			       c->stride - sizeof(struct avtpmap_slot));
	if (!rate || rate > U32_MAX) {
		NL_SET_ERR_MSG(extack, "the rate must be at least one frame per second, and less than 2^32");
		return -EINVAL;
	}
	if (!c->ms || c->ms > RING_MS_MAX) {
		NL_SET_ERR_MSG(extack, "ms must be 1 to 60000");
		return -EINVAL;
	}
	if (!silence_may_be(c->silence_ms)) {
		NL_SET_ERR_MSG(extack, "silence must be 100 to 3600000 ms");
		return -EINVAL;
	}
	c->rate = rate;
	s->n_slots = avtpmap_ring_slots(rate, c->ms);
	if (!s->n_slots) {
		NL_SET_ERR_MSG(extack, "the ring would have more than 1048576 slots; use a smaller ms= or rate=");
		return -E2BIG;
	}
	s->room_bytes = c->stride - sizeof(struct avtpmap_slot);
	s->ring_ns = (u64)c->ms * NSEC_PER_MSEC;
	s->ring.bytes = PAGE_ALIGN(avtpmap_ring_bytes(s->n_slots, c->stride));
	return 0;
}

static void describe(struct stream *s)
{
	struct avtpmap_ring_hdr *hdr = s->ring.hdr;

	hdr->magic = AVTPMAP_MAGIC;
	hdr->abi = AVTPMAP_ABI;
	hdr->header_bytes = AVTPMAP_HEADER_BYTES;
	hdr->stride = s->config.stride;
	hdr->n_slots = s->n_slots;
	hdr->kind = s->key.kind;
	hdr->stream_id = s->key.stream_id;
	hdr->ifindex = s->port->ifindex;
	hdr->backend = AVTPMAP_BACKEND_KMOD;
	hdr->phc_index = port_phc_index(s->port->dev);
	hdr->rate = s->config.rate;
	hdr->counters_known = ~(BIT_ULL(AVTPMAP_C_CONTENDED) |
				BIT_ULL(AVTPMAP_C_LATE_TIMESTAMP) |
				BIT_ULL(AVTPMAP_C_EARLY_TIMESTAMP)) &
			      GENMASK_ULL(AVTPMAP_N_COUNTERS - 1, 0);
}

static struct stream *stream_alloc(int node, const struct stream_config *config)
{
	struct stream *s = kzalloc_node(sizeof(*s), GFP_KERNEL, node);

	if (!s)
		return NULL;
	s->node = node;
	s->config = *config;
	s->key.stream_id = config->stream_id;
	s->key.dst_mac = config->mac;
	s->key.vid = config->vid ?: AVTPMAP_ANY_VID;
	s->key.kind = AVTPMAP_KIND_AVTP;
	s->mode = config->mode;
	s->account.silence_ms = config->silence_ms;
	s->next_due = U64_MAX;
	s->timer_ns = U64_MAX;
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->readers);
	INIT_LIST_HEAD(&s->listeners);
	INIT_LIST_HEAD(&s->periods);
	compat_hrtimer_setup(&s->timer, stream_timer, CLOCK_MONOTONIC,
			     HRTIMER_MODE_ABS_SOFT);
	INIT_DELAYED_WORK(&s->report, stream_report);
	kref_init(&s->ref);
	return s;
}

/* Whether it may be one of @port, or of the port that is yet to be made (NULL). */
static int may_add(const struct port *port, const struct stream *s,
		   struct netlink_ext_ack *extack)
{
	ASSERT_RTNL();
	if (port && table_find(port, s->key.stream_id)) {
		NL_SET_ERR_MSG(extack, "this stream is registered on this port already");
		return -EEXIST;
	}
	if (port && !table_has_room(port, s->key.stream_id)) {
		NL_SET_ERR_MSG(extack, "64 streams share this stream_id's place in the table; delete some, or use another stream_id");
		return -ENOSPC;
	}
	return port_may_charge(port, s->ring.bytes, extack);
}

struct stream *stream_prepare(struct net_device *dev,
			      const struct stream_config *config,
			      struct netlink_ext_ack *extack)
{
	struct port *port = port_find(dev);
	struct stream *s;
	int err;

	err = port ? 0 : port_may_be(dev, extack);
	if (err)
		return ERR_PTR(err);
	s = stream_alloc(dev_to_node(&dev->dev), config);
	if (!s)
		return ERR_PTR(-ENOMEM);
	err = geometry(s, dev->mtu, extack) ?: may_add(port, s, extack);
	if (!err)
		return s;
	kfree(s);
	return ERR_PTR(err);
}

int stream_alloc_ring(struct stream *s, struct netlink_ext_ack *extack)
{
	int err = ring_alloc(&s->ring, s->n_slots, s->config.stride, s->node);

	if (err)
		NL_SET_ERR_MSG(extack, "not enough memory for the ring");
	return err;
}

static int publish(struct stream *s, struct port *port,
		   struct netlink_ext_ack *extack)
{
	int err = may_add(port, s, extack);

	if (err)
		return err;
	s->port = port;
	describe(s);
	err = filters_add(s, extack);
	if (err)
		return err;
	port_charge(port, s->ring.bytes, extack);
	kref_get(&port->ref);
	s->serial = port_next_serial();
	list_add_tail(&s->port_node, &port->streams);
	port->n_streams++;
	table_insert(s);
	avtpmap_hook_arm(port->dev, &port->sink, true);
	event_tell(s->port->dev, s->ring.hdr, AVTPMAP_EV_ADDED);
	return 0;
}

int stream_publish(struct stream *s, struct net_device *dev,
		   struct netlink_ext_ack *extack)
{
	bool had_port = port_find(dev);
	struct port *port = port_get_or_create(dev, extack);
	int err;

	if (IS_ERR(port))
		return PTR_ERR(port);
	err = publish(s, port, extack);
	if (err && !had_port)
		port_release(port);
	return err;
}

void stream_discard(struct stream *s)
{
	if (s->ring.hdr)
		ring_free(&s->ring);
	kfree(s);
}

struct stream *stream_create(struct net_device *dev,
			     const struct stream_config *config,
			     struct netlink_ext_ack *extack)
{
	struct stream *s = stream_prepare(dev, config, extack);
	int err;

	if (IS_ERR(s))
		return s;
	err = stream_alloc_ring(s, extack) ?: stream_publish(s, dev, extack);
	if (!err)
		return s;
	stream_discard(s);
	return ERR_PTR(err);
}

/* The memory is its readers' now, and no more the port's. */
static void hand_over(struct stream *s)
{
	struct reader *r;

	lockdep_assert_held(&s->lock);
	list_for_each_entry(r, &s->readers, node)
		if (r->keeps)
			atomic64_add(s->ring.bytes, &r->holder->dead_bytes);
	port_uncharge(s->port, s->ring.bytes);
}

/* No frame sees it any more. Readers keep the memory, and get ENODEV. */
static void finish(struct stream *s)
{
	struct reader *r;

	list_del(&s->port_node);
	if (!--s->port->n_streams)
		avtpmap_hook_arm(s->port->dev, &s->port->sink, false);
	spin_lock_bh(&s->lock);
	s->gone = true;
	s->next_due = U64_MAX;
	WRITE_ONCE(s->ring.hdr->state, AVTPMAP_RING_GONE);
	list_for_each_entry(r, &s->readers, node)
		reader_gone(r);
	hand_over(s);
	spin_unlock_bh(&s->lock);

	hrtimer_cancel(&s->timer);
	cancel_delayed_work_sync(&s->report);
	filters_del(s);
	event_tell(s->port->dev, s->ring.hdr, AVTPMAP_EV_DELETED);
	stream_put(s);
}

void stream_delete(struct stream *s)
{
	ASSERT_RTNL();
	table_remove(s);
	synchronize_net();
	finish(s);
}

/* The same, with one grace period for all. */
void stream_delete_all(struct port *port)
{
	struct stream *s, *tmp;

	ASSERT_RTNL();
	list_for_each_entry(s, &port->streams, port_node)
		table_remove(s);
	synchronize_net();
	list_for_each_entry_safe(s, tmp, &port->streams, port_node)
		finish(s);
}

static void stream_free(struct kref *ref)
{
	struct stream *s = container_of(ref, struct stream, ref);
	struct port *port = s->port;

	ring_free(&s->ring);
	kfree(s);
	port_put(port);
}

void stream_put(struct stream *s)
{
	kref_put(&s->ref, stream_free);
}

/*
 * igb has its PHC only after its netdev, and so after the streams of modprobe.
 * The header may change as long as nobody can have mapped it.
 */
static void find_phc(struct stream *s)
{
	struct avtpmap_ring_hdr *hdr = s->ring.hdr;
	u32 phc_index;

	ASSERT_RTNL();
	if (hdr->phc_index != AVTPMAP_NO_PHC)
		return;
	phc_index = port_phc_index(s->port->dev);
	spin_lock_bh(&s->lock);
	if (!s->n_readers)
		hdr->phc_index = phc_index;
	spin_unlock_bh(&s->lock);
}

/* A reference to the stream, if the caller may read it; else an ERR_PTR. */
struct stream *stream_get(const struct net *net, int ifindex, __be64 stream_id)
{
	struct stream *s = NULL;
	struct port *port;

	rtnl_lock();
	list_for_each_entry(port, &ports, node) {
		if (port->net_cookie != net->net_cookie || port->ifindex != ifindex)
			continue;
		s = table_find(port, stream_id);
		break;
	}
	if (!s)
		s = ERR_PTR(-ENOENT);
	else if (!port_may_use(net, port->gid))
		s = ERR_PTR(-EACCES);
	if (!IS_ERR(s)) {
		find_phc(s);
		kref_get(&s->ref);
	}
	rtnl_unlock();
	return s;
}
