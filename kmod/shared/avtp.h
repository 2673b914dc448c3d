/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * IEEE 1722-2016: from a received Ethernet frame to a typed PDU, in one pass
 * over its headers. Nothing is read outside [data, end).
 */
#ifndef AVTPMAP_AVTP_H
#define AVTPMAP_AVTP_H

#include <linux/avtpmap.h>

#include "env.h"

enum {
	ETHERTYPE_AVTP		= 0x22f0,
	ETHERTYPE_CTAG		= 0x8100,
	ETHERTYPE_STAG		= 0x88a8,
	ETHERTYPE_OLD_STAG	= 0x9100,	/* before 0x88a8 was assigned */
	ETHERTYPE_RTAG		= 0xf1c1,	/* IEEE 802.1CB 7.8 */
	ETHER_HEADER_BYTES	= 14,
	TAG_BYTES		= 4,
	RTAG_BYTES		= 6,
	VLAN_TAGS_MAX		= 2,
	TAGS_MAX		= VLAN_TAGS_MAX + 1,
};

/* IEEE 1722-2016 Table 6 */
enum avtpmap_subtype {
	AVTPMAP_SUB_61883_IIDC	= 0x00,
	AVTPMAP_SUB_MMA		= 0x01,
	AVTPMAP_SUB_AAF		= 0x02,
	AVTPMAP_SUB_CVF		= 0x03,
	AVTPMAP_SUB_CRF		= 0x04,
	AVTPMAP_SUB_TSCF	= 0x05,
	AVTPMAP_SUB_SVF		= 0x06,
	AVTPMAP_SUB_RVF		= 0x07,
	AVTPMAP_SUB_AEF		= 0x6e,
	AVTPMAP_SUB_VSF		= 0x6f,
	AVTPMAP_SUB_EF		= 0x7f,
	AVTPMAP_SUB_NTSCF	= 0x82,
};

enum avtpmap_class {
	AVTPMAP_NOT_AVTP,	/* some other protocol */
	AVTPMAP_CONTROL,	/* AVTP, but no stream: AVDECC, MAAP, sv = 0 */
	AVTPMAP_STREAM,		/* all of struct avtpmap_pdu is filled */
	AVTPMAP_MALFORMED,	/* only the MACs, tag, subtype and stream_id */
	AVTPMAP_UNSUPPORTED,	/* the same: a version we do not know */
};

/**
 * struct avtpmap_pdu - what one frame says
 * @stream_id: as on the wire
 * @dst_mac: destination, in the low 48 bits
 * @src_mac: source, in the low 48 bits
 * @format_raw: the header fields that make up the format, 0 if this frame does
 *	not tell (IEC 61883-6 NO-DATA)
 * @offset: of the PDU in the frame
 * @len_bytes: of the PDU, without padding
 * @data_bytes: stream data in it, behind the CIP or raw header if there is one
 * @avtp_timestamp: valid with AVTPMAP_F_TV
 * @flags: enum avtpmap_slot_flags, as far as one frame tells; with
 *	AVTPMAP_F_RTAG, the R-TAG's number is in the upper 16 bits
 * @tci: VLAN tag with AVTPMAP_F_VLAN, of two the inner one, else 0
 * @subtype: enum avtpmap_subtype
 * @sequence: sequence_num
 * @mr: media clock restart bit
 * @dbc: IEC 61883-1 data block count
 */
struct avtpmap_pdu {
	__be64 stream_id;
	__u64 dst_mac;
	__u64 src_mac;
	__u64 format_raw;
	__u32 offset;
	__u32 len_bytes;
	__u32 data_bytes;
	__u32 avtp_timestamp;
	__u32 flags;
	__u16 tci;
	__u8 subtype;
	__u8 sequence;
	__u8 mr;
	__u8 dbc;
};

static __always_inline __u16 avtp_u16(const __u8 *p)
{
	return env_be16(env_unaligned(__be16, p));
}

static __always_inline __u32 avtp_u32(const __u8 *p)
{
	return env_be32(env_unaligned(__be32, p));
}

static __always_inline __be64 avtp_be64(const __u8 *p)
{
	return env_unaligned(__be64, p);
}

