/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Groups: the rules of kmod/shared/quorum.h. All of it runs in softirq with the
 * group claimed; what concerns a member, with its stream claimed outside of that.
 */
#ifndef AVTPMAP_GROUP_BPF_H
#define AVTPMAP_GROUP_BPF_H

#include "maps.bpf.h"

/* A group at work. */
struct choir {
	struct xdp_group *g;
	struct xdp_reader *head; /* its wakes */
	const struct xdp_reader_ctl *ctl;
	__u32 index;
	__u64 now_ns;
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
	events &= env_load(&c->ctl->events);
	if (!events)
		return;
	for (int i = 0; i < WAKE_EVENTS; i++)
		if (events & 1u << i)
			env_store(&c->g->events[i], c->g->events[i] + 1);
	if (wake_for_event(&c->head->wake, c->now_ns))
		group_wake(c, &c->head->wakes_event);
	else
		group_arm(c, wake_at(&c->head->wake, 0));
}

/* A function of its own to the verifier, as is what follows. */
__noinline int settle(struct xdp_group *g)
{
	return g ? quorum_settle(&g->quorum) : 0;
}

/*
 * Who leaves is taken off the list by the library, which cannot write the quorum:
 * so it is counted anew when the library says that something changed.
 */
__noinline int recount(struct xdp_group *g, __u32 head)
{
	struct xdp_table *t = table_get();
	__u32 next;

	if (!g || !t)
		return 0;
	quorum_recount(&g->quorum);
	next = env_load(&t->reader[head % XDP_READERS].next_member);
	for (int n = 0; n < XDP_MEMBERS && next; n++) {
		/* bounded before the call: 6.12 forgets what it knew of i */
		const struct xdp_reader_ctl *m =
			&t->reader[(next - 1) % XDP_READERS];
		__u32 i = next - 1;
		const struct xdp_reader *r = bpf_map_lookup_elem(&readers, &i);

		if (!r)
			return 0;
		if (r->group == head + 1)
			quorum_count(&g->quorum, &r->member);
		next = env_load(&m->next_member);
	}
	return 0;
}

/*
 * If a period has ended for all of the quorum: wake, once for all that have.
 * @ratio: periods as asked for in each of them.
 */
static __always_inline void advance(struct choir *c, __u32 ratio)
{
	__u32 ends = settle(c->g);

	if (!ends)
		return;
	env_store(&c->g->periods, c->g->periods + (__u64)ends * ratio);
	group_wake(c, &c->head->wakes_period);
}

static __always_inline void group_period(struct choir *c, struct xdp_reader *r,
					 const struct avtpmap_end *e)
{
	if (quorum_end(&c->g->quorum, &r->member, e))
		raise_event(c, AVTPMAP_EV_QUORUM);
	advance(c, due_ratio(&r->due));
}

/* Its stream was deleted: the others go on, and find out if there are others. */
static __always_inline void group_gone(struct choir *c, struct xdp_reader *r)
{
	quorum_leave(&c->g->quorum, &r->member);
	raise_event(c, AVTPMAP_EV_QUORUM);
	advance(c, due_ratio(&r->due));
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
		wake_done(&head->wake, c->now_ns);
		recount(c->g, c->index);
		advance(c, 1);
		env_store_release(&head->gen, gen);
	}
	switch (wake_why(&head->wake, deadline_ns, c->now_ns)) {
	case WAKE_EVENT:
		group_wake(c, &head->wakes_event);
		break;
	case WAKE_DEADLINE:
		group_wake(c, &head->wakes_deadline);
		break;
	case WAKE_NOT:
		break;
	}
	group_arm(c, wake_at(&head->wake, deadline_ns));
}

#endif
