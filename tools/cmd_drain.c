// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <time.h>

#include "tool.h"

static double patience_s = 5;

static const struct option options[] = {
	{ "wait", "SECONDS", "for readers to close their handles (5)",
	  parse_seconds, &patience_s, 0, 0 },
	{ 0 },
};

/* Readers left, each named on stderr if asked for. */
struct holders {
	bool name;
	int n;
};

static int on_reader(const struct avtpmap_reader_entry *r, void *arg)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	struct holders *h = arg;

	h->n++;
	if (h->name)
		fprintf(stderr,
			"avtpmap: process %u (%s) still holds stream %s\n",
			r->pid, r->comm,
			avtpmap_stream_id_to_text(id, r->stream_id));
	return 0;
}

static int wait_for_readers(struct avtpmap_ctl *ctl, const char *ifname)
{
	const struct timespec nap = { .tv_nsec = 50 * 1000 * 1000 };
	int naps = patience_s / 0.05;
	struct holders h;
	int err;

	for (;;) {
		h = (struct holders){ .name = naps <= 0 };
		err = avtpmap_reader_list(ctl, ifname, on_reader, &h);
		if (err)
			return ctl_failed(ctl, err);
		if (!h.n)
			return OK;
		if (naps-- <= 0)
			return fail(-EBUSY,
				    "%d reader%s left; the streams are "
				    "deleted, close the readers",
				    h.n, h.n == 1 ? " is" : "s are");
		nanosleep(&nap, NULL);
	}
}

static int drain(struct avtpmap_ctl *ctl, const char *reason, void *arg)
{
	int err = avtpmap_drain(ctl, arg);

	(void)reason;
	return err ? ctl_failed(ctl, err) : wait_for_readers(ctl, arg);
}

static int run(int argc, char **argv)
{
	char *ifname = argc ? argv[0] : NULL;

	return each_ctl(ifname, drain, ifname);
}

const struct command cmd_drain = {
	.name = "drain",
	.args = "[IF]",
	.max_args = 1,
	.summary = "delete all streams, and wait until no reader holds one",
	.notes =
		"After that the module can be unloaded. Readers that do not let "
		"go are named.\n"
		"Needs CAP_NET_ADMIN.",
	.options = options,
	.run = run,
};
