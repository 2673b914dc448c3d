// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Producers against readers at full speed: no torn frame is ever accepted, and
 * every position is either read or counted as missed.
 *
 * Each PDU is a pseudo-random function of its position, behind a checksum, so
 * a mixture of two frames cannot pass. Readers copy by env_copy(): under TSan
 * that is atomic word by word (it calls a sequence lock a race), and without
 * it a plain memcpy, where the checksum is the proof.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <avtpmap/ring.h>

#include "ring.h"
#include "tap.h"

#define MAX_READERS 3
#define MAX_PRODUCERS 2

struct setup {
	const char *name;
	__u32 n_slots;
	__u32 stride;
	int readers;
	int producers;
	int pace; /* iterations of nothing between frames */
	int nap; /* readers fall asleep every so many frames */
	int edge; /* readers wait until their slot is the next to go */
};

static const struct setup setups[] = {
	{ "smallest ring, flat out", 16, 128, 1, 1, 0, 0, 0 },
	{ "large frames in a small ring", 16, 2048, 2, 1, 0, 0, 0 },
	{ "readers that keep up, mostly", 1024, 256, 2, 1, 200, 0, 0 },
	{ "readers that fall asleep", 64, 512, 3, 1, 50, 1000, 0 },
	{ "readers at the very edge", 16, 2048, 1, 1, 0, 0, 1 },
	{ "small frames at the edge", 16, 128, 1, 1, 0, 0, 1 },
	{ "two producers, one at a time", 32, 256, 1, 2, 20, 0, 0 },
};

struct reader {
	struct avtpmap_ring ring;
	struct avtpmap_reader_page page;
	pthread_t thread;
	const struct setup *setup;
	__u64 read;
	__u64 torn; /* begun to read, thrown away */
	__u64 bad; /* accepted although wrong: never */
	__u64 early; /* told of an overrun that was none: never */
	__u64 undue; /* told of media whose frame is not there: never */
	__u64 last;
};

static struct test_ring ring;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int stop, done;

static __u64 mix(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static __u32 words_of(__u64 pos, __u32 room_bytes)
{
	return 2 + mix(pos) % (room_bytes / 8 - 1);
}

static void fill(__u64 *words, __u32 n, __u64 pos)
{
	__u64 sum = pos;

	for (__u32 i = 1; i < n; i++) {
		words[i] = mix(pos * 1000003 + i);
		sum = mix(sum ^ words[i]);
	}
	words[0] = sum;
}

/* Is this the frame of @pos, whole? */
static int whole(const struct avtpmap_slot *slot, const __u64 *words, __u64 pos,
		 __u32 room_bytes)
{
	__u32 n = words_of(pos, room_bytes);
	__u64 sum = pos;

	if (slot->seq != 2 * pos + 2 || slot->len_bytes != 8 * n ||
	    slot->media_pos != 6 * pos || slot->hwtime_ns != mix(pos) ||
	    slot->mono_ns != ~mix(pos) || slot->units != 6 ||
	    slot->avtp_timestamp != (__u32)pos || slot->lost != (__u32)~pos ||
	    slot->lost_units != (__u32)(pos >> 3) ||
	    slot->flags != ((__u32)pos | AVTPMAP_F_MONOTIME) ||
	    slot->epoch != 1 ||
	    slot->pdu != AVTPMAP_PDU(2, pos & 0xff, pos & 0xffff))
		return 0;
	for (__u32 i = 1; i < n; i++)
		sum = mix(sum ^ words[i]);
	return words[0] == sum;
}

static void produce_one(__u64 *words)
{
	__u64 pos = ring.head;
	__u32 n = words_of(pos, ring.stride - sizeof(struct avtpmap_slot));
	struct avtpmap_pdu pdu = {
		.avtp_timestamp = pos,
		.len_bytes = 8 * n,
		.subtype = 2,
		.sequence = pos,
		.tci = pos,
	};
	struct avtpmap_entry e = {
		.media_pos = 6 * pos,
		.units = 6,
		.lost = ~pos,
		.lost_units = pos >> 3,
		.flags = pos,
	};

	fill(words, n, pos);
	ring.account.media_pos = 6 * pos + 6;
	test_ring_produce(&ring, &pdu, &e, words, ~mix(pos), mix(pos));
}

static void *producer(void *arg)
{
	const struct setup *setup = arg;
	__u64 words[AVTPMAP_STRIDE_MAX / 8];

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		if (setup->producers > 1)
			pthread_mutex_lock(&turn);
		produce_one(words);
		if (setup->producers > 1)
			pthread_mutex_unlock(&turn);
		for (volatile int i = 0; i < setup->pace; i++)
			;
	}
	return NULL;
}

