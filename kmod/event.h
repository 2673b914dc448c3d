/* SPDX-License-Identifier: GPL-2.0 */
/* What the netlink group "events" is told. */
#ifndef AVTPMAP_EVENT_H
#define AVTPMAP_EVENT_H

#include <linux/types.h>

struct port;
struct stream;

/* In process context, without the stream's lock. */
void netlink_port_event(const struct port *port, u32 events);
void netlink_stream_event(const struct stream *s, u32 events);

#endif /* AVTPMAP_EVENT_H */
