// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Talkers that come, go and change: each ends an epoch, none bends the clock. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

enum { SILENCE_US = 250000, FRAMES = 20 };

static const struct shape aaf_24 = {
	.subtype = 2,
	.code = 3,
	.rate_hz = 96000,
	.channels = 4,
	.depth = 24,
	.bytes = 3,
	.units = 12,
};

struct seen {
	uint64_t interrupted;
	uint64_t resync;
	uint64_t format_changed;
	uint64_t talker_changed;
	uint64_t conflict;
	uint64_t lost;
};

static struct seen look(struct avtpmap_stream *s)
{
	return (struct seen){
		rig_counter(s, AVTPMAP_C_STREAM_INTERRUPTED),
		rig_counter(s, AVTPMAP_C_RESYNC),
		rig_counter(s, AVTPMAP_C_FORMAT_CHANGED),
		rig_counter(s, AVTPMAP_C_TALKER_CHANGED),
		rig_counter(s, AVTPMAP_C_CONFLICT),
		rig_counter(s, AVTPMAP_C_FRAMES_LOST),
	};
}

static void check_seen(struct avtpmap_stream *s, struct seen want)
{
	struct seen got = look(s);

	if (memcmp(&got, &want, sizeof(got)))
		fail("interrupted %llu resync %llu format %llu talker %llu "
		     "conflict %llu lost %llu",
		     (unsigned long long)got.interrupted,
		     (unsigned long long)got.resync,
		     (unsigned long long)got.format_changed,
		     (unsigned long long)got.talker_changed,
		     (unsigned long long)got.conflict,
		     (unsigned long long)got.lost);
}

/* PCM stops exactly before the next epoch, and says so until it is asked. */
static void check_pcm_stops(struct avtpmap_pcm *pcm, uint32_t units,
			    uint64_t from, const struct shape *next)
{
	struct avtpmap_pcm_result r;
	struct avtpmap_format f;
	int32_t block[1024];

	check_eq(avtpmap_pcm_read_native(pcm, block, 128, &r), units);
	check_eq(r.media_pos, from);
	check_eq(r.silence, 0);
	check_eq(avtpmap_pcm_read_native(pcm, block, 128, NULL), -ESTRPIPE);
	check_eq(avtpmap_pcm_read_native(pcm, block, 128, NULL), -ESTRPIPE);
	check(avtpmap_pcm_format(pcm, &f) > 0);
	check_eq(f.channels, next->channels);
	check_eq(f.rate_hz, next->rate_hz);
	check_eq(f.bit_depth, next->depth);
}

static struct avtpmap_pcm *open_pcm(struct avtpmap_stream *s)
{
	struct avtpmap_pcm *pcm;
	int32_t block[16];

	check_eq(avtpmap_pcm_open(&pcm, s, NULL), 0);
	check_eq(avtpmap_pcm_read_native(pcm, block, 1, NULL), -ESTRPIPE);
	check(avtpmap_pcm_format(pcm, NULL) > 0);
	return pcm;
}

CASE(a_format_change_is_a_new_epoch_and_pcm_stops_there, 0)
{
	struct avtpmap_stream *s;
	struct avtpmap_format f;
	struct avtpmap_pcm *pcm;
	struct talker t;
	uint32_t epoch;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_EPOCH);
	check_eq(avtpmap_format(s, &f, &epoch), -EAGAIN);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, FRAMES);
	pcm = open_pcm(s);
	check_eq(avtpmap_format(s, &f, &epoch), 0);
	check_eq(epoch, 1);
	check_eq(f.encoding, AVTPMAP_ENC_INT16);
	check_eq(rig_poll(s, NULL), 0);
	t.next.shape = &aaf_24;
	talker_restart(&t, t.next.sequence);
	rig_send(rig, &t, FRAMES);
	rig_await(s, AVTPMAP_EV_EPOCH);
	check_pcm_stops(pcm, FRAMES * 6, 0, &aaf_24);
	check_seen(s, (struct seen){ .interrupted = 1, .format_changed = 1 });
	check_eq(avtpmap_format(s, &f, &epoch), 0);
	check_eq(epoch, 2);
	check_eq(f.encoding, AVTPMAP_ENC_INT24);
	check_eq(f.header_bytes, 24);
	check_eq(f.sample_bytes, 3);
	avtpmap_pcm_close(pcm);
	avtpmap_close(s);
}

CASE(another_talker_after_a_silence_is_a_new_epoch, 0)
{
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, FRAMES);
	pcm = open_pcm(s);
	usleep(SILENCE_US);
	t.next.src++;
	talker_restart(&t, t.next.sequence);
	rig_send(rig, &t, FRAMES);
	check_seen(s, (struct seen){ .interrupted = 1, .talker_changed = 1 });
	check_pcm_stops(pcm, FRAMES * 6, 0, &aaf_stereo);
	avtpmap_pcm_close(pcm);
	avtpmap_close(s);
}

CASE(a_second_talker_of_the_same_id_is_a_conflict_and_not_loss, 0)
{
	struct avtpmap_stream *s;
	struct talker one, two;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_CONFLICT);
	talker_init(&one, &aaf_stereo, STREAM_ID);
	talker_init(&two, &aaf_stereo, STREAM_ID);
	two.next.src++;
	two.next.sequence = 100;
	for (int i = 0; i < FRAMES; i++) {
		talker_send(&one, &rig->wire, rig->ifindex, 1);
		talker_send(&two, &rig->wire, rig->ifindex, 1);
	}
	rig_inject(rig);
	check_seen(s, (struct seen){ .conflict = FRAMES });
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), FRAMES);
	rig_await(s, AVTPMAP_EV_CONFLICT);
	avtpmap_close(s);
}

