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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xdp.h"

enum { VID_DEFAULT = 2 }; /* IEEE 802.1Q: SR class */

static int set_multicast(const struct xdp_port *p, __u64 mac, int on)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = AF_UNSPEC };

	memcpy(ifr.ifr_name, p->ifname, IF_NAMESIZE);
	for (int i = 0; i < 6; i++)
		ifr.ifr_hwaddr.sa_data[i] = (char)(mac >> (40 - 8 * i));
	return if_ioctl(on ? SIOCADDMULTI : SIOCDELMULTI, &ifr);
}

/* By mask: the kernel changes this one and no other, whoever else is at it. */
static int set_allmulti(const struct xdp_port *p, int on)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC,
					.ifi_index = (int)p->ifindex,
					.ifi_flags = on ? IFF_ALLMULTI : 0,
					.ifi_change = IFF_ALLMULTI };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	if (!msg)
		return -ENOMEM;
	nlmsg_append(msg, (void *)&link, sizeof(link), NLMSG_ALIGNTO);
	return xdp_rtnl(msg, NULL, NULL);
}

static int has_allmulti(const struct xdp_port *p)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, p->ifname, IF_NAMESIZE);
	return !if_ioctl(SIOCGIFFLAGS, &ifr) && ifr.ifr_flags & IFF_ALLMULTI;
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
	return xdp_rtnl(msg, NULL, NULL);
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
	return xdp_rtnl(msg, NULL, NULL);
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
	return xdp_rtnl(msg, NULL, NULL);
}

static int is_multicast(__u64 mac)
{
	return mac >> 40 & 1;
}

/* ---- what others have set ---- */

/* In the kernel's list, with a user that is no protocol of its own. */
static int has_multicast(const struct xdp_port *p, __u64 mac)
{
	FILE *f = fopen("/proc/thread-self/net/dev_mcast", "re");
	unsigned long long there;
	unsigned int ifindex, users, by_user;
	char line[128];
	int has = 0;

	while (f && !has && fgets(line, sizeof(line), f))
		has = sscanf(line, "%u %*s %u %u %llx", &ifindex, &users,
			     &by_user, &there) == 4 &&
		      ifindex == p->ifindex && by_user && there == mac;
	if (f)
		fclose(f);
	return has;
}

struct entry {
	int ifindex;
	__u64 mac;
};

static int is_entry(struct nlmsghdr *h, void *arg)
{
	const struct ndmsg *neigh = nlmsg_data(h);
	const struct entry *wanted = arg;
	struct nlattr *lladdr;
	__u64 there = 0;

	if (h->nlmsg_type != RTM_NEWNEIGH ||
	    neigh->ndm_ifindex != wanted->ifindex ||
	    !(neigh->ndm_flags & NTF_SELF))
		return 0;
	lladdr = nlmsg_find_attr(h, sizeof(*neigh), NDA_LLADDR);
	for (int i = 0; lladdr && i < 6 && i < nla_len(lladdr); i++)
		there = there << 8 | ((__u8 *)nla_data(lladdr))[i];
	return there == wanted->mac;
}

static int has_unicast(const struct xdp_port *p, __u64 mac)
{
	struct entry wanted = { (int)p->ifindex, mac };
	const struct ndmsg neigh = { .ndm_family = AF_BRIDGE };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_DUMP);

	if (msg)
		nlmsg_append(msg, (void *)&neigh, sizeof(neigh), NLMSG_ALIGNTO);
	return xdp_rtnl(msg, is_entry, &wanted) > 0;
}

static int is_slave(struct nlmsghdr *h, void *arg)
{
	struct nlattr *info =
		nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_LINKINFO);

	(void)arg;
	info = info ? nla_find(nla_data(info), nla_len(info),
			       IFLA_INFO_SLAVE_KIND) :
		      NULL;
	return info && strcmp(nla_data(info), "vrf") != 0;
}

/*
 * Of a bridge, a bond or the like, which gets only what no VLAN device of the
 * port takes first.
 */
int xdp_is_enslaved(const struct xdp_port *p)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC,
					.ifi_index = (int)p->ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);

	if (msg)
		nlmsg_append(msg, (void *)&link, sizeof(link), NLMSG_ALIGNTO);
	return xdp_rtnl(msg, is_slave, NULL) > 0;
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

