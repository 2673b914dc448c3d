// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Each format gives the samples that were sent, at the positions they had. */
#include <math.h>
#include <errno.h>
#include <string.h>

#include "test.h"

enum { FRAMES = 400 };

static const struct row {
	const char *name;
	struct shape shape;
	uint32_t encoding;
} rows[] = {
	{ "aaf int16", { 2, 4, 48000, 2, 16, 2, 6, 0 }, AVTPMAP_ENC_INT16 },
	{ "aaf int24", { 2, 3, 96000, 8, 24, 3, 12, 0 }, AVTPMAP_ENC_INT24 },
	{ "aaf 24 in 32", { 2, 2, 192000, 2, 24, 4, 24, 0 }, AVTPMAP_ENC_INT32 },
	{ "aaf int32", { 2, 2, 88200, 1, 32, 4, 0, 0 }, AVTPMAP_ENC_INT32 },
	{ "aaf 44.1 kHz", { 2, 4, 44100, 2, 16, 2, 0, 0 }, AVTPMAP_ENC_INT16 },
	{ "aaf 64 channels",
	  { 2, 4, 48000, 64, 16, 2, 6, 0 },
	  AVTPMAP_ENC_INT16 },
	{ "am824", { 0, 0, 48000, 2, 24, 4, 6, 0 }, AVTPMAP_ENC_AM824 },
	{ "am824 blocking", { 0, 0, 48000, 8, 24, 4, 0, 1 }, AVTPMAP_ENC_AM824 },
	{ "am824 44.1 kHz", { 0, 0, 44100, 8, 24, 4, 0, 0 }, AVTPMAP_ENC_AM824 },
	{ "am824 44.1 kHz blocking",
	  { 0, 0, 44100, 2, 24, 4, 0, 1 },
	  AVTPMAP_ENC_AM824 },
	{ "am824 176.4 kHz",
	  { 0, 0, 176400, 2, 24, 4, 0, 0 },
	  AVTPMAP_ENC_AM824 },
};

static int32_t sample_of(const void *block, int type, uint32_t i)
{
	return type == AVTPMAP_PCM_S16 ? ((const int16_t *)block)[i] * 65536 :
					 ((const int32_t *)block)[i];
}

static void check_format(struct avtpmap_pcm *pcm, const struct row *row)
{
	struct avtpmap_format f;

	check(avtpmap_pcm_format(pcm, &f) > 0);
	check_eq(f.encoding, row->encoding);
	check_eq(f.rate_hz, row->shape.rate_hz);
	check_eq(f.channels, row->shape.channels);
	check_eq(f.bit_depth, row->shape.depth);
	check_eq(f.unit, AVTPMAP_UNIT_SAMPLES);
}

static void check_samples(struct avtpmap_pcm *pcm, const struct talker *t,
			  uint64_t units, const char *name)
{
	const uint32_t ch = t->next.shape->channels;
	struct avtpmap_pcm_result r;
	static int32_t block[128 * 64];
	int type = avtpmap_pcm_format(pcm, NULL);
	uint64_t at = 0;
	int n;

	while ((n = avtpmap_pcm_read_native(pcm, block, 100, &r)) > 0) {
		check_eq(r.silence, 0);
		for (uint32_t i = 0; i < n * ch; i++)
			if (sample_of(block, type, i) !=
			    talker_sample(&t->next, at + i / ch, i % ch))
				fail("%s: wrong at unit %llu channel %u", name,
				     (unsigned long long)(at + i / ch), i % ch);
		at += n;
	}
	check_eq(n, 0);
	check_eq(at, units);
}

CASE(each_audio_format_gives_the_samples_sent, 0)
{
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		struct avtpmap_stream *s;
		struct avtpmap_pcm *pcm;
		struct talker t;

		rig_add(rig, STREAM_ID, NULL);
		s = rig_open(rig, STREAM_ID, 0, 0);
		talker_init(&t, &rows[i].shape, STREAM_ID);
		t.vid = i & 1 ? 2 : 0;
		if (rows[i].shape.syt)
			talker_shot(
				&t); /* a stream cannot begin with NO-DATA */
		rig_send(rig, &t, FRAMES);
		check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), FRAMES);
		check_eq(avtpmap_header(s)->media_pos, t.next.pos);
		check_eq(avtpmap_pcm_open(&pcm, s, NULL), 0);
		check_format(pcm, &rows[i]);
		check_samples(pcm, &t, t.next.pos, rows[i].name);
		avtpmap_pcm_close(pcm);
		avtpmap_close(s);
		rig_del(rig, STREAM_ID);
	}
}

CASE(planar_float_is_the_integer_scaled_to_one, 0)
{
	static float left[FRAMES * 6], right[FRAMES * 6];
	float *planes[2] = { left, right };
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &am824_stereo, STREAM_ID);
	rig_send(rig, &t, FRAMES);
	check_eq(avtpmap_pcm_open(&pcm, s, NULL), 0);
	check(avtpmap_pcm_format(pcm, NULL) > 0);
	check_eq(avtpmap_pcm_read_planar(pcm, planes, FRAMES * 6, NULL),
		 FRAMES * 6);
	for (uint32_t i = 0; i < FRAMES * 6; i++) {
		check(left[i] == talker_sample(&t.next, i, 0) / 2147483648.0f);
		check(right[i] == talker_sample(&t.next, i, 1) / 2147483648.0f);
	}
	avtpmap_pcm_close(pcm);
	avtpmap_close(s);
}

