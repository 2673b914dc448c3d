/* SPDX-License-Identifier: MIT */
/* The kernel module as a backend. */
#ifndef AVTPMAP_LIB_KMOD_H
#define AVTPMAP_LIB_KMOD_H

#include "../backend.h"

struct nlattr;
struct nl_msg;

/* control.c APIs: see backend.h */
int kmod_ctl_open(void **priv, const struct text *why);
void kmod_ctl_close(void *priv);
int kmod_port_attach(void *priv, const char *ifname,
		     const struct avtpmap_port_opts *opts,
		     const struct text *why);
int kmod_port_detach(void *priv, const char *ifname, const struct text *why);
int kmod_stream_add(void *priv, const char *ifname, __u64 stream_id,
		    const struct avtpmap_stream_opts *opts,
		    const struct text *why);
int kmod_stream_del(void *priv, const char *ifname, __u64 stream_id,
		    const struct text *why);
int kmod_stream_set_mode(void *priv, const char *ifname, __u64 stream_id,
			 __u32 mode, const struct text *why);
int kmod_drain(void *priv, const char *ifname, const struct text *why);

/* list.c APIs: see backend.h */
int kmod_port_list(void *priv, avtpmap_port_fn *fn, void *arg,
		   const struct text *why);
int kmod_stream_list(void *priv, const char *ifname, avtpmap_stream_fn *fn,
		     void *arg, const struct text *why);
int kmod_reader_list(void *priv, const char *ifname, avtpmap_reader_fn *fn,
		     void *arg, const struct text *why);

/* monitor.c APIs: see backend.h */
int kmod_monitor_open(void **priv, const struct text *why);
void kmod_monitor_close(void *priv);
int kmod_monitor_fd(void *priv);
int kmod_monitor_read(void *priv, struct avtpmap_notice *notice);

/* netlink.c APIs: one generic netlink socket to the module */
struct netlink;

int netlink_open(struct netlink **out, const struct text *why);
void netlink_close(struct netlink *nl);

/* A request of enum avtpmap_cmd, or NULL without memory. */
struct nl_msg *netlink_request(struct netlink *nl, int cmd, int flags);

/*
 * Sends @msg, which is freed, and waits for the end of the answer. @fn gets
 * the attributes of each message of a dump: a table by enum avtpmap_attr, and
 * the first of them with their length in bytes. When it returns other than 0
 * the rest is skipped and that is returned. A refusal's text, with @subject
 * before it, goes to @why.
 */
typedef int netlink_fn(struct nlattr **attrs, struct nlattr *first, int bytes,
		       void *arg);
int netlink_call(struct netlink *nl, struct nl_msg *msg, netlink_fn *fn,
		 void *arg, const char *subject, const struct text *why);

#endif
