// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: rounds SEED
 *
 * One round of misuse, in a test kernel: loads the modules with two ports and
 * some streams; two CPUs send to the same streams, readers come and go, streams
 * are deleted under them, and in the end all of it goes at once, in one of four
 * ways, and the modules are unloaded. What is tested is that the kernel does not
 * mind, and that each reader is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/avtpmap.h>

#include "../sim/avtpmap_sim.h"
#include "rounds.h"

enum {
	READERS = 8,
	BURSTS = 60,
	BURST = 32,
	CHANGES = 30, /* of streams and readers, by the main thread */
	MEMBERS = 3,
	ROUND_S = 300,
};

/* Some of those that the round adds, in other ways; and one that has to wait. */
#define ID "02:00:00:00:00:01:00:"
#define STREAMS_PARAM                                          \
	"sim0/" ID "00/ms=5,sim1/" ID "01/ms=5/vid=7,sim1/" ID \
	"11/mac=91:e0:f0:00:fe:01/mode=copy,sim9/" ID "02"

struct shared {
	int ending; /* readers leave when their stream does */
};

static struct shared *shared;
static __u32 ifindex[2];
static __u8
	sequence[STREAMS]; /* of both senders: they do get in each other's way */
static unsigned int seed;

static int is_ending(void)
{
	return __atomic_load_n(&shared->ending, __ATOMIC_RELAXED);
}

static void die(const char *what)
{
	fprintf(stderr, "rounds %u: %s: %s\n", seed, what, strerror(errno));
	exit(1);
}

static unsigned int dice(unsigned int *state, unsigned int n)
{
	return (unsigned int)rand_r(state) % n;
}

__u32 port_of(int stream)
{
	return ifindex[stream % 2];
}

/* ---- senders ---- */

static __u8 *put_frame(__u8 *p, unsigned int *state, __u32 queue)
{
	static const __u8 header[] = { 0x91, 0xe0, 0xf0, 0, 0xfe, 1,	2,
				       0,    0,	   0,	 0, 1,	  0x22, 0xf0 };
	struct avtpmap_sim_frame *f = (void *)p;
	int stream = (int)dice(state, STREAMS);
	__u8 *d = (__u8 *)(f + 1);
	__u64 id = stream_id(stream);

	memset(f, 0, sizeof(*f));
	f->ifindex = port_of(stream);
	f->queue = queue;
	f->len_bytes = 14 + 24 + 12;
	memset(d, 0, 64);
	memcpy(d, header, sizeof(header));
	d[14] = 2; /* AAF, 16 bit, mono, 48 kHz */
	d[15] = 0x81 | (dice(state, 16) ? 0 : 8);
	d[16] = sequence[stream]++;
	memcpy(d + 18, &id, sizeof(id));
	d[30] = 4;
	d[31] = dice(state, 200) ? 0x50 : 0x70;
	d[32] = 1;
	d[33] = 16;
	d[35] = 12;
	switch (dice(state, 40)) {
	case 0: /* another talker */
		d[6] ^= 2;
		break;
	case 1: /* lost */
		sequence[stream] += dice(state, 200);
		break;
	case 2: /* malformed */
		d[34] = 0xff;
		break;
	case 3: /* as the driver says */
		f->flags = dice(state, 16);
		f->hwtime_ns = 1;
		f->vlan_tci = 2;
		break;
	}
	return d + 56;
}

static void *sender(void *arg)
{
	__u32 cpu = (__u32)(long)arg;
	unsigned int state = seed * 2 + cpu;
	__u8 buf[BURST * 128], *end;
	cpu_set_t set;
	int fd;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	fd = open(AVTPMAP_SIM_DEVICE, O_WRONLY);
	if (fd < 0)
		die(AVTPMAP_SIM_DEVICE);
	for (int i = 0; i < BURSTS; i++) {
		end = buf;
		for (int n = 0; n < BURST; n++)
			end = put_frame(end, &state, cpu);
		if (write(fd, buf, (size_t)(end - buf)) != end - buf)
			die("write");
		usleep(200);
	}
	close(fd);
	return NULL;
}

/* ---- readers ---- */

