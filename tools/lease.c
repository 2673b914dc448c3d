// SPDX-License-Identifier: MIT
#include "lease.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Root's listeners know of each other, and each user's own. */
static bool path_of(char *path, size_t bytes, const char *name)
{
	const char *run = geteuid() ? getenv("XDG_RUNTIME_DIR") : "/run";

	if (!run || !*run)
		return false;
	snprintf(path, bytes, "%s/avtpmap", run);
	mkdir(path, 0755);
	snprintf(path, bytes, "%s/avtpmap/leases", run);
	mkdir(path, 0755);
	return snprintf(path, bytes, "%s/avtpmap/leases/%s", run, name) <
	       (int)bytes;
}

static int open_file(const char *name, int flags)
{
	char path[PATH_MAX];

	if (!path_of(path, sizeof(path), name))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC | flags, 0644);
}

static void remove_file(const char *name)
{
	char path[PATH_MAX];

	if (path_of(path, sizeof(path), name))
		unlink(path);
}

/* Interfaces are numbered in each network namespace. */
static const char *file_of(char buf[64], uint32_t ifindex, const uint64_t *id)
{
	struct stat st = { 0 };
	int n;

	if (stat("/proc/self/ns/net", &st))
		st.st_ino = 0;
	n = snprintf(buf, 64, "%lu-%u-", (unsigned long)st.st_ino, ifindex);
	if (id)
		snprintf(buf + n, 64 - n, "%016" PRIx64, *id);
	else
		snprintf(buf + n, 64 - n, "port");
	return buf;
}

static int lock(void)
{
	int fd = open_file("lock", O_CREAT);

	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int count_port(const struct avtpmap_port_info *p, void *arg)
{
	*(int *)arg += p->attached;
	return 0;
}

static int add(struct lease *l, struct avtpmap_ctl *ctl, const char *ifname,
	       uint64_t stream_id, const struct avtpmap_stream_opts *how)
{
	int before = 0, after = 0, err;

	avtpmap_port_list(ctl, count_port, &before);
	err = avtpmap_stream_add(ctl, ifname, stream_id, how);
	if (err)
		return err;
	avtpmap_port_list(ctl, count_port, &after);
	l->stream_id = stream_id;
	l->stream_made = true;
	l->port_made = after > before;
	return 0;
}

/* One that was not made here has a file only if it is to go. */
static int hold(uint32_t ifindex, const uint64_t *id, bool made)
{
	char name[64];
	int fd = open_file(file_of(name, ifindex, id), made ? O_CREAT : 0);

	if (fd >= 0)
		flock(fd, LOCK_SH);
	return fd;
}

static void take(struct lease *l, const struct avtpmap_ring_hdr *hdr)
{
	l->ifindex = hdr->ifindex;
	l->backend = hdr->backend;
	l->stream_id = be64toh(hdr->stream_id);
	if (l->backend == AVTPMAP_BACKEND_PACKET)
		return;
	l->stream_fd = hold(l->ifindex, &l->stream_id, l->stream_made);
	l->port_fd = hold(l->ifindex, NULL, l->port_made);
}

/* What was added and cannot be opened goes. */
static int add_and_open(struct lease *l, struct avtpmap_stream **s,
			const struct avtpmap_open_opts *opts,
			const struct avtpmap_stream_opts *how)
{
	struct avtpmap_ctl *ctl;
	int err = avtpmap_ctl_open(
		&ctl,
		AVTPMAP_OPTS(avtpmap_ctl_opts, .ifname = opts->ifname,
			     .backend = opts->backend, .error = opts->error,
			     .error_bytes = opts->error_bytes));

	if (err)
		return err;
	err = add(l, ctl, opts->ifname, opts->stream_id, how);
	if (err && err != -EEXIST) {
		snprintf(opts->error, opts->error_bytes, "%s",
			 avtpmap_ctl_error(ctl));
	} else {
		err = avtpmap_open(s, opts);
		if (err && l->stream_made)
			avtpmap_stream_del(ctl, opts->ifname, opts->stream_id);
		if (err && l->port_made)
			avtpmap_port_detach(ctl, opts->ifname);
	}
	avtpmap_ctl_close(ctl);
	return err;
}

int lease_open(struct lease *l, struct avtpmap_stream **s,
	       const struct avtpmap_open_opts *opts,
	       const struct avtpmap_stream_opts *how)
{
	int lock_fd, err;

	*l = (struct lease){ .stream_fd = -1, .port_fd = -1 };
	lock_fd = lock();
	err = avtpmap_open(s, opts);
	if (err == -ENOENT)
		err = add_and_open(l, s, opts, how);
	if (!err)
		take(l, avtpmap_header(*s));
	drop(&lock_fd);
	return err;
}

struct readers {
	uint64_t stream_id;
	uint32_t n;
};

static int count_readers(const struct avtpmap_stream_info *s, void *arg)
{
	struct readers *r = arg;

	if (s->stream_id == r->stream_id)
		r->n = s->readers;
	return 0;
}

static void end_stream(const struct lease *l, struct avtpmap_ctl *ctl,
		       const char *ifname)
{
	struct readers r = { .stream_id = l->stream_id };
	char id[AVTPMAP_STREAM_ID_TEXT];

	avtpmap_stream_list(ctl, ifname, count_readers, &r);
	avtpmap_stream_id_to_text(id, l->stream_id);
	if (r.n)
		fprintf(stderr,
			"%s: stream %s stays, as others read it; avtpmap del "
			"%s %s\n",
			program_invocation_short_name, id, ifname, id);
	else
		avtpmap_stream_del(ctl, ifname, l->stream_id);
}

/*
 * Nobody else holds it, nor has taken the file away to keep it; without files
 * nobody can.
 */
static bool is_last(int fd, bool made)
{
	struct stat st;

	if (fd < 0)
		return made;
	return !fstat(fd, &st) && st.st_nlink && !flock(fd, LOCK_EX | LOCK_NB);
}

void lease_end(struct lease *l)
{
	char name[64], ifname[IF_NAMESIZE];
	struct avtpmap_ctl *ctl = NULL;
	bool stream, port, there;
	int lock_fd;

	if (!l->backend)
		return;
	lock_fd = lock();
	stream = is_last(l->stream_fd, l->stream_made);
	port = is_last(l->port_fd, l->port_made);
	there = if_indextoname(l->ifindex, ifname);
	if (there && (stream || port))
		avtpmap_ctl_open(&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
						    .backend = l->backend));
	if (ctl && stream)
		end_stream(l, ctl, ifname);
	if (ctl && port)
		avtpmap_port_detach(ctl, ifname);
	avtpmap_ctl_close(ctl);
	if (stream && l->stream_fd >= 0)
		remove_file(file_of(name, l->ifindex, &l->stream_id));
	if (port && l->port_fd >= 0)
		remove_file(file_of(name, l->ifindex, NULL));
	drop(&l->stream_fd);
	drop(&l->port_fd);
	drop(&lock_fd);
	l->backend = 0;
}

void lease_keep(const char *ifname, const uint64_t *stream_id)
{
	uint32_t ifindex = if_nametoindex(ifname);
	const char *dot = strrchr(ifname, '.');
	char name[64], base[IF_NAMESIZE];
	int lock_fd;

	if (!ifindex && dot) { /* VLAN 2 of eth0 */
		snprintf(base, sizeof(base), "%.*s", (int)(dot - ifname),
			 ifname);
		ifindex = if_nametoindex(base);
	}
	lock_fd = lock();
	remove_file(file_of(name, ifindex, NULL));
	if (stream_id)
		remove_file(file_of(name, ifindex, stream_id));
	drop(&lock_fd);
}
