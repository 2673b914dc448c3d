// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* PCM reading: bit-exact, silence for gaps, stops at epochs, tells of overruns. */
#include "tape.h"

#include "../frames.h"

static __u32 buf[TAPE_UNITS * 64];

/* Frames and reads of any size, against each other. */
static void native_bit_exact(void **state)
{
	struct avtpmap_pcm_result result;
	__u64 read = 0;
	struct deck d;

	deck_start(&d, *state, NULL, 6);
	for (int i = 0; i < 2000; i++) {
		int want = rnd_below(&d.seed, 40), got, have;

		while (d.sent - read < 60)
			deck_send(&d, 1 + rnd_below(&d.seed, 12), 1);
		have = d.sent - read;
		memset(buf, 0xa5, sizeof(buf[0]) * 64 * 40);
		got = avtpmap_pcm_read_native(d.pcm, buf, want, &result);
		assert_int_equal(got, want < have ? want : have);
		if (got)
			assert_int_equal(result.media_pos, read);
		assert_int_equal(result.silence, 0);
		assert_native(&d, buf, 0, read, got);
		read += got;
		assert_int_equal(d.ring.page.acked, read);
	}
	while ((int)(d.sent - read) > 0)
		read += avtpmap_pcm_read_native(d.pcm, buf, 7, NULL);
	assert_int_equal(read, d.sent);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 7, NULL), 0);
	deck_close(&d);
}

static void planar_scaled(void **state)
{
	static float planes[64][64];
	float *ptr[64];
	struct deck d;

	deck_start(&d, *state, NULL, 6);
	for (__u32 c = 0; c < 64; c++)
		ptr[c] = c == 1 ? NULL : planes[c];
	for (__u64 read = 0; read < 1000;) {
		int want = 1 + rnd_below(&d.seed, 20);

		while (d.sent - read < 40)
			deck_send(&d, 1 + rnd_below(&d.seed, 12), 1);
		memset(planes, 0x5a, sizeof(planes));
		assert_int_equal(
			avtpmap_pcm_read_planar(d.pcm, ptr, want, NULL), want);
		for (__u32 c = 0; c < d.t->channels; c++)
			for (int i = 0; i < want && ptr[c]; i++) {
				float f = tape_float(d.t, read + i, c);

				assert_memory_equal(&planes[c][i], &f, 4);
				if (d.t->type != AVTPMAP_PCM_F32)
					assert_true(f >= -1.0f &&
						    f < 1.0f + 1e-7);
			}
		read += want;
	}
	deck_close(&d);
}

/* Lost: silence of the same length, told, and what follows is in its place. */
static void gap_is_silence(void **state)
{
	(void)state;
	for (int lost = 1; lost < 10; lost++)
		for (int block = 1; block < 100; block += 7) {
			struct avtpmap_pcm_result r;
			__u64 read = 0, silence = 0;
			struct deck d;

			deck_start(&d, &tapes[0], NULL, 6);
			for (int i = 0; i < lost; i++)
				deck_send(&d, 6, 0);
			deck_send(&d, 6, 1);
			while (read < 54 + 6ul * lost) {
				int got = avtpmap_pcm_read_native(d.pcm, buf,
								  block, &r);
				assert_true(got > 0);
				assert_int_equal(r.media_pos, read);
				for (int i = 0; i < got; i++)
					if (read + i < 48 ||
					    read + i >= 48 + 6ul * lost)
						assert_native(&d, buf, i,
							      read + i, 1);
					else
						assert_silence(&d, buf, i, 1);
				if (r.silence)
					assert_true(r.flags & AVTPMAP_F_GAP);
				silence += r.silence;
				read += got;
			}
			assert_int_equal(silence, 6 * lost);
			assert_int_equal(read, d.sent);
			deck_close(&d);
		}
}

static void gap_is_silence_planar(void **state)
{
	float left[64], right[64], *planes[] = { left, right };
	struct deck d;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	deck_send(&d, 6, 0);
	deck_send(&d, 6, 1);
	memset(left, 0x5a, sizeof(left));
	assert_int_equal(avtpmap_pcm_read_planar(d.pcm, planes, 60, NULL), 60);
	for (int i = 48; i < 54; i++)
		assert_true(left[i] == 0.0f && right[i] == 0.0f);
	assert_true(left[54] == tape_float(d.t, 54, 0));
	assert_true(right[47] == tape_float(d.t, 47, 1));
	deck_close(&d);
}

