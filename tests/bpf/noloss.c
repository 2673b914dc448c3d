// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: noloss SECONDS
 * Readers that sleep 2 ms between visits: of one stream, then of 64 in 8
 * processes. What reached the program is in a ring or a counter, and no reader
 * missed any of it: 0 if so. What the sender and the veth dropped before is
 * printed apart.
 */
#include <avtpmap/avtpmap.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>

#include "traffic.h"

enum { PROCESSES_MAX = 8 };

/* What the readers' processes and this one tell each other. */
struct board {
	volatile int ready[PROCESSES_MAX];
	volatile int stop;
	volatile uint64_t got[STREAMS_MAX];
	volatile uint64_t overrun[STREAMS_MAX];
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "noloss: %s: %s\n", what, why);
	return 1;
}

static uint64_t drain(struct avtpmap_stream *s)
{
	uint64_t n = 0;

	while (avtpmap_peek(s))
		n += !avtpmap_release(s);
	return n;
}

/* Reads streams @p, @p + @step and so on, of @n. */
static void read_streams(struct board *b, int p, int step, int n)
{
	struct avtpmap_stream *s[STREAMS_MAX];
	char why[256] = "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = p; i < n; i += step)
		if (avtpmap_open(&s[i],
				 AVTPMAP_OPTS(avtpmap_open_opts,
					      .ifname = "port0",
					      .stream_id = FIRST_ID + i,
					      .backend = AVTPMAP_BACKEND_XDP,
					      .error = why,
					      .error_bytes = sizeof(why))))
			_exit(fail("open", why));
	b->ready[p] = 1;
	for (int last = 0; last < 2; last += b->stop) {
		usleep(VISIT_US);
		for (int i = p; i < n; i += step)
			b->got[i] += drain(s[i]);
	}
	for (int i = p; i < n; i += step) {
		b->overrun[i] = avtpmap_overrun_frames(s[i]);
		avtpmap_close(s[i]);
	}
	_exit(0);
}

struct totals {
	const struct board *b;
	uint64_t reached;
	uint64_t in_rings;
	uint64_t lost;
	uint64_t contended;
	uint64_t got;
	uint64_t overrun;
	int bad;
};

static int on_port(const struct avtpmap_port_info *port, void *arg)
{
	struct totals *t = arg;

	for (uint32_t i = 0; i < port->n_queues; i++)
		t->reached += port->queues[i].frames;
	return 0;
}

static int on_stream(const struct avtpmap_stream_info *s, void *arg)
{
	struct totals *t = arg;
	int i = s->stream_id - FIRST_ID;

	t->in_rings += s->counters[AVTPMAP_C_FRAMES_RX];
	t->lost += s->counters[AVTPMAP_C_FRAMES_LOST];
	t->contended += s->counters[AVTPMAP_C_CONTENDED];
	t->got += t->b->got[i];
	t->overrun += t->b->overrun[i];
	t->bad |= t->b->got[i] + t->b->overrun[i] !=
		  s->counters[AVTPMAP_C_FRAMES_RX];
	return 0;
}

static int judge(struct avtpmap_ctl *ctl, const struct board *b,
		 const struct sender *s, int processes)
{
	struct totals t = { .b = b };

	avtpmap_port_list(ctl, on_port, &t);
	avtpmap_stream_list(ctl, "port0", on_stream, &t);
	printf("%u streams, %d processes, asked %.0f/s: sent %llu (%.0f/s), refused to the sender %llu times; dropped by veth %llu; reached the program %llu: in rings %llu, contended %llu (lost before, by sequence, %llu); read %llu, overrun %llu\n",
	       s->streams, processes, s->rate, (unsigned long long)s->sent,
	       s->sent / s->seconds, (unsigned long long)s->refused,
	       (unsigned long long)(s->sent - t.reached),
	       (unsigned long long)t.reached, (unsigned long long)t.in_rings,
	       (unsigned long long)t.contended, (unsigned long long)t.lost,
	       (unsigned long long)t.got, (unsigned long long)t.overrun);
	fflush(stdout);
	return t.bad || t.overrun || !t.in_rings ||
	       t.reached != t.in_rings + t.contended;
}

static int run(struct avtpmap_ctl *ctl, struct board *b, double rate,
	       double seconds, int streams, int processes)
{
	const struct avtpmap_stream_opts opts = { .sz = sizeof(opts),
						  .ms = 250,
						  .rate = rate / streams };
	struct sender sender = { .rate = rate,
				 .seconds = seconds,
				 .streams = streams };
	pid_t pid[PROCESSES_MAX];
	int status, bad = 0;

	memset(b, 0, sizeof(*b));
	for (int i = 0; i < streams; i++)
		if (avtpmap_stream_add(ctl, "port0", FIRST_ID + i, &opts))
			return fail("add", avtpmap_ctl_error(ctl));
	for (int p = 0; p < processes; p++) {
		pid[p] = fork();
		if (!pid[p])
			read_streams(b, p, processes, streams);
	}
	for (int p = 0; p < processes; p++)
		while (!b->ready[p] && !waitpid(pid[p], &status, WNOHANG))
			usleep(1000);
	send_frames(&sender);
	usleep(100000);
	b->stop = 1;
	for (int p = 0; p < processes; p++)
		bad |= waitpid(pid[p], &status, 0) != pid[p] || status;
	bad |= judge(ctl, b, &sender, processes);
	avtpmap_drain(ctl, "port0");
	return bad || avtpmap_port_detach(ctl, "port0");
}

int main(int argc, char **argv)
{
	static const struct {
		double rate;
		int streams;
		int processes;
	} runs[] = { { 390000, 1, 1 }, { 520000, 1, 1 }, { 520000, 64, 8 } };
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	struct avtpmap_port_opts port = { .sz = sizeof(port),
					  .set = AVTPMAP_PORT_MEM_CAP |
						 AVTPMAP_PORT_XDP_ALONE,
					  .mem_cap = 2ull << 30 };
	struct board *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct avtpmap_ctl *ctl;
	int bad = 0;

	if (b == MAP_FAILED || traffic_veth())
		return fail("veth", strerror(errno));
	if (avtpmap_ctl_open(&ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts,
					  .backend = AVTPMAP_BACKEND_XDP)))
		return fail("control", "see avtpmap doctor");
	for (int i = 0; i < 3; i++) {
		if (avtpmap_port_attach(ctl, "port0", &port))
			return fail("attach", avtpmap_ctl_error(ctl));
		bad |= run(ctl, b, runs[i].rate, seconds, runs[i].streams,
			   runs[i].processes);
	}
	avtpmap_ctl_close(ctl);
	return bad;
}
