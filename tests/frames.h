/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One table of frames for every runner: unit tests, KUnit, BPF_PROG_TEST_RUN,
 * the fuzzers' corpus. A new frame shape, bug or limit is first a row here.
 * Needs nothing but the parser's own words.
 */
#ifndef AVTPMAP_TESTS_FRAMES_H
#define AVTPMAP_TESTS_FRAMES_H

#include "../kmod/shared/avtp.h"

/**
 * struct frame_row - a received frame and what must be said of it
 * @name: one per row
 * @bytes: from the destination MAC to the last octet before the FCS
 * @len: of them
 * @stripped: the NIC took a tag off and left it in @strip_tci
 * @strip_tci: that tag
 * @class: expected. Below: of class STREAM; only @stream_id and @subtype (and
 *	the tag) count for MALFORMED and UNSUPPORTED, none for the rest
 * @subtype: and so on: of struct avtpmap_pdu; @stream_id in host byte order
 * @format: low 48 bits of format_raw; @nodata rows have none
 * @unit: enum avtpmap_unit of that format
 * @refused: parsed, but a format that cannot be accounted for
 */
struct frame_row {
	const char *name;
	const __u8 *bytes;
	__u32 len;
	__u8 stripped;
	__u16 strip_tci;
	enum avtpmap_class class;

	__u8 subtype;
	__u8 sequence;
	__u8 mr;
	__u8 dbc;
	__u16 tci;
	__u64 stream_id;
	__u64 format;
	__u32 offset;
	__u32 len_bytes;
	__u32 data_bytes;
	__u32 avtp_timestamp;
	__u32 flags;
	__u32 unit;
	__u8 refused;
};

/* clang-format off */
#define FRAME_ID	0x02005e1000010001ull
#define FRAME_DST	0x91e0f000fe01ull
#define FRAME_SRC	0x02005e100001ull
#define FRAME_TS	0xdeadbeefu

#define BYTES(...)	.bytes = (const __u8[]){ __VA_ARGS__ }, \
			.len = sizeof((const __u8[]){ __VA_ARGS__ })
#define B16(v)		(__u8)((v) >> 8), (__u8)((v) & 0xff)
#define B32(v)		B16((v) >> 16), B16((v) & 0xffff)
#define B48(v)		B16((v) >> 32), B32((v) & 0xffffffff)
#define B64(v)		B32((v) >> 32), B32((v) & 0xffffffff)

#define ETH(type)	B48(FRAME_DST), B48(FRAME_SRC), B16(type)
#define TAG(tpid, tci)	B48(FRAME_DST), B48(FRAME_SRC), B16(tpid), B16(tci)
#define AVTP		ETH(ETHERTYPE_AVTP)

/* IEEE 1722 4.4.4; b1: sv, version, mr, tv. b3: tu. */
#define STREAM(subtype, b1, seq, b3, ts, specific, length, b22, b23) \
	(subtype), (b1), (seq), (b3), B64(FRAME_ID), B32(ts), \
	B32(specific), B16(length), (b22), (b23)
#define AAF_SPECIFIC(format, nsr, channels, depth) \
	((format) << 24 | (nsr) << 20 | (channels) << 8 | (depth))
#define AAF(seq, specific, length) \
	STREAM(AVTPMAP_SUB_AAF, 0x81, seq, 0, FRAME_TS, specific, length, 0, 0)
#define STEREO16	AAF_SPECIFIC(4u, 5u, 2u, 16u)	/* 48 kHz */
#define CIP(dbs, dbc, fmt, fdf) \
	0x3f, (dbs), 0x00, (dbc), 0x80 | (fmt), (fdf), 0xff, 0xff
#define AM824(seq, length, dbs, dbc, fdf) \
	STREAM(AVTPMAP_SUB_61883_IIDC, 0x81, seq, 0, FRAME_TS, 0u, length, \
	       0x5f, 0xa0), CIP(dbs, dbc, 0x10, fdf)
#define CRF(b1, seq, type, length) \
	AVTPMAP_SUB_CRF, (b1), (seq), (type), B64(FRAME_ID), \
	B32(48000u), B16(length), B16(96)
#define NTSCF(b1, length, seq) \
	AVTPMAP_SUB_NTSCF, (b1) | (length) >> 8, (length) & 0xff, (seq), \
	B64(FRAME_ID)
#define CONTROL(subtype, b1) \
	(subtype), (b1), 0x10, 0x38, B64(FRAME_ID), Z24, Z24, Z8

#define Z4		0, 0, 0, 0
#define Z8		Z4, Z4
#define Z24		Z8, Z8, Z8
#define D8(x)		(x), (x) + 1, (x) + 2, (x) + 3, \
			(x) + 4, (x) + 5, (x) + 6, (x) + 7
#define D24		D8(0x10), D8(0x20), D8(0x30)
#define D48		D24, D8(0x40), D8(0x50), D8(0x60)
#define D96		D48, D48
#define D192		D96, D96

