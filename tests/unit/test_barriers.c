// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The ring's barriers, A to J of linux/avtpmap.h, on a machine weaker than this
 * one. What producer and reader do is not told here but recorded: the atomic
 * builtins that env.h and ring.h use note each access and fence in a program.
 * Then every order of the two programs is tried that the fences allow. A torn
 * frame must never be accepted, nor head or media_pos be ahead of a frame.
 *
 * An order that is left out of a header is left out of the program. That each
 * of them is seen to be missing is tested, too.
 *
 * The order that is explored is that of a machine whose stores reach all others
 * at once (arm64): of one thread, only what a fence, an acquire, a release or
 * the same address orders stays in order. Of env.h this is the user's part; the
 * module's and the program's say the same with other words.
 */
#include "test.h"

enum op_kind { LOAD, STORE, FENCE };

struct op {
	enum op_kind kind;
	int order; /* __ATOMIC_... */
	const volatile void *at;
	__u32 bytes;
	__u64 value; /* that is stored */
};

enum { OPS_MAX = 64 };

struct program {
	struct op op[OPS_MAX];
	int n;
};

static struct program *recording;

static void record(enum op_kind kind, const volatile void *at, __u32 bytes,
		   __u64 value, int order)
{
	if (!recording)
		return;
	assert_true(recording->n < OPS_MAX);
	recording->op[recording->n++] =
		(struct op){ kind, order, at, bytes, value };
}

#define __atomic_load_n(p, order)                        \
	({                                               \
		record(LOAD, p, sizeof(*(p)), 0, order); \
		*(const volatile typeof(*(p)) *)(p);     \
	})
#define __atomic_store_n(p, v, order)                             \
	({                                                        \
		typeof(*(p)) v_ = (v);                            \
		record(STORE, p, sizeof(*(p)), (__u64)v_, order); \
		*(volatile typeof(*(p)) *)(p) = v_;               \
	})
#define __atomic_thread_fence(order) record(FENCE, NULL, 0, 0, order)

#include <avtpmap/ring.h>

/* The PDU's octets go without order: its first and its last stand for all. */
#undef env_copy
#define env_copy(dst, src, n)                                      \
	do {                                                       \
		const __u8 *src_ = (src);                          \
		__u8 *dst_ = (__u8 *)(dst);                        \
		size_t n_ = (n);                                   \
                                                                   \
		__atomic_store_n(dst_, src_[0], __ATOMIC_RELAXED); \
		__atomic_store_n(dst_ + n_ - 1, src_[n_ - 1],      \
				 __ATOMIC_RELAXED);                \
	} while (0)

#include "ring.h"

enum { SLOTS = 16, PDU_BYTES = 48, STRIDE = 128 };

/* ---- what may be turned round ---- */

static int releases(int order)
{
	return order != __ATOMIC_RELAXED && order != __ATOMIC_ACQUIRE &&
	       order != __ATOMIC_CONSUME;
}

static int acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL ||
	       order == __ATOMIC_SEQ_CST;
}

/* A fence keeps stores before it before stores after it, and so loads. */
static int fence_between(const struct program *p, int a, int b)
{
	for (int i = a + 1; i < b; i++) {
		const struct op *f = &p->op[i];

		if (f->kind != FENCE)
			continue;
		if (f->order == __ATOMIC_SEQ_CST)
			return 1;
		if (releases(f->order) && p->op[a].kind == STORE &&
		    p->op[b].kind == STORE)
			return 1;
		if (acquires(f->order) && p->op[a].kind == LOAD)
			return 1;
	}
	return 0;
}

static int ordered(const struct program *p, int a, int b)
{
	const struct op *x = &p->op[a], *y = &p->op[b];

	if (x->kind == FENCE || y->kind == FENCE)
		return 0;
	return x->at == y->at || (x->kind == LOAD && acquires(x->order)) ||
	       (y->kind == STORE && releases(y->order)) ||
	       fence_between(p, a, b);
}

/* ---- two programs at once ---- */

enum { PLACES_MAX = 4, SHORT_MAX = 16 };

