// SPDX-License-Identifier: MIT
#include <string.h>
#include <unistd.h>

#include "group.h"

static void wake(struct packet_reader *r, enum avtpmap_counter why,
		 __u64 now_ns)
{
	const __u64 one = 1;
	ssize_t n = write(r->fd, &one, sizeof(one));

	(void)n; /* full is readable too */
	count(r->stream->hdr, why, 1);
	wake_done(&r->wake, now_ns);
}

static void tune(struct packet_reader *r, __u32 period, __u64 media_pos)
{
	struct packet_stream *s = r->stream;

	due_set(&r->due, period, s->account.rate_hz, media_pos);
	if (r->due.at < s->next_due)
		s->next_due = r->due.at;
}

/* Wakes may be rarer than periods, so these are counted by position. */
void packet_count_periods(struct packet_reader *r)
{
	__u64 media_pos = env_load_acquire(&r->stream->hdr->media_pos);

	if (r->due.asked)
		r->periods +=
			avtpmap_period_due(r->counted, media_pos, r->due.asked);
	r->counted = media_pos;
}

/* From here on; what is due already is not waited for. */
void packet_change_period(struct packet_reader *r, __u32 period)
{
	packet_count_periods(r);
	wake_done(&r->wake, monotonic_ns());
	tune(r, period, r->stream->account.media_pos);
}

static void reader_period(struct packet_reader *r, __u64 now_ns)
{
	const struct avtpmap_account *a = &r->stream->account;
	struct avtpmap_end e = due_end(&r->due, a->media_pos, a->nominal_units);

	if (r->group) {
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
	if (!wake_for_event(&r->wake, now_ns))
		return;
	r->info.wakes_event++;
	wake(r, AVTPMAP_C_WAKES_EVENT, now_ns);
}

static void raise_events(struct packet_stream *s, __u32 events, __u64 now_ns)
{
	s->news.owed |= events;
	events = news_to_tell(&s->news, now_ns);
	if (!events)
		return;
	for (struct packet_reader *r = s->readers; r; r = r->next)
		reader_event(r, events, now_ns);
}

/* The first frame, or the first after a silence. */
void packet_started(struct packet_stream *s, struct avtpmap_entry *e)
{
	e->events |= silence_ends(s->hdr, &s->account, s->account.last_ns);
}

void packet_frame_done(struct packet_stream *s, struct avtpmap_entry *e,
		       __u64 now_ns)
{
	if (e->flags & AVTPMAP_F_EPOCH) {
		s->next_due = ~0ull;
		for (struct packet_reader *r = s->readers; r; r = r->next)
			tune(r, r->due.asked, e->media_pos);
	}
	if (e->events)
		raise_events(s, e->events, now_ns);
	if (s->account.media_pos < s->next_due)
		return;
	s->next_due = ~0ull;
	for (struct packet_reader *r = s->readers; r; r = r->next) {
		if (r->due.at <= s->account.media_pos)
			reader_period(r, now_ns);
		if (r->due.at < s->next_due)
			s->next_due = r->due.at;
	}
}

static void reader_tick(struct packet_reader *r, __u64 now_ns)
{
	switch (wake_why(&r->wake, r->deadline_ns, now_ns)) {
	case WAKE_EVENT:
		r->info.wakes_event++;
		wake(r, AVTPMAP_C_WAKES_EVENT, now_ns);
		break;
	case WAKE_DEADLINE:
		__atomic_fetch_or(&r->pending, AVTPMAP_EV_DEADLINE,
				  __ATOMIC_RELEASE);
		r->info.wakes_deadline++;
		wake(r, AVTPMAP_C_WAKES_DEADLINE, now_ns);
		break;
	case WAKE_NOT:
		break;
	}
}

/* Once per pace: what is due without a frame. */
void packet_tick(struct packet_stream *s, __u64 now_ns)
{
	__u64 at_ns; /* the next tick is soon enough */

	raise_events(s, silence_begins(s->hdr, &s->account, now_ns, &at_ns),
		     now_ns);
	for (struct packet_reader *r = s->readers; r; r = r->next)
		reader_tick(r, now_ns);
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
