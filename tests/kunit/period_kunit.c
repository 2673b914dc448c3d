// SPDX-License-Identifier: GPL-2.0
/* Wakes of real readers against a model that walks every single media unit. */
#include "fixture.h"
#include "shared/period.h"

/* ---- arithmetic ---- */

static u64 walk(u64 from, u64 to, u32 period)
{
	u64 ends = 0;

	while (from < to)
		ends += ++from % period == 0;
	return ends;
}

static void period_arithmetic(struct kunit *test)
{
	u64 seed = 61883;
	u64 from, to, next;
	u32 period, i;

	for (i = 0; i < 3000; i++) {
		period = dice(&seed) % (i % 2 ? 20 : 1100) + 1;
		from = dice(&seed) % 5000 + (i % 3 ? 0 : 1ull << 40);
		to = from + dice(&seed) % 1500;
		for (next = from + 1; next % period; )
			next++;
		KUNIT_EXPECT_EQ(test, avtpmap_period_next(from, period), next);
		KUNIT_EXPECT_EQ(test, avtpmap_period_due(from, to, period),
				walk(from, to, period));
		KUNIT_EXPECT_EQ(test, avtpmap_period_due(to, from, period), 0);
	}
}

/* The smallest multiple that lasts 250 us. */
static u32 slowest(u32 period, u32 rate_hz)
{
	u32 wake = period;

	while ((u64)wake * NSEC_PER_SEC < (u64)rate_hz * 250000)
		wake += period;
	return wake;
}

static void period_floor(struct kunit *test)
{
	static const u32 rates[] = { 0, 1, 8000, 11025, 44100, 48000, 88200,
				     96000, 176400, 192000, 768000 };
	u32 i, period;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (period = 1; period < 260; period++)
			KUNIT_EXPECT_EQ(test, avtpmap_wake_period(period, rates[i]),
					slowest(period, rates[i]));
	KUNIT_EXPECT_EQ(test, avtpmap_wake_period(AVTPMAP_PERIOD_MAX, 192000),
			AVTPMAP_PERIOD_MAX);
}

/* ---- readers ---- */

struct model {
	struct reader *r;
	u32 period;
	u64 ends;	/* of the period */
	u64 wakes;
};

struct scene {
	struct nic *nic;
	struct stream *s;
	struct talker *t;
	u64 pos;
	u32 n_models;
	struct model models[8];
};

static struct scene *scene_make(struct kunit *test)
{
	struct scene *sc = kunit_kzalloc(test, sizeof(*sc), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, sc);
	sc->nic = nic_create(test);
	sc->s = stream_make(test, sc->nic, TALKER_ID);
	sc->t = talker_make(test, sc->nic, TALKER_ID);
	return sc;
}

static struct model *add_reader(struct kunit *test, struct scene *sc, u32 period)
{
	struct model *m = &sc->models[sc->n_models++];

	m->r = reader_make(test, sc->nic, TALKER_ID);
	m->period = period;
	KUNIT_ASSERT_EQ(test, reader_periods(m->r, period), 0);
	return m;
}

static void walk_frame(struct model *m, u64 pos, u32 units, u32 rate_hz)
{
	u32 wake_period = slowest(m->period, rate_hz);
	bool woken = false;

	while (units--) {
		pos++;
		m->ends += pos % m->period == 0;
		woken |= pos % wake_period == 0;
	}
	m->wakes += woken;
}

/* One frame to all readers and all models. */
static void scene_frame(struct kunit *test, struct scene *sc, u32 units,
			u32 rate_hz)
{
	u32 i;

	sc->t->units = units;
	talk(sc->t);
	for (i = 0; i < sc->n_models; i++) {
		struct model *m = &sc->models[i];
		struct avtpmap_reader_info info = reader_told(m->r);

		walk_frame(m, sc->pos, units, rate_hz);
		KUNIT_ASSERT_EQ_MSG(test, info.wakes_period, m->wakes,
				    "period %u at %llu", m->period, sc->pos);
		KUNIT_ASSERT_EQ_MSG(test, info.periods, m->ends,
				    "period %u at %llu", m->period, sc->pos);
	}
	sc->pos += units;
	KUNIT_ASSERT_EQ(test, sc->s->account.media_pos, sc->pos);
}

/* Any packets, six readers at once, one of them below the floor. */
static void period_random_packets(struct kunit *test)
{
	static const u32 periods[] = { 32, 64, 100, 441, 1024, 7 };
	struct scene *sc = scene_make(test);
	u64 seed = 1722;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(periods); i++)
		add_reader(test, sc, periods[i]);
	for (i = 0; i < 6000; i++)
		scene_frame(test, sc, dice(&seed) % (i % 500 ? 14 : 700) + 1, 48000);
}