struct place {
	const volatile void *at;
	__u64 value;
};

/* What of a program touches some places: its accesses, and who goes before. */
struct part {
	struct op op[SHORT_MAX];
	__u32 before[SHORT_MAX];
	int n;
};

struct world {
	struct part producer, reader;
	int (*wrong)(const struct part *reader, const __u64 *loaded);
	__u64 orders;
	__u64 bad;
	int n_places;
};

static int place_of(const struct place *places, int n, const volatile void *at)
{
	for (int i = 0; i < n; i++)
		if (places[i].at == at)
			return i;
	return -1;
}

static void take_part(struct part *part, const struct program *p,
		      const struct place *places, int n_places)
{
	static __u64 before[OPS_MAX]; /* all of them, not only the next */
	int index[OPS_MAX];

	part->n = 0;
	for (int b = 0; b < p->n; b++) {
		before[b] = 0;
		for (int a = 0; a < b; a++)
			if (ordered(p, a, b))
				before[b] |= before[a] | 1ull << a;
		if (p->op[b].kind == FENCE ||
		    place_of(places, n_places, p->op[b].at) < 0)
			continue;
		assert_true(part->n < SHORT_MAX);
		index[part->n] = b;
		part->op[part->n] = p->op[b];
		part->before[part->n] = 0;
		for (int i = 0; i < part->n; i++)
			if (before[b] >> index[i] & 1)
				part->before[part->n] |= 1u << i;
		part->n++;
	}
}

/* Ends when the reader has loaded all: what is stored later it cannot see. */
static void explore(struct world *w, __u32 produced, __u32 read,
		    const struct place *places, const __u64 *loaded)
{
	struct place p[PLACES_MAX];
	__u64 l[SHORT_MAX];

	if (read == (1u << w->reader.n) - 1) {
		w->orders++;
		w->bad += w->wrong(&w->reader, loaded);
		return;
	}
	for (int i = 0; i < w->producer.n; i++) {
		const struct op *op = &w->producer.op[i];

		if (produced >> i & 1 || w->producer.before[i] & ~produced)
			continue;
		memcpy(p, places, sizeof(p));
		if (op->kind == STORE)
			p[place_of(p, w->n_places, op->at)].value = op->value;
		explore(w, produced | 1u << i, read, p, loaded);
	}
	for (int i = 0; i < w->reader.n; i++) {
		if (read >> i & 1 || w->reader.before[i] & ~read)
			continue;
		memcpy(l, loaded, sizeof(l));
		l[i] = places[place_of(places, w->n_places, w->reader.op[i].at)]
			       .value;
		explore(w, produced, read | 1u << i, places, l);
	}
}

/* ---- the ring's programs ---- */

enum what {
	PUBLISH, /* the frame that the reader waits for comes */
	BY_SEQ, /* and it looks at the slot, not knowing the head */
	OVERWRITE, /* a ring later, while it reads: it releases, */
	VERIFY, /* or asks */
	DUE, /* a period ends, and it looks for the period's frames */
};

static struct test_ring ring;
static __u8 *whole; /* the ring's memory as it is when the frame is whole */
static struct avtpmap_slot *slot; /* of position 0, which the reader is at */
static enum what what;
static const volatile void *field; /* of the slot, that the reader reads */

static size_t memory_bytes(void)
{
	return avtpmap_ring_bytes(SLOTS, STRIDE);
}

static __u64 value_in(const __u8 *memory, const volatile void *at, __u32 bytes)
{
	__u64 value = 0;

	memcpy(&value, memory + ((const __u8 *)at - (__u8 *)ring.hdr), bytes);
	return value;
}

