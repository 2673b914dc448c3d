// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * How well a media clock recovers what is known: time to lock, error of rate
 * and phase, and what it says of them itself, against what a critically damped
 * loop of that bandwidth owes.
 *
 * Timestamps that are off by sigma, f of them a second, leave a phase error of
 * sigma sqrt(1.25 wn / f) and a rate error of sigma sqrt(wn^3 / 4f); a wander
 * of angular frequency w is followed but for w^2 / (w^2 + wn^2) in phase. What
 * is seen only on a grid of q slips by q now and then, and each slip turns the
 * rate by up to q wn / e. Until 1/wn it is a line of least squares over T, whose
 * rate is known to sigma sqrt(12 / f T^3).
 */
#include "media_talker.h"

struct row {
	const char *name;
	struct mt m;
	double seconds;
};

/* @per_s: independent ones */
struct loop {
	double wn;
	double sigma_ns;
	double per_s;
	double first_ns;
	double lock_ns;
	double slip_ns;
};

struct seen {
	double lock_s;
	double rate_ppm;
	double phase_ns;
	double told_ppm;
	double told_ns;
	int beyond; /* what it told */
};

static const struct row stamped[] = {
	{ "aaf, exact", { .ppm = 0 }, 10 },
	{ "aaf, +1 ppm", { .ppm = 1, .noise_ns = 40 }, 10 },
	{ "aaf, -1 ppm", { .ppm = -1, .noise_ns = 40 }, 10 },
	{ "aaf, +10 ppm", { .ppm = 10, .noise_ns = 40 }, 10 },
	{ "aaf, -10 ppm", { .ppm = -10, .noise_ns = 40 }, 10 },
	{ "aaf, +100 ppm", { .ppm = 100, .noise_ns = 40 }, 10 },
	{ "aaf, -100 ppm", { .ppm = -100, .noise_ns = 40 }, 10 },
	{ "aaf, noise 1 us", { .ppm = 30, .noise_ns = 1000 }, 10 },
	{ "aaf, noise 5 us", { .ppm = 30, .noise_ns = 5000 }, 10 },
	{ "aaf, wander 0.05 Hz",
	  { .ppm = 5, .wander_ppm = 1, .wander_hz = 0.05, .noise_ns = 40 },
	  30 },
	{ "aaf, wander 1 Hz",
	  { .ppm = 5, .wander_ppm = 1, .wander_hz = 1, .noise_ns = 40 },
	  10 },
	{ "aaf, 1 of 10 lost", { .ppm = 100, .noise_ns = 40, .lose = 10 }, 10 },
	{ "aaf, sparse", { MT_SPARSE, .ppm = -100, .noise_ns = 40 }, 10 },
	{ "61883-6", { MT_AM824, .ppm = 100, .noise_ns = 40 }, 10 },
	{ "crf", { MT_CRF, .ppm = 100, .noise_ns = 40 }, 10 },
	{ "crf, 1 of 10 lost",
	  { MT_CRF, .ppm = -100, .noise_ns = 500, .lose = 10 },
	  10 },
};

static const struct row arriving[] = {
	{ "+1 ppm, 125 us jitter", { .ppm = 1, .jitter_ns = 125000 }, 60 },
	{ "-10 ppm, 125 us jitter", { .ppm = -10, .jitter_ns = 125000 }, 60 },
	{ "+100 ppm, 125 us jitter", { .ppm = 100, .jitter_ns = 125000 }, 60 },
	{ "-100 ppm, 125 us jitter", { .ppm = -100, .jitter_ns = 125000 }, 60 },
	{ "+1 ppm, 8 kHz batches", { .ppm = 1, .grid_ns = 125000 }, 60 },
	{ "+3 ppm, 8 kHz batches", { .ppm = 3, .grid_ns = 125000 }, 120 },
	{ "+10 ppm, 8 kHz batches", { .ppm = 10, .grid_ns = 125000 }, 60 },
	{ "-100 ppm, 8 kHz batches", { .ppm = -100, .grid_ns = 125000 }, 60 },
	{ "+100 ppm, 1 kHz batches", { .ppm = 100, .grid_ns = 1000000 }, 60 },
	{ "+10 ppm, jitter and batches",
	  { .ppm = 10, .jitter_ns = 125000, .grid_ns = 125000 },
	  60 },
	{ "+10 ppm, 1 of 10 lost",
	  { .ppm = 10, .jitter_ns = 125000, .lose = 10 },
	  60 },
	{ "-10 ppm, 1 of 100 5 ms late",
	  { .ppm = -10, .jitter_ns = 125000, .late_ns = 5e6 },
	  60 },
	{ "wander 0.002 Hz",
	  { .ppm = 5, .wander_ppm = 1, .wander_hz = 0.002, .jitter_ns = 125000 },
	  60 },
};

static double worst(double most, double x)
{
	x = fabs(x);
	return x > most ? x : most;
}

/* The line held against the truth, here and a second ahead. */
static void look(const struct mt *m, const struct avtpmap_media_clock *mc,
		 double less_ns, int steady, struct seen *seen)
{
	struct avtpmap_media_clock_info info = mt_info(mc);
	uint32_t base = info.timebase;
	uint64_t from = base == AVTPMAP_TIMEBASE_PHC ?
				MT_BASE_NS :
				MT_BASE_NS - MT_LESS_MONO_NS;
	struct avtpmap_media_line line;
	double ns, rate;

	assert_int_equal(avtpmap_media_clock_line(mc, base, &line), 0);
	ns = (double)(__s64)(line.ns - from) + line.frac_ns - less_ns -
	     mt_truth(m, line.media_pos);
	rate = info.rate_ppm[base] - mt_rate(m, line.media_pos);
	if (fabs(ns) > line.error_ns)
		seen->beyond++;
	if (!m->wander_hz && fabs(rate) > info.rate_error_ppm[base])
		seen->beyond++;
	if (!steady)
		return;
	seen->phase_ns = worst(seen->phase_ns, ns);
	seen->rate_ppm = worst(seen->rate_ppm, rate);
	seen->told_ns = worst(seen->told_ns, line.error_ns);
	seen->told_ppm = worst(seen->told_ppm, info.rate_error_ppm[base]);
}

