// SPDX-License-Identifier: MIT
/*
 * The data thread: a period ends, the graph's clock is set from the media
 * clock, a cycle begins, and in it the rings are read. Nothing here allocates,
 * locks or logs.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "node.h"

enum { PATIENCE_NS = 200000000 }; /* less than a ring lasts */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static uint64_t media_pos(const struct member *m)
{
	return __atomic_load_n(&avtpmap_header(m->at.s)->media_pos,
			       __ATOMIC_ACQUIRE); /* J */
}

static bool is_ours(const struct node *d)
{
	return d->position && pw_stream_is_driving(d->stream);
}

static void forget(struct node *d)
{
	together_forget(&d->together);
	d->done = 0;
}

/* Of a cycle, in units. */
static uint32_t quantum(const struct node *d)
{
	uint64_t n;

#if PW_CHECK_VERSION(1, 0, 0) /* what it is to be from now on */
	n = d->position->clock.target_duration;
#else
	n = d->position->clock.duration;
#endif
	return n && n <= QUANTUM_MAX ? n : d->period;
}

static void arm(struct node *d, uint64_t ns)
{
	struct timespec in = { .tv_sec = ns / 1000000000,
			       .tv_nsec = ns % 1000000000 };

	pw_loop_update_timer(d->loop, d->timer, &in, NULL, false);
}

/* The first stream's clock learns; what ended is over for the group. */
static void hear(struct node *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		while (avtpmap_peek(d->m[i].bell)) {
			if (!i)
				avtpmap_media_clock_frame(d->media,
							  d->m[i].bell);
			avtpmap_release(d->m[i].bell);
		}
}

/* Who came back is placed anew, and all with it. */
static void look(struct node *d)
{
	bool any = false;

	for (uint32_t i = 0; i < d->n; i++) {
		struct member *m = &d->m[i];
		bool live = avtpmap_header(m->at.s)->state == AVTPMAP_RING_LIVE;

		if (live && m->at.absent)
			forget(d);
		m->at.absent = !live;
		any |= live;
	}
	d->idle = !any;
}

/* Units that there are for cycles to come, of the live stream that has least. */
static uint64_t ahead(const struct node *d)
{
	uint64_t least = ~0ull;

	for (uint32_t i = 0; i < d->n; i++) {
		const struct member *m = &d->m[i];
		uint64_t pos = media_pos(m), end = m->at.begin + d->done;

		if (!m->at.absent && (pos < end || pos - end < least))
			least = pos < end ? 0 : pos - end;
	}
	return least == ~0ull ? 0 : least;
}

/* position, rate_diff, next_nsec: those of the media clock, if it knows. */
static void set_clock(struct node *d, uint32_t n)
{
	struct spa_io_clock *c = &d->position->clock;
	uint64_t now = now_ns(), ns = now;
	double unit_ns = 1e9 / d->rate;

	d->have_line = !avtpmap_media_clock_line(d->media,
						 AVTPMAP_TIMEBASE_MONOTONIC,
						 &d->line) &&
		       d->line.lock != AVTPMAP_MEDIA_UNLOCKED;
	if (d->have_line && d->together.known && !d->m[0].at.absent) {
		unit_ns = d->line.unit_ns;
		ns = avtpmap_media_line_time(
			&d->line, d->m[0].at.begin + d->done + n, NULL);
		if (ns > now || now - ns > 100000000)
			ns = now;
	}
	c->position += n;
	c->duration = n;
	c->rate = SPA_FRACTION(1, d->rate);
#if PW_CHECK_VERSION(1, 0, 0)
	c->target_rate = c->rate;
#endif
	c->delay = n;
	c->rate_diff = 1e9 / (unit_ns * d->rate);
	c->nsec = ns;
	c->next_nsec = ns + (uint64_t)(n * unit_ns);
}

static void begin_cycle(struct node *d, uint32_t n)
{
	set_clock(d, n);
	d->cycle++;
	d->begun_ns = now_ns();
	__atomic_store_n(&d->busy, true, __ATOMIC_SEQ_CST);
	pw_stream_trigger_process(d->stream);
	if (d->filled != d->cycle) /* it is not ready yet, or has no buffer */
		__atomic_store_n(&d->busy, false, __ATOMIC_SEQ_CST);
}

/* Who still reads the last cycle's buffers is waited for, but not for ever. */
static bool may_begin(struct node *d)
{
	if (!__atomic_load_n(&d->busy, __ATOMIC_SEQ_CST))
		return true;
	if (now_ns() - d->begun_ns < PATIENCE_NS)
		return false;
	d->unfinished++;
	return true;
}

/* drive_done() calls again. Is it over meanwhile? */
static bool await_done(struct node *d)
{
	arm(d, PATIENCE_NS);
	__atomic_store_n(&d->waiting, true, __ATOMIC_SEQ_CST);
	return !__atomic_load_n(&d->busy, __ATOMIC_SEQ_CST);
}

/* Of streams that are placed, or of nobody. */
static bool is_due(const struct node *d, uint32_t n)
{
	return d->idle || (d->together.known && ahead(d) >= n);
}

