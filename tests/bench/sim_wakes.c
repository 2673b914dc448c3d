// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Wakes per period, on a simulated port: issued by the module, and context
 * switches of the process that waits. One process receives, another reads: in
 * a wait (or, of several streams, a poll), or in the wait of a group.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sim.h"

enum { PERIODS = 100, STREAMS_MAX = 60, SETTLE = 16, ROW_S = 60 };

struct row {
	uint32_t rate_hz;
	uint32_t period;
	uint32_t n;
	int group;
};

struct result {
	uint64_t periods;
	uint64_t wakes;
	uint64_t switches;
};

static struct avtpmap_stream *streams[STREAMS_MAX];
static struct pollfd polled[STREAMS_MAX];
static struct avtpmap_group *group;

static uint64_t ends[STREAMS_MAX];
static const struct row *reading;

/* What the row still waits for, when its time is over. */
static void out_of_time(int signo)
{
	uint64_t end = (uint64_t)PERIODS * reading->period;

	(void)signo;
	for (uint32_t i = 0; i < reading->n; i++)
		if (ends[i] < end)
			dprintf(2,
				"bench: %u Hz, period %u: after %d s stream %u of %u lacks %llu of %llu units\n",
				reading->rate_hz, reading->period, ROW_S, i,
				reading->n, (unsigned long long)(end - ends[i]),
				(unsigned long long)end);
	_exit(1);
}

/* Empties a stream's ring; returns the media position behind it. */
static uint64_t read_all(uint32_t i)
{
	struct avtpmap_stream *s = streams[i];
	const struct avtpmap_slot *slot;

	while ((slot = avtpmap_peek(s))) {
		ends[i] = slot->media_pos + slot->units;
		avtpmap_release(s);
	}
	return ends[i];
}

static void sleep_once(const struct row *row)
{
	int n;

	if (row->group)
		n = avtpmap_group_wait(group, AVTPMAP_FOREVER);
	else if (row->n == 1)
		n = avtpmap_wait(streams[0], AVTPMAP_FOREVER);
	else
		n = poll(polled, row->n, -1);
	if (n < 0)
		sim_die("wait",
			strerror(row->group || row->n == 1 ? -n : errno));
}

static struct result count(const struct row *row)
{
	struct avtpmap_reader_info info;
	struct result r = { 0 };

	if (row->group) {
		avtpmap_group_info(group, &info);
		r.periods = info.periods;
		r.wakes = info.wakes_period;
		return r;
	}
	for (uint32_t i = 0; i < row->n; i++) {
		avtpmap_reader_info(streams[i], &info);
		r.periods += info.periods;
		r.wakes += info.wakes_period;
	}
	return r;
}

static void open_all(const struct row *row)
{
	struct avtpmap_period period = { .period = row->period };

	for (uint32_t i = 0; i < row->n; i++) {
		streams[i] = sim_open(i, row->group ? 0 : row->period);
		polled[i].fd = avtpmap_fd(streams[i]);
		polled[i].events = POLLIN;
	}
	if (!row->group)
		return;
	if (avtpmap_group_create(&group, &period))
		sim_die("group", "not made");
	for (uint32_t i = 0; i < row->n; i++)
		if (avtpmap_group_add(group, streams[i]))
			sim_die("group", "no member");
}

/* Reads until every stream has played its periods. */
static void reader(const struct row *row, int to)
{
	uint64_t end = (uint64_t)PERIODS * row->period;
	struct rusage before, after;
	struct result r;
	uint64_t at = 0;

	open_all(row);
	reading = row;
	signal(SIGALRM, out_of_time);
	alarm(ROW_S);
	if (write(to, "r", 1) != 1)
		_exit(1);
	getrusage(RUSAGE_SELF, &before);
	while (at < end) {
		sleep_once(row);
		at = UINT64_MAX;
		for (uint32_t i = 0; i < row->n; i++) {
			uint64_t pos = read_all(i);

			at = pos < at ? pos : at;
		}
	}
	getrusage(RUSAGE_SELF, &after);
	r = count(row);
	r.switches = after.ru_nvcsw - before.ru_nvcsw;
	if (write(to, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	_exit(0);
}

/* One frame of each stream, and whoever is woken by it runs. */
static void talk(struct sim_port *p, const struct row *row)
{
	struct shape shape = aaf_stereo;
	struct talker t[STREAMS_MAX];
	struct wire w = { 0 };
	uint64_t frames;

	shape.rate_hz = row->rate_hz;
	shape.units = 0;
	frames = (uint64_t)PERIODS * row->period * 8000 / row->rate_hz + SETTLE;
	for (uint32_t i = 0; i < row->n; i++)
		talker_init(&t[i], &shape, SIM_ID + i);
	for (uint64_t f = 0; f < frames; f++) {
		wire_clear(&w);
		for (uint32_t i = 0; i < row->n; i++)
			talker_send(&t[i], &w, p->ifindex, 1);
		sim_receive(p, &w);
		sched_yield();
	}
	wire_free(&w);
}

static void print(const struct row *row, const struct result *r)
{
	struct figure issued = { .runs = 0 }, switches = { .runs = 0 };

	figure_add(&issued, (double)r->wakes / r->periods);
	figure_add(&switches, (double)r->switches / PERIODS);
	figure_print(&issued, "wakes/period",
		     "wakes.%u.%u.streams.%u.%s.issued", row->rate_hz,
		     row->period, row->n, row->group ? "group" : "single");
	figure_print(&switches, "switches/period",
		     "wakes.%u.%u.streams.%u.%s.switches", row->rate_hz,
		     row->period, row->n, row->group ? "group" : "single");
}

static void measure(struct sim_port *p, const struct row *row)
{
	struct result r;
	int fds[2], status;
	char ready;
	pid_t pid;

	for (uint32_t i = 0; i < row->n; i++)
		sim_add(p, i, 8000, 100, 256);
	if (pipe(fds))
		sim_die("pipe", strerror(errno));
	pid = fork();
	if (!pid)
		reader(row, fds[1]);
	close(fds[1]); /* so that a reader that is gone is seen */
	if (read(fds[0], &ready, 1) != 1)
		sim_die("reader", "did not start");
	talk(p, row);
	if (read(fds[0], &r, sizeof(r)) != sizeof(r) ||
	    waitpid(pid, &status, 0) != pid || status)
		sim_die("reader", "did not end well");
	close(fds[0]);
	print(row, &r);
	sim_clear(p);
}

int main(void)
{
	static const uint32_t rates[] = { 48000, 44100, 96000 };
	static const uint32_t periods[] = { 64, 128, 256 };
	static const uint32_t counts[] = { 1, 8, 60 };
	struct sim_port p = { .fd = -1 };

	sim_up(&p);
	for (int i = 0; i < 54; i++) {
		struct row row = {
			.rate_hz = rates[i / 18],
			.period = periods[i / 6 % 3],
			.n = counts[i / 2 % 3],
			.group = i % 2,
		};

		measure(&p, &row);
	}
	sim_down(&p);
	return 0;
}
