/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The same producer, compiled for user space: kmod/rx.c's order of words on
 * kmod/shared's functions, into memory.
 */
#ifndef AVTPMAP_BPF_TEST_REFERENCE_H
#define AVTPMAP_BPF_TEST_REFERENCE_H

#include <stdlib.h>
#include <string.h>

#include "../../kmod/shared/key.h"
#include "../../kmod/shared/ring_prod.h"

struct reference {
	struct avtpmap_ring_hdr *hdr;
	__u8 *slots;
	struct avtpmap_account account;
	struct avtpmap_key key;
	__u32 room_bytes;
};

/* As described by @like, before its first frame. */
static void reference_init(struct reference *r,
			   const struct avtpmap_ring_hdr *like,
			   const struct avtpmap_key *key)
{
	size_t slots = (size_t)like->n_slots * like->stride;

	memset(r, 0, sizeof(*r));
	r->hdr = calloc(1, sizeof(*r->hdr));
	r->slots = calloc(1, slots);
	memcpy(r->hdr, like, sizeof(*like));
	r->key = *key;
	r->room_bytes = like->stride - sizeof(struct avtpmap_slot);
}

static void reference_free(struct reference *r)
{
	free(r->hdr);
	free(r->slots);
}

static struct avtpmap_slot *reference_slot(const struct reference *r, __u64 pos)
{
	return (void *)(r->slots +
			(pos & (r->hdr->n_slots - 1)) * r->hdr->stride);
}

static int reference_account(struct reference *r, enum avtpmap_class class,
			     const struct avtpmap_pdu *pdu, __u64 now_ns,
			     struct avtpmap_entry *e)
{
	if (!avtpmap_key_on_path(&r->key, pdu))
		count(r->hdr, AVTPMAP_C_OTHER_PATH, 1);
	else if (class == AVTPMAP_MALFORMED)
		count(r->hdr, AVTPMAP_C_MALFORMED, 1);
	else if (class == AVTPMAP_UNSUPPORTED)
		count(r->hdr, AVTPMAP_C_UNSUPPORTED_FORMAT, 1);
	else if (pdu->len_bytes > r->room_bytes)
		avtpmap_account_skip(&r->account, r->hdr, pdu,
				     AVTPMAP_C_TOO_LONG, now_ns);
	else
		return avtpmap_account(&r->account, r->hdr, pdu, now_ns, e);
	return 0;
}

/* Returns whether the frame lies in the ring. */
static int reference_rx(struct reference *r, const __u8 *frame, __u32 len,
			__u64 now_ns)
{
	__u64 pos = r->hdr->head;
	struct avtpmap_slot *slot = reference_slot(r, pos);
	struct avtpmap_entry e = { 0 };
	struct avtpmap_pdu pdu = { 0 };
	enum avtpmap_class class =
		avtpmap_parse(&pdu, frame, frame + len, len, 0, 0);

	if (class == AVTPMAP_NOT_AVTP || class == AVTPMAP_CONTROL ||
	    pdu.stream_id != r->key.stream_id ||
	    !reference_account(r, class, &pdu, now_ns, &e))
		return 0;
	avtpmap_slot_reserve(slot, pos);
	avtpmap_slot_write(slot, &pdu, &e, r->account.epoch, now_ns, 0);
	memcpy(slot + 1, frame + pdu.offset, pdu.len_bytes);
	avtpmap_count_frame(r->hdr, &pdu);
	avtpmap_slot_commit(r->hdr, slot, pos, r->account.media_pos);
	if (r->hdr->state != AVTPMAP_RING_LIVE) {
		r->hdr->state = AVTPMAP_RING_LIVE;
		count(r->hdr, AVTPMAP_C_MEDIA_LOCKED, 1);
	}
	return 1;
}

#endif
