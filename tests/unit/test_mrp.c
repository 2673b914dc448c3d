// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Every cell of tables 10-3 to 10-6 of IEEE 802.1Q, as the standard lays them out. */
#include "test.h"

#include "../../lib/srp/mrp.h"

static const char *const states[] = { "VO", "VP", "VN", "AN", "AA", "QA",
				      "LA", "AO", "QO", "AP", "QP", "LO" };

/*
 * A cell: what is sent, then the next state; "-x-": nothing. Notes behind it:
 * "s" only on shared media, "p" only point-to-point, "8" AA if the registrar is
 * not IN, and "o" where the standard lets observers become LO, which they do on
 * shared media only (as Avnu's tests want it).
 */
struct row {
	enum mrp_event ev;
	const char *cells[MRP_STATES];
};

/* clang-format off */
static const struct row table_10_3[] = {
	/*		   VO	    VP	    VN	    AN	      AA      QA       LA       AO       QO       AP       QP       LO */
	{ MRP_BEGIN,	 { "VO",    "VO",   "VO",   "VO",     "VO",   "VO",    "VO",    "VO",    "VO",    "VO",    "VO",    "VO"    } },
	{ MRP_NEW,	 { "VN",    "VN",   "-x-",  "-x-",    "VN",   "VN",    "VN",    "VN",    "VN",    "VN",    "VN",    "VN"    } },
	{ MRP_JOIN,	 { "VP",    "-x-",  "-x-",  "-x-",    "-x-",  "-x-",   "AA",    "AP",    "QP",    "-x-",   "-x-",   "VP"    } },
	{ MRP_LEAVE,	 { "-x-",   "VO",   "LA",   "LA",     "LA",   "LA",    "-x-",   "-x-",   "-x-",   "AO",    "QO",    "-x-"   } },
	{ MRP_R_NEW,	 { "-x-",   "-x-",  "-x-",  "-x-",    "-x-",  "-x-",   "-x-",   "-x-",   "-x-",   "-x-",   "-x-",   "-x-"   } },
	{ MRP_R_JOIN_IN, { "AO s",  "AP s", "-x-",  "-x-",    "QA",   "-x-",   "-x-",   "QO",    "-x-",   "QP",    "-x-",   "-x-"   } },
	{ MRP_R_IN,	 { "-x-",   "-x-",  "-x-",  "-x-",    "QA p", "-x-",   "-x-",   "-x-",   "-x-",   "-x-",   "-x-",   "-x-"   } },
	{ MRP_R_JOIN_MT, { "-x-",   "-x-",  "-x-",  "-x-",    "-x-",  "AA",    "-x-",   "-x-",   "AO",    "-x-",   "AP",    "VO"    } },
	{ MRP_R_MT,	 { "-x-",   "-x-",  "-x-",  "-x-",    "-x-",  "AA",    "-x-",   "-x-",   "AO",    "-x-",   "AP",    "VO"    } },
	{ MRP_R_LV,	 { "LO o",  "-x-",  "-x-",  "VN",     "VP",   "VP",    "-x-",   "LO o",  "LO o",  "VP",    "VP",    "-x-"   } },
	{ MRP_R_LA,	 { "LO o",  "-x-",  "-x-",  "VN",     "VP",   "VP",    "-x-",   "LO o",  "LO o",  "VP",    "VP",    "-x-"   } },
	{ MRP_REDECLARE, { "LO o",  "-x-",  "-x-",  "VN",     "VP",   "VP",    "-x-",   "LO o",  "LO o",  "VP",    "VP",    "-x-"   } },
	{ MRP_PERIODIC,	 { "-x-",   "-x-",  "-x-",  "-x-",    "-x-",  "AA",    "-x-",   "-x-",   "-x-",   "-x-",   "AP",    "-x-"   } },
	{ MRP_TX,	 { "[s]VO", "sJAA", "sNAN", "sNQA 8", "sJQA", "[sJ]QA","sLVO",  "[s]AO", "[s]QO", "sJQA",  "[s]QP", "sVO"   } },
	{ MRP_TX_LA,	 { "[s]LO o","sAA", "sNAN", "sNQA",   "sJQA", "sJQA",  "[s]LO", "[s]LO o","[s]LO o","sJQA","sJQA",  "[s]LO" } },
	{ MRP_TX_LAF,	 { "LO o",  "VP",   "VN",   "VN",     "VP",   "VP",    "LO",    "LO o",  "LO o",  "VP",    "VP",    "-x-"   } },
};
/* clang-format on */

