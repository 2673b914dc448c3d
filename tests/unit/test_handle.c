// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The library's stream handle: rings it refuses, format, counters, wait. */
#include "tape.h"

#include <avtpmap/counters.h>

static struct test_ring ring;

static int make_ring(void **state)
{
	(void)state;
	test_ring_create(&ring, 16, 256);
	return 0;
}

static int drop_ring(void **state)
{
	(void)state;
	test_ring_destroy(&ring);
	return 0;
}

static int open_with(size_t bytes)
{
	struct avtpmap_stream *s = (void *)1;
	int err =
		stream_from_memory(&s, NULL, ring.hdr, bytes, &ring.page, 0, 0);

	assert_int_equal(!s, !!err);
	avtpmap_close(s);
	return err;
}

static void other_abi(void **state)
{
	size_t bytes = avtpmap_ring_bytes(16, 256);

	(void)state;
	assert_int_equal(open_with(bytes), 0);
	ring.hdr->abi = AVTPMAP_ABI + 1;
	assert_int_equal(open_with(bytes), 0);
	ring.hdr->abi = AVTPMAP_ABI - 1;
	assert_int_equal(open_with(bytes), 0);
	ring.hdr->abi = AVTPMAP_ABI + 2;
	assert_int_equal(open_with(bytes), -EPROTONOSUPPORT);
	ring.hdr->abi = ~0u;
	assert_int_equal(open_with(bytes), -EPROTONOSUPPORT);
	ring.hdr->abi = AVTPMAP_ABI;
	ring.hdr->magic++;
	assert_int_equal(open_with(bytes), -EBADMSG);
}