/* What a row expects, for those that differ in little. */
#define IS_STREAM(sub, off, length) \
	.class = AVTPMAP_STREAM, .stream_id = FRAME_ID, .subtype = (sub), \
	.offset = (off), .len_bytes = (length)
#define IS_AAF(off, spec, data) \
	IS_STREAM(AVTPMAP_SUB_AAF, off, 24 + (data)), .format = (spec), \
	.data_bytes = (data), .avtp_timestamp = FRAME_TS, \
	.unit = AVTPMAP_UNIT_SAMPLES
#define IS_AM824(data) \
	IS_STREAM(AVTPMAP_SUB_61883_IIDC, 14, 32 + (data)), \
	.data_bytes = (data), .avtp_timestamp = FRAME_TS, \
	.unit = AVTPMAP_UNIT_SAMPLES
#define IS_MALFORMED(sub) \
	.class = AVTPMAP_MALFORMED, .stream_id = FRAME_ID, .subtype = (sub)

#include "frames_motu.h"

static const struct frame_row frames[] = {
/* AAF: encodings, rates, channels */
{ .name = "aaf int16 stereo 48 kHz", BYTES(AVTP, AAF(7, STEREO16, 24), D24),
  IS_AAF(14, STEREO16, 24), .sequence = 7, .flags = AVTPMAP_F_TV },
{ .name = "aaf int32 8 channels, 24 bits used",
  BYTES(AVTP, AAF(255, AAF_SPECIFIC(2u, 5u, 8u, 24u), 192), D192),
  IS_AAF(14, AAF_SPECIFIC(2u, 5u, 8u, 24u), 192), .sequence = 255,
  .flags = AVTPMAP_F_TV },
{ .name = "aaf int24 stereo 44.1 kHz",
  BYTES(AVTP, AAF(0, AAF_SPECIFIC(3u, 4u, 2u, 24u), 48), D48),
  IS_AAF(14, AAF_SPECIFIC(3u, 4u, 2u, 24u), 48), .flags = AVTPMAP_F_TV },
{ .name = "aaf float32 stereo 96 kHz",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(1u, 7u, 2u, 32u), 96), D96),
  IS_AAF(14, AAF_SPECIFIC(1u, 7u, 2u, 32u), 96), .sequence = 1,
  .flags = AVTPMAP_F_TV },
{ .name = "aaf int16 1023 channels: no whole block",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(4u, 5u, 1023u, 16u), 24), D24),
  IS_AAF(14, AAF_SPECIFIC(4u, 5u, 1023u, 16u), 24), .sequence = 1,
  .flags = AVTPMAP_F_TV },
{ .name = "aaf aes3: carried as packets",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(5u, 5u, 2u, 0u), 48), D48),
  IS_STREAM(AVTPMAP_SUB_AAF, 14, 72), .format = AAF_SPECIFIC(5u, 5u, 2u, 0u),
  .data_bytes = 48, .avtp_timestamp = FRAME_TS, .sequence = 1,
  .flags = AVTPMAP_F_TV },
{ .name = "aaf user format: carried as packets",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(0u, 5u, 2u, 16u), 24), D24),
  IS_STREAM(AVTPMAP_SUB_AAF, 14, 48), .format = AAF_SPECIFIC(0u, 5u, 2u, 16u),
  .data_bytes = 24, .avtp_timestamp = FRAME_TS, .sequence = 1,
  .flags = AVTPMAP_F_TV },
{ .name = "aaf user rate: carried as packets",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(4u, 0u, 2u, 16u), 24), D24),
  IS_STREAM(AVTPMAP_SUB_AAF, 14, 48), .format = AAF_SPECIFIC(4u, 0u, 2u, 16u),
  .data_bytes = 24, .avtp_timestamp = FRAME_TS, .sequence = 1,
  .flags = AVTPMAP_F_TV },
{ .name = "aaf reserved format refused",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(6u, 5u, 2u, 16u), 24), D24),
  IS_AAF(14, AAF_SPECIFIC(6u, 5u, 2u, 16u), 24), .sequence = 1,
  .flags = AVTPMAP_F_TV, .refused = 1 },
{ .name = "aaf reserved rate refused",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(4u, 11u, 2u, 16u), 24), D24),
  IS_AAF(14, AAF_SPECIFIC(4u, 11u, 2u, 16u), 24), .sequence = 1,
  .flags = AVTPMAP_F_TV, .refused = 1 },
{ .name = "aaf without channels refused",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(4u, 5u, 0u, 16u), 24), D24),
  IS_AAF(14, AAF_SPECIFIC(4u, 5u, 0u, 16u), 24), .sequence = 1,
  .flags = AVTPMAP_F_TV, .refused = 1 },
{ .name = "aaf 17 bits in int16 refused",
  BYTES(AVTP, AAF(1, AAF_SPECIFIC(4u, 5u, 2u, 17u), 24), D24),
  IS_AAF(14, AAF_SPECIFIC(4u, 5u, 2u, 17u), 24), .sequence = 1,
  .flags = AVTPMAP_F_TV, .refused = 1 },
{ .name = "aaf reserved bits beside nsr are not format",
  BYTES(AVTP, AAF(1, STEREO16 | 3u << 18, 24), D24),
  IS_AAF(14, STEREO16, 24), .sequence = 1, .flags = AVTPMAP_F_TV },

