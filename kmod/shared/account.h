/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a stream's frames add up to: sequence, media position, epochs and the
 * counters. One caller at a time per stream.
 */
#ifndef AVTPMAP_ACCOUNT_H
#define AVTPMAP_ACCOUNT_H

#include <linux/avtpmap.h>

#include "account_state.h"
#include "avtp.h"
#include "format.h"
#include "rtag.h"
#include "sequence.h"

/*
 * A new talker, format or sequence. Positions go on from where they are, so
 * that they never repeat; PCM stops at the flag.
 */
static inline void start_epoch(struct avtpmap_account *a,
			       struct avtpmap_ring_hdr *hdr,
			       const struct avtpmap_pdu *pdu, __u64 format_raw,
			       const struct avtpmap_format *f,
			       struct avtpmap_entry *e)
{
	if (a->epoch) {
		count(hdr, AVTPMAP_C_STREAM_INTERRUPTED, 1);
		e->events |= AVTPMAP_EV_EPOCH;
	}
	if (a->epoch && a->format_raw != format_raw)
		count(hdr, AVTPMAP_C_FORMAT_CHANGED, 1);
	if (a->epoch && a->talker != pdu->src_mac)
		count(hdr, AVTPMAP_C_TALKER_CHANGED, 1);

	a->epoch++;
	a->talker = pdu->src_mac;
	a->format_raw = format_raw;
	a->unit = f->unit;
	a->rate_hz = f->rate_hz;
	a->block_bytes = f->channels * f->sample_bytes;
	a->nominal_units = 0;
	a->nominal_bytes = 0;
	a->wrap_ns = ~0ull;
	a->pace_ns = 0;
	a->fell_ns = 0;
	a->stamp_pos = ~0ull;
	a->stamp_step = 0;
	a->skipped_units = 0;
	a->skipped_lost = 0;
	a->rtag_seen = 0;
	a->settle = SETTLE_FRAMES;
	a->stale = 0;
	a->mr = pdu->mr;
	a->tu = pdu->flags & AVTPMAP_F_TU;
	a->dbc = pdu->dbc;
	a->dbc_odd = 0;
	a->dbc_way = 0;
	a->plain = 0;
	e->flags |= AVTPMAP_F_EPOCH;

	env_store_wmb(&hdr->format_seq, 2 * a->epoch - 1);
	env_store(&hdr->epoch, a->epoch);
	env_copy(&hdr->format, f, sizeof(*f));
	env_store_release(&hdr->format_seq, 2 * a->epoch);
}

static env_noinline int new_length(struct avtpmap_account *a, __u32 data_bytes)
{
	__u32 n = data_bytes / a->block_bytes;

	if (n * a->block_bytes != data_bytes || !n)
		return 0;
	a->nominal_bytes = data_bytes;
	a->nominal_units = n;
	a->wrap_ns = WRAP_FRAMES * 1000000000ull * n / a->rate_hz;
	return 1;
}

/* Samples in a frame; the division is done when the length changes. */
static __always_inline int samples_of(struct avtpmap_account *a,
				      const struct avtpmap_pdu *pdu,
				      __u32 *units)
{
	if (env_unlikely(pdu->data_bytes != a->nominal_bytes) &&
	    !new_length(a, pdu->data_bytes))
		return 0;
	*units = a->nominal_units;
	return 1;
}

static __always_inline int units_of(struct avtpmap_account *a,
				    const struct avtpmap_pdu *pdu, __u32 *units)
{
	if (env_unlikely(a->unit != AVTPMAP_UNIT_SAMPLES)) {
		*units = a->unit == AVTPMAP_UNIT_PACKETS ||
			 pdu->flags & AVTPMAP_F_FRAME_END;
		return 1;
	}
	if (env_unlikely(pdu->flags & AVTPMAP_F_NODATA)) {
		*units = 0;
		return 1;
	}
	return samples_of(a, pdu, units);
}

/* A frame that adds nothing: it lies in the ring at the place it had. */
static inline void account_stale(struct avtpmap_account *a,
				 struct avtpmap_ring_hdr *hdr, __u32 steps,
				 enum sequence_step step,
				 struct avtpmap_entry *e)
{
	__u64 end = a->media_pos + a->skipped_units;
	__u64 back = (steps + 1ull) * e->units;

