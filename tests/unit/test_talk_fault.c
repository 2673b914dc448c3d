// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What talk sends, with every fault it knows, through parser and accounts: the
 * counters are those of the model, to the frame.
 */
#include "test.h"

#include "../../kmod/shared/ring_prod.h"
#include "../../tools/talk/fault.c"
#include "../../tools/talk/frame.c"
#include "../../tools/talk/pace.c"
#include "../../tools/talk/stream.c"
#include "talk_model.h"

#define STREAM_ID 0x02005e1000010007ull
#define START_NS 1000000000ull
#define SELDOM 601

static const uint8_t dst_mac[6] = { 0x91, 0xe0, 0xf0, 0x00, 0x12, 0x34 };
static const uint8_t src_mac[6] = { 0x02, 0x00, 0x5e, 0x10, 0x00, 0x01 };

/* A stream under test: the talker, the listener, and what must come of it. */
struct pair {
	struct talk_setup setup;
	struct talk_stream *talker;
	struct avtpmap_account account;
	struct avtpmap_ring_hdr hdr;
	struct talk_model model;
	uint64_t last_ns;
};

/* What the samples are is the other test's business. */
static void silence(void *ctx, uint32_t stream, uint64_t position,
		    uint32_t units, const struct talk_format *format,
		    void *samples)
{
	(void)ctx;
	(void)stream;
	(void)position;
	memset(samples, 0, 4ul * units * format->channels);
}

/* As a backend does: parse, account, count. */
static int listen(struct pair *p, const struct talk_wire *w,
		  struct avtpmap_entry *e)
{
	struct avtpmap_pdu pdu;
	enum avtpmap_class class = avtpmap_parse(
		&pdu, w->bytes, w->bytes + w->len_bytes, w->len_bytes, 0, 0);

	if (class == AVTPMAP_MALFORMED) {
		count(&p->hdr, AVTPMAP_C_MALFORMED, 1);
		return 0;
	}
	if (class == AVTPMAP_UNSUPPORTED) {
		count(&p->hdr, AVTPMAP_C_UNSUPPORTED_FORMAT, 1);
		return 0;
	}
	assert_int_equal(class, AVTPMAP_STREAM);
	if (!avtpmap_account(&p->account, &p->hdr, &pdu, START_NS + w->due_ns,
			     e))
		return 0;
	avtpmap_count_frame(&p->hdr, &pdu);
	return 1;
}

static void compare(void *ctx, const struct talk_wire *w)
{
	struct pair *p = ctx;
	struct avtpmap_entry e;
	enum talk_seen seen = talk_model_frame(&p->model, w);
	const uint32_t stale = AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE;

	assert_true(w->due_ns >= p->last_ns);
	p->last_ns = w->due_ns;
	assert_int_equal(listen(p, w, &e), seen != TALK_SEEN_PASSED);
	if (seen == TALK_SEEN_PASSED)
		return;
	assert_int_equal(!!(e.flags & stale), seen == TALK_SEEN_STALE);
	if (seen == TALK_SEEN_STALE)
		return;
	if (e.media_pos != p->model.at)
		fail_msg("frame %llu: media_pos %llu, expected %llu",
			 (unsigned long long)w->index, e.media_pos,
			 (unsigned long long)p->model.at);
	assert_int_equal(e.units, w->units);
	assert_int_equal(p->account.media_pos, p->model.media_pos);
}

static void pair_init(struct pair *p, struct talk_format format)
{
	memset(p, 0, sizeof(*p));
	p->setup.format = format;
	memcpy(p->setup.src, src_mac, sizeof(src_mac));
	p->setup.vid = 2;
	p->setup.pcp = 3;
	p->setup.transit_ns = 2000000;
	p->setup.start_ns = START_NS;
	p->setup.plan.head = 16;
	p->setup.plan.tail = 8;
	p->setup.plan.end = UINT64_MAX;
	p->setup.read = silence;
	p->setup.emit = compare;
	p->setup.emit_ctx = p;
	p->talker = malloc(sizeof(*p->talker));
}

static void pair_run(struct pair *p)
{
	struct talk_pace pace;

	assert_null(talk_pace_init(&pace, &p->setup.format, p->setup.class,
				   p->setup.blocking));
	talk_stream_init(p->talker, &p->setup, 0, STREAM_ID, dst_mac);
	while (talk_stream_step(p->talker))
		;
	for (int c = 0; c < AVTPMAP_N_COUNTERS; c++)
		if (p->hdr.counters[c] != p->model.counters[c])
			fail_msg("counter %d: %llu, expected %llu", c,
				 p->hdr.counters[c],
				 (unsigned long long)p->model.counters[c]);
	assert_int_equal(p->hdr.epoch, p->talker->epoch);
	assert_int_equal(p->talker->n_queue, 0);
}