/* AAF: the bits of the stream header */
{ .name = "aaf tv=0: what is there is no time",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_AAF, 0x80, 2, 0, FRAME_TS, STEREO16, 24, 0, 0),
	D24),
  IS_AAF(14, STEREO16, 24), .sequence = 2 },
{ .name = "aaf tu=1",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_AAF, 0x81, 2, 1, FRAME_TS, STEREO16, 24, 0, 0),
	D24),
  IS_AAF(14, STEREO16, 24), .sequence = 2,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_TU },
{ .name = "aaf mr=1",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_AAF, 0x89, 2, 0, FRAME_TS, STEREO16, 24, 0, 0),
	D24),
  IS_AAF(14, STEREO16, 24), .sequence = 2, .mr = 1, .flags = AVTPMAP_F_TV },
{ .name = "aaf all bits beside tv, tu and sp",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_AAF, 0x87, 2, 0xfe, FRAME_TS, STEREO16, 24,
		     0xef, 0xff), D24),
  IS_AAF(14, STEREO16, 24), .sequence = 2, .flags = AVTPMAP_F_TV },
{ .name = "aaf sparse timestamps",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_AAF, 0x80, 3, 0, FRAME_TS, STEREO16, 24,
		     0x10, 0), D24),
  IS_AAF(14, STEREO16, 24), .sequence = 3, .flags = AVTPMAP_F_SPARSE },
{ .name = "aaf without stream data: no block",
  BYTES(AVTP, AAF(4, STEREO16, 0)),
  IS_AAF(14, STEREO16, 0), .sequence = 4, .flags = AVTPMAP_F_TV },
{ .name = "aaf sv=0",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_AAF, 0x01, 2, 0, FRAME_TS, STEREO16, 24, 0, 0),
	D24), .class = AVTPMAP_CONTROL },
{ .name = "aaf version 1",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_AAF, 0x91, 2, 0, FRAME_TS, STEREO16, 24, 0, 0),
	D24),
  .class = AVTPMAP_UNSUPPORTED, .stream_id = FRAME_ID,
  .subtype = AVTPMAP_SUB_AAF },
{ .name = "aaf version 4",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_AAF, 0xc1, 2, 0, FRAME_TS, STEREO16, 24, 0, 0),
	D24),
  .class = AVTPMAP_UNSUPPORTED, .stream_id = FRAME_ID,
  .subtype = AVTPMAP_SUB_AAF },
{ .name = "aaf version 7, no data",
  BYTES(AVTP, AVTPMAP_SUB_AAF, 0xf1, 2, 0, B64(FRAME_ID)),
  .class = AVTPMAP_UNSUPPORTED, .stream_id = FRAME_ID,
  .subtype = AVTPMAP_SUB_AAF },

/* Where the tag is */
{ .name = "aaf tag in-band, VID 2 PCP 3",
  BYTES(TAG(ETHERTYPE_CTAG, 0x6002), B16(ETHERTYPE_AVTP),
	AAF(5, STEREO16, 24), D24),
  IS_AAF(18, STEREO16, 24), .sequence = 5, .tci = 0x6002,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_VLAN },
{ .name = "aaf service tag in-band",
  BYTES(TAG(ETHERTYPE_STAG, 0x0fff), B16(ETHERTYPE_AVTP),
	AAF(5, STEREO16, 24), D24),
  IS_AAF(18, STEREO16, 24), .sequence = 5, .tci = 0x0fff,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_VLAN },
{ .name = "aaf priority tag in-band",
  BYTES(TAG(ETHERTYPE_CTAG, 0x4000), B16(ETHERTYPE_AVTP),
	AAF(5, STEREO16, 24), D24),
  IS_AAF(18, STEREO16, 24), .sequence = 5, .tci = 0x4000,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_VLAN },
{ .name = "aaf tag stripped by the NIC", .stripped = 1, .strip_tci = 0x6002,
  BYTES(AVTP, AAF(5, STEREO16, 24), D24),
  IS_AAF(14, STEREO16, 24), .sequence = 5, .tci = 0x6002,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_VLAN },
{ .name = "aaf stale tci without a tag", .strip_tci = 0x6002,
  BYTES(AVTP, AAF(5, STEREO16, 24), D24),
  IS_AAF(14, STEREO16, 24), .sequence = 5, .flags = AVTPMAP_F_TV },

