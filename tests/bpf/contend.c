// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: contend CONTEND.BPF.O
 * Two CPUs that bring frames at once: of one stream, and of two streams of one
 * group; and somebody who keeps a claim for longer than the program waits for it.
 * Frames come by test run on a port that is attached to a veth. As root.
 */
#include <avtpmap/avtpmap.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "../unit/tap.h"
#include "contend.h"
#include "port.h"

#define ID 0x02005e1000010000ull

enum {
	FRAME_BYTES = 64,
	DATA = 38, /* of the frame: stream data */
	FRAMES = 10000, /* from each CPU */
	PERIODS = 500,
	PERIOD = 48,
	FRAMES_PER_PERIOD = 8,
	KEEP_EVERY = 16,
	TRIES = 20,
	AWAIT_MS = 2000,
	SILENCE_MS = AVTPMAP_SILENCE_NS / 1000000,
};

static struct xdp_port port;
static struct avtpmap_ctl *ctl;
static int hold_fd;

/* AAF int16, 48 kHz, stereo, 6 samples, which are @n three times. */
static void make_frame(uint8_t f[FRAME_BYTES], uint8_t stream, uint64_t n)
{
	static const uint8_t head[DATA] = {
		0x91, 0xe0, 0xf0, 0,	0xfe, 1,    2, 0, 0x5e, 0x10,
		0,    1,    0x22, 0xf0, 0x02, 0x81, 0, 0, 2,	0,
		0x5e, 0x10, 0,	  1,	0,    0,    0, 0, 0,	0,
		0x04, 0x50, 0x02, 0x10, 0,    24,   0, 0,
	};

	memset(f, 0, FRAME_BYTES);
	memcpy(f, head, sizeof(head));
	f[16] = n;
	f[25] = stream;
	for (int i = 0; i < 3; i++)
		memcpy(f + DATA + 8 * i, &n, sizeof(n));
}

static int rx(uint8_t stream, uint64_t n)
{
	uint8_t f[FRAME_BYTES];

	make_frame(f, stream, n);
	return port_run(port.rx_fd, f, sizeof(f), 1, NULL);
}

/*
 * Somebody claims a stream (or group), keeps it for @turns, and gives it back.
 * XDP_DROP if all of it was so, XDP_PASS if it was not to be had.
 */
static int hold(int group, uint32_t index, uint32_t claim, uint32_t turns,
		uint32_t release)
{
	struct contend arg = {
		.group = group,
		.index = index,
		.claim = claim,
		.turns = turns,
		.release = release,
	};

	return port_run(hold_fd, &arg, sizeof(arg), 1, NULL);
}

static void stop_timer(uint32_t stream)
{
	struct contend arg = { .index = stream, .stop = 1 };

	if (port_run(hold_fd, &arg, sizeof(arg), 1, NULL) != XDP_DROP)
		abort();
}

/* For longer than anybody waits; 1: somebody else gave it back meanwhile. */
static int is_lost(int group, uint32_t index)
{
	int verdict = hold(group, index, 1, CONTEND_TURNS_MAX, 1);

	return verdict != XDP_DROP && verdict != XDP_PASS;
}

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		abort();
}

static struct avtpmap_stream *add_and_open(uint64_t id)
{
	static const struct avtpmap_stream_opts opts = { .sz = sizeof(opts),
							 .ms = 4000,
							 .stride = 128 };
	struct avtpmap_stream *s = NULL;

	if (avtpmap_stream_add(ctl, "port0", id, &opts) ||
	    avtpmap_open(&s, AVTPMAP_OPTS(avtpmap_open_opts, .ifname = "port0",
					  .stream_id = id,
					  .backend = AVTPMAP_BACKEND_XDP)))
		tap_ok(0, "added and opened: %s", avtpmap_ctl_error(ctl));
	return s;
}

static uint64_t counter(struct avtpmap_stream *s, enum avtpmap_counter c)
{
	uint64_t values[AVTPMAP_N_COUNTERS];

	avtpmap_counters(s, values, AVTPMAP_N_COUNTERS);
	return values[c];
}

/* ---- one stream ---- */

static uint64_t next_frame;

struct talker {
	pthread_t thread;
	int cpu;
	int keeps; /* now and then claims the stream for long */
	uint64_t taken;
	uint64_t passed;
	uint64_t odd; /* neither; or a claim was lost */
};

static void *talk(void *arg)
{
	struct talker *t = arg;

	on_cpu(t->cpu);
	for (int i = 0; i < FRAMES; i++) {
		uint64_t n =
			__atomic_fetch_add(&next_frame, 1, __ATOMIC_RELAXED);

		if (t->keeps && i % KEEP_EVERY == 0)
			t->odd += is_lost(0, xdp_stream_find(&port, ID));
		switch (rx(0, n)) {
		case XDP_DROP:
			t->taken++;
			break;
		case XDP_PASS:
			t->passed++;
			break;
		default:
			t->odd++;
		}
	}
	return NULL;
}

