// SPDX-License-Identifier: MIT
/* The rules of kmod/shared/quorum.h, under the lock of the members' port. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "group.h"

enum {
	GROUP_MEMBERS_MAX = 256,
};

/* Protects: who is a member of what.
 * Ordering: outside every port's lock
 */
static pthread_mutex_t members_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the thread's side, with the port's lock held ---- */

static void fill(struct packet_group *g)
{
	const __u64 one = 1;
	ssize_t n;

	env_store(&g->raised, 1);
	n = write(g->fd, &one, sizeof(one));
	(void)n; /* full is readable too */
}

static void wake(struct packet_group *g, __u64 *counter, __u64 now_ns)
{
	++*counter;
	wake_done(&g->wake, now_ns);
	fill(g);
}

static void raise_event(struct packet_group *g, __u32 events, __u64 now_ns)
{
	events &= g->events;
	if (!events)
		return;
	__atomic_fetch_or(&g->pending, events, __ATOMIC_RELEASE);
	if (wake_for_event(&g->wake, now_ns))
		wake(g, &g->info.wakes_event, now_ns);
}

/* If a period has ended for all of the quorum: wake, once for all that have. */
static void advance(struct packet_group *g, __u32 ratio, __u64 now_ns)
{
	__u32 ends = quorum_settle(&g->quorum);

	if (!ends)
		return;
	g->info.periods += (__u64)ends * ratio;
	wake(g, &g->info.wakes_period, now_ns);
}

void packet_group_period(struct packet_reader *r, const struct avtpmap_end *e,
			 __u64 now_ns)
{
	struct packet_group *g = r->group;

	if (quorum_end(&g->quorum, &r->member, e))
		raise_event(g, AVTPMAP_EV_QUORUM, now_ns);
	advance(g, due_ratio(&r->due), now_ns);
}

void packet_group_event(struct packet_group *g, __u32 events, __u64 now_ns)
{
	raise_event(g, events, now_ns);
}

/* Its stream was deleted: the others go on, if there are others. */
void packet_group_gone(struct packet_reader *r)
{
	struct packet_group *g = r->group;
	__u64 now_ns = monotonic_ns();

	quorum_leave(&g->quorum, &r->member);
	env_store_release(&g->n_gone, g->n_gone + 1);
	raise_event(g, AVTPMAP_EV_QUORUM, now_ns);
	advance(g, due_ratio(&r->due), now_ns);
	if (g->n_gone == g->n_members)
		fill(g);
}

void packet_group_tick(struct packet_group *g, __u64 now_ns)
{
	switch (wake_why(&g->wake, g->deadline_ns, now_ns)) {
	case WAKE_EVENT:
		wake(g, &g->info.wakes_event, now_ns);
		break;
	case WAKE_DEADLINE:
		__atomic_fetch_or(&g->pending, AVTPMAP_EV_DEADLINE,
				  __ATOMIC_RELEASE);
		wake(g, &g->info.wakes_deadline, now_ns);
		break;
	case WAKE_NOT:
		break;
	}
}

/* ---- who looks without the lock, and who waits for them ---- */

static void look(int *mark, int on)
{
	__atomic_store_n(mark, on, __ATOMIC_SEQ_CST);
}

static void await_lookers(const int *mark)
{
	const struct timespec nap = { .tv_nsec = 50000 };

	while (__atomic_load_n(mark, __ATOMIC_SEQ_CST))
		nanosleep(&nap, NULL);
}

/* ---- wait: no lock ---- */

static int is_gone(const struct packet_group *g)
{
	return env_load_acquire(&g->n_gone) == env_load(&g->n_members);
}

/* Periods that are due in every member of the quorum that is still there. */
static __u64 periods_due(struct packet_group *g, int wakes)
{
	struct packet_reader *r;
	__u64 least = ~0ull, due;

	look(&g->walking, 1);
	for (r = __atomic_load_n(&g->members, __ATOMIC_SEQ_CST); r;
	     r = __atomic_load_n(&r->group_next, __ATOMIC_SEQ_CST)) {
		if (!quorum_has(&g->quorum, &r->member))
			continue;
		due = packet_due(r, wakes ? env_load(&r->due.units) :
					    env_load(&r->due.asked));
		if (due < least)
			least = due;
	}
	look(&g->walking, 0);
	return least == ~0ull ? 0 : least;
}

