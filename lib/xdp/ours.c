// SPDX-License-Identifier: MIT
/*
 * Whose the program on an interface is: asked of the kernel's objects, not of
 * files, of which each mount namespace may have others.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "xdp.h"

enum { MAPS_MAX = 32 };

struct bpf_prog_info xdp_prog_info(int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	return info;
}

int xdp_on_interface(__u32 ifindex, __u8 *mode, __u32 *id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);
	int err = bpf_xdp_query(ifindex, 0, &q);

	*mode = err ? 0 : q.attach_mode;
	*id = err ? 0 : q.prog_id;
	return err;
}

int xdp_may_be(int err)
{
	return err == -EPERM || err == -EMFILE || err == -ENFILE ||
	       err == -ENOMEM;
}

/* Where nobody can look it is, as far as we know. */
int xdp_in_dispatcher(__u32 ifindex, __u32 id)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *prog = NULL;
	int found = 0, err = libxdp_get_error(mp);

	if (err)
		return xdp_may_be(err);
	if (!xdp_multiprog__is_legacy(mp))
		while (!found && (prog = xdp_multiprog__next_prog(prog, mp)))
			found = xdp_program__id(prog) == id;
	xdp_multiprog__close(mp);
	return found;
}

int xdp_is_on_interface(const struct xdp_port *p)
{
	int alone;
	const char *mode = xdp_attached(p, &alone);

	return mode && mode != xdp_unavailable;
}

/* ---- programs of ours, by their maps ---- */

/* Of @name, which works on the map of that id, or on any if @map is 0. */
struct sought {
	const char *name;
	__u32 map;
	__u32 maps[MAPS_MAX];
	__u32 n_maps;
};

static int matches(__u32 prog_id, struct sought *s)
{
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MAX,
				      .map_ids = (unsigned long)s->maps };
	int fd = bpf_prog_get_fd_by_id(prog_id);
	__u32 len = sizeof(info);
	int found = 0;

	if (fd < 0)
		return 0;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) &&
	    !strcmp(info.name, s->name)) {
		s->n_maps = info.nr_map_ids < MAPS_MAX ? info.nr_map_ids :
							 MAPS_MAX;
		found = !s->map;
		for (__u32 i = 0; i < s->n_maps; i++)
			found |= s->maps[i] == s->map;
	}
	close(fd);
	return found;
}

/**
 * struct found - a program of ours on an interface
 * @prog_id: its id
 * @alone: not in a dispatcher
 * @mode: XDP_ATTACHED_*
 * @table_id: of its table; 0: another version's
 * @table: mapped, or NULL
 */
struct found {
	__u32 prog_id;
	int alone;
	__u8 mode;
	__u32 table_id;
	struct xdp_table *table;
};

static void find_table(struct found *f, const struct sought *s)
{
	for (__u32 i = 0; i < s->n_maps && !f->table; i++) {
		int fd = bpf_map_get_fd_by_id(s->maps[i]);
		struct bpf_map_info info = { 0 };
		__u32 len = sizeof(info);
		void *m;

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) &&
		    !strcmp(info.name, "table") &&
		    info.value_size == sizeof(struct xdp_table)) {
			m = mmap(NULL, sizeof(struct xdp_table),
				 PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
			f->table = m == MAP_FAILED ? NULL : m;
			f->table_id = info.id;
		}
		if (fd >= 0)
			close(fd);
	}
	if (!f->table || f->table->layout == XDP_LAYOUT)
		return;
	munmap(f->table, sizeof(*f->table));
	f->table = NULL;
	f->table_id = 0;
}

static __u32 find_in_dispatcher(__u32 ifindex, struct sought *s)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *prog = NULL;
	__u32 id = 0;

	if (libxdp_get_error(mp))
		return 0;
	if (!xdp_multiprog__is_legacy(mp))
		while (!id && (prog = xdp_multiprog__next_prog(prog, mp)))
			if (matches(xdp_program__id(prog), s))
				id = xdp_program__id(prog);
	xdp_multiprog__close(mp);
	return id;
}

/* Returns whether there is one. @f->table is to be unmapped then. */
static int find(__u32 ifindex, struct found *f)
{
	struct sought s = { .name = "avtpmap_rx" };

	*f = (struct found){ 0 };
	xdp_on_interface(ifindex, &f->mode, &f->prog_id);
	if (!f->prog_id)
		return 0;
	f->alone = matches(f->prog_id, &s);
	if (!f->alone) {
		xdp_hush();
		f->prog_id = find_in_dispatcher(ifindex, &s);
		xdp_unhush();
	}
	if (f->prog_id)
		find_table(f, &s);
	return f->prog_id != 0;
}

