// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* When media is to be presented. */
#include "tape.h"

#include "../frames.h"

#define START_NS 0x1234567800000000ull
#define TRANSIT_NS 2000000ull

static const struct avtpmap_format aaf48 = {
	.subtype = AVTPMAP_SUB_AAF,
	.unit = AVTPMAP_UNIT_SAMPLES,
	.encoding = AVTPMAP_ENC_INT16,
	.rate_hz = 48000,
	.channels = 2,
};

static struct avtpmap_time time_of(const struct avtpmap_format *f)
{
	struct avtpmap_time t;

	avtpmap_time_init(&t, NULL);
	avtpmap_time_format(&t, 1, f);
	return t;
}

static struct avtpmap_stamp stamp_at(uint64_t pos, uint64_t present_ns)
{
	return (struct avtpmap_stamp){
		.media_pos = pos,
		.reference_ns = present_ns - TRANSIT_NS,
		.avtp_timestamp = (uint32_t)present_ns,
		.flags = AVTPMAP_F_TV,
		.epoch = 1,
		.have_reference = 1,
	};
}

static void extends_over_wraps(void **state)
{
	static const struct {
		uint32_t timestamp;
		uint64_t reference_ns, want_ns;
	} rows[] = {
		{ 5, 5, 5 },
		{ 0, 0x1fffffff0, 0x200000000 }, /* wraps on the way */
		{ 0xfffffff0, 0x200000010, 0x1fffffff0 }, /* late, over it */
		{ 0x7fffffff, 0x500000000, 0x57fffffff },
		{ 0x80000000, 0x500000000, 0x480000000 }, /* the nearer one */
		{ 0x12345678, 0xabcdef0012345678, 0xabcdef0012345678 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(rows); i++)
		assert_int_equal(avtpmap_time_extend(rows[i].timestamp,
						     rows[i].reference_ns),
				 rows[i].want_ns);
}

static void late_and_early(void **state)
{
	static const int64_t margins[] = { -2000000000, -1, 0, 1, 2000000000 };
	struct avtpmap_time t = time_of(&aaf48);

	(void)state;
	for (size_t i = 0; i < N_ELEMS(margins); i++) {
		struct avtpmap_stamp s = stamp_at(6 * i, START_NS);
		struct avtpmap_presentation p;

		s.reference_ns = START_NS - margins[i];
		assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
		assert_int_equal(p.present_ns, START_NS);
		assert_int_equal(p.margin_ns, margins[i]);
		assert_int_equal(p.flags,
				 AVTPMAP_T_MARGIN |
					 (margins[i] < 0 ? AVTPMAP_T_LATE : 0));
	}
}

static void syt_positions(void **state)
{
	static const struct {
		uint32_t rate_hz, interval;
		uint8_t dbc;
		uint32_t index;
	} rows[] = {
		{ 48000, 8, 114, 6 },	{ 48000, 8, 120, 0 },
		{ 48000, 8, 126, 2 },	{ 48000, 8, 132, 4 },
		{ 48000, 8, 138, 6 },	{ 32000, 8, 255, 1 },
		{ 44100, 8, 1, 7 },	{ 88200, 16, 1, 15 },
		{ 96000, 16, 240, 0 },	{ 176400, 32, 31, 1 },
		{ 192000, 32, 33, 31 }, { 0, 0, 77, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		assert_int_equal(avtpmap_syt_interval(rows[i].rate_hz),
				 rows[i].interval);
		assert_int_equal(avtpmap_syt_index(rows[i].interval,
						   rows[i].dbc),
				 rows[i].index);
	}
}

/* tv = 0: at the nominal rate from the last valid one; not for ever. */
static void interpolates(void **state)
{
	struct avtpmap_time t = time_of(&aaf48);
	struct avtpmap_stamp s = stamp_at(1000, START_NS);
	struct avtpmap_presentation p;

	(void)state;
	assert_int_equal(avtpmap_time_at(&t, 1000, &p), -ENODATA);
	s.flags = 0;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), -ENODATA);
	s.flags = AVTPMAP_F_TV;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);

	s = stamp_at(1003, 0);
	s.flags = 0;
	s.reference_ns = START_NS;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
	assert_int_equal(p.present_ns, START_NS + 62500);
	assert_int_equal(p.margin_ns, 62500);
	assert_int_equal(p.media_pos, 1003);
	assert_int_equal(p.flags, AVTPMAP_T_INTERPOLATED | AVTPMAP_T_MARGIN);

	assert_int_equal(avtpmap_time_at(&t, 1000 - 2, &p), 0);
	assert_int_equal(p.present_ns, START_NS - 41667);
	assert_int_equal(avtpmap_time_at(&t, 1000 + 48000, &p), 0);
	assert_int_equal(p.present_ns, START_NS + 1000000000);
	assert_int_equal(p.flags, AVTPMAP_T_INTERPOLATED);
	assert_int_equal(avtpmap_time_at(&t, 1000 + 48001, &p), -ENODATA);
	assert_int_equal(avtpmap_time_at(&t, 1000, NULL), 0);
}

