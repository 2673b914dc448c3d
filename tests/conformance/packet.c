// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What a packet socket makes of frames, and the backend makes good. */
#include <time.h>

#include "test.h"

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
