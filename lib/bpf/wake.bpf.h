/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * When readers are woken: the rules of kmod/stream.c and kmod/reader.c. All of
 * it runs in softirq, with the stream claimed.
 */
#ifndef AVTPMAP_WAKE_BPF_H
#define AVTPMAP_WAKE_BPF_H

#include "maps.bpf.h"

/* What a visit to the readers is for. */
struct visit {
	__u64 now_ns;
	__u64 before; /* media position from which a new period counts */
	__u64 again_ns; /* out: when to come again */
	__u32 events; /* to tell them of */
	__u32 epoch; /* a new rate may mean another floor */
};

static void wake(struct avtpmap_ring_hdr *hdr, __u32 i, struct xdp_reader *r,
		 enum avtpmap_counter why, __u64 now_ns)
{
	void *waker = bpf_map_lookup_elem(&wakers, &i);
	__u64 token = 0;

	count(hdr, why, 1);
	r->last_wake_ns = now_ns;
	r->owed = 0;
	/* Wakes a sleeper only; a full buffer is readable, which is enough. */
	if (waker)
		bpf_ringbuf_output(waker, &token, sizeof(token), 0);
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
			struct xdp_reader *r, struct visit *v)
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

/*
 * Returns the next reader, index + 1. This and visit_readers() are functions of
 * their own to the verifier, which so looks at each once.
 */
__noinline int visit_reader(struct xdp_ring *ring, struct visit *v, __u32 i)
{
	const struct xdp_reader_ctl *c;
	struct xdp_table *t = table_get();
	struct xdp_stream *s;
	struct xdp_reader *r;
	__u64 deadline_ns;
	__u32 gen;

	if (!ring || !v || !t)
		return 0;
	s = &ring->s;
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
	return env_load(&c->next);
}

__noinline int visit_readers(struct xdp_ring *ring, struct visit *v)
{
	struct xdp_table *t = table_get();
	__u32 next;

	if (!ring || !v || !t)
		return 0;
	ring->s.next_due = ~0ull;
	next = env_load(&t->stream[ring->s.index % XDP_STREAMS].first_reader);
	for (__u32 n = 0; n < AVTPMAP_READERS_MAX && next; n++)
		next = visit_reader(ring, v, next - 1);
	return 0;
}

static void arm(struct xdp_stream *s, __u64 at_ns, __u64 now_ns)
{
	__u32 i = s->index;
	struct timer *t;

	if (at_ns >= s->timer_ns)
		return;
	t = bpf_map_lookup_elem(&timers, &i);
	if (!t)
		return;
	s->timer_ns = at_ns;
	bpf_timer_start(&t->timer, at_ns > now_ns ? at_ns - now_ns : 0, 0);
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
		arm(s, s->events_ok_ns, now_ns);
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
	arm(&ring->s, now_ns + AVTPMAP_SILENCE_NS, now_ns);
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

/* The timer, and whatever the library wants looked at: see avtpmap_tick. */
static int serve(void *map, __u32 *index, struct timer *t)
{
	struct visit v = { .now_ns = bpf_ktime_get_ns() };
	struct xdp_table *table = table_get();
	struct xdp_ring *ring = ring_get(*index);
	__u64 silent_ns;

	if (!ring || !table)
		return 0;
	if (!claim(&ring->s)) {
		bpf_timer_start(&t->timer, AVTPMAP_FLOOR_NS / 4, 0);
		return 0;
	}
	ring->s.timer_ns = ~0ull;
	if (env_load(&table->stream[ring->s.index % XDP_STREAMS].gone)) {
		ring->s.gone = 1;
		env_store(&ring->hdr.state, AVTPMAP_RING_GONE);
	}
	silent_ns = check_silence(ring, v.now_ns);
	v.again_ns = ~0ull;
	v.before = ring->s.account.media_pos;
	v.events = events_to_tell(&ring->s, v.now_ns);
	visit_readers(ring, &v);
	if (silent_ns < v.again_ns)
		v.again_ns = silent_ns;
	if (!ring->s.gone && v.again_ns != ~0ull)
		arm(&ring->s, v.again_ns, v.now_ns);
	unclaim(&ring->s);
	return 0;
}

#endif
