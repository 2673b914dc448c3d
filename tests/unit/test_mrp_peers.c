// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Two participants and the wire between them, an hour of simulated time: frames
 * are lost, attributes come and go. Whenever the wire was good for long enough,
 * each side has registered just what the other declares.
 *
 * With an argument every frame is written there, for another reader of MRP.
 */
#include "test.h"

#include "../../lib/srp/msrp.h"

enum {
	STREAMS = 40,
	STEP_MS = 10,
	HOUR_MS = 3600 * 1000,
	/* LeaveAll, and LeaveTime after it */
	QUIET_MS = 15000 + 5000 + 1000,
};

struct world {
	struct mrp m[2];
	uint64_t now_ns;
	__u64 seed;
	unsigned int loss; /* of 100 */
	FILE *pcap;
};

static const char *pcap_path;

static void put_pcap(struct world *w, const uint8_t *pdu, size_t bytes,
		     int from)
{
	const struct mrp_app *app = w->m[from].app;
	const uint32_t head[4] = { w->now_ns / 1000000000,
				   w->now_ns % 1000000000 / 1000, bytes + 14,
				   bytes + 14 };
	uint8_t eth[14] = { 0 };

	if (!w->pcap)
		return;
	memcpy(eth, app->mac, 6);
	eth[6] = 2;
	eth[11] = from;
	eth[12] = app->ethertype >> 8;
	eth[13] = app->ethertype & 0xff;
	fwrite(head, sizeof(head), 1, w->pcap);
	fwrite(eth, sizeof(eth), 1, w->pcap);
	fwrite(pdu, bytes, 1, w->pcap);
}

static void step(struct world *w)
{
	uint8_t pdu[MRP_PDU_MAX];
	size_t bytes;

	w->now_ns += STEP_MS * MRP_MS;
	for (int i = 0; i < 2; i++) {
		mrp_timers(&w->m[i], w->now_ns);
		bytes = mrp_transmit(&w->m[i], pdu, sizeof(pdu), w->now_ns);
		if (!bytes)
			continue;
		put_pcap(w, pdu, bytes, i);
		if (rnd_below(&w->seed, 100) >= w->loss)
			assert_int_equal(mrp_receive(&w->m[!i], pdu, bytes,
						     false, w->now_ns),
					 0);
	}
}

static void pass(struct world *w, unsigned int ms)
{
	for (unsigned int i = 0; i < ms; i += STEP_MS)
		step(w);
}

/* A side declares, changes, or withdraws something. */
static void anything(struct world *w)
{
	struct mrp *m = &w->m[rnd_below(&w->seed, 2)];
	uint8_t type = 1 + rnd_below(&w->seed, m->app->n_types);
	uint8_t value[MRP_VALUE_MAX] = { 0 };
	struct mrp_attr *a, *twin;

	value[mrp_type(m->app, type)->key_bytes - 1] =
		rnd_below(&w->seed, STREAMS);
	a = mrp_find(m, type, value);
	if (mrp_declared(a) && rnd_below(&w->seed, 2)) {
		mrp_withdraw(m, a);
		return;
	}
	twin = mrp_type(m->app, type)->twin ?
		       mrp_find(m, mrp_type(m->app, type)->twin, value) :
		       NULL;
	if (mrp_declared(twin)) /* a stream is advertised or failed */
		mrp_withdraw(m, twin);
	value[mrp_type(m->app, type)->value_bytes - 1] ^=
		mrp_type(m->app, type)->value_bytes >
				mrp_type(m->app, type)->key_bytes ?
			rnd_below(&w->seed, 3) :
			0;
	mrp_declare(m, type, value,
		    mrp_type(m->app, type)->four ? rnd_below(&w->seed, 4) : 0);
}

static void assert_agreed(struct world *w, int side)
{
	struct mrp *m = &w->m[side], *o = &w->m[!side];
	int declared = 0, registered = 0;

	for (struct mrp_attr *a = m->first; a; a = a->next) {
		struct mrp_attr *b = mrp_find(o, a->type, a->ours);
		size_t bytes = mrp_type(m->app, a->type)->value_bytes;

		if (!mrp_declared(a))
			continue;
		declared++;
		assert_true(mrp_registered(b));
		assert_memory_equal(a->ours, b->theirs, bytes);
		assert_int_equal(a->param, b->their_param);
	}
	for (struct mrp_attr *a = o->first; a; a = a->next)
		registered += mrp_registered(a);
	assert_int_equal(registered, declared);
}

static void an_hour(const struct mrp_app *app, struct world *w)
{
	for (int i = 0; i < 2; i++)
		mrp_init(&w->m[i], app, 7 + i, w->now_ns);
	for (unsigned int ms = 0; ms < HOUR_MS;) {
		w->loss = rnd_below(&w->seed, 60);
		for (int i = rnd_below(&w->seed, 30); i >= 0; i--) {
			unsigned int wait = rnd_below(&w->seed, 1000);

			anything(w);
			if (!rnd_below(&w->seed, 10))
				mrp_link_down(&w->m[rnd_below(&w->seed, 2)]);
			pass(w, wait);
			ms += wait;
		}
		w->loss = 0;
		pass(w, QUIET_MS);
		ms += QUIET_MS;
		assert_agreed(w, 0);
		assert_agreed(w, 1);
	}
	assert_int_equal(w->m[0].malformed + w->m[1].malformed, 0);
	for (int i = 0; i < 2; i++)
		mrp_free(&w->m[i]);
}

