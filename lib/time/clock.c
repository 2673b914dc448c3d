// SPDX-License-Identifier: MIT
/* Lines through clock readings, and how real-time threads get at them. */
#include <errno.h>
#include <string.h>

#include "../../kmod/shared/env.h"
#include "../clock_track.h"

enum { NS_PER_S = 1000000000 };

static const __int128 rate_one = (__int128)1 << 40; /* of rate_q40 */

static uint64_t distance(uint64_t a, uint64_t b)
{
	int64_t d = (int64_t)(a - b);

	return d < 0 ? -(uint64_t)d : (uint64_t)d;
}

static uint64_t error_at(const struct avtpmap_clock_line *line,
			 uint64_t away_ns)
{
	unsigned __int128 drift = (unsigned __int128)away_ns * line->error_ppb;

	return line->error_ns + (uint64_t)(drift / NS_PER_S) + 1;
}

uint64_t avtpmap_line_to_phc(const struct avtpmap_clock_line *line,
			     uint64_t sys_ns, uint64_t *error_ns)
{
	int64_t d = (int64_t)(sys_ns - line->sys_ns);
	__int128 drift = (__int128)d * line->rate_q40;

	if (error_ns)
		*error_ns = error_at(line, distance(sys_ns, line->sys_ns));
	return line->phc_ns + d + (int64_t)(drift / rate_one);
}

uint64_t avtpmap_line_from_phc(const struct avtpmap_clock_line *line,
			       uint64_t phc_ns, uint64_t *error_ns)
{
	int64_t d = (int64_t)(phc_ns - line->phc_ns);

	if (error_ns)
		*error_ns = error_at(line, distance(phc_ns, line->phc_ns));
	return line->sys_ns +
	       (int64_t)((__int128)d * rate_one / (rate_one + line->rate_q40));
}

/* From the oldest reading to the newest: the longest, so the surest. */
static void draw_line(struct clock_track *track)
{
	uint64_t oldest =
		track->n > CLOCK_READINGS ? track->n - CLOCK_READINGS : 0;
	const struct clock_reading *a =
		&track->readings[oldest % CLOCK_READINGS];
	const struct clock_reading *b =
		&track->readings[(track->n - 1) % CLOCK_READINGS];
	int64_t sys = (int64_t)(b->sys_ns - a->sys_ns);
	int64_t phc = (int64_t)(b->phc_ns - a->phc_ns);
	struct avtpmap_clock_line *line = &track->line;

	line->sys_ns = b->sys_ns;
	line->phc_ns = b->phc_ns;
	line->error_ns = b->error_ns;
	if (sys <= 0) {
		line->rate_q40 = 0;
		line->error_ppb = CLOCK_UNKNOWN_PPB;
		return;
	}
	line->rate_q40 = (int64_t)((phc - sys) * rate_one / sys);
	line->error_ppb = CLOCK_WANDER_PPB +
			  (unsigned __int128)(a->error_ns + b->error_ns) *
				  NS_PER_S / (uint64_t)sys;
	if (line->error_ppb > CLOCK_UNKNOWN_PPB) {
		line->rate_q40 = 0;
		line->error_ppb = CLOCK_UNKNOWN_PPB;
	}
}

enum clock_step clock_track_enter(struct clock_track *track,
				  const struct clock_reading *r)
{
	enum clock_step step = CLOCK_TAKEN;

	if (track->n) {
		uint64_t error_ns;
		uint64_t phc_ns =
			avtpmap_line_to_phc(&track->line, r->sys_ns, &error_ns);

		if (distance(phc_ns, r->phc_ns) > error_ns + r->error_ns) {
			step = CLOCK_JUMPED;
			track->n = 0;
		} else if (r->error_ns > error_ns) {
			return CLOCK_DROPPED;
		}
	}
	track->readings[track->n++ % CLOCK_READINGS] = *r;
	draw_line(track);
	return step;
}

int clock_narrowest(const struct clock_triple *triples, int n,
		    uint64_t *between_ns, uint64_t *middle_ns,
		    uint64_t *error_ns)
{
	uint64_t best_ns = UINT64_MAX;

	for (int i = 0; i < n; i++) {
		const struct clock_triple *t = &triples[i];
		uint64_t around_ns = t->after_ns - t->before_ns;

		if (t->after_ns < t->before_ns || around_ns >= best_ns)
			continue;
		best_ns = around_ns;
		*between_ns = t->between_ns;
		*middle_ns = t->before_ns + around_ns / 2;
		*error_ns = (around_ns + 1) / 2;
	}
	return best_ns == UINT64_MAX ? -EIO : 0;
}

enum { WORDS = sizeof(struct avtpmap_clock_snapshot) / sizeof(uint64_t) };

_Static_assert(sizeof(struct avtpmap_clock_snapshot) % sizeof(uint64_t) == 0,
	       "copied by words");

/* Word by word, because another thread may be on the other side. */
static void write_copy(struct avtpmap_clock_snapshot *to,
		       const struct avtpmap_clock_snapshot *from)
{
	uint64_t words[WORDS];

	memcpy(words, from, sizeof(words));
	for (int i = 0; i < WORDS; i++)
		env_store((uint64_t *)to + i, words[i]);
}

void clock_latch_write(struct clock_latch *latch,
		       const struct avtpmap_clock_snapshot *snapshot)
{
	/* readers go to copy 1, which the last write left whole */
	env_store_release(&latch->seq, latch->seq + 1);
	env_wmb();
	write_copy(&latch->copies[0], snapshot);
	/* ... and back to copy 0 */
	env_store_release(&latch->seq, latch->seq + 1);
	env_wmb();
	write_copy(&latch->copies[1], snapshot);
}

void clock_latch_read(const struct clock_latch *latch,
		      struct avtpmap_clock_snapshot *snapshot)
{
	uint64_t words[WORDS], seq;

	do { /* again only after a whole write in between */
		const uint64_t *from;

		seq = env_load_acquire(&latch->seq);
		from = (const uint64_t *)&latch->copies[seq & 1];
		for (int i = 0; i < WORDS; i++)
			words[i] = env_load(from + i);
		env_rmb();
	} while (env_load(&latch->seq) != seq);
	memcpy(snapshot, words, sizeof(words));
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int clock_measure(clockid_t id, uint64_t *ns, uint64_t *mono_ns,
		  uint64_t *error_ns)
{
	struct clock_triple triples[5];
	const int n = sizeof(triples) / sizeof(triples[0]);

	for (int i = 0; i < n; i++) {
		triples[i].before_ns = now_ns(CLOCK_MONOTONIC);
		triples[i].between_ns = now_ns(id);
		triples[i].after_ns = now_ns(CLOCK_MONOTONIC);
	}
	return clock_narrowest(triples, n, ns, mono_ns, error_ns);
}
