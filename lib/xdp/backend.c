// SPDX-License-Identifier: MIT
/* The XDP backend: whether it can be used, and what changes a port. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../plan.h"
#include "xdp.h"

enum { MEM_CAP_BYTES = 256 << 20 };

/* ---- probe ---- */

static int unprivileged_text(const struct text *why)
{
	return refuse_text(why, -EPERM,
			   "XDP needs CAP_BPF and CAP_NET_ADMIN (run as root)");
}

/* The same call that attach begins with. */
static int can_load(const struct text *why)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "avtpmap_probe", 4, 8, 1,
				NULL);
	int err = fd < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	switch (err) {
	case 0:
		return 0;
	case -EPERM:
		return unprivileged_text(why);
	default:
		return refuse_text(
			why, -EOPNOTSUPP,
			"this kernel has no BPF (CONFIG_BPF_SYSCALL)");
	}
}

static int probe(const char *ifname, int asked, const struct text *why)
{
	const char *mode;
	struct xdp_port p;
	int alone = 0, err;

	if (!ifname) {
		err = can_load(why);
		return err ? err :
			     refuse_text(why, 0, "BPF programs can be loaded");
	}
	err = xdp_port_name(&p, ifname, why);
	if (err)
		return err;
	err = xdp_port_open(&p, why);
	if (!err && xdp_port_is_gone(&p))
		err = -ENOENT; /* of an interface that had its number */
	if (err == -ENOENT || err == -EPERM || err == -EACCES) {
		xdp_port_close(&p);
		err = can_load(why);
		if (!err) {
			xdp_clean_dead(); /* what it left is in no one's way */
			err = xdp_could_attach(&p, asked, why);
		}
		return err;
	}
	mode = err ? NULL : xdp_attached(&p, &alone);
	/* the port is ours all the same: who opens it hears why it cannot be */
	if (!err && !mode)
		xdp_off_text(&p, why);
	else if (err == -EPROTONOSUPPORT)
		err = 0;
	xdp_port_close(&p);
	if (err || !mode)
		return err;
	return refuse_text(why, 0, "XDP program attached to %s, %s, %s", ifname,
			   mode, alone ? "alone" : "by libxdp's dispatcher");
}

/* ---- ports ---- */

static int ctl_open(void **priv, const struct text *why)
{
	*priv = NULL;
	return can_load(why);
}

static void ctl_close(void *priv)
{
	(void)priv;
}

static int make_port(struct xdp_port *p, __u32 set, const struct text *why)
{
	const struct text none = { NULL, 0 };
	int err;

	err = xdp_attach_new(p, set, why);
	if (err)
		goto nothing;
	p->table->mem_cap = MEM_CAP_BYTES;
	err = xdp_pin(p, why);
	if (!err)
		return 0;
nothing:
	if (p->rx_fd >= 0)
		xdp_detach(p, &none);
	xdp_port_unpin(p);
	return err;
}

/* Opens a port that may be new. */
static int open_or_make(struct xdp_port *p, __u32 set, const struct text *why)
{
	int err = xdp_port_begin(p, why);

	return err == -ENOENT ? make_port(p, set, why) : err;
}

/* The mode that was asked for is the one that it is in. */
static int check_mode(const struct xdp_port *p, const char *mode, __u32 set,
		      const struct text *why)
{
	if (!(set & AVTPMAP_PORT_XDP_NATIVE && strcmp(mode, "native")) &&
	    !(set & AVTPMAP_PORT_XDP_GENERIC && strcmp(mode, "generic")))
		return 0;
	return refuse_text(why, -EBUSY,
			   "%s is attached in %s mode; for another one: "
			   "avtpmap detach %s first",
			   p->ifname, mode, p->ifname);
}

/* The program is on the interface then, in the mode that was asked for. */
static int open_attached(struct xdp_port *p, __u32 set, const struct text *why)
{
	int alone, err = open_or_make(p, set, why);
	const char *mode;

	if (err)
		return err;
	mode = xdp_attached(p, &alone);
	return mode ? check_mode(p, mode, set, why) : xdp_attach(p, set, why);
}

static int port_attach(void *priv, const char *ifname,
		       const struct avtpmap_port_opts *opts,
		       const struct text *why)
{
	struct xdp_port p;
	int err = xdp_port_name(&p, ifname, why);

	(void)priv;
	if (err)
		return err;
	if (opts->set & AVTPMAP_PORT_GID && opts->gid != AVTPMAP_NO_GROUP)
		return refuse_text(why, -EOPNOTSUPP,
				   "%s: a port of the XDP backend cannot be "
				   "given to a group: BPF needs capabilities",
				   ifname);
	err = xdp_port_lock(&p, why);
	if (!err) {
		err = open_attached(&p, opts->set, why);
		if (!err && opts->set & AVTPMAP_PORT_MEM_CAP)
			p.table->mem_cap = opts->mem_cap;
		xdp_port_unlock(&p);
	}
	xdp_port_close(&p);
	return err;
}

static int end(struct xdp_port *p, int err)
{
	xdp_port_unlock(p);
	xdp_port_close(p);
	return err;
}

static int lock_named(struct xdp_port *p, const char *ifname,
		      const struct text *why)
{
	int err = xdp_port_name(p, ifname, why);

	if (err)
		return err;
	err = xdp_port_lock(p, why);
	if (err)
		xdp_port_close(p);
	return err;
}

static int open_attached_before(struct xdp_port *p, const char *ifname,
				const struct text *why)
{
	int err = xdp_port_begin(p, why);

	if (err == -ENOENT)
		refuse_text(why, err, "%s is not attached; avtpmap attach %s",
			    ifname, ifname);
	return err;
}

