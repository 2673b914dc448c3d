/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR BSD-2-Clause */
/*
 * avtpmap: IEEE 1722 (AVTP) streams in memory-mapped rings.
 *
 * This header is the whole contract about memory: the ring that a producer
 * fills (the kernel module, the XDP program or the packet backend's thread),
 * and the system calls of the kernel backend. All integers are in host byte
 * order unless their type says otherwise. 64-bit machines only.
 *
 * THE RING
 *
 * One producer, any number of readers. The producer never waits and never
 * looks at a reader: slot (position mod n_slots) is overwritten whoever is
 * still reading it, and a reader finds out by the slot's seq. Positions count
 * frames from the ring's creation, in 64 bits, and never wrap.
 *
 *   producer, one at a time              reader, any number
 *   -----------------------              ------------------
 *   slot->seq = 2 * pos + 1     (A)      head = hdr->head          (E)
 *   store-store barrier                  if (pos == head) nothing yet
 *   write descriptor and PDU    (B)      seq = slot->seq           (F)
 *   slot->seq = 2 * pos + 2     (C)      if (seq != 2 * pos + 2) overrun
 *   hdr->head = pos + 1         (D)      read descriptor and PDU   (G)
 *   hdr->media_pos = ...        (I)      load-load barrier
 *                                        if (slot->seq != seq)     (H)
 *                                                overrun: forget what G read
 *                                        is a period due by
 *                                                hdr->media_pos?   (J)
 *
 *   D release, E acquire: whoever sees the head sees the slot of pos.
 *   C release, F acquire: whoever sees the even seq sees all of B.
 *   A before B, G before H: whoever read one byte of the next B sees its A.
 *   I release, J acquire: whoever finds a period due sees the head of its frames.
 *
 * Frames may arrive on several CPUs; then a lock (module) or a claim word (XDP)
 * makes the producers one at a time, and orders the B of one after the C of
 * the other.
 */
#ifndef _UAPI_LINUX_AVTPMAP_H
#define _UAPI_LINUX_AVTPMAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define AVTPMAP_MAGIC		0x4d565441u	/* "ATVM" in memory */
#define AVTPMAP_ABI		1u
#define AVTPMAP_DEVICE		"/dev/avtpmap"

#define AVTPMAP_HEADER_BYTES	4096u		/* slot 0 lies here */
#define AVTPMAP_STRIDE_MIN	128u
#define AVTPMAP_STRIDE_MAX	16384u
#define AVTPMAP_SLOTS_MIN	16u
#define AVTPMAP_SLOTS_MAX	(1u << 20)
#define AVTPMAP_PERIOD_MAX	(1u << 30)	/* media units */
#define AVTPMAP_FLOOR_NS	250000u		/* no reader is woken more often */
#define AVTPMAP_DEADLINE_MAX_NS	10000000000ull
#define AVTPMAP_READERS_MAX	128u		/* of one stream */
#define AVTPMAP_HANDLES_MAX	4096u		/* of one user */
#define AVTPMAP_NO_PHC		0xffffffffu
#define AVTPMAP_ANY_VID		0xffffffffu

/* What the stream key is made of. */
enum avtpmap_kind {
	AVTPMAP_KIND_AVTP	= 0,	/* IEEE 1722 on Ethernet, by stream_id */
};

enum avtpmap_backend {
	AVTPMAP_BACKEND_KMOD	= 1,
	AVTPMAP_BACKEND_XDP	= 2,
	AVTPMAP_BACKEND_PACKET	= 3,
};

/* A taken stream's frames end here; a copied stream's reach the host too. */
enum avtpmap_mode {
	AVTPMAP_MODE_TAKE	= 0,
	AVTPMAP_MODE_COPY	= 1,
};

/* What media_pos counts. */
enum avtpmap_unit {
	AVTPMAP_UNIT_PACKETS	= 0,
	AVTPMAP_UNIT_SAMPLES	= 1,	/* one sample of each channel */
	AVTPMAP_UNIT_VIDEO	= 2,	/* video frames, by their end marker */
};

