// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "holder.h"
#include "reader.h"
#include "trace.h"

LIST_HEAD(bound_readers);

/* Protects: bound_readers, last_serial
 * Ordering: inside rtnl_lock and a reader's bind_lock
 */
DEFINE_MUTEX(bound_lock);

static u64 last_serial;		/* of a bound reader (bound_lock) */

struct reader *reader_create(void)
{
	struct reader *r;
	struct holder *h;

	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		return ERR_PTR(-ENOMEM);
	h = holder_get(current_uid());
	if (IS_ERR(h)) {
		kfree(r);
		return ERR_CAST(h);
	}
	r->holder = h;
	r->process = get_pid(task_tgid(current));
	r->pid = pid_nr(r->process);
	get_task_comm(r->comm, current);
	mutex_init(&r->bind_lock);
	init_waitqueue_head(&r->wait);
	INIT_LIST_HEAD(&r->node);
	INIT_LIST_HEAD(&r->listener_node);
	INIT_LIST_HEAD(&r->sleeper_node);
	return r;
}

/* Another handle of the same user, if any, keeps the stream's memory now. */
static void let_go(const struct reader *r)
{
	struct stream *s = r->stream;
	struct reader *other;

	lockdep_assert_held(&s->lock);
	if (!r->keeps)
		return;
	list_for_each_entry(other, &s->readers, node) {
		if (other->holder == r->holder) {
			other->keeps = true;
			return;
		}
	}
	if (s->gone)
		atomic64_sub(s->ring.bytes, &r->holder->dead_bytes);
}

void reader_destroy(struct reader *r)
{
	struct stream *s = r->stream;

	if (r->head_of)
		group_destroy(r->head_of);
	if (s) {
		mutex_lock(&bound_lock);
		list_del(&r->bound_node);
		mutex_unlock(&bound_lock);
		group_leave(r);
		spin_lock_bh(&s->lock);
		period_leave(r);
		list_del(&r->listener_node);
		list_del(&r->node);
		s->n_readers--;
		let_go(r);
		spin_unlock_bh(&s->lock);
		stream_put(s);
	}
	free_page((unsigned long)r->page);
	put_pid(r->process);
	holder_put(r->holder);
	kfree(r);
}

/* ---- bind ---- */

static u32 readers_of(const struct stream *s, const struct holder *h)
{
	const struct reader *r;
	u32 n = 0;

	lockdep_assert_held(&s->lock);
	list_for_each_entry(r, &s->readers, node)
		n += r->holder == h;
	return n;
}

/*
 * A user who keeps rings of deleted streams may not gather more of them than the
 * port may have. One ring may be read by whoever keeps none.
 */
static bool has_quota(const struct holder *h, const struct stream *s)
{
	u64 dead = atomic64_read(&h->dead_bytes);

	return !dead ||
	       dead + s->ring.bytes <= READ_ONCE(s->port->mem_cap_bytes);
}

static int may_join(const struct reader *r, const struct stream *s, u32 mine,
		    bool admin)
{
	lockdep_assert_held(&s->lock);
	if (s->gone)
		return -ENOENT;
	if (s->n_readers >= AVTPMAP_READERS_MAX)
		return -EUSERS;
	/* half of what the others leave: so there is always a rest */
	if (!admin && 2 * (mine + 1) > AVTPMAP_READERS_MAX - (s->n_readers - mine))
		return -EUSERS;
	return has_quota(r->holder, s) ? 0 : -EDQUOT;
}

static int join(struct reader *r, struct stream *s, struct avtpmap_bind *bind)
{
	bool admin = ns_capable_noaudit(current->nsproxy->net_ns->user_ns,
					CAP_NET_ADMIN);
	u32 mine;
	int err;

	spin_lock_bh(&s->lock);
	mine = readers_of(s, r->holder);
	err = may_join(r, s, mine, admin);
	if (!err) {
		bind->ring_bytes = s->ring.bytes;
		bind->head = s->head;
		bind->media_pos = s->account.media_pos;
		r->page->acked = bind->media_pos;
		r->told = s->told;
		r->keeps = !mine;
		list_add_tail(&r->node, &s->readers);
		s->n_readers++;
		smp_store_release(&r->stream, s); /* pairs with reader_stream() */
	}
	spin_unlock_bh(&s->lock);
	return err;
}

int reader_bind(struct reader *r, struct avtpmap_bind *bind)
{
	struct stream *s;
	int err;

	if (bind->abi != AVTPMAP_ABI)
		return -EPROTONOSUPPORT;
	if (bind->kind != AVTPMAP_KIND_AVTP || bind->flags ||
	    bind->resv[0] || bind->resv[1])
		return -EINVAL;

	mutex_lock(&r->bind_lock);
	err = -EBUSY;
	if (r->stream || r->head_of)
		goto out;
	if (!r->page) {
		err = -ENOMEM;
		r->page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!r->page)
			goto out;
	}
	s = stream_get(current->nsproxy->net_ns, bind->ifindex,
		       bind->stream_id);
	err = PTR_ERR_OR_ZERO(s);
	if (err)
		goto out;
	err = join(r, s, bind);
	if (err) {
		stream_put(s);
		goto out;
	}
	mutex_lock(&bound_lock);
	r->serial = ++last_serial;
	list_add_tail(&r->bound_node, &bound_readers);
	mutex_unlock(&bound_lock);
