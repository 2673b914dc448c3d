// SPDX-License-Identifier: MIT
/* A port's state: its objects, who may change it. See DESIGN.md. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "xdp.h"

enum { TICK_TRIES = 1000, NETNS_COOKIE = 71 /* SO_NETNS_COOKIE */ };

/* Of this thread's network namespace; 0, which is nobody's: not to be known. */
static __u64 netns(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	__u64 cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}

int xdp_port_is_gone(const struct xdp_port *p)
{
	__u32 zero = 0, ifindex;

	return bpf_map_lookup_elem(p->anchor_fd, &zero, &ifindex) &&
	       errno == ENOENT;
}

int xdp_port_is_here(const struct xdp_port *p)
{
	return p->netns && p->netns == netns() &&
	       (!xdp_port_is_gone(p) || xdp_is_on_interface(p));
}

int xdp_bpf_text(const struct text *why, int err, const char *what)
{
	switch (err) {
	case -EACCES:
		return refuse_text(why, err,
				   "cannot %s: the kernel's verifier refuses "
				   "it, or a security module does",
				   what);
	case -EMFILE:
		return refuse_text(why, err,
				   "cannot %s: too many open files; raise "
				   "ulimit -n",
				   what);
	case -EPERM:
		return refuse_text(why, err,
				   "cannot %s: permission denied: needs "
				   "CAP_BPF and CAP_NET_ADMIN (run as root)",
				   what);
	case -ENOSYS:
	case -EOPNOTSUPP:
		return refuse_text(why, err,
				   "cannot %s: this kernel has no BPF for it",
				   what);
	case -ENOMEM:
		return refuse_text(why, err, "cannot %s: out of memory", what);
	default:
		return refuse_text(why, err, "cannot %s: %s", what,
				   strerror(-err));
	}
}

/* ---- what it is made of ---- */

/* clang-format off */
#define OBJECT(name) { #name, offsetof(struct xdp_port, name##_fd) }
/* clang-format on */

/* rx last: who finds it finds everything, and without it there is no port. */
const struct xdp_object xdp_objects[XDP_OBJECTS] = {
	OBJECT(anchor), OBJECT(table),	OBJECT(rings), OBJECT(readers),
	OBJECT(groups), OBJECT(wakers), OBJECT(stats), OBJECT(timers),
	OBJECT(tick),	OBJECT(rx),
};

int *xdp_object_fd(const struct xdp_port *p, int i)
{
	return (int *)((char *)p + xdp_objects[i].offset);
}

void xdp_port_of(struct xdp_port *p, __u64 ns, __u32 ifindex)
{
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < XDP_OBJECTS; i++)
		*xdp_object_fd(p, i) = -1;
	p->dir_fd = -1;
	p->ifindex = ifindex;
	p->netns = ns;
	if (!if_indextoname(ifindex, p->ifname))
		snprintf(p->ifname, sizeof(p->ifname), "#%u", ifindex);
	snprintf(p->name, sizeof(p->name), "n%llu-i%u", (unsigned long long)ns,
		 ifindex);
}

void xdp_port_by_index(struct xdp_port *p, __u32 ifindex)
{
	xdp_port_of(p, netns(), ifindex);
}

int xdp_port_name(struct xdp_port *p, const char *ifname,
		  const struct text *why)
{
	__u32 ifindex;
	int err;

	xdp_port_by_index(p, 0);
	err = port_of_name_text(ifname, &ifindex, why);
	if (err)
		return err;
	xdp_port_by_index(p, ifindex);
	if (p->netns)
		return 0;
	return refuse_text(why, -EMFILE,
			   "%s: cannot tell its network namespace (%s)", ifname,
			   strerror(errno));
}

/* Of the descriptors that are to be there, or 0. */
static int first_error(const struct xdp_port *p)
{
	for (int i = 0; i < XDP_OBJECTS; i++)
		if (*xdp_object_fd(p, i) < 0)
			return *xdp_object_fd(p, i);
	return 0;
}

int xdp_port_complete(const struct xdp_port *p)
{
	return !first_error(p);
}

