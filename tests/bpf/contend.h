/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef AVTPMAP_BPF_TEST_CONTEND_H
#define AVTPMAP_BPF_TEST_CONTEND_H

#include <linux/types.h>

enum { CONTEND_TURNS_MAX = 10 };
#define CONTEND_NEVER_NS (3600 * 1000000000ull)

/**
 * struct contend - what the program hold is to do, as its packet
 * @group: the claim is a group's, not a stream's
 * @index: of the stream, or of the group
 * @claim: take it
 * @turns: keep it for so many times 30 us
 * @release: give it back
 * @stop: the stream's timer first, so that nobody looks at it whom no frame asks
 */
struct contend {
	__u32 group;
	__u32 index;
	__u32 claim;
	__u32 turns;
	__u32 release;
	__u32 stop;
	__u32 resv[10];
};

#endif
