/* SPDX-License-Identifier: GPL-2.0 */
/* Control: generic netlink family "avtpmap". */
#ifndef AVTPMAP_NETLINK_H
#define AVTPMAP_NETLINK_H

#include <linux/types.h>

struct port;
struct stream;

int netlink_init(void);
void netlink_exit(void);

/* Tell the group "events"; in process context, without the stream's lock. */
void netlink_port_event(const struct port *port, u32 events);
void netlink_stream_event(const struct stream *s, u32 events);

#endif /* AVTPMAP_NETLINK_H */