/* DBC tells of missing blocks though no frame is missing. */
static void dbc_gap_is_silence(void **state)
{
	struct avtpmap_pcm_result r;
	struct deck d;

	(void)state;
	deck_start(&d, &tapes[6], NULL, 6);
	d.sent += 10;
	deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 100, &r), 64);
	assert_native(&d, buf, 0, 0, 48);
	assert_silence(&d, buf, 48, 10);
	assert_native(&d, buf, 58, 58, 6);
	assert_int_equal(r.silence, 10);
	deck_close(&d);
}

static void late_and_duplicate_dropped(void **state)
{
	struct avtpmap_pcm_result r;
	struct deck d;

	(void)state;
	deck_start(&d, &tapes[2], NULL, 6);
	deck_send_old(&d, 6, 1); /* duplicate */
	deck_send(&d, 6, 0);
	deck_send(&d, 6, 1);
	deck_send_old(&d, 6, 2); /* the lost one, too late */
	deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1000, &r), 66);
	assert_int_equal(r.dropped_frames, 2);
	assert_int_equal(r.silence, 6);
	assert_native(&d, buf, 0, 0, 48);
	assert_silence(&d, buf, 48, 6);
	assert_native(&d, buf, 54, 54, 12);
	assert_int_equal(r.flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE), 0);
	deck_close(&d);
}

/* Exactly before it, and not over it, until the format has been fetched. */
static void epoch_stops(void **state)
{
	struct avtpmap_format f;
	struct deck d;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	d.t = &tapes[1]; /* another format */
	deck_send(&d, 5, 1);
	d.t = &tapes[0];
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1000, NULL), 48);
	assert_native(&d, buf, 0, 0, 48);
	for (int i = 0; i < 3; i++)
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1000,
							 NULL),
				 -ESTRPIPE);
	assert_int_equal(avtpmap_pcm_format(d.pcm, &f), AVTPMAP_PCM_S32);
	assert_int_equal(f.channels, 3);
	assert_int_equal(f.rate_hz, 96000);
	d.t = &tapes[1];
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1000, NULL), 5);
	assert_native(&d, buf, 0, 48, 5);
	deck_close(&d);
}

/* A reader that is behind meets each epoch in turn, with its own format. */
static void epochs_behind(void **state)
{
	static const int order[] = { 1, 6, 8, 0, 7, 2 };
	struct avtpmap_format f;
	struct deck d;
	__u64 at = 48;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	for (size_t i = 0; i < N_ELEMS(order); i++) {
		d.t = &tapes[order[i]];
		deck_send(&d, 4, 1);
		deck_send(&d, 4, 1);
	}
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1000, NULL), 48);
	for (size_t i = 0; i < N_ELEMS(order); i++) {
		struct avtpmap_pcm_result r;

		d.t = &tapes[order[i]];
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 9, &r),
				 -ESTRPIPE);
		assert_int_equal(avtpmap_pcm_format(d.pcm, &f), d.t->type);
		assert_int_equal(f.channels, d.t->channels);
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 9, &r), 8);
		assert_int_equal(r.media_pos, at);
		assert_native(&d, buf, 0, at, 8);
		at += 8;
	}
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 9, NULL), 0);
	deck_close(&d);
}

static void talker_change_stops(void **state)
{
	struct deck d;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	d.talker = OTHER_TALKER;
	d.now_ns += AVTPMAP_SILENCE_NS;
	d.sequence = 99;
	deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1000, NULL), 48);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1000, NULL),
			 -ESTRPIPE);
	assert_int_equal(avtpmap_pcm_format(d.pcm, NULL), AVTPMAP_PCM_S16);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1000, NULL), 6);
	assert_native(&d, buf, 0, 48, 6);
	deck_close(&d);
}