/* More than one: the inner VLAN tag is the stream's */
#define VTAG(tpid, tci)	B16(tpid), B16(tci)
#define RTAG(number)	B16(ETHERTYPE_RTAG), 0, 0, B16(number)
#define MACS		B48(FRAME_DST), B48(FRAME_SRC)
#define AAF5		B16(ETHERTYPE_AVTP), AAF(5, STEREO16, 24), D24
#define IS_AAF5(off, flags_) \
  IS_AAF(off, STEREO16, 24), .sequence = 5, .flags = AVTPMAP_F_TV | (flags_)
#define IS_RTAG(number)	(AVTPMAP_F_RTAG | (__u32)(number) << 16)
{ .name = "aaf QinQ",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 0x6002), AAF5),
  IS_AAF5(22, AVTPMAP_F_VLAN), .tci = 0x6002 },
{ .name = "aaf QinQ, the inner a priority tag",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 0x6000), AAF5),
  IS_AAF5(22, AVTPMAP_F_VLAN), .tci = 0x6000 },
{ .name = "aaf 8100 twice",
  BYTES(MACS, VTAG(ETHERTYPE_CTAG, 3), VTAG(ETHERTYPE_CTAG, 0x6002), AAF5),
  IS_AAF5(22, AVTPMAP_F_VLAN), .tci = 0x6002 },
{ .name = "aaf 88a8 twice",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_STAG, 0x6002), AAF5),
  IS_AAF5(22, AVTPMAP_F_VLAN), .tci = 0x6002 },
{ .name = "aaf 9100",
  BYTES(MACS, VTAG(ETHERTYPE_OLD_STAG, 0x6002), AAF5),
  IS_AAF5(18, AVTPMAP_F_VLAN), .tci = 0x6002 },
{ .name = "aaf 9100 and 8100",
  BYTES(MACS, VTAG(ETHERTYPE_OLD_STAG, 3), VTAG(ETHERTYPE_CTAG, 0x6002), AAF5),
  IS_AAF5(22, AVTPMAP_F_VLAN), .tci = 0x6002 },
{ .name = "aaf QinQ, the outer stripped", .stripped = 1, .strip_tci = 3,
  BYTES(MACS, VTAG(ETHERTYPE_CTAG, 0x6002), AAF5),
  IS_AAF5(18, AVTPMAP_F_VLAN), .tci = 0x6002 },
{ .name = "aaf 9100 behind one stripped", .stripped = 1, .strip_tci = 3,
  BYTES(MACS, VTAG(ETHERTYPE_OLD_STAG, 0x6002), AAF5),
  IS_AAF5(18, AVTPMAP_F_VLAN), .tci = 0x6002 },
{ .name = "aaf R-TAG alone", BYTES(MACS, RTAG(0xfedc), AAF5),
  IS_AAF5(20, IS_RTAG(0xfedc)) },
{ .name = "aaf R-TAG, its number 0", BYTES(MACS, RTAG(0), AAF5),
  IS_AAF5(20, IS_RTAG(0)) },
{ .name = "aaf tag and R-TAG",
  BYTES(MACS, VTAG(ETHERTYPE_CTAG, 0x6002), RTAG(0x1234), AAF5),
  IS_AAF5(24, AVTPMAP_F_VLAN | IS_RTAG(0x1234)), .tci = 0x6002 },
{ .name = "aaf R-TAG before the tag",
  BYTES(MACS, RTAG(0x1234), VTAG(ETHERTYPE_CTAG, 0x6002), AAF5),
  IS_AAF5(24, AVTPMAP_F_VLAN | IS_RTAG(0x1234)), .tci = 0x6002 },
{ .name = "aaf R-TAG, the tag stripped", .stripped = 1, .strip_tci = 0x6002,
  BYTES(MACS, RTAG(0x1234), AAF5),
  IS_AAF5(20, AVTPMAP_F_VLAN | IS_RTAG(0x1234)), .tci = 0x6002 },
{ .name = "aaf QinQ and R-TAG",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 0x6002), RTAG(0x1234),
	AAF5),
  IS_AAF5(28, AVTPMAP_F_VLAN | IS_RTAG(0x1234)), .tci = 0x6002 },
{ .name = "aaf 9100, 8100 and R-TAG",
  BYTES(MACS, VTAG(ETHERTYPE_OLD_STAG, 3), VTAG(ETHERTYPE_CTAG, 0x6002),
	RTAG(0x1234), AAF5),
  IS_AAF5(28, AVTPMAP_F_VLAN | IS_RTAG(0x1234)), .tci = 0x6002 },
{ .name = "aaf R-TAG of the provider, between the tags",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), RTAG(0x1234), VTAG(ETHERTYPE_CTAG, 0x6002),
	AAF5),
  IS_AAF5(28, AVTPMAP_F_VLAN | IS_RTAG(0x1234)), .tci = 0x6002 },
{ .name = "aaf QinQ and R-TAG, the outer stripped", .stripped = 1,
  .strip_tci = 3,
  BYTES(MACS, VTAG(ETHERTYPE_CTAG, 0x6002), RTAG(0x1234), AAF5),
  IS_AAF5(24, AVTPMAP_F_VLAN | IS_RTAG(0x1234)), .tci = 0x6002 },
{ .name = "aaf three tags",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_STAG, 4),
	VTAG(ETHERTYPE_CTAG, 0x6002), AAF5),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "aaf three tags, the outer stripped", .stripped = 1, .strip_tci = 3,
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 4), VTAG(ETHERTYPE_CTAG, 0x6002), AAF5),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "aaf three tags and R-TAG",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_STAG, 4),
	VTAG(ETHERTYPE_CTAG, 0x6002), RTAG(0x1234), AAF5),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "aaf two R-TAGs", BYTES(MACS, RTAG(1), RTAG(2), AAF5),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "aaf QinQ and R-TAG, one octet more than the frame holds",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 2), RTAG(1),
	B16(ETHERTYPE_AVTP), AAF(6, STEREO16, 25), D24),
  IS_MALFORMED(AVTPMAP_SUB_AAF), .tci = 2, .flags = AVTPMAP_F_VLAN },
{ .name = "ipv4 behind QinQ and R-TAG",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 2), RTAG(1),
	B16(0x0800), 0x45, 0, D24, D24), .class = AVTPMAP_NOT_AVTP },
{ .name = "adp behind QinQ and R-TAG",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 2), RTAG(1),
	B16(ETHERTYPE_AVTP), CONTROL(0xfa, 0x00)), .class = AVTPMAP_CONTROL },
{ .name = "cut off in the inner tag",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 2), 0x22),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "cut off in the inner tag, the outer stripped", .stripped = 1,
  .strip_tci = 3, BYTES(MACS, VTAG(ETHERTYPE_CTAG, 2), 0x22),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "cut off in a tag of 9100",
  BYTES(MACS, VTAG(ETHERTYPE_OLD_STAG, 2), 0x22), .class = AVTPMAP_NOT_AVTP },
{ .name = "cut off in the R-TAG", BYTES(MACS, RTAG(1), 0x22),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "cut off in the R-TAG behind a tag",
  BYTES(MACS, VTAG(ETHERTYPE_CTAG, 2), RTAG(1), 0x22),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "cut off in the R-TAG behind QinQ",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 2),
	B16(ETHERTYPE_RTAG), 0, 0, 0),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "cut off behind QinQ and R-TAG",
  BYTES(MACS, VTAG(ETHERTYPE_STAG, 3), VTAG(ETHERTYPE_CTAG, 2), RTAG(1),
	B16(ETHERTYPE_AVTP)),
  .class = AVTPMAP_CONTROL },
{ .name = "aaf behind an unknown tag",
  BYTES(MACS, VTAG(0x9200, 0x6002), AAF5), .class = AVTPMAP_NOT_AVTP },

