// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Wakes that are not periods: events, the deadline, the end of a stream. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "test.h"

enum { SILENCE_US = 250000, FLOOR_US = 300 };

/* Events that a machine which stands still for a while does not cause. */
#define NOT_OF_TIME (AVTPMAP_EV_ALL & ~(AVTPMAP_EV_END | AVTPMAP_EV_START))

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* A started stream of which nothing is left to tell. */
static struct avtpmap_stream *started(struct rig *rig, struct talker *t,
				      uint32_t events)
{
	struct avtpmap_stream *s;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, events);
	talker_init(t, &am824_stereo, STREAM_ID);
	rig_send(rig, t, 20);
	usleep(10 * FLOOR_US);
	rig_poll(s, NULL);
	return s;
}

/*
 * Does one thing that is an event, and nothing else. Behind another frame,
 * because loss and other talkers are something else behind a silence.
 */
static void cause(struct rig *rig, struct talker *t, uint32_t event)
{
	struct talker second;

	if (event != AVTPMAP_EV_END)
		talker_send(t, &rig->wire, rig->ifindex, 1);
	second = *t;
	switch (event) {
	case AVTPMAP_EV_GAP: /* soon after a frame, or it is a resync */
		talker_send(t, &rig->wire, rig->ifindex, 1);
		talker_shot(t);
		break;
	case AVTPMAP_EV_RESET:
		t->next.mr ^= 1;
		break;
	case AVTPMAP_EV_UNCERTAIN:
		t->next.tu ^= 1;
		break;
	case AVTPMAP_EV_EPOCH:
		t->next.shape = t->next.shape == &am824_stereo ? &aaf_stereo :
								 &am824_stereo;
		talker_restart(t, t->next.sequence);
		rig_send(rig, t, 8); /* until it has settled */
		return;
	case AVTPMAP_EV_END:
		usleep(SILENCE_US);
		return;
	case AVTPMAP_EV_CONFLICT:
		second.next.src++;
		rig_send(rig, &second, 1);
		return;
	}
	rig_send(rig, t, 1);
}

CASE(each_event_wakes_with_its_own_bit, 0)
{
	static const uint32_t events[] = {
		AVTPMAP_EV_GAP,	     AVTPMAP_EV_RESET, AVTPMAP_EV_UNCERTAIN,
		AVTPMAP_EV_CONFLICT, AVTPMAP_EV_EPOCH, AVTPMAP_EV_RESET,
	};
	struct avtpmap_stream *s;
	struct talker t;

	s = started(rig, &t, NOT_OF_TIME);
	for (size_t i = 0; i < N_ELEMS(events); i++) {
		cause(rig, &t, events[i]);
		rig_await(s, events[i]);
	}
	rig_period(s, 0, AVTPMAP_EV_END, 0);
	cause(rig, &t, AVTPMAP_EV_END);
	rig_await(s, AVTPMAP_EV_END);
	rig_period(s, 0, AVTPMAP_EV_START, 0);
	rig_send(rig, &t, 1);
	rig_await(s, AVTPMAP_EV_START);
	avtpmap_close(s);
}

CASE(a_reader_is_woken_only_by_events_of_its_mask, BED_WAKES)
{
	struct avtpmap_stream *s, *deaf, *only;
	struct talker t;

	s = started(rig, &t, NOT_OF_TIME);
	deaf = rig_open(rig, STREAM_ID, 0, 0);
	only = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_RESET);
	cause(rig, &t, AVTPMAP_EV_GAP);
	rig_await(s, AVTPMAP_EV_GAP);
	check_eq(rig_poll(only, NULL), 0);
	usleep(FLOOR_US);
	cause(rig, &t, AVTPMAP_EV_RESET);
	rig_await(s, AVTPMAP_EV_RESET);
	rig_await(only, AVTPMAP_EV_RESET);
	check_eq(rig_poll(deaf, NULL), 0);
	check_eq(rig_info(deaf).wakes_event, 0);
	check_eq(rig_info(only).wakes_event, 1);
	avtpmap_close(only);
	avtpmap_close(deaf);
	avtpmap_close(s);
}

/* However many events there are: no more wakes than floors have passed. */
CASE(events_coalesce_to_one_wake_per_floor, BED_WAKES)
{
	const uint32_t n = fewer(20000);
	struct avtpmap_stream *s;
	uint64_t from, wakes;
	struct talker t;

	s = started(rig, &t, NOT_OF_TIME);
	for (uint32_t i = 0; i < n; i++) {
		t.next.mr ^= 1;
		t.next.tu ^= i & 1;
		talker_send(&t, &rig->wire, rig->ifindex, 1);
	}
	from = now_ns();
	wakes = rig_info(s).wakes_event;
	rig_inject(rig);
	rig_await(s, AVTPMAP_EV_RESET | AVTPMAP_EV_UNCERTAIN);
	wakes = rig_info(s).wakes_event - wakes;
	check_eq(rig_counter(s, AVTPMAP_C_MEDIA_RESET), n);
	check(wakes >= 1);
	check(wakes <= (now_ns() - from) / AVTPMAP_FLOOR_NS + 2);
	note("%u events, %llu wakes in %llu us", n, (unsigned long long)wakes,
	     (unsigned long long)(now_ns() - from) / 1000);
	avtpmap_close(s);
}

