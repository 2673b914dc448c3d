// SPDX-License-Identifier: GPL-2.0
/* A ring's geometry and memory, and what the receive path lays in it. */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/unaligned.h>

#include "fixture.h"
#include "shared/avtp.h"
#include "trace.h"

enum { HEADERS = ETHER_HEADER_BYTES + 24 };

static u64 counter(const struct stream *s, enum avtpmap_counter c)
{
	return s->ring.hdr->counters[c];
}

/* ---- geometry and memory ---- */

static u64 smallest_power(u64 least, u64 want, u64 most)
{
	while (least < want)
		least += least;
	return least <= most ? least : 0;
}

static void ring_geometry(struct kunit *test)
{
	static const u32 ends[] = { 0, 1, 15, 16, 17, 64, 65, 1500, 1984, 1985,
				    8000, 16320, 16321, 1 << 20, U32_MAX };
	u64 seed = 1722;
	u32 i, a, b;

	for (i = 0; i < 3000; i++) {
		a = i < ARRAY_SIZE(ends) ? ends[i] : dice(&seed) >> dice(&seed) % 32;
		b = i < ARRAY_SIZE(ends) ? 1000 : dice(&seed) % 60000 + 1;
		KUNIT_EXPECT_EQ(test, avtpmap_ring_slots(a, b),
				smallest_power(16, DIV_ROUND_UP_ULL((u64)a * b, 1000),
					       1 << 20));
		KUNIT_EXPECT_EQ(test, avtpmap_ring_stride(a),
				smallest_power(128, (u64)a + 64, 16384));
	}
}

static void ring_memory(struct kunit *test)
{
	static const u32 shapes[][2] = {
		{ 16, 128 }, { 16, 16384 }, { 1024, 2048 }, { 32, 128 }, { 4096, 256 },
	};
	struct ring ring = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		u32 n = shapes[i][0], stride = shapes[i][1];
		u8 *end;

		KUNIT_ASSERT_EQ(test, ring_alloc(&ring, n, stride, NUMA_NO_NODE), 0);
		end = (u8 *)ring.hdr + ring.bytes;
		KUNIT_EXPECT_EQ(test, ring.bytes, PAGE_ALIGN(4096 + n * stride));
		KUNIT_EXPECT_EQ(test, ring.bytes, (u64)ring.n_pages * PAGE_SIZE);
		KUNIT_EXPECT_PTR_EQ(test, (u8 *)ring_slot(&ring, 0),
				    (u8 *)ring.hdr + 4096);
		KUNIT_EXPECT_PTR_EQ(test, ring_slot(&ring, n), ring_slot(&ring, 0));
		KUNIT_EXPECT_PTR_EQ(test, (u8 *)ring_slot(&ring, 2 * n - 1) + stride,
				    (u8 *)ring_slot(&ring, 0) + n * stride);
		KUNIT_EXPECT_NULL(test, memchr_inv(ring.hdr, 0, ring.bytes));
		memset(ring.hdr, 0xff, end - (u8 *)ring.hdr);	/* all of it is ours */
		ring_free(&ring);
	}
}

/* Refused before anything of the mapping is looked at but its rights. */
static void ring_refuses_writers(struct kunit *test)
{
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);
	struct ring ring = {};

	KUNIT_ASSERT_NOT_NULL(test, vma);
	vm_flags_init(vma, VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE);
	KUNIT_EXPECT_EQ(test, ring_mmap(&ring, vma), -EPERM);
	vm_flags_init(vma, VM_READ | VM_WRITE);
	KUNIT_EXPECT_EQ(test, ring_mmap(&ring, vma), -EPERM);
	vm_flags_init(vma, VM_READ);
	KUNIT_EXPECT_EQ(test, ring_mmap(&ring, vma), -EINVAL);
}

/* ---- what lies in it ---- */

struct wire {
	struct nic *nic;
	struct stream *s;
	struct talker *t;
};

