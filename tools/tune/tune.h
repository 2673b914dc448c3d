/* SPDX-License-Identifier: MIT */
/* How long a NIC may keep frames to itself: "avtpmap tune". */
#ifndef AVTPMAP_TOOL_TUNE_H
#define AVTPMAP_TOOL_TUNE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TUNE_LEAST_NS = 10000
}; /* below this an interrupt is saved for nobody */

/**
 * struct tune_limits - what bounds the delay
 * @period_ns: shortest period of a reader
 * @frames_per_s: of all streams of the port together
 * @rx_slots: descriptors of the RX ring
 * @margin_ns: least time from arrival to presentation; 0: not known
 * @jitter_ns: what the user allows; 0: not said
 */
struct tune_limits {
	uint64_t period_ns;
	uint64_t frames_per_s;
	uint64_t rx_slots;
	uint64_t margin_ns;
	uint64_t jitter_ns;
};

/*
 * The longest delay, ns, that is within a quarter of the period, half of the RX
 * ring, the margin and the jitter; @why: which of them it is. 0: not worth it.
 */
uint64_t tune_delay_ns(const struct tune_limits *limits, const char **why);

/**
 * struct tune_state - what is set at the NIC
 * @rx_usecs: interrupt coalescing
 * @defer_hard_irqs: NAPI polls without interrupt, when there was nothing to do
 * @flush_timeout_ns: from one of these to the next
 */
struct tune_state {
	uint32_t rx_usecs;
	uint32_t defer_hard_irqs;
	uint64_t flush_timeout_ns;
};

struct tune_state tune_state_of(uint64_t delay_ns);

/* netdev.c APIs: 0 or -errno */
int tune_read(const char *ifname, struct tune_state *state);
int tune_write(const char *ifname, const struct tune_state *state);
int tune_rx_slots(const char *ifname, uint64_t *slots);

/* What was set before; -ENOENT: the port is not tuned. */
int tune_saved(const char *ifname, struct tune_state *state);
int tune_save(const char *ifname, const struct tune_state *state);
int tune_forget(const char *ifname);

#endif