/*
 * format_raw: 1 << 63 | subtype << 48 | what the subtype puts in 48 bits.
 * account.h turns it into a struct avtpmap_format, once per change.
 */
#define FORMAT_RAW(subtype, rest) \
	(1ull << 63 | (__u64)(subtype) << 48 | (__u64)(rest))

/* IEEE 1722 5: IEC 61883 with its two-quadlet CIP header (tag = 1). */
static __always_inline enum avtpmap_class
parse_61883(struct avtpmap_pdu *pdu, const __u8 *p, const __u8 *end)
{
	__u32 fdf;

	if (p[22] >> 6 != 1) {
		pdu->format_raw = FORMAT_RAW(pdu->subtype, 0);
		return AVTPMAP_STREAM;
	}
	if (p + 32 > end || pdu->data_bytes < 8)
		return AVTPMAP_MALFORMED;
	pdu->data_bytes -= 8;
	pdu->dbc = p[27];
	fdf = p[29];
	if ((p[28] & 0x3f) == 0x10 && (fdf == 0xff || !pdu->data_bytes))
		pdu->flags |= AVTPMAP_F_NODATA;
	if ((p[28] & 0x3f) == 0x10 && fdf == 0xff)
		pdu->format_raw = 0;
	else
		pdu->format_raw = FORMAT_RAW(pdu->subtype,
					     1u << 24 | (p[28] & 0x3fu) << 16 |
					     fdf << 8 | p[25]);
	return AVTPMAP_STREAM;
}

/* Raw video: a header of 8 octets before the pixels says what they are. */
static __always_inline enum avtpmap_class
parse_rvf(struct avtpmap_pdu *pdu, const __u8 *p, const __u8 *end,
	  __u32 specific)
{
	if (p + 32 > end || pdu->data_bytes < 8)
		return AVTPMAP_MALFORMED;
	pdu->data_bytes -= 8;
	/* active_pixels, total_lines; pixel depth and format, frame rate */
	pdu->format_raw = FORMAT_RAW(pdu->subtype,
				     (__u64)avtp_u16(p + 25) << 32 | specific);
	if (p[22] & 0x10)		/* ef ends a frame */
		pdu->flags |= AVTPMAP_F_FRAME_END;
	return AVTPMAP_STREAM;
}

/* IEEE 1722 4.4.4: the common stream header and what subtypes add to it. */
static __always_inline enum avtpmap_class
parse_stream_header(struct avtpmap_pdu *pdu, const __u8 *p, const __u8 *end)
{
	__u32 specific;

	if (env_unlikely(p + 24 > end))
		return AVTPMAP_MALFORMED;
	specific = avtp_u32(p + 16);
	pdu->sequence = p[2];
	pdu->mr = p[1] >> 3 & 1;
	if (p[1] & 1)
		pdu->flags |= AVTPMAP_F_TV;
	if (p[3] & 1)
		pdu->flags |= AVTPMAP_F_TU;
	pdu->avtp_timestamp = avtp_u32(p + 12);
	pdu->data_bytes = avtp_u16(p + 20);
	pdu->len_bytes = 24 + pdu->data_bytes;

	if (env_likely(pdu->subtype == AVTPMAP_SUB_AAF)) {
		/* format, nsr, channels, bit_depth */
		pdu->format_raw = FORMAT_RAW(AVTPMAP_SUB_AAF,
					     specific & 0xfff3ffff);
		if (p[22] & 0x10)
			pdu->flags |= AVTPMAP_F_SPARSE;
		return AVTPMAP_STREAM;
	}
	switch (pdu->subtype) {
	case AVTPMAP_SUB_61883_IIDC:
		return parse_61883(pdu, p, end);
	case AVTPMAP_SUB_CVF:	/* format, format_subtype; M ends a frame */
		pdu->format_raw = FORMAT_RAW(pdu->subtype, specific >> 16);
		if (p[22] & 0x10)
			pdu->flags |= AVTPMAP_F_FRAME_END;
		break;
	case AVTPMAP_SUB_RVF:
		return parse_rvf(pdu, p, end, specific);
	default:
		pdu->format_raw = FORMAT_RAW(pdu->subtype, 0);
	}
	return AVTPMAP_STREAM;
}

