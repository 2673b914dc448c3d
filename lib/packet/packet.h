/* SPDX-License-Identifier: MIT */
/*
 * The packet backend: what is left where there is neither module nor XDP. A
 * packet socket per port and process, emptied by a thread once per PACKET_PACE_NS
 * into rings of the same layout. Streams, rings and readers are this process's
 * own; the host sees every frame as well.
 */
#ifndef AVTPMAP_LIB_PACKET_H
#define AVTPMAP_LIB_PACKET_H

#include <net/if.h>
#include <pthread.h>

#include "../backend.h"
#include "../internal.h"
#include "../plan.h"
#include "../../kmod/shared/key.h"
#include "../../kmod/shared/ring_prod.h"
#include "../../kmod/shared/wake.h"
#include <linux/avtpmap_netlink.h>

enum {
	PACKET_PACE_NS = 1000000,
};

struct packet_port;
struct packet_group;

/**
 * struct packet_reader - a handle, as the thread sees it
 * @next: reader of the same stream (port's lock)
 * @stream: that it reads; it holds a reference
 * @fd: eventfd, readable while something is due
 * @due: its period (written under port's lock)
 * @events: @deadline_ns: as asked for (port's lock)
 * @pending: events not yet fetched (atomic)
 * @wake: when it was woken, and is yet to be (port's lock)
 * @info: counts (port's lock)
 * @periods: @counted: periods up to a media position (the handle's)
 * @waits: returns with something due (the handle's)
 * @page: how far it is (the handle's)
 * @ring: the handle's cursor
 * @group: that it is a member of, or NULL: see group.h for this and
 *	the following
 * @looking: its handle looks at @group, which may not be freed
 * @member: its part in the group's quorum (changed under the port's lock)
 */
struct packet_reader {
	struct packet_reader *next;
	struct packet_stream *stream;
	int fd;
	struct avtpmap_due due;
	__u32 events;
	__u32 pending;
	__u64 deadline_ns;
	struct avtpmap_wake wake;
	struct avtpmap_reader_info info;
	__u64 periods;
	__u64 counted;
	__u64 waits;
	struct avtpmap_reader_page *page;
	struct avtpmap_ring *ring;

	struct packet_group *group;
	struct packet_reader *group_next;
	int looking;
	struct avtpmap_member member;
};

/**
 * struct packet_stream - a stream and its ring
 * @next: of the port (port's lock)
 * @port: of it; stays while a reader holds the stream
 * @hdr: the ring, writable; the thread's
 * @bytes: of it
 * @ro_fd: the ring for readers, who cannot make it writable
 * @refs: the port's and its readers' (port's lock)
 */
struct packet_stream {
	struct packet_stream *next;
	struct packet_port *port;
	struct avtpmap_key key;
	struct plan plan;
	__u32 asked_vid;
	__u32 room_bytes;
	struct avtpmap_ring_hdr *hdr;
	size_t bytes;
	int ro_fd;
	int refs;
	int gone;
	struct avtpmap_account account;
	__u64 next_due;
	struct avtpmap_news news;
	struct packet_reader *readers;
	__u32 n_readers;
};

/**
 * struct packet_port - a port
 * @next: of the process (registry's lock)
 * @lock: Protects: streams, rings, readers, groups. Held by the thread while
 *	it works
 *	Ordering: inside the registry's lock
 * @refs: the registry's, and each stream's
 * @gone: the interface went, and the thread with it; whoever has the
 *	registry's lock next buries the port (atomic)
 * @ifname: as it was last called
 * @emptied_ns: when the socket was last looked at
 */
struct packet_port {
	struct packet_port *next;
	pthread_mutex_t lock;
	pthread_t thread;
	int stop;
	int gone;
	int refs;
	__u32 ifindex;
	char ifname[IF_NAMESIZE];
	int fd;
	__u8 *frames;
	__u32 frame_bytes;
	__u32 at;
	__u64 emptied_ns;
	__u64 mem_cap;
	__u64 mem_used;
	struct packet_stream *streams;
	struct packet_group *groups;
	struct avtpmap_queue_stats stats;
};

/* port.c APIs: socket, thread and receive path */
int packet_port_create(struct packet_port **out, __u32 ifindex,
		       const struct text *why);
void packet_port_put(struct packet_port *p); /* @lock not held */
void packet_port_stop(struct packet_port *p);
void packet_port_rename(struct packet_port *p); /* if it was; @lock held */
void packet_count_lost(struct packet_port *p); /* with its lock held */
int packet_join(const struct packet_port *p, __u64 mac, int on);

/* wake.c APIs: the rules of kmod/shared/wake.h, with @lock held */
void packet_frame_done(struct packet_stream *s, struct avtpmap_entry *e,
		       __u64 now_ns);
void packet_started(struct packet_stream *s, struct avtpmap_entry *e);
void packet_tick(struct packet_stream *s, __u64 now_ns);
void packet_change_period(struct packet_reader *r, __u32 period);
void packet_count_periods(struct packet_reader *r);
void packet_gone(struct packet_stream *s);

/* stream.c APIs, with @lock held */
struct packet_stream *packet_stream_find(struct packet_port *p, __be64 id);
int packet_stream_create(struct packet_port *p, __u64 id, __u32 vid,
			 const struct avtpmap_stream_opts *opts,
			 const struct text *why);
void packet_stream_destroy(struct packet_port *p, struct packet_stream *s);
void packet_stream_put(struct packet_stream *s);
void packet_streams_destroy(struct packet_port *p); /* the registry has it */

/* reader.c APIs: see backend.h */
__u64 packet_due(const struct packet_reader *r, __u32 period);
int packet_sleep(int fd, __u64 until_ns); /* 0: look again, or -EINTR */
int packet_open(struct avtpmap_stream *s, const struct avtpmap_open_opts *opts,
		const struct text *why);
void packet_close(struct avtpmap_stream *s);
int packet_set_period(struct avtpmap_stream *s,
		      const struct avtpmap_period *period);
int packet_wait(struct avtpmap_stream *s, struct avtpmap_wait *wait);
int packet_info(struct avtpmap_stream *s, struct avtpmap_reader_info *info);

/* backend.c APIs: the process's ports. Found, it is locked; NULL: there is none. */
struct packet_port *packet_port_find(__u32 ifindex);

#endif
