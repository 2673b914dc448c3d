/* SPDX-License-Identifier: MIT */
/*
 * The XDP backend. A port's state is what lies pinned in its directory of the
 * BPF file system; every process that uses the port opens it there, and there
 * is no daemon. See bpf/state.h for the maps.
 *
 * One file per port in /run/avtpmap is locked by ranges: byte 0 by whoever
 * changes the port, byte 1 + i by whoever is reader i. The kernel unlocks what a
 * process held when it dies; whoever takes byte 0 next removes what it left.
 */
#ifndef AVTPMAP_LIB_XDP_H
#define AVTPMAP_LIB_XDP_H

#include <bpf/libbpf.h>
#include <net/if.h>
#include <xdp/libxdp.h>

#include "../backend.h"
#include "../internal.h"
#include "bpf/state.h"

#define XDP_RUN_DIR "/run/avtpmap"

enum xdp_filters {
	XDP_FILTER_MAC = 1 << 0,
	XDP_FILTER_ALLMULTI = 1 << 1,
	XDP_FILTER_VID = 1 << 2,
};

/**
 * struct xdp_port - one process's handle of a port
 * @netns: @ifindex: @ifname: the netdev; interfaces are numbered in each
 *	network namespace
 * @dir: where its state is pinned
 * @lock_fd: the file of locks
 * @rx_fd: @tick_fd: the programs
 * @table: asked for; writable
 * @readers: @groups: kept by the program; read-only
 */
struct xdp_port {
	unsigned long netns;
	__u32 ifindex;
	char ifname[IF_NAMESIZE];
	char dir[96];
	int lock_fd;
	int rx_fd;
	int tick_fd;
	int table_fd;
	int rings_fd;
	int readers_fd;
	int groups_fd;
	int wakers_fd;
	int stats_fd;
	int timers_fd;
	struct xdp_table *table;
	const struct xdp_reader *readers;
	const struct xdp_group *groups;
};

/**
 * struct xdp_waker - how a reader or a group is woken
 * @fd: its ring buffer
 * @live_fd: holds byte 1 + @index locked while this process lives
 * @index: of the reader or group
 * @consumer: @producer: of @fd
 */
struct xdp_waker {
	int fd;
	int live_fd;
	__u32 index;
	__u64 *consumer;
	const __u64 *producer;
};

struct xdp_choir;

/**
 * struct xdp_handle - what a stream handle of this backend keeps
 * @port: its own handle of the port
 * @waker: of the reader
 * @stream: the handle that it belongs to
 * @ring: the ring
 * @page: what release writes
 * @base: of the counts when the handle was opened
 * @seen: events that were fetched
 * @deadlines: the same
 * @events: mask
 * @waits: returns with something due
 * @periods: ended up to the media position @counted
 * @group: that it is a member of, or NULL
 * @next_member: of the same group
 */
struct xdp_handle {
	struct xdp_port port;
	struct xdp_waker waker;
	struct avtpmap_stream *stream;
	const struct xdp_ring *ring;
	struct avtpmap_reader_page *page;
	struct xdp_reader base;
	__u64 seen[WAKE_EVENTS];
	__u64 deadlines;
	__u32 events;
	__u64 waits;
	__u64 periods;
	__u64 counted;
	struct xdp_choir *group;
	struct xdp_handle *next_member;
};

enum { XDP_RUN_PRIO = 10 }; /* in a dispatcher: before the default, 50 */

/* load.c APIs: programs and maps, before they are pinned */
int xdp_load(struct xdp_port *p, const struct text *why);
int xdp_load_and_attach(struct xdp_port *p, int native, const struct text *why);
int xdp_pin(struct xdp_port *p, const struct text *why);

/* port.c APIs. An open port is closed with xdp_port_close(). */
int xdp_port_name(struct xdp_port *p, const char *ifname,
		  const struct text *why);
