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

#include <net/if.h>

#include "backend.h"
#include "internal.h"
#include "bpf/state.h"

#define XDP_RUN_DIR "/run/avtpmap"

enum xdp_filters {
	XDP_FILTER_MAC = 1 << 0,
	XDP_FILTER_ALLMULTI = 1 << 1,
	XDP_FILTER_VID = 1 << 2,
};

/**
 * struct xdp_port - one process's handle of a port
 * @ifindex: @ifname: the netdev
 * @dir: where its state is pinned
 * @lock_fd: the file of locks
 * @rx_fd: @tick_fd: the programs
 * @table: asked for; writable
 * @readers: kept by the program; read-only
 */
struct xdp_port {
	__u32 ifindex;
	char ifname[IF_NAMESIZE];
	char dir[96];
	int lock_fd;
	int rx_fd;
	int tick_fd;
	int table_fd;
	int rings_fd;
	int readers_fd;
	int wakers_fd;
	int stats_fd;
	int timers_fd;
	struct xdp_table *table;
	const struct xdp_reader *readers;
};

/* xdp_load.c APIs: programs and maps, before they are pinned */
int xdp_load(struct xdp_port *p, const struct text *why);
int xdp_pin(struct xdp_port *p, const struct text *why);

/* xdp_port.c APIs. An open port is closed with xdp_port_close(). */
int xdp_port_name(struct xdp_port *p, const char *ifname,
		  const struct text *why);
int xdp_port_by_index(struct xdp_port *p, __u32 ifindex);
int xdp_port_open(struct xdp_port *p, const struct text *why);
int xdp_port_map(struct xdp_port *p, const struct text *why);
void xdp_port_close(struct xdp_port *p);
int xdp_port_lock(struct xdp_port *p, const struct text *why);
void xdp_port_unlock(struct xdp_port *p);
/* All descriptors are there. */
int xdp_port_complete(const struct xdp_port *p);
void xdp_port_unpin(struct xdp_port *p);
/* Calls @fn for each port of this network namespace, open. */
typedef int xdp_port_fn(struct xdp_port *p, void *arg);
int xdp_each_port(xdp_port_fn *fn, void *arg, const struct text *why);
/* Takes away what was left by the dead, of all ports. */
int xdp_clean(void *priv, const struct text *why);
/* Has the program look at a stream, in softirq. */
int xdp_tick(const struct xdp_port *p, __u32 stream);
int xdp_bpf_text(const struct text *why, int err, const char *what);

/* xdp_attach.c APIs */
int xdp_attach(struct xdp_port *p, __u32 set, const struct text *why);
int xdp_detach(struct xdp_port *p, const struct text *why);
/* "native", "generic" and so on, or NULL: not attached. */
const char *xdp_attached(const struct xdp_port *p, int *alone);

/* xdp_stream.c APIs. All with the port locked, but find. */
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

/* xdp_reader.c APIs. With the port locked. */
void xdp_reader_remove(struct xdp_port *p, __u32 index);
void xdp_readers_clean(struct xdp_port *p);

/* xdp_filter.c APIs: what the NIC must let through. With the port locked. */
int xdp_filters_add(struct xdp_port *p, struct xdp_ctl *c,
		    const struct text *why);
void xdp_filters_del(struct xdp_port *p, struct xdp_ctl *c);

/* xdp_list.c APIs: see backend.h */
int xdp_port_list(void *priv, avtpmap_port_fn *fn, void *arg,
		  const struct text *why);
int xdp_stream_list(void *priv, const char *ifname, avtpmap_stream_fn *fn,
		    void *arg, const struct text *why);
int xdp_reader_list(void *priv, const char *ifname, avtpmap_reader_fn *fn,
		    void *arg, const struct text *why);

/* xdp_reader.c APIs: see backend.h */
int xdp_open(struct avtpmap_stream *s, const struct avtpmap_open_opts *opts,
	     const struct text *why);
void xdp_close(struct avtpmap_stream *s);
int xdp_set_period(struct avtpmap_stream *s,
		   const struct avtpmap_period *period);
int xdp_wait(struct avtpmap_stream *s, struct avtpmap_wait *wait);
int xdp_info(struct avtpmap_stream *s, struct avtpmap_reader_info *info);

#endif
