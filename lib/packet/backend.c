// SPDX-License-Identifier: MIT
/* The packet backend: this process's ports, and what changes them. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "group.h"

/* Protects: ports, registry_pid
 * Ordering: outside every port's lock
 */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct packet_port *ports;
static pid_t registry_pid;

/* A forked child has the ports' memory, but not their threads. */
static void forget_parent(void)
{
	if (registry_pid == getpid())
		return;
	ports = NULL;
	registry_pid = getpid();
}

/*
 * Ports whose interface went: with registry_lock held. Whoever had found one may
 * have added a stream since.
 */
static void bury_gone(void)
{
	struct packet_port **link = &ports, *p;

	while ((p = *link)) {
		if (!env_load_acquire(&p->gone)) {
			link = &p->next;
			continue;
		}
		*link = p->next;
		pthread_mutex_lock(&p->lock);
		packet_streams_destroy(p);
		pthread_mutex_unlock(&p->lock);
		packet_port_stop(p);
		packet_port_put(p);
	}
}

static void lock_registry(void)
{
	pthread_mutex_lock(&registry_lock);
	forget_parent();
	bury_gone();
}

static struct packet_port *find_locked(__u32 ifindex)
{
	struct packet_port *p = ports;

	while (p && p->ifindex != ifindex)
		p = p->next;
	return p;
}

struct packet_port *packet_port_find(__u32 ifindex)
{
	struct packet_port *p;

	lock_registry();
	p = find_locked(ifindex);
	if (p) {
		pthread_mutex_lock(&p->lock);
		packet_port_rename(p);
	}
	pthread_mutex_unlock(&registry_lock);
	return p;
}

/* Closing a packet socket waits for an RCU grace period. */
static int has_ports(void)
{
	int found;

	lock_registry();
	found = !!ports;
	pthread_mutex_unlock(&registry_lock);
	return found;
}

