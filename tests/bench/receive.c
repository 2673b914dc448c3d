// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: receive WAY IF [--streams N] [--id ID] [--period UNITS]
 *	[--retire-ms MS] [--warm FRAMES] [--frames FRAMES] [--latency]
 *
 * Receives streams in one of the ways. What a program does with a frame is the
 * same in each: look at its sequence number, first and last octet. The marks
 * for insns.c stand after the frame that ends the warming up, and FRAMES later;
 * then it says what it saw. With --latency, also how long after a frame's
 * arrival, as the kernel stamped it, the program ran that it woke. When QUIET_S
 * pass without a frame, it fails and says which streams lack how many.
 */
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "way.h"

enum { QUIET_S = 10 };

static const struct way *const ways[] = {
	&way_kmod, &way_kmod_group, &way_xdp,	&way_packet,
	&way_raw,  &way_tpacket,    &way_afxdp, &way_afxdp_busy,
};

static uint8_t next[STREAMS_MAX]; /* sequence_num */
static unsigned int frames_of[STREAMS_MAX];

static struct setup setup = {
	.first_id = 0x001b21aabbcc0001ull,
	.n_streams = 1,
	.period = 64,
	.retire_ms = 1,
};
static uint64_t warm = 100, wanted = 1000, seen, lost, other;
static unsigned int touched;
static struct rusage before;
static struct timespec began;

int want_latency;
static uint64_t latencies[1 << 16];
static unsigned int n_latencies;

uint64_t woken_at(clockid_t clock)
{
	struct timespec ts;

	if (!want_latency)
		return 0;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void woken_by(uint64_t woken_ns, uint64_t arrival_ns)
{
	if (seen < warm || arrival_ns > woken_ns ||
	    n_latencies == sizeof(latencies) / sizeof(latencies[0]))
		return;
	latencies[n_latencies++] = woken_ns - arrival_ns;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void say_latency(void)
{
	unsigned int n = n_latencies;

	if (!n)
		return;
	qsort(latencies, n, sizeof(latencies[0]), by_value);
	printf(" wakes=%u minimum=%llu median=%llu p999=%llu maximum=%llu", n,
	       (unsigned long long)latencies[0],
	       (unsigned long long)latencies[n / 2],
	       (unsigned long long)latencies[n - 1 - n / 1000],
	       (unsigned long long)latencies[n - 1]);
}

/* These two out of the way of every frame. */
static __attribute__((noinline, cold)) void begin(void)
{
	lost = 0; /* nobody knew where a sequence begins */
	getrusage(RUSAGE_SELF, &before);
	clock_gettime(CLOCK_MONOTONIC, &began);
	__asm__ volatile("nopl 0x41565401(%%rax,%%rax)" ::: "memory");
}

static double seconds(const struct timeval *t)
{
	return t->tv_sec + t->tv_usec / 1e6;
}

static __attribute__((noinline, cold)) void end(void)
{
	struct timespec now;
	struct rusage r;

	__asm__ volatile("nopl 0x41565402(%%rax,%%rax)" ::: "memory");
	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_SELF, &r);
	printf("frames=%llu lost=%llu other=%llu switches=%ld preempted=%ld user_s=%.6f sys_s=%.6f wall_s=%.6f",
	       (unsigned long long)wanted, (unsigned long long)lost,
	       (unsigned long long)other, r.ru_nvcsw - before.ru_nvcsw,
	       r.ru_nivcsw - before.ru_nivcsw,
	       seconds(&r.ru_utime) - seconds(&before.ru_utime),
	       seconds(&r.ru_stime) - seconds(&before.ru_stime),
	       now.tv_sec - began.tv_sec + (now.tv_nsec - began.tv_nsec) / 1e9);
	say_latency();
	putchar('\n');
}

/*
 * Any way of waiting ends here, and none has to look at a clock for it. Where
 * the kernel sleeps, no lock of stdio is held.
 */
static void look_for_progress(int signo)
{
	static uint64_t seen_before;
	uint64_t each = (warm + wanted) / setup.n_streams;

	(void)signo;
	if (seen != seen_before) {
		seen_before = seen;
		alarm(QUIET_S);
		return;
	}
	dprintf(2,
		"receive: no frame for %d s: %llu of %llu seen, %llu other\n",
		QUIET_S, (unsigned long long)seen,
		(unsigned long long)(warm + wanted), (unsigned long long)other);
	for (int i = 0; i < setup.n_streams; i++)
		if (frames_of[i] < each)
			dprintf(2,
				"receive: stream %016llx lacks %llu of %llu\n",
				(unsigned long long)setup.first_id + i,
				(unsigned long long)each - frames_of[i],
				(unsigned long long)each);
	_exit(1);
}

static int which(const uint8_t *pdu)
{
	uint64_t id;

	memcpy(&id, pdu + 4, sizeof(id));
	id = be64toh(id) - setup.first_id;
	return id < (uint64_t)setup.n_streams ? (int)id : -1;
}

void frame_seen(int i, const uint8_t *pdu, uint32_t len)
{
	if (i < 0)
		i = which(pdu);
	if (i < 0 || len < 24) {
		other++;
		return;
	}
	touched += pdu[24] + pdu[len - 1];
	lost += (uint8_t)(pdu[2] - next[i]);
	next[i] = pdu[2] + 1;
	frames_of[i]++;
	seen++;
	if (seen == warm)
		begin();
	else if (seen == warm + wanted)
		end();
}

static int usage(void)
{
	fputs("usage: receive WAY IF [--streams N] [--id ID] [--period UNITS] [--retire-ms MS] [--warm FRAMES] [--frames FRAMES] [--latency]\nways:",
	      stderr);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		fprintf(stderr, " %s", ways[i]->name);
	fputs("\n", stderr);
	return 2;
}

static int read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "streams", required_argument, NULL, 'n' },
		{ "id", required_argument, NULL, 'i' },
		{ "period", required_argument, NULL, 'p' },
		{ "retire-ms", required_argument, NULL, 'r' },
		{ "warm", required_argument, NULL, 'w' },
		{ "frames", required_argument, NULL, 'f' },
		{ "latency", no_argument, &want_latency, 1 },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		uint64_t v = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (c) {
		case 0:
			break;
		case 'n':
			setup.n_streams = v;
			break;
		case 'i':
			setup.first_id = v;
			break;
		case 'p':
			setup.period = v;
			break;
		case 'r':
			setup.retire_ms = v;
			break;
		case 'w':
			warm = v;
			break;
		case 'f':
			wanted = v;
			break;
		default:
			return -1;
		}
	}
	return setup.n_streams < 1 || setup.n_streams > STREAMS_MAX ? -1 : 0;
}

int main(int argc, char **argv)
{
	const struct way *way = NULL;
	int err;

	if (read_options(argc, argv) || argc - optind != 2)
		return usage();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i]->name, argv[optind]))
			way = ways[i];
	if (!way)
		return usage();
	setup.ifname = argv[optind + 1];
	mlockall(MCL_CURRENT);
	err = way->open(&setup);
	if (err) {
		fprintf(stderr, "receive: %s on %s: %s\n", way->name,
			setup.ifname, strerror(-err));
		return 1;
	}
	signal(SIGALRM, look_for_progress);
	alarm(QUIET_S);
	puts("ready");
	fflush(stdout);
	while ((!err || err == -EINTR) && seen < warm + wanted)
		err = way->receive();
	if (err == -EINTR)
		err = 0;
	if (err)
		fprintf(stderr, "receive: %s\n", strerror(-err));
	return err || touched == 1; /* so that the compiler reads the octets */
}
