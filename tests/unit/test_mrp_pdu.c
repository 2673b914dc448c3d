// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* MRPDUs: those of others are understood, ours are what they should be. */
#include <errno.h>

#include "test.h"

#include "../../lib/srp/msrp.h"

static int hex(const char *text, uint8_t *to)
{
	int n = 0, used;
	unsigned int byte;

	while (sscanf(text, " %2x%n", &byte, &used) == 1) {
		to[n++] = byte;
		text += used;
	}
	return n;
}

/* What a PDU says, a line a value. */
struct heard {
	const struct mrp_app *app;
	char text[2048];
};

static void hear(void *arg, const struct mrp_value *v)
{
	static const char *const events[] = { "New",	 "JoinIn", "In",
					      "JoinMt",	 "Mt",	   "Lv",
					      "LeaveAll" };
	struct heard *h = arg;
	size_t n = strlen(h->text), room = sizeof(h->text) - n;

	n += snprintf(h->text + n, room, "%d %s", v->type, events[v->event]);
	if (v->value)
		n += snprintf(h->text + n, sizeof(h->text) - n, " ");
	for (int i = 0; v->value && i < mrp_type(h->app, v->type)->value_bytes;
	     i++)
		n += snprintf(h->text + n, sizeof(h->text) - n, "%02x",
			      v->value[i]);
	if (v->param)
		n += snprintf(h->text + n, sizeof(h->text) - n, " %d",
			      v->param);
	snprintf(h->text + n, sizeof(h->text) - n, "\n");
}

static const struct row {
	const struct mrp_app *app;
	const char *why;
	const char *pdu;
	int err;
	const char *says;
} rows[] = {
	{ &msrp_app, "a domain of PipeWire's",
	  "00 04 04 0009 0001 06030002 24 0000 0000", 0,
	  "4 JoinIn 06030002\n" },
	{ &msrp_app, "its Talker Advertise",
	  "00 01 19 001e 0001 12057d29ea410000 91e0f000a43c 0002 00e0 0001 70 "
	  "0000005f 24 0000 0000",
	  0, "1 JoinIn 12057d29ea41000091e0f000a43c000200e00001700000005f\n" },
	{ &msrp_app, "a listener that leaves",
	  "00 03 08 000e 0001 12057d29ea410000 b4 80 0000 0000", 0,
	  "3 Lv 12057d29ea410000 2\n" },
	{ &mvrp_app, "a VID", "00 01 02 0001 0002 24 0000 0000", 0,
	  "1 JoinIn 0002\n" },
	{ &mvrp_app, "padding behind it",
	  "00 01 02 0001 0002 00 0000 0000 00000000000000000000", 0,
	  "1 New 0002\n" },
	{ &mvrp_app, "no end mark at the end", "00 01 02 0001 0002 00", 0,
	  "1 New 0002\n" },
	{ &mvrp_app, "LeaveAll alone", "00 01 02 2000 0000 0000 0000", 0,
	  "1 LeaveAll\n" },
	{ &mvrp_app, "LeaveAll, then what is declared again",
	  "00 01 02 2001 0002 6c 0000 0000", 0, "1 LeaveAll\n1 JoinMt 0002\n" },
	{ &mvrp_app, "four VIDs in a vector, across an octet",
	  "00 01 02 0004 00ff 2d 24 0000 0000", 0,
	  "1 JoinIn 00ff\n1 JoinIn 0100\n1 JoinMt 0101\n1 JoinIn 0102\n" },
	{ &mvrp_app, "two vectors",
	  "00 01 02 0001 0002 00 0001 0005 b4 0000 0000", 0,
	  "1 New 0002\n1 Lv 0005\n" },
	{ &msrp_app, "streams count up, and so do their addresses",
	  "00 01 19 001e 0002 00000000000000ff 91e0f00000ff 0002 00e0 0001 70 "
	  "0000005f 2a 0000 0000",
	  0,
	  "1 JoinIn 00000000000000ff91e0f00000ff000200e00001700000005f\n"
	  "1 JoinIn 000000000000010091e0f0000100000200e00001700000005f\n" },
	{ &msrp_app, "both classes", "00 04 04 0009 0002 05020002 2a 0000 0000",
	  0, "4 JoinIn 05020002\n4 JoinIn 06030002\n" },
	{ &msrp_app, "five listeners, each with its own declaration",
	  "00 03 08 0010 0005 0000000000000001 0006 6c80 0000 0000", 0,
	  "3 New 0000000000000001 1\n3 New 0000000000000002 2\n"
	  "3 New 0000000000000003 3\n3 New 0000000000000004\n"
	  "3 JoinIn 0000000000000005 2\n" },
	{ &msrp_app, "a type of a later version, and one of ours",
	  "01 09 02 0007 0001 1234 00 0000 04 04 0009 0001 06030002 24 0000 0000",
	  0, "4 JoinIn 06030002\n" },
	{ &mvrp_app, "the same, where no length is said",
	  "01 09 03 0001 123456 00 0000 01 02 0001 0002 24 0000 0000", 0,
	  "1 JoinIn 0002\n" },
	{ &msrp_app, "two types",
	  "00 04 04 0009 0001 06030002 24 0000 03 08 000e "
	  "0001 0000000000000001 24 40 0000 0000",
	  0, "4 JoinIn 06030002\n3 JoinIn 0000000000000001 1\n" },
	{ &msrp_app, "nothing at all", "", -EBADMSG, NULL },
	{ &msrp_app, "a version and nothing", "00", 0, "" },
	{ &msrp_app, "a list that is longer than the PDU",
	  "00 04 04 000b 0001 06030002 24 0000 00", -EBADMSG, NULL },
	{ &msrp_app, "a vector that is longer than its list",
	  "00 04 04 0006 0001 06030002 24 0000 0000", -EBADMSG, NULL },
	{ &mvrp_app, "a vector that is longer than the PDU",
	  "00 01 02 1fff 0002 24", -EBADMSG, NULL },
	{ &msrp_app, "a talker of another length",
	  "00 01 18 001d 0001 12057d29ea410000 91e0f000a43c 0002 00e0 0001 70 "
	  "000000 24 0000 0000",
	  -EBADMSG, NULL },
	{ &mvrp_app, "an event that there is not",
	  "00 01 02 0001 0002 d8 0000 0000", -EBADMSG, NULL },
	{ &msrp_app, "half a header", "00 04 04 00", -EBADMSG, NULL },
};