/* How many floors lie between the period wakes of a reader: see below. */
static uint64_t floors_between_periods(struct avtpmap_stream *s, uint64_t until)
{
	const struct avtpmap_slot *slot;
	uint64_t n = 0, last = 0;

	while ((slot = avtpmap_peek(s))) {
		if ((slot->media_pos + slot->units) % 12 == 0) {
			if (last)
				n += (slot->mono_ns - last) / AVTPMAP_FLOOR_NS;
			last = slot->mono_ns;
		}
		check_eq(avtpmap_release(s), 0);
	}
	return n + (until - last) / AVTPMAP_FLOOR_NS;
}

/* An event that comes less than a floor after a period waits for the next. */
CASE(periods_and_events_share_one_floor, BED_WAKES)
{
	enum { FRAMES = 8000 };
	struct avtpmap_stream *s, *frames;
	struct avtpmap_reader_info info;
	struct talker t;
	uint64_t until;

	rig_add(rig, STREAM_ID,
		AVTPMAP_OPTS(avtpmap_stream_opts, .ms = 2000, .stride = 128));
	s = rig_open(rig, STREAM_ID, 12, AVTPMAP_EV_RESET);
	frames = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (int i = 0; i < FRAMES; i++) {
		t.next.mr ^= 1;
		talker_send(&t, &rig->wire, rig->ifindex, 1);
	}
	rig_inject(rig);
	info = rig_info(s);
	until = now_ns();
	check(avtpmap_wait(s, 0) > 0);
	check_eq(avtpmap_events(s), AVTPMAP_EV_RESET);
	check_eq(info.wakes_period, FRAMES * 6 / 12);
	check(info.wakes_event <= floors_between_periods(frames, until) + 1);
	avtpmap_close(frames);
	avtpmap_close(s);
}

CASE(a_silent_stream_still_wakes_its_reader_at_the_deadline, BED_WAKES)
{
	enum { DEADLINE_NS = 3000000, WAKES = 30 };
	struct avtpmap_stream *s;
	uint64_t from;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 64, 0);
	from = now_ns();
	rig_period(s, 64, 0, DEADLINE_NS);
	for (int i = 0; i < WAKES; i++)
		rig_await(s, AVTPMAP_EV_DEADLINE);
	check(now_ns() - from >= (uint64_t)WAKES * DEADLINE_NS);
	check(rig_info(s).wakes_deadline >= WAKES);
	check_eq(rig_info(s).wakes_period, 0);
	check(rig_counter(s, AVTPMAP_C_WAKES_DEADLINE) >= WAKES);
	rig_period(s, 64, 0, 0);
	rig_poll(s, NULL);
	check_eq(avtpmap_wait(s, 5 * DEADLINE_NS), 0);
	check_eq(avtpmap_events(s), 0);
	avtpmap_close(s);
}

/*
 * The deadline runs from the previous wake of any kind. Not if the machine
 * stands still between reading the clock and sending: then again.
 */
CASE(periods_put_the_deadline_off, BED_WAKES)
{
	enum { DEADLINE_NS = 50000000 };
	struct avtpmap_stream *s;
	uint64_t before, from;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 48, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_period(s, 48, 0, DEADLINE_NS);
	do {
		usleep(DEADLINE_NS / 2000);
		rig_poll(s, NULL);
		before = rig_info(s).wakes_deadline;
		from = now_ns();
		rig_send(rig, &t, 8);
		rig_drain(s);
	} while (rig_info(s).wakes_deadline != before);
	rig_await(s, AVTPMAP_EV_DEADLINE);
	check(now_ns() - from >= DEADLINE_NS);
	avtpmap_close(s);
}

CASE(wait_returns_when_its_time_is_up, 0)
{
	struct avtpmap_stream *s;
	uint64_t from = now_ns();

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 64, AVTPMAP_EV_ALL);
	check_eq(avtpmap_wait(s, 0), 0);
	check_eq(avtpmap_wait(s, 20000000), 0);
	check(now_ns() - from >= 20000000);
	check_eq(avtpmap_events(s), 0);
	avtpmap_close(s);
}

/* ---- poll ---- */

static int readable_in(struct avtpmap_stream *s, int ms)
{
	struct pollfd p = { .fd = avtpmap_fd(s), .events = POLLIN };

	check(poll(&p, 1, ms) >= 0);
	return p.revents;
}

