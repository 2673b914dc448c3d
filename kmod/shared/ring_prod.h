/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The producer's side of the ring: reserve, write, commit. The letters are
 * those of the drawing in linux/avtpmap.h; the reader's side is in the
 * library's ring.h. One caller at a time per ring.
 */
#ifndef AVTPMAP_RING_PROD_H
#define AVTPMAP_RING_PROD_H

#include <linux/avtpmap.h>

#include "account.h"

/* How many slots hold @ms of @rate frames per second. 0: more than allowed. */
static inline __u32 avtpmap_ring_slots(__u32 rate, __u32 ms)
{
	__u64 want = ((__u64)rate * ms + 999) / 1000;
	__u32 n = AVTPMAP_SLOTS_MIN;

	while (n < want && n <= AVTPMAP_SLOTS_MAX)
		n *= 2;
	return n <= AVTPMAP_SLOTS_MAX ? n : 0;
}

/* The smallest stride for PDUs of @pdu_bytes. 0: more than allowed. */
static inline __u32 avtpmap_ring_stride(__u32 pdu_bytes)
{
	__u64 want = (__u64)pdu_bytes + sizeof(struct avtpmap_slot);
	__u32 n = AVTPMAP_STRIDE_MIN;

	while (n < want && n <= AVTPMAP_STRIDE_MAX)
		n *= 2;
	return n <= AVTPMAP_STRIDE_MAX ? n : 0;
}

static inline __u64 avtpmap_ring_bytes(__u32 n_slots, __u32 stride)
{
	return AVTPMAP_HEADER_BYTES + (__u64)n_slots * stride;
}

/* From here on the slot's old frame is gone; readers of it will notice. */
static __always_inline void avtpmap_slot_reserve(struct avtpmap_slot *slot,
						 __u64 pos)
{
	env_store_wmb(&slot->seq, 2 * pos + 1);			/* A, pairs with H */
}

static __always_inline void avtpmap_slot_write(struct avtpmap_slot *slot,
					       const struct avtpmap_pdu *pdu,
					       const struct avtpmap_entry *e,
					       __u32 epoch, __u64 mono_ns,
					       __u64 hwtime_ns)	/* B */
{
	env_store(&slot->hwtime_ns, hwtime_ns);
	env_store(&slot->mono_ns, mono_ns);
	env_store(&slot->media_pos, e->media_pos);
	env_store(&slot->avtp_timestamp, pdu->avtp_timestamp);
	env_store(&slot->len_bytes, pdu->len_bytes);
	env_store(&slot->units, e->units);
	env_store(&slot->lost, e->lost);
	env_store(&slot->lost_units, e->lost_units);
	env_store(&slot->epoch, epoch);
	env_store(&slot->flags, e->flags | AVTPMAP_F_MONOTIME);
	env_store(&slot->pdu, AVTPMAP_PDU(pdu->subtype, pdu->sequence, pdu->tci));
}

static __always_inline void avtpmap_slot_commit(struct avtpmap_ring_hdr *hdr,
						struct avtpmap_slot *slot,
						__u64 pos, __u64 media_pos)
{
	env_store_release(&slot->seq, 2 * pos + 2);		/* C, pairs with F */
	env_store_release(&hdr->head, pos + 1);			/* D, pairs with E */
	env_store_release(&hdr->media_pos, media_pos);		/* I, pairs with J */
}

/* What an undisturbed frame counts. */
static __always_inline void avtpmap_count_frame(struct avtpmap_ring_hdr *hdr,
						const struct avtpmap_pdu *pdu)
{
	count(hdr, AVTPMAP_C_FRAMES_RX, 1);
	count(hdr, AVTPMAP_C_BYTES_RX, pdu->len_bytes);
	if (env_likely(pdu->flags & AVTPMAP_F_TV))
		count(hdr, AVTPMAP_C_TIMESTAMP_VALID, 1);
	else if (pdu->subtype != AVTPMAP_SUB_CRF &&
		 pdu->subtype != AVTPMAP_SUB_NTSCF)	/* they have no tv */
		count(hdr, AVTPMAP_C_TIMESTAMP_NOT_VALID, 1);
}

/*
 * Compares presentation with arrival, both in PHC time and so modulo 2^32.
 * @ring_ns: how long the ring holds a frame; what is to be presented later than
 * that will be overwritten before.
 */
static __always_inline void avtpmap_count_presentation(struct avtpmap_ring_hdr *hdr,
						       const struct avtpmap_pdu *pdu,
						       __u64 hwtime_ns,
						       __u64 ring_ns)
{
	__s32 ahead_ns = (__s32)(pdu->avtp_timestamp - (__u32)hwtime_ns);
	__u64 known = hdr->counters_known |
		      1ull << AVTPMAP_C_LATE_TIMESTAMP |
		      1ull << AVTPMAP_C_EARLY_TIMESTAMP;

	if (hdr->counters_known != known)
		env_store(&hdr->counters_known, known);
	if ((pdu->flags & (AVTPMAP_F_TV | AVTPMAP_F_TU)) != AVTPMAP_F_TV)
		return;
	if (ahead_ns < 0)
		count(hdr, AVTPMAP_C_LATE_TIMESTAMP, 1);
	else if ((__u32)ahead_ns > ring_ns)
		count(hdr, AVTPMAP_C_EARLY_TIMESTAMP, 1);
}

#endif /* AVTPMAP_RING_PROD_H */
