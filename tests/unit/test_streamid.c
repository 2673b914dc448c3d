// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Stream ids as people, Wireshark, controllers and we write them. */
#include "test.h"

#include "../../kmod/shared/streamid.h"

struct spelling {
	const char *text;
	__u64 id;
};

static const struct spelling good[] = {
	{ "00:11:22:33:44:55:00:01", 0x0011223344550001 },
	{ "00-11-22-33-44-55-00-01", 0x0011223344550001 },
	{ "00:11:22:33:44:55-0001", 0x0011223344550001 },
	{ "00:11:22:33:44:55:0001", 0x0011223344550001 },
	{ "00-11-22-33-44-55:0001", 0x0011223344550001 },
	{ "001122334455:0001", 0x0011223344550001 },
	{ "0011223344550001", 0x0011223344550001 },
	{ "0011.2233.4455.0001", 0x0011223344550001 },
	{ "0x0011223344550001", 0x0011223344550001 },
	{ "0X11223344550001", 0x0011223344550001 },
	{ "0x1", 1 },
	{ "0xAABBCCDDEEFF0001", 0xaabbccddeeff0001 },
	{ "aa:bb:cc:dd:ee:ff:00:01", 0xaabbccddeeff0001 },
	{ "Aa:bB:CC:dd:EE:ff:FF:fF", 0xaabbccddeeffffff },
	{ "ffffffffffffffff", 0xffffffffffffffff },
	{ "0000000000000000", 0 },
};

static const char *const bad[] = {
	"",
	"0x",
	"x",
	"1",
	"00:11:22:33:44:55:00",
	"00:11:22:33:44:55:00:0",
	"00:11:22:33:44:55:00:01:02",
	"00112233445500010",
	"001122334455000g",
	"0x00112233445500011",
	"0x11:22",
	":0011223344550001",
	"0011223344550001:",
	"0:011223344550001",
	"00::11223344550001",
	"00:11:22:33:44:55:00:01 ",
	" 0011223344550001",
	"0x 1",
	"00/11/22/33/44/55/00/01",
	"00,11",
	"0011223344550001,",
	"+0011223344550001",
	"-011223344550001",
	"0x-1",
	"00_1122334455_0001",
};

static void good_spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(good); i++) {
		__u64 id = ~good[i].id;
		size_t len = strlen(good[i].text);
		char *exact = malloc(len); /* not ended by NUL */

		memcpy(exact, good[i].text, len);
		if (avtpmap_parse_stream_id(exact, len, &id) ||
		    id != good[i].id)
			fail_msg("%s", good[i].text);
		free(exact);
	}
}

static void bad_spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(bad); i++) {
		size_t len = strlen(bad[i]);
		char *exact = malloc(len ?: 1);
		__u64 id = 42;

		memcpy(exact, bad[i], len);
		if (!avtpmap_parse_stream_id(exact, len, &id) || id != 42)
			fail_msg("'%s' was taken", bad[i]);
		free(exact);
	}
}

/* What we print we also read, and so does everybody. */
static void printed_and_read(void **state)
{
	char buf[AVTPMAP_STREAM_ID_CHARS];
	__u64 seed = 3;

	(void)state;
	assert_string_equal(avtpmap_print_stream_id(buf, 0x001122334455fa01),
			    "00:11:22:33:44:55:fa:01");
	for (int i = 0; i < 1000; i++) {
		__u64 id = rnd(&seed), back = 0;

		avtpmap_print_stream_id(buf, id);
		assert_int_equal(
			avtpmap_parse_stream_id(buf, strlen(buf), &back), 0);
		assert_int_equal(back, id);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_spellings),
		cmocka_unit_test(bad_spellings),
		cmocka_unit_test(printed_and_read),
	};

	return cmocka_run_group_tests_name("streamid", tests, NULL, NULL);
}
