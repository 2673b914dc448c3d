// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The module as a driver calls it, on a simulated port in a test kernel: time of
 * a frame from the hook's entry to its return. Ticks of the TSC are nanoseconds
 * natively (measured), and instructions in a guest that counts them: then
 * "--instructions" prints them so.
 */
#include "sim.h"

enum { RUNS = 11, WRITES = 200, BURST = 64 };

#define PARAMETERS "/sys/module/avtpmap_sim/parameters/"

/* nothing to copy but the header and two octets */
static const struct shape frame_44 = {
	.subtype = 2,
	.code = 4,
	.rate_hz = 48000,
	.channels = 1,
	.depth = 16,
	.bytes = 2,
	.units = 1,
};
static const struct shape frame_68 = {
	.subtype = 2,
	.code = 4,
	.rate_hz = 48000,
	.channels = 15,
	.depth = 16,
	.bytes = 2,
	.units = 1,
};
/* class A, eight channels: 192 octets, header, tag */
static const struct shape frame_234 = {
	.subtype = 2,
	.code = 2,
	.rate_hz = 48000,
	.channels = 8,
	.depth = 32,
	.bytes = 4,
	.units = 6,
};
static const struct shape frame_1518 = {
	.subtype = 2,
	.code = 4,
	.rate_hz = 48000,
	.channels = 20,
	.depth = 16,
	.bytes = 2,
	.units = 37,
};

static const struct {
	uint32_t bytes;
	uint32_t vid;
	const struct shape *shape;
} frames[] = { { 44, 2, &frame_44 },
	       { 68, 0, &frame_68 },
	       { 234, 2, &frame_234 },
	       { 1518, 0, &frame_1518 } };

enum { CLASS_A = 2 }; /* of frames */

static double unit_per_tick;
static const char *unit, *suffix;
static int runs = RUNS, writes = WRITES;

static uint64_t parameter(const char *name)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		sim_die(path, strerror(errno));
	close(fd);
	return strtoull(text, NULL, 10);
}

/* @how: see the module's parameter */
static void measure_what(char how)
{
	int fd = open(PARAMETERS "measure", O_WRONLY);

	if (fd < 0 || write(fd, &how, 1) != 1)
		sim_die("measure", strerror(errno));
	close(fd);
}

/* The talkers' next frames, one after the other in turn. */
static void next_frames(struct talker *t, uint32_t n_talkers, uint32_t n,
			uint32_t ifindex, struct wire *w)
{
	static uint32_t turn;

	wire_clear(w);
	for (uint32_t i = 0; i < n; i++, turn++)
		talker_send(&t[turn % n_talkers], w, ifindex, 1);
}

static void measure(struct sim_port *p, int f, uint32_t first,
		    uint32_t n_talkers, struct figure *fig)
{
	struct talker *t = calloc(n_talkers, sizeof(*t));
	struct wire w = { 0 };
	uint32_t n = n_talkers > BURST ? n_talkers : BURST;
	uint64_t from_ticks = 0, from_frames = 0;
	int turns = writes * BURST / n > 2 ? writes * BURST / n : 2;

	for (uint32_t i = 0; i < n_talkers; i++) {
		talker_init(&t[i], frames[f].shape, SIM_ID + first + i);
		t[i].vid = frames[f].vid;
	}
	for (int i = -turns / 2; i < turns; i++) {
		next_frames(t, n_talkers, n, p->ifindex, &w);
		if (!i) {
			from_ticks = parameter("hook_ticks");
			from_frames = parameter("hook_frames");
		}
		sim_receive(p, &w);
	}
	figure_add(fig, (parameter("hook_ticks") - from_ticks) * unit_per_tick /
				(parameter("hook_frames") - from_frames));
	wire_free(&w);
	free(t);
}

/* Frames that no ring has to account for. */
static uint64_t shown_before;

/* The copy of a class A frame by itself, less the loop round it. */
static void copies(struct sim_port *p)
{
	struct figure loop = { .runs = 0 }, ours = { .runs = 0 },
		      kernel = { .runs = 0 };

	for (int run = 0; run < runs; run++) {
		measure_what('4');
		measure(p, CLASS_A, 0, 1, &loop);
		measure_what('2');
		measure(p, CLASS_A, 0, 1, &ours);
		measure_what('3');
		measure(p, CLASS_A, 0, 1, &kernel);
		ours.value[run] -= loop.value[run];
		kernel.value[run] -= loop.value[run];
	}
	shown_before = parameter("hook_frames");
	figure_print(&ours, unit, "sim.copy.234%s", suffix);
	figure_print(&kernel, unit, "sim.memcpy.234%s", suffix);
}