/* tu = 1: told, flagged, and of no influence on any other frame. */
static void uncertain_stays_out(void **state)
{
	struct avtpmap_time t = time_of(&aaf48);
	struct avtpmap_stamp s = stamp_at(0, START_NS);
	struct avtpmap_presentation p;

	(void)state;
	s.flags |= AVTPMAP_F_TU;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
	assert_true(p.flags & AVTPMAP_T_UNCERTAIN);
	assert_int_equal(p.present_ns, START_NS);
	assert_int_equal(avtpmap_time_at(&t, 0, &p), -ENODATA);

	s = stamp_at(6, START_NS + 125000);
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
	s = stamp_at(12, START_NS + 777777);
	s.flags |= AVTPMAP_F_TU;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
	assert_int_equal(avtpmap_time_at(&t, 12, &p), 0);
	assert_int_equal(p.present_ns, START_NS + 250000);
	s.flags = AVTPMAP_F_TU; /* and tv = 0 */
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
	assert_int_equal(p.flags & ~AVTPMAP_T_LATE,
			 AVTPMAP_T_UNCERTAIN | AVTPMAP_T_INTERPOLATED |
				 AVTPMAP_T_MARGIN);
}

static void forgets(void **state)
{
	struct avtpmap_time t = time_of(&aaf48);
	struct avtpmap_stamp s = stamp_at(0, START_NS);
	struct avtpmap_presentation p;

	(void)state;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
	s = stamp_at(6, START_NS + 9000); /* the media clock restarts */
	s.flags = AVTPMAP_F_MR;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), -ENODATA);
	s = stamp_at(12, START_NS);
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);

	s = stamp_at(0, START_NS + 1); /* overtaken: its own time only */
	s.flags |= AVTPMAP_F_LATE;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
	assert_int_equal(p.present_ns, START_NS + 1);
	assert_int_equal(avtpmap_time_at(&t, 12, &p), 0);
	assert_int_equal(p.present_ns, START_NS);

	s.epoch = 2;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), -ESTRPIPE);
	avtpmap_time_format(&t, 2, &aaf48);
	assert_int_equal(avtpmap_time_at(&t, 12, &p), -ENODATA);
	s.have_reference = 0; /* 32 bits alone are no time */
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), -ENODATA);
}

/* Video and packets have no rate: only what is stamped has a time. */
static void no_rate(void **state)
{
	const struct avtpmap_format cvf = { .subtype = AVTPMAP_SUB_CVF,
					    .unit = AVTPMAP_UNIT_VIDEO };
	struct avtpmap_time t = time_of(&cvf);
	struct avtpmap_stamp s = stamp_at(7, START_NS);
	struct avtpmap_presentation p;

	(void)state;
	assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
	assert_int_equal(p.present_ns, START_NS);
	assert_int_equal(avtpmap_time_at(&t, 7, &p), 0);
	assert_int_equal(avtpmap_time_at(&t, 8, &p), -ENODATA);
}

