/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A ring in memory, filled by the producer's own functions as a backend does. */
#ifndef AVTPMAP_UNIT_RING_H
#define AVTPMAP_UNIT_RING_H

#include <stdlib.h>
#include <string.h>

#include "../../kmod/shared/ring_prod.h"

struct test_ring {
	struct avtpmap_ring_hdr *hdr;
	__u8 *slots;
	__u64 head;
	__u32 n_slots;
	__u32 stride;
	struct avtpmap_account account;
	struct avtpmap_reader_page page;
};

static inline void test_ring_create(struct test_ring *r, __u32 n_slots,
				    __u32 stride)
{
	size_t bytes = avtpmap_ring_bytes(n_slots, stride);

	memset(r, 0, sizeof(*r));
	r->n_slots = n_slots;
	r->stride = stride;
	r->hdr = aligned_alloc(4096, (bytes + 4095) & ~4095ul);
	memset(r->hdr, 0, bytes);
	r->slots = (__u8 *)r->hdr + AVTPMAP_HEADER_BYTES;
	r->hdr->magic = AVTPMAP_MAGIC;
	r->hdr->abi = AVTPMAP_ABI;
	r->hdr->header_bytes = AVTPMAP_HEADER_BYTES;
	r->hdr->stride = stride;
	r->hdr->n_slots = n_slots;
	r->hdr->phc_index = AVTPMAP_NO_PHC;
	r->hdr->backend = AVTPMAP_BACKEND_PACKET;
}

static inline void test_ring_destroy(struct test_ring *r)
{
	free(r->hdr);
}

static inline struct avtpmap_slot *test_ring_slot(const struct test_ring *r,
						  __u64 pos)
{
	return (struct avtpmap_slot *)(r->slots +
				       (pos & (r->n_slots - 1)) * r->stride);
}

/* Lays an accounted frame down; @bytes: pdu->len_bytes of them. */
static inline void test_ring_produce(struct test_ring *r,
				     const struct avtpmap_pdu *pdu,
				     const struct avtpmap_entry *e,
				     const void *bytes, __u64 mono_ns,
				     __u64 hwtime_ns)
{
	struct avtpmap_slot *slot = test_ring_slot(r, r->head);

	avtpmap_slot_reserve(slot, r->head);
	avtpmap_slot_write(slot, pdu, e, r->account.epoch, mono_ns, hwtime_ns);
	env_copy(slot + 1, bytes, pdu->len_bytes);
	avtpmap_count_frame(r->hdr, pdu);
	avtpmap_slot_commit(r->hdr, slot, r->head, r->account.media_pos);
	r->head++;
}

/*
 * The receive path of every backend: parse, account, produce. Returns 1 if the
 * frame lies in the ring, 0 if it would pass to the host.
 */
static inline int test_ring_rx(struct test_ring *r, const __u8 *frame,
			       __u32 len, __u64 now_ns, struct avtpmap_entry *e)
{
	struct avtpmap_pdu pdu;

	memset(e, 0, sizeof(*e));
	switch (avtpmap_parse(&pdu, frame, frame + len, len, 0, 0)) {
	case AVTPMAP_STREAM:
		break;
	case AVTPMAP_MALFORMED:
		count(r->hdr, AVTPMAP_C_MALFORMED, 1);
		return 0;
	case AVTPMAP_UNSUPPORTED:
		count(r->hdr, AVTPMAP_C_UNSUPPORTED_FORMAT, 1);
		return 0;
	default:
		return 0;
	}
	if (pdu.len_bytes > r->stride - sizeof(struct avtpmap_slot)) {
		avtpmap_account_skip(&r->account, r->hdr, &pdu,
				     AVTPMAP_C_TOO_LONG, now_ns);
		return 0;
	}
	if (!avtpmap_account(&r->account, r->hdr, &pdu, now_ns, e))
		return 0;
	test_ring_produce(r, &pdu, e, frame + pdu.offset, now_ns, 0);
	return 1;
}

#endif /* AVTPMAP_UNIT_RING_H */
