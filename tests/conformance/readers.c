// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Many readers of one stream: none costs another anything. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

/* Drains @s, whose frames must be those of @t from position 0, in order. */
static uint32_t drain_exact(struct avtpmap_stream *s, const struct talker *t)
{
	const struct avtpmap_slot *slot;
	uint32_t n = 0;

	while ((slot = avtpmap_peek(s))) {
		struct shot shot = talker_shot_at(t, avtpmap_position(s));

		check_eq(slot->media_pos, shot.pos);
		check_eq(slot->units, shot.units);
		if (!talker_said(t, &shot, avtpmap_slot_pdu(slot),
				 slot->len_bytes))
			fail("frame %llu is not what was sent (%s)",
			     (unsigned long long)avtpmap_position(s),
			     talker_said(t, &shot, avtpmap_slot_pdu(slot),
					 slot->len_bytes) ?
				     "but is at a second look" :
				     "nor at a second look");
		check_eq(avtpmap_release(s), 0);
		n++;
	}
	return n;
}

CASE(sixty_four_readers_of_one_stream_are_all_bit_exact, 0)
{
	enum { READERS = 64, ROUNDS = 40 };
	struct avtpmap_stream *s[READERS];
	uint64_t got[READERS] = { 0 }, sent = 0, seed = 64;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	for (int i = 0; i < READERS; i++)
		s[i] = rig_open(rig, STREAM_ID, 48 + i, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t n = 1 + rnd_below(&seed, 200);

		rig_send(rig, &t, n);
		sent += n;
		/* each is late by up to four rounds, which the ring holds */
		for (int i = 0; i < READERS; i++)
			if (!rnd_below(&seed, 2) || round % 4 == i % 4)
				got[i] += drain_exact(s[i], &t);
	}
	for (int i = 0; i < READERS; i++) {
		got[i] += drain_exact(s[i], &t);
		check_eq(got[i], sent);
		check_eq(avtpmap_overrun_frames(s[i]), 0);
		avtpmap_close(s[i]);
	}
}

/* ---- processes ---- */

/* What reading processes and their parent share. */
struct board {
	volatile uint64_t stop_at; /* frames sent in all, once known */
	struct {
		volatile uint64_t pos;
		volatile uint64_t got;
		volatile uint64_t missed;
	} reader[3];
	volatile int opened;
};

static void read_until_told(struct rig *rig, struct beside *me, void *arg)
{
	struct avtpmap_stream *s = rig_open(rig, STREAM_ID, 48, 0);
	struct board *board = arg;
	struct talker t;
	int i = board->opened;

	talker_init(&t, &aaf_stereo, STREAM_ID);
	board->opened++;
	while (avtpmap_position(s) < board->stop_at) {
		int due = avtpmap_wait(s, 20000000);

		check(due >= 0 || due == -EINTR); /* by SIGCONT */
		beside_halt(me);
		board->reader[i].got += drain_exact(s, &t);
		board->reader[i].missed = avtpmap_overrun_frames(s);
		board->reader[i].pos = avtpmap_position(s);
	}
	avtpmap_close(s);
}

static void wait_until(const struct beside *reader, volatile uint64_t *v,
		       uint64_t at_least)
{
	until((beside_goes_on(reader), *v >= at_least));
}

CASE(a_stopped_reader_costs_itself_only_and_is_told_what_it_missed, BED_OVERRUN)
{
	enum { FRAMES = 18000, BURST = 200, STOP_AFTER = 2000 }; /* 2 s */
	struct board *board = share(sizeof(*board));
	uint64_t sent = 0;
	struct talker t;
	struct beside reader[3];

	board->stop_at = ~0ull;
	rig_add(rig, STREAM_ID, NULL);
	for (int i = 0; i < 3; i++) {
		beside_start(&reader[i], rig, read_until_told, board);
		until(board->opened != i);
	}
	talker_init(&t, &aaf_stereo, STREAM_ID);
	while (sent < FRAMES) {
		if (sent == STOP_AFTER)
			beside_stop(&reader[2]);
		rig_send(rig, &t, BURST);
		sent += BURST;
		wait_until(&reader[0], &board->reader[0].pos, sent);
		wait_until(&reader[1], &board->reader[1].pos, sent);
		if (sent <= STOP_AFTER)
			wait_until(&reader[2], &board->reader[2].pos, sent);
	}
	board->stop_at = sent;
	beside_continue(&reader[2]);
	for (int i = 0; i < 3; i++) {
		beside_finish(&reader[i]);
		check_eq(board->reader[i].got + board->reader[i].missed, sent);
	}
	check_eq(board->reader[0].missed, 0);
	check_eq(board->reader[1].missed, 0);
	/* it goes on half a ring (1024 slots) behind the newest */
	check_eq(board->reader[2].missed, FRAMES - STOP_AFTER - 512);
}

CASE(a_slot_that_is_overwritten_while_it_is_read_is_told, BED_OVERRUN)
{
	struct avtpmap_stream_opts opts = { .sz = sizeof(opts), .ms = 2 };
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, &opts);
	s = rig_open(rig, STREAM_ID, 0, 0);
	check_eq(avtpmap_header(s)->n_slots, 16);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 1);
	check(avtpmap_peek(s));
	rig_send(rig, &t, 15);
	check_eq(avtpmap_verify(s), 0);
	rig_send(rig, &t, 1);
	check_eq(avtpmap_verify(s), -EPIPE);
	check_eq(avtpmap_position(s), 17 - 8);
	check_eq(avtpmap_overrun_frames(s), 9);
	check_eq(avtpmap_overruns(s), 1);
	check(avtpmap_peek(s));
	rig_send(rig, &t, 1000);
	check_eq(avtpmap_release(s), -EPIPE);
	check_eq(rig_drain(s) + avtpmap_overrun_frames(s), 1017);
	check_eq(avtpmap_overruns(s), 2);
	avtpmap_close(s);
}
