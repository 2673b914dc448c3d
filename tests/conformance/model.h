/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What must become of the frames sent. The model sees what the talker meant
 * (frame numbers and positions that never wrap, runs), not octets, and knows
 * nothing of how the product finds out.
 */
#ifndef AVTPMAP_CONFORMANCE_MODEL_H
#define AVTPMAP_CONFORMANCE_MODEL_H

#include <avtpmap/avtpmap.h>

#include "wire.h"

/**
 * struct expect - a frame that must be in the ring
 * @shot: which
 * @media_pos: @units: @lost: @lost_units: @epoch: @flags: as in its slot
 * @about: frames near it had other lengths, so nobody can know @media_pos
 */
struct expect {
	const struct shot *shot;
	uint64_t media_pos;
	uint32_t units;
	uint32_t lost;
	uint32_t lost_units;
	uint32_t epoch;
	uint32_t flags;
	int about;
};

/**
 * struct model - a stream as it must be
 * @counters: by enum avtpmap_counter; those of wakes and of time stay 0
 * @ring: frames in the ring, in order
 * @n: of them
 * @room: of @ring
 * @newest: the newest frame in the accounts, or NULL
 * @base: media_pos less the run's pos
 * @media_pos: end of the media so far
 * @epoch: 0 before the first frame
 * @mr: @tu: of the newest frame in the ring
 * @skipped: frames that the ring could not hold since the newest in it
 * @skipped_lost: frames lost among them
 */
struct model {
	uint64_t counters[AVTPMAP_N_COUNTERS];
	struct expect *ring;
	uint32_t n;
	uint32_t room;
	const struct shot *newest;
	int64_t base;
	uint64_t media_pos;
	uint32_t epoch;
	uint8_t mr;
	uint8_t tu;
	uint32_t skipped;
	uint32_t skipped_lost;
};

/* The frame of @shot is received. @shot must live as long as the model. */
void model_shot(struct model *m, const struct shot *shot);
void model_free(struct model *m);

/**
 * model_pcm() - the samples of one epoch
 * @m: the model
 * @epoch: of them
 * @from: out: media position of the first
 * @units: out: how many
 *
 * Returns units * channels samples, with their bits at the top and silence
 * where frames were lost. To be freed.
 */
int32_t *model_pcm(const struct model *m, uint32_t epoch, uint64_t *from,
		   uint64_t *units);

#endif
