/* SPDX-License-Identifier: MIT */
/* One frame of a stream, from a description to bytes. No state, no system. */
#ifndef AVTPMAP_TALK_FRAME_H
#define AVTPMAP_TALK_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TALK_PDU_MAX = 1500, /* Ethernet's payload */
	TALK_FRAME_MIN = 60, /* without FCS; what is shorter gets padded */
	TALK_FRAME_MAX = 18 + TALK_PDU_MAX,
	TALK_SAMPLES_MAX = TALK_PDU_MAX / 2,
	TALK_UNTAGGED = 0xffff,
};

enum talk_encoding {
	TALK_AAF_FLOAT,
	TALK_AAF_INT32,
	TALK_AAF_INT24,
	TALK_AAF_INT16,
	TALK_AM824,
	TALK_N_ENCODINGS
};

/**
 * struct talk_format - what a stream's frames hold
 * @encoding: enum talk_encoding
 * @rate_hz: one that talk_rate_known() knows
 * @channels: 1 to 1023, and such that a frame holds them
 * @bit_depth: of AAF: meaningful bits, from the top; the others are sent as 0
 */
struct talk_format {
	enum talk_encoding encoding;
	uint32_t rate_hz;
	uint32_t channels;
	uint32_t bit_depth;
};

/**
 * struct talk_frame - what one frame says
 * @stream_id: in host byte order
 * @dst: destination MAC
 * @src: source MAC
 * @vid: VLAN id, or TALK_UNTAGGED
 * @pcp: priority in the tag
 * @format: of the samples
 * @samples: @units of them, interleaved: float for TALK_AAF_FLOAT, else int32_t
 *	with the sample at the top
 * @units: samples of one channel; 0 is an AM824 NO-DATA packet
 * @avtp_timestamp: with @tv
 * @sequence: sequence_num
 * @dbc: AM824: number of the first data block, or of the next with NO-DATA
 * @tv: timestamp valid
 * @tu: timestamp uncertain
 * @mr: media clock restart
 * @sparse: AAF sparse timestamp mode
 */
struct talk_frame {
	uint64_t stream_id;
	uint8_t dst[6];
	uint8_t src[6];
	uint16_t vid;
	uint8_t pcp;
	const struct talk_format *format;
	const void *samples;
	uint32_t units;
	uint32_t avtp_timestamp;
	uint8_t sequence;
	uint8_t dbc;
	bool tv;
	bool tu;
	bool mr;
	bool sparse;
};

enum talk_corruption {
	TALK_BAD_VERSION, /* a version that nobody knows */
	TALK_BAD_LENGTH, /* stream_data_length is more than the frame holds */
	TALK_TRUNCATED, /* the frame is less than stream_data_length says */
	TALK_PADDED, /* octets behind the PDU, which is legal */
	TALK_N_CORRUPTIONS
};

const char *talk_encoding_name(enum talk_encoding encoding);
int talk_encoding_from_name(const char *name, uint32_t len); /* or -1 */
bool talk_rate_known(uint32_t rate_hz);
uint32_t talk_sample_bytes(enum talk_encoding encoding);
uint32_t talk_pdu_bytes(const struct talk_format *format, uint32_t units);

/* Writes at most TALK_FRAME_MAX bytes; returns how many, without FCS. */
uint32_t talk_frame_build(uint8_t *buf, const struct talk_frame *f);

/*
 * Spoils a frame of @len bytes that talk_frame_build() wrote to @buf. Returns
 * its new length, or 0 if this frame cannot be spoilt this way: one that is
 * padded anyway would not show where it was cut.
 */
uint32_t talk_frame_corrupt(uint8_t *buf, uint32_t len,
			    const struct talk_frame *f,
			    enum talk_corruption how);

#endif
