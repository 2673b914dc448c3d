// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The shared core in user space: what the module does with a frame between the
 * hook's entry and its return (parse, look up, account, produce), without clock,
 * lock and wakeup; the copy alone; and the reader's side.
 *
 * Frames lie in memory one after the other, as many as go with their sequence
 * numbers, and a ring is as small as it can be ("hot") or holds 100 ms.
 */
#include <avtpmap/ring.h>
#include <string.h>

#include "../../kmod/shared/key.h"
#include "../unit/ring.h"
#include "../unit/talker.h"
#include "bench.h"

enum {
	RUNS = 21,
	FRAMES = 16384, /* of a run */
	BUCKETS = 4096, /* as in kmod/table.h */
	HEADERS = 14 + 24,
	HOT_SLOTS = 16,
	RING_SLOTS = 1024, /* 100 ms of class A */
};

/* As kmod/table.h: chained, by the same hash. */
struct stream {
	struct stream *next;
	struct avtpmap_key key;
	struct test_ring ring;
};

struct bench {
	struct stream *table[BUCKETS];
	struct stream *streams;
	uint32_t n_streams;
	uint32_t n_talkers;
	uint32_t first_talker;
	uint8_t *frames;
	uint32_t n_frames;
	uint32_t frame_bytes;
	uint64_t now_ns;
};

static __be64 stream_id(uint32_t i)
{
	return htobe64(0x02005e1000010000ull + ((uint64_t)(i >> 4) << 24) +
		       (i & 15));
}

static struct stream **bucket(struct bench *b, __be64 id)
{
	return &b->table[avtpmap_key_hash(id) % BUCKETS];
}

static struct stream *find(struct bench *b, __be64 id)
{
	struct stream *s = *bucket(b, id);

	while (s && s->key.stream_id != id)
		s = s->next;
	return s;
}

static inline int rx(struct bench *b, const uint8_t *frame, uint64_t now_ns)
{
	struct avtpmap_entry e;
	struct avtpmap_pdu pdu;
	struct stream *s;

	if (avtpmap_parse(&pdu, frame, frame + b->frame_bytes, b->frame_bytes,
			  0, 0) != AVTPMAP_STREAM)
		return 0;
	s = find(b, pdu.stream_id);
	if (!s || !avtpmap_key_on_path(&s->key, &pdu) ||
	    !avtpmap_account(&s->ring.account, s->ring.hdr, &pdu, now_ns, &e))
		return 0;
	test_ring_produce(&s->ring, &pdu, &e, frame + pdu.offset, now_ns, 0);
	return 1;
}

/* AAF int16, as many channels as fill the frame with one unit. */
static void make_frames(struct bench *b)
{
	uint32_t data = b->frame_bytes - HEADERS;
	struct wire w = {
		.subtype = AVTPMAP_SUB_AAF,
		.tv = 1,
		.specific = 0x04500010 | (data / 2) << 8,
		.src_mac = 0x02005e100001ull,
		.data_bytes = data,
	};

	for (uint32_t i = 0; i < b->n_frames; i++) {
		w.stream_id =
			be64toh(stream_id(b->first_talker + i % b->n_talkers));
		w.sequence = i / b->n_talkers;
		build_frame(b->frames + (size_t)i * b->frame_bytes, &w);
	}
}

static void bench_up(struct bench *b, uint32_t frame_bytes, uint32_t n_streams,
		     uint32_t n_talkers, uint32_t n_slots)
{
	uint32_t stride = avtpmap_ring_stride(frame_bytes - 14);

	memset(b, 0, sizeof(*b));
	b->frame_bytes = frame_bytes;
	b->n_streams = n_streams;
	b->n_talkers = n_talkers;
	b->now_ns = 1000000000;
	b->streams = aligned_alloc(64, n_streams * sizeof(*b->streams));
	memset(b->streams, 0, n_streams * sizeof(*b->streams));
	for (uint32_t i = 0; i < n_streams; i++) {
		struct stream *s = &b->streams[i];
		struct stream **head = bucket(b, stream_id(i));

		s->key.stream_id = stream_id(i);
		s->key.vid = AVTPMAP_ANY_VID;
		test_ring_create(&s->ring, n_slots, stride);
		s->next = *head;
		*head = s;
	}
	b->n_frames = n_talkers > 256 ? n_talkers : 256;
	b->frames = aligned_alloc(64, ((size_t)b->n_frames * frame_bytes + 63) /
					      64 * 64);
	make_frames(b);
}

static void bench_down(struct bench *b)
{
	for (uint32_t i = 0; i < b->n_streams; i++)
		test_ring_destroy(&b->streams[i].ring);
	free(b->streams);
	free(b->frames);
}

/* Once through all frames; their talkers go on where they were. */
static uint64_t round_of_frames(struct bench *b)
{
	uint32_t per_talker = b->n_frames / b->n_talkers, got = 0;
	uint64_t from = ticks(), to;

	for (uint32_t i = 0; i < b->n_frames; i++) {
		b->now_ns += 1000;
		got += rx(b, b->frames + (size_t)i * b->frame_bytes, b->now_ns);
	}
	to = ticks();
	if (got != b->n_frames) {
		fprintf(stderr, "core: %u of %u frames refused\n",
			b->n_frames - got, b->n_frames);
		exit(1);
	}
	for (uint32_t i = 0; per_talker % 256 && i < b->n_frames; i++)
		b->frames[(size_t)i * b->frame_bytes + 16] += per_talker;
	return to - from;
}

