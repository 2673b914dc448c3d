// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What happens to a media clock, and what it says then. Its figures: media_rate. */
#include "media_talker.h"

#include "../../lib/clock_track.h"

/* Off the truth by less than so much, and by less than it says. */
static void assert_true_line(const struct mt *m,
			     const struct avtpmap_media_clock *mc, double ns,
			     double ppm)
{
	struct avtpmap_media_clock_info info = mt_info(mc);
	struct avtpmap_media_line line;
	uint64_t at, error_ns;
	double off;

	assert_int_equal(info.timebase, AVTPMAP_TIMEBASE_PHC);
	assert_int_equal(
		avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_PHC, &line), 0);
	at = avtpmap_media_line_time(&line, m->pos, &error_ns);
	off = (double)(__s64)(at -
			      mt_gptp(m, mt_truth(m, m->pos) + MT_TRANSIT_NS));
	if (fabs(off) > ns || fabs(off) > error_ns ||
	    fabs(info.rate_ppm[0] - m->ppm) > ppm)
		fail_msg("off by %f ns, told %llu; rate %f ppm, true %f", off,
			 (unsigned long long)error_ns, info.rate_ppm[0],
			 m->ppm);
}

static struct mt talker(double ppm)
{
	return (struct mt){
		.ppm = ppm, .noise_ns = 40, .jitter_ns = 125000, .hwtime = 1
	};
}

static void assert_lock(const struct avtpmap_media_clock *mc, uint32_t lock)
{
	assert_int_equal(mt_info(mc).lock, lock);
}

/* One wrong timestamp is not believed; many that agree are, after 20 ms. */
static void phase_steps(void **state)
{
	static const double steps[] = { 5e3, -5e3, 2e4, 1e6, -1e6, 1e9 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(steps); i++) {
		struct mt m = talker(50);
		struct avtpmap_media_clock *mc = mt_open(&m);

		mt_run(&m, mc, 3);
		m.step_ns = steps[i];
		mt_run(&m, mc, 0.0001);
		m.step_ns = 0;
		mt_run(&m, mc, 0.01);
		assert_int_equal(mt_info(mc).outliers, 1);
		assert_true_line(&m, mc, 20, 0.1);
		m.step_ns = steps[i];
		mt_run(&m, mc, 0.019);
		assert_int_equal(mt_info(mc).steps, 0);
		mt_run(&m, mc, 0.1);
		assert_int_equal(mt_info(mc).steps, 1);
		assert_int_equal(mt_info(mc).unlocks, 1);
		assert_int_equal(mt_info(mc).locks, 2);
		assert_lock(mc, AVTPMAP_MEDIA_LOCKED);
		mt_run(&m, mc, 2);
		assert_true_line(&m, mc, 20, 0.1);
		avtpmap_media_clock_close(mc);
	}
}

/* A step of the rate D is followed: e^-(wn t) (1 + wn t) D is left of it. */
static void rate_steps(void **state)
{
	static const double to[] = { 11, 1, 110, -90, 1000 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(to); i++) {
		struct mt m = talker(10);
		struct avtpmap_media_clock *mc = mt_open(&m);

		mt_run(&m, mc, 3);
		mt_set_rate(&m, to[i]);
		mt_run(&m, mc, 4);
		assert_lock(mc, AVTPMAP_MEDIA_LOCKED);
		assert_true_line(&m, mc, 20, 0.02);
		avtpmap_media_clock_close(mc);
	}
}

static void media_restarts(void **state)
{
	struct mt m = talker(-20);
	struct avtpmap_media_clock *mc = mt_open(&m);

	(void)state;
	mt_run(&m, mc, 2);
	m.flags |= AVTPMAP_F_MR;
	m.step_ns = 3e5;
	mt_run(&m, mc, 0.002);
	assert_lock(mc, AVTPMAP_MEDIA_UNLOCKED);
	assert_int_equal(mt_info(mc).restarts, 1);
	assert_int_equal(mt_info(mc).outliers, 0);
	mt_run(&m, mc, 0.2);
	assert_lock(mc, AVTPMAP_MEDIA_LOCKED);
	assert_true_line(&m, mc, 200, 2);
	avtpmap_media_clock_close(mc);
}

