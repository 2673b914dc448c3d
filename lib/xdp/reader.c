// SPDX-License-Identifier: MIT
/* Readers: from a stream's ring to a handle. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "xdp.h"

static const struct xdp_reader *state_of(const struct xdp_handle *h)
{
	return &h->port.readers[h->waker.index];
}

static struct xdp_reader_ctl *ctl_of(const struct xdp_handle *h)
{
	return &h->port.table->reader[h->waker.index];
}

/* ---- the list of a stream's readers; with the port locked ---- */

__u32 xdp_n_readers(const struct xdp_port *p, const struct xdp_ctl *c)
{
	__u32 link = c->first_reader, n = 0;

	while (link && n <= AVTPMAP_READERS_MAX) {
		link = p->table->reader[(link - 1) % XDP_READERS].next;
		n++;
	}
	return n;
}

static void unlink_reader(struct xdp_port *p, __u32 index)
{
	struct xdp_reader_ctl *c = &p->table->reader[index];
	struct xdp_ctl *s = &p->table->stream[c->stream % XDP_STREAMS];
	__u32 *link = &s->first_reader;

	for (int n = 0; n < (int)AVTPMAP_READERS_MAX && *link; n++) {
		if (*link == index + 1) {
			env_store(link, c->next);
			return;
		}
		link = &p->table->reader[(*link - 1) % XDP_READERS].next;
	}
}

void xdp_reader_remove(struct xdp_port *p, __u32 index)
{
	struct xdp_reader_ctl *c = &p->table->reader[index];
	__u32 group = c->group;

	if (group == index + 1)
		xdp_group_disband(p, index);
	else
		unlink_reader(p, index);
	/* waits until no frame is on its way through the list any more */
	bpf_map_delete_elem(p->wakers_fd, &index);
	if (group && group != index + 1)
		xdp_group_leave(p, index);
	c->next = 0;
	c->period = 0;
	c->deadline_ns = 0;
	c->events = 0;
	c->group = 0;
	c->pid = 0;
}

/* Readers whose process died leave their lock. */
void xdp_readers_clean(struct xdp_port *p)
{
	for (__u32 i = 0; i < XDP_READERS; i++)
		if (p->table->reader[i].pid && !xdp_is_alive(p, i))
			xdp_reader_remove(p, i);
}

/* ---- open ---- */

enum { LOOKS = 100 }; /* at a moment, until one sleeps */

static void quiet(struct avtpmap_ring *r);

/*
 * head and media_pos of one moment; a producer at work moves either. It may be one
 * that waits for this very CPU, so who looks in vain sleeps.
 */
static void position(const struct xdp_ring *ring, __u64 *head, __u64 *media_pos)
{
	const struct timespec nap = { .tv_nsec = 20000 };

	for (int i = 1;; i++) {
		__u32 busy = env_load_acquire(&ring->s.claim);

		*media_pos = env_load_acquire(&ring->hdr.media_pos);
		*head = env_load_acquire(&ring->hdr.head);
		if (!busy && !env_load_acquire(&ring->s.claim) &&
		    env_load_acquire(&ring->hdr.media_pos) == *media_pos)
			return;
		if (i % LOOKS == 0)
			nanosleep(&nap, NULL);
	}
}

/* With a new gen: nothing of who had the number before is in force. */
static int join(struct xdp_handle *h, __u32 stream)
{
	struct xdp_ctl *s = &h->port.table->stream[stream];
	struct xdp_reader_ctl *c = ctl_of(h);
	int err;

	c->stream = stream;
	c->stream_id = s->stream_id;
	/* or what the program knows of the number's former reader is in force */
	c->gen = state_of(h)->gen + 1;
	prctl(PR_GET_NAME, c->comm);
	c->next = s->first_reader;
	env_store_release(&s->first_reader, h->waker.index + 1);
	err = xdp_await(&h->port, h->waker.index, stream, &h->ring->hdr.state);
	h->base = *state_of(h);
	h->deadlines = h->base.wakes_deadline;
	for (int i = 0; i < WAKE_EVENTS; i++)
		h->seen[i] = env_load(&h->ring->s.events[i]);
	return err;
}

