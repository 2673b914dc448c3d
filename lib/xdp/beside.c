// SPDX-License-Identifier: MIT
/*
 * Whether a program can be beside ours, by libxdp's dispatcher: tried, without an
 * interface, as kernels, their settings and who runs it all have a say. So has
 * libxdp, by its environment.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xdp.h"

#include "beside.skel.h"

static int stand_in(int dispatcher_fd)
{
	struct beside_bpf *skel = beside_bpf__open();
	int err, fd;

	if (!skel)
		return -errno;
	bpf_program__set_autoload(skel->progs.dispatcher, false);
	err = bpf_program__set_attach_target(skel->progs.member, dispatcher_fd,
					     "place");
	if (!err)
		err = beside_bpf__load(skel);
	if (!err) {
		fd = bpf_raw_tracepoint_open(
			NULL, bpf_program__fd(skel->progs.member));
		err = fd < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	beside_bpf__destroy(skel);
	return err;
}

int xdp_could_be_beside(void)
{
	const char *skip = secure_getenv("LIBXDP_SKIP_DISPATCHER");
	struct beside_bpf *skel;
	int err;

	if (skip && !strcmp(skip, "1"))
		return -ECANCELED;
	xdp_hush();
	skel = beside_bpf__open();
	err = skel ? 0 : -errno;
	if (!err) {
		bpf_program__set_autoload(skel->progs.member, false);
		err = beside_bpf__load(skel);
	}
	if (!err)
		err = stand_in(bpf_program__fd(skel->progs.dispatcher));
	beside_bpf__destroy(skel);
	xdp_unhush();
	return err;
}
