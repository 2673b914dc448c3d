// SPDX-License-Identifier: MIT
/* The program comes to life: loaded once per port, then pinned. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "xdp.h"

#include "avtpmap.skel.h"

/* The maps outlive the skeleton, whose own descriptors close with it. */
static int keep(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* The kernel takes the entry out when the netdev goes, or leaves. */
static int anchor_to(__u32 ifindex)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_DEVMAP, "avtpmap_anchor", 4, 4, 1,
				NULL);
	__u32 zero = 0;

	int err;

	if (fd < 0 || !bpf_map_update_elem(fd, &zero, &ifindex, BPF_ANY))
		return fd < 0 ? -errno : fd;
	err = -errno;
	close(fd);
	return err;
}

static int keep_all(struct xdp_port *p, struct avtpmap_bpf *skel)
{
	p->rx_fd = keep(bpf_program__fd(skel->progs.avtpmap_rx));
	p->tick_fd = keep(bpf_program__fd(skel->progs.avtpmap_tick));
	p->table_fd = keep(bpf_map__fd(skel->maps.table));
	p->rings_fd = keep(bpf_map__fd(skel->maps.rings));
	p->readers_fd = keep(bpf_map__fd(skel->maps.readers));
	p->groups_fd = keep(bpf_map__fd(skel->maps.groups));
	p->wakers_fd = keep(bpf_map__fd(skel->maps.wakers));
	p->stats_fd = keep(bpf_map__fd(skel->maps.stats));
	p->timers_fd = keep(bpf_map__fd(skel->maps.timers));
	p->anchor_fd = anchor_to(p->ifindex);
	if (p->anchor_fd < 0)
		return p->anchor_fd;
	return xdp_port_complete(p) ? 0 : -EMFILE;
}

/* No user, not even root, writes what the program keeps. */
static int take_over(struct xdp_port *p, struct avtpmap_bpf *skel,
		     const struct text *why)
{
	int err = keep_all(p, skel);

	if (!err &&
	    (bpf_map_freeze(p->readers_fd) || bpf_map_freeze(p->groups_fd)))
		err = -errno;
	err = err ? xdp_bpf_text(why, err, "load the XDP program") :
		    xdp_port_map(p, why);
	if (!err)
		p->table->layout = XDP_LAYOUT;
	return err;
}

/* On failure xdp_port_close() has what there is to close. */
int xdp_load(struct xdp_port *p, const struct text *why)
{
	struct avtpmap_bpf *skel;
	int err;

	xdp_hush();
	skel = avtpmap_bpf__open();
	err = skel ? 0 : -errno;
	if (!err)
		err = avtpmap_bpf__load(skel);
	xdp_unhush();
	err = err ? xdp_bpf_text(why, err, "load the XDP program") :
		    take_over(p, skel, why);
	avtpmap_bpf__destroy(skel);
	return err;
}

/*
 * A program in a dispatcher is of another type than one alone, so libxdp loads
 * it when it attaches it.
 */
int xdp_load_and_attach(struct xdp_port *p, int native, const struct text *why)
{
	struct xdp_program *prog = NULL;
	struct avtpmap_bpf *skel;
	int err;

	xdp_hush();
	skel = avtpmap_bpf__open();
	err = skel ? 0 : -errno;
	if (!err) {
		prog = xdp_program__from_bpf_obj(skel->obj, "xdp.frags");
		err = libxdp_get_error(prog);
	}
	if (!err) {
		xdp_program__set_run_prio(prog, XDP_RUN_PRIO);
		xdp_program__set_chain_call_enabled(prog, XDP_PASS, true);
		err = xdp_program__attach(
			prog, p->ifindex,
			native ? XDP_MODE_NATIVE : XDP_MODE_SKB, 0);
		if (!err)
			err = take_over(p, skel, why);
		xdp_program__close(prog);
	}
	xdp_unhush();
	avtpmap_bpf__destroy(skel);
	return err;
}

/* Timers live while pinned. */
int xdp_pin(struct xdp_port *p, const struct text *why)
{
	int err = 0;

	for (int i = 0; i < XDP_OBJECTS && !err; i++)
		err = xdp_pin_at(p->dir_fd, xdp_objects[i].name,
				 *xdp_object_fd(p, i));
	if (!err)
		return 0;
	xdp_port_unpin(p);
	return xdp_bpf_text(why, err, "pin the port's state");
}
