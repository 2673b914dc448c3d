// SPDX-License-Identifier: MIT
/*
 * Readers. The program wakes a reader by a token in its ring buffer, whose map
 * is the handle's descriptor: readable while tokens lie there. They are taken
 * away when no period is due any more, by avtpmap_wait() or by the release of
 * the last frame that was due (see struct avtpmap_ring), so that poll() says
 * what wait would.
 */
#include <bpf/bpf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "xdp.h"
#include "../kmod/shared/period.h"

enum {
	WAKER_BYTES = 4096,
	LINK_LOOK_MS = 500, /* of silence, until the interface is looked for */
	TUNE_TRIES = 2000, /* of 100 us */
};

/**
 * struct handle - what a stream handle of this backend keeps
 * @port: its own handle of the port
 * @ring_fd: @rb_fd: maps: the stream's ring, this reader's wakeups
 * @live_fd: holds byte 1 + @index locked while this process lives
 * @index: of the reader
 * @ring: the ring
 * @consumer: @producer: of @rb_fd
 * @page: what release writes
 * @base: of the counts when the handle was opened
 * @seen: events that were fetched
 * @deadlines: the same
 * @events: mask
 * @waits: returns with something due
 * @periods: ended up to the media position @counted
 */
struct handle {
	struct xdp_port port;
	int ring_fd;
	int rb_fd;
	int live_fd;
	__u32 index;
	const struct xdp_ring *ring;
	__u64 *consumer;
	const __u64 *producer;
	struct avtpmap_reader_page *page;
	struct xdp_reader base;
	__u64 seen[XDP_EVENTS];
	__u64 deadlines;
	__u32 events;
	__u64 waits;
	__u64 periods;
	__u64 counted;
};

static const struct xdp_reader *state_of(const struct handle *h)
{
	return &h->port.readers[h->index];
}

static struct xdp_reader_ctl *ctl_of(const struct handle *h)
{
	return &h->port.table->reader[h->index];
}

/* ---- the list of a stream's readers; with the port locked ---- */

static void unlink_reader(struct xdp_port *p, __u32 index)
{
	struct xdp_reader_ctl *c = &p->table->reader[index];
	struct xdp_ctl *s = &p->table->stream[c->stream % XDP_STREAMS];
	__u32 *link = &s->first_reader;

	for (int n = 0; n < (int)AVTPMAP_READERS_MAX && *link; n++) {
		if (*link == index + 1) {
			env_store(link, c->next);
			s->n_readers--;
			return;
		}
		link = &p->table->reader[(*link - 1) % XDP_READERS].next;
	}
}

void xdp_reader_remove(struct xdp_port *p, __u32 index)
{
	struct xdp_reader_ctl *c = &p->table->reader[index];

	unlink_reader(p, index);
	/* waits until no frame is on its way through the list any more */
	bpf_map_delete_elem(p->wakers_fd, &index);
	c->next = 0;
	c->period = 0;
	c->deadline_ns = 0;
	c->events = 0;
	c->pid = 0;
}

static struct flock live_lock(__u32 index, short type)
{
	return (struct flock){ .l_type = type,
			       .l_whence = SEEK_SET,
			       .l_start = 1 + index,
			       .l_len = 1 };
}

/* Readers whose process died leave their lock. */
void xdp_readers_clean(struct xdp_port *p)
{
	for (__u32 i = 0; i < XDP_READERS; i++) {
		struct flock fl = live_lock(i, F_WRLCK);

		if (!p->table->reader[i].pid)
			continue;
		if (!fcntl(p->lock_fd, F_OFD_GETLK, &fl) &&
		    fl.l_type == F_UNLCK)
			xdp_reader_remove(p, i);
	}
}

/* ---- open ---- */

static void quiet(struct avtpmap_ring *r);

