// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What wires and talkers do wrong: counters, slots and samples must be those
 * of the model, to the frame.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "test.h"

enum {
	SETTLE = 8, /* frames of a run before anything goes wrong */
	TAIL = 8, /* and behind */
	STRIDE = 256,
	LONG_UNITS = 48, /* do not fit it */
	LONG_CLEAR =
		4, /* frames around a long one: losses are as long as they */
	STALL_NS = 20000000, /* below what sequence_num spans: 192 frames */
	TRIES = 100,
};

/* ---- a run with faults ---- */

/* The last two are the NIC's word, without which no test can have them. */
static const enum shot_fault bad[] = { SHOT_VERSION, SHOT_CUT, SHOT_MULTIBUF,
				       SHOT_ERROR };

/* A shot and its place on the wire, in quarter frames. */
struct placed {
	uint64_t when;
	struct shot shot;
};

/* @n_bad: of @bad can be had here */
struct script {
	struct placed *placed;
	uint32_t n;
	uint32_t room;
	uint32_t n_bad;
};

static void place(struct script *sc, uint64_t when, const struct shot *shot)
{
	if (sc->n == sc->room) {
		sc->room = 2 * sc->room + 256;
		sc->placed =
			realloc(sc->placed, sc->room * sizeof(*sc->placed));
		check(sc->placed);
	}
	sc->placed[sc->n++] = (struct placed){ when, *shot };
}

/* What the talker itself does with its next frame. */
static void talker_whim(struct talker *t, uint64_t *seed)
{
	uint32_t blocks;

	switch (rnd_below(seed, 4)) {
	case 0:
		t->next.mr ^= 1;
		break;
	case 1:
		t->next.tu ^= 1;
		break;
	case 2:
		t->next.tv ^= 1;
		break;
	default:
		/* a DBC break; often, and it is the talker's way to count */
		if (t->next.shape->subtype || t->next.n - t->jumped < 1000)
			break;
		blocks = 2 + rnd_below(seed, 12);
		t->jumped = t->next.n;
		t->next.pos += blocks;
		t->next.dbc += blocks;
	}
}

/* More units than others, and so longer than the slot. */
static void make_long(struct talker *t, struct shot *shot)
{
	t->next.pos += LONG_UNITS - shot->units;
	t->next.dbc += LONG_UNITS - shot->units;
	shot->units = LONG_UNITS;
	shot->fault = SHOT_LONG;
}

/* What becomes of one frame on its way. */
static void wire_whim(struct script *sc, uint64_t when, struct shot *shot,
		      uint64_t *seed)
{
	switch (rnd_below(seed, 7)) {
	case 0:
		return; /* lost */
	case 1:
		place(sc, when, shot);
		break; /* twice */
	case 2:
		place(sc, when, shot);
		when += 9; /* again, behind two others */
		break;
	case 3:
		when += 5; /* overtaken by one */
		break;
	case 4:
		when += 9; /* overtaken by two */
		break;
	case 5:
		shot->pad = rnd_below(seed, 64);
		break;
	default:
		shot->fault = bad[rnd_below(seed, sc->n_bad)];
	}
	place(sc, when, shot);
}

