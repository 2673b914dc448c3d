// SPDX-License-Identifier: MIT
/*
 * What is left when a process was killed, an interface went, or a network
 * namespace is no more: found by the next attach, or by "avtpmap doctor --clean".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xdp.h"

/* Of an interface that is not here any more. With the port locked. */
static void bury_locked(struct xdp_port *p)
{
	p->ifname[0] = '\0'; /* by now another's */
	for (__u32 i = 0; i < XDP_STREAMS && p->table; i++)
		if (p->table->stream[i].ms)
			xdp_stream_destroy(p, i);
	xdp_dispatchers_clean(p);
	xdp_port_unpin(p);
}

void xdp_port_bury(struct xdp_port *p)
{
	const struct text none = { NULL, 0 };

	if (xdp_port_lock(p, &none))
		return;
	bury_locked(p);
	xdp_port_unlock(p);
}

static int clean_port(struct xdp_port *p, const struct text *why)
{
	int here = !xdp_port_is_gone(p);
	int err = xdp_port_lock(p, why);

	if (err)
		return err;
	err = xdp_port_open(p, why);
	if (!err && here) {
		xdp_readers_clean(p);
		xdp_streams_clean(p);
	} else if (!here || err == -ENOENT) {
		bury_locked(p); /* or it is only half there */
		err = 0;
	}
	xdp_port_unlock(p);
	return err;
}

/* ---- network namespaces ---- */

/* "net:[4026531840]" */
static int names(const char *text, unsigned long ns)
{
	const char *at = strstr(text, "net:[");

	return at && strtoul(at + 5, NULL, 10) == ns;
}

static int link_names(const char *path, unsigned long ns)
{
	char text[64];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0)
		return 0;
	text[n] = '\0';
	return names(text, ns);
}

/* For want of a descriptor or memory nobody could look. */
static int may_be(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
}

/* One of the links in @dir, below @sub of each, is to the namespace. */
static int any_link(const char *dir, const char *sub, unsigned long ns)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[512];
	int found = !d && may_be();

	while (d && !found && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", dir, e->d_name, sub);
		found = link_names(path, ns);
	}
	if (d)
		closedir(d);
	return found;
}

/* As by "ip netns add". */
static int any_mount(const char *pid, unsigned long ns)
{
	char path[300], line[1024];
	int found;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
	f = fopen(path, "re");
	found = !f && may_be();
	while (f && !found && fgets(line, sizeof(line), f))
		found = names(line, ns);
	if (f)
		fclose(f);
	return found;
}

/* In a container with a process namespace of its own one sees but few. */
static int sees_all(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == 0xeffffffc;
}

/* Somebody is in it, has it open, or has it mounted. */
static int netns_is_alive(unsigned long ns)
{
	DIR *d = sees_all() ? opendir("/proc") : NULL;
	struct dirent *e;
	char path[300];
	int alive = !d; /* not to be known */

	while (d && !alive && (e = readdir(d))) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task", e->d_name);
		alive = any_link(path, "/ns/net", ns);
		snprintf(path, sizeof(path), "/proc/%s/fd", e->d_name);
		alive = alive || any_link(path, "", ns) ||
			any_mount(e->d_name, ns);
	}
	if (d)
		closedir(d);
	return alive;
}

/* Not of a port that is alive: its lock may be held by who waits for ours. */
static int clean_dead(struct xdp_port *p, void *arg)
{
	const struct text none = { NULL, 0 };
	struct xdp_port here;

	(void)arg;
	xdp_port_by_index(&here, 0);
	if (p->netns != here.netns) {
		if (!netns_is_alive(p->netns))
			xdp_port_bury(p);
	} else if (xdp_port_is_gone(p)) {
		clean_port(p, &none);
	}
	return 0;
}

void xdp_clean_dead(void)
{
	const struct text none = { NULL, 0 };

	xdp_each_dir(1, clean_dead, NULL, &none);
}

/* ---- all of it ---- */

static int clean_here(struct xdp_port *p, void *arg)
{
	return clean_port(p, arg);
}

/* A program whose pins are gone serves nobody. */
static int clean_interfaces(const struct text *why)
{
	struct if_nameindex *all = if_nameindex();
	int err = 0;

	for (struct if_nameindex *i = all; i && i->if_index && !err; i++) {
		struct xdp_port p;
		char rx[128];

		xdp_port_by_index(&p, i->if_index);
		snprintf(rx, sizeof(rx), "%s/rx", p.dir);
		if (!access(rx, F_OK) || !xdp_has_orphan(&p))
			continue;
		err = xdp_port_lock(&p, why);
		if (!err) {
			xdp_remove_orphan(&p);
			xdp_port_unlock(&p);
		}
		xdp_port_close(&p);
	}
	if_freenameindex(all);
	return err;
}

/* Files of locks, of ports that are no more and that nobody holds. */
static void clean_locks(void)
{
	DIR *d = opendir(XDP_RUN_DIR);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct flock fl = { .l_type = F_WRLCK };
		unsigned long ns;
		struct xdp_port p;
		unsigned int i;
		int fd;

		if (sscanf(e->d_name, "%lu-%u", &ns, &i) != 2)
			continue;
		xdp_port_of(&p, ns, i);
		fd = openat(dirfd(d), e->d_name, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!fcntl(fd, F_OFD_SETLK, &fl) && access(p.dir, F_OK))
			unlinkat(dirfd(d), e->d_name, 0);
		close(fd);
	}
	if (d)
		closedir(d);
}

int xdp_clean(void *priv, const struct text *why)
{
	int err = xdp_each_dir(0, clean_here, (void *)why, why);

	(void)priv;
	if (!err)
		err = clean_interfaces(why);
	xdp_clean_dead();
	clean_locks();
	return err;
}
