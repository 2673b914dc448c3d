// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The suite itself: no counter without a case that moves it. */
#include "test.h"

CASE_ORDER(every_counter_was_moved_by_some_case,
	   BED_HWTIME | BED_RX_FLAGS | BED_TAKE, 1)
{
	int missing = 0;

	(void)rig;
	if (coverage->partial)
		skip("not all cases ran");
	for (int i = 0; i < AVTPMAP_N_COUNTERS; i++) {
		if (!avtpmap_counter_name(i) || coverage->moved[i] ||
		    i == AVTPMAP_C_CONTENDED) /* XDP only */
			continue;
		printf("    no case moved %s\n", avtpmap_counter_name(i));
		missing++;
	}
	check_eq(missing, 0);
}