/* Longer ones first. */
static const struct {
	const char *text;
	enum mrp_send send;
} sends[] = {
	{ "[sJ]", MRP_SEND_MAY_JOIN }, { "[s]", MRP_SEND_MAY_NULL },
	{ "sJ", MRP_SEND_JOIN },       { "sN", MRP_SEND_NEW },
	{ "sL", MRP_SEND_LV },	       { "s", MRP_SEND_NULL },
};

static int state_of(const char *name)
{
	for (int s = 0; s < MRP_STATES; s++)
		if (!strncmp(states[s], name, 2))
			return s;
	fail_msg("no state %s", name);
	return -1;
}

static void applicant_cell(const char *text, enum mrp_event ev, int from,
			   bool in, bool p2p)
{
	enum mrp_send send = MRP_SEND_NOTHING, got;
	uint8_t state = from;
	int next = from;

	if (strcmp(text, "-x-")) {
		const char *at = text, *note;

		for (size_t i = 0; i < N_ELEMS(sends); i++) {
			if (strncmp(text, sends[i].text, strlen(sends[i].text)))
				continue;
			send = sends[i].send;
			at += strlen(sends[i].text);
			break;
		}
		next = state_of(at);
		note = strchr(at, ' ') ? strchr(at, ' ') + 1 : "";
		if (*note == '8' && !in)
			next = MRP_AA;
		if ((*note == 's' && p2p) || (*note == 'p' && !p2p) ||
		    (*note == 'o' && p2p)) {
			next = from;
			send = MRP_SEND_NOTHING;
		}
	}
	got = mrp_applicant(&state, ev, in, p2p);
	if (state != next || got != send)
		fail_msg("event %d in %s (in %d, p2p %d): to %s, sends %d; the "
			 "table has %s",
			 ev, states[from], in, p2p, states[state], got, text);
}

static void applicant(void **state)
{
	(void)state;
	assert_int_equal(N_ELEMS(table_10_3), MRP_FLUSH);
	for (size_t i = 0; i < N_ELEMS(table_10_3); i++)
		for (int s = 0; s < MRP_STATES; s++)
			for (int how = 0; how < 4; how++)
				applicant_cell(table_10_3[i].cells[s],
					       table_10_3[i].ev, s, how & 1,
					       how & 2);
}

/* Actions, then the next state; "+" starts the leave timer, "." stops it. */
static const struct registrar_row {
	enum mrp_event ev;
	const char *in, *lv, *mt;
} table_10_4[] = {
	{ MRP_BEGIN, ".MT", ".MT", ".MT" },
	{ MRP_R_NEW, "New IN", "New .IN", "New IN" },
	{ MRP_R_JOIN_IN, "IN", ".IN", "Join IN" },
	{ MRP_R_JOIN_MT, "IN", ".IN", "Join IN" },
	{ MRP_R_LV, "+LV", "LV", "MT" },
	{ MRP_R_LA, "+LV", "LV", "MT" },
	{ MRP_TX_LA, "+LV", "LV", "MT" },
	{ MRP_REDECLARE, "+LV", "LV", "MT" },
	{ MRP_FLUSH, "Lv .MT", "Lv .MT", "MT" },
	{ MRP_LEAVE_TIMER, "IN", "Lv .MT", "MT" },
	/* what is not in the table */
	{ MRP_NEW, "IN", "LV", "MT" },
	{ MRP_JOIN, "IN", "LV", "MT" },
	{ MRP_LEAVE, "IN", "LV", "MT" },
	{ MRP_R_IN, "IN", "LV", "MT" },
	{ MRP_R_MT, "IN", "LV", "MT" },
	{ MRP_PERIODIC, "IN", "LV", "MT" },
	{ MRP_TX, "IN", "LV", "MT" },
	{ MRP_TX_LAF, "IN", "LV", "MT" },
};

