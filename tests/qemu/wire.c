// SPDX-License-Identifier: GPL-2.0
/*
 * The wire between this machine and the guest's NIC, a pair of unix datagram
 * sockets of QEMU's "-netdev dgram":
 *
 *	talker -> [veth] -> wire tap ---.
 *	            pcap -> wire replay -+-> GUEST socket -> igb
 *	                    wire burst -'
 *	             igb -> HOST socket -> wire drain
 *
 * Sending blocks until QEMU reads, so a slow guest slows the wire down and
 * nothing gets lost on it. Each sender prints what it sent when it is done;
 * tap and drain are done on SIGTERM, with nothing left in their socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_FRAME = 9216,
	MIN_FRAME = ETHER_MIN_LEN - ETHER_CRC_LEN,
	ADDRESSES_LEN = 2 * ETHER_ADDR_LEN,
	VLAN_TAG_LEN = 4,
	NS_PER_S = 1000000000,
	/* A minute of a class A stream, with what the kernel adds to a frame. */
	TAP_BUFFER_BYTES = 1 << 30,
};

static struct {
	int tci; /* tag to insert, or -1 */
	double pps; /* pace, or 0 */
	long count; /* burst: how many */
	long batch; /* frames back to back, then a pause */
	int streams; /* burst: numbered frames of so many streams, or 0 */
	const char *record; /* pcap of what was sent or drained */
} opt = { .tci = -1, .count = 1, .batch = 1 };

static struct sockaddr_un guest = { .sun_family = AF_UNIX };
static int guest_fd;
static pcap_dumper_t *recorder;
static unsigned long n_frames;
static volatile sig_atomic_t stopping;

static void fail(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static int unix_socket(struct sockaddr_un *addr, const char *path)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (fd < 0 || strlen(path) >= sizeof(addr->sun_path))
		fail(path);
	addr->sun_family = AF_UNIX;
	strcpy(addr->sun_path, path);
	return fd;
}

static void record(const uint8_t *frame, size_t len)
{
	struct pcap_pkthdr hdr = { .caplen = len, .len = len };

	if (!recorder)
		return;
	gettimeofday(&hdr.ts, NULL);
	pcap_dump((u_char *)recorder, &hdr, frame);
}

/* As a NIC does it: with the tag, if there is to be one, and padded. */
static void send_frame(const uint8_t *frame, size_t len)
{
	uint8_t out[MAX_FRAME + VLAN_TAG_LEN] = { 0 };
	size_t tag_len = opt.tci < 0 ? 0 : VLAN_TAG_LEN;

	if (len < ETHER_HDR_LEN || len > MAX_FRAME) {
		fprintf(stderr, "wire: a frame of %zu bytes\n", len);
		exit(1);
	}
	memcpy(out, frame, ADDRESSES_LEN);
	if (tag_len) {
		uint16_t tag[2] = { htons(ETHERTYPE_VLAN), htons(opt.tci) };

		memcpy(out + ADDRESSES_LEN, tag, sizeof(tag));
	}
	memcpy(out + ADDRESSES_LEN + tag_len, frame + ADDRESSES_LEN,
	       len - ADDRESSES_LEN);
	len += tag_len;
	if (len < MIN_FRAME)
		len = MIN_FRAME;

	while (sendto(guest_fd, out, len, 0, (struct sockaddr *)&guest,
		      sizeof(guest)) < 0)
		if (errno != EINTR)
			fail("sending to the guest");
	record(out, len);
	n_frames++;
}

static void pace(void)
{
	static struct timespec next;

	if (!opt.pps || n_frames % opt.batch)
		return;
	if (!next.tv_sec)
		clock_gettime(CLOCK_MONOTONIC, &next);
	next.tv_nsec += NS_PER_S / opt.pps * opt.batch;
	while (next.tv_nsec >= NS_PER_S) {
		next.tv_nsec -= NS_PER_S;
		next.tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
}

/* False: stopping, and nothing is left to read. */
static bool readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	for (;;) {
		int n = poll(&pfd, 1, stopping ? 0 : 100);

		if (n > 0)
			return true;
		if (stopping && n == 0)
			return false;
	}
}

/* What @ifname transmits. Looking at the sender's end, there is no queue in
 * between that could drop a frame; our own is as large as a test is long.
 */