static uint64_t frames_in_rings;

static int sum_frames(const struct avtpmap_stream_info *s, void *arg)
{
	(void)arg;
	frames_in_rings += s->counters[AVTPMAP_C_FRAMES_RX];
	return 0;
}

/* Whatever was measured was laid in a ring. */
static void all_in_rings(struct sim_port *p)
{
	uint64_t shown = parameter("hook_frames");

	frames_in_rings = 0;
	avtpmap_stream_list(p->ctl, NULL, sum_frames, NULL);
	if (shown - shown_before != frames_in_rings)
		sim_die("frames", "some were not laid in a ring");
	shown_before = shown;
}

static void streams(struct sim_port *p, int f, uint32_t n_streams, int rotating)
{
	struct figure fig = { .runs = 0 };

	for (uint32_t i = 0; i < n_streams; i++)
		sim_add(p, i, 8000, 2, frames[f].bytes > 500 ? 2048 : 512);
	for (int run = 0; run < runs; run++)
		measure(p, f, rotating ? 0 : run * n_streams / runs,
			rotating ? n_streams : 1, &fig);
	all_in_rings(p);
	figure_print(&fig, unit, "sim.hook.%u.streams.%u.%s%s", frames[f].bytes,
		     n_streams, rotating ? "rotating" : "active", suffix);
	sim_clear(p);
}

/* What readers cost the producer that it does not have to wake. */
static void idle_readers(struct sim_port *p)
{
	struct figure one = { .runs = 0 }, more = { .runs = 0 },
		      due = { .runs = 0 };
	struct avtpmap_stream *s[17];

	sim_add(p, 0, 8000, 100, 512);
	s[0] = sim_open(0, 64);
	for (int run = 0; run < runs; run++) {
		measure(p, CLASS_A, 0, 1, &one);
		for (int i = 1; i <= 8; i++)
			s[i] = sim_open(0, 0);
		measure(p, CLASS_A, 0, 1, &more);
		for (int i = 1; i <= 8; i++)
			avtpmap_close(s[i]);
		for (int i = 1; i <= 8; i++)
			s[i] = sim_open(0, 64);
		measure(p, CLASS_A, 0, 1, &due);
		for (int i = 1; i <= 8; i++)
			avtpmap_close(s[i]);
	}
	all_in_rings(p);
	figure_print(&one, unit, "sim.readers.1%s", suffix);
	figure_print(&more, unit, "sim.readers.8-idle-more%s", suffix);
	figure_print(&due, unit, "sim.readers.8-with-period-more%s", suffix);
	avtpmap_close(s[0]);
	sim_clear(p);
}

static void nothing_there(struct sim_port *p)
{
	struct figure fig = { .runs = 0 };

	for (int run = 0; run < runs; run++)
		measure(p, CLASS_A, 0, 1, &fig);
	figure_print(&fig, unit, "sim.hook.234.streams.0%s", suffix);
	avtpmap_port_detach(p->ctl, "sim0");
	fig.runs = 0;
	for (int run = 0; run < runs; run++)
		measure(p, CLASS_A, 0, 1, &fig);
	figure_print(&fig, unit, "sim.hook.234.no-port%s", suffix);
}

int main(int argc, char **argv)
{
	static const uint32_t counts[] = { 1, 64, 4096 };
	int instructions = argc > 1 && !strcmp(argv[1], "--instructions");
	struct sim_port p = { .fd = -1 };

	unit = instructions ? "instructions" : "ns";
	suffix = instructions ? ".instructions" : ".ns";
	unit_per_tick = instructions ? 1 : measure_tick();
	if (instructions) {
		runs = 3;
		writes = 20;
	}
	sim_up(&p);
	copies(&p);
	measure_what('1');
	for (size_t f = 0; f < sizeof(frames) / sizeof(frames[0]); f++)
		for (size_t i = 0; i < 3; i++) {
			if (instructions && counts[i] > 64)
				continue;
			streams(&p, f, counts[i], 0);
			if (counts[i] > 1)
				streams(&p, f, counts[i], 1);
		}
	idle_readers(&p);
	nothing_there(&p);
	sim_down(&p);
	return 0;
}
