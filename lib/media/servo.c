// SPDX-License-Identifier: MIT
#include <string.h>

#include "servo.h"

enum {
	LEARN_ENTRIES = 16, /* nothing is thrown away, nothing locks before */
	STEP_ENTRIES = 8,
	SIGMAS = 3, /* of what is told as an uncertainty */
	GATE_SIGMAS = 6,
	SLOW = 4, /* times wn: what the loop follows is slower */
	CALM = 8, /* such a part of the noise is nothing like it */
};

static const double rate_prior = 1e-4; /* any crystal is as good */
static const double rate_most =
	2e-3; /* no talker: frames that were kept back */
static const double forget_most = 0.25; /* of 1/wn, in one gap */

void servo_init(struct servo *s, const struct servo_opts *opts)
{
	memset(s, 0, sizeof(*s));
	s->opts = *opts;
}

static double square(double x)
{
	return x * x;
}

/* What a line says of its rate before it saw anything, as a weight. */
static double prior(const struct servo *s)
{
	return square(s->opts.noise_ns * 1e-9 / rate_prior);
}

static void unlock(struct servo *s)
{
	s->unlocks += s->locked;
	s->locked = 0;
}

void servo_restart(struct servo *s)
{
	unlock(s);
	s->w = 0;
	s->sx = 0;
	s->sxx = prior(s);
	s->var = square(s->opts.first_ns);
	s->slow = 0;
	s->slow_var = 0;
	s->elapsed_s = 0;
	s->calm_s = 0;
	s->error_ns = 0;
	s->n = 0;
	s->rejected = 0;
}

void servo_forget(struct servo *s, double unit_s)
{
	s->unit_s = unit_s;
	s->rate = 0;
	s->interval_s = 0;
	servo_restart(s);
}

double servo_sqrt(double x)
{
	union {
		double d;
		uint64_t u;
	} v = { .d = x };

	if (!(x > 0))
		return 0;
	v.u = (v.u >> 1) + 0x1ff8000000000000ull; /* half the exponent */
	for (int i = 0; i < 4; i++)
		v.d = (v.d + x / v.d) / 2;
	return v.d;
}

static double noise_var(const struct servo *s)
{
	double least = square(s->opts.noise_ns);

	return s->var > least ? s->var : least;
}

static double det(const struct servo *s)
{
	return s->w * s->sxx - square(s->sx);
}

/* The loop's own memory, in seconds: as long as the line, up to 1/wn. */
static double memory_s(const struct servo *s)
{
	double most = 1 / s->opts.wn;

	return s->elapsed_s < most ? s->elapsed_s : most;
}

static double phase_sigmas(const struct servo *s)
{
	return SIGMAS *
	       servo_sqrt(noise_var(s) * s->sxx / det(s) + s->slow_var);
}

/* Per second: 1e-9 is 1 ppb. */
static double rate_sigmas(const struct servo *s)
{
	double slow = s->slow_var / square(memory_s(s) + s->interval_s);

	return SIGMAS * 1e-9 * servo_sqrt(noise_var(s) * s->w / det(s) + slow);
}

/*
 * Who batches on a clock of his own hides up to one interval, and for as long
 * as this takes to show nobody can tell it from the talker's rate.
 */
double servo_error_ns(const struct servo *s)
{
	double hidden = s->opts.quantised ? s->interval_s * 1e9 : 0;

	return phase_sigmas(s) + hidden + 1;
}

double servo_error_rate(const struct servo *s)
{
	double hidden = s->opts.quantised ?
				s->interval_s / (memory_s(s) + s->interval_s) :
				0;

	return rate_sigmas(s) + hidden + SERVO_WANDER;
}

static void relock(struct servo *s)
{
	double ahead_ns = phase_sigmas(s) + rate_sigmas(s) * 1e9 / s->opts.wn;

	if (s->locked && ahead_ns > s->opts.unlock_ns)
		unlock(s);
	if (s->locked || s->n < LEARN_ENTRIES || ahead_ns > s->opts.lock_ns)
		return;
	s->locked = 1;
	s->locks++;
}

static void begin(struct servo *s, uint64_t pos, uint64_t ns)
{
	s->pos = pos;
	s->ns = ns;
	s->frac_ns = 0;
	s->w = 1;
	s->n = 1;
}

