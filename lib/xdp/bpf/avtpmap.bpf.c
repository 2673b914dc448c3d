// SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause)
/*
 * The receive path of the XDP backend, from the bottom of this file upward: the
 * same words as in kmod/rx.c. One probe of the table, one copy, one publish.
 */
#include "maps.bpf.h"
#include "wake.bpf.h"

/* The index in the table, plus 1; 0: not one of ours. */
static __always_inline __u32 find(const struct xdp_table *t, __be64 stream_id)
{
	__u32 hash = avtpmap_key_hash(stream_id);

	for (__u32 i = 0; i < XDP_PROBES; i++) {
		__u32 entry = env_load(&t->bucket[(hash + i) % XDP_BUCKETS]);

		if (entry == XDP_NO_STREAM)
			return 0;
		if (entry != XDP_BURIED &&
		    env_load(&t->stream[(entry - 1) % XDP_STREAMS].stream_id) ==
			    stream_id)
			return entry;
	}
	return 0;
}

/* Parts of a PDU, of sizes that compiler and verifier know. */
struct part16 {
	__u64 word[2];
};
struct part32 {
	__u64 word[4];
};
struct part64 {
	__u64 word[8];
};
struct part128 {
	__u64 word[16];
};

#define COPY(part)                                                          \
	do {                                                                \
		barrier_var(o); /* or the check is of another register */   \
		if (p + sizeof(part) > end || o > XDP_CHUNK - sizeof(part)) \
			return 0;                                           \
		*(part *)(to + o) = *(const part *)p;                       \
		o += sizeof(part);                                          \
		p += sizeof(part);                                          \
	} while (0)

/*
 * The frame's one copy, into the slot at @at of the chunk. @from: of the PDU in
 * the frame, whose first @bytes the caller knows to be there. A function of its own
 * to the verifier, which has many ways to look at.
 */
__noinline int copy_pdu(struct xdp_md *ctx, __u32 from, struct xdp_ring *chunk,
			__u32 at, __u32 bytes)
{
	const __u8 *p = (const __u8 *)(long)ctx->data + (from & 31);
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	__u64 o = (at & (XDP_CHUNK - 1)) + sizeof(struct avtpmap_slot);
	__u8 *to = (__u8 *)chunk;

	if (!chunk)
		return 0;
	for (__u32 i = 0; i < XDP_CHUNK / 128 && i < bytes / 128; i++)
		COPY(struct part128);
	if (bytes & 64)
		COPY(struct part64);
	if (bytes & 32)
		COPY(struct part32);
	if (bytes & 16)
		COPY(struct part16);
	if (bytes & 8)
		COPY(__u64);
	if (bytes & 4)
		COPY(__u32);
	if (bytes & 2)
		COPY(__u16);
	if (bytes & 1)
		COPY(__u8);
	return 0;
}

/* A frame of a registered stream on its way. */
struct rx {
	struct avtpmap_pdu pdu;
	__u32 class;
	__u32 index;
};

static __always_inline int produce(struct xdp_md *ctx, struct xdp_ring *ring,
				   void *map, const struct avtpmap_pdu *pdu,
				   struct avtpmap_entry *e, __u64 now_ns)
{
	struct xdp_stream *s = &ring->s;
	__u64 pos = ring->hdr.head;
	__u64 byte = s->header_bytes + (pos & s->mask) * s->stride;
	__u32 i = byte / XDP_CHUNK;
	__u32 at = byte % XDP_CHUNK & -(__u32)AVTPMAP_STRIDE_MIN;
	struct xdp_ring *chunk = bpf_map_lookup_elem(map, &i);
	struct avtpmap_slot *slot;

	if (!chunk)
		return 0;
	slot = (struct avtpmap_slot *)((__u8 *)chunk + at);
	avtpmap_slot_reserve(slot, pos);
	avtpmap_slot_write(slot, pdu, e, s->account.epoch, now_ns, 0);
	copy_pdu(ctx, pdu->offset, chunk, at, pdu->len_bytes);
	avtpmap_count_frame(&ring->hdr, pdu);
	avtpmap_slot_commit(&ring->hdr, slot, pos, s->account.media_pos);
	return 1;
}

/* Returns whether the frame belongs in the ring. Whatever does not was counted. */
static __always_inline int account(struct xdp_md *ctx, struct xdp_ring *ring,
				   const struct xdp_ctl *c, const struct rx *rx,
				   struct avtpmap_entry *e, __u64 now_ns)
{
	const struct avtpmap_key key = { .dst_mac = c->dst_mac, .vid = c->vid };
	__u64 end = (__u64)rx->pdu.offset + rx->pdu.len_bytes;
	__u64 linear = (long)ctx->data_end - (long)ctx->data;
	struct xdp_stream *s = &ring->s;

	if (!avtpmap_key_on_path(&key, &rx->pdu))
		count(&ring->hdr, AVTPMAP_C_OTHER_PATH, 1);
	else if (rx->class == AVTPMAP_UNSUPPORTED)
		count(&ring->hdr, AVTPMAP_C_UNSUPPORTED_FORMAT, 1);
	else if (rx->class == AVTPMAP_MALFORMED ||
		 (end > linear && end > bpf_xdp_get_buff_len(ctx)))
		count(&ring->hdr, AVTPMAP_C_MALFORMED, 1);
	else if (end > linear)
		avtpmap_account_skip(&s->account, &ring->hdr, &rx->pdu,
				     AVTPMAP_C_MULTIBUF, now_ns);
	else if (rx->pdu.len_bytes > s->room_bytes)
		avtpmap_account_skip(&s->account, &ring->hdr, &rx->pdu,
				     AVTPMAP_C_TOO_LONG, now_ns);
	else
		return avtpmap_account(&s->account, &ring->hdr, &rx->pdu,
				       now_ns, e);
	return 0;
}