static int readable(struct avtpmap_stream *s)
{
	return readable_in(s, 0);
}

CASE(the_descriptor_is_readable_while_wait_would_not_sleep, 0)
{
	struct avtpmap_stream *s;
	struct talker t;
	int due;

	s = started(rig, &t, AVTPMAP_EV_RESET);
	check_eq(readable(s), 0);
	cause(rig, &t, AVTPMAP_EV_RESET);
	check_eq(readable_in(s, 1000), POLLIN);
	check_eq(readable(s), POLLIN);
	check_eq(rig_poll(s, NULL), AVTPMAP_EV_RESET);
	check_eq(readable(s), 0);
	rig_drain(s);
	rig_period(s, 48, 0, 0);
	rig_send(rig, &t, 16);
	check_eq(readable(s), POLLIN);
	rig_poll(s, &due);
	check_eq(due, 2);
	check_eq(readable(s), POLLIN); /* not released yet */
	rig_drain(s);
	check_eq(readable(s), 0);
	avtpmap_close(s);
}

CASE(epoll_is_level_triggered_too, 0)
{
	struct epoll_event ev = { .events = EPOLLIN }, out;
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct avtpmap_stream *s;
	struct talker t;

	s = started(rig, &t, 0);
	rig_drain(s);
	rig_period(s, 48, 0, 0);
	check_eq(epoll_ctl(ep, EPOLL_CTL_ADD, avtpmap_fd(s), &ev), 0);
	check_eq(epoll_wait(ep, &out, 1, 0), 0);
	rig_send(rig, &t, 8);
	check_eq(epoll_wait(ep, &out, 1, 1000), 1);
	check_eq(epoll_wait(ep, &out, 1, 0), 1);
	rig_drain(s);
	check_eq(epoll_wait(ep, &out, 1, 0), 0);
	rig_send(rig, &t, 8);
	check_eq(epoll_wait(ep, &out, 1, 1000), 1);
	close(ep);
	avtpmap_close(s);
}

/* ---- the end of a stream ---- */

CASE(a_deleted_stream_is_enodev_and_what_it_left_can_be_read, 0)
{
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 480, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 20);
	rig_del(rig, STREAM_ID);
	check_eq(avtpmap_wait(s, 0), -ENODEV);
	check_eq(avtpmap_wait(s, AVTPMAP_FOREVER), -ENODEV);
	check(readable(s));
	if (rig->bed->caps & BED_HANGUP) {
		check(readable(s) & POLLERR);
		check(readable(s) & POLLHUP);
	}
	check_eq(avtpmap_header(s)->state, AVTPMAP_RING_GONE);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), 20);
	check_eq(rig_drain(s), 20);
	rig_add(rig, STREAM_ID, NULL); /* another one of the same id */
	check_eq(avtpmap_wait(s, 0), -ENODEV);
	rig_send(rig, &t, 20);
	check_eq(rig_drain(s), 0);
	avtpmap_close(s);
}

struct napper {
	struct avtpmap_stream *s;
	volatile int asleep;
	int result;
};

static void *nap(void *arg)
{
	struct napper *n = arg;

	n->asleep = 1;
	n->result = avtpmap_wait(n->s, AVTPMAP_FOREVER);
	return NULL;
}

CASE(a_sleeping_reader_wakes_when_its_stream_is_deleted, 0)
{
	struct napper n = { 0 };
	pthread_t thread;

	rig_add(rig, STREAM_ID, NULL);
	n.s = rig_open(rig, STREAM_ID, 64, 0);
	check_eq(pthread_create(&thread, NULL, nap, &n), 0);
	until(n.asleep);
	usleep(10000);
	rig_del(rig, STREAM_ID);
	join_thread(thread);
	check_eq(n.result, -ENODEV);
	avtpmap_close(n.s);
}

CASE(drain_deletes_all_and_wakes_all, 0)
{
	struct avtpmap_stream *s[20];
	struct napper n = { 0 };
	pthread_t thread;

	for (int i = 0; i < 20; i++) {
		rig_add(rig, STREAM_ID + i, NULL);
		s[i] = rig_open(rig, STREAM_ID + i, 64, 0);
	}
	n.s = s[7];
	check_eq(pthread_create(&thread, NULL, nap, &n), 0);
	until(n.asleep);
	check_eq(avtpmap_drain(rig->ctl, rig->ifname), 0);
	join_thread(thread);
	check_eq(n.result, -ENODEV);
	for (int i = 0; i < 20; i++) {
		check_eq(avtpmap_wait(s[i], 0), -ENODEV);
		avtpmap_close(s[i]);
	}
	check_eq(rig_mem_used(rig), 0);
	check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), 0);
}
