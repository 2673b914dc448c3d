// SPDX-License-Identifier: MIT
/* The same streams by every way that can be had here, side by side. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "../tool.h"

enum { HEAR_MS = 500, POLL_MS = 100, N_WAYS = 4 };

static const struct bench_way *const ways[N_WAYS] = { &bench_kmod, &bench_xdp,
						      &bench_packet,
						      &bench_socket };

static double seconds = 5;
static uint32_t period = 64;
static bool json;

static const struct option options[] = {
	{ "seconds", "S", "for each way (5)", parse_seconds, &seconds, 0, 0 },
	{ "period", "UNITS", "media units from wake to wake (64)", parse_u32,
	  &period, 1, AVTPMAP_PERIOD_MAX },
	{ "json", NULL, "for programs", parse_flag, &json, 0, 0 },
	{ 0 },
};

/* What was used of the processors, and how often. */
struct used {
	double at_s;
	double process_s;
	double softirq_s;
	uint64_t switches;
};

static struct used use(void)
{
	unsigned long long t[7] = { 0 };
	struct rusage r;
	FILE *f = fopen("/proc/stat", "re");

	/* user, nice, system, idle, iowait, irq, softirq */
	if (f) {
		if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu", &t[0],
			   &t[1], &t[2], &t[3], &t[4], &t[5], &t[6]) != 7)
			t[5] = t[6] = 0;
		fclose(f);
	}
	getrusage(RUSAGE_SELF, &r);
	return (struct used){
		.at_s = clock_s(CLOCK_MONOTONIC),
		.process_s = r.ru_utime.tv_sec + r.ru_stime.tv_sec +
			     (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6,
		.softirq_s = (double)(t[5] + t[6]) / sysconf(_SC_CLK_TCK),
		.switches = r.ru_nvcsw,
	};
}

/* Until the time is up, or a signal comes. -ENODEV: a stream was deleted meanwhile. */
static int receive(const struct bench_way *way, const struct bench_streams *s,
		   struct pollfd *fds, struct bench_result *result)
{
	double end = clock_s(CLOCK_MONOTONIC) + seconds;
	uint64_t frames;

	do {
		if (poll(fds, s->n, POLL_MS) < 0)
			return errno == EINTR ? 0 : -errno;
		frames = 0;
		for (int i = 0; i < s->n; i++) {
			if (fds[i].revents & (POLLERR | POLLHUP))
				return -ENODEV;
			if (fds[i].revents)
				frames += way->read(i);
		}
		result->frames += frames;
		result->wakes += frames > 0;
	} while (!stopped && clock_s(CLOCK_MONOTONIC) < end);
	return 0;
}

static int measure(const struct bench_way *way, const struct bench_streams *s,
		   struct bench_result *result, char *why, size_t why_bytes)
{
	struct pollfd fds[BENCH_STREAMS];
	struct used from, to;
	int err = way->open(s, fds, why, why_bytes);

	if (!err) {
		from = use();
		err = receive(way, s, fds, result);
		to = use();
		if (err)
			snprintf(why, why_bytes, "%s", strerror(-err));
		way->count(result);
		result->seconds = to.at_s - from.at_s;
		result->process_s = to.process_s - from.process_s;
		result->softirq_s = to.softirq_s - from.softirq_s;
		result->switches = to.switches - from.switches;
	}
	way->close();
	return err;
}

static void print_way(const char *name, const struct bench_result *r,
		      const char *why)
{
	if (why)
		printf("%-8s %s\n", name, why);
	else
		printf("%-8s %10.0f %9.0f %10.0f %9.2f %9.2f %9" PRIu64
		       " %9" PRIu64 "\n",
		       name, r->frames / r->seconds, r->wakes / r->seconds,
		       r->switches / r->seconds,
		       r->process_s / r->seconds * 100,
		       r->softirq_s / r->seconds * 100, r->lost, r->missed);
}

static void add_double(struct json_object *o, const char *name, double v)
{
	json_object_object_add(o, name, json_object_new_double(v));
}

