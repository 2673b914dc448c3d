// SPDX-License-Identifier: MIT
/* The inline functions of ring.h as symbols, for languages that cannot inline. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define AVTPMAP_INLINE
#include <avtpmap/ring.h>