static void empty(struct packet_group *g)
{
	__u64 n;
	ssize_t done;

	env_store(&g->raised, 0);
	done = read(g->fd, &n, sizeof(n));
	(void)done;
}

/* Emptied before looking, and filled again: what comes in between fills too. */
static int is_ready(struct packet_group *g)
{
	empty(g);
	if (!__atomic_load_n(&g->pending, __ATOMIC_ACQUIRE) && !is_gone(g) &&
	    !periods_due(g, 1))
		return 0;
	fill(g);
	return 1;
}

/*
 * A member of the quorum with nothing due is enough for the group not to be
 * ready; should one of these cease to be true meanwhile, somebody filled the
 * descriptor that is emptied here, so it is filled again.
 */
static void quiet(struct packet_group *g, const struct packet_reader *r)
{
	if (!env_load(&g->raised) || packet_due(r, env_load(&r->due.units)))
		return;
	empty(g);
	if (!quorum_has(&g->quorum, &r->member) ||
	    __atomic_load_n(&g->pending, __ATOMIC_ACQUIRE) ||
	    packet_due(r, env_load(&r->due.units)) || is_gone(g))
		fill(g);
}

int packet_group_quiet(struct packet_reader *r)
{
	struct packet_group *g;
	__u32 period = env_load(&r->due.units);

	look(&r->looking, 1);
	g = __atomic_load_n(&r->group, __ATOMIC_SEQ_CST);
	if (g) {
		r->ring->quiet_at =
			period ? avtpmap_period_next(r->ring->acked, period) :
				 ~0ull;
		quiet(g, r);
	}
	look(&r->looking, 0);
	return !!g;
}

int packet_group_wait(struct avtpmap_group *handle, struct avtpmap_wait *w)
{
	__u64 from = monotonic_ns(), until = from + w->timeout_ns, due;
	struct packet_group *g = handle->priv;
	int err = 0;

	if (until < from)
		until = ~0ull;
	while (!is_ready(g) && !err && w->timeout_ns && monotonic_ns() < until)
		err = packet_sleep(g->fd, until);
	if (err)
		return err;
	due = periods_due(g, 0);
	w->due = due < 0xffffffff ? due : 0xffffffff;
	w->events = __atomic_exchange_n(&g->pending, 0, __ATOMIC_ACQ_REL);
	if (w->due || w->events)
		g->waits++;
	is_ready(g); /* what the events filled is emptied with them */
	return is_gone(g) ? -ENODEV : 0;
}

/* ---- membership ---- */

/* A member's period is the group's; alone it has none. */
static void set_member_period(struct packet_reader *r, __u32 period)
{
	r->events = 0;
	r->deadline_ns = 0;
	packet_change_period(r, period);
	r->ring->quiet_at = 0; /* find out when media is next released */
}

/* The first member decides which port the group is of. */
static void enter(struct packet_group *g, struct packet_reader *r)
{
	struct packet_port *p = r->stream->port;

	if (!g->port) {
		g->port = p;
		g->next = p->groups;
		p->groups = g;
	}
	env_store(&g->n_members, g->n_members + 1);
	r->group_next = g->members;
	__atomic_store_n(&g->members, r, __ATOMIC_SEQ_CST);
	__atomic_store_n(&r->group, g, __ATOMIC_SEQ_CST);
	quorum_join(&g->quorum, &r->member);
	set_member_period(r, g->period);
}

