/* SPDX-License-Identifier: GPL-2.0 */
/* A group: readers of one port's streams that are woken together. */
#ifndef AVTPMAP_GROUP_H
#define AVTPMAP_GROUP_H

#include <linux/avtpmap.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "port.h"
#include "shared/wake.h"

struct reader;

/**
 * enum group_state - how the ends of its members come to a group
 * @GROUP_FOLLOWED: each as it happens
 * @GROUP_AWAY: not; whoever asks walks over the members first
 * @GROUP_COMES_BACK: does so
 */
enum group_state {
	GROUP_FOLLOWED,
	GROUP_AWAY,
	GROUP_COMES_BACK,
};

/**
 * struct group - a handle that has members instead of a stream
 *
 * The group wakes when a period has ended for everybody in the quorum: once,
 * whoever came last.
 *
 * @lock: Protects: everything here, and the members' fields that name it.
 *	Ordering: inside a stream's lock
 * @members: in and out of the quorum
 * @n_members: their number
 * @n_gone: of them, whose stream was deleted
 * @quorum: whom it waits for
 * @state: what that is worth (also read racily)
 * @visits: of frames, since somebody last asked
 * @port: of all members; NULL without any
 * @wait: who sleeps on the group
 * @period: of all members, media units
 * @events: mask of what wakes the group
 * @pending: not yet fetched by wait
 * @listening: nothing woke it since it last asked, so it may be asleep
 * @deadline_ns: 0: none
 * @wake: when it was woken, and is yet to be
 * @timer: deadline and events owed
 * @timer_ns: when it fires at the latest, or U64_MAX
 * @closing: no more wakes, no more timer
 * @info: counts
 */
struct group {
	spinlock_t lock;
	struct list_head members;
	u32 n_members;
	u32 n_gone;
	struct avtpmap_quorum quorum;
	enum group_state state;
	u32 visits;
	const struct port *port;
	wait_queue_head_t wait;
	u32 period;
	u32 events;
	u32 pending;
	bool listening;
	bool closing;
	u64 deadline_ns;
	struct avtpmap_wake wake;
	u64 timer_ns;
	struct hrtimer timer;
	struct avtpmap_reader_info info;
};

struct group *group_create(void);
void group_destroy(struct group *g);
int group_add(struct group *g, struct reader *r);
void group_leave(struct reader *r);
int group_set_period(struct group *g, const struct avtpmap_period *p);
int group_wait(struct group *g, struct avtpmap_wait *w);
bool group_poll(struct group *g);
bool group_is_gone(const struct group *g);	/* read racily: nothing to come */
void group_info(struct group *g, struct avtpmap_reader_info *info);

/* With the lock of the member's stream held. */
bool group_period(struct reader *r, const struct avtpmap_end *e, u64 now_ns);
void group_event(struct group *g, u32 events, u64 now_ns);
void group_gone(struct reader *r);

#endif /* AVTPMAP_GROUP_H */
