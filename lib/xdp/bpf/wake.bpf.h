/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * When readers are woken: the rules of kmod/shared/wake.h. All of it runs in
 * softirq, with the stream claimed.
 */
#ifndef AVTPMAP_WAKE_BPF_H
#define AVTPMAP_WAKE_BPF_H

#include "group.bpf.h"

static void wake(struct avtpmap_ring_hdr *hdr, __u32 i, struct xdp_reader *r,
		 enum avtpmap_counter why, __u64 now_ns)
{
	count(hdr, why, 1);
	wake_handle(i, r, now_ns);
}

static void tune(struct xdp_stream *s, const struct xdp_reader_ctl *c,
		 struct xdp_reader *r, __u64 media_pos)
{
	due_set(&r->due, env_load(&c->period), s->account.rate_hz, media_pos);
}

/* With its group claimed. */
static __always_inline void visit_claimed(struct xdp_ring *ring,
					  struct choir *g, struct xdp_reader *r,
					  const struct xdp_reader_ctl *c)
{
	const struct xdp_visit *v = &ring->s.visit;
	__u32 events = v->events | r->untold;
	struct xdp_stream *s = &ring->s;
	__u32 gen = env_load(&c->gen);
	struct avtpmap_end e;

	r->untold = 0;
	if (r->gen != gen) {
		tune(s, c, r, v->before);
		if (r->group != g->index + 1) {
			r->group = g->index + 1;
			quorum_join(&g->g->quorum, &r->member);
		} else {
			quorum_forget_lead(&g->g->quorum, &r->member);
		}
		env_store_release(&r->gen, gen);
	} else if (v->epoch) {
		tune(s, c, r, v->before);
	}
	if (s->gone)
		group_gone(g, r);
	else if (events)
		raise_event(g, events);
	if (r->due.at > s->account.media_pos)
		return;
	e = due_end(&r->due, s->account.media_pos, s->account.nominal_units);
	group_period(g, r, &e);
}

/* A member of a group, which may be busy with one of another CPU: then again. */
__noinline int visit_member(struct xdp_ring *ring, __u32 i)
{
	struct xdp_table *t = table_get();
	const struct xdp_reader_ctl *c;
	struct xdp_visit *v;
	struct xdp_reader *r;
	struct choir g;

	if (!ring || !t)
		return 0;
	v = &ring->s.visit;
	c = &t->reader[i % XDP_READERS];
	r = bpf_map_lookup_elem(&readers, &i);
	if (!r || !choir_get(&g, env_load(&c->group) - 1, v->now_ns))
		return 0;
	if (claim(&g.g->claim)) {
		visit_claimed(ring, &g, r, c);
		unclaim(&g.g->claim);
	} else {
		r->untold |= v->events;
		v->missed = 1;
		if (v->now_ns + AVTPMAP_FLOOR_NS / 4 < v->again_ns)
			v->again_ns = v->now_ns + AVTPMAP_FLOOR_NS / 4;
	}
	if (r->due.at < ring->s.next_due)
		ring->s.next_due = r->due.at;
	return 0;
}

/* Events, and the end of a period. */
static void visit_alone(struct xdp_ring *ring, __u32 i, struct xdp_reader *r,
			__u32 mask)
{
	struct xdp_stream *s = &ring->s;
	const struct xdp_visit *v = &s->visit;

	r->wake.owed |= !!(v->events & mask);
	if (wake_why(&r->wake, 0, v->now_ns) == WAKE_EVENT) {
		r->wakes_event++;
		wake(&ring->hdr, i, r, AVTPMAP_C_WAKES_EVENT, v->now_ns);
	}
	if (r->due.at <= s->account.media_pos) {
		due_end(&r->due, s->account.media_pos,
			s->account.nominal_units);
		r->wakes_period++;
		wake(&ring->hdr, i, r, AVTPMAP_C_WAKES_PERIOD, v->now_ns);
	}
}

/*
 * This, visit_member() and visit_readers() are functions of their own to the
 * verifier, which so looks at each once.
 */
__noinline int visit_reader(struct xdp_ring *ring, __u32 i)
{
	const struct xdp_reader_ctl *c;
	struct xdp_table *t = table_get();
	struct xdp_stream *s;
	struct xdp_reader *r;
	struct xdp_visit *v;
	__u64 deadline_ns, again_ns;
	__u32 gen;

	if (!ring || !t)
		return 0;
	s = &ring->s;
	v = &s->visit;
	c = &t->reader[i % XDP_READERS];
	r = bpf_map_lookup_elem(&readers, &i);
	if (!r)
		return 0;
	deadline_ns = env_load(&c->deadline_ns);
	gen = env_load(&c->gen);
	if (r->gen != gen) {
		tune(s, c, r, v->before);
		wake_done(&r->wake, v->now_ns);
		r->group = 0;
		env_store_release(&r->gen, gen);
	} else if (v->epoch) {
		tune(s, c, r, v->before);
	}
	if (s->gone)
		wake(&ring->hdr, i, r, AVTPMAP_C_WAKES_EVENT, v->now_ns);
	else
		visit_alone(ring, i, r, env_load(&c->events));
	if (r->due.at < s->next_due)
		s->next_due = r->due.at;
	if (wake_why(&r->wake, deadline_ns, v->now_ns) == WAKE_DEADLINE) {
		r->wakes_deadline++;
		wake(&ring->hdr, i, r, AVTPMAP_C_WAKES_DEADLINE, v->now_ns);
	}
	again_ns = wake_at(&r->wake, deadline_ns);
	if (again_ns < v->again_ns)
		v->again_ns = again_ns;
	return 0;
}

