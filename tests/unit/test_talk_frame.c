// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The frames that talk builds say what was asked for, to the parser as well. */
#include "test.h"

#include "../../tools/talk/fault.c"
#include "../../tools/talk/frame.c"
#include "../../tools/talk/noise.h"
#include "../../tools/talk/pace.c"
#include "../../tools/talk/stream.c"
#include "../frames.h"

#define STREAM_ID 0x02005e1000010007ull
#define TRANSIT_NS 2000000ull
#define START_NS 4294000000ull /* timestamps wrap after 967 us */

static const uint8_t dst_mac[6] = { 0x91, 0xe0, 0xf0, 0x00, 0x12, 0x34 };
static const uint8_t src_mac[6] = { 0x02, 0x00, 0x5e, 0x10, 0x00, 0x01 };
static const uint32_t test_rates[] = { 44100, 48000,  88200,
				       96000, 176400, 192000 };
static const __u8 nsr_of[] = { 4, 5, 6, 7, 8, 9 };
static const __u8 sfc_of[] = { 1, 2, 3, 4, 5, 6 };

static void noise(void *ctx, uint32_t stream, uint64_t position, uint32_t units,
		  const struct talk_format *format, void *samples)
{
	(void)ctx;
	for (uint32_t i = 0; i < units * format->channels; i++) {
		int32_t v = talk_noise(stream, position + i / format->channels,
				       i % format->channels);
		float f = talk_noise_float(v);

		memcpy((char *)samples + 4 * i,
		       format->encoding == TALK_AAF_FLOAT ? (void *)&f :
							    (void *)&v,
		       4);
	}
}

