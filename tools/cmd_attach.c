// SPDX-License-Identifier: MIT
#include <string.h>

#include "lease.h"
#include "tool.h"

static struct avtpmap_port_opts opts = { .sz = sizeof(opts) };
static uint32_t gid = AVTPMAP_NO_GROUP;
static uint64_t mem;

static int parse_xdp(const struct option *opt, const char *text)
{
	(void)opt;
	if (!strcmp(text, "native"))
		opts.set |= AVTPMAP_PORT_XDP_NATIVE;
	else if (!strcmp(text, "generic"))
		opts.set |= AVTPMAP_PORT_XDP_GENERIC;
	else
		return -1;
	return 0;
}

static int parse_alone(const struct option *opt, const char *text)
{
	(void)opt;
	(void)text;
	opts.set |= AVTPMAP_PORT_XDP_ALONE;
	return 0;
}

static int parse_gid(const struct option *opt, const char *text)
{
	opts.set |= AVTPMAP_PORT_GID;
	return parse_group(opt, text);
}

static const struct option options[] = {
	{ "group", "GROUP",
	  "let its members add and read streams; none: nobody", parse_gid, &gid,
	  0, 0 },
	{ "mem", "SIZE", "memory that all rings together may take (256M)",
	  parse_size, &mem, 0, 0 },
	{ "xdp", "MODE",
	  "native (resets the link of many NICs) or generic (slower)",
	  parse_xdp, NULL, 0, 0 },
	{ "alone", NULL, "no XDP program beside ours", parse_alone, NULL, 0,
	  0 },
	{ 0 },
};

/* What the options wrote, as the library wants it. */
static void take(struct avtpmap_port_opts *how)
{
	*how = opts;
	how->gid = gid;
	how->mem_cap = mem;
	if (mem)
		how->set |= AVTPMAP_PORT_MEM_CAP;
}

int attach_args(int argc, char **argv, struct avtpmap_port_opts *how)
{
	int n, ret;

	opts = (struct avtpmap_port_opts){ .sz = sizeof(opts) };
	gid = AVTPMAP_NO_GROUP;
	mem = 0;
	ret = command_args(&cmd_attach, argc, argv, &n);
	take(how);
	return ret;
}

/* Its own options mean XDP, where they cannot be a mistake about the module. */
void attach_means(const char *ifname, const struct avtpmap_port_opts *how)
{
	struct avtpmap_backend_report r[BACKENDS_MAX];
	int n;

	if (!(how->set & AVTPMAP_PORT_XDP) || wanted_backend)
		return;
	n = avtpmap_backends(ifname, r, BACKENDS_MAX);
	for (int i = 0; i < n && i < BACKENDS_MAX; i++)
		if (r[i].backend == AVTPMAP_BACKEND_KMOD && r[i].err)
			wanted_backend = AVTPMAP_BACKEND_XDP;
}

static int run(int argc, char **argv)
{
	struct avtpmap_port_opts how;
	struct avtpmap_ctl *ctl;
	int err;

	(void)argc;
	take(&how);
	attach_means(argv[0], &how);
	ctl = open_ctl_to_keep(argv[0]);
	if (!ctl)
		return FAILURE;
	err = avtpmap_port_attach(ctl, argv[0], &how);
	if (err)
		ctl_failed(ctl, err);
	else
		lease_keep(argv[0], NULL);
	avtpmap_ctl_close(ctl);
	return err ? FAILURE : OK;
}

const struct command cmd_attach = {
	.name = "attach",
	.args = "IF",
	.min_args = 1,
	.max_args = 1,
	.summary =
		"make a network interface a port, or change the port's rights",
	.notes = "The link stays up (but see --xdp native), and what is not a "
		 "registered stream\npasses as before. "
		 "Needs CAP_NET_ADMIN.",
	.options = options,
	.run = run,
};
