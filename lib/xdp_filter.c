// SPDX-License-Identifier: MIT
/*
 * What the NIC must let through for a stream: the destination's multicast
 * membership, or all of them. It outlives this process, as the stream does, so
 * it is set on the interface, not on a socket.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xdp.h"

static int with_socket(unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = ioctl(fd, request, ifr) ? -errno : 0;
	close(fd);
	return err;
}

static int set_flag(const struct xdp_port *p, int flag, int on, int *was)
{
	struct ifreq ifr = { 0 };
	int err;

	memcpy(ifr.ifr_name, p->ifname, IF_NAMESIZE);
	err = with_socket(SIOCGIFFLAGS, &ifr);
	if (err)
		return err;
	*was = !!(ifr.ifr_flags & flag);
	if (*was == on)
		return 0;
	ifr.ifr_flags ^= flag;
	return with_socket(SIOCSIFFLAGS, &ifr);
}

static int set_member(const struct xdp_port *p, __u64 mac, int on)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = AF_UNSPEC };

	memcpy(ifr.ifr_name, p->ifname, IF_NAMESIZE);
	for (int i = 0; i < 6; i++)
		ifr.ifr_hwaddr.sa_data[i] = (char)(mac >> (40 - 8 * i));
	return with_socket(on ? SIOCADDMULTI : SIOCDELMULTI, &ifr);
}

static int is_multicast(__u64 mac)
{
	return mac >> 40 & 1;
}

/* The kernel counts no users of a membership by ioctl. */
static int shared_with(const struct xdp_port *p, const struct xdp_ctl *c)
{
	for (int i = 0; i < XDP_STREAMS; i++) {
		const struct xdp_ctl *other = &p->table->stream[i];

		if (other != c && other->ms && other->dst_mac == c->dst_mac &&
		    other->filters & XDP_FILTER_MAC)
			return 1;
	}
	return 0;
}

int xdp_filters_add(struct xdp_port *p, struct xdp_ctl *c,
		    const struct text *why)
{
	int err = 0, was = 0;

	if (is_multicast(c->dst_mac)) {
		if (!shared_with(p, c))
			err = set_member(p, c->dst_mac, 1);
		if (!err)
			c->filters |= XDP_FILTER_MAC;
	} else {
		/* a unicast destination is the NIC's own, or needs promisc */
		err = set_flag(p, IFF_ALLMULTI, 1, &was);
		if (!err) {
			if (!was)
				p->table->allmulti_ours = 1;
			p->table->allmulti++;
			c->filters |= XDP_FILTER_ALLMULTI;
		}
	}
	if (err)
		return refuse_text(why, err,
				   "%s refuses to receive this MAC address: %s",
				   p->ifname, strerror(-err));
	return 0;
}

void xdp_filters_del(struct xdp_port *p, struct xdp_ctl *c)
{
	int was;

	if (c->filters & XDP_FILTER_MAC && !shared_with(p, c))
		set_member(p, c->dst_mac, 0);
	if (c->filters & XDP_FILTER_ALLMULTI && !--p->table->allmulti &&
	    p->table->allmulti_ours) {
		set_flag(p, IFF_ALLMULTI, 0, &was);
		p->table->allmulti_ours = 0;
	}
	c->filters = 0;
}