/* wakes issued = floor(media / period), for packets that real talkers send. */
static void period_exact(struct kunit *test)
{
	static const u32 periods[] = { 32, 48, 64, 100, 441, 1024 };
	static const u32 units[] = { 6, 12, 24 };
	u32 p, u, i;

	for (u = 0; u < ARRAY_SIZE(units); u++) {
		struct scene *sc = scene_make(test);

		for (p = 0; p < ARRAY_SIZE(periods); p++)
			add_reader(test, sc, periods[p]);
		sc->t->units = units[u];
		for (i = 0; i < 5000; i++) {
			talk(sc->t);
			for (p = 0; p < ARRAY_SIZE(periods); p++)
				KUNIT_ASSERT_EQ(test,
						reader_told(sc->models[p].r).wakes_period,
						(i + 1) * units[u] / periods[p]);
		}
		for (p = 0; p < ARRAY_SIZE(periods); p++)
			reader_close(test, sc->models[p].r);
	}
}

/* 64 samples out of 6-sample packets: 11, 11, 10 packets and again. */
static void period_eleven_and_ten(struct kunit *test)
{
	static const u32 steps[] = { 11, 11, 10 };
	struct scene *sc = scene_make(test);
	struct model *m = add_reader(test, sc, 64);
	u32 n = 0, wakes = 0;

	while (wakes < 300) {
		scene_frame(test, sc, 6, 48000);
		n++;
		if (reader_told(m->r).wakes_period == wakes)
			continue;
		KUNIT_ASSERT_EQ(test, n, steps[wakes++ % 3]);
		n = 0;
	}
	KUNIT_EXPECT_EQ(test, sc->s->next_due, 64 * 301);
}

/* Whoever comes later, with the same period, is woken by the same frames. */
static void period_in_phase(struct kunit *test)
{
	struct scene *sc = scene_make(test);
	struct reader *first = reader_make(test, sc->nic, TALKER_ID);
	struct avtpmap_reader_info info[2];
	u64 seed = 3, before[2];
	struct reader *late;
	int joined, i;

	reader_periods(first, 64);
	for (joined = 0; joined < 20; joined++) {
		talk_frames(sc->t, dice(&seed) % 30 + 1);
		late = reader_make(test, sc->nic, TALKER_ID);
		reader_periods(late, 64);
		for (i = 0; i < 40; i++) {
			before[0] = reader_told(first).wakes_period;
			before[1] = reader_told(late).wakes_period;
			talk(sc->t);
			info[0] = reader_told(first);
			info[1] = reader_told(late);
			KUNIT_EXPECT_EQ(test, info[0].wakes_period - before[0],
					info[1].wakes_period - before[1]);
		}
		KUNIT_EXPECT_GE(test, reader_told(late).wakes_period, 3);
		reader_close(test, late);
	}
}

/* A format with another rate has another floor; no period is told twice. */
static void period_retuned(struct kunit *test)
{
	static const struct {
		u32 nsr;
		u32 rate_hz;
		u32 wake_period;	/* of a period of 6 */
	} formats[] = {
		{ 5, 48000, 12 }, { 9, 192000, 48 }, { 7, 96000, 24 }, { 1, 8000, 6 },
	};
	struct scene *sc = scene_make(test);
	struct model *m = add_reader(test, sc, 6);
	u64 seed = 192000;
	u32 i, f;

	add_reader(test, sc, 64);
	add_reader(test, sc, 47);
	KUNIT_EXPECT_EQ(test, reader_told(m->r).wake_period, 6);
	for (i = 0; i < 200; i++) {
		f = dice(&seed) % ARRAY_SIZE(formats);
		sc->t->nsr = formats[f].nsr;
		scene_frame(test, sc, dice(&seed) % 5 + 1, formats[f].rate_hz);
		KUNIT_EXPECT_EQ(test, reader_told(m->r).wake_period,
				formats[f].wake_period);
		for (f = dice(&seed) % 40; f; f--)
			scene_frame(test, sc, dice(&seed) % 5 + 1,
				    sc->s->account.rate_hz);
	}
	KUNIT_EXPECT_GT(test, sc->s->account.epoch, 100);
}

