// SPDX-License-Identifier: MIT
/* One interface becomes what its section says. */
#include "apply.h"

#include <errno.h>
#include <string.h>

#include "../lease.h"
#include "plan.h"

/* ---- what was done ---- */

static const struct {
	const char *name; /* in JSON */
	const char *subject;
	const char *verb;
} words[N_CHANGES] = {
	[CHANGE_ATTACH] = { "attached", "", "attached" },
	[CHANGE_PROGRAM] = { "program", "its XDP program ", "put back" },
	[CHANGE_GROUP] = { "group", "group ", "set to" },
	[CHANGE_MEMORY] = { "memory", "memory ", "set to" },
	[CHANGE_DELETE] = { "deleted", "stream ",
			    "deleted, as no file has it" },
	[CHANGE_REPLACE] = { "replaced", "stream ", "made anew with" },
	[CHANGE_MODE] = { "mode", "stream ", "set to" },
	[CHANGE_ADD] = { "added", "stream ", "added" },
};

static void say_text(const struct apply *a, const char *ifname,
		     const struct step *s)
{
	char id[AVTPMAP_STREAM_ID_TEXT + 1] = "";

	if (s->stream_id) {
		avtpmap_stream_id_to_text(id, s->stream_id);
		strcat(id, " ");
	}
	printf("%s: %s%s%s%s%s%s%s%s\n", ifname, words[s->what].subject, id,
	       a->dry_run ? "would be " : "", words[s->what].verb,
	       *s->to ? " " : "", s->to, *s->was ? ", was " : "", s->was);
	fflush(stdout); /* before what may be said on stderr */
}

static struct json_object *json_words(const char *text)
{
	return *text ? json_object_new_string(text) : NULL;
}

static void say_json(const struct apply *a, const char *ifname,
		     const struct step *s)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "ifname", json_object_new_string(ifname));
	json_object_object_add(
		o, "stream_id",
		s->want || s->stream_id ? json_stream_id(s->stream_id) : NULL);
	json_object_object_add(o, "change",
			       json_object_new_string(words[s->what].name));
	json_object_object_add(o, "to", json_words(s->to));
	json_object_object_add(o, "was", json_words(s->was));
	json_object_array_add(a->changes, o);
}

static void say_nothing(const struct apply *a, const char *ifname,
			const char *why)
{
	if (a->changes)
		return;
	printf("%s: %s\n", ifname, why);
	fflush(stdout);
}

/* ---- doing it ---- */

static int attach(struct avtpmap_ctl *ctl, const struct config_port *port)
{
	return avtpmap_port_attach(ctl, port->ifname, &port->how);
}

static int set_rights(struct avtpmap_ctl *ctl, const struct config_port *port,
		      uint32_t set)
{
	struct avtpmap_port_opts how = port->how;

	how.set = set;
	how.mem_cap = plan_mem(port);
	return avtpmap_port_attach(ctl, port->ifname, &how);
}

/* What cannot be made as it is to be remains as it was. */
static int replace(struct avtpmap_ctl *ctl, const char *ifname,
		   const struct step *s)
{
	struct avtpmap_stream_opts before = {
		.sz = sizeof(before),
		.mode = s->is.mode,
		.vid = s->is.vid,
		.rate = s->is.rate,
		.ms = s->is.ms,
		.stride = s->is.stride,
		.silence_ms = s->is.silence_ms,
	};
	int err = avtpmap_stream_del(ctl, ifname, s->stream_id);

	memcpy(before.mac, s->is.mac, sizeof(before.mac));
	if (err)
		return ctl_failed(ctl, err);
	err = avtpmap_stream_add(ctl, ifname, s->stream_id, &s->want->how);
	if (!err)
		return OK;
	ctl_failed(ctl, err);
	err = avtpmap_stream_add(ctl, ifname, s->stream_id, &before);
	if (err)
		ctl_failed(ctl, err);
	return FAILURE;
}

static int do_step(struct avtpmap_ctl *ctl, const struct config_port *port,
		   const struct step *s)
{
	const char *ifname = port->ifname;
	int err = 0;

	switch (s->what) {
	case CHANGE_ATTACH:
	case CHANGE_PROGRAM:
		err = attach(ctl, port);
		break;
	case CHANGE_GROUP:
		err = set_rights(ctl, port, AVTPMAP_PORT_GID);
		break;
	case CHANGE_MEMORY:
		err = set_rights(ctl, port, AVTPMAP_PORT_MEM_CAP);
		break;
	case CHANGE_DELETE:
		err = avtpmap_stream_del(ctl, ifname, s->stream_id);
		break;
	case CHANGE_REPLACE:
		return replace(ctl, ifname, s);
	case CHANGE_MODE:
		err = avtpmap_stream_set_mode(ctl, ifname, s->stream_id,
					      s->want->how.mode);
		break;
	default:
		err = avtpmap_stream_add(ctl, ifname, s->stream_id,
					 &s->want->how);
	}
	return err ? ctl_failed(ctl, err) : OK;
}

