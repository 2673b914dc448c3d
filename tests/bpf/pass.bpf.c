// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Somebody else's program, which lets everything pass. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int others_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
