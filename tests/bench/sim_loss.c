// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: sim_loss [SECONDS]
 * Frames of 1442 octets on a simulated port, so many a second, and a reader
 * that sleeps 2 ms between visits: what was received is in the ring or in a
 * counter, and the reader missed none of it.
 */
#include <sys/wait.h>
#include <time.h>

#include "sim.h"

enum {
	VISIT_US = 2000,
	TICK_US = 1000,
	BATCH_MAX = 512,
	SEQUENCE = 16, /* octet of the frame */
	RING_MS = 250,
};

static const struct shape frame_1442 = {
	.subtype = 2,
	.code = 4,
	.rate_hz = 48000,
	.channels = 6,
	.depth = 16,
	.bytes = 2,
	.units = 117,
};

struct result {
	uint64_t got;
	uint64_t overrun;
	uint64_t visits;
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Ends with the pipe that it was started by. */
static void reader(int stop, int to)
{
	struct avtpmap_stream *s = sim_open(0, 0);
	struct result r = { 0 };
	char c;

	fcntl(stop, F_SETFL, O_NONBLOCK);
	if (write(to, "r", 1) != 1)
		_exit(1);
	for (int last = 0; last < 2; last += read(stop, &c, 1) == 0) {
		usleep(VISIT_US);
		while (avtpmap_peek(s))
			r.got += !avtpmap_release(s);
		r.visits++;
	}
	r.overrun = avtpmap_overrun_frames(s);
	if (write(to, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	_exit(0);
}

/* Returns frames sent. */
static uint64_t talk(struct sim_port *p, double rate, double seconds)
{
	struct wire w = { 0 };
	struct talker t;
	uint8_t sequence = 0;
	uint64_t sent = 0;
	size_t step;
	double from;

	talker_init(&t, &frame_1442, SIM_ID);
	talker_send(&t, &w, p->ifindex, BATCH_MAX);
	step = w.bytes / BATCH_MAX;
	from = now_s();
	while (now_s() - from < seconds) {
		uint64_t due = (now_s() - from) * rate - sent;
		uint32_t n = due < BATCH_MAX ? due : BATCH_MAX;

		for (uint32_t i = 0; i < n; i++)
			w.buf[i * step + sizeof(struct avtpmap_sim_frame) +
			      SEQUENCE] = sequence++;
		if (n && write(p->fd, w.buf, n * step) != (ssize_t)(n * step))
			sim_die("write", strerror(errno));
		sent += n;
		if (n < BATCH_MAX)
			usleep(TICK_US);
	}
	wire_free(&w);
	return sent;
}

static int take(const struct avtpmap_stream_info *s, void *arg)
{
	memcpy(arg, s->counters, s->n_counters * sizeof(s->counters[0]));
	return 0;
}

static void say(double rate, const char *what, const char *unit, double value)
{
	struct figure f = { .runs = 0 };

	figure_add(&f, value);
	figure_print(&f, unit, "loss.%.0f.%s", rate, what);
}

static void measure(struct sim_port *p, double rate, double seconds)
{
	uint64_t c[AVTPMAP_N_COUNTERS] = { 0 }, sent, passed = 0;
	int stop[2], back[2];
	struct result r;
	char ready;
	pid_t pid;

	sim_add(p, 0, rate, RING_MS, 2048);
	if (pipe(stop) || pipe(back))
		sim_die("pipe", strerror(errno));
	pid = fork();
	if (!pid) {
		close(stop[1]);
		reader(stop[0], back[1]);
	}
	close(stop[0]);
	if (read(back[0], &ready, 1) != 1)
		sim_die("reader", "did not start");
	sent = talk(p, rate, seconds);
	close(stop[1]);
	if (read(back[0], &r, sizeof(r)) != sizeof(r))
		sim_die("reader", "did not end well");
	waitpid(pid, NULL, 0);
	avtpmap_stream_list(p->ctl, NULL, take, c);
	for (int i = AVTPMAP_C_MALFORMED; i < AVTPMAP_N_COUNTERS; i++)
		passed += c[i];
	say(rate, "reached", "frames/s", sent / seconds);
	say(rate, "sent", "frames", sent);
	say(rate, "in-ring", "frames", c[AVTPMAP_C_FRAMES_RX]);
	say(rate, "passed", "frames", passed);
	say(rate, "wire-loss", "frames", c[AVTPMAP_C_FRAMES_LOST]);
	say(rate, "read", "frames", r.got);
	say(rate, "overrun", "frames", r.overrun);
	say(rate, "unaccounted", "frames",
	    (double)sent - c[AVTPMAP_C_FRAMES_RX] - passed +
		    ((double)c[AVTPMAP_C_FRAMES_RX] - r.got - r.overrun));
	say(rate, "visits", "visits/s", r.visits / seconds);
	sim_clear(p);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	struct sim_port p = { .fd = -1 };

	sim_up(&p);
	measure(&p, 390000, seconds);
	measure(&p, 520000, seconds);
	sim_down(&p);
	return 0;
}
