// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Planar float out of a ring of 100 ms, 64 units a read as an audio program
 * does, beside memcpy of the same stream data out of the same slots; and the
 * decoder by itself on blocks that a cache holds and that none does, beside
 * memcpy of those. GB/s of stream data
 * (what is on the wire), so a format of 3 bytes has no advantage of its 4.
 */
#include <string.h>

#include "../../lib/internal.h"
#include "../../lib/media/decode.h"
#include "../unit/ring.h"
#include "../unit/talker.h"
#include "bench.h"

enum {
	RUNS = 21,
	ROUNDS = 8,
	SLOTS = 1024,
	STRIDE = 2048,
	READ_UNITS = 64,
	CHANNELS_MAX = 64,
	BLOCK_UNITS = 512,
	MEMORY_BYTES = 32 << 20,
};

struct shape {
	const char *name;
	uint8_t subtype;
	uint32_t specific; /* of AAF, but for the channels */
	uint32_t encoding;
	uint32_t sample_bytes;
};

static const struct shape shapes[] = {
	{ "int16", AVTPMAP_SUB_AAF, 0x04500010, AVTPMAP_ENC_INT16, 2 },
	{ "int24", AVTPMAP_SUB_AAF, 0x03500018, AVTPMAP_ENC_INT24, 3 },
	{ "int32", AVTPMAP_SUB_AAF, 0x02500020, AVTPMAP_ENC_INT32, 4 },
	{ "float32", AVTPMAP_SUB_AAF, 0x01500020, AVTPMAP_ENC_FLOAT32, 4 },
	{ "am824", AVTPMAP_SUB_61883_IIDC, 0, AVTPMAP_ENC_AM824, 4 },
};

static const struct {
	uint32_t channels;
	uint32_t units;
} frames[] = { { 2, 6 }, { 8, 6 }, { 8, 40 }, { 60, 6 } };

static float planes[CHANNELS_MAX][BLOCK_UNITS + 16];
static float *const all_planes[CHANNELS_MAX] = {
#define P4(i) planes[i], planes[(i) + 1], planes[(i) + 2], planes[(i) + 3]
#define P16(i) P4(i), P4((i) + 4), P4((i) + 8), P4((i) + 12)
	P16(0), P16(16), P16(32), P16(48)
};
static uint8_t copied[1 << 16];
static double ns_per_tick;

static void die(const char *what)
{
	fprintf(stderr, "pcm: %s\n", what);
	exit(1);
}

/* The ring full of frames, whose samples are noise. */
static void fill(struct test_ring *ring, const struct shape *sh, uint32_t ch,
		 uint32_t units, uint8_t *sequence, uint8_t *dbc)
{
	static uint8_t data[STRIDE], frame[STRIDE];
	static uint64_t now_ns = 1000000000;
	uint32_t seed = 1;
	struct wire w = {
		.subtype = sh->subtype,
		.tv = 1,
		.specific = sh->specific | ch << 8,
		.fdf = 0x02,
		.dbs = ch,
		.stream_id = 1,
		.src_mac = 1,
		.data = data,
		.data_bytes = units * ch * sh->sample_bytes,
	};

	for (uint32_t i = 0; i < w.data_bytes; i++) {
		data[i] = (seed = seed * 1103515245 + 12345) >> 16;
		if (sh->encoding == AVTPMAP_ENC_AM824 && i % 4 == 0)
			data[i] = 0x40;
	}
	for (uint32_t i = 0; i < SLOTS / 2; i++) {
		struct avtpmap_entry e;
		uint32_t len;

		w.sequence = (*sequence)++;
		w.dbc = *dbc;
		*dbc += units;
		now_ns += 125000;
		len = build_frame(frame, &w);
		if (!test_ring_rx(ring, frame, len, now_ns, &e))
			die("a frame was refused");
	}
}

/* What is in the ring, read as planar float; ticks. */
static uint64_t read_pcm(struct avtpmap_pcm *pcm, uint64_t units)
{
	uint64_t from = ticks();

	while (units) {
		uint32_t n = units < READ_UNITS ? units : READ_UNITS;

		if (avtpmap_pcm_read_planar(pcm, all_planes, n, NULL) != (int)n)
			die("a read was short");
		units -= n;
	}
	return ticks() - from;
}

/* The same by memcpy, slot by slot. */
static uint64_t read_copy(struct test_ring *ring, uint32_t header,
			  uint32_t bytes)
{
	uint64_t pos = ring->head - SLOTS / 2, from = ticks();
	uint32_t to = 0;

	for (uint32_t i = 0; i < SLOTS / 2; i++, pos++) {
		memcpy(copied + to,
		       (uint8_t *)(test_ring_slot(ring, pos) + 1) + header,
		       bytes);
		__asm__ volatile("" ::: "memory");
		to = to + bytes < sizeof(copied) / 2 ? to + bytes : 0;
	}
	return ticks() - from;
}

static void add(struct figure *f, uint64_t bytes, uint64_t t)
{
	figure_add(f, bytes / (t * ns_per_tick));
}