/* A stream with a ring of 16 slots of @stride, and who sends to it. */
static struct wire wire_make(struct kunit *test, u32 stride)
{
	struct wire w = { .nic = nic_create(test) };
	struct stream_config config;

	stream_config_init(&config);
	config.stream_id = cpu_to_be64(TALKER_ID);
	config.ms = 1;
	config.stride = stride;
	w.s = stream_add(w.nic, &config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, w.s);
	w.t = talker_make(test, w.nic, TALKER_ID);
	return w;
}

static const struct avtpmap_slot *newest(const struct stream *s)
{
	return ring_slot(&s->ring, s->ring.hdr->head - 1);
}

static void ring_header(struct kunit *test)
{
	struct wire w = wire_make(test, 0);
	const struct avtpmap_ring_hdr *hdr = w.s->ring.hdr;

	KUNIT_EXPECT_EQ(test, hdr->magic, AVTPMAP_MAGIC);
	KUNIT_EXPECT_EQ(test, hdr->abi, AVTPMAP_ABI);
	KUNIT_EXPECT_EQ(test, hdr->header_bytes, 4096);
	KUNIT_EXPECT_EQ(test, hdr->stride, 2048);	/* for an MTU of 1500 */
	KUNIT_EXPECT_EQ(test, hdr->n_slots, 16);
	KUNIT_EXPECT_EQ(test, be64_to_cpu(hdr->stream_id), TALKER_ID);
	KUNIT_EXPECT_EQ(test, hdr->ifindex, w.nic->dev->ifindex);
	KUNIT_EXPECT_EQ(test, hdr->backend, AVTPMAP_BACKEND_KMOD);
	KUNIT_EXPECT_EQ(test, hdr->phc_index, AVTPMAP_NO_PHC);
	KUNIT_EXPECT_EQ(test, hdr->rate, 8000);
	KUNIT_EXPECT_EQ(test, hdr->state, AVTPMAP_RING_SILENT);
	KUNIT_EXPECT_EQ(test, hdr->epoch, 0);
	talk(w.t);
	KUNIT_EXPECT_EQ(test, hdr->state, AVTPMAP_RING_LIVE);
	KUNIT_EXPECT_EQ(test, hdr->epoch, 1);
	KUNIT_EXPECT_EQ(test, hdr->format_seq, 2);
	KUNIT_EXPECT_EQ(test, hdr->format.rate_hz, 48000);
	KUNIT_EXPECT_EQ(test, hdr->format.channels, 1);
	KUNIT_EXPECT_EQ(test, hdr->format.encoding, AVTPMAP_ENC_INT16);
}

/* After each frame, all 16 slots hold the newest 16 frames, whole. */
static void ring_wraps(struct kunit *test)
{
	struct wire w = wire_make(test, 256);
	const struct avtpmap_ring_hdr *hdr = w.s->ring.hdr;
	u64 pos, head, start_ns = ktime_get_ns();

	for (head = 1; head <= 100; head++) {
		KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_CONSUMED);
		KUNIT_ASSERT_EQ(test, hdr->head, head);
		KUNIT_ASSERT_EQ(test, hdr->media_pos, 6 * head);
		for (pos = head > 16 ? head - 16 : 0; pos < head; pos++) {
			const struct avtpmap_slot *slot = ring_slot(&w.s->ring, pos);
			const u8 *pdu = (const u8 *)(slot + 1);

			KUNIT_EXPECT_EQ(test, slot->seq, 2 * pos + 2);
			KUNIT_EXPECT_EQ(test, slot->media_pos, 6 * pos);
			KUNIT_EXPECT_EQ(test, slot->units, 6);
			KUNIT_EXPECT_EQ(test, slot->lost, 0);
			KUNIT_EXPECT_EQ(test, slot->len_bytes, 24 + 12);
			KUNIT_EXPECT_EQ(test, slot->pdu,
					AVTPMAP_PDU(AVTPMAP_SUB_AAF, (u8)pos, 0));
			KUNIT_EXPECT_EQ(test, slot->flags, AVTPMAP_F_MONOTIME |
					AVTPMAP_F_TV | (pos ? 0 : AVTPMAP_F_EPOCH));
			KUNIT_EXPECT_GE(test, slot->mono_ns, start_ns);
			KUNIT_EXPECT_LE(test, slot->mono_ns, ktime_get_ns());
			KUNIT_EXPECT_EQ(test, pdu[2], (u8)pos);
			KUNIT_EXPECT_NULL(test, memchr_inv(pdu + 24, (u8)pos, 12));
		}
	}
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_FRAMES_RX), 100);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_BYTES_RX), 3600);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_TIMESTAMP_VALID), 100);
}

