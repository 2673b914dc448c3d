// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: version
 * A port whose program another version of the library loaded: nobody reads its
 * state, everybody says what to do, and it can be detached. As root.
 */
#include <avtpmap/avtpmap.h>

#include "../../lib/xdp/xdp.h"
#include "../unit/tap.h"
#include "traffic.h"

static struct avtpmap_ctl *ctl;
static char why[256];

static int refused(int err, const char *text, const char *what)
{
	int ok = err == -EPROTONOSUPPORT &&
		 strstr(text, "another version of libavtpmap") &&
		 strstr(text, "avtpmap detach port0");

	tap_ok(ok, "%s is refused, and says what to do", what);
	if (!ok)
		printf("# %d: %s\n", err, text);
	return ok;
}

static int on_port(const struct avtpmap_port_info *port, void *arg)
{
	(void)port;
	++*(int *)arg;
	return 0;
}

/* As if it had been loaded by a later one. */
static int change_version(void)
{
	const struct text t = { why, sizeof(why) };
	struct xdp_port p;
	int err = xdp_port_name(&p, "port0", &t);

	if (!err)
		err = xdp_port_open(&p, &t);
	if (!err)
		p.table->layout++;
	xdp_port_close(&p);
	return err;
}

int main(void)
{
	const struct avtpmap_open_opts open = { .sz = sizeof(open),
						.ifname = "port0",
						.stream_id = FIRST_ID,
						.error = why,
						.error_bytes = sizeof(why) };
	const struct avtpmap_port_opts alone = {
		.sz = sizeof(alone),
		.set = AVTPMAP_PORT_XDP_ALONE,
	};
	struct avtpmap_stream *s = NULL;
	int n = 0, err;

	if (traffic_veth() ||
	    avtpmap_ctl_open(&ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts,
					  .backend = AVTPMAP_BACKEND_XDP)) ||
	    avtpmap_port_attach(ctl, "port0", &alone) ||
	    avtpmap_stream_add(ctl, "port0", FIRST_ID, NULL) ||
	    change_version()) {
		tap_ok(0, "a port: %s", ctl ? avtpmap_ctl_error(ctl) : why);
		return tap_done();
	}
	err = avtpmap_open(&s, &open);
	refused(err, why, "opening, whatever backend,");
	err = avtpmap_stream_add(ctl, "port0", FIRST_ID + 1, NULL);
	refused(err, avtpmap_ctl_error(ctl), "adding");
	err = avtpmap_port_attach(ctl, "port0", &alone);
	refused(err, avtpmap_ctl_error(ctl), "attaching");
	err = avtpmap_port_list(ctl, on_port, &n);
	refused(err, avtpmap_ctl_error(ctl), "showing");
	tap_ok(!avtpmap_port_detach(ctl, "port0"), "it can be detached");
	tap_ok(!avtpmap_port_list(ctl, on_port, &n) && !n, "and is gone then");
	tap_ok(!avtpmap_port_attach(ctl, "port0", &alone) &&
		       !avtpmap_port_detach(ctl, "port0"),
	       "attached again it is of this version");
	avtpmap_ctl_close(ctl);
	return tap_done();
}
