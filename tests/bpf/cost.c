// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: cost COST.BPF.O
 * What one frame costs in the XDP program: a class A frame of 234 bytes, copy
 * included, against an empty program. Prints nanoseconds, for people and as figures
 * (see tests/bench/bench.h); asserts nothing.
 */
#include <bpf/libbpf.h>

#include "../../kmod/shared/avtp.h"
#include "../bench/bench.h"
#include "port.h"

enum { REPEAT = 200000, ROUNDS = 10, FRAME_BYTES = 234, STREAMS_MAX = 4096 };

#define FIRST_ID 0x02005e1000010000ull

static struct xdp_port port;

/* AAF int16, 48 kHz, 8 channels, 12 samples: 192 bytes of 216. */
static void make_frame(__u8 f[FRAME_BYTES])
{
	static const __u8 head[] = {
		0x91, 0xe0, 0xf0, 0x00, 0xfe, 0x01, /* to */
		0x02, 0x00, 0x5e, 0x10, 0x00, 0x01, /* from */
		0x22, 0xf0, 0x02, 0x81, 0x00, 0x00, /* AAF, sv, tv */
		0x02, 0x00, 0x5e, 0x10, 0x00, 0x01, 0x00, 0x00, /* stream_id */
		0xde, 0xad, 0xbe, 0xef, /* avtp_timestamp */
		0x04, 0x50, 0x08, 0x10, /* int16, 48 kHz, 8 channels, 16 bits */
		0x00, 0xc0, 0x00, 0x00, /* 192 octets */
	};

	memset(f, 0x55, FRAME_BYTES);
	memcpy(f, head, sizeof(head));
}

/* The least of some runs, ns per frame; all of them to @f, if it is given. */
static double cost(int prog_fd, struct figure *f)
{
	__u8 frame[FRAME_BYTES];
	__u32 best = ~0u, ns = 0;

	make_frame(frame);
	for (int i = 0; i < ROUNDS; i++) {
		if (port_run(prog_fd, frame, sizeof(frame), REPEAT, &ns) < 0)
			return -1;
		best = ns < best ? ns : best;
		if (f)
			figure_add(f, ns);
	}
	return best;
}

/* The bench's programs on the port's own maps, with @n talkers. */
static struct bpf_object *load(const char *path, __u32 n)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_map *rodata;
	size_t bytes;

	if (!obj)
		return NULL;
	port_lend(&port, obj);
	rodata = bpf_object__find_map_by_name(obj, ".rodata");
	if (!rodata)
		rodata = bpf_object__find_map_by_name(obj, "cost_bpf.rodata");
	if (rodata)
		memcpy((void *)bpf_map__initial_value(rodata, &bytes), &n,
		       sizeof(n));
	if (!bpf_object__load(obj))
		return obj;
	bpf_object__close(obj);
	return NULL;
}

static int prog(struct bpf_object *obj, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(obj, name));
}

static int streams_up_to(int n)
{
	static const struct avtpmap_stream_opts opts = { .ms = 2,
							 .stride = 512 };
	static int have;

	for (; have < n; have++)
		if (xdp_stream_create(&port, FIRST_ID + have, &opts, &port_why))
			return -1;
	return 0;
}

/* Each part is the difference to what came before it. */
static void print_parts(struct bpf_object *obj, double clock, double rx)
{
	double empty = cost(prog(obj, "bench_empty"), NULL);
	double talk = cost(prog(obj, "bench_talk"), NULL);
	double parse = cost(prog(obj, "bench_parse"), NULL) - talk;
	double find = cost(prog(obj, "bench_find"), NULL) - talk;
	double claim = cost(prog(obj, "bench_claim"), NULL) - talk;
	double account = cost(prog(obj, "bench_account"), NULL) - talk;

	printf("  parse %.0f, find the stream %.0f, its ring and claim %.0f, account %.0f, clock %.0f; copy, publish and all else %.0f\n",
	       parse, find - parse, claim - find, account - claim, clock,
	       rx - empty - clock - account);
}

static int measure(const char *path, __u32 streams, __u32 talkers)
{
	struct bpf_object *obj;
	double empty, clock, talk, rx, net;
	struct figure f = { .runs = 0 };

	if (streams_up_to(streams)) {
		fprintf(stderr, "cost: %s\n", port_error);
		return 1;
	}
	obj = load(path, talkers);
	if (!obj) {
		fprintf(stderr, "cost: cannot load %s\n", path);
		return 1;
	}
	empty = cost(prog(obj, "bench_empty"), NULL);
	clock = cost(prog(obj, "bench_clock"), NULL) - empty;
	talk = cost(prog(obj, "bench_talk"), NULL) - empty;
	rx = cost(prog(obj, "bench_rx"), &f) - talk;
	net = rx - clock;
	printf("%u streams, %u talking: %.0f ns a frame; clock %.0f, so %.0f ns, %.1f times an empty program (%.0f ns)\n",
	       streams, talkers, rx, clock, net, net / empty, empty);
	print_parts(obj, clock, rx);
	for (int i = 0; i < f.runs; i++)
		f.value[i] -= talk;
	figure_print(&f, "ns", "xdp.program.234.streams.%u.%s.ns", streams,
		     talkers > 1 ? "rotating" : "active");
	fflush(stdout);
	bpf_object__close(obj);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		__u32 streams;
		__u32 talkers;
	} runs[] = {
		{ 1, 1 }, { 64, 1 }, { 64, 64 }, { 4096, 1 }, { 4096, 4096 }
	};
	int err = 0;

	if (argc != 2 || port_up(&port)) {
		fprintf(stderr, "cost: %s\n", port_error);
		return 1;
	}
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]) && !err; i++)
		err = measure(argv[1], runs[i].streams, runs[i].talkers);
	port_down(&port);
	return err;
}
