/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * When a stream's readers are woken: where their periods end, for its events, at
 * their deadlines; and when it starts and falls silent. What is to be done is said
 * here; who sleeps, how, and the timer that asks again are the backend's. One
 * caller at a time per stream, and per group.
 */
#ifndef AVTPMAP_WAKE_H
#define AVTPMAP_WAKE_H

#include <linux/avtpmap.h>

#include "account.h"
#include "env.h"
#include "period.h"
#include "quorum.h"

enum {
	WAKE_EVENTS	= 9,	/* bits of enum avtpmap_event */
};

/* ---- periods ---- */

/**
 * struct avtpmap_due - a period in force, of one reader or of several
 * @at: media position of its next wake, all ones: never
 * @units: media units between wakes, a multiple of @asked that keeps the floor;
 *	0: none
 * @asked: the period as asked for, 0: none
 */
struct avtpmap_due {
	__u64 at;
	__u32 units;
	__u32 asked;
};

/* From @media_pos on. A new rate has another floor in media units. */
static __always_inline void due_set(struct avtpmap_due *d, __u32 asked,
				    __u32 rate_hz, __u64 media_pos)
{
	__u32 units = asked ? avtpmap_wake_period(asked, rate_hz) : 0;

	d->asked = asked;
	d->at = units ? avtpmap_period_next(media_pos, units) : ~0ull;
	env_store(&d->units, units);
}

/* Periods as asked for in one that is woken for. */
static __always_inline __u32 due_ratio(const struct avtpmap_due *d)
{
	return d->asked ? d->units / d->asked : 1;
}

/*
 * A frame reached @at. It may end several: after loss, or if it is longer.
 * @media_pos: where it ends; @units: nominal ones of a frame, 0: not known.
 */
static __always_inline struct avtpmap_end due_end(struct avtpmap_due *d,
						  __u64 media_pos, __u32 units)
{
	struct avtpmap_end e = { .ends = 1 };

	d->at += d->units;
	if (env_unlikely(d->at <= media_pos)) {
		e.ends += (media_pos - d->at) / d->units + 1;
		d->at = avtpmap_period_next(media_pos, d->units);
	}
	e.whole = quorum_whole(d->at, media_pos, d->units, units);
	return e;
}

/* ---- a sleeper: a reader that is in no group, or a group ---- */

/**
 * struct avtpmap_wake - when it may be woken, and for what it is yet to be
 * @last_ns: when it last was, for any reason
 * @owed: an event is to wake it as soon as the floor allows
 * @resv: 0
 */
struct avtpmap_wake {
	__u64 last_ns;
	__u32 owed;
	__u32 resv;
};

enum avtpmap_wake_why {
	WAKE_NOT,
	WAKE_EVENT,
	WAKE_DEADLINE,
};

/* It is woken, for whatever. */
static __always_inline void wake_done(struct avtpmap_wake *w, __u64 now_ns)
{
	w->last_ns = now_ns;
	w->owed = 0;
}

/*
 * What it is to be woken for at @now_ns; @deadline_ns: at most so long after the
 * wake before, 0: none. An event's wake is one that the deadline asks for.
 */
static __always_inline enum avtpmap_wake_why
wake_why(const struct avtpmap_wake *w, __u64 deadline_ns, __u64 now_ns)
{
	if (w->owed && now_ns >= w->last_ns + AVTPMAP_FLOOR_NS)
		return WAKE_EVENT;
	if (deadline_ns && now_ns >= w->last_ns + deadline_ns)
		return WAKE_DEADLINE;
	return WAKE_NOT;
}

/* When to ask that again, all ones: not before something happens. */
static __always_inline __u64 wake_at(const struct avtpmap_wake *w,
				     __u64 deadline_ns)
{
	__u64 at_ns = deadline_ns ? w->last_ns + deadline_ns : ~0ull;

	if (w->owed && w->last_ns + AVTPMAP_FLOOR_NS < at_ns)
		at_ns = w->last_ns + AVTPMAP_FLOOR_NS;
	return at_ns;
}

/* Something happened that is to wake it: returns whether now. Else it is owed. */
static __always_inline int wake_for_event(struct avtpmap_wake *w, __u64 now_ns)
{
	w->owed = 1;
	return wake_why(w, 0, now_ns) == WAKE_EVENT;
}

/* ---- a stream's events ---- */

/**
 * struct avtpmap_news - events on their way from a stream to its readers
 * @ok_ns: from when on they may be told again
 * @owed: enum avtpmap_event, what they are not yet told
 * @resv: 0
 *
 * A stream whose every frame has an event visits its readers once per floor, not
 * once per frame.
 */
struct avtpmap_news {
	__u64 ok_ns;
	__u32 owed;
	__u32 resv;
};

/* What they are to be told now. If something stays owed, it is due at @ok_ns. */
static __always_inline __u32 news_to_tell(struct avtpmap_news *n, __u64 now_ns)
{
	__u32 events = n->owed;

	if (!events || now_ns < n->ok_ns)
		return 0;
	n->owed = 0;
	n->ok_ns = now_ns + AVTPMAP_FLOOR_NS;
	return events;
}

/* ---- start and silence ---- */

/*
 * The first frame, or the first after a silence. Returns the event. Of audio that
 * goes on, this was no end but a pause, and the next one like it is none either;
 * what has no rate has a pace anyhow.
 */
static __always_inline __u32 silence_ends(struct avtpmap_ring_hdr *hdr,
					  struct avtpmap_account *a,
					  __u64 now_ns)
{
	if (a->fell_ns && a->unit == AVTPMAP_UNIT_SAMPLES &&
	    now_ns > a->fell_ns && now_ns - a->fell_ns > a->pace_ns)
		a->pace_ns = now_ns - a->fell_ns;
	a->fell_ns = 0;
	env_store(&hdr->state, AVTPMAP_RING_LIVE);
	count(hdr, AVTPMAP_C_MEDIA_LOCKED, 1);
	return AVTPMAP_EV_START;
}

/*
 * Returns the event, if the stream has fallen silent. @at_ns: when to ask again,
 * all ones: not before it starts.
 */
static __always_inline __u32 silence_begins(struct avtpmap_ring_hdr *hdr,
					    struct avtpmap_account *a,
					    __u64 now_ns, __u64 *at_ns)
{
	__u64 end_ns = a->last_ns + silence_limit(a);

	*at_ns = ~0ull;
	if (hdr->state != AVTPMAP_RING_LIVE)
		return 0;
	if (now_ns < end_ns) {
		*at_ns = end_ns;
		return 0;
	}
	a->fell_ns = a->last_ns;
	env_store(&hdr->state, AVTPMAP_RING_SILENT);
	count(hdr, AVTPMAP_C_MEDIA_UNLOCKED, 1);
	return AVTPMAP_EV_END;
}

#endif /* AVTPMAP_WAKE_H */
