/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Groups: the rules of kmod/group.c. All of it runs in softirq with the group
 * claimed; what concerns a member, with its stream claimed outside of that.
 */
#ifndef AVTPMAP_GROUP_BPF_H
#define AVTPMAP_GROUP_BPF_H

#include "maps.bpf.h"

enum {
	SILENT_PERIODS = 2
}; /* of another member, until one leaves the quorum */

/* What a walk over the members does, and finds out. */
struct walk {
	__u32 woken; /* they were just woken */
	__u32 drop; /* who is behind leaves the quorum */
	__u32 n_behind;
	__u32 resv;
	__u64 slowest; /* periods ended, of the quorum; ~0: nobody is in it */
};

/* A group at work. */
struct choir {
	struct xdp_group *g;
	struct xdp_reader *head; /* its wakes */
	const struct xdp_reader_ctl *ctl;
	__u32 index;
	__u64 now_ns;
	struct walk walk; /* once, for the stack's sake */
};

static __always_inline int choir_get(struct choir *c, __u32 index, __u64 now_ns)
{
	struct xdp_table *t = table_get();

	c->g = bpf_map_lookup_elem(&groups, &index);
	c->head = bpf_map_lookup_elem(&readers, &index);
	if (!t || !c->g || !c->head)
		return 0;
	c->ctl = &t->reader[index % XDP_READERS];
	c->index = index;
	c->now_ns = now_ns;
	return 1;
}

static __always_inline void group_arm(struct choir *c, __u64 at_ns)
{
	arm(XDP_STREAMS + c->index, &c->g->timer_ns, at_ns, c->now_ns);
}

static __always_inline void group_wake(struct choir *c, __u64 *counter)
{
	++*counter;
	wake_handle(c->index, c->head, c->now_ns);
}

static __always_inline void raise_event(struct choir *c, __u32 events)
{
	__u64 ok_ns = c->head->last_wake_ns + AVTPMAP_FLOOR_NS;

	events &= env_load(&c->ctl->events);
	if (!events)
		return;
	for (int i = 0; i < XDP_EVENTS; i++)
		if (events & 1u << i)
			env_store(&c->g->events[i], c->g->events[i] + 1);
	if (c->now_ns >= ok_ns) {
		group_wake(c, &c->head->wakes_event);
	} else if (!c->head->owed) {
		c->head->owed = 1;
		group_arm(c, ok_ns);
	}
}

__noinline int walk_members(struct xdp_group *g, struct walk *w, __u32 head)
{
	struct xdp_table *t = table_get();
	__u32 next;

	if (!g || !w || !t)
		return 0;
	w->n_behind = 0;
	w->slowest = ~0ull;
	next = env_load(&t->reader[head % XDP_READERS].next_member);
	for (int n = 0; n < XDP_MEMBERS && next; n++) {
		/* bounded before the call: 6.12 forgets what it knew of i */
		const struct xdp_reader_ctl *m =
			&t->reader[(next - 1) % XDP_READERS];
		__u32 i = next - 1;
		struct xdp_reader *r = bpf_map_lookup_elem(&readers, &i);

		if (!r)
			return 0;
		if (w->woken)
			r->ended_at_wake = r->ended;
		if (w->drop && r->ended == g->ended)
			env_store(&r->in_quorum, 0);
		if (r->in_quorum) {
			w->n_behind += r->ended == g->ended;
			w->slowest = r->ended < w->slowest ? r->ended :
							     w->slowest;
		}
		next = env_load(&m->next_member);
	}
	return 0;
}

enum { COUNT, WOKEN, DROP };

static __always_inline void walk(struct choir *c, int what)
{
	/* whole: older kernels let nothing of the stack be passed half written */
	c->walk = (struct walk){ .woken = what == WOKEN, .drop = what == DROP };
	walk_members(c->g, &c->walk, c->index);
}

/* If all of the quorum ended the next period: find out how many, and wake. */
static __always_inline void advance(struct choir *c)
{
	struct xdp_group *g = c->g;
	__u64 slowest;

	if (g->n_behind)
		return;
	walk(c, COUNT);
	slowest = c->walk.slowest;
	if (slowest == ~0ull || slowest <= g->ended)
		return;
	env_store(&g->periods, g->periods + slowest - g->ended);
	g->ended = slowest;
	walk(c, WOKEN);
	g->n_behind = c->walk.n_behind;
	group_wake(c, &c->head->wakes_period);
}

static __always_inline void leave_quorum(struct xdp_group *g,
					 struct xdp_reader *r)
{
	if (r->in_quorum && r->ended == g->ended)
		g->n_behind--;
	env_store(&r->in_quorum, 0);
}

/* A new member, or one that was silent. */
static __always_inline void join_quorum(struct xdp_group *g,
					struct xdp_reader *r)
{
	env_store(&r->in_quorum, 1);
	r->ended = g->ended;
	r->ended_at_wake = g->ended;
	g->n_behind++;
}

/*
 * With a new period all ends lie elsewhere: whoever was ahead by one must not
 * stay so, or the group would wake before its next end.
 */
static __always_inline void forget_lead(struct xdp_group *g,
					struct xdp_reader *r)
{
	if (r->in_quorum && r->ended > g->ended)
		g->n_behind++;
	r->ended = g->ended;
	r->ended_at_wake = g->ended;
}

/* @r ended periods alone: whoever did not in that time is silent. */
static __always_inline void drop_silent(struct choir *c)
{
	walk(c, DROP);
	c->g->n_behind = c->walk.n_behind;
	raise_event(c, AVTPMAP_EV_QUORUM);
}

static __always_inline void group_period(struct choir *c, struct xdp_reader *r,
					 __u64 ends)
{
	struct xdp_group *g = c->g;

	if (!r->in_quorum) {
		join_quorum(g, r);
		raise_event(c, AVTPMAP_EV_QUORUM);
	}
	if (r->ended == g->ended)
		g->n_behind--;
	r->ended += ends;
	if (g->n_behind && r->ended - r->ended_at_wake >= SILENT_PERIODS)
		drop_silent(c);
	advance(c);
}

/* Its stream was deleted: the others go on, and find out if there are others. */
static __always_inline void group_gone(struct choir *c, struct xdp_reader *r)
{
	leave_quorum(c->g, r);
	raise_event(c, AVTPMAP_EV_QUORUM);
	advance(c);
	wake_handle(c->index, NULL, c->now_ns);
}

/* With the group claimed: deadline, owed events, and who its members are. */
static __always_inline void group_serve(struct choir *c)
{
	__u64 deadline_ns = env_load(&c->ctl->deadline_ns);
	__u32 gen = env_load(&c->ctl->gen);
	struct xdp_reader *head = c->head;

	c->g->timer_ns = ~0ull;
	if (head->gen != gen) {
		head->last_wake_ns = c->now_ns;
		head->owed = 0;
		walk(c, COUNT);
		c->g->n_behind = c->walk.n_behind;
		advance(c);
		env_store_release(&head->gen, gen);
	}
	if (head->owed && c->now_ns >= head->last_wake_ns + AVTPMAP_FLOOR_NS)
		group_wake(c, &head->wakes_event);
	if (deadline_ns && c->now_ns >= head->last_wake_ns + deadline_ns)
		group_wake(c, &head->wakes_deadline);
	if (head->owed)
		group_arm(c, head->last_wake_ns + AVTPMAP_FLOOR_NS);
	else if (deadline_ns)
		group_arm(c, head->last_wake_ns + deadline_ns);
}

#endif