/* Lengths */
{ .name = "aaf mono 8 kHz, one sample, padded to 60",
  BYTES(AVTP, AAF(6, AAF_SPECIFIC(4u, 1u, 1u, 16u), 2), 0x12, 0x34, Z8, Z8, Z4),
  IS_AAF(14, AAF_SPECIFIC(4u, 1u, 1u, 16u), 2), .sequence = 6,
  .flags = AVTPMAP_F_TV },
{ .name = "aaf 3 octets for a 4 octet block: no block",
  BYTES(AVTP, AAF(6, STEREO16, 3), Z24),
  IS_AAF(14, STEREO16, 3), .sequence = 6, .flags = AVTPMAP_F_TV },
{ .name = "aaf one octet more than the frame holds",
  BYTES(AVTP, AAF(6, STEREO16, 25), D24), IS_MALFORMED(AVTPMAP_SUB_AAF) },
{ .name = "aaf stream_data_length ffff",
  BYTES(AVTP, AAF(6, STEREO16, 0xffff), D24), IS_MALFORMED(AVTPMAP_SUB_AAF) },
{ .name = "aaf tagged, one octet more than the frame holds",
  BYTES(TAG(ETHERTYPE_CTAG, 2), B16(ETHERTYPE_AVTP), AAF(6, STEREO16, 25), D24),
  IS_MALFORMED(AVTPMAP_SUB_AAF), .tci = 2, .flags = AVTPMAP_F_VLAN },
{ .name = "cut off in the MACs", BYTES(B48(FRAME_DST), B48(FRAME_SRC), 0x22),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "cut off behind the ethertype", BYTES(AVTP),
  .class = AVTPMAP_CONTROL },
{ .name = "cut off in the tag",
  BYTES(B48(FRAME_DST), B48(FRAME_SRC), B16(ETHERTYPE_CTAG), 0, 2, 0x22),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "cut off behind the tag",
  BYTES(TAG(ETHERTYPE_CTAG, 2), B16(ETHERTYPE_AVTP)),
  .class = AVTPMAP_CONTROL },
{ .name = "aaf cut off in the stream_id",
  BYTES(AVTP, AVTPMAP_SUB_AAF, 0x81, 0, 0, B48(FRAME_ID >> 16), 0),
  .class = AVTPMAP_CONTROL },
{ .name = "aaf cut off behind the stream_id",
  BYTES(AVTP, AVTPMAP_SUB_AAF, 0x81, 0, 0, B64(FRAME_ID)),
  IS_MALFORMED(AVTPMAP_SUB_AAF) },
{ .name = "aaf cut off one octet before its data",
  BYTES(AVTP, AVTPMAP_SUB_AAF, 0x81, 0, 0, B64(FRAME_ID), B32(0), B32(STEREO16),
	B16(0), 0), IS_MALFORMED(AVTPMAP_SUB_AAF) },

