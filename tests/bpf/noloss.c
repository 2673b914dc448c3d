// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: noloss SECONDS
 * Frames of 1442 bytes over a veth, as fast as asked or as the sender can; a
 * reader that sleeps 2 ms between visits. What reached the program is in the
 * ring, and the reader missed none of it: 0 if so. What the sender and the veth
 * dropped before is printed apart.
 */
#include <avtpmap/avtpmap.h>
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

#define ID 0x02005e1000010001ull

enum { FRAME_BYTES = 1442, BATCH = 64, VISIT_US = 2000 };

struct sender {
	double rate;
	double seconds;
	uint64_t sent;
	uint64_t refused;
	volatile int done;
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* AAF int16, 48 kHz, 8 channels; stream data fill the frame. */
static void make_frame(uint8_t *f)
{
	static const uint8_t head[] = {
		0x91, 0xe0, 0xf0, 0,	0xfe, 1,    2, 0, 0x5e, 0x10,
		0,    1,    0x22, 0xf0, 0x02, 0x81, 0, 0, 2,	0,
		0x5e, 0x10, 0,	  1,	0,    1,    0, 0, 0,	0,
		0x04, 0x50, 0x08, 0x10, 0x05, 0x70, 0, 0, /* 1392 octets */
	};

	memset(f, 0x55, FRAME_BYTES);
	memcpy(f, head, sizeof(head));
}

static void *send_frames(void *arg)
{
	static uint8_t frames[BATCH][FRAME_BYTES];
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec iov[BATCH];
	struct sender *s = arg;
	uint8_t sequence = 0;
	double from = now_s();

	to.sll_ifindex = if_nametoindex("wire0");
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	for (int i = 0; i < BATCH; i++) {
		make_frame(frames[i]);
		iov[i] = (struct iovec){ frames[i], FRAME_BYTES };
		m[i].msg_hdr = (struct msghdr){ .msg_name = &to,
						.msg_namelen = sizeof(to),
						.msg_iov = &iov[i],
						.msg_iovlen = 1 };
	}
	while (now_s() - from < s->seconds) {
		int n, want = (now_s() - from) * s->rate - s->sent;

		if (want <= 0) {
			sched_yield();
			continue;
		}
		want = want < BATCH ? want : BATCH;
		for (int i = 0; i < want; i++)
			frames[i][16] = sequence + i;
		n = sendmmsg(fd, m, want, 0);
		if (n < 0) {
			s->refused++;
			continue;
		}
		sequence += n;
		s->sent += n;
	}
	close(fd);
	s->done = 1;
	return NULL;
}

static int seen(const struct avtpmap_port_info *port, void *arg)
{
	for (uint32_t i = 0; i < port->n_queues; i++)
		*(uint64_t *)arg += port->queues[i].frames;
	return 0;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "noloss: %s: %s\n", what, why);
	return 1;
}

static int run(struct avtpmap_ctl *ctl, double rate, double seconds)
{
	struct avtpmap_stream_opts opts = { .sz = sizeof(opts),
					    .ms = 250,
					    .rate = rate };
	struct sender sender = { .rate = rate, .seconds = seconds };
	uint64_t got = 0, reached = 0, c[AVTPMAP_N_COUNTERS];
	struct avtpmap_stream *s;
	pthread_t thread;
	char why[256] = "";

	if (avtpmap_stream_add(ctl, "port0", ID, &opts))
		return fail("add", avtpmap_ctl_error(ctl));
	if (avtpmap_open(&s, AVTPMAP_OPTS(avtpmap_open_opts, .ifname = "port0",
					  .stream_id = ID,
					  .backend = AVTPMAP_BACKEND_XDP,
					  .error = why,
					  .error_bytes = sizeof(why))))
		return fail("open", why);
	pthread_create(&thread, NULL, send_frames, &sender);
	for (int last = 0; last < 2; last += sender.done) {
		usleep(VISIT_US);
		while (avtpmap_peek(s))
			got += !avtpmap_release(s);
	}
	pthread_join(thread, NULL);
	usleep(50000);
	while (avtpmap_peek(s))
		got += !avtpmap_release(s);
	avtpmap_counters(s, c, AVTPMAP_N_COUNTERS);
	avtpmap_port_list(ctl, seen, &reached);
	printf("asked %.0f/s: sent %llu (%.0f/s), refused to the sender %llu times; dropped by veth %llu; reached the program %llu: in the ring %llu, lost on the wire by sequence %llu, contended %llu; read %llu, overrun %llu\n",
	       rate, (unsigned long long)sender.sent, sender.sent / seconds,
	       (unsigned long long)sender.refused,
	       (unsigned long long)(sender.sent - reached),
	       (unsigned long long)reached,
	       (unsigned long long)c[AVTPMAP_C_FRAMES_RX],
	       (unsigned long long)c[AVTPMAP_C_FRAMES_LOST],
	       (unsigned long long)c[AVTPMAP_C_CONTENDED],
	       (unsigned long long)got,
	       (unsigned long long)avtpmap_overrun_frames(s));
	fflush(stdout);
	got -= c[AVTPMAP_C_FRAMES_RX];
	reached -= c[AVTPMAP_C_FRAMES_RX] + c[AVTPMAP_C_CONTENDED] +
		   c[AVTPMAP_C_CONFLICT];
	avtpmap_close(s);
	avtpmap_drain(ctl, "port0");
	avtpmap_port_detach(ctl, "port0");
	return got || reached;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	struct avtpmap_port_opts port = { .sz = sizeof(port),
					  .set = AVTPMAP_PORT_MEM_CAP,
					  .mem_cap = 1ull << 30 };
	static const double rates[] = { 390000, 520000 };
	struct avtpmap_ctl *ctl;
	int bad = 0;

	if (unshare(CLONE_NEWNET) ||
	    system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; "
		   "ip link add port0 type veth peer name wire0 && "
		   "ip link set port0 up && ip link set wire0 up"))
		return fail("veth", strerror(errno));
	if (avtpmap_ctl_open(&ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts,
					  .backend = AVTPMAP_BACKEND_XDP)))
		return fail("control", "see avtpmap doctor");
	for (int i = 0; i < 2; i++) {
		if (avtpmap_port_attach(ctl, "port0", &port))
			return fail("attach", avtpmap_ctl_error(ctl));
		bad |= run(ctl, rates[i], seconds);
	}
	avtpmap_ctl_close(ctl);
	return bad;
}