/* gPTP jumps: its line is a new one, and CLOCK_MONOTONIC has not moved. */
static void gptp_leaps(void **state)
{
	static const double leaps[] = { 1e9, -1e9, 37e9, 1e15 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(leaps); i++) {
		struct mt m = talker(20);
		struct avtpmap_media_clock *mc = mt_open(&m);
		struct avtpmap_media_line before, after;
		uint64_t a, b, error_ns;

		mt_run(&m, mc, 5);
		avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_MONOTONIC,
					 &before);
		m.leap_ns = leaps[i];
		mt_run(&m, mc, 0.5);
		assert_int_equal(mt_info(mc).steps, 1);
		assert_true_line(&m, mc, 200, 2);
		avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_MONOTONIC,
					 &after);
		a = avtpmap_media_line_time(&before, m.pos, &error_ns);
		b = avtpmap_media_line_time(&after, m.pos, NULL);
		assert_true(llabs((long long)(a - b)) < (long long)error_ns);
		assert_int_equal(after.lock, AVTPMAP_MEDIA_LOCKED);
		avtpmap_media_clock_close(mc);
	}
}

/* tu = 1: timestamps may be anything, the clock goes on by what it knew. */
static void uncertain_holds_over(void **state)
{
	struct mt m = talker(70);
	struct avtpmap_media_clock *mc = mt_open(&m);
	double told_ns;

	(void)state;
	mt_run(&m, mc, 5);
	told_ns = mt_info(mc).error_ns;
	m.flags |= AVTPMAP_F_TU;
	m.step_ns = 1e6;
	mt_run(&m, mc, 5);
	m.step_ns = 0;
	assert_lock(mc, AVTPMAP_MEDIA_HOLDOVER);
	assert_int_equal(mt_info(mc).uncertain, 5 * 8000);
	assert_int_equal(mt_info(mc).outliers, 0);
	assert_true(mt_info(mc).error_ns > told_ns + 400);
	assert_true_line(&m, mc, 200, 0.05);
	m.flags &= ~(__u32)AVTPMAP_F_TU;
	mt_run(&m, mc, 0.1);
	assert_lock(mc, AVTPMAP_MEDIA_LOCKED);
	assert_int_equal(mt_info(mc).steps, 0);
	assert_true_line(&m, mc, 50, 0.05);
	avtpmap_media_clock_close(mc);
}

/* Nothing comes at all: holdover is a matter of the time that it is. */
static void silence_holds_over(void **state)
{
	struct mt m = talker(70);
	struct avtpmap_media_clock *mc = mt_open(&m);
	struct avtpmap_media_clock_info info;
	uint64_t now_ns;

	(void)state;
	mt_run(&m, mc, 2);
	now_ns = MT_BASE_NS - MT_LESS_MONO_NS + mt_truth(&m, m.pos);
	for (int i = 0; i < 12; i++) {
		avtpmap_media_clock_info(mc, now_ns + i * 1000000000ull, &info);
		assert_int_equal(info.lock, i == 0 ? AVTPMAP_MEDIA_LOCKED :
					    i < 10 ? AVTPMAP_MEDIA_HOLDOVER :
						     AVTPMAP_MEDIA_UNLOCKED);
		assert_true(info.error_ns > i * 100);
	}
	m.pos += 3 * MT_HZ; /* lost, and known to be */
	mt_run(&m, mc, 0.01);
	assert_lock(mc, AVTPMAP_MEDIA_LOCKED);
	assert_int_equal(mt_info(mc).steps, 0);
	assert_true_line(&m, mc, 100, 0.05);
	avtpmap_media_clock_close(mc);
}

static void stale_and_nodata_stay_out(void **state)
{
	static const __u32 flags[] = { AVTPMAP_F_LATE, AVTPMAP_F_DUPLICATE,
				       AVTPMAP_F_NODATA };
	struct mt m = talker(0);
	struct avtpmap_media_clock *mc = mt_open(&m);
	uint64_t entries;

	(void)state;
	mt_run(&m, mc, 1);
	entries = mt_info(mc).entries;
	for (size_t i = 0; i < N_ELEMS(flags); i++) {
		m.flags = flags[i];
		mt_run(&m, mc, 0.1);
	}
	assert_int_equal(mt_info(mc).entries, entries);
	avtpmap_media_clock_close(mc);
}

