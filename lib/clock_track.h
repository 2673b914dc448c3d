/* SPDX-License-Identifier: MIT */
/* The arithmetic of struct avtpmap_clock, without the clocks. */
#ifndef AVTPMAP_LIB_CLOCK_H
#define AVTPMAP_LIB_CLOCK_H

#include <time.h>

#include <avtpmap/time.h>

enum {
	CLOCK_READINGS = 16, /* that the rate is taken over */
	CLOCK_UNKNOWN_PPB = 1000000, /* before the rate is known: 1000 ppm */
	CLOCK_WANDER_PPB = 10000, /* by which servos may change it: 10 ppm */
};

/* Both clocks at one moment; @error_ns bounds how far apart it was. */
struct clock_reading {
	uint64_t sys_ns;
	uint64_t phc_ns;
	uint64_t error_ns;
};

/**
 * struct clock_track - how a line came about
 * @readings: the newest, a ring of them
 * @n: how many there were since the rate was last learnt anew
 * @line: through them
 */
struct clock_track {
	struct clock_reading readings[CLOCK_READINGS];
	uint64_t n;
	struct avtpmap_clock_line line;
};

/* What a reading was. */
enum clock_step {
	CLOCK_TAKEN,
	CLOCK_DROPPED, /* the line knows better than this reading */
	CLOCK_JUMPED, /* off the line by more than both errors: begun anew */
};

enum clock_step clock_track_enter(struct clock_track *track,
				  const struct clock_reading *r);

/**
 * struct clock_latch - a snapshot that one thread replaces and others read
 * @seq: even: copy 0 is the one to read; odd: copy 1
 * @copies: the one not to be read may be half written
 *
 * Two copies rather than one behind a sequence lock: a real-time reader that
 * preempts the writer on its CPU would wait for it for ever.
 */
struct clock_latch {
	uint64_t seq;
	struct avtpmap_clock_snapshot copies[2];
};

void clock_latch_write(struct clock_latch *latch,
		       const struct avtpmap_clock_snapshot *snapshot);
void clock_latch_read(const struct clock_latch *latch,
		      struct avtpmap_clock_snapshot *snapshot);

/* A reading of one clock between two of another. */
struct clock_triple {
	uint64_t before_ns;
	uint64_t between_ns;
	uint64_t after_ns;
};

/*
 * The narrowest of @n triples: @between_ns then as that reading's time, the
 * middle of the others as the other's, and half their distance as error.
 * Returns 0, or -EIO if time ran backwards in all.
 */
int clock_narrowest(const struct clock_triple *triples, int n,
		    uint64_t *between_ns, uint64_t *middle_ns,
		    uint64_t *error_ns);

/* Clock @id beside CLOCK_MONOTONIC, the narrowest of some readings. The same. */
int clock_measure(clockid_t id, uint64_t *ns, uint64_t *mono_ns,
		  uint64_t *error_ns);

#endif