/* No field has the same value in two frames. */
static void lay_down(__u64 pos)
{
	__u32 n = 1 + pos;
	struct avtpmap_pdu pdu = {
		.len_bytes = PDU_BYTES,
		.avtp_timestamp = 100 + n,
		.subtype = AVTPMAP_SUB_AAF,
		.sequence = n,
	};
	struct avtpmap_entry e = {
		.media_pos = 6 * n,
		.units = n,
		.lost = n,
		.lost_units = n,
		.flags = n,
	};
	__u8 octets[PDU_BYTES];

	memset(octets, (int)n, sizeof(octets));
	assert_int_equal(ring.head, pos);
	ring.account.epoch = n;
	ring.account.media_pos = 6 * (n + 1);
	test_ring_produce(&ring, &pdu, &e, octets, n, n);
}

static void run_reader(struct program *p)
{
	struct avtpmap_reader_page page = { 0 };
	struct avtpmap_ring r = {
		.hdr = ring.hdr,
		.slots = ring.slots,
		.reader = &page,
		.mask = SLOTS - 1,
		.shift = __builtin_ctz(STRIDE),
	};
	struct avtpmap_stream *s = (struct avtpmap_stream *)&r;

	p->n = 0;
	recording = p;
	if (what == DUE) {
		assert_int_not_equal(env_load_acquire(&ring.hdr->media_pos),
				     0); /* J, as in each backend */
		assert_int_not_equal(avtpmap_avail(s), 0);
	} else {
		assert_ptr_equal(avtpmap_peek(s), slot);
		record(LOAD, field, 1, 0, __ATOMIC_RELAXED);
		assert_int_equal(what == VERIFY ? avtpmap_verify(s) :
						  avtpmap_release(s),
				 0);
	}
	recording = NULL;
}

static void run_producer(struct program *p, __u64 pos)
{
	p->n = 0;
	recording = p;
	lay_down(pos);
	recording = NULL;
}

/* Of those loads that the reader's way through depends on. */
static int wrong_frame(const struct part *reader, const __u64 *loaded)
{
	__u64 even = 2;
	int seqs = 0;

	for (int i = 0; i < reader->n; i++) {
		const struct op *op = &reader->op[i];

		if (op->at == &ring.hdr->head && !loaded[i])
			return 0; /* nothing yet */
		if (op->at == &slot->seq && loaded[i] != even)
			/* overrun: in the first lap there is none */
			return what == PUBLISH;
		seqs += op->at == &slot->seq;
	}
	assert_int_equal(seqs, 2);
	for (int i = 0; i < reader->n; i++)
		if (reader->op[i].at == field &&
		    loaded[i] != value_in(whole, field, reader->op[i].bytes))
			return 1;
	return 0;
}

static int wrong_period(const struct part *reader, const __u64 *loaded)
{
	__u64 media_pos = 0, head = 0;

	for (int i = 0; i < reader->n; i++) {
		if (reader->op[i].at == &ring.hdr->media_pos)
			media_pos = loaded[i];
		else
			head = loaded[i];
	}
	return media_pos && !head;
}

/* ---- and what becomes of them ---- */

/* The letters of those accesses and fences that order something. */
static char letter_of(const struct program *p, int i, int producer)
{
	const struct op *op = &p->op[i];

	if (op->kind == FENCE)
		return producer ? 'A' : 'G';
	if (op->at == &slot->seq && op->order != __ATOMIC_RELAXED)
		return producer ? 'C' : 'F';
	if (op->at == &ring.hdr->head)
		return producer ? 'D' : 'E';
	if (op->at == &ring.hdr->media_pos)
		return producer ? 'I' : 'J';
	return 0;
}

static void weaken(struct program *p, int producer, char letter)
{
	for (int i = 0; i < p->n; i++)
		if (letter && letter_of(p, i, producer) == letter)
			p->op[i].order = __ATOMIC_RELAXED;
}

