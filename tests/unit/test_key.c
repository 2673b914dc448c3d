// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Which frames belong to a stream, and how well the hash spreads streams. */
#include "test.h"

#include "../../kmod/shared/key.h"

struct path_row {
	__u64 key_mac;
	__u32 key_vid;
	__u64 mac;
	__u16 tci;
	int on_path;
};

static const struct path_row paths[] = {
	{ 0, AVTPMAP_ANY_VID, 0x91e0f000fe01, 0, 1 },
	{ 0, AVTPMAP_ANY_VID, 0x91e0f000fe01, 0x6fff, 1 },
	{ 0x91e0f000fe01, AVTPMAP_ANY_VID, 0x91e0f000fe01, 5, 1 },
	{ 0x91e0f000fe01, AVTPMAP_ANY_VID, 0x91e0f000fe02, 5, 0 },
	{ 0x91e0f000fe01, AVTPMAP_ANY_VID, 0x90e0f000fe01, 5, 0 },
	{ 0, 2, 0x91e0f000fe01, 0x6002, 1 }, /* any PCP */
	{ 0, 2, 0x91e0f000fe01, 0x7002, 1 }, /* and DEI */
	{ 0, 2, 0x91e0f000fe01, 0x6003, 0 },
	{ 0, 2, 0x91e0f000fe01, 0x6001, 0 },
	{ 0, 2, 0x91e0f000fe01, 0x6802, 0 }, /* VID 2050 */
	{ 0, 2, 0x91e0f000fe01, 0x0000, 1 }, /* untagged */
	{ 0, 2, 0x91e0f000fe01, 0x6000, 1 }, /* priority tag */
	{ 0x91e0f000fe01, 2, 0x91e0f000fe01, 3, 0 },
	{ 0x91e0f000fe01, 2, 0x91e0f000fe02, 2, 0 },
	{ 0x91e0f000fe01, 2, 0x91e0f000fe01, 2, 1 },
};

static void on_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMS(paths); i++) {
		const struct path_row *row = &paths[i];
		struct avtpmap_key key = { .dst_mac = row->key_mac,
					   .vid = row->key_vid };
		struct avtpmap_pdu pdu = { .dst_mac = row->mac,
					   .tci = row->tci };

		if (avtpmap_key_on_path(&key, &pdu) != row->on_path)
			fail_msg("row %zu", i);
	}
}

/* Buckets hit in a table of 64, indexed by the hash's low or high bits. */
static void spread(const __u64 *ids, int n, int *low, int *high)
{
	__u64 seen_low = 0, seen_high = 0;

	for (int i = 0; i < n; i++) {
		__be64 id = htobe64(ids[i]);
		__u32 hash = avtpmap_key_hash(id);

		seen_low |= 1ull << (hash & 63);
		seen_high |= 1ull << (hash >> 26);
	}
	*low = __builtin_popcountll(seen_low);
	*high = __builtin_popcountll(seen_high);
}

/* A random function would hit 40 of 64; fewer than 24 is a bad habit. */
static void hash_spreads(void **state)
{
	__u64 one_talker[64], many_talkers[64], both[64];
	int low, high;

	(void)state;
	for (int i = 0; i < 64; i++) {
		one_talker[i] = 0x0001f200eb840000ull + i;
		many_talkers[i] = (0x0001f200eb84ull + i) << 16;
		both[i] = (0x0001f200eb84ull + i / 8) << 16 | (i % 8);
	}
	spread(one_talker, 64, &low, &high);
	assert_true(low >= 24 && high >= 24);
	spread(many_talkers, 64, &low, &high);
	assert_true(low >= 24 && high >= 24);
	spread(both, 64, &low, &high);
	assert_true(low >= 24 && high >= 24);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_path),
		cmocka_unit_test(hash_spreads),
	};

	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