/*
 * CRF's layout, in the bits that FORMAT_RAW leaves: timestamp_interval, of which
 * the upper octet shares its bits with the number of timestamps.
 */
static __always_inline __u64 crf_layout(__u32 interval, __u32 stamps)
{
	return (__u64)(interval & 0xff) << 40 |
	       (__u64)((interval >> 8 ^ stamps) & 0x7f) << 56;
}

/* IEEE 1722 10: tu is where others have tv, and there is no avtp_timestamp. */
static __always_inline enum avtpmap_class
parse_crf(struct avtpmap_pdu *pdu, const __u8 *p, const __u8 *end)
{
	if (p + 20 > end)
		return AVTPMAP_MALFORMED;
	pdu->sequence = p[2];
	pdu->mr = p[1] >> 3 & 1;
	if (p[1] & 1)
		pdu->flags |= AVTPMAP_F_TU;
	pdu->avtp_timestamp = 0;
	pdu->data_bytes = avtp_u16(p + 16);
	pdu->len_bytes = 20 + pdu->data_bytes;
	pdu->format_raw = FORMAT_RAW(pdu->subtype,
				     (__u64)p[3] << 32 | avtp_u32(p + 12) |
				     crf_layout(avtp_u16(p + 18),
						pdu->data_bytes / 8));
	return AVTPMAP_STREAM;
}

/* IEEE 1722 9: length in octets 1 and 2, sequence_num in octet 3. */
static __always_inline enum avtpmap_class
parse_ntscf(struct avtpmap_pdu *pdu, const __u8 *p)
{
	pdu->sequence = p[3];
	pdu->mr = 0;
	pdu->avtp_timestamp = 0;
	pdu->data_bytes = (p[1] & 7u) << 8 | p[2];
	pdu->len_bytes = 12 + pdu->data_bytes;
	pdu->format_raw = FORMAT_RAW(pdu->subtype, 0);
	return AVTPMAP_STREAM;
}

static __always_inline enum avtpmap_class
parse_pdu(struct avtpmap_pdu *pdu, const __u8 *p, const __u8 *end,
	  __u32 room_bytes)
{
	enum avtpmap_class class;

	if (env_unlikely(p + 12 > end))
		return AVTPMAP_CONTROL;
	pdu->subtype = p[0];
	pdu->stream_id = avtp_be64(p + 4);

	switch (pdu->subtype) {
	case AVTPMAP_SUB_61883_IIDC ... AVTPMAP_SUB_RVF:
	case AVTPMAP_SUB_AEF:
	case AVTPMAP_SUB_VSF:
	case AVTPMAP_SUB_EF:
	case AVTPMAP_SUB_NTSCF:
		break;
	default:
		return AVTPMAP_CONTROL;
	}
	if (!(p[1] & 0x80))
		return AVTPMAP_CONTROL;
	if (env_unlikely(p[1] & 0x70))
		return AVTPMAP_UNSUPPORTED;

	if (env_unlikely(pdu->subtype == AVTPMAP_SUB_CRF))
		class = parse_crf(pdu, p, end);
	else if (env_unlikely(pdu->subtype == AVTPMAP_SUB_NTSCF))
		class = parse_ntscf(pdu, p);
	else
		class = parse_stream_header(pdu, p, end);
	if (class == AVTPMAP_STREAM &&
	    env_unlikely(pdu->len_bytes > room_bytes))
		return AVTPMAP_MALFORMED;
	return class;
}

static __always_inline int is_tag(__u32 ethertype)
{
	return ethertype == ETHERTYPE_CTAG || ethertype == ETHERTYPE_STAG ||
	       ethertype == ETHERTYPE_RTAG || ethertype == ETHERTYPE_OLD_STAG;
}

/*
 * At most two VLAN tags, @vlans of which the NIC took off, and one R-TAG, which is
 * where the bridge that numbers the frames put it. The inner VLAN tag is the
 * customer's, so it is the stream's; the outer is that of whose network it
 * crosses. Returns where the PDU begins, 0: not AVTP.
 */
