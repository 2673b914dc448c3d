/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * What the XDP program and the library that loads it share: one port's maps.
 * The program is loaded once per port; all of this changes while it runs.
 *
 *	table		what users ask for; written by the library under the
 *			port's lock, one word at a time, and only read by the
 *			program
 *	rings		a map for each stream, in the layout of linux/avtpmap.h,
 *			frozen: after that only the program can write it
 *	readers		what the program keeps about each reader; frozen too
 *	groups		and about each group; frozen too
 *	wakers		a ring buffer for each reader or group: its wakeup channel
 *	timers		silence, deadlines and late events of each stream and group
 *	stats		what the program saw, by CPU
 */
#ifndef AVTPMAP_BPF_STATE_H
#define AVTPMAP_BPF_STATE_H

#include <linux/avtpmap.h>

#include "../../../kmod/shared/wake.h"

enum {
	XDP_STREAMS = 4096, /* of a port */
	XDP_READERS = 4096, /* and groups, which share their numbers */
	XDP_MEMBERS = 256, /* of a group */
	XDP_BUCKETS = 16384, /* a quarter full at most */
	XDP_PROBES = 32,
	XDP_CHUNK = 16384, /* a ring's map has values of this size */
	XDP_GONE = 1,
	XDP_GONE_TOLD = 2,
	XDP_NO_STREAM = 0, /* buckets hold index + 1 */
};

/* Goes up when anything here changes: the state outlives the library that made it. */
#define XDP_LAYOUT 0x41560006u

#define XDP_BURIED 0xffffffffu /* was a stream: probing goes on */

/**
 * struct xdp_ctl - a stream as it was asked for
 * @stream_id: 0 in an entry that is not in use
 * @dst_mac: 0: any
 * @vid: or AVTPMAP_ANY_VID
 * @mode: enum avtpmap_mode
 * @first_reader: index + 1 in reader[], or 0
 * @gone: the stream is being deleted
 * @chunks: values of its ring's map
 * @uid: who added it
 * @ms: length of the ring
 * @asked_vid: as given, before 0 became any
 * @rate: frames per second
 * @filters: what the library did to the NIC for it, or is about to
 * @filter_vid: the VID that it registered
 * @silence_ms: as asked for
 */
struct xdp_ctl {
	__be64 stream_id;
	__u64 dst_mac;
	__u32 vid;
	__u32 mode;
	__u32 first_reader;
	__u32 gone;
	__u32 chunks;
	__u32 uid;
	__u32 ms;
	__u32 asked_vid;
	__u32 filters;
	__u32 rate;
	__u32 filter_vid;
	__u32 silence_ms;
};

/**
 * struct xdp_reader_ctl - a reader, or a group, as it was asked for
 * @next: reader of the same stream, index + 1, or 0
 * @gen: changes when what follows does
 * @period: media units, 0: none
 * @events: mask
 * @deadline_ns: 0: none
 * @stream: index
 * @pid: who reads; 0 in an entry that is not in use
 * @stream_id: that it was bound to
 * @comm: its name
 * @group: that it is a member of, index + 1, or 0; a group's own is its own
 * @next_member: of the same group, index + 1, or 0; a group's is the first
 */
struct xdp_reader_ctl {
	__u32 next;
	__u32 gen;
	__u32 period;
	__u32 events;
	__u64 deadline_ns;
	__u32 stream;
	__u32 pid;
	__be64 stream_id;
	char comm[16];
	__u32 group;
	__u32 next_member;
};

struct xdp_table {
	__u32 layout; /* XDP_LAYOUT, in every version at this place */
	__u32 resv0;
	__u32 bucket[XDP_BUCKETS];
	struct xdp_ctl stream[XDP_STREAMS];
	struct xdp_reader_ctl reader[XDP_READERS];
	__u64 mem_cap; /* bytes that all rings may take */
	__u32 allmulti_ours; /* the library switched it on, or is about to */
	__u32 changes; /* streams made so far */
	__u32 attach_mode; /* last: XDP_ATTACHED_DRV or _SKB; 0: not known */
	__u32 closing; /* being detached: nobody's any more */
};

