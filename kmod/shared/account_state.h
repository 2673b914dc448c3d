/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the accounts of a stream remember, and what they say of a frame. */
#ifndef AVTPMAP_ACCOUNT_STATE_H
#define AVTPMAP_ACCOUNT_STATE_H

#include <linux/avtpmap.h>

#include "env.h"

/*
 * Silence after which a stream counts as ended: see silence_limit(). Audio ends
 * after the first to the second, what has no rate after the second to the third.
 */
#define AVTPMAP_SILENCE_NS	100000000ull
#define AVTPMAP_SILENCE_RARE_NS	1000000000ull
#define AVTPMAP_SILENCE_MOST_NS	10000000000ull

/* As much as one may ask for instead, ms. */
#define AVTPMAP_SILENCE_MS_MIN	100u
#define AVTPMAP_SILENCE_MS_MAX	3600000u

enum {
	SETTLE_FRAMES	= 8,	/* of an epoch: breaks are not yet loss */
	LOST_MAX	= 127,	/* frames that sequence_num can tell apart */
	LATE_MAX	= 16,	/* frames that one can be overtaken by */
	STALE_MAX	= 32,	/* late and duplicate frames in a row: resync */
	WRAP_FRAMES	= 192,	/* silence, in frames, that sequence_num spans */
	DBC_FRAMES	= 192,	/* of an orderly DBC, before a break is loss */
	SILENCE_PACES	= 4,	/* the stream's longest interval, so often */
	PACE_FRAMES	= 1024,	/* in which the longest interval fades */
	STAMP_FRAMES	= 16,	/* as far avtp_timestamp may be off */
	STALL_NS	= 200000000,	/* as long a host may stand still */
	STAMP_SPAN_NS	= 2000000000,	/* that it spans, either way */
};

/**
 * struct avtpmap_account - a stream's accounts, private to its producer
 * @format_raw: of the epoch
 * @media_pos: where the next frame is expected to begin
 * @talker: source MAC of the epoch
 * @last_ns: when the last frame came, CLOCK_MONOTONIC
 * @wrap_ns: a silence too long for sequence_num to number, all ones if not known
 * @pace_ns: the longest interval of late, where media units tell no time; of
 *	audio the longest pause in the epoch, 0: none
 * @fell_ns: @last_ns when it last fell silent in this epoch, or 0
 * @stamp_pos: media position of the last frame with an avtp_timestamp that is
 *	certain, all ones: of none
 * @skipped_units: of frames lost or passed since the last one in the ring
 * @rtag_seen: with R-TAGs, which frames have come: the newest in bit 0, the one
 *	before it in bit 1; 0: none
 * @epoch: 0 before the first frame
 * @unit: enum avtpmap_unit
 * @block_bytes: bytes of one media unit, with AVTPMAP_UNIT_SAMPLES
 * @nominal_units: units of the last frame that had any
 * @nominal_bytes: data_bytes of that frame
 * @rate_hz: media units per second, or 0
 * @skipped_lost: frames lost among them; all ones is so many or more
 * @stamp: its avtp_timestamp
 * @stamp_step: by which it is later than the one before
 * @rtag: number of the newest frame, with @rtag_seen
 * @sequence: of the newest frame
 * @mr: its mr
 * @tu: its AVTPMAP_F_TU
 * @dbc: expected in the next frame
 * @settle: frames left of the settle window
 * @stale: late and duplicate frames in a row
 * @dbc_step: data blocks of the last frame that had any
 * @dbc_odd: frames left until its DBC is believed
 * @dbc_way: it broke again meanwhile: the talker counts in another way
 * @plain: audio in order, of which nothing is open: the next frame is to be
 *	compared, and that is all
 * @silence_ms: that ends the stream, 0: see silence_limit()
 */
struct avtpmap_account {
	__u64 format_raw;
	__u64 media_pos;
	__u64 talker;
	__u64 last_ns;
	__u64 wrap_ns;
	__u64 pace_ns;
	__u64 fell_ns;
	__u64 stamp_pos;
	__u64 skipped_units;
	__u64 rtag_seen;
	__u32 epoch;
	__u32 unit;
	__u32 block_bytes;
	__u32 nominal_units;
	__u32 nominal_bytes;
	__u32 rate_hz;
	__u32 skipped_lost;
	__u32 stamp;
	__u32 stamp_step;
	__u16 rtag;
	__u8 sequence;
	__u8 mr;
	__u8 tu;
	__u8 dbc;
	__u8 settle;
	__u8 stale;
	__u8 dbc_step;
	__u8 dbc_odd;
	__u8 dbc_way;
	__u8 plain;
	__u8 resv[4];
	__u32 silence_ms;
};

/**
 * struct avtpmap_entry - one frame's part in the accounts
 * @media_pos: of its first media unit
 * @units: that it adds
 * @lost: frames lost just before it
 * @lost_units: that they held
 * @flags: enum avtpmap_slot_flags
 * @events: enum avtpmap_event
 * @refused: enum avtpmap_counter, of a frame that is refused
 */
struct avtpmap_entry {
	__u64 media_pos;
	__u32 units;
	__u32 lost;
	__u32 lost_units;
	__u32 flags;
	__u32 events;
	__u32 refused;
};

static __always_inline int silence_may_be(__u32 ms)
{
	return !ms || (ms >= AVTPMAP_SILENCE_MS_MIN &&
		       ms <= AVTPMAP_SILENCE_MS_MAX);
}

/*
 * The silence that ends the stream: longer than any of its own, which follow one
 * another in a video of five frames a second, or a talker that pauses; or
 * as long as was asked for.
 */
static __always_inline __u64 silence_limit(const struct avtpmap_account *a)
{
	int audio = a->unit == AVTPMAP_UNIT_SAMPLES;
	__u64 least = audio ? AVTPMAP_SILENCE_NS : AVTPMAP_SILENCE_RARE_NS;
	__u64 most = audio ? AVTPMAP_SILENCE_RARE_NS : AVTPMAP_SILENCE_MOST_NS;
	__u64 pace_ns = a->pace_ns, ns;

	if (a->silence_ms)
		return a->silence_ms * 1000000ull;
	if (audio && a->nominal_units && pace_ns < a->wrap_ns / WRAP_FRAMES)
		pace_ns = a->wrap_ns / WRAP_FRAMES;
	ns = SILENCE_PACES * pace_ns;
	return ns < least ? least : ns > most ? most : ns;
}

static __always_inline void count(struct avtpmap_ring_hdr *hdr,
				  enum avtpmap_counter c, __u64 n)
{
	env_store(&hdr->counters[c], hdr->counters[c] + n);
}

#endif /* AVTPMAP_ACCOUNT_STATE_H */
