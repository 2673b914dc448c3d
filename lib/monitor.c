// SPDX-License-Identifier: MIT
/* The monitor handle: what backends tell, and to whom it matters. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct avtpmap_monitor {
	const struct backend *be;
	void *priv;
	__u32 ifindex; /* 0: all ports */
};

const char *avtpmap_event_name(uint32_t event)
{
	switch (event) {
#define NAME(bit, name, help)  \
	case AVTPMAP_EV_##bit: \
		return #name;
		AVTPMAP_EVENTS(NAME)
#undef NAME
	default:
		return NULL;
	}
}

int avtpmap_monitor_open(struct avtpmap_monitor **out,
			 const struct avtpmap_monitor_opts *opts)
{
	char reason[REASON_BYTES];
	const struct text because = { reason, sizeof(reason) };
	struct avtpmap_monitor_opts o;
	struct avtpmap_monitor *m;
	struct text why;
	int err = opts_copy(&o, sizeof(o), opts);

	*out = NULL;
	why = (struct text){ o.error, o.error_bytes };
	if (err)
		return opts_text(&why, err);
	m = calloc(1, sizeof(*m));
	if (!m)
		return refuse_text(&why, -ENOMEM, "out of memory");
	err = o.ifname ? port_of_name_text(o.ifname, &m->ifindex, &why) : 0;
	if (err)
		goto free_m;
	err = backend_choose(&m->be, o.backend, o.ifname, &because);
	if (err) {
		refuse_text(&why, err, "%s", reason);
		goto free_m;
	}
	err = m->be->monitor_open ?
		      m->be->monitor_open(&m->priv, &why) :
		      refuse_text(&why, -EOPNOTSUPP,
				  "backend %s tells of no events; readers get "
				  "them by avtpmap_wait()",
				  m->be->name);
	if (err)
		goto free_m;
	*out = m;
	return 0;

free_m:
	free(m);
	return err;
}

void avtpmap_monitor_close(struct avtpmap_monitor *m)
{
	if (!m)
		return;
	m->be->monitor_close(m->priv);
	free(m);
}

int avtpmap_monitor_fd(struct avtpmap_monitor *m)
{
	return m->be->monitor_fd(m->priv);
}

int avtpmap_monitor_read(struct avtpmap_monitor *m,
			 struct avtpmap_notice *notice, size_t bytes)
{
	struct avtpmap_notice n;
	int got;

	do {
		memset(&n, 0, sizeof(n));
		got = m->be->monitor_read(m->priv, &n);
	} while (got > 0 && m->ifindex && n.ifindex != m->ifindex);
	if (got <= 0)
		return got;
	n.mono_ns = monotonic_ns();
	memset(notice, 0, bytes);
	memcpy(notice, &n, bytes < sizeof(n) ? bytes : sizeof(n));
	return got;
}
