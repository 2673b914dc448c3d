// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tool.h"

enum { TICK_MS = 200 };

static bool json;
static uint64_t most;
static double seconds;

static const struct option options[] = {
	{ "count", "N", "stop after N events", parse_count, &most, 0, 0 },
	{ "seconds", "S", "stop after S seconds", parse_seconds, &seconds, 0,
	  0 },
	{ "json", NULL, "one JSON object per line", parse_flag, &json, 0, 0 },
	{ 0 },
};

/* The table's order: what a stream lives through. */
static const uint32_t events_in_order[] = {
#define ROW(bit, name, help) AVTPMAP_EV_##bit,
	AVTPMAP_EVENTS(ROW)
#undef ROW
};

enum { N_EVENTS = sizeof(events_in_order) / sizeof(events_in_order[0]) };

/* Which counters say how much of it there was. */
static const struct {
	uint32_t event;
	unsigned int counter;
} figures[] = {
	{ AVTPMAP_EV_START | AVTPMAP_EV_END | AVTPMAP_EV_DELETED,
	  AVTPMAP_C_FRAMES_RX },
	{ AVTPMAP_EV_GAP | AVTPMAP_EV_DELETED, AVTPMAP_C_FRAMES_LOST },
	{ AVTPMAP_EV_GAP, AVTPMAP_C_RESYNC },
	{ AVTPMAP_EV_GAP, AVTPMAP_C_DBC_MISMATCH },
	{ AVTPMAP_EV_RESET, AVTPMAP_C_MEDIA_RESET },
	{ AVTPMAP_EV_UNCERTAIN, AVTPMAP_C_TIMESTAMP_UNCERTAIN },
	{ AVTPMAP_EV_EPOCH, AVTPMAP_C_STREAM_INTERRUPTED },
	{ AVTPMAP_EV_EPOCH, AVTPMAP_C_FORMAT_CHANGED },
	{ AVTPMAP_EV_EPOCH, AVTPMAP_C_TALKER_CHANGED },
	{ AVTPMAP_EV_CONFLICT, AVTPMAP_C_CONFLICT },
};

/* Local time to the microsecond. */
static const char *time_text(char *buf, size_t bytes, const char *format)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	n = strftime(buf, bytes, format, &tm);
	snprintf(buf + n, bytes - n, ".%06ld", ts.tv_nsec / 1000);
	return buf;
}

static void print_text(const struct avtpmap_notice *n)
{
	char when[32], id[AVTPMAP_STREAM_ID_TEXT];
	const char *between = " ";

	printf("%s %s %s", time_text(when, sizeof(when), "%T"), n->ifname,
	       n->has_stream ? avtpmap_stream_id_to_text(id, n->stream_id) :
			       "port");
	for (int i = 0; i < N_EVENTS; i++) {
		if (!(n->events & events_in_order[i]))
			continue;
		printf("%s%s", between, avtpmap_event_name(events_in_order[i]));
		between = ",";
	}
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		unsigned int c = figures[i].counter;

		if (n->events & figures[i].event && c < n->n_counters &&
		    n->counters[c])
			printf(" %s=%llu", avtpmap_counter_name(c),
			       (unsigned long long)n->counters[c]);
	}
	putchar('\n');
}

