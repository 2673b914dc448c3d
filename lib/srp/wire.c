// SPDX-License-Identifier: MIT
/* A port's socket for MRPDUs, its link, and the timer. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>

#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../internal.h"
#include "port.h"

enum {
	ETH_HEADER = 14,
	ETH_MIN = 60,
};

/* ---- the socket ---- */

/* Both applications; what is sent from here by others comes too. */
static int set_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, msrp_app.ethertype, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mvrp_app.ethertype, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ?
		       -errno :
		       0;
}

static int join(const struct avtpmap_srp *s, const struct mrp_app *app)
{
	struct packet_mreq group = {
		.mr_ifindex = s->ifindex,
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = 6,
	};

	memcpy(group.mr_address, app->mac, 6);
	return setsockopt(s->socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ?
		       -errno :
		       0;
}

/* Its address, which may change; and whether it is there at all. */
static int look_at_port(struct avtpmap_srp *s)
{
	struct sockaddr_ll at;
	socklen_t len = sizeof(at);

	if (getsockname(s->socket, (struct sockaddr *)&at, &len) ||
	    at.sll_ifindex != s->ifindex)
		return -ENODEV;
	if (at.sll_hatype != ARPHRD_ETHER)
		return -EINVAL;
	memcpy(s->mac, at.sll_addr, 6);
	return 0;
}

static bool has_link(const struct avtpmap_srp *s)
{
	struct ifreq ifr = { .ifr_ifindex = s->ifindex };

	/* IFF_RUNNING: up, and a carrier */
	return !ioctl(s->socket, SIOCGIFNAME, &ifr) &&
	       !ioctl(s->socket, SIOCGIFFLAGS, &ifr) &&
	       ifr.ifr_flags & IFF_RUNNING;
}

static int open_socket(struct avtpmap_srp *s)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		/* ETH_P_ALL: or what other processes send is not seen */
		.sll_protocol = htons(0x0003),
		.sll_ifindex = s->ifindex,
	};
	int err;

	s->socket =
		socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->socket < 0)
		return -errno;
	err = set_filter(s->socket);
	if (!err && bind(s->socket, (struct sockaddr *)&at, sizeof(at)))
		err = -errno;
	if (!err)
		err = look_at_port(s);
	if (!err)
		err = join(s, &msrp_app);
	if (!err)
		err = join(s, &mvrp_app);
	return err;
}

