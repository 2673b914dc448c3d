// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The library's real-time functions never allocate: the linker puts traps in
 * the place of the allocator, in the library too (-Wl,--wrap).
 */
#include "tape.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void __real_free(void *p);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
void __wrap_free(void *p);

static int armed, trapped;

void *__wrap_malloc(size_t bytes)
{
	trapped += armed;
	return __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
	trapped += armed;
	return __real_calloc(n, bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
	trapped += armed;
	return __real_realloc(p, bytes);
}

void __wrap_free(void *p)
{
	trapped += armed;
	__real_free(p);
}

static int no_wait(struct avtpmap_stream *s, struct avtpmap_wait *w)
{
	(void)s;
	w->due = 1;
	w->events = AVTPMAP_EV_GAP;
	return 0;
}

static const struct backend backend = { .name = "test", .wait = no_wait };

static void read_everything(struct deck *d, struct avtpmap_time *time,
			    struct avtpmap_media_clock *mc, int frames_first)
{
	struct avtpmap_media_clock_info info;
	struct avtpmap_media_line line;
	struct avtpmap_presentation at;
	static __u32 buf[4096];
	static float left[4096], right[4096];
	float *planes[] = { left, right };
	struct avtpmap_pcm_result result;
	uint64_t values[AVTPMAP_N_COUNTERS];
	struct avtpmap_format f;
	int got;

	avtpmap_wait(d->s, AVTPMAP_FOREVER);
	avtpmap_events(d->s);
	avtpmap_counters(d->s, values, AVTPMAP_N_COUNTERS);
	avtpmap_format(d->s, &f, NULL);
	while (frames_first-- > 0 && avtpmap_peek(d->s)) {
		avtpmap_time_frame(time, d->s, &at);
		avtpmap_media_clock_frame(mc, d->s);
		avtpmap_verify(d->s);
		avtpmap_release(d->s);
	}
	avtpmap_media_clock_info(mc, 0, &info);
	if (!avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_MONOTONIC, &line))
		avtpmap_pcm_present(d->pcm, &line, line.ns, 0, NULL);
	for (;;) {
		got = avtpmap_pcm_read_native(d->pcm, buf, 13, &result);
		if (got == -ESTRPIPE)
			avtpmap_pcm_format(d->pcm, NULL);
		else if (got >= 0 && got < 13)
			break;
		got = avtpmap_pcm_read_planar(d->pcm, planes, 17, &result);
		avtpmap_time_at(time, result.media_pos, &at);
		if (got >= 0 && got < 17 && !avtpmap_peek(d->s))
			break;
	}
}

static void never_allocates(void **state)
{
	struct avtpmap_media_clock *mc;
	struct avtpmap_time time;
	struct deck d;

	(void)state;
	deck_start(&d, &tapes[0], NULL, 6);
	d.s->be = &backend;
	avtpmap_time_init(&time, NULL);
	avtpmap_pcm_set_time(d.pcm, &time);
	assert_int_equal(avtpmap_media_clock_open(&mc, NULL), 0);
	for (int i = 0; i < 500; i++) {
		int burst = i % 10 ? 5 : 2 * TAPE_SLOTS; /* overrun */

		while (burst--)
			deck_send(&d, 6, burst % 7 != 3); /* gaps */
		if (i % 50 == 49)
			d.sequence += 180; /* epochs */
		armed = 1;
		read_everything(&d, &time, mc, i % 3);
		armed = 0;
	}
	assert_true(d.ring.account.epoch > 5);
	assert_true(avtpmap_overruns(d.s) > 10);
	assert_int_equal(trapped, 0);
	avtpmap_media_clock_close(mc);
	deck_close(&d);
}

/* The trap works: opening a handle does allocate. */
static void trap_is_armed(void **state)
{
	struct avtpmap_pcm *pcm;
	struct deck d;

	(void)state;
	deck_open(&d, &tapes[0], NULL);
	trapped = 0;
	armed = 1;
	assert_int_equal(avtpmap_pcm_open(&pcm, d.s, NULL), 0);
	armed = 0;
	assert_int_equal(trapped, 1);
	avtpmap_pcm_close(pcm);
	deck_close(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_allocates),
		cmocka_unit_test(trap_is_armed),
	};

	return cmocka_run_group_tests_name("realtime", tests, NULL, NULL);
}
