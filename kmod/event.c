// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>

#include "event.h"
#include "netlink_dump.h"
#include "port.h"
#include "stream.h"

/* @s is NULL for an event of the port itself. Lost if there is no memory. */
static void send_event(const struct port *port, const struct stream *s,
		       u32 events)
{
	struct net *net = dev_net(port->dev);
	char ifname[IFNAMSIZ];
	struct sk_buff *skb;
	void *msg;

	/* the streams of modprobe are there before */
	if (!smp_load_acquire(&netlink_is_up) || /* pairs with netlink_init() */
	    !genl_has_listeners(&netlink_family, net, 0))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	/* without RTNL it may be changing, and would lack its end */
	strscpy(ifname, port->dev->name, sizeof(ifname));
	msg = genlmsg_put(skb, 0, 0, &netlink_family, 0, AVTPMAP_CMD_EVENT);
	if (!msg || nla_put_u32(skb, AVTPMAP_A_IFINDEX, port->ifindex) ||
	    nla_put_string(skb, AVTPMAP_A_IFNAME, ifname) ||
	    nla_put_u32(skb, AVTPMAP_A_EVENTS, events) ||
	    (s && (nla_put_be64(skb, AVTPMAP_A_STREAM_ID, s->key.stream_id,
				AVTPMAP_A_PAD) ||
		   nla_put_u64_64bit(skb, AVTPMAP_A_COUNTERS_KNOWN,
				     s->ring.hdr->counters_known,
				     AVTPMAP_A_PAD) ||
		   nla_put(skb, AVTPMAP_A_COUNTERS,
			   sizeof(s->ring.hdr->counters),
			   s->ring.hdr->counters)))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, msg);
	genlmsg_multicast_netns(&netlink_family, net, skb, 0, 0, GFP_KERNEL);
}

void netlink_port_event(const struct port *port, u32 events)
{
	send_event(port, NULL, events);
}

void netlink_stream_event(const struct stream *s, u32 events)
{
	send_event(s->port, s, events);
}
