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
#include "cost.h"
#include "port.h"

enum { REPEAT = 200000, ROUNDS = 10, FRAME_BYTES = 234 };

static struct xdp_port port;
static double net_of_one; /* ns, with one stream */

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

/* The programs of cost.bpf.c. */
enum {
	EMPTY,
	CLOCK,
	TALK,
	PARSE,
	FIND,
	CLAIM,
	ACCOUNT,
	RX,
	FLOOR_SLOT,
	FLOOR_CLAIM,
	FLOOR_COPY,
	FLOOR_ALL,
	N_PROGRAMS
};

static const char *const names[N_PROGRAMS] = {
	[EMPTY] = "bench_empty",
	[CLOCK] = "bench_clock",
	[TALK] = "bench_talk",
	[PARSE] = "bench_parse",
	[FIND] = "bench_find",
	[CLAIM] = "bench_claim",
	[ACCOUNT] = "bench_account",
	[RX] = "bench_rx",
	[FLOOR_SLOT] = "bench_floor_slot",
	[FLOOR_CLAIM] = "bench_floor_claim",
	[FLOOR_COPY] = "bench_floor_copy",
	[FLOOR_ALL] = "bench_floor_all",
};

/* ns per frame, of every run; and the least, which all that is told is about. */
static struct figure runs[N_PROGRAMS];
static double ns[N_PROGRAMS];

/* In turn: what else the machine does meets all alike. */
static int run_all(struct bpf_object *obj)
{
	__u8 frame[FRAME_BYTES];
	__u32 took = 0;

	make_frame(frame);
	memset(runs, 0, sizeof(runs));
	for (int i = 0; i < ROUNDS * N_PROGRAMS; i++) {
		int k = i % N_PROGRAMS;
		int fd = bpf_program__fd(
			bpf_object__find_program_by_name(obj, names[k]));

		if (port_run(fd, frame, sizeof(frame), REPEAT, &took) !=
		    XDP_DROP) {
			fprintf(stderr, "cost: %s does not drop the frame\n",
				names[k]);
			return -1;
		}
		figure_add(&runs[k], took);
		if (i < N_PROGRAMS || took < ns[k])
			ns[k] = took;
	}
	return 0;
}

/* All runs of program @k, less @minus, in units of @unit. */
static struct figure scaled(int k, double minus, double unit)
{
	struct figure f = { .runs = 0 };

	for (int i = 0; i < runs[k].runs; i++)
		figure_add(&f, (runs[k].value[i] - minus) / unit);
	return f;
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

static int streams_up_to(int n)
{
	static const struct avtpmap_stream_opts opts = { .ms = 2,
							 .stride = STRIDE };
	static int have;

	for (; have < n; have++)
		if (xdp_stream_create(&port, FIRST_ID + have, &opts, &port_why))
			return -1;
	return 0;
}

/* What a program costs that does only what cannot be left out. */
static void print_floor(void)
{
	double slot = ns[FLOOR_SLOT];
	struct figure f;

	printf("the floor: empty program %.0f, find the slot %.0f, claim %.0f, copy %.0f; all of it at once %.0f ns, %.1f times an empty program\n",
	       ns[EMPTY], slot - ns[EMPTY], ns[FLOOR_CLAIM] - slot,
	       ns[FLOOR_COPY] - slot, ns[FLOOR_ALL], ns[FLOOR_ALL] / ns[EMPTY]);
	f = scaled(EMPTY, 0, 1);
	figure_print(&f, "ns", "xdp.program.floor.empty.ns");
	f = scaled(FLOOR_SLOT, ns[EMPTY], 1);
	figure_print(&f, "ns", "xdp.program.floor.slot.ns");
	f = scaled(FLOOR_CLAIM, slot, 1);
	figure_print(&f, "ns", "xdp.program.floor.claim.ns");
	f = scaled(FLOOR_COPY, slot, 1);
	figure_print(&f, "ns", "xdp.program.floor.copy.ns");
	f = scaled(FLOOR_ALL, 0, 1);
	figure_print(&f, "ns", "xdp.program.floor.all.ns");
	f = scaled(FLOOR_ALL, 0, ns[EMPTY]);
	figure_print(&f, "ratio", "xdp.program.floor.all.to-empty");
}

static void print_frame(__u32 streams, __u32 talkers)
{
	const char *who = talkers > 1 ? "rotating" : "active";
	double talk = ns[TALK] - ns[EMPTY], clock = ns[CLOCK] - ns[EMPTY];
	double net = ns[RX] - talk - clock;
	struct figure f;

	if (streams == 1)
		net_of_one = net;
	printf("%u streams, %s: %.0f ns a frame; clock %.0f, so %.0f ns, %.1f times an empty program (%.0f ns), %.2f times one stream\n",
	       streams, who, ns[RX] - talk, clock, net, net / ns[EMPTY],
	       ns[EMPTY], net / net_of_one);
	/* each part is the difference to what came before it */
	printf("  parse %.0f, find the stream %.0f, its ring and claim %.0f, account %.0f, clock %.0f; copy, publish and all else %.0f\n",
	       ns[PARSE] - ns[TALK], ns[FIND] - ns[PARSE], ns[CLAIM] - ns[FIND],
	       ns[ACCOUNT] - ns[CLAIM], clock, ns[RX] - clock - ns[ACCOUNT]);
	f = scaled(RX, talk, 1);
	figure_print(&f, "ns", "xdp.program.234.streams.%u.%s.ns", streams,
		     who);
	f = scaled(RX, talk + clock, ns[EMPTY]);
	figure_print(&f, "ratio", "xdp.program.234.streams.%u.%s.to-empty",
		     streams, who);
	f = scaled(RX, talk + clock, net_of_one);
	figure_print(&f, "ratio", "xdp.program.234.streams.%u.%s.to-one",
		     streams, who);
}

static int measure(const char *path, __u32 streams, __u32 talkers)
{
	struct bpf_object *obj;
	int err;

	if (streams_up_to(streams)) {
		fprintf(stderr, "cost: %s\n", port_error);
		return 1;
	}
	obj = load(path, talkers);
	if (!obj) {
		fprintf(stderr, "cost: cannot load %s\n", path);
		return 1;
	}
	err = run_all(obj);
	if (!err && streams == 1)
		print_floor();
	if (!err)
		print_frame(streams, talkers);
	fflush(stdout);
	bpf_object__close(obj);
	return !!err;
}

int main(int argc, char **argv)
{
	static const struct {
		__u32 streams;
		__u32 talkers;
	} cases[] = {
		{ 1, 1 }, { 64, 1 }, { 64, 64 }, { 4096, 1 }, { 4096, 4096 }
	};
	int err = 0;

	if (argc != 2 || port_up(&port)) {
		fprintf(stderr, "cost: %s\n", port_error);
		return 1;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && !err; i++)
		err = measure(argv[1], cases[i].streams, cases[i].talkers);
	port_down(&port);
	return err;
}
