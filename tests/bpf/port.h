/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A port of the XDP backend that is on no wire: frames come by test run. */
#ifndef AVTPMAP_BPF_TEST_PORT_H
#define AVTPMAP_BPF_TEST_PORT_H

#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/xdp/xdp.h"

static char port_error[256];
static const struct text port_why = { port_error, sizeof(port_error) };

/* In a network namespace of its own. */
static int port_up(struct xdp_port *p)
{
	int err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	if (system("ip link add test0 type veth peer name test1"))
		return -EIO;
	xdp_port_by_index(p, if_nametoindex("test0"));
	err = xdp_port_lock(p, &port_why); /* makes what has to be there */
	if (err)
		return err;
	err = xdp_load(p, &port_why);
	if (!err)
		p->table->mem_cap = ~0ull;
	return err;
}

static void port_down(struct xdp_port *p)
{
	xdp_port_unpin(p);
	xdp_port_unlock(p);
	xdp_port_close(p);
}

/* The verdict, or -errno. */
static int port_run(int prog_fd, const void *frame, __u32 len, int repeat,
		    __u32 *ns)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame,
		    .data_size_in = len, .repeat = repeat);

	if (bpf_prog_test_run_opts(prog_fd, &run))
		return -errno;
	if (ns)
		*ns = run.duration;
	return run.retval;
}

/* A test's own programs work on the port's maps. Before they are loaded. */
static void port_lend(const struct xdp_port *p, struct bpf_object *obj)
{
	const struct {
		const char *name;
		int fd;
	} maps[] = {
		{ "table", p->table_fd },     { "rings", p->rings_fd },
		{ "readers", p->readers_fd }, { "groups", p->groups_fd },
		{ "wakers", p->wakers_fd },   { "stats", p->stats_fd },
		{ "timers", p->timers_fd },
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		bpf_map__reuse_fd(bpf_object__find_map_by_name(obj,
							       maps[i].name),
				  maps[i].fd);
}

/* A stream's ring, mapped. */
static const struct xdp_ring *port_ring(const struct xdp_port *p, __u64 id,
					size_t *bytes)
{
	int index = xdp_stream_find(p, id);
	int fd = index < 0 ? -1 : xdp_ring_open(p, index);
	const struct xdp_ring *ring = fd < 0 ? NULL : xdp_ring_map(fd, bytes);

	if (fd >= 0)
		close(fd);
	return ring;
}

#endif
