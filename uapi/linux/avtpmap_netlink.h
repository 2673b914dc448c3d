/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR BSD-2-Clause */
/*
 * avtpmap: control over generic netlink. avtpmap.yaml beside this file says
 * the same in the form of Documentation/userspace-api/netlink/specs.
 *
 * Family "avtpmap", version 1. Requests carry flat attributes of enum
 * avtpmap_attr. Every refusal carries an extended-ack text, but for ENOMEM.
 *
 *   PORT_SET    IFINDEX|IFNAME [GID] [MEM_CAP]     make or change a port
 *   PORT_DEL    IFINDEX|IFNAME                     EBUSY while it has streams
 *   PORT_GET    dump: IFINDEX IFNAME GID MEM_CAP MEM_USED PHC_INDEX
 *               STREAMS HOOKED VERSION QUEUE... (HOOKED says whether the driver
 *               can; without MEM_CAP it is a netdev that is not attached yet)
 *   STREAM_ADD  IFINDEX|IFNAME STREAM_ID [KIND] [MODE] [MAC] [VID] [RATE]
 *               [MBIT] [MS] [STRIDE] [SILENCE]
 *   STREAM_DEL  IFINDEX|IFNAME STREAM_ID
 *   STREAM_SET  IFINDEX|IFNAME STREAM_ID MODE      take or copy, while it runs
 *   STREAM_GET  dump: all of the above (RATE also if by MBIT), UID N_SLOTS
 *               RING_BYTES PHC_INDEX HEAD MEDIA_POS STATE EPOCH FORMAT COUNTERS
 *               COUNTERS_KNOWN READERS
 *   READER_GET  dump: IFINDEX STREAM_ID PID COMM; of deleted streams too
 *   DRAIN       [IFINDEX|IFNAME]: delete all streams, there or everywhere in
 *               the network namespace; readers wake with ENODEV
 *   EVENT       to group "events": IFINDEX IFNAME EVENTS; of a stream also
 *               STREAM_ID COUNTERS COUNTERS_KNOWN
 *
 * STREAM_ADD, STREAM_DEL and STREAM_SET need CAP_NET_ADMIN in the user
 * namespace of the netdev's net namespace, or membership in the port's GID
 * (for streams that the same user added). PORT_SET, PORT_DEL and DRAIN need
 * the capability. STREAM_GET and READER_GET tell once of each that is there from
 * their beginning to their end.
 */
#ifndef _UAPI_LINUX_AVTPMAP_NETLINK_H
#define _UAPI_LINUX_AVTPMAP_NETLINK_H

#include <linux/types.h>

#define AVTPMAP_GENL_NAME	"avtpmap"
#define AVTPMAP_GENL_VERSION	1
#define AVTPMAP_GENL_EVENTS	"events"

enum avtpmap_cmd {
	AVTPMAP_CMD_UNSPEC,
	AVTPMAP_CMD_PORT_SET,
	AVTPMAP_CMD_PORT_DEL,
	AVTPMAP_CMD_PORT_GET,
	AVTPMAP_CMD_STREAM_ADD,
	AVTPMAP_CMD_STREAM_DEL,
	AVTPMAP_CMD_STREAM_SET,
	AVTPMAP_CMD_STREAM_GET,
	AVTPMAP_CMD_READER_GET,
	AVTPMAP_CMD_DRAIN,
	AVTPMAP_CMD_EVENT,
	__AVTPMAP_CMD_MAX
};
#define AVTPMAP_CMD_MAX		(__AVTPMAP_CMD_MAX - 1)

