/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The maps of one port, and how a stream in them is claimed. */
#ifndef AVTPMAP_MAPS_BPF_H
#define AVTPMAP_MAPS_BPF_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../kmod/shared/key.h"
#include "../../kmod/shared/period.h"
#include "../../kmod/shared/ring_prod.h"
#include "state.h"

enum { CLAIM_TRIES = 512 }; /* some 10 us: longer than any holder */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_table);
} table SEC(".maps");

/* Of the inner maps each has as many values as its ring needs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, XDP_STREAMS);
	__uint(key_size, sizeof(__u32));
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct xdp_ring));
		});
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, XDP_READERS);
	__type(key, __u32);
	__type(value, struct xdp_reader);
} readers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, XDP_READERS);
	__uint(key_size, sizeof(__u32));
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 4096);
		});
} wakers SEC(".maps");

struct timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, XDP_STREAMS);
	__type(key, __u32);
	__type(value, struct timer);
} timers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_stats);
} stats SEC(".maps");

static __always_inline struct xdp_table *table_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&table, &zero);
}

static __always_inline struct xdp_ring *ring_get(__u32 index)
{
	void *map = bpf_map_lookup_elem(&rings, &index);
	__u32 zero = 0;

	return map ? bpf_map_lookup_elem(map, &zero) : NULL;
}

/* Both are full barriers, or what is as good: see env.h and struct xdp_stream. */
static __always_inline int claim(struct xdp_stream *s)
{
	for (int i = 0; i < CLAIM_TRIES; i++)
		if (!__sync_val_compare_and_swap(&s->claim, 0, 1))
			return 1;
	return 0;
}

static __always_inline void unclaim(struct xdp_stream *s)
{
	env_store_release(&s->claim, 0);
}

#endif
