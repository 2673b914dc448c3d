// SPDX-License-Identifier: MIT
/* MRPDUs (IEEE 802.1Q 10.8), taken apart and put together. */
#include <errno.h>
#include <string.h>

#include "mrp.h"

enum {
	END_MARK = 2,
	VECTOR_HEADER = 2,
	LEAVEALL_BIT = 0x2000,
	N_VALUES = 0x1fff,
	THREE_PACKED_END = 6 * 6 * 6,
};

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* ---- taken apart ---- */

struct reader {
	const struct mrp_app *app;
	const uint8_t *at;
	const uint8_t *end;
	mrp_value_fn *fn;
	void *arg;
};

static size_t left(const struct reader *r)
{
	return r->end - r->at;
}

/* The end of what can be read is as good as a mark. */
static bool at_end_mark(struct reader *r)
{
	if (left(r) < END_MARK)
		return true;
	if (get16(r->at))
		return false;
	r->at += END_MARK;
	return true;
}

static void tell(const struct reader *r, uint8_t type, uint8_t event,
		 uint8_t param, const uint8_t *value)
{
	const struct mrp_value v = { type, event, param, value };

	if (r->fn)
		r->fn(r->arg, &v);
}

static void values(const struct reader *r, uint8_t type, uint8_t value_bytes,
		   unsigned int n)
{
	static const uint8_t three[] = { 36, 6, 1 };
	const struct mrp_type *t = mrp_type(r->app, type);
	const uint8_t *events = r->at + value_bytes;
	const uint8_t *params = events + (n + 2) / 3;
	uint8_t value[MRP_VALUE_MAX];

	memcpy(value, r->at, value_bytes);
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			r->app->step(type, value);
		tell(r, type, events[i / 3] / three[i % 3] % 6,
		     t->four ? params[i / 4] >> (6 - i % 4 * 2) & 3 : 0, value);
	}
}

/* @known: the type is one of ours; others are stepped over. */
static int vector(struct reader *r, uint8_t type, uint8_t value_bytes,
		  bool known)
{
	uint16_t header = get16(r->at);
	unsigned int n = header & N_VALUES;
	size_t bytes = value_bytes + (n + 2) / 3;

	if (known && mrp_type(r->app, type)->four)
		bytes += (n + 3) / 4;
	r->at += VECTOR_HEADER;
	if (left(r) < bytes)
		return -EBADMSG;
	if (known) {
		for (unsigned int i = 0; i < (n + 2) / 3; i++)
			if (r->at[value_bytes + i] >= THREE_PACKED_END)
				return -EBADMSG;
		if (header & LEAVEALL_BIT)
			tell(r, type, MRP_WIRE_LEAVEALL, 0, NULL);
		values(r, type, value_bytes, n);
	}
	r->at += bytes;
	return 0;
}

static int message(struct reader *r)
{
	uint8_t type = r->at[0], value_bytes = r->at[1];
	const struct mrp_type *t = mrp_type(r->app, type);
	const uint8_t *end = r->end;
	size_t header = r->app->list_length ? 4 : 2;
	int err = 0;

	if (left(r) < header)
		return -EBADMSG;
	if (r->app->list_length) {
		size_t list = get16(r->at + 2);

		if (list > left(r) - header)
			return -EBADMSG;
		r->end = r->at + header + list;
	}
	r->at += header;
	if (t && value_bytes != t->value_bytes)
		return -EBADMSG;
	if (!t && r->app->list_length)
		r->at = r->end;
	while (!err && !at_end_mark(r))
		err = vector(r, type, value_bytes, t);
	if (r->app->list_length)
		r->at = r->end;
	r->end = end;
	return err;
}

int mrp_parse(const struct mrp_app *app, const uint8_t *pdu, size_t bytes,
	      mrp_value_fn *fn, void *arg)
{
	struct reader r = { app, pdu, pdu + bytes, fn, arg };
	int err = 0;

	if (!bytes)
		return -EBADMSG;
	r.at++; /* ProtocolVersion: what a later one adds are other types */
	while (!err && !at_end_mark(&r))
		err = message(&r);
	return err;
}

/* ---- put together: one value in a vector ---- */

static size_t head_bytes(const struct mrp_app *app)
{
	return app->list_length ? 4 : 2;
}

/* What a message that says LeaveAll and nothing else takes. */
static size_t empty_bytes(const struct mrp_app *app, uint8_t type)
{
	return head_bytes(app) + VECTOR_HEADER +
	       mrp_type(app, type)->value_bytes + END_MARK;
}

static size_t empty_bytes_from(const struct mrp_app *app, uint8_t type)
{
	size_t bytes = 0;

	for (; type <= app->n_types; type++)
		bytes += empty_bytes(app, type);
	return bytes;
}

void mrp_write_begin(struct mrp_writer *w, const struct mrp_app *app,
		     uint8_t *buf, size_t bytes)
{
	*w = (struct mrp_writer){
		.app = app,
		.at = buf,
		.end = buf + bytes - END_MARK - empty_bytes_from(app, 1),
	};
	*w->at++ = 0; /* ProtocolVersion */
}

void mrp_write_type(struct mrp_writer *w, uint8_t type, bool leaveall)
{
	w->type = type;
	w->list = NULL;
	w->leaveall = leaveall;
	w->end += empty_bytes(w->app, type);
}

static void open_message(struct mrp_writer *w)
{
	if (w->list)
		return;
	w->at[0] = w->type;
	w->at[1] = mrp_type(w->app, w->type)->value_bytes;
	w->at += head_bytes(w->app);
	w->list = w->at;
}

static void vector_header(struct mrp_writer *w, unsigned int n)
{
	put16(w->at, (w->leaveall ? LEAVEALL_BIT : 0) | n);
	w->at += VECTOR_HEADER;
	w->leaveall = false;
}

bool mrp_write_value(struct mrp_writer *w, const struct mrp_value *v)
{
	const struct mrp_type *t = mrp_type(w->app, v->type);
	size_t bytes = (w->list ? 0 : head_bytes(w->app)) + VECTOR_HEADER +
		       t->value_bytes + 1 + t->four + END_MARK;

	if (bytes > (size_t)(w->end - w->at))
		return false;
	open_message(w);
	vector_header(w, 1);
	memcpy(w->at, v->value, t->value_bytes);
	w->at += t->value_bytes;
	*w->at++ = v->event * 36;
	if (t->four)
		*w->at++ = v->param << 6;
	return true;
}

void mrp_write_type_end(struct mrp_writer *w)
{
	size_t value_bytes = mrp_type(w->app, w->type)->value_bytes;

	if (w->leaveall) {
		open_message(w);
		vector_header(w, 0);
		memset(w->at, 0, value_bytes);
		w->at += value_bytes;
	}
	if (!w->list)
		return;
	put16(w->at, 0);
	w->at += END_MARK;
	if (w->app->list_length)
		put16(w->list - 2, w->at - w->list);
}

size_t mrp_write_end(struct mrp_writer *w, const uint8_t *buf)
{
	if (w->at == buf + 1)
		return 0;
	put16(w->at, 0);
	w->at += END_MARK;
	return w->at - buf;
}
