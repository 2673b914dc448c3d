/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A group's quorum: for whom it waits, and when a period has ended for all of
 * them. Each member counts its own ends; whoever has counted less than the group
 * is not waited for. There is no walk over members: what a frame costs does not
 * depend on how many there are. One caller at a time per group.
 */
#ifndef AVTPMAP_QUORUM_H
#define AVTPMAP_QUORUM_H

#include <linux/avtpmap.h>

#include "env.h"

/* Periods that a member may be ahead, a power of two; more count as so many. */
#define QUORUM_LEAD	64u

/**
 * struct avtpmap_quorum - all zero: nobody is in it
 * @ended: periods that have ended for everybody in it
 * @n: members in it
 * @resv: 0
 * @at: of them, who has ended how many more than @ended: by their sum, modulo
 *	QUORUM_LEAD
 */
struct avtpmap_quorum {
	__u64 ended;
	__u32 n;
	__u32 resv;
	__u16 at[QUORUM_LEAD];
};

/**
 * struct avtpmap_member - one member's part in it
 * @mark: periods that ended for it, plus 1. Not above the group's @ended: it is
 *	not in the quorum
 * @round: the group's @ended, plus 1, when one last did
 * @seen: how many did in that round, from the first that tells of time
 * @resv: 0
 */
struct avtpmap_member {
	__u64 mark;
	__u64 round;
	__u32 seen;
	__u32 resv;
};

/**
 * struct avtpmap_end - a frame that ended periods of a member
 * @ends: how many; of a member that was silent they count as one
 * @whole: the last of them lies in this frame, and not in media lost before it
 */
struct avtpmap_end {
	__u64 ends;
	__u32 whole;
};

/*
 * @next_due: first end after @media_pos, where the frame ended; @units: of a
 * frame, 0: not known, so it is counted in frames.
 */
static __always_inline __u32 quorum_whole(__u64 next_due, __u64 media_pos,
					  __u32 period, __u32 units)
{
	return next_due - media_pos + (units ? units : 1) > period;
}

/*
 * Also without the group's lock: both only go up while it is a member, so whoever
 * is waited for is never taken for absent.
 */
static __always_inline int quorum_has(const struct avtpmap_quorum *q,
				      const struct avtpmap_member *m)
{
	__u64 ended = env_load_acquire(&q->ended);

	return env_load(&m->mark) > ended;
}

/* How many have ended so many. */
static __always_inline __u16 *quorum_at(struct avtpmap_quorum *q, __u64 ended)
{
	return &q->at[ended % QUORUM_LEAD];
}

/* From where it counts to @lead periods more than the group. */
static __always_inline void quorum_move(struct avtpmap_quorum *q,
					struct avtpmap_member *m, __u64 lead)
{
	if (lead >= QUORUM_LEAD)
		lead = QUORUM_LEAD - 1;
	--*quorum_at(q, m->mark - 1);
	++*quorum_at(q, q->ended + lead);
	env_store(&m->mark, q->ended + lead + 1);
}

/* A new member, or one that was silent: it has ended what the group has. */
static __always_inline void quorum_join(struct avtpmap_quorum *q,
					struct avtpmap_member *m)
{
	m->round = 0;
	++*quorum_at(q, q->ended);
	q->n++;
	env_store(&m->mark, q->ended + 1);
}

/* It is not waited for any more: quorum_settle() tells what that ends. */
static __always_inline void quorum_leave(struct avtpmap_quorum *q,
					 struct avtpmap_member *m)
{
	if (quorum_has(q, m)) {
		--*quorum_at(q, m->mark - 1);
		q->n--;
	}
	env_store(&m->mark, 0);
}

/*
 * With a new period all ends lie elsewhere: whoever was ahead must not stay so,
 * or the group would wake before its next end.
 */
static __always_inline void quorum_forget_lead(struct avtpmap_quorum *q,
					       struct avtpmap_member *m)
{
	m->round = 0;
	if (quorum_has(q, m))
		quorum_move(q, m, 0);
}

/*
 * Whoever ends none while @m ends two is silent. But what the wire lost is no
 * time that passed: of one that is ahead by a jump in media, or came back anywhere
 * in the others' period, the next end is near, and only from then on they count.
 */