int xdp_port_by_index(struct xdp_port *p, __u32 ifindex);
void xdp_port_of(struct xdp_port *p, unsigned long ns, __u32 ifindex);
int xdp_port_open(struct xdp_port *p, const struct text *why);
int xdp_port_map(struct xdp_port *p, const struct text *why);
void xdp_port_close(struct xdp_port *p);
int xdp_port_lock(struct xdp_port *p, const struct text *why);
void xdp_port_unlock(struct xdp_port *p);
/*
 * Its interface is no more: not if this thread has no descriptor left to ask
 * with, or has gone to another network namespace.
 */
int xdp_port_is_gone(const struct xdp_port *p);
/* All descriptors are there. */
int xdp_port_complete(const struct xdp_port *p);
void xdp_port_unpin(struct xdp_port *p);
const char *xdp_bpffs(void);
void xdp_unpin_all(const char *dir); /* and the directory */
/* Calls @fn for each port of this network namespace, open. */
typedef int xdp_port_fn(struct xdp_port *p, void *arg);
int xdp_each_port(xdp_port_fn *fn, void *arg, const struct text *why);
/* ... and for each that has a directory, closed; @all: of any namespace. */
int xdp_each_dir(int all, xdp_port_fn *fn, void *arg, const struct text *why);
/* Has the program look at a stream, in softirq; at a group: see struct xdp_tick. */
int xdp_tick(const struct xdp_port *p, __u32 timer);
int xdp_bpf_text(const struct text *why, int err, const char *what);

/* clean.c APIs */
int xdp_clean(void *priv, const struct text *why); /* see backend.h */
/* What is pinned for namespaces, and interfaces of this one, that are no more. */
void xdp_clean_dead(void);
/* The interface went: tells every reader and leaves nothing. Takes the lock. */
void xdp_port_bury(struct xdp_port *p);

/* attach.c APIs */
struct xdp_quiet {
	libxdp_print_fn_t xdp;
	libbpf_print_fn_t bpf;
};
struct xdp_quiet xdp_hush(void);
void xdp_unhush(struct xdp_quiet q);
/* @set: see struct avtpmap_port_opts. Loads the program, too. */
int xdp_attach_new(struct xdp_port *p, __u32 set, const struct text *why);
/* One that somebody took off. */
int xdp_attach(struct xdp_port *p, __u32 set, const struct text *why);
/* Nothing of ours is there: could it be? 0 or -errno, with a line in @why. */
int xdp_could_attach(const struct xdp_port *p, const struct text *why);
int xdp_detach(struct xdp_port *p, const struct text *why);
/*
 * libxdp leaves the pins of a dispatcher that somebody else took off, or that
 * went with its interface, and they keep our program. When it is not attached.
 */
void xdp_dispatchers_clean(const struct xdp_port *p);
/* "native", "generic" and so on, xdp_unavailable, or NULL: not attached. */
extern const char xdp_unavailable[];
const char *xdp_attached(const struct xdp_port *p, int *alone);
/* It was, until somebody took it off: -ENETDOWN. */
int xdp_off_text(const struct xdp_port *p, const struct text *why);

/* A program of ours of which nothing is pinned, of a port that nobody reads. */
int xdp_has_orphan(const struct xdp_port *p);
void xdp_remove_orphan(struct xdp_port *p); /* with the port locked */

/* stream.c APIs. All with the port locked, but find. */
int xdp_stream_find(const struct xdp_port *p, __u64 stream_id);
int xdp_stream_create(struct xdp_port *p, __u64 stream_id,
		      const struct avtpmap_stream_opts *opts,
		      const struct text *why);
void xdp_stream_destroy(struct xdp_port *p, __u32 index);
/* Streams that were being added or deleted by somebody who was killed. */
void xdp_streams_clean(struct xdp_port *p);
int xdp_ring_open(const struct xdp_port *p, __u32 index);
/* All of a ring, read-only; NULL without it. Unmapped by munmap(). */
const struct xdp_ring *xdp_ring_map(int fd, size_t *bytes);

