// SPDX-License-Identifier: MIT
/*
 * The monitor: looks every LOOK_NS at what the ports' maps say, because there is
 * nobody here who would tell. What comes and goes in between is not seen, and
 * what happens to one stream in between is one notice.
 */
#include <bpf/bpf.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/avtpmap_netlink.h>

#include "xdp.h"

enum {
	LOOK_NS = 20000000,
	LOOKS_PER_PROGRAM = 25, /* asking for it costs some system calls */
};

/* A stream that is watched. */
struct watched {
	struct watched *next;
	__u32 index;
	const struct xdp_ring *ring;
	size_t bytes;
	__u64 seen[WAKE_EVENTS];
};

/* A port. */
struct watched_port {
	struct watched_port *next;
	struct xdp_port p;
	__u32 id; /* of its table: another attach, another port */
	__u32 changes;
	int found; /* in this look */
	int off; /* its program is not on the interface */
	struct watched *streams;
};

/**
 * struct monitor - what the monitor handle of this backend keeps
 * @timer_fd: readable when it is time to look
 * @looks: so far
 * @ports: as of the last look
 * @first: @n: @room: notices to be read, from the first on
 */
struct monitor {
	int timer_fd;
	unsigned int looks;
	struct watched_port *ports;
	struct avtpmap_notice *notices;
	int first;
	int n;
	int room;
};

static void tell(struct monitor *m, const struct watched_port *w,
		 const struct watched *s, __u32 events)
{
	struct avtpmap_notice *n;

	if (m->n == m->room) {
		int room = m->room ? 2 * m->room : 64;
		void *more = realloc(m->notices, room * sizeof(*n));

		if (!more)
			return;
		m->notices = more;
		m->room = room;
	}
	n = &m->notices[m->n++];
	memset(n, 0, sizeof(*n));
	n->ifindex = w->p.ifindex;
	if (!if_indextoname(n->ifindex, n->ifname))
		memcpy(n->ifname, w->p.ifname, sizeof(n->ifname));
	n->events = events;
	if (!s)
		return;
	n->has_stream = 1;
	n->stream_id = be64toh(s->ring->hdr.stream_id);
	n->n_counters = AVTPMAP_N_COUNTERS;
	n->counters_known = s->ring->hdr.counters_known;
	for (int i = 0; i < AVTPMAP_N_COUNTERS; i++)
		n->counters[i] = env_load(&s->ring->hdr.counters[i]);
}

/* ---- streams ---- */

static struct watched **find_stream(struct watched_port *w, __u32 index)
{
	struct watched **link = &w->streams;

	while (*link && (*link)->index != index)
		link = &(*link)->next;
	return link;
}

static void watch_stream(struct watched_port *w, __u32 index)
{
	struct watched *s = calloc(1, sizeof(*s));
	int fd = xdp_ring_open(&w->p, index);

	if (s && fd >= 0)
		s->ring = xdp_ring_map(fd, &s->bytes);
	if (fd >= 0)
		close(fd);
	if (!s || !s->ring) {
		free(s);
		return;
	}
	s->index = index;
	s->next = w->streams;
	w->streams = s;
}

static void forget_stream(struct watched **link)
{
	struct watched *s = *link;

	*link = s->next;
	munmap((void *)s->ring, s->bytes);
	free(s);
}

static __u32 new_events(struct watched *s)
{
	__u32 events = 0;

	for (int i = 0; i < WAKE_EVENTS; i++) {
		__u64 n = env_load(&s->ring->s.events[i]);

		if (n != s->seen[i])
			events |= 1u << i;
		s->seen[i] = n;
	}
	return events;
}

/* @quiet: what is there already when the monitor is opened. */
static void find_added(struct monitor *m, struct watched_port *w, int quiet)
{
	for (__u32 i = 0; i < XDP_STREAMS; i++) {
		if (!w->p.table->stream[i].ms || *find_stream(w, i))
			continue;
		watch_stream(w, i);
		if (!w->streams || w->streams->index != i)
			continue;
		if (quiet)
			new_events(w->streams);
		else
			tell(m, w, w->streams, AVTPMAP_EV_ADDED);
	}
}

static void look_at_streams(struct monitor *m, struct watched_port *w,
			    int quiet)
{
	__u32 changes = env_load_acquire(&w->p.table->changes);
	struct watched **link = &w->streams;

	while (*link) {
		struct watched *s = *link;
		__u32 events = new_events(s);

		if (env_load_acquire(&s->ring->hdr.state) ==
		    AVTPMAP_RING_GONE) {
			tell(m, w, s, events | AVTPMAP_EV_DELETED);
			forget_stream(link);
			continue;
		}
		if (events)
			tell(m, w, s, events);
		link = &s->next;
	}
	if (quiet || changes != w->changes)
		find_added(m, w, quiet);
	w->changes = changes;
}

/* ---- ports ---- */

