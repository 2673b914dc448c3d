// SPDX-License-Identifier: MIT
/* The program comes to life: loaded once per port, then pinned. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xdp.h"

#include "avtpmap.skel.h"

/* libbpf says on stderr what we say in a line of text. */
static int silent(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level;
	(void)format;
	(void)ap;
	return 0;
}

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

/* On failure xdp_port_close() has what there is to close. */
int xdp_load(struct xdp_port *p, const struct text *why)
{
	libbpf_print_fn_t print = libbpf_set_print(silent);
	struct avtpmap_bpf *skel = avtpmap_bpf__open();
	int err = skel ? 0 : -errno;

	if (!err)
		err = avtpmap_bpf__load(skel);
	libbpf_set_print(print);
	if (!err)
		err = keep_all(p, skel);
	avtpmap_bpf__destroy(skel);
	/* no user, not even root, writes what the program keeps */
	if (!err &&
	    (bpf_map_freeze(p->readers_fd) || bpf_map_freeze(p->groups_fd)))
		err = -errno;
	if (err)
		return xdp_bpf_text(why, err, "load the XDP program");
	return xdp_port_map(p, why);
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
