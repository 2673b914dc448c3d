/* SPDX-License-Identifier: MIT */
#ifndef AVTPMAP_TOOL_SNIFF_H
#define AVTPMAP_TOOL_SNIFF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SNIFF_IDS = 4 };

/**
 * struct sniff - AVTP frames that reach the host
 * @fd: -1: that may not be seen, or need not any more
 * @stream_id: that is looked for
 * @frames: of it
 * @sv0: of them without sv, so that the id counts for nothing
 * @tags: of them behind more tags than are parsed
 * @two_tags: behind two VLAN tags: the NIC goes by the outer one
 * @others: frames of other streams
 * @ids: of which streams
 * @n_ids: entries of @ids
 */
struct sniff {
	int fd;
	uint64_t stream_id;
	uint64_t frames;
	uint64_t sv0;
	uint64_t tags;
	uint64_t two_tags;
	uint64_t others;
	uint64_t ids[SNIFF_IDS];
	uint32_t n_ids;
};

void sniff_open(struct sniff *s, uint32_t ifindex, uint64_t stream_id);
void sniff_read(struct sniff *s);
void sniff_close(struct sniff *s); /* what was seen stays */

#endif
