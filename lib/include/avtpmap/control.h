/* SPDX-License-Identifier: MIT */
/*
 * Control of ports and streams, over whichever backend serves the port.
 *
 * Functions return 0 or a negative errno; avtpmap_ctl_error() then has one
 * line, from the kernel where it gave one, that says what to do. One thread at
 * a time per struct avtpmap_ctl. Nothing here is real-time safe.
 *
 * Errors common to all:
 *	-ENOPKG: no backend (the module is not loaded)
 *	-EPERM: neither CAP_NET_ADMIN nor a member of the port's group
 *	-ENODEV: no such interface
 *	-EPROTONOSUPPORT: module and library do not fit each other
 */
#ifndef AVTPMAP_CONTROL_H
#define AVTPMAP_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <linux/avtpmap.h>
#include <linux/avtpmap_netlink.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_ctl;

/**
 * struct avtpmap_ctl_opts - what to control
 * @sz: sizeof(struct avtpmap_ctl_opts)
 * @backend: 0 (best), or an enum avtpmap_backend to insist on
 * @resv: 0
 * @ifname: choose the backend for this port; may be NULL
 * @error: out: why opening failed; may be NULL
 * @error_bytes: size of @error
 */
struct avtpmap_ctl_opts {
	size_t sz;
	uint32_t backend;
	uint32_t resv;
	const char *ifname;
	char *error;
	size_t error_bytes;
};

/**
 * avtpmap_ctl_open() - get at the control side of a backend
 * @out: to be closed with avtpmap_ctl_close(); NULL on failure
 * @opts: or NULL
 */
int avtpmap_ctl_open(struct avtpmap_ctl **out,
		     const struct avtpmap_ctl_opts *opts);

/* NULL is fine. */
void avtpmap_ctl_close(struct avtpmap_ctl *ctl);

/* What the last failed call on @ctl had to say; valid until the next call. */
const char *avtpmap_ctl_error(struct avtpmap_ctl *ctl);

/* "kmod", "xdp" or "packet", and in one line why it was chosen. */
const char *avtpmap_ctl_backend_name(struct avtpmap_ctl *ctl);
const char *avtpmap_ctl_backend_reason(struct avtpmap_ctl *ctl);

#define AVTPMAP_NO_GROUP 0xffffffffu

/**
 * struct avtpmap_port_opts - how to make or change a port
 * @sz: sizeof(struct avtpmap_port_opts)
 * @set: AVTPMAP_PORT_GID and AVTPMAP_PORT_MEM_CAP for what is to be set; and
 *	for the XDP backend, how: _XDP_NATIVE in the driver
 *	(many reset the link for it), _XDP_GENERIC behind it, neither: in the
 *	driver where that is known not to reset; _XDP_ALONE without a
 *	dispatcher, so that no other XDP program can be beside it: the only
 *	way where the kernel refuses dispatchers, and never a silent one
 * @gid: group whose members may add and read streams; AVTPMAP_NO_GROUP: none
 * @mem_cap: bytes that all of the port's rings may take
 */
struct avtpmap_port_opts {
	size_t sz;
	uint32_t set;
	uint32_t gid;
	uint64_t mem_cap;
};
#define AVTPMAP_PORT_GID (1u << 0)
#define AVTPMAP_PORT_MEM_CAP (1u << 1)
#define AVTPMAP_PORT_XDP_NATIVE (1u << 2)
#define AVTPMAP_PORT_XDP_GENERIC (1u << 3)
#define AVTPMAP_PORT_XDP_ALONE (1u << 4)
#define AVTPMAP_PORT_XDP (7u << 2) /* all of these */

/**
 * avtpmap_port_attach() - attach to a netdev, or change an attached port
 * @ctl: control
 * @ifname: netdev
 * @opts: or NULL for the defaults
 *
 * An XDP program that somebody took off is put back, in the mode that it had
 * unless @opts asks for another; streams and readers go on.
 *
 * -EOPNOTSUPP: the netdev's driver does not have the hook; or there can be an XDP
 * program alone only; or @opts asks for what this backend has not. -EINVAL: a bit
 * of @set that is not known, or both modes. -EBUSY: somebody else's XDP program leaves no room, or ours
 * is attached in another mode than was asked for. Of native XDP, whatever the
 * driver refuses it with.
 */
int avtpmap_port_attach(struct avtpmap_ctl *ctl, const char *ifname,
			const struct avtpmap_port_opts *opts);

/* -EBUSY while the port has streams. */
int avtpmap_port_detach(struct avtpmap_ctl *ctl, const char *ifname);

/**
 * struct avtpmap_stream_opts - how to make a stream
 * @sz: sizeof(struct avtpmap_stream_opts)
 * @mode: enum avtpmap_mode
 * @vid: VLAN id, 1 to 4094: match and register only this; 0: match any and
 *	register the default (2); AVTPMAP_ANY_VID: match any, register none
 * @mac: destination MAC: match and join only this; all 0: any
 * @resv: 0
 * @rate: frames per second to make room for; 0: default (8000)
 * @mbit: Mbit/s to make room for, instead of @rate; 0: by @rate
 * @ms: length of the ring in time; 0: default (100)
 * @stride: bytes from slot to slot, a power of two; 0: the MTU fits
 * @silence_ms: time without a frame that ends the stream (AVTPMAP_EV_END), 100 to
 *	3600000; 0: follows the stream's own pace
 */
struct avtpmap_stream_opts {
	size_t sz;
	uint32_t mode;
	uint32_t vid;
	uint8_t mac[6];
	uint8_t resv[2];
	uint32_t rate;
	uint32_t mbit;
	uint32_t ms;
	uint32_t stride;
	uint32_t silence_ms;
};

