// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What a packet socket makes of frames, and the backend makes good. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

enum { PACE_NS = 1000000, SILENCE_NS = 100000000 };

/* ---- the clock that frames are stamped by ---- */

static volatile int64_t realtime_ahead_s;

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

/* The library's, too: as if the clock had been set since a frame was stamped. */
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int err = __real_clock_gettime(id, ts);

	if (id == CLOCK_REALTIME)
		ts->tv_sec += realtime_ahead_s;
	return err;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/*
 * Each frame came after the one before it was sent, by all that is known; so no
 * time has passed that would be a silence.
 */
CASE(a_clock_that_is_set_is_no_silence, BED_SOCKET)
{
	static const int64_t steps_s[] = { 0, 3600, -3600, -7200, 0, 1, 0 };
	uint64_t before = now_ns(), sent, last = before, longest = 0;
	const struct avtpmap_slot *slot;
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_END);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (int i = 0; i < 10 * (int)N_ELEMS(steps_s); i++) {
		realtime_ahead_s = steps_s[i / 10];
		sent = now_ns();
		rig_send(rig, &t, 1);
		slot = avtpmap_peek(s);
		check(slot);
		check(slot->mono_ns >= before - PACE_NS);
		check(slot->mono_ns <= now_ns() + PACE_NS);
		before = sent;
		if (now_ns() - last > longest)
			longest = now_ns() - last;
		last = slot->mono_ns;
		check_eq(avtpmap_release(s), 0);
	}
	/* unless the machine stood still */
	if (longest < SILENCE_NS / 2)
		check_eq(rig_counter(s, AVTPMAP_C_MEDIA_UNLOCKED), 0);
	avtpmap_close(s);
}

/* ---- the MTU that its ring is made for ---- */

static void set_mtu(const char *mtu)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "ip link set wire0 mtu %s && ip link set port0 mtu %s", mtu,
		 mtu);
	check_eq(system(command), 0);
}

CASE(frames_that_a_raised_mtu_lets_through_are_too_long, BED_SOCKET)
{
	struct shape jumbo = aaf_stereo;
	struct avtpmap_stream *s, *roomy;
	struct talker t, t2;

	jumbo.units = 1000; /* of 4 octets */
	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	set_mtu("9000");
	/* a ring that has room for what the socket has not */
	rig_add(rig, STREAM_ID + 1,
		AVTPMAP_OPTS(avtpmap_stream_opts, .stride = 8192, .ms = 2));
	roomy = rig_open(rig, STREAM_ID + 1, 0, 0);
	talker_init(&t, &jumbo, STREAM_ID);
	talker_init(&t2, &jumbo, STREAM_ID + 1);
	rig_send(rig, &t, 3);
	rig_send(rig, &t2, 3);
	set_mtu("1500");
	t.next.shape = t2.next.shape = &aaf_stereo;
	t.next.units = t2.next.units = aaf_stereo.units;
	check_eq(rig_counter(s, AVTPMAP_C_TOO_LONG), 3);
	check_eq(rig_counter(s, AVTPMAP_C_MALFORMED), 0);
	check_eq(rig_counter(roomy, AVTPMAP_C_TOO_LONG), 3);
	check_eq(rig_counter(roomy, AVTPMAP_C_MALFORMED), 0);
	check_eq(rig_drain(s), 0);
	rig_send(rig, &t, 2);
	rig_send(rig, &t2, 2);
	check_eq(rig_drain(s), 2);
	check_eq(rig_drain(roomy), 2);
	avtpmap_close(roomy);
	avtpmap_close(s);
}

/* ---- a process of its own ---- */

/* It has the memory of its parent's ports, and no thread that would fill rings. */
CASE(a_forked_child_has_nothing_of_its_parents, BED_SOCKET)
{
	struct avtpmap_stream *s;
	pid_t pid;

	rig_add(rig, STREAM_ID, NULL);
	pid = start();
	if (!pid) {
		check_eq(avtpmap_open(&s,
				      AVTPMAP_OPTS(avtpmap_open_opts,
						   .ifname = rig->ifname,
						   .stream_id = STREAM_ID,
						   .backend =
							   rig->bed->backend)),
			 -ENOENT);
		rig_add(rig, STREAM_ID, NULL);
		s = rig_open(rig, STREAM_ID, 0, 0);
		avtpmap_close(s);
		_exit(0);
	}
	finish(pid);
	s = rig_open(rig, STREAM_ID, 0, 0);
	avtpmap_close(s);
}
