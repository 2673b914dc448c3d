// SPDX-License-Identifier: MIT
/* Streams of a port: the table, and a ring for each. */
#include <bpf/bpf.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../plan.h"
#include "xdp.h"
#include "../../kmod/shared/key.h"
#include "../../kmod/shared/ring_prod.h"

enum { GONE_TRIES = 1000 }; /* of 1 ms */

_Static_assert(sizeof(struct xdp_ring) == XDP_CHUNK, "ring layout");
_Static_assert(sizeof(struct xdp_reader) == 128, "two cache lines");
_Static_assert(sizeof(struct xdp_group) == 256, "four cache lines");
_Static_assert(sizeof(struct xdp_ctl) == 64, "one cache line");

/* ---- the table ---- */

int xdp_stream_find(const struct xdp_port *p, __u64 stream_id)
{
	__be64 id = htobe64(stream_id);

	for (int i = 0; i < XDP_STREAMS; i++)
		if (p->table->stream[i].ms &&
		    p->table->stream[i].stream_id == id)
			return i;
	return -ENOENT;
}

/* From here on the program sees it. */
static int publish(struct xdp_port *p, __u32 index)
{
	__u32 hash = avtpmap_key_hash(p->table->stream[index].stream_id);

	for (__u32 i = 0; i < XDP_PROBES; i++) {
		__u32 *b = &p->table->bucket[(hash + i) % XDP_BUCKETS];

		if (*b != XDP_NO_STREAM && *b != XDP_BURIED)
			continue;
		env_store_release(b, index + 1);
		return 0;
	}
	return -ENOSPC;
}

static void unpublish(struct xdp_port *p, __u32 index)
{
	__u32 hash = avtpmap_key_hash(p->table->stream[index].stream_id);

	for (__u32 i = 0; i < XDP_PROBES; i++) {
		__u32 *b = &p->table->bucket[(hash + i) % XDP_BUCKETS];
		__u32 *next = &p->table->bucket[(hash + i + 1) % XDP_BUCKETS];

		if (*b != index + 1)
			continue;
		env_store(b,
			  *next == XDP_NO_STREAM ? XDP_NO_STREAM : XDP_BURIED);
		return;
	}
}

/* ---- the ring ---- */

static void ring_name(__u32 index, char name[16])
{
	snprintf(name, 16, "ring-%u", index);
}

int xdp_ring_open(const struct xdp_port *p, __u32 index)
{
	char name[16];

	ring_name(index, name);
	return xdp_get_at(p->dir_fd, name);
}

const struct xdp_ring *xdp_ring_map(int fd, size_t *bytes)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	void *m;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return NULL;
	*bytes = (size_t)info.max_entries * XDP_CHUNK;
	m = mmap(NULL, *bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	return m == MAP_FAILED ? NULL : m;
}

static void describe(const struct xdp_port *p, struct xdp_ring *ring,
		     __u32 index, const struct plan *plan)
{
	const __u64 unknown = 1ull << AVTPMAP_C_LATE_TIMESTAMP |
			      1ull << AVTPMAP_C_EARLY_TIMESTAMP;

	plan_describe(plan, &ring->hdr, p->ifname, unknown);
	ring->hdr.stream_id = p->table->stream[index].stream_id;
	ring->hdr.backend = AVTPMAP_BACKEND_XDP;
	ring->s = (struct xdp_stream){
		.room_bytes = plan->stride - sizeof(struct avtpmap_slot),
		.mask = plan->n_slots - 1,
		.stride = plan->stride,
		.header_bytes = ring->hdr.header_bytes,
		.index = index,
		.next_due = ~0ull,
		.timer_ns = ~0ull,
		.account.silence_ms = plan->silence_ms,
		.stream_id = ring->hdr.stream_id,
	};
}

/* Whole values of the map. */
static __u64 ring_bytes(const struct plan *plan)
{
	return (plan_bytes(plan) + XDP_CHUNK - 1) / XDP_CHUNK * XDP_CHUNK;
}

/* A ring, described and frozen: from then on only the program writes it. */
static int ring_create(const struct xdp_port *p, __u32 index,
		       const struct plan *plan)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts,
		    .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__u64 bytes = ring_bytes(plan);
	struct xdp_ring *ring;
	int err = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "avtpmap_ring", 4,
				XDP_CHUNK, bytes / XDP_CHUNK, &opts);

	if (fd < 0)
		return -errno;
	ring = mmap(NULL, XDP_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED) {
		err = -errno;
	} else {
		describe(p, ring, index, plan);
		munmap(ring, XDP_CHUNK);
		err = bpf_map_freeze(fd) ? -errno : 0;
	}
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* ---- life ---- */

__u64 xdp_mem_used(const struct xdp_port *p)
{
	__u64 used = 0;

	for (int i = 0; i < XDP_STREAMS; i++)
		used += (__u64)p->table->stream[i].chunks * XDP_CHUNK;
	return used;
}

static int has_memory(const struct xdp_port *p, __u64 bytes,
		      const struct text *why)
{
	__u64 used = xdp_mem_used(p), cap = p->table->mem_cap;

	if (bytes <= cap && used <= cap - bytes)
		return 0;
	return refuse_text(why, -EDQUOT,
			   "the ring does not fit the port's memory "
			   "cap; raise it with avtpmap attach IF --mem,"
			   " or use a smaller ms=, rate= or stride=");
}