/* Wherever the driver's buffer ends, the copy is whole. */
static void ring_two_parts(struct kunit *test)
{
	struct wire w = wire_make(test, 512);
	u32 len = HEADERS + 200, split, i;
	u8 *rest = kunit_kzalloc(test, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rest);
	w.t->units = 100;
	talk(w.t);
	for (i = HEADERS; i < len; i++)
		w.t->frame[i] = 7 * i;
	for (split = 64; split <= len; split++) {
		memcpy(rest, w.t->frame + split, len - split);
		w.t->frame[ETHER_HEADER_BYTES + 2]++;
		w.t->rx.frag = rest;
		w.t->rx.frag_bytes = len - split;
		w.t->rx.len_bytes = split;
		KUNIT_EXPECT_EQ(test, talk_raw(w.t, 0), AVTPMAP_CONSUMED);
		KUNIT_EXPECT_EQ(test, newest(w.s)->len_bytes, 224);
		KUNIT_EXPECT_MEMEQ_MSG(test, (u8 *)(newest(w.s) + 1),
				       w.t->frame + ETHER_HEADER_BYTES, 224,
				       "split at %u", split);
	}
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_FRAMES_LOST), 0);
}

/* What the slot cannot hold passes, is counted once, and is a gap. */
static void ring_too_long(struct kunit *test)
{
	struct wire w = wire_make(test, 128);

	w.t->units = 20;			/* 24 + 40: just fits */
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_CONSUMED);
	w.t->units = 21;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_PASS);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_TOO_LONG), 1);
	KUNIT_EXPECT_EQ(test, w.s->ring.hdr->head, 1);
	w.t->units = 20;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_CONSUMED);
	KUNIT_EXPECT_EQ(test, w.s->ring.hdr->head, 2);
	KUNIT_EXPECT_EQ(test, newest(w.s)->lost, 0);
	KUNIT_EXPECT_EQ(test, newest(w.s)->lost_units, 21);
	KUNIT_EXPECT_EQ(test, newest(w.s)->media_pos, 41);
	KUNIT_EXPECT_TRUE(test, newest(w.s)->flags & AVTPMAP_F_GAP);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_FRAMES_LOST), 0);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_FRAMES_RX), 2);
}