/* Beyond the gate, unless it has been so for too long to be a fault. */
static int outlier(struct servo *s, uint64_t pos, double err_ns, double dx)
{
	double gate_ns = s->opts.gate_ns +
			 GATE_SIGMAS * servo_sqrt(noise_var(s)) +
			 2 * dx * 1e9 * (rate_sigmas(s) + SERVO_WANDER);

	if (s->n < LEARN_ENTRIES || (err_ns < gate_ns && err_ns > -gate_ns)) {
		s->rejected = 0;
		return 0;
	}
	if (!s->rejected++)
		s->reject_pos = pos;
	s->outliers++;
	if (s->rejected >= STEP_ENTRIES &&
	    (pos - s->reject_pos) * s->unit_s >= s->opts.step_s) {
		s->steps++;
		servo_restart(s);
	}
	return 1;
}

/*
 * Who was kept from running sees frames in bursts, and 1/wn is long to forget
 * them in. What comes without jumps for a quarter of it is of another kind than
 * all before: a line that begins here knows more. One that is locked has no need.
 */
static int calmed(struct servo *s, double err_ns)
{
	if (s->locked || s->var < square(s->opts.first_ns) ||
	    square(CALM * (err_ns - s->error_ns)) > s->var)
		s->calm_s = s->elapsed_s;
	return (s->elapsed_s - s->calm_s) * s->opts.wn > 0.25;
}

/* The sums, seen from dx later, less what is forgotten. Returns how much. */
static double move_on(struct servo *s, double dx)
{
	double x = s->opts.wn * dx;
	double keep;

	if (x > forget_most)
		x = forget_most;
	keep = 1 / (1 + x * (1 + x / 2));
	s->sxx += dx * (dx * s->w - 2 * s->sx);
	s->sx -= dx * s->w;
	s->w = s->w * keep + 1;
	s->sx *= keep;
	s->sxx = s->sxx * keep + (1 - keep) * prior(s);
	return 1 - keep;
}

static double clamp(double rate)
{
	if (rate > rate_most)
		return rate_most;
	return rate < -rate_most ? -rate_most : rate;
}

static void judge(struct servo *s, double err_ns, double forgotten, double dx)
{
	double fast = 1.0 / (s->n + LEARN_ENTRIES);
	double slow = SLOW * forgotten;

	if (fast < forgotten)
		fast = forgotten;
	if (slow < 1.0 / s->n)
		slow = 1.0 / s->n;
	s->var += fast * (square(err_ns) - s->var);
	s->slow += slow * (err_ns - s->slow);
	s->slow_var += fast * (square(s->slow) - s->slow_var);
	if (!s->interval_s)
		s->interval_s = dx;
	s->interval_s += fast * (dx - s->interval_s);
}

int servo_enter(struct servo *s, uint64_t pos, uint64_t ns, const double *rate)
{
	double dx = (double)(int64_t)(pos - s->pos) * s->unit_s;
	double ahead_ns, err_ns, forgotten, to_ns;

	if (!s->unit_s || (s->n && dx <= 0))
		return 0;
	s->entries++;
	if (rate)
		s->rate = *rate;
	if (!s->n) {
		begin(s, pos, ns);
		return 1;
	}
	ahead_ns = s->frac_ns + dx * (1 + s->rate) * 1e9;
	err_ns = (double)(int64_t)(ns - s->ns) - ahead_ns;
	if (outlier(s, pos, err_ns, dx))
		return 0;
	if (calmed(s, err_ns)) {
		servo_restart(s);
		begin(s, pos, ns);
		return 1;
	}
	forgotten = move_on(s, dx);
	s->n += s->n < UINT32_MAX;
	to_ns = ahead_ns + err_ns * (rate ? 1 / s->w : s->sxx / det(s));
	if (!rate)
		s->rate = clamp(s->rate - err_ns * 1e-9 * s->sx / det(s));
	s->pos = pos;
	s->ns += (int64_t)to_ns;
	s->frac_ns = to_ns - (double)(int64_t)to_ns;
	s->elapsed_s += dx;
	s->error_ns = err_ns;
	judge(s, err_ns, forgotten, dx);
	relock(s);
	return 1;
}