/* Each frame that was taken is in the ring, once, and not mixed with another. */
static int ring_is_whole(struct avtpmap_stream *s, uint64_t taken)
{
	static uint8_t seen[2 * FRAMES];
	const struct avtpmap_slot *slot;
	uint64_t n[3], read = 0;

	while ((slot = avtpmap_peek(s))) {
		memcpy(n, avtpmap_slot_pdu(slot) + DATA - 14, sizeof(n));
		if (n[0] != n[1] || n[0] != n[2] || n[0] >= sizeof(seen) ||
		    seen[n[0]]++ || avtpmap_release(s))
			return 0;
		read++;
	}
	return read == taken;
}

static void close_and_del(struct avtpmap_stream *s)
{
	avtpmap_close(s);
	avtpmap_stream_del(ctl, "port0", ID);
}

/* Until both were at work at once, which a busy machine may prevent. */
static struct avtpmap_stream *run_talkers(struct talker t[2])
{
	const struct talker fresh[2] = { { .cpu = 0, .keeps = 1 },
					 { .cpu = 1 } };
	struct avtpmap_stream *s;

	for (int try = 1;; try++) {
		memcpy(t, fresh, sizeof(fresh));
		next_frame = 0;
		s = add_and_open(ID);
		for (int i = 0; i < 2 && s; i++)
			pthread_create(&t[i].thread, NULL, talk, &t[i]);
		for (int i = 0; i < 2 && s; i++)
			pthread_join(t[i].thread, NULL);
		if (!s || try == TRIES || counter(s, AVTPMAP_C_CONTENDED))
			return s;
		close_and_del(s);
	}
}

static void one_stream(void)
{
	struct talker t[2];
	struct avtpmap_stream *s = run_talkers(t);
	uint64_t contended, taken;

	if (!s)
		return;
	taken = t[0].taken + t[1].taken;
	contended = counter(s, AVTPMAP_C_CONTENDED);
	tap_ok(contended && t[0].passed + t[1].passed == contended,
	       "one stream on two CPUs: %llu frames found it claimed, are counted as contended and pass",
	       (unsigned long long)contended);
	tap_ok(!t[0].odd && !t[1].odd && taken + contended == 2 * FRAMES &&
		       counter(s, AVTPMAP_C_FRAMES_RX) == taken &&
		       avtpmap_header(s)->head == taken,
	       "the others, %llu, are taken and counted",
	       (unsigned long long)taken);
	tap_ok(ring_is_whole(s, taken),
	       "each of them is in the ring, once and whole");
	close_and_del(s);
}

/* Deterministic: kept until it is given back. */
static void a_claim_that_is_kept(void)
{
	struct avtpmap_stream *s = add_and_open(ID);
	int index = xdp_stream_find(&port, ID);
	int verdict;

	if (!s)
		return;
	rx(0, 0);
	verdict = hold(0, index, 1, 0, 0) == XDP_DROP ? rx(0, 1) : -1;
	tap_ok(verdict == XDP_PASS && counter(s, AVTPMAP_C_CONTENDED) == 1 &&
		       counter(s, AVTPMAP_C_FRAMES_RX) == 1,
	       "while its stream is claimed, a frame passes, counted as contended");
	verdict = hold(0, index, 0, 0, 1) == XDP_DROP ? rx(0, 2) : -1;
	tap_ok(verdict == XDP_DROP && counter(s, AVTPMAP_C_CONTENDED) == 1 &&
		       counter(s, AVTPMAP_C_FRAMES_RX) == 2,
	       "then the next one is taken");
	close_and_del(s);
}

/*
 * The library looked at the stream on CPU 0; frames come on CPU 1, where the timer
 * that finds silence cannot keep them waiting.
 */
static void timer_follows(void)
{
	struct avtpmap_stream *s = add_and_open(ID);
	const struct xdp_ring *ring;
	uint64_t n = 0;
	size_t bytes;

	if (!s)
		return;
	ring = port_ring(&port, ID, &bytes);
	if (!ring)
		return;
	on_cpu(0);
	rx(0, n++);
	xdp_tick(&port, xdp_stream_find(&port, ID));
	tap_ok(env_load(&ring->s.timer_ns) != ~0ull &&
		       env_load(&ring->s.timer_cpu) == 0,
	       "a stream's timer is set where it is looked at");
	on_cpu(1);
	for (int ms = 0; ms < 3 * SILENCE_MS; ms++) {
		rx(0, n++);
		usleep(1000);
	}
	tap_ok(env_load(&ring->s.timer_cpu) == 1 &&
		       env_load(&ring->hdr.state) == AVTPMAP_RING_LIVE,
	       "it comes to the CPU of the frames, and stays there");
	usleep(2000 * SILENCE_MS);
	tap_ok(env_load(&ring->hdr.state) == AVTPMAP_RING_SILENT,
	       "and finds that they end");
	close_and_del(s);
}

