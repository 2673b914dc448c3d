// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* On a port's own maps: somebody who has a claim, and keeps it. */
#include "../../lib/xdp/bpf/maps.bpf.h"
#include "contend.h"

static __always_inline __u32 *word_of(const struct contend *arg)
{
	__u32 index = arg->index;
	struct xdp_ring *ring;
	struct xdp_group *g;

	if (arg->group) {
		g = bpf_map_lookup_elem(&groups, &index);
		return g ? &g->claim : NULL;
	}
	ring = ring_get(index);
	return ring ? &ring->s.claim : NULL;
}

/* Looks for some 30 us, which is longer than a frame tries. */
__noinline int was_given_back(__u32 *word)
{
	if (!word)
		return 1;
	for (int i = 0; i < 1000; i++)
		if (bpf_ktime_get_ns() && !env_load(word))
			return 1;
	return 0;
}

/* To be cancelled would cost it its callback. */
static __always_inline void stop_timer(__u32 index)
{
	struct timer *t = bpf_map_lookup_elem(&timers, &index);
	struct xdp_ring *ring = ring_get(index);

	if (!t || !ring)
		return;
	start_timer(t, CONTEND_NEVER_NS);
	ring->s.timer_ns = ~0ull;
}

/* XDP_DROP: done; XDP_PASS: it was claimed already; XDP_ABORTED: and given back. */
SEC("xdp")
int hold(struct xdp_md *ctx)
{
	const struct contend *arg = (const void *)(long)ctx->data;
	__u32 turns, release, *word;

	if ((long)(arg + 1) > (long)ctx->data_end)
		return XDP_ABORTED;
	turns = arg->turns;
	release = arg->release;
	if (arg->stop)
		stop_timer(arg->index);
	word = word_of(arg);
	if (!word || (arg->claim && !claim(word)))
		return XDP_PASS;
	for (__u32 i = 0; i < CONTEND_TURNS_MAX && i < turns; i++)
		if (was_given_back(word))
			return XDP_ABORTED;
	if (release)
		unclaim(word);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