/* Addresses */
{ .name = "aaf unicast",
  BYTES(B48(0x02005e100002ull), B48(FRAME_SRC), B16(ETHERTYPE_AVTP),
	AAF(8, STEREO16, 24), D24),
  IS_AAF(14, STEREO16, 24), .sequence = 8, .flags = AVTPMAP_F_TV },

/* IEC 61883 */
{ .name = "am824 stereo 48 kHz", BYTES(AVTP, AM824(9, 56, 2, 250, 0x02), D48),
  IS_AM824(48), .format = 0x01100202, .sequence = 9, .dbc = 250,
  .flags = AVTPMAP_F_TV },
{ .name = "am824 NO-DATA, empty", BYTES(AVTP, AM824(9, 8, 2, 0, 0xff), Z24),
  IS_AM824(0), .sequence = 9, .flags = AVTPMAP_F_TV | AVTPMAP_F_NODATA },
{ .name = "am824 NO-DATA with dummy blocks",
  BYTES(AVTP, AM824(9, 56, 2, 8, 0xff), D48),
  IS_AM824(48), .sequence = 9, .dbc = 8,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_NODATA },
{ .name = "am824 empty packet of non-blocking mode",
  BYTES(AVTP, AM824(9, 8, 2, 16, 0x02), Z24),
  IS_AM824(0), .format = 0x01100202, .sequence = 9, .dbc = 16,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_NODATA },
{ .name = "61883-6 24 bits x 4, packed",
  BYTES(AVTP, AM824(9, 56, 3, 16, 0x12), D48),
  IS_AM824(48), .format = 0x01101203, .sequence = 9, .dbc = 16,
  .flags = AVTPMAP_F_TV },
{ .name = "61883-6 24 bits x 4, quadlets not a multiple of 3, refused",
  BYTES(AVTP, AM824(9, 56, 4, 16, 0x12), D48),
  IS_AM824(48), .format = 0x01101204, .sequence = 9, .dbc = 16,
  .flags = AVTPMAP_F_TV, .refused = 1 },
{ .name = "61883-6 float", BYTES(AVTP, AM824(9, 56, 2, 16, 0x22), D48),
  IS_AM824(48), .format = 0x01102202, .sequence = 9, .dbc = 16,
  .flags = AVTPMAP_F_TV },
{ .name = "61883-6 reserved event type refused",
  BYTES(AVTP, AM824(9, 56, 2, 16, 0x32), D48),
  IS_AM824(48), .format = 0x01103202, .sequence = 9, .dbc = 16,
  .flags = AVTPMAP_F_TV, .refused = 1 },
{ .name = "61883-6 reserved sampling rate refused",
  BYTES(AVTP, AM824(9, 56, 2, 16, 0x07), D48),
  IS_AM824(48), .format = 0x01100702, .sequence = 9, .dbc = 16,
  .flags = AVTPMAP_F_TV, .refused = 1 },
{ .name = "61883-6 data block of 256 quadlets (DBS 0) refused",
  BYTES(AVTP, AM824(9, 56, 0, 16, 0x02), D48),
  IS_AM824(48), .format = 0x01100200, .sequence = 9, .dbc = 16,
  .flags = AVTPMAP_F_TV, .refused = 1 },
{ .name = "61883-4 transport stream: packets, FDF ff is not NO-DATA",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_61883_IIDC, 0x81, 9, 0, FRAME_TS, 0u, 56, 0x5f,
		     0xa0), CIP(6, 3, 0x20, 0xff), D48),
  IS_STREAM(AVTPMAP_SUB_61883_IIDC, 14, 80), .format = 0x0120ff06,
  .data_bytes = 48, .avtp_timestamp = FRAME_TS, .sequence = 9, .dbc = 3,
  .flags = AVTPMAP_F_TV },
{ .name = "iidc: tag 0, no CIP header",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_61883_IIDC, 0x81, 9, 0, FRAME_TS, 0u, 48, 0x1f,
		     0xa0), D48),
  IS_STREAM(AVTPMAP_SUB_61883_IIDC, 14, 72), .data_bytes = 48, .sequence = 9,
  .avtp_timestamp = FRAME_TS, .flags = AVTPMAP_F_TV },
{ .name = "61883 too short for its CIP header",
  BYTES(AVTP, AM824(9, 7, 2, 16, 0x02), D48),
  IS_MALFORMED(AVTPMAP_SUB_61883_IIDC) },
{ .name = "61883 cut off in its CIP header",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_61883_IIDC, 0x81, 9, 0, FRAME_TS, 0u, 8, 0x5f,
		     0xa0), 0x3f, 2, 0, 0, 0x90, 2, 0xff),
  IS_MALFORMED(AVTPMAP_SUB_61883_IIDC) },