/* A reader that is there would be told that its stream is gone. */
static int refuse_read(const struct config_port *port, const struct step *s)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	if ((s->what != CHANGE_REPLACE && s->what != CHANGE_DELETE) ||
	    !s->is.readers)
		return OK;
	avtpmap_stream_id_to_text(id, s->stream_id);
	return fail(-EBUSY,
		    "%s: stream %s stays as it is%s%s, as it is being read; "
		    "end its readers, or avtpmap del %s %s, and apply again",
		    port->ifname, id, *s->was ? ", " : "", s->was, port->ifname,
		    id);
}

static int one_step(const struct apply *a, struct avtpmap_ctl *ctl,
		    const struct config_port *port, const struct step *s)
{
	int ret;

	blame(port->file, s->want ? s->want->line : port->line);
	ret = refuse_read(port, s);
	if (ret == OK && !a->dry_run)
		ret = do_step(ctl, port, s);
	if (ret == OK)
		(a->changes ? say_json : say_text)(a, port->ifname, s);
	blame(port->file, port->line);
	return ret;
}

/* How a program is attached is settled when it is. */
static int check_xdp(const struct plan *plan)
{
	const struct config_port *port = plan->port;
	uint32_t set = port->how.set;

	if (!*plan->xdp ||
	    (!(set & AVTPMAP_PORT_XDP_NATIVE && !strstr(plan->xdp, "native")) &&
	     !(set & AVTPMAP_PORT_XDP_GENERIC &&
	       !strstr(plan->xdp, "generic")) &&
	     !(set & AVTPMAP_PORT_XDP_ALONE && !strstr(plan->xdp, "alone"))))
		return OK;
	return fail(-EBUSY,
		    "%s stays attached as it is, %s; for another way avtpmap "
		    "drain %s && avtpmap detach %s, and apply again",
		    port->ifname, plan->xdp, port->ifname, port->ifname);
}

static int work(const struct apply *a, struct avtpmap_ctl *ctl,
		const struct config_port *port)
{
	const struct step *s = NULL;
	struct plan plan;
	int err = plan_make(&plan, ctl, port, a->prune), ret;

	ret = err ? ctl_failed(ctl, err) : check_xdp(&plan);
	if (!err && !plan.n_steps && ret == OK)
		say_nothing(a, port->ifname, "nothing to change");
	while (!err && (s = plan_next(&plan, s))) {
		if (one_step(a, ctl, port, s) == OK)
			continue;
		ret = FAILURE;
		if (s->what == CHANGE_ATTACH || s->what == CHANGE_PROGRAM)
			break;
	}
	/* a listener of these does not take them away at its end */
	for (int i = 0; !err && !a->dry_run && i < port->n_streams; i++)
		lease_keep(port->ifname, &port->streams[i].stream_id);
	if (!err && !a->dry_run)
		lease_keep(port->ifname, NULL);
	plan_free(&plan);
	return ret;
}

/* ---- by which backend ---- */

struct held {
	const char *ifname;
	bool is;
};

static int hold_port(const struct avtpmap_port_info *p, void *arg)
{
	struct held *h = arg;

	h->is |= p->attached && !strcmp(p->ifname, h->ifname);
	return 0;
}

/* One producer a stream: two backends would each take what the other has. */
static int check_other(struct avtpmap_ctl *ctl, const char *reason, void *arg)
{
	const struct config_port *port = arg;
	struct held h = { .ifname = port->ifname };
	const char *name = avtpmap_ctl_backend_name(ctl);

	(void)reason;
	avtpmap_port_list(ctl, hold_port, &h);
	if (!h.is)
		return OK;
	return fail(-EBUSY,
		    "%s is a port of %s; say backend = %s, or avtpmap drain "
		    "--backend %s %s && avtpmap detach --backend %s %s",
		    port->ifname, name, name, name, port->ifname, name,
		    port->ifname);
}

/* Its streams are each process's own, so none can be made ahead. */
static int packet(const struct apply *a, const struct config_port *port)
{
	say_nothing(a, port->ifname,
		    "nothing to make: by the packet backend each program that "
		    "opens a stream has its own");
	return OK;
}

static int by_backend(const struct apply *a, const struct config_port *port)
{
	struct avtpmap_ctl *ctl;
	int ret;

	if (check_interface(port->ifname))
		return FAILURE;
	if (wanted_backend == AVTPMAP_BACKEND_PACKET)
		return packet(a, port);
	attach_means(port->ifname, &port->how);
	ctl = open_ctl(port->ifname);
	if (!ctl)
		return FAILURE;
	if (!strcmp(avtpmap_ctl_backend_name(ctl), "packet"))
		ret = fail(-EOPNOTSUPP,
			   "%s: of the packet backend nothing can be made "
			   "ahead; if that will do, say backend = packet (%s)",
			   port->ifname, avtpmap_ctl_backend_reason(ctl));
	else
		ret = other_ctls(avtpmap_ctl_backend_name(ctl), check_other,
				 (void *)port);
	if (ret == OK)
		ret = work(a, ctl, port);
	avtpmap_ctl_close(ctl);
	return ret;
}

int apply_port(const struct apply *a, const struct config_port *port)
{
	uint32_t before = wanted_backend;
	int ret;

	if (port->backend)
		wanted_backend = port->backend;
	blame(port->file, port->line);
	ret = by_backend(a, port);
	blame(NULL, 0);
	wanted_backend = before;
	return ret;
}