CASE(a_jump_in_sequence_too_large_to_count_is_a_resync, 0)
{
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_EPOCH | AVTPMAP_EV_GAP);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, FRAMES);
	pcm = open_pcm(s);
	talker_restart(&t, t.next.sequence + 180);
	rig_send(rig, &t, FRAMES);
	check_seen(s, (struct seen){ .interrupted = 1, .resync = 1 });
	check_eq(rig_counter(s, AVTPMAP_C_SEQ_NUM_MISMATCH), 1);
	rig_await(s, AVTPMAP_EV_EPOCH | AVTPMAP_EV_GAP);
	check_pcm_stops(pcm, FRAMES * 6, 0, &aaf_stereo);
	check_eq(avtpmap_header(s)->media_pos, 2 * FRAMES * 6);
	avtpmap_pcm_close(pcm);
	avtpmap_close(s);
}

/* The same MAC and format, sequence_num from anywhere, after a pause. */
CASE(a_talker_that_restarts_is_a_new_epoch_not_loss, 0)
{
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_ALL);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, FRAMES);
	usleep(SILENCE_US);
	talker_restart(&t, t.next.sequence + 20);
	rig_send(rig, &t, FRAMES);
	check_seen(s, (struct seen){ .interrupted = 1, .resync = 1 });
	check(rig_counter(s, AVTPMAP_C_MEDIA_LOCKED) >= 2);
	check(rig_counter(s, AVTPMAP_C_MEDIA_UNLOCKED) >= 1);
	avtpmap_close(s);
}

/* A silence alone is the end and a start, and the media goes on. */
CASE(a_pause_without_loss_is_no_new_epoch, 0)
{
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_END | AVTPMAP_EV_START);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, FRAMES);
	check_eq(avtpmap_header(s)->state, AVTPMAP_RING_LIVE);
	rig_await(s, AVTPMAP_EV_START);
	usleep(SILENCE_US);
	check_eq(avtpmap_header(s)->state, AVTPMAP_RING_SILENT);
	rig_await(s, AVTPMAP_EV_END);
	rig_send(rig, &t, FRAMES);
	rig_await(s, AVTPMAP_EV_START);
	check_seen(s, (struct seen){ 0 });
	check_eq(avtpmap_header(s)->epoch, 1);
	avtpmap_close(s);
}

static int silence_of(const struct avtpmap_stream_info *info, void *ms)
{
	*(uint32_t *)ms = info->silence_ms;
	return 0;
}

/* As long as was asked for, a pause that would end another stream is none. */
CASE(a_pause_within_the_silence_asked_for_is_no_end, 0)
{
	struct avtpmap_stream *s;
	uint32_t ms = 0;
	struct talker t;

	rig_add(rig, STREAM_ID,
		AVTPMAP_OPTS(avtpmap_stream_opts, .silence_ms = 20000));
	check_eq(avtpmap_stream_list(rig->ctl, rig->ifname, silence_of, &ms),
		 0);
	check_eq(ms, 20000);
	s = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_END);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, FRAMES);
	usleep(2000000); /* twice the most that audio ends after */
	check_eq(avtpmap_header(s)->state, AVTPMAP_RING_LIVE);
	check_eq(rig_poll(s, NULL), 0);
	rig_send(rig, &t, FRAMES);
	check_seen(s, (struct seen){ 0 });
	check_eq(rig_counter(s, AVTPMAP_C_MEDIA_LOCKED), 1);
	avtpmap_close(s);
}

/* The longest time between two of the frames not yet read. */
static uint64_t longest_gap_ns(struct avtpmap_stream *s)
{
	const struct avtpmap_slot *slot;
	uint64_t last = 0, longest = 0;

	while ((slot = avtpmap_peek(s))) {
		if (last && slot->mono_ns - last > longest)
			longest = slot->mono_ns - last;
		last = slot->mono_ns;
		avtpmap_release(s);
	}
	return longest;
}

/* Returns 0 if the machine stood still: what a pace is it cannot tell then. */
static int restart_of_packets(struct rig *rig, const struct shape *shape,
			      int step)
{
	struct avtpmap_stream *s;
	struct talker t;
	int steady;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, shape, STREAM_ID);
	rig_send(rig, &t, FRAMES);
	steady = longest_gap_ns(s) < SILENCE_US * 1000ull / 100;
	usleep(SILENCE_US);
	talker_restart(&t, t.next.sequence + step);
	rig_send(rig, &t, FRAMES);
	if (steady) {
		check_seen(s, (struct seen){ .interrupted = 1, .resync = 1 });
		check_eq(rig_counter(s, AVTPMAP_C_FRAMES_LATE), 0);
		check_eq(rig_counter(s, AVTPMAP_C_FRAMES_DUPLICATE), 0);
	}
	avtpmap_close(s);
	rig_del(rig, STREAM_ID);
	return steady;
}

CASE(packets_that_begin_elsewhere_after_a_silence_are_neither_lost_nor_late, 0)
{
	static const struct shape shapes[] = { { .subtype = 3 },
					       { .subtype = 5 } };
	static const int steps[] = { 40, -5 };
	int tries = 0;

	for (size_t i = 0; i < N_ELEMS(shapes) * N_ELEMS(steps); i++)
		while (!restart_of_packets(rig, &shapes[i / 2], steps[i % 2]))
			if (++tries >= 100)
				fail("this machine stood still %d times",
				     tries);
}
