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