/* A header that lies about its ring must not lead outside of it. */
static void false_geometry(void **state)
{
	static const struct {
		__u32 n_slots, stride, header, bytes;
	} lies[] = {
		{ 16, 256, 4096, 4096 + 16 * 256 - 1 },
		{ 32, 256, 4096, 4096 + 16 * 256 },
		{ 16, 512, 4096, 4096 + 16 * 256 },
		{ 15, 256, 4096, 4096 + 16 * 256 },
		{ 8, 256, 4096, 4096 + 16 * 256 },
		{ 0, 256, 4096, 4096 + 16 * 256 },
		{ 16, 255, 4096, 4096 + 16 * 256 },
		{ 16, 64, 4096, 4096 + 16 * 256 },
		{ 16, 0, 4096, 4096 + 16 * 256 },
		{ 1u << 31, 1u << 13, 4096, 4096 + 16 * 256 },
		{ 1u << 20, 1u << 14, 4096, 4096 + 16 * 256 },
		{ 16, 256, 0, 4096 + 16 * 256 },
		{ 16, 256, 4096 + 64, 4096 + 16 * 256 },
		{ 16, 256, 4000, 4096 + 16 * 256 },
		{ 16, 256, ~0u & ~63u, 4096 + 16 * 256 },
		{ 16, 256, 4096, 100 },
		{ 16, 256, 4096, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMS(lies); i++) {
		ring.hdr->n_slots = lies[i].n_slots;
		ring.hdr->stride = lies[i].stride;
		ring.hdr->header_bytes = lies[i].header;
		if (open_with(lies[i].bytes) != -EBADMSG)
			fail_msg("row %zu", i);
	}
}

static void format_and_epoch(void **state)
{
	struct avtpmap_format f;
	struct deck d;
	__u32 epoch;

	(void)state;
	deck_open(&d, &tapes[2], NULL);
	assert_int_equal(avtpmap_format(d.s, &f, &epoch), -EAGAIN);
	deck_send(&d, 6, 1);
	assert_int_equal(avtpmap_format(d.s, &f, &epoch), 0);
	assert_int_equal(epoch, 1);
	assert_int_equal(f.channels, 8);
	assert_int_equal(f.encoding, AVTPMAP_ENC_INT32);
	assert_int_equal(avtpmap_format(d.s, NULL, NULL), 0);
	d.ring.hdr->format_seq++; /* its writer died: no hanging */
	assert_int_equal(avtpmap_format(d.s, &f, &epoch), -EAGAIN);
	deck_close(&d);
}

static void counters_and_names(void **state)
{
	uint64_t values[AVTPMAP_N_COUNTERS + 4];
	struct deck d;

	(void)state;
	deck_open(&d, &tapes[0], NULL);
	d.ring.hdr->counters_known = 0xff00ff;
	for (int i = 0; i < AVTPMAP_N_COUNTERS; i++)
		d.ring.hdr->counters[i] = 1000 + i;
	memset(values, 0xff, sizeof(values));
	assert_int_equal(avtpmap_counters(d.s, values, N_ELEMS(values)),
			 0xff00ff);
	for (size_t i = 0; i < N_ELEMS(values); i++)
		assert_int_equal(values[i],
				 i < AVTPMAP_N_COUNTERS ? 1000 + i : 0);
	assert_string_equal(avtpmap_counter_name(AVTPMAP_C_FRAMES_RX),
			    "frames_rx");
	assert_string_equal(avtpmap_counter_name(AVTPMAP_C_OTHER_PATH),
			    "other_path");
	assert_null(avtpmap_counter_name(AVTPMAP_C_RESERVED7));
	assert_null(avtpmap_counter_name(AVTPMAP_N_COUNTERS));
	for (unsigned int i = 0; i < AVTPMAP_N_COUNTERS; i++)
		assert_int_equal(!avtpmap_counter_name(i),
				 !avtpmap_counter_help(i));
	deck_close(&d);
}

/* A backend that says what the test wants it to. */
static struct avtpmap_wait answer;
static int answer_err, closed;
static __u64 asked_timeout;

static int fake_wait(struct avtpmap_stream *s, struct avtpmap_wait *w)
{
	(void)s;
	asked_timeout = w->timeout_ns;
	*w = answer;
	return answer_err;
}

static void fake_close(struct avtpmap_stream *s)
{
	(void)s;
	closed++;
}

static const struct backend fake = { .name = "fake",
				     .wait = fake_wait,
				     .close = fake_close };

static void wait_and_events(void **state)
{
	struct avtpmap_stream *s;

	(void)state;
	assert_int_equal(stream_from_memory(&s, &fake, ring.hdr,
					    avtpmap_ring_bytes(16, 256),
					    &ring.page, 0, 0),
			 0);
	assert_string_equal(avtpmap_backend_name(s), "fake");
	answer = (struct avtpmap_wait){ .due = 3, .events = AVTPMAP_EV_GAP };
	assert_int_equal(avtpmap_wait(s, 1000), 3);
	assert_int_equal(asked_timeout, 1000);
	answer = (struct avtpmap_wait){ .due = 0, .events = AVTPMAP_EV_END };
	assert_int_equal(avtpmap_wait(s, AVTPMAP_FOREVER), 0);
	assert_int_equal(asked_timeout, ~0ull);
	answer_err = -ENODEV;
	assert_int_equal(avtpmap_wait(s, 0), -ENODEV);
	assert_int_equal(asked_timeout, 0);
	answer_err = 0;
	assert_int_equal(avtpmap_events(s), AVTPMAP_EV_GAP | AVTPMAP_EV_END);
	assert_int_equal(avtpmap_events(s), 0);
	answer = (struct avtpmap_wait){ .due = ~0u };
	assert_int_equal(avtpmap_wait(s, 0), INT32_MAX);
	avtpmap_close(s);
	assert_int_equal(closed, 1);
}

static void absurd_periods(void **state)
{
	static const struct {
		struct avtpmap_period p;
		int err;
	} rows[] = {
		{ { .period = 64 }, 0 },
		{ { .period = 0, .events = AVTPMAP_EV_ALL }, 0 },
		{ { .period = AVTPMAP_PERIOD_MAX }, 0 },
		{ { .period = AVTPMAP_PERIOD_MAX + 1 }, -EINVAL },
		{ { .period = ~0u }, -EINVAL },
		{ { .period = 1, .events = AVTPMAP_EV_ALL + 1 }, -EINVAL },
		{ { .deadline_ns = AVTPMAP_FLOOR_NS }, 0 },
		{ { .deadline_ns = AVTPMAP_FLOOR_NS - 1 }, -ERANGE },
		{ { .deadline_ns = AVTPMAP_DEADLINE_MAX_NS }, 0 },
		{ { .deadline_ns = AVTPMAP_DEADLINE_MAX_NS + 1 }, -ERANGE },
	};
	struct deck d;

	(void)state;
	deck_open(&d, &tapes[0], NULL);
	for (size_t i = 0; i < N_ELEMS(rows); i++)
		assert_int_equal(avtpmap_set_period(d.s, &rows[i].p),
				 rows[i].err);
	deck_close(&d);
}

static void refused_opens(void **state)
{
	struct {
		struct avtpmap_open_opts o;
		__u64 newer;
	} big = { { .sz = sizeof(big), .ifname = "lo" }, 1 };
	struct avtpmap_open_opts opts = { .sz = sizeof(opts) };
	struct avtpmap_stream *s = (void *)1;
	char why[200] = "";

	(void)state;
	big.o.error = why;
	big.o.error_bytes = sizeof(why);
	assert_int_equal(avtpmap_open(&s, &big.o), -E2BIG);
	assert_null(s);
	opts.error = why;
	opts.error_bytes = sizeof(why);
	assert_int_equal(avtpmap_open(&s, &opts), -EINVAL); /* no port */
	assert_true(strlen(why) > 10 && !strchr(why, '\n'));
	opts.ifname = "lo";
	opts.kind = 1;
	assert_int_equal(avtpmap_open(&s, &opts), -EINVAL);
	avtpmap_close(NULL);
}

static void stream_id_text(void **state)
{
	char buf[AVTPMAP_STREAM_ID_TEXT], longer[100];
	uint64_t id;

	(void)state;
	assert_int_equal(
		avtpmap_stream_id_from_text("00:11:22:33:44:55:00:01", &id), 0);
	assert_int_equal(id, 0x0011223344550001);
	assert_string_equal(avtpmap_stream_id_to_text(buf, id),
			    "00:11:22:33:44:55:00:01");
	assert_int_equal(avtpmap_stream_id_from_text("eth0", &id), -EINVAL);
	memset(longer, '0', sizeof(longer) - 1);
	longer[99] = '\0';
	assert_int_equal(avtpmap_stream_id_from_text(longer, &id), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(other_abi, make_ring,
						drop_ring),
		cmocka_unit_test_setup_teardown(false_geometry, make_ring,
						drop_ring),
		cmocka_unit_test(format_and_epoch),
		cmocka_unit_test(counters_and_names),
		cmocka_unit_test_setup_teardown(wait_and_events, make_ring,
						drop_ring),
		cmocka_unit_test(absurd_periods),
		cmocka_unit_test(refused_opens),
		cmocka_unit_test(stream_id_text),
	};

	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}
