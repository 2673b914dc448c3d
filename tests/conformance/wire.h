/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Frames: what a talker says (struct shot), who it is (struct talker), and the
 * bytes that go to a port (struct wire). The model (model.h) sees only shots.
 */
#ifndef AVTPMAP_CONFORMANCE_WIRE_H
#define AVTPMAP_CONFORMANCE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "../sim/avtpmap_sim.h"

/* ---- bytes ---- */

/**
 * struct wire - records to be received, in order
 * @buf: struct avtpmap_sim_frame and the frame, padded to 8 bytes; again
 * @bytes: of them
 * @last: where the last record begins
 * @room: of @buf
 * @frames: of them
 */
struct wire {
	uint8_t *buf;
	size_t bytes;
	size_t last;
	size_t room;
	uint32_t frames;
};

/* Appends a frame of @len octets and returns where to write them (zeroed). */
uint8_t *wire_add(struct wire *w, uint32_t ifindex, uint32_t len);

/* The record that wire_add() made last, to set flags and times. */
struct avtpmap_sim_frame *wire_last(struct wire *w);

void wire_clear(struct wire *w);
void wire_free(struct wire *w);

/* ---- talkers ---- */

/**
 * struct shape - what a talker sends
 * @subtype: IEEE 1722
 * @code: AAF format, or IEC 61883-6 EVT
 * @rate_hz: media units per second
 * @channels: audio channels
 * @depth: bits of a sample
 * @bytes: of a sample in the PDU
 * @units: of each frame; 0: as many as come to the rate at 8000 frames/s
 * @syt: IEC 61883-6 blocking mode: @units or NO-DATA
 */
struct shape {
	uint8_t subtype;
	uint8_t code;
	uint32_t rate_hz;
	uint32_t channels;
	uint32_t depth;
	uint32_t bytes;
	uint32_t units;
	int syt;
};

extern const struct shape aaf_stereo; /* 48 kHz int16, 6 in each frame */
extern const struct shape am824_stereo; /* 48 kHz, 6 in each frame */

/* What is wrong with a frame, apart from its place in the stream. */
enum shot_fault {
	SHOT_GOOD,
	SHOT_VERSION, /* version 1 */
	SHOT_CUT, /* fewer octets than stream_data_length says */
	SHOT_MULTIBUF,
	SHOT_LONG, /* for the slot: the talker put more units into it */
	SHOT_ERROR,
	SHOT_OTHER_MAC,
	SHOT_OTHER_VID,
};

/**
 * struct shot - one frame
 * @n: the talker's number for it, from 0 in each run, never wraps
 * @pos: media position of its first unit, from 0 in each run
 * @run: which life of which talker: the model sees an epoch in each new one
 * @shape: of this run
 * @src: MAC address of this run
 * @units: in it
 * @dbc: of its first unit
 * @sequence: as sent
 * @mr: @tu: @tv: as sent
 * @nodata: IEC 61883-6 NO-DATA
 * @pad: octets behind the stream data
 * @ahead_ns: presentation after arrival, with @hwtime_ns
 * @hwtime_ns: 0: none
 * @fault: enum shot_fault
 */
struct shot {
	uint64_t n;
	uint64_t pos;
	uint32_t run;
	uint32_t units;
	const struct shape *shape;
	uint64_t src;
	uint8_t dbc;
	uint8_t sequence;
	uint8_t mr;
	uint8_t tu;
	uint8_t tv;
	uint8_t nodata;
	uint16_t pad;
	int32_t ahead_ns;
	uint64_t hwtime_ns;
	enum shot_fault fault;
};

/**
 * struct talker - who sends
 * @id: stream_id
 * @dst: destination MAC address
 * @vid: in-band tag, 0: none
 * @next: the shot to come
 * @jumped: its @n when DBC last jumped
 */
struct talker {
	uint64_t id;
	uint64_t dst;
	uint32_t vid;
	struct shot next;
	uint64_t jumped;
};

void talker_init(struct talker *t, const struct shape *shape, uint64_t id);

/* The next shot in order; its place in time and media is used up. */
struct shot talker_shot(struct talker *t);

/* A new life: other sequence numbers, media from 0, a new epoch. */
void talker_restart(struct talker *t, uint8_t sequence);

/* Puts the frame of @shot on the wire. */
void talker_put(const struct talker *t, const struct shot *shot, struct wire *w,
		uint32_t ifindex);

/* @n frames, undisturbed. */
void talker_send(struct talker *t, struct wire *w, uint32_t ifindex,
		 uint32_t n);

/* The shot that frame @n of an undisturbed first run is. */
struct shot talker_shot_at(const struct talker *t, uint64_t n);

/* Whether a PDU is what talker_put() made of @shot, octet for octet. */
int talker_said(const struct talker *t, const struct shot *shot,
		const void *pdu, uint32_t len);

/* At @pos of the shot's run: never 0, the depth's bits at the top. */
int32_t talker_sample(const struct shot *shot, uint64_t pos, uint32_t channel);

#endif
