// SPDX-License-Identifier: GPL-2.0
/* Requests; what they answer with is in netlink_dump.c. */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "event.h"
#include "netlink.h"
#include "netlink_dump.h"
#include "port.h"
#include "stream.h"
#include "table.h"

static const struct nla_policy policy[AVTPMAP_A_MAX + 1] = {
	[AVTPMAP_A_IFINDEX]	= NLA_POLICY_MIN(NLA_U32, 1),
	[AVTPMAP_A_IFNAME]	= { .type = NLA_NUL_STRING, .len = 31 },
	[AVTPMAP_A_STREAM_ID]	= { .type = NLA_U64 },
	[AVTPMAP_A_KIND]	= NLA_POLICY_MAX(NLA_U32, AVTPMAP_KIND_AVTP),
	[AVTPMAP_A_MODE]	= NLA_POLICY_MAX(NLA_U32, AVTPMAP_MODE_COPY),
	[AVTPMAP_A_MAC]		= NLA_POLICY_EXACT_LEN(ETH_ALEN),
	[AVTPMAP_A_VID]		= NLA_POLICY_MIN(NLA_U32, 1),
	[AVTPMAP_A_RATE]	= { .type = NLA_U32 },
	[AVTPMAP_A_MBIT]	= { .type = NLA_U32 },
	[AVTPMAP_A_MS]		= { .type = NLA_U32 },
	[AVTPMAP_A_STRIDE]	= { .type = NLA_U32 },
	[AVTPMAP_A_GID]		= { .type = NLA_U32 },
	[AVTPMAP_A_MEM_CAP]	= { .type = NLA_U64 },
	[AVTPMAP_A_SILENCE]	= { .type = NLA_U32 },
};

/* What a request is about. */
struct target {
	struct net_device *dev;
	u32 vid;		/* of a name such as eth0.2, else 0 */
};

/* eth0.2 is the VLAN device of that name, or VID 2 on eth0 without one. */
static struct net_device *dev_of_name(struct net *net, const char *name,
				      u32 *vid)
{
	struct net_device *dev = NULL;
	char base[IFNAMSIZ];
	const char *dot;

	if (strlen(name) < IFNAMSIZ)
		dev = __dev_get_by_name(net, name);
	if (dev && is_vlan_dev(dev)) {
		*vid = vlan_dev_vlan_id(dev);
		dev = vlan_dev_real_dev(dev);
		/* it may have stayed behind where the caller has no rights */
		return net_eq(dev_net(dev), net) ? dev : NULL;
	}
	dot = strrchr(name, '.');
	if (dev || !dot || dot - name >= IFNAMSIZ)
		return dev;
	if (kstrtou32(dot + 1, 10, vid) || !*vid || *vid >= 4095)
		return NULL;
	strscpy(base, name, dot - name + 1);
	return __dev_get_by_name(net, base);
}

static int find_target(struct genl_info *info, struct target *t)
{
	struct net *net = genl_info_net(info);

	ASSERT_RTNL();
	t->vid = 0;
	if (info->attrs[AVTPMAP_A_IFINDEX]) {
		t->dev = __dev_get_by_index(net,
			nla_get_u32(info->attrs[AVTPMAP_A_IFINDEX]));
	} else if (info->attrs[AVTPMAP_A_IFNAME]) {
		t->dev = dev_of_name(net,
			nla_data(info->attrs[AVTPMAP_A_IFNAME]), &t->vid);
	} else {
		GENL_SET_ERR_MSG(info, "name an interface");
		return -EINVAL;
	}
	if (t->dev)
		return 0;
	GENL_SET_ERR_MSG(info, "no such interface; see ip link");
	return -ENODEV;
}

static bool is_admin(struct sk_buff *skb, struct genl_info *info)
{
	return netlink_ns_capable(skb, genl_info_net(info)->user_ns,
				  CAP_NET_ADMIN);
}

static int need_admin(struct sk_buff *skb, struct genl_info *info)
{
	if (is_admin(skb, info))
		return 0;
	GENL_SET_ERR_MSG(info, "this needs CAP_NET_ADMIN; run it as root");
	return -EPERM;
}

/* A group's members manage the streams that they added themselves. */
static int need_rights(struct sk_buff *skb, struct genl_info *info,
		       const struct port *port, const struct stream *s)
{
	if (is_admin(skb, info))
		return 0;
	if (!port || !gid_valid(port->gid)) {
		GENL_SET_ERR_MSG(info, "permission denied; run it as root, or let root give a group this port: avtpmap attach IF --group GROUP");
		return -EPERM;
	}
	if (!in_egroup_p(port->gid)) {
		GENL_SET_ERR_MSG(info, "permission denied; you are not in the group of this port (avtpmap show)");
		return -EPERM;
	}
	if (s && !uid_eq(s->config.uid, current_uid())) {
		GENL_SET_ERR_MSG(info, "permission denied; another user added this stream");
		return -EPERM;
	}
	return 0;
}

