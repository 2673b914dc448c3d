/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Stream ids as people and programs write them. One parser for the module's
 * streams= parameter, the library and the tool.
 *
 * A stream_id is 16 hex digits, in either case, with ':', '-' or '.' between
 * any two of its bytes or nowhere:
 *
 *	00:11:22:33:44:55:00:01		what we print
 *	00-11-22-33-44-55:0001		MAC and unique id, as controllers do
 *	001122334455:0001
 *	0011223344550001
 *	0x0011223344550001		Wireshark; after 0x, also fewer digits
 *
 * Slashes and commas are never part of it: they separate the fields and the
 * streams of a streams= parameter.
 */
#ifndef AVTPMAP_STREAMID_H
#define AVTPMAP_STREAMID_H

#include <linux/types.h>

#define AVTPMAP_STREAM_ID_CHARS	24	/* of the printed form, with its end */

static inline int avtpmap_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * avtpmap_parse_stream_id() - read a stream id
 * @s: text, need not end in NUL
 * @len: characters of it
 * @id: out, in host byte order; not touched on failure
 *
 * Returns 0, or -1 if all of the text is not one stream id.
 */
static inline int avtpmap_parse_stream_id(const char *s, __u32 len, __u64 *id)
{
	__u32 i = 0, digits = 0, want = 16;
	__u64 v = 0;

	if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		i = 2;
		want = 0;
	}
	for (; i < len; i++) {
		int d = avtpmap_hex_digit(s[i]);

		if (d >= 0) {
			if (++digits > 16)
				return -1;
			v = v << 4 | (__u32)d;
			continue;
		}
		if (s[i] != ':' && s[i] != '-' && s[i] != '.')
			return -1;
		/* between bytes: not first, not last, not doubled, not in 0x */
		if (!want || !digits || digits & 1 || i + 1 == len ||
		    avtpmap_hex_digit(s[i + 1]) < 0)
			return -1;
	}
	if (want ? digits != want : !digits)
		return -1;
	*id = v;
	return 0;
}

/* Writes 00:11:22:33:44:55:00:01 and returns @buf. */
static inline char *avtpmap_print_stream_id(char buf[AVTPMAP_STREAM_ID_CHARS],
					    __u64 id)
{
	static const char hex[] = "0123456789abcdef";
	int i;

	for (i = 0; i < 8; i++) {
		buf[3 * i] = hex[id >> (60 - 8 * i) & 0xf];
		buf[3 * i + 1] = hex[id >> (56 - 8 * i) & 0xf];
		buf[3 * i + 2] = i < 7 ? ':' : '\0';
	}
	return buf;
}

#endif /* AVTPMAP_STREAMID_H */
