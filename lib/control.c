// SPDX-License-Identifier: MIT
/* The control handle: checks what can be checked here, and asks the backend. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

struct avtpmap_ctl {
	const struct backend *be;
	void *priv;
	char reason[REASON_BYTES];
	char error[256];
};

static struct text begin(struct avtpmap_ctl *ctl)
{
	ctl->error[0] = '\0';
	return (struct text){ ctl->error, sizeof(ctl->error) };
}

int avtpmap_ctl_open(struct avtpmap_ctl **out,
		     const struct avtpmap_ctl_opts *opts)
{
	struct avtpmap_ctl_opts o;
	struct avtpmap_ctl *ctl;
	struct text why, reason;
	int err = opts_copy(&o, sizeof(o), opts);

	*out = NULL;
	why = (struct text){ o.error, o.error_bytes };
	if (err)
		return opts_text(&why, err);
	ctl = calloc(1, sizeof(*ctl));
	if (!ctl)
		return refuse_text(&why, -ENOMEM, "out of memory");
	reason = (struct text){ ctl->reason, sizeof(ctl->reason) };
	err = backend_choose(&ctl->be, o.backend, o.ifname, &reason);
	if (err)
		refuse_text(&why, err, "%s", ctl->reason);
	else
		err = ctl->be->ctl_open(&ctl->priv, &why);
	if (err) {
		free(ctl);
		return err;
	}
	*out = ctl;
	return 0;
}

void avtpmap_ctl_close(struct avtpmap_ctl *ctl)
{
	if (!ctl)
		return;
	ctl->be->ctl_close(ctl->priv);
	free(ctl);
}

const char *avtpmap_ctl_error(struct avtpmap_ctl *ctl)
{
	return ctl->error;
}

const char *avtpmap_ctl_backend_name(struct avtpmap_ctl *ctl)
{
	return ctl->be->name;
}

const char *avtpmap_ctl_backend_reason(struct avtpmap_ctl *ctl)
{
	return ctl->reason;
}

static int check_port(const struct backend *be, const char *ifname, __u32 set,
		      const struct text *why)
{
	const __u32 both = AVTPMAP_PORT_XDP_NATIVE | AVTPMAP_PORT_XDP_GENERIC;

	if (set & ~(AVTPMAP_PORT_GID | AVTPMAP_PORT_MEM_CAP | AVTPMAP_PORT_XDP))
		return refuse_text(why, -EINVAL, "unknown options");
	if ((set & both) == both)
		return refuse_text(why, -EINVAL, "%s: either native or generic",
				   ifname);
	if (set & AVTPMAP_PORT_XDP && be->id != AVTPMAP_BACKEND_XDP)
		return refuse_text(
			why, -EOPNOTSUPP,
			"%s: native, generic and alone are for the "
			"XDP backend, and this is %s; avtpmap attach "
			"%s --backend xdp",
			ifname, be->name, ifname);
	return 0;
}

int avtpmap_port_attach(struct avtpmap_ctl *ctl, const char *ifname,
			const struct avtpmap_port_opts *opts)
{
	struct text why = begin(ctl);
	struct avtpmap_port_opts o;
	int err = opts_copy(&o, sizeof(o), opts);

	if (err)
		return refuse_text(&why, err, "bad options");
	err = check_port(ctl->be, ifname, o.set, &why);
	if (err)
		return err;
	return ctl->be->port_attach(ctl->priv, ifname, &o, &why);
}

int avtpmap_port_detach(struct avtpmap_ctl *ctl, const char *ifname)
{
	struct text why = begin(ctl);

	return ctl->be->port_detach(ctl->priv, ifname, &why);
}

int avtpmap_port_list(struct avtpmap_ctl *ctl, avtpmap_port_fn *fn, void *arg)
{
	struct text why = begin(ctl);

	return ctl->be->port_list(ctl->priv, fn, arg, &why);
}

int avtpmap_stream_add(struct avtpmap_ctl *ctl, const char *ifname,
		       uint64_t stream_id,
		       const struct avtpmap_stream_opts *opts)
{
	struct text why = begin(ctl);
	struct avtpmap_stream_opts o;
	int err = opts_copy(&o, sizeof(o), opts);

	if (err)
		return refuse_text(&why, err, "bad options");
	return ctl->be->stream_add(ctl->priv, ifname, stream_id, &o, &why);
}

int avtpmap_stream_del(struct avtpmap_ctl *ctl, const char *ifname,
		       uint64_t stream_id)
{
	struct text why = begin(ctl);

	return ctl->be->stream_del(ctl->priv, ifname, stream_id, &why);
}

int avtpmap_stream_set_mode(struct avtpmap_ctl *ctl, const char *ifname,
			    uint64_t stream_id, uint32_t mode)
{
	struct text why = begin(ctl);

	return ctl->be->stream_set_mode(ctl->priv, ifname, stream_id, mode,
					&why);
}

int avtpmap_stream_list(struct avtpmap_ctl *ctl, const char *ifname,
			avtpmap_stream_fn *fn, void *arg)
{
	struct text why = begin(ctl);

	return ctl->be->stream_list(ctl->priv, ifname, fn, arg, &why);
}

int avtpmap_reader_list(struct avtpmap_ctl *ctl, const char *ifname,
			avtpmap_reader_fn *fn, void *arg)
{
	struct text why = begin(ctl);

	return ctl->be->reader_list(ctl->priv, ifname, fn, arg, &why);
}

int avtpmap_clean(struct avtpmap_ctl *ctl)
{
	struct text why = begin(ctl);

	return ctl->be->clean ? ctl->be->clean(ctl->priv, &why) : 0;
}

int avtpmap_drain(struct avtpmap_ctl *ctl, const char *ifname)
{
	struct text why = begin(ctl);

	return ctl->be->drain(ctl->priv, ifname, &why);
}
