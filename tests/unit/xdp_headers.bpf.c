// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The shared headers must compile for BPF, all of them: parser, key, accounts
 * and producer in one XDP program. Only compiled; what loads is tests/bpf's.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../kmod/shared/key.h"
#include "../../kmod/shared/wake.h"
#include "../../kmod/shared/ring_prod.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct avtpmap_account);
} accounts SEC(".maps");

struct header_page {
	struct avtpmap_ring_hdr hdr;
	__u8 rest[AVTPMAP_HEADER_BYTES - sizeof(struct avtpmap_ring_hdr)];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct header_page);
} header SEC(".maps");

struct big_slot {
	struct avtpmap_slot slot;
	__u8 pdu[448];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct big_slot);
} slots SEC(".maps");

const volatile struct avtpmap_key key;

SEC("xdp")
int compile_only(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	struct avtpmap_key k = { .stream_id = key.stream_id, .vid = key.vid };
	struct avtpmap_account *a;
	struct avtpmap_entry e;
	struct header_page *page;
	struct avtpmap_pdu pdu;
	struct big_slot *slot;
	__u64 now = bpf_ktime_get_ns(), pos;
	__u32 i = 0;

	if (avtpmap_parse(&pdu, data, end, end - data, 0, 0) !=
		    AVTPMAP_STREAM ||
	    pdu.stream_id != k.stream_id || !avtpmap_key_on_path(&k, &pdu))
		return XDP_PASS;
	a = bpf_map_lookup_elem(&accounts, &i);
	page = bpf_map_lookup_elem(&header, &i);
	if (!a || !page)
		return XDP_PASS;
	pos = page->hdr.head;
	i = pos & 1023;
	slot = bpf_map_lookup_elem(&slots, &i);
	if (!slot)
		return XDP_PASS;
	if (pdu.len_bytes > sizeof(slot->pdu)) {
		avtpmap_account_skip(a, &page->hdr, &pdu, AVTPMAP_C_TOO_LONG,
				     now);
		return XDP_PASS;
	}
	if (!avtpmap_account(a, &page->hdr, &pdu, now, &e))
		return XDP_PASS;
	avtpmap_slot_reserve(&slot->slot, pos);
	avtpmap_slot_write(&slot->slot, &pdu, &e, a->epoch, now, 0);
	bpf_xdp_load_bytes(ctx, pdu.offset, slot->pdu, pdu.len_bytes);
	avtpmap_count_frame(&page->hdr, &pdu);
	avtpmap_slot_commit(&page->hdr, &slot->slot, pos, a->media_pos);
	return avtpmap_key_hash(pdu.stream_id) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
