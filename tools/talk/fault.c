// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "fault.h"
#include "noise.h"

const char *talk_fault_name(enum talk_fault fault)
{
	static const char *const names[TALK_N_FAULTS] = {
		[TALK_LOSE] = "lose",
		[TALK_REPEAT] = "repeat",
		[TALK_REORDER] = "reorder",
		[TALK_DELAY] = "delay",
		[TALK_CORRUPT_VERSION] = "corrupt_version",
		[TALK_CORRUPT_LENGTH] = "corrupt_length",
		[TALK_CORRUPT_TRUNCATE] = "corrupt_truncate",
		[TALK_CORRUPT_PAD] = "corrupt_pad",
		[TALK_MR_TOGGLE] = "mr_toggle",
		[TALK_TU_TOGGLE] = "tu_toggle",
		[TALK_DBC_BREAK] = "dbc_break",
		[TALK_SEQUENCE_JUMP] = "sequence_jump",
		[TALK_RESTART] = "restart",
		[TALK_CHANGE_FORMAT] = "change_format",
	};

	return names[fault];
}

/* A number for one purpose and frame. */
static uint64_t draw(const struct talk_plan *plan, uint64_t k, uint32_t purpose)
{
	return talk_mix(talk_mix(plan->seed ^ 0x74616c6bull) +
			(k * TALK_N_FAULTS + purpose + 1) *
				0x9e3779b97f4a7c15ull);
}

static bool is_multiple(uint64_t k, uint64_t every)
{
	return every && k && k % every == 0;
}

/* Whether a frame at which @every strikes lies in [from, to]. */
static bool multiple_in(uint64_t from, uint64_t to, uint64_t every)
{
	if (!every)
		return false;
	return to / every > (from > every ? from - 1 : every - 1) / every;
}

static bool change_in(const struct talk_plan *plan, uint64_t from, uint64_t to)
{
	for (uint32_t i = 0; i < plan->n_changes; i++)
		if (plan->changes[i].frame >= from &&
		    plan->changes[i].frame <= to)
			return true;
	return false;
}

/*
 * A listener that has not settled in one epoch sees no jump into the next. So
 * beginnings keep their distance: a change of format has precedence over a
 * restart, and that over a jump.
 */
static bool is_restart(const struct talk_plan *plan, uint64_t k)
{
	uint64_t apart = plan->head + plan->tail;

	return is_multiple(k, plan->every[TALK_RESTART]) &&
	       !change_in(plan, k > apart ? k - apart : 0, k + apart);
}

static bool is_jump(const struct talk_plan *plan, uint64_t k)
{
	uint64_t apart = plan->head + plan->tail;
	uint64_t from = k > apart ? k - apart : 0;

	return is_multiple(k, plan->every[TALK_SEQUENCE_JUMP]) &&
	       !change_in(plan, from, k + apart) &&
	       !multiple_in(from, k + apart, plan->every[TALK_RESTART]);
}

/* The distance to the frames between which @every strikes. */
static void bounds_of_every(uint64_t k, uint64_t every, uint64_t *from,
			    uint64_t *to)
{
	if (!every)
		return;
	if (k / every * every > *from)
		*from = k / every * every;
	if ((k / every + 1) * every < *to)
		*to = (k / every + 1) * every;
}

/*
 * The epoch that @k lies in, or less: a restart or jump that did not come about
 * bounds it too, which costs a few faults and keeps this without a search.
 */
static void epoch_bounds(const struct talk_plan *plan, uint64_t k,
			 uint64_t *from, uint64_t *to)
{
	*from = 0;
	*to = plan->end;
	bounds_of_every(k, plan->every[TALK_RESTART], from, to);
	bounds_of_every(k, plan->every[TALK_SEQUENCE_JUMP], from, to);
	for (uint32_t i = 0; i < plan->n_changes; i++) {
		uint64_t frame = plan->changes[i].frame;

		if (frame <= k && frame > *from)
			*from = frame;
		if (frame > k && frame < *to)
			*to = frame;
	}
}

static enum talk_fault wire_fault(const struct talk_plan *plan, uint64_t k)
{
	double u = (double)(draw(plan, k, TALK_N_RANDOM) >> 11) * 0x1p-53;

	for (int i = 0; i < TALK_N_RANDOM; i++) {
		if (u < plan->probability[i])
			return i;
		u -= plan->probability[i];
	}
	return TALK_N_RANDOM;
}

static void boundary(const struct talk_plan *plan, uint64_t k,
		     struct talk_decision *d)
{
	if (is_restart(plan, k))
		d->talker |= 1 << TALK_RESTART;
	if (is_jump(plan, k))
		d->talker |= 1 << TALK_SEQUENCE_JUMP;
	if (d->talker)
		d->jump = TALK_JUMP_MIN +
			  draw(plan, k, TALK_RESTART) %
				  (TALK_JUMP_MAX - TALK_JUMP_MIN + 1);
	for (uint32_t i = 0; i < plan->n_changes; i++)
		if (plan->changes[i].frame == k) {
			d->talker |= 1 << TALK_CHANGE_FORMAT;
			d->change = &plan->changes[i];
		}
}

void talk_fault_at(const struct talk_plan *plan, uint64_t k,
		   struct talk_decision *d)
{
	uint64_t from, to;

	*d = (struct talk_decision){ .wire = TALK_N_RANDOM };
	boundary(plan, k, d);
	epoch_bounds(plan, k, &from, &to);
	if (k - from < plan->head || to - k <= plan->tail)
		return;

	for (int i = TALK_MR_TOGGLE; i <= TALK_DBC_BREAK; i++)
		if (is_multiple(k, plan->every[i]))
			d->talker |= 1 << i;
	d->dbc_skip = TALK_DBC_BREAK_MIN +
		      draw(plan, k, TALK_DBC_BREAK) %
			      (TALK_DBC_BREAK_MAX - TALK_DBC_BREAK_MIN + 1);
	d->delay = 1 + draw(plan, k, TALK_DELAY) % TALK_DELAY_MAX;

	/* what comes later must still come in its own epoch */
	d->wire = wire_fault(plan, k);
	if ((d->wire == TALK_REORDER && k + TALK_REORDER_BY >= to) ||
	    (d->wire == TALK_DELAY && k + d->delay >= to))
		d->wire = TALK_N_RANDOM;
}