static int open_link(struct avtpmap_srp *s)
{
	const struct sockaddr_nl at = { .nl_family = AF_NETLINK,
					.nl_groups = RTMGRP_LINK };

	s->link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 NETLINK_ROUTE);
	if (s->link < 0 || bind(s->link, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	return 0;
}

static int open_poll(struct avtpmap_srp *s)
{
	const int fds[] = { s->socket, s->link, s->timer };
	struct epoll_event ev = { .events = EPOLLIN };

	s->poll = epoll_create1(EPOLL_CLOEXEC);
	if (s->poll < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		if (epoll_ctl(s->poll, EPOLL_CTL_ADD, fds[i], &ev))
			return -errno;
	return 0;
}

int srp_wire_open(struct avtpmap_srp *s, const struct text *why)
{
	int err = open_socket(s);

	if (err == -EPERM)
		return refuse_text(why, err,
				   "reservation needs CAP_NET_RAW (run it as "
				   "root)");
	if (err == -EINVAL)
		return refuse_text(why, err, "not an Ethernet interface");
	if (!err)
		err = open_link(s);
	if (!err) {
		s->timer = timerfd_create(CLOCK_MONOTONIC,
					  TFD_CLOEXEC | TFD_NONBLOCK);
		err = s->timer < 0 ? -errno : open_poll(s);
	}
	if (err)
		return refuse_text(why, err, "cannot open its sockets: %s",
				   strerror(-err));
	s->up = has_link(s);
	return 0;
}

void srp_wire_close(struct avtpmap_srp *s)
{
	const int fds[] = { s->poll, s->timer, s->link, s->socket };

	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* ---- what comes ---- */

static void take(struct avtpmap_srp *s, const uint8_t *frame, size_t bytes,
		 bool own, uint64_t now_ns)
{
	struct mrp *const both[] = { &s->mvrp, &s->msrp };

	for (int i = 0; i < 2; i++) {
		const struct mrp_app *app = both[i]->app;

		if (bytes >= ETH_HEADER && !memcmp(frame, app->mac, 6) &&
		    (frame[12] << 8 | frame[13]) == app->ethertype)
			mrp_receive(both[i], frame + ETH_HEADER,
				    bytes - ETH_HEADER, own, now_ns);
	}
}

void srp_wire_receive(struct avtpmap_srp *s, uint64_t now_ns)
{
	uint8_t frame[2048];
	struct sockaddr_ll from;
	socklen_t len;
	ssize_t n;

	for (int i = 0; i < 256; i++) {
		len = sizeof(from);
		n = recvfrom(s->socket, frame, sizeof(frame), 0,
			     (struct sockaddr *)&from, &len);
		if (n < 0)
			break; /* ENETDOWN too: the link is netlink's affair */
		take(s, frame, n, from.sll_pkttype == PACKET_OUTGOING, now_ns);
	}
}

/* What they say is not read: it is a cause to look. */
void srp_wire_link(struct avtpmap_srp *s, uint64_t now_ns)
{
	char news[8192];
	bool any = false, up;

	while (recv(s->link, news, sizeof(news), 0) > 0 || errno == ENOBUFS) {
		any = true;
		errno = 0;
	}
	if (!any)
		return;
	if (look_at_port(s)) {
		s->gone = true;
		return;
	}
	up = has_link(s);
	if (up == s->up)
		return;
	s->up = up;
	for (int i = 0; i < 2; i++) {
		struct mrp *m = i ? &s->msrp : &s->mvrp;

		if (up)
			mrp_link_up(m, now_ns);
		else
			mrp_link_down(m);
	}
}

/* ---- what goes ---- */

/* A PDU that cannot be sent is one that was lost: MRP says all things twice. */
static void send_pdu(struct avtpmap_srp *s, struct mrp *m, uint64_t now_ns,
		     bool now)
{
	uint8_t frame[ETH_HEADER + MRP_PDU_MAX] = { 0 };
	size_t n = (now ? mrp_transmit_now : mrp_transmit)(
		m, frame + ETH_HEADER, MRP_PDU_MAX, now_ns);

	if (!n)
		return;
	memcpy(frame, m->app->mac, 6);
	memcpy(frame + 6, s->mac, 6);
	frame[12] = m->app->ethertype >> 8;
	frame[13] = m->app->ethertype & 0xff;
	n += ETH_HEADER;
	if (send(s->socket, frame, n < ETH_MIN ? ETH_MIN : n, 0) < 0)
		return;
}

/* MVRP first: bridges refuse a listener whose VLAN they have not got. */
void srp_wire_send(struct avtpmap_srp *s, uint64_t now_ns, bool now)
{
	if (!s->up)
		return;
	send_pdu(s, &s->mvrp, now_ns, now);
	send_pdu(s, &s->msrp, now_ns, now);
}

void srp_wire_set_timer(struct avtpmap_srp *s)
{
	uint64_t mvrp = mrp_next_ns(&s->mvrp), msrp = mrp_next_ns(&s->msrp);
	uint64_t at = mvrp < msrp ? mvrp : msrp;
	struct itimerspec when = { 0 };

	/* without a link nothing is sent, so what there is to send can wait */
	if (!s->up && at < monotonic_ns() + MRP_JOIN_NS)
		at = monotonic_ns() + MRP_JOIN_NS;
	if (!at)
		at = 1;
	when.it_value.tv_sec = at / 1000000000;
	when.it_value.tv_nsec = at % 1000000000;
	timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &when, NULL);
}
