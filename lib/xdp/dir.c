// SPDX-License-Identifier: MIT
/*
 * Paths in the BPF file system, of which each part may be somebody else's: so each
 * is opened once, without following links, looked at, and held. See DESIGN.md.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xdp.h"

#define BPFFS_DEFAULT "/sys/fs/bpf"

enum { PATH_FD = 1 << 14 }; /* BPF_F_PATH_FD, Linux 6.5 */

static const char *bpffs(void)
{
	const char *dir = secure_getenv("AVTPMAP_BPFFS");

	return dir && *dir ? dir : BPFFS_DEFAULT;
}

int xdp_dir_open(int at, const char *name)
{
	int fd = openat(at, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Nobody but root and us can put anything into it, or take ours out. */
int xdp_dir_is_safe(int fd, int sticky_will_do)
{
	struct stat st;

	if (fstat(fd, &st) || (st.st_uid && st.st_uid != geteuid()))
		return 0;
	return !(st.st_mode & (S_IWGRP | S_IWOTH)) ||
	       (sticky_will_do && st.st_mode & S_ISVTX);
}

static int is_bpffs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* What is mounted in a namespace that "ip netns exec" made goes with it. */
static int mounts_last(void)
{
	struct stat ours, first;

	return !stat("/proc/self/ns/mnt", &ours) &&
	       !stat("/proc/1/ns/mnt", &first) && ours.st_ino == first.st_ino;
}

static int unsafe_text(const struct text *why, const char *what)
{
	return refuse_text(why, -EPERM,
			   "%s%s is not root's alone: others could lead us "
			   "astray there; remove it, or use a BPF file system "
			   "of ours: mount -t bpf -o mode=0700 bpf DIR, and "
			   "AVTPMAP_BPFFS=DIR",
			   bpffs(), what);
}

static int no_bpffs_text(const struct text *why)
{
	if (mounts_last())
		return refuse_text(why, -errno,
				   "no BPF file system on %s (%s); mount -t "
				   "bpf -o mode=0700 bpf %s",
				   bpffs(), strerror(errno), bpffs());
	return refuse_text(why, -EOPNOTSUPP,
			   "no BPF file system on %s, and one of this mount "
			   "namespace would not outlive it; for ip netns exec "
			   "NS say nsenter --net=/run/netns/NS, or set "
			   "AVTPMAP_BPFFS to one that lasts",
			   bpffs());
}

/* By way of its handle: what we looked at is what we mount on. */
static int mount_on(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!mounts_last() || !xdp_dir_is_safe(fd, 0))
		return -EPERM;
	return mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		     "mode=0700") ?
		       -errno :
		       0;
}

/* The BPF file system. -ENOENT: it is not mounted, which @make cures. */
static int open_bpffs(int make, const struct text *why)
{
	int fd = xdp_dir_open(AT_FDCWD, bpffs());

	if (fd >= 0 && !is_bpffs(fd)) {
		if (make && !mount_on(fd)) {
			close(fd);
			fd = xdp_dir_open(AT_FDCWD, bpffs());
		}
		if (fd >= 0 && !is_bpffs(fd)) {
			close(fd);
			fd = -ENOENT;
		}
	}
	if (fd == -EACCES || fd == -EMFILE || fd == -ENFILE)
		return xdp_bpf_text(why, fd == -EACCES ? -EPERM : fd,
				    "open the BPF file system");
	if (fd == -ELOOP || fd == -ENOTDIR)
		return unsafe_text(why, "");
	if (fd < 0 && make) {
		errno = -fd;
		return no_bpffs_text(why);
	}
	if (fd < 0 || xdp_dir_is_safe(fd, 1))
		return fd;
	close(fd);
	return unsafe_text(why, "");
}

/* @name in @at, of ours alone. -ENOENT: it is not there, which @make cures. */
static int open_ours(int at, const char *name, int make, const struct text *why)
{
	char what[64];
	int fd;

	if (make && mkdirat(at, name, 0700) && errno != EEXIST)
		return errno == EROFS ?
			       refuse_text(why, -EROFS,
					   "%s is mounted read-only; mount -o "
					   "remount,rw %s",
					   bpffs(), bpffs()) :
			       xdp_bpf_text(why, -errno,
					    "make a directory for pins");
	fd = xdp_dir_open(at, name);
	if (fd == -ENOENT)
		return fd;
	snprintf(what, sizeof(what), "/%s%s",
		 strcmp(name, "avtpmap") ? "avtpmap/" : "", name);
	if (fd == -ELOOP || fd == -ENOTDIR)
		return unsafe_text(why, what);
	if (fd < 0)
		return xdp_bpf_text(why, fd == -EACCES ? -EPERM : fd,
				    "open the directory of pins");
	if (xdp_dir_is_safe(fd, 0))
		return fd;
	close(fd);
	return unsafe_text(why, what);
}

int xdp_dir_root(int make, const struct text *why)
{
	int bpf = open_bpffs(make, why), fd;

	if (bpf < 0)
		return bpf;
	fd = open_ours(bpf, "avtpmap", make, why);
	close(bpf);
	return fd;
}

int xdp_dir_port(const char *name, int make, const struct text *why)
{
	int root = xdp_dir_root(make, why), fd;

	if (root < 0)
		return root;
	do
		fd = open_ours(root, name, make, why);
	while (fd == -ENOENT && make); /* removed by who had it before */
	close(root);
	return fd;
}

int xdp_dir_libxdp(void)
{
	const struct text none = { NULL, 0 };
	int bpf = open_bpffs(0, &none), fd;

	if (bpf < 0)
		return bpf;
	fd = xdp_dir_open(bpf, "xdp");
	close(bpf);
	if (fd < 0 || xdp_dir_is_safe(fd, 0))
		return fd;
	close(fd);
	return -EPERM;
}

int xdp_dir_is_linked(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_nlink;
}

/* ---- pins ---- */

/* As union bpf_attr has it; a system's headers may be older than path_fd. */
struct pin_attr {
	__u64 path;
	__u32 fd;
	__u32 flags;
	__s32 path_fd;
	__u32 resv;
};

static int pin_call(int cmd, int at, const char *name, int fd)
{
	struct pin_attr attr = { .path = (unsigned long)name,
				 .fd = fd,
				 .flags = PATH_FD,
				 .path_fd = at };
	char path[80];
	int got = syscall(__NR_bpf, cmd, &attr, sizeof(attr));

	if (got >= 0 || errno != EINVAL)
		return got < 0 ? -errno : got;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", at, name);
	got = cmd == BPF_OBJ_PIN ? bpf_obj_pin(fd, path) : bpf_obj_get(path);
	return got < 0 ? -errno : got;
}

int xdp_pin_at(int dir, const char *name, int fd)
{
	return pin_call(BPF_OBJ_PIN, dir, name, fd);
}

int xdp_get_at(int dir, const char *name)
{
	return pin_call(BPF_OBJ_GET, dir, name, 0);
}

int xdp_dir_each(int dir, xdp_name_fn *fn, void *arg)
{
	int fd = xdp_dir_open(dir, "."), err = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		err = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (e = readdir(d)))
		if (e->d_name[0] != '.')
			err = fn(dir, e->d_name, arg);
	closedir(d);
	return err;
}
