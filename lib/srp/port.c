// SPDX-License-Identifier: MIT
/* The reservation handle: from streams that are wanted to declarations. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../internal.h"
#include "port.h"

static const struct msrp_domain class_a = { MSRP_CLASS_A, 3, 2 };

/* ---- declarations, each shown to other processes ---- */

static struct mrp_attr *declare(struct avtpmap_srp *s, struct mrp *m,
				uint8_t type, const uint8_t *value,
				uint8_t param)
{
	struct mrp_attr *a = mrp_declare(m, type, value, param);

	if (a)
		srp_share_hold(s, m, a);
	return a;
}

static void withdraw(struct avtpmap_srp *s, struct mrp *m, struct mrp_attr *a)
{
	if (!mrp_declared(a))
		return;
	if (srp_share_drop(s, m, a))
		mrp_forget(a);
	else
		mrp_withdraw(m, a);
}

static void declare_domain(struct avtpmap_srp *s, const struct msrp_domain *d)
{
	uint8_t value[MRP_VALUE_MAX] = { 0 };

	msrp_domain_put(value, d);
	declare(s, &s->msrp, MSRP_DOMAIN, value, 0);
	s->domain[MSRP_CLASS_A - d->class] = *d;
}

/* What the other side says its domain is, ours is. */
static void adopt_domains(struct avtpmap_srp *s)
{
	s->heard = 0;
	for (uint8_t sr = MSRP_CLASS_B; sr <= MSRP_CLASS_A; sr++) {
		struct mrp_attr *a = mrp_find(&s->msrp, MSRP_DOMAIN, &sr);
		struct msrp_domain d;

		if (!mrp_registered(a))
			continue;
		s->heard |= 1 << (MSRP_CLASS_A - sr);
		msrp_domain_get(&d, a->theirs);
		declare_domain(s, &d);
	}
}

static bool vid_is_wanted(const struct avtpmap_srp *s, uint16_t vid)
{
	for (const struct wanted *w = s->wanted; w; w = w->next)
		if (w->vid == vid)
			return true;
	return false;
}

/* 0: of none */
static void set_vid(struct avtpmap_srp *s, struct wanted *w, uint16_t vid)
{
	uint16_t was = w->vid;
	uint8_t value[2];

	if (vid == was)
		return;
	w->vid = vid;
	if (vid) {
		mvrp_vid_put(value, vid);
		declare(s, &s->mvrp, MVRP_VID, value, 0);
	}
	if (was && !vid_is_wanted(s, was)) {
		mvrp_vid_put(value, was);
		withdraw(s, &s->mvrp, mrp_find(&s->mvrp, MVRP_VID, value));
	}
}

/* MSRP_IGNORE: none */
static void set_listener(struct avtpmap_srp *s, struct wanted *w,
			 enum msrp_listener how)
{
	uint8_t value[8];

	msrp_id_put(value, w->told.stream_id);
	if (how != MSRP_IGNORE)
		declare(s, &s->msrp, MSRP_LISTENER, value, how);
	else
		withdraw(s, &s->msrp, mrp_find(&s->msrp, MSRP_LISTENER, value));
}

/* ---- talkers ---- */

static const struct mrp_attr *talker_attr(struct avtpmap_srp *s, uint64_t id)
{
	uint8_t key[8];
	struct mrp_attr *a;

	msrp_id_put(key, id);
	a = mrp_find(&s->msrp, MSRP_TALKER_FAILED, key);
	if (mrp_registered(a))
		return a;
	a = mrp_find(&s->msrp, MSRP_TALKER_ADVERTISE, key);
	return mrp_registered(a) ? a : NULL;
}

/* @a: or NULL, then what @t holds of the talker before is left as it is */
static void fill(struct avtpmap_srp_talker *t, const struct mrp_attr *a)
{
	struct msrp_talker m;

	t->state = AVTPMAP_SRP_NONE;
	t->failure_code = 0;
	t->failure_bridge = 0;
	if (!a)
		return;
	msrp_talker_get(&m, a->type, a->theirs);
	t->stream_id = m.stream_id;
	t->state = a->type == MSRP_TALKER_FAILED ? AVTPMAP_SRP_FAILED :
						   AVTPMAP_SRP_ADVERTISED;
	t->failure_code = m.code;
	t->failure_bridge = m.bridge;
	memcpy(t->mac, m.mac, sizeof(t->mac));
	t->vid = m.vid;
	t->max_frame_bytes = m.max_frame_bytes;
	t->interval_frames = m.interval_frames;
	t->latency_ns = m.latency_ns;
	t->priority = m.priority;
	t->rank = m.rank;
}

