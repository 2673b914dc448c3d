// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The quorum of a group, beside one that walks over its members. */
#include "test.h"

#include "../../kmod/shared/quorum.h"

enum { MEMBERS = 6, STEPS = 200000 };

struct walker {
	__u64 mark[MEMBERS];
	__u64 round[MEMBERS];
	__u32 seen[MEMBERS];
	__u64 ended;
};

static int walker_has(const struct walker *w, int i)
{
	return w->mark[i] > w->ended;
}

static __u32 walker_settle(struct walker *w)
{
	__u64 slowest = ~0ull;
	__u32 ends;

	for (int i = 0; i < MEMBERS; i++)
		if (walker_has(w, i) && w->mark[i] - 1 < slowest)
			slowest = w->mark[i] - 1;
	ends = slowest == ~0ull ? 0 : slowest - w->ended;
	w->ended += ends;
	return ends;
}

static int walker_end(struct walker *w, int i, const struct avtpmap_end *e)
{
	int changed = !walker_has(w, i);

	if (changed) {
		w->mark[i] = w->ended + 2;
		w->seen[i] = 0;
		w->round[i] = w->ended + 1;
		return 1;
	}
	w->mark[i] += e->ends;
	if (w->mark[i] > w->ended + QUORUM_LEAD)
		w->mark[i] = w->ended + QUORUM_LEAD;
	if (w->round[i] == w->ended + 1)
		w->seen[i] += e->whole;
	else
		w->seen[i] = e->whole && w->mark[i] == w->ended + 2;
	w->round[i] = w->ended + 1;
	for (int j = 0; j < MEMBERS; j++) {
		if (w->seen[i] < 2 || w->mark[j] != w->ended + 1)
			continue;
		w->mark[j] = 0;
		changed = 1;
	}
	return changed;
}

static void quorum_is_that_of_a_walk(void **state)
{
	struct avtpmap_quorum q = { 0 };
	struct avtpmap_member m[MEMBERS] = { 0 };
	struct walker w = { 0 };
	__u32 seed = 1, most = 0;
	(void)state;

	for (int step = 0; step < STEPS; step++) {
		int i, what, n = 0;
		__u64 ends;

		seed = seed * 1664525 + 1013904223;
		i = (seed >> 8) % MEMBERS;
		what = (seed >> 16) % 64;
		ends = what < 60 ? 1 : (seed >> 24) % 100 + 1;
		if (what == 0 && !quorum_has(&q, &m[i])) {
			quorum_join(&q, &m[i]);
			w.mark[i] = w.ended + 1;
			w.round[i] = 0;
		} else if (what == 1) {
			quorum_leave(&q, &m[i]);
			w.mark[i] = 0;
		} else if (what == 2) {
			quorum_forget_lead(&q, &m[i]);
			w.round[i] = 0;
			if (walker_has(&w, i))
				w.mark[i] = w.ended + 1;
		} else {
			struct avtpmap_end e = { ends, what % 8 != 7 };

			assert_int_equal(quorum_end(&q, &m[i], &e),
					 walker_end(&w, i, &e));
		}
		ends = quorum_settle(&q);
		assert_int_equal(ends, walker_settle(&w));
		most = ends > most ? ends : most;
		assert_int_equal(q.ended, w.ended);
		for (int j = 0; j < MEMBERS; j++) {
			assert_int_equal(quorum_has(&q, &m[j]),
					 walker_has(&w, j));
			n += walker_has(&w, j);
		}
		assert_int_equal(q.n, n);
	}
	assert_true(most > 10); /* or the tape was too tame */
}

/* A group at work: each plays in turn, and ends a period with each call. */
struct group {
	struct avtpmap_quorum q;
	struct avtpmap_member m[MEMBERS];
	__u32 periods, wakes, changes;
};

static void group_make(struct group *g)
{
	*g = (struct group){ 0 };
	for (int i = 0; i < MEMBERS; i++)
		quorum_join(&g->q, &g->m[i]);
}

static void end_by(struct group *g, int i, __u64 ends, __u32 whole)
{
	struct avtpmap_end e = { ends, whole };
	__u32 settled;

	g->changes += quorum_end(&g->q, &g->m[i], &e);
	settled = quorum_settle(&g->q);
	g->periods += settled;
	g->wakes += !!settled;
}

static void end(struct group *g, int i, __u64 ends)
{
	end_by(g, i, ends, 1);
}

static void end_from(struct group *g, int first, __u64 ends)
{
	for (int i = first; i < MEMBERS; i++)
		end(g, i, ends);
}