/* waker.c APIs. Opened and closed with the port locked. */
void xdp_waker_init(struct xdp_waker *w);
int xdp_waker_open(struct xdp_waker *w, const struct xdp_port *p);
void xdp_waker_close(struct xdp_waker *w);
int xdp_is_alive(const struct xdp_port *p, __u32 index);
int xdp_anybody_alive(const struct xdp_port *p);
/* Tokens given so far; those up to @tokens are taken away. */
__u64 xdp_waker_tokens(const struct xdp_waker *w);
void xdp_waker_take(const struct xdp_waker *w, __u64 tokens);
/* Sleeps until @is_ready(@arg) or @timeout_ns. 0 or -errno. */
int xdp_waker_wait(const struct xdp_waker *w, struct xdp_port *p,
		   __u64 timeout_ns, int (*is_ready)(void *arg), void *arg);
/*
 * Has the program take note of what is asked of reader (or group) @index, and
 * waits until it did; for nothing if *@state says that the stream is gone.
 */
int xdp_renew(const struct xdp_port *p, __u32 index, __u32 timer,
	      const __u32 *state);

/* reader.c APIs. With the port locked. */
void xdp_reader_remove(struct xdp_port *p, __u32 index);
void xdp_readers_clean(struct xdp_port *p);
/* Without. */
int xdp_is_gone(const struct xdp_handle *h);
/* Not yet released; @wake: in steps that are worth a wake. */
__u64 xdp_periods_due(const struct xdp_handle *h, int wake);
int xdp_change_period(struct xdp_handle *h,
		      const struct avtpmap_period *period);

/* group.c APIs */
void xdp_group_quiet(struct xdp_choir *c);
/* A member's handle is being closed. */
void xdp_group_forget(struct xdp_handle *h);
/* With the port locked: a group goes; a member that is no reader any more goes. */
void xdp_group_disband(struct xdp_port *p, __u32 index);
void xdp_group_leave(struct xdp_port *p, __u32 index);

/* filter.c APIs: what the NIC must let through. With the port locked. */
int xdp_filters_add(struct xdp_port *p, struct xdp_ctl *c,
		    const struct text *why);
void xdp_filters_del(struct xdp_port *p, struct xdp_ctl *c);

/* list.c APIs: see backend.h */
int xdp_port_list(void *priv, avtpmap_port_fn *fn, void *arg,
		  const struct text *why);
int xdp_stream_list(void *priv, const char *ifname, avtpmap_stream_fn *fn,
		    void *arg, const struct text *why);
int xdp_reader_list(void *priv, const char *ifname, avtpmap_reader_fn *fn,
		    void *arg, const struct text *why);

/* monitor.c APIs: see backend.h */
int xdp_monitor_open(void **priv, const struct text *why);
void xdp_monitor_close(void *priv);
int xdp_monitor_fd(void *priv);
int xdp_monitor_read(void *priv, struct avtpmap_notice *notice);

/* reader.c APIs: see backend.h */
int xdp_open(struct avtpmap_stream *s, const struct avtpmap_open_opts *opts,
	     const struct text *why);
void xdp_close(struct avtpmap_stream *s);
int xdp_set_period(struct avtpmap_stream *s,
		   const struct avtpmap_period *period);
int xdp_wait(struct avtpmap_stream *s, struct avtpmap_wait *wait);
int xdp_info(struct avtpmap_stream *s, struct avtpmap_reader_info *info);

/* group.c APIs: see backend.h */
int xdp_group_open(struct avtpmap_group *g);
int xdp_group_add(struct avtpmap_group *g, struct avtpmap_stream *s);
int xdp_group_set_period(struct avtpmap_group *g,
			 const struct avtpmap_period *period);
int xdp_group_wait(struct avtpmap_group *g, struct avtpmap_wait *wait);
int xdp_group_info(struct avtpmap_group *g, struct avtpmap_reader_info *info);
void xdp_group_close(struct avtpmap_group *g);

#endif