/* A lock of its own: the port's handle may be shared by then. */
static int take_life(struct handle *h)
{
	char path[64];
	struct flock fl;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->port.lock_fd);
	h->live_fd = open(path, O_RDWR | O_CLOEXEC);
	if (h->live_fd < 0)
		return -errno;
	for (h->index = 0; h->index < XDP_READERS; h->index++) {
		fl = live_lock(h->index, F_WRLCK);
		if (h->port.table->reader[h->index].pid)
			continue;
		if (!fcntl(h->live_fd, F_OFD_SETLK, &fl))
			return 0;
	}
	return -EUSERS;
}

static int make_waker(struct handle *h)
{
	long page = sysconf(_SC_PAGESIZE);
	void *m;

	h->rb_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "avtpmap_waker", 0, 0,
				  WAKER_BYTES, NULL);
	if (h->rb_fd < 0)
		return -errno;
	m = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		 h->rb_fd, 0);
	if (m == MAP_FAILED)
		return -errno;
	h->consumer = m;
	m = mmap(NULL, page, PROT_READ, MAP_SHARED | MAP_POPULATE, h->rb_fd,
		 page);
	if (m == MAP_FAILED)
		return -errno;
	h->producer = m;
	return bpf_map_update_elem(h->port.wakers_fd, &h->index, &h->rb_fd,
				   BPF_ANY) ?
		       -errno :
		       0;
}

/* head and media_pos of one moment; a producer at work moves either. */
static void position(const struct xdp_ring *ring, __u64 *head, __u64 *media_pos)
{
	do {
		while (env_load_acquire(&ring->s.claim))
			;
		*head = env_load_acquire(&ring->hdr.head);
		*media_pos = env_load_acquire(&ring->hdr.media_pos);
	} while (env_load_acquire(&ring->s.claim) ||
		 env_load_acquire(&ring->hdr.head) != *head);
}

static void join(struct handle *h, __u32 stream)
{
	struct xdp_ctl *s = &h->port.table->stream[stream];
	struct xdp_reader_ctl *c = ctl_of(h);

	c->stream = stream;
	c->stream_id = s->stream_id;
	c->period = 0;
	c->events = 0;
	c->deadline_ns = 0;
	c->gen = state_of(h)->gen;
	prctl(PR_GET_NAME, c->comm);
	c->next = s->first_reader;
	env_store_release(&c->pid, (__u32)getpid());
	env_store_release(&s->first_reader, h->index + 1);
	s->n_readers++;
	h->base = *state_of(h);
	h->deadlines = h->base.wakes_deadline;
	for (int i = 0; i < XDP_EVENTS; i++)
		h->seen[i] = env_load(&h->ring->s.events[i]);
}

static int bind_locked(struct avtpmap_stream *s, struct handle *h,
		       const struct avtpmap_open_opts *opts,
		       const struct text *why)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	int stream = xdp_stream_find(&h->port, opts->stream_id);
	__u64 head, media_pos;
	size_t bytes;
	int err;

	avtpmap_stream_id_to_text(id, opts->stream_id);
	if (stream < 0)
		return refuse_text(why, -ENOENT,
				   "%s: no stream %s; avtpmap add %s %s",
				   opts->ifname, id, opts->ifname, id);
	xdp_readers_clean(&h->port);
	if (h->port.table->stream[stream].n_readers >= AVTPMAP_READERS_MAX)
		return refuse_text(why, -EUSERS,
				   "%s: stream %s has %u readers, which is "
				   "the most; avtpmap show",
				   opts->ifname, id, AVTPMAP_READERS_MAX);
	h->ring_fd = xdp_ring_open(&h->port, stream);
	if (h->ring_fd < 0)
		return xdp_bpf_text(why, h->ring_fd, "open the ring");
	h->ring = xdp_ring_map(h->ring_fd, &bytes);
	if (!h->ring)
		return xdp_bpf_text(why, -ENOMEM, "map the ring");
	s->ring_bytes = bytes;
	err = take_life(h);
	if (!err)
		err = make_waker(h);
	if (err)
		return xdp_bpf_text(why, err, "make a reader");
	join(h, stream);
	position(h->ring, &head, &media_pos);
	h->counted = media_pos;
	err = stream_set_ring(s, h->ring, bytes, h->page, head, media_pos, why);
	if (err) {
		xdp_reader_remove(&h->port, h->index);
		return err;
	}
	s->ring.quiet_at = ~0ull;
	s->ring.quiet = quiet;
	return 0;
}

