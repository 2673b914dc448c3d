/* SPDX-License-Identifier: MIT */
#ifndef AVTPMAP_TOOL_CONFIG_APPLY_H
#define AVTPMAP_TOOL_CONFIG_APPLY_H

#include "config.h"

/**
 * struct apply - how
 * @prune: streams that no file names go
 * @dry_run: say it, and do not do it
 * @changes: to be said at the end, as JSON; or NULL: each in a line, at once
 */
struct apply {
	bool prune;
	bool dry_run;
	struct json_object *changes;
};

/* apply.c APIs: OK, or FAILURE after a line for each thing that failed */
int apply_port(const struct apply *a, const struct config_port *port);

#endif
