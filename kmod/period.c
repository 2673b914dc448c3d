// SPDX-License-Identifier: GPL-2.0
#include "period.h"
#include "reader.h"

void period_tune(struct period *p, const struct stream *s, u64 media_pos)
{
	lockdep_assert_held(&s->lock);
	due_set(&p->due, p->due.asked, s->account.rate_hz, media_pos);
}

static struct period *find(const struct stream *s, u32 units)
{
	struct period *p;

	list_for_each_entry(p, &s->periods, node)
		if (p->due.asked == units)
			return p;
	return NULL;
}

static struct period *create(struct reader *r, u32 units)
{
	struct stream *s = r->stream;
	struct period *p = &r->own_period;

	memset(p, 0, sizeof(*p));
	p->due.asked = units;
	INIT_LIST_HEAD(&p->alone);
	INIT_LIST_HEAD(&p->sleepers);
	INIT_LIST_HEAD(&p->members);
	INIT_LIST_HEAD(&p->away);
	period_tune(p, s, s->account.media_pos);
	list_add_tail(&p->node, &s->periods);
	return p;
}

void period_join(struct reader *r, u32 units)
{
	struct stream *s = r->stream;
	struct period *p = find(s, units) ?: create(r, units);

	lockdep_assert_held(&s->lock);
	r->period = p;
	r->wakes_before = p->wakes;
	r->ends_seen = p->ends;
	if (r->group) {
		list_add_tail(&r->period_node, &p->members);
	} else {
		list_add_tail(&r->period_node, &p->alone);
		p->n_alone++;
	}
	if (!s->gone)
		s->next_due = min(s->next_due, p->due.at);
}

static bool is_empty(const struct period *p)
{
	return list_empty(&p->alone) && list_empty(&p->members) &&
	       list_empty(&p->away);
}

static struct reader *first_of(const struct period *p)
{
	const struct list_head *of = !list_empty(&p->alone) ? &p->alone :
				     !list_empty(&p->members) ? &p->members :
				     &p->away;

	return list_first_entry(of, struct reader, period_node);
}

static void hand_over_list(struct list_head *from, struct list_head *list,
			   struct period *to)
{
	struct reader *r;

	INIT_LIST_HEAD(list);
	list_splice(from, list);
	list_for_each_entry(r, list, period_node)
		r->period = to;
}

static void hand_over(struct period *p)
{
	struct period *to = &first_of(p)->own_period;

	*to = *p;
	list_replace(&p->node, &to->node);
	INIT_LIST_HEAD(&to->sleepers);
	list_splice(&p->sleepers, &to->sleepers);
	hand_over_list(&p->alone, &to->alone, to);
	hand_over_list(&p->members, &to->members, to);
	hand_over_list(&p->away, &to->away, to);
}

/* What was common to them becomes the reader's own. */
void period_leave(struct reader *r)
{
	struct period *p = r->period;

	lockdep_assert_held(&r->stream->lock);
	if (!p)
		return;
	reader_settle(r);
	if (!r->group)
		p->n_alone--;
	r->period = NULL;
	list_del(&r->period_node);
	list_del_init(&r->sleeper_node);
	if (is_empty(p))
		list_del(&p->node);
	else if (p == &r->own_period)
		hand_over(p);
}

/* Of those that a frame ended: the others were in media that was lost before it. */
static u32 ends_within(const struct avtpmap_end *e, u32 frame_units, u32 units)
{
	if (likely(e->ends == 1))
		return 1;
	return min_t(u64, e->ends, frame_units / units + 1);
}

void period_end(struct period *p, struct stream *s, u64 now_ns)
{
	struct avtpmap_end e = due_end(&p->due, s->account.media_pos,
				       s->account.nominal_units);
	struct reader *r, *tmp;

	lockdep_assert_held(&s->lock);
	p->ends += ends_within(&e, s->account.nominal_units, p->due.units);
	list_for_each_entry_safe(r, tmp, &p->members, period_node)
		if (!group_period(r, &e, now_ns))
			list_move_tail(&r->period_node, &p->away);
	if (!p->n_alone)
		return;
	p->wakes++;
	p->last_wake_ns = now_ns;
	count(s->ring.hdr, AVTPMAP_C_WAKES_PERIOD, p->n_alone);
	list_for_each_entry_safe(r, tmp, &p->sleepers, sleeper_node)
		reader_wake(r, AVTPMAP_C_WAKES_PERIOD);
}
