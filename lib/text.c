// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <avtpmap/avtpmap.h>

#include "text.h"

int refuse_text(const struct text *t, int err, const char *fmt, ...)
{
	va_list ap;

	if (t->buf && t->bytes) {
		va_start(ap, fmt);
		vsnprintf(t->buf, t->bytes, fmt, ap);
		va_end(ap);
	}
	return err;
}

int opts_copy(void *dst, size_t dst_bytes, const void *src)
{
	const unsigned char *from = src;
	size_t src_bytes;

	memset(dst, 0, dst_bytes);
	if (!src)
		return 0;
	memcpy(&src_bytes, src, sizeof(src_bytes));
	if (src_bytes < sizeof(src_bytes))
		return -EINVAL;
	memcpy(dst, src, src_bytes < dst_bytes ? src_bytes : dst_bytes);
	for (size_t i = dst_bytes; i < src_bytes; i++)
		if (from[i])
			return -E2BIG;
	return 0;
}

int opts_text(const struct text *t, int err)
{
	return refuse_text(t, err, "options of another libavtpmap than %s",
			   avtpmap_version());
}
