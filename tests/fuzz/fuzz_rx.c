// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Whatever comes off a wire, through parser, accounts and producer, and out
 * through the library's reader. Input: records of
 *
 *	time step (u8, 100 us) | tag control (u8) | length (u16) | frame
 *
 * and after each frame what must always be true is asked.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <avtpmap/ring.h>

#include "../../kmod/shared/key.h"
#include "../../kmod/shared/period.h"
#include "../unit/ring.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 16, STRIDE = 256 };

struct state {
	struct test_ring ring;
	struct avtpmap_ring reader;
	__u64 now_ns;
	__u64 end; /* media position behind what was laid down */
	__u64 read;
};

static __u64 sum(const struct avtpmap_ring_hdr *hdr, int from, int to)
{
	__u64 n = 0;

	while (from <= to)
		n += hdr->counters[from++];
	return n;
}

static void check_slot(struct state *s, const struct avtpmap_pdu *pdu,
		       const struct avtpmap_entry *e, __u32 epoch_before)
{
	const struct avtpmap_slot *slot =
		test_ring_slot(&s->ring, s->ring.head - 1);
	int stale = !!(e->flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE));
	int began = s->ring.account.epoch != epoch_before;

	MUST(s->ring.account.epoch);
	MUST(slot->epoch == s->ring.account.epoch);
	MUST(began == !!(slot->flags & AVTPMAP_F_EPOCH));
	MUST(s->ring.account.epoch - epoch_before <= 1);
	MUST(slot->len_bytes <= STRIDE - sizeof(*slot));
	MUST(slot->seq == 2 * s->ring.head);
	MUST(!stale || (!slot->units && !slot->lost));
	MUST(stale || slot->media_pos == s->end + slot->lost_units);
	MUST(!stale || slot->media_pos <= s->end);
	MUST(!(slot->flags & AVTPMAP_F_NODATA) || !slot->units);
	MUST(AVTPMAP_PDU_SEQUENCE(slot->pdu) == pdu->sequence);
	if (!stale)
		s->end = slot->media_pos + slot->units;
	MUST(s->ring.account.media_pos == s->end);
	MUST(s->ring.hdr->media_pos == s->end);
}

static void check_header(const struct state *s, __u64 frames)
{
	const struct avtpmap_ring_hdr *hdr = s->ring.hdr;

	MUST(hdr->epoch == s->ring.account.epoch);
	MUST(hdr->format_seq == 2 * s->ring.account.epoch);
	/* every frame that has a format is in the ring or in one refusal's counter */
	MUST(frames ==
	     hdr->counters[AVTPMAP_C_FRAMES_RX] +
		     sum(hdr, AVTPMAP_C_MALFORMED, AVTPMAP_C_NO_FORMAT));
	MUST(hdr->counters[AVTPMAP_C_FRAMES_RX] == s->ring.head);
	MUST(hdr->counters[AVTPMAP_C_STREAM_INTERRUPTED] ==
	     (hdr->epoch ? hdr->epoch - 1 : 0));
	MUST(hdr->format.unit != AVTPMAP_UNIT_SAMPLES ||
	     (hdr->format.channels && hdr->format.sample_bytes &&
	      hdr->format.rate_hz));
}

static void read_some(struct state *s, int n)
{
	struct avtpmap_stream *stream = (struct avtpmap_stream *)&s->reader;

	while (n-- && avtpmap_peek(stream))
		s->read += !avtpmap_release(stream);
	MUST(s->read + s->reader.overrun_frames == s->reader.pos);
	MUST(s->reader.pos <= s->ring.head);
}

/* One frame, from memory exactly as long as it. Returns whose it was. */
static int one_frame(struct state *s, const uint8_t *frame, __u32 len, __u8 tag)
{
	__u32 epoch = s->ring.account.epoch;
	const struct avtpmap_key key = { .vid = tag & 1 ? 2 : AVTPMAP_ANY_VID };
	struct avtpmap_pdu pdu;
	struct avtpmap_entry e;
	enum avtpmap_class class;
	__u8 *copy = malloc(len ? len : 1);
	__u64 due;

	memcpy(copy, frame, len);
	class = avtpmap_parse(&pdu, copy, copy + len, len, tag & 0x80,
			      tag << 8);
	if (class == AVTPMAP_STREAM) {
		MUST(pdu.offset + pdu.len_bytes <= len);
		MUST(pdu.data_bytes < pdu.len_bytes);
		(void)avtpmap_key_hash(pdu.stream_id);
		(void)avtpmap_key_on_path(&key, &pdu);
		s->now_ns += 1;
	}
	due = s->ring.account.media_pos;
	if (!(tag & 0x80) && test_ring_rx(&s->ring, copy, len, s->now_ns, &e)) {
		check_slot(s, &pdu, &e, epoch);
		due = avtpmap_period_due(due, s->ring.account.media_pos, 64);
		MUST(due <= s->ring.account.media_pos / 64);
	} else if (!(tag & 0x80) && e.refused == AVTPMAP_C_NO_FORMAT) {
		MUST(pdu.flags & AVTPMAP_F_NODATA);
	}
	free(copy);
	return !(tag & 0x80) && class >= AVTPMAP_STREAM;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state s = { .now_ns = 1000000000 };
	__u64 frames = 0;

	test_ring_create(&s.ring, SLOTS, STRIDE);
	s.reader = (struct avtpmap_ring){
		.hdr = s.ring.hdr,
		.slots = s.ring.slots,
		.reader = &s.ring.page,
		.mask = SLOTS - 1,
		.shift = __builtin_ctz(STRIDE),
	};
	while (size >= 4) {
		__u32 len = data[2] << 8 | data[3];

		if (len > size - 4)
			len = size - 4;
		s.now_ns += data[0] * 100000ull * (data[0] & 1 ? 20 : 1);
		frames += one_frame(&s, data + 4, len, data[1]);
		check_header(&s, frames);
		read_some(&s, data[1] >> 1 & 3);
		data += 4 + len;
		size -= 4 + len;
	}
	read_some(&s, SLOTS + 1);
	MUST(s.read + s.reader.overrun_frames == s.ring.head);
	test_ring_destroy(&s.ring);
	return 0;
}