	if (step == STEP_LATE) {
		count(hdr, AVTPMAP_C_FRAMES_LATE, 1);
		e->flags |= AVTPMAP_F_LATE;
	} else {
		count(hdr, AVTPMAP_C_FRAMES_DUPLICATE, 1);
		e->flags |= AVTPMAP_F_DUPLICATE;
	}
	a->stale++;
	a->plain = 0;
	e->media_pos = end > back ? end - back : 0;
	/* frames that passed may have been longer, or this one is empty */
	if (e->media_pos > a->media_pos)
		e->media_pos = a->media_pos;
	e->units = 0;
}

/*
 * Units in the frames lost. DBC says how many modulo 256; the frames lost say
 * about how many.
 */
static inline __u32 units_lost(const struct avtpmap_account *a,
			       const struct avtpmap_pdu *pdu, __u32 lost)
{
	__u32 guess = a->unit == AVTPMAP_UNIT_VIDEO ? 0 :
		      a->unit == AVTPMAP_UNIT_PACKETS ? lost :
		      lost * a->nominal_units;

	if (pdu->subtype == AVTPMAP_SUB_61883_IIDC &&
	    a->unit == AVTPMAP_UNIT_SAMPLES && !a->dbc_way) {
		__s8 off = (__s8)(__u8)(pdu->dbc - a->dbc - guess);

		if (off > 0 || (__u32)-off <= guess)
			return guess + off;
	}
	return guess;
}

static inline void account_loss(struct avtpmap_account *a,
				struct avtpmap_ring_hdr *hdr,
				const struct avtpmap_pdu *pdu,
				struct avtpmap_entry *e)
{
	e->lost = (__u8)(pdu->sequence - a->sequence - 1);
	e->lost_units = units_lost(a, pdu, e->lost);
	count(hdr, AVTPMAP_C_FRAMES_LOST, e->lost);
	e->flags |= AVTPMAP_F_GAP;
	e->events |= AVTPMAP_EV_GAP;
}

/* IEC 61883-1: quadlets of DBS make a data block, whatever is in it. */
static inline __u8 blocks_of(const struct avtpmap_account *a,
			     const struct avtpmap_pdu *pdu, __u32 units)
{
	__u32 dbs = a->format_raw & 0xff;

	if (a->unit == AVTPMAP_UNIT_SAMPLES)
		return units;
	if (!(a->format_raw >> 24 & 1))		/* no CIP header */
		return 0;
	return pdu->data_bytes / (4 * (dbs ? dbs : 256));
}

/*
 * DBC, where sequence_num goes on. Blocks are missing, or repeated, though no
 * frame is; or the talker counts otherwise than the standard has it (quadlets,
 * the packet's end), and then it does so again and again. Only a break in what
 * was orderly for long is believed. NO-DATA is not asked: it may have the DBC
 * before the next packet or behind it. Returns the blocks missing, -1: no break.
 */
static inline int account_dbc(struct avtpmap_account *a,
			      struct avtpmap_ring_hdr *hdr,
			      const struct avtpmap_pdu *pdu, __u8 blocks)
{
	__u8 missing = pdu->dbc - a->dbc;
	int of_the_end = missing == (__u8)(blocks - a->dbc_step) &&
			 (__u8)(missing + 1) <= 2;
	int odd = a->dbc_odd;

	if (!missing) {
		if (odd)
			a->dbc_odd--;
		if (odd <= 1)
			a->dbc_way = 0;
		return -1;
	}
	a->dbc_odd = DBC_FRAMES;
	if (odd || of_the_end)
		a->dbc_way = 1;
	if (a->settle)
		return -1;
	count(hdr, AVTPMAP_C_DBC_MISMATCH, 1);
	if (odd || of_the_end)
		return -1;
	return missing < 128 && a->unit == AVTPMAP_UNIT_SAMPLES ? missing : 0;
}

static __always_inline int dbc_to_ask(const struct avtpmap_account *a,
				      const struct avtpmap_pdu *pdu)
{
	return pdu->subtype == AVTPMAP_SUB_61883_IIDC &&
	       !(pdu->flags & AVTPMAP_F_NODATA) &&
	       (pdu->dbc != a->dbc || a->dbc_odd) &&
	       (__u8)(pdu->sequence - a->sequence) == 1;
}

