/* SPDX-License-Identifier: MIT */
/* One line that says what failed and what to do, in the caller's buffer. */
#ifndef AVTPMAP_LIB_TEXT_H
#define AVTPMAP_LIB_TEXT_H

#include <stddef.h>

struct text {
	char *buf; /* may be NULL */
	size_t bytes;
};

/* Writes the line and returns @err, so that a refusal is one statement. */
__attribute__((format(printf, 3, 4))) int
refuse_text(const struct text *t, int err, const char *fmt, ...);

/*
 * Growable options: copies as much of *@src as both sides know into @dst of
 * @dst_bytes, and zeroes the rest. Both begin with their size. Returns -E2BIG
 * if @src sets something that this library does not know; what it does know is
 * copied, as where to say so.
 */
int opts_copy(void *dst, size_t dst_bytes, const void *src);
int opts_text(const struct text *t, int err); /* what it refused */

#endif
