// SPDX-License-Identifier: MIT
/* listen --reserve: bridges are asked for the stream as long as it is read. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "listen.h"

enum {
	TICK_MS = 100,
	PATIENCE_S = 5, /* a bridge says what there is within a second */
};

static void tell(const struct avtpmap_srp_talker *t, const char *ifname)
{
	char bridge[24];

	if (t->state == AVTPMAP_SRP_FAILED)
		fail(0,
		     "bridge %s does not forward the stream to %s: %s (code "
		     "%u)",
		     avtpmap_stream_id_to_text(bridge, t->failure_bridge),
		     ifname, avtpmap_srp_failure_text(t->failure_code),
		     t->failure_code);
}

/* Whatever is due; what the talker says of the stream comes to @r->talker. */
int listen_reserve_work(struct listen_reserve *r)
{
	int err = r->s ? avtpmap_srp_work(r->s) : 0;

	while (r->s && !err &&
	       avtpmap_srp_next(r->s, &r->talker, sizeof(r->talker)))
		tell(&r->talker, r->ifname);
	return err;
}

static void say_nobody(const struct listen_reserve *r)
{
	struct avtpmap_srp_info info;

	avtpmap_srp_info(r->s, &info, sizeof(info));
	fail(0, "%s on %s within %d s: going on without a reservation",
	     info.domain ? "the stream's talker was not advertised" :
			   "nobody speaks MSRP",
	     r->ifname, PATIENCE_S);
}

int listen_reserve_begin(struct listen_reserve *r,
			 const struct listen_args *args)
{
	double end_s = clock_s(CLOCK_MONOTONIC) + PATIENCE_S;
	char error[256] = "";
	struct pollfd p;
	int err;

	r->ifname = args->ifname;
	err = avtpmap_srp_open(
		&r->s,
		AVTPMAP_OPTS(avtpmap_srp_opts, .ifname = args->ifname,
			     .error = error, .error_bytes = sizeof(error)));
	if (err)
		return fail(err, "%s", error);
	err = avtpmap_srp_reserve(r->s, args->stream_id);
	p = (struct pollfd){ avtpmap_srp_fd(r->s), POLLIN, 0 };
	while (!err && !stopped && r->talker.state == AVTPMAP_SRP_NONE &&
	       clock_s(CLOCK_MONOTONIC) < end_s) {
		poll(&p, 1, TICK_MS);
		err = listen_reserve_work(r);
	}
	if (err)
		return fail(err, "%s: cannot reserve", args->ifname);
	if (r->talker.state == AVTPMAP_SRP_NONE && !stopped)
		say_nobody(r);
	return OK;
}

/* How the talker says that the stream comes; else as it may. */
struct avtpmap_stream_opts listen_reserve_path(const struct listen_reserve *r)
{
	struct avtpmap_stream_opts opts = { .sz = sizeof(opts),
					    .vid = r->talker.vid };

	memcpy(opts.mac, r->talker.mac, sizeof(opts.mac));
	return opts;
}

void listen_reserve_end(struct listen_reserve *r)
{
	avtpmap_srp_close(r->s);
}