int packet_group_add(struct avtpmap_group *handle, struct avtpmap_stream *s)
{
	struct packet_group *g = handle->priv;
	struct packet_reader *r = s->priv;
	struct packet_port *p = r->stream->port;
	int err = 0;

	pthread_mutex_lock(&members_lock);
	pthread_mutex_lock(&p->lock);
	if (r->group)
		err = -EBUSY;
	else if (r->stream->gone)
		err = -ENODEV;
	else if (g->n_members >= GROUP_MEMBERS_MAX)
		err = -EUSERS;
	else if (g->port && g->port != p)
		err = -EXDEV;
	if (!err)
		enter(g, r);
	pthread_mutex_unlock(&p->lock);
	pthread_mutex_unlock(&members_lock);
	return err;
}

/* From the group's list, and from the port's when it was the last. */
static void unlink_member(struct packet_group *g, struct packet_reader *r)
{
	struct packet_reader **link = &g->members;
	struct packet_group **of_port = &g->port->groups;

	while (*link != r)
		link = &(*link)->group_next;
	__atomic_store_n(link, r->group_next, __ATOMIC_SEQ_CST);
	__atomic_store_n(&r->group, NULL, __ATOMIC_SEQ_CST);
	if (r->stream->gone)
		env_store(&g->n_gone, g->n_gone - 1);
	env_store(&g->n_members, g->n_members - 1);
	if (g->n_members)
		return;
	while (*of_port != g)
		of_port = &(*of_port)->next;
	*of_port = g->next;
	g->port = NULL;
}

/* With members_lock held. */
static void remove_member(struct packet_reader *r)
{
	struct packet_port *p = r->stream->port;
	struct packet_group *g = r->group;
	__u32 ratio;

	pthread_mutex_lock(&p->lock);
	quorum_leave(&g->quorum, &r->member);
	unlink_member(g, r);
	ratio = due_ratio(&r->due);
	set_member_period(r, 0);
	advance(g, ratio, monotonic_ns());
	if (g->n_gone == g->n_members)
		fill(g);
	pthread_mutex_unlock(&p->lock);
	await_lookers(&g->walking);
	await_lookers(&r->looking);
}

void packet_group_leave(struct packet_reader *r)
{
	pthread_mutex_lock(&members_lock);
	if (r->group)
		remove_member(r);
	pthread_mutex_unlock(&members_lock);
}

/* ---- what the handle asks ---- */

/* A group without members has no port, and then nobody else looks at it. */
static void lock_group(struct packet_group *g)
{
	pthread_mutex_lock(&members_lock);
	if (g->port)
		pthread_mutex_lock(&g->port->lock);
}

static void unlock_group(struct packet_group *g)
{
	if (g->port)
		pthread_mutex_unlock(&g->port->lock);
	pthread_mutex_unlock(&members_lock);
}

int packet_group_open(struct avtpmap_group *handle)
{
	struct packet_group *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return -ENOMEM;
	g->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g->fd < 0) {
		err = -errno;
		free(g);
		return err;
	}
	handle->fd = g->fd;
	handle->priv = g;
	return 0;
}

void packet_group_close(struct avtpmap_group *handle)
{
	struct packet_group *g = handle->priv;

	pthread_mutex_lock(&members_lock);
	while (g->members)
		remove_member(g->members);
	pthread_mutex_unlock(&members_lock);
	close(g->fd);
	free(g);
}

int packet_group_set_period(struct avtpmap_group *handle,
			    const struct avtpmap_period *period)
{
	struct packet_group *g = handle->priv;

	lock_group(g);
	g->period = period->period;
	g->events = period->events;
	g->deadline_ns = period->deadline_ns;
	g->wake.last_ns = monotonic_ns();
	for (struct packet_reader *r = g->members; r; r = r->group_next) {
		set_member_period(r, period->period);
		quorum_forget_lead(&g->quorum, &r->member);
	}
	unlock_group(g);
	return 0;
}

int packet_group_info(struct avtpmap_group *handle,
		      struct avtpmap_reader_info *info)
{
	struct packet_group *g = handle->priv;

	lock_group(g);
	*info = g->info;
	info->waits = g->waits;
	info->wake_period = 0;
	for (struct packet_reader *r = g->members; r; r = r->group_next)
		if (r->due.units > info->wake_period)
			info->wake_period = r->due.units;
	unlock_group(g);
	return 0;
}
