// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>

#include "netlink_dump.h"
#include "port.h"
#include "reader.h"
#include "stream.h"

/* A message of a dump, or NULL if it does not fit. */
static void *begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &netlink_family, NLM_F_MULTI, cmd);
}

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, AVTPMAP_A_PAD);
}

static int put_stream_id(struct sk_buff *skb, const struct stream *s)
{
	return nla_put_be64(skb, AVTPMAP_A_STREAM_ID, s->key.stream_id,
			    AVTPMAP_A_PAD);
}

/* Whether who dumps to @skb may see the port. */
static bool is_in(const struct port *port, const struct sk_buff *skb)
{
	return port->net_cookie == sock_net(skb->sk)->net_cookie;
}

/* ---- ports ---- */

static int put_queues(struct sk_buff *skb, const struct port *port)
{
	u32 i;

	for (i = 0; i < port->n_queues; i++) {
		struct avtpmap_queue_stats stats;

		port_queue_stats(port, i, &stats);
		if (stats.frames &&
		    nla_put(skb, AVTPMAP_A_QUEUE, sizeof(stats), &stats))
			return -EMSGSIZE;
	}
	return 0;
}

static int put_port(struct sk_buff *skb, const struct port *port)
{
	u32 gid = gid_valid(port->gid) ?
		  from_kgid_munged(current_user_ns(), port->gid) : (u32)-1;

	return nla_put_u32(skb, AVTPMAP_A_GID, gid) ||
	       put_u64(skb, AVTPMAP_A_MEM_CAP, port->mem_cap_bytes) ||
	       put_u64(skb, AVTPMAP_A_MEM_USED, port->mem_used_bytes) ||
	       nla_put_u32(skb, AVTPMAP_A_STREAMS, port->n_streams) ||
	       put_queues(skb, port);
}

/* Also the netdevs that could be ports. */
static int fill_netdev(struct sk_buff *skb, struct netlink_callback *cb,
		       struct net_device *dev)
{
	struct port *port = port_find(dev);
	bool hooked = avtpmap_hook_has_tap(dev);
	void *msg;

	if (!port && !hooked)
		return 0;
	msg = begin(skb, cb, AVTPMAP_CMD_PORT_GET);
	if (!msg)
		return -EMSGSIZE;
	if (nla_put_u32(skb, AVTPMAP_A_IFINDEX, dev->ifindex) ||
	    nla_put_string(skb, AVTPMAP_A_IFNAME, dev->name) ||
	    nla_put_u32(skb, AVTPMAP_A_PHC_INDEX, port_phc_index(dev)) ||
	    nla_put_string(skb, AVTPMAP_A_VERSION, AVTPMAP_VERSION) ||
	    (hooked && nla_put_flag(skb, AVTPMAP_A_HOOKED)) ||
	    (port && put_port(skb, port))) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, msg);
	return 0;
}

/* cb->args[0] is how many netdevs are told already. */
int netlink_dump_ports(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net_device *dev;
	long i = 0;

	rtnl_lock();
	for_each_netdev(sock_net(skb->sk), dev) {
		if (i++ < cb->args[0])
			continue;
		if (fill_netdev(skb, cb, dev))
			break;
		cb->args[0] = i;
	}
	rtnl_unlock();
	return skb->len;
}

/* ---- streams ---- */

static int put_config(struct sk_buff *skb, const struct stream_config *c)
{
	u8 mac[ETH_ALEN];

	u64_to_ether_addr(c->mac, mac);
	return nla_put_u32(skb, AVTPMAP_A_MODE, c->mode) ||
	       (c->mac && nla_put(skb, AVTPMAP_A_MAC, sizeof(mac), mac)) ||
	       (c->vid && nla_put_u32(skb, AVTPMAP_A_VID, c->vid)) ||
	       nla_put_u32(skb, AVTPMAP_A_RATE, c->rate) ||
	       (c->mbit && nla_put_u32(skb, AVTPMAP_A_MBIT, c->mbit)) ||
	       nla_put_u32(skb, AVTPMAP_A_MS, c->ms) ||
	       (c->silence_ms &&
		nla_put_u32(skb, AVTPMAP_A_SILENCE, c->silence_ms)) ||
	       nla_put_u32(skb, AVTPMAP_A_UID,
			   from_kuid_munged(current_user_ns(), c->uid));
}

