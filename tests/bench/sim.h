/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A simulated port of the module, for the programs that measure it. */
#ifndef AVTPMAP_BENCH_SIM_H
#define AVTPMAP_BENCH_SIM_H

#include <avtpmap/avtpmap.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../conformance/wire.h"
#include "../sim/avtpmap_sim.h"
#include "bench.h"

#define SIM_ID 0x02005e1000010000ull

enum { SIM_MEM_CAP = 512 << 20 };

struct sim_port {
	struct avtpmap_ctl *ctl;
	uint32_t ifindex;
	int fd;
};

static inline void sim_die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

static inline void sim_up(struct sim_port *p)
{
	struct avtpmap_port_opts opts = {
		.sz = sizeof(opts),
		.set = AVTPMAP_PORT_MEM_CAP,
		.mem_cap = SIM_MEM_CAP,
	};

	p->ifindex = if_nametoindex("sim0");
	p->fd = open(AVTPMAP_SIM_DEVICE, O_WRONLY);
	if (p->fd < 0)
		sim_die(AVTPMAP_SIM_DEVICE, strerror(errno));
	if (avtpmap_ctl_open(&p->ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts,
					  .backend = AVTPMAP_BACKEND_KMOD)) ||
	    avtpmap_port_attach(p->ctl, "sim0", &opts))
		sim_die("attach", p->ctl ? avtpmap_ctl_error(p->ctl) : "");
}

static inline void sim_down(struct sim_port *p)
{
	avtpmap_drain(p->ctl, NULL);
	avtpmap_ctl_close(p->ctl);
	close(p->fd);
}

/* A port without streams again. */
static inline void sim_clear(struct sim_port *p)
{
	if (avtpmap_drain(p->ctl, NULL))
		sim_die("drain", avtpmap_ctl_error(p->ctl));
}

static inline void sim_add(struct sim_port *p, uint32_t i, uint32_t rate,
			   uint32_t ms, uint32_t stride)
{
	struct avtpmap_stream_opts opts = {
		.sz = sizeof(opts),
		.rate = rate,
		.ms = ms,
		.stride = stride,
	};

	if (avtpmap_stream_add(p->ctl, "sim0", SIM_ID + i, &opts))
		sim_die("add", avtpmap_ctl_error(p->ctl));
}

static inline struct avtpmap_stream *sim_open(uint32_t i, uint32_t period)
{
	struct avtpmap_stream *s;
	char why[256] = "";

	if (avtpmap_open(&s, AVTPMAP_OPTS(avtpmap_open_opts, .ifname = "sim0",
					  .stream_id = SIM_ID + i,
					  .backend = AVTPMAP_BACKEND_KMOD,
					  .period.period = period, .error = why,
					  .error_bytes = sizeof(why))))
		sim_die("open", why);
	return s;
}

/* Receives what is on the wire; it stays there. */
static inline void sim_receive(struct sim_port *p, const struct wire *w)
{
	ssize_t n = write(p->fd, w->buf, w->bytes);

	if (n != (ssize_t)w->bytes)
		sim_die("write", n < 0 ? strerror(errno) : "short");
}

#endif
