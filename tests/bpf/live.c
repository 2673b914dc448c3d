// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: live SECONDS
 * One class A stream runs while 100 others are added, read, given other periods
 * and deleted at random. It loses nothing, its reader is woken once per period,
 * and the program stays the one that was attached.
 */
#include <avtpmap/avtpmap.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../unit/tap.h"

#define ID 0x02005e1000010000ull

enum { RATE = 8000, OTHERS = 100, PERIOD = 64, SAMPLES = 6, BURST = 32 };

static volatile int done;

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* AAF int16, 48 kHz, stereo, 6 samples. */
static void make_frame(uint8_t f[64])
{
	static const uint8_t head[] = {
		0x91, 0xe0, 0xf0, 0,	0xfe, 1,    2, 0, 0x5e, 0x10,
		0,    1,    0x22, 0xf0, 0x02, 0x81, 0, 0, 2,	0,
		0x5e, 0x10, 0,	  1,	0,    0,    0, 0, 0,	0,
		0x04, 0x50, 0x02, 0x10, 0,    24,   0, 0,
	};

	memset(f, 0x55, 64);
	memcpy(f, head, sizeof(head));
}

struct sender {
	double seconds;
	uint64_t sent;
	uint64_t refused;
};

static void *talk(void *arg)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct sender *s = arg;
	double from = now_s();
	uint8_t f[64];

	to.sll_ifindex = if_nametoindex("wire0");
	make_frame(f);
	while (now_s() - from < s->seconds) {
		uint64_t until = (now_s() - from) * RATE;

		for (int i = 0; i < BURST && s->sent < until; i++) {
			f[16] = s->sent;
			if (sendto(fd, f, sizeof(f), 0, (struct sockaddr *)&to,
				   sizeof(to)) == (ssize_t)sizeof(f))
				s->sent++;
			else
				s->refused++;
		}
		usleep(500);
	}
	close(fd);
	done = 1;
	return NULL;
}

struct reader {
	struct avtpmap_stream *s;
	uint64_t read;
	uint64_t next_pos;
	uint64_t broken; /* frames that do not follow the one before */
};

static void drain(struct reader *r)
{
	const struct avtpmap_slot *slot;

	while ((slot = avtpmap_peek(r->s))) {
		uint64_t pos = slot->media_pos, units = slot->units;

		if (avtpmap_release(r->s))
			continue;
		r->broken += pos != r->next_pos;
		r->next_pos = pos + units;
		r->read++;
	}
}

static void *listen_on(void *arg)
{
	struct reader *r = arg;

	while (!done) {
		avtpmap_wait(r->s, 100000000);
		drain(r);
	}
	return NULL;
}

static uint64_t rnd(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

/* One of the others: added and opened, changed, or closed and deleted. */
static int change(struct avtpmap_ctl *ctl, struct avtpmap_stream *s[OTHERS],
		  uint64_t n[3])
{
	struct avtpmap_period period = { .period = 1 + rnd() % 480 };
	int i = rnd() % OTHERS, err;

	if (!s[i]) {
		n[0]++;
		err = avtpmap_stream_add(ctl, "port0", ID + 1 + i,
					 AVTPMAP_OPTS(avtpmap_stream_opts,
						      .ms = 10));
		if (!err)
			err = avtpmap_open(
				&s[i],
				AVTPMAP_OPTS(avtpmap_open_opts,
					     .ifname = "port0",
					     .stream_id = ID + 1 + i,
					     .backend = AVTPMAP_BACKEND_XDP));
		return err;
	}
	if (rnd() % 2) {
		n[1]++;
		return avtpmap_set_period(s[i], &period);
	}
	n[2]++;
	if (rnd() % 2) { /* in either order */
		avtpmap_close(s[i]);
		s[i] = NULL;
	}
	err = avtpmap_stream_del(ctl, "port0", ID + 1 + i);
	avtpmap_close(s[i]);
	s[i] = NULL;
	return err;
}

static __u32 program(void)
{
	__u32 id = 0;

	bpf_xdp_query_id(if_nametoindex("port0"), 0, &id);
	return id;
}

static int start(struct avtpmap_ctl **ctl, struct reader *r)
{
	static const struct avtpmap_period period = { .period = PERIOD };

	if (unshare(CLONE_NEWNET) ||
	    system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; "
		   "ip link add port0 type veth peer name wire0 && "
		   "ip link set port0 up && ip link set wire0 up"))
		return -1;
	return avtpmap_ctl_open(ctl,
				AVTPMAP_OPTS(avtpmap_ctl_opts,
					     .backend = AVTPMAP_BACKEND_XDP)) ||
	       avtpmap_port_attach(
		       *ctl, "port0",
		       AVTPMAP_OPTS(avtpmap_port_opts,
				    .set = AVTPMAP_PORT_XDP_ALONE)) ||
	       avtpmap_stream_add(*ctl, "port0", ID,
				  AVTPMAP_OPTS(avtpmap_stream_opts,
					       .ms = 2000)) ||
	       avtpmap_open(&r->s,
			    AVTPMAP_OPTS(avtpmap_open_opts, .ifname = "port0",
					 .stream_id = ID,
					 .backend = AVTPMAP_BACKEND_XDP,
					 .period = period));
}

