/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a frame's format_raw says that it holds. */
#ifndef AVTPMAP_FORMAT_H
#define AVTPMAP_FORMAT_H

#include <linux/avtpmap.h>

#include "env.h"

/* IEEE 1722-2016 Table 11 */
static inline __u32 aaf_rate_hz(__u32 nsr)
{
	switch (nsr) {
	case 1: return 8000;
	case 2: return 16000;
	case 3: return 32000;
	case 4: return 44100;
	case 5: return 48000;
	case 6: return 88200;
	case 7: return 96000;
	case 8: return 176400;
	case 9: return 192000;
	case 10: return 24000;
	default: return 0;
	}
}

/* IEC 61883-6 Table 4 */
static inline __u32 am824_rate_hz(__u32 sfc)
{
	switch (sfc) {
	case 0: return 32000;
	case 1: return 44100;
	case 2: return 48000;
	case 3: return 88200;
	case 4: return 96000;
	case 5: return 176400;
	case 6: return 192000;
	default: return 0;
	}
}

/* IEEE 1722-2016 7: all four octets of the format are in @raw. */
static inline int aaf_format(struct avtpmap_format *f, __u32 raw)
{
	__u32 encoding = raw >> 24;
	__u32 nsr = raw >> 20 & 0xf;

	f->channels = raw >> 8 & 0x3ff;
	f->bit_depth = raw & 0xff;
	f->header_bytes = 24;
	f->encoding = encoding;
	/* carried as packets: a user's format or rate is told elsewhere */
	if (encoding == AVTPMAP_ENC_AES3 || encoding == AVTPMAP_ENC_NONE)
		return 1;
	if (encoding > AVTPMAP_ENC_INT16)
		return 0;
	if (!nsr)
		return 1;
	f->rate_hz = aaf_rate_hz(nsr);
	f->unit = AVTPMAP_UNIT_SAMPLES;
	f->sample_bytes = encoding == AVTPMAP_ENC_INT16 ? 2 :
			  encoding == AVTPMAP_ENC_INT24 ? 3 : 4;
	return f->rate_hz && f->channels && f->bit_depth &&
	       f->bit_depth <= 8 * f->sample_bytes;
}

/* IEC 61883-1 and -6: tag, FMT, FDF and DBS are in @raw. */
static inline int cip_format(struct avtpmap_format *f, __u32 raw)
{
	__u32 fdf = raw >> 8 & 0xff;
	__u32 dbs = raw & 0xff;

	if (!raw)				/* no CIP header */
		return 1;
	f->header_bytes = 32;
	if ((raw >> 16 & 0x3f) != 0x10)		/* video and others, as packets */
		return 1;
	f->channels = dbs;
	f->rate_hz = am824_rate_hz(fdf & 7);
	f->bit_depth = 24;
	f->sample_bytes = 4;
	f->unit = AVTPMAP_UNIT_SAMPLES;
	switch (fdf >> 4 & 3) {			/* EVT */
	case 0:
		f->encoding = AVTPMAP_ENC_AM824;
		break;
	case 1:					/* 4 samples of 24 bits in 3 quadlets */
		if (dbs % 3)
			return 0;
		f->encoding = AVTPMAP_ENC_AM24X4;
		f->sample_bytes = 3;
		f->channels = dbs / 3 * 4;
		break;
	case 2:
		f->encoding = AVTPMAP_ENC_AMFLOAT;
		f->bit_depth = 32;
		break;
	default:
		return 0;
	}
	return !(fdf >> 6) && f->rate_hz && f->channels;
}

/* Returns 0 for a format that this version cannot account for. */
static inline int avtpmap_format_of(struct avtpmap_format *f, __u64 format_raw)
{
	__builtin_memset(f, 0, sizeof(*f));
	f->subtype = format_raw >> 48 & 0xff;
	f->unit = AVTPMAP_UNIT_PACKETS;

	switch (f->subtype) {
	case AVTPMAP_SUB_AAF:
		return aaf_format(f, format_raw);
	case AVTPMAP_SUB_61883_IIDC:
		return cip_format(f, format_raw);
	case AVTPMAP_SUB_CVF:
	case AVTPMAP_SUB_RVF:
		f->unit = AVTPMAP_UNIT_VIDEO;
		return 1;
	default:
		return 1;
	}
}

#endif /* AVTPMAP_FORMAT_H */
