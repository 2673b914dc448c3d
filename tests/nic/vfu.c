// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI function: vfio-user's server, as far as QEMU is its client. The
 * protocol is in QEMU's docs/interop/vfio-user.rst, its structures are VFIO's.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vfu.h"

enum {
	MAX_MAPS = 64,
	MAX_FDS = 16,
	MAX_DATA = 65536,
	N_REGIONS = VFIO_PCI_NUM_REGIONS,
	N_BARS = 6,
};

enum {
	VERSION = 1,
	DMA_MAP = 2,
	DMA_UNMAP = 3,
	GET_INFO = 4,
	GET_REGION_INFO = 5,
	GET_IRQ_INFO = 7,
	SET_IRQS = 8,
	REGION_READ = 9,
	REGION_WRITE = 10,
	DEVICE_RESET = 13,
	N_COMMANDS,
};

enum {
	FLAG_REPLY = 0x1,
	FLAG_NO_REPLY = 0x10,
	FLAG_ERROR = 0x20,
};

struct header {
	u16 id, command;
	u32 bytes, flags, error;
};

struct dma {
	u32 argsz, flags;
	u64 offset, address, bytes;
};

struct undma {
	u32 argsz, flags;
	u64 address, bytes;
};

struct access {
	u64 offset;
	u32 region, bytes;
	u8 data[];
};

/* What follows a header, in both directions: an answer is laid over its question. */
static union {
	u8 bytes[sizeof(struct access) + MAX_DATA];
	struct dma dma;
	struct undma undma;
	struct access access;
	struct vfio_device_info info;
	struct vfio_region_info region;
	struct vfio_irq_info irq;
	struct vfio_irq_set irqs;
} body;
static int fds[MAX_FDS];
static size_t n_fds;

static const struct vfu_model *model;
static int sock = -1;
static int vector_fd[VFU_MAX_VECTORS];
static u64 waiting; /* vectors, while interrupts wait */
static bool wait_on;
static struct {
	u64 address, bytes;
	u8 *at; /* NULL: not shared with us */
} maps[MAX_MAPS];
static size_t n_maps;

u8 vfu_config[VFU_CONFIG_BYTES];

u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void *vfu_dma(u64 address, u64 n)
{
	for (size_t i = 0; i < n_maps; i++) {
		u64 into = address - maps[i].address;

		if (address >= maps[i].address && into <= maps[i].bytes &&
		    n <= maps[i].bytes - into)
			return maps[i].at ? maps[i].at + into : NULL;
	}
	fprintf(stderr, "DMA to nowhere: %#llx, %llu octets\n",
		(unsigned long long)address, (unsigned long long)n);
	return NULL;
}

void vfu_interrupt(u32 vector)
{
	const u64 one = 1;

	if (vector >= VFU_MAX_VECTORS)
		return;
	if (wait_on)
		waiting |= 1ull << vector;
	else if (vector_fd[vector] >= 0 &&
		 write(vector_fd[vector], &one, sizeof(one)) != sizeof(one))
		perror("eventfd");
}

void vfu_interrupts_wait(bool wait)
{
	wait_on = wait;
	for (u32 v = 0; !wait && v < VFU_MAX_VECTORS; v++)
		if (waiting >> v & 1)
			vfu_interrupt(v);
	waiting = 0;
}

/* ---- config space */

static void put16(u32 at, u16 v)
{
	memcpy(vfu_config + at, &v, sizeof(v));
}

static void put32(u32 at, u32 v)
{
	memcpy(vfu_config + at, &v, sizeof(v));
}

void vfu_capability_pcie(u32 at, u32 next)
{
	vfu_config[at] = 0x10;
	vfu_config[at + 1] = next;
	put16(at + 2, 2); /* an endpoint, version 2 */
	put32(at + 4, 0x8fe2); /* resets, 512 octets of payload */
	put32(at + 0xc, 1 << 4 | 2); /* one lane, 5 GT/s: as it could be */
	put16(at + 0x12, 0x1000 | 1 << 4 | 2); /* and as it is */
}

