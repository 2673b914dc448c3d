// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Which backend AUTO takes on a port, and that it says why. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

enum { BACKENDS = 8 };

/* ---- what is said ---- */

static int choose(struct rig *rig, uint32_t backend, char why[256],
		  struct avtpmap_ctl **ctl)
{
	why[0] = '\0';
	return avtpmap_ctl_open(
		ctl, AVTPMAP_OPTS(avtpmap_ctl_opts, .ifname = rig->ifname,
				  .backend = backend, .error = why,
				  .error_bytes = 256));
}

static void says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail("\"%s\" does not say \"%s\"", text, words);
}

/* AUTO takes @name on the port, and has @words to say about it. */
static void auto_is(struct rig *rig, const char *name, const char *words)
{
	struct avtpmap_ctl *ctl;
	char why[256];

	if (choose(rig, AVTPMAP_BACKEND_AUTO, why, &ctl))
		fail("none, not %s: %s", name, why);
	if (strcmp(avtpmap_ctl_backend_name(ctl), name))
		fail("%s, not %s: %s", avtpmap_ctl_backend_name(ctl), name,
		     avtpmap_ctl_backend_reason(ctl));
	says(avtpmap_ctl_backend_reason(ctl), "chosen");
	says(avtpmap_ctl_backend_reason(ctl), words);
	avtpmap_ctl_close(ctl);
}

static void check_report(struct rig *rig,
			 const struct avtpmap_backend_report *r)
{
	struct avtpmap_ctl *ctl;
	char why[256];

	check(r->reason[0]);
	/* by name it can be had alone */
	if (r->backend == AVTPMAP_BACKEND_XDP && strstr(r->reason, "--alone"))
		return;
	check_eq(choose(rig, r->backend, why, &ctl), r->err);
	if (r->err) {
		says(why, r->reason);
		return;
	}
	says(avtpmap_ctl_backend_reason(ctl), "asked for");
	says(avtpmap_ctl_backend_reason(ctl), r->reason);
	check(!strcmp(avtpmap_ctl_backend_name(ctl), r->name));
	avtpmap_ctl_close(ctl);
}

CASE(auto_is_the_first_that_can_be_used_and_each_says_why, 0)
{
	struct avtpmap_backend_report r[BACKENDS];
	int n = avtpmap_backends(rig->ifname, r, BACKENDS);
	int first = 0;

	check(n >= 3 && n <= BACKENDS);
	for (int i = 0; i < n; i++)
		check_report(rig, &r[i]);
	while (first < n && r[first].err)
		first++;
	check(first < n);
	auto_is(rig, r[first].name, r[first].reason);
}

/* ---- one case each, best first ---- */

static void attach(struct rig *rig, uint32_t set)
{
	struct avtpmap_port_opts opts = { .sz = sizeof(opts), .set = set };
	struct avtpmap_ctl *ctl;
	char why[256];

	if (choose(rig, AVTPMAP_BACKEND_XDP, why, &ctl))
		fail("%s", why);
	check_eq(avtpmap_port_attach(ctl, rig->ifname, &opts), 0);
	avtpmap_ctl_close(ctl);
}

static void detach(struct rig *rig)
{
	struct avtpmap_ctl *ctl;
	char why[256];

	check_eq(choose(rig, AVTPMAP_BACKEND_XDP, why, &ctl), 0);
	check_eq(avtpmap_port_detach(ctl, rig->ifname), 0);
	avtpmap_ctl_close(ctl);
}

CASE(the_module_comes_first, BED_MODULE)
{
	auto_is(rig, "kmod", "module");
}

CASE(without_the_module_it_is_xdp_as_it_is_attached, BED_CHOICE)
{
	detach(rig);
	attach(rig, AVTPMAP_PORT_XDP_GENERIC | AVTPMAP_PORT_XDP_ALONE);
	auto_is(rig, "xdp", "generic");
	detach(rig);
	attach(rig, AVTPMAP_PORT_XDP_NATIVE | AVTPMAP_PORT_XDP_ALONE);
	auto_is(rig, "xdp", "native");
	detach(rig);
}

