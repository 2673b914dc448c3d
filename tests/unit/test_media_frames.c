// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A media clock from frames as they lie in a ring: CRF, and a MOTU's. */
#include "media_talker.h"
#include "tape.h"

#include "../frames.h"

/* Every type and base: what the events are, and how many a second. */
static void crf_layouts(void **state)
{
	static const struct {
		__u8 type, pull;
		__u32 base_hz;
		double hz;
	} rows[] = {
		{ AVTPMAP_CRF_USER, 0, 1, 1 },
		{ AVTPMAP_CRF_AUDIO_SAMPLE, 0, 48000, 48000 },
		{ AVTPMAP_CRF_AUDIO_SAMPLE, 1, 48000, 48000 / 1.001 },
		{ AVTPMAP_CRF_AUDIO_SAMPLE, 2, 44100, 44100 * 1.001 },
		{ AVTPMAP_CRF_VIDEO_FRAME, 3, 25, 24 },
		{ AVTPMAP_CRF_VIDEO_LINE, 4, 24, 25 },
		{ AVTPMAP_CRF_MACHINE_CYCLE, 5, 8000, 1000 },
		{ AVTPMAP_CRF_USER, 0, 0x1fffffff, 536870911 },
		{ AVTPMAP_CRF_USER, 6, 48000, 0 },
	};
	struct avtpmap_crf crf;
	__u8 pdu[20 + 16] = { AVTPMAP_SUB_CRF, 0x80 };

	(void)state;
	put_be(pdu + 16, 16, 2);
	put_be(pdu + 18, 96, 2);
	put_be(pdu + 28, 0x123456789abcdef0, 8);
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		pdu[3] = rows[i].type;
		put_be(pdu + 12, (__u32)rows[i].pull << 29 | rows[i].base_hz,
		       4);
		assert_int_equal(avtpmap_crf_parse(&crf, pdu, sizeof(pdu)), 0);
		assert_int_equal(crf.type, rows[i].type);
		assert_int_equal(crf.interval, 96);
		assert_int_equal(crf.n, 2);
		assert_true(crf.ns[1] == 0x123456789abcdef0);
		assert_true(fabs(avtpmap_crf_hz(&crf) - rows[i].hz) < 1e-6);
	}
	assert_int_equal(avtpmap_crf_parse(&crf, pdu, 35), -EBADMSG);
	assert_int_equal(avtpmap_crf_parse(&crf, pdu, 19), -EBADMSG);
	put_be(pdu + 16, 12, 2);
	assert_int_equal(avtpmap_crf_parse(&crf, pdu, 36), -EBADMSG);
	put_be(pdu + 16, 0, 2);
	assert_int_equal(avtpmap_crf_parse(&crf, pdu, 36), -EBADMSG);
	put_be(pdu + 16, 16, 2);
	put_be(pdu + 18, 0, 2);
	assert_int_equal(avtpmap_crf_parse(&crf, pdu, 36), -EBADMSG);
	pdu[0] = AVTPMAP_SUB_AAF;
	assert_int_equal(avtpmap_crf_parse(&crf, pdu, 36), -EBADMSG);
}

