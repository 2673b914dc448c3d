// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <net/if.h>
#include <string.h>

#include "test.h"

enum { AWAIT_NS = 1000000000 };

struct coverage *coverage;

void rig_attach(struct rig *rig, int i)
{
	if (rig->bed->attach && rig->bed->attach(rig->ctl, i))
		fail("cannot attach: %s", avtpmap_ctl_error(rig->ctl));
}

void rig_init(struct rig *rig, const struct bed *bed)
{
	char why[256] = "";
	int err;

	memset(rig, 0, sizeof(*rig));
	rig->bed = bed;
	rig->ifname = bed->ifname(0);
	rig->ifindex = if_nametoindex(rig->ifname);
	err = avtpmap_ctl_open(
		&rig->ctl,
		AVTPMAP_OPTS(avtpmap_ctl_opts, .backend = bed->backend,
			     .error = why, .error_bytes = sizeof(why)));
	if (err)
		fail("no control handle: %s", why);
	for (int i = 0; i < 2; i++)
		rig_attach(rig, i);
}

static int cover(const struct avtpmap_stream_info *s, void *arg)
{
	(void)arg;
	coverage->known |= s->counters_known;
	for (uint32_t i = 0; i < s->n_counters; i++)
		if (s->counters_known >> i & 1)
			coverage->moved[i] += s->counters[i];
	return 0;
}

/* Streams that the case deleted itself were noted by rig_del(). */
void rig_free(struct rig *rig)
{
	check_eq(avtpmap_stream_list(rig->ctl, NULL, cover, NULL), 0);
	check_eq(avtpmap_drain(rig->ctl, NULL), 0);
	/* with its group and its cap */
	for (int i = 0; i < 2; i++)
		avtpmap_port_detach(rig->ctl, rig->bed->ifname(i));
	avtpmap_ctl_close(rig->ctl);
	wire_free(&rig->wire);
}

void rig_add(struct rig *rig, uint64_t id,
	     const struct avtpmap_stream_opts *opts)
{
	rig_attach(rig, 0); /* a case may have detached it */
	if (avtpmap_stream_add(rig->ctl, rig->ifname, id, opts))
		fail("cannot add a stream: %s", avtpmap_ctl_error(rig->ctl));
}

void rig_del(struct rig *rig, uint64_t id)
{
	check_eq(avtpmap_stream_list(rig->ctl, rig->ifname, cover, NULL), 0);
	if (avtpmap_stream_del(rig->ctl, rig->ifname, id))
		fail("cannot delete a stream: %s", avtpmap_ctl_error(rig->ctl));
}

struct avtpmap_stream *rig_open(struct rig *rig, uint64_t id, uint32_t period,
				uint32_t events)
{
	struct avtpmap_stream *s;
	char why[256] = "";

	if (avtpmap_open(&s,
			 AVTPMAP_OPTS(avtpmap_open_opts, .ifname = rig->ifname,
				      .stream_id = id,
				      .backend = rig->bed->backend,
				      .period.period = period,
				      .period.events = events, .error = why,
				      .error_bytes = sizeof(why))))
		fail("cannot open: %s", why);
	return s;
}

void rig_period(struct avtpmap_stream *s, uint32_t period, uint32_t events,
		uint64_t deadline_ns)
{
	struct avtpmap_period p = {
		.period = period,
		.events = events,
		.deadline_ns = deadline_ns,
	};

	check_eq(avtpmap_set_period(s, &p), 0);
}

void rig_inject(struct rig *rig)
{
	check_eq(rig->bed->inject(rig->wire.buf, rig->wire.bytes), 0);
	wire_clear(&rig->wire);
}

void rig_send(struct rig *rig, struct talker *t, uint32_t n)
{
	talker_send(t, &rig->wire, rig->ifindex, n);
	rig_inject(rig);
}

uint64_t rig_counter(struct avtpmap_stream *s, enum avtpmap_counter c)
{
	uint64_t values[AVTPMAP_N_COUNTERS];

	avtpmap_counters(s, values, AVTPMAP_N_COUNTERS);
	return values[c];
}

uint32_t rig_drain(struct avtpmap_stream *s)
{
	uint32_t n = 0;

	while (avtpmap_peek(s))
		n += !avtpmap_release(s);
	return n;
}

struct avtpmap_reader_info rig_info(struct avtpmap_stream *s)
{
	struct avtpmap_reader_info info;

	check_eq(avtpmap_reader_info(s, &info), 0);
	return info;
}

uint32_t rig_poll(struct avtpmap_stream *s, int *due)
{
	int n = avtpmap_wait(s, 0);

	check(n >= 0);
	if (due)
		*due = n;
	return avtpmap_events(s);
}

void rig_await(struct avtpmap_stream *s, uint32_t events)
{
	uint32_t got = 0;

	while ((got & events) != events) {
		int due = avtpmap_wait(s, AWAIT_NS);
		uint32_t more = avtpmap_events(s);

		if (due < 0 || (!due && !more))
			fail("wait is %d, and of events %#x only %#x came", due,
			     events, got);
		got |= more;
	}
	check_eq(got, events);
}

struct mem {
	uint32_t ifindex;
	uint64_t used;
};

static int add_used(const struct avtpmap_port_info *port, void *arg)
{
	struct mem *mem = arg;

	if (port->ifindex == mem->ifindex)
		mem->used += port->mem_used;
	return 0;
}

uint64_t rig_mem_used(struct rig *rig)
{
	struct mem mem = { .ifindex = rig->ifindex };

	check_eq(avtpmap_port_list(rig->ctl, add_used, &mem), 0);
	return mem.used;
}
