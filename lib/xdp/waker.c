// SPDX-License-Identifier: MIT
/*
 * How a reader, or a group, is woken: by a token in a ring buffer of its own,
 * whose descriptor is the handle's: readable while tokens lie there. They are
 * taken away when nothing is due any more, by wait or by the release of the last
 * frame that was due (see struct avtpmap_ring), so that poll() says what wait
 * would.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "xdp.h"

enum {
	WAKER_BYTES = 4096,
	LINK_LOOK_MS = 500, /* of silence, until the interface is looked for */
	RENEW_TRIES = 10000, /* of 100 us */
};

static struct flock live_lock(__u32 index, short type)
{
	return (struct flock){ .l_type = type,
			       .l_whence = SEEK_SET,
			       .l_start = index,
			       .l_len = 1 };
}

int xdp_is_alive(const struct xdp_port *p, __u32 index)
{
	struct flock fl = live_lock(index, F_WRLCK);

	return fcntl(p->dir_fd, F_OFD_GETLK, &fl) || fl.l_type != F_UNLCK;
}

/*
 * A lock of its own: the port's handle may be shared by then. To read, as a
 * directory cannot be written; the port's lock keeps others from the same byte.
 */
static int take_life(struct xdp_waker *w, const struct xdp_port *p)
{
	w->live_fd = xdp_dir_open(p->dir_fd, ".");
	if (w->live_fd < 0)
		return w->live_fd;
	for (w->index = 0; w->index < XDP_READERS; w->index++) {
		struct flock fl = live_lock(w->index, F_RDLCK);

		if (p->table->reader[w->index].pid || xdp_is_alive(p, w->index))
			continue;
		return fcntl(w->live_fd, F_OFD_SETLK, &fl) ? -errno : 0;
	}
	return -EUSERS;
}

static int map_waker(struct xdp_waker *w)
{
	long page = sysconf(_SC_PAGESIZE);
	void *m;

	w->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "avtpmap_waker", 0, 0,
			       WAKER_BYTES, NULL);
	if (w->fd < 0)
		return -errno;
	m = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		 w->fd, 0);
	if (m == MAP_FAILED)
		return -errno;
	w->consumer = m;
	m = mmap(NULL, page, PROT_READ, MAP_SHARED | MAP_POPULATE, w->fd, page);
	if (m == MAP_FAILED)
		return -errno;
	w->producer = m;
	return 0;
}

void xdp_waker_init(struct xdp_waker *w)
{
	*w = (struct xdp_waker){ .fd = -1, .live_fd = -1 };
}

/* pid first: then who finds the dead takes the rest away, too. */
int xdp_waker_open(struct xdp_waker *w, const struct xdp_port *p)
{
	int err = take_life(w, p);
	struct xdp_reader_ctl *c = &p->table->reader[w->index % XDP_READERS];

	if (!err)
		err = map_waker(w);
	if (err)
		return err;
	*c = (struct xdp_reader_ctl){ .gen = c->gen };
	env_store_release(&c->pid, (__u32)getpid());
	if (!bpf_map_update_elem(p->wakers_fd, &w->index, &w->fd, BPF_ANY))
		return 0;
	err = -errno;
	c->pid = 0;
	return err;
}

void xdp_waker_close(struct xdp_waker *w)
{
	long page = sysconf(_SC_PAGESIZE);

	if (w->consumer)
		munmap(w->consumer, page);
	if (w->producer)
		munmap((void *)w->producer, page);
	if (w->fd >= 0)
		close(w->fd);
	if (w->live_fd >= 0)
		close(w->live_fd);
	xdp_waker_init(w);
}

__u64 xdp_waker_tokens(const struct xdp_waker *w)
{
	return env_load_acquire(w->producer);
}

void xdp_waker_take(const struct xdp_waker *w, __u64 tokens)
{
	env_store_release(w->consumer, tokens);
}

/* 0 when it is time to look again, or -errno. */
static int sleep_until(const struct xdp_waker *w, struct xdp_port *p,
		       __u64 until_ns)
{
	struct pollfd pfd = { .fd = w->fd, .events = POLLIN };
	__u64 now = monotonic_ns();
	__u64 ns = until_ns > now ? until_ns - now : 0;
	struct timespec ts;
	int n;

	if (ns > LINK_LOOK_MS * 1000000ull)
		ns = LINK_LOOK_MS * 1000000ull;
	ts = (struct timespec){ ns / 1000000000, ns % 1000000000 };
	n = ppoll(&pfd, 1, &ts, NULL);
	if (n < 0)
		return -errno;
	/* nobody tells when the interface goes: silence makes us look */
	if (n || !ns || !xdp_port_is_gone(p))
		return 0;
	xdp_port_bury(p);
	return -ENODEV;
}

int xdp_waker_wait(const struct xdp_waker *w, struct xdp_port *p,
		   __u64 timeout_ns, int (*is_ready)(void *arg), void *arg)
{
	__u64 from = monotonic_ns(), until = from + timeout_ns;
	int err = 0;

	if (until < from)
		until = ~0ull;
	while (!is_ready(arg) && !err && timeout_ns && monotonic_ns() < until)
		err = sleep_until(w, p, until);
	return err;
}

int xdp_await(const struct xdp_port *p, __u32 index, __u32 timer,
	      const __u32 *state)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	__u32 gen = env_load(&p->table->reader[index].gen);

	for (int i = 0; i < RENEW_TRIES; i++) {
		int err = i % 20 ? 0 : xdp_tick(p, timer);

		if (err)
			return err;
		if (env_load_acquire(&p->readers[index].gen) == gen ||
		    (state && env_load_acquire(state) == AVTPMAP_RING_GONE))
			return 0;
		nanosleep(&nap, NULL);
	}
	return -ETIMEDOUT;
}

int xdp_renew(const struct xdp_port *p, __u32 index, __u32 timer,
	      const __u32 *state)
{
	struct xdp_reader_ctl *c = &p->table->reader[index];

	env_store_release(&c->gen, c->gen + 1);
	return xdp_await(p, index, timer, state);
}