static void epochs_begin_with_nothing(void **state)
{
	struct mt m = talker(50), other = talker(-50);
	struct avtpmap_media_clock *mc = mt_open(&m);
	struct avtpmap_format f = mt_format(&m);
	struct avtpmap_media_frame frame;
	struct avtpmap_media_line line;

	(void)state;
	mt_run(&m, mc, 1);
	mt_frame(&m, &frame);
	frame.epoch = 2;
	assert_int_equal(avtpmap_media_clock_enter(mc, &frame), -ESTRPIPE);
	avtpmap_media_clock_format(mc, 1, &f);
	assert_lock(mc, AVTPMAP_MEDIA_UNLOCKED);
	assert_int_equal(avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_PHC,
						  &line),
			 -ENODATA);
	assert_int_equal(mt_info(mc).rates_known, 0);
	mt_run(&other, mc, 2);
	assert_true_line(&other, mc, 20, 0.2);
	assert_int_equal(mt_info(mc).epochs, 2);
	f.rate_hz = 0;
	avtpmap_media_clock_format(mc, 2, &f);
	assert_int_equal(avtpmap_media_clock_enter(mc, &frame), -ENOTSUP);
	avtpmap_media_clock_close(mc);
}

/* No PHC time anywhere: timestamps give a rate, arrival the time of day. */
static void without_phc(void **state)
{
	struct mt m = talker(100);
	struct avtpmap_media_clock_info info;
	struct avtpmap_media_clock *mc;
	struct avtpmap_media_line line;

	(void)state;
	m.hwtime = 0;
	mc = mt_open(&m);
	mt_run(&m, mc, 10);
	info = mt_info(mc);
	assert_int_equal(info.timebase, AVTPMAP_TIMEBASE_MONOTONIC);
	assert_int_equal(info.source, AVTPMAP_SOURCE_ARRIVAL);
	assert_int_equal(info.rates_known,
			 1 << AVTPMAP_TIMEBASE_PHC |
				 1 << AVTPMAP_TIMEBASE_MONOTONIC);
	assert_true(fabs(info.rate_ppm[AVTPMAP_TIMEBASE_PHC] - 100) < 0.01);
	assert_true(fabs(info.rate_ppm[AVTPMAP_TIMEBASE_MONOTONIC] - 100) <
		    0.5);
	assert_int_equal(avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_PHC,
						  &line),
			 -ENODATA);
	assert_int_equal(avtpmap_media_clock_line(
				 mc, AVTPMAP_TIMEBASE_MONOTONIC_RAW, &line),
			 -ENODATA);
	assert_int_equal(avtpmap_media_clock_update(mc), 0);
	assert_int_equal(avtpmap_media_clock_line(
				 mc, AVTPMAP_TIMEBASE_MONOTONIC_RAW, &line),
			 0);
	assert_int_equal(avtpmap_media_clock_line(mc, 3, &line), -EINVAL);
	avtpmap_media_clock_close(mc);
}

/* Frames with PHC time, and nothing in them: arrival, on the PHC. */
static void without_timestamps(void **state)
{
	struct mt m = talker(100);
	struct avtpmap_media_clock *mc;

	(void)state;
	m.kind = MT_NO_STAMPS;
	mc = mt_open(&m);
	mt_run(&m, mc, 10);
	assert_int_equal(mt_info(mc).timebase, AVTPMAP_TIMEBASE_PHC);
	assert_int_equal(mt_info(mc).source, AVTPMAP_SOURCE_ARRIVAL);
	assert_lock(mc, AVTPMAP_MEDIA_LOCKED);
	assert_true(fabs(mt_info(mc).rate_ppm[0] - 100) < 0.5);
	m.kind = MT_AAF;
	mt_run(&m, mc, 3);
	assert_int_equal(mt_info(mc).source, AVTPMAP_SOURCE_TIMESTAMP);
	assert_true_line(&m, mc, 20, 0.1);
	avtpmap_media_clock_close(mc);
}

/*
 * Timestamps in the wrong byte order, of a talker that has them so from the first
 * frame, and of one that begins to: they enter nothing, and arrival is asked.
 */