static int put_ring(struct sk_buff *skb, const struct stream *s)
{
	const struct avtpmap_ring_hdr *hdr = s->ring.hdr;

	return nla_put_u32(skb, AVTPMAP_A_N_SLOTS, hdr->n_slots) ||
	       nla_put_u32(skb, AVTPMAP_A_STRIDE, hdr->stride) ||
	       nla_put_u32(skb, AVTPMAP_A_PHC_INDEX, hdr->phc_index) ||
	       nla_put_u32(skb, AVTPMAP_A_STATE, hdr->state) ||
	       nla_put_u32(skb, AVTPMAP_A_EPOCH, hdr->epoch) ||
	       nla_put_u32(skb, AVTPMAP_A_READERS, s->n_readers) ||
	       put_u64(skb, AVTPMAP_A_RING_BYTES, s->ring.bytes) ||
	       put_u64(skb, AVTPMAP_A_HEAD, hdr->head) ||
	       put_u64(skb, AVTPMAP_A_MEDIA_POS, hdr->media_pos) ||
	       put_u64(skb, AVTPMAP_A_COUNTERS_KNOWN, hdr->counters_known) ||
	       nla_put(skb, AVTPMAP_A_FORMAT, sizeof(hdr->format),
		       &hdr->format) ||
	       nla_put(skb, AVTPMAP_A_COUNTERS, sizeof(hdr->counters),
		       hdr->counters);
}

/* Under the lock, so that the figures of one stream agree. */
static int fill_stream(struct sk_buff *skb, struct netlink_callback *cb,
		       struct stream *s)
{
	void *msg = begin(skb, cb, AVTPMAP_CMD_STREAM_GET);
	int full;

	if (!msg)
		return -EMSGSIZE;
	full = nla_put_u32(skb, AVTPMAP_A_IFINDEX, s->port->ifindex) ||
	       nla_put_string(skb, AVTPMAP_A_IFNAME, s->port->dev->name) ||
	       nla_put_u32(skb, AVTPMAP_A_KIND, s->key.kind) ||
	       put_stream_id(skb, s) || put_config(skb, &s->config);
	if (!full) {
		spin_lock_bh(&s->lock);
		full = put_ring(skb, s);
		spin_unlock_bh(&s->lock);
	}
	if (full) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, msg);
	return 0;
}

/*
 * cb->args[] are the serials of the port and stream told last. Between two parts
 * of a dump some may go: by number, as many others would be passed over.
 */
int netlink_dump_streams(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct stream *s;
	struct port *port;

	rtnl_lock();
	list_for_each_entry(port, &ports, node) {
		if (!is_in(port, skb) || port->serial < cb->args[0])
			continue;
		list_for_each_entry(s, &port->streams, port_node) {
			if (port->serial == cb->args[0] &&
			    s->serial <= cb->args[1])
				continue;
			if (fill_stream(skb, cb, s))
				goto out;
			cb->args[0] = port->serial;
			cb->args[1] = s->serial;
		}
	}
out:
	rtnl_unlock();
	return skb->len;
}

static int fill_reader(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct reader *r)
{
	const struct stream *s = r->stream;
	void *msg;

	if (!is_in(s->port, skb))
		return 0;
	msg = begin(skb, cb, AVTPMAP_CMD_READER_GET);
	if (!msg)
		return -EMSGSIZE;
	if (nla_put_u32(skb, AVTPMAP_A_IFINDEX, s->port->ifindex) ||
	    put_stream_id(skb, s) ||
	    nla_put_u32(skb, AVTPMAP_A_PID, pid_vnr(r->process)) ||
	    nla_put_string(skb, AVTPMAP_A_COMM, r->comm)) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, msg);
	return 0;
}

/*
 * Also those of deleted streams: they are what keeps the module in use.
 * cb->args[0] is the serial of the reader told last.
 */
int netlink_dump_readers(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct reader *r;

	mutex_lock(&bound_lock);
	list_for_each_entry(r, &bound_readers, bound_node) {
		if (r->serial <= cb->args[0])
			continue;
		if (fill_reader(skb, cb, r))
			break;
		cb->args[0] = r->serial;
	}
	mutex_unlock(&bound_lock);
	return skb->len;
}
