/* SPDX-License-Identifier: MIT */
/* What is heard, and by which socket. */
#ifndef AVTPMAP_LIB_SCAN_H
#define AVTPMAP_LIB_SCAN_H

#include <stdbool.h>

#include "../internal.h"
#include "../../kmod/shared/ring_prod.h"

enum {
	SCAN_BUCKETS = 256,
};

/**
 * struct heard - a stream_id on one path
 * @next: of the same bucket, 1 + index in the scan's streams; 0: none
 * @pub: what is told of it
 * @account: what its frames add up to
 * @hdr: as of a ring that has no slots
 */
struct heard {
	uint32_t next;
	struct avtpmap_scan_stream pub;
	struct avtpmap_account account;
	struct avtpmap_ring_hdr hdr;
};

struct avtpmap_scan {
	int fd;
	uint32_t ifindex;
	uint32_t vid; /* this one only, 0: any */
	uint64_t missed;
	uint32_t n_streams;
	uint32_t n_entities;
	uint32_t buckets[SCAN_BUCKETS];
	struct heard *streams[AVTPMAP_SCAN_MAX];
	struct avtpmap_scan_entity entities[AVTPMAP_SCAN_MAX];
};

/* scan.c APIs: a frame, of which the first @bytes are here */
struct scan_frame {
	const uint8_t *data;
	uint32_t bytes;
	uint32_t frame_bytes;
	int stripped;
	uint16_t tci;
	uint64_t mono_ns;
};

void scan_frame(struct avtpmap_scan *s, const struct scan_frame *f);

/* socket.c APIs */
int scan_socket_open(struct avtpmap_scan *s, const struct text *why);
int scan_socket_read(struct avtpmap_scan *s); /* 0 or -ENODEV */

#endif
