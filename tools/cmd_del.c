// SPDX-License-Identifier: MIT
#include "tool.h"

static int run(int argc, char **argv)
{
	struct avtpmap_ctl *ctl;
	uint64_t id;
	int err;

	(void)argc;
	if (stream_id_arg(argv[1], &id))
		return USAGE;
	ctl = open_ctl(argv[0]);
	if (!ctl)
		return FAILURE;
	err = avtpmap_stream_del(ctl, argv[0], id);
	if (err)
		ctl_failed(ctl, err);
	avtpmap_ctl_close(ctl);
	return err ? FAILURE : OK;
}

const struct command cmd_del = {
	.name = "del",
	.args = "IF STREAM_ID",
	.min_args = 2,
	.max_args = 2,
	.summary = "delete a stream: its frames pass to the host again",
	.notes = "Its readers wake and are told that it is gone.",
	.run = run,
};
