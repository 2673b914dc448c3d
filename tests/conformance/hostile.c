// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Readers that take all they can get: caps and floor hold. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "process.h"

enum {
	STREAMS = 16,
	HANDLES = STREAMS * AVTPMAP_READERS_MAX,
	SLEEPERS = 8,
	DEADLINES = 8, /* one stream in so many: a timer is dear in a guest */
	CHOIRS = AVTPMAP_READERS_MAX - SLEEPERS, /* groups with each stream */
	BURST = 64,
	ROUNDS = 60,
	ROUNDS_OF_CHOIRS = 20,
};

static const struct avtpmap_stream_opts small = {
	.sz = sizeof(small),
	.ms = 2,
	.stride = 128,
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void allow_files(unsigned long n)
{
	struct rlimit lim = { n, n };

	check_eq(setrlimit(RLIMIT_NOFILE, &lim), 0);
}

static int try_open(struct rig *rig, uint64_t id, struct avtpmap_stream **s)
{
	return avtpmap_open(
		s, AVTPMAP_OPTS(avtpmap_open_opts, .ifname = rig->ifname,
				.stream_id = id, .backend = rig->bed->backend));
}

CASE(the_caps_on_readers_and_handles_hold, BED_LIMITS)
{
	static struct avtpmap_stream *s[AVTPMAP_HANDLES_MAX];
	struct avtpmap_stream *more;
	int n = 0;

	allow_files(AVTPMAP_HANDLES_MAX + 64);
	for (uint64_t i = 0; n < (int)AVTPMAP_HANDLES_MAX; i++) {
		rig_add(rig, STREAM_ID + i, &small);
		for (uint32_t k = 0; k < AVTPMAP_READERS_MAX; k++)
			s[n++] = rig_open(rig, STREAM_ID + i, 0, 0);
		if (n < (int)AVTPMAP_HANDLES_MAX)
			check_eq(try_open(rig, STREAM_ID + i, &more), -EUSERS);
	}
	rig_add(rig, STREAM_ID + 1000, &small);
	check_eq(try_open(rig, STREAM_ID + 1000, &more), -EUSERS);
	avtpmap_close(s[--n]);
	check_eq(try_open(rig, STREAM_ID + 1000, &more), 0);
	avtpmap_close(more);
	while (n)
		avtpmap_close(s[--n]);
	check_eq(try_open(rig, STREAM_ID, &more), 0);
	avtpmap_close(more);
}

/* ---- wakeups ---- */

/* Ports with as many streams each, of which one suffers. */
struct field {
	struct talker hostile[STREAMS];
	struct talker quiet[STREAMS];
	struct avtpmap_stream *s[HANDLES];
	struct avtpmap_group *g[CHOIRS];
	pid_t sleeper[SLEEPERS];
	uint64_t hostile_ns;
	uint64_t quiet_ns;
};

static void sleep_forever(struct rig *rig, uint64_t id)
{
	struct avtpmap_stream *s = rig_open(rig, id, 1, AVTPMAP_EV_ALL);

	rig_period(s, 1, AVTPMAP_EV_ALL, AVTPMAP_FLOOR_NS);
	for (;;) {
		avtpmap_wait(s, AVTPMAP_FOREVER);
		rig_drain(s);
	}
}

static void add_streams(struct rig *rig, struct field *f)
{
	allow_files(HANDLES + CHOIRS + 64);
	for (int i = 0; i < STREAMS; i++) {
		rig_add(rig, STREAM_ID + i, &small);
		check_eq(avtpmap_stream_add(rig->ctl, rig->bed->ifname(1),
					    STREAM_ID + i, &small),
			 0);
		talker_init(&f->hostile[i], &aaf_stereo, STREAM_ID + i);
		talker_init(&f->quiet[i], &aaf_stereo, STREAM_ID + i);
	}
}

static void populate(struct rig *rig, struct field *f)
{
	int n = 0;

	add_streams(rig, f);
	for (int i = 0; i < SLEEPERS; i++) {
		f->sleeper[i] = start();
		if (!f->sleeper[i])
			sleep_forever(rig, STREAM_ID + i % STREAMS);
	}
	for (int i = 0; i < STREAMS; i++) {
		struct avtpmap_stream *s;

		/* as many as the sleepers of this stream leave room for */
		while (n < (int)fewer(HANDLES) &&
		       !try_open(rig, STREAM_ID + i, &s)) {
			rig_period(s, 1, AVTPMAP_EV_ALL,
				   i % DEADLINES ? 0 : AVTPMAP_FLOOR_NS);
			f->s[n++] = s;
		}
	}
	note("%d handles at the shortest period, %d of them asleep", n,
	     SLEEPERS);
}

/* The least time that a round took so far: others' time is not the product's. */
static void receive(struct rig *rig, uint64_t *least_ns)
{
	uint64_t from = now_ns(), ns;

	rig_inject(rig);
	ns = now_ns() - from;
	if (!*least_ns || ns < *least_ns)
		*least_ns = ns;
}

static void one_round(struct rig *rig, struct field *f, uint32_t quiet_port)
{
	for (int n = 0; n < BURST; n++) {
		for (int i = 0; i < STREAMS; i++) {
			f->hostile[i].next.mr ^= 1;
			talker_send(&f->hostile[i], &rig->wire, rig->ifindex,
				    1);
		}
	}
	receive(rig, &f->hostile_ns);
	for (int n = 0; n < BURST; n++)
		for (int i = 0; i < STREAMS; i++)
			talker_send(&f->quiet[i], &rig->wire, quiet_port, 1);
	receive(rig, &f->quiet_ns);
}

static void check_floor(struct field *f, uint64_t from_ns)
{
	for (int i = 0; i < HANDLES && f->s[i]; i++) {
		struct avtpmap_reader_info info = rig_info(f->s[i]);
		uint64_t wakes = info.wakes_event + info.wakes_deadline;
		uint64_t ns = now_ns() - from_ns;

		/* what 12 units of 48 kHz take is the floor */
		check_eq(info.wake_period, 12);
		check(info.wakes_period <= f->hostile[0].next.pos / 12);
		if (wakes > ns / AVTPMAP_FLOOR_NS + 2)
			fail("handle %d was woken %llu times in %llu us", i,
			     (unsigned long long)wakes,
			     (unsigned long long)ns / 1000);
	}
}

static void run_rounds(struct rig *rig, struct field *f, uint32_t n)
{
	uint32_t quiet_port = if_nametoindex(rig->bed->ifname(1));

	while (n--)
		one_round(rig, f, quiet_port);
	note("%llu ns a frame, %llu on a quiet port: %.2f times",
	     (unsigned long long)f->hostile_ns / (BURST * STREAMS),
	     (unsigned long long)f->quiet_ns / (BURST * STREAMS),
	     (double)f->hostile_ns / f->quiet_ns);
}

CASE(thousands_of_hostile_readers_stay_within_the_floor,
     BED_WAKES | BED_LIMITS | BED_SHARED)
{
	static struct field f;
	uint64_t from = now_ns();

	populate(rig, &f);
	run_rounds(rig, &f, fewer(ROUNDS));
	check_floor(&f, from);
	for (int i = 0; i < HANDLES && f.s[i]; i++) {
		check_eq(rig_counter(f.s[i], AVTPMAP_C_FRAMES_RX),
			 fewer(ROUNDS) * BURST);
		avtpmap_close(f.s[i]);
	}
	for (int i = 0; i < SLEEPERS; i++)
		kill_9(f.sleeper[i]);
}

/* ---- groups: a handle of each has a part in every stream ---- */

static struct avtpmap_group *new_choir(struct rig *rig,
				       struct avtpmap_stream **s)
{
	const struct avtpmap_period p = {
		.period = 1,
		.events = AVTPMAP_EV_ALL,
	};
	struct avtpmap_group *g;

	check_eq(avtpmap_group_create(&g, &p), 0);
	for (int i = 0; i < STREAMS; i++) {
		s[i] = rig_open(rig, STREAM_ID + i, 0, 0);
		check_eq(avtpmap_group_add(g, s[i]), 0);
	}
	return g;
}

static void sing_forever(struct rig *rig)
{
	struct avtpmap_stream *s[STREAMS];
	struct avtpmap_group *g = new_choir(rig, s);

	for (;;) {
		avtpmap_group_wait(g, AVTPMAP_FOREVER);
		for (int i = 0; i < STREAMS; i++)
			rig_drain(s[i]);
	}
}

static void check_choir(struct avtpmap_group *g, uint64_t units)
{
	struct avtpmap_reader_info info = {};

	check_eq(avtpmap_group_info(g, &info), 0);
	check_eq(info.wake_period, 12);
	check_eq(info.periods, units);
	check(info.wakes_period <= units / 12);
	/* nobody took one, so all of them are due still */
	check_eq(avtpmap_group_wait(g, 0), units);
}

CASE(groups_of_thousands_of_handles_stay_within_the_floor,
     BED_WAKES | BED_LIMITS | BED_SHARED | BED_GROUP)
{
	static struct field f;
	int n = fewer(CHOIRS);

	add_streams(rig, &f);
	for (int i = 0; i < SLEEPERS; i++) {
		f.sleeper[i] = start();
		if (!f.sleeper[i])
			sing_forever(rig);
	}
	for (int i = 0; i < n; i++)
		f.g[i] = new_choir(rig, f.s + i * STREAMS);
	run_rounds(rig, &f, fewer(ROUNDS_OF_CHOIRS));
	for (int i = 0; i < n; i++)
		check_choir(f.g[i], f.hostile[0].next.pos);
	for (int i = 0; i < n * STREAMS; i++) {
		check_eq(rig_counter(f.s[i], AVTPMAP_C_FRAMES_RX),
			 fewer(ROUNDS_OF_CHOIRS) * BURST);
		avtpmap_close(f.s[i]);
	}
	for (int i = 0; i < n; i++)
		avtpmap_group_close(f.g[i]);
	for (int i = 0; i < SLEEPERS; i++)
		kill_9(f.sleeper[i]);
}