/* What the next frame's DBC will be. */
static __always_inline void expect_dbc(struct avtpmap_account *a,
				       const struct avtpmap_pdu *pdu,
				       __u32 units, int anew)
{
	if (pdu->subtype != AVTPMAP_SUB_61883_IIDC)
		return;
	if (pdu->flags & AVTPMAP_F_NODATA) {
		a->dbc = anew ? pdu->dbc : a->dbc;
		return;
	}
	a->dbc_step = blocks_of(a, pdu, units);
	a->dbc = pdu->dbc + a->dbc_step;
}

static __always_inline void account_bits(struct avtpmap_account *a,
					 struct avtpmap_ring_hdr *hdr,
					 const struct avtpmap_pdu *pdu,
					 struct avtpmap_entry *e)
{
	__u8 tu = pdu->flags & AVTPMAP_F_TU;

	if (pdu->mr != a->mr) {		/* a toggle, not a pulse */
		count(hdr, AVTPMAP_C_MEDIA_RESET, 1);
		e->flags |= AVTPMAP_F_MR;
		e->events |= AVTPMAP_EV_RESET;
		a->mr = pdu->mr;
		a->stamp_pos = ~0ull;
	}
	if (tu != a->tu) {
		count(hdr, AVTPMAP_C_TIMESTAMP_UNCERTAIN, 1);
		e->events |= AVTPMAP_EV_UNCERTAIN;
		a->tu = tu;
		a->stamp_pos = ~0ull;
	}
}

static __always_inline __u32 saturated(__u64 n)
{
	return n < 0xffffffff ? n : 0xffffffff;
}

/* The slot has room for 32 bits of it; the media position goes by all. */
static inline void account_skipped(struct avtpmap_account *a,
				   struct avtpmap_entry *e)
{
	__u64 units = a->skipped_units + e->lost_units;

	e->lost = saturated((__u64)e->lost + a->skipped_lost);
	e->lost_units = saturated(units);
	e->flags |= AVTPMAP_F_GAP;
	e->events |= AVTPMAP_EV_GAP;
	a->media_pos += units - e->lost_units;
	a->skipped_lost = 0;
	a->skipped_units = 0;
}

/* NO-DATA is of any IEC 61883-6 format, and tells none. */
static __always_inline int same_format(const struct avtpmap_account *a,
				       const struct avtpmap_pdu *pdu)
{
	if (env_likely(pdu->format_raw))
		return pdu->format_raw == a->format_raw;
	return (a->format_raw >> 48 & 0xff) == AVTPMAP_SUB_61883_IIDC &&
	       a->unit == AVTPMAP_UNIT_SAMPLES;
}

static __always_inline int refuse(struct avtpmap_ring_hdr *hdr,
				  struct avtpmap_entry *e,
				  enum avtpmap_counter c)
{
	count(hdr, c, 1);
	e->refused = c;
	return 0;
}

/*
 * A frame that begins an epoch, if it can: one that is refused must leave no
 * trace in the accounts, or the next would be taken for its follower.
 */
static inline int account_fresh(struct avtpmap_account *a,
				struct avtpmap_ring_hdr *hdr,
				const struct avtpmap_pdu *pdu,
				enum sequence_step step,
				struct avtpmap_entry *e)
{
	__u64 format_raw = pdu->format_raw;
	struct avtpmap_format f;

	if (!format_raw && step == STEP_RESYNC)
		format_raw = a->format_raw;
	/* a talker or a stream begins with what is behind its NO-DATA */
	if (!format_raw && (!a->epoch || pdu->src_mac != a->talker))
		return refuse(hdr, e, AVTPMAP_C_NO_FORMAT);
	if (!format_raw || !avtpmap_format_of(&f, format_raw))
		return refuse(hdr, e, AVTPMAP_C_UNSUPPORTED_FORMAT);
	if (f.unit == AVTPMAP_UNIT_SAMPLES && !(pdu->flags & AVTPMAP_F_NODATA) &&
	    (!pdu->data_bytes ||
	     pdu->data_bytes % (f.channels * f.sample_bytes)))
		return refuse(hdr, e, AVTPMAP_C_MALFORMED);
	if (step == STEP_RESYNC) {
		count(hdr, AVTPMAP_C_SEQ_NUM_MISMATCH, 1);
		count(hdr, AVTPMAP_C_RESYNC, 1);
		e->events |= AVTPMAP_EV_GAP;
	}
	start_epoch(a, hdr, pdu, format_raw, &f, e);
	return units_of(a, pdu, &e->units);
}