static int free_index(const struct xdp_port *p)
{
	for (int i = 0; i < XDP_STREAMS; i++)
		if (!p->table->stream[i].ms)
			return i;
	return -ENOSPC;
}

/* Reachable for the program and for readers, but not yet in the table. */
static int install_ring(struct xdp_port *p, __u32 index, int fd)
{
	char name[16];
	int err;

	ring_name(index, name);
	unlinkat(p->dir_fd, name, 0);
	err = xdp_pin_at(p->dir_fd, name, fd);
	if (err)
		return err;
	err = bpf_map_update_elem(p->rings_fd, &index, &fd, BPF_ANY) ? -errno :
								       0;
	if (!err)
		err = xdp_tick(p, index); /* sets its timer up */
	if (!err)
		return 0;
	bpf_map_delete_elem(p->rings_fd, &index);
	unlinkat(p->dir_fd, name, 0);
	return err;
}

/* Before anything of it is there: whoever finds it without ms takes it away. */
static void announce(struct xdp_ctl *c, __u64 stream_id,
		     const struct avtpmap_stream_opts *o,
		     const struct plan *plan)
{
	*c = (struct xdp_ctl){
		.dst_mac = plan_mac(o->mac),
		.vid = o->vid ? o->vid : AVTPMAP_ANY_VID,
		.asked_vid = o->vid,
		.mode = o->mode,
		.rate = plan->rate,
		.silence_ms = plan->silence_ms,
		.uid = getuid(),
		.chunks = ring_bytes(plan) / XDP_CHUNK,
	};
	env_store_release(&c->stream_id, htobe64(stream_id));
}

int xdp_stream_create(struct xdp_port *p, __u64 stream_id,
		      const struct avtpmap_stream_opts *o,
		      const struct text *why)
{
	struct xdp_ctl *c;
	struct plan plan;
	int index, fd, err;

	if (xdp_stream_find(p, stream_id) >= 0)
		return refuse_text(why, -EEXIST,
				   "this stream is registered on this port "
				   "already");
	err = plan_ring(&plan, p->ifname, o, why);
	if (err)
		return err;
	index = free_index(p);
	if (index < 0)
		return refuse_text(why, index,
				   "the port has %u streams, which "
				   "is the most",
				   XDP_STREAMS);
	err = has_memory(p, ring_bytes(&plan), why);
	if (err)
		return err;
	c = &p->table->stream[index];
	announce(c, stream_id, o, &plan);
	fd = ring_create(p, index, &plan);
	err = fd < 0 ? fd : install_ring(p, index, fd);
	if (fd >= 0)
		close(fd);
	if (err) {
		memset(c, 0, sizeof(*c));
		return xdp_bpf_text(why, err, "make the ring");
	}
	env_store_release(&c->ms,
			  plan.ms); /* now it is a stream to the library */
	err = xdp_filters_add(p, c, why);
	if (!err && publish(p, index))
		err = refuse_text(why, -ENOSPC, "no room in the table");
	if (err)
		xdp_stream_destroy(p, index);
	else
		env_store_release(&p->table->changes, p->table->changes + 1);
	return err;
}

/* The program sets the state, because nobody else can write the ring. */
static void tell_gone(struct xdp_port *p, __u32 index,
		      const struct xdp_ring *ring)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	__u32 id;

	if (bpf_map_lookup_elem(p->rings_fd, &index, &id))
		return; /* the program never saw it */
	for (int i = 0; i < GONE_TRIES; i++) {
		if (env_load_acquire(&ring->s.gone) == XDP_GONE_TOLD)
			return;
		if (xdp_tick(p, index))
			return;
		if (env_load_acquire(&ring->s.gone) == XDP_GONE_TOLD)
			return;
		nanosleep(&ms, NULL);
	}
}

/* Also of a stream that is only half there. Readers keep the memory. */
void xdp_stream_destroy(struct xdp_port *p, __u32 index)
{
	struct xdp_ctl *c = &p->table->stream[index];
	const struct xdp_ring *ring;
	char name[16];
	size_t bytes;
	int fd;

	env_store_release(&c->gone, 1); /* from here on there is no way back */
	unpublish(p, index);
	fd = xdp_ring_open(p, index);
	ring = fd >= 0 ? xdp_ring_map(fd, &bytes) : NULL;
	if (ring) {
		tell_gone(p, index, ring);
		munmap((void *)ring, bytes);
	}
	if (fd >= 0)
		close(fd);
	xdp_filters_del(p, c);
	bpf_map_delete_elem(p->rings_fd, &index); /* waits for its last frame */
	ring_name(index, name);
	unlinkat(p->dir_fd, name, 0);
	memset(c, 0, sizeof(*c));
}

static int is_published(const struct xdp_port *p, __u32 index)
{
	__u32 hash = avtpmap_key_hash(p->table->stream[index].stream_id);

	for (__u32 i = 0; i < XDP_PROBES; i++)
		if (p->table->bucket[(hash + i) % XDP_BUCKETS] == index + 1)
			return 1;
	return 0;
}

void xdp_streams_clean(struct xdp_port *p)
{
	for (__u32 i = 0; i < XDP_STREAMS; i++) {
		const struct xdp_ctl *c = &p->table->stream[i];

		if (!c->stream_id && !c->ms && !c->chunks)
			continue;
		if (!c->ms || c->gone || !is_published(p, i))
			xdp_stream_destroy(p, i);
	}
	xdp_allmulti_drop(p);
}