static struct stream *find_stream(struct genl_info *info,
				  const struct port *port)
{
	struct stream *s = NULL;

	if (!info->attrs[AVTPMAP_A_STREAM_ID]) {
		GENL_SET_ERR_MSG(info, "name a stream_id");
		return ERR_PTR(-EINVAL);
	}
	if (port)
		s = table_find(port, nla_get_be64(info->attrs[AVTPMAP_A_STREAM_ID]));
	if (s)
		return s;
	GENL_SET_ERR_MSG(info, "no such stream on this port; see avtpmap show");
	return ERR_PTR(-ENOENT);
}

/* ---- ports ---- */

static int do_port_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *gid = info->attrs[AVTPMAP_A_GID];
	struct nlattr *cap = info->attrs[AVTPMAP_A_MEM_CAP];
	kgid_t kgid = INVALID_GID;
	struct target t;
	struct port *port;
	int err;

	err = need_admin(skb, info) ?: find_target(info, &t);
	if (err)
		return err;
	if (gid && nla_get_u32(gid) != (u32)-1) {
		kgid = make_kgid(current_user_ns(), nla_get_u32(gid));
		if (!gid_valid(kgid)) {
			NL_SET_ERR_MSG_ATTR(info->extack, gid, "no such group here");
			return -EINVAL;
		}
	}
	port = port_get_or_create(t.dev, info->extack);
	if (IS_ERR(port))
		return PTR_ERR(port);
	if (gid)
		port->gid = kgid;
	if (cap)
		WRITE_ONCE(port->mem_cap_bytes, nla_get_u64(cap));
	return 0;
}

static int do_port_del(struct sk_buff *skb, struct genl_info *info)
{
	struct target t;
	struct port *port;
	int err;

	err = need_admin(skb, info) ?: find_target(info, &t);
	if (err)
		return err;
	port = port_find(t.dev);
	if (!port) {
		GENL_SET_ERR_MSG(info, "avtpmap is not attached to this interface");
		return -ENOENT;
	}
	if (port->n_streams) {
		GENL_SET_ERR_MSG(info, "the port has streams; delete them first: avtpmap drain IF");
		return -EBUSY;
	}
	port_release(port);
	return 0;
}

static int do_drain(struct sk_buff *skb, struct genl_info *info)
{
	struct target t = {};
	struct port *port;
	int err;

	err = need_admin(skb, info);
	if (!err && (info->attrs[AVTPMAP_A_IFINDEX] ||
		     info->attrs[AVTPMAP_A_IFNAME]))
		err = find_target(info, &t);
	if (err)
		return err;
	list_for_each_entry(port, &ports, node) {
		if (port->net_cookie == genl_info_net(info)->net_cookie &&
		    (!t.dev || port->dev == t.dev))
			stream_delete_all(port);
	}
	return 0;
}

/* ---- streams ---- */

static u32 u32_or(struct genl_info *info, int attr, u32 otherwise)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : otherwise;
}

static int read_config(struct genl_info *info, const struct target *t,
		       struct stream_config *c)
{
	struct nlattr *mac = info->attrs[AVTPMAP_A_MAC];
	struct nlattr *vid = info->attrs[AVTPMAP_A_VID];

	if (!info->attrs[AVTPMAP_A_STREAM_ID]) {
		GENL_SET_ERR_MSG(info, "name a stream_id");
		return -EINVAL;
	}
	stream_config_init(c);
	c->stream_id = nla_get_be64(info->attrs[AVTPMAP_A_STREAM_ID]);
	c->uid = current_uid();
	if (mac) {
		if (is_zero_ether_addr(nla_data(mac))) {
			NL_SET_ERR_MSG_ATTR(info->extack, mac, "the MAC address must not be zero");
			return -EINVAL;
		}
		c->mac = ether_addr_to_u64(nla_data(mac));
	}
	c->vid = vid ? nla_get_u32(vid) : t->vid;
	if (c->vid >= 4095 && c->vid != AVTPMAP_ANY_VID) {
		NL_SET_ERR_MSG_ATTR(info->extack, vid, "the VID must be 1 to 4094, or none");
		return -ERANGE;
	}
	c->mode = u32_or(info, AVTPMAP_A_MODE, c->mode);
	c->rate = u32_or(info, AVTPMAP_A_RATE, c->rate);
	c->mbit = u32_or(info, AVTPMAP_A_MBIT, c->mbit);
	c->ms = u32_or(info, AVTPMAP_A_MS, c->ms);
	c->stride = u32_or(info, AVTPMAP_A_STRIDE, c->stride);
	c->silence_ms = u32_or(info, AVTPMAP_A_SILENCE, c->silence_ms);
	return 0;
}