enum avtpmap_attr {
	AVTPMAP_A_UNSPEC,
	AVTPMAP_A_PAD,
	AVTPMAP_A_IFINDEX,		/* u32 */
	AVTPMAP_A_IFNAME,		/* string; "eth0.2": port eth0, VID 2 */
	AVTPMAP_A_STREAM_ID,		/* u64, big endian */
	AVTPMAP_A_KIND,			/* u32, enum avtpmap_kind */
	AVTPMAP_A_MODE,			/* u32, enum avtpmap_mode */
	AVTPMAP_A_MAC,			/* binary, 6: match and join only this */
	AVTPMAP_A_VID,			/* u32: match and register only this */
	AVTPMAP_A_RATE,			/* u32, frames/s, default 8000 */
	AVTPMAP_A_MBIT,			/* u32, Mbit/s, instead of RATE */
	AVTPMAP_A_MS,			/* u32, ring length, default 100 */
	AVTPMAP_A_STRIDE,		/* u32, bytes, default: the MTU fits */
	AVTPMAP_A_GID,			/* u32, group; ~0: none */
	AVTPMAP_A_MEM_CAP,		/* u64, bytes of all rings, default 256 MiB */
	AVTPMAP_A_MEM_USED,		/* u64, bytes */
	AVTPMAP_A_PHC_INDEX,		/* u32, or AVTPMAP_NO_PHC */
	AVTPMAP_A_STREAMS,		/* u32, number of streams */
	AVTPMAP_A_HOOKED,		/* flag: the netdev's driver has the hook */
	AVTPMAP_A_QUEUE,		/* binary, struct avtpmap_queue_stats; one each */
	AVTPMAP_A_N_SLOTS,		/* u32 */
	AVTPMAP_A_RING_BYTES,		/* u64 */
	AVTPMAP_A_HEAD,			/* u64 */
	AVTPMAP_A_MEDIA_POS,		/* u64 */
	AVTPMAP_A_STATE,		/* u32, enum avtpmap_ring_state */
	AVTPMAP_A_EPOCH,		/* u32 */
	AVTPMAP_A_FORMAT,		/* binary, struct avtpmap_format */
	AVTPMAP_A_COUNTERS,		/* binary, u64[AVTPMAP_N_COUNTERS] */
	AVTPMAP_A_COUNTERS_KNOWN,	/* u64, bit per counter */
	AVTPMAP_A_READERS,		/* u32, number of readers */
	AVTPMAP_A_PID,			/* u32, as whoever asks sees it, or 0 */
	AVTPMAP_A_COMM,			/* string */
	AVTPMAP_A_EVENTS,		/* u32, enum avtpmap_event, or see below */
	AVTPMAP_A_UID,			/* u32, who added the stream */
	AVTPMAP_A_VERSION,		/* string, of the module (PORT_GET) */
	AVTPMAP_A_SILENCE,		/* u32, ms that end it, default: by its pace */
	__AVTPMAP_A_MAX
};
#define AVTPMAP_A_MAX		(__AVTPMAP_A_MAX - 1)

/* In AVTPMAP_A_EVENTS of an EVENT, beside enum avtpmap_event. */
#define AVTPMAP_EV_ADDED	(1u << 16)	/* stream, or port, was made */
#define AVTPMAP_EV_DELETED	(1u << 17)	/* stream, or port, is gone */
/* Of these bits too, but not from the module: of a port's XDP program. */
#define AVTPMAP_EV_OFF		(1u << 18)	/* somebody took it off */
#define AVTPMAP_EV_ON		(1u << 19)	/* it was put back */

/**
 * struct avtpmap_queue_stats - what the hook saw on one RX queue of a port
 * @queue: RX queue index
 * @resv: 0
 * @frames: frames shown to avtpmap
 * @avtp: of them, AVTP
 * @taken: consumed, so not seen by the host
 * @copied: laid in a ring and passed
 * @unknown: passed: AVTP of a stream_id that is not registered
 * @control: passed: AVTP without a stream_id (AVDECC, MAAP, sv = 0)
 * @error: passed: with a receive error from the NIC
 */
struct avtpmap_queue_stats {
	__u32 queue;
	__u32 resv;
	__u64 frames;
	__u64 avtp;
	__u64 taken;
	__u64 copied;
	__u64 unknown;
	__u64 control;
	__u64 error;
};

#endif /* _UAPI_LINUX_AVTPMAP_NETLINK_H */