static void loss_of_one_is_nobodys_silence(void **state)
{
	struct group g;
	(void)state;

	group_make(&g);
	end(&g, 0, 3);
	end_from(&g, 1, 1);
	for (int i = 0; i < 10; i++)
		end_from(&g, 0, 1);
	assert_int_equal(g.periods, 11);
	assert_int_equal(g.wakes, 11);
	assert_int_equal(g.changes, 0);
}

/* It lands shortly before its next end, which so comes before any of the others. */
static void a_jump_is_no_time_that_passes(void **state)
{
	struct group g;
	(void)state;

	for (int ends = 1; ends <= 2; ends++) {
		group_make(&g);
		end_from(&g, 0, 1);
		end_by(&g, 0, ends, 0);
		end(&g, 0, 1);
		end_from(&g, 1, 1);
		assert_int_equal(g.changes, 0);
		assert_int_equal(g.periods, 2);
		end(&g, 0, 1);
		end(&g, 0, 1);
		assert_int_equal(g.changes, 0);
		end(&g, 0, 1); /* it is silence, if it goes on for so long */
		assert_int_equal(g.changes, 1);
	}
}

/* Where a frame ends, its media being 6 of a period's 60. */
static void an_end_in_lost_media_is_not_whole(void **state)
{
	(void)state;
	assert_true(quorum_whole(180, 120, 60, 6));
	assert_true(quorum_whole(180, 125, 60, 6));
	assert_false(quorum_whole(180, 126, 60, 6));
	assert_false(quorum_whole(180, 179, 60, 6));
	assert_true(quorum_whole(30, 20, 10, 0));
	assert_false(quorum_whole(30, 21, 10, 0));
}

static void loss_of_all_is_one_wake(void **state)
{
	struct group g;
	(void)state;

	group_make(&g);
	end_from(&g, 0, 1);
	end_from(&g, 0, 2);
	assert_int_equal(g.periods, 3);
	assert_int_equal(g.wakes, 2);
	assert_int_equal(g.changes, 0);
}

static void who_comes_back_adds_one_period_at_most(void **state)
{
	struct group g;
	(void)state;

	group_make(&g);
	for (int i = 0; i < 10; i++)
		end_from(&g, 1, 1);
	assert_int_equal(g.periods, 10);
	assert_int_equal(g.changes, 1);
	assert_false(quorum_has(&g.q, &g.m[0]));
	end(&g, 0, 9); /* shortly before the others end one */
	assert_int_equal(g.periods, 10);
	assert_true(quorum_has(&g.q, &g.m[0]));
	for (int i = 0; i < 10; i++)
		end_from(&g, 0, 1);
	assert_int_equal(g.periods, 20);
	assert_int_equal(g.wakes, 20);
	assert_int_equal(g.changes, 2);
}

/* More than can be told apart: still ahead, and none too many for the others. */
static void a_lead_has_an_end(void **state)
{
	struct group g;
	(void)state;

	group_make(&g);
	end(&g, 0, 1000);
	end_from(&g, 1, 1);
	assert_int_equal(g.periods, 1);
	end_from(&g, 0, 1000);
	assert_int_equal(g.periods, QUORUM_LEAD);
	assert_int_equal(g.changes, 0);
	assert_int_equal(g.q.n, MEMBERS);
}

static void the_last_one_due_leaves(void **state)
{
	struct group g;
	(void)state;

	group_make(&g);
	end_from(&g, 1, 1);
	assert_int_equal(g.periods, 0);
	quorum_leave(&g.q, &g.m[0]);
	assert_int_equal(quorum_settle(&g.q), 1);
	for (int i = 1; i < MEMBERS; i++)
		quorum_leave(&g.q, &g.m[i]);
	assert_int_equal(g.q.n, 0);
	assert_int_equal(quorum_settle(&g.q), 0);
}

static void counted_anew_it_is_the_same(void **state)
{
	struct avtpmap_quorum before;
	struct group g;
	(void)state;

	group_make(&g);
	end(&g, 0, 3);
	end(&g, 1, 1);
	quorum_leave(&g.q, &g.m[5]);
	before = g.q;
	quorum_recount(&g.q);
	for (int i = 0; i < MEMBERS; i++)
		quorum_count(&g.q, &g.m[i]);
	assert_memory_equal(&g.q, &before, sizeof(before));
}

/* ---- a group that was not followed ---- */