/* With the stream claimed. */
static __always_inline int claimed_rx(struct xdp_md *ctx, struct xdp_ring *ring,
				      void *map, const struct xdp_ctl *c,
				      const struct rx *rx, __u64 now_ns)
{
	struct xdp_stream *s = &ring->s;
	__u64 before = s->account.media_pos;
	struct avtpmap_entry e = {};
	__u32 epoch;
	int in_ring;

	in_ring = account(ctx, ring, c, rx, &e, now_ns);
	if (in_ring) {
		in_ring = produce(ctx, ring, map, &rx->pdu, &e, now_ns);
		if (ring->hdr.state != AVTPMAP_RING_LIVE)
			start(ring, now_ns);
	}
	if (e.events)
		note_events(s, e.events);
	epoch = e.flags & AVTPMAP_F_EPOCH;
	if (!s->news.owed && !epoch && s->account.media_pos < s->next_due)
		return in_ring;
	s->visit = (struct xdp_visit){ .now_ns = now_ns,
				       .again_ns = ~0ull,
				       .before = epoch ? e.media_pos : before,
				       .events = events_to_tell(s, now_ns),
				       .epoch = epoch };
	visit_readers(ring);
	if (s->visit.again_ns != ~0ull)
		stream_arm(s, s->visit.again_ns, now_ns);
	take_timer(s, now_ns);
	return in_ring;
}

/* Returns whether the frame is in the ring; -1: there is none. */
__noinline int stream_rx(struct xdp_md *ctx, const struct rx *rx)
{
	struct xdp_table *t = table_get();
	struct xdp_ring *ring;
	__u32 index, zero = 0;
	int in_ring = 0;
	__u64 now_ns;
	void *map;

	if (!rx || !t)
		return -1;
	now_ns = bpf_ktime_get_ns();
	index = rx->index;
	map = bpf_map_lookup_elem(&rings, &index);
	ring = map ? bpf_map_lookup_elem(map, &zero) : NULL;
	if (!ring)
		return -1;
	/* two queues may bring frames of one stream; in practice they do not */
	if (!claim(&ring->s.claim)) {
		__sync_fetch_and_add(&ring->hdr.counters[AVTPMAP_C_CONTENDED],
				     1);
		return 0;
	}
	if (ring->s.gone || ring->s.stream_id != rx->pdu.stream_id)
		in_ring = -1; /* deleted, or the index is another's by now */
	else
		in_ring = claimed_rx(ctx, ring, map,
				     &t->stream[index % XDP_STREAMS], rx,
				     now_ns);
	unclaim(&ring->s.claim);
	return in_ring;
}

static __always_inline int port_rx(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	struct xdp_table *t = table_get();
	const struct xdp_ctl *c;
	struct xdp_stats *st;
	struct rx rx = {};
	__u32 zero = 0, entry;
	int in_ring;

	st = bpf_map_lookup_elem(&stats, &zero);
	if (!t || !st)
		return XDP_PASS;
	st->frames++;
	rx.class = avtpmap_parse(&rx.pdu, data, end, ~0u, 0, 0);
	if (rx.class == AVTPMAP_NOT_AVTP)
		return XDP_PASS;
	st->avtp++;
	if (rx.class == AVTPMAP_CONTROL) {
		st->control++;
		return XDP_PASS;
	}
	entry = find(t, rx.pdu.stream_id);
	rx.index = (entry - 1) % XDP_STREAMS;
	c = &t->stream[rx.index];
	in_ring = entry ? stream_rx(ctx, &rx) : -1;
	if (in_ring < 0)
		st->unknown++;
	if (in_ring <= 0)
		return XDP_PASS;
	if (env_load(&c->mode) == AVTPMAP_MODE_COPY) {
		st->copied++;
		return XDP_PASS;
	}
	st->taken++;
	return XDP_DROP;
}

SEC("xdp.frags")
int avtpmap_rx(struct xdp_md *ctx)
{
	return port_rx(ctx);
}

/*
 * Never attached: the library runs it to have a stream looked at in softirq,
 * where a claim is never interrupted for long by what it holds up. The packet
 * is a struct xdp_tick.
 */
SEC("xdp")
int avtpmap_tick(struct xdp_md *ctx)
{
	const struct xdp_tick *arg = (const void *)(long)ctx->data;
	struct timer *t;
	__u32 index;

	if ((long)(arg + 1) > (long)ctx->data_end)
		return XDP_ABORTED;
	index = arg->timer;
	t = bpf_map_lookup_elem(&timers, &index);
	if (!t)
		return XDP_ABORTED;
	bpf_timer_init(&t->timer, &timers, 1 /* CLOCK_MONOTONIC */);
	if (bpf_timer_set_callback(&t->timer, serve) ||
	    bpf_timer_start(&t->timer, 0, 0))
		return XDP_ABORTED;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