static void handle_free(struct handle *h, size_t ring_bytes)
{
	long page = sysconf(_SC_PAGESIZE);

	if (h->consumer)
		munmap(h->consumer, page);
	if (h->producer)
		munmap((void *)h->producer, page);
	if (h->ring)
		munmap((void *)h->ring, ring_bytes);
	if (h->rb_fd >= 0)
		close(h->rb_fd);
	if (h->ring_fd >= 0)
		close(h->ring_fd);
	if (h->live_fd >= 0)
		close(h->live_fd);
	xdp_port_close(&h->port);
	free(h->page);
	free(h);
}

static struct handle *handle_alloc(void)
{
	struct handle *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->ring_fd = h->rb_fd = h->live_fd = -1;
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
	struct handle *h = handle_alloc();
	int err;

	if (!h)
		return refuse_text(why, -ENOMEM, "out of memory");
	err = xdp_port_name(&h->port, opts->ifname, why);
	if (err)
		goto free_handle;
	err = xdp_port_lock(&h->port, why);
	if (err)
		goto free_handle;
	s->priv = h;
	err = xdp_port_open(&h->port, why);
	if (err == -ENOENT)
		err = refuse_text(why, -ENOENT,
				  "%s is not attached; avtpmap attach %s",
				  opts->ifname, opts->ifname);
	if (!err)
		err = bind_locked(s, h, opts, why);
	xdp_port_unlock(&h->port);
	if (err)
		goto free_handle;
	s->fd = h->rb_fd;
	return 0;

free_handle:
	handle_free(h, s->ring_bytes);
	return err;
}

void xdp_close(struct avtpmap_stream *s)
{
	const struct text none = { NULL, 0 };
	struct handle *h = s->priv;

	if (!xdp_port_lock(&h->port, &none)) {
		xdp_reader_remove(&h->port, h->index);
		xdp_port_unlock(&h->port);
	}
	handle_free(h, s->ring_bytes);
}

/* ---- wait ---- */

static int is_gone(const struct handle *h)
{
	return env_load_acquire(&h->ring->hdr.state) == AVTPMAP_RING_GONE;
}

/* Events raised since they were last fetched; @take: fetch them. */
static __u32 new_events(struct handle *h, int take)
{
	__u64 deadlines = env_load(&state_of(h)->wakes_deadline);
	__u32 events = deadlines != h->deadlines ? AVTPMAP_EV_DEADLINE : 0;

	if (take)
		h->deadlines = deadlines;
	for (int i = 1; i < XDP_EVENTS; i++) {
		__u64 n = env_load(&h->ring->s.events[i]);

		if (n == h->seen[i])
			continue;
		events |= 1u << i & h->events;
		if (take)
			h->seen[i] = n;
	}
	return events;
}

/* Periods due in steps of @period, at the media position *@media_pos. */
static __u64 periods_due(const struct handle *h, __u32 period, __u64 *media_pos)
{
	__u64 acked = env_load(&h->page->acked);

	*media_pos = env_load_acquire(&h->ring->hdr.media_pos);
	return period ? avtpmap_period_due(acked < *media_pos ? acked :
								*media_pos,
					   *media_pos, period) :
			0;
}

/*
 * Is anything due? If not, the tokens go, and whatever comes later is a new one.
 * They are counted before the media: what they tell of is to be seen here.
 */
static int is_ready(struct avtpmap_stream *s)
{
	struct handle *h = s->priv;
	__u32 period = env_load(&state_of(h)->wake_period);
	__u64 tokens = env_load_acquire(h->producer);
	__u64 media_pos;

	/* no release before the next period's end makes a difference */
	s->ring.quiet_at = period ? avtpmap_period_next(s->ring.acked, period) :
				    ~0ull;
	if (periods_due(h, period, &media_pos) || is_gone(h) ||
	    new_events(h, 0))
		return 1;
	env_store_release(h->consumer, tokens);
	return 0;
}

