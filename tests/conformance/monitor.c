// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Events for whoever watches all streams. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* What was told of one stream, or (id 0) of the port itself. */
struct watch {
	struct avtpmap_monitor *m;
	uint64_t id;
	uint32_t events;
	uint64_t lost;
	int notices;
};

static void watch(struct watch *w, struct rig *rig, uint64_t id)
{
	memset(w, 0, sizeof(*w));
	w->id = id;
	check_eq(avtpmap_monitor_open(
			 &w->m, AVTPMAP_OPTS(avtpmap_monitor_opts,
					     .ifname = rig->ifname,
					     .backend = rig->bed->backend)),
		 0);
}

/* All that there is to read now. */
static void read_notices(struct watch *w, struct rig *rig)
{
	struct avtpmap_notice n;
	int got;

	while ((got = avtpmap_monitor_read(w->m, &n, sizeof(n))) == 1) {
		check_eq(n.ifindex, rig->ifindex);
		check(!strcmp(n.ifname, rig->ifname));
		check(n.events);
		w->notices++;
		if ((n.has_stream ? n.stream_id : 0) != w->id)
			continue;
		w->events |= n.events;
		if (n.n_counters)
			w->lost = n.counters[AVTPMAP_C_FRAMES_LOST];
	}
	check_eq(got, 0);
}

/* Until all of @events were told. */
static void await_events(struct watch *w, struct rig *rig, uint32_t events)
{
	struct pollfd p = { .fd = avtpmap_monitor_fd(w->m), .events = POLLIN };

	for (int ms = 0; (w->events & events) != events; ms++) {
		if (ms == 5000)
			fail("told of %#x, expected %#x", w->events, events);
		poll(&p, 1, 1);
		read_notices(w, rig);
	}
	w->events &= ~events;
}

CASE(a_listener_hears_of_ports_and_streams_made_and_gone, BED_MONITOR)
{
	struct watch port, stream;

	avtpmap_port_detach(rig->ctl, rig->ifname);
	watch(&port, rig, 0);
	watch(&stream, rig, STREAM_ID);
	rig_add(rig, STREAM_ID, NULL);
	await_events(&port, rig, AVTPMAP_EV_ADDED);
	await_events(&stream, rig, AVTPMAP_EV_ADDED);
	rig_del(rig, STREAM_ID);
	await_events(&stream, rig, AVTPMAP_EV_DELETED);
	check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), 0);
	await_events(&port, rig, AVTPMAP_EV_DELETED);
	avtpmap_monitor_close(port.m);
	avtpmap_monitor_close(stream.m);
}

CASE(a_listener_hears_what_happens_to_a_stream, BED_MONITOR)
{
	struct talker t, second;
	struct watch w;

	rig_add(rig, STREAM_ID, NULL);
	watch(&w, rig, STREAM_ID);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 20);
	await_events(&w, rig, AVTPMAP_EV_START);
	/* at once, because a gap after a silence is a new epoch */
	talker_send(&t, &rig->wire, rig->ifindex, 20);
	for (int i = 0; i < 5; i++)
		talker_shot(&t);
	rig_send(rig, &t, 20);
	await_events(&w, rig, AVTPMAP_EV_GAP);
	check_eq(w.lost, 5);
	t.next.mr = 1;
	t.next.tu = 1;
	rig_send(rig, &t, 20);
	await_events(&w, rig, AVTPMAP_EV_RESET | AVTPMAP_EV_UNCERTAIN);
	talker_send(&t, &rig->wire, rig->ifindex, 1);
	second = t;
	second.next.src++;
	rig_send(rig, &second, 1);
	await_events(&w, rig, AVTPMAP_EV_CONFLICT);
	t.next.shape = &am824_stereo;
	talker_restart(&t, 0);
	rig_send(rig, &t, 20);
	await_events(&w, rig, AVTPMAP_EV_EPOCH);
	await_events(&w, rig, AVTPMAP_EV_END);
	avtpmap_monitor_close(w.m);
}

/* A stream that has an event in each frame does not flood its listeners. */
CASE(listeners_are_not_flooded, BED_MONITOR)
{
	struct watch w;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	watch(&w, rig, STREAM_ID);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (int i = 0; i < 5000; i++) {
		t.next.mr ^= 1;
		talker_send(&t, &rig->wire, rig->ifindex, 1);
	}
	rig_inject(rig);
	await_events(&w, rig, AVTPMAP_EV_RESET);
	usleep(50000);
	read_notices(&w, rig);
	check(w.notices < 100);
	avtpmap_monitor_close(w.m);
}
