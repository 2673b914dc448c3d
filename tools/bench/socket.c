// SPDX-License-Identifier: MIT
/* A raw socket a stream, with a filter and one recv() a frame. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum {
	AVTP = 14, /* the kernel has taken the tag off */
	FRAME_MAX = 2048,
	BUFFER_BYTES = 1 << 20,
};

static struct listener {
	int fd;
	bool begun;
	uint8_t sequence;
	uint64_t lost;
} listeners[BENCH_STREAMS];
static int n_listeners;

/* Before it is bound, so that it gets no other stream's frame. */
static int set_filter(int fd, uint64_t id)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AVTP + 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)id, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AVTP + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(id >> 32), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog));
}

/* @id 0: of all streams. Returns a descriptor or -errno. */
static int open_socket(const char *ifname, uint64_t id)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_TSN),
		.sll_ifindex = if_nametoindex(ifname),
	};
	struct packet_mreq all = {
		.mr_ifindex = addr.sll_ifindex,
		.mr_type = PACKET_MR_ALLMULTI,
	};
	int bytes = BUFFER_BYTES, err;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if ((id && set_filter(fd, id)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
		       sizeof(all)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

void bench_add(struct bench_streams *streams, uint64_t id)
{
	for (int i = 0; i < streams->n; i++)
		if (streams->ids[i] == id)
			return;
	if (streams->n < BENCH_STREAMS)
		streams->ids[streams->n++] = id;
}

/* A stream's frame: sv is set, and the subtype is none of the control ones. */
static void hear_frame(struct bench_streams *streams, const uint8_t *frame,
		       ssize_t n)
{
	const uint8_t *pdu = frame + AVTP;
	uint64_t id;

	if (n < AVTP + 12 || !(pdu[1] & 0x80) || pdu[0] == 0x7e ||
	    (pdu[0] > 0x82))
		return;
	memcpy(&id, pdu + 4, sizeof(id));
	bench_add(streams, be64toh(id));
}

int bench_hear(struct bench_streams *streams, int ms)
{
	struct pollfd fd = { .fd = open_socket(streams->ifname, 0),
			     .events = POLLIN };
	struct timespec now, end;
	uint8_t frame[FRAME_MAX];
	int left = ms;

	if (fd.fd < 0)
		return fd.fd;
	clock_gettime(CLOCK_MONOTONIC, &end);
	while (left > 0 && poll(&fd, 1, left) > 0) {
		ssize_t n = recv(fd.fd, frame, sizeof(frame), 0);

		hear_frame(streams, frame, n);
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = ms - (int)((now.tv_sec - end.tv_sec) * 1000 +
				  (now.tv_nsec - end.tv_nsec) / 1000000);
	}
	close(fd.fd);
	return 0;
}

static int open_all(const struct bench_streams *streams, struct pollfd *fds,
		    char *why, size_t why_bytes)
{
	n_listeners = 0;
	if (bench_is_blind(streams, why, why_bytes))
		return -EBUSY;
	for (int i = 0; i < streams->n; i++) {
		int fd = open_socket(streams->ifname, streams->ids[i]);

		if (fd < 0) {
			snprintf(why, why_bytes, "no raw socket: %s",
				 strerror(-fd));
			return fd;
		}
		listeners[i] = (struct listener){ .fd = fd };
		fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
		n_listeners++;
	}
	return 0;
}

static uint64_t read_all(int i)
{
	struct listener *l = &listeners[i];
	uint8_t frame[FRAME_MAX];
	uint64_t frames = 0;
	uint8_t gap;

	while (recv(l->fd, frame, sizeof(frame), 0) > AVTP) {
		gap = frame[AVTP + 2] - l->sequence - 1;
		if (l->begun && gap < 128) /* else late, or again */
			l->lost += gap;
		l->begun = true;
		l->sequence = frame[AVTP + 2];
		frames++;
	}
	return frames;
}

/* What the socket had no room for is missing in the sequence as well. */
static void count_losses(struct bench_result *result)
{
	for (int i = 0; i < n_listeners; i++) {
		struct tpacket_stats stats = { 0 };
		socklen_t bytes = sizeof(stats);

		getsockopt(listeners[i].fd, SOL_PACKET, PACKET_STATISTICS,
			   &stats, &bytes);
		result->missed += stats.tp_drops;
		if (listeners[i].lost > stats.tp_drops)
			result->lost += listeners[i].lost - stats.tp_drops;
	}
}

static void close_all(void)
{
	for (int i = 0; i < n_listeners; i++)
		close(listeners[i].fd);
	n_listeners = 0;
}

const struct bench_way bench_socket = { "socket", open_all, read_all,
					count_losses, close_all };
