/* SPDX-License-Identifier: MIT */
/*
 * The clock that presentation times are of: the interface's PHC, or where there
 * is none CLOCK_TAI. Sleeping is done on CLOCK_MONOTONIC, so the two are
 * compared now and then, and the pace is the PHC's.
 */
#ifndef AVTPMAP_TALK_CLOCK_H
#define AVTPMAP_TALK_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/**
 * struct talk_clock - an open clock
 * @id: for clock_gettime()
 * @fd: of the PHC, or -1
 * @name: "/dev/ptp0" or "CLOCK_TAI"
 * @ahead_ns: of CLOCK_MONOTONIC, when last compared
 * @compared_ns: when that was, CLOCK_MONOTONIC
 * @stepped_ns: sum of the steps that the clock made while we talked
 * @steps: how many
 */
struct talk_clock {
	clockid_t id;
	int fd;
	char name[24];
	int64_t ahead_ns;
	uint64_t compared_ns;
	int64_t stepped_ns;
	uint64_t steps;
};

/* @ifname's PHC; CLOCK_TAI if it has none or that may not be read. */
void talk_clock_open(struct talk_clock *clk, const char *ifname);
void talk_clock_close(struct talk_clock *clk);

uint64_t talk_clock_now(const struct talk_clock *clk);

/*
 * CLOCK_MONOTONIC at @clock_ns. A step of the clock since it was opened is left
 * out, or a stream would stall or hurry; it is in @stepped_ns.
 */
uint64_t talk_clock_monotonic(struct talk_clock *clk, uint64_t clock_ns);

uint64_t talk_monotonic_now(void);

#endif
