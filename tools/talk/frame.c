// SPDX-License-Identifier: MIT
/*
 * IEEE 1722-2016 7 (AAF) and 5 (IEC 61883-6 AM824). Constants that no listener
 * needs are those that talkers in the field send.
 */
#include <string.h>

#include "frame.h"

enum {
	SUBTYPE_61883 = 0x00,
	SUBTYPE_AAF = 0x02,
	AVTP_HEADER_BYTES = 24,
	CIP_HEADER_BYTES = 8,
	LABEL_MBLA = 0x40, /* multi-bit linear audio, 24 bits */
};

static const struct encoding {
	const char *name;
	uint8_t sample_bytes;
	uint8_t aaf_format; /* IEEE 1722-2016 Table 10 */
} encodings[TALK_N_ENCODINGS] = {
	[TALK_AAF_FLOAT] = { "aaf-float", 4, 1 },
	[TALK_AAF_INT32] = { "aaf-int32", 4, 2 },
	[TALK_AAF_INT24] = { "aaf-int24", 3, 3 },
	[TALK_AAF_INT16] = { "aaf-int16", 2, 4 },
	[TALK_AM824] = { "am824", 4, 0 },
};

/* AAF's nominal sample rate and IEC 61883-6's sampling frequency code */
static const struct rate {
	uint32_t hz;
	uint8_t nsr;
	uint8_t sfc;
} rates[] = {
	{ 32000, 3, 0 }, { 44100, 4, 1 },  { 48000, 5, 2 },  { 88200, 6, 3 },
	{ 96000, 7, 4 }, { 176400, 8, 5 }, { 192000, 9, 6 },
};

static const struct rate *find_rate(uint32_t rate_hz)
{
	for (unsigned int i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (rates[i].hz == rate_hz)
			return &rates[i];
	return NULL;
}

const char *talk_encoding_name(enum talk_encoding encoding)
{
	return encodings[encoding].name;
}

int talk_encoding_from_name(const char *name, uint32_t len)
{
	for (int i = 0; i < TALK_N_ENCODINGS; i++)
		if (strlen(encodings[i].name) == len &&
		    !strncmp(encodings[i].name, name, len))
			return i;
	return -1;
}

bool talk_rate_known(uint32_t rate_hz)
{
	return find_rate(rate_hz);
}

uint32_t talk_sample_bytes(enum talk_encoding encoding)
{
	return encodings[encoding].sample_bytes;
}

uint32_t talk_pdu_bytes(const struct talk_format *format, uint32_t units)
{
	return AVTP_HEADER_BYTES +
	       (format->encoding == TALK_AM824 ? CIP_HEADER_BYTES : 0) +
	       units * format->channels * talk_sample_bytes(format->encoding);
}

static uint8_t *put(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = v >> 8 * (bytes - 1 - i);
	return p + bytes;
}

static uint8_t *put_ethernet(uint8_t *p, const struct talk_frame *f)
{
	memcpy(p, f->dst, 6);
	memcpy(p + 6, f->src, 6);
	p += 12;
	if (f->vid != TALK_UNTAGGED) {
		p = put(p, 0x8100, 2);
		p = put(p, (uint32_t)f->pcp << 13 | f->vid, 2);
	}
	return put(p, 0x22f0, 2);
}

/* IEEE 1722-2016 4.4.4, up to where the subtypes differ */
static uint8_t *put_stream_header(uint8_t *p, const struct talk_frame *f)
{
	p = put(p,
		f->format->encoding == TALK_AM824 ? SUBTYPE_61883 : SUBTYPE_AAF,
		1);
	p = put(p, 0x80 | f->mr << 3 | f->tv, 1);
	p = put(p, f->sequence, 1);
	p = put(p, f->tu, 1);
	p = put(p, f->stream_id, 8);
	return put(p, f->tv ? f->avtp_timestamp : 0, 4);
}

static uint8_t *put_aaf(uint8_t *p, const struct talk_frame *f)
{
	const struct talk_format *format = f->format;

	p = put(p, encodings[format->encoding].aaf_format, 1);
	p = put(p, find_rate(format->rate_hz)->nsr << 12 | format->channels, 2);
	p = put(p, format->bit_depth, 1);
	p = put(p, talk_pdu_bytes(format, f->units) - AVTP_HEADER_BYTES, 2);
	return put(p, f->sparse << 12, 2);
}

/*
 * tag 1, channel 31, tcode 10, SID 63. SYT says "no time": IEEE 1722 has
 * avtp_timestamp for it.
 */
static uint8_t *put_61883(uint8_t *p, const struct talk_frame *f)
{
	const struct talk_format *format = f->format;

	p = put(p, 0, 4);
	p = put(p, talk_pdu_bytes(format, f->units) - AVTP_HEADER_BYTES, 2);
	p = put(p, 0x5fa0, 2);
	p = put(p, 0x3f, 1);
	p = put(p, format->channels, 1);
	p = put(p, f->dbc, 2);
	p = put(p, 0x90, 1);
	p = put(p, f->units ? find_rate(format->rate_hz)->sfc : 0xff, 1);
	return put(p, 0xffff, 2);
}

static uint8_t *put_samples(uint8_t *p, const struct talk_frame *f)
{
	const struct talk_format *format = f->format;
	int bytes = talk_sample_bytes(format->encoding);
	uint32_t n = f->units * format->channels;
	uint32_t mask = ~0u;

	if (format->encoding != TALK_AAF_FLOAT &&
	    format->encoding != TALK_AM824)
		mask <<= 32 - format->bit_depth;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t v;

		memcpy(&v, (const uint8_t *)f->samples + 4 * i, sizeof(v));
		if (format->encoding == TALK_AM824)
			p = put(p, (uint32_t)LABEL_MBLA << 24 | v >> 8, 4);
		else
			p = put(p, (v & mask) >> (32 - 8 * bytes), bytes);
	}
	return p;
}

uint32_t talk_frame_build(uint8_t *buf, const struct talk_frame *f)
{
	uint8_t *p = put_stream_header(put_ethernet(buf, f), f);
	uint32_t len;

	p = f->format->encoding == TALK_AM824 ? put_61883(p, f) : put_aaf(p, f);
	p = put_samples(p, f);
	len = p - buf;
	if (len < TALK_FRAME_MIN) {
		memset(p, 0, TALK_FRAME_MIN - len);
		len = TALK_FRAME_MIN;
	}
	return len;
}

uint32_t talk_frame_corrupt(uint8_t *buf, uint32_t len,
			    const struct talk_frame *f,
			    enum talk_corruption how)
{
	uint32_t offset = f->vid == TALK_UNTAGGED ? 14 : 18;
	uint32_t room = offset + TALK_PDU_MAX;
	uint32_t extra = 1 + f->sequence % 64;

	switch (how) {
	case TALK_BAD_VERSION:
		buf[offset + 1] |= (1 + f->sequence % 7) << 4;
		return len;
	case TALK_BAD_LENGTH:
		put(buf + offset + 20, len - offset - AVTP_HEADER_BYTES + extra,
		    2);
		return len;
	case TALK_TRUNCATED:
		if (len <= TALK_FRAME_MIN)
			return 0;
		return len > TALK_FRAME_MIN + extra ? len - extra :
						      TALK_FRAME_MIN;
	case TALK_PADDED:
		if (len == room)
			return 0;
		if (extra > room - len)
			extra = room - len;
		memset(buf + len, 0xa5, extra);
		return len + extra;
	default:
		return 0;
	}
}