/* Certain avtp_timestamps tell of a silence how long the talker made it. */
static __always_inline void keep_stamp(struct avtpmap_account *a,
				       const struct avtpmap_pdu *pdu,
				       __u64 media_pos)
{
	if ((pdu->flags & (AVTPMAP_F_TV | AVTPMAP_F_TU)) == AVTPMAP_F_TV) {
		a->stamp_step = pdu->avtp_timestamp - a->stamp;
		a->stamp = pdu->avtp_timestamp;
		a->stamp_pos = media_pos;
	}
}

/* A frame of the epoch, in its place or behind a loss. */
static inline void account_next(struct avtpmap_account *a,
				struct avtpmap_ring_hdr *hdr,
				const struct avtpmap_pdu *pdu,
				struct avtpmap_entry *e)
{
	account_bits(a, hdr, pdu, e);
	if (a->skipped_units || a->skipped_lost)
		account_skipped(a, e);
	e->media_pos = a->media_pos + e->lost_units;
	keep_stamp(a, pdu, e->media_pos);
	a->media_pos = e->media_pos + e->units;
	rtag_next(a, pdu);
	expect_dbc(a, pdu, e->units, (__u8)(pdu->sequence - a->sequence) != 1);
	a->sequence = pdu->sequence;
	a->stale = 0;
	if (a->settle)
		a->settle--;
	a->plain = a->unit == AVTPMAP_UNIT_SAMPLES && a->nominal_units &&
		   !a->settle && !a->dbc_odd;
}

/* Any frame, whatever it is and whatever came before. */
static env_noinline int account_any(struct avtpmap_account *a,
				    struct avtpmap_ring_hdr *hdr,
				    const struct avtpmap_pdu *pdu, __u64 now_ns,
				    struct avtpmap_entry *e)
{
	enum sequence_step step = STEP_NEXT;
	int fresh = 0, missing, lag = -1;

	/* before the first epoch there is no format that could be the same */
	if (pdu->src_mac != a->talker) {
		if (a->epoch && silence_ns(a, now_ns) < silence_limit(a)) {
			e->events = AVTPMAP_EV_CONFLICT;
			return refuse(hdr, e, AVTPMAP_C_CONFLICT);
		}
		fresh = 1;
	} else if (!same_format(a, pdu)) {
		fresh = 1;
	} else {
		lag = rtag_lag(a, pdu, now_ns);
		if (lag < 0)
			step = sequence_step(a, pdu, now_ns);
		else
			step = rtag_first(a, lag) ? STEP_LATE : STEP_DUPLICATE;
	}
	if (fresh || step == STEP_RESYNC) {
		if (!account_fresh(a, hdr, pdu, step, e))
			return 0;
		step = STEP_NEXT;
		fresh = 1;
	} else if (!units_of(a, pdu, &e->units)) {
		return refuse(hdr, e, AVTPMAP_C_MALFORMED);
	} else if (step != STEP_NEXT && lag < 0) {
		count(hdr, AVTPMAP_C_SEQ_NUM_MISMATCH, 1);
	}

	if (a->unit != AVTPMAP_UNIT_SAMPLES && !fresh)
		account_pace(a, now_ns);
	a->last_ns = now_ns;
	if (step == STEP_LATE || step == STEP_DUPLICATE) {
		account_stale(a, hdr,
			      lag < 0 ? (__u8)(a->sequence - pdu->sequence) : lag,
			      step, e);
		return 1;
	}
	if (step == STEP_LOSS) {
		account_loss(a, hdr, pdu, e);
	} else if (!fresh && dbc_to_ask(a, pdu)) {
		missing = account_dbc(a, hdr, pdu, blocks_of(a, pdu, e->units));
		if (missing >= 0) {
			e->lost_units = missing;
			e->flags |= AVTPMAP_F_DBC;
			e->events |= AVTPMAP_EV_GAP;
		}
	}
	account_next(a, hdr, pdu, e);
	return 1;
}

