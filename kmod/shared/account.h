/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a stream's frames add up to: sequence, media position, epochs and the
 * counters. One caller at a time per stream.
 */
#ifndef AVTPMAP_ACCOUNT_H
#define AVTPMAP_ACCOUNT_H

#include <linux/avtpmap.h>

#include "avtp.h"
#include "format.h"

/* Silence after which a stream counts as ended. */
#define AVTPMAP_SILENCE_NS	100000000ull

enum {
	SETTLE_FRAMES	= 8,	/* of an epoch: breaks are not yet loss */
	LOST_MAX	= 127,	/* frames that sequence_num can tell apart */
	LATE_MAX	= 16,	/* frames that one can be overtaken by */
	STALE_MAX	= 32,	/* late and duplicate frames in a row: resync */
	WRAP_FRAMES	= 192,	/* silence, in frames, that sequence_num spans */
	STAMP_FRAMES	= 16,	/* as far avtp_timestamp may be off */
	STAMP_SPAN_NS	= 2000000000,	/* that it spans, either way */
};

/**
 * struct avtpmap_account - a stream's accounts, private to its producer
 * @format_raw: of the epoch
 * @media_pos: where the next frame is expected to begin
 * @talker: source MAC of the epoch
 * @last_ns: when the last frame came, CLOCK_MONOTONIC
 * @wrap_ns: a silence too long for sequence_num to number, all ones if not known
 * @stamp_pos: media position of the last frame with an avtp_timestamp that is
 *	certain, all ones: of none
 * @skipped_units: of frames lost or passed since the last one in the ring
 * @epoch: 0 before the first frame
 * @unit: enum avtpmap_unit
 * @block_bytes: bytes of one media unit, with AVTPMAP_UNIT_SAMPLES
 * @nominal_units: units of the last frame that had any
 * @nominal_bytes: data_bytes of that frame
 * @rate_hz: media units per second, or 0
 * @skipped_lost: frames lost among them; all ones is so many or more
 * @stamp: its avtp_timestamp
 * @stamp_step: by which it is later than the one before
 * @sequence: of the newest frame
 * @mr: its mr
 * @tu: its AVTPMAP_F_TU
 * @dbc: expected in the next frame
 * @settle: frames left of the settle window
 * @stale: late and duplicate frames in a row
 */
struct avtpmap_account {
	__u64 format_raw;
	__u64 media_pos;
	__u64 talker;
	__u64 last_ns;
	__u64 wrap_ns;
	__u64 stamp_pos;
	__u64 skipped_units;
	__u32 epoch;
	__u32 unit;
	__u32 block_bytes;
	__u32 nominal_units;
	__u32 nominal_bytes;
	__u32 rate_hz;
	__u32 skipped_lost;
	__u32 stamp;
	__u32 stamp_step;
	__u8 sequence;
	__u8 mr;
	__u8 tu;
	__u8 dbc;
	__u8 settle;
	__u8 stale;
	__u8 resv[2];
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

static __always_inline void count(struct avtpmap_ring_hdr *hdr,
				  enum avtpmap_counter c, __u64 n)
{
	env_store(&hdr->counters[c], hdr->counters[c] + n);
}

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
	a->stamp_pos = ~0ull;
	a->stamp_step = 0;
	a->skipped_units = 0;
	a->skipped_lost = 0;
	a->settle = SETTLE_FRAMES;
	a->stale = 0;
	a->mr = pdu->mr;
	a->tu = pdu->flags & AVTPMAP_F_TU;
	a->dbc = pdu->dbc;
	e->flags |= AVTPMAP_F_EPOCH;

	env_store_wmb(&hdr->format_seq, 2 * a->epoch - 1);
	env_store(&hdr->epoch, a->epoch);
	env_copy(&hdr->format, f, sizeof(*f));
	env_store_release(&hdr->format_seq, 2 * a->epoch);
}

/* Media units of a frame; the division is done when the length changes. */
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
	if (env_unlikely(pdu->data_bytes != a->nominal_bytes)) {
		__u32 n = pdu->data_bytes / a->block_bytes;

		if (n * a->block_bytes != pdu->data_bytes || !n)
			return 0;
		a->nominal_bytes = pdu->data_bytes;
		a->nominal_units = n;
		a->wrap_ns = WRAP_FRAMES * 1000000000ull * n / a->rate_hz;
	}
	*units = a->nominal_units;
	return 1;
}

