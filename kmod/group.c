// SPDX-License-Identifier: GPL-2.0
#include <linux/poll.h>
#include <linux/slab.h>

#include "group.h"
#include "reader.h"

enum {
	GROUP_MEMBERS_MAX = 256,
	GROUP_UNASKED = 16,	/* visits by each member that a question is good for */
};

/* Protects: who is a member of what.
 * Ordering: outside every stream's lock
 */
static DEFINE_MUTEX(members_lock);

/* ---- under g->lock ---- */

static void arm(struct group *g, u64 at_ns)
{
	lockdep_assert_held(&g->lock);
	if (g->closing || at_ns >= g->timer_ns)
		return;
	g->timer_ns = at_ns;
	hrtimer_start(&g->timer, ns_to_ktime(at_ns), HRTIMER_MODE_ABS_SOFT);
}

/* No timer for who is awake, or it would run for a handle that nobody uses. */
static void arm_next(struct group *g)
{
	lockdep_assert_held(&g->lock);
	if (g->listening)
		arm(g, wake_at(&g->wake, g->deadline_ns));
}

static u32 ratio_of(const struct reader *r)
{
	lockdep_assert_held(&r->stream->lock);
	return r->period ? due_ratio(&r->period->due) : 1;
}

static void wake(struct group *g, u64 *counter, u64 now_ns)
{
	lockdep_assert_held(&g->lock);
	++*counter;
	wake_done(&g->wake, now_ns);
	g->listening = false;
	if (wq_has_sleeper(&g->wait))
		wake_up_interruptible_poll(&g->wait, EPOLLIN | EPOLLRDNORM);
}

static void raise_event(struct group *g, u32 events, u64 now_ns)
{
	lockdep_assert_held(&g->lock);
	events &= g->events;
	if (!events)
		return;
	g->pending |= events;
	if (!g->listening)
		return;
	if (wake_for_event(&g->wake, now_ns))
		wake(g, &g->info.wakes_event, now_ns);
	else
		arm_next(g);
}

/* If a period has ended for all of the quorum: wake, once for all that have. */
static void advance(struct group *g, u32 ratio, u64 now_ns)
{
	u32 ends = quorum_settle(&g->quorum);

	lockdep_assert_held(&g->lock);
	if (!ends)
		return;
	g->info.periods += (u64)ends * ratio;
	wake(g, &g->info.wakes_period, now_ns);
}

/*
 * What a frame does for a group somebody asked for. Without, members go away, each
 * with its next end, and whoever asks walks. Who sleeps is woken to do that, too.
 */
static void visit(struct group *g)
{
	lockdep_assert_held(&g->lock);
	if (likely(++g->visits <= GROUP_UNASKED * g->n_members))
		return;
	WRITE_ONCE(g->state, GROUP_AWAY);
	if (g->listening)
		wake_up_interruptible_poll(&g->wait, EPOLLIN | EPOLLRDNORM);
}

/* Its ends are not counted yet, of a group that is not followed. */
static void miss(struct reader *r)
{
	lockdep_assert_held(&r->group->lock);
	r->ends_missed = r->period->ends - r->ends_seen;
}

/* Returns whether the next frame that ends a period is to come here again. */
bool group_period(struct reader *r, const struct avtpmap_end *e, u64 now_ns)
{
	struct group *g = r->group;
	bool stays;

	lockdep_assert_held(&r->stream->lock);
	spin_lock(&g->lock);
	if (likely(g->state == GROUP_FOLLOWED)) {
		if (quorum_end(&g->quorum, &r->member, e))
			raise_event(g, AVTPMAP_EV_QUORUM, now_ns);
		advance(g, ratio_of(r), now_ns);
		r->ends_seen = r->period->ends;
		visit(g);
	} else {
		miss(r);
	}
	stays = g->state != GROUP_AWAY;
	spin_unlock(&g->lock);
	return stays;
}

void group_event(struct group *g, u32 events, u64 now_ns)
{
	spin_lock(&g->lock);
	raise_event(g, events, now_ns);
	spin_unlock(&g->lock);
}