static struct json_object *
json_way(const char *name, const struct bench_result *r, const char *why)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_object_add(o, "error",
			       why ? json_object_new_string(why) : NULL);
	if (why)
		return o;
	add_double(o, "seconds", r->seconds);
	json_object_object_add(o, "frames", json_u64(r->frames));
	json_object_object_add(o, "wakes", json_u64(r->wakes));
	json_object_object_add(o, "switches", json_u64(r->switches));
	add_double(o, "process_s", r->process_s);
	add_double(o, "softirq_s", r->softirq_s);
	json_object_object_add(o, "lost", json_u64(r->lost));
	json_object_object_add(o, "missed", json_u64(r->missed));
	return o;
}

static struct json_object *json_streams(const struct bench_streams *s)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < s->n; i++)
		json_object_array_add(list, json_stream_id(s->ids[i]));
	return list;
}

static int on_stream(const struct avtpmap_stream_info *s, void *arg)
{
	bench_add(arg, s->stream_id);
	return 0;
}

/* One that is asked for, or all that are registered or heard. */
static int find_streams(struct bench_streams *s, const char *id)
{
	uint64_t one;
	int err;

	if (check_interface(s->ifname))
		return FAILURE;
	if (id) {
		if (stream_id_arg(id, &one))
			return USAGE;
		bench_add(s, one);
		return OK;
	}
	for (uint32_t b = AVTPMAP_BACKEND_KMOD; b <= AVTPMAP_BACKEND_XDP; b++) {
		struct avtpmap_ctl *ctl;

		if (avtpmap_ctl_open(&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
							.backend = b)))
			continue;
		avtpmap_stream_list(ctl, s->ifname, on_stream, s);
		avtpmap_ctl_close(ctl);
	}
	err = bench_hear(s, HEAR_MS);
	if (!s->n && err)
		return fail(err, "cannot listen on %s%s", s->ifname,
			    err == -EPERM ? ": raw sockets need CAP_NET_RAW; "
					    "run as root" :
					    "");
	if (!s->n)
		return fail(-ENOENT,
			    "%s: no stream is registered, and none is heard",
			    s->ifname);
	return OK;
}

static int run(int argc, char **argv)
{
	struct bench_streams s = { .ifname = argv[0], .period = period };
	int ret = find_streams(&s, argc > 1 ? argv[1] : NULL);
	struct json_object *list = NULL, *o;
	uint64_t frames = 0;

	if (ret)
		return ret;
	/* streams that were added are deleted again, whenever it ends */
	stop_on(SIGINT);
	stop_on(SIGTERM);
	stop_on(SIGHUP);
	if (json)
		list = json_object_new_array();
	else
		printf("%-8s %10s %9s %10s %9s %9s %9s %9s\n", "way",
		       "frames/s", "wakes/s", "switches/s", "process %",
		       "softirq %", "lost", "missed");
	for (int i = 0; i < N_WAYS && !stopped; i++) {
		struct bench_result r = { 0 };
		char why[256] = "";
		int err = measure(ways[i], &s, &r, why, sizeof(why));

		frames += r.frames;
		if (json)
			json_object_array_add(list, json_way(ways[i]->name, &r,
							     err ? why : NULL));
		else
			print_way(ways[i]->name, &r, err ? why : NULL);
		fflush(stdout);
	}
	if (json) {
		o = json_object_new_object();
		json_object_object_add(o, "ifname",
				       json_object_new_string(s.ifname));
		json_object_object_add(o, "streams", json_streams(&s));
		json_object_object_add(o, "ways", list);
		print_json(o);
	}
	return frames ? OK : fail(-ENODATA, "%s: no frame came", s.ifname);
}

const struct command cmd_bench = {
	.name = "bench",
	.args = "IF [STREAM_ID]",
	.min_args = 1,
	.max_args = 2,
	.summary = "compare what ways of receiving cost here",
	.notes =
		"Receives the streams of the interface by each backend that is "
		"attached, by the packet backend and by raw sockets, one after "
		"the other. A stream that is taken is not seen by the last two.",
	.options = options,
	.run = run,
};
