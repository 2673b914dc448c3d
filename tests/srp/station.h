/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A port of a test's bridge or talker: a raw socket, MVRP and MSRP. */
#ifndef AVTPMAP_SRP_STATION_H
#define AVTPMAP_SRP_STATION_H

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/srp/msrp.h"

struct station {
	const char *name;
	int fd;
	uint8_t mac[6];
	struct mrp mvrp;
	struct mrp msrp;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static inline void stop_on_signals(void)
{
	const struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static inline void station_open(struct station *s, const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(3),
				  .sll_ifindex = if_nametoindex(name) };
	struct packet_mreq all = { .mr_ifindex = at.sll_ifindex,
				   .mr_type = PACKET_MR_PROMISC };
	socklen_t len = sizeof(at);
	int on = 1, bytes = 8 << 20;

	s->name = name;
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) ||
	    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		       sizeof(bytes)) ||
	    bind(s->fd, (struct sockaddr *)&at, sizeof(at)) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
		       sizeof(all)) ||
	    getsockname(s->fd, (struct sockaddr *)&at, &len)) {
		perror(name);
		exit(1);
	}
	memcpy(s->mac, at.sll_addr, 6);
	mrp_init(&s->mvrp, &mvrp_app, now() ^ s->mac[5], now());
	mrp_init(&s->msrp, &msrp_app, now() ^ s->mac[5] << 8, now());
}

/* True: it was an MRPDU. */
static inline bool station_take(struct station *s, const uint8_t *frame,
				size_t bytes)
{
	struct mrp *const both[] = { &s->mvrp, &s->msrp };

	for (int i = 0; i < 2; i++) {
		if (bytes < 14 || memcmp(frame, both[i]->app->mac, 6) ||
		    (frame[12] << 8 | frame[13]) != both[i]->app->ethertype)
			continue;
		mrp_receive(both[i], frame + 14, bytes - 14, false, now());
		return true;
	}
	return false;
}

static inline void station_send(struct station *s)
{
	struct mrp *const both[] = { &s->mvrp, &s->msrp };

	for (int i = 0; i < 2; i++) {
		uint8_t frame[14 + MRP_PDU_MAX] = { 0 };
		size_t n;

		mrp_timers(both[i], now());
		n = mrp_transmit(both[i], frame + 14, MRP_PDU_MAX, now());
		if (!n)
			continue;
		memcpy(frame, both[i]->app->mac, 6);
		memcpy(frame + 6, s->mac, 6);
		frame[12] = both[i]->app->ethertype >> 8;
		frame[13] = both[i]->app->ethertype & 0xff;
		if (send(s->fd, frame, n + 14 < 60 ? 60 : n + 14, 0) < 0)
			perror(s->name);
	}
}

/*
 * A line when the other side registers, changes or leaves one of a type. The
 * attribute's hold, which only the library's port uses, is what was told.
 */
static inline void station_tell(struct station *s, struct mrp *m, uint8_t type,
				const char *what)
{
	static const char *const how[] = { "in", "asking", "ready", "partly" };

	for (struct mrp_attr *a = m->first; a; a = a->next) {
		int is = mrp_registered(a) ? a->their_param : -1;

		if (a->type != type || is == a->hold)
			continue;
		printf("%s %s ", s->name, what);
		for (int i = 0; i < mrp_type(m->app, type)->key_bytes; i++)
			printf("%02x", a->theirs[i]);
		printf(" %s\n", is < 0 ? "gone" : how[is]);
		a->hold = is;
	}
}

#endif