static void pair_end(struct pair *p)
{
	free(p->talker);
}

/*
 * Everything that can go wrong, often; but a DBC that breaks often is a way to
 * count, and the model believes each break.
 */
static void all_faults(struct talk_plan *plan, uint64_t seed)
{
	plan->seed = seed;
	plan->probability[TALK_LOSE] = 0.03;
	plan->probability[TALK_REPEAT] = 0.02;
	plan->probability[TALK_REORDER] = 0.03;
	plan->probability[TALK_DELAY] = 0.02;
	plan->probability[TALK_CORRUPT_VERSION] = 0.01;
	plan->probability[TALK_CORRUPT_LENGTH] = 0.01;
	plan->probability[TALK_CORRUPT_TRUNCATE] = 0.01;
	plan->probability[TALK_CORRUPT_PAD] = 0.02;
	plan->every[TALK_MR_TOGGLE] = 37;
	plan->every[TALK_TU_TOGGLE] = 53;
	plan->every[TALK_DBC_BREAK] = SELDOM;
	plan->every[TALK_SEQUENCE_JUMP] = 1009;
	plan->every[TALK_RESTART] = 1501;
	plan->end = 10000;
}

static const struct talk_format formats[] = {
	{ TALK_AAF_INT16, 48000, 2, 16 },  { TALK_AAF_INT16, 44100, 1, 16 },
	{ TALK_AAF_INT24, 96000, 4, 24 },  { TALK_AAF_INT32, 176400, 3, 24 },
	{ TALK_AAF_FLOAT, 192000, 5, 32 }, { TALK_AAF_INT32, 88200, 6, 32 },
	{ TALK_AM824, 48000, 8, 24 },	   { TALK_AM824, 44100, 8, 24 },
	{ TALK_AM824, 88200, 2, 24 },	   { TALK_AM824, 96000, 1, 24 },
	{ TALK_AM824, 176400, 4, 24 },	   { TALK_AM824, 192000, 7, 24 },
};

static void every_fault_came(const struct pair *p)
{
	for (int i = 0; i < TALK_N_FAULTS; i++) {
		const struct talk_format *f = &p->setup.format;

		if (i == TALK_CHANGE_FORMAT ||
		    (i == TALK_DBC_BREAK && f->encoding != TALK_AM824) ||
		    (i == TALK_CORRUPT_TRUNCATE &&
		     talk_pdu_bytes(f, p->talker->pace.units) <= 42))
			continue;
		if (!p->talker->faults[i])
			fail_msg("no %s at all", talk_fault_name(i));
	}
}

static void all_faults_all_formats(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(formats); i++)
		for (uint64_t seed = 0; seed < 6; seed++) {
			struct pair p;

			pair_init(&p, formats[i]);
			all_faults(&p.setup.plan, seed);
			p.setup.sparse = seed & 1;
			p.setup.class = seed & 2 ? TALK_CLASS_B : TALK_CLASS_A;
			pair_run(&p);
			every_fault_came(&p);
			pair_end(&p);
		}
}

static void all_faults_blocking(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(formats); i++)
		for (uint64_t seed = 10; seed < 13; seed++) {
			struct pair p;

			if (formats[i].encoding != TALK_AM824)
				continue;
			pair_init(&p, formats[i]);
			all_faults(&p.setup.plan, seed);
			p.setup.blocking = true;
			pair_run(&p);
			every_fault_came(&p);
			pair_end(&p);
		}
}

/* Each fault alone, so that none hides behind another. */
static void one_fault_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(formats); i++)
		for (int fault = 0; fault < TALK_N_EVERY; fault++) {
			struct talk_plan *plan;
			struct pair p;

			pair_init(&p, formats[i]);
			plan = &p.setup.plan;
			plan->seed = fault;
			plan->end = 3000;
			if (fault < TALK_N_RANDOM)
				plan->probability[fault] = 0.1;
			else
				plan->every[fault] =
					fault == TALK_DBC_BREAK ? SELDOM : 100;
			pair_run(&p);
			pair_end(&p);
		}
}

static void no_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(formats); i++) {
		struct pair p;

		pair_init(&p, formats[i]);
		p.setup.plan.end = 3000;
		pair_run(&p);
		assert_int_equal(p.talker->wired, 3000);
		assert_int_equal(p.hdr.counters[AVTPMAP_C_FRAMES_RX], 3000);
		assert_int_equal(p.account.media_pos, p.talker->units);
		assert_int_equal(p.hdr.counters[AVTPMAP_C_SEQ_NUM_MISMATCH], 0);
		pair_end(&p);
	}
}

