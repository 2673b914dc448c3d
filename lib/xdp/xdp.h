/* SPDX-License-Identifier: MIT */
/*
 * The XDP backend. A port's state is what lies pinned in its directory of the
 * BPF file system; every process that uses the port opens it there, and there
 * is no daemon. See DESIGN.md for what holds it together, bpf/state.h for the
 * maps.
 */
#ifndef AVTPMAP_LIB_XDP_H
#define AVTPMAP_LIB_XDP_H

#include <bpf/libbpf.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <xdp/libxdp.h>

#include "../backend.h"
#include "../internal.h"
#include "bpf/state.h"

enum xdp_filters {
	XDP_FILTER_MAC = 1 << 0,
	XDP_FILTER_ALLMULTI = 1 << 1,
	XDP_FILTER_VID = 1 << 2,
};

/**
 * struct xdp_port - one process's handle of a port
 * @netns: the network namespace's cookie
 * @ifindex: @ifname: the netdev
 * @name: of its directory
 * @away: the interface is not here, so nothing is undone on it
 * @dir_fd: where its state is pinned; locked by flock() by whoever changes it,
 *	by bytes by its readers
 * @anchor_fd: holds the netdev
 * @rx_fd: @tick_fd: the programs
 * @table: asked for; writable
 * @readers: @groups: kept by the program; read-only
 */