/* ---- two streams of one group ---- */

struct member {
	pthread_t thread;
	int cpu;
	struct avtpmap_stream *s;
	const struct xdp_ring *ring;
	uint64_t bad; /* frames that were not taken, claims that were lost */
	uint64_t missed; /* period ends that found the group claimed */
};

static struct {
	struct avtpmap_group *g;
	uint32_t index; /* of the group */
	struct member m[2];
	pthread_barrier_t begin, end;
	int met; /* so often did one come to meet the other */
	int kept; /* the period in which the group was last kept claimed */
} choir;

/* Without sleeping, so that both go on at once. */
static void meet(int times)
{
	__atomic_add_fetch(&choir.met, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&choir.met, __ATOMIC_ACQUIRE) < 2 * times)
		sched_yield();
}

/* CPU 0 keeps the group claimed; the other one goes on when it sees that. */
static int keep(int cpu, int times)
{
	const struct xdp_group *g = &port.groups[choir.index];
	int lost = 0;

	if (!cpu) {
		lost = is_lost(1, choir.index);
		__atomic_store_n(&choir.kept, times, __ATOMIC_RELEASE);
	}
	while (!env_load(&g->claim) &&
	       __atomic_load_n(&choir.kept, __ATOMIC_ACQUIRE) < times)
		;
	return lost;
}

/* All but the last frame of a period; then both CPUs end it at once. */
static void *sing(void *arg)
{
	struct member *m = arg;
	uint64_t n = 0;

	on_cpu(m->cpu);
	for (int i = 0; i < PERIODS; i++) {
		pthread_barrier_wait(&choir.begin);
		for (int k = 1; k < FRAMES_PER_PERIOD; k++)
			m->bad += rx(1 + m->cpu, n++) != XDP_DROP;
		meet(i + 1);
		if (i % KEEP_EVERY == 0)
			m->bad += keep(m->cpu, i + 1);
		m->bad += rx(1 + m->cpu, n++) != XDP_DROP;
		m->missed += env_load(&m->ring->s.visit.missed);
		pthread_barrier_wait(&choir.end);
	}
	return NULL;
}

static struct avtpmap_reader_info group_info(void)
{
	struct avtpmap_reader_info info = { 0 };

	avtpmap_group_info(choir.g, &info);
	return info;
}

/* The wake of period @i, though it may come late; and no other one. */
static int woken(uint64_t i)
{
	struct avtpmap_reader_info info;

	for (int ms = 0; ms < AWAIT_MS && group_info().wakes_period < i; ms++)
		usleep(1000);
	info = group_info(); /* as one: it may have been in the making */
	return info.wakes_period == i && info.periods == i &&
	       avtpmap_group_wait(choir.g, 0) == 1;
}

static int gather(void)
{
	const struct avtpmap_period period = {
		.period = PERIOD,
		.events = AVTPMAP_EV_QUORUM,
	};
	size_t bytes;

	if (avtpmap_group_create(&choir.g, &period))
		return -1;
	for (int i = 0; i < 2; i++) {
		struct member *m = &choir.m[i];

		m->cpu = i;
		m->s = add_and_open(ID + 1 + i);
		m->ring = port_ring(&port, ID + 1 + i, &bytes);
		if (!m->s || !m->ring || avtpmap_group_add(choir.g, m->s))
			return -1;
	}
	/* joining tells of the quorum */
	avtpmap_group_wait(choir.g, 0);
	avtpmap_group_events(choir.g);
	for (choir.index = 0; choir.index < XDP_READERS; choir.index++)
		if (port.table->reader[choir.index].group == choir.index + 1)
			return 0;
	return -1;
}

static void disperse(void)
{
	for (int k = 0; k < 2; k++) {
		avtpmap_close(choir.m[k].s);
		avtpmap_stream_del(ctl, "port0", ID + 1 + k);
	}
	avtpmap_group_close(choir.g);
}

static void read_all(void)
{
	for (int k = 0; k < 2; k++)
		while (avtpmap_peek(choir.m[k].s))
			avtpmap_release(choir.m[k].s);
}