static uint64_t wire_value(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

/* What sample @i of a frame is, on the wire. */
static uint32_t noise_on_wire(const struct talk_format *format,
			      uint64_t position, uint32_t i)
{
	int32_t v = talk_noise(0, position + i / format->channels,
			       i % format->channels);
	float f = talk_noise_float(v);
	uint32_t bits;

	switch (format->encoding) {
	case TALK_AAF_INT16:
		return (uint32_t)v >> 16;
	case TALK_AAF_INT24:
		return (uint32_t)v >> 8;
	case TALK_AAF_INT32:
		return (uint32_t)v & ~0u << (32 - format->bit_depth);
	case TALK_AM824:
		return 0x40000000 | (uint32_t)v >> 8;
	default:
		memcpy(&bits, &f, 4);
		return bits;
	}
}

static void check_samples(const struct talk_wire *w, const uint8_t *p)
{
	int bytes = talk_sample_bytes(w->format->encoding);

	for (uint32_t i = 0; i < w->units * w->format->channels;
	     i++, p += bytes)
		assert_int_equal(wire_value(p, bytes),
				 noise_on_wire(w->format, w->position, i));
}

struct run {
	struct talk_setup setup;
	uint64_t frames;
	uint64_t units;
	uint64_t stamps;
	uint64_t raw; /* format_raw expected */
};

/* The presentation of sample n is n sampling periods after the first's. */
static void check_timestamp(const struct run *r, const struct talk_wire *w,
			    const struct avtpmap_pdu *pdu)
{
	uint32_t rate = w->format->rate_hz;
	uint32_t interval = rate <= 48000 ? 8 : rate <= 96000 ? 16 : 32;
	uint64_t sample = w->position;

	if (w->format->encoding == TALK_AM824) {
		sample = (sample + interval - 1) / interval * interval;
		assert_int_equal(w->tv, sample < w->position + w->units);
	} else {
		assert_int_equal(w->tv, !r->setup.sparse || w->index % 8 == 0);
	}
	assert_int_equal(!!(pdu->flags & AVTPMAP_F_TV), w->tv);
	assert_int_equal(pdu->avtp_timestamp,
			 w->tv ? (__u32)(START_NS + TRANSIT_NS +
					 sample * 1000000000 / rate) :
				 0);
}

static void check(void *ctx, const struct talk_wire *w)
{
	struct run *r = ctx;
	int am824 = w->format->encoding == TALK_AM824;
	__u32 data = w->units * w->format->channels *
		     talk_sample_bytes(w->format->encoding);
	int tagged = r->setup.vid != TALK_UNTAGGED;
	struct avtpmap_pdu pdu;

	assert_true(w->len_bytes >= 60 && w->len_bytes <= 1518);
	assert_int_equal(avtpmap_parse(&pdu, w->bytes, w->bytes + w->len_bytes,
				       w->len_bytes, 0, 0),
			 AVTPMAP_STREAM);
	assert_int_equal(pdu.subtype, am824 ? 0 : 2);
	assert_int_equal(env_be64(pdu.stream_id), STREAM_ID);
	assert_int_equal(pdu.dst_mac, 0x91e0f0001234);
	assert_int_equal(pdu.src_mac, 0x02005e100001);
	assert_int_equal(pdu.offset, tagged ? 18 : 14);
	assert_int_equal(pdu.tci, tagged ? r->setup.pcp << 13 | 2 : 0);
	assert_int_equal(!!(pdu.flags & AVTPMAP_F_VLAN), tagged);
	assert_int_equal(pdu.sequence, (__u8)w->index);
	assert_int_equal(pdu.mr, 0);
	assert_int_equal(pdu.flags & AVTPMAP_F_TU, 0);
	assert_int_equal(!!(pdu.flags & AVTPMAP_F_SPARSE),
			 r->setup.sparse && !am824);
	assert_int_equal(pdu.data_bytes, data);
	assert_int_equal(pdu.len_bytes, 24 + (am824 ? 8 : 0) + data);
	assert_int_equal(!!(pdu.flags & AVTPMAP_F_NODATA), !w->units);
	assert_int_equal(pdu.format_raw, w->units ? r->raw : 0);
	assert_int_equal(pdu.dbc, am824 ? (__u8)w->position : 0);
	assert_int_equal(w->position, r->units);
	if (am824)
		assert_int_equal(wire_value(w->bytes + pdu.offset + 30, 2),
				 0xffff);
	check_timestamp(r, w, &pdu);
	check_samples(w, w->bytes + pdu.offset + (am824 ? 32 : 24));
	r->frames++;
	r->units += w->units;
	r->stamps += w->tv;
}

static void run_init(struct run *r, enum talk_encoding encoding, uint32_t rate,
		     uint32_t channels)
{
	static const __u8 depths[] = { 32, 32, 24, 16, 24 };

	memset(r, 0, sizeof(*r));
	r->setup.format = (struct talk_format){ encoding, rate, channels,
						depths[encoding] };
	memcpy(r->setup.src, src_mac, sizeof(src_mac));
	r->setup.vid = 2;
	r->setup.pcp = 3;
	r->setup.transit_ns = TRANSIT_NS;
	r->setup.start_ns = START_NS;
	r->setup.plan.end = 500;
	r->setup.read = noise;
	r->setup.emit = check;
	r->setup.emit_ctx = r;
}

static void run(struct run *r)
{
	static struct talk_stream s;
	const struct talk_format *f = &r->setup.format;

	for (size_t i = 0; i < N_ELEMS(test_rates); i++)
		if (test_rates[i] == f->rate_hz)
			r->raw = f->encoding == TALK_AM824 ?
					 CIP_RAW(sfc_of[i], f->channels) :
					 AAF_RAW(f->encoding + 1, nsr_of[i],
						 f->channels, f->bit_depth);
	talk_stream_init(&s, &r->setup, 0, STREAM_ID, dst_mac);
	while (talk_stream_step(&s))
		;
	assert_int_equal(r->frames, 500);
	assert_int_equal(s.units, r->units);
	/* AAF keeps its packets equal, and so a little further apart */
	assert_in_range(talk_stream_due_ns(&s),
			r->units * 1000000000 / f->rate_hz - 1000000,
			r->units * 1000000000 / f->rate_hz + 1000000);
}

static void every_format_and_rate(void **state)
{
	(void)state;
	for (int encoding = 0; encoding < TALK_N_ENCODINGS; encoding++)
		for (size_t i = 0; i < N_ELEMS(test_rates); i++)
			for (uint32_t channels = 1; channels < 9; channels++) {
				struct run r;

				run_init(&r, encoding, test_rates[i], channels);
				r.setup.sparse = channels & 1;
				if (channels & 2)
					r.setup.vid = TALK_UNTAGGED;
				if (channels == 4)
					r.setup.class = TALK_CLASS_B;
				run(&r);
			}
}

static void blocking(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(test_rates); i++) {
		struct run r;

		run_init(&r, TALK_AM824, test_rates[i], 2);
		r.setup.blocking = true;
		run(&r);
		/* a timestamp in each packet that holds samples */
		assert_int_equal(r.stamps * (test_rates[i] <= 48000 ? 8 :
					     test_rates[i] <= 96000 ? 16 :
								      32),
				 r.units);
	}
}

static void sixty_four_channels(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, TALK_AAF_INT24, 48000, 64);
	run(&r);
	run_init(&r, TALK_AAF_INT16, 48000, 64);
	r.setup.class = TALK_CLASS_A;
	run(&r);
	run_init(&r, TALK_AAF_INT32, 48000, 61); /* as many as fit */
	r.setup.format.bit_depth = 24;
	run(&r);
}

