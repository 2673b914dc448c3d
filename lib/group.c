// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int avtpmap_group_create(struct avtpmap_group **out,
			 const struct avtpmap_period *period)
{
	struct avtpmap_group *g;
	int err;

	*out = NULL;
	err = period ? period_check(period) : 0;
	if (err)
		return err;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->fd = -1;
	if (period)
		g->period = *period;
	*out = g;
	return 0;
}

void avtpmap_group_close(struct avtpmap_group *g)
{
	if (!g)
		return;
	if (g->be)
		g->be->group_close(g);
	free(g);
}

/* The first member: from now on there is something to wait for. */
static int begin(struct avtpmap_group *g, struct avtpmap_stream *s)
{
	int err;

	if (!s->be || !s->be->group_open)
		return -EOPNOTSUPP;
	err = s->be->group_open(g);
	if (err)
		return err;
	err = s->be->group_add(g, s);
	if (!err)
		err = s->be->group_set_period(g, &g->period);
	if (err) {
		s->be->group_close(g);
		g->fd = -1;
		return err;
	}
	g->be = s->be;
	return 0;
}

int avtpmap_group_add(struct avtpmap_group *g, struct avtpmap_stream *s)
{
	if (!g->be)
		return begin(g, s);
	if (g->be != s->be)
		return -EXDEV;
	return g->be->group_add(g, s);
}

int avtpmap_group_set_period(struct avtpmap_group *g,
			     const struct avtpmap_period *period)
{
	int err = period_check(period);

	if (!err && g->be)
		err = g->be->group_set_period(g, period);
	if (!err)
		g->period = *period;
	return err;
}

int avtpmap_group_fd(struct avtpmap_group *g)
{
	return g->fd;
}

int avtpmap_group_wait(struct avtpmap_group *g, int64_t timeout_ns)
{
	struct avtpmap_wait w = {
		.timeout_ns = timeout_ns < 0 ? ~0ull : (__u64)timeout_ns,
	};
	int err;

	if (!g->be)
		return -ENODEV;
	err = g->be->group_wait(g, &w);
	g->events |= w.events;
	if (err)
		return err;
	return w.due < INT_MAX ? (int)w.due : INT_MAX;
}

uint32_t avtpmap_group_events(struct avtpmap_group *g)
{
	uint32_t events = g->events;

	g->events = 0;
	return events;
}

int avtpmap_group_info(struct avtpmap_group *g,
		       struct avtpmap_reader_info *info)
{
	memset(info, 0, sizeof(*info));
	return g->be ? g->be->group_info(g, info) : -ENODEV;
}