void vfu_capability_msix(u32 at, u32 next, u32 bar, u32 table, u32 pba)
{
	vfu_config[at] = 0x11;
	vfu_config[at + 1] = next;
	put16(at + 2, model->n_vectors - 1);
	put32(at + 4, table | bar);
	put32(at + 8, pba | bar);
}

/* ---- what QEMU asks; each returns an errno and leaves *n octets in body */

static int on_version(size_t *n)
{
	static const char answer[] = /* 0.0, as QEMU has it */
		"\0\0\0\0{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":65536}}";

	memcpy(body.bytes, answer, *n = sizeof(answer));
	return 0;
}

static int on_dma_map(size_t *n)
{
	const struct dma d = body.dma;
	u8 *at = NULL;

	*n = 0;
	if (n_maps == MAX_MAPS)
		return ENOSPC;
	if (n_fds) {
		at = mmap(NULL, d.bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			  fds[0], d.offset);
		if (at == MAP_FAILED)
			return errno;
	}
	maps[n_maps].address = d.address;
	maps[n_maps].bytes = d.bytes;
	maps[n_maps++].at = at;
	return 0;
}

static void unmap(u64 address, u64 bytes)
{
	for (size_t i = 0; i < n_maps; i++) {
		if (maps[i].address < address ||
		    maps[i].address - address >= bytes)
			continue;
		if (maps[i].at)
			munmap(maps[i].at, maps[i].bytes);
		maps[i--] = maps[--n_maps];
	}
}

static int on_dma_unmap(size_t *n)
{
	*n = sizeof(body.undma);
	unmap(body.undma.address, body.undma.bytes);
	return 0;
}

static int on_get_info(size_t *n)
{
	*n = 16; /* vfio-user's has no more than these */
	body.info.argsz = *n;
	body.info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	body.info.num_regions = N_REGIONS;
	body.info.num_irqs = VFIO_PCI_NUM_IRQS;
	return 0;
}

static int on_get_region_info(size_t *n)
{
	struct vfio_region_info *r = &body.region;
	u32 index = r->index;

	*n = sizeof(*r);
	memset(r, 0, sizeof(*r));
	r->argsz = sizeof(*r);
	r->index = index;
	if (index < N_BARS)
		r->size = model->bar_bytes[index];
	else if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		r->size = sizeof(vfu_config);
	if (r->size)
		r->flags = VFIO_REGION_INFO_FLAG_READ |
			   VFIO_REGION_INFO_FLAG_WRITE;
	return 0;
}

static int on_get_irq_info(size_t *n)
{
	struct vfio_irq_info *i = &body.irq;
	bool msix = i->index == VFIO_PCI_MSIX_IRQ_INDEX;

	*n = i->argsz = sizeof(*i);
	i->flags = msix ? VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE : 0;
	i->count = msix ? model->n_vectors : 0;
	return 0;
}

static void set_vector(u32 v, int fd)
{
	if (vector_fd[v] >= 0)
		close(vector_fd[v]);
	vector_fd[v] = fd;
}

static void forget_vectors(void)
{
	for (u32 v = 0; v < VFU_MAX_VECTORS; v++)
		set_vector(v, -1);
}

