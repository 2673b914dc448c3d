// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The suite itself: no counter without a case that moves it. */
#include "test.h"

CASE_ORDER(every_counter_was_moved_by_some_case, 0, 1)
{
	uint64_t must = coverage->known;
	int missing = 0;

	/* only two CPUs at the same moment move it */
	must &= ~(1ull << AVTPMAP_C_CONTENDED);
	if (!(rig->bed->caps & BED_RX_FLAGS))
		must &= ~(1ull << AVTPMAP_C_MULTIBUF);
	if (coverage->partial)
		skip("not all cases ran");
	for (int i = 0; i < AVTPMAP_N_COUNTERS; i++) {
		if (!avtpmap_counter_name(i) || coverage->moved[i] ||
		    !(must >> i & 1))
			continue;
		printf("    no case moved %s\n", avtpmap_counter_name(i));
		missing++;
	}
	check_eq(missing, 0);
}
