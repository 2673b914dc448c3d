/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between a patched network driver and avtpmap.
 *
 * A driver embeds one struct avtpmap_tap per netdev in its private data,
 * registers it before register_netdev() and unregisters it after
 * unregister_netdev(). For each received frame it does
 *
 *	if (avtpmap_tap_armed(&priv->tap) && avtpmap_tap_rx(&priv->tap, &rx))
 *		recycle the buffer as for a frame that XDP dropped;
 *
 * With no sink attached anywhere, the frame pays one patched-out branch.
 *
 * The driver depends on avtpmap_hook.ko only, so avtpmap.ko can be unloaded,
 * upgraded and loaded again while the links stay up.
 */
#ifndef AVTPMAP_HOOK_H
#define AVTPMAP_HOOK_H

#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct net_device;

/**
 * enum avtpmap_verdict - what became of a frame shown to avtpmap_tap_rx()
 * @AVTPMAP_PASS: The frame was not touched and avtpmap keeps no reference to
 *	it. The driver goes on as if the hook were not there. A stream that is
 *	copied rather than taken passes too.
 * @AVTPMAP_CONSUMED: avtpmap has its own copy of all that it needs. The driver
 *	owns the buffer as before, must not hand the frame to XDP or the stack,
 *	and recycles the buffer at once. It still counts the frame as received.
 *
 * Neither verdict transfers the buffer: avtpmap never holds on to it.
 *
 * A driver that finds no memory for a frame that passed may come back to it, as
 * igb does, and show it again. A stream that is copied counts a duplicate then.
 */
enum avtpmap_verdict {
	AVTPMAP_PASS = 0,
	AVTPMAP_CONSUMED = 1,
};

/**
 * enum avtpmap_rx_flags - what the driver knows of a frame
 * @AVTPMAP_RX_VLAN: The NIC stripped a VLAN tag; it is in @vlan_tci.
 * @AVTPMAP_RX_HWTIME: @hwtime_ns is this frame's PHC time.
 * @AVTPMAP_RX_ERROR: The descriptor has an error bit: always passed.
 * @AVTPMAP_RX_MULTIBUF: More of the frame follows in other buffers: a
 *	registered stream counts it, and it passes.
 */
enum avtpmap_rx_flags {
	AVTPMAP_RX_VLAN		= BIT(0),
	AVTPMAP_RX_HWTIME	= BIT(1),
	AVTPMAP_RX_ERROR	= BIT(2),
	AVTPMAP_RX_MULTIBUF	= BIT(3),
};

/**
 * struct avtpmap_rx - one received frame, as the driver sees it
 * @data: first byte of the destination MAC, readable by the CPU
 * @frag: the rest of a frame that lies in two parts, or NULL
 * @len_bytes: bytes at @data, without FCS; with @frag set, at least 64
 * @frag_bytes: bytes at @frag
 * @hwtime_ns: PHC time, ns, already adjusted to the PHC's time base
 * @queue: RX queue index, below the netdev's num_rx_queues
 * @vlan_tci: stripped tag in host byte order, with AVTPMAP_RX_VLAN
 * @flags: enum avtpmap_rx_flags
 *
 * All of it is read during the call only.
 */
struct avtpmap_rx {
	const u8 *data;
	const u8 *frag;
	u32 len_bytes;
	u32 frag_bytes;
	u64 hwtime_ns;
	u16 queue;
	u16 vlan_tci;
	u32 flags;
};

/**
 * struct avtpmap_sink - who wants the frames of a netdev (avtpmap.ko)
 * @rx: Called in NAPI context (softirq, or its thread) inside an RCU read-side
 *	section. Calls for one queue never overlap; calls for several queues do.
 *	Must not sleep.
 */
struct avtpmap_sink {
	enum avtpmap_verdict (*rx)(struct avtpmap_sink *sink,
				   const struct avtpmap_rx *rx);
};

/**
 * struct avtpmap_tap - where a driver's frames can be looked at
 * @sink: who looks, or NULL (rcu; written under the hook's mutex)
 * @owner: who may look, now or later, or NULL (the hook's mutex)
 * @dev: the netdev (immutable while registered)
 * @node: in the hook's list (the hook's mutex)
 */
struct avtpmap_tap {
	struct avtpmap_sink __rcu *sink;
	struct avtpmap_sink *owner;
	struct net_device *dev;
	struct list_head node;
};

DECLARE_STATIC_KEY_FALSE(avtpmap_hook_key);

/* For drivers. Any context that may sleep, with or without RTNL. */
void avtpmap_tap_register(struct avtpmap_tap *tap, struct net_device *dev);
void avtpmap_tap_unregister(struct avtpmap_tap *tap);

/* For drivers, per frame: true if avtpmap_tap_rx() must be asked. */
static __always_inline bool avtpmap_tap_armed(const struct avtpmap_tap *tap)
{
	return static_branch_unlikely(&avtpmap_hook_key) &&
	       rcu_access_pointer(tap->sink);
}

/* For drivers, per frame, in NAPI context. */
enum avtpmap_verdict avtpmap_tap_rx(const struct avtpmap_tap *tap,
				    const struct avtpmap_rx *rx);

/*
 * For avtpmap.ko. attach: -EOPNOTSUPP if the netdev's driver has no tap,
 * -EBUSY if another sink is there. A sink is called only while it is armed, so
 * that a frame pays nothing where nobody waits for any. After detach returns,
 * @sink is not called any more and may be freed. All may sleep.
 */
int avtpmap_hook_attach(struct net_device *dev, struct avtpmap_sink *sink);
void avtpmap_hook_arm(struct net_device *dev, struct avtpmap_sink *sink,
		      bool on);
void avtpmap_hook_detach(struct net_device *dev, struct avtpmap_sink *sink);
bool avtpmap_hook_has_tap(struct net_device *dev);

#endif /* AVTPMAP_HOOK_H */