/* Frames read, wholly or in part, and frames missed: nothing else. */
static void overrun_told(void **state)
{
	(void)state;
	for (int more = TAPE_SLOTS - SETTLE_FRAMES; more < 3 * TAPE_SLOTS;
	     more++) {
		struct avtpmap_pcm_result r;
		__u64 units, start;
		struct deck d;

		deck_start(&d, &tapes[0], NULL, 6);
		for (int i = 0; i < more; i++)
			deck_send(&d, 6, 1);
		if (d.frames > TAPE_SLOTS) {
			assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 9,
								 &r),
					 -EPIPE);
			assert_int_equal(r.missed_frames,
					 d.frames - TAPE_SLOTS / 2);
		}
		start = d.frames > TAPE_SLOTS ?
				6 * (d.frames - TAPE_SLOTS / 2) :
				0;
		units = avtpmap_pcm_read_native(d.pcm, buf, 1000, &r);
		assert_int_equal(units, d.sent - start);
		assert_int_equal(r.media_pos, start);
		assert_native(&d, buf, 0, start, units);
		deck_close(&d);
	}
}

/* Overtaken in the middle of a frame, between two reads. */
static void overrun_inside_a_frame(void **state)
{
	struct avtpmap_pcm_result r;
	struct deck d;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 9, NULL), 9);
	for (int i = 0; i < TAPE_SLOTS; i++)
		deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 9, &r), -EPIPE);
	assert_int_equal(r.missed_frames, 8 + TAPE_SLOTS - 1 - TAPE_SLOTS / 2);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 9, &r), 9);
	assert_int_equal(r.media_pos, 6 * (8 + TAPE_SLOTS / 2));
	assert_native(&d, buf, 0, r.media_pos, 9);
	deck_close(&d);
}

/* Begin, and begin again, at multiples of the period. */
static void aligned(void **state)
{
	struct avtpmap_pcm_opts opts = { .sz = sizeof(opts), .align = 64 };
	struct avtpmap_pcm_result r;
	struct deck d;

	(void)state;
	deck_open(&d, &tapes[0], &opts);
	for (int i = 0; i < 20; i++)
		deck_send(&d, 6, 1);
	avtpmap_pcm_close(d.pcm);
	avtpmap_close(d.s); /* join late, at frame 3 */
	assert_int_equal(
		stream_from_memory(&d.s, NULL, d.ring.hdr,
				   avtpmap_ring_bytes(TAPE_SLOTS, TAPE_STRIDE),
				   &d.ring.page, 3, 18),
		0);
	assert_int_equal(avtpmap_pcm_open(&d.pcm, d.s, &opts), 0);
	assert_int_equal(avtpmap_pcm_format(d.pcm, NULL), AVTPMAP_PCM_S16);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 10, &r), 10);
	assert_int_equal(r.media_pos, 64);
	assert_int_equal(r.dropped_units, 64 - 18);
	assert_native(&d, buf, 0, 64, 10);
	for (int i = 0; i < 2 * TAPE_SLOTS; i++)
		deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 10, &r), -EPIPE);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 10, &r), 10);
	assert_int_equal(r.media_pos % 64, 0);
	assert_native(&d, buf, 0, r.media_pos, 10);
	deck_close(&d);
}

static void labels_that_are_not_audio(void **state)
{
	static const struct {
		__u8 label;
		int audio;
	} labels[] = {
		{ 0x00, 1 }, { 0x3f, 1 }, { 0x40, 1 }, { 0x4f, 1 },
		{ 0x50, 0 }, { 0x80, 0 }, { 0xcf, 0 }, { 0xff, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(labels); i++) {
		struct deck d;

		deck_start(&d, &tapes[6], NULL, 6);
		d.am_label = labels[i].label;
		deck_send(&d, 6, 1);
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 54, NULL),
				 54);
		if (labels[i].audio)
			assert_native(&d, buf, 48, 48, 6);
		else
			assert_silence(&d, buf, 48, 6);
		deck_close(&d);
	}
}

