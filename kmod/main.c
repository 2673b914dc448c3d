// SPDX-License-Identifier: GPL-2.0
/* avtpmap.ko: IEEE 1722 streams in memory-mapped rings. */
#include <linux/module.h>

#include "chardev.h"
#include "netlink.h"
#include "param.h"
#include "port.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init avtpmap_init(void)
{
	int err;

	err = param_init();
	if (err)
		return err;
	/* before anybody can ask for a port, or its netdev could go unnoticed */
	err = port_init();
	if (err)
		goto err_param;
	err = netlink_init();
	if (err)
		goto err_port;
	err = chardev_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	netlink_exit();
err_port:
	port_exit();
err_param:
	param_exit();
	return err;
}

static void __exit avtpmap_exit(void)
{
	port_exit();		/* whose end is told; there can be no new ones */
	chardev_exit();
	netlink_exit();
	param_exit();
}

module_init(avtpmap_init);
module_exit(avtpmap_exit);

MODULE_DESCRIPTION("IEEE 1722 (AVTP) streams in memory-mapped rings");
MODULE_AUTHOR("The avtpmap authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(AVTPMAP_VERSION);