static int on_set_irqs(size_t *n)
{
	const struct vfio_irq_set s = body.irqs;

	*n = 0;
	if (s.index != VFIO_PCI_MSIX_IRQ_INDEX)
		return 0;
	if (!(s.flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
		if (!s.count)
			forget_vectors();
		return 0;
	}
	for (u32 i = 0; i < s.count; i++) {
		if (s.start >= model->n_vectors ||
		    i >= model->n_vectors - s.start)
			return EINVAL;
		set_vector(s.start + i, i < n_fds ? fds[i] : -1);
		if (i < n_fds)
			fds[i] = -1; /* ours from now on */
	}
	return 0;
}

static bool in_config(const struct access *a)
{
	return a->region == VFIO_PCI_CONFIG_REGION_INDEX &&
	       a->offset <= sizeof(vfu_config) &&
	       a->bytes <= sizeof(vfu_config) - a->offset;
}

static int on_region_read(size_t *n)
{
	struct access *a = &body.access;

	if (a->bytes > MAX_DATA)
		return E2BIG;
	*n = sizeof(*a) + a->bytes;
	memset(a->data, 0, a->bytes);
	if (a->region < N_BARS)
		model->read(a->region, a->offset, a->data, a->bytes);
	else if (in_config(a))
		memcpy(a->data, vfu_config + a->offset, a->bytes);
	return 0;
}

static int on_region_write(size_t *n)
{
	const struct access *a = &body.access;

	if (a->bytes > *n - sizeof(*a))
		return EINVAL;
	*n = sizeof(*a);
	if (a->region < N_BARS)
		model->write(a->region, a->offset, a->data, a->bytes);
	else if (in_config(a) && a->offset >= 4) /* its ids stay */
		memcpy(vfu_config + a->offset, a->data, a->bytes);
	return 0;
}

static int on_reset(size_t *n)
{
	*n = 0;
	model->reset();
	return 0;
}

/* With the octets that a question has at least. */
static const struct {
	size_t least;
	int (*handle)(size_t *n);
} commands[N_COMMANDS] = {
	[VERSION] = { 4, on_version },
	[DMA_MAP] = { sizeof(struct dma), on_dma_map },
	[DMA_UNMAP] = { sizeof(struct undma), on_dma_unmap },
	[GET_INFO] = { 16, on_get_info },
	[GET_REGION_INFO] = { sizeof(struct vfio_region_info),
			      on_get_region_info },
	[GET_IRQ_INFO] = { sizeof(struct vfio_irq_info), on_get_irq_info },
	[SET_IRQS] = { sizeof(struct vfio_irq_set), on_set_irqs },
	[REGION_READ] = { sizeof(struct access), on_region_read },
	[REGION_WRITE] = { sizeof(struct access), on_region_write },
	[DEVICE_RESET] = { 0, on_reset },
};

/* ---- messages */

static bool receive_header(struct header *h)
{
	union {
		struct cmsghdr align;
		u8 bytes[CMSG_SPACE(sizeof(fds))];
	} control;
	struct iovec iov = { h, sizeof(*h) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	n_fds = 0;
	if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC | MSG_WAITALL) != sizeof(*h))
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
	}
	return h->bytes >= sizeof(*h) && h->bytes - sizeof(*h) <= sizeof(body);
}

static void answer(const struct header *question, size_t n, int error)
{
	struct header h = { .id = question->id,
			    .command = question->command,
			    .bytes = sizeof(h) + (error ? 0 : n),
			    .flags = FLAG_REPLY | (error ? FLAG_ERROR : 0),
			    .error = error };
	struct iovec iov[2] = { { &h, sizeof(h) },
				{ &body, h.bytes - sizeof(h) } };
	const struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (question->flags & FLAG_NO_REPLY)
		return;
	if (sendmsg(sock, &m, MSG_NOSIGNAL) != (ssize_t)h.bytes)
		vfu_hang_up();
}

void vfu_message(void)
{
	struct header h = { 0 };
	int error = EOPNOTSUPP;
	size_t n = 0;

	if (!receive_header(&h))
		goto hang_up;
	n = h.bytes - sizeof(h);
	if (n && recv(sock, &body, n, MSG_WAITALL) != (ssize_t)n)
		goto hang_up;
	if (h.command < N_COMMANDS && commands[h.command].handle)
		error = n < commands[h.command].least ?
				EINVAL :
				commands[h.command].handle(&n);
	for (size_t i = 0; i < n_fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	answer(&h, n, error);
	return;
hang_up:
	vfu_hang_up();
}

void vfu_open(const struct vfu_model *m)
{
	model = m;
	for (u32 v = 0; v < VFU_MAX_VECTORS; v++)
		vector_fd[v] = -1;
	model->reset();
}

bool vfu_is_connected(void)
{
	return sock >= 0;
}

int vfu_fd(void)
{
	return sock;
}

void vfu_connect(int fd)
{
	sock = fd;
}

void vfu_hang_up(void)
{
	if (sock >= 0)
		close(sock);
	sock = -1;
	unmap(0, ~0ull);
	forget_vectors();
}
