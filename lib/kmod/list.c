// SPDX-License-Identifier: MIT
/* Dumps of ports, streams and readers. */
#include <endian.h>
#include <errno.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "kmod.h"
#include "../internal.h"

enum { QUEUES_MAX = 256 };

static __u32 get_u32(struct nlattr **attrs, int i, __u32 absent)
{
	return attrs[i] && nla_len(attrs[i]) >= 4 ? nla_get_u32(attrs[i]) :
						    absent;
}

static __u64 get_u64(struct nlattr **attrs, int i)
{
	return attrs[i] && nla_len(attrs[i]) >= 8 ? nla_get_u64(attrs[i]) : 0;
}

/* A module of another version may know more of a struct, or less. */
static void get_struct(struct nlattr **attrs, int i, void *out, size_t bytes)
{
	memset(out, 0, bytes);
	if (attrs[i])
		nla_memcpy(out, attrs[i], bytes);
}

static void get_name(struct nlattr **attrs, __u32 ifindex, char name[16])
{
	char current[IF_NAMESIZE] = "";

	if (attrs[AVTPMAP_A_IFNAME])
		nla_strlcpy(name, attrs[AVTPMAP_A_IFNAME], 16);
	else if (if_indextoname(ifindex, current))
		memcpy(name, current, sizeof(current));
}

struct port_walk {
	avtpmap_port_fn *fn;
	void *arg;
};

static int on_port(struct nlattr **attrs, struct nlattr *first, int bytes,
		   void *arg)
{
	struct avtpmap_queue_stats queues[QUEUES_MAX];
	struct port_walk *walk = arg;
	struct avtpmap_port_info port = { 0 };
	struct nlattr *attr;
	int rest;

	port.ifindex = get_u32(attrs, AVTPMAP_A_IFINDEX, 0);
	get_name(attrs, port.ifindex, port.ifname);
	port.attached = !!attrs[AVTPMAP_A_MEM_CAP];
	port.gid = get_u32(attrs, AVTPMAP_A_GID, AVTPMAP_NO_GROUP);
	port.mem_cap = get_u64(attrs, AVTPMAP_A_MEM_CAP);
	port.mem_used = get_u64(attrs, AVTPMAP_A_MEM_USED);
	port.phc_index = get_u32(attrs, AVTPMAP_A_PHC_INDEX, AVTPMAP_NO_PHC);
	port.n_streams = get_u32(attrs, AVTPMAP_A_STREAMS, 0);
	port.hooked = !!attrs[AVTPMAP_A_HOOKED];
	port.version = attrs[AVTPMAP_A_VERSION] ?
			       nla_get_string(attrs[AVTPMAP_A_VERSION]) :
			       "unknown";
	port.queues = queues;
	nla_for_each_attr(attr, first, bytes, rest) {
		if (nla_type(attr) != AVTPMAP_A_QUEUE ||
		    port.n_queues == QUEUES_MAX)
			continue;
		memset(&queues[port.n_queues], 0, sizeof(queues[0]));
		nla_memcpy(&queues[port.n_queues++], attr, sizeof(queues[0]));
	}
	return walk->fn(&port, walk->arg);
}

int kmod_port_list(void *priv, avtpmap_port_fn *fn, void *arg,
		   const struct text *why)
{
	struct port_walk walk = { fn, arg };
	struct nl_msg *msg =
		netlink_request(priv, AVTPMAP_CMD_PORT_GET, NLM_F_DUMP);

	if (!msg)
		return refuse_text(why, -ENOMEM, "out of memory");
	return netlink_call(priv, msg, on_port, &walk, "ports", why);
}

/* The module lists everything; the port is picked out here. */
struct walk {
	__u32 ifindex; /* 0: all */
	avtpmap_stream_fn *stream_fn;
	avtpmap_reader_fn *reader_fn;
	void *arg;
};

