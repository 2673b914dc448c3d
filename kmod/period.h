/* SPDX-License-Identifier: GPL-2.0 */
/* A period of a stream: readers that are woken at the same positions. */
#ifndef AVTPMAP_PERIOD_LIST_H
#define AVTPMAP_PERIOD_LIST_H

#include <linux/list.h>
#include <linux/types.h>

#include "shared/wake.h"

struct reader;
struct stream;

/**
 * struct period - what readers of equal periods have in common
 *
 * Equal periods end together, so the frame path looks at each of them once,
 * however many readers have it, and then at those only that sleep. It is a part
 * of one of its readers and moves to another when that one leaves: nothing to
 * allocate, so nothing to fail. All of it is protected by the stream's lock.
 *
 * @node: in the stream's periods
 * @due: where it ends
 * @wakes: so far
 * @ends: so far; those in media that was lost are none
 * @last_wake_ns: when
 * @alone: readers that are in no group
 * @n_alone: their number
 * @sleepers: of them, who may be asleep
 * @members: readers that are members of a group
 * @away: of them, whose group nobody asks: no frame visits them
 */
struct period {
	struct list_head node;
	struct avtpmap_due due;
	u64 wakes;
	u64 ends;
	u64 last_wake_ns;
	struct list_head alone;
	u32 n_alone;
	struct list_head sleepers;
	struct list_head members;
	struct list_head away;
};

/* With the stream's lock held. */
void period_join(struct reader *r, u32 units);
void period_leave(struct reader *r);
void period_tune(struct period *p, const struct stream *s, u64 media_pos);
void period_end(struct period *p, struct stream *s, u64 now_ns);

#endif /* AVTPMAP_PERIOD_LIST_H */
