// SPDX-License-Identifier: GPL-2.0
/*
 * Takes every frame of a netdev at the hook and does nothing with it: what is
 * left is the driver's own cost. Between two of these frames it marks, for
 * tests/bench/insns.c, where counting begins and ends.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/net_namespace.h>

#include "avtpmap_hook.h"

static char *ifname = "eth0";
module_param(ifname, charp, 0444);
MODULE_PARM_DESC(ifname, "whose frames (default eth0)");

static ulong warm = 64;
module_param(warm, ulong, 0444);
MODULE_PARM_DESC(warm, "frames before the first mark");

static ulong frames = 1;
module_param(frames, ulong, 0444);
MODULE_PARM_DESC(frames, "frames between the marks");

static ulong seen;
module_param(seen, ulong, 0444);
MODULE_PARM_DESC(seen, "frames so far");

static struct net_device *netdev;

static enum avtpmap_verdict drop(struct avtpmap_sink *sink,
				 const struct avtpmap_rx *rx)
{
	seen++;
	if (seen == warm)
		asm volatile("nopl 0x41565401(%%rax,%%rax)" ::: "memory");
	else if (seen == warm + frames)
		asm volatile("nopl 0x41565402(%%rax,%%rax)" ::: "memory");
	return AVTPMAP_CONSUMED;
}

static struct avtpmap_sink sink = { .rx = drop };

static int __init hookdrop_init(void)
{
	int err;

	netdev = dev_get_by_name(&init_net, ifname);
	if (!netdev)
		return -ENODEV;
	err = avtpmap_hook_attach(netdev, &sink);
	if (err)
		dev_put(netdev);
	else
		avtpmap_hook_arm(netdev, &sink, true);
	return err;
}

static void __exit hookdrop_exit(void)
{
	avtpmap_hook_detach(netdev, &sink);
	dev_put(netdev);
}

module_init(hookdrop_init);
module_exit(hookdrop_exit);
MODULE_DESCRIPTION("avtpmap test: a sink that drops everything");
MODULE_LICENSE("GPL");