/**
 * struct xdp_reader - what the program keeps about a reader, or a group
 * @gen: of the struct xdp_reader_ctl that is in force
 * @group: that it is a member of, as in force
 * @due: its period, as in force
 * @wake: when it was woken, and is yet to be
 * @wakes_period: and so on: struct avtpmap_reader_info
 *
 * Of a member, with its group claimed:
 * @member: its part in the group's quorum
 * @untold: events that the group could not be told of
 */
struct xdp_reader {
	__u32 gen;
	__u32 group;
	struct avtpmap_due due;
	struct avtpmap_wake wake;
	__u64 wakes_period;
	__u64 wakes_deadline;
	__u64 wakes_event;

	struct avtpmap_member member;
	__u32 untold;
	__u32 resv0;
	__u64 resv1[4];
};

/**
 * struct xdp_group - what the program keeps about a group, beside its struct
 *	xdp_reader; as in kmod/group.h
 * @claim: 1 while somebody counts, as in struct xdp_stream, and inside of that
 * @periods: that ended for everybody in the quorum, as asked for, of all times
 * @timer_ns: when the timer fires, all ones: not set
 * @events: how often each event was raised that wakes it
 * @quorum: whom it waits for
 */
struct xdp_group {
	__u32 claim;
	__u32 resv0;
	__u64 periods;
	__u64 timer_ns;
	__u64 events[WAKE_EVENTS];
	__u64 resv[2];
	struct avtpmap_quorum quorum;
};

/**
 * struct xdp_visit - what a visit to the readers is for
 * @now_ns: when
 * @before: media position from which a new period counts
 * @again_ns: out: when to come again
 * @events: to tell them of
 * @epoch: a new rate may mean another floor
 * @missed: out: a group was busy
 */
struct xdp_visit {
	__u64 now_ns;
	__u64 before;
	__u64 again_ns;
	__u32 events;
	__u32 epoch;
	__u32 missed;
	__u32 resv;
};

/**
 * struct xdp_stream - what the program keeps about a stream, in its ring's
 *	first page behind the header
 * @claim: 1 while somebody writes the ring. Taken by compare-and-swap and
 *	given back by a release, so the B of one producer comes before the A of
 *	the next in the drawing of linux/avtpmap.h. Only held in softirq.
 * @gone: XDP_GONE: no more frames; XDP_GONE_TOLD: every reader was told
 * @room_bytes: most that a PDU may have
 * @mask: slots - 1
 * @stride: @header_bytes: @stream_id: as in the header, for one cache line less
 * @next_due: first media position at which a reader is due
 * @news: events that readers are yet to be told of
 * @timer_ns: when the timer fires, all ones: not set
 * @account: sequence, position, epoch
 * @index: of the stream
 * @timer_cpu: where: by and by the one that the frames come on
 * @events: how often each event was raised; readers compare
 * @visit: of whoever has the stream claimed; here for the stack's sake
 */
struct xdp_stream {
	__u32 claim;
	__u32 gone;
	__u32 room_bytes;
	__u32 mask;
	__u32 stride;
	__u32 header_bytes;
	__u64 next_due;
	struct avtpmap_news news;
	__u64 timer_ns;
	__be64 stream_id;

	struct avtpmap_account account;
	__u32 index;
	__u32 timer_cpu;
	__u64 events[WAKE_EVENTS];
	struct xdp_visit visit;
};

/* The first value of a ring's map. */
struct xdp_ring {
	struct avtpmap_ring_hdr hdr;
	__u8 resv[1024 - sizeof(struct avtpmap_ring_hdr)];
	struct xdp_stream s;
	__u8 rest[XDP_CHUNK - 1024 - sizeof(struct xdp_stream)];
};

/* What one CPU saw of the port: see struct avtpmap_queue_stats. */
struct xdp_stats {
	__u64 frames;
	__u64 avtp;
	__u64 taken;
	__u64 copied;
	__u64 unknown;
	__u64 control;
};

/*
 * The argument of the program avtpmap_tick, as its packet: a stream's index, or
 * XDP_STREAMS and a group's.
 */
struct xdp_tick {
	__u32 timer;
	__u32 resv[15];
};

#endif