/* @n frames of which about one in @odds suffers. */
static void write_run(struct script *sc, struct talker *t, uint32_t n,
		      uint32_t odds, uint64_t *seed)
{
	uint64_t when = sc->n ? sc->placed[sc->n - 1].when + 100 : 0;
	uint32_t quiet_until = SETTLE, last_fault = 0;

	for (uint32_t i = 0; i < n; i++, when += 4) {
		int quiet = i < quiet_until || i >= n - TAIL;
		struct shot shot;

		if (!quiet && !rnd_below(seed, odds))
			talker_whim(t, seed);
		shot = talker_shot(t);
		if (!quiet && i > last_fault + LONG_CLEAR &&
		    !rnd_below(seed, 8 * odds)) {
			make_long(t, &shot);
			quiet_until = i + LONG_CLEAR;
		} else if (!quiet && !rnd_below(seed, odds)) {
			wire_whim(sc, when, &shot, seed);
			last_fault = i;
			continue;
		}
		place(sc, when, &shot);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->when < y->when ? -1 : x->when > y->when;
}

/* ---- sent, and compared ---- */

static void compare_slot(const struct talker *t, const struct expect *e,
			 const struct avtpmap_slot *slot, uint64_t pos)
{
	uint32_t flags = e->flags | AVTPMAP_F_MONOTIME;

	if ((slot->media_pos != e->media_pos && !e->about) ||
	    slot->units != e->units || slot->lost != e->lost ||
	    slot->lost_units != e->lost_units || slot->epoch != e->epoch ||
	    slot->flags != flags)
		fail("frame %llu (number %llu of run %u): media_pos %llu "
		     "units %u lost %u/%u epoch %u flags %#x, expected %llu %u "
		     "%u/%u %u %#x",
		     (unsigned long long)pos, (unsigned long long)e->shot->n,
		     e->shot->run, (unsigned long long)slot->media_pos,
		     slot->units, slot->lost, slot->lost_units, slot->epoch,
		     slot->flags, (unsigned long long)e->media_pos, e->units,
		     e->lost, e->lost_units, e->epoch, flags);
	if (!talker_said(t, e->shot, avtpmap_slot_pdu(slot), slot->len_bytes))
		fail("frame %llu is not what was sent",
		     (unsigned long long)pos);
}

/* The ring against the model. Returns the longest time between two frames. */
static uint64_t compare_ring(struct avtpmap_stream *s, const struct talker *t,
			     const struct model *m, int only_time)
{
	const struct avtpmap_slot *slot;
	uint64_t last = 0, longest = 0;
	uint32_t i = 0;

	while ((slot = avtpmap_peek(s))) {
		if (last && slot->mono_ns - last > longest)
			longest = slot->mono_ns - last;
		last = slot->mono_ns;
		if (!only_time && i < m->n)
			compare_slot(t, &m->ring[i], slot, i);
		check_eq(avtpmap_release(s), 0);
		i++;
	}
	if (!only_time)
		check_eq(i, m->n);
	return longest;
}

static void compare_counters(struct avtpmap_stream *s, const struct model *m)
{
	uint64_t got[AVTPMAP_N_COUNTERS];

	avtpmap_counters(s, got, AVTPMAP_N_COUNTERS);
	for (int i = 0; i < AVTPMAP_N_COUNTERS; i++) {
		/* a matter of time, not of the script: silence comes after it */
		if (i == AVTPMAP_C_WAKES_PERIOD || i == AVTPMAP_C_WAKES_EVENT ||
		    i == AVTPMAP_C_WAKES_DEADLINE ||
		    i == AVTPMAP_C_MEDIA_LOCKED ||
		    i == AVTPMAP_C_MEDIA_UNLOCKED)
			continue;
		if (got[i] != m->counters[i])
			fail("%s is %llu, expected %llu",
			     avtpmap_counter_name(i),
			     (unsigned long long)got[i],
			     (unsigned long long)m->counters[i]);
	}
}

/*
 * Reads an epoch in blocks of odd sizes and compares each sample. Returns how
 * many frames were stepped over.
 */
static uint64_t compare_epoch(struct avtpmap_pcm *pcm, const struct model *m,
			      uint32_t epoch, uint64_t *seed)
{
	uint64_t from, units, at = 0, silence = 0, zeros = 0, dropped = 0;
	struct avtpmap_pcm_result r;
	struct avtpmap_format f;
	int type = avtpmap_pcm_format(pcm, &f);
	int32_t *want = model_pcm(m, epoch, &from, &units);
	uint32_t ch = f.channels;
	int32_t block[512 * 8];

	check(type == AVTPMAP_PCM_S16 || type == AVTPMAP_PCM_S32);
	while (at < units) {
		int n = avtpmap_pcm_read_native(pcm, block,
						1 + rnd_below(seed, 500), &r);

		if (n <= 0)
			fail("read %d at %llu of %llu units", n,
			     (unsigned long long)at, (unsigned long long)units);
		check_eq(r.media_pos, from + at);
		silence += r.silence;
		dropped += r.dropped_frames;
		for (uint32_t i = 0; i < n * ch; i++) {
			int32_t v = type == AVTPMAP_PCM_S16 ?
					    ((int16_t *)block)[i] * 65536 :
					    block[i];

			check_eq(v, want[at * ch + i]);
			zeros += !v;
		}
		at += n;
	}
	check_eq(silence * ch, zeros);
	free(want);
	return dropped;
}

static void compare_pcm(struct avtpmap_stream *s, const struct model *m)
{
	struct avtpmap_pcm_result r;
	struct avtpmap_pcm *pcm;
	int32_t block[64];
	uint64_t seed = 5, dropped = 0;

	check_eq(avtpmap_pcm_open(&pcm, s, NULL), 0);
	for (uint32_t epoch = 1; epoch <= m->epoch; epoch++) {
		check_eq(avtpmap_pcm_read_native(pcm, block, 1, &r), -ESTRPIPE);
		dropped += r.dropped_frames;
		dropped += compare_epoch(pcm, m, epoch, &seed);
	}
	check_eq(avtpmap_pcm_read_native(pcm, block, 1, &r), 0);
	dropped += r.dropped_frames;
	check_eq(dropped, m->counters[AVTPMAP_C_FRAMES_LATE] +
				  m->counters[AVTPMAP_C_FRAMES_DUPLICATE]);
	avtpmap_pcm_close(pcm);
}

/*
 * Sends the script on a new stream and compares all. Returns 0 if the machine
 * stood still in the middle: what a talker means by a silence is then another
 * thing, and the script is to be sent again.
 */
static int play(struct rig *rig, const struct talker *t, struct script *sc)
{
	struct avtpmap_stream_opts opts = {
		.sz = sizeof(opts),
		.stride = STRIDE,
		.rate = 2 * sc->n,
		.ms = 1000,
	};
	struct avtpmap_stream *s, *audio;
	struct model m = { 0 };
	int disturbed;

	rig_add(rig, STREAM_ID, &opts);
	s = rig_open(rig, STREAM_ID, 0, 0);
	audio = rig_open(rig, STREAM_ID, 0, 0);
	qsort(sc->placed, sc->n, sizeof(*sc->placed), by_place);
	for (uint32_t i = 0; i < sc->n; i++) {
		talker_put(t, &sc->placed[i].shot, &rig->wire, rig->ifindex);
		model_shot(&m, &sc->placed[i].shot);
	}
	rig_inject(rig);
	disturbed = compare_ring(s, t, &m, 1) > STALL_NS;
	avtpmap_close(s);
	if (!disturbed) {
		s = rig_open(rig, STREAM_ID, 0, 0);
		avtpmap_ring(s)->pos = 0; /* all is in the ring still */
		compare_ring(s, t, &m, 0);
		compare_counters(s, &m);
		compare_pcm(audio, &m);
		avtpmap_close(s);
	}
	avtpmap_close(audio);
	rig_del(rig, STREAM_ID);
	model_free(&m);
	return !disturbed;
}

static void play_undisturbed(struct rig *rig, const struct talker *t,
			     struct script *sc)
{
	int tries = 0;

	while (!play(rig, t, sc))
		if (++tries >= TRIES)
			fail("this machine stood still %d times", tries);
	free(sc->placed);
	memset(sc, 0, sizeof(*sc));
}

static void random_faults(struct rig *rig, const struct shape *shape,
			  uint64_t seeds, uint32_t frames, uint32_t odds)
{
	for (uint64_t seed = 1; seed <= fewer(seeds); seed++) {
		struct script sc = { .n_bad = N_ELEMS(bad) };
		uint64_t state = seed * 1000003;
		struct talker t;

		if (!(rig->bed->caps & BED_RX_FLAGS))
			sc.n_bad -= 2;
		talker_init(&t, shape, STREAM_ID);
		write_run(&sc, &t, frames, odds, &state);
		play_undisturbed(rig, &t, &sc);
	}
}

CASE(aaf_with_random_faults_is_counted_and_placed_as_the_model_says, 0)
{
	random_faults(rig, &aaf_stereo, 40, 1500, 12);
	random_faults(rig, &aaf_stereo, 10, 1000, 3);
}

CASE(am824_with_random_faults_is_counted_and_placed_as_the_model_says, 0)
{
	random_faults(rig, &am824_stereo, 40, 1500, 12);
	random_faults(rig, &am824_stereo, 10, 1000, 3);
}

/* Quadlets, not blocks: DBC breaks at each frame, and nothing is missing. */
CASE(a_dbc_of_another_way_to_count_is_no_silence, 0)
{
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &am824_stereo, STREAM_ID);
	for (int i = 0; i < 400; i++) {
		struct shot shot = talker_shot(&t);

		shot.dbc = 12 * i;
		talker_put(&t, &shot, &rig->wire, rig->ifindex);
	}
	rig_inject(rig);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), 400);
	check_eq(avtpmap_header(s)->media_pos, 2400);
	check(rig_counter(s, AVTPMAP_C_DBC_MISMATCH) > 350);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_LOST), 0);
	check_eq(rig_counter(s, AVTPMAP_C_RESYNC), 0);
	avtpmap_close(s);
}
