// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * AF_XDP with libxdp's defaults, in copy mode, as its documentation and the
 * kernel's Documentation/networking/af_xdp.rst advise: sleeping in poll, or
 * busy-polling. The default program gives the socket all of the queue, so this
 * is one stream only.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#include "way.h"

enum {
	FRAMES = 2 * XSK_RING_PROD__DEFAULT_NUM_DESCS,
	BATCH = 64,
	ETHER_BYTES = 14,
	TAG_BYTES = 4,
	BUSY_POLL_US = 20,
};

static struct xsk_ring_prod fill, tx;
static struct xsk_ring_cons completion, rx;
static struct xsk_umem *umem;
static struct xsk_socket *xsk;
static uint8_t *area;
static struct pollfd polled;

static int open_afxdp(const struct setup *setup)
{
	size_t bytes = (size_t)FRAMES * XSK_UMEM__DEFAULT_FRAME_SIZE;
	uint32_t at;
	int err;

	if (setup->n_streams != 1)
		return -ENOTSUP;
	area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (area == MAP_FAILED)
		return -errno;
	err = xsk_umem__create(&umem, area, bytes, &fill, &completion, NULL);
	if (err)
		return err;
	err = xsk_socket__create(&xsk, setup->ifname, 0, umem, &rx, &tx, NULL);
	if (err)
		return err;
	if (xsk_ring_prod__reserve(&fill, XSK_RING_PROD__DEFAULT_NUM_DESCS,
				   &at) != XSK_RING_PROD__DEFAULT_NUM_DESCS)
		return -ENOSPC;
	for (uint32_t i = 0; i < XSK_RING_PROD__DEFAULT_NUM_DESCS; i++)
		*xsk_ring_prod__fill_addr(&fill, at + i) =
			(uint64_t)i * XSK_UMEM__DEFAULT_FRAME_SIZE;
	xsk_ring_prod__submit(&fill, XSK_RING_PROD__DEFAULT_NUM_DESCS);
	polled.fd = xsk_socket__fd(xsk);
	polled.events = POLLIN;
	return 0;
}

/* A NIC that strips tags leaves none here; others do. */
static void one_frame(const uint8_t *p, uint32_t len)
{
	uint32_t header = p[12] == 0x81 ? ETHER_BYTES + TAG_BYTES : ETHER_BYTES;

	frame_seen(0, p + header, len - header);
}

static void read_batch(uint32_t n, uint32_t from)
{
	uint32_t to;

	while (xsk_ring_prod__reserve(&fill, n, &to) != n)
		;
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *d =
			xsk_ring_cons__rx_desc(&rx, from + i);

		one_frame(xsk_umem__get_data(area, d->addr), d->len);
		*xsk_ring_prod__fill_addr(&fill, to + i) = d->addr;
	}
	xsk_ring_prod__submit(&fill, n);
	xsk_ring_cons__release(&rx, n);
}

static int receive_afxdp(void)
{
	uint32_t from, n = xsk_ring_cons__peek(&rx, BATCH, &from);

	if (n) {
		read_batch(n, from);
		return 0;
	}
	return poll(&polled, 1, -1) < 0 ? -errno : 0;
}

static int set(int option, int value)
{
	return setsockopt(polled.fd, SOL_SOCKET, option, &value,
			  sizeof(value)) ?
		       -errno :
		       0;
}

/* With napi_defer_hard_irqs and gro_flush_timeout set by who runs this. */
static int open_busy(const struct setup *setup)
{
	int err = open_afxdp(setup);

	if (!err)
		err = set(SO_PREFER_BUSY_POLL, 1);
	if (!err)
		err = set(SO_BUSY_POLL, BUSY_POLL_US);
	if (!err)
		err = set(SO_BUSY_POLL_BUDGET, BATCH);
	return err;
}

static int receive_busy(void)
{
	uint32_t from, n = xsk_ring_cons__peek(&rx, BATCH, &from);

	if (n)
		read_batch(n, from);
	else if (recvfrom(polled.fd, NULL, 0, MSG_DONTWAIT, NULL, NULL) < 0 &&
		 errno != EAGAIN && errno != ENETDOWN)
		return -errno;
	return 0;
}

const struct way way_afxdp = { "afxdp", open_afxdp, receive_afxdp };
const struct way way_afxdp_busy = { "afxdp-busy", open_busy, receive_busy };
