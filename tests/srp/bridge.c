// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A bridge of three ports for one test: bridge [OPTION...] IF IF IF
 *	--leaveall MS	LeaveAllTime, instead of 10 s
 *	--leave MS	LeaveTime, instead of the application's
 *	--drop N	of 100 MRPDUs that come N are lost
 *	--fail CODE	talkers become Talker Failed on their way, from SIGUSR1 on
 *	--priority N	of class A
 * It forwards AVTP only to ports where a listener is ready and the stream's VLAN
 * is registered, and says on standard output what is registered.
 */
#include <errno.h>
#include <poll.h>

#include "station.h"

enum { PORTS = 3 };

static struct station ports[PORTS];
static int leaveall_ms, leave_ms, drop, fail_code, priority = 3;
static volatile sig_atomic_t failing;

static void on_usr1(int sig)
{
	(void)sig;
	failing = !failing;
}

static const struct mrp_attr *talker_on(struct station *s, const uint8_t *id)
{
	for (uint8_t type = MSRP_TALKER_ADVERTISE; type <= MSRP_TALKER_FAILED;
	     type++) {
		struct mrp_attr *a = mrp_find(&s->msrp, type, id);

		if (mrp_registered(a))
			return a;
	}
	return NULL;
}

/* ---- attribute propagation: what is declared on a port, from the others ---- */

/* enum msrp_listener: of the other ports' listeners, put together. */
static int listeners_behind(int p, const uint8_t *id)
{
	bool ready = false, asking = false;

	for (int o = 0; o < PORTS; o++) {
		struct mrp_attr *a =
			mrp_find(&ports[o].msrp, MSRP_LISTENER, id);

		if (o == p || !mrp_registered(a))
			continue;
		ready |= a->their_param & MSRP_READY;
		asking |= a->their_param & MSRP_ASKING_FAILED;
	}
	return (ready ? MSRP_READY : 0) | (asking ? MSRP_ASKING_FAILED : 0);
}

static uint8_t type_out(const struct mrp_attr *talker)
{
	return failing ? MSRP_TALKER_FAILED : talker->type;
}

static void pass_talker(int p, const struct mrp_attr *a)
{
	struct msrp_talker t;
	uint8_t value[MRP_VALUE_MAX], type = type_out(a);

	msrp_talker_get(&t, a->type, a->theirs);
	t.latency_ns += 1000;
	if (type != a->type) {
		t.code = fail_code;
		t.bridge = 0x8000000000000001;
	}
	msrp_talker_put(value, type, &t);
	mrp_declare(&ports[p].msrp, type, value, 0);
}

static void pass_on(int p, int from)
{
	struct mrp_attr *a;
	int how;

	for (a = ports[from].mvrp.first; a; a = a->next)
		if (mrp_registered(a))
			mrp_declare(&ports[p].mvrp, MVRP_VID, a->theirs, 0);
	for (a = ports[from].msrp.first; a; a = a->next) {
		if (!mrp_registered(a))
			continue;
		if (a->type <= MSRP_TALKER_FAILED)
			pass_talker(p, a);
		how = listeners_behind(p, a->theirs);
		if (a->type == MSRP_LISTENER && how &&
		    talker_on(&ports[p], a->theirs))
			mrp_declare(&ports[p].msrp, MSRP_LISTENER, a->theirs,
				    how);
	}
}

static bool still(int p, const struct mrp_attr *a)
{
	bool any = false;

	if (a->type == MSRP_LISTENER)
		return talker_on(&ports[p], a->theirs) &&
		       listeners_behind(p, a->theirs);
	for (int o = 0; o < PORTS; o++) {
		const struct mrp_attr *t =
			o == p ? NULL : talker_on(&ports[o], a->theirs);

		any |= t && type_out(t) == a->type;
	}
	return any || a->type == MSRP_DOMAIN;
}

static bool vid_still(int p, const struct mrp_attr *a)
{
	bool any = false;

	for (int o = 0; o < PORTS; o++)
		any |= o != p && mrp_registered(mrp_find(&ports[o].mvrp,
							 MVRP_VID, a->theirs));
	return any;
}

static void propagate(void)
{
	for (int p = 0; p < PORTS; p++) {
		struct mrp_attr *a;

		for (int o = 0; o < PORTS; o++)
			if (o != p)
				pass_on(p, o);
		for (a = ports[p].msrp.first; a; a = a->next)
			if (mrp_declared(a) && !still(p, a))
				mrp_withdraw(&ports[p].msrp, a);
		for (a = ports[p].mvrp.first; a; a = a->next)
			if (mrp_declared(a) && !vid_still(p, a))
				mrp_withdraw(&ports[p].mvrp, a);
	}
}

/* ---- streams ---- */

