// SPDX-License-Identifier: MIT
#include "tool.h"

static const uint32_t not_given = ~0u;
static uint32_t mode = ~0u;

static const struct option options[] = {
	{ "mode=", "take|copy",
	  "take: the host does not see the frames; copy: it does", parse_mode,
	  &mode, 0, 0 },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct avtpmap_ctl *ctl;
	uint64_t id;
	int err;

	(void)argc;
	if (mode == not_given)
		return usage_error("set: say mode=take or mode=copy");
	if (stream_id_arg(argv[1], &id))
		return USAGE;
	ctl = open_ctl(argv[0]);
	if (!ctl)
		return FAILURE;
	err = avtpmap_stream_set_mode(ctl, argv[0], id, mode);
	if (err)
		ctl_failed(ctl, err);
	avtpmap_ctl_close(ctl);
	return err ? FAILURE : OK;
}

const struct command cmd_set = {
	.name = "set",
	.args = "IF STREAM_ID",
	.min_args = 2,
	.max_args = 2,
	.summary = "switch a stream between take and copy while it runs",
	.required = "mode=",
	.options = options,
	.run = run,
};