/* How one sample lies in the PDU. Big endian throughout. */
enum avtpmap_encoding {
	AVTPMAP_ENC_NONE	= 0,	/* not audio samples */
	AVTPMAP_ENC_FLOAT32	= 1,	/* AAF FLOAT_32BIT */
	AVTPMAP_ENC_INT32	= 2,	/* AAF INT_32BIT, bit_depth bits used */
	AVTPMAP_ENC_INT24	= 3,	/* AAF INT_24BIT, 3 bytes */
	AVTPMAP_ENC_INT16	= 4,	/* AAF INT_16BIT */
	AVTPMAP_ENC_AES3	= 5,	/* AAF AES3_32BIT, carried, not decoded */
	AVTPMAP_ENC_AM824	= 6,	/* IEC 61883-6, label and 24 bits */
	AVTPMAP_ENC_AM24X4	= 7,	/* IEC 61883-6, 24 bits packed, EVT 01 */
	AVTPMAP_ENC_AMFLOAT	= 8,	/* IEC 61883-6, float, EVT 10 */
};

/**
 * struct avtpmap_format - what the frames of one epoch hold
 * @subtype: IEEE 1722 subtype
 * @unit: enum avtpmap_unit
 * @encoding: enum avtpmap_encoding
 * @rate_hz: media units per second, 0 if the stream does not tell
 * @channels: audio channels, 1 to 1023
 * @bit_depth: meaningful bits of a sample, from the top
 * @sample_bytes: bytes of one sample of one channel in the PDU
 * @header_bytes: bytes of the PDU before the first sample
 */
struct avtpmap_format {
	__u32 subtype;
	__u32 unit;
	__u32 encoding;
	__u32 rate_hz;
	__u32 channels;
	__u32 bit_depth;
	__u32 sample_bytes;
	__u32 header_bytes;
};

/*
 * Counters, each of one cause. Those with a Milan name (Milan 1.2, 5.3.8.10)
 * count what Milan counts; LATE and EARLY need PHC time per frame. Eight share
 * a cache line; the first eight are all that an undisturbed frame touches.
 */
enum avtpmap_counter {
	/* every frame */
	AVTPMAP_C_FRAMES_RX,		/* Milan: laid in the ring */
	AVTPMAP_C_BYTES_RX,		/* of their PDUs */
	AVTPMAP_C_TIMESTAMP_VALID,	/* Milan: tv = 1 */
	AVTPMAP_C_TIMESTAMP_NOT_VALID,	/* Milan: tv = 0 */
	AVTPMAP_C_WAKES_PERIOD,		/* issued, all readers */
	AVTPMAP_C_WAKES_DEADLINE,
	AVTPMAP_C_WAKES_EVENT,
	AVTPMAP_C_RESERVED7,
	/* faults of the wire */
	AVTPMAP_C_SEQ_NUM_MISMATCH,	/* Milan: breaks in sequence_num */
	AVTPMAP_C_FRAMES_LOST,		/* that those breaks tell of; also frames
					 * below whose sequence_num cannot be
					 * trusted: malformed, other version;
					 * and contended ones
					 */
	AVTPMAP_C_FRAMES_DUPLICATE,	/* in the ring, flagged */
	AVTPMAP_C_FRAMES_LATE,		/* in the ring, flagged; stay lost */
	AVTPMAP_C_RESYNC,		/* breaks too large to count: new epoch */
	AVTPMAP_C_DBC_MISMATCH,		/* IEC 61883-1 DBC, sequence_num intact */
	AVTPMAP_C_MEDIA_RESET,		/* Milan: mr toggled */
	AVTPMAP_C_TIMESTAMP_UNCERTAIN,	/* Milan: tu changed */
	/* life of the stream */
	AVTPMAP_C_MEDIA_LOCKED,		/* Milan: frames came again */
	AVTPMAP_C_MEDIA_UNLOCKED,	/* Milan: frames ceased */
	AVTPMAP_C_STREAM_INTERRUPTED,	/* Milan: epochs after the first */
	AVTPMAP_C_FORMAT_CHANGED,
	AVTPMAP_C_TALKER_CHANGED,	/* another source MAC after a silence */
	AVTPMAP_C_LATE_TIMESTAMP,	/* Milan: presentation before arrival */
	AVTPMAP_C_EARLY_TIMESTAMP,	/* Milan: ... later than the ring lasts */
	AVTPMAP_C_RESERVED23,
	/* not in the ring: passed to the host */
	AVTPMAP_C_MALFORMED,		/* lengths that contradict each other */
	AVTPMAP_C_UNSUPPORTED_FORMAT,	/* Milan; also version != 0 */
	AVTPMAP_C_MULTIBUF,		/* spread over several NIC buffers */
	AVTPMAP_C_TOO_LONG,		/* for the slot */
	AVTPMAP_C_CONTENDED,		/* claim word busy (XDP only) */
	AVTPMAP_C_CONFLICT,		/* from a second talker of the same id */
	AVTPMAP_C_OTHER_PATH,		/* another MAC or VID than was asked for */
	AVTPMAP_C_NO_FORMAT,		/* NO-DATA before anything told a format */
	AVTPMAP_N_COUNTERS
};

