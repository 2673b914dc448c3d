/* SPDX-License-Identifier: GPL-2.0 */
/* Control: generic netlink family "avtpmap". */
#ifndef AVTPMAP_NETLINK_H
#define AVTPMAP_NETLINK_H

int netlink_init(void);
void netlink_exit(void);

#endif /* AVTPMAP_NETLINK_H */