static void tap(const char *ifname)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL) };
	int bytes = TAP_BUFFER_BYTES;
	struct tpacket_stats stats;
	socklen_t stats_len = sizeof(stats);
	uint8_t frame[MAX_FRAME];
	int fd;

	addr.sll_ifindex = if_nametoindex(ifname);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !addr.sll_ifindex ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		fail(ifname);

	puts("ready");
	fflush(stdout);
	while (readable(fd)) {
		struct sockaddr_ll from;
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT,
				       (struct sockaddr *)&from, &from_len);

		if (len > 0 && from.sll_pkttype == PACKET_OUTGOING) {
			pace();
			send_frame(frame, len);
		}
	}
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &stats_len))
		fail("statistics");
	if (stats.tp_drops) {
		fprintf(stderr, "wire: the tap lost %u frames\n",
			stats.tp_drops);
		exit(1);
	}
}

static void replay(const char *file)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(file, err);
	struct pcap_pkthdr *hdr;
	const u_char *frame;

	if (!pcap) {
		fprintf(stderr, "wire: %s\n", err);
		exit(1);
	}
	while (pcap_next_ex(pcap, &hdr, &frame) == 1) {
		if (hdr->caplen < hdr->len)
			continue;
		pace();
		send_frame(frame, hdr->caplen);
	}
	pcap_close(pcap);
}

/* Frame @i of several AVTP streams in turn: stream_id and sequence_num. */
static void number(uint8_t *frame, uint8_t first_id, long i)
{
	enum { SEQUENCE = ETHER_HDR_LEN + 2, ID_END = ETHER_HDR_LEN + 11 };

	frame[SEQUENCE] = i / opt.streams;
	frame[ID_END] = first_id + i % opt.streams;
}

static void burst(const char *hex)
{
	uint8_t frame[MAX_FRAME];
	uint8_t first_id;
	size_t len = 0;

	while (len < sizeof(frame) &&
	       sscanf(hex + 2 * len, "%2hhx", frame + len) == 1)
		len++;
	first_id = frame[ETHER_HDR_LEN + 11];
	for (long i = 0; i < opt.count; i++) {
		pace();
		if (opt.streams)
			number(frame, first_id, i);
		send_frame(frame, len);
	}
}

static void drain(const char *path)
{
	struct sockaddr_un addr;
	int fd = unix_socket(&addr, path);
	uint8_t frame[MAX_FRAME];

	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		fail(path);
	puts("ready");
	fflush(stdout);
	while (readable(fd)) {
		ssize_t len = recv(fd, frame, sizeof(frame), MSG_DONTWAIT);

		if (len > 0) {
			record(frame, len);
			n_frames++;
		}
	}
}

static int usage(void)
{
	fputs("usage: wire [--tci N] [--record FILE] [--pps N] tap GUEST IF\n"
	      "       wire [--tci N] [--record FILE] [--pps N] replay GUEST FILE\n"
	      "       wire [--tci N] [--record FILE] [--pps N] [--batch N] [--count N] [--streams N] burst GUEST HEX\n"
	      "       wire [--record FILE] drain HOST\n",
	      stderr);
	return 2;
}

static int read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "tci", required_argument, NULL, 't' },
		{ "pps", required_argument, NULL, 'p' },
		{ "count", required_argument, NULL, 'c' },
		{ "batch", required_argument, NULL, 'b' },
		{ "streams", required_argument, NULL, 's' },
		{ "record", required_argument, NULL, 'r' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 't':
			opt.tci = strtol(optarg, NULL, 0);
			break;
		case 'p':
			opt.pps = strtod(optarg, NULL);
			break;
		case 'c':
			opt.count = strtol(optarg, NULL, 0);
			break;
		case 'b':
			opt.batch = strtol(optarg, NULL, 0);
			break;
		case 's':
			opt.streams = strtol(optarg, NULL, 0);
			break;
		case 'r':
			opt.record = optarg;
			break;
		default:
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop };
	const char *verb, *path;

	if (read_options(argc, argv))
		return usage();
	argv += optind;
	argc -= optind;
	if (argc < 2)
		return usage();
	verb = argv[0];
	path = argv[1];

	sigaction(SIGTERM, &action, NULL);
	if (opt.record) {
		recorder = pcap_dump_open(pcap_open_dead(DLT_EN10MB, MAX_FRAME),
					  opt.record);
		if (!recorder)
			fail(opt.record);
	}
	if (!strcmp(verb, "drain")) {
		drain(path);
	} else if (argc == 3) {
		guest_fd = unix_socket(&guest, path);
		if (!strcmp(verb, "tap"))
			tap(argv[2]);
		else if (!strcmp(verb, "replay"))
			replay(argv[2]);
		else if (!strcmp(verb, "burst"))
			burst(argv[2]);
		else
			return usage();
	} else {
		return usage();
	}
	if (recorder)
		pcap_dump_close(recorder);
	printf("frames=%lu\n", n_frames);
	return 0;
}
