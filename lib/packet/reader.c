// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "group.h"

static int is_gone(const struct packet_reader *r)
{
	return env_load_acquire(&r->stream->hdr->state) == AVTPMAP_RING_GONE;
}

__u64 packet_due(const struct packet_reader *r, __u32 period)
{
	__u64 media_pos = env_load_acquire(&r->stream->hdr->media_pos);

	return avtpmap_period_left(env_load(&r->page->acked), media_pos,
				   period);
}

/*
 * Is anything due? The descriptor is emptied before looking and filled again if
 * so, hence what comes in between fills it too.
 */
static int is_ready(struct avtpmap_stream *s)
{
	struct packet_reader *r = s->priv;
	__u32 period = env_load(&r->due.units);
	__u64 n, one = 1;
	ssize_t done = read(r->fd, &n, sizeof(n));

	s->ring.quiet_at = period ? avtpmap_period_next(s->ring.acked, period) :
				    ~0ull;
	if (!packet_due(r, period) && !is_gone(r) &&
	    !__atomic_load_n(&r->pending, __ATOMIC_ACQUIRE))
		return 0;
	done = write(r->fd, &one, sizeof(one));
	(void)done;
	return 1;
}

static void quiet(struct avtpmap_ring *ring)
{
	struct avtpmap_stream *s = (struct avtpmap_stream *)ring;

	if (!packet_group_quiet(s->priv))
		is_ready(s);
}

/* ---- open ---- */

static int join(struct avtpmap_stream *s, struct packet_reader *r,
		struct packet_stream *stream, const struct text *why)
{
	void *ring;
	int err;

	if (stream->n_readers >= AVTPMAP_READERS_MAX)
		return refuse_text(why, -EUSERS,
				   "the stream has %u readers, which is the "
				   "most",
				   AVTPMAP_READERS_MAX);
	ring = mmap(NULL, stream->bytes, PROT_READ, MAP_SHARED | MAP_POPULATE,
		    stream->ro_fd, 0);
	if (ring == MAP_FAILED)
		return refuse_text(why, -errno, "cannot map the ring: %s",
				   strerror(errno));
	err = stream_set_ring(s, ring, stream->bytes, r->page,
			      stream->hdr->head, stream->account.media_pos,
			      why);
	if (err) {
		munmap(ring, stream->bytes);
		return err;
	}
	r->stream = stream;
	r->ring = &s->ring;
	r->due.at = ~0ull;
	r->counted = stream->account.media_pos;
	r->next = stream->readers;
	stream->readers = r;
	stream->n_readers++;
	stream->refs++;
	s->priv = r;
	s->fd = r->fd;
	s->ring.quiet = quiet;
	s->ring.quiet_at = ~0ull;
	return 0;
}

static __u32 n_handles; /* of this process (atomic) */

static void reader_free(struct packet_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->page);
	free(r);
	__atomic_fetch_sub(&n_handles, 1, __ATOMIC_RELAXED);
}

static int reader_alloc(struct packet_reader **out, const struct text *why)
{
	struct packet_reader *r = calloc(1, sizeof(*r));
	__u32 n = __atomic_fetch_add(&n_handles, 1, __ATOMIC_RELAXED);
	int err = 0;

	*out = r;
	if (!r) {
		__atomic_fetch_sub(&n_handles, 1, __ATOMIC_RELAXED);
		return refuse_text(why, -ENOMEM, "out of memory");
	}
	r->fd = -1;
	if (n >= AVTPMAP_HANDLES_MAX) {
		err = refuse_text(why, -EUSERS,
				  "this process has %u handles open, which is "
				  "the most; close some",
				  AVTPMAP_HANDLES_MAX);
	} else {
		r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		r->page = aligned_alloc(4096, 4096);
		if (r->fd < 0 || !r->page)
			err = refuse_text(why, -ENOMEM,
					  "no memory or descriptor left for a "
					  "reader");
	}
	if (err)
		reader_free(r);
	return err;
}

