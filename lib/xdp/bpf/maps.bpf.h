/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* The maps of one port; and how what is in them is claimed, woken, timed. */
#ifndef AVTPMAP_MAPS_BPF_H
#define AVTPMAP_MAPS_BPF_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../../kmod/shared/key.h"
#include "../../../kmod/shared/ring_prod.h"
#include "state.h"

enum {
	CLAIM_TRIES = 512, /* some 10 us: longer than any holder */
	TIMER_CPU_PIN = 2, /* BPF_F_TIMER_CPU_PIN; before Linux 6.7: -EINVAL */
};

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
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, XDP_READERS);
	__type(key, __u32);
	__type(value, struct xdp_group);
} groups SEC(".maps");

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
	__uint(max_entries, XDP_STREAMS + XDP_READERS);
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

/*
 * A stream's claim word, or a group's, which is taken inside of it. Both are full
 * barriers, or what is as good: see env.h and struct xdp_stream.
 */
static __always_inline int claim(__u32 *word)
{
	for (int i = 0; i < CLAIM_TRIES; i++)
		if (!__sync_val_compare_and_swap(word, 0, 1))
			return 1;
	return 0;
}

static __always_inline void unclaim(__u32 *word)
{
	env_store_release(word, 0);
}

/* Wakes a sleeper only; a full buffer is readable, which is enough. */
static void wake_handle(__u32 i, struct xdp_reader *r, __u64 now_ns)
{
	void *waker = bpf_map_lookup_elem(&wakers, &i);
	__u64 token = 0;

	if (r)
		wake_done(&r->wake, now_ns);
	if (waker)
		bpf_ringbuf_output(waker, &token, sizeof(token), 0);
}

/* On this CPU, if the kernel can: where it cannot disturb what it comes from. */
static void start_timer(struct timer *t, __u64 in_ns)
{
	if (bpf_timer_start(&t->timer, in_ns, TIMER_CPU_PIN))
		bpf_timer_start(&t->timer, in_ns, 0);
}

/* Returns whether it was set anew. */
static int arm(__u32 i, __u64 *timer_ns, __u64 at_ns, __u64 now_ns)
{
	struct timer *t;

	if (at_ns >= *timer_ns)
		return 0;
	t = bpf_map_lookup_elem(&timers, &i);
	if (!t)
		return 0;
	*timer_ns = at_ns;
	start_timer(t, at_ns > now_ns ? at_ns - now_ns : 0);
	return 1;
}

#endif
