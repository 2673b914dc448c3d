// SPDX-License-Identifier: MIT
/* Tells bridges that a listener is here, as long as it runs. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

enum {
	TICK_MS = 100,
	STREAMS_MAX = 64,
	LONELY_S = 3, /* so long no bridge spoke, and it is said */
};

static double seconds;
static bool json;
static const char *dir;

static const struct option options[] = {
	{ "seconds", "S", "stop after S seconds", parse_seconds, &seconds, 0,
	  0 },
	{ "json", NULL, "a JSON object per line", parse_flag, &json, 0, 0 },
	{ "dir", "DIR", "without STREAM_ID: the *.conf of DIR (/etc/avtpmap.d)",
	  parse_string, &dir, 0, 0 },
	{ 0 },
};

/* What is to be told at the end: whose talker was never advertised. */
struct reserve {
	struct avtpmap_srp *s;
	const char *ifname;
	uint64_t ids[STREAMS_MAX];
	bool ready[STREAMS_MAX];
	int n;
	bool lonely_told;
};

static const char *const states[] = { "none", "advertised", "failed" };

static void print_object(const struct avtpmap_srp_talker *t)
{
	struct json_object *o = json_object_new_object();
	char mac[MAC_TEXT];

	json_object_object_add(o, "stream_id", json_stream_id(t->stream_id));
	json_object_object_add(o, "talker",
			       json_object_new_string(states[t->state]));
	json_object_object_add(
		o, "listener",
		!t->declared ?
			NULL :
			json_object_new_string(t->state == AVTPMAP_SRP_FAILED ?
						       "asking failed" :
						       "ready"));
	if (t->state == AVTPMAP_SRP_FAILED) {
		json_object_object_add(o, "failure_code",
				       json_u64(t->failure_code));
		json_object_object_add(
			o, "failure",
			json_object_new_string(
				avtpmap_srp_failure_text(t->failure_code)));
		json_object_object_add(o, "failure_bridge",
				       json_stream_id(t->failure_bridge));
	}
	if (t->state != AVTPMAP_SRP_NONE) {
		json_object_object_add(
			o, "mac",
			json_object_new_string(mac_text(mac, t->mac)));
		json_object_object_add(o, "vid", json_u64(t->vid));
		json_object_object_add(o, "priority", json_u64(t->priority));
		json_object_object_add(o, "latency_ns",
				       json_u64(t->latency_ns));
	}
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static void print_text(const struct avtpmap_srp_talker *t)
{
	char id[24], bridge[24], mac[MAC_TEXT];

	avtpmap_stream_id_to_text(id, t->stream_id);
	switch (t->state) {
	case AVTPMAP_SRP_ADVERTISED:
		printf("%s ready: to %s, VLAN %u, "
		       "priority %u, at most %u us from the talker\n",
		       id, mac_text(mac, t->mac), t->vid, t->priority,
		       t->latency_ns / 1000);
		break;
	case AVTPMAP_SRP_FAILED:
		printf("%s failed: %s (code %u, bridge %s)\n", id,
		       avtpmap_srp_failure_text(t->failure_code),
		       t->failure_code,
		       avtpmap_stream_id_to_text(bridge, t->failure_bridge));
		break;
	default:
		printf("%s no talker is heard\n", id);
	}
}

static int print_changes(struct reserve *r)
{
	struct avtpmap_srp_talker t;

	while (avtpmap_srp_next(r->s, &t, sizeof(t))) {
		for (int i = 0; i < r->n; i++)
			if (r->ids[i] == t.stream_id)
				r->ready[i] |= t.state ==
					       AVTPMAP_SRP_ADVERTISED;
		(json ? print_object : print_text)(&t);
	}
	return fflush(stdout) ? FAILURE : OK;
}

/* Nothing is wrong with it, but nobody will reserve anything either. */
static void say_lonely(struct reserve *r, double since_s)
{
	struct avtpmap_srp_info info;

	if (r->lonely_told || clock_s(CLOCK_MONOTONIC) < since_s + LONELY_S)
		return;
	avtpmap_srp_info(r->s, &info, sizeof(info));
	r->lonely_told = true;
	if (!info.link)
		fprintf(stderr,
			"avtpmap: %s has no link: ip link set %s up, or look "
			"at the cable\n",
			r->ifname, r->ifname);
	else if (!info.domain)
		fprintf(stderr,
			"avtpmap: nobody on %s speaks MSRP: without an AVB "
			"bridge, or one that finds gPTP on the port (ptp4l "
			"with its gPTP profile), nothing is reserved\n",
			r->ifname);
}

static int keep(struct reserve *r)
{
	double start_s = clock_s(CLOCK_MONOTONIC);
	struct pollfd p = { .fd = avtpmap_srp_fd(r->s), .events = POLLIN };
	int err, ret = OK;

	while (!stopped && ret == OK &&
	       (!seconds || clock_s(CLOCK_MONOTONIC) < start_s + seconds)) {
		err = avtpmap_srp_work(r->s);
		if (err)
			return fail(err, "%s: the interface went", r->ifname);
		ret = print_changes(r);
		say_lonely(r, start_s);
		if (!stopped)
			poll(&p, 1, TICK_MS);
	}
	return ret;
}

static int ready_at_all(const struct reserve *r)
{
	char id[24];

	for (int i = 0; i < r->n; i++)
		if (!r->ready[i])
			return fail(-ENOLINK, "%s was never advertised to %s",
				    avtpmap_stream_id_to_text(id, r->ids[i]),
				    r->ifname);
	return OK;
}

/* Until the end, for r->ids. */
static int reserve(struct reserve *r)
{
	char error[256] = "";
	int ret, err;

	if (check_interface(r->ifname))
		return FAILURE;
	stop_on(SIGINT);
	stop_on(SIGTERM);
	stop_on(SIGHUP);
	err = avtpmap_srp_open(&r->s,
			       AVTPMAP_OPTS(avtpmap_srp_opts,
					    .ifname = r->ifname, .error = error,
					    .error_bytes = sizeof(error)));
	if (err)
		return fail(err, "%s", error);
	for (int i = 0; i < r->n && !err; i++)
		err = avtpmap_srp_reserve(r->s, r->ids[i]);
	if (err == -EEXIST)
		ret = usage_error("a stream is named twice");
	else if (err)
		ret = fail(err, "out of memory");
	else
		ret = keep(r);
	avtpmap_srp_close(r->s);
	return ret;
}

/* Nobody waits to hear whether all were advertised: a unit keeps them. */
static int reserve_configured(struct reserve *r)
{
	r->n = config_reserved(dir, r->ifname, r->ids, STREAMS_MAX);
	if (r->n < 0)
		return FAILURE;
	if (!r->n)
		fprintf(stderr, "avtpmap: no stream of %s has reserve=yes\n",
			r->ifname);
	return r->n ? reserve(r) : OK;
}

static int run(int argc, char **argv)
{
	struct reserve r = { .ifname = argv[0], .n = argc - 1 };
	int ret;

	if (!r.n)
		return reserve_configured(&r);
	if (dir)
		return usage_error("reserve: streams, or --dir, but not both");
	for (int i = 0; i < r.n; i++)
		if (stream_id_arg(argv[i + 1], &r.ids[i]))
			return USAGE;
	ret = reserve(&r);
	return ret == OK ? ready_at_all(&r) : ret;
}

const struct command cmd_reserve = {
	.name = "reserve",
	.args = "IF [STREAM_ID...]",
	.min_args = 1,
	.max_args = 1 + STREAMS_MAX,
	.summary = "have bridges forward streams to here (MSRP)",
	.notes = "Declares a listener for each stream as long as it runs, and "
		 "says what talkers and\n"
		 "bridges say of it. Without STREAM_ID: for those of IF that "
		 "files say reserve=yes of.\n"
		 "Withdraws at the end: --seconds, ^C or SIGTERM.",
	.options = options,
	.run = run,
};
