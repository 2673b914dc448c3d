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
static double interval = -1; /* not given */

static int parse_interval(const struct option *opt, const char *text)
{
	if (strcmp(text, "0"))
		return parse_seconds(opt, text);
	*(double *)opt->dest = 0;
	return 0;
}

static const struct option options[] = {
	{ "count", "N", "stop after N lines", parse_count, &most, 0, 0 },
	{ "seconds", "S", "stop after S seconds", parse_seconds, &seconds, 0,
	  0 },
	{ "interval", "S",
	  "put events of a stream that repeat within S seconds into one line; "
	  "0: never (1; 0 with --json)",
	  parse_interval, &interval, 0, 0 },
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

/**
 * struct pending - events of a stream since its last line
 * @used: this entry is a stream's
 * @last: newest notice
 * @before: counters when the last line was printed
 * @begun_s: when that was
 * @seen: events of that line and since
 * @events: since then
 * @times: notices since then
 */
struct pending {
	bool used;
	struct avtpmap_notice last;
	uint64_t before[AVTPMAP_N_COUNTERS];
	double begun_s;
	uint32_t seen;
	uint32_t events;
	uint32_t times;
};

/* @p: what the line is for several times of; NULL: once */
static void print_text(const struct avtpmap_notice *n, const struct pending *p)
{
	char when[32], id[AVTPMAP_STREAM_ID_TEXT];
	double s = p ? clock_s(CLOCK_MONOTONIC) - p->begun_s : 0;
	uint32_t events = p ? p->events : n->events;
	const char *between = " ";

	printf("%s %s %s", time_text(when, sizeof(when), "%T"), n->ifname,
	       n->has_stream ? avtpmap_stream_id_to_text(id, n->stream_id) :
			       "port");
	for (int i = 0; i < N_EVENTS; i++) {
		if (!(events & events_in_order[i]))
			continue;
		printf("%s%s", between, avtpmap_event_name(events_in_order[i]));
		between = ",";
	}
	if (p)
		printf(" %u times in %.1f s", p->times, s);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		unsigned int c = figures[i].counter;

		if (!(events & figures[i].event) || c >= n->n_counters ||
		    !n->counters[c])
			continue;
		printf(" %s=%llu", avtpmap_counter_name(c),
		       (unsigned long long)n->counters[c]);
		if (p && s > 0 && n->counters[c] > p->before[c])
			printf(" (+%.0f/s)",
			       (n->counters[c] - p->before[c]) / s);
	}
	putchar('\n');
}

static void print_object(const struct avtpmap_notice *n,
			 const struct pending *p)
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
	json_object_object_add(o, "times", json_u64(p ? p->times : 1));
	json_object_object_add(o, "counters",
			       n->n_counters ?
				       json_counters(n->counters, n->n_counters,
						     n->counters_known) :
				       NULL);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* Of a stream's life each is told at once; of what repeats, the first is. */
#define REPEATS                                                       \
	(AVTPMAP_EV_GAP | AVTPMAP_EV_RESET | AVTPMAP_EV_UNCERTAIN |   \
	 AVTPMAP_EV_EPOCH | AVTPMAP_EV_CONFLICT | AVTPMAP_EV_QUORUM | \
	 AVTPMAP_EV_DEADLINE)

enum { PENDING_MAX = 256 };

static struct pending pendings[PENDING_MAX];
static uint64_t printed;

static struct pending *pending_of(const struct avtpmap_notice *n)
{
	struct pending *unused = NULL;

	for (int i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &pendings[i];

		if (p->used && p->last.ifindex == n->ifindex &&
		    p->last.stream_id == n->stream_id)
			return p;
		if (!p->used && !unused)
			unused = p;
	}
	if (unused)
		unused->used = true;
	return unused;
}

static void begin(struct pending *p, const struct avtpmap_notice *n, double s)
{
	p->last = *n;
	memcpy(p->before, n->counters, sizeof(p->before));
	p->begun_s = s;
	p->seen = n->events;
	p->events = 0;
	p->times = 0;
}

static void flush_one(struct pending *p)
{
	struct avtpmap_notice n = p->last;
	double s = clock_s(CLOCK_MONOTONIC);

	if (!p->times)
		return;
	n.events = p->events;
	if (json)
		print_object(&n, p);
	else
		print_text(&n, p);
	printed++;
	begin(p, &n, s);
}

static void print_now(const struct avtpmap_notice *n)
{
	if (json)
		print_object(n, NULL);
	else
		print_text(n, NULL);
	printed++;
}

static void on_notice(const struct avtpmap_notice *n)
{
	struct pending *p = n->has_stream && interval > 0 ? pending_of(n) :
							    NULL;
	double s = clock_s(CLOCK_MONOTONIC);

	if (p && (p->times || s - p->begun_s < interval) &&
	    !(n->events & ~REPEATS) && !(n->events & ~p->seen)) {
		p->last = *n;
		p->events |= n->events;
		p->times++;
		if (s - p->begun_s >= interval)
			flush_one(p);
		return;
	}
	if (p)
		flush_one(p);
	print_now(n);
	if (p)
		begin(p, n, s);
	if (p && n->events & AVTPMAP_EV_DELETED)
		p->used = false;
}

static void flush_due(bool all)
{
	double s = clock_s(CLOCK_MONOTONIC);

	for (int i = 0; i < PENDING_MAX; i++)
		if (pendings[i].used &&
		    (all || s - pendings[i].begun_s >= interval))
			flush_one(&pendings[i]);
}

/* All that is there to read; OK, or FAILURE after a line on stderr. */
static int print_all(struct avtpmap_monitor *m)
{
	struct avtpmap_notice n;

	while (!most || printed < most) {
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
		on_notice(&n);
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
	int ret = OK;

	for (int i = 0; i < all->n; i++)
		p[i] = (struct pollfd){ .fd = avtpmap_monitor_fd(all->m[i]),
					.events = POLLIN };
	while (!stopped && ret == OK && (!most || printed < most) &&
	       (!seconds || clock_s(CLOCK_MONOTONIC) < end_s)) {
		poll(p, all->n, seconds || interval > 0 ? TICK_MS : -1);
		for (int i = 0; i < all->n && ret == OK; i++)
			ret = print_all(all->m[i]);
		flush_due(false);
		fflush(stdout);
	}
	flush_due(true);
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

	if (argc && check_interface(argv[0]))
		return FAILURE;
	if (interval < 0)
		interval = json ? 0 : 1;
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