static struct avtpmap_srp_talker now_of(struct avtpmap_srp *s,
					const struct wanted *w)
{
	struct avtpmap_srp_talker t = w->told;
	uint8_t key[8];

	fill(&t, talker_attr(s, t.stream_id));
	msrp_id_put(key, t.stream_id);
	t.declared = mrp_declared(mrp_find(&s->msrp, MSRP_LISTENER, key));
	return t;
}

/* Follows a talker with what is declared for it. */
static void follow(struct avtpmap_srp *s, struct wanted *w)
{
	struct avtpmap_srp_talker t = now_of(s, w);

	switch (t.state) {
	case AVTPMAP_SRP_ADVERTISED:
	case AVTPMAP_SRP_FAILED:
		set_vid(s, w, t.vid);
		set_listener(s, w,
			     t.state == AVTPMAP_SRP_FAILED ?
				     MSRP_ASKING_FAILED :
				     MSRP_READY);
		break;
	default:
		set_listener(s, w, MSRP_IGNORE);
	}
}

/* ---- the handle ---- */

static int open_port(struct avtpmap_srp *s, const struct avtpmap_srp_opts *o,
		     const struct text *why)
{
	uint64_t now_ns = monotonic_ns();
	__u32 ifindex;
	int err;

	err = port_of_name_text(o->ifname ? o->ifname : "(none)", &ifindex,
				why);
	if (err)
		return err;
	s->ifindex = ifindex;
	err = srp_wire_open(s, why);
	if (err)
		return err;
	mrp_init(&s->mvrp, &mvrp_app, now_ns ^ (uintptr_t)s, now_ns);
	mrp_init(&s->msrp, &msrp_app, now_ns ^ (uintptr_t)s << 7, now_ns);
	/*
	 * What a bridge has said before we came it will not say again until
	 * somebody's LeaveAll, so ours is due at once.
	 */
	s->msrp.leaveall_ns = now_ns;
	declare_domain(s, &class_a);
	s->domain[1] = (struct msrp_domain){ MSRP_CLASS_B, 2, 2 };
	srp_wire_set_timer(s);
	return 0;
}

