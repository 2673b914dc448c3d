// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The program behind a talker: a test run repeats one frame, and this makes a
 * stream of it. What the talker costs is measured by itself.
 */
#include "../../lib/bpf/avtpmap.bpf.c"

const volatile __u32 n_talkers = 1; /* a power of two */
__u32 turn;

/* sequence_num, and the low bytes of the stream_id when there are many. */
static __always_inline int talk(struct xdp_md *ctx)
{
	__u8 *p = (__u8 *)(long)ctx->data;
	__u32 n;

	if ((long)(p + 64) > (long)ctx->data_end)
		return 0;
	n = turn++ & (n_talkers - 1);
	if (!n)
		p[16]++;
	p[24] = n >> 8;
	p[25] = n;
	return 1;
}

SEC("xdp.frags")
int bench_rx(struct xdp_md *ctx)
{
	return talk(ctx) ? port_rx(ctx) : XDP_ABORTED;
}

/*
 * The same, up to a point: what a part costs is the difference to the one
 * before. Each is measured with the talker.
 */
enum { PARSE, FIND, CLAIM, ACCOUNT };

static __always_inline int up_to(struct xdp_md *ctx, int part)
{
	struct xdp_table *t = table_get();
	struct avtpmap_entry e = {};
	struct xdp_ring *ring;
	struct rx rx = {};
	__u32 index;

	if (!t || !talk(ctx))
		return XDP_ABORTED;
	rx.class = avtpmap_parse(&rx.pdu, (const __u8 *)(long)ctx->data,
				 (const __u8 *)(long)ctx->data_end, ~0u, 0, 0);
	if (part == PARSE)
		return rx.class == AVTPMAP_STREAM ? XDP_DROP : XDP_PASS;
	index = find(t, rx.pdu.stream_id) - 1;
	if (part == FIND)
		return index < XDP_STREAMS ? XDP_DROP : XDP_PASS;
	ring = ring_get(index);
	if (!ring || !claim(&ring->s.claim))
		return XDP_PASS;
	barrier_var(index); /* or the verifier does not see the bound */
	index %= XDP_STREAMS;
	if (part == ACCOUNT)
		account(ctx, ring, &t->stream[index], &rx, &e,
			ring->s.account.last_ns + 1);
	unclaim(&ring->s.claim);
	return XDP_DROP;
}

SEC("xdp.frags")
int bench_parse(struct xdp_md *ctx)
{
	return up_to(ctx, PARSE);
}

SEC("xdp.frags")
int bench_find(struct xdp_md *ctx)
{
	return up_to(ctx, FIND);
}

SEC("xdp.frags")
int bench_claim(struct xdp_md *ctx)
{
	return up_to(ctx, CLAIM);
}

SEC("xdp.frags")
int bench_account(struct xdp_md *ctx)
{
	return up_to(ctx, ACCOUNT);
}

SEC("xdp.frags")
int bench_talk(struct xdp_md *ctx)
{
	return talk(ctx) ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp.frags")
int bench_empty(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp.frags")
int bench_clock(struct xdp_md *ctx)
{
	return bpf_ktime_get_ns() ? XDP_DROP : XDP_PASS;
}