/* CRF PDUs through the ring; one is lost, and its layout changes. */
static void crf_frames(void **state)
{
	struct avtpmap_media_clock *mc;
	__u64 now_ns = 1000000000;
	struct test_ring ring;
	struct avtpmap_stream *s;
	__u8 frame[14 + 20 + 64];

	(void)state;
	test_ring_create(&ring, 64, 2048);
	assert_int_equal(stream_from_memory(&s, NULL, ring.hdr,
					    avtpmap_ring_bytes(64, 2048),
					    &ring.page, 0, 0),
			 0);
	assert_int_equal(avtpmap_media_clock_open(&mc, NULL), 0);
	memset(frame, 0, sizeof(frame));
	for (int i = 0; i < 600; i++) {
		struct avtpmap_entry e;
		int n = i < 300 ? 6 : 3, event = i < 300 ? 0 : 300;

		put_be(frame, 0x91e0f000fe01ull, 6);
		put_be(frame + 6, TALKER, 6);
		put_be(frame + 12, ETHERTYPE_AVTP, 2);
		frame[14] = AVTPMAP_SUB_CRF;
		frame[15] = 0x80;
		frame[16] = i;
		frame[17] = AVTPMAP_CRF_AUDIO_SAMPLE;
		put_be(frame + 18, 1, 8);
		put_be(frame + 26, 48000, 4);
		put_be(frame + 30, n * 8, 2);
		put_be(frame + 32, 48, 2);
		for (int j = 0; j < n; j++)
			put_be(frame + 34 + 8 * j,
			       MT_BASE_NS + ((i - event) * n + j) * 1000010ull,
			       8);
		now_ns += n * 1000000;
		if (i % 50 == 49)
			continue;
		assert_int_equal(
			test_ring_rx(&ring, frame, 34 + n * 8, now_ns, &e), 1);
		assert_non_null(avtpmap_peek(s));
		assert_int_equal(avtpmap_media_clock_frame(mc, s), 0);
		assert_int_equal(avtpmap_release(s), 0);
		if (i % 300 == 298) {
			struct avtpmap_media_clock_info info = mt_info(mc);

			assert_int_equal(info.source, AVTPMAP_SOURCE_CRF);
			assert_int_equal(info.lock, AVTPMAP_MEDIA_LOCKED);
			assert_true(fabs(info.rate_ppm[0] + 10) < 0.5);
			assert_int_equal(info.steps, 0);
			assert_true(info.nominal_hz == 48000);
		}
	}
	avtpmap_media_clock_close(mc);
	avtpmap_close(s);
	test_ring_destroy(&ring);
}

/* A MOTU's frames: which sample its timestamps are for, and 20 ppm. */
static void motu(void **state)
{
	struct avtpmap_media_clock *mc;
	struct avtpmap_media_line line;
	__u64 now_ns = 0xf0000000;
	struct avtpmap_stream *s;
	struct test_ring ring;
	__u32 timestamp = 0;

	(void)state;
	test_ring_create(&ring, 64, 2048);
	assert_int_equal(stream_from_memory(&s, NULL, ring.hdr,
					    avtpmap_ring_bytes(64, 2048),
					    &ring.page, 0, 0),
			 0);
	assert_int_equal(avtpmap_media_clock_open(&mc, NULL), 0);
	for (size_t i = 0; i < N_FRAMES; i++) {
		struct avtpmap_entry e;

		if (frames[i].stream_id != MOTU_ID)
			continue;
		assert_int_equal(test_ring_rx(&ring, frames[i].bytes,
					      frames[i].len, now_ns += 125000,
					      &e),
				 1);
		avtpmap_peek(s);
		assert_int_equal(avtpmap_media_clock_frame(mc, s), 0);
		avtpmap_release(s);
		if (frames[i].flags & AVTPMAP_F_TV)
			timestamp = frames[i].avtp_timestamp;
	}
	assert_true(timestamp != 0);
	assert_true(fabs(mt_info(mc).rate_ppm[0] + 20) < 25);
	assert_true(mt_info(mc).rate_ppm[0] < -1);
	assert_int_equal(
		avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_MONOTONIC, &line),
		0);
	avtpmap_media_clock_close(mc);
	avtpmap_close(s);
	test_ring_destroy(&ring);
}

/* Reading tells of timestamps that do not advance, once for each frame. */
static void pcm_watches_timestamps(void **state)
{
	struct avtpmap_pcm_info info;
	static __u32 buf[400 * 8];
	struct deck d;

	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		deck_open(&d, &tapes[0], NULL);
		d.stamped = 1;
		d.swapped = swapped;
		for (int i = 0; i < 50; i++)
			deck_send(&d, 6, 1);
		avtpmap_pcm_format(d.pcm, NULL);
		for (int i = 0; i < 75; i++)
			assert_int_equal(avtpmap_pcm_read_native(d.pcm, buf, 4,
								 NULL),
					 4);
		avtpmap_pcm_info(d.pcm, &info);
		assert_int_equal(info.stamps, 50);
		assert_int_equal(info.stamps_wrong, swapped ? 49 : 0);
		assert_int_equal(info.stamps_swapped, info.stamps_wrong);
		deck_close(&d);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(crf_layouts),
		cmocka_unit_test(crf_frames),
		cmocka_unit_test(pcm_watches_timestamps),
		cmocka_unit_test(motu),
	};

	return cmocka_run_group_tests_name("media_frames", tests, NULL, NULL);
}