static void swapped_timestamps_stay_out(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct mt m = talker(100);
		struct avtpmap_media_clock_info info;
		struct avtpmap_media_clock *mc;
		struct avtpmap_media_line line;
		int right_first = i & 1;

		m.hwtime = i < 2;
		mc = mt_open(&m);
		if (right_first)
			mt_run(&m, mc, 3);
		assert_int_equal(mt_info(mc).stamps_wrong, 0);
		m.swapped = 1;
		for (int j = 0; j < 1000 && !right_first; j++) {
			mt_run(&m, mc, (double)MT_UNITS / MT_HZ);
			assert_int_not_equal(mt_info(mc).source,
					     AVTPMAP_SOURCE_TIMESTAMP);
		}
		mt_run(&m, mc, 10);
		info = mt_info(mc);
		assert_int_equal(info.source, AVTPMAP_SOURCE_ARRIVAL);
		assert_int_equal(info.lock, AVTPMAP_MEDIA_LOCKED);
		assert_true(info.stamps_wrong >= 79000);
		assert_true(info.stamps_swapped >= info.stamps_wrong - 2);
		assert_int_equal(avtpmap_media_clock_line(
					 mc, AVTPMAP_TIMEBASE_MONOTONIC, &line),
				 0);
		assert_true(fabs(line.unit_ns * MT_HZ / 1e9 * 1.0001 - 1) <
			    1e-6);
		/* and are believed again when they are right */
		m.swapped = 0;
		mt_run(&m, mc, 3);
		if (m.hwtime)
			assert_true_line(&m, mc, 20, 0.1);
		avtpmap_media_clock_close(mc);
	}
}

/* The PHC runs 20 ppm faster than MONOTONIC, 15 faster than RAW. */
static void against_each_clock(void **state)
{
	struct clock_latch phc = { 0 }; /* struct avtpmap_clock begins so */
	struct avtpmap_clock_snapshot s = { .updates = 1 };
	struct avtpmap_media_clock_opts opts = {
		.sz = sizeof(opts),
		.clock = (struct avtpmap_clock *)&phc,
	};
	struct mt m = talker(100);
	struct avtpmap_format f = mt_format(&m);
	struct avtpmap_media_clock_info info;
	struct avtpmap_media_line line;
	struct avtpmap_media_clock *mc;
	uint64_t want_ns;

	(void)state;
	for (int i = 0; i < AVTPMAP_N_SYSTEM_CLOCKS; i++)
		s.lines[i] = (struct avtpmap_clock_line){
			.sys_ns = MT_BASE_NS - MT_LESS_MONO_NS,
			.phc_ns = MT_BASE_NS,
			.rate_q40 = (20 - 5 * i) * 1e-6 * 0x1p40,
			.error_ns = 50,
		};
	clock_latch_write(&phc, &s);
	m.hwtime = 0; /* MONOTONIC of the talker's way is not used but near */
	assert_int_equal(avtpmap_media_clock_open(&mc, &opts), 0);
	avtpmap_media_clock_format(mc, 1, &f);
	mt_run(&m, mc, 3);
	info = mt_info(mc);
	assert_int_equal(info.timebase, AVTPMAP_TIMEBASE_PHC);
	assert_int_equal(info.rates_known, 7);
	assert_true(fabs(info.rate_ppm[0] - 100) < 0.05);
	assert_true(fabs(info.rate_ppm[1] - 120.002) < 0.05);
	assert_true(fabs(info.rate_ppm[2] - 115.0015) < 0.05);
	assert_int_equal(
		avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_MONOTONIC, &line),
		0);
	assert_int_equal(line.source, AVTPMAP_SOURCE_TIMESTAMP);
	assert_true(line.error_ns > 50);
	want_ns = avtpmap_line_from_phc(
		&s.lines[0], mt_gptp(&m, mt_truth(&m, m.pos) + MT_TRANSIT_NS),
		NULL);
	assert_true(
		llabs((long long)(avtpmap_media_line_time(&line, m.pos, NULL) -
				  want_ns)) < 20);
	avtpmap_media_clock_close(mc);
}

/* A CRF's rate, taken by sixteen streams that have but coarse timestamps. */
static void one_crf_many_streams(void **state)
{
	struct mt crf = talker(-60), m[16];
	struct avtpmap_media_clock *master, *mc[16];

	(void)state;
	crf.kind = MT_CRF;
	master = mt_open(&crf);
	for (size_t i = 0; i < N_ELEMS(m); i++) {
		m[i] = talker(-60);
		m[i].noise_ns = 20000;
		m[i].seed = i + 1;
		mc[i] = mt_open(&m[i]);
	}
	for (int t = 0; t < 400; t++) {
		struct avtpmap_media_line line;

		mt_run(&crf, master, 0.02);
		assert_int_equal(avtpmap_media_clock_line(
					 master, AVTPMAP_TIMEBASE_PHC, &line),
				 0);
		for (size_t i = 0; i < N_ELEMS(m); i++) {
			assert_int_equal(avtpmap_media_clock_follow(
						 mc[i], &line,
						 mt_info(master).nominal_hz),
					 0);
			mt_run(&m[i], mc[i], 0.02);
		}
	}
	assert_true_line(&crf, master, 20, 0.1);
	for (size_t i = 0; i < N_ELEMS(m); i++) {
		assert_true(mt_info(mc[i]).rate_ppm[0] ==
			    mt_info(mc[0]).rate_ppm[0]);
		assert_true_line(&m[i], mc[i], 1000, 0.1);
	}
	for (size_t i = 0; i < N_ELEMS(m); i++)
		avtpmap_media_clock_close(mc[i]);
	assert_int_equal(avtpmap_media_clock_follow(master, NULL, 0), 0);
	avtpmap_media_clock_close(master);
}