/* What the driver says of a frame: time, tag, error, more buffers. */
static void ring_driver_flags(struct kunit *test)
{
	u64 late_early = BIT_ULL(AVTPMAP_C_LATE_TIMESTAMP) |
			 BIT_ULL(AVTPMAP_C_EARLY_TIMESTAMP);
	struct wire w = wire_make(test, 0);
	const struct avtpmap_ring_hdr *hdr = w.s->ring.hdr;

	talk(w.t);
	KUNIT_EXPECT_FALSE(test, newest(w.s)->flags &
			   (AVTPMAP_F_HWTIME | AVTPMAP_F_VLAN));
	KUNIT_EXPECT_EQ(test, hdr->counters_known & late_early, 0);

	w.t->rx.flags = AVTPMAP_RX_HWTIME | AVTPMAP_RX_VLAN;
	w.t->rx.hwtime_ns = 0x123456789a;	/* the timestamp is 0: late */
	w.t->rx.vlan_tci = 0x6002;
	talk(w.t);
	KUNIT_EXPECT_TRUE(test, newest(w.s)->flags & AVTPMAP_F_HWTIME);
	KUNIT_EXPECT_EQ(test, newest(w.s)->hwtime_ns, 0x123456789a);
	KUNIT_EXPECT_TRUE(test, newest(w.s)->flags & AVTPMAP_F_VLAN);
	KUNIT_EXPECT_EQ(test, AVTPMAP_PDU_TCI(newest(w.s)->pdu), 0x6002);
	KUNIT_EXPECT_EQ(test, hdr->counters_known & late_early, late_early);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_LATE_TIMESTAMP), 1);
	w.t->rx.hwtime_ns = U32_MAX - 2000000;	/* 2 ms ahead, in a ring of 1 ms */
	talk(w.t);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_EARLY_TIMESTAMP), 1);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_LATE_TIMESTAMP), 1);

	w.t->rx.flags = AVTPMAP_RX_ERROR;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_PASS);
	KUNIT_EXPECT_EQ(test, hdr->head, 3);
	w.t->sequence--;
	w.t->rx.flags = AVTPMAP_RX_MULTIBUF;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_PASS);
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_MULTIBUF), 1);
	KUNIT_EXPECT_EQ(test, hdr->head, 3);
	w.t->rx.flags = 0;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_CONSUMED);
	KUNIT_EXPECT_EQ(test, newest(w.s)->lost, 0);
	KUNIT_EXPECT_EQ(test, newest(w.s)->lost_units, 6);
}

/* What the queue's counters say of nine frames. */
static void ring_queue_counters(struct kunit *test)
{
	struct wire w = wire_make(test, 0);
	struct port *port = nic_port(w.nic);
	struct avtpmap_queue_stats stats;
	struct avtpmap_queue_stats want = {
		.queue = 1, .frames = 9, .avtp = 7, .taken = 1, .copied = 3, .unknown = 1,
		.control = 1, .error = 1,	/* one is malformed, one is IP */
	};

	w.t->rx.queue = 1;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_CONSUMED);
	w.s->mode = AVTPMAP_MODE_COPY;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_PASS);
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_PASS);
	KUNIT_EXPECT_EQ(test, w.s->ring.hdr->head, 3);
	w.t->id++;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_PASS);		/* unknown */
	w.t->frame[ETHER_HEADER_BYTES] = 0xfa;
	KUNIT_EXPECT_EQ(test, talk_raw(w.t, 60), AVTPMAP_PASS);	/* control */
	put_unaligned_be16(ETH_P_IP, w.t->frame + 12);
	KUNIT_EXPECT_EQ(test, talk_raw(w.t, 60), AVTPMAP_PASS);
	w.t->rx.flags = AVTPMAP_RX_ERROR;
	KUNIT_EXPECT_EQ(test, talk(w.t), AVTPMAP_PASS);
	w.t->rx.flags = 0;
	w.t->id--;
	talk(w.t);
	put_unaligned_be16(0xffff, w.t->frame + ETHER_HEADER_BYTES + 20);
	KUNIT_EXPECT_EQ(test, talk_raw(w.t, 60), AVTPMAP_PASS);	/* malformed */
	KUNIT_EXPECT_EQ(test, counter(w.s, AVTPMAP_C_MALFORMED), 1);
	port_queue_stats(port, 1, &stats);
	KUNIT_EXPECT_MEMEQ(test, &stats, &want, sizeof(want));
	port_queue_stats(port, 0, &stats);
	KUNIT_EXPECT_EQ(test, stats.frames, 0);
}