static uint64_t unit_ns(uint64_t unit, uint32_t rate_hz)
{
	return START_NS + unit * 1000000000 / rate_hz;
}

/*
 * 44.1 kHz in frames of 5 and 6 samples, AM824: no error adds up, over several
 * wraps of avtp_timestamp. The timestamps themselves are whole nanoseconds.
 */
static void uneven_frames(void **state)
{
	const struct avtpmap_format f = { .subtype = AVTPMAP_SUB_61883_IIDC,
					  .unit = AVTPMAP_UNIT_SAMPLES,
					  .rate_hz = 44100,
					  .channels = 2 };
	struct avtpmap_time t = time_of(&f);
	uint64_t pos = 0;

	(void)state;
	for (uint64_t n = 0; n < 80000; n++) {
		uint64_t next = (n + 1) * 44100 / 8000;
		uint32_t index = avtpmap_syt_index(8, (uint8_t)pos);
		struct avtpmap_stamp s = stamp_at(pos, unit_ns(pos, 44100));
		struct avtpmap_presentation p;
		int64_t off;

		s.dbc = (uint8_t)pos;
		s.avtp_timestamp = (uint32_t)unit_ns(pos + index, 44100);
		if (pos + index >= next)
			s.flags = s.avtp_timestamp = 0;
		assert_int_equal(avtpmap_time_enter(&t, &s, &p), 0);
		off = p.present_ns - unit_ns(pos, 44100);
		assert_in_range(off + 1, 0, 2);
		pos = next;
	}
}

static const struct frame_row *motu_row(int n)
{
	for (size_t i = 0; i < N_FRAMES; i++)
		if (frames[i].stream_id == MOTU_ID && n-- == 0)
			return &frames[i];
	return NULL;
}

/* A frame through the producer, with the PHC's time. */
static void rx(struct deck *d, const __u8 *frame, __u32 len, __u64 hwtime_ns)
{
	struct avtpmap_entry e = { 0 };
	struct avtpmap_pdu pdu;

	assert_int_equal(avtpmap_parse(&pdu, frame, frame + len, len, 0, 0),
			 AVTPMAP_STREAM);
	d->now_ns += FRAME_NS;
	assert_int_equal(avtpmap_account(&d->ring.account, d->ring.hdr, &pdu,
					 d->now_ns, &e),
			 1);
	e.flags |= AVTPMAP_F_HWTIME;
	test_ring_produce(&d->ring, &pdu, &e, frame + pdu.offset, d->now_ns,
			  hwtime_ns);
}

/* Five frames of a real talker: see the table beside them. */
static void motu(void **state)
{
	static const int64_t first_ns[] = { 0, 0, 166671 - 41667,
					    166671 + 166669 - 83333,
					    166671 + 166669 + 41667 };
	const uint64_t base = 0x5dd7688a6ull;
	struct avtpmap_presentation p;
	struct avtpmap_time t;
	struct deck d;

	(void)state;
	deck_open(&d, &tapes[6], NULL);
	avtpmap_time_init(&t, NULL);
	for (int i = 0; i < 5; i++) {
		const struct frame_row *row = motu_row(i);

		rx(&d, row->bytes, row->len,
		   base - TRANSIT_NS + i * (__u64)FRAME_NS);
		assert_non_null(avtpmap_peek(d.s));
		if (!i) {
			assert_int_equal(avtpmap_time_frame(&t, d.s, &p),
					 -ENODATA);
		} else {
			assert_int_equal(avtpmap_time_frame(&t, d.s, &p), 0);
			assert_int_equal(p.present_ns - base, first_ns[i]);
			assert_int_equal(p.media_pos, 6 * i);
			assert_int_equal(!!(p.flags & AVTPMAP_T_INTERPOLATED),
					 i != 1);
		}
		assert_int_equal(avtpmap_release(d.s), 0);
	}
	/* the samples that are stamped, and one before them */
	assert_int_equal(avtpmap_time_at(&t, 22, &p), 0);
	assert_int_equal(p.present_ns - base, 166671 + 166669);
	assert_int_equal(avtpmap_time_at(&t, 14, &p), 0);
	assert_int_equal(p.present_ns - base, 166671 + 166669 - 166667);
	assert_int_equal(avtpmap_time_frame(&t, d.s, &p), -EINVAL);
	deck_close(&d);
}

