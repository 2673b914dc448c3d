// SPDX-License-Identifier: MIT
#include "tool.h"

static int run(int argc, char **argv)
{
	struct avtpmap_ctl *ctl = open_ctl(argv[0]);
	int err;

	(void)argc;
	if (!ctl)
		return FAILURE;
	err = avtpmap_port_detach(ctl, argv[0]);
	if (err)
		ctl_failed(ctl, err);
	avtpmap_ctl_close(ctl);
	return err ? FAILURE : OK;
}

const struct command cmd_detach = {
	.name = "detach",
	.args = "IF",
	.min_args = 1,
	.max_args = 1,
	.summary = "undo attach; refused while the port has streams",
	.notes = "The link stays up. avtpmap drain IF deletes the streams. "
		 "Needs CAP_NET_ADMIN.",
	.run = run,
};