/* MAC and VID are extra conditions; without a tag any VID will do. */
static void ring_other_path(struct kunit *test)
{
	struct stream_config config;
	struct nic *nic = nic_create(test);
	struct talker *t = talker_make(test, nic, TALKER_ID);
	struct stream *s;

	stream_config_init(&config);
	config.stream_id = cpu_to_be64(TALKER_ID);
	config.mac = 0x91e0f000fe01ull;
	config.vid = 5;
	s = stream_add(nic, &config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	KUNIT_EXPECT_EQ(test, talk(t), AVTPMAP_CONSUMED);
	t->rx.flags = AVTPMAP_RX_VLAN;
	t->rx.vlan_tci = 0xe005;
	KUNIT_EXPECT_EQ(test, talk(t), AVTPMAP_CONSUMED);
	t->rx.vlan_tci = 0xe000;
	KUNIT_EXPECT_EQ(test, talk(t), AVTPMAP_CONSUMED);
	t->rx.vlan_tci = 0xe006;
	KUNIT_EXPECT_EQ(test, talk(t), AVTPMAP_PASS);
	t->rx.vlan_tci = 5;
	t->frame[5]++;
	KUNIT_EXPECT_EQ(test, talk_raw(t, HEADERS + 12), AVTPMAP_PASS);
	KUNIT_EXPECT_EQ(test, counter(s, AVTPMAP_C_OTHER_PATH), 2);
	KUNIT_EXPECT_EQ(test, s->ring.hdr->head, 3);
}

#ifdef CONFIG_TRACEPOINTS
static void count_reason(void *told, const struct stream *s, u32 reason)
{
	((u32 *)told)[reason]++;
}

/* Each frame that is refused is traced once, with the counter's reason. */
static void ring_refusals_traced(struct kunit *test)
{
	static const enum avtpmap_counter reasons[] = {
		AVTPMAP_C_MALFORMED, AVTPMAP_C_UNSUPPORTED_FORMAT,
		AVTPMAP_C_MULTIBUF, AVTPMAP_C_TOO_LONG, AVTPMAP_C_CONFLICT,
	};
	struct nic *nic = nic_create(test);
	struct stream *s = stream_make(test, nic, TALKER_ID);
	struct talker *t = talker_make(test, nic, TALKER_ID);
	u32 told[AVTPMAP_N_COUNTERS] = {}, len;
	int i;

	KUNIT_ASSERT_EQ(test, register_trace_avtpmap_refuse(count_reason, told), 0);
	talk_frames(t, 3);
	len = HEADERS + 2 * t->units;
	talk_raw(t, len - 1);			/* cut short */
	t->frame[ETHER_HEADER_BYTES + 16] = 6;	/* AAF of no format that there is */
	talk_raw(t, len);
	t->rx.flags = AVTPMAP_RX_MULTIBUF;
	talk(t);
	t->rx.flags = 0;
	t->units = s->room_bytes / 2;
	talk(t);
	t->units = 6;
	t->mac++;
	talk(t);
	unregister_trace_avtpmap_refuse(count_reason, told);
	tracepoint_synchronize_unregister();

	KUNIT_EXPECT_EQ(test, counter(s, AVTPMAP_C_FRAMES_RX), 3);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		KUNIT_EXPECT_EQ_MSG(test, counter(s, reasons[i]), 1, "%d", i);
		KUNIT_EXPECT_EQ_MSG(test, told[reasons[i]], 1, "%d", i);
	}
}
#endif

static struct kunit_case ring_cases[] = {
#ifdef CONFIG_TRACEPOINTS
	KUNIT_CASE(ring_refusals_traced),
#endif
	KUNIT_CASE(ring_geometry),
	KUNIT_CASE(ring_memory),
	KUNIT_CASE(ring_refuses_writers),
	KUNIT_CASE(ring_header),
	KUNIT_CASE(ring_wraps),
	KUNIT_CASE(ring_two_parts),
	KUNIT_CASE(ring_too_long),
	KUNIT_CASE(ring_driver_flags),
	KUNIT_CASE(ring_queue_counters),
	KUNIT_CASE(ring_other_path),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "avtpmap_ring",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
