// SPDX-License-Identifier: MIT
/*
 * Groups. A group has a number among the port's readers, a waker of its own, and
 * a list of its members in the table; see bpf/group.bpf.h for who counts.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "xdp.h"

/**
 * struct xdp_choir - what a group handle of this backend keeps
 * @port: its own handle of the members' port
 * @waker: of the group
 * @members: handles of this process
 * @n_members: how many
 * @period: of all
 * @base: @wakes: of the counts when the group got its number
 * @seen: events that were fetched
 * @deadlines: the same
 * @waits: returns with something due
 */
struct xdp_choir {
	struct xdp_port port;
	struct xdp_waker waker;
	struct xdp_handle *members;
	__u32 n_members;
	struct avtpmap_period period;
	struct xdp_group base;
	struct xdp_reader wakes;
	__u64 seen[WAKE_EVENTS];
	__u64 deadlines;
	__u64 waits;
};

/*
 * Who waits for a group, or releases what was due, walks its members; others may
 * close these meanwhile. The lists are held for as long as a walk takes, with
 * whoever waits lending its priority; changes, which sleep, exclude each other.
 */
static pthread_mutex_t changes = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lists;
static pthread_once_t lists_once = PTHREAD_ONCE_INIT;

static void lists_init(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&lists, &attr);
	pthread_mutexattr_destroy(&attr);
}

static struct xdp_reader_ctl *ctl_of(const struct xdp_choir *c)
{
	return &c->port.table->reader[c->waker.index];
}

static const struct xdp_group *state_of(const struct xdp_choir *c)
{
	return &c->port.groups[c->waker.index];
}

static const struct xdp_reader *wakes_of(const struct xdp_choir *c)
{
	return &c->port.readers[c->waker.index];
}

static int renew(const struct xdp_port *p, __u32 index)
{
	return xdp_renew(p, index, XDP_STREAMS + index, NULL);
}

/* ---- in the table; with the port locked ---- */

void xdp_group_disband(struct xdp_port *p, __u32 index)
{
	struct xdp_reader_ctl *head = &p->table->reader[index];
	__u32 link = head->next_member;

	env_store(&head->next_member, 0);
	for (int n = 0; n < XDP_MEMBERS && link; n++) {
		struct xdp_reader_ctl *m =
			&p->table->reader[(link - 1) % XDP_READERS];

		link = m->next_member;
		m->next_member = 0;
		env_store(&m->period, 0);
		env_store(&m->group, 0);
		env_store_release(&m->gen, m->gen + 1);
		xdp_tick(p, m->stream);
	}
}

void xdp_group_leave(struct xdp_port *p, __u32 index)
{
	struct xdp_reader_ctl *m = &p->table->reader[index];
	__u32 head = (m->group - 1) % XDP_READERS;
	__u32 *link = &p->table->reader[head].next_member;

	for (int n = 0; n < XDP_MEMBERS && *link; n++) {
		if (*link == index + 1) {
			env_store(link, m->next_member);
			break;
		}
		link = &p->table->reader[(*link - 1) % XDP_READERS].next_member;
	}
	m->next_member = 0;
	renew(p, head);
}

static int enter(struct xdp_choir *c)
{
	struct xdp_reader_ctl *ctl;
	int err = xdp_waker_open(&c->waker, &c->port);

	if (err)
		return err;
	ctl = ctl_of(c);
	ctl->stream = XDP_STREAMS;
	ctl->group = c->waker.index + 1;
	prctl(PR_GET_NAME, ctl->comm);
	err = renew(&c->port, c->waker.index);
	c->base = *state_of(c);
	c->wakes = *wakes_of(c);
	c->deadlines = c->wakes.wakes_deadline;
	memcpy(c->seen, c->base.events, sizeof(c->seen));
	return err;
}

/* A number, and so a port, or not. Members it has none. */
static void unsettle(struct xdp_choir *c)
{
	const struct text none = { NULL, 0 };

	if (c->port.table && !xdp_port_lock(&c->port, &none)) {
		if (c->waker.live_fd >= 0 && ctl_of(c)->pid)
			xdp_reader_remove(&c->port, c->waker.index);
		xdp_port_unlock(&c->port);
	}
	xdp_waker_close(&c->waker);
	xdp_port_close(&c->port);
}

static int settle(struct xdp_choir *c, __u32 ifindex)
{
	const struct text none = { NULL, 0 };
	int err;

	xdp_port_by_index(&c->port, ifindex);
	err = xdp_port_lock(&c->port, &none);
	if (err)
		return err;
	err = xdp_port_begin(&c->port, &none);
	if (!err)
		err = enter(c);
	xdp_port_unlock(&c->port);
	if (err)
		unsettle(c);
	return err;
}