enum avtpmap_ring_state {
	AVTPMAP_RING_SILENT	= 0,	/* no frame yet, or none for long: _EV_END */
	AVTPMAP_RING_LIVE	= 1,
	AVTPMAP_RING_GONE	= 2,	/* deleted, or its port went: for good */
};

/**
 * struct avtpmap_ring_hdr - the first page of a ring
 * @magic: AVTPMAP_MAGIC
 * @abi: AVTPMAP_ABI; readers accept one more or one less, or refuse
 * @header_bytes: offset of slot 0
 * @stride: bytes from slot to slot, a power of two
 * @n_slots: slots, a power of two
 * @kind: enum avtpmap_kind
 * @stream_id: IEEE 1722 stream_id
 * @ifindex: the port when the ring was made
 * @backend: enum avtpmap_backend
 * @phc_index: N of the /dev/ptpN that hwtime_ns is from, or AVTPMAP_NO_PHC
 * @rate: frames per second that the ring was sized for
 * @counters_known: bit i: counters[i] can be known here; else "unavailable".
 *	Bits may come, with the first frame that has PHC time; they never go.
 * @format_seq: sequence lock for @epoch and @format: odd while written
 * @epoch: 1 for the first talker and format, and so on
 * @format: of @epoch
 * @head: frames published; the newest is at head - 1
 * @media_pos: where the next frame is expected to begin
 * @state: enum avtpmap_ring_state
 * @counters: by enum avtpmap_counter
 *
 * What lies before @counters_known is written before the ring is first mapped,
 * and never while it is.
 */
struct avtpmap_ring_hdr {
	__u32 magic;
	__u32 abi;
	__u32 header_bytes;
	__u32 stride;
	__u32 n_slots;
	__u32 kind;
	__be64 stream_id;
	__u32 ifindex;
	__u32 backend;
	__u32 phc_index;
	__u32 rate;
	__u64 counters_known;
	__u64 resv0;

	__u32 format_seq;
	__u32 epoch;
	struct avtpmap_format format;
	__u64 resv1[3];

	__u64 head;
	__u64 media_pos;
	__u32 state;
	__u32 resv2;
	__u64 resv3[5];

	__u64 counters[AVTPMAP_N_COUNTERS];
};

enum avtpmap_slot_flags {
	AVTPMAP_F_HWTIME	= 1 << 0,	/* hwtime_ns is valid */
	AVTPMAP_F_MONOTIME	= 1 << 1,	/* mono_ns is valid */
	AVTPMAP_F_TV		= 1 << 2,	/* avtp_timestamp is valid */
	AVTPMAP_F_TU		= 1 << 3,	/* ... but uncertain */
	AVTPMAP_F_MR		= 1 << 4,	/* mr toggled with this frame */
	AVTPMAP_F_VLAN		= 1 << 5,	/* vlan_tci is valid */
	AVTPMAP_F_GAP		= 1 << 6,	/* @lost frames missing before it */
	AVTPMAP_F_LATE		= 1 << 7,	/* overtaken: holds no new media */
	AVTPMAP_F_DUPLICATE	= 1 << 8,	/* seen before: no new media */
	AVTPMAP_F_NODATA	= 1 << 9,	/* IEC 61883-6 NO-DATA or empty */
	AVTPMAP_F_EPOCH		= 1 << 10,	/* first frame of its epoch */
	AVTPMAP_F_DBC		= 1 << 11,	/* DBC jumped, sequence did not */
	AVTPMAP_F_FRAME_END	= 1 << 12,	/* ends a video frame */
	AVTPMAP_F_SPARSE	= 1 << 13,	/* AAF sparse timestamp mode */
	AVTPMAP_F_RTAG		= 1 << 14,	/* IEEE 802.1CB number is valid */
};

/* Of the flags of a slot: what the R-TAG numbers it, with AVTPMAP_F_RTAG. */
#define AVTPMAP_RTAG_SEQUENCE(flags)	((flags) >> 16)

