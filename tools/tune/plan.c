// SPDX-License-Identifier: MIT
/* The arithmetic of "avtpmap tune". */
#include <stddef.h>

#include "tune.h"

static void limit(uint64_t *delay, const char **why, uint64_t at_most,
		  const char *name)
{
	if (at_most >= *delay)
		return;
	*delay = at_most;
	*why = name;
}

uint64_t tune_delay_ns(const struct tune_limits *l, const char **why)
{
	uint64_t delay = UINT64_MAX;

	*why = NULL;
	limit(&delay, why, l->period_ns / 4, "a quarter of the period");
	if (l->frames_per_s)
		limit(&delay, why,
		      l->rx_slots * 1000000000 / l->frames_per_s / 2,
		      "half of the RX ring");
	if (l->margin_ns)
		limit(&delay, why, l->margin_ns,
		      "the time from arrival to presentation");
	if (l->jitter_ns)
		limit(&delay, why, l->jitter_ns, "--jitter");
	return delay < TUNE_LEAST_NS ? 0 : delay;
}

struct tune_state tune_state_of(uint64_t delay_ns)
{
	return (struct tune_state){
		.rx_usecs = delay_ns / 1000,
		.defer_hard_irqs = 2,
		.flush_timeout_ns = delay_ns,
	};
}