out:
	mutex_unlock(&r->bind_lock);
	return err;
}

/* A refusal leaves @head what it was: not a group without members. */
int reader_group_add(struct reader *head, struct reader *member)
{
	struct group *g;
	int err = -EBUSY;

	mutex_lock(&head->bind_lock);
	if (head->stream || member == head)
		goto out;
	g = head->head_of ?: group_create();
	err = g ? group_add(g, member) : -ENOMEM;
	if (head->head_of || !g)
		goto out;
	if (!err)
		smp_store_release(&head->head_of, g); /* pairs with reader_head_of() */
	else
		group_destroy(g);
out:
	mutex_unlock(&head->bind_lock);
	return err;
}

/* ---- when to wake, under the stream's lock ---- */

/* Also without the lock, by its own poll or wait: then wait looks again. */
static u32 pending(const struct reader *r)
{
	const struct stream *s = r->stream;
	u32 events = READ_ONCE(r->pending), mask = READ_ONCE(r->events);
	u64 told = READ_ONCE(r->told);

	static_assert(AVTPMAP_EV_ALL == (1 << WAKE_EVENTS) - 1);
	if (READ_ONCE(s->told) == told)
		return events;
	for (int i = 0; i < WAKE_EVENTS; i++)
		if (mask & BIT(i) && READ_ONCE(s->told_at[i]) > told)
			events |= BIT(i);
	return events;
}

/* Whoever is awake will look by itself, and listen before it sleeps again. */
void reader_wake(struct reader *r, enum avtpmap_counter why)
{
	lockdep_assert_held(&r->stream->lock);
	list_del_init(&r->sleeper_node);
	list_del_init(&r->listener_node);
	trace_avtpmap_wake(r->stream, r->pid, why);
	if (wq_has_sleeper(&r->wait))
		wake_up_interruptible_poll(&r->wait, EPOLLIN | EPOLLRDNORM);
}

/* Not with its period. */
static void wake_alone(struct reader *r, enum avtpmap_counter why, u64 now_ns)
{
	count(r->stream->ring.hdr, why, 1);
	r->last_wake_ns = now_ns;
	reader_wake(r, why);
}

/* Its period woke it too, if that did whoever has it. */
static struct avtpmap_wake wake_of(const struct reader *r)
{
	u64 last_ns = r->period ? r->period->last_wake_ns : 0;

	return (struct avtpmap_wake) {
		.last_ns = max(r->last_wake_ns, last_ns),
		.owed = !!pending(r),
	};
}

/* Does what is due at @now_ns; returns when it wants to be asked again. */
u64 reader_timer(struct reader *r, u64 now_ns)
{
	struct avtpmap_wake w = wake_of(r);

	lockdep_assert_held(&r->stream->lock);
	switch (wake_why(&w, r->deadline_ns, now_ns)) {
	case WAKE_EVENT:
		r->info.wakes_event++;
		wake_alone(r, AVTPMAP_C_WAKES_EVENT, now_ns);
		return U64_MAX;
	case WAKE_DEADLINE:
		WRITE_ONCE(r->pending, r->pending | AVTPMAP_EV_DEADLINE);
		r->info.wakes_deadline++;
		wake_alone(r, AVTPMAP_C_WAKES_DEADLINE, now_ns);
		return U64_MAX;
	default:
		return wake_at(&w, r->deadline_ns);
	}
}

/* Wakes are counted by the period, and its ends by position, until asked for. */
void reader_settle(struct reader *r)
{
	u64 media_pos = r->stream->account.media_pos;
	struct period *p = r->period;

	lockdep_assert_held(&r->stream->lock);
	if (!p)
		return;
	if (!r->group)
		r->info.wakes_period += p->wakes - r->wakes_before;
	r->wakes_before = p->wakes;
	r->info.periods += avtpmap_period_due(r->counted, media_pos, p->due.asked);
	r->counted = media_pos;
}

/* The time is asked for only if there is something to tell. */
static void settle_events(struct stream *s)
{
	lockdep_assert_held(&s->lock);
	if (s->news.owed)
		stream_settle_events(s, ktime_get_ns());
}

static void enlist(struct reader *r)
{
	struct stream *s = r->stream;

	if (list_empty(&r->listener_node))
		list_add_tail(&r->listener_node, &s->listeners);
	if (r->period && !r->group && list_empty(&r->sleeper_node))
		list_add_tail(&r->sleeper_node, &r->period->sleepers);
}

/* From here on; what is due already is not waited for. */
void reader_change_period(struct reader *r, u32 units)
{
	struct stream *s = r->stream;

	lockdep_assert_held(&s->lock);
	period_leave(r);
	WRITE_ONCE(r->units, units);
	r->counted = s->account.media_pos;
	r->last_wake_ns = ktime_get_ns();
	if (units)
		period_join(r, units);
	enlist(r);
}

