// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The producer: geometry, descriptors, wrap; and what a reader then sees. */
#include "test.h"

#include <avtpmap/ring.h>

#include "../frames.h"
#include "ring.h"

static void slots_for_rate(void **state)
{
	(void)state;
	assert_int_equal(avtpmap_ring_slots(8000, 100), 1024);
	assert_int_equal(avtpmap_ring_slots(8000, 128), 1024); /* exactly */
	assert_int_equal(avtpmap_ring_slots(8000, 129), 2048);
	assert_int_equal(avtpmap_ring_slots(8001, 128), 2048); /* rounds up */
	assert_int_equal(avtpmap_ring_slots(0, 0), AVTPMAP_SLOTS_MIN);
	assert_int_equal(avtpmap_ring_slots(1, 1), AVTPMAP_SLOTS_MIN);
	assert_int_equal(avtpmap_ring_slots(16, 1000), 16);
	assert_int_equal(avtpmap_ring_slots(17, 1000), 32);
	assert_int_equal(avtpmap_ring_slots(1048576, 1000), AVTPMAP_SLOTS_MAX);
	assert_int_equal(avtpmap_ring_slots(1048577, 1000), 0);
	assert_int_equal(avtpmap_ring_slots(~0u, ~0u), 0);
}

static void stride_for_pdu(void **state)
{
	(void)state;
	assert_int_equal(avtpmap_ring_stride(0), AVTPMAP_STRIDE_MIN);
	assert_int_equal(avtpmap_ring_stride(64), 128);
	assert_int_equal(avtpmap_ring_stride(65), 256);
	assert_int_equal(avtpmap_ring_stride(224), 512);
	assert_int_equal(avtpmap_ring_stride(1500), 2048);
	assert_int_equal(avtpmap_ring_stride(9000), 16384);
	assert_int_equal(avtpmap_ring_stride(AVTPMAP_STRIDE_MAX - 64), 16384);
	assert_int_equal(avtpmap_ring_stride(AVTPMAP_STRIDE_MAX - 63), 0);
	assert_int_equal(avtpmap_ring_stride(~0u), 0);
}

static void bytes_do_not_wrap(void **state)
{
	(void)state;
	assert_int_equal(avtpmap_ring_bytes(16, 128), 4096 + 2048);
	assert_int_equal(avtpmap_ring_bytes(AVTPMAP_SLOTS_MAX,
					    AVTPMAP_STRIDE_MAX),
			 4096 + (1ull << 34));
}

static void layout(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct avtpmap_slot), 64);
	assert_int_equal(offsetof(struct avtpmap_ring_hdr, format_seq), 64);
	assert_int_equal(offsetof(struct avtpmap_ring_hdr, head), 128);
	assert_int_equal(offsetof(struct avtpmap_ring_hdr, counters), 192);
	assert_true(sizeof(struct avtpmap_ring_hdr) <= AVTPMAP_HEADER_BYTES);
	assert_int_equal(AVTPMAP_C_SEQ_NUM_MISMATCH, 8);
	assert_int_equal(AVTPMAP_C_MEDIA_LOCKED, 16);
	assert_int_equal(AVTPMAP_C_MALFORMED, 24);
	assert_int_equal(AVTPMAP_N_COUNTERS, 32);
	assert_int_equal(AVTPMAP_IOC_BIND, 0xc040f201);
	assert_int_equal(AVTPMAP_IOC_WAIT, 0xc020f203);
}

/* Every member of the slot holds what it says. */
static void descriptor(void **state)
{
	struct avtpmap_pdu pdu = {
		.avtp_timestamp = 0x11223344,
		.len_bytes = 40,
		.flags = ~0u,
		.subtype = 0x82,
		.sequence = 0xab,
		.tci = 0x6fff,
	};
	struct avtpmap_entry e = {
		.media_pos = 0x123456789abcdef,
		.units = 6,
		.lost = 3,
		.lost_units = 18,
		.flags = AVTPMAP_F_TV | AVTPMAP_F_GAP,
	};
	const struct avtpmap_slot *slot;
	struct test_ring r;
	__u8 bytes[40];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i ^ 0x5a;
	test_ring_create(&r, 16, 128);
	r.account.epoch = 9;
	r.account.media_pos = 77;
	test_ring_produce(&r, &pdu, &e, bytes, 1111, 2222);
	slot = test_ring_slot(&r, 0);
	assert_int_equal(slot->seq, 2);
	assert_int_equal(slot->hwtime_ns, 2222);
	assert_int_equal(slot->mono_ns, 1111);
	assert_int_equal(slot->media_pos, e.media_pos);
	assert_int_equal(slot->avtp_timestamp, 0x11223344);
	assert_int_equal(slot->len_bytes, 40);
	assert_int_equal(slot->units, 6);
	assert_int_equal(slot->lost, 3);
	assert_int_equal(slot->lost_units, 18);
	assert_int_equal(slot->epoch, 9);
	assert_int_equal(slot->flags, e.flags | AVTPMAP_F_MONOTIME);
	assert_int_equal(AVTPMAP_PDU_SUBTYPE(slot->pdu), 0x82);
	assert_int_equal(AVTPMAP_PDU_SEQUENCE(slot->pdu), 0xab);
	assert_int_equal(AVTPMAP_PDU_TCI(slot->pdu), 0x6fff);
	assert_memory_equal(slot + 1, bytes, sizeof(bytes));
	assert_int_equal(r.hdr->head, 1);
	assert_int_equal(r.hdr->media_pos, 77);
	test_ring_destroy(&r);
}