static void understood(void **state)
{
	uint8_t bytes[256], *exact;

	(void)state;
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		struct heard h = { .app = rows[i].app };
		int n = hex(rows[i].pdu, bytes), err;

		exact = malloc(n ? n : 1); /* a byte too far is seen */
		memcpy(exact, bytes, n);
		err = mrp_parse(rows[i].app, exact, n, hear, &h);
		free(exact);
		if (err != rows[i].err ||
		    (rows[i].says && strcmp(h.text, rows[i].says)))
			fail_msg("%s: %d, %s", rows[i].why, err, h.text);
	}
}

static void assert_sent(struct mrp *m, uint64_t now_ns, const char *text)
{
	uint8_t want[MRP_PDU_MAX], got[MRP_PDU_MAX];
	size_t n = mrp_transmit(m, got, sizeof(got), now_ns);

	assert_int_equal(n, hex(text, want));
	assert_memory_equal(got, want, n);
}

/* New, then JoinMt as nobody else declares it, then silence; Lv at the end. */
static void said(void **state)
{
	uint64_t t = 1000 * MRP_MS;
	struct mrp_attr *a;
	uint8_t id[8];
	struct mrp m;

	(void)state;
	mrp_init(&m, &msrp_app, 1, t);
	assert_sent(&m, t, "");
	msrp_id_put(id, 0x12057d29ea410000);
	a = mrp_declare(&m, MSRP_LISTENER, id, MSRP_READY);
	assert_ptr_equal(a, mrp_declare(&m, MSRP_LISTENER, id, MSRP_READY));
	assert_sent(&m, t, "00 0308000e 0001 12057d29ea410000 00 80 0000 0000");
	assert_sent(&m, t + MRP_JOIN_NS - 1, "");
	for (int i = 0; i < 2; i++)
		assert_sent(
			&m, t += MRP_JOIN_NS,
			i ? "00 0308000e 0001 12057d29ea410000 6c 80 0000 0000" :
			    "00 0308000e 0001 12057d29ea410000 00 80 0000 0000");
	assert_int_equal(mrp_transmit(&m, id, 0, t += MRP_JOIN_NS), 0);
	a = mrp_declare(&m, MSRP_LISTENER, id, MSRP_ASKING_FAILED);
	assert_sent(&m, t, "00 0308000e 0001 12057d29ea410000 00 40 0000 0000");
	mrp_withdraw(&m, a);
	assert_sent(&m, t += MRP_JOIN_NS,
		    "00 0308000e 0001 12057d29ea410000 b4 40 0000 0000");
	mrp_timers(&m, t);
	assert_int_equal(m.n_attrs, 0);
	mrp_free(&m);
}