/* To the port of the first member. Who polls keeps the descriptor's number. */
static int move(struct avtpmap_group *g, __u32 ifindex)
{
	struct xdp_choir *c = g->priv, old = *c;
	int err;

	xdp_waker_init(&c->waker);
	err = settle(c, ifindex);
	if (err) {
		*c = old;
		return err;
	}
	if (g->fd >= 0) {
		old.waker.fd = -1;
		dup3(c->waker.fd, g->fd, O_CLOEXEC);
		close(c->waker.fd);
		c->waker.fd = g->fd;
	}
	unsettle(&old);
	g->fd = c->waker.fd;
	return 0;
}

/* ---- membership ---- */

int xdp_group_open(struct avtpmap_group *g)
{
	struct xdp_choir *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	pthread_once(&lists_once, lists_init);
	xdp_port_by_index(&c->port, 0);
	xdp_waker_init(&c->waker);
	g->priv = c;
	return 0;
}

void xdp_group_close(struct avtpmap_group *g)
{
	struct xdp_choir *c = g->priv;
	struct xdp_handle *h, *next;

	pthread_mutex_lock(&changes);
	pthread_mutex_lock(&lists);
	for (h = c->members; h; h = next) {
		next = h->next_member;
		env_store(&h->group, NULL);
		h->next_member = NULL;
	}
	pthread_mutex_unlock(&lists);
	pthread_mutex_unlock(&changes);
	unsettle(c);
	free(c);
	g->priv = NULL;
}

static void forget(struct xdp_handle *h)
{
	struct xdp_handle **link = &h->group->members;

	while (*link != h)
		link = &(*link)->next_member;
	*link = h->next_member;
	h->group->n_members--;
	env_store(&h->group, NULL);
	h->next_member = NULL;
}

void xdp_group_forget(struct xdp_handle *h)
{
	if (!env_load(&h->group))
		return;
	pthread_mutex_lock(&changes);
	pthread_mutex_lock(&lists);
	if (h->group)
		forget(h);
	pthread_mutex_unlock(&lists);
	pthread_mutex_unlock(&changes);
}

static int enlist(struct xdp_choir *c, struct xdp_handle *h)
{
	const struct avtpmap_period period = { .period = c->period.period };
	struct xdp_reader_ctl *m = &c->port.table->reader[h->waker.index];
	struct xdp_reader_ctl *head = ctl_of(c);
	int err = 0;

	/* what the number's former reader was a member of */
	if (c->port.readers[h->waker.index].group)
		err = xdp_change_period(h, &period);
	if (err)
		return err;
	env_store(&m->group, c->waker.index + 1);
	err = xdp_change_period(h, &period);
	if (err) {
		env_store(&m->group, 0);
		return err;
	}
	m->next_member = head->next_member;
	env_store_release(&head->next_member, h->waker.index + 1);
	return renew(&c->port, c->waker.index);
}

static int add(struct avtpmap_group *g, struct avtpmap_stream *s)
{
	const struct text none = { NULL, 0 };
	struct xdp_choir *c = g->priv;
	struct xdp_handle *h = s->priv;
	int here, err = 0;

	if (h->group)
		return -EBUSY;
	if (xdp_is_gone(h))
		return -ENODEV;
	if (c->n_members >= XDP_MEMBERS)
		return -EUSERS;
	here = xdp_map_id(c->port.table_fd) == xdp_map_id(h->port.table_fd);
	if (c->n_members && !here)
		return -EXDEV;
	if (!here)
		err = move(g, h->port.ifindex);
	if (!err)
		err = xdp_port_lock(&c->port, &none);
	if (err)
		return err;
	err = enlist(c, h);
	xdp_port_unlock(&c->port);
	if (err)
		return err;
	pthread_mutex_lock(&lists);
	env_store(&h->group, c);
	h->next_member = c->members;
	c->members = h;
	c->n_members++;
	pthread_mutex_unlock(&lists);
	return 0;
}

int xdp_group_add(struct avtpmap_group *g, struct avtpmap_stream *s)
{
	int err;

	pthread_mutex_lock(&changes);
	err = add(g, s);
	pthread_mutex_unlock(&changes);
	return err;
}

/* ---- wait ---- */