static __always_inline int quorum_silent(struct avtpmap_member *m,
					 const struct avtpmap_end *e,
					 __u64 round)
{
	if (m->round == round) {
		m->seen += e->whole;
	} else {
		m->round = round;
		m->seen = e->whole && m->mark == round + 1;
	}
	return m->seen >= 2;
}

/* Returns whether somebody came or was left behind. Then quorum_settle(). */
static __always_inline int quorum_end(struct avtpmap_quorum *q,
				      struct avtpmap_member *m,
				      const struct avtpmap_end *e)
{
	__u64 round = q->ended + 1;
	__u16 *behind;

	if (!quorum_has(q, m)) {
		quorum_join(q, m);
		quorum_move(q, m, 1);
		m->round = round;
		m->seen = 0;
		return 1;
	}
	quorum_move(q, m, m->mark - round + e->ends);
	behind = quorum_at(q, q->ended);
	if (!quorum_silent(m, e, round) || !*behind)
		return 0;
	q->n -= *behind;
	*behind = 0;
	return 1;
}

/* Returns how many periods have ended for all, and had not before. */
static __always_inline __u32 quorum_settle(struct avtpmap_quorum *q)
{
	__u32 ends = 0;

	if (!q->n)
		return 0;
	while (ends < QUORUM_LEAD - 1 && !*quorum_at(q, q->ended + ends))
		ends++;
	if (ends)
		env_store(&q->ended, q->ended + ends);
	return ends;
}

/* Counting all members again, for who cannot see each of them go. */
static __always_inline void quorum_recount(struct avtpmap_quorum *q)
{
	for (__u32 i = 0; i < QUORUM_LEAD; i++)
		q->at[i] = 0;
	q->n = 0;
}

static __always_inline void quorum_count(struct avtpmap_quorum *q,
					 const struct avtpmap_member *m)
{
	if (!quorum_has(q, m))
		return;
	++*quorum_at(q, m->mark - 1);
	q->n++;
}

/* ---- a group that was not followed for a while, for who comes back to it ---- */

/**
 * struct avtpmap_absence - what came of it meanwhile
 * @top: of all members, the most that quorum_far() tells
 * @least: least mark of who is in the quorum after it, all ones: nobody is
 */
struct avtpmap_absence {
	__u64 top;
	__u64 least;
};

static __always_inline __u64 quorum_ahead(const struct avtpmap_quorum *q,
					  const struct avtpmap_member *m)
{
	return quorum_has(q, m) ? m->mark - 1 - q->ended : 0;
}

/* How far it has come, with the ends that it was not counted for. */
static __always_inline __u64 quorum_far(const struct avtpmap_quorum *q,
					const struct avtpmap_member *m,
					__u64 missed)
{
	return !!quorum_ahead(q, m) + missed;
}

/*
 * @missed: ends that @m was not counted for; @silent: no more will come. In what
 * order they came is not known. But between two ends of one the others have one:
 * whoever has come as far as @top less one is where it was, and whoever has not
 * lost some, or was silent, and is where the others are. Returns whether it came
 * or was left behind. After all of them quorum_skip().
 */
static __always_inline int quorum_catch_up(const struct avtpmap_quorum *q,
					   struct avtpmap_member *m,
					   __u64 missed, int silent,
					   struct avtpmap_absence *a)
{
	int had = quorum_has(q, m), has = !silent && (had || missed);
	__u64 far = quorum_far(q, m, missed);
	__u64 ahead = quorum_ahead(q, m);

	if (ahead > QUORUM_LEAD - 2)
		ahead = QUORUM_LEAD - 2;
	ahead += far + 1 >= a->top ? missed : a->top - !!ahead;
	m->round = 0;
	env_store(&m->mark, has ? q->ended + ahead + 1 : 0);
	if (has && m->mark < a->least)
		a->least = m->mark;
	return had != has;
}

/* Returns how many periods ended for all. Then quorum_count() all. */
static __always_inline __u64 quorum_skip(struct avtpmap_quorum *q,
					 const struct avtpmap_absence *a)
{
	__u64 ends = a->least == ~0ull ? 0 : a->least - 1 - q->ended;

	quorum_recount(q);
	env_store(&q->ended, q->ended + ends);
	return ends;
}

#endif /* AVTPMAP_QUORUM_H */