MOTU_FRAMES

/* Video */
{ .name = "cvf h264, inside a frame",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_CVF, 0x81, 10, 0, FRAME_TS, 0x02010000u, 24,
		     0x20, 0), D24),
  IS_STREAM(AVTPMAP_SUB_CVF, 14, 48), .format = 0x0201, .sequence = 10,
  .data_bytes = 24, .avtp_timestamp = FRAME_TS, .flags = AVTPMAP_F_TV,
  .unit = AVTPMAP_UNIT_VIDEO },
{ .name = "cvf mjpeg, end of a frame (M)",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_CVF, 0x81, 10, 0, FRAME_TS, 0x02000000u, 24,
		     0x10, 0), D24),
  IS_STREAM(AVTPMAP_SUB_CVF, 14, 48), .format = 0x0200, .sequence = 10,
  .data_bytes = 24, .avtp_timestamp = FRAME_TS,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_FRAME_END, .unit = AVTPMAP_UNIT_VIDEO },
#define RVF_RAW(pixel, rate) \
  ((__u64)(pixel) << 40 | (__u64)(rate) << 32 | 0x078002d0)
{ .name = "rvf, inside a frame",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_RVF, 0x81, 11, 0, FRAME_TS, 0x078002d0u, 24,
		     0x80, 0), D24),
  IS_STREAM(AVTPMAP_SUB_RVF, 14, 48), .format = RVF_RAW(0x11, 0x12),
  .sequence = 11, .data_bytes = 16, .avtp_timestamp = FRAME_TS, .flags = AVTPMAP_F_TV,
  .unit = AVTPMAP_UNIT_VIDEO },
{ .name = "rvf, end of a frame (ef)",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_RVF, 0x81, 11, 0, FRAME_TS, 0x078002d0u, 24,
		     0x90, 0), D24),
  IS_STREAM(AVTPMAP_SUB_RVF, 14, 48), .format = RVF_RAW(0x11, 0x12),
  .sequence = 11, .data_bytes = 16, .avtp_timestamp = FRAME_TS,
  .flags = AVTPMAP_F_TV | AVTPMAP_F_FRAME_END, .unit = AVTPMAP_UNIT_VIDEO },

{ .name = "rvf, another pixel format and frame rate",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_RVF, 0x81, 11, 0, FRAME_TS, 0x078002d0u, 16,
		     0x80, 0), 0, 0x34, 9, 0, Z4, Z8),
  IS_STREAM(AVTPMAP_SUB_RVF, 14, 40), .format = RVF_RAW(0x34, 9),
  .sequence = 11, .data_bytes = 8, .avtp_timestamp = FRAME_TS,
  .flags = AVTPMAP_F_TV, .unit = AVTPMAP_UNIT_VIDEO },
{ .name = "rvf too short for its raw header",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_RVF, 0x81, 11, 0, FRAME_TS, 0x078002d0u, 7,
		     0x80, 0), Z8), IS_MALFORMED(AVTPMAP_SUB_RVF) },
{ .name = "rvf cut off in its raw header",
  BYTES(AVTP, STREAM(AVTPMAP_SUB_RVF, 0x81, 11, 0, FRAME_TS, 0x078002d0u, 8,
		     0x80, 0), Z4), IS_MALFORMED(AVTPMAP_SUB_RVF) },

/* The other subtypes with a stream_id: packets */
#define OTHER(sub) \
  BYTES(AVTP, STREAM(sub, 0x81, 12, 0, FRAME_TS, 0u, 24, 0x10, 0), D24), \
  IS_STREAM(sub, 14, 48), .sequence = 12, .data_bytes = 24, \
  .avtp_timestamp = FRAME_TS, .flags = AVTPMAP_F_TV
{ .name = "mma", OTHER(AVTPMAP_SUB_MMA) },
{ .name = "svf", OTHER(AVTPMAP_SUB_SVF) },
{ .name = "tscf", OTHER(AVTPMAP_SUB_TSCF) },
{ .name = "encrypted continuous", OTHER(AVTPMAP_SUB_AEF) },
{ .name = "vendor specific", OTHER(AVTPMAP_SUB_VSF) },
{ .name = "experimental", OTHER(AVTPMAP_SUB_EF) },
{ .name = "ntscf", BYTES(AVTP, NTSCF(0x80, 24, 13), D24),
  IS_STREAM(AVTPMAP_SUB_NTSCF, 14, 36), .sequence = 13, .data_bytes = 24 },
{ .name = "ntscf longer than 255, r=1",
  BYTES(AVTP, NTSCF(0x88, 288, 13), D192, D96),
  IS_STREAM(AVTPMAP_SUB_NTSCF, 14, 300), .sequence = 13, .data_bytes = 288 },
{ .name = "ntscf nothing but a header", BYTES(AVTP, NTSCF(0x80, 0, 14)),
  IS_STREAM(AVTPMAP_SUB_NTSCF, 14, 12), .sequence = 14 },
{ .name = "ntscf one octet too long", BYTES(AVTP, NTSCF(0x80, 25, 13), D24),
  IS_MALFORMED(AVTPMAP_SUB_NTSCF) },
{ .name = "ntscf sv=0", BYTES(AVTP, NTSCF(0x00, 24, 13), D24),
  .class = AVTPMAP_CONTROL },