int packet_open(struct avtpmap_stream *s, const struct avtpmap_open_opts *opts,
		const struct text *why)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	struct packet_stream *stream;
	struct packet_reader *r;
	struct packet_port *p;
	__u32 ifindex;
	int err;

	err = port_of_name_text(opts->ifname, &ifindex, why);
	if (err)
		return err;
	err = reader_alloc(&r, why);
	if (err)
		return err;
	p = packet_port_find(ifindex);
	stream = p ? packet_stream_find(p, htobe64(opts->stream_id)) : NULL;
	if (stream)
		err = join(s, r, stream, why);
	else
		err = refuse_text(why, -ENOENT,
				  "%s: no stream %s in this process; the "
				  "packet backend knows only those that it "
				  "added itself (avtpmap add is for others)",
				  opts->ifname,
				  avtpmap_stream_id_to_text(id,
							    opts->stream_id));
	if (p)
		pthread_mutex_unlock(&p->lock);
	if (err)
		reader_free(r);
	return err;
}

void packet_close(struct avtpmap_stream *s)
{
	struct packet_reader *r = s->priv;
	struct packet_stream *stream = r->stream;
	struct packet_port *p = stream->port;
	struct packet_reader **link = &stream->readers;
	int last;

	packet_group_leave(r);
	munmap((void *)s->ring.hdr, s->ring_bytes);
	pthread_mutex_lock(&p->lock);
	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	stream->n_readers--;
	last = stream->refs == 1;
	packet_stream_put(stream);
	pthread_mutex_unlock(&p->lock);
	if (last)
		packet_port_put(p);
	reader_free(r);
}

/* ---- wait ---- */

int packet_sleep(int fd, __u64 until_ns)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	__u64 now = monotonic_ns();
	__u64 ns = until_ns > now ? until_ns - now : 0;
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	return ppoll(&pfd, 1, &ts, NULL) < 0 ? -errno : 0;
}

int packet_wait(struct avtpmap_stream *s, struct avtpmap_wait *w)
{
	__u64 from = monotonic_ns(), until = from + w->timeout_ns, due;
	struct packet_reader *r = s->priv;
	int err = 0;

	if (until < from)
		until = ~0ull;
	while (!is_ready(s) && !err && w->timeout_ns && monotonic_ns() < until)
		err = packet_sleep(r->fd, until);
	if (err)
		return err;
	due = packet_due(r, r->due.asked);
	w->due = due < 0xffffffff ? due : 0xffffffff;
	w->events = __atomic_exchange_n(&r->pending, 0, __ATOMIC_ACQ_REL);
	w->head = env_load_acquire(&r->stream->hdr->head);
	if (w->due || w->events)
		r->waits++;
	is_ready(s); /* what the events filled is emptied with them */
	return is_gone(r) ? -ENODEV : 0;
}

/* ---- period ---- */

int packet_set_period(struct avtpmap_stream *s,
		      const struct avtpmap_period *period)
{
	struct packet_reader *r = s->priv;
	struct packet_stream *stream = r->stream;
	int err = 0;

	if (period->resv[0] || period->resv[1])
		return -EINVAL;
	pthread_mutex_lock(&stream->port->lock);
	if (r->group) {
		err = -EBUSY; /* the group's period is its members' */
	} else {
		r->events = period->events;
		r->deadline_ns = period->deadline_ns;
		packet_change_period(r, period->period);
	}
	pthread_mutex_unlock(&stream->port->lock);
	if (!err)
		is_ready(s);
	return err;
}

int packet_info(struct avtpmap_stream *s, struct avtpmap_reader_info *info)
{
	struct packet_reader *r = s->priv;

	pthread_mutex_lock(&r->stream->port->lock);
	packet_count_periods(r);
	*info = r->info;
	info->periods = r->periods;
	info->waits = r->waits;
	info->wake_period = r->due.units;
	pthread_mutex_unlock(&r->stream->port->lock);
	return 0;
}
