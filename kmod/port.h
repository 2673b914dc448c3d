/* SPDX-License-Identifier: GPL-2.0 */
/* A port: a netdev that avtpmap is attached to. */
#ifndef AVTPMAP_PORT_H
#define AVTPMAP_PORT_H

#include <linux/avtpmap.h>
#include <linux/avtpmap_netlink.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/uidgid.h>

#include "avtpmap_hook.h"

enum { PORT_MEM_CAP_BYTES = 256 << 20 };

/**
 * struct port - a netdev whose frames come to port_rx()
 * @sink: registered with the hook
 * @n_queues: entries of @queues (immutable)
 * @dev: held until port_release() (rtnl)
 * @dev_tracker: of that reference
 * @net_cookie: of its network namespace, which may be gone before readers of
 *	its streams are (immutable)
 * @ifindex: of @dev (immutable)
 * @serial: ascends in the list of ports (immutable)
 * @node: in the list of ports (rtnl)
 * @streams: of this port (rtnl)
 * @n_streams: their number (rtnl)
 * @gid: who may add streams and read, besides the capable (rtnl, read racily)
 * @mem_cap_bytes: most that rings may take (rtnl, read racily)
 * @mem_used_bytes: that they take; of deleted streams, readers' users do (rtnl)
 * @ref: one for the list, one for each stream
 * @queues: written by the queue's NAPI context alone
 */
struct port {
	struct avtpmap_sink sink;
	u32 n_queues;

	struct net_device *dev;
	netdevice_tracker dev_tracker;
	u64 net_cookie;
	int ifindex;
	u64 serial;
	struct list_head node;
	struct list_head streams;
	u32 n_streams;
	kgid_t gid;
	u64 mem_cap_bytes;
	u64 mem_used_bytes;
	struct kref ref;

	struct queue {
		struct avtpmap_queue_stats stats;	/* but for the sums */
		u64 other;		/* not AVTP */
		u64 refused;		/* by its stream */
	} ____cacheline_aligned_in_smp queues[];
};

extern struct list_head ports;		/* rtnl */

struct port *port_find(const struct net_device *dev);
struct port *port_get_or_create(struct net_device *dev,
				struct netlink_ext_ack *extack);
void port_release(struct port *port);
void port_put(struct port *port);
int port_may_be(struct net_device *dev, struct netlink_ext_ack *extack);
int port_may_charge(const struct port *port, u64 bytes,
		    struct netlink_ext_ack *extack);
int port_charge(struct port *port, u64 bytes, struct netlink_ext_ack *extack);
void port_uncharge(struct port *port, u64 bytes);
bool port_may_use(const struct net *net, kgid_t gid);
void port_queue_stats(const struct port *port, u32 queue,
		      struct avtpmap_queue_stats *stats);
u32 port_phc_index(struct net_device *dev);
u64 port_next_serial(void);

void port_exit(void);

/* rx.c */
enum avtpmap_verdict port_rx(struct avtpmap_sink *sink,
			     const struct avtpmap_rx *rx);

#endif /* AVTPMAP_PORT_H */