int xdp_port_map(struct xdp_port *p, const struct text *why)
{
	void *m = mmap(NULL, sizeof(struct xdp_table), PROT_READ | PROT_WRITE,
		       MAP_SHARED, p->table_fd, 0);

	if (m == MAP_FAILED)
		return xdp_bpf_text(why, -errno, "map the table of streams");
	p->table = m;
	m = mmap(NULL, XDP_READERS * sizeof(struct xdp_reader), PROT_READ,
		 MAP_SHARED, p->readers_fd, 0);
	if (m == MAP_FAILED)
		return xdp_bpf_text(why, -errno, "map the table of readers");
	p->readers = m;
	m = mmap(NULL, XDP_READERS * sizeof(struct xdp_group), PROT_READ,
		 MAP_SHARED, p->groups_fd, 0);
	if (m == MAP_FAILED)
		return xdp_bpf_text(why, -errno, "map the table of groups");
	p->groups = m;
	return 0;
}

static int is_of_this_version(const struct xdp_port *p)
{
	size_t bytes = sysconf(_SC_PAGESIZE);
	const __u32 *layout =
		mmap(NULL, bytes, PROT_READ, MAP_SHARED, p->table_fd, 0);
	int is = layout != MAP_FAILED && *layout == XDP_LAYOUT;

	if (layout != MAP_FAILED)
		munmap((void *)layout, bytes);
	return is;
}

void xdp_port_close_objects(struct xdp_port *p)
{
	int dir_fd = p->dir_fd;

	p->dir_fd = -1;
	xdp_port_close(p);
	p->dir_fd = dir_fd;
}

/*
 * -ENOENT, without a word, for a port that is not attached, and for half of one.
 * -EPROTONOSUPPORT: all descriptors are there, but only to be detached.
 */
int xdp_port_open(struct xdp_port *p, const struct text *why)
{
	int err;

	if (p->dir_fd < 0) {
		err = xdp_dir_port(p->name, 0, why);
		if (err < 0)
			return err;
		p->dir_fd = err;
	}
	for (int i = XDP_OBJECTS - 1; i >= 0; i--) {
		*xdp_object_fd(p, i) =
			xdp_get_at(p->dir_fd, xdp_objects[i].name);
		if (*xdp_object_fd(p, i) == -ENOENT) {
			xdp_port_close_objects(p);
			return -ENOENT;
		}
	}
	err = first_error(p);
	if (err)
		return xdp_bpf_text(why, err, "open the port's state");
	if (!is_of_this_version(p))
		return refuse_text(why, -EPROTONOSUPPORT,
				   "%s: its XDP program is of another version "
				   "of libavtpmap; avtpmap detach %s, then "
				   "attach it again",
				   p->ifname, p->ifname);
	return xdp_port_map(p, why);
}

void xdp_port_close(struct xdp_port *p)
{
	if (p->table)
		munmap(p->table, sizeof(*p->table));
	if (p->readers)
		munmap((void *)p->readers,
		       XDP_READERS * sizeof(struct xdp_reader));
	if (p->groups)
		munmap((void *)p->groups,
		       XDP_READERS * sizeof(struct xdp_group));
	for (int i = 0; i < XDP_OBJECTS; i++)
		if (*xdp_object_fd(p, i) >= 0)
			close(*xdp_object_fd(p, i));
	if (p->dir_fd >= 0)
		close(p->dir_fd);
	xdp_port_of(p, p->netns, p->ifindex);
}

__u32 xdp_map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* ---- the lock ---- */

static int lock_dir(int fd, int flags)
{
	while (flock(fd, LOCK_EX | flags))
		if (errno != EINTR)
			return -errno;
	return 0;
}

int xdp_port_lock(struct xdp_port *p, const struct text *why)
{
	for (;;) {
		int err;

		if (p->dir_fd < 0)
			p->dir_fd = xdp_dir_port(p->name, 1, why);
		if (p->dir_fd < 0)
			return p->dir_fd;
		err = lock_dir(p->dir_fd, 0);
		if (err)
			return refuse_text(why, err, "%s: cannot lock: %s",
					   p->ifname, strerror(-err));
		/* detached meanwhile: then it is nobody's any more */
		if (xdp_dir_is_linked(p->dir_fd))
			return 0;
		close(p->dir_fd);
		p->dir_fd = -1;
	}
}

