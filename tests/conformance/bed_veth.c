// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The XDP and packet backends on veth, on this machine's own kernel. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <avtpmap/avtpmap.h>

#include "bed.h"
#include "veth.h"

static uint32_t backend;

struct seen {
	uint32_t ifindex;
	int attached;
	uint64_t frames;
};

static int add_frames(const struct avtpmap_port_info *port, void *arg)
{
	struct seen *seen = arg;

	if (port->ifindex != seen->ifindex)
		return 0;
	seen->attached = 1;
	for (uint32_t i = 0; i < port->n_queues; i++)
		seen->frames += port->queues[i].frames;
	return 0;
}

/* Kept open: the packet backend's probe waits for an RCU grace period. */
static int look(int i, struct seen *seen)
{
	static struct avtpmap_ctl *ctl;
	int err =
		ctl ? 0 :
		      avtpmap_ctl_open(&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
							  .backend = backend));

	if (err)
		return err;
	memset(seen, 0, sizeof(*seen));
	seen->ifindex = veth_ifindex(i);
	return avtpmap_port_list(ctl, add_frames, seen);
}

static uint64_t base[2]; /* of the program's count, in frames sent */

static int arrived(int i, uint64_t sent)
{
	struct seen seen;
	int err = look(i, &seen);

	if (err || !seen.attached)
		return err;
	return seen.frames - base[i] >= sent ? 0 : -EAGAIN;
}

/* Whatever the program saw before this injection does not count. */
static int inject(const void *records, size_t bytes)
{
	struct seen seen;

	for (int i = 0; i < 2; i++) {
		int err = look(i, &seen);

		if (err)
			return err;
		base[i] = seen.frames - veth_sent(i);
	}
	return veth_inject(records, bytes, arrived);
}

/* Without its port, nothing of a case is left. */
static int clear(void)
{
	struct avtpmap_ctl *ctl;
	int err = avtpmap_ctl_open(&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
						      .backend = backend));

	if (err)
		return err;
	err = avtpmap_drain(ctl, NULL);
	for (int i = 0; i < 2 && !err; i++) {
		err = avtpmap_port_detach(ctl, veth_ifname(i));
		if (err == -ENOENT)
			err = 0;
	}
	avtpmap_ctl_close(ctl);
	return err;
}

/* Alone, as any kernel lets us; by a dispatcher it is tested in the guest. */
static int attach_xdp(struct avtpmap_ctl *ctl, int i)
{
	return avtpmap_port_attach(ctl, veth_ifname(i),
				   AVTPMAP_OPTS(avtpmap_port_opts,
						.set = AVTPMAP_PORT_XDP_ALONE));
}

static int up_xdp(void)
{
	backend = AVTPMAP_BACKEND_XDP;
	return veth_up();
}

static int up_packet(void)
{
	backend = AVTPMAP_BACKEND_PACKET;
	return veth_up();
}

const struct bed bed_xdp = {
	.name = "xdp",
	.backend = AVTPMAP_BACKEND_XDP,
	.caps = BED_ISOLATION | BED_TAKE | BED_OVERRUN | BED_WAKES |
		BED_SHARED | BED_GROUP | BED_PORT_LIFE | BED_MONITOR | BED_MEM |
		BED_CHOICE,
	.up = up_xdp,
	.down = clear,
	.attach = attach_xdp,
	.unplug = veth_unplug,
	.ifname = veth_ifname,
	.inject = inject,
};

const struct bed bed_packet = {
	.name = "packet",
	.backend = AVTPMAP_BACKEND_PACKET,
	.caps = BED_ISOLATION | BED_OVERRUN | BED_WAKES | BED_GROUP |
		BED_PORT_LIFE | BED_MEM | BED_LIMITS | BED_OWN_NET |
		BED_NET_RAW | BED_SOCKET,
	.up = up_packet,
	.down = clear,
	.unplug = veth_unplug,
	.ifname = veth_ifname,
	.inject = inject,
};