/* Cycles, as many as there are periods for, one after the other. */
static void go_on(struct node *d)
{
	uint32_t n;

	if (!d->started || !is_ours(d))
		return;
	n = quantum(d);
	look(d);
	if (!d->together.known && !d->idle && !together_place(&d->together))
		for (uint32_t i = 0; i < d->n; i++)
			d->m[i].begun += !d->m[i].at.absent;
	if (d->idle || !d->together.known)
		arm(d, n * 1000000000ull / d->rate);
	while (is_due(d, n)) {
		if (may_begin(d))
			begin_cycle(d, n);
		else if (!await_done(d))
			break;
		if (d->idle || d->filled != d->cycle)
			break;
	}
}

static int resume(struct spa_loop *loop, bool async, uint32_t seq,
		  const void *data, size_t size, void *user)
{
	(void)loop, (void)async, (void)seq, (void)data, (void)size;
	go_on(user);
	return 0;
}

/* In the main thread, where PipeWire tells it. */
void drive_done(void *data)
{
	struct node *d = data;

	__atomic_store_n(&d->busy, false, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&d->waiting, false, __ATOMIC_SEQ_CST))
		pw_loop_invoke(d->loop, resume, 0, NULL, 0, false, d);
}

void drive_ring(void *data, int fd, uint32_t mask)
{
	struct node *d = data;
	int due = avtpmap_group_wait(d->group, 0);

	(void)fd, (void)mask;
	avtpmap_group_events(d->group);
	d->wakes += due > 0 && d->started;
	hear(d);
	if (due == -ENODEV) /* the main thread says so */
		pw_loop_update_io(d->loop, d->source, 0);
	else
		go_on(d);
}

void drive_timer(void *data, uint64_t expirations)
{
	(void)expirations;
	go_on(data);
}

void drive_start(struct node *d, bool start)
{
	d->started = start;
	d->busy = false;
	if (!start)
		return;
	forget(d);
	arm(d, d->period * 1000000000ull / d->rate);
}

/* Up to @n units to the channels, from @done on, or (@to false) to nowhere. */
static uint32_t take(struct node *d, struct member *m, bool to, uint32_t n)
{
	float *planes[CHANNELS_MAX] = { 0 };
	struct avtpmap_pcm_result r;
	uint32_t done = 0;

	while (done < n && d->together.known) {
		for (uint32_t c = 0; c < m->format.channels && to; c++)
			planes[c] = d->planes[m->first + c] + done;
		int got = avtpmap_pcm_read_planar(m->at.pcm, planes, n - done,
						  &r);

		if (got <= 0) {
			m->overruns += got == -EPIPE;
			if (!got)
				break;
			forget(d); /* all begin again, in phase */
			return done;
		}
		m->lost += to ? r.silence : 0;
		done += got;
	}
	m->at.done += done;
	return done;
}

/* The next @n; one that had too little before has to catch up. */
static void fill(struct node *d, struct member *m, uint32_t n)
{
	uint32_t got = 0;

	if (d->together.known && !m->at.absent) {
		while (m->at.done < d->done && d->together.known) {
			uint64_t gap = d->done - m->at.done;
			uint32_t some =
				take(d, m, false,
				     gap < QUANTUM_MAX ? gap : QUANTUM_MAX);

			m->skipped += some;
			if (!some)
				break;
		}
		if (m->at.done == d->done)
			got = take(d, m, true, n);
	}
	m->samples += got;
	m->silent += n - got;
}

/* Silence in a buffer of @n units; NULL: there is none, or it is too small. */
static struct pw_buffer *next_buffer(struct node *d, uint32_t n)
{
	struct pw_buffer *b = pw_stream_dequeue_buffer(d->stream);
	size_t bytes = n * sizeof(float);

	if (!b)
		return NULL;
	for (uint32_t c = 0; c < d->channels; c++) {
		struct spa_data *data = &b->buffer->datas[c];

		if (c >= b->buffer->n_datas || !data->data ||
		    data->maxsize < bytes) {
			pw_stream_queue_buffer(d->stream, b);
			return NULL;
		}
		d->planes[c] = data->data;
		memset(data->data, 0, bytes);
		data->chunk->offset = 0;
		data->chunk->size = bytes;
		data->chunk->stride = sizeof(float);
		data->chunk->flags = 0;
	}
	return b;
}

/* It is asked twice in a cycle that it began: the second time for nothing. */
void drive_process(void *data)
{
	struct node *d = data;
	bool ours = is_ours(d);
	struct pw_buffer *b;
	uint32_t n;

	if (!d->position || (ours && d->filled == d->cycle))
		return;
	n = d->position->clock.duration;
	b = n <= QUANTUM_MAX ? next_buffer(d, n) : NULL;
	d->foreign += !ours;
	if (!b)
		return;
	d->filled = d->cycle;
	d->quantum = n;
	for (uint32_t i = 0; i < d->n && ours; i++)
		fill(d, &d->m[i], n);
	if (ours && d->together.known)
		d->done += n;
	pw_stream_queue_buffer(d->stream, b);
}
