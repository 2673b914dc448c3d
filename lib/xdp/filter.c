// SPDX-License-Identifier: MIT
/*
 * What the NIC must let through for a stream: its destination MAC, or all
 * multicast; and its VLAN. It outlives this process, as the stream does, so it
 * is set on the interface, not on a socket.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xdp.h"

enum { VID_DEFAULT = 2 }; /* IEEE 802.1Q: SR class */

static int set_flag(const struct xdp_port *p, int flag, int on, int *was)
{
	struct ifreq ifr = { 0 };
	int err;

	memcpy(ifr.ifr_name, p->ifname, IF_NAMESIZE);
	err = if_ioctl(SIOCGIFFLAGS, &ifr);
	if (err)
		return err;
	*was = !!(ifr.ifr_flags & flag);
	if (*was == on)
		return 0;
	ifr.ifr_flags ^= flag;
	return if_ioctl(SIOCSIFFLAGS, &ifr);
}

static int set_multicast(const struct xdp_port *p, __u64 mac, int on)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = AF_UNSPEC };

	memcpy(ifr.ifr_name, p->ifname, IF_NAMESIZE);
	for (int i = 0; i < 6; i++)
		ifr.ifr_hwaddr.sa_data[i] = (char)(mac >> (40 - 8 * i));
	return if_ioctl(on ? SIOCADDMULTI : SIOCDELMULTI, &ifr);
}

/* ---- rtnetlink ---- */

/* Sends @msg, which is freed. The kernel's answer: 0 or -errno. */
static int ask(struct nl_msg *msg)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct {
		struct nlmsghdr hdr;
		struct nlmsgerr err;
		char rest[4096];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err = 0;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (fd < 0 ||
	    sendto(fd, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, 0,
		   (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.hdr))
		err = -errno;
	else if (answer.hdr.nlmsg_type == NLMSG_ERROR)
		err = answer.err.error;
	if (fd >= 0)
		close(fd);
	nlmsg_free(msg);
	return err;
}

/* As "bridge fdb add MAC dev IF self permanent"; -EEXIST: it is there. */
static int set_unicast(const struct xdp_port *p, __u64 mac, int on)
{
	const struct ndmsg neigh = { .ndm_family = AF_BRIDGE,
				     .ndm_ifindex = (int)p->ifindex,
				     .ndm_state = NUD_PERMANENT,
				     .ndm_flags = NTF_SELF };
	struct nl_msg *msg =
		nlmsg_alloc_simple(on ? RTM_NEWNEIGH : RTM_DELNEIGH,
				   on ? NLM_F_CREATE | NLM_F_EXCL : 0);
	__u8 bytes[6];

	if (!msg)
		return -ENOMEM;
	for (int i = 0; i < 6; i++)
		bytes[i] = mac >> (40 - 8 * i);
	nlmsg_append(msg, (void *)&neigh, sizeof(neigh), NLMSG_ALIGNTO);
	nla_put(msg, NDA_LLADDR, sizeof(bytes), bytes);
	return ask(msg);
}

/*
 * A VLAN device, which is never up: nothing else registers a VID from user
 * space. Its name says whose it is.
 */
static void vlan_name(const struct xdp_port *p, __u32 vid,
		      char name[IF_NAMESIZE])
{
	snprintf(name, IF_NAMESIZE, "avtp%u.%u", p->ifindex % 100000,
		 vid & 0xfff);
}

static int add_vlan(const struct xdp_port *p, __u32 vid)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info, *data;
	char name[IF_NAMESIZE];

	if (!msg)
		return -ENOMEM;
	vlan_name(p, vid, name);
	nlmsg_append(msg, (void *)&link, sizeof(link), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, name);
	nla_put_u32(msg, IFLA_LINK, p->ifindex);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "vlan");
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	nla_put_u16(msg, IFLA_VLAN_ID, vid);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return ask(msg);
}

static int del_vlan(const struct xdp_port *p, __u32 vid)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	char name[IF_NAMESIZE];
	struct nl_msg *msg;

	vlan_name(p, vid, name);
	link.ifi_index = (int)if_nametoindex(name);
	msg = link.ifi_index ? nlmsg_alloc_simple(RTM_DELLINK, 0) : NULL;
	if (!msg)
		return -ENODEV;
	nlmsg_append(msg, &link, sizeof(link), NLMSG_ALIGNTO);
	return ask(msg);
}

static int is_multicast(__u64 mac)
{
	return mac >> 40 & 1;
}

/* ---- streams ---- */

/* The kernel counts no users of what is set from outside: the table does. */
static int shared_with(const struct xdp_port *p, const struct xdp_ctl *c,
		       __u32 filter)
{
	for (int i = 0; i < XDP_STREAMS; i++) {
		const struct xdp_ctl *other = &p->table->stream[i];

		if (other == c || !other->ms || !(other->filters & filter))
			continue;
		if (filter == XDP_FILTER_VID ?
			    other->filter_vid == c->filter_vid :
			    other->dst_mac == c->dst_mac)
			return 1;
	}
	return 0;
}

