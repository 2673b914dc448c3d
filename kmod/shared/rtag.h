/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Redundant paths (IEEE 802.1CB): an R-TAG numbers the frames before they part,
 * with 16 bits. So a copy is known by that, however late it is, where
 * sequence_num would make a loss or another sequence of it. The first of the
 * copies is the frame; nothing is held back for one that another path brings.
 */
#ifndef AVTPMAP_RTAG_H
#define AVTPMAP_RTAG_H

#include <linux/avtpmap.h>

#include "account_state.h"
#include "avtp.h"
#include "sequence.h"

enum {
	RTAG_SPAN	= 1024,	/* frames that a copy can be late by */
	RTAG_KNOWN	= 64,	/* in which it is known whether there was one */
};

/*
 * After a silence both numbers may have begun again; or the host stood still. A copy
 * has the avtp_timestamp of long ago, and no other frame has.
 */
static inline int rtag_is_of_before(const struct avtpmap_account *a,
				    const struct avtpmap_pdu *pdu,
				    __u64 now_ns)
{
	if (silence_ns(a, now_ns) < AVTPMAP_SILENCE_NS)
		return 1;
	return (pdu->flags & (AVTPMAP_F_TV | AVTPMAP_F_TU)) == AVTPMAP_F_TV &&
	       a->stamp_pos != ~0ull &&
	       (__s32)(pdu->avtp_timestamp - a->stamp) <= 0;
}

/*
 * By how many frames this one is behind the newest; -1: it is not, or its R-TAG
 * does not say. Where it does it goes on with sequence_num.
 */
static inline int rtag_lag(const struct avtpmap_account *a,
			   const struct avtpmap_pdu *pdu, __u64 now_ns)
{
	__u16 lag = a->rtag - AVTPMAP_RTAG_SEQUENCE(pdu->flags);

	if (!(pdu->flags & AVTPMAP_F_RTAG) || !a->rtag_seen ||
	    lag >= RTAG_SPAN ||
	    (__u8)lag != (__u8)(a->sequence - pdu->sequence) ||
	    !rtag_is_of_before(a, pdu, now_ns))
		return -1;
	return lag;
}

/* Whether the first of the frames of this number came now, too late. */
static inline int rtag_first(struct avtpmap_account *a, __u32 lag)
{
	__u64 bit = lag < RTAG_KNOWN ? 1ull << (lag & (RTAG_KNOWN - 1)) : 0;
	int first = !!(bit & ~a->rtag_seen);

	a->rtag_seen |= bit;
	return first;
}

/* The newest frame, before its sequence_num is. */
static inline void rtag_next(struct avtpmap_account *a,
			     const struct avtpmap_pdu *pdu)
{
	__u16 rtag = AVTPMAP_RTAG_SEQUENCE(pdu->flags);
	__u16 ahead = rtag - a->rtag;

	if (!(pdu->flags & AVTPMAP_F_RTAG)) {
		a->rtag_seen = 0;
		return;
	}
	if (a->rtag_seen &&
	    (ahead >= RTAG_KNOWN ||
	     (__u8)ahead != (__u8)(pdu->sequence - a->sequence)))
		a->rtag_seen = 0;
	a->rtag_seen = a->rtag_seen << (ahead & (RTAG_KNOWN - 1)) | 1;
	a->rtag = rtag;
}

#endif /* AVTPMAP_RTAG_H */
