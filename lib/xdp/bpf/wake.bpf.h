/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * When readers are woken: the rules of kmod/stream.c and kmod/reader.c. All of
 * it runs in softirq, with the stream claimed.
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
	__u32 period = env_load(&c->period);

	r->wake_period = 0;
	r->next_due = ~0ull;
	if (!period)
		return;
	r->wake_period = avtpmap_wake_period(period, s->account.rate_hz);
	if (r->wake_period)
		r->next_due = avtpmap_period_next(media_pos, r->wake_period);
}

static void visit_event(struct avtpmap_ring_hdr *hdr, __u32 i,
			struct xdp_reader *r, struct xdp_visit *v)
{
	__u64 ok_ns = r->last_wake_ns + AVTPMAP_FLOOR_NS;

	if (v->now_ns >= ok_ns) {
		r->wakes_event++;
		wake(hdr, i, r, AVTPMAP_C_WAKES_EVENT, v->now_ns);
	} else {
		r->owed = 1;
		if (ok_ns < v->again_ns)
			v->again_ns = ok_ns;
	}
}

/* One frame may end several periods: after loss, or if it is longer. */
static void visit_period(struct xdp_stream *s, struct avtpmap_ring_hdr *hdr,
			 __u32 i, struct xdp_reader *r, __u64 now_ns)
{
	if (r->wake_period)
		r->next_due = avtpmap_period_next(s->account.media_pos,
						  r->wake_period);
	r->wakes_period++;
	wake(hdr, i, r, AVTPMAP_C_WAKES_PERIOD, now_ns);
}

/* With its group claimed. */
static __always_inline void visit_claimed(struct xdp_ring *ring,
					  struct choir *g, struct xdp_reader *r,
					  const struct xdp_reader_ctl *c)
{
	const struct xdp_visit *v = &ring->s.visit;
	__u32 events = v->events | r->untold;
	struct xdp_stream *s = &ring->s;
	__u32 period = env_load(&c->period);
	__u32 gen = env_load(&c->gen), ratio;
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
	ratio = period ? r->wake_period / period : 1;
	if (s->gone)
		group_gone(g, r, ratio);
	else if (events)
		raise_event(g, events);
	if (r->next_due > s->account.media_pos)
		return;
	if (!r->wake_period)
		return;
	e = (struct avtpmap_end){
		.ends = avtpmap_period_due(r->next_due - r->wake_period,
					   s->account.media_pos,
					   r->wake_period),
	};
	r->next_due = avtpmap_period_next(s->account.media_pos, r->wake_period);
	e.whole = quorum_whole(r->next_due, s->account.media_pos,
			       r->wake_period, s->account.nominal_units);
	group_period(g, r, &e, ratio);
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
	if (r->next_due < ring->s.next_due)
		ring->s.next_due = r->next_due;
	return 0;
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
	__u64 deadline_ns;
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
		r->last_wake_ns = v->now_ns;
		r->owed = 0;
		r->group = 0;
		env_store_release(&r->gen, gen);
	} else if (v->epoch) {
		tune(s, c, r, v->before);
	}
	if (s->gone)
		wake(&ring->hdr, i, r, AVTPMAP_C_WAKES_EVENT, v->now_ns);
	else if (r->owed || v->events & env_load(&c->events))
		visit_event(&ring->hdr, i, r, v);
	if (r->next_due <= s->account.media_pos)
		visit_period(s, &ring->hdr, i, r, v->now_ns);
	if (r->next_due < s->next_due)
		s->next_due = r->next_due;
	if (deadline_ns && v->now_ns >= r->last_wake_ns + deadline_ns) {
		r->wakes_deadline++;
		wake(&ring->hdr, i, r, AVTPMAP_C_WAKES_DEADLINE, v->now_ns);
	}
	if (deadline_ns && r->last_wake_ns + deadline_ns < v->again_ns)
		v->again_ns = r->last_wake_ns + deadline_ns;
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
	s->events_owed |= events;
	for (int i = 0; i < XDP_EVENTS; i++)
		if (events & 1u << i)
			env_store(&s->events[i], s->events[i] + 1);
}

/*
 * A stream whose every frame has an event visits its readers once per floor,
 * not once per frame: what comes earlier is owed.
 */
static __u32 events_to_tell(struct xdp_stream *s, __u64 now_ns)
{
	__u32 events = s->events_owed;

	if (!events)
		return 0;
	if (now_ns < s->events_ok_ns) {
		stream_arm(s, s->events_ok_ns, now_ns);
		return 0;
	}
	s->events_owed = 0;
	s->events_ok_ns = now_ns + AVTPMAP_FLOOR_NS;
	return events;
}

/* The first frame, or the first after a silence. */
static void start(struct xdp_ring *ring, __u64 now_ns)
{
	env_store(&ring->hdr.state, AVTPMAP_RING_LIVE);
	count(&ring->hdr, AVTPMAP_C_MEDIA_LOCKED, 1);
	note_events(&ring->s, AVTPMAP_EV_START);
	stream_arm(&ring->s, now_ns + AVTPMAP_SILENCE_NS, now_ns);
}

/* Returns when to look again. */
static __u64 check_silence(struct xdp_ring *ring, __u64 now_ns)
{
	__u64 ends_ns = ring->s.account.last_ns + AVTPMAP_SILENCE_NS;

	if (ring->hdr.state != AVTPMAP_RING_LIVE)
		return ~0ull;
	if (now_ns < ends_ns)
		return ends_ns;
	env_store(&ring->hdr.state, AVTPMAP_RING_SILENT);
	count(&ring->hdr, AVTPMAP_C_MEDIA_UNLOCKED, 1);
	note_events(&ring->s, AVTPMAP_EV_END);
	return ~0ull;
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
	silent_ns = check_silence(ring, now_ns);
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
