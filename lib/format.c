// SPDX-License-Identifier: MIT
/* What the frames of an epoch hold. */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "../kmod/shared/account.h"

/* A writer holds the lock for some stores; one that died must not hang us. */
enum { FORMAT_TRIES = 1000 };

int avtpmap_format(struct avtpmap_stream *s, struct avtpmap_format *format,
		   uint32_t *epoch)
{
	const struct avtpmap_ring_hdr *hdr = s->ring.hdr;
	struct avtpmap_format f;
	__u32 seq, e;

	for (int i = 0; i < FORMAT_TRIES; i++) {
		seq = env_load_acquire(&hdr->format_seq);
		if (seq & 1)
			continue;
		e = env_load(&hdr->epoch);
		env_copy(&f, &hdr->format, sizeof(f));
		env_rmb();
		if (env_load(&hdr->format_seq) != seq)
			continue;
		if (!e)
			return -EAGAIN;
		if (format)
			*format = f;
		if (epoch)
			*epoch = e;
		return 0;
	}
	return -EAGAIN;
}

/*
 * A reader that is behind may meet an epoch whose format the header shows no
 * more. Then the frame itself tells, by the producer's own parser.
 */
static int format_of_pdu(struct avtpmap_stream *s,
			 const struct avtpmap_slot *slot,
			 struct avtpmap_format *format)
{
	__u8 head[64];
	struct avtpmap_pdu pdu = { 0 };
	__u32 len = env_load(&slot->len_bytes);
	__u32 room = (1u << s->ring.shift) - sizeof(*slot);
	__u32 n = len < sizeof(head) ? len : sizeof(head);

	if (len > room)
		return -ENODATA;
	env_copy(head, avtpmap_slot_pdu(slot), n);
	if (parse_pdu(&pdu, head, head + n, len) != AVTPMAP_STREAM ||
	    !pdu.format_raw)
		return -ENODATA;
	return avtpmap_format_of(format, pdu.format_raw) ? 0 : -ENODATA;
}

int slot_format(struct avtpmap_stream *s, const struct avtpmap_slot *slot,
		struct avtpmap_format *format)
{
	struct avtpmap_format f;
	__u32 newest;
	int err = avtpmap_format(s, &f, &newest);

	if (!err && newest != env_load(&slot->epoch))
		err = format_of_pdu(s, slot, &f);
	if (!err)
		*format = f;
	return err;
}

const char *avtpmap_subtype_name(uint32_t subtype)
{
	switch (subtype) {
	case AVTPMAP_SUB_61883_IIDC:
		return "61883_IIDC";
	case AVTPMAP_SUB_MMA:
		return "MMA";
	case AVTPMAP_SUB_AAF:
		return "AAF";
	case AVTPMAP_SUB_CVF:
		return "CVF";
	case AVTPMAP_SUB_CRF:
		return "CRF";
	case AVTPMAP_SUB_TSCF:
		return "TSCF";
	case AVTPMAP_SUB_SVF:
		return "SVF";
	case AVTPMAP_SUB_RVF:
		return "RVF";
	case AVTPMAP_SUB_AEF:
		return "AEF";
	case AVTPMAP_SUB_VSF:
		return "VSF";
	case AVTPMAP_SUB_EF:
		return "EF";
	case AVTPMAP_SUB_NTSCF:
		return "NTSCF";
	default:
		return "unknown";
	}
}

const char *avtpmap_encoding_name(uint32_t encoding)
{
	static const char *const names[] = {
		[AVTPMAP_ENC_NONE] = "none",
		[AVTPMAP_ENC_FLOAT32] = "float32",
		[AVTPMAP_ENC_INT32] = "int32",
		[AVTPMAP_ENC_INT24] = "int24",
		[AVTPMAP_ENC_INT16] = "int16",
		[AVTPMAP_ENC_AES3] = "aes3",
		[AVTPMAP_ENC_AM824] = "am824",
		[AVTPMAP_ENC_AM24X4] = "am24x4",
		[AVTPMAP_ENC_AMFLOAT] = "amfloat",
	};

	if (encoding >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[encoding];
}