static void quiet(struct avtpmap_ring *r)
{
	is_ready((struct avtpmap_stream *)r);
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* 0 when it is time to look again, or -errno. */
static int sleep_until(const struct handle *h, __u64 until_ns)
{
	struct pollfd pfd = { .fd = h->rb_fd, .events = POLLIN };
	__u64 now = now_ns();
	__u64 ns = until_ns > now ? until_ns - now : 0;
	struct timespec ts;
	char name[IF_NAMESIZE];
	int n;

	if (ns > LINK_LOOK_MS * 1000000ull)
		ns = LINK_LOOK_MS * 1000000ull;
	ts = (struct timespec){ ns / 1000000000, ns % 1000000000 };
	n = ppoll(&pfd, 1, &ts, NULL);
	if (n < 0)
		return -errno;
	/* nobody tells when the interface goes: silence makes us look */
	if (!n && ns && !if_indextoname(h->port.ifindex, name))
		return -ENODEV;
	return 0;
}

int xdp_wait(struct avtpmap_stream *s, struct avtpmap_wait *w)
{
	__u64 from = now_ns(), until = from + w->timeout_ns;
	struct handle *h = s->priv;
	__u64 due, media_pos;
	int err = 0;

	if (until < from)
		until = ~0ull;
	while (!is_ready(s) && !err && w->timeout_ns && now_ns() < until)
		err = sleep_until(h, until);
	if (err == -EINTR)
		return err;
	due = periods_due(h, ctl_of(h)->period, &media_pos);
	w->due = due < 0xffffffff ? due : 0xffffffff;
	w->events = new_events(h, 1);
	w->head = env_load_acquire(&h->ring->hdr.head);
	if (w->due || w->events)
		h->waits++;
	is_ready(s); /* the events' tokens go with them */
	return is_gone(h) ? -ENODEV : err;
}

/* ---- period ---- */

/* Wakes may be rarer than periods, so these are counted by position. */
static void count_periods(struct handle *h)
{
	__u64 media_pos = env_load_acquire(&h->ring->hdr.media_pos);
	__u32 period = ctl_of(h)->period;

	if (period)
		h->periods += avtpmap_period_due(h->counted, media_pos, period);
	h->counted = media_pos;
}

int xdp_set_period(struct avtpmap_stream *s,
		   const struct avtpmap_period *period)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	struct handle *h = s->priv;
	struct xdp_reader_ctl *c = ctl_of(h);
	__u32 gen = c->gen + 1;

	if (period->resv[0] || period->resv[1])
		return -EINVAL;
	if (is_gone(h))
		return 0;
	count_periods(h);
	new_events(h, 1); /* what came before was not asked for */
	h->events = period->events;
	env_store(&c->period, period->period);
	env_store(&c->events, period->events);
	env_store(&c->deadline_ns, period->deadline_ns);
	env_store_release(&c->gen, gen);
	for (int i = 0; i < TUNE_TRIES; i++) {
		int err = i % 20 ? 0 : xdp_tick(&h->port, c->stream);

		if (err)
			return err;
		if (env_load_acquire(&state_of(h)->gen) == gen || is_gone(h))
			break;
		nanosleep(&nap, NULL);
	}
	is_ready(s);
	return 0;
}

int xdp_info(struct avtpmap_stream *s, struct avtpmap_reader_info *info)
{
	struct handle *h = s->priv;
	const struct xdp_reader *r = state_of(h);

	count_periods(h);
	info->periods = h->periods;
	info->wakes_period = env_load(&r->wakes_period) - h->base.wakes_period;
	info->wakes_deadline =
		env_load(&r->wakes_deadline) - h->base.wakes_deadline;
	info->wakes_event = env_load(&r->wakes_event) - h->base.wakes_event;
	info->waits = h->waits;
	info->wake_period = env_load(&r->wake_period);
	return 0;
}