static int on_stream(struct nlattr **attrs, struct nlattr *first, int bytes,
		     void *arg)
{
	uint64_t counters[AVTPMAP_N_COUNTERS];
	struct walk *walk = arg;
	struct avtpmap_stream_info s = { 0 };

	(void)first;
	(void)bytes;
	s.ifindex = get_u32(attrs, AVTPMAP_A_IFINDEX, 0);
	if (walk->ifindex && s.ifindex != walk->ifindex)
		return 0;
	get_name(attrs, s.ifindex, s.ifname);
	s.stream_id = be64toh(get_u64(attrs, AVTPMAP_A_STREAM_ID));
	s.kind = get_u32(attrs, AVTPMAP_A_KIND, AVTPMAP_KIND_AVTP);
	s.mode = get_u32(attrs, AVTPMAP_A_MODE, AVTPMAP_MODE_TAKE);
	get_struct(attrs, AVTPMAP_A_MAC, s.mac, sizeof(s.mac));
	s.vid = get_u32(attrs, AVTPMAP_A_VID, 0);
	s.rate = get_u32(attrs, AVTPMAP_A_RATE, 0);
	s.ms = get_u32(attrs, AVTPMAP_A_MS, 0);
	s.silence_ms = get_u32(attrs, AVTPMAP_A_SILENCE, 0);
	s.stride = get_u32(attrs, AVTPMAP_A_STRIDE, 0);
	s.n_slots = get_u32(attrs, AVTPMAP_A_N_SLOTS, 0);
	s.ring_bytes = get_u64(attrs, AVTPMAP_A_RING_BYTES);
	s.head = get_u64(attrs, AVTPMAP_A_HEAD);
	s.media_pos = get_u64(attrs, AVTPMAP_A_MEDIA_POS);
	s.state = get_u32(attrs, AVTPMAP_A_STATE, AVTPMAP_RING_SILENT);
	s.epoch = get_u32(attrs, AVTPMAP_A_EPOCH, 0);
	get_struct(attrs, AVTPMAP_A_FORMAT, &s.format, sizeof(s.format));
	s.readers = get_u32(attrs, AVTPMAP_A_READERS, 0);
	s.uid = get_u32(attrs, AVTPMAP_A_UID, 0);
	s.counters_known = get_u64(attrs, AVTPMAP_A_COUNTERS_KNOWN);
	get_struct(attrs, AVTPMAP_A_COUNTERS, counters, sizeof(counters));
	s.n_counters = AVTPMAP_N_COUNTERS;
	s.counters = counters;
	return walk->stream_fn(&s, walk->arg);
}

static int on_reader(struct nlattr **attrs, struct nlattr *first, int bytes,
		     void *arg)
{
	struct walk *walk = arg;
	struct avtpmap_reader_entry r = { 0 };

	(void)first;
	(void)bytes;
	r.ifindex = get_u32(attrs, AVTPMAP_A_IFINDEX, 0);
	if (walk->ifindex && r.ifindex != walk->ifindex)
		return 0;
	r.stream_id = be64toh(get_u64(attrs, AVTPMAP_A_STREAM_ID));
	r.pid = get_u32(attrs, AVTPMAP_A_PID, 0);
	if (attrs[AVTPMAP_A_COMM])
		nla_strlcpy(r.comm, attrs[AVTPMAP_A_COMM], sizeof(r.comm));
	return walk->reader_fn(&r, walk->arg);
}

static int list(void *priv, int cmd, const char *ifname, netlink_fn *fn,
		struct walk *walk, const struct text *why)
{
	struct nl_msg *msg;
	int err = ifname ? port_of_name_text(ifname, &walk->ifindex, why) : 0;

	if (err)
		return err;
	msg = netlink_request(priv, cmd, NLM_F_DUMP);
	if (!msg)
		return refuse_text(why, -ENOMEM, "out of memory");
	return netlink_call(priv, msg, fn, walk, ifname ? ifname : "list", why);
}

int kmod_stream_list(void *priv, const char *ifname, avtpmap_stream_fn *fn,
		     void *arg, const struct text *why)
{
	struct walk walk = { .stream_fn = fn, .arg = arg };

	return list(priv, AVTPMAP_CMD_STREAM_GET, ifname, on_stream, &walk,
		    why);
}

int kmod_reader_list(void *priv, const char *ifname, avtpmap_reader_fn *fn,
		     void *arg, const struct text *why)
{
	struct walk walk = { .reader_fn = fn, .arg = arg };

	return list(priv, AVTPMAP_CMD_READER_GET, ifname, on_reader, &walk,
		    why);
}