/* Of every type, with what is declared in the same message. */
static void said_of_all(void **state)
{
	const uint8_t vid[] = { 0, 2 };
	struct mrp m;

	(void)state;
	mrp_init(&m, &mvrp_app, 1, 0);
	m.periodic_ns = MRP_NEVER;
	mrp_timers(&m, m.leaveall_ns);
	assert_sent(&m, m.leaveall_ns, "00 0102 2000 0000 0000 0000");
	mrp_declare(&m, MVRP_VID, vid, 0);
	mrp_timers(&m, m.leaveall_ns);
	assert_sent(&m, m.leaveall_ns, "00 0102 2001 0002 00 0000 0000");
	mrp_free(&m);

	mrp_init(&m, &msrp_app, 1, 0);
	mrp_timers(&m, m.leaveall_ns);
	assert_sent(
		&m, m.leaveall_ns,
		"00 0119 001d 2000 00000000000000000000000000000000000000"
		"000000000000 0000 0222 0026 2000 000000000000000000000000"
		"00000000000000000000000000000000000000000000 0000 0308 000c"
		"2000 0000000000000000 0000 0404 0008 2000 00000000 0000 "
		"0000");
	mrp_free(&m);
}

/* More than a frame holds: the rest follows, and nothing is forgotten. */
static void more_than_a_frame(void **state)
{
	uint64_t t = 1000 * MRP_MS;
	struct mrp here, there;
	uint8_t pdu[MRP_PDU_MAX], value[34] = { 0 };
	int n = 0, registered = 0;
	size_t bytes;

	(void)state;
	mrp_init(&here, &msrp_app, 1, t);
	mrp_init(&there, &msrp_app, 2, t);
	for (int i = 0; i < 300; i++) {
		msrp_id_put(value, i);
		mrp_declare(&here, MSRP_TALKER_ADVERTISE, value, 0);
	}
	for (; n < 100 && here.want; n++) {
		bytes = mrp_transmit(&here, pdu, sizeof(pdu), t += MRP_JOIN_NS);
		assert_true(bytes && bytes <= MRP_PDU_MAX);
		assert_int_equal(mrp_receive(&there, pdu, bytes, false, t), 0);
	}
	for (struct mrp_attr *a = there.first; a; a = a->next)
		registered += mrp_registered(a);
	assert_int_equal(registered, 300);
	/* LeaveAll: what has no room in its frame says so afterwards */
	here.leaveall_ns = t;
	for (n = 0; n < 100 && (!n || here.want); n++) {
		mrp_timers(&here, t);
		bytes = mrp_transmit(&here, pdu, sizeof(pdu), t += MRP_JOIN_NS);
		mrp_receive(&there, pdu, bytes, false, t);
	}
	assert_true(n < 20); /* 15 frames: 3 s of 5 */
	for (struct mrp_attr *a = there.first; a; a = a->next)
		assert_int_equal(a->registrar, MRP_IN);
	mrp_free(&here);
	mrp_free(&there);
}

/* What strangers declare takes a bounded amount of memory. */
static void bounded(void **state)
{
	uint8_t pdu[6 + 2 + 2731 + 4] = { 0, 1, 2, 0x1f, 0xff, 0, 0 };
	struct mrp m;

	(void)state;
	mrp_init(&m, &mvrp_app, 1, 0);
	assert_int_equal(mrp_receive(&m, pdu, sizeof(pdu), false, 0), 0);
	assert_int_equal(m.n_attrs, MRP_ATTRS_MAX);
	assert_int_equal(m.refused, 0x1fff - MRP_ATTRS_MAX);
	mrp_free(&m);
}

static void fields(void **state)
{
	const struct msrp_talker t = { .stream_id = 0x0011223344550001,
				       .mac = { 0x91, 0xe0, 0xf0, 0, 1, 2 },
				       .vid = 5,
				       .max_frame_bytes = 224,
				       .interval_frames = 1,
				       .priority = 3,
				       .rank = 1,
				       .latency_ns = 4000000000,
				       .bridge = 0x8000001b21aabbcc,
				       .code = 8 };
	const struct msrp_domain d = { MSRP_CLASS_A, 3, 2 };
	struct msrp_talker back;
	struct msrp_domain domain;
	uint8_t value[34] = { 0 }, again[34] = { 0 };

	(void)state;
	msrp_talker_put(value, MSRP_TALKER_FAILED, &t);
	assert_int_equal(value[20], 0x70);
	msrp_talker_get(&back, MSRP_TALKER_FAILED, value);
	msrp_talker_put(again, MSRP_TALKER_FAILED, &back);
	assert_memory_equal(again, value, sizeof(value));
	assert_int_equal(back.latency_ns, t.latency_ns);
	assert_int_equal(back.code, 8);
	msrp_domain_put(value, &d);
	msrp_domain_get(&domain, value);
	assert_memory_equal(&domain, &d, sizeof(d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understood),
		cmocka_unit_test(said),
		cmocka_unit_test(said_of_all),
		cmocka_unit_test(more_than_a_frame),
		cmocka_unit_test(bounded),
		cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
