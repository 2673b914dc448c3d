// SPDX-License-Identifier: MIT
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "group.h"
#include "../../kmod/shared/period.h"

__u64 packet_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void wake(struct packet_reader *r, enum avtpmap_counter why,
		 __u64 now_ns)
{
	const __u64 one = 1;
	ssize_t n = write(r->fd, &one, sizeof(one));

	(void)n; /* full is readable too */
	count(r->stream->hdr, why, 1);
	r->last_wake_ns = now_ns;
	r->owed = 0;
}

void packet_tune(struct packet_reader *r, __u64 media_pos)
{
	__u32 period = 0;

	r->next_due = ~0ull;
	if (r->period) {
		period = avtpmap_wake_period(r->period,
					     r->stream->account.rate_hz);
		r->next_due = avtpmap_period_next(media_pos, period);
	}
	env_store(&r->wake_period, period);
}

/* Wakes may be rarer than periods, so these are counted by position. */
void packet_count_periods(struct packet_reader *r)
{
	__u64 media_pos = env_load_acquire(&r->stream->hdr->media_pos);

	if (r->period)
		r->periods +=
			avtpmap_period_due(r->counted, media_pos, r->period);
	r->counted = media_pos;
}

/* From here on; what is due already is not waited for. */
void packet_change_period(struct packet_reader *r, __u32 period)
{
	struct packet_stream *s = r->stream;

	packet_count_periods(r);
	env_store(&r->period, period);
	r->last_wake_ns = packet_now_ns();
	r->owed = 0;
	packet_tune(r, s->account.media_pos);
	if (r->next_due < s->next_due)
		s->next_due = r->next_due;
}

/* One frame may end several periods: after loss, or if it is longer. */
static void reader_period(struct packet_reader *r, __u64 now_ns)
{
	const struct avtpmap_account *a = &r->stream->account;
	struct avtpmap_end e = {
		.ends = avtpmap_period_due(r->next_due - r->wake_period,
					   a->media_pos, r->wake_period),
	};

	r->next_due = avtpmap_period_next(a->media_pos, r->wake_period);
	if (r->group) {
		e.whole = quorum_whole(r->next_due, a->media_pos,
				       r->wake_period, a->nominal_units);
		packet_group_period(r, &e, now_ns);
		return;
	}
	r->info.wakes_period++;
	wake(r, AVTPMAP_C_WAKES_PERIOD, now_ns);
}

static void reader_event(struct packet_reader *r, __u32 events, __u64 now_ns)
{
	if (r->group) {
		packet_group_event(r->group, events, now_ns);
		return;
	}
	events &= r->events;
	if (!events)
		return;
	__atomic_fetch_or(&r->pending, events, __ATOMIC_RELEASE);
	if (now_ns < r->last_wake_ns + AVTPMAP_FLOOR_NS) {
		r->owed = 1;
		return;
	}
	r->info.wakes_event++;
	wake(r, AVTPMAP_C_WAKES_EVENT, now_ns);
}

static void raise_events(struct packet_stream *s, __u32 events, __u64 now_ns)
{
	s->events_owed |= events;
	if (!s->events_owed || now_ns < s->events_ok_ns)
		return;
	events = s->events_owed;
	s->events_owed = 0;
	s->events_ok_ns = now_ns + AVTPMAP_FLOOR_NS;
	for (struct packet_reader *r = s->readers; r; r = r->next)
		reader_event(r, events, now_ns);
}

/* The first frame, or the first after a silence. */
void packet_started(struct packet_stream *s, struct avtpmap_entry *e)
{
	env_store(&s->hdr->state, AVTPMAP_RING_LIVE);
	count(s->hdr, AVTPMAP_C_MEDIA_LOCKED, 1);
	e->events |= AVTPMAP_EV_START;
}

void packet_frame_done(struct packet_stream *s, struct avtpmap_entry *e,
		       __u64 now_ns)
{
	if (e->flags & AVTPMAP_F_EPOCH) {
		s->next_due = ~0ull;
		for (struct packet_reader *r = s->readers; r; r = r->next) {
			packet_tune(r, e->media_pos);
			if (r->next_due < s->next_due)
				s->next_due = r->next_due;
		}
	}
	if (e->events)
		raise_events(s, e->events, now_ns);
	if (s->account.media_pos < s->next_due)
		return;
	s->next_due = ~0ull;
	for (struct packet_reader *r = s->readers; r; r = r->next) {
		if (r->next_due <= s->account.media_pos)
			reader_period(r, now_ns);
		if (r->next_due < s->next_due)
			s->next_due = r->next_due;
	}
}

static void check_silence(struct packet_stream *s, __u64 now_ns)
{
	if (s->hdr->state != AVTPMAP_RING_LIVE ||
	    now_ns < s->account.last_ns + AVTPMAP_SILENCE_NS)
		return;
	env_store(&s->hdr->state, AVTPMAP_RING_SILENT);
	count(s->hdr, AVTPMAP_C_MEDIA_UNLOCKED, 1);
	raise_events(s, AVTPMAP_EV_END, now_ns);
}

/* Once per pace: what is due without a frame. */
void packet_tick(struct packet_stream *s, __u64 now_ns)
{
	check_silence(s, now_ns);
	raise_events(s, 0, now_ns);
	for (struct packet_reader *r = s->readers; r; r = r->next) {
		if (r->owed && now_ns >= r->last_wake_ns + AVTPMAP_FLOOR_NS) {
			r->info.wakes_event++;
			wake(r, AVTPMAP_C_WAKES_EVENT, now_ns);
		}
		if (!r->deadline_ns ||
		    now_ns < r->last_wake_ns + r->deadline_ns)
			continue;
		__atomic_fetch_or(&r->pending, AVTPMAP_EV_DEADLINE,
				  __ATOMIC_RELEASE);
		r->info.wakes_deadline++;
		wake(r, AVTPMAP_C_WAKES_DEADLINE, now_ns);
	}
}

/* Readers wake, and keep the memory. */
void packet_gone(struct packet_stream *s)
{
	const __u64 one = 1;

	s->gone = 1;
	env_store_release(&s->hdr->state, AVTPMAP_RING_GONE);
	for (struct packet_reader *r = s->readers; r; r = r->next) {
		ssize_t n = write(r->fd, &one, sizeof(one));

		(void)n;
		if (r->group)
			packet_group_gone(r);
	}
}