static void lines_go_both_ways(void **state)
{
	struct mt m = talker(33);
	struct avtpmap_media_clock *mc = mt_open(&m);
	struct avtpmap_media_line line;

	(void)state;
	mt_run(&m, mc, 1);
	avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_PHC, &line);
	for (int i = -100000; i < 100000; i += 77) {
		uint64_t pos = line.media_pos + i;
		uint64_t ns = avtpmap_media_line_time(&line, pos, NULL);

		assert_int_equal(avtpmap_media_line_pos(&line, ns, NULL), pos);
		assert_int_equal(
			avtpmap_media_line_pos(&line, ns + 20000, NULL), pos);
		assert_int_equal(avtpmap_media_line_pos(&line, ns - 1, NULL),
				 pos - 1);
	}
	avtpmap_media_clock_close(mc);
}

/*
 * A machine that stands still for 0.3 s in each 0.5 s sees frames at once: no
 * rate to believe in. Once it runs again the clock locks soon, whatever it saw
 * last.
 */
static void bursts_are_no_rate(void **state)
{
	(void)state;
	for (int tenths = 0; tenths < 5; tenths++) {
		struct mt m = talker(80);
		struct avtpmap_media_clock *mc;

		m.hwtime = 0;
		m.jitter_ns = 0;
		mc = mt_open(&m);
		while (m.pos < (5 + tenths / 10.0) * MT_HZ) {
			double at = fmod(mt_truth(&m, m.pos), 5e8);

			m.step_ns = at < 3e8 ? 3e8 - at : 0;
			mt_run(&m, mc, MT_UNITS / (double)MT_HZ);
			m.step_ns = 0;
			assert_true(fabs(mt_info(mc).rate_ppm[1]) < 2005);
		}
		m.jitter_ns = 125000;
		mt_run(&m, mc, 5);
		assert_lock(mc, AVTPMAP_MEDIA_LOCKED);
		assert_true(fabs(mt_info(mc).rate_ppm[1] - 80) <
			    mt_info(mc).rate_error_ppm[1]);
		avtpmap_media_clock_close(mc);
	}
}

static void options(void **state)
{
	struct avtpmap_media_clock_opts o = { .sz = sizeof(o) };
	struct avtpmap_media_clock *mc;

	(void)state;
	o.bandwidth_mhz = 10001;
	assert_int_equal(avtpmap_media_clock_open(&mc, &o), -EINVAL);
	assert_null(mc);
	o.bandwidth_mhz = 10000;
	o.resv[3] = 1;
	assert_int_equal(avtpmap_media_clock_open(&mc, &o), -EINVAL);
	o.resv[3] = 0;
	assert_int_equal(avtpmap_media_clock_open(&mc, &o), 0);
	avtpmap_media_clock_close(mc);
	avtpmap_media_clock_close(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(phase_steps),
		cmocka_unit_test(rate_steps),
		cmocka_unit_test(media_restarts),
		cmocka_unit_test(gptp_leaps),
		cmocka_unit_test(uncertain_holds_over),
		cmocka_unit_test(silence_holds_over),
		cmocka_unit_test(stale_and_nodata_stay_out),
		cmocka_unit_test(epochs_begin_with_nothing),
		cmocka_unit_test(without_phc),
		cmocka_unit_test(without_timestamps),
		cmocka_unit_test(swapped_timestamps_stay_out),
		cmocka_unit_test(against_each_clock),
		cmocka_unit_test(one_crf_many_streams),
		cmocka_unit_test(lines_go_both_ways),
		cmocka_unit_test(bursts_are_no_rate),
		cmocka_unit_test(options),
	};

	return cmocka_run_group_tests_name("media_clock", tests, NULL, NULL);
}