static void print_object(const struct avtpmap_notice *n)
{
	struct json_object *o = json_object_new_object();
	struct json_object *events = json_object_new_array();
	char when[40];

	for (int i = 0; i < N_EVENTS; i++)
		if (n->events & events_in_order[i])
			json_object_array_add(
				events,
				json_object_new_string(avtpmap_event_name(
					events_in_order[i])));
	json_object_object_add(
		o, "time",
		json_object_new_string(time_text(when, sizeof(when), "%FT%T")));
	json_object_object_add(o, "mono_ns", json_u64(n->mono_ns));
	json_object_object_add(o, "ifname", json_object_new_string(n->ifname));
	json_object_object_add(o, "stream_id",
			       n->has_stream ? json_stream_id(n->stream_id) :
					       NULL);
	json_object_object_add(o, "events", events);
	json_object_object_add(o, "counters",
			       n->n_counters ?
				       json_counters(n->counters, n->n_counters,
						     n->counters_known) :
				       NULL);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* All that is there to read; OK, or FAILURE after a line on stderr. */
static int print_all(struct avtpmap_monitor *m, uint64_t *printed)
{
	struct avtpmap_notice n;

	while (!most || *printed < most) {
		int got = avtpmap_monitor_read(m, &n, sizeof(n));

		if (got == -ENOBUFS) {
			fail(got, "events came faster than they could be "
				  "printed; some are missing here");
			continue;
		}
		if (got == -ENODEV)
			return fail(got, "the module was unloaded");
		if (got < 0)
			return fail(got, "cannot read events");
		if (!got)
			break;
		(json ? print_object : print_text)(&n);
		++*printed;
	}
	return fflush(stdout) ? FAILURE : OK;
}

/* One for each backend that there may be ports of. */
struct monitors {
	struct avtpmap_monitor *m[BACKENDS_MAX];
	int n;
};

static int watch(const struct monitors *all)
{
	struct pollfd p[BACKENDS_MAX];
	double end_s = clock_s(CLOCK_MONOTONIC) + seconds;
	uint64_t printed = 0;
	int ret = OK;

	for (int i = 0; i < all->n; i++)
		p[i] = (struct pollfd){ .fd = avtpmap_monitor_fd(all->m[i]),
					.events = POLLIN };
	while (!stopped && ret == OK && (!most || printed < most) &&
	       (!seconds || clock_s(CLOCK_MONOTONIC) < end_s)) {
		poll(p, all->n, seconds ? TICK_MS : -1);
		for (int i = 0; i < all->n && ret == OK; i++)
			ret = print_all(all->m[i], &printed);
	}
	return ret;
}

static int add(struct monitors *all, const char *ifname, uint32_t backend,
	       char error[256])
{
	int err = avtpmap_monitor_open(
		&all->m[all->n],
		AVTPMAP_OPTS(avtpmap_monitor_opts, .ifname = ifname,
			     .backend = backend, .error = error,
			     .error_bytes = 256));

	all->n += !err;
	return err;
}

/* Those that can be used and tell of anything; at least one. */
static int add_all(struct monitors *all, char error[256])
{
	struct avtpmap_backend_report r[BACKENDS_MAX];
	int n = avtpmap_backends(NULL, r, BACKENDS_MAX);

	for (int i = 0; i < n && i < BACKENDS_MAX; i++)
		if (!r[i].err)
			add(all, NULL, r[i].backend, error);
	return all->n ? 0 : add(all, NULL, AVTPMAP_BACKEND_AUTO, error);
}

static int run(int argc, char **argv)
{
	struct monitors all = { .n = 0 };
	char error[256] = "";
	int ret, err;

	stop_on(SIGINT);
	stop_on(SIGTERM);
	if (argc || wanted_backend)
		err = add(&all, argc ? argv[0] : NULL, wanted_backend, error);
	else
		err = add_all(&all, error);
	if (err)
		return fail(err, "%s", error);
	ret = watch(&all);
	while (all.n--)
		avtpmap_monitor_close(all.m[all.n]);
	return ret;
}

const struct command cmd_monitor = {
	.name = "monitor",
	.args = "[IF]",
	.max_args = 1,
	.summary = "print what happens to ports and streams, as it happens",
	.notes = "A line tells the time, the interface, the stream, the events "
		 "(added, deleted,\n"
		 "off, on, start, end, gap, reset, uncertain, epoch, conflict) "
		 "and the counters that\n"
		 "they belong to. Ends by ^C, --count or --seconds.",
	.options = options,
	.run = run,
};