/* Of another version it does, as nobody here could tell. */
static int lives(const struct found *f)
{
	struct sought s = { .name = "avtpmap_tick", .map = f->table_id };
	__u32 id = 0;

	if (!f->table)
		return 1;
	if (env_load(&f->table->closing))
		return 0;
	while (!bpf_prog_get_next_id(id, &id))
		if (matches(id, &s))
			return 1;
	return 0;
}

static void found_free(struct found *f)
{
	if (f->table)
		munmap(f->table, sizeof(*f->table));
}

/* ---- orphans ---- */

/* What its streams did to the interface. */
static void undo(const struct xdp_port *p, const struct found *f)
{
	struct xdp_port theirs;

	xdp_port_of(&theirs, p->netns, p->ifindex);
	theirs.table = f->table;
	for (int i = 0; i < XDP_STREAMS; i++)
		xdp_filters_del(&theirs, &f->table->stream[i]);
	xdp_allmulti_drop(&theirs);
}

static void take_off(const struct xdp_port *p, const struct found *f)
{
	int fd = bpf_prog_get_fd_by_id(f->prog_id);

	xdp_hush();
	if (fd >= 0)
		xdp_detach_fd(p->ifindex, fd, f->alone, f->mode);
	xdp_unhush();
	if (fd >= 0)
		close(fd);
}

int xdp_is_orphan(const struct xdp_port *p)
{
	struct found f;
	int is = find(p->ifindex, &f) && !lives(&f);

	found_free(&f);
	return is;
}

int xdp_has_room(const struct xdp_port *p)
{
	struct found f;
	int room = !find(p->ifindex, &f) || !lives(&f);

	found_free(&f);
	return room;
}

int xdp_remove_orphan(struct xdp_port *p, const struct text *why)
{
	struct found f;
	int err = 0;

	if (!find(p->ifindex, &f))
		return 0;
	if (lives(&f)) {
		err = xdp_elsewhere_text(p, why);
	} else {
		undo(p, &f);
		take_off(p, &f);
	}
	found_free(&f);
	return err;
}

/* ---- what libxdp has pinned ---- */

struct pinned {
	__u32 id; /* of ours */
	int found;
};

static int is_prog(const char *name, const char *what)
{
	unsigned int n;
	int at = 0;

	return sscanf(name, "prog%u-%n", &n, &at) == 1 && at &&
	       !strcmp(name + at, what);
}

static int look_at_pin(int dir, const char *name, void *arg)
{
	struct pinned *pinned = arg;
	int fd = is_prog(name, "prog") ? xdp_get_at(dir, name) : -1;

	if (fd < 0)
		return 0;
	pinned->found |= xdp_prog_info(fd).id == pinned->id;
	close(fd);
	return 0;
}

static int unpin(int dir, const char *name, void *arg)
{
	(void)arg;
	if (is_prog(name, "prog") || is_prog(name, "link"))
		unlinkat(dir, name, 0);
	return 0;
}

struct dispatchers {
	__u32 ifindex;
	__u32 id;
};

static int look_at_dispatcher(int root, const char *name, void *arg)
{
	const struct dispatchers *d = arg;
	struct pinned pinned = { .id = d->id };
	unsigned int ifindex, id;
	int dir;

	if (sscanf(name, "dispatch-%u-%u", &ifindex, &id) != 2 ||
	    ifindex != d->ifindex)
		return 0;
	dir = xdp_dir_open(root, name);
	if (dir < 0)
		return 0;
	if (xdp_dir_is_safe(dir, 0))
		xdp_dir_each(dir, look_at_pin, &pinned);
	if (pinned.found) {
		xdp_dir_each(dir, unpin, NULL);
		unlinkat(root, name, AT_REMOVEDIR);
	}
	close(dir);
	return 0;
}

void xdp_dispatchers_clean(const struct xdp_port *p)
{
	struct dispatchers d = { p->ifindex,
				 p->rx_fd < 0 ? 0 :
						xdp_prog_info(p->rx_fd).id };
	int dir = d.id ? xdp_dir_libxdp() : -1;

	if (dir < 0)
		return;
	xdp_dir_each(dir, look_at_dispatcher, &d);
	close(dir);
}