static void forget_port(struct monitor *m, struct watched_port **link,
			int quiet)
{
	struct watched_port *w = *link;

	while (w->streams) {
		if (!quiet)
			tell(m, w, w->streams, AVTPMAP_EV_DELETED);
		forget_stream(&w->streams);
	}
	if (!quiet)
		tell(m, w, NULL, AVTPMAP_EV_DELETED);
	*link = w->next;
	xdp_port_close(&w->p);
	free(w);
}

static int is_off(const struct watched_port *w)
{
	int alone;

	return !xdp_attached(&w->p, &alone);
}

static void look_at_program(struct monitor *m, struct watched_port *w)
{
	int off = is_off(w);

	if (off != w->off)
		tell(m, w, NULL, off ? AVTPMAP_EV_OFF : AVTPMAP_EV_ON);
	w->off = off;
}

struct look {
	struct monitor *m;
	int quiet;
};

static int is_watched(struct monitor *m, const struct xdp_port *p)
{
	int dir = xdp_dir_port(p->name, 0, &(struct text){ NULL, 0 });
	int table = dir < 0 ? -1 : xdp_get_at(dir, "table");
	__u32 id = table < 0 ? 0 : xdp_map_id(table);
	struct watched_port *w = m->ports;

	if (table >= 0)
		close(table);
	if (dir >= 0)
		close(dir);
	while (id && w && w->id != id)
		w = w->next;
	if (id && w)
		w->found = 1;
	return id && w;
}

static int on_port(struct xdp_port *p, void *arg)
{
	const struct text none = { NULL, 0 };
	struct look *look = arg;
	struct watched_port *w;

	if (is_watched(look->m, p))
		return 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return 0;
	xdp_port_by_index(&w->p, p->ifindex);
	if (xdp_port_open(&w->p, &none) || xdp_port_is_gone(&w->p)) {
		xdp_port_close(&w->p); /* half there: next time */
		free(w);
		return 0;
	}
	w->id = xdp_map_id(w->p.table_fd);
	w->found = 1;
	w->off = look->quiet && is_off(w);
	w->changes = env_load(&w->p.table->changes) - 1;
	w->next = look->m->ports;
	look->m->ports = w;
	if (!look->quiet)
		tell(look->m, w, NULL, AVTPMAP_EV_ADDED);
	return 0;
}

/* The interface may be gone, and nobody there who would have noticed. */
static void look_for_interface(struct watched_port *w)
{
	if (xdp_port_is_gone(&w->p))
		xdp_port_bury(&w->p);
}

static int look(struct monitor *m, int quiet, const struct text *why)
{
	struct look l = { m, quiet };
	struct watched_port **link = &m->ports;
	int err;

	for (struct watched_port *w = m->ports; w; w = w->next) {
		w->found = 0;
		look_for_interface(w);
	}
	err = xdp_each_dir(0, on_port, &l, why);
	if (err)
		return err;
	m->looks++;
	while (*link) {
		look_at_streams(m, *link, quiet);
		if (!(*link)->found) {
			forget_port(m, link, quiet);
			continue;
		}
		if (m->looks % LOOKS_PER_PROGRAM == 0)
			look_at_program(m, *link);
		link = &(*link)->next;
	}
	return 0;
}

/* ---- the handle: see backend.h ---- */

int xdp_monitor_open(void **priv, const struct text *why)
{
	const struct itimerspec every = {
		.it_interval.tv_nsec = LOOK_NS,
		.it_value.tv_nsec = LOOK_NS,
	};
	struct monitor *m = calloc(1, sizeof(*m));
	int err = -ENOMEM;

	if (!m)
		return refuse_text(why, err, "out of memory");
	m->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->timer_fd < 0 || timerfd_settime(m->timer_fd, 0, &every, NULL))
		err = refuse_text(why, -errno, "cannot make a timer: %s",
				  strerror(errno));
	else
		err = look(m, 1, why);
	if (err) {
		xdp_monitor_close(m);
		return err;
	}
	*priv = m;
	return 0;
}

void xdp_monitor_close(void *priv)
{
	struct monitor *m = priv;

	while (m->ports)
		forget_port(m, &m->ports, 1);
	if (m->timer_fd >= 0)
		close(m->timer_fd);
	free(m->notices);
	free(m);
}

int xdp_monitor_fd(void *priv)
{
	struct monitor *m = priv;

	return m->timer_fd;
}

int xdp_monitor_read(void *priv, struct avtpmap_notice *notice)
{
	const struct text none = { NULL, 0 };
	struct monitor *m = priv;
	__u64 n;

	if (m->first == m->n) {
		if (read(m->timer_fd, &n, sizeof(n)) != sizeof(n))
			return 0;
		m->first = m->n = 0;
		if (look(m, 0, &none))
			return -EIO;
	}
	if (m->first == m->n)
		return 0;
	*notice = m->notices[m->first++];
	return 1;
}