static void period_changed(struct kunit *test)
{
	struct scene *sc = scene_make(test);
	struct reader *r = reader_make(test, sc->nic, TALKER_ID);
	u64 wakes;

	talk_frames(sc->t, 10);
	KUNIT_EXPECT_EQ(test, reader_told(r).wakes_period, 0);
	reader_periods(r, 30);
	talk_frames(sc->t, 10);			/* 60 to 120 */
	KUNIT_EXPECT_EQ(test, reader_told(r).wakes_period, 2);
	reader_periods(r, 60);
	talk_frames(sc->t, 10);			/* to 180 */
	KUNIT_EXPECT_EQ(test, reader_told(r).wakes_period, 3);
	reader_periods(r, 0);
	talk_frames(sc->t, 100);
	wakes = sc->s->ring.hdr->counters[AVTPMAP_C_WAKES_PERIOD];
	KUNIT_EXPECT_EQ(test, reader_told(r).wakes_period, 3);
	KUNIT_EXPECT_EQ(test, wakes, 3);
	KUNIT_EXPECT_EQ(test, reader_periods(r, AVTPMAP_PERIOD_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, reader_periods(r, AVTPMAP_PERIOD_MAX), 0);
}

/* Equal periods are one, whoever came first and whoever goes. */
static void period_shared(struct kunit *test)
{
	static const u32 periods[] = { 48, 48, 64, 48, 64, 30 };
	struct scene *sc = scene_make(test);
	struct model *m;
	u64 seed = 48;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sc->models); i++)
		add_reader(test, sc, periods[i % ARRAY_SIZE(periods)]);
	for (i = 0; i < 2000; i++) {
		scene_frame(test, sc, dice(&seed) % 60 + 1, 48000);
		m = &sc->models[dice(&seed) % sc->n_models];
		if (i % 3 == 0) {	/* another one in its place */
			reader_close(test, m->r);
			m->r = reader_make(test, sc->nic, TALKER_ID);
			m->ends = 0;
			m->wakes = 0;
		} else if (i % 3 == 2) {
			continue;
		}
		m->period = periods[dice(&seed) % ARRAY_SIZE(periods)];
		reader_periods(m->r, m->period);
		KUNIT_ASSERT_LE(test, list_count_nodes(&sc->s->periods), 3);
	}
	while (sc->n_models)
		reader_close(test, sc->models[--sc->n_models].r);
	KUNIT_EXPECT_TRUE(test, list_empty(&sc->s->periods));
}

/* The frame path walks who may sleep: once it is woken, a reader is not there. */
static void period_listeners(struct kunit *test)
{
	struct scene *sc = scene_make(test);
	struct model *m = add_reader(test, sc, 48);
	struct avtpmap_wait w = { .timeout_ns = NSEC_PER_MSEC };

	KUNIT_EXPECT_FALSE(test, list_empty(&m->r->period->sleepers));
	talk_frames(sc->t, 8);
	KUNIT_EXPECT_TRUE(test, list_empty(&m->r->period->sleepers));
	KUNIT_EXPECT_TRUE(test, list_empty(&sc->s->listeners));
	KUNIT_EXPECT_EQ(test, reader_wait(m->r, &w), 0);
	KUNIT_EXPECT_EQ(test, w.due, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&m->r->period->sleepers));
	m->r->page->acked = 48;
	KUNIT_EXPECT_EQ(test, reader_wait(m->r, &w), 0);
	KUNIT_EXPECT_EQ(test, w.due, 0);
	KUNIT_EXPECT_FALSE(test, list_empty(&m->r->period->sleepers));
	KUNIT_EXPECT_FALSE(test, list_empty(&sc->s->listeners));
}

/* acked is the user's: whatever stands there, due stays within the stream. */
static void period_acked(struct kunit *test)
{
	struct scene *sc = scene_make(test);
	struct reader *r = reader_make(test, sc->nic, TALKER_ID);
	struct avtpmap_wait w = {};
	u64 seed = 7;
	int i;

	reader_periods(r, 60);
	talk_frames(sc->t, 100);
	KUNIT_EXPECT_EQ(test, reader_wait(r, &w), 0);
	KUNIT_EXPECT_EQ(test, w.due, 10);
	KUNIT_EXPECT_EQ(test, w.head, 100);
	r->page->acked = 59;
	KUNIT_EXPECT_EQ(test, reader_due(r, false), 10);
	r->page->acked = 60;
	KUNIT_EXPECT_EQ(test, reader_due(r, false), 9);
	r->page->acked = 599;
	KUNIT_EXPECT_EQ(test, reader_due(r, false), 1);
	KUNIT_EXPECT_TRUE(test, reader_ready(r));
	r->page->acked = 600;
	KUNIT_EXPECT_EQ(test, reader_due(r, false), 0);
	KUNIT_EXPECT_FALSE(test, reader_ready(r));
	for (i = 0; i < 1000; i++) {
		r->page->acked = (u64)dice(&seed) << dice(&seed) % 33;
		KUNIT_EXPECT_LE(test, reader_due(r, false), 10);
	}
	r->page->acked = U64_MAX;
	KUNIT_EXPECT_EQ(test, reader_due(r, false), 0);
	talk_frames(sc->t, 10);
	KUNIT_EXPECT_EQ(test, reader_told(r).wakes_period, 11);
}

static struct kunit_case period_cases[] = {
	KUNIT_CASE(period_arithmetic),
	KUNIT_CASE(period_floor),
	KUNIT_CASE(period_random_packets),
	KUNIT_CASE(period_exact),
	KUNIT_CASE(period_eleven_and_ten),
	KUNIT_CASE(period_in_phase),
	KUNIT_CASE(period_retuned),
	KUNIT_CASE(period_changed),
	KUNIT_CASE(period_shared),
	KUNIT_CASE(period_listeners),
	KUNIT_CASE(period_acked),
	{}
};

static struct kunit_suite period_suite = {
	.name = "avtpmap_period",
	.test_cases = period_cases,
};

kunit_test_suite(period_suite);