static void paces(void **state)
{
	struct talk_format format = { TALK_AM824, 44100, 8, 24 };
	struct talk_pace pace;
	uint64_t units = 0;
	int fives = 0;

	(void)state;
	assert_null(talk_pace_init(&pace, &format, TALK_CLASS_A, false));
	for (int k = 0; k < 8000; k++) {
		uint32_t n = talk_pace_units(&pace, k);

		assert_true(n == 5 || n == 6);
		fives += n == 5;
		units += n;
	}
	assert_int_equal(units, 44100);
	assert_int_equal(fives, 8000 * 6 - 44100);
	assert_int_equal(talk_pace_packet_ns(&pace, 8000), 1000000000);

	format = (struct talk_format){ TALK_AAF_INT16, 44100, 2, 16 };
	assert_null(talk_pace_init(&pace, &format, TALK_CLASS_A, false));
	assert_int_equal(talk_pace_units(&pace, 1), 6);
	assert_int_equal(talk_pace_packet_ns(&pace, 7350), 1000000000);
	assert_null(talk_pace_init(&pace, &format, TALK_CLASS_B, false));
	assert_int_equal(talk_pace_units(&pace, 1), 12);
	/* 100 days on, and still exact */
	assert_int_equal(talk_pace_sample_ns(&pace, 44100ull * 8640000),
			 8640000000000000);

	/* fast and slow, to the nanosecond: packets and samples alike */
	format.rate_hz = 48000;
	assert_null(talk_pace_init(&pace, &format, TALK_CLASS_A, false));
	pace.ppb = 100000;
	assert_int_equal(talk_pace_packet_ns(&pace, 8000), 999900010);
	assert_int_equal(talk_pace_sample_ns(&pace, 48004800), 1000000000000);
	pace.ppb = -TALK_PPB_MAX;
	assert_int_equal(talk_pace_packet_ns(&pace, 7992), 1000000000);
	assert_int_equal(talk_pace_sample_ns(&pace, 47952ull * 8640000),
			 8640000000000000);

	/* refused, with a reason */
	format.rate_hz = 44100;
	assert_non_null(talk_pace_init(&pace, &format, TALK_CLASS_A, true));
	format = (struct talk_format){ TALK_AM824, 48000, 8, 24 };
	assert_non_null(talk_pace_init(&pace, &format, TALK_CLASS_B, true));
	format.channels = 62;
	assert_non_null(talk_pace_init(&pace, &format, TALK_CLASS_A, false));
	format.channels = 61;
	assert_null(talk_pace_init(&pace, &format, TALK_CLASS_A, false));
	format = (struct talk_format){ TALK_AAF_INT32, 48000, 62, 32 };
	assert_non_null(talk_pace_init(&pace, &format, TALK_CLASS_A, false));
}

/* A frame that a MOTU interface sent, from its description, but for SYT. */
static void motu_layout(void **state)
{
	const struct frame_row rows[] = { MOTU_FRAMES };
	struct talk_format format = { TALK_AM824, 48000, 8, 24 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		uint8_t buf[TALK_FRAME_MAX], want[TALK_FRAME_MAX];
		uint32_t samples[48];
		struct talk_frame f = {
			.stream_id = rows[i].stream_id,
			.vid = 2,
			.pcp = 3,
			.format = &format,
			.samples = samples,
			.units = 6,
			.avtp_timestamp = rows[i].avtp_timestamp,
			.tv = rows[i].flags & AVTPMAP_F_TV,
			.sequence = rows[i].sequence,
			.dbc = rows[i].dbc,
		};

		memcpy(want, rows[i].bytes, rows[i].len);
		memcpy(f.dst, want, 6);
		memcpy(f.src, want + 6, 6);
		for (int q = 0; q < 48; q++)
			samples[q] = wire_value(want + 50 + 4 * q, 4) << 8;
		want[48] = want[49] = 0xff;
		assert_int_equal(talk_frame_build(buf, &f), rows[i].len);
		assert_memory_equal(buf, want, rows[i].len);
	}
}

static void bits(void **state)
{
	struct talk_format format = { TALK_AAF_INT16, 48000, 1, 16 };
	int32_t sample = 0x12345678;
	uint8_t buf[TALK_FRAME_MAX];

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct talk_frame f = {
			.vid = TALK_UNTAGGED,
			.format = &format,
			.samples = &sample,
			.units = 1,
			.tv = i & 1,
			.tu = i >> 1 & 1,
			.mr = i >> 2 & 1,
			.avtp_timestamp = 0xdeadbeef,
		};
		struct avtpmap_pdu pdu;

		assert_int_equal(talk_frame_build(buf, &f), 60);
		assert_int_equal(avtpmap_parse(&pdu, buf, buf + 60, 60, 0, 0),
				 AVTPMAP_STREAM);
		assert_int_equal(!!(pdu.flags & AVTPMAP_F_TV), f.tv);
		assert_int_equal(!!(pdu.flags & AVTPMAP_F_TU), f.tu);
		assert_int_equal(pdu.mr, f.mr);
		assert_int_equal(pdu.len_bytes, 26);
		for (int b = 40; b < 60; b++) /* padding is zero */
			assert_int_equal(buf[b], 0);
	}
}

