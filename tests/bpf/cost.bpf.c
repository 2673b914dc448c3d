// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The program behind a talker: a test run repeats one frame, and this makes a
 * stream of it. What the talker costs is measured by itself.
 */
#include "../../lib/xdp/bpf/avtpmap.bpf.c"

#include "cost.h"

const volatile __u32 n_talkers = 1; /* a power of two */
__u32 turn;

/* sequence_num, and the stream_id when there are many. */
static __always_inline int talk(struct xdp_md *ctx)
{
	__u8 *p = (__u8 *)(long)ctx->data;
	__u32 n;

	if ((long)(p + 64) > (long)ctx->data_end)
		return 0;
	n = turn++ & (n_talkers - 1);
	if (!n)
		p[16]++;
	/* in one store: a load that needs two of them waits */
	*(__be64 *)(p + 18) = bpf_cpu_to_be64(FIRST_ID + n);
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

/* A function as stream_rx() is: to the verifier, too, the frame is any. */
static __always_inline int claimed(struct xdp_md *ctx, const struct rx *rx,
				   int part)
{
	struct xdp_table *t = table_get();
	struct avtpmap_entry e = {};
	struct xdp_ring *ring;
	__u32 index;

	if (!t || !rx)
		return XDP_ABORTED;
	index = rx->index;
	ring = ring_get(index);
	if (!ring || !claim(&ring->s.claim))
		return XDP_PASS;
	barrier_var(index); /* or the verifier does not see the bound */
	index %= XDP_STREAMS;
	if (part == ACCOUNT)
		account(ctx, ring, &t->stream[index], rx, &e,
			ring->s.account.last_ns + 1);
	unclaim(&ring->s.claim);
	return XDP_DROP;
}

__noinline int bench_claimed(struct xdp_md *ctx, const struct rx *rx)
{
	return claimed(ctx, rx, CLAIM);
}

__noinline int bench_accounted(struct xdp_md *ctx, const struct rx *rx)
{
	return claimed(ctx, rx, ACCOUNT);
}

static __always_inline int up_to(struct xdp_md *ctx, int part)
{
	struct xdp_table *t = table_get();
	struct rx rx = {};

	if (!t || !talk(ctx))
		return XDP_ABORTED;
	rx.class = avtpmap_parse(&rx.pdu, (const __u8 *)(long)ctx->data,
				 (const __u8 *)(long)ctx->data_end, ~0u, 0, 0);
	/* all of it, as stream_rx() gets it */
	__asm__ volatile("" ::"r"(&rx) : "memory");
	if (part == PARSE)
		return rx.class == AVTPMAP_STREAM ? XDP_DROP : XDP_PASS;
	rx.index = find(t, rx.pdu.stream_id) - 1;
	if (part == FIND)
		return rx.index < XDP_STREAMS ? XDP_DROP : XDP_PASS;
	return part == CLAIM ? bench_claimed(ctx, &rx) :
			       bench_accounted(ctx, &rx);
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

/*
 * The floor: what no program can leave out that lays a frame into a slot of a ring
 * which others may write as well, the copy as cheap as the verifier allows. It
 * looks for no stream and parses, accounts, publishes and wakes nothing.
 */
enum { FLOOR_SLOT, FLOOR_CLAIM = 1, FLOOR_COPY = 2 };

struct pdu {
	__u64 word[PDU_BYTES / sizeof(__u64)];
};

static __always_inline int floor_of(struct xdp_md *ctx, int parts)
{
	const __u8 *p = (const __u8 *)(long)ctx->data + ETHER_HEADER_BYTES;
	__u32 index = 0, zero = 0, i;
	struct xdp_ring *ring, *chunk;
	struct xdp_stream *s;
	__u64 byte;
	void *map;

	map = bpf_map_lookup_elem(&rings, &index);
	ring = map ? bpf_map_lookup_elem(map, &zero) : NULL;
	if (!ring || (long)(p + PDU_BYTES) > (long)ctx->data_end)
		return XDP_ABORTED;
	s = &ring->s;
	if (parts & FLOOR_CLAIM && !claim(&s->claim))
		return XDP_ABORTED;
	byte = s->header_bytes + (ring->hdr.head & s->mask) * s->stride;
	i = byte / XDP_CHUNK;
	chunk = bpf_map_lookup_elem(map, &i);
	if (chunk && parts & FLOOR_COPY)
		*(struct pdu *)((__u8 *)chunk + sizeof(struct avtpmap_slot) +
				(byte % XDP_CHUNK & -STRIDE)) =
			*(const struct pdu *)p;
	if (parts & FLOOR_CLAIM)
		unclaim(&s->claim);
	return chunk ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp.frags")
int bench_floor_slot(struct xdp_md *ctx)
{
	return floor_of(ctx, FLOOR_SLOT);
}

SEC("xdp.frags")
int bench_floor_claim(struct xdp_md *ctx)
{
	return floor_of(ctx, FLOOR_CLAIM);
}

SEC("xdp.frags")
int bench_floor_copy(struct xdp_md *ctx)
{
	return floor_of(ctx, FLOOR_COPY);
}

SEC("xdp.frags")
int bench_floor_all(struct xdp_md *ctx)
{
	return floor_of(ctx, FLOOR_CLAIM | FLOOR_COPY);
}
