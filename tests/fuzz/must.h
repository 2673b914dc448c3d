/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What must be true whatever came, or the fuzzer has found something. */
#ifndef AVTPMAP_FUZZ_MUST_H
#define AVTPMAP_FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                              \
	do {                                                         \
		if (!(condition)) {                                  \
			fprintf(stderr, "not so: %s\n", #condition); \
			abort();                                     \
		}                                                    \
	} while (0)

#endif
