// SPDX-License-Identifier: MIT
/* An MRP participant: attributes, their machines, and when there is what to do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mrp.h"

static uint64_t rnd_below(struct mrp *m, uint64_t n)
{
	m->seed ^= m->seed >> 12;
	m->seed ^= m->seed << 25;
	m->seed ^= m->seed >> 27;
	return m->seed * 0x2545f4914f6cdd1dull % n;
}

/* ---- attributes ---- */

static unsigned int hash(const struct mrp *m, uint8_t type, const uint8_t *key)
{
	uint32_t h = 2166136261u ^ type;

	for (int i = 0; i < mrp_type(m->app, type)->key_bytes; i++)
		h = (h ^ key[i]) * 16777619u;
	return h % MRP_HASH;
}

struct mrp_attr *mrp_find(struct mrp *m, uint8_t type, const uint8_t *key)
{
	size_t bytes = mrp_type(m->app, type)->key_bytes;
	struct mrp_attr *a = m->hash[hash(m, type, key)];

	while (a && (a->type != type || memcmp(a->theirs, key, bytes)))
		a = a->chain;
	return a;
}

static struct mrp_attr *find_or_make(struct mrp *m, uint8_t type,
				     const uint8_t *value)
{
	size_t bytes = mrp_type(m->app, type)->value_bytes;
	struct mrp_attr *a = mrp_find(m, type, value), **end = &m->first;
	unsigned int h = hash(m, type, value);

	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->type = type;
	a->hold = -1;
	memcpy(a->theirs, value, bytes); /* the key is in it, always */
	memcpy(a->ours, value, bytes);
	while (*end)
		end = &(*end)->next;
	*end = a;
	a->chain = m->hash[h];
	m->hash[h] = a;
	m->n_attrs++;
	return a;
}

static void unchain(struct mrp *m, const struct mrp_attr *a)
{
	struct mrp_attr **p = &m->hash[hash(m, a->type, a->theirs)];

	while (*p != a)
		p = &(*p)->chain;
	*p = a->chain;
	m->n_attrs--;
}

/* Neither side declares it, and nothing is left to be said. */
static bool is_idle(const struct mrp_attr *a)
{
	return a->registrar == MRP_MT && a->hold < 0 &&
	       (a->applicant == MRP_VO || a->applicant == MRP_AO ||
		a->applicant == MRP_QO);
}

static void sweep(struct mrp *m)
{
	struct mrp_attr **p = &m->first, *a;

	while ((a = *p)) {
		if (!is_idle(a)) {
			p = &a->next;
			continue;
		}
		*p = a->next;
		unchain(m, a);
		free(a);
	}
}

bool mrp_declared(const struct mrp_attr *a)
{
	if (!a)
		return false;
	switch (a->applicant) {
	case MRP_VO:
	case MRP_LA:
	case MRP_AO:
	case MRP_QO:
	case MRP_LO:
		return false;
	}
	return true;
}

bool mrp_registered(const struct mrp_attr *a)
{
	return a && a->registrar != MRP_MT;
}

/* ---- events ---- */

static bool has_to_send(const struct mrp_attr *a)
{
	switch (a->applicant) {
	case MRP_VP:
	case MRP_VN:
	case MRP_AN:
	case MRP_AA:
	case MRP_LA:
	case MRP_AP:
	case MRP_LO:
		return true;
	}
	return false;
}

static enum mrp_send tell_applicant(struct mrp *m, struct mrp_attr *a,
				    enum mrp_event ev)
{
	enum mrp_send send =
		mrp_applicant(&a->applicant, ev, a->registrar == MRP_IN, true);

	m->want |= has_to_send(a);
	return send;
}

static void tell_registrar(struct mrp *m, struct mrp_attr *a, enum mrp_event ev,
			   uint64_t now_ns)
{
	enum mrp_timer timer;

	if (mrp_registrar(&a->registrar, ev, &timer))
		m->changed = true;
	if (timer == MRP_TIMER_START)
		a->leave_ns = now_ns + m->leave_time_ns;
}

static void start_leaveall(struct mrp *m, enum mrp_event ev, uint64_t now_ns)
{
	enum mrp_timer timer;

	mrp_leaveall(&m->leaveall, ev, &timer);
	if (timer == MRP_TIMER_START)
		m->leaveall_ns = now_ns + m->leaveall_time_ns +
				 rnd_below(m, m->leaveall_time_ns / 2);
}

static void start_periodic(struct mrp *m, enum mrp_periodic_event ev,
			   uint64_t now_ns)
{
	enum mrp_timer timer;
	bool tell = mrp_periodic(&m->periodic, ev, &timer);

	if (timer == MRP_TIMER_START)
		m->periodic_ns = now_ns + MRP_PERIODIC_NS;
	if (!m->periodic)
		m->periodic_ns = MRP_NEVER;
	for (struct mrp_attr *a = m->first; tell && a; a = a->next)
		tell_applicant(m, a, MRP_PERIODIC);
}