static void read_one(struct reader *r, const struct avtpmap_slot *slot)
{
	struct avtpmap_stream *s = (struct avtpmap_stream *)&r->ring;
	__u32 room = ring.stride - sizeof(*slot);
	__u64 words[AVTPMAP_STRIDE_MAX / 8];
	__u64 pos = r->ring.pos;
	struct avtpmap_slot copy;

	while (r->setup->edge && !__atomic_load_n(&done, __ATOMIC_ACQUIRE) &&
	       env_load_acquire(&ring.hdr->head) < pos + ring.n_slots)
		;
	env_copy(&copy, slot, sizeof(copy));
	if (mix(pos) % 512 == 0) /* let them come round meanwhile */
		sched_yield();
	if (copy.len_bytes > room) /* torn already: must not be trusted */
		copy.len_bytes = room;
	env_copy(words, avtpmap_slot_pdu(slot), copy.len_bytes);
	if (avtpmap_release(s)) {
		r->torn++;
		return;
	}
	if (!whole(&copy, words, pos, room) || (r->read && pos <= r->last) ||
	    r->page.acked != 6 * pos + 6)
		r->bad++;
	r->last = pos;
	r->read++;
	if (r->setup->nap && r->read % r->setup->nap == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 300000 }, NULL);
}

static void *reader(void *arg)
{
	struct reader *r = arg;
	struct avtpmap_stream *s = (struct avtpmap_stream *)&r->ring;

	for (;;) {
		/* asked before the last look, so that nothing is left behind */
		int last_look = __atomic_load_n(&done, __ATOMIC_ACQUIRE);
		__u64 overruns = r->ring.overruns, pos = r->ring.pos;
		__u64 media_pos = env_load_acquire(&ring.hdr->media_pos);
		const struct avtpmap_slot *slot = avtpmap_peek(s);

		/* a period that is due has its frames */
		if (6 * env_load_acquire(&ring.hdr->head) < media_pos)
			r->undue++;
		/* who lost @pos lost it to @pos + n_slots, or one after that */
		if (r->ring.overruns != overruns &&
		    env_load_acquire(&ring.hdr->head) < pos + ring.n_slots)
			r->early++;
		if (slot)
			read_one(r, slot);
		else if (last_look)
			return NULL;
	}
}

static void start_reader(struct reader *r, const struct setup *setup)
{
	memset(r, 0, sizeof(*r));
	r->setup = setup;
	r->ring.hdr = ring.hdr;
	r->ring.slots = ring.slots;
	r->ring.reader = &r->page;
	r->ring.mask = setup->n_slots - 1;
	r->ring.shift = __builtin_ctz(setup->stride);
	pthread_create(&r->thread, NULL, reader, r);
}

static void run(const struct setup *setup, long ms)
{
	pthread_t producers[MAX_PRODUCERS];
	struct reader readers[MAX_READERS];
	__u64 read = 0, torn = 0, missed = 0, bad = 0, early = 0, undue = 0;
	int exact = 1, ok;

	test_ring_create(&ring, setup->n_slots, setup->stride);
	ring.account.epoch = 1;
	stop = done = 0;
	for (int i = 0; i < setup->readers; i++)
		start_reader(&readers[i], setup);
	for (int i = 0; i < setup->producers; i++)
		pthread_create(&producers[i], NULL, producer, (void *)setup);
	/* so long, but twice round at least, however slow the machine is */
	do
		nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 },
			  NULL);
	while (env_load_acquire(&ring.hdr->head) < 2 * setup->n_slots);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < setup->producers; i++)
		pthread_join(producers[i], NULL);
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);

	for (int i = 0; i < setup->readers; i++) {
		struct reader *r = &readers[i];

		pthread_join(r->thread, NULL);
		exact &= r->read + r->ring.overrun_frames == ring.head;
		read += r->read;
		torn += r->torn;
		missed += r->ring.overrun_frames;
		bad += r->bad;
		early += r->early;
		undue += r->undue;
	}
	ok = exact && !bad && !early && !undue && read &&
	     ring.head > setup->n_slots;
	tap_ok(ok,
	       "%s: %llu published, %llu read, %llu missed, %llu torn and seen so, %llu accepted wrongly, %llu given up too early, %llu due too early%s",
	       setup->name, ring.head, read, missed, torn, bad, early, undue,
	       exact ? "" : ", SUM WRONG");
	test_ring_destroy(&ring);
}

int main(int argc, char **argv)
{
	long ms = argc > 1 ? atol(argv[1]) : 1000;

	for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]); i++)
		run(&setups[i], ms);
	return tap_done();
}
