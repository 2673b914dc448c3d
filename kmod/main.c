// SPDX-License-Identifier: GPL-2.0
/* avtpmap.ko: IEEE 1722 streams in memory-mapped rings. */
#include <linux/module.h>
#include <linux/netdevice.h>

#include "chardev.h"
#include "netlink.h"
#include "param.h"
#include "port.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Also when a netdev moves to another namespace: it unregisters here first. */
static int netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct port *port;

	switch (event) {
	case NETDEV_UNREGISTER:
		port = port_find(dev);
		if (port)
			port_release(port);
		break;
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
		param_apply(dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
};

static int __init avtpmap_init(void)
{
	int err;

	err = param_init();
	if (err)
		return err;
	/*
	 * Before anybody can ask for a port, or its netdev could go unnoticed.
	 * This replays NETDEV_REGISTER for the netdevs that exist.
	 */
	err = register_netdevice_notifier(&netdev_notifier);
	if (err)
		goto err_param;
	err = netlink_init();
	if (err)
		goto err_notifier;
	err = chardev_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	netlink_exit();
err_notifier:
	port_exit();
	unregister_netdevice_notifier(&netdev_notifier);
err_param:
	param_exit();
	return err;
}

static void __exit avtpmap_exit(void)
{
	port_exit();		/* whose end is told; there can be no new ones */
	unregister_netdevice_notifier(&netdev_notifier);
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