static void hour_of_each(void **state)
{
	static const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0,
					  0,	      65535,	   1 };
	struct world w = { .seed = 42, .now_ns = 1000000000 };

	(void)state;
	if (pcap_path) {
		w.pcap = fopen(pcap_path, "wb");
		assert_non_null(w.pcap);
		fwrite(head, sizeof(head), 1, w.pcap);
	}
	an_hour(&msrp_app, &w);
	an_hour(&mvrp_app, &w);
	if (w.pcap)
		assert_int_equal(fclose(w.pcap), 0);
}

static struct mrp_attr *exchange(struct world *w, const uint8_t *value)
{
	for (int i = 0; i < 2; i++)
		mrp_init(&w->m[i], &msrp_app, 7 + i, w->now_ns);
	mrp_declare(&w->m[0], MSRP_LISTENER, value, MSRP_READY);
	pass(w, 1000);
	return mrp_find(&w->m[1], MSRP_LISTENER, value);
}

static void end(struct world *w)
{
	mrp_free(&w->m[0]);
	mrp_free(&w->m[1]);
}

/* What another participant on our port sends is not what the bridge sends. */
static void another_on_the_port(void **state)
{
	struct world w = { .seed = 1, .now_ns = 1000000000 };
	const uint8_t value[8] = { 1 };
	uint8_t pdu[MRP_PDU_MAX];
	struct mrp_attr *a;
	struct mrp other;
	size_t bytes;

	(void)state;
	assert_true(mrp_registered(exchange(&w, value)));
	a = mrp_find(&w.m[0], MSRP_LISTENER, value);
	assert_int_equal(a->applicant, MRP_QA);
	/* it declares the same: nothing registered, nothing said */
	mrp_init(&other, &msrp_app, 3, w.now_ns);
	mrp_declare(&other, MSRP_LISTENER, value, MSRP_ASKING_FAILED);
	bytes = mrp_transmit(&other, pdu, sizeof(pdu), w.now_ns);
	mrp_receive(&w.m[0], pdu, bytes, true, w.now_ns);
	assert_false(mrp_registered(a));
	assert_int_equal(a->param, MSRP_READY);
	assert_false(w.m[0].want);
	/* it withdraws: we say that we do not */
	mrp_withdraw(&other, mrp_find(&other, MSRP_LISTENER, value));
	bytes = mrp_transmit_now(&other, pdu, sizeof(pdu), w.now_ns);
	mrp_receive(&w.m[0], pdu, bytes, true, w.now_ns);
	mrp_receive(&w.m[1], pdu, bytes, false, w.now_ns);
	assert_false(mrp_registered(mrp_find(&w.m[1], MSRP_LISTENER, value)));
	pass(&w, 300);
	assert_true(mrp_registered(mrp_find(&w.m[1], MSRP_LISTENER, value)));
	/* its LeaveAll is ours: the bridge will forget what we do not repeat */
	other.leaveall_ns = w.now_ns;
	mrp_timers(&other, w.now_ns);
	bytes = mrp_transmit_now(&other, pdu, sizeof(pdu), w.now_ns);
	mrp_receive(&w.m[0], pdu, bytes, true, w.now_ns);
	mrp_receive(&w.m[1], pdu, bytes, false, w.now_ns);
	pass(&w, 6000);
	assert_true(mrp_registered(mrp_find(&w.m[1], MSRP_LISTENER, value)));
	mrp_free(&other);
	end(&w);
}

/* kill -9: LeaveAll and LeaveTime end it. */
static void silence(void **state)
{
	struct world w = { .seed = 1, .now_ns = 1000000000 };
	const uint8_t value[8] = { 1 };

	(void)state;
	assert_true(mrp_registered(exchange(&w, value)));
	mrp_free(&w.m[0]);
	mrp_init(&w.m[0], &msrp_app, 9, w.now_ns);
	w.m[0].leaveall_ns = MRP_NEVER;
	pass(&w, QUIET_MS);
	assert_null(mrp_find(&w.m[1], MSRP_LISTENER, value));
	end(&w);
}

/* What the other side says of the same stream never changes what we declare. */
static void their_listener(void **state)
{
	struct world w = { .seed = 1, .now_ns = 1000000000 };
	const uint8_t value[8] = { 1 };
	struct mrp_attr *a;

	(void)state;
	exchange(&w, value);
	mrp_declare(&w.m[1], MSRP_LISTENER, value, MSRP_ASKING_FAILED);
	pass(&w, 30000);
	a = mrp_find(&w.m[0], MSRP_LISTENER, value);
	assert_int_equal(a->param, MSRP_READY);
	assert_int_equal(a->their_param, MSRP_ASKING_FAILED);
	assert_int_equal(mrp_find(&w.m[1], MSRP_LISTENER, value)->their_param,
			 MSRP_READY);
	end(&w);
}

/* Advertise turns to Failed and back; never are both registered. */
static void one_of_a_kind(void **state)
{
	struct world w = { .seed = 1, .now_ns = 1000000000 };
	uint8_t value[34] = { 1 };

	(void)state;
	exchange(&w, value);
	for (int i = 0; i < 6; i++) {
		uint8_t type = 1 + i % 2, twin = 2 - i % 2;
		struct mrp_attr *was = mrp_find(&w.m[1], twin, value);

		if (mrp_declared(was))
			mrp_withdraw(&w.m[1], was);
		mrp_declare(&w.m[1], type, value, 0);
		for (int n = 0; n < 100; n++) {
			step(&w);
			assert_false(
				mrp_registered(mrp_find(&w.m[0], 1, value)) &&
				mrp_registered(mrp_find(&w.m[0], 2, value)));
		}
		assert_true(mrp_registered(mrp_find(&w.m[0], type, value)));
	}
	end(&w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hour_of_each),
		cmocka_unit_test(another_on_the_port),
		cmocka_unit_test(silence),
		cmocka_unit_test(their_listener),
		cmocka_unit_test(one_of_a_kind),
	};

	pcap_path = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