static void motu(void **state)
{
	struct avtpmap_format f;
	struct deck d;
	__u32 n = 0;

	(void)state;
	deck_open(&d, &tapes[6], NULL);
	for (size_t i = 0; i < N_FRAMES; i++) {
		struct avtpmap_entry e;

		if (frames[i].stream_id == MOTU_ID)
			test_ring_rx(&d.ring, frames[i].bytes, frames[i].len,
				     d.now_ns += FRAME_NS, &e);
	}
	assert_int_equal(avtpmap_pcm_format(d.pcm, &f), AVTPMAP_PCM_S32);
	assert_int_equal(f.channels, 8);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 100, NULL), 30);
	for (size_t i = 0; i < N_FRAMES; i++)
		for (int q = 0; frames[i].stream_id == MOTU_ID && q < 48; q++) {
			const __u8 *p = frames[i].bytes + 50 + 4 * q;

			assert_int_equal(p[0], 0x40);
			assert_int_equal(buf[n++], (__u32)p[1] << 24 |
							   p[2] << 16 |
							   p[3] << 8);
		}
	assert_int_equal(n, 240);
	deck_close(&d);
}

static void not_audio(void **state)
{
	struct avtpmap_entry e;
	struct avtpmap_format f;
	struct deck d;

	(void)state;
	deck_open(&d, &tapes[0], NULL);
	assert_int_equal(avtpmap_pcm_format(d.pcm, NULL), -EAGAIN);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1, NULL), 0);
	for (size_t i = 0; i < N_FRAMES; i++)
		if (!strcmp(frames[i].name, "crf"))
			assert_int_equal(test_ring_rx(&d.ring, frames[i].bytes,
						      frames[i].len, 1, &e),
					 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1, NULL),
			 -ESTRPIPE);
	assert_int_equal(avtpmap_pcm_format(d.pcm, &f), -ENOTSUP);
	assert_int_equal(f.subtype, AVTPMAP_SUB_CRF);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1, NULL),
			 -ENOTSUP);
	deck_close(&d);
}

static void arguments(void **state)
{
	struct avtpmap_pcm_opts opts = { .sz = sizeof(opts), .resv = 1 };
	struct {
		struct avtpmap_pcm_opts o;
		__u64 newer;
	} big = { { .sz = sizeof(big) }, 1 };
	struct avtpmap_pcm *pcm;
	struct deck d;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	assert_int_equal(avtpmap_pcm_open(&pcm, d.s, &opts), -EINVAL);
	assert_null(pcm);
	assert_int_equal(avtpmap_pcm_open(&pcm, d.s, &big.o), -E2BIG);
	big.newer = 0; /* newer, but says nothing new */
	assert_int_equal(avtpmap_pcm_open(&pcm, d.s, &big.o), 0);
	avtpmap_pcm_close(pcm);
	avtpmap_pcm_close(NULL);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1u << 31, NULL),
			 -EINVAL);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 0, NULL), 0);
	deck_close(&d);
}

static __u32 labels_of(const struct deck *d)
{
	struct avtpmap_pcm_info info;

	avtpmap_pcm_info(d->pcm, &info);
	return info.labels;
}

/* AM824 without labels: its octet is the sign, and each sample is read. */
static void unlabelled_is_read(void **state)
{
	static float planes[8][64];
	float *ptr[8];
	struct deck d;

	(void)state;
	for (int c = 0; c < 8; c++)
		ptr[c] = planes[c];
	deck_open(&d, &tapes[6], NULL);
	d.unlabelled = 1;
	for (int i = 0; i < 20; i++)
		deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 1, NULL),
			 -ESTRPIPE);
	assert_int_equal(avtpmap_pcm_format(d.pcm, NULL), AVTPMAP_PCM_S32);
	assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_UNKNOWN);
	/* from the first sample on, in pieces that are no frames */
	for (int read = 0; read < 60; read += 4) {
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 4, NULL),
				 4);
		assert_native(&d, buf, 0, read, 4);
	}
	assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_NONE);
	assert_int_equal(avtpmap_pcm_read_planar(d.pcm, ptr, 60, NULL), 60);
	for (__u32 c = 0; c < 8; c++)
		for (int i = 0; i < 60; i++)
			assert_true(planes[c][i] == tape_float(d.t, 60 + i, c));
	deck_close(&d);
}