static __always_inline __u32 skip_tags(struct avtpmap_pdu *pdu,
				       const __u8 *data, const __u8 *end,
				       __u32 vlans)
{
	const __u8 *p = data + ETHER_HEADER_BYTES;
	__u32 ethertype = avtp_u16(data + 12);
	__u32 offset = ETHER_HEADER_BYTES;

	for (__u32 i = 0; i < TAGS_MAX && is_tag(ethertype); i++) {
		if (ethertype == ETHERTYPE_RTAG) {
			if (p + RTAG_BYTES > end || pdu->flags & AVTPMAP_F_RTAG)
				return 0;
			pdu->flags |= AVTPMAP_F_RTAG |
				      (__u32)avtp_u16(p + 2) << 16;
			ethertype = avtp_u16(p + 4);
			p += RTAG_BYTES;
			offset += RTAG_BYTES;
		} else {
			if (p + TAG_BYTES > end || vlans++ == VLAN_TAGS_MAX)
				return 0;
			pdu->flags |= AVTPMAP_F_VLAN;
			pdu->tci = avtp_u16(p);
			ethertype = avtp_u16(p + 2);
			p += TAG_BYTES;
			offset += TAG_BYTES;
		}
	}
	return ethertype == ETHERTYPE_AVTP ? offset : 0;
}

/* The rest of it, with the PDU at @offset. */
static __always_inline enum avtpmap_class
parse_untagged(struct avtpmap_pdu *pdu, const __u8 *data, const __u8 *end,
	       __u32 frame_bytes, __u32 offset)
{
	pdu->offset = offset;
	pdu->dst_mac = env_be64(avtp_be64(data)) >> 16;
	pdu->src_mac = env_be64(avtp_be64(data + 6)) >> 16;
	pdu->dbc = 0;
	return parse_pdu(pdu, data + offset, end, frame_bytes - offset);
}

/* What few streams have is kept out of the way of the others. */
static env_noinline enum avtpmap_class
parse_tagged(struct avtpmap_pdu *pdu, const __u8 *data, const __u8 *end,
	     __u32 frame_bytes, int stripped, __u16 tci)
{
	__u32 offset;

	pdu->flags = stripped ? AVTPMAP_F_VLAN : 0;
	pdu->tci = tci;
	offset = skip_tags(pdu, data, end, stripped);
	if (!offset)
		return AVTPMAP_NOT_AVTP;
	return parse_untagged(pdu, data, end, frame_bytes, offset);
}

/**
 * avtpmap_parse() - look at a frame
 * @pdu: out
 * @data: destination MAC
 * @end: first byte that may not be read; headers lie before it
 * @frame_bytes: length of the whole frame, of which @end may show only a part
 * @stripped: the NIC took a tag off, the outer one if there are two
 * @tci: that tag
 */
static __always_inline enum avtpmap_class
avtpmap_parse(struct avtpmap_pdu *pdu, const __u8 *data, const __u8 *end,
	      __u32 frame_bytes, int stripped, __u16 tci)
{
	const __u8 *p = data + ETHER_HEADER_BYTES;
	__u32 offset = ETHER_HEADER_BYTES, ethertype;

	if (p > end)
		return AVTPMAP_NOT_AVTP;
	ethertype = avtp_u16(data + 12);
	if (stripped) {
		if (env_unlikely(ethertype != ETHERTYPE_AVTP)) {
			if (!is_tag(ethertype))
				return AVTPMAP_NOT_AVTP;
			return parse_tagged(pdu, data, end, frame_bytes, 1, tci);
		}
		pdu->flags = AVTPMAP_F_VLAN;
		pdu->tci = tci;
	} else if (ethertype == ETHERTYPE_AVTP) {
		pdu->flags = 0;
		pdu->tci = 0;
	} else if (!is_tag(ethertype)) {
		return AVTPMAP_NOT_AVTP;
	} else if (ethertype != ETHERTYPE_RTAG && p + TAG_BYTES <= end &&
		   avtp_u16(p + 2) == ETHERTYPE_AVTP) {
		pdu->flags = AVTPMAP_F_VLAN;
		pdu->tci = avtp_u16(p);
		offset += TAG_BYTES;
	} else {
		return parse_tagged(pdu, data, end, frame_bytes, 0, 0);
	}
	return parse_untagged(pdu, data, end, frame_bytes, offset);
}

#endif /* AVTPMAP_AVTP_H */