static void forward(int from, const uint8_t *frame, size_t bytes)
{
	const struct mrp_attr *talker;
	uint8_t out[2048], vid[2];
	struct msrp_talker t;

	if (bytes < 26 || bytes > 1600 || frame[12] != 0x22 ||
	    frame[13] != 0xf0)
		return;
	talker = talker_on(&ports[from], frame + 18);
	if (!talker)
		return;
	msrp_talker_get(&t, talker->type, talker->theirs);
	memcpy(out, frame, 12);
	out[12] = 0x81;
	out[13] = 0;
	out[14] = t.priority << 5 | t.vid >> 8;
	out[15] = t.vid & 0xff;
	memcpy(out + 16, frame + 12, bytes - 12);
	mvrp_vid_put(vid, t.vid);
	for (int p = 0; p < PORTS; p++) {
		const struct mrp_attr *l =
			mrp_find(&ports[p].msrp, MSRP_LISTENER, frame + 18);

		if (p != from && mrp_registered(l) &&
		    l->their_param & MSRP_READY && !failing &&
		    mrp_registered(mrp_find(&ports[p].mvrp, MVRP_VID, vid)) &&
		    send(ports[p].fd, out, bytes + 4, 0) < 0 &&
		    errno != ENOBUFS)
			perror(ports[p].name);
	}
}

/* Lv is told of when it comes: a Join that follows at once would hide it. */
static void see(void *arg, const struct mrp_value *v)
{
	const struct station *s = arg;

	if (v->type == MSRP_LISTENER && v->event == MRP_WIRE_LV)
		printf("%s withdrawn\n", s->name);
	if (v->type == MSRP_DOMAIN && v->event == MRP_WIRE_LEAVEALL)
		printf("%s leaveall\n", s->name);
}

static void receive(int p)
{
	uint8_t frame[2048];
	ssize_t n;

	for (int i = 0; i < 1000; i++) {
		n = recv(ports[p].fd, frame, sizeof(frame), 0);
		if (n < 0)
			return;
		if (n >= 14 && frame[0] == 1 && frame[1] == 0x80 &&
		    random() % 100 < drop)
			continue;
		if (n > 14 && frame[12] == 0x22 && frame[13] == 0xea)
			mrp_parse(&msrp_app, frame + 14, n - 14, see,
				  &ports[p]);
		if (!station_take(&ports[p], frame, n))
			forward(p, frame, n);
	}
}

static int parse(int argc, char **argv)
{
	const struct {
		const char *name;
		int *to;
	} options[] = { { "--leaveall", &leaveall_ms },
			{ "--leave", &leave_ms },
			{ "--drop", &drop },
			{ "--fail", &fail_code },
			{ "--priority", &priority } };
	int at = 1;

	for (; at + 1 < argc && argv[at][0] == '-'; at += 2)
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]);
		     i++)
			if (!strcmp(argv[at], options[i].name))
				*options[i].to = atoi(argv[at + 1]);
	return at;
}

static void start(int p, const char *name)
{
	const struct msrp_domain d = { MSRP_CLASS_A, priority, 2 };
	struct station *s = &ports[p];
	struct mrp *const both[] = { &s->mvrp, &s->msrp };
	uint8_t value[MRP_VALUE_MAX] = { 0 };

	station_open(s, name);
	for (int i = 0; i < 2; i++) {
		if (leaveall_ms) {
			both[i]->leaveall_time_ns = leaveall_ms * MRP_MS;
			both[i]->leaveall_ns =
				now() + both[i]->leaveall_time_ns;
		}
		if (leave_ms)
			both[i]->leave_time_ns = leave_ms * MRP_MS;
	}
	msrp_domain_put(value, &d);
	mrp_declare(&s->msrp, MSRP_DOMAIN, value, 0);
}

int main(int argc, char **argv)
{
	int first = parse(argc, argv);
	struct pollfd fds[PORTS];

	if (argc - first != PORTS)
		return 2;
	stop_on_signals();
	signal(SIGUSR1, on_usr1);
	for (int p = 0; p < PORTS; p++) {
		start(p, argv[first + p]);
		fds[p] = (struct pollfd){ ports[p].fd, POLLIN, 0 };
	}
	while (!stopped) {
		poll(fds, PORTS, 10);
		for (int p = 0; p < PORTS; p++)
			receive(p);
		propagate();
		for (int p = 0; p < PORTS; p++) {
			station_tell(&ports[p], &ports[p].mvrp, MVRP_VID,
				     "vid");
			station_tell(&ports[p], &ports[p].msrp, MSRP_LISTENER,
				     "listener");
			station_tell(&ports[p], &ports[p].msrp, MSRP_DOMAIN,
				     "domain");
			station_send(&ports[p]);
		}
	}
	return 0;
}
