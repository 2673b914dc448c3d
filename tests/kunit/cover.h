/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of the product's code runs, without a clock: the compiler calls us in
 * each of its basic blocks (Kbuild), so that any loop counts as often as it goes
 * round, whoever wrote it. Of this task; what interrupts it is not counted.
 */
#ifndef AVTPMAP_KUNIT_COVER_H
#define AVTPMAP_KUNIT_COVER_H

#include <linux/types.h>

void cover_begin(void);
u32 cover_end(void);		/* blocks since then */

#endif /* AVTPMAP_KUNIT_COVER_H */
