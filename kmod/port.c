// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "event.h"
#include "port.h"
#include "stream.h"

LIST_HEAD(ports);
static bool closing;		/* rtnl: the module goes, no new ports */

struct port *port_find(const struct net_device *dev)
{
	struct port *port;

	ASSERT_RTNL();
	list_for_each_entry(port, &ports, node)
		if (port->dev == dev)
			return port;
	return NULL;
}

u32 port_phc_index(struct net_device *dev)
{
	struct kernel_ethtool_ts_info info = { .phc_index = -1 };
	const struct ethtool_ops *ops = dev->ethtool_ops;

	ASSERT_RTNL();
	if (!ops || !ops->get_ts_info || ops->get_ts_info(dev, &info))
		return AVTPMAP_NO_PHC;
	return info.phc_index < 0 ? AVTPMAP_NO_PHC : info.phc_index;
}

/* For a port or a stream, that a dump may tell who is told already. */
u64 port_next_serial(void)
{
	static u64 last;

	ASSERT_RTNL();
	return ++last;
}

/* Whether a netdev is one, or may become one. */
int port_may_be(struct net_device *dev, struct netlink_ext_ack *extack)
{
	ASSERT_RTNL();
	if (closing) {
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		return -ESHUTDOWN;
	}
	if (!avtpmap_hook_has_tap(dev)) {
		NL_SET_ERR_MSG(extack, "the driver of this interface has no avtpmap hook; see avtpmap doctor");
		return -EOPNOTSUPP;
	}
	return 0;
}

static struct port *port_create(struct net_device *dev,
				struct netlink_ext_ack *extack)
{
	struct port *port;
	int err;

	err = port_may_be(dev, extack);
	if (err)
		return ERR_PTR(err);
	port = kzalloc(struct_size(port, queues, dev->num_rx_queues),
		       GFP_KERNEL);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->sink.rx = port_rx;
	port->n_queues = dev->num_rx_queues;
	port->dev = dev;
	port->net_cookie = dev_net(dev)->net_cookie;
	port->ifindex = dev->ifindex;
	INIT_LIST_HEAD(&port->streams);
	port->gid = INVALID_GID;
	port->mem_cap_bytes = PORT_MEM_CAP_BYTES;
	kref_init(&port->ref);

	err = avtpmap_hook_attach(dev, &port->sink);
	if (err) {
		NL_SET_ERR_MSG(extack, "the receive hook of this interface is in use");
		kfree(port);
		return ERR_PTR(err);
	}
	netdev_hold(dev, &port->dev_tracker, GFP_KERNEL);
	port->serial = port_next_serial();
	list_add_tail(&port->node, &ports);
	event_tell(dev, NULL, AVTPMAP_EV_ADDED);
	return port;
}

/* Attaching touches neither the link nor the NIC's settings. */
struct port *port_get_or_create(struct net_device *dev,
				struct netlink_ext_ack *extack)
{
	struct port *port = port_find(dev);

	return port ?: port_create(dev, extack);
}

/*
 * Takes the port off its netdev. Streams that readers still hold keep the
 * memory of the port, not the netdev.
 */
void port_release(struct port *port)
{
	ASSERT_RTNL();
	stream_delete_all(port);
	avtpmap_hook_detach(port->dev, &port->sink);
	event_tell(port->dev, NULL, AVTPMAP_EV_DELETED);
	list_del(&port->node);
	netdev_put(port->dev, &port->dev_tracker);
	port->dev = NULL;
	port_put(port);
}

static void port_free(struct kref *ref)
{
	kfree(container_of(ref, struct port, ref));
}

void port_put(struct port *port)
{
	kref_put(&port->ref, port_free);
}

/* @port is NULL if it is yet to be made. */
int port_may_charge(const struct port *port, u64 bytes,
		    struct netlink_ext_ack *extack)
{
	u64 cap = port ? port->mem_cap_bytes : PORT_MEM_CAP_BYTES;
	u64 used = port ? port->mem_used_bytes : 0;

	ASSERT_RTNL();
	if (bytes <= cap && used <= cap - bytes)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "the ring does not fit the port's memory cap; raise it with avtpmap attach IF --mem, or use a smaller ms=, rate= or stride=");
	return -EDQUOT;
}

int port_charge(struct port *port, u64 bytes, struct netlink_ext_ack *extack)
{
	int err = port_may_charge(port, bytes, extack);

	if (!err)
		port->mem_used_bytes += bytes;
	return err;
}

void port_uncharge(struct port *port, u64 bytes)
{
	ASSERT_RTNL();
	port->mem_used_bytes -= bytes;
}

/* Each frame counts once, under what became of it; the sums are made here. */
void port_queue_stats(const struct port *port, u32 queue,
		      struct avtpmap_queue_stats *stats)
{
	const struct queue *q = &port->queues[queue];

	*stats = q->stats;
	stats->queue = queue;
	stats->avtp = stats->taken + stats->copied + stats->unknown +
		      stats->control + READ_ONCE(q->refused);
	stats->frames = stats->avtp + stats->error + READ_ONCE(q->other);
}

bool port_may_use(const struct net *net, kgid_t gid)
{
	return (gid_valid(gid) && in_egroup_p(gid)) ||
	       ns_capable(net->user_ns, CAP_NET_ADMIN);
}

/* No new ones, and the end of those that there are. */
void port_exit(void)
{
	struct port *port, *tmp;

	rtnl_lock();
	closing = true;
	list_for_each_entry_safe(port, tmp, &ports, node)
		port_release(port);
	rtnl_unlock();
}