static int find_where_to_add(struct sk_buff *skb, struct genl_info *info,
			     struct target *t)
{
	return find_target(info, t) ?:
	       need_rights(skb, info, port_find(t->dev), NULL);
}

/* What was found may be another, or another's, behind the allocation. */
static int publish(struct sk_buff *skb, struct genl_info *info,
		   struct stream *s, int ifindex)
{
	struct target t;
	int err = find_where_to_add(skb, info, &t);

	if (err)
		return err;
	if (t.dev->ifindex != ifindex) {
		GENL_SET_ERR_MSG(info, "another interface has this name since; try again");
		return -EAGAIN;
	}
	return stream_publish(s, t.dev, info->extack);
}

/* A large ring takes its time: RTNL is the whole machine's. */
static int do_stream_add(struct sk_buff *skb, struct genl_info *info)
{
	struct stream_config config;
	struct stream *s;
	struct target t;
	int err, ifindex;

	err = find_where_to_add(skb, info, &t) ?: read_config(info, &t, &config);
	if (err)
		return err;
	s = stream_prepare(t.dev, &config, info->extack);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ifindex = t.dev->ifindex;
	rtnl_unlock();
	err = stream_alloc_ring(s, info->extack);
	rtnl_lock();
	err = err ?: publish(skb, info, s, ifindex);
	if (err)
		stream_discard(s);
	return err;
}

static int do_stream_del(struct sk_buff *skb, struct genl_info *info)
{
	struct target t;
	struct stream *s;
	struct port *port;
	int err;

	err = find_target(info, &t);
	if (err)
		return err;
	port = port_find(t.dev);
	s = find_stream(info, port);
	if (IS_ERR(s))
		return PTR_ERR(s);
	err = need_rights(skb, info, port, s);
	if (err)
		return err;
	stream_delete(s);
	return 0;
}

static int do_stream_set(struct sk_buff *skb, struct genl_info *info)
{
	struct target t;
	struct stream *s;
	struct port *port;
	int err;

	if (!info->attrs[AVTPMAP_A_MODE]) {
		GENL_SET_ERR_MSG(info, "say mode=take or mode=copy");
		return -EINVAL;
	}
	err = find_target(info, &t);
	if (err)
		return err;
	port = port_find(t.dev);
	s = find_stream(info, port);
	if (IS_ERR(s))
		return PTR_ERR(s);
	err = need_rights(skb, info, port, s);
	if (err)
		return err;
	s->config.mode = nla_get_u32(info->attrs[AVTPMAP_A_MODE]);
	WRITE_ONCE(s->mode, s->config.mode);
	return 0;
}

/* ---- family ---- */

static int pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		    struct genl_info *info)
{
	rtnl_lock();
	return 0;
}

static void post_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	rtnl_unlock();
}

static const struct genl_ops ops[] = {
	{ .cmd = AVTPMAP_CMD_PORT_SET, .doit = do_port_set },
	{ .cmd = AVTPMAP_CMD_PORT_DEL, .doit = do_port_del },
	{ .cmd = AVTPMAP_CMD_PORT_GET, .dumpit = netlink_dump_ports },
	{ .cmd = AVTPMAP_CMD_STREAM_ADD, .doit = do_stream_add },
	{ .cmd = AVTPMAP_CMD_STREAM_DEL, .doit = do_stream_del },
	{ .cmd = AVTPMAP_CMD_STREAM_SET, .doit = do_stream_set },
	{ .cmd = AVTPMAP_CMD_STREAM_GET, .dumpit = netlink_dump_streams },
	{ .cmd = AVTPMAP_CMD_READER_GET, .dumpit = netlink_dump_readers },
	{ .cmd = AVTPMAP_CMD_DRAIN, .doit = do_drain },
};

static const struct genl_multicast_group groups[] = {
	{ .name = AVTPMAP_GENL_EVENTS },
};

struct genl_family netlink_family __ro_after_init = {
	.name		= AVTPMAP_GENL_NAME,
	.version	= AVTPMAP_GENL_VERSION,
	.maxattr	= AVTPMAP_A_MAX,
	.policy		= policy,
	.netnsok	= true,
	.module		= THIS_MODULE,
	.pre_doit	= pre_doit,
	.post_doit	= post_doit,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.resv_start_op	= AVTPMAP_CMD_PORT_SET,
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
};

int netlink_init(void)
{
	int err = genl_register_family(&netlink_family);

	if (!err)
		event_open(&netlink_family);
	return err;
}

void netlink_exit(void)
{
	event_close();
	genl_unregister_family(&netlink_family);
}
