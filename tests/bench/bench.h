/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * How a measuring program says what it found, one line each on standard output:
 *
 *	figure <TAB> id <TAB> unit <TAB> runs <TAB> minimum <TAB> median
 *
 * report.pl collects them. An id is words with dots between them, from the
 * general to the special: core.frame.234.streams.64.ns
 */
#ifndef AVTPMAP_BENCH_H
#define AVTPMAP_BENCH_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_RUNS_MAX = 64 };

/* What several runs of one thing gave. */
struct figure {
	double value[BENCH_RUNS_MAX];
	int runs;
};

static inline void figure_add(struct figure *f, double value)
{
	if (f->runs < BENCH_RUNS_MAX)
		f->value[f->runs++] = value;
}

static inline int figure_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

__attribute__((format(printf, 3, 4))) static inline void
figure_print(struct figure *f, const char *unit, const char *id, ...)
{
	va_list args;

	qsort(f->value, f->runs, sizeof(f->value[0]), figure_compare);
	printf("figure\t");
	va_start(args, id);
	vprintf(id, args);
	va_end(args);
	printf("\t%s\t%d\t%.6g\t%.6g\n", unit, f->runs, f->value[0],
	       (f->value[(f->runs - 1) / 2] + f->value[f->runs / 2]) / 2);
	fflush(stdout);
}

#if defined(__x86_64__)
/* The TSC counts at one rate whatever the core's clock does. */
static inline uint64_t ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc; lfence"
			 : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

/*
 * Core cycles in a tick, now: a chain of multiplications, each of which waits
 * three cycles for the one before. The best of a few: whatever comes in between
 * makes it look slower.
 */
static inline double cycles_per_tick(void)
{
	enum { TRIES = 8, ROUNDS = 200, CHAIN = 50, LATENCY = 3 };
	uint64_t best = ~0ull, v = 3;

	for (int t = 0; t < TRIES; t++) {
		uint64_t from = ticks(), took;

		for (int i = 0; i < ROUNDS; i++)
			__asm__ volatile(".rept 50\n\timul %0, %0\n\t.endr"
					 : "+r"(v));
		took = ticks() - from;
		best = took < best ? took : best;
	}
	return (double)ROUNDS * CHAIN * LATENCY / best;
}

/* Nanoseconds in a tick. */
static inline double measure_tick(void)
{
	struct timespec a, b;
	uint64_t from, to;

	clock_gettime(CLOCK_MONOTONIC, &a);
	from = ticks();
	do
		clock_gettime(CLOCK_MONOTONIC, &b);
	while (b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9 < 0.1);
	to = ticks();
	return ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) /
	       (to - from);
}
#else
#error "cycles are measured on x86-64 only"
#endif

#endif
