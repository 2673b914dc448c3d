// SPDX-License-Identifier: MIT
#include "plan.h"

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What add and attach do without a word about it. */
enum {
	RATE_DEFAULT = 8000,
	MS_DEFAULT = 100,
	SLOT_BYTES = sizeof(struct avtpmap_slot),
};

static struct step *add_step(struct plan *plan, enum change what)
{
	struct step *s;

	plan->steps = reallocarray(plan->steps, plan->n_steps + 1, sizeof(*s));
	if (!plan->steps)
		err(FAILURE, "configuration");
	s = &plan->steps[plan->n_steps++];
	*s = (struct step){ .what = what };
	return s;
}

void plan_free(struct plan *plan)
{
	free(plan->steps);
	plan->steps = NULL;
	plan->n_steps = 0;
}

const struct step *plan_next(const struct plan *plan, const struct step *prev)
{
	int what = prev ? (int)prev->what : 0;
	int i = prev ? (int)(prev - plan->steps) + 1 : 0;

	for (; what < N_CHANGES; what++, i = 0)
		for (; i < plan->n_steps; i++)
			if ((int)plan->steps[i].what == what)
				return &plan->steps[i];
	return NULL;
}

/* ---- the port ---- */

uint64_t plan_mem(const struct config_port *port)
{
	return port->how.set & AVTPMAP_PORT_MEM_CAP ? port->how.mem_cap :
						      256 << 20;
}

static void plan_attach(struct plan *plan)
{
	const struct config_port *port = plan->port;
	struct step *s = add_step(plan, CHANGE_ATTACH);
	char mem[32];
	int n;

	n = snprintf(s->to, sizeof(s->to), "by %s", plan->backend);
	if (port->how.gid != AVTPMAP_NO_GROUP)
		n += snprintf(s->to + n, sizeof(s->to) - n, ", group %.40s",
			      group_text(port->how.gid));
	if (port->how.set & AVTPMAP_PORT_MEM_CAP)
		snprintf(s->to + n, sizeof(s->to) - n, ", memory %s",
			 bytes_text(mem, sizeof(mem), port->how.mem_cap));
}

/* Rights that no file gives are taken: so it is after a reboot, too. */
static void plan_rights(struct plan *plan, const struct avtpmap_port_info *is)
{
	const struct config_port *port = plan->port;
	struct step *s;

	if (is->gid != port->how.gid) {
		s = add_step(plan, CHANGE_GROUP);
		snprintf(s->to, sizeof(s->to), "%s", group_text(port->how.gid));
		snprintf(s->was, sizeof(s->was), "%s", group_text(is->gid));
	}
	if (is->mem_cap != plan_mem(port)) {
		s = add_step(plan, CHANGE_MEMORY);
		bytes_text(s->to, sizeof(s->to), plan_mem(port));
		bytes_text(s->was, sizeof(s->was), is->mem_cap);
	}
}

static int look_at_port(const struct avtpmap_port_info *is, void *arg)
{
	struct plan *plan = arg;

	if (!is->attached || strcmp(is->ifname, plan->port->ifname))
		return 0;
	plan->attached = true;
	if (port_is_off(is))
		add_step(plan, CHANGE_PROGRAM);
	else if (is->attachment)
		snprintf(plan->xdp, sizeof(plan->xdp), "%s", is->attachment);
	plan_rights(plan, is);
	return 0;
}

/* ---- its streams ---- */

__attribute__((format(printf, 2, 3))) static void append(char text[96],
							 const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	if (n && n < 95)
		text[n++] = ' ';
	va_start(ap, fmt);
	vsnprintf(text + n, 96 - n, fmt, ap);
	va_end(ap);
}

static void append_mac(char text[96], const uint8_t mac[6])
{
	char buf[MAC_TEXT];

	append(text, "mac=%s",
	       memcmp(mac, "\0\0\0\0\0\0", 6) ? mac_text(buf, mac) : "any");
}

static void append_vid(char text[96], uint32_t vid)
{
	if (vid && vid != AVTPMAP_ANY_VID)
		append(text, "vid=%u", vid);
	else
		append(text, vid ? "vid=none" : "vid=any");
}

