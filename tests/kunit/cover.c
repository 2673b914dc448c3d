// SPDX-License-Identifier: GPL-2.0
#include <linux/preempt.h>
#include <linux/sched.h>

#include "cover.h"

static struct task_struct *whose;
static u32 blocks;

void cover_begin(void)
{
	blocks = 0;
	WRITE_ONCE(whose, current);
}

u32 cover_end(void)
{
	WRITE_ONCE(whose, NULL);
	return blocks;
}

/* What KCOV has by this name is another, of kernels that are built with it. */
void __sanitizer_cov_trace_pc(void);
notrace void __sanitizer_cov_trace_pc(void)
{
	if (READ_ONCE(whose) == current && !in_serving_softirq() && !in_hardirq())
		blocks++;
}