/* CRF: tu where others have tv, type where others have tu */
#define CRF_RAW(interval, low) \
  ((__u64)(low) << 56 | (interval) % 256ull << 40 | 1ull << 32 | 48000)
{ .name = "crf", BYTES(AVTP, CRF(0x80, 15, 1, 48), D48),
  IS_STREAM(AVTPMAP_SUB_CRF, 14, 68), .format = CRF_RAW(96, 6),
  .sequence = 15, .data_bytes = 48 },
{ .name = "crf tu=1 fs=1 mr=1", BYTES(AVTP, CRF(0x8b, 15, 1, 48), D48),
  IS_STREAM(AVTPMAP_SUB_CRF, 14, 68), .format = CRF_RAW(96, 6),
  .sequence = 15, .data_bytes = 48, .mr = 1, .flags = AVTPMAP_F_TU },
{ .name = "crf, one timestamp for 300 events",
  BYTES(AVTP, AVTPMAP_SUB_CRF, 0x80, 15, 1, B64(FRAME_ID), B32(48000u), B16(8),
	B16(300), Z8),
  IS_STREAM(AVTPMAP_SUB_CRF, 14, 28), .format = CRF_RAW(300, 1 ^ 300 / 256),
  .sequence = 15, .data_bytes = 8 },
{ .name = "crf one octet too long", BYTES(AVTP, CRF(0x80, 15, 1, 49), D48),
  IS_MALFORMED(AVTPMAP_SUB_CRF) },
{ .name = "crf cut off in its header",
  BYTES(AVTP, AVTPMAP_SUB_CRF, 0x80, 15, 1, B64(FRAME_ID), B32(48000u), B16(0),
	0), IS_MALFORMED(AVTPMAP_SUB_CRF) },
{ .name = "crf version 1", BYTES(AVTP, CRF(0x90, 15, 1, 48), D48),
  .class = AVTPMAP_UNSUPPORTED, .stream_id = FRAME_ID,
  .subtype = AVTPMAP_SUB_CRF },

/* Never ours */
{ .name = "adp", BYTES(AVTP, CONTROL(0xfa, 0x00)), .class = AVTPMAP_CONTROL },
{ .name = "aecp", BYTES(AVTP, CONTROL(0xfb, 0x01)), .class = AVTPMAP_CONTROL },
{ .name = "aecp h=1", BYTES(AVTP, CONTROL(0xfb, 0x81)),
  .class = AVTPMAP_CONTROL },
{ .name = "acmp", BYTES(AVTP, CONTROL(0xfc, 0x02)), .class = AVTPMAP_CONTROL },
{ .name = "maap", BYTES(AVTP, CONTROL(0xfe, 0x01)), .class = AVTPMAP_CONTROL },
{ .name = "maap h=1 version 1", BYTES(AVTP, CONTROL(0xfe, 0x91)),
  .class = AVTPMAP_CONTROL },
{ .name = "escf", BYTES(AVTP, CONTROL(0xec, 0x80)), .class = AVTPMAP_CONTROL },
{ .name = "encrypted discrete", BYTES(AVTP, CONTROL(0xee, 0x80)),
  .class = AVTPMAP_CONTROL },
{ .name = "reserved subtype 08", BYTES(AVTP, CONTROL(0x08, 0x80)),
  .class = AVTPMAP_CONTROL },
{ .name = "reserved subtype 81", BYTES(AVTP, CONTROL(0x81, 0x80)),
  .class = AVTPMAP_CONTROL },
{ .name = "gptp", BYTES(ETH(0x88f7), 0x10, 0x02, D24, D24),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "msrp", BYTES(ETH(0x22ea), 0, 1, D24, D24),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "mvrp tagged", BYTES(TAG(ETHERTYPE_CTAG, 2), B16(0x88f5), D24, D24),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "ipv4", BYTES(ETH(0x0800), 0x45, 0, D24, D24),
  .class = AVTPMAP_NOT_AVTP },
{ .name = "length field, not a type", BYTES(ETH(0x002e), D24, D24),
  .class = AVTPMAP_NOT_AVTP },
};

/* clang-format on */

#define N_FRAMES (sizeof(frames) / sizeof(frames[0]))

#endif /* AVTPMAP_TESTS_FRAMES_H */