/* Name, lock, open: what nearly every change of a port begins with. */
static int begin(struct xdp_port *p, const char *ifname, const struct text *why)
{
	int err = lock_named(p, ifname, why);

	if (err)
		return err;
	err = open_attached_before(p, ifname, why);
	return err ? end(p, err) : 0;
}

static int n_streams(const struct xdp_port *p)
{
	int n = 0;

	for (int i = 0; i < XDP_STREAMS; i++)
		n += !!p->table->stream[i].ms;
	return n;
}

/* @known: of this version. Who is killed meanwhile has said what he was at. */
static int detach(struct xdp_port *p, int known, const struct text *why)
{
	int err;

	if (known)
		env_store_release(&p->table->closing, 1);
	err = xdp_detach(p, why);
	if (!err)
		xdp_port_unpin(p);
	else if (known)
		env_store_release(&p->table->closing, 0);
	return err;
}

/* Of another version too, whose streams nobody here knows. */
static int port_detach(void *priv, const char *ifname, const struct text *why)
{
	struct xdp_port p;
	int err = lock_named(&p, ifname, why);

	(void)priv;
	if (err)
		return err;
	err = open_attached_before(&p, ifname, why);
	if (!err && n_streams(&p))
		err = refuse_text(why, -EBUSY,
				  "%s: in use; avtpmap drain deletes its "
				  "streams",
				  ifname);
	if (!err || err == -EPROTONOSUPPORT) {
		err = detach(&p, !err, why);
	}
	return end(&p, err);
}

/* ---- streams ---- */

/* Whoever took the program off is not contradicted in passing. */
static int open_to_add(struct xdp_port *p, const struct text *why)
{
	int alone, err = open_or_make(p, 0, why);

	if (!err && !xdp_attached(p, &alone))
		err = xdp_off_text(p, why);
	return err;
}

static int stream_add(void *priv, const char *ifname, __u64 stream_id,
		      const struct avtpmap_stream_opts *opts,
		      const struct text *why)
{
	struct avtpmap_stream_opts o = *opts;
	struct xdp_port p;
	int err = xdp_port_name(&p, ifname, why);

	(void)priv;
	if (err)
		return err;
	o.vid = plan_vid(ifname, o.vid);
	err = xdp_port_lock(&p, why);
	if (!err) {
		err = open_to_add(&p, why);
		if (!err)
			err = xdp_stream_create(&p, stream_id, &o, why);
		xdp_port_unlock(&p);
	}
	xdp_port_close(&p);
	return err;
}

static int stream_del(void *priv, const char *ifname, __u64 stream_id,
		      const struct text *why)
{
	struct xdp_port p;
	int index, err = begin(&p, ifname, why);

	(void)priv;
	if (err)
		return err;
	index = xdp_stream_find(&p, stream_id);
	if (index < 0)
		return end(&p, refuse_text(why, -ENOENT,
					   "no such stream; see avtpmap show"));
	xdp_stream_destroy(&p, index);
	xdp_readers_clean(&p);
	return end(&p, 0);
}

static int stream_set_mode(void *priv, const char *ifname, __u64 stream_id,
			   __u32 mode, const struct text *why)
{
	struct xdp_port p;
	int index, err;

	(void)priv;
	if (mode > AVTPMAP_MODE_COPY)
		return refuse_text(why, -EINVAL, "mode must be take or copy");
	err = begin(&p, ifname, why);
	if (err)
		return err;
	index = xdp_stream_find(&p, stream_id);
	if (index < 0)
		return end(&p, refuse_text(why, -ENOENT,
					   "no such stream; see avtpmap show"));
	env_store(&p.table->stream[index].mode, mode);
	return end(&p, 0);
}

static int drain_port(struct xdp_port *p, void *arg)
{
	const struct text *why = arg;
	int err = xdp_port_lock_this(p, 0);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = xdp_port_repair(p, why);
	for (int i = 0; i < XDP_STREAMS && !err; i++)
		if (p->table->stream[i].ms)
			xdp_stream_destroy(p, i);
	if (!err)
		xdp_readers_clean(p);
	xdp_port_unlock(p);
	return err == -ENOENT ? 0 : err;
}

static int drain(void *priv, const char *ifname, const struct text *why)
{
	struct xdp_port p;
	int err;

	(void)priv;
	if (!ifname)
		return xdp_each_port(drain_port, (void *)why, why);
	err = xdp_port_name(&p, ifname, why);
	if (!err)
		err = xdp_port_open(&p, why);
	if (!err)
		err = drain_port(&p, (void *)why);
	else if (err == -ENOENT)
		err = 0;
	xdp_port_close(&p);
	return err;
}

const struct backend backend_xdp = {
	.id = AVTPMAP_BACKEND_XDP,
	.name = "xdp",
	.probe = probe,
	.open = xdp_open,
	.close = xdp_close,
	.set_period = xdp_set_period,
	.wait = xdp_wait,
	.info = xdp_info,
	.group_open = xdp_group_open,
	.group_add = xdp_group_add,
	.group_set_period = xdp_group_set_period,
	.group_wait = xdp_group_wait,
	.group_info = xdp_group_info,
	.group_close = xdp_group_close,
	.ctl_open = ctl_open,
	.ctl_close = ctl_close,
	.port_attach = port_attach,
	.port_detach = port_detach,
	.port_list = xdp_port_list,
	.stream_add = stream_add,
	.stream_del = stream_del,
	.stream_set_mode = stream_set_mode,
	.stream_list = xdp_stream_list,
	.reader_list = xdp_reader_list,
	.drain = drain,
	.clean = xdp_clean,
	.monitor_open = xdp_monitor_open,
	.monitor_close = xdp_monitor_close,
	.monitor_fd = xdp_monitor_fd,
	.monitor_read = xdp_monitor_read,
};
