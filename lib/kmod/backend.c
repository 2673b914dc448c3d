// SPDX-License-Identifier: MIT
/* The kernel module as a backend: what goes through /dev/avtpmap. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../internal.h"
#include "kmod.h"

static int device_text(const struct text *why, int err)
{
	switch (err) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return refuse_text(why, -ENOPKG,
				   "module avtpmap is not loaded; "
				   "modprobe avtpmap");
	case -EACCES:
	case -EPERM:
		return refuse_text(why, -EACCES,
				   "permission denied for " AVTPMAP_DEVICE
				   ": run as root or as a member of its group "
				   "(ls -l " AVTPMAP_DEVICE ")");
	case -EUSERS:
		return refuse_text(why, err,
				   "this user has %u handles open, which is "
				   "the most; close some",
				   AVTPMAP_HANDLES_MAX);
	default:
		return refuse_text(why, err,
				   "cannot open " AVTPMAP_DEVICE ": %s",
				   strerror(-err));
	}
}

struct hooked {
	__u32 ifindex;
	int yes;
};

static int look(const struct avtpmap_port_info *port, void *arg)
{
	struct hooked *h = arg;

	if (port->ifindex == h->ifindex)
		h->yes = port->hooked || port->attached;
	return 0;
}

/* Whether the module can see the frames of a netdev; yes if it does not tell. */
static int is_hooked(const char *ifname)
{
	const struct text none = { NULL, 0 };
	struct hooked h = { 0 };
	void *priv;
	int err;

	if (port_of_name(ifname, &h.ifindex) || kmod_ctl_open(&priv, &none))
		return 1;
	err = kmod_port_list(priv, look, &h, &none);
	kmod_ctl_close(priv);
	return err || h.yes;
}

static int probe(const char *ifname, int asked, const struct text *why)
{
	(void)asked;
	if (access("/sys/module/avtpmap", F_OK) && access(AVTPMAP_DEVICE, F_OK))
		return device_text(why, -ENOENT);
	if (ifname && !is_hooked(ifname))
		return refuse_text(
			why, -EOPNOTSUPP,
			"module avtpmap is loaded, but the driver of "
			"%s has no hook; see avtpmap doctor",
			ifname);
	return refuse_text(why, 0, "module avtpmap is loaded");
}

static int bind_text(const struct text *why, int err, const char *ifname,
		     __u64 stream_id)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	avtpmap_stream_id_to_text(id, stream_id);
	switch (err) {
	case -ENOENT:
		return refuse_text(why, err,
				   "%s: no stream %s; avtpmap add %s %s",
				   ifname, id, ifname, id);
	case -EACCES:
	case -EPERM:
		return refuse_text(why, -EACCES,
				   "%s: permission denied: run as root or as "
				   "a member of the port's group "
				   "(avtpmap attach %s --group audio)",
				   ifname, ifname);
	case -EUSERS:
		return refuse_text(why, err,
				   "%s: stream %s has %u readers, which is "
				   "the most, or you have half of what others "
				   "leave; avtpmap show",
				   ifname, id, AVTPMAP_READERS_MAX);
	case -EDQUOT:
		return refuse_text(why, err,
				   "%s: you keep rings of deleted streams, as "
				   "many as the port may have; close them",
				   ifname);
	case -EPROTONOSUPPORT:
		return refuse_text(why, err,
				   "module avtpmap and libavtpmap %s have "
				   "different ABI versions; install the same "
				   "version of both",
				   avtpmap_version());
	default:
		return refuse_text(why, err, "%s: cannot read stream %s: %s",
				   ifname, id, strerror(-err));
	}
}

/* Descriptor bound and both areas mapped, or nothing. */
static int map_ring(struct avtpmap_stream *s, const struct avtpmap_bind *bind,
		    const struct text *why)
{
	void *ring, *page;
	int err;

	ring = mmap(NULL, bind->ring_bytes, PROT_READ,
		    MAP_SHARED | MAP_POPULATE, s->fd, AVTPMAP_MMAP_RING);
	if (ring == MAP_FAILED)
		return refuse_text(why, -errno, "cannot map the ring: %s",
				   strerror(errno));
	page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, s->fd, AVTPMAP_MMAP_READER);
	if (page == MAP_FAILED) {
		err = refuse_text(why, -errno, "cannot map the reader page: %s",
				  strerror(errno));
		goto unmap_ring;
	}
	err = stream_set_ring(s, ring, bind->ring_bytes, page, bind->head,
			      bind->media_pos, why);
	if (!err)
		return 0;
	munmap(page, sysconf(_SC_PAGESIZE));