void mrp_init(struct mrp *m, const struct mrp_app *app, uint64_t seed,
	      uint64_t now_ns)
{
	*m = (struct mrp){
		.app = app,
		.seed = seed ? seed : 1,
		.leaveall_time_ns = MRP_LEAVEALL_NS,
		.leave_time_ns = app->leave_ns,
	};
	start_leaveall(m, MRP_BEGIN, now_ns);
	start_periodic(m, MRP_PERIODIC_BEGIN, now_ns);
	if (!app->periodic)
		start_periodic(m, MRP_PERIODIC_DISABLED, now_ns);
}

void mrp_free(struct mrp *m)
{
	struct mrp_attr *a;

	while ((a = m->first)) {
		m->first = a->next;
		free(a);
	}
	memset(m->hash, 0, sizeof(m->hash));
	m->n_attrs = 0;
}

struct mrp_attr *mrp_declare(struct mrp *m, uint8_t type, const uint8_t *value,
			     uint8_t param)
{
	size_t bytes = mrp_type(m->app, type)->value_bytes;
	struct mrp_attr *a = find_or_make(m, type, value);

	if (!a)
		return NULL;
	if (mrp_declared(a) && a->param == param &&
	    !memcmp(a->ours, value, bytes))
		return a;
	memcpy(a->ours, value, bytes);
	a->param = param;
	tell_applicant(m, a, MRP_NEW);
	return a;
}

void mrp_withdraw(struct mrp *m, struct mrp_attr *a)
{
	tell_applicant(m, a, MRP_LEAVE);
}

void mrp_forget(struct mrp_attr *a)
{
	mrp_applicant(&a->applicant, MRP_BEGIN, false, true);
}

void mrp_link_down(struct mrp *m)
{
	for (struct mrp_attr *a = m->first; a; a = a->next)
		tell_registrar(m, a, MRP_FLUSH, 0);
}

void mrp_link_up(struct mrp *m, uint64_t now_ns)
{
	for (struct mrp_attr *a = m->first; a; a = a->next) {
		tell_applicant(m, a, MRP_REDECLARE);
		tell_registrar(m, a, MRP_REDECLARE, now_ns);
	}
}

/* ---- what comes ---- */

struct arrival {
	struct mrp *m;
	bool own;
	uint64_t now_ns;
};

static void leave_all(const struct arrival *r, uint8_t type)
{
	start_leaveall(r->m, MRP_R_LA, r->now_ns);
	for (struct mrp_attr *a = r->m->first; a; a = a->next) {
		if (a->type != type)
			continue;
		tell_applicant(r->m, a, MRP_R_LA);
		tell_registrar(r->m, a, MRP_R_LA, r->now_ns);
	}
}

/* One stream cannot be advertised and failed: the newer counts. */
static void leave_twin(struct mrp *m, const struct mrp_attr *a, uint64_t now_ns)
{
	uint8_t twin = mrp_type(m->app, a->type)->twin;
	struct mrp_attr *t = twin ? mrp_find(m, twin, a->theirs) : NULL;

	if (t)
		tell_registrar(m, t, MRP_FLUSH, now_ns);
}

static void enter(struct mrp *m, struct mrp_attr *a, const struct mrp_value *v,
		  enum mrp_event ev, uint64_t now_ns)
{
	size_t bytes = mrp_type(m->app, v->type)->value_bytes;

	if (a->their_param != v->param || memcmp(a->theirs, v->value, bytes))
		m->changed = true;
	memcpy(a->theirs, v->value, bytes);
	a->their_param = v->param;
	tell_registrar(m, a, ev, now_ns);
	leave_twin(m, a, now_ns);
}

static void leave(struct mrp *m, struct mrp_attr *a, uint64_t now_ns)
{
	tell_registrar(m, a, MRP_R_LV, now_ns);
	if (m->app->leave_at_once)
		tell_registrar(m, a, MRP_LEAVE_TIMER, now_ns);
}

static const enum mrp_event heard[] = {
	[MRP_WIRE_NEW] = MRP_R_NEW,	[MRP_WIRE_JOIN_IN] = MRP_R_JOIN_IN,
	[MRP_WIRE_IN] = MRP_R_IN,	[MRP_WIRE_JOIN_MT] = MRP_R_JOIN_MT,
	[MRP_WIRE_MT] = MRP_R_MT,	[MRP_WIRE_LV] = MRP_R_LV,
	[MRP_WIRE_LEAVEALL] = MRP_R_LA,
};

static struct mrp_attr *attr_of(struct mrp *m, const struct mrp_value *v)
{
	struct mrp_attr *a = mrp_find(m, v->type, v->value);

	if (a || (v->event != MRP_WIRE_NEW && v->event != MRP_WIRE_JOIN_IN &&
		  v->event != MRP_WIRE_JOIN_MT))
		return a;
	if (m->n_attrs < MRP_ATTRS_MAX)
		a = find_or_make(m, v->type, v->value);
	m->refused += !a;
	return a;
}

