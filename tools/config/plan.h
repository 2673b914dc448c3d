/* SPDX-License-Identifier: MIT */
/* From what is there and what is to be, the steps between. */
#ifndef AVTPMAP_TOOL_CONFIG_PLAN_H
#define AVTPMAP_TOOL_CONFIG_PLAN_H

#include "config.h"

/* In the order in which they are done: what frees memory comes first. */
enum change {
	CHANGE_ATTACH,
	CHANGE_PROGRAM, /* XDP's, which somebody took off */
	CHANGE_GROUP,
	CHANGE_MEMORY,
	CHANGE_DELETE,
	CHANGE_REPLACE, /* what cannot be changed while it runs */
	CHANGE_MODE,
	CHANGE_ADD,
	N_CHANGES
};

/**
 * struct step - one thing to change
 * @what: of it
 * @stream_id: whose, or 0
 * @want: what the file says of that stream, or NULL
 * @is: how the stream is, if it is there
 * @to: @was: in words, or empty
 */
struct step {
	enum change what;
	uint64_t stream_id;
	const struct config_stream *want;
	struct avtpmap_stream_info is;
	char to[96];
	char was[96];
};

/**
 * struct plan - the steps for one port
 * @port: as it is to be
 * @backend: by its name
 * @attached: it is a port already
 * @xdp: how, or empty
 */
struct plan {
	const struct config_port *port;
	const char *backend;
	bool attached;
	char xdp[64];
	struct step *steps;
	int n_steps;
};

/*
 * plan.c APIs: looks, and changes nothing. 0 or -errno of @ctl. @prune: streams
 * that no file names are to go. plan_free() is due in either case.
 */
int plan_make(struct plan *plan, struct avtpmap_ctl *ctl,
	      const struct config_port *port, bool prune);
void plan_free(struct plan *plan);
/* What its rings may take, said or not. */
uint64_t plan_mem(const struct config_port *port);
/* One after the other, in the order of enum change. */
const struct step *plan_next(const struct plan *plan, const struct step *prev);

#endif