/* One label that is no sign, and all are obeyed from there on. */
static void real_labels_are_obeyed(void **state)
{
	static const __u8 labels[] = { 0x40, 0x80, 0xcf, 0x03, 0xff };
	struct deck d;

	(void)state;
	for (size_t i = 0; i < sizeof(labels); i++) {
		deck_start(&d, &tapes[6], NULL, 6);
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 48, NULL),
				 48);
		assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_REAL);
		/* whatever comes later in this epoch */
		d.unlabelled = 1;
		deck_send(&d, 6, 1);
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 6, NULL),
				 6);
		for (int j = 0; j < 6 * 8; j++)
			assert_int_equal(buf[j] >> 31, 0);
		deck_close(&d);

		deck_open(&d, &tapes[6], NULL);
		d.unlabelled = 1;
		deck_send(&d, 6, 1);
		avtpmap_pcm_format(d.pcm, NULL);
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 6, NULL),
				 6);
		assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_NONE);
		d.unlabelled = 0;
		d.am_label = labels[i];
		deck_send(&d, 6, 1);
		assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 6, NULL),
				 6);
		assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_REAL);
		if (labels[i] < 0x50)
			assert_native(&d, buf, 0, 6, 6);
		else
			assert_silence(&d, buf, 0, 6);
		deck_close(&d);
	}
}

/* Zeros with label 0x00 are of either kind; a new epoch is asked anew. */
static void silence_tells_no_labels(void **state)
{
	static const __u8 zeros[8 * 6 * 4];
	__u8 frame[2048];
	struct deck d;

	(void)state;
	deck_open(&d, &tapes[6], NULL);
	for (int i = 0; i < 40; i++) {
		struct avtpmap_entry e;
		__u32 len = tape_frame(&d, 6, frame);

		memcpy(frame + len - sizeof(zeros), zeros, sizeof(zeros));
		test_ring_rx(&d.ring, frame, len, d.now_ns += FRAME_NS, &e);
		d.sequence++;
		d.sent += 6;
	}
	avtpmap_pcm_format(d.pcm, NULL);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 240, NULL), 240);
	assert_silence(&d, buf, 0, 240);
	assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_UNKNOWN);
	d.unlabelled = 1;
	deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 6, NULL), 6);
	assert_native(&d, buf, 0, 240, 6);
	assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_NONE);
	d.talker++;
	d.now_ns += 10000000000ull;
	d.unlabelled = 0;
	deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 6, NULL),
			 -ESTRPIPE);
	avtpmap_pcm_format(d.pcm, NULL);
	assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_UNKNOWN);
	assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 6, NULL), 6);
	assert_native(&d, buf, 0, 246, 6);
	assert_int_equal(labels_of(&d), AVTPMAP_PCM_LABELS_REAL);
	deck_close(&d);
}

int main(void)
{
	static const struct CMUnitTest whole[] = {
		cmocka_unit_test(gap_is_silence),
		cmocka_unit_test(gap_is_silence_planar),
		cmocka_unit_test(dbc_gap_is_silence),
		cmocka_unit_test(late_and_duplicate_dropped),
		cmocka_unit_test(epoch_stops),
		cmocka_unit_test(epochs_behind),
		cmocka_unit_test(talker_change_stops),
		cmocka_unit_test(overrun_told),
		cmocka_unit_test(overrun_inside_a_frame),
		cmocka_unit_test(aligned),
		cmocka_unit_test(labels_that_are_not_audio),
		cmocka_unit_test(motu),
		cmocka_unit_test(not_audio),
		cmocka_unit_test(arguments),
		cmocka_unit_test(unlabelled_is_read),
		cmocka_unit_test(real_labels_are_obeyed),
		cmocka_unit_test(silence_tells_no_labels),
	};
	struct CMUnitTest tests[2 * N_ELEMS(tapes)];
	static char names[N_ELEMS(tests)][64];

	for (size_t i = 0; i < N_ELEMS(tests); i++) {
		const struct tape *t = &tapes[i / 2];

		snprintf(names[i], sizeof(names[i]), "%s, %s", t->name,
			 i % 2 ? "planar" : "native");
		tests[i] = (struct CMUnitTest){ names[i],
						i % 2 ? planar_scaled :
							native_bit_exact,
						NULL, NULL, (void *)t };
	}
	return _cmocka_run_group_tests("pcm: formats", tests, N_ELEMS(tests),
				       NULL, NULL) +
	       cmocka_run_group_tests_name("pcm", whole, NULL, NULL);
}