__noinline int visit_readers(struct xdp_ring *ring)
{
	struct xdp_table *t = table_get();
	__u32 next;

	if (!ring || !t)
		return 0;
	ring->s.next_due = ~0ull;
	next = env_load(&t->stream[ring->s.index % XDP_STREAMS].first_reader);
	for (__u32 n = 0; n < AVTPMAP_READERS_MAX && next; n++) {
		const struct xdp_reader_ctl *c =
			&t->reader[(next - 1) % XDP_READERS];

		if (env_load(&c->group))
			visit_member(ring, next - 1);
		else
			visit_reader(ring, next - 1);
		next = env_load(&c->next);
	}
	return 0;
}

static void stream_arm(struct xdp_stream *s, __u64 at_ns, __u64 now_ns)
{
	if (arm(s->index, &s->timer_ns, at_ns, now_ns))
		s->timer_cpu = bpf_get_smp_processor_id();
}

/*
 * With a frame: the timer comes to this CPU, if it is on another. There it could
 * be held up with the stream claimed, for longer than a frame waits.
 */
static void take_timer(struct xdp_stream *s, __u64 now_ns)
{
	__u64 at_ns = s->timer_ns;

	if (s->timer_cpu == bpf_get_smp_processor_id() || at_ns == ~0ull)
		return;
	s->timer_ns = ~0ull;
	stream_arm(s, at_ns, now_ns);
}

static void note_events(struct xdp_stream *s, __u32 events)
{
	s->news.owed |= events;
	for (int i = 0; i < WAKE_EVENTS; i++)
		if (events & 1u << i)
			env_store(&s->events[i], s->events[i] + 1);
}

static __u32 events_to_tell(struct xdp_stream *s, __u64 now_ns)
{
	__u32 events = news_to_tell(&s->news, now_ns);

	if (s->news.owed)
		stream_arm(s, s->news.ok_ns, now_ns);
	return events;
}

/* The first frame, or the first after a silence. */
static void start(struct xdp_ring *ring, __u64 now_ns)
{
	struct avtpmap_account *a = &ring->s.account;

	note_events(&ring->s, silence_ends(&ring->hdr, a, now_ns));
	stream_arm(&ring->s, now_ns + silence_limit(a), now_ns);
}

/* With the stream claimed. Returns when to come again, all ones: not. */
static __always_inline __u64 serve_stream(struct xdp_ring *ring, __u32 gone,
					  __u64 now_ns)
{
	struct xdp_visit *v = &ring->s.visit;
	__u64 silent_ns;

	ring->s.timer_ns = ~0ull;
	if (gone) {
		env_store(&ring->hdr.state, AVTPMAP_RING_GONE);
		ring->s.gone = XDP_GONE;
	}
	note_events(&ring->s, silence_begins(&ring->hdr, &ring->s.account,
					     now_ns, &silent_ns));
	*v = (struct xdp_visit){ .now_ns = now_ns,
				 .again_ns = ~0ull,
				 .before = ring->s.account.media_pos,
				 .events = events_to_tell(&ring->s, now_ns) };
	visit_readers(ring);
	if (gone && !v->missed)
		env_store_release(&ring->s.gone, XDP_GONE_TOLD);
	return silent_ns < v->again_ns ? silent_ns : v->again_ns;
}

static __always_inline int serve_group(struct timer *t, __u32 index)
{
	struct choir c;

	if (!choir_get(&c, index, bpf_ktime_get_ns()))
		return 0;
	if (!claim(&c.g->claim)) {
		start_timer(t, AVTPMAP_FLOOR_NS / 4);
		return 0;
	}
	group_serve(&c);
	unclaim(&c.g->claim);
	return 0;
}

/* The timers, and whatever the library wants looked at: see avtpmap_tick. */
static int serve(void *map, __u32 *index, struct timer *t)
{
	struct xdp_table *table = table_get();
	const struct xdp_ctl *c;
	__u64 now_ns, again_ns;
	struct xdp_ring *ring;

	if (*index >= XDP_STREAMS)
		return serve_group(t, *index - XDP_STREAMS);
	ring = ring_get(*index);
	if (!ring || !table)
		return 0;
	if (!claim(&ring->s.claim)) {
		start_timer(t, AVTPMAP_FLOOR_NS / 4);
		return 0;
	}
	now_ns = bpf_ktime_get_ns();
	if (ring->s.gone != XDP_GONE_TOLD) {
		c = &table->stream[*index % XDP_STREAMS];
		again_ns = serve_stream(ring, env_load(&c->gone), now_ns);
		if (!ring->s.gone && again_ns != ~0ull)
			stream_arm(&ring->s, again_ns, now_ns);
		ring->s.next_due = 0; /* the next frame takes the timer */
	}
	unclaim(&ring->s.claim);
	return 0;
}

#endif