/* Who asks after it walks over the members; returns periods. */
static __u64 catch_up(struct group *g, const __u64 *missed, int silent)
{
	struct avtpmap_absence a = { .least = ~0ull };
	__u64 ends;

	for (int i = 0; i < MEMBERS; i++) {
		__u64 far = quorum_far(&g->q, &g->m[i], missed[i]);

		a.top = far > a.top ? far : a.top;
	}
	for (int i = 0; i < MEMBERS; i++)
		g->changes += quorum_catch_up(&g->q, &g->m[i], missed[i],
					      silent >> i & 1, &a);
	ends = quorum_skip(&g->q, &a);
	for (int i = 0; i < MEMBERS; i++)
		quorum_count(&g->q, &g->m[i]);
	assert_int_equal(quorum_settle(&g->q), 0);
	return ends;
}

/* Wherever in their round it begins and ends, nobody can tell that it was. */
static void absence_leaves_no_trace(void **state)
{
	(void)state;
	for (int from = 0; from < 3 * MEMBERS; from++) {
		for (int to = from; to < 20 * MEMBERS; to++) {
			__u64 missed[MEMBERS] = { 0 };
			struct group g, h;

			group_make(&g);
			group_make(&h);
			for (int n = 0; n < to; n++) {
				end(&g, n % MEMBERS, 1);
				if (n < from)
					end(&h, n % MEMBERS, 1);
				else
					missed[n % MEMBERS]++;
			}
			h.periods += catch_up(&h, missed, 0);
			assert_int_equal(h.periods, g.periods);
			assert_int_equal(h.changes, 0);
			assert_memory_equal(&h.q, &g.q, sizeof(g.q));
			for (int i = 0; i < MEMBERS; i++)
				assert_int_equal(h.m[i].mark, g.m[i].mark);
		}
	}
}

/* One lost some, one was silent and came back, one is silent, one is new. */
static void absence_is_nobodys_silence(void **state)
{
	const __u64 missed[MEMBERS] = { 100, 97, 40, 50, 100, 100 };
	struct group g;
	(void)state;

	group_make(&g);
	quorum_leave(&g.q, &g.m[4]);
	g.periods = catch_up(&g, missed, 1 << 3);
	assert_int_equal(g.periods, 100);
	assert_int_equal(g.changes, 2);
	assert_false(quorum_has(&g.q, &g.m[3]));
	assert_int_equal(g.q.n, MEMBERS - 1);
	quorum_leave(&g.q, &g.m[3]);
	for (int i = 0; i < MEMBERS; i++)
		if (i != 3)
			end(&g, i, 1);
	assert_int_equal(g.periods, 101);
	assert_int_equal(g.changes, 2);
}

/* Whoever is ahead by lost media takes nobody along. */
static void absence_does_not_undo_a_lead(void **state)
{
	const __u64 missed[MEMBERS] = { 0 };
	struct group g;
	(void)state;

	group_make(&g);
	end_by(&g, 0, 1000, 0);
	assert_int_equal(catch_up(&g, missed, 0), 0);
	assert_int_equal(g.q.n, MEMBERS);
	end_from(&g, 1, 1);
	assert_int_equal(g.periods, 1);
	assert_int_equal(g.changes, 0);
}

static void absence_of_all_ends_none(void **state)
{
	const __u64 missed[MEMBERS] = { 3, 3, 3, 3, 3, 3 };
	struct group g;
	(void)state;

	group_make(&g);
	assert_int_equal(catch_up(&g, missed, (1 << MEMBERS) - 1), 0);
	assert_int_equal(g.changes, MEMBERS);
	assert_int_equal(g.q.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quorum_is_that_of_a_walk),
		cmocka_unit_test(loss_of_one_is_nobodys_silence),
		cmocka_unit_test(a_jump_is_no_time_that_passes),
		cmocka_unit_test(an_end_in_lost_media_is_not_whole),
		cmocka_unit_test(loss_of_all_is_one_wake),
		cmocka_unit_test(who_comes_back_adds_one_period_at_most),
		cmocka_unit_test(a_lead_has_an_end),
		cmocka_unit_test(the_last_one_due_leaves),
		cmocka_unit_test(counted_anew_it_is_the_same),
		cmocka_unit_test(absence_leaves_no_trace),
		cmocka_unit_test(absence_is_nobodys_silence),
		cmocka_unit_test(absence_does_not_undo_a_lead),
		cmocka_unit_test(absence_of_all_ends_none),
	};

	return cmocka_run_group_tests_name("quorum", tests, NULL, NULL);
}
