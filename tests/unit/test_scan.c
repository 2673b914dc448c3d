// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Who is heard on a network, from frames as a socket would bring them. */
#include "test.h"

#include "../../lib/scan/scan.h"
#include "talker.h"

enum { ADP_BYTES = 68 };

static struct avtpmap_scan *new_scan(void)
{
	struct avtpmap_scan *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->fd = -1;
	return s;
}

static void hear(struct avtpmap_scan *s, const __u8 *frame, __u32 bytes,
		 __u16 tci, __u64 ns)
{
	scan_frame(s, &(struct scan_frame){ .data = frame,
					    .bytes = bytes,
					    .frame_bytes = bytes,
					    .stripped = tci != 0,
					    .tci = tci,
					    .mono_ns = ns });
}

static void say(struct avtpmap_scan *s, const struct wire *w, __u16 tci,
		__u64 ns)
{
	__u8 frame[256];

	hear(s, frame, build_frame(frame, w), tci, ns);
}

static struct wire aaf(__u64 id)
{
	return (struct wire){
		.subtype = AVTPMAP_SUB_AAF,
		.stream_id = id,
		.src_mac = id >> 16,
		.specific = 0x04500210,
		.data_bytes = 24,
	};
}

static int keep(const struct avtpmap_scan_stream *stream, void *arg)
{
	struct avtpmap_scan_stream **at = arg;

	*(*at)++ = *stream;
	return 0;
}

static int keep_entity(const struct avtpmap_scan_entity *entity, void *arg)
{
	struct avtpmap_scan_entity **at = arg;

	*(*at)++ = *entity;
	return 0;
}

/* One stream_id on two VLANs is two; the format, what is lost and is no good. */
static void streams(void **state)
{
	struct avtpmap_scan_stream got[4], *at = got;
	struct avtpmap_scan *s = new_scan();
	struct wire w = aaf(0x001b21aabbcc0001);

	(void)state;
	for (int i = 0; i < 100; i++, w.sequence++) {
		if (i == 50)
			w.sequence += 3;
		say(s, &w, 0x6002, 1000000 + i * 125000);
	}
	w.version = 1;
	say(s, &w, 0x6002, 1000000 + 100 * 125000);
	w.version = 0;
	w.length_off = 1000;
	say(s, &w, 0x6002, 1000000 + 101 * 125000);
	w.length_off = 0;
	say(s, &w, 0x4005, 5);
	w.stream_id++;
	say(s, &w, 0, 6);

	assert_int_equal(avtpmap_scan_streams(s, keep, &at), 0);
	assert_int_equal(at - got, 3);
	assert_true(got[0].stream_id == 0x001b21aabbcc0001);
	assert_memory_equal(got[0].mac, "\x91\xe0\xf0\x00\xfe\x01", 6);
	assert_memory_equal(got[0].talker, "\x00\x1b\x21\xaa\xbb\xcc", 6);
	assert_int_equal(got[0].vid, 2);
	assert_int_equal(got[0].priority, 3);
	assert_int_equal(got[0].frames, 102);
	assert_int_equal(got[0].bytes, 102 * (14 + 24 + 24));
	assert_int_equal(got[0].first_ns, 1000000);
	assert_int_equal(got[0].last_ns, 1000000 + 101 * 125000);
	assert_int_equal(got[0].format.rate_hz, 48000);
	assert_int_equal(got[0].format.channels, 2);
	assert_int_equal(got[1].vid, 5);
	assert_int_equal(got[1].priority, 2);
	assert_int_equal(got[2].vid, 0);
	assert_true(got[2].stream_id == 0x001b21aabbcc0002);
	/* in the callback only, but they live as long as the handle */
	assert_int_equal(got[0].counters[AVTPMAP_C_FRAMES_RX], 100);
	assert_int_equal(got[0].counters[AVTPMAP_C_FRAMES_LOST], 3);
	assert_int_equal(got[0].counters[AVTPMAP_C_UNSUPPORTED_FORMAT], 1);
	assert_int_equal(got[0].counters[AVTPMAP_C_MALFORMED], 1);
	avtpmap_scan_close(s);
}

/* More than are told apart are counted; of "eth0.2" VLAN 2 counts alone. */
static void limits(void **state)
{
	struct avtpmap_scan *s = new_scan();
	struct wire w = aaf(0);

	(void)state;
	for (; w.stream_id < AVTPMAP_SCAN_MAX + 5; w.stream_id++)
		say(s, &w, 0x6002, 1);
	assert_int_equal(s->n_streams, AVTPMAP_SCAN_MAX);
	assert_int_equal(avtpmap_scan_missed(s), 5);
	avtpmap_scan_close(s);

	s = new_scan();
	s->vid = 2;
	say(s, &w, 0x6002, 1);
	say(s, &w, 0x6003, 1);
	say(s, &w, 0, 1);
	assert_int_equal(s->n_streams, 1);
	avtpmap_scan_close(s);
}

static void say_adp(struct avtpmap_scan *s, int type, __u64 id, __u32 bytes)
{
	__u8 frame[14 + ADP_BYTES] = { 0 }, *p = frame + 14;

	put_be(frame, 0x91e0f0010000ull, 6);
	put_be(frame + 6, 0x001b21aabbccull, 6);
	put_be(frame + 12, ETHERTYPE_AVTP, 2);
	p[0] = 0xfa;
	p[1] = type;
	put_be(p + 2, 31 << 11 | 56, 2);
	put_be(p + 4, id, 8);
	put_be(p + 12, 0x001b21000000000a, 8);
	put_be(p + 24, 8, 2);
	put_be(p + 28, 4, 2);
	put_be(p + 40, 0x001b21fffe000001, 8);
	hear(s, frame, bytes, 0, 1);
}

static void entities(void **state)
{
	struct avtpmap_scan_entity got[4], *at = got;
	struct avtpmap_scan *s = new_scan();

	(void)state;
	for (__u64 id = 1; id <= 3; id++)
		say_adp(s, 0, id, 14 + ADP_BYTES);
	say_adp(s, 0, 2, 14 + ADP_BYTES); /* again */
	say_adp(s, 1, 1, 14 + ADP_BYTES); /* departs */
	say_adp(s, 2, 7, 14 + ADP_BYTES); /* asks */
	say_adp(s, 0, 8, 14 + ADP_BYTES - 1); /* cut */
	say_adp(s, 0x10, 9, 14 + ADP_BYTES); /* of another version */
	avtpmap_scan_entities(s, keep_entity, &at);
	assert_int_equal(at - got, 2);
	assert_true(got[0].entity_id == 2 && got[1].entity_id == 3);
	assert_true(got[0].model_id == 0x001b21000000000a);
	assert_true(got[0].grandmaster_id == 0x001b21fffe000001);
	assert_memory_equal(got[0].mac, "\x00\x1b\x21\xaa\xbb\xcc", 6);
	assert_int_equal(got[0].talker_streams, 8);
	assert_int_equal(got[0].listener_streams, 4);
	assert_int_equal(got[0].valid_s, 62);
	assert_int_equal(s->n_streams, 0);
	for (__u64 id = 100; id < 100 + AVTPMAP_SCAN_MAX; id++)
		say_adp(s, 0, id, 14 + ADP_BYTES);
	assert_int_equal(s->n_entities, AVTPMAP_SCAN_MAX);
	avtpmap_scan_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(limits),
		cmocka_unit_test(entities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