static void frame_counters(void **state)
{
	struct avtpmap_ring_hdr hdr = { 0 };
	struct avtpmap_pdu pdu = { .len_bytes = 48, .flags = AVTPMAP_F_TV };

	(void)state;
	avtpmap_count_frame(&hdr, &pdu);
	avtpmap_count_frame(&hdr, &pdu);
	pdu.flags = AVTPMAP_F_TU;
	avtpmap_count_frame(&hdr, &pdu);
	assert_int_equal(hdr.counters[AVTPMAP_C_FRAMES_RX], 3);
	assert_int_equal(hdr.counters[AVTPMAP_C_BYTES_RX], 144);
	assert_int_equal(hdr.counters[AVTPMAP_C_TIMESTAMP_VALID], 2);
	assert_int_equal(hdr.counters[AVTPMAP_C_TIMESTAMP_NOT_VALID], 1);
}

/* Late: before it came. Early: later than the ring holds it. Modulo 2^32. */
static void presentation_is_compared(void **state)
{
	enum { TV = AVTPMAP_F_TV, TU = AVTPMAP_F_TU, RING_NS = 1000 };
	static const struct {
		__u32 flags, timestamp;
		__u64 hwtime_ns;
		int late, early;
	} rows[] = {
		{ TV, 5000, 5000, 0, 0 },
		{ TV, 4999, 5000, 1, 0 },
		{ TV, 6000, 5000, 0, 0 },
		{ TV, 6001, 5000, 0, 1 },
		{ TV, 3, 0x1fffffffe, 0, 0 },
		{ TV, 0xfffffffe, 0x200000003, 1, 0 },
		{ TV | TU, 4999, 5000, 0, 0 },
		{ TV | TU, 6001, 5000, 0, 0 },
		{ 0, 4999, 5000, 0, 0 },
		{ TU, 6001, 5000, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(rows); i++) {
		struct avtpmap_pdu pdu = { .flags = rows[i].flags,
					   .avtp_timestamp =
						   rows[i].timestamp };
		struct avtpmap_ring_hdr hdr = { 0 };

		avtpmap_count_presentation(&hdr, &pdu, rows[i].hwtime_ns,
					   RING_NS);
		if ((int)hdr.counters[AVTPMAP_C_LATE_TIMESTAMP] !=
			    rows[i].late ||
		    (int)hdr.counters[AVTPMAP_C_EARLY_TIMESTAMP] !=
			    rows[i].early)
			fail_msg("row %zu", i);
		assert_int_equal(hdr.counters_known,
				 1ull << AVTPMAP_C_LATE_TIMESTAMP |
					 1ull << AVTPMAP_C_EARLY_TIMESTAMP);
	}
}

/* The steps A to D, and what a reader between them must not take. */
static void visible_only_when_committed(void **state)
{
	struct avtpmap_pdu pdu = { .len_bytes = 8 };
	struct avtpmap_entry e = { .units = 1 };
	struct avtpmap_slot *slot;
	struct test_ring r;

	(void)state;
	test_ring_create(&r, 16, 128);
	slot = test_ring_slot(&r, 0);
	avtpmap_slot_reserve(slot, 0);
	assert_int_equal(slot->seq, 1);
	avtpmap_slot_write(slot, &pdu, &e, 1, 0, 0);
	assert_int_equal(slot->seq, 1);
	assert_int_equal(r.hdr->head, 0);
	avtpmap_slot_commit(r.hdr, slot, 0, 1);
	assert_int_equal(slot->seq, 2);
	assert_int_equal(r.hdr->head, 1);
	test_ring_destroy(&r);
}

static void produce_numbers(struct test_ring *r, __u64 n)
{
	while (n--) {
		struct avtpmap_pdu pdu = { .len_bytes = 8 };
		struct avtpmap_entry e = { .media_pos = r->head, .units = 1 };
		__u64 bytes = r->head;

		r->account.media_pos = r->head + 1;
		test_ring_produce(r, &pdu, &e, &bytes, 0, 0);
	}
}

static struct avtpmap_stream *reader_of(struct avtpmap_ring *reader,
					struct test_ring *r)
{
	memset(reader, 0, sizeof(*reader));
	reader->hdr = r->hdr;
	reader->slots = r->slots;
	reader->reader = &r->page;
	reader->pos = r->head;
	reader->head = r->head;
	reader->mask = r->n_slots - 1;
	reader->shift = __builtin_ctz(r->stride);
	return (struct avtpmap_stream *)reader;
}

static void read_in_order(void **state)
{
	struct avtpmap_ring reader;
	struct avtpmap_stream *s;
	struct test_ring r;
	__u64 pos = 0;

	(void)state;
	test_ring_create(&r, 16, 128);
	s = reader_of(&reader, &r);
	assert_null(avtpmap_peek(s));
	assert_int_equal(avtpmap_release(s), -EINVAL);
	for (int i = 0; i < 1000; i++) {
		const struct avtpmap_slot *slot;

		produce_numbers(&r, i % 16 + 1);
		assert_int_equal(avtpmap_avail(s), i % 16 + 1);
		while ((slot = avtpmap_peek(s))) {
			assert_ptr_equal(avtpmap_peek(s), slot);
			assert_memory_equal(avtpmap_slot_pdu(slot), &pos, 8);
			assert_int_equal(avtpmap_verify(s), 0);
			assert_int_equal(avtpmap_release(s), 0);
			assert_int_equal(r.page.acked, ++pos);
		}
		assert_int_equal(pos, r.head);
	}
	assert_int_equal(avtpmap_overruns(s), 0);
	assert_int_equal(avtpmap_overrun_frames(s), 0);
	test_ring_destroy(&r);
}

/* Behind by any number: read and missed add up to what was published. */
static void overrun_is_exact(void **state)
{
	(void)state;
	for (__u64 behind = 0; behind < 100; behind++) {
		struct avtpmap_ring reader;
		struct avtpmap_stream *s;
		struct test_ring r;
		__u64 read = 0;

		test_ring_create(&r, 16, 128);
		produce_numbers(&r, 5); /* before we came */
		s = reader_of(&reader, &r);
		produce_numbers(&r, behind);
		while (avtpmap_peek(s)) {
			assert_int_equal(avtpmap_release(s), 0);
			read++;
		}
		assert_int_equal(read + avtpmap_overrun_frames(s), behind);
		assert_int_equal(avtpmap_overruns(s), behind > 16);
		if (behind > 16)
			assert_int_equal(read, 8);
		assert_int_equal(reader.pos, r.head);
		test_ring_destroy(&r);
	}
}

/* Overwritten between peek and release: told, and what was read is counted. */
static void overwritten_while_held(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		struct avtpmap_ring reader;
		struct avtpmap_stream *s;
		struct test_ring r;
		__u64 read = 0;

		test_ring_create(&r, 16, 128);
		s = reader_of(&reader, &r);
		produce_numbers(&r, 16);
		assert_non_null(avtpmap_peek(s));
		if (how == 0) /* begun, not yet done */
			avtpmap_slot_reserve(test_ring_slot(&r, 16), 16);
		else
			produce_numbers(&r, how == 1 ? 1 : 33);
		assert_int_equal(avtpmap_release(s), -EPIPE);
		assert_int_equal(avtpmap_release(s), -EINVAL);
		if (how == 0)
			produce_numbers(&r, 1);
		while (avtpmap_peek(s)) {
			assert_int_equal(avtpmap_release(s), 0);
			read++;
		}
		assert_int_equal(read + avtpmap_overrun_frames(s), r.head);
		assert_int_equal(avtpmap_overruns(s), 1);
		test_ring_destroy(&r);
	}
}

/* CRF and NTSCF have no tv that could be 0. */
static void formats_without_tv(void **state)
{
	static const __u8 subtypes[] = { AVTPMAP_SUB_CRF, AVTPMAP_SUB_NTSCF,
					 AVTPMAP_SUB_TSCF };
	struct avtpmap_ring_hdr hdr = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct avtpmap_pdu pdu = { .subtype = subtypes[i] };

		avtpmap_count_frame(&hdr, &pdu);
		assert_int_equal(hdr.counters[AVTPMAP_C_FRAMES_RX], i + 1);
		assert_int_equal(hdr.counters[AVTPMAP_C_TIMESTAMP_NOT_VALID],
				 i == 2);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_without_tv),
		cmocka_unit_test(slots_for_rate),
		cmocka_unit_test(stride_for_pdu),
		cmocka_unit_test(bytes_do_not_wrap),
		cmocka_unit_test(layout),
		cmocka_unit_test(descriptor),
		cmocka_unit_test(frame_counters),
		cmocka_unit_test(presentation_is_compared),
		cmocka_unit_test(visible_only_when_committed),
		cmocka_unit_test(read_in_order),
		cmocka_unit_test(overrun_is_exact),
		cmocka_unit_test(overwritten_while_held),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
