/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR BSD-2-Clause */
/*
 * Frames for a simulated port: write() any number of records to
 * /dev/avtpmap_sim. Each goes through the hook as a driver's frame does, and
 * what passes goes up the stack. A record is this header, then the frame from
 * its destination MAC on without FCS, then padding to 8 bytes.
 */
#ifndef AVTPMAP_SIM_H
#define AVTPMAP_SIM_H

#include <linux/types.h>

#define AVTPMAP_SIM_DEVICE	"/dev/avtpmap_sim"

/**
 * struct avtpmap_sim_frame
 * @hwtime_ns: with flag 1 << 1
 * @ifindex: of a simulated netdev
 * @flags: as enum avtpmap_rx_flags: 1 tag stripped, 2 hardware time,
 *	4 receive error, 8 more of the frame in other buffers
 * @len_bytes: of the frame
 * @split_bytes: 0, or how much lies in the first of two parts
 * @vlan_tci: with flag 1 << 0
 * @queue: 0 or 1
 */
struct avtpmap_sim_frame {
	__u64 hwtime_ns;
	__u32 ifindex;
	__u32 flags;
	__u32 len_bytes;
	__u32 split_bytes;
	__u32 vlan_tci;
	__u32 queue;
};

#endif /* AVTPMAP_SIM_H */
