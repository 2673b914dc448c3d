/* SPDX-License-Identifier: MIT */
/*
 * What a backend is to the library. Only backend.c knows which there are; who
 * calls one never asks which he got.
 */
#ifndef AVTPMAP_LIB_BACKEND_H
#define AVTPMAP_LIB_BACKEND_H

#include <avtpmap/avtpmap.h>

#include "text.h"

#define REASON_BYTES 320

/**
 * struct backend - one backend
 * @id: enum avtpmap_backend
 * @name: its name
 * @probe: can it be used, on this port or (NULL) at all? 0 or -errno, and in
 *	either case a line in @why; @asked: by name, so that what attach can be
 *	told to do all the same is no obstacle
 *
 * For stream handles:
 * @open: map the ring and call stream_set_ring(); on failure nothing is left
 * @close: undo it
 * @set_period: @wait: @info: as the ioctls of the same names
 *
 * For groups; all NULL where there are none. Members are of this backend:
 * @group_open: set the group's fd and priv, or return -errno
 * @group_add: ... @group_close: see avtpmap/group.h
 *
 * For control; @priv is what ctl_open stored. Failures leave a line in @why:
 * @ctl_open: ... @drain: see avtpmap/control.h
 *
 * For monitors; @priv is what monitor_open stored:
 * @monitor_open: ... @monitor_read: see avtpmap/monitor.h; the notice is zeroed
 *	before, and of any port
 */
struct backend {
	__u32 id;
	const char *name;
	int (*probe)(const char *ifname, int asked, const struct text *why);

	int (*open)(struct avtpmap_stream *s,
		    const struct avtpmap_open_opts *opts,
		    const struct text *why);
	void (*close)(struct avtpmap_stream *s);
	int (*set_period)(struct avtpmap_stream *s,
			  const struct avtpmap_period *period);
	int (*wait)(struct avtpmap_stream *s, struct avtpmap_wait *wait);
	int (*info)(struct avtpmap_stream *s, struct avtpmap_reader_info *info);

	int (*group_open)(struct avtpmap_group *g);
	int (*group_add)(struct avtpmap_group *g, struct avtpmap_stream *s);
	int (*group_set_period)(struct avtpmap_group *g,
				const struct avtpmap_period *period);
	int (*group_wait)(struct avtpmap_group *g, struct avtpmap_wait *wait);
	int (*group_info)(struct avtpmap_group *g,
			  struct avtpmap_reader_info *info);
	void (*group_close)(struct avtpmap_group *g);

	int (*ctl_open)(void **priv, const struct text *why);
	void (*ctl_close)(void *priv);
	int (*port_attach)(void *priv, const char *ifname,
			   const struct avtpmap_port_opts *opts,
			   const struct text *why);
	int (*port_detach)(void *priv, const char *ifname,
			   const struct text *why);
	int (*port_list)(void *priv, avtpmap_port_fn *fn, void *arg,
			 const struct text *why);
	int (*stream_add)(void *priv, const char *ifname, __u64 stream_id,
			  const struct avtpmap_stream_opts *opts,
			  const struct text *why);
	int (*stream_del)(void *priv, const char *ifname, __u64 stream_id,
			  const struct text *why);
	int (*stream_set_mode)(void *priv, const char *ifname, __u64 stream_id,
			       __u32 mode, const struct text *why);
	int (*stream_list)(void *priv, const char *ifname,
			   avtpmap_stream_fn *fn, void *arg,
			   const struct text *why);
	int (*reader_list)(void *priv, const char *ifname,
			   avtpmap_reader_fn *fn, void *arg,
			   const struct text *why);
	int (*drain)(void *priv, const char *ifname, const struct text *why);
	int (*clean)(void *priv, const struct text *why); /* may be NULL */

	int (*monitor_open)(void **priv, const struct text *why);
	void (*monitor_close)(void *priv);
	int (*monitor_fd)(void *priv);
	int (*monitor_read)(void *priv, struct avtpmap_notice *notice);
};

extern const struct backend backend_kmod;
extern const struct backend backend_xdp;
extern const struct backend backend_packet;

/*
 * The one place where a backend is chosen. @wanted: AVTPMAP_BACKEND_AUTO or
 * the one to insist on. @why tells the reason, of the choice or of the failure.
 */
int backend_choose(const struct backend **out, __u32 wanted, const char *ifname,
		   const struct text *why);

#endif
