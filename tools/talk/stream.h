/* SPDX-License-Identifier: MIT */
/*
 * A talker: frame after frame of one stream, and what of them comes onto the
 * wire, in which order. Nothing here knows time or sockets.
 */
#ifndef AVTPMAP_TALK_STREAM_H
#define AVTPMAP_TALK_STREAM_H

#include "fault.h"
#include "pace.h"

enum {
	TALK_SLOTS = 16, /* frames built and not yet out; power of two */
	TALK_QUEUE = 2 * TALK_SLOTS, /* each at most twice */
};

/**
 * struct talk_wire - a frame on the wire, and the truth about it
 * @due_ns: when, after the first frame
 * @bytes: from the destination MAC on, without FCS
 * @len_bytes: of them
 * @index: of the frame as built, from 0
 * @epoch: that it belongs to, from 1
 * @format: of its samples
 * @position: of its first sample, in what the source holds
 * @units: samples of one channel in it
 * @skipped: blocks that TALK_DBC_BREAK left out just before it
 * @tv: its timestamp is valid
 * @tu: ... but uncertain
 * @mr: its media clock restart bit
 * @fault: what befell it, of those of the wire, or TALK_N_RANDOM
 */
struct talk_wire {
	uint64_t due_ns;
	const uint8_t *bytes;
	uint32_t len_bytes;
	uint64_t index;
	uint64_t epoch;
	const struct talk_format *format;
	uint64_t position;
	uint32_t units;
	uint32_t skipped;
	bool tv;
	bool tu;
	bool mr;
	enum talk_fault fault;
};

/* @wire and its bytes are good until the call returns. */
typedef void talk_emit_fn(void *ctx, const struct talk_wire *wire);

/**
 * struct talk_setup - what all streams of a command share
 * @format: until the first change
 * @class: pace
 * @blocking: AM824
 * @sparse: AAF
 * @ppb: see struct talk_pace
 * @src: source MAC
 * @vid: or TALK_UNTAGGED
 * @pcp: priority
 * @transit_ns: from when a packet is due to the presentation of its sample
 * @start_ns: what the talker's clock shows when the first frame is due
 * @plan: faults; with plan.seed the first stream's, the next has one more
 * @read: fills @samples (as of struct talk_frame) with @units from @position
 * @read_ctx: for @read
 * @emit: takes what comes onto the wire
 * @emit_ctx: for @emit
 */
struct talk_setup {
	struct talk_format format;
	enum talk_class class;
	bool blocking;
	bool sparse;
	int32_t ppb;
	uint8_t src[6];
	uint16_t vid;
	uint8_t pcp;
	uint64_t transit_ns;
	uint64_t start_ns;
	struct talk_plan plan;
	void (*read)(void *ctx, uint32_t stream, uint64_t position,
		     uint32_t units, const struct talk_format *format,
		     void *samples);
	void *read_ctx;
	talk_emit_fn *emit;
	void *emit_ctx;
};

/**
 * struct talk_slot - a frame that was built
 * @wire: of it
 * @held: TALK_REORDER keeps it back
 * @bytes: of it
 */
struct talk_slot {
	struct talk_wire wire;
	bool held;
	uint8_t bytes[TALK_FRAME_MAX];
};

/**
 * struct talk_stream - one talker
 * @setup: shared, not owned
 * @number: among the command's streams, from 0
 * @stream_id: in host byte order
 * @dst: destination MAC
 * @plan: with this stream's seed
 * @k: frames built
 * @format: of the segment: what is sent without a restart or a new format
 * @pace: of it
 * @segment_first: its first frame
 * @segment_ns: when that is due
 * @segment_units: samples sent in it
 * @position: of the next sample
 * @epoch: as of the next frame
 * @blocked_until: frame with which a delay ends
 * @sequence: of the next frame
 * @dbc: of the next frame
 * @dbc_skip: blocks that are to be missing where there are blocks again
 * @mr: of the next frame
 * @tu: of the next frame
 * @n_queue: entries of @queue
 * @queue: slots in the order in which they come onto the wire
 * @slots: by frame number
 * @wired: frames that came onto the wire
 * @units: samples in the frames built
 * @faults: that came about, by enum talk_fault
 */
struct talk_stream {
	const struct talk_setup *setup;
	uint32_t number;
	uint64_t stream_id;
	uint8_t dst[6];
	struct talk_plan plan;
	uint64_t k;

	const struct talk_format *format;
	struct talk_pace pace;
	uint64_t segment_first;
	uint64_t segment_ns;
	uint64_t segment_units;

	uint64_t position;
	uint64_t epoch;
	uint64_t blocked_until;
	uint8_t sequence;
	uint8_t dbc;
	uint8_t dbc_skip;
	bool mr;
	bool tu;

	uint32_t n_queue;
	uint8_t queue[TALK_QUEUE];
	struct talk_slot slots[TALK_SLOTS];

	uint64_t wired;
	uint64_t units;
	uint64_t faults[TALK_N_FAULTS];
};

/* @setup's formats have all passed talk_pace_init(). */
void talk_stream_init(struct talk_stream *s, const struct talk_setup *setup,
		      uint32_t number, uint64_t stream_id,
		      const uint8_t dst[6]);

/* When the next frame is due, after the first. */
uint64_t talk_stream_due_ns(const struct talk_stream *s);

/* Builds the next frame and emits what is to be. False: the plan's end. */
bool talk_stream_step(struct talk_stream *s);

/* Emits what is still held back, for an end that was not planned. */
void talk_stream_flush(struct talk_stream *s);

/*
 * Frames that hold @units samples, and frames that are due before @ns. Both
 * leave plan.end aside, which is what they are for.
 */
uint64_t talk_frames_for_units(const struct talk_setup *setup, uint64_t units);
uint64_t talk_frames_for_ns(const struct talk_setup *setup, uint64_t ns);

#endif