struct xdp_port {
	__u64 netns;
	__u32 ifindex;
	char ifname[IF_NAMESIZE];
	char name[40];
	int away;
	int dir_fd;
	int anchor_fd;
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

enum { XDP_OBJECTS = 10 };

/* What is pinned by which name, and where its descriptor is. */
struct xdp_object {
	char name[8];
	size_t offset;
};
extern const struct xdp_object xdp_objects[XDP_OBJECTS];
int *xdp_object_fd(const struct xdp_port *p, int i);

/**
 * struct xdp_waker - how a reader or a group is woken
 * @fd: its ring buffer
 * @live_fd: holds byte @index locked while this process lives
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

/* dir.c APIs: descriptors, or -errno */
int xdp_dir_root(int make, const struct text *why); /* -ENOENT: no port */
int xdp_dir_port(const char *name, int make, const struct text *why);
int xdp_dir_libxdp(void);
int xdp_dir_open(int at, const char *name);
int xdp_dir_is_safe(int fd, int sticky_will_do);
int xdp_dir_is_linked(int fd);
int xdp_pin_at(int dir, const char *name, int fd);
int xdp_get_at(int dir, const char *name);
/* Calls @fn for what is in @dir, until it returns other than 0. */
typedef int xdp_name_fn(int dir, const char *name, void *arg);
int xdp_dir_each(int dir, xdp_name_fn *fn, void *arg);

/* port.c APIs. An open port is closed with xdp_port_close(). */
int xdp_port_name(struct xdp_port *p, const char *ifname,
		  const struct text *why);
void xdp_port_by_index(struct xdp_port *p, __u32 ifindex);
void xdp_port_of(struct xdp_port *p, __u64 ns, __u32 ifindex);
int xdp_port_open(struct xdp_port *p, const struct text *why);
int xdp_port_map(struct xdp_port *p, const struct text *why);
void xdp_port_close(struct xdp_port *p);
/* All but the directory, and so the lock. */
void xdp_port_close_objects(struct xdp_port *p);
int xdp_port_lock(struct xdp_port *p, const struct text *why);
/* Of this very directory: -ENOENT, and not locked, if it is no port's any more. */
int xdp_port_lock_this(struct xdp_port *p, int flags);
void xdp_port_unlock(struct xdp_port *p);
/* Its interface is no more, or has left the namespace since. */
int xdp_port_is_gone(const struct xdp_port *p);
/* Its interface is in this thread's namespace, by now or again. */
int xdp_port_is_here(const struct xdp_port *p);
/* All descriptors are there. */
int xdp_port_complete(const struct xdp_port *p);
/* Of a port's table: it is another port once it was attached anew. 0: none. */
__u32 xdp_map_id(int fd);
void xdp_port_unpin(struct xdp_port *p);
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
/*
 * Opens a port, which is locked, and repairs what the dead have left. -ENOENT:
 * there is none, by now.
 */
int xdp_port_begin(struct xdp_port *p, const struct text *why);
/* The same of one that is open. */
int xdp_port_repair(struct xdp_port *p, const struct text *why);
/* What is pinned for interfaces that are no more, of any namespace. */
void xdp_clean_dead(void);
/* The interface went: tells every reader and leaves nothing. Takes the lock. */
void xdp_port_bury(struct xdp_port *p);

/* quiet.c APIs: this thread's libxdp and libbpf print nothing in between. */
void xdp_hush(void);
void xdp_unhush(void);
const char *xdp_drivers_words(void); /* of a refusal; empty: none */

/* attach.c APIs */
/* @set: see struct avtpmap_port_opts. Loads the program, too. */
int xdp_attach_new(struct xdp_port *p, __u32 set, const struct text *why);
/* One that somebody took off. */
int xdp_attach(struct xdp_port *p, __u32 set, const struct text *why);
/* Nothing of ours is there: could it be? 0 or -errno, with a line in @why. */
int xdp_could_attach(const struct xdp_port *p, int asked,
		     const struct text *why);
int xdp_detach(struct xdp_port *p, const struct text *why);
int xdp_detach_fd(__u32 ifindex, int fd, int alone, __u8 mode);
int xdp_elsewhere_text(const struct xdp_port *p, const struct text *why);
/* "native", "generic" and so on, xdp_unavailable, or NULL: not attached. */
extern const char xdp_unavailable[];
const char *xdp_attached(const struct xdp_port *p, int *alone);
/* It was, until somebody took it off: -ENETDOWN. */
int xdp_off_text(const struct xdp_port *p, const struct text *why);

/* ours.c APIs: the program on the interface, and whose it is */
/* All zeros if it cannot be had. */
struct bpf_prog_info xdp_prog_info(int fd);
/* The program's id on the interface: ours alone, or a dispatcher's; 0: none. */
int xdp_on_interface(__u32 ifindex, __u8 *mode, __u32 *id);
/* For want of rights, a descriptor or memory nobody could look. */
int xdp_may_be(int err);
/* This port's program is on the interface of its index. */
int xdp_is_on_interface(const struct xdp_port *p);
int xdp_in_dispatcher(__u32 ifindex, __u32 id);
/*
 * A program of ours that is none of this port's, which is locked: one of the dead
 * goes, with what it did to the interface; one that lives stays: -EBUSY.
 */
int xdp_remove_orphan(struct xdp_port *p, const struct text *why);
/* Only looks: there is one of the dead; there is none that lives. */
int xdp_is_orphan(const struct xdp_port *p);
int xdp_has_room(const struct xdp_port *p);
/*
 * libxdp leaves the pins of a dispatcher that somebody else took off, or that
 * went with its interface, and they keep our program. When it is not attached.
 */
void xdp_dispatchers_clean(const struct xdp_port *p);

/* stream.c APIs. All with the port locked, but find. */
int xdp_stream_find(const struct xdp_port *p, __u64 stream_id);
int xdp_stream_create(struct xdp_port *p, __u64 stream_id,
		      const struct avtpmap_stream_opts *opts,
		      const struct text *why);
void xdp_stream_destroy(struct xdp_port *p, __u32 index);
/* Streams that were being added or deleted by somebody who was killed. */
void xdp_streams_clean(struct xdp_port *p);
int xdp_ring_open(const struct xdp_port *p, __u32 index);
__u64 xdp_mem_used(const struct xdp_port *p);
/* All of a ring, read-only; NULL without it. Unmapped by munmap(). */
const struct xdp_ring *xdp_ring_map(int fd, size_t *bytes);

/* waker.c APIs. Opened and closed with the port locked. */
void xdp_waker_init(struct xdp_waker *w);
int xdp_waker_open(struct xdp_waker *w, const struct xdp_port *p);
void xdp_waker_close(struct xdp_waker *w);
int xdp_is_alive(const struct xdp_port *p, __u32 index);
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
/* Only waits. -ETIMEDOUT: nobody looked. */
int xdp_await(const struct xdp_port *p, __u32 index, __u32 timer,
	      const __u32 *state);

/* reader.c APIs. With the port locked. */
__u32 xdp_n_readers(const struct xdp_port *p, const struct xdp_ctl *c);
void xdp_reader_remove(struct xdp_port *p, __u32 index);
void xdp_readers_clean(struct xdp_port *p);
/* Without. */
int xdp_is_gone(const struct xdp_handle *h);
/* Not yet released; @wake: in steps that are worth a wake. */
__u64 xdp_periods_due(const struct xdp_handle *h, int wake);
int xdp_change_period(struct xdp_handle *h,
		      const struct avtpmap_period *period);

/* group.c APIs */
void xdp_group_quiet(struct xdp_handle *h);
/* A member's handle is being closed. */
void xdp_group_forget(struct xdp_handle *h);
/* With the port locked: a group goes; a member that is no reader any more goes. */
void xdp_group_disband(struct xdp_port *p, __u32 index);
void xdp_group_leave(struct xdp_port *p, __u32 index);

/* beside.c APIs: 0, or why the kernel refuses what a dispatcher is made of */
int xdp_could_be_beside(void);

/* filter.c APIs: what the NIC must let through. With the port locked. */
int xdp_filters_add(struct xdp_port *p, struct xdp_ctl *c,
		    const struct text *why);
void xdp_filters_del(struct xdp_port *p, struct xdp_ctl *c);
/* If no stream needs it any more and it is ours. */
void xdp_allmulti_drop(struct xdp_port *p);

/* Of a bridge, a bond or the like. */
int xdp_is_enslaved(const struct xdp_port *p);

/*
 * rtnl.c APIs: sends @msg, which is freed, and may be NULL. @fn: if not NULL, for
 * each answer until it returns other than 0, which is returned. Else 0 or -errno.
 */
struct nl_msg;
typedef int xdp_rtnl_fn(struct nlmsghdr *hdr, void *arg);
int xdp_rtnl(struct nl_msg *msg, xdp_rtnl_fn *fn, void *arg);

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