/* Whether it is audio's next frame, of which nothing else is to be said. */
static __always_inline int is_plain(struct avtpmap_account *a,
				    const struct avtpmap_pdu *pdu, __u64 now_ns,
				    struct avtpmap_entry *e)
{
	return env_likely(a->plain && pdu->src_mac == a->talker &&
			  pdu->format_raw == a->format_raw &&
			  pdu->sequence == (__u8)(a->sequence + 1) &&
			  pdu->mr == a->mr && pdu->dbc == a->dbc &&
			  (pdu->flags & (AVTPMAP_F_TU | AVTPMAP_F_RTAG)) ==
				  a->tu &&
			  (__s64)(now_ns - a->last_ns) <= (__s64)a->wrap_ns &&
			  samples_of(a, pdu, &e->units));
}

/**
 * avtpmap_account() - enter a frame of class AVTPMAP_STREAM into the accounts
 * @a: the stream's
 * @hdr: where its counters are
 * @pdu: the frame
 * @now_ns: CLOCK_MONOTONIC
 * @e: out; of a frame that is refused flags, events and refused only
 *
 * Returns 1 if the frame belongs in the ring, 0 if it was counted and passes.
 */
static __always_inline int avtpmap_account(struct avtpmap_account *a,
					   struct avtpmap_ring_hdr *hdr,
					   const struct avtpmap_pdu *pdu,
					   __u64 now_ns,
					   struct avtpmap_entry *e)
{
	e->lost = 0;
	e->lost_units = 0;
	e->flags = pdu->flags;
	e->events = 0;
	if (!is_plain(a, pdu, now_ns, e))
		return account_any(a, hdr, pdu, now_ns, e);

	e->media_pos = a->media_pos;
	a->media_pos += e->units;
	a->last_ns = now_ns;
	a->sequence = pdu->sequence;
	keep_stamp(a, pdu, e->media_pos);
	if (pdu->subtype == AVTPMAP_SUB_61883_IIDC) {
		a->dbc_step = e->units;
		a->dbc += e->units;
	}
	return 1;
}

/**
 * avtpmap_account_skip() - count a frame of class AVTPMAP_STREAM that passes
 *	because the ring cannot hold it
 * @a: the stream's
 * @hdr: where its counters are
 * @pdu: the frame
 * @reason: AVTPMAP_C_TOO_LONG or AVTPMAP_C_MULTIBUF
 * @now_ns: CLOCK_MONOTONIC
 *
 * It arrived, so it is not lost on the wire as well; its media is missing.
 */
static env_noinline void avtpmap_account_skip(struct avtpmap_account *a,
					      struct avtpmap_ring_hdr *hdr,
					      const struct avtpmap_pdu *pdu,
					      enum avtpmap_counter reason,
					      __u64 now_ns)
{
	__u8 delta = pdu->sequence - a->sequence;
	__u32 units;

	count(hdr, reason, 1);
	if (!a->epoch || pdu->src_mac != a->talker ||
	    !same_format(a, pdu) || !delta || delta > LOST_MAX + 1 ||
	    rtag_lag(a, pdu, now_ns) >= 0)
		return;
	if (delta > 1 && !a->settle) {
		count(hdr, AVTPMAP_C_SEQ_NUM_MISMATCH, 1);
		count(hdr, AVTPMAP_C_FRAMES_LOST, delta - 1);
		a->skipped_lost = saturated((__u64)a->skipped_lost + delta - 1);
		a->skipped_units += units_lost(a, pdu, delta - 1);
	}
	if (!units_of(a, pdu, &units))
		units = 0;
	if (delta == 1 && dbc_to_ask(a, pdu)) {
		int missing = account_dbc(a, hdr, pdu,
					  blocks_of(a, pdu, units));

		a->skipped_units += missing > 0 ? missing : 0;
	}
	a->skipped_units += units;
	a->plain = 0;
	rtag_next(a, pdu);
	expect_dbc(a, pdu, units, delta != 1);
	a->sequence = pdu->sequence;
	a->last_ns = now_ns;
}

#endif /* AVTPMAP_ACCOUNT_H */