static void from_ring(const struct shape *sh, uint32_t ch, uint32_t units)
{
	uint32_t header = sh->subtype ? 24 : 32;
	uint32_t bytes = units * ch * sh->sample_bytes;
	struct figure pcm_gbs = { .runs = 0 }, copy_gbs = { .runs = 0 };
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	struct test_ring ring;
	uint8_t sequence = 0, dbc = 0;

	test_ring_create(&ring, SLOTS, STRIDE);
	if (stream_from_memory(&s, NULL, ring.hdr,
			       avtpmap_ring_bytes(SLOTS, STRIDE), &ring.page, 0,
			       0) ||
	    avtpmap_pcm_open(&pcm, s, NULL))
		die("no handle");
	fill(&ring, sh, ch, units, &sequence, &dbc);
	if (avtpmap_pcm_format(pcm, NULL) < 0)
		die("no format");
	read_pcm(pcm, (uint64_t)units * SLOTS / 2);
	for (int run = 0; run < RUNS; run++) {
		uint64_t decode = 0, copy = 0;

		for (int i = 0; i < ROUNDS; i++) {
			fill(&ring, sh, ch, units, &sequence, &dbc);
			decode += read_pcm(pcm, (uint64_t)units * SLOTS / 2);
			fill(&ring, sh, ch, units, &sequence, &dbc);
			copy += read_copy(&ring, header, bytes);
			read_pcm(pcm, (uint64_t)units * SLOTS / 2);
		}
		add(&pcm_gbs, (uint64_t)bytes * SLOTS / 2 * ROUNDS, decode);
		add(&copy_gbs, (uint64_t)bytes * SLOTS / 2 * ROUNDS, copy);
	}
	figure_print(&pcm_gbs, "GB/s", "pcm.ring.%s.channels.%u.units.%u.read",
		     sh->name, ch, units);
	figure_print(&copy_gbs, "GB/s",
		     "pcm.ring.%s.channels.%u.units.%u.memcpy", sh->name, ch,
		     units);
	avtpmap_pcm_close(pcm);
	avtpmap_close(s);
	test_ring_destroy(&ring);
}

static void block(const struct shape *sh, uint32_t ch)
{
	pcm_decode_fn *planar = pcm_planar_of(sh->encoding);
	struct pcm_out out = { .planes = all_planes, .channels = ch };
	uint32_t bytes = BLOCK_UNITS * ch * sh->sample_bytes;
	struct figure pcm_gbs = { .runs = 0 }, copy_gbs = { .runs = 0 };
	static uint8_t src[1 << 16];

	memset(src, 0x40, sizeof(src));
	for (int run = 0; run < RUNS; run++) {
		uint64_t from = ticks();

		for (int i = 0; i < 64; i++)
			planar(&out, 0, src, BLOCK_UNITS);
		add(&pcm_gbs, (uint64_t)bytes * 64, ticks() - from);
		from = ticks();
		for (int i = 0; i < 64; i++) {
			memcpy(copied, src, bytes);
			__asm__ volatile("" ::: "memory");
		}
		add(&copy_gbs, (uint64_t)bytes * 64, ticks() - from);
	}
	figure_print(&pcm_gbs, "GB/s", "pcm.block.%s.channels.%u.decode",
		     sh->name, ch);
	figure_print(&copy_gbs, "GB/s", "pcm.block.%s.channels.%u.memcpy",
		     sh->name, ch);
}

/* The same with a block that no cache holds. */
static void memory(const struct shape *sh, uint32_t ch)
{
	uint32_t units = MEMORY_BYTES / ch / sh->sample_bytes / 64 * 64;
	size_t bytes = (size_t)units * ch * sh->sample_bytes;
	pcm_decode_fn *planar = pcm_planar_of(sh->encoding);
	struct figure pcm_gbs = { .runs = 0 }, copy_gbs = { .runs = 0 };
	uint8_t *src = malloc(bytes), *to = malloc(bytes);
	float *plane[CHANNELS_MAX];
	struct pcm_out out = { .planes = plane, .channels = ch };

	memset(src, 0x40, bytes);
	memset(to, 0, bytes);
	for (uint32_t c = 0; c < ch; c++) {
		plane[c] = malloc(units * sizeof(float));
		memset(plane[c], 0, units * sizeof(float));
	}
	for (int run = 0; run < RUNS; run++) {
		uint64_t from = ticks();

		planar(&out, 0, src, units);
		add(&pcm_gbs, bytes, ticks() - from);
		from = ticks();
		memcpy(to, src, bytes);
		__asm__ volatile("" ::: "memory");
		add(&copy_gbs, bytes, ticks() - from);
	}
	figure_print(&pcm_gbs, "GB/s", "pcm.memory.%s.channels.%u.decode",
		     sh->name, ch);
	figure_print(&copy_gbs, "GB/s", "pcm.memory.%s.channels.%u.memcpy",
		     sh->name, ch);
	for (uint32_t c = 0; c < ch; c++)
		free(plane[c]);
	free(src);
	free(to);
}

int main(void)
{
	ns_per_tick = measure_tick();
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		for (size_t j = 0; j < sizeof(frames) / sizeof(frames[0]); j++)
			from_ring(&shapes[i], frames[j].channels,
				  frames[j].units);
		block(&shapes[i], 2);
		block(&shapes[i], 8);
		memory(&shapes[i], 2);
		memory(&shapes[i], 8);
	}
	return 0;
}