/**
 * struct avtpmap_slot - one frame's descriptor; its AVTP PDU follows
 * @seq: 2 * position + 2 when valid, odd while it is written
 * @hwtime_ns: PHC time of arrival, ns, with AVTPMAP_F_HWTIME
 * @mono_ns: CLOCK_MONOTONIC when the producer saw the frame, ns
 * @media_pos: position of its first media unit since the ring was made
 * @avtp_timestamp: IEEE 1722 4.4.4, ns modulo 2^32, with AVTPMAP_F_TV
 * @len_bytes: of the PDU: its header and stream data, without padding
 * @units: media units that this frame adds
 * @lost: wire frames lost just before it
 * @lost_units: media units that they held
 * @epoch: as in the ring header when the frame was laid down
 * @flags: enum avtpmap_slot_flags | IEEE 802.1CB sequence number << 16
 * @pdu: subtype << 24 | sequence_num << 16 | VLAN TCI; of two tags the inner
 *	one, which is the stream's VLAN: the outer is a provider's
 */
struct avtpmap_slot {
	__u64 seq;
	__u64 hwtime_ns;
	__u64 mono_ns;
	__u64 media_pos;
	__u32 avtp_timestamp;
	__u32 len_bytes;
	__u32 units;
	__u32 lost;
	__u32 lost_units;
	__u32 epoch;
	__u32 flags;
	__u32 pdu;
};

#define AVTPMAP_PDU(subtype, seqnum, tci) \
	((__u32)(subtype) << 24 | (__u32)(seqnum) << 16 | (__u32)(tci))
#define AVTPMAP_PDU_SUBTYPE(pdu)	((pdu) >> 24)
#define AVTPMAP_PDU_SEQUENCE(pdu)	((pdu) >> 16 & 0xff)
#define AVTPMAP_PDU_TCI(pdu)		((pdu) & 0xffff)

/**
 * struct avtpmap_reader_page - the one page that a reader may write
 * @acked: media position up to which this reader is done. The kernel reads it
 *	only in this reader's own poll or wait, or its group's, clamped to what
 *	was published.
 */
struct avtpmap_reader_page {
	__u64 acked;
};

/*
 * Kernel backend: open AVTPMAP_DEVICE, BIND, then mmap() both areas shared.
 *   AVTPMAP_MMAP_RING    ring_bytes, PROT_READ: header page, then the slots
 *   AVTPMAP_MMAP_READER  one page, PROT_READ | PROT_WRITE
 * A mapping of the ring that is or could become writable is refused (EPERM).
 */
#define AVTPMAP_MMAP_RING	0ull
#define AVTPMAP_MMAP_READER	(1ull << 40)

/**
 * struct avtpmap_bind - make this handle a reader of one stream
 * @abi: in: AVTPMAP_ABI
 * @ifindex: in: port
 * @stream_id: in
 * @kind: in: enum avtpmap_kind
 * @flags: in: 0
 * @ring_bytes: out: length of the ring's mapping
 * @head: out: first position that this reader is entitled to
 * @media_pos: out: media position there
 * @resv: 0
 *
 * ENOENT: no such stream. EBUSY: bound already. EPROTONOSUPPORT: other ABI.
 * EACCES: neither CAP_NET_ADMIN nor the port's group. EUSERS: readers of the
 * stream, or handles of the user, are at their cap; or the user, who lacks
 * CAP_NET_ADMIN, has half of the readers that others leave room for. EDQUOT:
 * the user's handles keep rings of deleted streams, with this one more than the
 * port's memory cap. EINVAL: unknown kind or flags.
 */
struct avtpmap_bind {
	__u32 abi;
	__u32 ifindex;
	__be64 stream_id;
	__u32 kind;
	__u32 flags;
	__u64 ring_bytes;
	__u64 head;
	__u64 media_pos;
	__u64 resv[2];
};