static struct seen run(const struct row *row, double less_ns)
{
	struct seen seen = { .lock_s = -1 };
	struct mt m = row->m;
	struct avtpmap_media_clock *mc = mt_open(&m);
	double chunk_s = 0.001;

	while (m.pos < row->seconds * MT_HZ) {
		mt_run(&m, mc, chunk_s);
		if (mt_info(mc).lock != AVTPMAP_MEDIA_LOCKED)
			continue;
		if (seen.lock_s < 0)
			seen.lock_s = (double)m.pos / MT_HZ;
		look(&m, mc, less_ns, m.pos > row->seconds * MT_HZ / 2, &seen);
	}
	assert_int_equal(mt_info(mc).locks, 1);
	assert_int_equal(mt_info(mc).steps, 0);
	avtpmap_media_clock_close(mc);
	return seen;
}

static struct seen owed(const struct row *row, const struct loop *l)
{
	const struct mt *m = &row->m;
	double w = 2 * M_PI * m->wander_hz, sum = w * w + l->wn * l->wn;
	double sigma = l->sigma_ns > l->first_ns ? l->sigma_ns : l->first_ns;
	double lines =
		3 * sqrt(12) * sigma / (sqrt(l->per_s) * l->lock_ns * l->wn);
	double means = pow(6 * sigma / l->lock_ns, 2) / l->per_s;
	struct seen o = { .lock_s = 2 * (cbrt(lines * lines) + means) +
				    16 / l->per_s };

	/* the most of thousands of looks: five sigma, not one */
	o.phase_ns = 1 + l->slip_ns +
		     5 * l->sigma_ns * sqrt(1.25 * l->wn / l->per_s);
	o.rate_ppm = 0.001 + l->slip_ns * 1e-3 * l->wn / exp(1) +
		     5e-3 * l->sigma_ns * sqrt(pow(l->wn, 3) / 4 / l->per_s);
	if (w) {
		o.phase_ns += m->wander_ppm * 1e3 / w * w * w / sum;
		o.rate_ppm += m->wander_ppm * w *
			      sqrt(w * w + 4 * l->wn * l->wn) / sum;
	}
	return o;
}

static void heading(const char *what)
{
	print_message("# %-28s  lock ms (bound)   ppm off (bound, told)   ns "
		      "off (bound, told)\n",
		      what);
}

static void judge(const struct row *row, const struct loop *l,
		  const struct seen *s)
{
	struct seen o = owed(row, l);

	print_message("# %-28s %7.1f (%6.1f)  %7.3f (%7.3f %7.3f)  %8.1f "
		      "(%8.1f %8.1f)\n",
		      row->name, s->lock_s * 1e3, o.lock_s * 1e3, s->rate_ppm,
		      o.rate_ppm, s->told_ppm, s->phase_ns, o.phase_ns,
		      s->told_ns);
	assert_true(s->lock_s > 0 && s->lock_s < o.lock_s);
	assert_true(s->rate_ppm < o.rate_ppm);
	assert_true(s->phase_ns < o.phase_ns);
	assert_int_equal(s->beyond, 0);
}

static double uniform_sigma(double width_ns)
{
	return sqrt((width_ns * width_ns + 1) / 12);
}

static void by_timestamps(void **state)
{
	(void)state;
	heading("timestamps, 1 Hz");
	for (size_t i = 0; i < N_ELEMS(stamped); i++) {
		static const double per_s[] = {
			[MT_AAF] = 8000,
			[MT_SPARSE] = 1000,
			[MT_AM824] = 6000,
			[MT_CRF] = 300,
		};
		struct row row = stamped[i];
		struct loop l = { .wn = 2 * M_PI,
				  .first_ns = 1000,
				  .lock_ns = 1000,
				  .per_s = per_s[row.m.kind] };
		struct seen s;

		if (row.m.lose)
			l.per_s *= 1 - 1.0 / row.m.lose;
		l.sigma_ns = uniform_sigma(row.m.noise_ns);
		row.m.hwtime = 1;
		row.m.jitter_ns = 125000;
		s = run(&row, MT_TRANSIT_NS);
		judge(&row, &l, &s);
	}
}

static void by_arrival(void **state)
{
	(void)state;
	heading("arrival, 0.02 Hz");
	for (size_t i = 0; i < N_ELEMS(arriving); i++) {
		struct row row = arriving[i];
		struct loop l = { .wn = 0.04 * M_PI,
				  .first_ns = 100000,
				  .lock_ns = 100000,
				  .per_s = 8000 };
		struct seen s;

		row.m.kind = MT_NO_STAMPS;
		l.sigma_ns = hypot(uniform_sigma(row.m.jitter_ns),
				   uniform_sigma(row.m.grid_ns));
		if (row.m.grid_ns > 125000)
			l.per_s *= 125000 / row.m.grid_ns;
		if (row.m.grid_ns)
			l.slip_ns = 125000;
		if (row.m.lose)
			l.per_s *= 1 - 1.0 / row.m.lose;
		s = run(&row, (row.m.jitter_ns + row.m.grid_ns) / 2);
		judge(&row, &l, &s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_timestamps),
		cmocka_unit_test(by_arrival),
	};

	return cmocka_run_group_tests_name("media_rate", tests, NULL, NULL);
}
