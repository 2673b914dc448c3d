/* SPDX-License-Identifier: MIT */
/* How many samples go into which packet, and when packets are due. */
#ifndef AVTPMAP_TALK_PACE_H
#define AVTPMAP_TALK_PACE_H

#include "frame.h"

enum talk_class {
	TALK_CLASS_A, /* 8000 packets a second */
	TALK_CLASS_B, /* 4000 */
};

/**
 * struct talk_pace - how a format is cut into packets
 * @rate_hz: of the format
 * @packets_hz: packets a second, unless @units
 * @units: AAF: samples in every packet; the packets' pace follows from them
 * @syt_interval: AM824: samples from one timestamp to the next
 * @blocking: AM824: SYT_INTERVAL samples in a packet, or none
 * @ppb: by which the talker is fast, of what follows: packets and samples alike
 */
struct talk_pace {
	uint32_t rate_hz;
	uint32_t packets_hz;
	uint32_t units;
	uint32_t syt_interval;
	bool blocking;
	int32_t ppb;
};

enum { TALK_PPB_MAX = 1000000 };

/* Returns NULL, or why there is no such pace. */
const char *talk_pace_init(struct talk_pace *pace,
			   const struct talk_format *format,
			   enum talk_class class, bool blocking);

/* Samples in packet @k, from 0. 0: NO-DATA */
uint32_t talk_pace_units(const struct talk_pace *pace, uint64_t k);

/* When packet @k is due, and when sample @n is, after the first. */
uint64_t talk_pace_packet_ns(const struct talk_pace *pace, uint64_t k);
uint64_t talk_pace_sample_ns(const struct talk_pace *pace, uint64_t n);

/* How long one packet stands for, rounded. */
uint32_t talk_pace_interval_ns(const struct talk_pace *pace);

#endif