/* What may wake a reader besides a period, and what wait reports. */
enum avtpmap_event {
	AVTPMAP_EV_DEADLINE	= 1 << 0,	/* always reported */
	AVTPMAP_EV_GAP		= 1 << 1,	/* loss, resync or DBC break */
	AVTPMAP_EV_RESET	= 1 << 2,	/* mr toggled */
	AVTPMAP_EV_UNCERTAIN	= 1 << 3,	/* tu changed */
	AVTPMAP_EV_EPOCH	= 1 << 4,	/* new talker, resync or format */
	AVTPMAP_EV_END		= 1 << 5,	/* no frame for four times the stream's
						 * own longest interval; audio:
						 * 0.1 to 1 s, others 1 to 10 s
						 */
	AVTPMAP_EV_START	= 1 << 6,	/* first frame, or frames again */
	AVTPMAP_EV_CONFLICT	= 1 << 7,	/* a second talker is heard */
	AVTPMAP_EV_QUORUM	= 1 << 8,	/* a group's quorum changed */
	AVTPMAP_EV_ALL		= (1 << 9) - 1,
};

/**
 * struct avtpmap_period - when to wake this reader (or group)
 * @period: media units, 1 to AVTPMAP_PERIOD_MAX; 0: events and deadline only.
 *	A period ends where media_pos crosses a multiple of it. Where that would
 *	be more often than every AVTPMAP_FLOOR_NS, the reader is woken at the
 *	smallest multiple that is not; wait still counts in @period.
 * @events: mask of enum avtpmap_event
 * @deadline_ns: wake at most this long after the previous wake; 0: none;
 *	else AVTPMAP_FLOOR_NS to AVTPMAP_DEADLINE_MAX_NS
 * @resv: 0
 *
 * ENOTCONN: not bound. EBUSY: a member's period is its group's. ERANGE: the
 * deadline. EINVAL: the rest.
 */
struct avtpmap_period {
	__u32 period;
	__u32 events;
	__u64 deadline_ns;
	__u64 resv[2];
};

/**
 * struct avtpmap_wait - sleep until a period, an event or the deadline is due
 * @timeout_ns: in: at most so long; 0: do not sleep; all ones: no limit
 * @due: out: periods that ended since the reader's acked position
 * @events: out: enum avtpmap_event, cleared by this call
 * @head: out: frames published; 0 of a group
 *
 * Returns 0 also after @timeout_ns, with nothing due. ENODEV: the stream, or
 * each of the group's, is gone. EINTR: a signal came. ENOTCONN: not bound.
 */
struct avtpmap_wait {
	__u64 timeout_ns;
	__u32 due;
	__u32 events;
	__u64 head;
	__u64 resv;
};

/**
 * struct avtpmap_reader_info - what this reader was given so far
 * @periods: period ends since the period was set
 * @wakes_period: wakes issued for them; fewer where one frame ends several
 * @wakes_deadline: for the deadline, to a reader that may be asleep
 * @wakes_event: for events alone, to a reader that may be asleep
 * @waits: returns of wait with something due
 * @wake_period: media units between wakes (see struct avtpmap_period)
 * @resv: 0
 */
struct avtpmap_reader_info {
	__u64 periods;
	__u64 wakes_period;
	__u64 wakes_deadline;
	__u64 wakes_event;
	__u64 waits;
	__u32 wake_period;
	__u32 resv0;
	__u64 resv[2];
};

/**
 * struct avtpmap_group_member - make this unbound handle a group, or add to it
 * @fd: in: a bound handle of a stream on the same port as the others
 * @flags: in: 0
 *
 * The group is woken once, when every member in its quorum has ended the
 * period. A member silent for two periods leaves the quorum until it sends
 * again (AVTPMAP_EV_QUORUM each time).
 *
 * ENOTCONN: @fd is not bound. EBUSY: this handle is bound, or @fd is a member
 * already. EXDEV: another port. EUSERS: 256 members. ENODEV: its stream is gone.
 */
struct avtpmap_group_member {
	__u32 fd;
	__u32 flags;
};

#define AVTPMAP_IOC_MAGIC	0xf2
#define AVTPMAP_IOC_BIND	_IOWR(AVTPMAP_IOC_MAGIC, 1, struct avtpmap_bind)
#define AVTPMAP_IOC_PERIOD	_IOW(AVTPMAP_IOC_MAGIC, 2, struct avtpmap_period)
#define AVTPMAP_IOC_WAIT	_IOWR(AVTPMAP_IOC_MAGIC, 3, struct avtpmap_wait)
#define AVTPMAP_IOC_INFO	_IOR(AVTPMAP_IOC_MAGIC, 4, struct avtpmap_reader_info)
#define AVTPMAP_IOC_GROUP_ADD	_IOW(AVTPMAP_IOC_MAGIC, 5, struct avtpmap_group_member)

#endif /* _UAPI_LINUX_AVTPMAP_H */
