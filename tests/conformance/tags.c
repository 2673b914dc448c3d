// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What may be in front of AVTP: VLAN tags, two of them too, and R-TAGs. */
#include <string.h>

#include "test.h"

enum { AVTP_AT = 12, MACS_BYTES = 12, VID = 2, TCI = 0x6002 };

/* The talker's frame with @tags, as octets, in the place of its own. */
static void put(struct rig *rig, const struct talker *t,
		const struct shot *shot, const uint8_t *tags, uint32_t bytes)
{
	struct wire plain = { 0 };
	const uint8_t *from;
	uint32_t len;
	uint8_t *to;

	talker_put(t, shot, &plain, rig->ifindex);
	from = (const uint8_t *)(wire_last(&plain) + 1);
	len = wire_last(&plain)->len_bytes;
	to = wire_add(&rig->wire, rig->ifindex, len + bytes);
	memcpy(to, from, MACS_BYTES);
	memcpy(to + MACS_BYTES, tags, bytes);
	memcpy(to + MACS_BYTES + bytes, from + AVTP_AT, len - AVTP_AT);
	wire_free(&plain);
}

struct tags {
	uint8_t octets[20];
	uint32_t bytes;
	int heard;
	uint32_t tci;
	uint32_t rtag; /* with a number */
};

#define STAG(vid) 0x88, 0xa8, 0, vid
#define OLD_STAG(vid) 0x91, 0, 0, vid
#define CTAG(vid) 0x81, 0, 0x60, vid
#define RTAG 0xf1, 0xc1, 0, 0, 0x12, 0x34

static const struct tags tags[] = {
	{ { 0 }, 0, 1, 0, 0 },
	{ { CTAG(VID) }, 4, 1, TCI, 0 },
	{ { STAG(VID) }, 4, 1, VID, 0 },
	{ { OLD_STAG(VID) }, 4, 1, VID, 0 },
	{ { STAG(100), CTAG(VID) }, 8, 1, TCI, 0 },
	{ { CTAG(100), CTAG(VID) }, 8, 1, TCI, 0 },
	{ { OLD_STAG(100), CTAG(VID) }, 8, 1, TCI, 0 },
	{ { STAG(VID), CTAG(100) }, 8, 0, 0, 0 }, /* another's VLAN */
	{ { RTAG }, 6, 1, 0, 1 },
	{ { CTAG(VID), RTAG }, 10, 1, TCI, 1 },
	{ { STAG(100), CTAG(VID), RTAG }, 14, 1, TCI, 1 },
	{ { OLD_STAG(100), CTAG(VID), RTAG }, 14, 1, TCI, 1 },
	{ { STAG(100), RTAG, CTAG(VID) }, 14, 1, TCI, 1 },
	{ { STAG(100), STAG(101), CTAG(VID) }, 12, 0, 0, 0 }, /* no AVTP */
};

enum { N_TAGS = sizeof(tags) / sizeof(tags[0]) };

/* XDP does not see what a NIC, or the kernel before it, took off. */
CASE(a_stream_is_found_behind_two_tags_and_an_r_tag, 0)
{
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID,
		AVTPMAP_OPTS(avtpmap_stream_opts, .vid = VID, .stride = 256));
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (uint32_t i = 0; i < N_TAGS; i++) {
		struct talker again = t;
		struct shot shot = talker_shot(&t);

		if (!tags[i].heard)
			t = again;
		put(rig, &t, &shot, tags[i].octets, tags[i].bytes);
	}
	rig_inject(rig);
	for (uint32_t i = 0; i < N_TAGS; i++) {
		const struct avtpmap_slot *slot;

		if (!tags[i].heard)
			continue;
		slot = avtpmap_peek(s);
		if (!slot)
			fail("nothing of the frame with tags %u", i);
		check_eq(AVTPMAP_PDU_TCI(slot->pdu), tags[i].tci);
		check_eq(!!(slot->flags & AVTPMAP_F_VLAN), !!tags[i].tci);
		check_eq(!!(slot->flags & AVTPMAP_F_RTAG), tags[i].rtag);
		check_eq(AVTPMAP_RTAG_SEQUENCE(slot->flags),
			 tags[i].rtag ? 0x1234 : 0);
		check_eq(avtpmap_release(s), 0);
	}
	check(!avtpmap_peek(s));
	check_eq(rig_counter(s, AVTPMAP_C_OTHER_PATH), 1);
	check_eq(rig_counter(s, AVTPMAP_C_SEQ_NUM_MISMATCH), 0);
	avtpmap_close(s);
}

static void put_numbered(struct rig *rig, const struct talker *t, uint64_t n)
{
	struct shot shot = talker_shot_at(t, n);
	const uint8_t rtag[] = { CTAG(VID), 0xf1, 0xc1, 0, 0, n >> 8, n };

	put(rig, t, &shot, rtag, sizeof(rtag));
}

/* The slower path brings each frame again, much later; then the faster ends. */
CASE(redundant_paths_bring_duplicates_and_no_faults, 0)
{
	static const uint32_t lags[] = { 1, 20, 130, 300 };
	struct avtpmap_stream *s;
	struct talker t;

	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (uint32_t i = 0; i < sizeof(lags) / sizeof(lags[0]); i++) {
		uint32_t lag = lags[i], n;

		rig_add(rig, STREAM_ID,
			AVTPMAP_OPTS(avtpmap_stream_opts, .vid = VID,
				     .stride = 256, .ms = 1000));
		s = rig_open(rig, STREAM_ID, 0, 0);
		for (n = 0; n < 600; n++) {
			put_numbered(rig, &t, n);
			if (n >= lag)
				put_numbered(rig, &t, n - lag);
		}
		for (n = 600 - lag; n < 800; n++)
			put_numbered(rig, &t, n);
		rig_inject(rig);
		check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), 600 + 800);
		check_eq(rig_counter(s, AVTPMAP_C_FRAMES_DUPLICATE), 600);
		check_eq(rig_counter(s, AVTPMAP_C_SEQ_NUM_MISMATCH), 0);
		check_eq(rig_counter(s, AVTPMAP_C_CONFLICT), 0);
		check_eq(avtpmap_header(s)->media_pos, 800 * 6);
		check_eq(avtpmap_header(s)->epoch, 1);
		avtpmap_close(s);
		rig_del(rig, STREAM_ID);
	}
}