bool group_is_gone(const struct group *g)
{
	return READ_ONCE(g->n_gone) == READ_ONCE(g->n_members);
}

/* Nothing will come any more: say so to whoever sleeps. */
static void wake_if_gone(struct group *g)
{
	lockdep_assert_held(&g->lock);
	if (group_is_gone(g))
		wake_up_interruptible_poll(&g->wait,
					   EPOLLIN | EPOLLERR | EPOLLHUP);
}

/* Its stream was deleted: the others go on, if there are others. */
void group_gone(struct reader *r)
{
	struct group *g = r->group;

	lockdep_assert_held(&r->stream->lock);
	spin_lock(&g->lock);
	quorum_leave(&g->quorum, &r->member);
	r->ends_missed = 0;
	g->n_gone++;
	raise_event(g, AVTPMAP_EV_QUORUM, ktime_get_ns());
	advance(g, ratio_of(r), ktime_get_ns());
	wake_if_gone(g);
	spin_unlock(&g->lock);
}

static void wake_if_due(struct group *g, u64 now_ns)
{
	lockdep_assert_held(&g->lock);
	switch (wake_why(&g->wake, g->deadline_ns, now_ns)) {
	case WAKE_EVENT:
		wake(g, &g->info.wakes_event, now_ns);
		break;
	case WAKE_DEADLINE:
		g->pending |= AVTPMAP_EV_DEADLINE;
		wake(g, &g->info.wakes_deadline, now_ns);
		break;
	case WAKE_NOT:
		break;
	}
}

static enum hrtimer_restart group_timer(struct hrtimer *timer)
{
	struct group *g = container_of(timer, struct group, timer);
	u64 now_ns = ktime_get_ns();

	spin_lock(&g->lock);
	g->timer_ns = U64_MAX;
	if (g->listening)
		wake_if_due(g, now_ns);
	arm_next(g);
	spin_unlock(&g->lock);
	return HRTIMER_NORESTART;	/* arm() did, if need be */
}

/* ---- life ---- */

struct group *group_create(void)
{
	struct group *g = kzalloc(sizeof(*g), GFP_KERNEL_ACCOUNT);

	if (!g)
		return NULL;
	spin_lock_init(&g->lock);
	INIT_LIST_HEAD(&g->members);
	init_waitqueue_head(&g->wait);
	g->timer_ns = U64_MAX;
	compat_hrtimer_setup(&g->timer, group_timer, CLOCK_MONOTONIC,
			     HRTIMER_MODE_ABS_SOFT);
	return g;
}

/* A member's period is the group's; alone it has none. */
static void set_member_period(struct reader *r, u32 period)
{
	lockdep_assert_held(&r->stream->lock);
	r->events = 0;
	r->deadline_ns = 0;
	r->ends_missed = 0;
	reader_change_period(r, period);
}

/* ---- who asks a group that was not followed ---- */

/* Visited again, from now on. Returns what its ends are worth. */
static u32 member_comes_back(struct group *g, struct reader *r)
{
	struct stream *s = r->stream;
	u32 ratio;

	spin_lock_bh(&s->lock);
	spin_lock(&g->lock);
	if (r->period && !s->gone) {
		list_move_tail(&r->period_node, &r->period->members);
		miss(r);
	}
	ratio = ratio_of(r);
	spin_unlock(&g->lock);
	spin_unlock_bh(&s->lock);
	return ratio;
}

static bool is_silent(const struct reader *r)
{
	return READ_ONCE(r->stream->ring.hdr->state) != AVTPMAP_RING_LIVE;
}

/* Nobody's silence is worth a word that is everybody's. */
static bool all_silent(const struct group *g)
{
	const struct reader *r;

	list_for_each_entry(r, &g->members, group_node)
		if (!is_silent(r))
			return false;
	return true;
}

