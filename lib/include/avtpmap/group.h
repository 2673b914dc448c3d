/* SPDX-License-Identifier: MIT */
/*
 * A group: many streams of one port, one wait.
 *
 * Each member is a stream handle, with its own cursor, read as always; only
 * its periods belong to the group. The group wakes once when every member has
 * ended the period, whichever came last. A member that is silent while others
 * end two periods leaves the quorum, so that the others go on, and comes back
 * with the first period that it ends; AVTPMAP_EV_QUORUM tells both times, and
 * the ring's state which member it was.
 *
 * A stream leaves the group when it is closed. Functions return 0 or a count,
 * or a negative errno. One thread at a time per group. avtpmap_group_wait() and
 * avtpmap_group_events() are real-time safe.
 */
#ifndef AVTPMAP_GROUP_H
#define AVTPMAP_GROUP_H

#include <stdint.h>
#include <linux/avtpmap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_stream;
struct avtpmap_group;

/**
 * avtpmap_group_create() - make a group without members
 * @out: to be closed with avtpmap_group_close(); NULL on failure
 * @period: for all members; NULL: none, until avtpmap_group_set_period()
 *
 * Returns 0, -EINVAL or -ERANGE (see avtpmap_set_period()), or -ENOMEM.
 */
int avtpmap_group_create(struct avtpmap_group **out,
			 const struct avtpmap_period *period);

/* NULL is fine. The members stay open, without a period. */
void avtpmap_group_close(struct avtpmap_group *g);

/**
 * avtpmap_group_add() - make a stream a member
 * @g: the group
 * @s: the stream; the group's period takes the place of its own
 *
 * The first member decides which port and backend the group is of.
 *
 * Returns 0 or
 *	-EBUSY: it is a member of a group already
 *	-EXDEV: it is of another port or backend than the others
 *	-EUSERS: too many members, or handles of the user
 *	-ENODEV: its stream is gone
 *	-EOPNOTSUPP: its backend has no groups
 */
int avtpmap_group_add(struct avtpmap_group *g, struct avtpmap_stream *s);

/* As avtpmap_set_period(), for all members, those to come too. */
int avtpmap_group_set_period(struct avtpmap_group *g,
			     const struct avtpmap_period *period);

/* For poll(), as avtpmap_fd(); -1 before the first member. */
int avtpmap_group_fd(struct avtpmap_group *g);

/**
 * avtpmap_group_wait() - sleep until a period of all members is due
 * @g: the group
 * @timeout_ns: at most so long; 0: do not sleep; AVTPMAP_FOREVER
 *
 * Returns the number of periods due in every member of the quorum; 0 when an
 * event or the deadline woke it or the time was up; -EINTR after a signal;
 * -ENODEV when it has no members, or the streams of all are gone.
 */
int avtpmap_group_wait(struct avtpmap_group *g, int64_t timeout_ns);

/* Takes the events (enum avtpmap_event) that avtpmap_group_wait() collected. */
uint32_t avtpmap_group_events(struct avtpmap_group *g);

/* Periods and wakes of the group. Returns 0 or -ENODEV. */
int avtpmap_group_info(struct avtpmap_group *g,
		       struct avtpmap_reader_info *info);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_GROUP_H */