static int bind_locked(struct avtpmap_stream *s, struct xdp_handle *h,
		       const struct avtpmap_open_opts *opts,
		       const struct text *why)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	int stream = xdp_stream_find(&h->port, opts->stream_id);
	__u64 head, media_pos;
	size_t bytes;
	int fd, err;

	avtpmap_stream_id_to_text(id, opts->stream_id);
	if (stream < 0)
		return refuse_text(why, -ENOENT,
				   "%s: no stream %s; avtpmap add %s %s",
				   opts->ifname, id, opts->ifname, id);
	if (xdp_n_readers(&h->port, &h->port.table->stream[stream]) >=
	    AVTPMAP_READERS_MAX)
		return refuse_text(why, -EUSERS,
				   "%s: stream %s has %u readers, which is "
				   "the most; avtpmap show",
				   opts->ifname, id, AVTPMAP_READERS_MAX);
	fd = xdp_ring_open(&h->port, stream);
	if (fd < 0)
		return xdp_bpf_text(why, fd, "open the ring");
	h->ring = xdp_ring_map(fd, &bytes);
	close(fd);
	if (!h->ring)
		return xdp_bpf_text(why, -ENOMEM, "map the ring");
	s->ring_bytes = bytes;
	err = xdp_waker_open(&h->waker, &h->port);
	if (err)
		return xdp_bpf_text(why, err, "make a reader");
	err = join(h, stream);
	if (err)
		xdp_bpf_text(why, err, "have the program see a reader");
	position(h->ring, &head, &media_pos);
	h->counted = media_pos;
	if (!err)
		err = stream_set_ring(s, h->ring, bytes, h->page, head,
				      media_pos, why);
	if (err) {
		xdp_reader_remove(&h->port, h->waker.index);
		return err;
	}
	s->ring.quiet_at = ~0ull;
	s->ring.quiet = quiet;
	return 0;
}

static void handle_free(struct xdp_handle *h, size_t ring_bytes)
{
	if (h->ring)
		munmap((void *)h->ring, ring_bytes);
	xdp_waker_close(&h->waker);
	xdp_port_close(&h->port);
	free(h->page);
	free(h);
}

static struct xdp_handle *handle_alloc(void)
{
	struct xdp_handle *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	xdp_waker_init(&h->waker);
	xdp_port_by_index(&h->port, 0);
	h->page = aligned_alloc(4096, 4096);
	if (h->page)
		return h;
	free(h);
	return NULL;
}

int xdp_open(struct avtpmap_stream *s, const struct avtpmap_open_opts *opts,
	     const struct text *why)
{
	struct xdp_handle *h = handle_alloc();
	int alone, err;

	if (!h)
		return refuse_text(why, -ENOMEM, "out of memory");
	err = xdp_port_name(&h->port, opts->ifname, why);
	if (err)
		goto free_handle;
	err = xdp_port_lock(&h->port, why);
	if (err)
		goto free_handle;
	s->priv = h;
	err = xdp_port_begin(&h->port, why);
	if (err == -ENOENT)
		err = refuse_text(why, -ENOENT,
				  "%s is not attached; avtpmap attach %s",
				  opts->ifname, opts->ifname);
	if (!err && !xdp_attached(&h->port, &alone))
		err = xdp_off_text(&h->port, why);
	if (!err)
		err = bind_locked(s, h, opts, why);
	xdp_port_unlock(&h->port);
	if (err)
		goto free_handle;
	h->stream = s;
	s->fd = h->waker.fd;
	return 0;

free_handle:
	handle_free(h, s->ring_bytes);
	return err;
}

void xdp_close(struct avtpmap_stream *s)
{
	const struct text none = { NULL, 0 };
	struct xdp_handle *h = s->priv;

	xdp_group_forget(h);
	if (!xdp_port_lock(&h->port, &none)) {
		xdp_reader_remove(&h->port, h->waker.index);
		xdp_port_unlock(&h->port);
	}
	handle_free(h, s->ring_bytes);
}

/* ---- wait ---- */

int xdp_is_gone(const struct xdp_handle *h)
{
	return env_load_acquire(&h->ring->hdr.state) == AVTPMAP_RING_GONE;
}

/* Events raised since they were last fetched; @take: fetch them. */
static __u32 new_events(struct xdp_handle *h, int take)
{
	__u64 deadlines = env_load(&state_of(h)->wakes_deadline);
	__u32 events = deadlines != h->deadlines ? AVTPMAP_EV_DEADLINE : 0;

	if (take)
		h->deadlines = deadlines;
	for (int i = 1; i < WAKE_EVENTS; i++) {
		__u64 n = env_load(&h->ring->s.events[i]);

		if (n == h->seen[i])
			continue;
		events |= 1u << i & h->events;
		if (take)
			h->seen[i] = n;
	}
	return events;
}