/* A DBC that breaks again and again: counted, and believed once. */
static void emit_uncompared(void *ctx, const struct talk_wire *w)
{
	struct pair *p = ctx;
	struct avtpmap_entry e;

	assert_int_equal(listen(p, w, &e), 1);
	p->model.base += e.lost_units;
	p->model.counters[AVTPMAP_C_DBC_MISMATCH] += !!w->skipped;
}

static void dbc_breaks_often(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(formats); i++) {
		struct pair p;

		if (formats[i].encoding != TALK_AM824)
			continue;
		pair_init(&p, formats[i]);
		p.setup.emit = emit_uncompared;
		p.setup.plan.every[TALK_DBC_BREAK] = 50;
		p.setup.plan.end = 3000;
		talk_stream_init(p.talker, &p.setup, 0, STREAM_ID, dst_mac);
		while (talk_stream_step(p.talker))
			;
		assert_true(p.model.counters[AVTPMAP_C_DBC_MISMATCH] > 50);
		assert_int_equal(p.hdr.counters[AVTPMAP_C_DBC_MISMATCH],
				 p.model.counters[AVTPMAP_C_DBC_MISMATCH]);
		assert_in_range(p.model.base, TALK_DBC_BREAK_MIN,
				TALK_DBC_BREAK_MAX);
		assert_int_equal(p.account.media_pos,
				 p.talker->units + p.model.base);
		assert_int_equal(p.account.epoch, 1);
		pair_end(&p);
	}
}

static void changes_of_format(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct talk_plan *plan;
		struct pair p;

		pair_init(&p, formats[0]);
		plan = &p.setup.plan;
		all_faults(plan, seed);
		for (int i = 0; i < TALK_CHANGES_MAX; i++) {
			/* now and then onto a restart, or next to one */
			plan->changes[i].frame = 1009 * (i + 1) + i * seed;
			plan->changes[i].format =
				formats[(i + 1 + seed) % N_ELEMS(formats)];
		}
		plan->n_changes = TALK_CHANGES_MAX;
		pair_run(&p);
		assert_int_equal(p.hdr.counters[AVTPMAP_C_FORMAT_CHANGED],
				 TALK_CHANGES_MAX);
		pair_end(&p);
	}
}

/* Half of all frames suffer something: queues and slots hold it. */
static void heavy_weather(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct talk_plan *plan;
		struct pair p;

		pair_init(&p, formats[7]);
		plan = &p.setup.plan;
		plan->seed = seed;
		plan->end = 5000;
		plan->probability[TALK_LOSE] = 0.05;
		plan->probability[TALK_REPEAT] = 0.05;
		plan->probability[TALK_REORDER] = 0.2;
		plan->probability[TALK_DELAY] = 0.2;
		plan->every[TALK_MR_TOGGLE] = 1;
		plan->every[TALK_TU_TOGGLE] = 3;
		plan->head = 8;
		pair_run(&p);
		pair_end(&p);
	}
}

static void same_seed_same_faults(void **state)
{
	struct talk_plan plan = { .head = 16, .tail = 8 };
	unsigned int n = 0, differ = 0;

	(void)state;
	all_faults(&plan, 5);
	for (uint64_t k = 0; k < plan.end; k++) {
		struct talk_plan other = plan;
		struct talk_decision a, b;

		talk_fault_at(&plan, k, &a);
		talk_fault_at(&plan, k, &b);
		assert_memory_equal(&a, &b, sizeof(a));
		other.seed++;
		talk_fault_at(&other, k, &b);
		n += a.wire != TALK_N_RANDOM;
		differ += a.wire != b.wire;
		if (k < plan.head || plan.end - k <= plan.tail)
			assert_true(a.wire == TALK_N_RANDOM && !a.talker);
	}
	/* 15 % of what is not in a head or tail */
	assert_in_range(n, 1250, 1600);
	assert_in_range(differ, 2000, 3000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_fault),
		cmocka_unit_test(same_seed_same_faults),
		cmocka_unit_test(one_fault_at_a_time),
		cmocka_unit_test(all_faults_all_formats),
		cmocka_unit_test(all_faults_blocking),
		cmocka_unit_test(dbc_breaks_often),
		cmocka_unit_test(changes_of_format),
		cmocka_unit_test(heavy_weather),
	};

	return cmocka_run_group_tests_name("talk_fault", tests, NULL, NULL);
}
