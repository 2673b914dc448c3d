// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>

#include "event.h"

/* Not there for the streams of modprobe, which are made before. */
static const struct genl_family *family;

void event_open(const struct genl_family *to)
{
	smp_store_release(&family, to);	/* pairs with event_tell() */
}

void event_close(void)
{
	WRITE_ONCE(family, NULL);
}

static int put_stream(struct sk_buff *skb, const struct avtpmap_ring_hdr *hdr)
{
	return nla_put_be64(skb, AVTPMAP_A_STREAM_ID, hdr->stream_id,
			    AVTPMAP_A_PAD) ||
	       nla_put_u64_64bit(skb, AVTPMAP_A_COUNTERS_KNOWN,
				 hdr->counters_known, AVTPMAP_A_PAD) ||
	       nla_put(skb, AVTPMAP_A_COUNTERS, sizeof(hdr->counters),
		       hdr->counters);
}

void event_tell(const struct net_device *dev,
		const struct avtpmap_ring_hdr *hdr, u32 events)
{
	const struct genl_family *to = smp_load_acquire(&family); /* event_open() */
	struct net *net = dev_net(dev);
	char ifname[IFNAMSIZ];
	struct sk_buff *skb;
	void *msg;

	if (!to || !genl_has_listeners(to, net, 0))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	/* without RTNL it may be changing, and would lack its end */
	strscpy(ifname, dev->name, sizeof(ifname));
	msg = genlmsg_put(skb, 0, 0, to, 0, AVTPMAP_CMD_EVENT);
	if (!msg || nla_put_u32(skb, AVTPMAP_A_IFINDEX, dev->ifindex) ||
	    nla_put_string(skb, AVTPMAP_A_IFNAME, ifname) ||
	    nla_put_u32(skb, AVTPMAP_A_EVENTS, events) ||
	    (hdr && put_stream(skb, hdr))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, msg);
	genlmsg_multicast_netns(to, net, skb, 0, 0, GFP_KERNEL);
}