unmap_ring:
	munmap(ring, bind->ring_bytes);
	return err;
}

static int kmod_open(struct avtpmap_stream *s,
		     const struct avtpmap_open_opts *opts,
		     const struct text *why)
{
	struct avtpmap_bind bind = {
		.abi = AVTPMAP_ABI,
		.stream_id = htobe64(opts->stream_id),
		.kind = opts->kind,
	};
	int err = port_of_name_text(opts->ifname, &bind.ifindex, why);

	if (err)
		return err;
	s->fd = open(AVTPMAP_DEVICE, O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		return device_text(why, -errno);
	if (ioctl(s->fd, AVTPMAP_IOC_BIND, &bind))
		err = bind_text(why, -errno, opts->ifname, opts->stream_id);
	else
		err = map_ring(s, &bind, why);
	if (err) {
		close(s->fd);
		s->fd = -1;
	}
	return err;
}

static void kmod_close(struct avtpmap_stream *s)
{
	munmap(s->ring.reader, sysconf(_SC_PAGESIZE));
	munmap((void *)s->ring.hdr, s->ring_bytes);
	close(s->fd);
}

/* A stream's descriptor and a group's are asked the same things. */
static int set_period(int fd, const struct avtpmap_period *period)
{
	return ioctl(fd, AVTPMAP_IOC_PERIOD, period) ? -errno : 0;
}

static int wait_on(int fd, struct avtpmap_wait *wait)
{
	return ioctl(fd, AVTPMAP_IOC_WAIT, wait) ? -errno : 0;
}

static int info_of(int fd, struct avtpmap_reader_info *info)
{
	return ioctl(fd, AVTPMAP_IOC_INFO, info) ? -errno : 0;
}

static int kmod_set_period(struct avtpmap_stream *s,
			   const struct avtpmap_period *period)
{
	return set_period(s->fd, period);
}

static int kmod_wait(struct avtpmap_stream *s, struct avtpmap_wait *wait)
{
	return wait_on(s->fd, wait);
}

static int kmod_info(struct avtpmap_stream *s, struct avtpmap_reader_info *info)
{
	return info_of(s->fd, info);
}

static int kmod_group_open(struct avtpmap_group *g)
{
	g->fd = open(AVTPMAP_DEVICE, O_RDWR | O_CLOEXEC);
	return g->fd < 0 ? -errno : 0;
}

static int kmod_group_add(struct avtpmap_group *g, struct avtpmap_stream *s)
{
	struct avtpmap_group_member member = { .fd = s->fd };

	return ioctl(g->fd, AVTPMAP_IOC_GROUP_ADD, &member) ? -errno : 0;
}

static int kmod_group_set_period(struct avtpmap_group *g,
				 const struct avtpmap_period *period)
{
	return set_period(g->fd, period);
}

static int kmod_group_wait(struct avtpmap_group *g, struct avtpmap_wait *wait)
{
	return wait_on(g->fd, wait);
}

static int kmod_group_info(struct avtpmap_group *g,
			   struct avtpmap_reader_info *info)
{
	return info_of(g->fd, info);
}

static void kmod_group_close(struct avtpmap_group *g)
{
	close(g->fd);
}

const struct backend backend_kmod = {
	.id = AVTPMAP_BACKEND_KMOD,
	.name = "kmod",
	.probe = probe,
	.open = kmod_open,
	.close = kmod_close,
	.set_period = kmod_set_period,
	.wait = kmod_wait,
	.info = kmod_info,
	.group_open = kmod_group_open,
	.group_add = kmod_group_add,
	.group_set_period = kmod_group_set_period,
	.group_wait = kmod_group_wait,
	.group_info = kmod_group_info,
	.group_close = kmod_group_close,
	.ctl_open = kmod_ctl_open,
	.ctl_close = kmod_ctl_close,
	.port_attach = kmod_port_attach,
	.port_detach = kmod_port_detach,
	.port_list = kmod_port_list,
	.stream_add = kmod_stream_add,
	.stream_del = kmod_stream_del,
	.stream_set_mode = kmod_stream_set_mode,
	.stream_list = kmod_stream_list,
	.reader_list = kmod_reader_list,
	.drain = kmod_drain,
	.monitor_open = kmod_monitor_open,
	.monitor_close = kmod_monitor_close,
	.monitor_fd = kmod_monitor_fd,
	.monitor_read = kmod_monitor_read,
};
