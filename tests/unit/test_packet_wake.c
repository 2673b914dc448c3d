// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The packet backend's thread without one: what it owes, by a clock of our own. */
#include "test.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "../../lib/packet/group.h"

enum { PERIOD = 60, UNITS = 6 };

static const __u64 start_ns = 5000000000;

/* A stream, and a reader of it that may be a member of a group. */
struct desk {
	struct avtpmap_ring_hdr hdr;
	struct packet_stream s;
	struct packet_reader r;
	struct packet_group g;
	__u64 now_ns;
};

static void desk_make(struct desk *d, __u32 events, __u64 deadline_ns)
{
	memset(d, 0, sizeof(*d));
	d->now_ns = start_ns;
	d->s.hdr = &d->hdr;
	d->s.readers = &d->r;
	d->s.account.last_ns = d->now_ns;
	d->r.stream = &d->s;
	d->r.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	d->r.events = events;
	d->r.deadline_ns = deadline_ns;
	due_set(&d->r.due, PERIOD, 0, 0);
	wake_done(&d->r.wake, d->now_ns);
	d->s.next_due = d->r.due.at;
	d->g.fd = -1;
	assert_true(d->r.fd >= 0);
}

/* The same for a group, of which the reader is the only member. */
static void desk_make_group(struct desk *d, __u32 events, __u64 deadline_ns)
{
	desk_make(d, 0, 0);
	d->g.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	d->g.events = events;
	d->g.deadline_ns = deadline_ns;
	d->g.n_members = 1;
	wake_done(&d->g.wake, d->now_ns);
	d->r.group = &d->g;
	quorum_join(&d->g.quorum, &d->r.member);
	assert_true(d->g.fd >= 0);
}

static void desk_free(struct desk *d)
{
	close(d->r.fd);
	if (d->g.fd >= 0)
		close(d->g.fd);
}

/* A frame, later by @ns, with @events. */
static void frame(struct desk *d, __u64 ns, __u32 events)
{
	struct avtpmap_entry e = { .events = events };

	d->now_ns += ns;
	d->s.account.last_ns = d->now_ns;
	d->s.account.media_pos += UNITS;
	packet_frame_done(&d->s, &e, d->now_ns);
}

static void period(struct desk *d)
{
	for (int i = 0; i < PERIOD / UNITS; i++)
		frame(d, 125000, 0);
}

static void tick(struct desk *d, __u64 ns)
{
	d->now_ns += ns;
	packet_tick(&d->s, d->now_ns);
	if (d->r.group)
		packet_group_tick(&d->g, d->now_ns);
}

/* Whether the descriptor was filled since. */
static int woken(int fd)
{
	__u64 n;

	return read(fd, &n, sizeof(n)) == sizeof(n);
}

static void an_event_behind_a_period_is_owed(void **state)
{
	struct desk d;

	(void)state;
	desk_make(&d, AVTPMAP_EV_RESET, 0);
	period(&d);
	assert_true(woken(d.r.fd));
	frame(&d, 1000, AVTPMAP_EV_RESET);
	assert_false(woken(d.r.fd));
	assert_int_equal(d.r.pending, AVTPMAP_EV_RESET);
	tick(&d, AVTPMAP_FLOOR_NS - 1001);
	assert_false(woken(d.r.fd));
	tick(&d, 1);
	assert_true(woken(d.r.fd));
	assert_int_equal(d.r.info.wakes_event, 1);
	tick(&d, AVTPMAP_FLOOR_NS);
	assert_false(woken(d.r.fd));
	desk_free(&d);
}