static void registrar_cell(const char *text, enum mrp_event ev,
			   enum mrp_registrar from)
{
	static const char *const names[] = { "MT", "LV", "IN" };
	static const char *const tells[] = { "", "New ", "Join ", "Lv " };
	static const char *const timers[] = { "", "+", "." };
	enum mrp_timer timer;
	uint8_t state = from;
	enum mrp_told told = mrp_registrar(&state, ev, &timer);
	char got[32];

	snprintf(got, sizeof(got), "%s%s%s", tells[told], timers[timer],
		 names[state]);
	if (strcmp(got, text))
		fail_msg("event %d in %s: %s; the table has %s", ev,
			 names[from], got, text);
}

static void registrar(void **state)
{
	(void)state;
	assert_int_equal(N_ELEMS(table_10_4), MRP_EVENTS);
	for (size_t i = 0; i < N_ELEMS(table_10_4); i++) {
		const struct registrar_row *r = &table_10_4[i];

		registrar_cell(r->in, r->ev, MRP_IN);
		registrar_cell(r->lv, r->ev, MRP_LV);
		registrar_cell(r->mt, r->ev, MRP_MT);
	}
}

struct two_states {
	int ev;
	bool from, to, does;
	enum mrp_timer timer;
};

static void leaveall(void **state)
{
	static const struct two_states table_10_5[] = {
		{ MRP_BEGIN, true, false, false, MRP_TIMER_START },
		{ MRP_BEGIN, false, false, false, MRP_TIMER_START },
		{ MRP_TX, true, false, true, MRP_TIMER_KEEP },
		{ MRP_TX, false, false, false, MRP_TIMER_KEEP },
		{ MRP_R_LA, true, false, false, MRP_TIMER_START },
		{ MRP_R_LA, false, false, false, MRP_TIMER_START },
		{ MRP_LEAVE_TIMER, true, true, false, MRP_TIMER_START },
		{ MRP_LEAVE_TIMER, false, true, false, MRP_TIMER_START },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(table_10_5); i++) {
		const struct two_states *c = &table_10_5[i];
		enum mrp_timer timer;
		bool active = c->from;

		assert_int_equal(mrp_leaveall(&active, c->ev, &timer), c->does);
		assert_int_equal(active, c->to);
		assert_int_equal(timer, c->timer);
	}
}

static void periodic(void **state)
{
	static const struct two_states table_10_6[] = {
		{ MRP_PERIODIC_BEGIN, true, true, false, MRP_TIMER_START },
		{ MRP_PERIODIC_BEGIN, false, true, false, MRP_TIMER_START },
		{ MRP_PERIODIC_ENABLED, true, true, false, MRP_TIMER_KEEP },
		{ MRP_PERIODIC_ENABLED, false, true, false, MRP_TIMER_START },
		{ MRP_PERIODIC_DISABLED, true, false, false, MRP_TIMER_KEEP },
		{ MRP_PERIODIC_DISABLED, false, false, false, MRP_TIMER_KEEP },
		{ MRP_PERIODIC_TIMER, true, true, true, MRP_TIMER_START },
		{ MRP_PERIODIC_TIMER, false, false, false, MRP_TIMER_KEEP },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(table_10_6); i++) {
		const struct two_states *c = &table_10_6[i];
		enum mrp_timer timer;
		bool active = c->from;

		assert_int_equal(mrp_periodic(&active, c->ev, &timer), c->does);
		assert_int_equal(active, c->to);
		assert_int_equal(timer, c->timer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applicant),
		cmocka_unit_test(registrar),
		cmocka_unit_test(leaveall),
		cmocka_unit_test(periodic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
