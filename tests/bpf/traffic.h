/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Frames of 1442 bytes over a veth, as fast as asked or as the sender can. */
#ifndef AVTPMAP_BPF_TRAFFIC_H
#define AVTPMAP_BPF_TRAFFIC_H

#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST_ID 0x02005e1000010000ull

enum { FRAME_BYTES = 1442, BATCH = 64, STREAMS_MAX = 64, VISIT_US = 2000 };

struct sender {
	double rate;
	double seconds;
	uint32_t streams;
	uint64_t sent;
	uint64_t refused; /* calls */
	volatile int done;
};

static inline double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* AAF int16, 48 kHz, 8 channels; stream data fill the frame. */
static inline void make_frame(uint8_t *f)
{
	static const uint8_t head[] = {
		0x91, 0xe0, 0xf0, 0,	0xfe, 1,    2, 0, 0x5e, 0x10,
		0,    1,    0x22, 0xf0, 0x02, 0x81, 0, 0, 2,	0,
		0x5e, 0x10, 0,	  1,	0,    0,    0, 0, 0,	0,
		0x04, 0x50, 0x08, 0x10, 0x05, 0x70, 0, 0, /* 1392 octets */
	};

	memset(f, 0x55, FRAME_BYTES);
	memcpy(f, head, sizeof(head));
}

/* The streams in turn. */
static inline void *send_frames(void *arg)
{
	static uint8_t frames[BATCH][FRAME_BYTES];
	static uint8_t sequence[STREAMS_MAX];
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec iov[BATCH];
	struct sender *s = arg;
	double from = now_s();

	to.sll_ifindex = if_nametoindex("wire0");
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	for (int i = 0; i < BATCH; i++) {
		make_frame(frames[i]);
		iov[i] = (struct iovec){ frames[i], FRAME_BYTES };
		m[i].msg_hdr = (struct msghdr){ .msg_name = &to,
						.msg_namelen = sizeof(to),
						.msg_iov = &iov[i],
						.msg_iovlen = 1 };
	}
	while (now_s() - from < s->seconds) {
		int n, want = (now_s() - from) * s->rate - s->sent;
		uint8_t before[STREAMS_MAX];

		if (want <= 0) {
			sched_yield();
			continue;
		}
		want = want < BATCH ? want : BATCH;
		memcpy(before, sequence, sizeof(before));
		for (int i = 0; i < want; i++) {
			uint32_t stream = (s->sent + i) % s->streams;

			frames[i][16] = sequence[stream]++;
			frames[i][25] = stream;
		}
		n = sendmmsg(fd, m, want, 0);
		if (n < want)
			s->refused++;
		n = n < 0 ? 0 : n;
		if (n < want) { /* those that did not go, again */
			memcpy(sequence, before, sizeof(before));
			for (int i = 0; i < n; i++)
				sequence[(s->sent + i) % s->streams]++;
		}
		s->sent += n;
	}
	close(fd);
	s->done = 1;
	return NULL;
}

/* port0 and wire0, in a network namespace of their own. 0 or -1. */
static inline int traffic_veth(void)
{
	return unshare(CLONE_NEWNET) ||
			       system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; "
				      "ip link add port0 type veth peer name wire0 && "
				      "ip link set port0 up && ip link set wire0 up") ?
		       -1 :
		       0;
}

#endif
