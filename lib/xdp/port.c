// SPDX-License-Identifier: MIT
/* A port's state: where it is pinned, who may change it. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "xdp.h"

#define BPFFS_DEFAULT "/sys/fs/bpf"

enum { TICK_TRIES = 1000 };

const char *xdp_bpffs(void)
{
	const char *dir = getenv("AVTPMAP_BPFFS");

	return dir && *dir ? dir : BPFFS_DEFAULT;
}

/* ip-netns hides the file system when it mounts its own /sys. */
static int need_bpffs(const struct text *why)
{
	struct statfs fs;

	if (!statfs(xdp_bpffs(), &fs) && fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (!mount("bpf", xdp_bpffs(), "bpf", 0, NULL))
		return 0;
	return refuse_text(why, -errno,
			   "no BPF file system on %s; mount -t bpf bpf %s",
			   xdp_bpffs(), xdp_bpffs());
}

/* Interfaces are numbered in each network namespace. */
static unsigned long netns(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) ? 0 :
						       (unsigned long)st.st_ino;
}

int xdp_port_is_gone(const struct xdp_port *p)
{
	char name[IF_NAMESIZE];

	return p->netns == netns() && !if_indextoname(p->ifindex, name) &&
	       errno == ENXIO;
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

void xdp_port_of(struct xdp_port *p, unsigned long ns, __u32 ifindex)
{
	memset(p, 0, sizeof(*p));
	p->lock_fd = p->rx_fd = p->tick_fd = p->table_fd = p->rings_fd = -1;
	p->readers_fd = p->groups_fd = p->wakers_fd = -1;
	p->stats_fd = p->timers_fd = -1;
	p->ifindex = ifindex;
	p->netns = ns;
	if (!if_indextoname(ifindex, p->ifname))
		snprintf(p->ifname, sizeof(p->ifname), "#%u", ifindex);
	snprintf(p->dir, sizeof(p->dir), "%s/avtpmap/%lu-%u", xdp_bpffs(), ns,
		 ifindex);
}

int xdp_port_by_index(struct xdp_port *p, __u32 ifindex)
{
	xdp_port_of(p, netns(), ifindex);
	return 0;
}

int xdp_port_name(struct xdp_port *p, const char *ifname,
		  const struct text *why)
{
	__u32 ifindex;

	xdp_port_by_index(p, 0);
	if (port_of_name(ifname, &ifindex))
		return refuse_text(why, -ENODEV,
				   "%s: no such interface; see ip link",
				   ifname);
	return xdp_port_by_index(p, ifindex);
}

static int get(const struct xdp_port *p, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

/* Of the descriptors that are to be there, or 0. */
static int first_error(const struct xdp_port *p)
{
	const int fds[] = { p->rx_fd,	  p->tick_fd,	 p->table_fd,
			    p->rings_fd,  p->readers_fd, p->groups_fd,
			    p->wakers_fd, p->stats_fd,	 p->timers_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] < 0)
			return fds[i];
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

/*
 * -ENOENT, without a word, for a port that is not attached. -EPROTONOSUPPORT:
 * all descriptors are there, but only to be detached.
 */
int xdp_port_open(struct xdp_port *p, const struct text *why)
{
	int err, lock_fd = p->lock_fd;

	p->rx_fd = get(p, "rx");
	if (p->rx_fd == -ENOENT)
		return -ENOENT;
	p->tick_fd = get(p, "tick");
	p->table_fd = get(p, "table");
	p->rings_fd = get(p, "rings");
	p->readers_fd = get(p, "readers");
	p->groups_fd = get(p, "groups");
	p->wakers_fd = get(p, "wakers");
	p->stats_fd = get(p, "stats");
	p->timers_fd = get(p, "timers");
	err = first_error(p);
	if (err == -ENOENT) { /* detached just now, or only half there */
		p->lock_fd = -1;
		xdp_port_close(p);
		p->lock_fd = lock_fd;
		return err;
	}
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
	const int fds[] = { p->lock_fd,	  p->rx_fd,	p->tick_fd,
			    p->table_fd,  p->rings_fd,	p->readers_fd,
			    p->groups_fd, p->wakers_fd, p->stats_fd,
			    p->timers_fd };

	if (p->table)
		munmap(p->table, sizeof(*p->table));
	if (p->readers)
		munmap((void *)p->readers,
		       XDP_READERS * sizeof(struct xdp_reader));
	if (p->groups)
		munmap((void *)p->groups,
		       XDP_READERS * sizeof(struct xdp_group));
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	xdp_port_of(p, p->netns, p->ifindex);
}

static void lock_path(const struct xdp_port *p, char path[96])
{
	snprintf(path, 96, XDP_RUN_DIR "/%lu-%u", p->netns, p->ifindex);
}

static int open_lock(struct xdp_port *p, const struct text *why)
{
	char path[96];

	if (p->lock_fd >= 0)
		return 0;
	if (mkdir(XDP_RUN_DIR, 0755) && errno != EEXIST)
		return refuse_text(why, errno == EACCES ? -EPERM : -errno,
				   "cannot make " XDP_RUN_DIR ": %s",
				   strerror(errno));
	lock_path(p, path);
	p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (p->lock_fd >= 0)
		return 0;
	return refuse_text(why, errno == EACCES ? -EPERM : -errno,
			   "cannot open %s: %s", path, strerror(errno));
}

int xdp_port_lock(struct xdp_port *p, const struct text *why)
{
	struct flock fl = { .l_type = F_WRLCK,
			    .l_whence = SEEK_SET,
			    .l_len = 1 };
	struct stat st = { .st_nlink = 0 };
	char made[128];
	int err = need_bpffs(why);

	if (err)
		return err;
	snprintf(made, sizeof(made), "%s/avtpmap", xdp_bpffs());
	if (mkdir(made, 0755) && errno != EEXIST)
		return xdp_bpf_text(why, -errno, "make a directory for pins");
	for (;;) {
		err = open_lock(p, why);
		if (err)
			return err;
		if (fcntl(p->lock_fd, F_OFD_SETLKW, &fl)) {
			if (errno == EINTR)
				continue;
			return refuse_text(why, -errno, "%s: cannot lock: %s",
					   p->ifname, strerror(errno));
		}
		/* detached meanwhile: then this file is nobody's any more */
		if (!fstat(p->lock_fd, &st) && st.st_nlink)
			return 0;
		close(p->lock_fd);
		p->lock_fd = -1;
	}
}

/* Where there is no port, no file of locks stays either. */
void xdp_port_unlock(struct xdp_port *p)
{
	char path[96];
	struct flock fl = { .l_type = F_UNLCK,
			    .l_whence = SEEK_SET,
			    .l_len = 1 };

	lock_path(p, path);
	if (access(p->dir, F_OK))
		unlink(path);
	fcntl(p->lock_fd, F_OFD_SETLK, &fl);
}

void xdp_unpin_all(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(dir);
}

/* Takes rx away first: from then on there is no port. */
void xdp_port_unpin(struct xdp_port *p)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/rx", p->dir);
	unlink(path);
	xdp_unpin_all(p->dir);
}

int xdp_each_dir(int all, xdp_port_fn *fn, void *arg, const struct text *why)
{
	unsigned long ns, here = netns();
	unsigned int ifindex;
	char path[128];
	struct dirent *e;
	int err = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/avtpmap", xdp_bpffs());
	d = opendir(path);
	if (!d)
		return errno == ENOENT ?
			       0 :
			       xdp_bpf_text(why, -errno, "list the ports");
	while (!err && (e = readdir(d))) {
		struct xdp_port p;

		if (sscanf(e->d_name, "%lu-%u", &ns, &ifindex) != 2 ||
		    (!all && ns != here))
			continue;
		xdp_port_of(&p, ns, ifindex);
		err = fn(&p, arg);
		xdp_port_close(&p);
	}
	closedir(d);
	return err;
}

struct each {
	xdp_port_fn *fn;
	void *arg;
	const struct text *why;
};

static int open_each(struct xdp_port *p, void *arg)
{
	struct each *each = arg;
	int err = xdp_port_open(p, each->why);

	if (err == -ENOENT)
		return 0;
	return err ? err : each->fn(p, each->arg);
}

int xdp_each_port(xdp_port_fn *fn, void *arg, const struct text *why)
{
	struct each each = { fn, arg, why };

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