/* Each corruption is seen for what it is, whatever the frame's length. */
static void corruptions(void **state)
{
	static const enum avtpmap_class classes[] = {
		AVTPMAP_UNSUPPORTED,
		AVTPMAP_MALFORMED,
		AVTPMAP_MALFORMED,
		AVTPMAP_STREAM,
	};
	int32_t samples[TALK_SAMPLES_MAX] = { 0 };

	(void)state;
	for (uint32_t channels = 1; channels <= 123; channels++)
		for (int i = 0; i < 256 * TALK_N_CORRUPTIONS; i++) {
			enum talk_corruption how = i / 256;
			struct talk_format format = { TALK_AAF_INT16, 48000,
						      channels, 16 };
			uint8_t buf[TALK_FRAME_MAX];
			struct talk_frame f = {
				.vid = channels & 1 ? TALK_UNTAGGED : 2,
				.format = &format,
				.samples = samples,
				.units = 6,
				.sequence = i,
			};
			uint32_t len = talk_frame_build(buf, &f);
			uint32_t bad = talk_frame_corrupt(buf, len, &f, how);
			struct avtpmap_pdu pdu;

			if (!bad) {
				assert_true(how >= TALK_TRUNCATED);
				continue;
			}
			assert_true(bad >= 60 && bad <= TALK_FRAME_MAX);
			assert_int_equal(avtpmap_parse(&pdu, buf, buf + bad,
						       bad, 0, 0),
					 classes[how]);
			if (how == TALK_PADDED)
				assert_int_equal(pdu.data_bytes, 12 * channels);
		}
}

static void frames_for_a_while(void **state)
{
	struct run r;

	(void)state;
	run_init(&r, TALK_AAF_INT16, 48000, 2);
	r.setup.plan.end = UINT64_MAX;
	assert_int_equal(talk_frames_for_units(&r.setup, 48000), 8000);
	assert_int_equal(talk_frames_for_units(&r.setup, 48001), 8001);
	r.setup.plan.n_changes = 1;
	r.setup.plan.changes[0].frame = 4000;
	r.setup.plan.changes[0].format =
		(struct talk_format){ TALK_AM824, 96000, 2, 24 };
	assert_int_equal(talk_frames_for_units(&r.setup, 48000), 6000);
	r.setup.blocking = true;
	assert_int_equal(talk_frames_for_units(&r.setup, 24000 + 16), 4001);
	assert_int_equal(talk_frames_for_units(&r.setup, 24000 + 17), 4003);

	assert_int_equal(talk_frames_for_ns(&r.setup, 500000000), 4000);
	assert_int_equal(talk_frames_for_ns(&r.setup, 500000001), 4001);
	assert_int_equal(talk_frames_for_ns(&r.setup, 1000000000), 8000);
	run_init(&r, TALK_AAF_INT16, 44100, 2);
	assert_int_equal(talk_frames_for_ns(&r.setup, 1000000000), 7350);
	assert_int_equal(talk_frames_for_ns(&r.setup, 86400000000000),
			 7350ull * 86400);
}

/* Others compute it as well, from the manual page: it stays as it is. */
static void noise_is_fixed(void **state)
{
	(void)state;
	assert_int_equal((uint32_t)talk_noise(0, 0, 0), 0x48218226);
	assert_int_equal((uint32_t)talk_noise(7, 47999, 7), 0x56a55909);
	assert_int_equal((uint32_t)talk_noise(60, 123456789012, 1022),
			 0x7d148967);
	assert_true(talk_noise_float(INT32_MIN) == -1.0f);
	assert_true(talk_noise_float(INT32_MAX) < 1.0f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_and_rate),
		cmocka_unit_test(blocking),
		cmocka_unit_test(sixty_four_channels),
		cmocka_unit_test(paces),
		cmocka_unit_test(motu_layout),
		cmocka_unit_test(bits),
		cmocka_unit_test(corruptions),
		cmocka_unit_test(frames_for_a_while),
		cmocka_unit_test(noise_is_fixed),
	};

	return cmocka_run_group_tests_name("talk_frame", tests, NULL, NULL);
}