static __u32 sparse_frame(__u8 *frame, __u8 sequence, __u32 timestamp)
{
	const struct wire w = { .subtype = AVTPMAP_SUB_AAF,
				.sequence = sequence,
				.tv = sequence % 8 == 0,
				.timestamp = sequence % 8 ? 0 : timestamp,
				.specific = 0x04500210,
				.src_mac = TALKER,
				.stream_id = 1,
				.data_bytes = 24 };
	__u32 len = build_frame(frame, &w);

	frame[14 + 22] |= 0x10; /* sp */
	return len;
}

/* Sparse AAF, read as PCM in blocks that do not fit the frames. */
static void sparse_pcm(void **state)
{
	static __u32 buf[64];
	struct avtpmap_presentation p;
	struct avtpmap_pcm_result r;
	struct avtpmap_time t;
	struct deck d;
	__u8 frame[256];
	int got, reads = 0;

	(void)state;
	deck_open(&d, &tapes[0], NULL);
	avtpmap_time_init(&t, NULL);
	avtpmap_pcm_set_time(d.pcm, &t);
	for (int n = 0; n < 2000; n++) {
		__u64 present = unit_ns(6 * n, 48000);
		__u32 len = sparse_frame(frame, n, present);

		if (n > 11 && n % 11 == 3) /* lost, stamped ones too */
			continue;
		rx(&d, frame, len, present - TRANSIT_NS);
		while ((got = avtpmap_pcm_read_native(d.pcm, buf, 7, &r))) {
			if (got == -ESTRPIPE) {
				avtpmap_pcm_format(d.pcm, NULL);
				continue;
			}
			assert_true(got > 0);
			assert_int_equal(avtpmap_time_at(&t, r.media_pos, &p),
					 0);
			assert_in_range(p.present_ns + 1 -
						unit_ns(r.media_pos, 48000),
					0, 2);
			reads++;
		}
	}
	assert_true(reads > 1500);
	deck_close(&d);
}

/* What was overwritten while it was read has no time, and leaves none. */
static void overwritten(void **state)
{
	struct avtpmap_presentation p;
	struct avtpmap_time t;
	struct deck d;
	__u8 frame[256];

	(void)state;
	deck_open(&d, &tapes[0], NULL);
	avtpmap_time_init(&t, NULL);
	rx(&d, frame, sparse_frame(frame, 0, 5000), 5000);
	assert_non_null(avtpmap_peek(d.s));
	for (int n = 1; n <= TAPE_SLOTS; n++)
		rx(&d, frame, sparse_frame(frame, n, 5000), 5000);
	assert_int_equal(avtpmap_time_frame(&t, d.s, &p), -EPIPE);
	assert_int_equal(avtpmap_time_at(&t, 0, &p), -ENODATA);
	assert_int_equal(avtpmap_overruns(d.s), 1);
	deck_close(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(extends_over_wraps),
		cmocka_unit_test(late_and_early),
		cmocka_unit_test(syt_positions),
		cmocka_unit_test(interpolates),
		cmocka_unit_test(uncertain_stays_out),
		cmocka_unit_test(forgets),
		cmocka_unit_test(no_rate),
		cmocka_unit_test(uneven_frames),
		cmocka_unit_test(motu),
		cmocka_unit_test(sparse_pcm),
		cmocka_unit_test(overwritten),
	};

	return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