static double ns_per_tick;

static void print_both(struct figure *cycles, struct figure *ns, const char *id)
{
	figure_print(cycles, "cycles", "%s.cycles", id);
	figure_print(ns, "ns", "%s.ns", id);
}

static void frames_of(uint32_t frame_bytes, uint32_t n_streams,
		      uint32_t n_talkers, uint32_t n_slots, const char *id)
{
	struct figure cycles = { .runs = 0 }, ns = { .runs = 0 };
	struct bench b;

	bench_up(&b, frame_bytes, n_streams, n_talkers, n_slots);
	for (int run = 0; run < RUNS; run++) {
		double per_tick;
		uint64_t sum = 0;
		uint32_t n;

		/* another talker in each run: buckets differ */
		if (n_talkers < n_streams) {
			b.first_talker = run * n_streams / RUNS;
			make_frames(&b);
		}
		for (n = 0; n < FRAMES; n += b.n_frames)
			round_of_frames(&b);
		per_tick = cycles_per_tick();
		for (n = 0; n < FRAMES; n += b.n_frames)
			sum += round_of_frames(&b);
		figure_add(&ns, sum * ns_per_tick / n);
		figure_add(&cycles, sum * per_tick / n);
	}
	print_both(&cycles, &ns, id);
	bench_down(&b);
}

/* What the frame's one copy costs where rx() makes it. */
static void copy_of(uint32_t frame_bytes)
{
	struct figure cycles = { .runs = 0 }, ns = { .runs = 0 };
	struct bench b;
	char id[64];

	bench_up(&b, frame_bytes, 1, 1, HOT_SLOTS);
	for (int run = 0; run < RUNS; run++) {
		double per_tick = cycles_per_tick();
		uint64_t from = ticks(), sum;

		for (uint32_t n = 0; n < FRAMES; n++) {
			uint8_t *to =
				(uint8_t *)(test_ring_slot(&b.streams[0].ring,
							   n) +
					    1);

			env_copy(to,
				 b.frames + (n % 256) * (size_t)frame_bytes +
					 14,
				 frame_bytes - 14);
			__asm__ volatile("" ::: "memory");
		}
		sum = ticks() - from;
		figure_add(&ns, sum * ns_per_tick / FRAMES);
		figure_add(&cycles, sum * per_tick / FRAMES);
	}
	snprintf(id, sizeof(id), "core.copy.%u", frame_bytes);
	print_both(&cycles, &ns, id);
	bench_down(&b);
}

/* peek and release; and with every octet of the PDU read between them. */
static void reader_of(uint32_t frame_bytes, int read_all)
{
	struct figure cycles = { .runs = 0 }, ns = { .runs = 0 };
	static uint8_t sink[2048];
	struct avtpmap_ring ring;
	struct bench b;
	char id[64];

	bench_up(&b, frame_bytes, 1, 1, RING_SLOTS);
	ring = (struct avtpmap_ring){
		.hdr = b.streams[0].ring.hdr,
		.slots = b.streams[0].ring.slots,
		.reader = &b.streams[0].ring.page,
		.mask = RING_SLOTS - 1,
		.shift = __builtin_ctz(b.streams[0].ring.stride),
	};
	for (int run = 0; run < RUNS; run++) {
		struct avtpmap_stream *s = (struct avtpmap_stream *)&ring;
		double per_tick = cycles_per_tick();
		uint64_t sum = 0, got = 0;

		for (uint32_t n = 0; n < FRAMES; n += b.n_frames) {
			const struct avtpmap_slot *slot;
			uint64_t from;

			round_of_frames(&b);
			from = ticks();
			while ((slot = avtpmap_peek(s))) {
				if (read_all)
					memcpy(sink, avtpmap_slot_pdu(slot),
					       slot->len_bytes);
				__asm__ volatile("" ::: "memory");
				got += !avtpmap_release(s);
			}
			sum += ticks() - from;
		}
		if (got != FRAMES)
			exit(1);
		figure_add(&ns, sum * ns_per_tick / FRAMES);
		figure_add(&cycles, sum * per_tick / FRAMES);
	}
	snprintf(id, sizeof(id), "core.reader.%u.%s", frame_bytes,
		 read_all ? "copied" : "seen");
	print_both(&cycles, &ns, id);
	bench_down(&b);
}

int main(void)
{
	static const uint32_t sizes[] = { 68, 234, 1518 };
	static const struct {
		uint32_t streams;
		uint32_t talkers;
		uint32_t slots;
		const char *name;
	} rows[] = {
		{ 1, 1, HOT_SLOTS, "streams.1.hot" },
		{ 64, 1, HOT_SLOTS, "streams.64.hot" },
		{ 4096, 1, HOT_SLOTS, "streams.4096.hot" },
		{ 1, 1, RING_SLOTS, "streams.1.ring" },
		{ 64, 64, HOT_SLOTS, "streams.64.rotating" },
		{ 4096, 4096, HOT_SLOTS, "streams.4096.rotating" },
	};
	char id[64];

	ns_per_tick = measure_tick();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			snprintf(id, sizeof(id), "core.frame.%u.%s", sizes[i],
				 rows[j].name);
			frames_of(sizes[i], rows[j].streams, rows[j].talkers,
				  rows[j].slots, id);
		}
		copy_of(sizes[i]);
		reader_of(sizes[i], 0);
		reader_of(sizes[i], 1);
	}
	return 0;
}