/* Without a destination there may be any, which is multicast as a rule. */
static int add_mac(struct xdp_port *p, struct xdp_ctl *c)
{
	int err = 0, was = 0;

	if (!c->dst_mac) {
		err = set_flag(p, IFF_ALLMULTI, 1, &was);
		if (err)
			return err;
		if (!was)
			p->table->allmulti_ours = 1;
		p->table->allmulti++;
		c->filters |= XDP_FILTER_ALLMULTI;
		return 0;
	}
	if (!shared_with(p, c, XDP_FILTER_MAC))
		err = is_multicast(c->dst_mac) ?
			      set_multicast(p, c->dst_mac, 1) :
			      set_unicast(p, c->dst_mac, 1);
	if (!err)
		c->filters |= XDP_FILTER_MAC;
	return err == -EEXIST ? 0 : err; /* another's, and it stays theirs */
}

static int filters_vlans(const struct xdp_port *p)
{
	enum { WORDS = 8, STRINGS = 32 * WORDS };
	struct ifreq ifr = { 0 };
	union {
		struct ethtool_gstrings head;
		char room[sizeof(struct ethtool_gstrings) +
			  STRINGS * ETH_GSTRING_LEN];
	} *strings = calloc(1, sizeof(*strings));
	union {
		struct ethtool_gfeatures head;
		char room[sizeof(struct ethtool_gfeatures) +
			  WORDS * sizeof(struct ethtool_get_features_block)];
	} features = { .head = { ETHTOOL_GFEATURES, WORDS } };
	int on = 0;

	if (!strings)
		return 0;
	memcpy(ifr.ifr_name, p->ifname, IF_NAMESIZE);
	strings->head.cmd = ETHTOOL_GSTRINGS;
	strings->head.string_set = ETH_SS_FEATURES;
	/* len stays 0: newer kernels take it for how many we know to be there */
	ifr.ifr_data = (char *)strings;
	if (!if_ioctl(SIOCETHTOOL, &ifr)) {
		ifr.ifr_data = (char *)&features;
		if (if_ioctl(SIOCETHTOOL, &ifr))
			strings->head.len = 0;
		for (__u32 i = 0; i < strings->head.len && i < STRINGS; i++)
			if (!strcmp((char *)strings->head.data +
					    i * ETH_GSTRING_LEN,
				    "rx-vlan-filter"))
				on = features.head.features[i / 32].active >>
					     i % 32 &
				     1;
	}
	free(strings);
	return on;
}

/*
 * A NIC that filters VLANs drops those that nobody registered. The default is
 * registered as far as possible; a VID that was asked for is, or the stream is
 * refused.
 */
static int add_vid(struct xdp_port *p, struct xdp_ctl *c)
{
	int err = 0;

	if (c->asked_vid == AVTPMAP_ANY_VID || !filters_vlans(p))
		return 0;
	c->filter_vid = c->asked_vid ? c->asked_vid : VID_DEFAULT;
	if (!shared_with(p, c, XDP_FILTER_VID))
		err = add_vlan(p, c->filter_vid);
	if (!err)
		c->filters |= XDP_FILTER_VID;
	return err == -EEXIST || !c->asked_vid ? 0 : err;
}

int xdp_filters_add(struct xdp_port *p, struct xdp_ctl *c,
		    const struct text *why)
{
	int err = add_mac(p, c);

	if (err)
		return refuse_text(why, err,
				   "%s refuses to receive this MAC address: %s",
				   p->ifname, strerror(-err));
	err = add_vid(p, c);
	if (err)
		return refuse_text(
			why, err,
			"%s drops every VLAN that is not registered, "
			"and VID %u cannot be: %s; modprobe 8021q",
			p->ifname, c->filter_vid, strerror(-err));
	return 0;
}

void xdp_filters_del(struct xdp_port *p, struct xdp_ctl *c)
{
	int was;

	if (c->filters & XDP_FILTER_MAC && !shared_with(p, c, XDP_FILTER_MAC)) {
		if (is_multicast(c->dst_mac))
			set_multicast(p, c->dst_mac, 0);
		else
			set_unicast(p, c->dst_mac, 0);
	}
	if (c->filters & XDP_FILTER_VID && !shared_with(p, c, XDP_FILTER_VID))
		del_vlan(p, c->filter_vid);
	if (c->filters & XDP_FILTER_ALLMULTI && !--p->table->allmulti &&
	    p->table->allmulti_ours) {
		set_flag(p, IFF_ALLMULTI, 0, &was);
		p->table->allmulti_ours = 0;
	}
	c->filters = 0;
}