static void catch_up(struct group *g, u32 ratio, u64 now_ns)
{
	struct avtpmap_absence a = { .least = U64_MAX };
	bool all = all_silent(g), changed = false;
	struct reader *r;
	u64 ends;

	lockdep_assert_held(&g->lock);
	list_for_each_entry(r, &g->members, group_node)
		a.top = max(a.top, quorum_far(&g->quorum, &r->member,
					      r->ends_missed));
	list_for_each_entry(r, &g->members, group_node) {
		changed |= quorum_catch_up(&g->quorum, &r->member,
					   r->ends_missed,
					   !all && is_silent(r), &a);
		r->ends_seen += r->ends_missed;
		r->ends_missed = 0;
	}
	ends = quorum_skip(&g->quorum, &a);
	list_for_each_entry(r, &g->members, group_node)
		quorum_count(&g->quorum, &r->member);
	if (changed)
		raise_event(g, AVTPMAP_EV_QUORUM, now_ns);
	if (!ends)
		return;
	g->info.periods += ends * ratio;
	g->info.wakes_period += ends - 1;
	wake(g, &g->info.wakes_period, now_ns);
}

static void come_back(struct group *g)
{
	struct reader *r;
	u32 ratio = 1;
	bool away;

	lockdep_assert_held(&members_lock);
	spin_lock_bh(&g->lock);
	away = g->state == GROUP_AWAY;
	if (away)
		WRITE_ONCE(g->state, GROUP_COMES_BACK);
	spin_unlock_bh(&g->lock);
	if (!away)
		return;
	list_for_each_entry(r, &g->members, group_node)
		ratio = max(ratio, member_comes_back(g, r));
	spin_lock_bh(&g->lock);
	catch_up(g, ratio, ktime_get_ns());
	g->visits = 0;
	WRITE_ONCE(g->state, GROUP_FOLLOWED);
	spin_unlock_bh(&g->lock);
}

static void follow(struct group *g)
{
	if (likely(READ_ONCE(g->state) == GROUP_FOLLOWED))
		return;
	mutex_lock(&members_lock);
	come_back(g);
	mutex_unlock(&members_lock);
}

/* ---- membership ---- */

int group_add(struct group *g, struct reader *r)
{
	struct stream *s = reader_stream(r);
	int err = 0;

	if (!s)
		return -ENOTCONN;
	mutex_lock(&members_lock);
	come_back(g);
	spin_lock_bh(&s->lock);
	spin_lock(&g->lock);
	if (r->group)
		err = -EBUSY;
	else if (s->gone)
		err = -ENODEV;
	else if (g->n_members >= GROUP_MEMBERS_MAX)
		err = -EUSERS;
	else if (g->port && g->port != s->port)
		err = -EXDEV;
	if (!err) {
		period_leave(r);
		g->port = s->port;
		g->n_members++;
		list_add_tail(&r->group_node, &g->members);
		r->group = g;
		quorum_join(&g->quorum, &r->member);
		set_member_period(r, g->period);
	}
	spin_unlock(&g->lock);
	spin_unlock_bh(&s->lock);
	mutex_unlock(&members_lock);
	return err;
}

static void remove_member(struct reader *r)
{
	struct stream *s = r->stream;
	struct group *g = r->group;
	u32 ratio;

	lockdep_assert_held(&members_lock);
	spin_lock_bh(&s->lock);
	spin_lock(&g->lock);
	quorum_leave(&g->quorum, &r->member);
	list_del(&r->group_node);
	ratio = ratio_of(r);
	set_member_period(r, 0);
	list_del_init(&r->listener_node);
	r->group = NULL;
	if (s->gone)
		g->n_gone--;
	if (!--g->n_members)
		g->port = NULL;
	advance(g, ratio, ktime_get_ns());
	wake_if_gone(g);
	spin_unlock(&g->lock);
	spin_unlock_bh(&s->lock);
}

void group_leave(struct reader *r)
{
	mutex_lock(&members_lock);
	if (r->group)
		remove_member(r);
	mutex_unlock(&members_lock);
}

void group_destroy(struct group *g)
{
	struct reader *r, *tmp;

	mutex_lock(&members_lock);
	spin_lock_bh(&g->lock);
	g->closing = true;
	spin_unlock_bh(&g->lock);
	list_for_each_entry_safe(r, tmp, &g->members, group_node)
		remove_member(r);
	mutex_unlock(&members_lock);
	hrtimer_cancel(&g->timer);
	kfree(g);
}

