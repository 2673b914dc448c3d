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
	if (r->group) {
		list_add_tail(&r->period_node, &p->members);
	} else {
		list_add_tail(&r->period_node, &p->alone);
		p->n_alone++;
	}
	if (!s->gone)
		s->next_due = min(s->next_due, p->due.at);
}

static void hand_over(struct period *p)
{
	struct reader *heir = list_first_entry(list_empty(&p->alone) ?
					       &p->members : &p->alone,
					       struct reader, period_node);
	struct period *to = &heir->own_period;
	struct reader *r;

	*to = *p;
	list_replace(&p->node, &to->node);
	INIT_LIST_HEAD(&to->alone);
	INIT_LIST_HEAD(&to->sleepers);
	INIT_LIST_HEAD(&to->members);
	list_splice(&p->alone, &to->alone);
	list_splice(&p->sleepers, &to->sleepers);
	list_splice(&p->members, &to->members);
	list_for_each_entry(r, &to->alone, period_node)
		r->period = to;
	list_for_each_entry(r, &to->members, period_node)
		r->period = to;
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
	if (list_empty(&p->alone) && list_empty(&p->members))
		list_del(&p->node);
	else if (p == &r->own_period)
		hand_over(p);
}

void period_end(struct period *p, struct stream *s, u64 now_ns)
{
	struct avtpmap_end e = due_end(&p->due, s->account.media_pos,
				       s->account.nominal_units);
	struct reader *r, *tmp;

	lockdep_assert_held(&s->lock);
	list_for_each_entry(r, &p->members, period_node)
		group_period(r, &e, now_ns);
	if (!p->n_alone)
		return;
	p->wakes++;
	p->last_wake_ns = now_ns;
	count(s->ring.hdr, AVTPMAP_C_WAKES_PERIOD, p->n_alone);
	list_for_each_entry_safe(r, tmp, &p->sleepers, sleeper_node)
		reader_wake(r, AVTPMAP_C_WAKES_PERIOD);
}
