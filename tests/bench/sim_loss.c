// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: sim_loss [SECONDS]
 * Frames of 1442 octets on a simulated port, so many a second, and a reader
 * that sleeps between visits. After 2 ms: what was received is in the ring or in
 * a counter, and the reader missed none of it. After longer: what a reader of
 * the ring and one of a raw socket miss, and which counter tells them of it.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "sim.h"

enum {
	VISIT_MS = 2,
	TICK_US = 1000,
	BATCH_MAX = 512,
	SEQUENCE = 16, /* octet of the frame */
	RING_MS = 250,
	ROW_SECONDS = 2,
	SOCKET_BYTES = 1 << 20,
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
	uint64_t missed;
	uint64_t visits;
};

/**
 * struct way - of reading what comes
 * @name: of it
 * @counter: that tells what was missed
 * @open: before the first frame
 * @read: takes all that is there, whole; returns frames
 * @missed: what @counter says
 */
struct way {
	const char *name;
	const char *counter;
	void (*open)(void);
	uint64_t (*read)(void);
	uint64_t (*missed)(void);
};

static struct avtpmap_stream *stream;
static int packet_fd;

static void open_ring(void)
{
	stream = sim_open(0, 0);
}

static uint64_t read_ring(void)
{
	uint64_t got = 0;

	while (avtpmap_peek(stream))
		got += !avtpmap_release(stream);
	return got;
}

static uint64_t missed_in_ring(void)
{
	return avtpmap_overrun_frames(stream);
}

/* The stream is not registered, so its frames pass. */
static void open_packet(void)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_TSN),
		.sll_ifindex = if_nametoindex("sim0"),
	};
	int bytes = SOCKET_BYTES;

	packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	setsockopt(packet_fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		   sizeof(bytes));
	if (bind(packet_fd, (struct sockaddr *)&addr, sizeof(addr)))
		sim_die("raw socket", strerror(errno));
}

static uint64_t read_packet(void)
{
	static uint8_t frame[2048];
	uint64_t got = 0;

	while (recv(packet_fd, frame, sizeof(frame), 0) > 0)
		got++;
	return got;
}

static uint64_t missed_by_packet(void)
{
	struct tpacket_stats stats = { 0 };
	socklen_t bytes = sizeof(stats);

	getsockopt(packet_fd, SOL_PACKET, PACKET_STATISTICS, &stats, &bytes);
	return stats.tp_drops;
}

static const struct way ring_way = { "kmod", "overrun_frames", open_ring,
				     read_ring, missed_in_ring };
static const struct way packet_way = { "raw", "tp_drops", open_packet,
				       read_packet, missed_by_packet };

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Ends with the pipe that it was started by. */
static void reader(const struct way *way, int sleep_ms, int stop, int to)
{
	struct result r = { 0 };
	char c;

	way->open();
	fcntl(stop, F_SETFL, O_NONBLOCK);
	if (write(to, "r", 1) != 1)
		_exit(1);
	for (int last = 0; last < 2; last += read(stop, &c, 1) == 0) {
		usleep(sleep_ms * 1000);
		r.got += way->read();
		r.visits++;
	}
	r.missed = way->missed();
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

/* Sends to a reader, in a process of its own; returns frames sent. */
static uint64_t send_to(struct sim_port *p, const struct way *way, double rate,
			int sleep_ms, double seconds, struct result *r)
{
	int stop[2], back[2];
	uint64_t sent;
	char ready;
	pid_t pid;

	if (pipe(stop) || pipe(back))
		sim_die("pipe", strerror(errno));
	pid = fork();
	if (!pid) {
		close(stop[1]);
		reader(way, sleep_ms, stop[0], back[1]);
	}
	close(stop[0]);
	close(back[1]); /* so that a reader that is gone is seen */
	if (read(back[0], &ready, 1) != 1)
		sim_die("reader", "did not start");
	sent = talk(p, rate, seconds);
	close(stop[1]);
	if (read(back[0], r, sizeof(*r)) != sizeof(*r))
		sim_die("reader", "did not end well");
	close(back[0]);
	waitpid(pid, NULL, 0);
	return sent;
}

__attribute__((format(printf, 3, 4))) static void
say(double value, const char *unit, const char *id, ...)
{
	struct figure f = { .runs = 0 };
	char text[128];
	va_list args;

	va_start(args, id);
	vsnprintf(text, sizeof(text), id, args);
	va_end(args);
	figure_add(&f, value);
	figure_print(&f, unit, "loss.%s", text);
}

static void no_loss(struct sim_port *p, int rate, double seconds)
{
	uint64_t c[AVTPMAP_N_COUNTERS] = { 0 }, sent, passed = 0;
	struct result r;

	sim_add(p, 0, rate, RING_MS, 2048);
	sent = send_to(p, &ring_way, rate, VISIT_MS, seconds, &r);
	avtpmap_stream_list(p->ctl, NULL, take, c);
	for (int i = AVTPMAP_C_MALFORMED; i < AVTPMAP_N_COUNTERS; i++)
		passed += c[i];
	say(sent / seconds, "frames/s", "%d.reached", rate);
	say(sent, "frames", "%d.sent", rate);
	say(c[AVTPMAP_C_FRAMES_RX], "frames", "%d.in-ring", rate);
	say(passed, "frames", "%d.passed", rate);
	say(c[AVTPMAP_C_FRAMES_LOST], "frames", "%d.wire-loss", rate);
	say(r.got, "frames", "%d.read", rate);
	say(r.missed, "frames", "%d.overrun", rate);
	say((double)sent - c[AVTPMAP_C_FRAMES_RX] - passed +
		    ((double)c[AVTPMAP_C_FRAMES_RX] - r.got - r.missed),
	    "frames", "%d.unaccounted", rate);
	say(r.visits / seconds, "visits/s", "%d.visits", rate);
	sim_clear(p);
}

static void late_reader(struct sim_port *p, const struct way *way, int rate,
			int sleep_ms)
{
	struct result r;
	uint64_t sent;

	if (way == &ring_way)
		sim_add(p, 0, rate, RING_MS, 2048);
	sent = send_to(p, way, rate, sleep_ms, ROW_SECONDS, &r);
	say(sent, "frames", "%d.sleep.%d.%s.sent", rate, sleep_ms, way->name);
	say(r.got, "frames", "%d.sleep.%d.%s.read", rate, sleep_ms, way->name);
	say(r.missed, "frames", "%d.sleep.%d.%s.%s", rate, sleep_ms, way->name,
	    way->counter);
	say((double)sent - r.got - r.missed, "frames",
	    "%d.sleep.%d.%s.unaccounted", rate, sleep_ms, way->name);
	sim_clear(p);
}

int main(int argc, char **argv)
{
	static const int rates[] = { 8000, 64000, 390000 };
	static const int sleeps_ms[] = { VISIT_MS, 100, 500 };
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	struct sim_port p = { .fd = -1 };

	sim_up(&p);
	no_loss(&p, 390000, seconds);
	no_loss(&p, 520000, seconds);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++) {
			late_reader(&p, &ring_way, rates[i], sleeps_ms[j]);
			late_reader(&p, &packet_way, rates[i], sleeps_ms[j]);
		}
	sim_down(&p);
	return 0;
}