/* What the stream keeps back, since it told of another just before. */
static void an_event_behind_another_is_owed(void **state)
{
	struct desk d;

	(void)state;
	desk_make(&d, AVTPMAP_EV_RESET | AVTPMAP_EV_GAP, 0);
	frame(&d, AVTPMAP_FLOOR_NS, AVTPMAP_EV_RESET);
	assert_true(woken(d.r.fd));
	frame(&d, 1000, AVTPMAP_EV_GAP);
	assert_int_equal(d.r.pending, AVTPMAP_EV_RESET);
	tick(&d, AVTPMAP_FLOOR_NS - 1001);
	assert_false(woken(d.r.fd));
	tick(&d, 1);
	assert_true(woken(d.r.fd));
	assert_int_equal(d.r.pending, AVTPMAP_EV_RESET | AVTPMAP_EV_GAP);
	assert_int_equal(d.r.info.wakes_event, 2);
	desk_free(&d);
}

static void a_group_is_owed_an_event(void **state)
{
	struct desk d;

	(void)state;
	desk_make_group(&d, AVTPMAP_EV_RESET, 0);
	period(&d);
	assert_true(woken(d.g.fd));
	frame(&d, 1000, AVTPMAP_EV_RESET);
	assert_false(woken(d.g.fd));
	tick(&d, AVTPMAP_FLOOR_NS - 1001);
	assert_false(woken(d.g.fd));
	tick(&d, 1);
	assert_true(woken(d.g.fd));
	assert_int_equal(d.g.info.wakes_event, 1);
	assert_int_equal(d.g.pending, AVTPMAP_EV_RESET);
	assert_false(woken(d.r.fd)); /* a member is not woken itself */
	desk_free(&d);
}

static void a_deadline_counts_from_the_period_before(void **state)
{
	enum { DEADLINE_NS = 2000000 };
	struct desk d;

	(void)state;
	for (int in_group = 0; in_group < 2; in_group++) {
		int fd;

		if (in_group)
			desk_make_group(&d, 0, DEADLINE_NS);
		else
			desk_make(&d, 0, DEADLINE_NS);
		fd = in_group ? d.g.fd : d.r.fd;
		tick(&d, DEADLINE_NS / 2);
		period(&d); /* takes 1.25 ms */
		assert_true(woken(fd));
		tick(&d, DEADLINE_NS - 1);
		assert_false(woken(fd));
		for (int i = 1; i <= 3; i++) {
			tick(&d, i > 1 ? DEADLINE_NS - 1 : 0);
			assert_false(woken(fd));
			tick(&d, 1);
			assert_true(woken(fd));
			assert_int_equal(in_group ? d.g.info.wakes_deadline :
						    d.r.info.wakes_deadline,
					 i);
		}
		assert_int_equal(in_group ? d.g.pending : d.r.pending,
				 AVTPMAP_EV_DEADLINE);
		desk_free(&d);
	}
}

static void silence_is_told_once(void **state)
{
	struct avtpmap_entry e = { 0 };
	struct desk d;

	(void)state;
	desk_make(&d, AVTPMAP_EV_ALL, 0);
	d.s.account.unit = AVTPMAP_UNIT_SAMPLES;
	packet_started(&d.s, &e);
	assert_int_equal(e.events, AVTPMAP_EV_START);
	frame(&d, AVTPMAP_FLOOR_NS, e.events);
	assert_true(woken(d.r.fd));
	tick(&d, AVTPMAP_SILENCE_NS - 1);
	assert_false(woken(d.r.fd));
	tick(&d, 1);
	assert_true(woken(d.r.fd));
	assert_int_equal(d.r.pending, AVTPMAP_EV_START | AVTPMAP_EV_END);
	tick(&d, AVTPMAP_SILENCE_NS);
	assert_false(woken(d.r.fd));
	desk_free(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_behind_a_period_is_owed),
		cmocka_unit_test(an_event_behind_another_is_owed),
		cmocka_unit_test(a_group_is_owed_an_event),
		cmocka_unit_test(a_deadline_counts_from_the_period_before),
		cmocka_unit_test(silence_is_told_once),
	};

	return cmocka_run_group_tests_name("packet_wake", tests, NULL, NULL);
}
