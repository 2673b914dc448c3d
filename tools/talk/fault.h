/* SPDX-License-Identifier: MIT */
/*
 * Which fault befalls which frame. A decision follows from the plan, the seed
 * and the frame's number alone: no state, the same everywhere.
 *
 * An epoch is what a listener takes for one: it begins with the stream, with a
 * restart, with a jump of sequence_num and with a new format. Its first frames
 * (plan.head) and its last ones (plan.tail) are free of all other faults: the
 * first, because a listener does not judge sequence_num before it has settled;
 * the last, because nobody could see what was lost there.
 */
#ifndef AVTPMAP_TALK_FAULT_H
#define AVTPMAP_TALK_FAULT_H

#include "frame.h"

enum talk_fault {
	/* of the wire, at random; a frame suffers at most one of them */
	TALK_LOSE,
	TALK_REPEAT, /* sent twice */
	TALK_REORDER, /* sent after the two that follow it */
	TALK_DELAY, /* by some intervals, and what follows it as well */
	TALK_CORRUPT_VERSION,
	TALK_CORRUPT_LENGTH,
	TALK_CORRUPT_TRUNCATE,
	TALK_CORRUPT_PAD,
	TALK_N_RANDOM,
	/* of the talker, at each N-th frame */
	TALK_MR_TOGGLE = TALK_N_RANDOM,
	TALK_TU_TOGGLE,
	TALK_DBC_BREAK, /* blocks are missing, AM824 */
	TALK_SEQUENCE_JUMP, /* too far to be loss */
	TALK_RESTART, /* another sequence_num, DBC and phase */
	TALK_N_EVERY,
	TALK_CHANGE_FORMAT = TALK_N_EVERY,
	TALK_N_FAULTS
};

enum {
	TALK_CHANGES_MAX = 8,
	TALK_REORDER_BY = 2,
	TALK_DELAY_MAX = 8, /* intervals */
	TALK_DBC_BREAK_MIN = 2, /* one may be the other way to count */
	TALK_DBC_BREAK_MAX = 64, /* blocks: DBC can tell them from 256 more */
	TALK_JUMP_MIN = 129, /* first that cannot be loss ... */
	TALK_JUMP_MAX = 228, /* ... and last that cannot be a late frame */
};

struct talk_change {
	uint64_t frame;
	struct talk_format format;
};

/**
 * struct talk_plan - what is to go wrong
 * @seed: of the decisions; each stream has its own
 * @probability: of each random fault; together at most 1
 * @every: of each fault of the talker: at each such frame; 0: never
 * @changes: of format, in order of their frames
 * @n_changes: how many
 * @head: frames without fault at the beginning of an epoch
 * @tail: and at its end
 * @end: frames in all, or UINT64_MAX
 */
struct talk_plan {
	uint64_t seed;
	double probability[TALK_N_RANDOM];
	uint64_t every[TALK_N_EVERY];
	struct talk_change changes[TALK_CHANGES_MAX];
	uint32_t n_changes;
	uint64_t head;
	uint64_t tail;
	uint64_t end;
};

/**
 * struct talk_decision - what befalls one frame
 * @wire: one of the random faults, or TALK_N_RANDOM
 * @talker: those of the talker, as bits 1 << enum talk_fault
 * @delay: intervals, with TALK_DELAY
 * @dbc_skip: data blocks, with TALK_DBC_BREAK
 * @jump: of sequence_num, with TALK_SEQUENCE_JUMP or TALK_RESTART
 * @change: with TALK_CHANGE_FORMAT
 */
struct talk_decision {
	enum talk_fault wire;
	uint32_t talker;
	uint32_t delay;
	uint32_t dbc_skip;
	uint32_t jump;
	const struct talk_change *change;
};

const char *talk_fault_name(enum talk_fault fault);

void talk_fault_at(const struct talk_plan *plan, uint64_t k,
		   struct talk_decision *d);

#endif
