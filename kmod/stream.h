/* SPDX-License-Identifier: GPL-2.0 */
/* A stream: a stream_id on a port, its ring and its readers. */
#ifndef AVTPMAP_STREAM_H
#define AVTPMAP_STREAM_H

#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "port.h"
#include "ring.h"
#include "shared/key.h"
#include "shared/ring_prod.h"
#include "shared/wake.h"

struct reader;

enum {
	RATE_DEFAULT = 8000,
	RING_MS_DEFAULT = 100,
	RING_MS_MAX = 60000,
	VID_DEFAULT = 2,	/* IEEE 802.1Q 35.2.1.4: SR_PVID */
};

/**
 * struct stream_config - what a stream is made from, by netlink or modprobe
 * @stream_id: IEEE 1722 stream_id
 * @mac: match and join this destination only; 0: any, and allmulti
 * @vid: match and register this VID only; 0: any, and register the default;
 *	AVTPMAP_ANY_VID: any, and register none
 * @mode: enum avtpmap_mode
 * @rate: frames per second; of a stream that is made also if by @mbit
 * @mbit: Mbit per second, instead of @rate; 0: not given
 * @ms: how long the ring is at that rate
 * @stride: bytes; 0: the MTU fits; of a stream that is made never 0
 * @silence_ms: that ends the stream; 0: follows its pace
 * @uid: who asks
 */
struct stream_config {
	__be64 stream_id;
	u64 mac;
	u32 vid;
	u32 mode;
	u32 rate;
	u32 mbit;
	u32 ms;
	u32 stride;
	u32 silence_ms;
	kuid_t uid;
};

/**
 * struct stream - one registered stream
 *
 * A life: stream_publish() puts it in the table as its last step.
 * stream_delete() takes it off the table, waits for frames in flight, sets
 * @gone and wakes the readers. The last reference frees the ring.
 *
 * @table_node: in the table (rcu)
 * @key: what matches (immutable)
 * @port: reference (immutable)
 * @ring: memory (immutable)
 * @room_bytes: most that a PDU may have (immutable)
 * @n_slots: of the ring (immutable)
 * @node: that its memory is of (immutable)
 * @ring_ns: how long the ring holds a frame (immutable)
 * @mode: enum avtpmap_mode (written under rtnl, read racily)
 * @head: frames published (@lock)
 * @next_due: first media position at which a reader is due (@lock)
 * @account: sequence, position, epoch (@lock)
 * @lock: Protects: the fields that name it, the ring's contents, and each
 *	reader's fields that name it.
 *	Ordering: inside rtnl_lock, a reader's bind_lock
 * @gone: no more frames (@lock)
 * @readers: bound to it (@lock)
 * @n_readers: their number (@lock)
 * @listeners: of them, who may be asleep or is a member of a group (@lock)
 * @periods: that they have (@lock)
 * @told: how often readers were told of events (@lock, read racily)
 * @told_at: of each event when last, in @told (the same)
 * @news: events that readers are yet to be told of (@lock)
 * @timer: silence, deadlines and events owed
 * @timer_ns: when it fires at the latest, or U64_MAX (@lock)
 * @report: tells the netlink group of @report_events
 * @report_events: not yet told (@lock)
 * @filter_vid: registered with the NIC, or 0 (rtnl)
 * @config: as asked for (rtnl)
 * @serial: ascends in the port's list (immutable)
 * @port_node: in the port's list (rtnl)
 * @ref: one for the table, one for each reader
 */
struct stream {
	struct hlist_node table_node;
	struct avtpmap_key key;
	struct port *port;
	struct ring ring;
	u32 room_bytes;
	u32 mode;
	u64 ring_ns;

	u64 head ____cacheline_aligned_in_smp;
	u64 next_due;
	struct avtpmap_account account;
	spinlock_t lock;
	bool gone;

	struct list_head readers;
	u32 n_readers;
	struct list_head listeners;
	struct list_head periods;
	u64 told;
	u64 told_at[WAKE_EVENTS];
	struct avtpmap_news news;
	u32 report_events;
	u64 timer_ns;
	struct hrtimer timer;
	struct delayed_work report;

	u32 filter_vid;
	u32 n_slots;
	int node;
	struct stream_config config;
	u64 serial;
	struct list_head port_node;
	struct kref ref;
};

void stream_config_init(struct stream_config *config);

/*
 * A stream of a netdev, which becomes a port if it is none. All at once, under
 * RTNL; or in steps, of which the long one needs no RTNL, for who can let go of it:
 * stream_publish() asks again whatever stream_prepare() did. A stream that is not
 * published is nobody's yet: stream_discard().
 */
struct stream *stream_create(struct net_device *dev,
			     const struct stream_config *config,
			     struct netlink_ext_ack *extack);
struct stream *stream_prepare(struct net_device *dev,
			      const struct stream_config *config,
			      struct netlink_ext_ack *extack);
int stream_alloc_ring(struct stream *s, struct netlink_ext_ack *extack);
int stream_publish(struct stream *s, struct net_device *dev,
		   struct netlink_ext_ack *extack);
void stream_discard(struct stream *s);

void stream_delete(struct stream *s);
void stream_delete_all(struct port *port);
void stream_put(struct stream *s);
struct stream *stream_get(const struct net *net, int ifindex,
			  __be64 stream_id);

/* With s->lock held. */
void stream_arm(struct stream *s, u64 at_ns);
void stream_frame_events(struct stream *s, const struct avtpmap_entry *e,
			 u64 now_ns);
void stream_settle_events(struct stream *s, u64 now_ns);
void stream_periods(struct stream *s, u64 now_ns);
void stream_start(struct stream *s, struct avtpmap_entry *e, u64 now_ns);

#endif /* AVTPMAP_STREAM_H */
