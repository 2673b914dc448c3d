// SPDX-License-Identifier: MIT
/* A packet socket that hears all AVTP of a port, and keeps nothing from anybody. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "scan.h"

enum {
	HEAD_BYTES =
		128, /* of a frame: tags, and all headers that a format is in */
	BATCH = 64,
	BUFFER_BYTES = 16 << 20,
};

static int set_options(const struct avtpmap_scan *s)
{
	const struct packet_mreq all = { .mr_ifindex = s->ifindex,
					 .mr_type = PACKET_MR_PROMISC };
	const int on = 1, bytes = BUFFER_BYTES;

	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		       sizeof(bytes)))
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (avtp_filter(s->fd, HEAD_BYTES) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) ||
	    setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
		       sizeof(all)))
		return -errno;
	return 0;
}

int scan_socket_open(struct avtpmap_scan *s, const struct text *why)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x0003), /* ETH_P_ALL: before any VLAN */
		.sll_ifindex = s->ifindex,
	};
	char name[IF_NAMESIZE];
	int err = 0;

	if (!if_indextoname(s->ifindex, name) || !is_ethernet(name))
		return refuse_text(why, -EINVAL, "not an Ethernet interface");
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		err = -errno;
	if (!err)
		err = set_options(s);
	if (!err && bind(s->fd, (const struct sockaddr *)&at, sizeof(at)))
		err = -errno;
	if (err)
		refuse_text(why, err, "cannot listen on %s: %s%s", name,
			    strerror(-err),
			    err == -EPERM ? ": needs CAP_NET_RAW" : "");
	return err;
}

/* How far CLOCK_REALTIME, by which the kernel stamps, is ahead of MONOTONIC. */
static uint64_t realtime_ahead_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec - monotonic_ns();
}

/* What the kernel tells beside a frame. */
static void read_control(struct msghdr *msg, struct scan_frame *f,
			 uint64_t ahead_ns)
{
	struct tpacket_auxdata aux;
	struct timespec ts;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_PACKET &&
		    c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			f->frame_bytes = aux.tp_len;
			f->stripped = !!(aux.tp_status & TP_STATUS_VLAN_VALID);
			f->tci = aux.tp_vlan_tci;
		} else if (c->cmsg_level == SOL_SOCKET &&
			   c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			f->mono_ns = ts.tv_sec * 1000000000ull + ts.tv_nsec -
				     ahead_ns;
		}
	}
}

struct batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	uint8_t data[BATCH][HEAD_BYTES];
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct tpacket_auxdata)) +
			 CMSG_SPACE(sizeof(struct timespec))];
	} control[BATCH];
};

static int receive(const struct avtpmap_scan *s, struct batch *b)
{
	for (int i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){ b->data[i], HEAD_BYTES };
		b->msgs[i].msg_hdr = (struct msghdr){
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = &b->control[i],
			.msg_controllen = sizeof(b->control[i].buf),
		};
	}
	return recvmmsg(s->fd, b->msgs, BATCH, 0, NULL);
}

/* Unregistered, or moved to another network namespace. */
static bool has_gone(const struct avtpmap_scan *s)
{
	struct sockaddr_ll at;
	socklen_t len = sizeof(at);

	return getsockname(s->fd, (struct sockaddr *)&at, &len) ||
	       (uint32_t)at.sll_ifindex != s->ifindex;
}

int scan_socket_read(struct avtpmap_scan *s)
{
	uint64_t ahead_ns = realtime_ahead_ns();
	struct tpacket_stats lost;
	socklen_t len = sizeof(lost);
	struct batch b;
	int n;

	do {
		n = receive(s, &b);
		for (int i = 0; i < n; i++) {
			struct scan_frame f = {
				.data = b.data[i],
				.bytes = b.msgs[i].msg_len,
				.frame_bytes = b.msgs[i].msg_len,
				.mono_ns = monotonic_ns(),
			};

			read_control(&b.msgs[i].msg_hdr, &f, ahead_ns);
			scan_frame(s, &f);
		}
	} while (n == BATCH);
	if (!getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &lost, &len))
		s->missed += lost.tp_drops;
	return has_gone(s) ? -ENODEV : 0;
}
