// SPDX-License-Identifier: GPL-2.0
/*
 * What libxdp's dispatcher is made of, to see whether this kernel takes it: a
 * program, and another that stands in for a function of it.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int place(struct xdp_md *ctx)
{
	volatile int verdict = XDP_PASS; /* or it is no call */

	return ctx ? verdict : XDP_ABORTED;
}

SEC("xdp")
int dispatcher(struct xdp_md *ctx)
{
	return place(ctx);
}

SEC("freplace/place")
int member(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
