// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Files of /etc/avtpmap.d: whatever they hold, what is understood is sound. */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "../../tools/config/config.h"
#include "../../tools/lease.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what the command would say and do ---- */

uint32_t wanted_backend;
static int mistakes;

void blame(const char *file, int line)
{
	MUST(!file == !line);
}

int fail(int err, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	(void)err;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mistakes++;
	return FAILURE;
}

int usage_error(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mistakes++;
	return USAGE;
}

int set_backend(const char *name)
{
	static const char *const names[] = { "auto", "kmod", "xdp", "packet" };

	for (uint32_t i = 0; i < 4; i++)
		if (!strcmp(name, names[i])) {
			wanted_backend = i;
			return OK;
		}
	return usage_error("%s", name);
}

int stream_id_arg(const char *text, uint64_t *id)
{
	return avtpmap_stream_id_from_text(text, id) ? usage_error("%s", text) :
						       OK;
}

struct avtpmap_ctl *open_ctl_to_keep(const char *ifname)
{
	MUST(!ifname);
	return NULL;
}

int ctl_failed(struct avtpmap_ctl *ctl, int err)
{
	MUST(ctl);
	return err;
}

void lease_keep(const char *ifname, const uint64_t *stream_id)
{
	MUST(!ifname && !stream_id);
}

bool netdev_is_ethernet(const char *ifname)
{
	return ifname;
}

/* ---- what must be ---- */

static void check_port(const struct config *c, int i)
{
	const struct config_port *p = &c->ports[i];

	MUST(strlen(p->ifname) && !strpbrk(p->ifname, "/ \t[]"));
	MUST(config_find(c, p->ifname) == p); /* so it is there once */
	MUST(p->line > 0 && p->backend <= AVTPMAP_BACKEND_PACKET);
	for (int j = 0; j < p->n_streams; j++) {
		const struct config_stream *s = &p->streams[j];

		MUST(s->line > p->line && s->how.sz == sizeof(s->how));
		MUST(s->how.mode <= AVTPMAP_MODE_COPY && s->how.ms <= 60000);
		for (int k = 0; k < j; k++)
			MUST(p->streams[k].stream_id != s->stream_id);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *f = size ? fmemopen((void *)data, size, "r") : NULL;
	struct config c = { 0 };

	if (!f)
		return 0;
	mistakes = 0;
	config_parse(&c, "file", f);
	fclose(f);
	MUST(c.errors == mistakes); /* each was told, once */
	MUST(!wanted_backend);
	for (int i = 0; i < c.n_ports; i++)
		check_port(&c, i);
	config_free(&c);
	return 0;
}