/* Orders of the two programs that go wrong where @field is concerned. */
static __u64 wrong_orders(struct program producer, struct program reader,
			  const __u8 *before, char letter)
{
	const volatile void *at[PLACES_MAX] = { &ring.hdr->head, &slot->seq,
						field };
	struct place places[PLACES_MAX] = { 0 };
	__u64 loaded[SHORT_MAX] = { 0 };
	struct world w = { .wrong = wrong_frame };

	if (what == BY_SEQ) {
		at[0] = &slot->seq;
		at[1] = field;
		at[2] = NULL;
	} else if (what == DUE) {
		at[1] = &ring.hdr->media_pos;
		at[2] = NULL;
		w.wrong = wrong_period;
	}
	weaken(&producer, 1, letter);
	weaken(&reader, 0, letter);
	for (; at[w.n_places]; w.n_places++) {
		__u32 bytes = 8;

		for (int i = 0; i < producer.n; i++)
			if (producer.op[i].at == at[w.n_places])
				bytes = producer.op[i].bytes;
		places[w.n_places].at = at[w.n_places];
		places[w.n_places].value =
			value_in(before, at[w.n_places], bytes);
	}
	take_part(&w.producer, &producer, places, w.n_places);
	take_part(&w.reader, &reader, places, w.n_places);
	explore(&w, 0, 0, places, loaded);
	assert_int_not_equal(w.orders, 0);
	return w.bad;
}

static int in_slot(const struct op *op)
{
	const __u8 *at = (const __u8 *)op->at;

	return op->kind == STORE && op->at != &slot->seq &&
	       at >= (__u8 *)slot && at < (__u8 *)slot + STRIDE;
}

/* Of all fields of the frame, one after the other. */
static __u64 wrong_in(enum what now, char letter)
{
	int first_lap = now == PUBLISH || now == BY_SEQ || now == DUE;
	struct program producer, reader;
	__u64 bad = 0;
	__u8 *before;

	what = now;
	test_ring_create(&ring, SLOTS, STRIDE);
	slot = test_ring_slot(&ring, 0);
	before = malloc(memory_bytes());
	whole = malloc(memory_bytes());
	for (__u64 pos = 0; !first_lap && pos < SLOTS; pos++)
		lay_down(pos);
	memcpy(before, ring.hdr, memory_bytes());
	run_producer(&producer, first_lap ? 0 : SLOTS);
	memcpy(whole, first_lap ? (void *)ring.hdr : before, memory_bytes());
	memcpy(ring.hdr, whole, memory_bytes());
	for (int i = 0; i < producer.n; i++) {
		if (!in_slot(&producer.op[i]))
			continue;
		field = producer.op[i].at;
		run_reader(&reader);
		for (int k = 0; k < reader.n; k++)
			if (reader.op[k].at == field)
				reader.op[k].bytes = producer.op[i].bytes;
		bad += wrong_orders(producer, reader, before, letter);
	}
	free(before);
	free(whole);
	test_ring_destroy(&ring);
	return bad;
}

/* ---- tests ---- */

static void no_frame_is_announced_before_it_is_there(void **state)
{
	(void)state;
	assert_int_equal(wrong_in(PUBLISH, 0), 0);
	assert_int_equal(wrong_in(BY_SEQ, 0), 0);
}

static void no_torn_frame_is_accepted(void **state)
{
	(void)state;
	assert_int_equal(wrong_in(OVERWRITE, 0), 0);
	assert_int_equal(wrong_in(VERIFY, 0), 0);
}

static void no_period_is_due_before_its_frames(void **state)
{
	(void)state;
	assert_int_equal(wrong_in(DUE, 0), 0);
}

/* Where the lack of each shows. */
static void each_order_is_needed(void **state)
{
	static const struct {
		char letter;
		enum what what;
	} needed[] = {
		{ 'A', OVERWRITE }, { 'A', VERIFY },  { 'C', BY_SEQ },
		{ 'D', PUBLISH },   { 'E', PUBLISH }, { 'F', BY_SEQ },
		{ 'G', OVERWRITE }, { 'G', VERIFY },  { 'I', DUE },
		{ 'J', DUE },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(needed); i++)
		if (!wrong_in(needed[i].what, needed[i].letter))
			fail_msg("without %c nothing goes wrong",
				 needed[i].letter);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_frame_is_announced_before_it_is_there),
		cmocka_unit_test(no_torn_frame_is_accepted),
		cmocka_unit_test(no_period_is_due_before_its_frames),
		cmocka_unit_test(each_order_is_needed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("barriers", tests, NULL, NULL);
}
