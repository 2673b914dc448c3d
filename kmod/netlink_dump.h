/* SPDX-License-Identifier: GPL-2.0 */
/* What the family "avtpmap" lists. */
#ifndef AVTPMAP_NETLINK_DUMP_H
#define AVTPMAP_NETLINK_DUMP_H

#include <net/genetlink.h>

extern struct genl_family netlink_family;

int netlink_dump_ports(struct sk_buff *skb, struct netlink_callback *cb);
int netlink_dump_streams(struct sk_buff *skb, struct netlink_callback *cb);
int netlink_dump_readers(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* AVTPMAP_NETLINK_DUMP_H */
