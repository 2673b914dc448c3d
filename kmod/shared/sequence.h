/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a step of sequence_num means, and how much a silence takes from it. */
#ifndef AVTPMAP_SEQUENCE_H
#define AVTPMAP_SEQUENCE_H

#include <linux/avtpmap.h>

#include "account_state.h"
#include "avtp.h"

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
 * Packets and video have no rate, but a pace. A number that goes on is the same
 * sequence, however long the pause; one for which the silence is far too long
 * has begun elsewhere.
 */
static inline int has_restarted(const struct avtpmap_account *a, __u8 delta,
			     __u64 now_ns)
{
	if (!delta || delta >= 256 - LATE_MAX)
		return 1;
	return delta != 1 && 2 * delta * a->pace_ns < silence_ns(a, now_ns);
}

static inline void account_pace(struct avtpmap_account *a, __u64 now_ns)
{
	__u64 interval_ns = silence_ns(a, now_ns);
	__u64 faded_ns = a->pace_ns - a->pace_ns / PACE_FRAMES;

	a->pace_ns = interval_ns > faded_ns ? interval_ns : faded_ns;
	a->wrap_ns = LATE_MAX * a->pace_ns;
	if (a->settle)
		a->wrap_ns = ~0ull;
	else if (a->wrap_ns < AVTPMAP_SILENCE_NS)
		a->wrap_ns = AVTPMAP_SILENCE_NS;
}

/*
 * After a silence longer than sequence_num spans. The host may have stood still,
 * with the frames waiting in the NIC: then they are numbered as ever. Or the wire
 * did, and a multiple of 256 frames is missing, whatever the number says. What a
 * talker did not send while it paused is of any length, and is not missing. No
 * host stands still so long that a talker could not have begun anew.
 */
static inline int is_wrapped(const struct avtpmap_account *a,
			     const struct avtpmap_pdu *pdu, __u8 delta,
			     __u64 now_ns)
{
	__u64 frame_ns = a->wrap_ns / WRAP_FRAMES;
	__u64 slack_ns = STAMP_FRAMES * frame_ns, more_ns;
	__s32 off_ns, ahead;

	if (a->unit != AVTPMAP_UNIT_SAMPLES)
		return has_restarted(a, delta, now_ns);
	if (!stamp_off(a, pdu, now_ns, &off_ns) ||
	    (delta != 1 && silence_ns(a, now_ns) > STALL_NS))
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

#endif /* AVTPMAP_SEQUENCE_H */