/* ---- what the handle asks ---- */

int group_set_period(struct group *g, const struct avtpmap_period *p)
{
	struct reader *r;

	mutex_lock(&members_lock);
	come_back(g);
	spin_lock_bh(&g->lock);
	g->period = p->period;
	g->events = p->events;
	g->deadline_ns = p->deadline_ns;
	g->wake.last_ns = ktime_get_ns();
	arm_next(g);
	spin_unlock_bh(&g->lock);

	list_for_each_entry(r, &g->members, group_node) {
		spin_lock_bh(&r->stream->lock);
		spin_lock(&g->lock);
		set_member_period(r, p->period);
		quorum_forget_lead(&g->quorum, &r->member);
		spin_unlock(&g->lock);
		spin_unlock_bh(&r->stream->lock);
	}
	mutex_unlock(&members_lock);
	return 0;
}

/* Periods that are due in every member of the quorum that is still there. */
static u32 periods_due(struct group *g, bool wake)
{
	struct reader *r;
	u64 due = U64_MAX;

	lockdep_assert_held(&g->lock);
	list_for_each_entry(r, &g->members, group_node)
		if (quorum_has(&g->quorum, &r->member))
			due = min(due, reader_due(r, wake));
	return due == U64_MAX ? 0 : min_t(u64, due, U32_MAX);
}

static bool ready(struct group *g)
{
	return g->pending || group_is_gone(g) || periods_due(g, true) ||
	       g->state != GROUP_FOLLOWED;	/* look again */
}

static void listen(struct group *g)
{
	lockdep_assert_held(&g->lock);
	g->visits = 0;
	g->listening = true;
	arm_next(g);
}

static bool ready_or_listening(struct group *g)
{
	bool is_ready;

	spin_lock_bh(&g->lock);
	is_ready = ready(g);
	if (!is_ready)
		listen(g);
	spin_unlock_bh(&g->lock);
	return is_ready;
}

/* For poll: whoever it tells need not ask again before it sleeps. */
bool group_poll(struct group *g)
{
	bool is_ready;

	follow(g);
	spin_lock_bh(&g->lock);
	listen(g);
	is_ready = ready(g);
	spin_unlock_bh(&g->lock);
	return is_ready;
}

/* Until it is ready, or not followed any more. */
static int sleep_on(struct group *g, u64 until_ns)
{
	u64 now_ns = ktime_get_ns();

	if (until_ns > KTIME_MAX)
		return wait_event_interruptible(g->wait, ready_or_listening(g));
	return wait_event_interruptible_hrtimeout(g->wait, ready_or_listening(g),
			ns_to_ktime(until_ns > now_ns ? until_ns - now_ns : 0));
}

int group_wait(struct group *g, struct avtpmap_wait *w)
{
	u64 until_ns = w->timeout_ns > KTIME_MAX ? U64_MAX :
		       ktime_get_ns() + w->timeout_ns;
	int err = 0;

	follow(g);
	while (w->timeout_ns && !err) {
		err = sleep_on(g, until_ns);
		if (READ_ONCE(g->state) == GROUP_FOLLOWED)
			break;
		follow(g);
	}
	if (err && err != -ETIME)
		return -EINTR;

	spin_lock_bh(&g->lock);
	w->due = periods_due(g, false);
	w->events = g->pending;
	w->head = 0;
	g->pending = 0;
	g->visits = 0;
	if (w->due || w->events)
		g->info.waits++;
	err = group_is_gone(g) ? -ENODEV : 0;
	spin_unlock_bh(&g->lock);
	return err;
}

void group_info(struct group *g, struct avtpmap_reader_info *info)
{
	struct reader *r;
	u32 rate_hz;

	follow(g);
	spin_lock_bh(&g->lock);
	g->visits = 0;
	*info = g->info;
	list_for_each_entry(r, &g->members, group_node) {
		if (!g->period)
			break;
		rate_hz = READ_ONCE(r->stream->account.rate_hz);
		info->wake_period = max(info->wake_period,
					avtpmap_wake_period(g->period, rate_hz));
	}
	spin_unlock_bh(&g->lock);
}
