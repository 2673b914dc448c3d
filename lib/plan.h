/* SPDX-License-Identifier: MIT */
/*
 * From what was asked for a stream to its ring's geometry, for the backends
 * that make their rings in user space: as geometry() and describe() in the
 * module's stream.c.
 */
#ifndef AVTPMAP_LIB_PLAN_H
#define AVTPMAP_LIB_PLAN_H

#include <avtpmap/avtpmap.h>

#include "text.h"

struct plan {
	__u64 rate;
	__u32 ms;
	__u32 silence_ms;
	__u32 n_slots;
	__u32 stride;
	__u32 header_bytes;
};

int plan_ring(struct plan *plan, const char *ifname,
	      const struct avtpmap_stream_opts *opts, const struct text *why);

/* Header and slots. */
__u64 plan_bytes(const struct plan *plan);

/*
 * Fills a header; stream_id and backend are the caller's. @unknown: bits of the
 * counters that cannot be known.
 */
void plan_describe(const struct plan *plan, struct avtpmap_ring_hdr *hdr,
		   const char *ifname, __u64 unknown);

/* A MAC address in the low 48 bits. */
__u64 plan_mac(const __u8 mac[6]);

/* The VID asked for: that of "eth0.2", or of a VLAN device, where @vid gives none. */
__u32 plan_vid(const char *ifname, __u32 vid);

#endif
