// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Receive time: the NIC's where it is known, and never guessed where not. */
#include <string.h>

#include "test.h"

enum { RING_MS = 100, MS = 1000000 };

static int known(struct avtpmap_stream *s, enum avtpmap_counter c)
{
	uint64_t values[AVTPMAP_N_COUNTERS];

	return avtpmap_counters(s, values, AVTPMAP_N_COUNTERS) >> c & 1;
}

/* One frame that arrives at @hw and is to be presented @ahead later. */
static void put_at(struct rig *rig, struct talker *t, uint64_t hw,
		   int32_t ahead_ns)
{
	struct shot shot = talker_shot(t);

	shot.hwtime_ns = hw;
	shot.ahead_ns = ahead_ns;
	talker_put(t, &shot, &rig->wire, rig->ifindex);
}

CASE(hardware_time_is_in_the_slot_and_flagged, BED_HWTIME)
{
	const uint64_t hw = 1700000000123456789ull;
	const struct avtpmap_slot *slot;
	struct avtpmap_stream *s;
	uint64_t last = 0;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (int i = 0; i < 100; i++)
		put_at(rig, &t, i & 1 ? 0 : hw + i, 2 * MS);
	rig_inject(rig);
	for (int i = 0; i < 100; i++) {
		slot = avtpmap_peek(s);
		check(slot);
		check_eq(!!(slot->flags & AVTPMAP_F_HWTIME), !(i & 1));
		check_eq(slot->hwtime_ns, i & 1 ? 0 : hw + i);
		check(slot->flags & AVTPMAP_F_MONOTIME);
		check(slot->mono_ns >= last);
		last = slot->mono_ns;
		if (!(i & 1))
			check_eq(slot->avtp_timestamp,
				 (uint32_t)(hw + i + 2 * MS));
		check_eq(avtpmap_release(s), 0);
	}
	avtpmap_close(s);
}

CASE(late_and_early_presentation_are_counted_against_arrival, BED_HWTIME)
{
	static const struct {
		int32_t ahead_ns;
		int late;
		int early;
	} rows[] = {
		{ 0, 0, 0 },
		{ 1, 0, 0 },
		{ -1, 1, 0 },
		{ 2 * MS, 0, 0 },
		{ RING_MS * MS, 0, 0 },
		{ RING_MS * MS + 1, 0, 1 },
		{ 2000 * MS, 0, 1 },
		{ -2000 * MS, 1, 0 },
	};
	/* both sides of the timestamp's wrap */
	uint64_t hw = (7ull << 32) - 4;
	uint64_t late = 0, early = 0;
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID,
		AVTPMAP_OPTS(avtpmap_stream_opts, .ms = RING_MS));
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	check(!known(s, AVTPMAP_C_LATE_TIMESTAMP));
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		put_at(rig, &t, hw++, rows[i].ahead_ns);
		rig_inject(rig);
		late += rows[i].late;
		early += rows[i].early;
		check(known(s, AVTPMAP_C_LATE_TIMESTAMP));
		check(known(s, AVTPMAP_C_EARLY_TIMESTAMP));
		check_eq(rig_counter(s, AVTPMAP_C_LATE_TIMESTAMP), late);
		check_eq(rig_counter(s, AVTPMAP_C_EARLY_TIMESTAMP), early);
	}
	/* what is uncertain, or no timestamp, says nothing */
	t.next.tu = 1;
	put_at(rig, &t, hw, -MS);
	t.next.tu = 0;
	t.next.tv = 0;
	put_at(rig, &t, hw, -MS);
	rig_inject(rig);
	check_eq(rig_counter(s, AVTPMAP_C_LATE_TIMESTAMP), late);
	avtpmap_close(s);
}

CASE(without_hardware_time_late_and_early_are_unavailable, 0)
{
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 1000);
	check(!known(s, AVTPMAP_C_LATE_TIMESTAMP));
	check(!known(s, AVTPMAP_C_EARLY_TIMESTAMP));
	check(known(s, AVTPMAP_C_FRAMES_LOST));
	check_eq(avtpmap_header(s)->phc_index, AVTPMAP_NO_PHC);
	avtpmap_close(s);
}