static int can_open(void)
{
	int fd;

	if (has_ports())
		return 0;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int probe(const char *ifname, int asked, const struct text *why)
{
	int err = can_open();

	(void)ifname;
	(void)asked;
	if (err == -EPERM)
		return refuse_text(why, err, "packet sockets need CAP_NET_RAW");
	if (err)
		return refuse_text(why, -EOPNOTSUPP,
				   "this kernel has no packet sockets: %s",
				   strerror(-err));
	return refuse_text(why, 0,
			   "packet sockets; a thread looks once per "
			   "millisecond, and the host sees every frame");
}

static int ctl_open(void **priv, const struct text *why)
{
	(void)why;
	*priv = NULL;
	return 0;
}

static void ctl_close(void *priv)
{
	(void)priv;
}

/* ---- ports ---- */

/* Found or made, and locked. */
static int get_port(struct packet_port **out, const char *ifname,
		    const struct text *why)
{
	__u32 ifindex;
	int err = port_of_name_text(ifname, &ifindex, why);

	if (err)
		return err;
	lock_registry();
	*out = find_locked(ifindex);
	if (!*out) {
		err = packet_port_create(out, ifindex, why);
		if (!err) {
			(*out)->next = ports;
			ports = *out;
		}
	}
	if (!err) {
		pthread_mutex_lock(&(*out)->lock);
		packet_port_rename(*out);
	}
	pthread_mutex_unlock(&registry_lock);
	return err;
}

static int port_attach(void *priv, const char *ifname,
		       const struct avtpmap_port_opts *opts,
		       const struct text *why)
{
	struct packet_port *p;
	int err;

	(void)priv;
	if (opts->set & AVTPMAP_PORT_GID && opts->gid != AVTPMAP_NO_GROUP)
		return refuse_text(why, -EOPNOTSUPP,
				   "a port of the packet backend is this "
				   "process's alone");
	err = get_port(&p, ifname, why);
	if (err)
		return err;
	if (opts->set & AVTPMAP_PORT_MEM_CAP)
		p->mem_cap = opts->mem_cap;
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static int port_detach(void *priv, const char *ifname, const struct text *why)
{
	struct packet_port **link = &ports, *p;
	__u32 ifindex;
	int err = port_of_name_text(ifname, &ifindex, why);

	(void)priv;
	if (err)
		return err;
	lock_registry();
	p = find_locked(ifindex);
	if (p) /* whoever found it before us is done with it then */
		pthread_mutex_lock(&p->lock);
	if (!p) {
		err = refuse_text(why, -ENOENT, "%s is not attached", ifname);
	} else if (p->streams) {
		err = refuse_text(why, -EBUSY,
				  "%s: in use; avtpmap_drain() deletes its "
				  "streams",
				  ifname);
	} else {
		while (*link != p)
			link = &(*link)->next;
		*link = p->next;
	}
	if (p)
		pthread_mutex_unlock(&p->lock);
	pthread_mutex_unlock(&registry_lock);
	if (err)
		return err;
	packet_port_stop(p);
	packet_port_put(p);
	return 0;
}

static int port_list(void *priv, avtpmap_port_fn *fn, void *arg,
		     const struct text *why)
{
	int err = 0;

	(void)priv;
	(void)why;
	lock_registry();
	for (struct packet_port *p = ports; p && !err; p = p->next) {
		struct avtpmap_queue_stats stats;
		struct avtpmap_port_info port = {
			.ifindex = p->ifindex,
			.attached = 1,
			.gid = AVTPMAP_NO_GROUP,
			.mem_cap = p->mem_cap,
			.phc_index = AVTPMAP_NO_PHC,
			.n_queues = 1,
			.queues = &stats,
			.version = avtpmap_version(),
		};

		pthread_mutex_lock(&p->lock);
		packet_port_rename(p);
		memcpy(port.ifname, p->ifname, sizeof(port.ifname));
		port.mem_used = p->mem_used;
		for (struct packet_stream *s = p->streams; s; s = s->next)
			port.n_streams++;
		packet_count_lost(p);
		stats = p->stats;
		pthread_mutex_unlock(&p->lock);
		err = fn(&port, arg);
	}
	pthread_mutex_unlock(&registry_lock);
	return err;
}

/* ---- streams ---- */

static int stream_add(void *priv, const char *ifname, __u64 stream_id,
		      const struct avtpmap_stream_opts *opts,
		      const struct text *why)
{
	struct packet_port *p;
	int err = get_port(&p, ifname, why);

	(void)priv;
	if (err)
		return err;
	err = packet_stream_create(p, stream_id, plan_vid(ifname, opts->vid),
				   opts, why);
	pthread_mutex_unlock(&p->lock);
	return err;
}

/* The port, locked, and the stream on it. */
static int find_stream(struct packet_port **p, struct packet_stream **s,
		       const char *ifname, __u64 stream_id,
		       const struct text *why)
{
	__u32 ifindex;
	int err = port_of_name_text(ifname, &ifindex, why);

	if (err)
		return err;
	*p = packet_port_find(ifindex);
	*s = *p ? packet_stream_find(*p, htobe64(stream_id)) : NULL;
	if (*s)
		return 0;
	if (*p)
		pthread_mutex_unlock(&(*p)->lock);
	return refuse_text(why, -ENOENT, "no such stream in this process");
}

/* With the port locked, which this unlocks. */
static void destroy(struct packet_port *p, struct packet_stream *s)
{
	int last = s->refs == 1;

	packet_stream_destroy(p, s);
	pthread_mutex_unlock(&p->lock);
	if (last)
		packet_port_put(p);
}

static int stream_del(void *priv, const char *ifname, __u64 stream_id,
		      const struct text *why)
{
	struct packet_stream *s;
	struct packet_port *p;
	int err = find_stream(&p, &s, ifname, stream_id, why);

	(void)priv;
	if (!err)
		destroy(p, s);
	return err;
}

static int stream_set_mode(void *priv, const char *ifname, __u64 stream_id,
			   __u32 mode, const struct text *why)
{
	struct packet_stream *s;
	struct packet_port *p;
	int err = find_stream(&p, &s, ifname, stream_id, why);

	(void)priv;
	if (err)
		return err;
	pthread_mutex_unlock(&p->lock);
	if (mode == AVTPMAP_MODE_COPY)
		return 0;
	return refuse_text(why, -EOPNOTSUPP,
			   "the packet backend only copies: the host sees "
			   "every frame");
}

/* Calls show with each stream of one port, or of all, until it says not 0. */
struct streams_walk {
	int (*show)(const struct packet_stream *s,
		    const struct streams_walk *walk);
	avtpmap_stream_fn *stream_fn;
	avtpmap_reader_fn *reader_fn;
	void *arg;
};

static int walk_port(struct packet_port *p, const struct streams_walk *walk)
{
	int err = 0;

	pthread_mutex_lock(&p->lock);
	packet_port_rename(p);
	for (struct packet_stream *s = p->streams; s && !err; s = s->next)
		err = walk->show(s, walk);
	pthread_mutex_unlock(&p->lock);
	return err;
}

static int walk_streams(const char *ifname, const struct streams_walk *walk,
			const struct text *why)
{
	__u32 ifindex = 0;
	int err = ifname ? port_of_name_text(ifname, &ifindex, why) : 0;

	if (err)
		return err;
	lock_registry();
	for (struct packet_port *p = ports; p && !err; p = p->next)
		if (!ifindex || p->ifindex == ifindex)
			err = walk_port(p, walk);
	pthread_mutex_unlock(&registry_lock);
	return err;
}

static int show_stream(const struct packet_stream *s,
		       const struct streams_walk *walk)
{
	struct avtpmap_stream_info info = {
		.ifindex = s->port->ifindex,
		.stream_id = be64toh(s->key.stream_id),
		.kind = s->key.kind,
		.mode = AVTPMAP_MODE_COPY,
		.vid = s->asked_vid,
		.rate = s->plan.rate,
		.ms = s->plan.ms,
		.silence_ms = s->plan.silence_ms,
		.stride = s->plan.stride,
		.n_slots = s->plan.n_slots,
		.ring_bytes = s->bytes,
		.head = s->hdr->head,
		.media_pos = s->hdr->media_pos,
		.state = s->hdr->state,
		.epoch = s->hdr->epoch,
		.format = s->hdr->format,
		.readers = s->n_readers,
		.uid = getuid(),
		.counters_known = s->hdr->counters_known,
		.n_counters = AVTPMAP_N_COUNTERS,
		.counters = (const uint64_t *)s->hdr->counters,
	};

	memcpy(info.ifname, s->port->ifname, sizeof(info.ifname));
	for (int i = 0; i < 6; i++)
		info.mac[i] = s->key.dst_mac >> (40 - 8 * i);
	return walk->stream_fn(&info, walk->arg);
}

static int stream_list(void *priv, const char *ifname, avtpmap_stream_fn *fn,
		       void *arg, const struct text *why)
{
	const struct streams_walk walk = {
		.show = show_stream,
		.stream_fn = fn,
		.arg = arg,
	};

	(void)priv;
	return walk_streams(ifname, &walk, why);
}

/* All are this process. */
static int show_readers(const struct packet_stream *s,
			const struct streams_walk *walk)
{
	struct avtpmap_reader_entry reader = {
		.ifindex = s->port->ifindex,
		.pid = getpid(),
		.stream_id = be64toh(s->key.stream_id),
	};
	int err = 0;

	snprintf(reader.comm, sizeof(reader.comm), "%s",
		 program_invocation_short_name);
	for (__u32 i = 0; i < s->n_readers && !err; i++)
		err = walk->reader_fn(&reader, walk->arg);
	return err;
}

static int reader_list(void *priv, const char *ifname, avtpmap_reader_fn *fn,
		       void *arg, const struct text *why)
{
	const struct streams_walk walk = {
		.show = show_readers,
		.reader_fn = fn,
		.arg = arg,
	};

	(void)priv;
	return walk_streams(ifname, &walk, why);
}

static int drain(void *priv, const char *ifname, const struct text *why)
{
	__u32 ifindex = 0;
	int err = ifname ? port_of_name_text(ifname, &ifindex, why) : 0;

	(void)priv;
	if (err)
		return err;
	lock_registry();
	for (struct packet_port *p = ports; p; p = p->next) {
		if (ifindex && p->ifindex != ifindex)
			continue;
		pthread_mutex_lock(&p->lock);
		packet_streams_destroy(p);
		pthread_mutex_unlock(&p->lock);
	}
	pthread_mutex_unlock(&registry_lock);
	return 0;
}

const struct backend backend_packet = {
	.id = AVTPMAP_BACKEND_PACKET,
	.name = "packet",
	.probe = probe,
	.open = packet_open,
	.close = packet_close,
	.set_period = packet_set_period,
	.wait = packet_wait,
	.info = packet_info,
	.group_open = packet_group_open,
	.group_add = packet_group_add,
	.group_set_period = packet_group_set_period,
	.group_wait = packet_group_wait,
	.group_info = packet_group_info,
	.group_close = packet_group_close,
	.ctl_open = ctl_open,
	.ctl_close = ctl_close,
	.port_attach = port_attach,
	.port_detach = port_detach,
	.port_list = port_list,
	.stream_add = stream_add,
	.stream_del = stream_del,
	.stream_set_mode = stream_set_mode,
	.stream_list = stream_list,
	.reader_list = reader_list,
	.drain = drain,
};