static void append_silence(char *text, uint32_t ms)
{
	if (ms)
		append(text, "silence=%u", ms);
	else
		append(text, "silence=pace");
}

/* As both kinds of backend reckon. */
static uint32_t wanted_rate(const struct avtpmap_stream_opts *o,
			    uint32_t stride)
{
	if (o->mbit)
		return (uint64_t)o->mbit * 125000 / (stride - SLOT_BYTES);
	return o->rate ? o->rate : RATE_DEFAULT;
}

/* What was made when the stream was; whatever is not given is add's default. */
static void compare(struct step *s)
{
	const struct avtpmap_stream_opts *o = &s->want->how;
	const struct avtpmap_stream_info *is = &s->is;
	uint32_t ms = o->ms ? o->ms : MS_DEFAULT;
	uint32_t rate = wanted_rate(o, o->stride ? o->stride : is->stride);

	if (memcmp(o->mac, is->mac, 6)) {
		append_mac(s->to, o->mac);
		append_mac(s->was, is->mac);
	}
	if (o->vid != is->vid) {
		append_vid(s->to, o->vid);
		append_vid(s->was, is->vid);
	}
	if (rate != is->rate) {
		append(s->to, "rate=%u", rate);
		append(s->was, "rate=%u", is->rate);
	}
	if (ms != is->ms) {
		append(s->to, "ms=%u", ms);
		append(s->was, "ms=%u", is->ms);
	}
	if (o->stride && o->stride != is->stride) {
		append(s->to, "stride=%u", o->stride);
		append(s->was, "stride=%u", is->stride);
	}
	if (o->silence_ms != is->silence_ms) {
		append_silence(s->to, o->silence_ms);
		append_silence(s->was, is->silence_ms);
	}
}

struct look {
	struct plan *plan;
	bool *found; /* by a stream's place in the file */
	bool prune;
};

static void plan_stream(struct plan *plan, const struct config_stream *want,
			const struct avtpmap_stream_info *is)
{
	struct step s = { .want = want, .stream_id = is->stream_id };

	s.is = *is;
	compare(&s);
	s.what = *s.to ? CHANGE_REPLACE : CHANGE_MODE;
	if (want->how.mode != is->mode) {
		append(s.to, "mode=%s", mode_text(want->how.mode));
		append(s.was, "mode=%s", mode_text(is->mode));
	}
	if (*s.to)
		*add_step(plan, s.what) = s;
}

static int look_at_stream(const struct avtpmap_stream_info *is, void *arg)
{
	struct look *look = arg;
	const struct config_port *port = look->plan->port;
	struct step *s;

	if (strcmp(is->ifname, port->ifname))
		return 0;
	for (int i = 0; i < port->n_streams; i++)
		if (port->streams[i].stream_id == is->stream_id) {
			look->found[i] = true;
			plan_stream(look->plan, &port->streams[i], is);
			return 0;
		}
	if (look->prune) {
		s = add_step(look->plan, CHANGE_DELETE);
		s->stream_id = is->stream_id;
		s->is = *is;
	}
	return 0;
}

int plan_make(struct plan *plan, struct avtpmap_ctl *ctl,
	      const struct config_port *port, bool prune)
{
	struct look look = { .plan = plan, .prune = prune };
	int ret;

	*plan = (struct plan){ .port = port,
			       .backend = avtpmap_ctl_backend_name(ctl) };
	look.found = calloc(port->n_streams + 1, sizeof(*look.found));
	if (!look.found)
		err(FAILURE, "configuration");
	ret = avtpmap_port_list(ctl, look_at_port, plan);
	if (!ret && plan->attached)
		ret = avtpmap_stream_list(ctl, NULL, look_at_stream, &look);
	if (!plan->attached)
		plan_attach(plan);
	for (int i = 0; i < port->n_streams; i++)
		if (!look.found[i]) {
			struct step *s = add_step(plan, CHANGE_ADD);

			s->stream_id = port->streams[i].stream_id;
			s->want = &port->streams[i];
		}
	free(look.found);
	return ret;
}
