// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Wakes issued are floor(media / period), whatever the frames hold. */
#include <errno.h>

#include "process.h"

static const uint32_t periods[] = { 32,	 48,  64,  100,	 128, 256,
				    441, 480, 512, 1000, 1024 };

#define N_PERIODS N_ELEMS(periods)

static const struct shape shapes[] = {
	{ 2, 4, 48000, 2, 16, 2, 6, 0 },   { 2, 4, 48000, 2, 16, 2, 12, 0 },
	{ 2, 3, 96000, 2, 24, 3, 12, 0 },  { 2, 3, 96000, 2, 24, 3, 6, 0 },
	{ 2, 3, 192000, 2, 24, 3, 24, 0 }, { 2, 4, 44100, 2, 16, 2, 0, 0 },
	{ 2, 4, 44100, 2, 16, 2, 6, 0 },   { 0, 0, 44100, 2, 24, 4, 0, 0 },
	{ 0, 0, 44100, 2, 24, 4, 0, 1 },   { 0, 0, 48000, 2, 24, 4, 0, 1 },
	{ 0, 0, 96000, 2, 24, 4, 12, 0 },  { 0, 0, 192000, 2, 24, 4, 24, 0 },
};

/* As struct avtpmap_period documents it. */
static uint32_t wake_period_of(uint32_t period, uint32_t rate_hz)
{
	uint32_t units = period;

	while ((uint64_t)units * 1000000000 <
	       (uint64_t)rate_hz * AVTPMAP_FLOOR_NS)
		units += period;
	return units;
}

/* A reader, and what was there when it came. */
struct listener {
	struct avtpmap_stream *s;
	uint32_t period;
	uint32_t wake_period;
	uint64_t from;
};

static void join(struct rig *rig, struct listener *l, uint32_t period,
		 const struct talker *t)
{
	if (l->s)
		avtpmap_close(l->s);
	l->s = rig_open(rig, STREAM_ID, period, 0);
	l->period = period;
	l->wake_period = wake_period_of(period, t->next.shape->rate_hz);
	l->from = t->next.pos;
}

static uint64_t ends(uint64_t from, uint64_t to, uint32_t period)
{
	return to / period - from / period;
}

static void check_wakes(const struct listener *l, const struct talker *t)
{
	struct avtpmap_reader_info info = rig_info(l->s);
	uint64_t to = t->next.pos;

	if (t->next.n)
		check_eq(info.wake_period, l->wake_period);
	check_eq(info.periods, ends(l->from, to, l->period));
	check_eq(info.wakes_period, ends(l->from, to, l->wake_period));
}

/* Returns how many periods ended, of all readers. */
static uint64_t run_shape(struct rig *rig, const struct shape *shape,
			  uint32_t frames, uint64_t *seed)
{
	struct listener l[N_PERIODS + 2] = { 0 };
	uint64_t total = 0;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	talker_init(&t, shape, STREAM_ID);
	if (shape->syt)
		talker_shot(&t); /* a stream cannot begin with NO-DATA */
	for (size_t i = 0; i < N_PERIODS; i++)
		join(rig, &l[i], periods[i], &t);
	join(rig, &l[N_PERIODS], 1, &t);
	join(rig, &l[N_PERIODS + 1], 10, &t);
	while (t.next.n < frames) {
		rig_send(rig, &t, 1 + rnd_below(seed, 60));
		for (size_t i = 0; i < N_ELEMS(l); i++)
			check_wakes(&l[i], &t);
	}
	for (size_t i = 0; i < N_ELEMS(l); i++) {
		total += rig_info(l[i].s).wakes_period;
		avtpmap_close(l[i].s);
	}
	rig_del(rig, STREAM_ID);
	return total;
}

CASE(wakes_issued_are_media_over_period_exactly, BED_WAKES)
{
	uint64_t seed = 64, total = 0;

	for (size_t i = 0; i < N_ELEMS(shapes); i++)
		total += run_shape(rig, &shapes[i], fewer(8000), &seed);
	note("%llu periods", (unsigned long long)total);
	check(total > 100000 || is_slow());
}

/* The wake belongs to the frame that crosses the end, and to no other. */
CASE(a_period_ends_with_the_frame_that_crosses_it, BED_WAKES)
{
	struct listener l[N_PERIODS] = { 0 };
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (size_t i = 0; i < N_PERIODS; i++)
		join(rig, &l[i], periods[i], &t);
	for (uint32_t n = 0; n < fewer(1500); n++) {
		rig_send(rig, &t, 1);
		for (size_t i = 0; i < N_PERIODS; i++)
			check_wakes(&l[i], &t);
	}
	for (size_t i = 0; i < N_PERIODS; i++)
		avtpmap_close(l[i].s);
}