CASE(frames_without_samples_are_not_pcm_and_can_still_be_read, 0)
{
	static const struct shape cvf = { .subtype = 3 };
	struct avtpmap_stream *s;
	struct avtpmap_format f;
	struct avtpmap_pcm *pcm;
	struct talker t;
	int32_t block[16];

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 10, 0);
	talker_init(&t, &cvf, STREAM_ID);
	rig_send(rig, &t, 25);
	check_eq(avtpmap_pcm_open(&pcm, s, NULL), 0);
	check_eq(avtpmap_pcm_read_native(pcm, block, 1, NULL), -ESTRPIPE);
	check_eq(avtpmap_pcm_format(pcm, &f), -ENOTSUP);
	check_eq(f.unit, AVTPMAP_UNIT_VIDEO);
	check_eq(avtpmap_pcm_read_native(pcm, block, 1, NULL), -ENOTSUP);
	avtpmap_pcm_close(pcm);
	check_eq(rig_info(s).periods, 2); /* each frame ends a picture */
	check_eq(rig_drain(s), 25);
	avtpmap_close(s);
}

/* What has no rate of ours, and so no samples, is packets of any length. */
CASE(audio_of_a_users_format_or_rate_is_carried_as_packets, 0)
{
	static const struct shape shapes[] = {
		{ 2, 4, 0, 2, 16, 2, 6, 0 }, /* nsr 0 */
		{ 2, 0, 48000, 2, 32, 4, 6, 0 }, /* USER */
		{ 2, 5, 48000, 2, 32, 4, 6, 0 }, /* AES3 */
	};

	for (size_t i = 0; i < N_ELEMS(shapes); i++) {
		struct avtpmap_stream *s;
		struct avtpmap_format f;
		struct talker t;

		rig_add(rig, STREAM_ID, NULL);
		s = rig_open(rig, STREAM_ID, 10, 0);
		talker_init(&t, &shapes[i], STREAM_ID);
		rig_send(rig, &t, 25);
		check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), 25);
		check_eq(rig_counter(s, AVTPMAP_C_UNSUPPORTED_FORMAT), 0);
		check_eq(avtpmap_format(s, &f, NULL), 0);
		check_eq(f.unit, AVTPMAP_UNIT_PACKETS);
		check_eq(f.rate_hz, 0);
		check_eq(rig_info(s).wake_period, 10);
		check_eq(rig_info(s).periods, 2);
		check_eq(rig_drain(s), 25);
		avtpmap_close(s);
		rig_del(rig, STREAM_ID);
	}
}

/* Its PDU, in the wire's last frame, which has no tag. */
static uint8_t *last_pdu(struct rig *rig)
{
	return (uint8_t *)(wire_last(&rig->wire) + 1) + 14;
}

/* What describes pixels, or a clock's events, is their format. */
CASE(a_new_layout_of_pixels_or_of_a_clock_is_a_new_format, 0)
{
	static const struct shape rvf = { 7, 0, 8000, 1, 32, 4, 4, 0 };
	static const struct shape crf = { .subtype = 4 };
	const struct shape *shapes[] = { &rvf, &crf };

	for (size_t i = 0; i < N_ELEMS(shapes); i++) {
		struct avtpmap_stream *s;
		struct talker t;

		rig_add(rig, STREAM_ID, NULL);
		s = rig_open(rig, STREAM_ID, 0, AVTPMAP_EV_EPOCH);
		talker_init(&t, shapes[i], STREAM_ID);
		for (int n = 0; n < 50; n++) {
			talker_send(&t, &rig->wire, rig->ifindex, 1);
			if (i)
				last_pdu(rig)[19] = n < 25 ? 96 : 160;
			else
				memset(last_pdu(rig) + 24, n < 25 ? 1 : 0x34,
				       8);
		}
		rig_inject(rig);
		check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), 50);
		check_eq(rig_counter(s, AVTPMAP_C_FORMAT_CHANGED), 1);
		check_eq(avtpmap_header(s)->epoch, 2);
		rig_await(s, AVTPMAP_EV_EPOCH);
		avtpmap_close(s);
		rig_del(rig, STREAM_ID);
	}
}

CASE(a_stream_that_begins_with_nodata_is_heard_from_its_first_samples, 0)
{
	static const struct shape blocking = { 0, 0, 48000, 8, 24, 4, 0, 1 };
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &blocking, STREAM_ID);
	rig_send(rig, &t, 1);
	check_eq(t.next.pos, 0);
	check_eq(avtpmap_format(s, NULL, NULL), -EAGAIN);
	rig_send(rig, &t, FRAMES - 1);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), FRAMES - 1);
	check_eq(rig_counter(s, AVTPMAP_C_NO_FORMAT), 1);
	check_eq(rig_counter(s, AVTPMAP_C_UNSUPPORTED_FORMAT), 0);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_LOST), 0);
	check_eq(avtpmap_header(s)->media_pos, t.next.pos);
	avtpmap_close(s);
}