static void heed(void *arg, const struct mrp_value *v)
{
	const struct arrival *r = arg;
	enum mrp_event ev = heard[v->event];
	struct mrp_attr *a;

	if (ev == MRP_R_LA) {
		leave_all(r, v->type);
		return;
	}
	if (r->own) {
		/* what another process withdraws and we do not is ours still */
		a = mrp_find(r->m, v->type, v->value);
		if (a && ev == MRP_R_LV)
			tell_applicant(r->m, a, ev);
		return;
	}
	a = attr_of(r->m, v);
	if (!a)
		return;
	if (ev == MRP_R_LV)
		leave(r->m, a, r->now_ns);
	else if (ev == MRP_R_NEW || ev == MRP_R_JOIN_IN || ev == MRP_R_JOIN_MT)
		enter(r->m, a, v, ev, r->now_ns);
	tell_applicant(r->m, a, ev);
}

int mrp_receive(struct mrp *m, const uint8_t *pdu, size_t bytes, bool own,
		uint64_t now_ns)
{
	struct arrival r = { m, own, now_ns };

	if (mrp_parse(m->app, pdu, bytes, NULL, NULL)) {
		m->malformed++;
		return -EBADMSG;
	}
	m->rx += !own;
	return mrp_parse(m->app, pdu, bytes, heed, &r);
}

/* ---- what goes ---- */

static int wire_event(enum mrp_send send, bool in)
{
	switch (send) {
	case MRP_SEND_NEW:
		return MRP_WIRE_NEW;
	case MRP_SEND_JOIN:
		return in ? MRP_WIRE_JOIN_IN : MRP_WIRE_JOIN_MT;
	case MRP_SEND_NULL:
		return in ? MRP_WIRE_IN : MRP_WIRE_MT;
	case MRP_SEND_LV:
		return MRP_WIRE_LV;
	default:
		return -1;
	}
}

static void send_attr(struct mrp_writer *w, struct mrp_attr *a, bool all)
{
	uint8_t before = a->applicant;
	int event = wire_event(mrp_applicant(&a->applicant,
					     all ? MRP_TX_LA : MRP_TX,
					     a->registrar == MRP_IN, true),
			       a->registrar == MRP_IN);
	const struct mrp_value v = { a->type, event, a->param, a->ours };

	if (event < 0 || mrp_write_value(w, &v))
		return;
	a->applicant = before;
	if (all)
		mrp_applicant(&a->applicant, MRP_TX_LAF, false, true);
}

size_t mrp_transmit_now(struct mrp *m, uint8_t *pdu, size_t bytes,
			uint64_t now_ns)
{
	enum mrp_timer timer;
	struct mrp_writer w;
	bool all = mrp_leaveall(&m->leaveall, MRP_TX, &timer);

	m->want = false;
	mrp_write_begin(&w, m->app, pdu, bytes);
	for (uint8_t type = 1; type <= m->app->n_types; type++) {
		mrp_write_type(&w, type, all);
		for (struct mrp_attr *a = m->first; a; a = a->next)
			if (a->type == type)
				send_attr(&w, a, all);
		mrp_write_type_end(&w);
	}
	for (struct mrp_attr *a = m->first; a; a = a->next) {
		if (all)
			tell_registrar(m, a, MRP_TX_LA, now_ns);
		m->want |= has_to_send(a);
	}
	bytes = mrp_write_end(&w, pdu);
	if (bytes) {
		m->sent_ns = now_ns;
		m->tx++;
	}
	return bytes;
}

static uint64_t transmit_ns(const struct mrp *m)
{
	if (!m->want)
		return MRP_NEVER;
	return m->sent_ns ? m->sent_ns + MRP_JOIN_NS : 0;
}

size_t mrp_transmit(struct mrp *m, uint8_t *pdu, size_t bytes, uint64_t now_ns)
{
	return now_ns < transmit_ns(m) ?
		       0 :
		       mrp_transmit_now(m, pdu, bytes, now_ns);
}

/* ---- time ---- */

void mrp_timers(struct mrp *m, uint64_t now_ns)
{
	if (now_ns >= m->leaveall_ns) {
		start_leaveall(m, MRP_LEAVE_TIMER, now_ns);
		m->want = true;
	}
	if (now_ns >= m->periodic_ns)
		start_periodic(m, MRP_PERIODIC_TIMER, now_ns);
	for (struct mrp_attr *a = m->first; a; a = a->next)
		if (a->registrar == MRP_LV && now_ns >= a->leave_ns)
			tell_registrar(m, a, MRP_LEAVE_TIMER, now_ns);
	sweep(m);
}

uint64_t mrp_next_ns(const struct mrp *m)
{
	uint64_t next = transmit_ns(m);

	if (m->leaveall_ns < next)
		next = m->leaveall_ns;
	if (m->periodic_ns < next)
		next = m->periodic_ns;
	for (const struct mrp_attr *a = m->first; a; a = a->next)
		if (a->registrar == MRP_LV && a->leave_ns < next)
			next = a->leave_ns;
	return next;
}