CASE(late_joiners_and_changed_periods_are_in_phase, BED_WAKES)
{
	struct listener l[8] = { 0 };
	uint64_t seed = 8;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (uint32_t round = 0; round < fewer(300); round++) {
		uint32_t i = rnd_below(&seed, N_ELEMS(l));
		uint32_t period = periods[rnd_below(&seed, N_PERIODS)];

		if (!l[i].s || rnd_below(&seed, 2)) {
			join(rig, &l[i], period, &t);
		} else {
			struct avtpmap_reader_info before = rig_info(l[i].s);

			rig_period(l[i].s, period, 0, 0);
			rig_send(rig, &t, 200);
			/* changing keeps the counts and the phase */
			check_eq(rig_info(l[i].s).wakes_period -
					 before.wakes_period,
				 ends(t.next.pos - 1200, t.next.pos, period));
			join(rig, &l[i], period, &t);
		}
		rig_send(rig, &t, 1 + rnd_below(&seed, 40));
		for (size_t k = 0; k < N_ELEMS(l); k++)
			if (l[k].s)
				check_wakes(&l[k], &t);
	}
	for (size_t i = 0; i < N_ELEMS(l); i++)
		avtpmap_close(l[i].s);
}

/* What was lost is media too: periods go on over it. */
CASE(lost_frames_end_periods_and_one_frame_may_end_several, BED_WAKES)
{
	struct avtpmap_reader_info info;
	struct avtpmap_stream *s;
	struct talker t;
	int due;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 48, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	/* at once: over a silence, lost frames are not told from a resync */
	talker_send(&t, &rig->wire, rig->ifindex, 16);
	for (int i = 0; i < 79; i++)
		talker_shot(&t);
	rig_send(rig, &t, 1);
	info = rig_info(s);
	check_eq(info.periods, 96 * 6 / 48);
	check_eq(info.wakes_period, 3);
	rig_poll(s, &due);
	check_eq(due, 12);
	rig_drain(s);
	rig_poll(s, &due);
	check_eq(due, 0);
	avtpmap_close(s);
}

/* ---- somebody really sleeps ---- */

enum { PERIOD = 64 };

struct sleeper {
	volatile int open;
	volatile uint64_t due;
	volatile uint64_t stop_at;
};

/* Reads the periods that it is told of, as an audio program does. */
static void sleep_and_count(struct rig *rig, struct beside *beside, void *arg)
{
	struct sleeper *me = arg;
	struct avtpmap_stream *s = rig_open(rig, STREAM_ID, PERIOD, 0);
	static int16_t block[PERIOD * 2];
	struct avtpmap_pcm_result r;
	struct avtpmap_pcm *pcm;

	(void)beside;
	check_eq(avtpmap_pcm_open(&pcm, s, NULL), 0);
	me->open = 1;
	while (me->due < me->stop_at) {
		int due = avtpmap_wait(s, AVTPMAP_FOREVER);

		check(due >= 0);
		if (!me->due)
			check(avtpmap_pcm_format(pcm, NULL) > 0);
		for (int i = 0; i < due; i++, me->due++) {
			check_eq(avtpmap_pcm_read_native(pcm, block, PERIOD,
							 &r),
				 PERIOD);
			check_eq(r.media_pos, me->due * PERIOD);
		}
	}
	check_eq(rig_info(s).wakes_period, me->due);
	avtpmap_pcm_close(pcm);
	avtpmap_close(s);
}

CASE(a_sleeping_reader_is_told_of_each_period_once, BED_WAKES)
{
	enum { FRAMES = PERIOD * 400 };
	struct sleeper *child = share(sizeof(*child));
	struct beside reader;
	struct talker t;

	child->stop_at = FRAMES * 6 / PERIOD;
	rig_add(rig, STREAM_ID, NULL);
	beside_start(&reader, rig, sleep_and_count, child);
	until(child->open);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	while (t.next.n < FRAMES) {
		rig_send(rig, &t, 32); /* ends 3 periods each */
		while (t.next.pos - child->due * PERIOD > 3000) {
			beside_goes_on(&reader);
			usleep(200);
		}
	}
	beside_finish(&reader);
	check_eq(child->due, FRAMES * 6 / PERIOD);
}
