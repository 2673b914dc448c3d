/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The Test Anything Protocol, for programs that cmocka does not suit. */
#ifndef AVTPMAP_UNIT_TAP_H
#define AVTPMAP_UNIT_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_tests, tap_failed;

__attribute__((format(printf, 2, 3))) static inline int
tap_ok(int ok, const char *format, ...)
{
	va_list ap;

	printf("%sok %d - ", ok ? "" : "not ", ++tap_tests);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	tap_failed += !ok;
	return ok;
}

static inline void tap_skip(const char *what, const char *why)
{
	tap_ok(1, "%s # SKIP %s", what, why);
}

/* Returns what main() does. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failed != 0;
}

#endif /* AVTPMAP_UNIT_TAP_H */
