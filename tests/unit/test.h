/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* cmocka with its prerequisites, and a stream under test. */
#ifndef AVTPMAP_UNIT_TEST_H
#define AVTPMAP_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kmod/shared/account.h"
#include "../../kmod/shared/avtp.h"

#define N_ELEMS(a) (sizeof(a) / sizeof((a)[0]))

#define TALKER 0x02005e100001ull
#define OTHER_TALKER 0x02005e100002ull
#define FRAME_NS 125000ull /* class A */

#define AAF_RAW(format, nsr, channels, depth)                             \
	FORMAT_RAW(AVTPMAP_SUB_AAF, (__u64)(format) << 24 | (nsr) << 20 | \
					    (channels) << 8 | (depth))
#define CIP_RAW(fdf, dbs) \
	FORMAT_RAW(AVTPMAP_SUB_61883_IIDC, 0x01100000u | (fdf) << 8 | (dbs))

/* One stream's accounts, the frame about to come, and what became of it. */
struct stream {
	struct avtpmap_account a;
	struct avtpmap_ring_hdr hdr;
	struct avtpmap_pdu pdu;
	struct avtpmap_entry e;
	__u64 now_ns;
};

static inline __u64 counter(const struct stream *s, enum avtpmap_counter c)
{
	return s->hdr.counters[c];
}

/* Stereo int16, 48 kHz, 6 samples in a frame; nothing has come yet. */
static inline void stream_init(struct stream *s)
{
	memset(s, 0, sizeof(*s));
	s->pdu.subtype = AVTPMAP_SUB_AAF;
	s->pdu.src_mac = TALKER;
	s->pdu.format_raw = AAF_RAW(4, 5, 2, 16);
	s->pdu.data_bytes = 24;
	s->pdu.len_bytes = 48;
	s->pdu.flags = AVTPMAP_F_TV;
	s->now_ns = 1000000000;
}

static inline void stream_init_am824(struct stream *s)
{
	stream_init(s);
	s->pdu.subtype = AVTPMAP_SUB_61883_IIDC;
	s->pdu.format_raw = CIP_RAW(0x02, 2);
	s->pdu.data_bytes = 48;
	s->pdu.len_bytes = 80;
}

/* The frame in s->pdu comes, one interval after the last. */
static inline int stream_frame(struct stream *s)
{
	s->now_ns += FRAME_NS;
	return avtpmap_account(&s->a, &s->hdr, &s->pdu, s->now_ns, &s->e);
}

/* ... and its follower is made ready. */
static inline int stream_next(struct stream *s)
{
	int laid = stream_frame(s);

	s->pdu.sequence++;
	if (s->pdu.subtype == AVTPMAP_SUB_61883_IIDC &&
	    !(s->pdu.flags & AVTPMAP_F_NODATA))
		s->pdu.dbc += 6;
	return laid;
}

static inline void stream_settle(struct stream *s)
{
	for (int i = 0; i < SETTLE_FRAMES; i++)
		assert_int_equal(stream_next(s), 1);
}

/* Frames are sent that never come. */
static inline void stream_lose(struct stream *s, unsigned int n)
{
	s->pdu.sequence += n;
	s->now_ns += n * FRAME_NS;
	if (s->pdu.subtype == AVTPMAP_SUB_61883_IIDC)
		s->pdu.dbc += 6 * n;
}

/* Every counter that is neither zero nor named (in pairs, ended by -1). */
static inline void assert_counters(const struct stream *s, ...)
{
	__u64 want[AVTPMAP_N_COUNTERS] = { 0 };
	va_list ap;
	int c;

	va_start(ap, s);
	while ((c = va_arg(ap, int)) >= 0)
		want[c] = va_arg(ap, int);
	va_end(ap);
	for (c = 0; c < AVTPMAP_N_COUNTERS; c++)
		if (s->hdr.counters[c] != want[c])
			fail_msg("counter %d: %llu, expected %llu", c,
				 s->hdr.counters[c], want[c]);
}

/* xorshift64*: runs are the same everywhere. */
static inline __u64 rnd(__u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline unsigned int rnd_below(__u64 *state, unsigned int n)
{
	return (rnd(state) >> 33) % n;
}

#endif /* AVTPMAP_UNIT_TEST_H */