/* Before it may sleep: whatever comes next wakes it, once. */
static void listen(struct reader *r)
{
	struct stream *s = r->stream;
	struct avtpmap_wake w;

	lockdep_assert_held(&s->lock);
	enlist(r);
	settle_events(s);
	w = wake_of(r);
	if (!w.owed)
		stream_arm(s, wake_at(&w, r->deadline_ns));
}

void reader_gone(struct reader *r)
{
	lockdep_assert_held(&r->stream->lock);
	if (r->group)
		group_gone(r);
	wake_up_interruptible_poll(&r->wait, EPOLLIN | EPOLLERR | EPOLLHUP);
}

/* ---- what the reader asks ---- */

int reader_set_period(struct reader *r, const struct avtpmap_period *p)
{
	struct stream *s = reader_stream(r);
	struct group *g = reader_head_of(r);
	int err = 0;

	if (!s && !g)
		return -ENOTCONN;
	if (p->period > AVTPMAP_PERIOD_MAX || p->resv[0] || p->resv[1] ||
	    p->events & ~AVTPMAP_EV_ALL)
		return -EINVAL;
	if (p->deadline_ns && (p->deadline_ns < AVTPMAP_FLOOR_NS ||
			       p->deadline_ns > AVTPMAP_DEADLINE_MAX_NS))
		return -ERANGE;
	if (g)
		return group_set_period(g, p);

	spin_lock_bh(&s->lock);
	if (r->group) {
		err = -EBUSY;	/* the group's period is its members' */
	} else {
		r->pending = pending(r);
		r->told = s->told;
		r->events = p->events;
		r->deadline_ns = p->deadline_ns;
		reader_change_period(r, p->period);
		listen(r);
	}
	spin_unlock_bh(&s->lock);
	return err;
}

/* Periods not yet done with; @wake: in steps that are worth a wake. */
u64 reader_due(const struct reader *r, bool wake)
{
	u64 media_pos = smp_load_acquire(&r->stream->ring.hdr->media_pos); /* J, pairs with I */
	u64 acked = READ_ONCE(r->page->acked);
	u32 units = READ_ONCE(r->units);

	if (!units || acked >= media_pos)
		return 0;
	if (wake)
		units = avtpmap_wake_period(units,
				READ_ONCE(r->stream->account.rate_hz));
	return avtpmap_period_left(acked, media_pos, units);
}

/* In the reader's own poll or wait only: it reads acked. */
bool reader_ready(const struct reader *r)
{
	return pending(r) ||
	       READ_ONCE(r->stream->ring.hdr->state) == AVTPMAP_RING_GONE ||
	       reader_due(r, true);
}

void reader_listen(struct reader *r)
{
	struct stream *s = r->stream;

	spin_lock_bh(&s->lock);
	listen(r);
	spin_unlock_bh(&s->lock);
}

/*
 * Who is listed already was not woken since, so all that can wake it is set up.
 * Whoever takes it off the list looks at the wait queue after that.
 */
static bool ready_or_listening(struct reader *r)
{
	if (reader_ready(r))
		return true;
	if (!list_empty(&r->listener_node))
		return false;
	reader_listen(r);
	return reader_ready(r);
}

int reader_wait(struct reader *r, struct avtpmap_wait *w)
{
	struct stream *s = reader_stream(r);
	struct group *g = reader_head_of(r);
	int err = 0;

	if (!s && !g)
		return -ENOTCONN;
	if (w->resv)
		return -EINVAL;
	if (g)
		return group_wait(g, w);
	if (w->timeout_ns > KTIME_MAX)
		err = wait_event_interruptible(r->wait, ready_or_listening(r));
	else if (w->timeout_ns)
		err = wait_event_interruptible_hrtimeout(r->wait,
				ready_or_listening(r), ns_to_ktime(w->timeout_ns));
	if (err && err != -ETIME)
		return -EINTR;

	w->due = min_t(u64, reader_due(r, false), U32_MAX);
	spin_lock_bh(&s->lock);
	settle_events(s);
	w->events = pending(r);
	WRITE_ONCE(r->pending, 0);
	WRITE_ONCE(r->told, s->told);
	w->head = s->head;
	if (w->due || w->events)
		r->info.waits++;
	err = s->gone ? -ENODEV : 0;
	spin_unlock_bh(&s->lock);
	return err;
}

int reader_info(struct reader *r, struct avtpmap_reader_info *info)
{
	struct stream *s = reader_stream(r);
	struct group *g = reader_head_of(r);

	if (!s && !g)
		return -ENOTCONN;
	if (g) {
		group_info(g, info);
		return 0;
	}
	spin_lock_bh(&s->lock);
	reader_settle(r);
	*info = r->info;
	info->wake_period = r->period ? r->period->due.units : 0;
	spin_unlock_bh(&s->lock);
	return 0;
}
