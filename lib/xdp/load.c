// SPDX-License-Identifier: MIT
/* The program comes to life: loaded once per port, then pinned. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "xdp.h"

#include "avtpmap.skel.h"

/* The maps outlive the skeleton, whose own descriptors close with it. */
static int keep(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
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
	struct xdp_quiet q = xdp_hush();
	struct avtpmap_bpf *skel = avtpmap_bpf__open();
	int err = skel ? 0 : -errno;

	if (!err)
		err = avtpmap_bpf__load(skel);
	xdp_unhush(q);
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
	struct xdp_quiet q = xdp_hush();
	struct avtpmap_bpf *skel = avtpmap_bpf__open();
	struct xdp_program *prog = NULL;
	int err = skel ? 0 : -errno;

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
	xdp_unhush(q);
	avtpmap_bpf__destroy(skel);
	return err;
}

static int pin(const struct xdp_port *p, int fd, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

/* The programs last: who finds rx finds everything. Timers live while pinned. */
int xdp_pin(struct xdp_port *p, const struct text *why)
{
	int err = mkdir(p->dir, 0700) && errno != EEXIST ? -errno : 0;

	if (!err)
		err = pin(p, p->table_fd, "table");
	if (!err)
		err = pin(p, p->rings_fd, "rings");
	if (!err)
		err = pin(p, p->readers_fd, "readers");
	if (!err)
		err = pin(p, p->groups_fd, "groups");
	if (!err)
		err = pin(p, p->wakers_fd, "wakers");
	if (!err)
		err = pin(p, p->stats_fd, "stats");
	if (!err)
		err = pin(p, p->timers_fd, "timers");
	if (!err)
		err = pin(p, p->tick_fd, "tick");
	if (!err)
		err = pin(p, p->rx_fd, "rx");
	if (!err)
		return 0;
	xdp_port_unpin(p);
	return xdp_bpf_text(why, err, "pin the port's state");
}
