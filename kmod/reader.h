/* SPDX-License-Identifier: GPL-2.0 */
/* A reader: an open handle, bound to one stream (or the head of a group). */
#ifndef AVTPMAP_READER_H
#define AVTPMAP_READER_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "group.h"
#include "period.h"
#include "stream.h"

struct holder;

/**
 * struct reader - an open handle
 * @stream: reference; set once, by bind (release)
 * @head_of: the group that this handle is instead; set once (release)
 * @page: the only memory that the user may write; set before @stream
 * @bind_lock: Protects: the binding
 * @holder: who is charged for the handle; reference (immutable)
 * @keeps: of its holder's readers of the stream, the one by which that one is
 *	charged for the ring once the stream is deleted (stream's lock)
 * @process: who opened it, for the list of readers; reference (immutable)
 * @pid: its number in the initial namespace, for tracing (immutable)
 * @comm: its name (immutable)
 * @wait: the reader sleeps here
 * @bound_node: in the list of bound readers (bound_lock)
 * @serial: ascends in that list (bound_lock)
 * @node: in the stream's readers (stream's lock)
 * @listener_node: in the stream's listeners, or empty (stream's lock)
 * @units: its period in media units, 0: none (stream's lock; read racily by
 *	its own wait)
 * @period: that it shares with others of equal @units, or NULL (stream's lock)
 * @own_period: its memory, unless another reader has it (stream's lock)
 * @period_node: in the period's readers (stream's lock)
 * @sleeper_node: in the period's sleepers, or empty (stream's lock)
 * @wakes_before: of the period, that are counted in @info (stream's lock)
 * @counted: media position up to which its periods are (stream's lock)
 * @events: mask of what wakes it (stream's lock, read racily)
 * @told: up to which of the stream's events wait has fetched (the same)
 * @pending: what it has not, and the stream does not keep (the same)
 * @deadline_ns: 0: none (stream's lock)
 * @last_wake_ns: for an event or the deadline (stream's lock)
 * @info: counts (stream's lock)
 * @group: that it is a member of, or NULL (stream's lock)
 * @group_node: in the group's members (group's lock)
 * @member: its part in the group's quorum (group's lock)
 * @ends_seen: of its period, that are counted there (group's lock)
 * @ends_missed: that are not, if the group is not followed (group's lock)
 */
struct reader {
	struct stream *stream;
	struct group *head_of;
	struct avtpmap_reader_page *page;
	struct mutex bind_lock;
	struct holder *holder;
	bool keeps;
	struct pid *process;
	pid_t pid;
	char comm[TASK_COMM_LEN];

	struct list_head bound_node;
	u64 serial;
	wait_queue_head_t wait;
	struct list_head node;
	struct list_head listener_node;
	u32 units;
	struct period *period;
	struct period own_period;
	struct list_head period_node;
	struct list_head sleeper_node;
	u64 wakes_before;
	u64 counted;
	u32 events;
	u32 pending;
	u64 told;
	u64 deadline_ns;
	u64 last_wake_ns;
	struct avtpmap_reader_info info;

	struct group *group;
	struct list_head group_node;
	struct avtpmap_member member;
	u64 ends_seen;
	u64 ends_missed;
};

/* Readers with a stream, be it deleted. Protected by bound_lock, a mutex. */
extern struct list_head bound_readers;
extern struct mutex bound_lock;

struct reader *reader_create(void);
void reader_destroy(struct reader *r);
int reader_bind(struct reader *r, struct avtpmap_bind *bind);
int reader_group_add(struct reader *head, struct reader *member);
int reader_set_period(struct reader *r, const struct avtpmap_period *p);
int reader_wait(struct reader *r, struct avtpmap_wait *w);
int reader_info(struct reader *r, struct avtpmap_reader_info *info);
bool reader_ready(const struct reader *r);
u64 reader_due(const struct reader *r, bool wake);
void reader_listen(struct reader *r);

/* The stream that @r is bound to, or NULL. */
static inline struct stream *reader_stream(const struct reader *r)
{
	return smp_load_acquire(&r->stream);	/* pairs with join() */
}

/* The group that @r is the head of, or NULL. */
static inline struct group *reader_head_of(const struct reader *r)
{
	return smp_load_acquire(&r->head_of); /* pairs with reader_group_add() */
}

/* With the stream's lock held. */
void reader_change_period(struct reader *r, u32 units);
void reader_settle(struct reader *r);
void reader_wake(struct reader *r, enum avtpmap_counter why);
u64 reader_timer(struct reader *r, u64 now_ns);
void reader_gone(struct reader *r);

#endif /* AVTPMAP_READER_H */