static __u64 periods_due(const struct xdp_handle *h, __u32 period)
{
	__u64 media_pos = env_load_acquire(&h->ring->hdr.media_pos);

	return avtpmap_period_left(env_load(&h->page->acked), media_pos,
				   period);
}

__u64 xdp_periods_due(const struct xdp_handle *h, int wake)
{
	return periods_due(h, wake ? env_load(&state_of(h)->due.units) :
				     ctl_of(h)->period);
}

/* Of a group, it tells the group of releases that make a difference to it. */
static void watch_releases(struct xdp_handle *h)
{
	struct avtpmap_ring *r = avtpmap_ring(h->stream);
	__u32 period = env_load(&state_of(h)->due.units);

	/* none before the next period's end does */
	r->quiet_at = period ? avtpmap_period_next(r->acked, period) : ~0ull;
}

/*
 * Is anything due? If not, the tokens go, and whatever comes later is a new one.
 * They are counted before the media: what they tell of is to be seen here.
 */
static int is_ready(void *arg)
{
	struct xdp_handle *h = arg;
	__u64 tokens = xdp_waker_tokens(&h->waker);

	watch_releases(h);
	if (xdp_periods_due(h, 1) || xdp_is_gone(h) || new_events(h, 0))
		return 1;
	xdp_waker_take(&h->waker, tokens);
	return 0;
}

static void quiet(struct avtpmap_ring *r)
{
	struct xdp_handle *h = ((struct avtpmap_stream *)r)->priv;

	is_ready(h);
	xdp_group_quiet(h);
}

int xdp_wait(struct avtpmap_stream *s, struct avtpmap_wait *w)
{
	struct xdp_handle *h = s->priv;
	int err =
		xdp_waker_wait(&h->waker, &h->port, w->timeout_ns, is_ready, h);
	__u64 due;

	if (err == -EINTR)
		return err;
	due = xdp_periods_due(h, 0);
	w->due = due < 0xffffffff ? due : 0xffffffff;
	w->events = new_events(h, 1);
	w->head = env_load_acquire(&h->ring->hdr.head);
	if (w->due || w->events)
		h->waits++;
	is_ready(h); /* the events' tokens go with them */
	return xdp_is_gone(h) ? -ENODEV : err;
}

/* ---- period ---- */

/* Wakes may be rarer than periods, so these are counted by position. */
static void count_periods(struct xdp_handle *h)
{
	__u64 media_pos = env_load_acquire(&h->ring->hdr.media_pos);
	__u32 period = ctl_of(h)->period;

	if (period)
		h->periods += avtpmap_period_due(h->counted, media_pos, period);
	h->counted = media_pos;
}

int xdp_change_period(struct xdp_handle *h, const struct avtpmap_period *period)
{
	struct xdp_reader_ctl *c = ctl_of(h);
	int err;

	if (xdp_is_gone(h))
		return 0;
	count_periods(h);
	new_events(h, 1); /* what came before was not asked for */
	h->events = period->events;
	env_store(&c->period, period->period);
	env_store(&c->events, period->events);
	env_store(&c->deadline_ns, period->deadline_ns);
	err = xdp_renew(&h->port, h->waker.index, c->stream,
			&h->ring->hdr.state);
	is_ready(h);
	return err;
}

int xdp_set_period(struct avtpmap_stream *s,
		   const struct avtpmap_period *period)
{
	struct xdp_handle *h = s->priv;

	if (period->resv[0] || period->resv[1])
		return -EINVAL;
	if (env_load(&h->group))
		return -EBUSY; /* the group's period is its members' */
	return xdp_change_period(h, period);
}

int xdp_info(struct avtpmap_stream *s, struct avtpmap_reader_info *info)
{
	struct xdp_handle *h = s->priv;
	const struct xdp_reader *r = state_of(h);

	count_periods(h);
	info->periods = h->periods;
	info->wakes_period = env_load(&r->wakes_period) - h->base.wakes_period;
	info->wakes_deadline =
		env_load(&r->wakes_deadline) - h->base.wakes_deadline;
	info->wakes_event = env_load(&r->wakes_event) - h->base.wakes_event;
	info->waits = h->waits;
	info->wake_period = env_load(&r->due.units);
	return 0;
}