static int bind_to(int stream, struct avtpmap_bind *b)
{
	int fd = open(AVTPMAP_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(AVTPMAP_DEVICE);
	memset(b, 0, sizeof(*b));
	b->abi = AVTPMAP_ABI;
	b->ifindex = port_of(stream);
	b->stream_id = stream_id(stream);
	if (!ioctl(fd, AVTPMAP_IOC_BIND, b))
		return fd;
	if (errno != ENOENT)
		die("bind");
	close(fd);
	return -1;
}

static void set_period(int fd, unsigned int *state)
{
	static const __u32 periods[] = { 0, 6, 64, 441 };
	struct avtpmap_period p = {
		.period = periods[dice(state, 4)],
		.events = dice(state, AVTPMAP_EV_ALL + 1),
		.deadline_ns = dice(state, 2) ? 0 : 1000000,
	};

	if (ioctl(fd, AVTPMAP_IOC_PERIOD, &p))
		die("period");
}

/* One slot that may be overwritten meanwhile; its seq says whether it was. */
static void look(const struct avtpmap_ring_hdr *hdr, int stream)
{
	__u64 pos = __atomic_load_n(&hdr->head, __ATOMIC_ACQUIRE) - 1;
	const struct avtpmap_slot *slot =
		(const void *)((const char *)hdr + hdr->header_bytes +
			       (pos & (hdr->n_slots - 1)) * hdr->stride);
	__u64 seq = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE), id;

	if (pos == ~0ull || seq != 2 * pos + 2)
		return;
	memcpy(&id, (const __u8 *)(slot + 1) + 4, sizeof(id));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&slot->seq, __ATOMIC_RELAXED) == seq &&
	    id != stream_id(stream)) {
		errno = EILSEQ;
		die("a frame of another stream");
	}
}

/* Waits in one of three ways; false when the stream is gone. */
static int waited(int fd, unsigned int *state)
{
	int ending = is_ending();
	struct avtpmap_wait w = { .timeout_ns = ending ? ~0ull : 3000000 };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (dice(state, 3) == 0) {
		poll(&p, 1, ending ? -1 : 3);
		w.timeout_ns = 0;
	}
	if (!ioctl(fd, AVTPMAP_IOC_WAIT, &w))
		return 1;
	if (errno != ENODEV)
		die("wait");
	return 0;
}

static void read_alone(unsigned int *state)
{
	volatile struct avtpmap_reader_page *page;
	int stream = (int)dice(state, STREAMS);
	struct avtpmap_ring_hdr *hdr;
	struct avtpmap_bind b;
	int fd = bind_to(stream, &b);

	if (fd < 0)
		return;
	hdr = mmap(NULL, b.ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   AVTPMAP_MMAP_RING);
	if (hdr != MAP_FAILED || errno != EPERM)
		die("a writable ring");
	hdr = mmap(NULL, b.ring_bytes, PROT_READ, MAP_SHARED, fd,
		   AVTPMAP_MMAP_RING);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    AVTPMAP_MMAP_READER);
	if (hdr == MAP_FAILED || page == MAP_FAILED)
		die("mmap");
	if (!mprotect(hdr, 4096, PROT_READ | PROT_WRITE))
		die("mprotect made the ring writable");
	set_period(fd, state);
	do {
		look(hdr, stream);
		page->acked = dice(state, 4) ? hdr->media_pos :
					       dice(state, ~0u);
	} while (waited(fd, state) && (is_ending() || dice(state, 30)));
	close(fd); /* the mappings hold it a little longer */
	look(hdr, stream);
	munmap((void *)page, 4096);
	munmap(hdr, b.ring_bytes);
}

static void read_group(unsigned int *state)
{
	int head = open(AVTPMAP_DEVICE, O_RDWR | O_CLOEXEC), fd[MEMBERS], n = 0;
	struct avtpmap_group_member g = { 0 };
	struct avtpmap_bind b;

	for (int i = 0; i < MEMBERS; i++) {
		fd[n] = bind_to(2 * i, &b); /* all on one port */
		if (fd[n] < 0)
			continue;
		g.fd = (__u32)fd[n++];
		if (ioctl(head, AVTPMAP_IOC_GROUP_ADD, &g)) {
			if (errno != ENODEV) /* deleted since */
				die("group");
			close(fd[--n]);
			continue;
		}
		if (n == 1)
			set_period(head, state);
	}
	while (n && waited(head, state) && (is_ending() || dice(state, 30)))
		;
	if (dice(state, 2))
		close(head);
	while (n)
		close(fd[--n]);
	close(head);
}

static int streams_left(void)
{
	struct avtpmap_bind b;

	for (int i = 0; i < STREAMS; i++) {
		int fd = bind_to(i, &b);

		if (fd < 0)
			continue;
		close(fd);
		return 1;
	}
	return 0;
}

/* Ends well when there is nothing left to read. */
static pid_t start_reader(unsigned int number)
{
	unsigned int state = seed * 1000 + number;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_range(3, ~0u, 0); /* the senders', the netlink socket */
	while (!is_ending() || streams_left()) {
		if (number % 4 == 3)
			read_group(&state);
		else
			read_alone(&state);
		usleep(500);
	}
	exit(0);
}

