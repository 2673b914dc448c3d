// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * AF_PACKET: a socket per stream with one recvmsg per frame, and TPACKET_V3,
 * as packet(7) and Documentation/networking/packet_mmap.rst advise.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "way.h"

enum {
	ETHER_BYTES = 14,
	FRAME_MAX = 2048,
	BLOCK_BYTES = 1 << 17,
	BLOCKS = 16,
};

static int fds[STREAMS_MAX];
static struct pollfd polled[STREAMS_MAX];
static int n_streams;

/* Octets 18 to 25 of the frame: the kernel has taken the tag off before. */
int packet_filter(int fd, uint64_t id)
{
	struct sock_filter of_stream[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_TSN, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 22),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)id, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 18),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(id >> 32), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {
		.len = sizeof(of_stream) / sizeof(of_stream[0]),
		.filter = of_stream,
	};

	if (!id)
		return 0; /* the socket's protocol says it */
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ?
		       -errno :
		       0;
}

/* No frame before the filter: the protocol comes with bind(). */
static int open_socket(const struct setup *setup, uint64_t id)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_TSN),
		.sll_ifindex = if_nametoindex(setup->ifname),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	int err, bytes = 1 << 20;

	if (fd < 0)
		return -errno;
	err = packet_filter(fd, id);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (!err && bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int open_raw(const struct setup *setup)
{
	int on = 1;

	n_streams = setup->n_streams;
	for (int i = 0; i < n_streams; i++) {
		fds[i] = open_socket(setup, setup->first_id + i);
		if (fds[i] < 0)
			return fds[i];
		if (want_latency && setsockopt(fds[i], SOL_SOCKET,
					       SO_TIMESTAMPNS, &on, sizeof(on)))
			return -errno;
		polled[i].fd = fds[i];
		polled[i].events = POLLIN;
	}
	return 0;
}

/* The kernel's stamp, when the driver had made a socket buffer of the frame. */
static uint64_t stamp_of(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	struct timespec ts;

	if (!c || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_TIMESTAMPNS)
		return 0;
	memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int receive_one(int i, int flags)
{
	static uint8_t frame[FRAME_MAX];
	struct iovec iov = { frame, sizeof(frame) };
	char control[64];
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;
	uint64_t now_ns;

	if (want_latency) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
	}
	n = recvmsg(fds[i], &msg, flags);
	now_ns = woken_at(CLOCK_REALTIME);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (want_latency)
		woken_by(now_ns, stamp_of(&msg));
	frame_seen(i, frame + ETHER_BYTES, n - ETHER_BYTES);
	return 0;
}

static int receive_raw(void)
{
	int err = 0;

	if (n_streams == 1)
		return receive_one(0, 0);
	if (poll(polled, n_streams, -1) < 0)
		return -errno;
	for (int i = 0; !err && i < n_streams; i++)
		if (polled[i].revents)
			err = receive_one(i, MSG_DONTWAIT);
	return err;
}

/* ---- TPACKET_V3: one ring, whatever the number of streams ---- */

static uint8_t *ring;
static int block, only; /* only: the one stream that there is, or -1 */

static int open_tpacket(const struct setup *setup)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = FRAME_MAX,
		.tp_frame_nr = BLOCK_BYTES / FRAME_MAX * BLOCKS,
		.tp_retire_blk_tov = setup->retire_ms,
	};
	int version = TPACKET_V3;
	int fd =
		open_socket(setup, setup->n_streams == 1 ? setup->first_id : 0);

	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version,
		       sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return -errno;
	ring = mmap(NULL, (size_t)BLOCK_BYTES * BLOCKS, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_LOCKED | MAP_POPULATE, fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	only = setup->n_streams == 1 ? 0 : -1;
	polled[0].fd = fd;
	polled[0].events = POLLIN;
	return 0;
}

static void read_block(struct tpacket_block_desc *b)
{
	const uint8_t *p = (uint8_t *)b + b->hdr.bh1.offset_to_first_pkt;

	for (uint32_t i = 0; i < b->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *h = (const void *)p;

		frame_seen(only, p + h->tp_mac + ETHER_BYTES,
			   h->tp_snaplen - ETHER_BYTES);
		p += h->tp_next_offset;
	}
}

static int receive_tpacket(void)
{
	struct tpacket_block_desc *b =
		(void *)(ring + (size_t)block * BLOCK_BYTES);

	if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
	      TP_STATUS_USER))
		return poll(polled, 1, -1) < 0 ? -errno : 0;
	read_block(b);
	__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	block = (block + 1) % BLOCKS;
	return 0;
}

const struct way way_raw = { "raw", open_raw, receive_raw };
const struct way way_tpacket = { "tpacket", open_tpacket, receive_tpacket };