static void judge(struct reader *r, const struct sender *sender)
{
	uint64_t c[AVTPMAP_N_COUNTERS];
	struct avtpmap_reader_info info;

	drain(r);
	avtpmap_counters(r->s, c, AVTPMAP_N_COUNTERS);
	avtpmap_reader_info(r->s, &info);
	printf("# %llu frames sent, %llu refused to the sender; %llu in the ring, %llu lost, %llu contended; %llu wakes\n",
	       (unsigned long long)sender->sent,
	       (unsigned long long)sender->refused,
	       (unsigned long long)c[AVTPMAP_C_FRAMES_RX],
	       (unsigned long long)c[AVTPMAP_C_FRAMES_LOST],
	       (unsigned long long)c[AVTPMAP_C_CONTENDED],
	       (unsigned long long)info.wakes_period);
	tap_ok(sender->sent && c[AVTPMAP_C_FRAMES_RX] == sender->sent &&
		       !c[AVTPMAP_C_FRAMES_LOST] && !c[AVTPMAP_C_CONTENDED],
	       "the stream that runs loses nothing");
	tap_ok(r->read == sender->sent && !r->broken && !avtpmap_overruns(r->s),
	       "and its reader gets all, in order");
	tap_ok(info.wakes_period == sender->sent * SAMPLES / PERIOD,
	       "one wakeup per period");
}

int main(int argc, char **argv)
{
	struct sender sender = { .seconds = argc > 1 ? atof(argv[1]) : 5 };
	struct avtpmap_stream *s[OTHERS] = { 0 };
	uint64_t n[3] = { 0 }, other_program = 0;
	struct avtpmap_ctl *ctl = NULL;
	struct reader r = { 0 };
	pthread_t talker, listener;
	__u32 id;
	int err = start(&ctl, &r);

	if (err) {
		tap_ok(0, "attached, added, opened: %s",
		       ctl ? avtpmap_ctl_error(ctl) : strerror(errno));
		return tap_done();
	}
	id = program();
	pthread_create(&listener, NULL, listen_on, &r);
	pthread_create(&talker, NULL, talk, &sender);
	while (!done && !err) {
		err = change(ctl, s, n);
		other_program += program() != id;
	}
	pthread_join(talker, NULL);
	pthread_join(listener, NULL);
	usleep(20000);
	tap_ok(!err && n[0] > 3 && n[1] > 3 && n[2] > 3,
	       "%llu added, %llu given another period, %llu deleted%s%s",
	       (unsigned long long)n[0], (unsigned long long)n[1],
	       (unsigned long long)n[2], err ? ": " : "",
	       err ? strerror(-err) : "");
	judge(&r, &sender);
	tap_ok(id && !other_program, "the program is the same all the time");
	for (int i = 0; i < OTHERS; i++)
		avtpmap_close(s[i]);
	avtpmap_close(r.s);
	avtpmap_drain(ctl, "port0");
	tap_ok(!avtpmap_port_detach(ctl, "port0"), "detached");
	avtpmap_ctl_close(ctl);
	return tap_done();
}
