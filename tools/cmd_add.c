// SPDX-License-Identifier: MIT
#include "lease.h"
#include "tool.h"

static struct avtpmap_stream_opts opts = { .sz = sizeof(opts) };

static const struct option options[] = {
	{ "mac=", "MAC", "only frames to this destination; joins it if a group",
	  parse_mac, opts.mac, 0, 0 },
	{ "vid=", "N|none",
	  "only frames of this VLAN; none: any, and tell the NIC of none (2)",
	  parse_vid, &opts.vid, 1, 4094 },
	{ "rate=", "N", "frames per second to make room for (8000)", parse_u32,
	  &opts.rate, 1, 0 },
	{ "mbit=", "N", "Mbit/s to make room for, instead of rate=", parse_u32,
	  &opts.mbit, 1, 0 },
	{ "ms=", "N", "how much time the ring holds, in ms (100)", parse_u32,
	  &opts.ms, 1, 60000 },
	{ "stride=", "N",
	  "bytes per frame in the ring, a power of two (the MTU fits)",
	  parse_u32, &opts.stride, AVTPMAP_STRIDE_MIN, AVTPMAP_STRIDE_MAX },
	{ "silence=", "MS",
	  "time without a frame that ends the stream (follows its pace)",
	  parse_u32, &opts.silence_ms, 100, 3600000 },
	{ "mode=", "take|copy",
	  "take: the host does not see the frames; copy: it does (take)",
	  parse_mode, &opts.mode, 0, 0 },
	{ 0 },
};

int add_args(int argc, char **argv, uint64_t *id,
	     struct avtpmap_stream_opts *how)
{
	int n, ret;

	opts = (struct avtpmap_stream_opts){ .sz = sizeof(opts) };
	ret = command_args(&cmd_add, argc, argv, &n);
	if (ret == OK)
		ret = stream_id_arg(argv[1], id);
	*how = opts;
	return ret;
}

static int run(int argc, char **argv)
{
	struct avtpmap_ctl *ctl;
	uint64_t id;
	int err;

	(void)argc;
	if (stream_id_arg(argv[1], &id))
		return USAGE;
	ctl = open_ctl_to_keep(argv[0]);
	if (!ctl)
		return FAILURE;
	err = avtpmap_stream_add(ctl, argv[0], id, &opts);
	if (err)
		ctl_failed(ctl, err);
	else
		lease_keep(argv[0], &id);
	avtpmap_ctl_close(ctl);
	return err ? FAILURE : OK;
}

const struct command cmd_add = {
	.name = "add",
	.args = "IF STREAM_ID",
	.min_args = 2,
	.max_args = 2,
	.summary = "register a stream: lay its frames into a ring",
	.notes =
		"IF may be eth0.2 for VLAN 2 of eth0. STREAM_ID is written as\n"
		"00:11:22:33:44:55:00:01, 00-11-22-33-44-55:0001 or "
		"0x0011223344550001.",
	.options = options,
	.run = run,
};