/* ---- streams ---- */

/* The kernel counts no users of what is set from outside: the table does. */
static int shared_with(const struct xdp_port *p, const struct xdp_ctl *c,
		       __u32 filter)
{
	for (int i = 0; i < XDP_STREAMS; i++) {
		const struct xdp_ctl *other = &p->table->stream[i];

		if (other == c || !(other->filters & filter))
			continue;
		if (filter == XDP_FILTER_VID ?
			    other->filter_vid == c->filter_vid :
			    other->dst_mac == c->dst_mac)
			return 1;
	}
	return 0;
}

static int allmulti_users(const struct xdp_port *p)
{
	int n = 0;

	for (int i = 0; i < XDP_STREAMS; i++)
		n += !!(p->table->stream[i].filters & XDP_FILTER_ALLMULTI);
	return n;
}

static int add_allmulti(struct xdp_port *p, struct xdp_ctl *c)
{
	if (!p->table->allmulti_ours && !has_allmulti(p))
		env_store_release(&p->table->allmulti_ours, 1);
	env_store_release(&c->filters, c->filters | XDP_FILTER_ALLMULTI);
	return p->table->allmulti_ours ? set_allmulti(p, 1) : 0;
}

void xdp_allmulti_drop(struct xdp_port *p)
{
	if (p->away || !p->table->allmulti_ours || allmulti_users(p))
		return;
	set_allmulti(p, 0);
	env_store_release(&p->table->allmulti_ours, 0);
}

static int set_mac(const struct xdp_port *p, __u64 mac, int on)
{
	return is_multicast(mac) ? set_multicast(p, mac, on) :
				   set_unicast(p, mac, on);
}

static int has_mac(const struct xdp_port *p, __u64 mac)
{
	return is_multicast(mac) ? has_multicast(p, mac) : has_unicast(p, mac);
}

/* Without a destination there may be any, which is multicast as a rule. */
static int add_mac(struct xdp_port *p, struct xdp_ctl *c)
{
	int shared = shared_with(p, c, XDP_FILTER_MAC), err = 0;

	if (!c->dst_mac)
		return add_allmulti(p, c);
	if (!shared && has_mac(p, c->dst_mac))
		return 0; /* another's, and it stays theirs */
	env_store_release(&c->filters, c->filters | XDP_FILTER_MAC);
	if (!shared)
		err = set_mac(p, c->dst_mac, 1);
	if (err)
		c->filters &= ~XDP_FILTER_MAC;
	return err == -EEXIST ? 0 : err;
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
	if (xdp_is_enslaved(p))
		return c->asked_vid ? -EBUSY : 0;
	env_store_release(&c->filters, c->filters | XDP_FILTER_VID);
	if (!shared_with(p, c, XDP_FILTER_VID))
		err = add_vlan(p, c->filter_vid);
	if (err)
		c->filters &= ~XDP_FILTER_VID;
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
	if (err == -EBUSY)
		return refuse_text(
			why, err,
			"%s is part of a bridge or bond, which would lose VID "
			"%u to the VLAN device that registers it; say vid=any, "
			"and register it there: bridge vlan add dev %s vid %u",
			p->ifname, c->filter_vid, p->ifname, c->filter_vid);
	if (err)
		return refuse_text(
			why, err,
			"%s drops every VLAN that is not registered, "
			"and VID %u cannot be: %s; modprobe 8021q",
			p->ifname, c->filter_vid, strerror(-err));
	return 0;
}

/* Each bit goes after what it stands for, so that a second time does the rest. */
void xdp_filters_del(struct xdp_port *p, struct xdp_ctl *c)
{
	if (c->filters & XDP_FILTER_MAC && !p->away &&
	    !shared_with(p, c, XDP_FILTER_MAC))
		set_mac(p, c->dst_mac,
			0); /* lost by an interface that leaves */
	if (c->filters & XDP_FILTER_VID && !shared_with(p, c, XDP_FILTER_VID))
		del_vlan(p, c->filter_vid); /* stays where it was */
	env_store_release(&c->filters, 0);
	xdp_allmulti_drop(p);
}