/* How many periods had their wake. */
static int run_choir(void)
{
	int good = 0;

	for (int k = 0; k < 2; k++)
		pthread_create(&choir.m[k].thread, NULL, sing, &choir.m[k]);
	for (int i = 0; i < PERIODS; i++) {
		pthread_barrier_wait(&choir.begin);
		pthread_barrier_wait(&choir.end);
		if (good == i)
			good += woken(i + 1);
		read_all();
	}
	for (int k = 0; k < 2; k++)
		pthread_join(choir.m[k].thread, NULL);
	return good;
}

static void one_group(void)
{
	uint64_t frames = 0, bad = 0, missed = 0;
	int good;

	if (gather()) {
		tap_ok(0, "a group of two");
		return;
	}
	pthread_barrier_init(&choir.begin, NULL, 3);
	pthread_barrier_init(&choir.end, NULL, 3);
	good = run_choir();
	for (int k = 0; k < 2; k++) {
		frames += counter(choir.m[k].s, AVTPMAP_C_FRAMES_RX);
		bad += choir.m[k].bad +
		       counter(choir.m[k].s, AVTPMAP_C_CONTENDED);
		missed += choir.m[k].missed;
	}
	tap_ok(good == PERIODS && !avtpmap_group_events(choir.g),
	       "a group of two streams on two CPUs: %d wakes for %d periods, nobody leaves the quorum",
	       good, PERIODS);
	tap_ok(missed, "%llu ends of a period found the group claimed",
	       (unsigned long long)missed);
	tap_ok(!bad && frames == 2 * PERIODS * FRAMES_PER_PERIOD,
	       "all %llu frames are taken and counted",
	       (unsigned long long)frames);
	disperse();
}

/* Both bring frames @from to @until - 1, the second one first. */
static int bring(uint64_t from, uint64_t until)
{
	for (uint64_t n = from; n < until; n++)
		if (rx(2, n) != XDP_DROP || rx(1, n) != XDP_DROP)
			return -1;
	return 0;
}

static void await_told(const struct member *m)
{
	for (int ms = 0; ms < AWAIT_MS && env_load(&m->ring->s.news.owed); ms++)
		usleep(1000);
}

/*
 * Deterministic: the last end of a period finds the group claimed, and no other
 * frame comes, nor a timer that was set before.
 */
static void a_group_that_is_kept(void)
{
	const uint64_t n = FRAMES_PER_PERIOD;
	int begun, kept, missed;

	if (gather()) {
		tap_ok(0, "a group of two");
		return;
	}
	begun = !bring(0, n) && woken(1);
	read_all();
	for (int k = 0; k < 2; k++)
		await_told(&choir.m[k]);
	begun = begun && !bring(n, 2 * n - 1) && rx(2, 2 * n - 1) == XDP_DROP;
	for (int k = 0; k < 2; k++)
		stop_timer(xdp_stream_find(&port, ID + 1 + k));
	kept = hold(1, choir.index, 1, 0, 0) == XDP_DROP &&
	       rx(1, 2 * n - 1) == XDP_DROP;
	missed = env_load(&choir.m[0].ring->s.visit.missed) &&
		 group_info().wakes_period == 1;
	tap_ok(begun && kept && missed,
	       "while its group is claimed, a frame ends the period and wakes nobody");
	tap_ok(hold(1, choir.index, 0, 0, 1) == XDP_DROP && woken(2),
	       "then the group is woken, without another frame");
	disperse();
}

/* ---- the port ---- */

static int up(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);

	if (!obj || unshare(CLONE_NEWNET) ||
	    system("ip link add port0 type veth peer name wire0 && "
		   "ip link set port0 up"))
		return -1;
	if (avtpmap_ctl_open(&ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts,
					  .backend = AVTPMAP_BACKEND_XDP)))
		return -1;
	if (avtpmap_port_attach(ctl, "port0",
				AVTPMAP_OPTS(avtpmap_port_opts,
					     .set = AVTPMAP_PORT_XDP_ALONE)) ||
	    xdp_port_name(&port, "port0", &port_why) ||
	    xdp_port_open(&port, &port_why))
		return -1;
	port_lend(&port, obj);
	if (bpf_object__load(obj))
		return -1;
	hold_fd =
		bpf_program__fd(bpf_object__find_program_by_name(obj, "hold"));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2 || up(argv[1])) {
		tap_ok(0, "a port: %s",
		       ctl ? avtpmap_ctl_error(ctl) : strerror(errno));
		return tap_done();
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		tap_skip("two CPUs", "there is one");
	} else {
		one_stream();
		timer_follows();
		one_group();
	}
	a_claim_that_is_kept();
	a_group_that_is_kept();
	xdp_port_close(&port);
	avtpmap_drain(ctl, "port0");
	tap_ok(!avtpmap_port_detach(ctl, "port0"), "detached");
	avtpmap_ctl_close(ctl);
	return tap_done();
}
