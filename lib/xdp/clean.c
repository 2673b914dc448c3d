// SPDX-License-Identifier: MIT
/*
 * What is left when a process was killed, an interface went, or a network
 * namespace is no more: repaired by whoever takes the lock next. See DESIGN.md.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "xdp.h"

/*
 * Of an interface that is not here any more, of a port that is half there, or one
 * that is being detached. With the port locked.
 */
static void bury_locked(struct xdp_port *p)
{
	const struct text none = { NULL, 0 };

	p->away = !xdp_port_is_here(p);
	if (p->table) {
		env_store_release(&p->table->closing, 1);
		for (__u32 i = 0; i < XDP_STREAMS; i++)
			if (p->table->stream[i].ms ||
			    p->table->stream[i].stream_id)
				xdp_stream_destroy(p, i);
		if (!p->away)
			xdp_detach(p, &none);
		else
			xdp_dispatchers_clean(p);
	}
	xdp_port_unpin(p);
}

void xdp_port_bury(struct xdp_port *p)
{
	if (xdp_port_lock_this(p, 0))
		return; /* somebody else did */
	bury_locked(p);
	xdp_port_unlock(p);
}

/* With what of it is on its interface, which is here. */
static int bury_here(struct xdp_port *p, const struct text *why)
{
	bury_locked(p);
	xdp_port_close_objects(p);
	return xdp_remove_orphan(p, why);
}

int xdp_port_repair(struct xdp_port *p, const struct text *why)
{
	if (!p->table || p->table->closing || xdp_port_is_gone(p)) {
		int err = bury_here(p, why);

		return err ? err : -ENOENT;
	}
	xdp_readers_clean(p);
	xdp_streams_clean(p);
	return 0;
}

/* Who attached it was killed when the program was on, and not yet pinned. */
static int is_half(const struct xdp_port *p)
{
	int fd = xdp_get_at(p->dir_fd, "rx");

	if (fd >= 0)
		close(fd);
	return fd == -ENOENT && xdp_port_is_here(p);
}

/* Whoever has the lock is at it, or it lives. */
static int clean_dead(struct xdp_port *p, void *arg)
{
	const struct text none = { NULL, 0 };
	int err;

	(void)arg;
	p->dir_fd = xdp_dir_port(p->name, 0, &none);
	if (p->dir_fd < 0)
		return 0;
	p->anchor_fd = xdp_get_at(p->dir_fd, "anchor");
	if (p->anchor_fd >= 0 && !xdp_port_is_gone(p) && !is_half(p))
		return 0;
	if (xdp_port_lock_this(p, LOCK_NB))
		return 0;
	xdp_port_close_objects(p);
	err = xdp_port_open(p, &none);
	if (err == -ENOENT && xdp_port_is_here(p))
		bury_here(p, &none);
	else if (err == -ENOENT || (!err && xdp_port_is_gone(p)))
		bury_locked(p);
	xdp_port_unlock(p);
	return 0;
}

void xdp_clean_dead(void)
{
	const struct text none = { NULL, 0 };

	xdp_each_dir(1, clean_dead, NULL, &none);
}

/* An interface may have left the dead elsewhere, and have come here since. */
int xdp_port_begin(struct xdp_port *p, const struct text *why)
{
	int err;

	xdp_clean_dead();
	err = xdp_port_open(p, why);
	return err && err != -ENOENT ? err : xdp_port_repair(p, why);
}

/* ---- all of it ---- */

static int clean_port(struct xdp_port *p, const struct text *why)
{
	int err = xdp_port_lock(p, why);

	if (err)
		return err;
	err = xdp_port_begin(p, why);
	xdp_port_unlock(p);
	/* none, by now; or it lives, but elsewhere */
	return err == -ENOENT || err == -EBUSY ? 0 : err;
}

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

		xdp_port_by_index(&p, i->if_index);
		if (p.netns && xdp_is_orphan(&p))
			err = clean_port(&p, why);
		xdp_port_close(&p);
	}
	if_freenameindex(all);
	return err;
}

int xdp_clean(void *priv, const struct text *why)
{
	int err = xdp_each_dir(0, clean_here, (void *)why, why);

	(void)priv;
	xdp_clean_dead();
	return err ? err : clean_interfaces(why);
}
