/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The ways of receiving AVTP streams that receive.c compares. */
#ifndef AVTPMAP_BENCH_WAY_H
#define AVTPMAP_BENCH_WAY_H

#include <stdint.h>
#include <time.h>

enum { STREAMS_MAX = 64 };

/**
 * struct setup - what is to be received
 * @ifname: where
 * @first_id: stream_id of stream 0; the others follow
 * @n_streams: their number
 * @period: media units, for ways that wake by the period
 * @retire_ms: how long TPACKET_V3 may keep a block
 */
struct setup {
	const char *ifname;
	uint64_t first_id;
	int n_streams;
	uint32_t period;
	uint32_t retire_ms;
};

/**
 * struct way - one of them
 * @name: on the command line
 * @open: everything before the first frame; returns 0 or -errno
 * @receive: sleeps until something is there, as this way does, hands every
 *	frame to frame_seen() and lets it go; returns 0 or -errno
 */
struct way {
	const char *name;
	int (*open)(const struct setup *setup);
	int (*receive)(void);
};

/*
 * An AVTP PDU of stream @i, readable until this returns; -1: of any, it says
 * which. In receive.c.
 */
void frame_seen(int i, const uint8_t *pdu, uint32_t len);

/*
 * With --latency: the time, taken as soon as the program runs again, and the
 * arrival on the same clock of the frame that woke it. In receive.c.
 */
extern int want_latency;
uint64_t woken_at(clockid_t clock);
void woken_by(uint64_t woken_ns, uint64_t arrival_ns);

extern const struct way way_kmod, way_kmod_group, way_xdp, way_packet, way_raw,
	way_tpacket, way_afxdp, way_afxdp_busy;

/* Lets an AF_PACKET socket have one stream's frames only; id 0: all of AVTP. */
int packet_filter(int fd, uint64_t stream_id);

#endif
