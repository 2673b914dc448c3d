/* SPDX-License-Identifier: GPL-2.0 */
/* What the netlink group "events" is told. Of the module it knows nothing. */
#ifndef AVTPMAP_EVENT_H
#define AVTPMAP_EVENT_H

#include <linux/avtpmap.h>
#include <linux/avtpmap_netlink.h>
#include <linux/netdevice.h>

struct genl_family;

/* The family is registered, and has its group; before that nobody is told. */
void event_open(const struct genl_family *to);
void event_close(void);

/*
 * Of the stream whose ring has the header @hdr, or of the port itself (NULL). In
 * process context, without the stream's lock. Lost if there is no memory.
 */
void event_tell(const struct net_device *dev,
		const struct avtpmap_ring_hdr *hdr, u32 events);

#endif /* AVTPMAP_EVENT_H */