int xdp_port_lock_this(struct xdp_port *p, int flags)
{
	int err = lock_dir(p->dir_fd, flags);

	if (err || xdp_dir_is_linked(p->dir_fd))
		return err;
	flock(p->dir_fd, LOCK_UN);
	return -ENOENT;
}

/* Where there is no port, no directory stays either. Else it is not empty. */
void xdp_port_unlock(struct xdp_port *p)
{
	int root = xdp_dir_is_linked(p->dir_fd) ?
			   xdp_dir_open(p->dir_fd, "..") :
			   -1;

	if (root >= 0) {
		unlinkat(root, p->name, AT_REMOVEDIR);
		close(root);
	}
	flock(p->dir_fd, LOCK_UN);
}

static int unpin(int dir, const char *name, void *arg)
{
	int known = !strncmp(name, "ring-", 5);

	(void)arg;
	for (int i = 0; i < XDP_OBJECTS && !known; i++)
		known = !strcmp(name, xdp_objects[i].name);
	if (known)
		unlinkat(dir, name, 0);
	return 0;
}

/* Takes rx away first: from then on there is no port. */
void xdp_port_unpin(struct xdp_port *p)
{
	unpin(p->dir_fd, "rx", NULL);
	xdp_dir_each(p->dir_fd, unpin, NULL);
}

/* ---- all ports ---- */

struct each {
	__u64 here; /* 0: of any namespace */
	xdp_port_fn *fn;
	void *arg;
	const struct text *why;
};

static int each_name(int dir, const char *name, void *arg)
{
	unsigned long long ns;
	struct each *each = arg;
	unsigned int ifindex;
	struct xdp_port p;
	int err;

	(void)dir;
	if (sscanf(name, "n%llu-i%u", &ns, &ifindex) != 2 ||
	    (each->here && ns != each->here))
		return 0;
	xdp_port_of(&p, ns, ifindex);
	err = each->fn(&p, each->arg);
	xdp_port_close(&p);
	return err;
}

int xdp_each_dir(int all, xdp_port_fn *fn, void *arg, const struct text *why)
{
	struct each each = { all ? 0 : netns(), fn, arg, why };
	int err, root = xdp_dir_root(0, why);

	if (root == -ENOENT)
		return 0;
	if (root < 0)
		return root;
	err = xdp_dir_each(root, each_name, &each);
	close(root);
	return err;
}

static int open_each(struct xdp_port *p, void *arg)
{
	struct each *each = arg;
	int err = xdp_port_open(p, each->why);

	if (err == -ENOENT || (!err && xdp_port_is_gone(p)))
		return 0;
	return err ? err : each->fn(p, each->arg);
}

int xdp_each_port(xdp_port_fn *fn, void *arg, const struct text *why)
{
	struct each each = { .fn = fn, .arg = arg, .why = why };

	return xdp_each_dir(0, open_each, &each, why);
}

/*
 * Newer kernels take a timer's memory from what the CPU has at hand, and fail
 * when that is used up. Other small things, made and thrown away, refill it.
 */
static void refill(void)
{
	int fds[2];

	for (int pages = 1; pages <= 8; pages *= 2) {
		if (pipe2(fds, O_CLOEXEC))
			return;
		fcntl(fds[0], F_SETPIPE_SZ, pages * 4096);
		close(fds[0]);
		close(fds[1]);
	}
}

int xdp_tick(const struct xdp_port *p, __u32 timer)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	const struct xdp_tick arg = { .timer = timer };

	for (int i = 0; i < TICK_TRIES; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = &arg,
			    .data_size_in = sizeof(arg));

		if (bpf_prog_test_run_opts(p->tick_fd, &run))
			return -errno;
		if (run.retval == XDP_PASS)
			return 0;
		refill();
		if (i > 8)
			nanosleep(&nap, NULL);
	}
	return -ENOMEM;
}