/* Asked for by name, nothing is there yet. */
static void is_new(struct rig *rig)
{
	struct avtpmap_ctl *ctl;
	char why[256];

	check_eq(choose(rig, AVTPMAP_BACKEND_XDP, why, &ctl), 0);
	says(avtpmap_ctl_backend_reason(ctl), "yet");
	/* veth is not reset */
	says(avtpmap_ctl_backend_reason(ctl), "gets it in native mode");
	avtpmap_ctl_close(ctl);
}

/* Some kernels refuse what a dispatcher is made of, to some. */
CASE(with_nothing_attached_it_is_what_attach_would_do, BED_CHOICE)
{
	struct avtpmap_ctl *ctl;
	char why[256];
	int err;

	detach(rig);
	is_new(rig);
	check_eq(choose(rig, AVTPMAP_BACKEND_XDP, why, &ctl), 0);
	err = avtpmap_port_attach(ctl, rig->ifname, NULL);
	if (!err)
		check_eq(avtpmap_port_detach(ctl, rig->ifname), 0);
	avtpmap_ctl_close(ctl);
	if (err)
		auto_is(rig, "packet", "dispatcher is refused");
	else
		auto_is(rig, "xdp", "gets it in native mode");
	attach(rig, AVTPMAP_PORT_XDP_ALONE);
	auto_is(rig, "xdp", "native, alone");
}

/* As where the kernel refuses dispatchers; libxdp is silent about it. */
CASE(alone_is_what_must_be_asked_for, BED_CHOICE)
{
	struct avtpmap_ctl *ctl;
	char why[256];

	detach(rig);
	check_eq(setenv("LIBXDP_SKIP_DISPATCHER", "1", 1), 0);
	check_eq(choose(rig, AVTPMAP_BACKEND_XDP, why, &ctl), 0);
	check_eq(avtpmap_port_attach(ctl, rig->ifname, NULL), -EOPNOTSUPP);
	says(avtpmap_ctl_error(ctl), "avtpmap attach port0 --alone");
	check_eq(avtpmap_stream_add(ctl, rig->ifname, STREAM_ID, NULL),
		 -EOPNOTSUPP);
	says(avtpmap_ctl_error(ctl), "avtpmap attach port0 --alone");
	check_eq(avtpmap_port_detach(ctl, rig->ifname), -ENOENT);
	is_new(rig); /* nothing is left of it */
	avtpmap_ctl_close(ctl);
	auto_is(rig, "packet", "avtpmap attach port0 --alone");
	attach(rig, AVTPMAP_PORT_XDP_ALONE);
}

/* return XDP_PASS */
static int another_program(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "another", "GPL", insns,
			     N_ELEMS(insns), NULL);
}

CASE(where_another_program_leaves_no_room_it_is_packet, BED_CHOICE)
{
	struct avtpmap_ctl *ctl;
	int fd = another_program();
	char why[256];

	check(fd >= 0);
	detach(rig);
	check_eq(bpf_xdp_attach(rig->ifindex, fd, XDP_FLAGS_SKB_MODE, NULL), 0);
	auto_is(rig, "packet", "packet sockets");
	check_eq(choose(rig, AVTPMAP_BACKEND_XDP, why, &ctl), -EBUSY);
	says(why, "another XDP program");
	check_eq(bpf_xdp_detach(rig->ifindex, XDP_FLAGS_SKB_MODE, NULL), 0);
	is_new(rig);
	close(fd);
}

CASE(with_cap_net_raw_alone_it_is_packet, BED_CHOICE)
{
	pid_t pid = start();

	if (!pid) {
		be_somebody_with(1 << CAP_NET_RAW);
		auto_is(rig, "packet", "packet sockets");
		_exit(0);
	}
	finish(pid);
}

CASE(without_any_right_it_is_none_and_the_best_says_why, BED_CHOICE)
{
	struct avtpmap_ctl *ctl;
	char why[256];
	pid_t pid = start();

	if (!pid) {
		be_somebody_with(0);
		check_eq(choose(rig, AVTPMAP_BACKEND_AUTO, why, &ctl), -ENOPKG);
		says(why, "modprobe avtpmap; or: XDP needs CAP_BPF");
		check_eq(choose(rig, AVTPMAP_BACKEND_XDP, why, &ctl), -EPERM);
		says(why, "CAP_BPF");
		check_eq(choose(rig, AVTPMAP_BACKEND_PACKET, why, &ctl),
			 -EPERM);
		says(why, "CAP_NET_RAW");
		_exit(0);
	}
	finish(pid);
}