/* Two CPUs may take the time in one order and come here in the other. */
static __always_inline __u64 silence_ns(const struct avtpmap_account *a,
					__u64 now_ns)
{
	return now_ns > a->last_ns ? now_ns - a->last_ns : 0;
}

/* What the step from the newest frame's sequence_num to this one's means. */
enum sequence_step {
	STEP_NEXT,
	STEP_LOSS,
	STEP_LATE,
	STEP_DUPLICATE,
	STEP_RESYNC,
};

/*
 * What avtp_timestamp says of a silence: it goes on while the host, or the wire,
 * stands still. Sets @off_ns to how much later it is than right after the newest
 * frame, modulo 2^32. Returns 0 if it tells nothing.
 */
static inline int stamp_off(const struct avtpmap_account *a,
			    const struct avtpmap_pdu *pdu, __u64 now_ns,
			    __s32 *off_ns)
{
	__u64 units = a->media_pos + a->skipped_units - a->stamp_pos;

	if (a->stamp_pos == ~0ull || !a->stamp_step || !a->rate_hz ||
	    a->stamp_step > a->wrap_ns ||
	    (pdu->flags & (AVTPMAP_F_TV | AVTPMAP_F_TU)) != AVTPMAP_F_TV ||
	    silence_ns(a, now_ns) > STAMP_SPAN_NS || units > 2 * a->rate_hz)
		return 0;
	*off_ns = (__s32)(pdu->avtp_timestamp - a->stamp -
			  (__u32)(units * 1000000000 / a->rate_hz));
	return 1;
}

/*
 * After a silence longer than sequence_num spans. The host may have stood still,
 * with the frames waiting in the NIC: then they are numbered as ever. Or the wire
 * did, and a multiple of 256 frames is missing, whatever the number says. What a
 * talker did not send while it paused is of any length, and is not missing.
 */
static inline int is_wrapped(const struct avtpmap_account *a,
			     const struct avtpmap_pdu *pdu, __u8 delta,
			     __u64 now_ns)
{
	__u64 frame_ns = a->wrap_ns / WRAP_FRAMES;
	__u64 slack_ns = STAMP_FRAMES * frame_ns, more_ns;
	__s32 off_ns, ahead;

	if (!stamp_off(a, pdu, now_ns, &off_ns))
		return delta != 1;
	ahead = delta >= 256 - LATE_MAX ? delta - 257 : delta - 1;
	more_ns = slack_ns + off_ns - ahead * (__s64)frame_ns;
	if (more_ns <= 2 * slack_ns)
		return 0;
	return delta != 1 || more_ns % (256 * frame_ns) <= 2 * slack_ns;
}

static __always_inline enum sequence_step
sequence_step(const struct avtpmap_account *a, const struct avtpmap_pdu *pdu,
	      __u64 now_ns)
{
	__u8 delta = pdu->sequence - a->sequence;

	if (env_unlikely(silence_ns(a, now_ns) > a->wrap_ns) &&
	    is_wrapped(a, pdu, delta, now_ns))
		return STEP_RESYNC;
	if (env_likely(delta == 1))
		return STEP_NEXT;
	if (!delta || delta >= 256 - LATE_MAX) {
		if (a->stale >= STALE_MAX)
			return STEP_RESYNC;
		return delta ? STEP_LATE : STEP_DUPLICATE;
	}
	if (a->settle)
		return STEP_NEXT;
	return delta <= LOST_MAX + 1 ? STEP_LOSS : STEP_RESYNC;
}