/* ---- main ---- */

static void change(pid_t *readers, unsigned int *state)
{
	unsigned int n = dice(state, READERS);
	int stream = (int)dice(state, STREAMS);

	switch (dice(state, 6)) {
	case 0:
	case 1:
		stream_del(stream);
		break;
	case 2:
	case 3:
		stream_add(stream, (int)dice(state, 2));
		break;
	case 4:
		dump(AVTPMAP_CMD_STREAM_GET);
		dump(AVTPMAP_CMD_READER_GET);
		break;
	case 5:
		kill(readers[n], SIGKILL);
		waitpid(readers[n], NULL, 0);
		readers[n] = start_reader(n + 4 * dice(state, 100));
		break;
	}
	usleep(1000);
}

static const char *awaited = "the modules"; /* that somebody comes or goes */
static int awaited_who;

static void out_of_time(int signo)
{
	(void)signo;
	dprintf(2, "rounds %u: after %d s still waiting for %s %d\n", seed,
		ROUND_S, awaited, awaited_who);
	_exit(1);
}

static void now_await(const char *what, int who)
{
	awaited_who = who;
	awaited = what;
}

static void command(const char *line)
{
	if (system(line)) {
		fprintf(stderr, "rounds %u: failed: %s\n", seed, line);
		exit(1);
	}
}

/* Not while somebody has it open, whom nobody waits for. */
static void hold_and_rename(void)
{
	int fd = open(AVTPMAP_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(AVTPMAP_DEVICE);
	if (module_unload("avtpmap") != -EWOULDBLOCK)
		die("unloading what is held");
	close(fd);
	command("ip link set sim1 down && ip link set sim1 name other && "
		"ip link set other name sim1 && ip link set sim1 up");
}

/* The ports go to another network namespace, and come back when it ends. */
static pid_t move_ports_away(void)
{
	char line[128];
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			die("another network namespace");
		pause();
		exit(0);
	}
	close(ready[1]);
	if (read(ready[0], line, 1) != 1)
		die("the other network namespace");
	close(ready[0]);
	snprintf(line, sizeof(line),
		 "ip link set sim0 netns %d && ip link set sim1 netns %d", pid,
		 pid);
	command(line);
	return pid;
}

/* All streams go while readers wait; or the readers do, without a word. */
static void end_it(pid_t *readers)
{
	int killed = seed % 4 == 0, status;
	pid_t away = 0;

	now_await("the end, in the way", seed % 4);
	__atomic_store_n(&shared->ending, 1, __ATOMIC_RELAXED);
	if (seed % 4 == 1) {
		if (module_unload_soon("avtpmap_sim"))
			die("unloading the ports");
	} else if (seed % 4 == 2) {
		drain();
	} else if (seed % 4 == 3) {
		away = move_ports_away();
	}
	for (int i = 0; i < READERS; i++) {
		if (killed)
			kill(readers[i], SIGKILL);
		now_await("the end of reader", i);
		waitpid(readers[i], &status, 0);
		if (!killed && status) {
			fprintf(stderr, "rounds %u: reader %d: status %x\n",
				seed, i, status);
			exit(1);
		}
	}
	if (away) {
		kill(away, SIGKILL);
		waitpid(away, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	pid_t readers[READERS];
	pthread_t senders[2];
	unsigned int state;

	seed = argc > 1 ? (unsigned int)atoi(argv[1]) : 1;
	state = seed;
	signal(SIGALRM, out_of_time);
	alarm(ROUND_S);
	modules_load(STREAMS_PARAM);
	if (seed % 10 == 0)
		hold_and_rename();
	ifindex[0] = if_nametoindex("sim0");
	ifindex[1] = if_nametoindex("sim1");
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!ifindex[0] || !ifindex[1] || shared == MAP_FAILED)
		die("no ports");
	control_open();
	for (int i = 0; i < STREAMS; i++)
		stream_add(i, i % 2);
	for (unsigned int i = 0; i < READERS; i++)
		readers[i] = start_reader(i);
	for (long cpu = 0; cpu < 2; cpu++)
		if (pthread_create(&senders[cpu], NULL, sender, (void *)cpu))
			die("thread");
	for (int i = 0; i < CHANGES; i++) {
		now_await("change", i);
		change(readers, &state);
	}
	for (int i = 0; i < 2; i++) {
		now_await("the end of sender", i);
		pthread_join(senders[i], NULL);
	}
	end_it(readers);
	now_await("the modules to be unloaded, order", seed % 2);
	modules_unload(seed % 2);
	return 0;
}