int avtpmap_srp_open(struct avtpmap_srp **out,
		     const struct avtpmap_srp_opts *opts)
{
	struct avtpmap_srp_opts o;
	struct avtpmap_srp *s;
	struct text why;
	int err = opts_copy(&o, sizeof(o), opts);

	*out = NULL;
	why = (struct text){ o.error, o.error_bytes };
	if (err)
		return opts_text(&why, err);
	s = calloc(1, sizeof(*s));
	if (!s)
		return refuse_text(&why, -ENOMEM, "out of memory");
	s->poll = s->socket = s->link = s->timer = -1;
	err = open_port(s, &o, &why);
	if (err) {
		srp_wire_close(s);
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

static void withdraw_all(struct avtpmap_srp *s)
{
	struct mrp *const both[] = { &s->msrp, &s->mvrp };

	for (int i = 0; i < 2; i++)
		for (struct mrp_attr *a = both[i]->first; a; a = a->next)
			withdraw(s, both[i], a);
}

void avtpmap_srp_close(struct avtpmap_srp *s)
{
	struct wanted *w;

	if (!s)
		return;
	withdraw_all(s);
	if (!s->gone) {
		/* a LeaveAll that is due would end what others here declare */
		s->msrp.leaveall = s->mvrp.leaveall = false;
		srp_wire_send(s, monotonic_ns(), true);
	}
	while ((w = s->wanted)) {
		s->wanted = w->next;
		free(w);
	}
	mrp_free(&s->msrp);
	mrp_free(&s->mvrp);
	srp_wire_close(s);
	free(s);
}

int avtpmap_srp_fd(struct avtpmap_srp *s)
{
	return s->poll;
}

static void empty_timer(struct avtpmap_srp *s)
{
	uint64_t n;

	if (read(s->timer, &n, sizeof(n)) < 0)
		return;
}

int avtpmap_srp_work(struct avtpmap_srp *s)
{
	uint64_t now_ns = monotonic_ns();

	empty_timer(s);
	srp_wire_link(s, now_ns);
	if (s->gone)
		return -ENODEV;
	srp_wire_receive(s, now_ns);
	mrp_timers(&s->mvrp, now_ns);
	mrp_timers(&s->msrp, now_ns);
	if (s->msrp.changed) {
		s->msrp.changed = false;
		adopt_domains(s);
		for (struct wanted *w = s->wanted; w; w = w->next)
			follow(s, w);
	}
	srp_wire_send(s, now_ns, false);
	srp_wire_set_timer(s);
	return 0;
}

static struct wanted **find_wanted(struct avtpmap_srp *s, uint64_t id)
{
	struct wanted **p = &s->wanted;

	while (*p && (*p)->told.stream_id != id)
		p = &(*p)->next;
	return p;
}

int avtpmap_srp_reserve(struct avtpmap_srp *s, uint64_t stream_id)
{
	struct wanted **p = find_wanted(s, stream_id), *w;

	if (*p)
		return -EEXIST;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->told.stream_id = stream_id;
	w->told.reserved = 1;
	w->fresh = true;
	*p = w;
	follow(s, w);
	srp_wire_set_timer(s);
	return 0;
}

int avtpmap_srp_release(struct avtpmap_srp *s, uint64_t stream_id)
{
	struct wanted **p = find_wanted(s, stream_id), *w = *p;

	if (!w)
		return -ENOENT;
	set_listener(s, w, MSRP_IGNORE);
	set_vid(s, w, 0);
	*p = w->next;
	free(w);
	srp_wire_set_timer(s);
	return 0;
}

static void copy(void *to, size_t to_bytes, const void *from, size_t bytes)
{
	memset(to, 0, to_bytes);
	memcpy(to, from, to_bytes < bytes ? to_bytes : bytes);
}

int avtpmap_srp_next(struct avtpmap_srp *s, struct avtpmap_srp_talker *talker,
		     size_t bytes)
{
	for (struct wanted *w = s->wanted; w; w = w->next) {
		struct avtpmap_srp_talker t = now_of(s, w);

		if (!w->fresh && !memcmp(&t, &w->told, sizeof(t)))
			continue;
		w->fresh = false;
		w->told = t;
		copy(talker, bytes, &t, sizeof(t));
		return 1;
	}
	return 0;
}

/* Those that are not reserved, in the order in which they were heard. */
static int other_talkers(struct avtpmap_srp *s, avtpmap_srp_talker_fn *fn,
			 void *arg)
{
	for (const struct mrp_attr *a = s->msrp.first; a; a = a->next) {
		struct avtpmap_srp_talker t = { 0 };
		int ret;

		if (!mrp_registered(a) || (a->type != MSRP_TALKER_ADVERTISE &&
					   a->type != MSRP_TALKER_FAILED))
			continue;
		fill(&t, a);
		if (*find_wanted(s, t.stream_id))
			continue;
		ret = fn(&t, arg);
		if (ret)
			return ret;
	}
	return 0;
}

int avtpmap_srp_talkers(struct avtpmap_srp *s, avtpmap_srp_talker_fn *fn,
			void *arg)
{
	for (struct wanted *w = s->wanted; w; w = w->next) {
		struct avtpmap_srp_talker t = now_of(s, w);
		int ret = fn(&t, arg);

		if (ret)
			return ret;
	}
	return other_talkers(s, fn, arg);
}

void avtpmap_srp_info(struct avtpmap_srp *s, struct avtpmap_srp_info *info,
		      size_t bytes)
{
	struct avtpmap_srp_info i = {
		.link = s->up,
		.domain = s->heard,
		.rx = s->msrp.rx + s->mvrp.rx,
		.tx = s->msrp.tx + s->mvrp.tx,
		.malformed = s->msrp.malformed + s->mvrp.malformed,
		.refused = s->msrp.refused + s->mvrp.refused,
	};

	for (int c = 0; c < 2; c++) {
		i.priority[c] = s->domain[c].priority;
		i.vid[c] = s->domain[c].vid;
	}
	for (const struct mrp_attr *a = s->msrp.first; a; a = a->next)
		i.talkers += mrp_registered(a) &&
			     (a->type == MSRP_TALKER_ADVERTISE ||
			      a->type == MSRP_TALKER_FAILED);
	copy(info, bytes, &i, sizeof(i));
}
