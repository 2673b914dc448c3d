/* SPDX-License-Identifier: MIT */
/*
 * A straight line through (media position, time) pairs that forgets: the loop
 * of a media clock.
 *
 * Least squares with weights that fall by e in 1/wn of media. While it has
 * seen less than that, it is the best line there is, which is why it locks
 * fast; later it is a critically damped loop of second order, error transfer
 * s^2 / (s + wn)^2, noise bandwidth 0.625 wn Hz. A steady rate leaves no error;
 * a phase step A throws the rate off by at most A wn / e.
 */
#ifndef AVTPMAP_LIB_SERVO_H
#define AVTPMAP_LIB_SERVO_H

#include <stdint.h>

#define SERVO_WANDER 1e-7 /* rates change by less, while nothing is heard */

/**
 * struct servo_opts - a loop's constants
 * @wn: natural frequency, rad/s
 * @noise_ns: timestamps are never believed to be better than this
 * @first_ns: and are believed to be so good, until it is known
 * @gate_ns: what is off by less is never thrown away
 * @step_s: when all that came in so much media was thrown away, the clock moved
 * @lock_ns, @unlock_ns: uncertainty, 1/wn ahead
 * @quantised: somebody batches: the interval is part of the uncertainty
 */
struct servo_opts {
	double wn;
	double noise_ns;
	double first_ns;
	double gate_ns;
	double step_s;
	double lock_ns;
	double unlock_ns;
	int quantised;
};

/**
 * struct servo - the line, and how good it is
 * @opts: constants
 * @unit_s: nominal duration of one media unit
 * @pos: newest position entered
 * @ns, @frac_ns: the line there
 * @rate: the line's slope is (1 + rate) * unit_s
 * @w, @sx, @sxx: weighted sums of 1, x, x^2; x: media seconds since @pos
 * @var: of what came against the line, ns^2
 * @slow, @slow_var: what of it is slow enough for the loop to follow, ns, ns^2
 * @interval_s: media from entry to entry
 * @elapsed_s: media since the line began
 * @calm_s: @elapsed_s at the newest entry that jumped as its elders did
 * @error_ns: of the newest entry, against the line
 * @reject_pos: of the first of those thrown away in a row
 * @n: entries since the line began
 * @rejected: thrown away in a row
 * @locked: uncertainty went below @lock_ns and not above @unlock_ns since
 * @entries, @outliers, @steps, @locks, @unlocks: since servo_init()
 */
struct servo {
	struct servo_opts opts;
	double unit_s;
	uint64_t pos;
	uint64_t ns;
	double frac_ns;
	double rate;
	double w;
	double sx;
	double sxx;
	double var;
	double slow;
	double slow_var;
	double interval_s;
	double elapsed_s;
	double calm_s;
	double error_ns;
	uint64_t reject_pos;
	uint32_t n;
	uint32_t rejected;
	int locked;
	uint64_t entries;
	uint64_t outliers;
	uint64_t steps;
	uint64_t locks;
	uint64_t unlocks;
};

void servo_init(struct servo *s, const struct servo_opts *opts);
/* Nothing is known any more. */
void servo_forget(struct servo *s, double unit_s);
/* Phase is not known any more; the rate is a first guess. */
void servo_restart(struct servo *s);
/* @rate: another line's to go by, or NULL: find it. Returns if it was used. */
int servo_enter(struct servo *s, uint64_t pos, uint64_t ns, const double *rate);
/* Square root: libm for one function would be a new dependency. */
double servo_sqrt(double x);
/* Three sigma and what else is not known, at @pos. Locking is by the first. */
double servo_error_ns(const struct servo *s);
double servo_error_rate(const struct servo *s);

#endif