/* Periods that are due in every member of the quorum. With the lists held. */
static __u64 least_due(const struct xdp_choir *c, int wake)
{
	__u64 due = ~0ull;

	for (struct xdp_handle *h = c->members; h && due; h = h->next_member) {
		__u64 n;

		if (!quorum_has(&state_of(c)->quorum,
				&h->port.readers[h->waker.index].member))
			continue;
		n = xdp_periods_due(h, wake);
		due = n < due ? n : due;
	}
	return due == ~0ull ? 0 : due;
}

static int none_lives(const struct xdp_choir *c)
{
	for (struct xdp_handle *h = c->members; h; h = h->next_member)
		if (!xdp_is_gone(h))
			return 0;
	return 1;
}

/* Events raised since they were last fetched; @take: fetch them. Lists held. */
static __u32 new_events(struct xdp_choir *c, int take)
{
	__u64 deadlines = env_load(&wakes_of(c)->wakes_deadline);
	__u32 events = deadlines != c->deadlines ? AVTPMAP_EV_DEADLINE : 0;

	if (take)
		c->deadlines = deadlines;
	for (int i = 1; i < WAKE_EVENTS; i++) {
		__u64 n = env_load(&state_of(c)->events[i]);

		if (n == c->seen[i])
			continue;
		events |= 1u << i;
		if (take)
			c->seen[i] = n;
	}
	return events;
}

/* As of a reader: see there. With the lists held. */
static int look(struct xdp_choir *c)
{
	__u64 tokens = xdp_waker_tokens(&c->waker);

	if (least_due(c, 1) || none_lives(c) || new_events(c, 0))
		return 1;
	xdp_waker_take(&c->waker, tokens);
	return 0;
}

static int is_ready(void *arg)
{
	int is;

	pthread_mutex_lock(&lists);
	is = look(arg);
	pthread_mutex_unlock(&lists);
	return is;
}

/*
 * From release, which never waits for anybody: while someone else walks, the
 * descriptor stays readable until he, or the next wait, has looked.
 */
void xdp_group_quiet(struct xdp_handle *h)
{
	if (!env_load(&h->group) || pthread_mutex_trylock(&lists))
		return;
	if (h->group)
		look(h->group);
	pthread_mutex_unlock(&lists);
}

int xdp_group_wait(struct avtpmap_group *g, struct avtpmap_wait *w)
{
	struct xdp_choir *c = g->priv;
	int err =
		xdp_waker_wait(&c->waker, &c->port, w->timeout_ns, is_ready, c);
	__u64 due;

	if (err == -EINTR)
		return err;
	pthread_mutex_lock(&lists);
	due = least_due(c, 0);
	w->due = due < 0xffffffff ? due : 0xffffffff;
	w->events = new_events(c, 1);
	if (w->due || w->events)
		c->waits++;
	look(c); /* the events' tokens go with them */
	if (none_lives(c))
		err = -ENODEV;
	pthread_mutex_unlock(&lists);
	return err;
}

/* ---- period ---- */

int xdp_group_set_period(struct avtpmap_group *g,
			 const struct avtpmap_period *period)
{
	const struct avtpmap_period member = { .period = period->period };
	struct xdp_choir *c = g->priv;
	struct xdp_reader_ctl *ctl = ctl_of(c);
	int err = 0;

	if (period->resv[0] || period->resv[1])
		return -EINVAL;
	c->period = *period;
	env_store(&ctl->events, period->events);
	env_store(&ctl->deadline_ns, period->deadline_ns);
	pthread_mutex_lock(&changes);
	for (struct xdp_handle *h = c->members; h && !err; h = h->next_member)
		err = xdp_change_period(h, &member);
	pthread_mutex_unlock(&changes);
	return err ? err : renew(&c->port, c->waker.index);
}

int xdp_group_info(struct avtpmap_group *g, struct avtpmap_reader_info *info)
{
	struct xdp_choir *c = g->priv;
	const struct xdp_reader *r = wakes_of(c);

	info->periods = env_load(&state_of(c)->periods) - c->base.periods;
	info->wakes_period = env_load(&r->wakes_period) - c->wakes.wakes_period;
	info->wakes_deadline =
		env_load(&r->wakes_deadline) - c->wakes.wakes_deadline;
	info->wakes_event = env_load(&r->wakes_event) - c->wakes.wakes_event;
	info->waits = c->waits;
	info->wake_period = 0;
	pthread_mutex_lock(&lists);
	for (struct xdp_handle *h = c->members; h; h = h->next_member) {
		__u32 n = env_load(&h->port.readers[h->waker.index].due.units);

		info->wake_period = n > info->wake_period ? n :
							    info->wake_period;
	}
	pthread_mutex_unlock(&lists);
	return 0;
}