/* A frame that adds nothing: it lies in the ring at the place it had. */
static inline void account_stale(struct avtpmap_account *a,
				 struct avtpmap_ring_hdr *hdr,
				 const struct avtpmap_pdu *pdu,
				 enum sequence_step step,
				 struct avtpmap_entry *e)
{
	__u8 steps = a->sequence - pdu->sequence;
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
	    a->unit == AVTPMAP_UNIT_SAMPLES) {
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

/* IEC 61883-1: blocks are missing, or repeated, though no frame is. */
static __always_inline int dbc_broken(const struct avtpmap_account *a,
				      const struct avtpmap_pdu *pdu)
{
	return pdu->subtype == AVTPMAP_SUB_61883_IIDC &&
	       a->unit == AVTPMAP_UNIT_SAMPLES && pdu->dbc != a->dbc &&
	       !a->settle;
}

/* Returns the units missing. */
static inline __u32 account_dbc(struct avtpmap_account *a,
				struct avtpmap_ring_hdr *hdr,
				const struct avtpmap_pdu *pdu)
{
	__u8 missing = pdu->dbc - a->dbc;

	count(hdr, AVTPMAP_C_DBC_MISMATCH, 1);
	return missing < 128 ? missing : 0;
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
	/* a talker or a stream cannot begin with NO-DATA */
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
	enum sequence_step step = STEP_NEXT;
	int fresh = 0;

	e->lost = 0;
	e->lost_units = 0;
	e->flags = pdu->flags;
	e->events = 0;

	/* before the first epoch there is no format that could be the same */
	if (env_unlikely(pdu->src_mac != a->talker)) {
		if (a->epoch && silence_ns(a, now_ns) < AVTPMAP_SILENCE_NS) {
			e->events = AVTPMAP_EV_CONFLICT;
			return refuse(hdr, e, AVTPMAP_C_CONFLICT);
		}
		fresh = 1;
	} else if (env_unlikely(!same_format(a, pdu))) {
		fresh = 1;
	} else {
		step = sequence_step(a, pdu, now_ns);
	}
	if (env_unlikely(fresh || step == STEP_RESYNC)) {
		if (!account_fresh(a, hdr, pdu, step, e))
			return 0;
		step = STEP_NEXT;
	} else if (!units_of(a, pdu, &e->units)) {
		return refuse(hdr, e, AVTPMAP_C_MALFORMED);
	} else if (env_unlikely(step != STEP_NEXT)) {
		count(hdr, AVTPMAP_C_SEQ_NUM_MISMATCH, 1);
	}

	a->last_ns = now_ns;
	if (env_unlikely(step == STEP_LATE || step == STEP_DUPLICATE)) {
		account_stale(a, hdr, pdu, step, e);
		return 1;
	}
	if (env_unlikely(step == STEP_LOSS)) {
		account_loss(a, hdr, pdu, e);
	} else if (env_unlikely(dbc_broken(a, pdu))) {
		e->lost_units = account_dbc(a, hdr, pdu);
		e->flags |= AVTPMAP_F_DBC;
		e->events |= AVTPMAP_EV_GAP;
	}
	account_bits(a, hdr, pdu, e);
	if (env_unlikely(a->skipped_units || a->skipped_lost))
		account_skipped(a, e);
	e->media_pos = a->media_pos + e->lost_units;
	if ((pdu->flags & (AVTPMAP_F_TV | AVTPMAP_F_TU)) == AVTPMAP_F_TV) {
		a->stamp_step = pdu->avtp_timestamp - a->stamp;
		a->stamp = pdu->avtp_timestamp;
		a->stamp_pos = e->media_pos;
	}
	a->media_pos = e->media_pos + e->units;
	a->sequence = pdu->sequence;
	a->dbc = pdu->dbc + e->units;
	a->stale = 0;
	if (env_unlikely(a->settle))
		a->settle--;
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
static inline void avtpmap_account_skip(struct avtpmap_account *a,
					struct avtpmap_ring_hdr *hdr,
					const struct avtpmap_pdu *pdu,
					enum avtpmap_counter reason,
					__u64 now_ns)
{
	__u8 delta = pdu->sequence - a->sequence;
	__u32 units;

	count(hdr, reason, 1);
	if (!a->epoch || pdu->src_mac != a->talker ||
	    !same_format(a, pdu) || !delta || delta > LOST_MAX + 1)
		return;
	if (delta > 1 && !a->settle) {
		count(hdr, AVTPMAP_C_SEQ_NUM_MISMATCH, 1);
		count(hdr, AVTPMAP_C_FRAMES_LOST, delta - 1);
		a->skipped_lost = saturated((__u64)a->skipped_lost + delta - 1);
		a->skipped_units += units_lost(a, pdu, delta - 1);
	} else if (dbc_broken(a, pdu)) {
		a->skipped_units += account_dbc(a, hdr, pdu);
	}
	if (!units_of(a, pdu, &units))
		units = 0;
	a->skipped_units += units;
	a->sequence = pdu->sequence;
	a->dbc = pdu->dbc + units;
	a->last_ns = now_ns;
}

#endif /* AVTPMAP_ACCOUNT_H */
