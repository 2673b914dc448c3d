/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Builds frames as a talker would, octet by octet. */
#ifndef AVTPMAP_UNIT_TALKER_H
#define AVTPMAP_UNIT_TALKER_H

#include <string.h>

#include "../../kmod/shared/avtp.h"

/**
 * struct wire - the frame to build
 * @specific: octets 16 to 19 of an AAF PDU
 * @fdf: IEC 61883-6 FDF, and @dbs, @dbc
 * @data: stream data, without CIP header; NULL: zeros
 * @data_bytes: of it
 * @length_off: added to stream_data_length, to make it wrong
 * @padding: octets behind the PDU
 */
struct wire {
	__u8 subtype;
	__u8 version;
	__u8 sequence;
	__u8 mr;
	__u8 tv;
	__u8 tu;
	__u8 fdf;
	__u8 dbs;
	__u8 dbc;
	__u32 timestamp;
	__u32 specific;
	__u64 stream_id;
	__u64 src_mac;
	const void *data;
	__u32 data_bytes;
	__s32 length_off;
	__u32 padding;
};

static inline void put_be(__u8 *p, __u64 v, int bytes)
{
	while (bytes--) {
		p[bytes] = v;
		v >>= 8;
	}
}

/* Returns the length of the frame. */
static inline __u32 build_frame(__u8 *frame, const struct wire *w)
{
	int am824 = w->subtype == AVTPMAP_SUB_61883_IIDC;
	__u32 header = am824 ? 32 : 24;
	__u8 *p = frame + 14;

	put_be(frame, 0x91e0f000fe01ull, 6);
	put_be(frame + 6, w->src_mac, 6);
	put_be(frame + 12, ETHERTYPE_AVTP, 2);
	memset(p, 0, header);
	p[0] = w->subtype;
	p[1] = 0x80 | w->version << 4 | w->mr << 3 | w->tv;
	p[2] = w->sequence;
	p[3] = w->tu;
	put_be(p + 4, w->stream_id, 8);
	put_be(p + 12, w->timestamp, 4);
	put_be(p + 16, w->specific, 4);
	put_be(p + 20, w->data_bytes + header - 24 + w->length_off, 2);
	if (am824) {
		p[22] = 0x5f;
		p[23] = 0xa0;
		p[24] = 0x3f;
		p[25] = w->dbs;
		p[27] = w->dbc;
		p[28] = 0x90;
		p[29] = w->fdf;
		p[30] = p[31] = 0xff;
	}
	if (w->data)
		memcpy(p + header, w->data, w->data_bytes);
	else
		memset(p + header, 0, w->data_bytes);
	memset(p + header + w->data_bytes, 0xee, w->padding);
	return 14 + header + w->data_bytes + w->padding;
}

#endif /* AVTPMAP_UNIT_TALKER_H */
