/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A case: one promise, in a process of its own. It ends by returning (passed),
 * by a check that does not hold (failed), or by skip().
 */
#ifndef AVTPMAP_CONFORMANCE_TEST_H
#define AVTPMAP_CONFORMANCE_TEST_H

#include <stdint.h>
#include <stdio.h>

#include "rig.h"

/**
 * struct test_case - one promise
 * @file: where it is kept
 * @name: what is promised, with underscores for spaces
 * @needs: enum bed_cap that the backend must have
 * @last: runs after all others
 * @fn: keeps it or does not
 */
struct test_case {
	const char *file;
	const char *name;
	uint64_t needs;
	int last;
	void (*fn)(struct rig *rig);
};

#define CASE_ORDER(ident, caps, is_last)                                      \
	static void ident(struct rig *rig);                                   \
	static const struct test_case ident##_case = {                        \
		.file = __FILE__,                                             \
		.name = #ident,                                               \
		.needs = (caps),                                              \
		.last = (is_last),                                            \
		.fn = ident,                                                  \
	};                                                                    \
	__attribute__((section("cases"), used)) static const struct test_case \
		*const ident##_entry = &ident##_case;                         \
	static void ident(struct rig *rig)

#define CASE(ident, caps) CASE_ORDER(ident, caps, 0)

/* Each of these ends the case. */
__attribute__((noreturn, format(printf, 3, 4))) void
fail_at(const char *file, int line, const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void skip(const char *format,
							  ...);

void check_eq_at(const char *file, int line, const char *a_text, long long a,
		 const char *b_text, long long b);

#define fail(...) fail_at(__FILE__, __LINE__, __VA_ARGS__)
#define check(cond)                        \
	do {                               \
		if (!(cond))               \
			fail("%s", #cond); \
	} while (0)
#define check_eq(a, b) check_eq_at(__FILE__, __LINE__, #a, (a), #b, (b))

/* A figure worth reading, printed below the case's line. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

/*
 * @n, or less where the machine is slow: SLOW in the environment says by how
 * much (the debug kernel under emulation: 16). For the number of repetitions,
 * never for what is promised.
 */
unsigned int fewer(unsigned int n);
int is_slow(void);

#define N_ELEMS(a) (sizeof(a) / sizeof((a)[0]))

/* xorshift64*: runs are the same everywhere. */
static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline unsigned int rnd_below(uint64_t *state, unsigned int n)
{
	return (rnd(state) >> 33) % n;
}

#endif
