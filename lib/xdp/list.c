// SPDX-License-Identifier: MIT
/* Ports, streams and readers, as they lie in the maps. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <endian.h>
#include <errno.h>
#include <linux/avtpmap_netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xdp.h"

enum { CPUS_MAX = 256 };

struct walk {
	__u32 ifindex; /* 0: all */
	avtpmap_port_fn *port_fn;
	avtpmap_stream_fn *stream_fn;
	avtpmap_reader_fn *reader_fn;
	void *arg;
};

/* The program counts by CPU, so that no counter is shared. */
static __u32 get_stats(const struct xdp_port *p,
		       struct avtpmap_queue_stats queues[CPUS_MAX])
{
	int n = libbpf_num_possible_cpus();
	struct xdp_stats *by_cpu;
	__u32 zero = 0, n_queues = 0;

	if (n < 1)
		return 0;
	by_cpu = calloc(n, sizeof(*by_cpu));
	if (by_cpu && !bpf_map_lookup_elem(p->stats_fd, &zero, by_cpu))
		for (int i = 0; i < n && n_queues < CPUS_MAX; i++)
			queues[n_queues++] = (struct avtpmap_queue_stats){
				.queue = i,
				.frames = by_cpu[i].frames,
				.avtp = by_cpu[i].avtp,
				.taken = by_cpu[i].taken,
				.copied = by_cpu[i].copied,
				.unknown = by_cpu[i].unknown,
				.control = by_cpu[i].control,
			};
	free(by_cpu);
	return n_queues;
}

static int on_port(struct xdp_port *p, void *arg)
{
	struct avtpmap_queue_stats queues[CPUS_MAX];
	struct avtpmap_port_info port = {
		.ifindex = p->ifindex,
		.attached = 1,
		.gid = AVTPMAP_NO_GROUP,
		.mem_cap = p->table->mem_cap,
		.mem_used = xdp_mem_used(p),
		.phc_index = AVTPMAP_NO_PHC,
		.queues = queues,
		.version = avtpmap_version(),
	};
	struct walk *walk = arg;
	char attachment[64] = "off";
	int alone = 0;
	const char *mode = xdp_attached(p, &alone);

	memcpy(port.ifname, p->ifname, sizeof(port.ifname));
	for (int i = 0; i < XDP_STREAMS; i++)
		port.n_streams += !!p->table->stream[i].ms;
	port.n_queues = get_stats(p, queues);
	if (mode)
		snprintf(attachment, sizeof(attachment), "%s%s", mode,
			 mode == xdp_unavailable ? "" :
			 alone			 ? ", alone" :
						   ", by dispatcher");
	port.attachment = attachment;
	return walk->port_fn(&port, walk->arg);
}

int xdp_port_list(void *priv, avtpmap_port_fn *fn, void *arg,
		  const struct text *why)
{
	struct walk walk = { .port_fn = fn, .arg = arg };

	(void)priv;
	return xdp_each_port(on_port, &walk, why);
}

/* The header changes under us: the format is whole, the rest is of about now. */
static void get_format(const struct avtpmap_ring_hdr *hdr,
		       struct avtpmap_stream_info *s)
{
	__u32 seq;

	for (int i = 0; i < 1000; i++) {
		seq = env_load_acquire(&hdr->format_seq);
		s->epoch = env_load(&hdr->epoch);
		memcpy(&s->format, &hdr->format, sizeof(s->format));
		env_rmb();
		if (!(seq & 1) && env_load(&hdr->format_seq) == seq)
			return;
	}
}

static int show_stream(const struct xdp_port *p, __u32 index, struct walk *walk)
{
	const struct xdp_ctl *c = &p->table->stream[index];
	struct avtpmap_stream_info s = {
		.ifindex = p->ifindex,
		.stream_id = be64toh(c->stream_id),
		.kind = AVTPMAP_KIND_AVTP,
		.mode = c->mode,
		.vid = c->asked_vid,
		.rate = c->rate,
		.ms = c->ms,
		.silence_ms = c->silence_ms,
		.readers = xdp_n_readers(p, c),
		.uid = c->uid,
		.n_counters = AVTPMAP_N_COUNTERS,
	};
	int fd = xdp_ring_open(p, index);
	const struct xdp_ring *ring;
	size_t bytes;
	int err;

	ring = fd >= 0 ? xdp_ring_map(fd, &bytes) : NULL;
	if (fd >= 0)
		close(fd);
	if (!ring)
		return 0; /* deleted just now */
	memcpy(s.ifname, p->ifname, sizeof(s.ifname));
	for (int i = 0; i < 6; i++)
		s.mac[i] = c->dst_mac >> (40 - 8 * i);
	s.stride = ring->hdr.stride;
	s.n_slots = ring->hdr.n_slots;
	s.ring_bytes = bytes;
	s.head = env_load_acquire(&ring->hdr.head);
	s.media_pos = env_load(&ring->hdr.media_pos);
	s.state = env_load(&ring->hdr.state);
	get_format(&ring->hdr, &s);
	s.counters_known = ring->hdr.counters_known;
	s.counters = (const uint64_t *)ring->hdr.counters;
	err = walk->stream_fn(&s, walk->arg);
	munmap((void *)ring, bytes);
	return err;
}

/* Nor what other dead have left. Returns whether it is a port that is asked for. */
static int take_up(struct xdp_port *p, const struct walk *walk)
{
	const struct text none = { NULL, 0 };
	int err;

	if (walk->ifindex && p->ifindex != walk->ifindex)
		return 0;
	if (xdp_port_lock_this(p, 0))
		return 0;
	err = xdp_port_repair(p, &none);
	xdp_port_unlock(p);
	return !err;
}

static int on_port_streams(struct xdp_port *p, void *arg)
{
	struct walk *walk = arg;
	int err = 0;

	if (!take_up(p, walk))
		return 0;
	for (__u32 i = 0; i < XDP_STREAMS && !err; i++)
		if (p->table->stream[i].ms)
			err = show_stream(p, i, walk);
	return err;
}

static int on_port_readers(struct xdp_port *p, void *arg)
{
	struct walk *walk = arg;
	int err = 0;

	if (!take_up(p, walk))
		return 0;
	for (__u32 i = 0; i < XDP_READERS && !err; i++) {
		const struct xdp_reader_ctl *c = &p->table->reader[i];
		struct avtpmap_reader_entry r = {
			.ifindex = p->ifindex,
			.pid = c->pid,
			.stream_id = be64toh(c->stream_id),
		};

		if (!r.pid || c->group == i + 1)
			continue;
		memcpy(r.comm, c->comm, sizeof(r.comm) - 1);
		err = walk->reader_fn(&r, walk->arg);
	}
	return err;
}

static int walk_ports(const char *ifname, xdp_port_fn *fn, struct walk *walk,
		      const struct text *why)
{
	struct xdp_port p;

	if (ifname) {
		int err = xdp_port_name(&p, ifname, why);

		if (err)
			return err;
		walk->ifindex = p.ifindex;
	}
	return xdp_each_port(fn, walk, why);
}

int xdp_stream_list(void *priv, const char *ifname, avtpmap_stream_fn *fn,
		    void *arg, const struct text *why)
{
	struct walk walk = { .stream_fn = fn, .arg = arg };

	(void)priv;
	return walk_ports(ifname, on_port_streams, &walk, why);
}

int xdp_reader_list(void *priv, const char *ifname, avtpmap_reader_fn *fn,
		    void *arg, const struct text *why)
{
	struct walk walk = { .reader_fn = fn, .arg = arg };

	(void)priv;
	return walk_ports(ifname, on_port_readers, &walk, why);
}
