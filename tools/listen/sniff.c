// SPDX-License-Identifier: MIT
/*
 * What the host sees of a stream of which the ring sees nothing. Only until the
 * first frame: who hears is not slowed down.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sniff.h"

enum {
	TYPE = 12, /* the kernel has taken the outer tag off */
	VLAN_BYTES = 4,
	RTAG_BYTES = 6,
	TAGS_MAX = 5,
	VLAN_TAGS_PARSED = 2,
	RTAGS_PARSED = 1,
	HEAD_BYTES = 64,
	ETH_P_RTAG = 0xf1c1,
	ETH_P_QINQ_OLD = 0x9100,
};

/* AVTP, or a tag that it may be behind. */
static const uint16_t types[] = { ETH_P_TSN, ETH_P_8021Q, ETH_P_8021AD,
				  ETH_P_QINQ_OLD, ETH_P_RTAG };

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

static int set_filter(int fd)
{
	struct sock_filter code[N_TYPES + 3] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, TYPE),
	};
	struct sock_fprog prog = { .len = N_TYPES + 3, .filter = code };
	const struct sock_filter end[] = { BPF_STMT(BPF_RET | BPF_K, 0),
					   BPF_STMT(BPF_RET | BPF_K,
						    HEAD_BYTES) };

	for (int i = 0; i < N_TYPES; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, types[i], N_TYPES - i, 0);
	memcpy(&code[1 + N_TYPES], end, sizeof(end));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog));
}

void sniff_open(struct sniff *s, uint32_t ifindex, uint64_t stream_id)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};
	int on = 1;

	*s = (struct sniff){ .stream_id = stream_id };
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return;
	setsockopt(s->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on));
	if (!set_filter(s->fd) &&
	    !bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return;
	close(s->fd);
	s->fd = -1;
}

static uint16_t type_at(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void note_other(struct sniff *s, uint64_t id)
{
	s->others++;
	for (uint32_t i = 0; i < s->n_ids; i++)
		if (s->ids[i] == id)
			return;
	if (s->n_ids < SNIFF_IDS)
		s->ids[s->n_ids++] = id;
}

static void note_pdu(struct sniff *s, const uint8_t *pdu, uint32_t tags,
		     uint32_t rtags)
{
	bool sv = pdu[1] & 0x80;
	uint64_t id;

	memcpy(&id, pdu + 4, sizeof(id));
	id = be64toh(id);
	if (id != s->stream_id) {
		if (sv && (pdu[0] < 0x7e || pdu[0] == 0x82))
			note_other(s, id);
		return;
	}
	s->frames++;
	s->sv0 += !sv;
	s->tags += tags > VLAN_TAGS_PARSED || rtags > RTAGS_PARSED;
	s->two_tags += tags == VLAN_TAGS_PARSED;
}

static void note(struct sniff *s, const uint8_t *frame, ssize_t n,
		 uint32_t tags)
{
	const uint8_t *p = frame + TYPE, *end = frame + n;
	uint32_t rtags = 0;

	for (int i = 0; i < TAGS_MAX && p + RTAG_BYTES + 2 <= end; i++) {
		if (type_at(p) == ETH_P_TSN)
			break;
		if (type_at(p) == ETH_P_RTAG) {
			rtags++;
			p += RTAG_BYTES;
		} else {
			tags++;
			p += VLAN_BYTES;
		}
	}
	if (p + 2 + 12 <= end && type_at(p) == ETH_P_TSN)
		note_pdu(s, p + 2, tags, rtags);
}

static bool tag_was_stripped(struct msghdr *msg)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (!c || c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
		return false;
	memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	return aux.tp_status & TP_STATUS_VLAN_VALID;
}

void sniff_read(struct sniff *s)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	uint8_t frame[HEAD_BYTES];
	struct iovec iov = { frame, sizeof(frame) };
	ssize_t n;

	while (s->fd >= 0) {
		struct sockaddr_ll from;
		struct msghdr msg = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};

		n = recvmsg(s->fd, &msg, 0);
		if (n < 0)
			break;
		if (from.sll_pkttype != PACKET_OUTGOING)
			note(s, frame, n, tag_was_stripped(&msg));
	}
}

/* It waits until no CPU looks at the socket any more. */
static void *close_socket(void *arg)
{
	close((int)(intptr_t)arg);
	return NULL;
}

void sniff_close(struct sniff *s)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (s->fd < 0)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, close_socket,
			   (void *)(intptr_t)s->fd))
		close(s->fd);
	pthread_attr_destroy(&attr);
	s->fd = -1;
}
