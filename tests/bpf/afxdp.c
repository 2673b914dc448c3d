// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: afxdp SECONDS
 * The same traffic to an AF_XDP socket in copy mode, with the sizes that its
 * sample has by default, and a reader that sleeps 2 ms between visits: what
 * noloss is to be compared with. Asserts nothing.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>
#include <xdp/xsk.h>

#include "traffic.h"

enum { FRAMES = 4096, CHUNK = XSK_UMEM__DEFAULT_FRAME_SIZE };

struct socket {
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completed;
	struct xsk_ring_cons rx;
};

static int start(struct socket *s)
{
	const struct xsk_socket_config config = {
		.rx_size = XSK_RING_CONS__DEFAULT_NUM_DESCS,
		.tx_size = XSK_RING_PROD__DEFAULT_NUM_DESCS,
		.xdp_flags = XDP_FLAGS_DRV_MODE,
		.bind_flags = XDP_COPY,
	};
	void *mem = mmap(NULL, (size_t)FRAMES * CHUNK, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u32 at = 0;
	int err;

	if (mem == MAP_FAILED)
		return -errno;
	err = xsk_umem__create(&s->umem, mem, (__u64)FRAMES * CHUNK, &s->fill,
			       &s->completed, NULL);
	if (!err)
		err = xsk_socket__create(&s->xsk, "port0", 0, s->umem, &s->rx,
					 NULL, &config);
	if (err)
		return err;
	xsk_ring_prod__reserve(&s->fill, XSK_RING_PROD__DEFAULT_NUM_DESCS, &at);
	for (__u32 i = 0; i < XSK_RING_PROD__DEFAULT_NUM_DESCS; i++)
		*xsk_ring_prod__fill_addr(&s->fill, at + i) = (__u64)i * CHUNK;
	xsk_ring_prod__submit(&s->fill, XSK_RING_PROD__DEFAULT_NUM_DESCS);
	return 0;
}

/* What is there; its buffers go back to be filled. */
static uint64_t drain(struct socket *s)
{
	__u32 at = 0, to = 0, n = xsk_ring_cons__peek(&s->rx, FRAMES, &at);

	if (!n || xsk_ring_prod__reserve(&s->fill, n, &to) != n)
		return 0;
	for (__u32 i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&s->fill, to + i) =
			xsk_ring_cons__rx_desc(&s->rx, at + i)->addr;
	xsk_ring_prod__submit(&s->fill, n);
	xsk_ring_cons__release(&s->rx, n);
	return n;
}

static int run(double rate, double seconds)
{
	struct sender sender = { .rate = rate,
				 .seconds = seconds,
				 .streams = 1 };
	struct xdp_statistics st = { 0 };
	socklen_t len = sizeof(st);
	struct socket s = { 0 };
	pthread_t thread;
	uint64_t got = 0;
	int err = start(&s);

	if (err) {
		fprintf(stderr, "afxdp: %s\n", strerror(-err));
		return 1;
	}
	pthread_create(&thread, NULL, send_frames, &sender);
	while (!sender.done) {
		usleep(VISIT_US);
		got += drain(&s);
	}
	pthread_join(thread, NULL);
	usleep(100000);
	got += drain(&s);
	getsockopt(xsk_socket__fd(s.xsk), SOL_XDP, XDP_STATISTICS, &st, &len);
	printf("AF_XDP, copy mode, asked %.0f/s: sent %llu (%.0f/s); read %llu; dropped: ring full %llu, nothing to fill %llu, other %llu\n",
	       rate, (unsigned long long)sender.sent, sender.sent / seconds,
	       (unsigned long long)got, (unsigned long long)st.rx_ring_full,
	       (unsigned long long)st.rx_fill_ring_empty_descs,
	       (unsigned long long)st.rx_dropped);
	fflush(stdout);
	xsk_socket__delete(s.xsk);
	xsk_umem__delete(s.umem);
	return 0;
}

/* In a process and a namespace of its own: sockets are closed late. */
static int apart(double rate, double seconds)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		libxdp_set_print(NULL);
		libbpf_set_print(NULL);
		_exit(traffic_veth() ? 1 : run(rate, seconds));
	}
	return waitpid(pid, &status, 0) != pid || status;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10;

	return apart(390000, seconds) | apart(520000, seconds);
}