/**
 * avtpmap_stream_add() - register a stream, and so begin to take it
 * @ctl: control
 * @ifname: port, or "eth0.2" for port eth0 and VID 2
 * @stream_id: in host byte order
 * @opts: or NULL for the defaults
 *
 * A port that is not attached is attached, with the defaults, where the caller
 * may do that.
 *
 * -ENETDOWN: the port's XDP program was taken off.
 * -EPROTONOSUPPORT: it is of another version of this library.
 * -EEXIST: the port has this stream. -EDQUOT: its ring is over the port's cap.
 * -E2BIG: more than AVTPMAP_SLOTS_MAX slots. -EINVAL: out of range.
 * -ENOSPC: 64 streams of ids that hash alike (module only).
 */
int avtpmap_stream_add(struct avtpmap_ctl *ctl, const char *ifname,
		       uint64_t stream_id,
		       const struct avtpmap_stream_opts *opts);

/* Readers wake with -ENODEV. -ENOENT: no such stream. */
int avtpmap_stream_del(struct avtpmap_ctl *ctl, const char *ifname,
		       uint64_t stream_id);

/* Take or copy (enum avtpmap_mode) from the next frame on. */
int avtpmap_stream_set_mode(struct avtpmap_ctl *ctl, const char *ifname,
			    uint64_t stream_id, uint32_t mode);

/*
 * Remove what processes that were killed left behind. Whoever opens or changes a
 * port does so too; the module needs none of it.
 */
int avtpmap_clean(struct avtpmap_ctl *ctl);

/* Delete all streams, of one port or (@ifname NULL) of all. */
int avtpmap_drain(struct avtpmap_ctl *ctl, const char *ifname);

/*
 * Lists. @fn is called once per object, with a struct that is valid during the
 * call only and may grow at its end; it must not call back into @ctl. When it
 * returns other than 0, the list ends and returns that.
 */

/**
 * struct avtpmap_port_info - a port, or a netdev that could be one
 * @ifindex: of the netdev
 * @ifname: its name now
 * @attached: it is a port; if not, only @phc_index, @hooked and @version follow
 * @gid: group, or AVTPMAP_NO_GROUP
 * @mem_cap: bytes that its rings may take
 * @mem_used: bytes that they take
 * @phc_index: N of its /dev/ptpN, or AVTPMAP_NO_PHC
 * @n_streams: streams
 * @hooked: its driver has the hook
 * @n_queues: entries of @queues
 * @queues: what was seen, by RX queue (XDP: by CPU)
 * @version: of the module
 * @attachment: how the XDP program is attached, "native, alone"; "off": somebody
 *	took it off, and no frame comes until attach; "unavailable"; NULL: of
 *	another backend
 */
struct avtpmap_port_info {
	uint32_t ifindex;
	char ifname[16];
	uint32_t attached;
	uint32_t gid;
	uint64_t mem_cap;
	uint64_t mem_used;
	uint32_t phc_index;
	uint32_t n_streams;
	uint32_t hooked;
	uint32_t n_queues;
	const struct avtpmap_queue_stats *queues;
	const char *version;
	const char *attachment;
};

/**
 * struct avtpmap_stream_info - a stream
 * @ifindex: of its port
 * @ifname: of its port
 * @stream_id: in host byte order
 * @kind: enum avtpmap_kind
 * @mode: enum avtpmap_mode
 * @mac: destination MAC asked for, or all 0
 * @resv: 0
 * @vid: VID asked for, or AVTPMAP_ANY_VID
 * @rate: frames per second that the ring is sized for
 * @ms: length of the ring, ms
 * @stride: bytes from slot to slot
 * @n_slots: slots
 * @ring_bytes: header and slots
 * @head: frames published
 * @media_pos: media position
 * @state: enum avtpmap_ring_state
 * @epoch: 0 before the first frame
 * @format: of @epoch
 * @readers: open handles
 * @uid: who added it
 * @counters_known: bit i: counters[i] can be known
 * @n_counters: entries of @counters
 * @counters: by enum avtpmap_counter
 * @silence_ms: asked for, or 0
 */
struct avtpmap_stream_info {
	uint32_t ifindex;
	char ifname[16];
	uint64_t stream_id;
	uint32_t kind;
	uint32_t mode;
	uint8_t mac[6];
	uint8_t resv[2];
	uint32_t vid;
	uint32_t rate;
	uint32_t ms;
	uint32_t stride;
	uint32_t n_slots;
	uint64_t ring_bytes;
	uint64_t head;
	uint64_t media_pos;
	uint32_t state;
	uint32_t epoch;
	struct avtpmap_format format;
	uint32_t readers;
	uint32_t uid;
	uint64_t counters_known;
	uint32_t n_counters;
	const uint64_t *counters;
	uint32_t silence_ms;
};

/* A reader, or whoever still holds a deleted stream's handle or mapping. */
struct avtpmap_reader_entry {
	uint32_t ifindex;
	uint32_t pid;
	uint64_t stream_id;
	char comm[16];
};

typedef int avtpmap_port_fn(const struct avtpmap_port_info *port, void *arg);
typedef int avtpmap_stream_fn(const struct avtpmap_stream_info *stream,
			      void *arg);
typedef int avtpmap_reader_fn(const struct avtpmap_reader_entry *reader,
			      void *arg);

/* Ports, and netdevs whose driver has the hook. */
int avtpmap_port_list(struct avtpmap_ctl *ctl, avtpmap_port_fn *fn, void *arg);

/* @ifname NULL: of all ports. */
int avtpmap_stream_list(struct avtpmap_ctl *ctl, const char *ifname,
			avtpmap_stream_fn *fn, void *arg);
int avtpmap_reader_list(struct avtpmap_ctl *ctl, const char *ifname,
			avtpmap_reader_fn *fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_CONTROL_H */
