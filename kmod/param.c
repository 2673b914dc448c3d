// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "param.h"
#include "port.h"
#include "shared/streamid.h"
#include "stream.h"

static char *streams;
module_param(streams, charp, 0444);
MODULE_PARM_DESC(streams,
		 "streams to take, also of interfaces that come later: IF/STREAM_ID[/key=value...],... with keys mac vid rate mbit ms stride silence mode");

/* A stream of the parameter; made whenever a netdev of this name appears. */
struct wanted {
	struct list_head node;
	char ifname[IFNAMSIZ];
	struct stream_config config;
};

static LIST_HEAD(wanted);	/* immutable between param_init and _exit */

static int parse_mac(const char *value, u64 *mac)
{
	u8 addr[ETH_ALEN];

	if (strlen(value) != 3 * ETH_ALEN - 1 || !mac_pton(value, addr) ||
	    is_zero_ether_addr(addr))
		return -EINVAL;
	*mac = ether_addr_to_u64(addr);
	return 0;
}

static int parse_vid(const char *value, u32 *vid)
{
	if (!strcmp(value, "none")) {
		*vid = AVTPMAP_ANY_VID;
		return 0;
	}
	if (kstrtou32(value, 10, vid) || !*vid || *vid >= 4095)
		return -EINVAL;
	return 0;
}

static int parse_mode(const char *value, u32 *mode)
{
	if (!strcmp(value, "take"))
		*mode = AVTPMAP_MODE_TAKE;
	else if (!strcmp(value, "copy"))
		*mode = AVTPMAP_MODE_COPY;
	else
		return -EINVAL;
	return 0;
}

static int parse_option(struct stream_config *c, char *option)
{
	char *key = strsep(&option, "=");

	if (!option)
		return -EINVAL;
	if (!strcmp(key, "mac"))
		return parse_mac(option, &c->mac);
	if (!strcmp(key, "vid"))
		return parse_vid(option, &c->vid);
	if (!strcmp(key, "mode"))
		return parse_mode(option, &c->mode);
	if (!strcmp(key, "rate"))
		return kstrtou32(option, 10, &c->rate);
	if (!strcmp(key, "mbit"))
		return kstrtou32(option, 10, &c->mbit);
	if (!strcmp(key, "ms"))
		return kstrtou32(option, 10, &c->ms);
	if (!strcmp(key, "stride"))
		return kstrtou32(option, 10, &c->stride);
	if (!strcmp(key, "silence"))
		return kstrtou32(option, 10, &c->silence_ms);
	return -EINVAL;
}

static int parse_stream(struct wanted *w, char *text)
{
	char *ifname = strsep(&text, "/");
	char *id = strsep(&text, "/");
	char *option, *dot;
	u64 stream_id;
	int err;

	stream_config_init(&w->config);
	if (!id || avtpmap_parse_stream_id(id, strlen(id), &stream_id))
		return -EINVAL;
	w->config.stream_id = cpu_to_be64(stream_id);
	dot = strrchr(ifname, '.');
	if (dot) {		/* eth0.2: port eth0, VID 2 */
		*dot = '\0';
		err = parse_vid(dot + 1, &w->config.vid);
		if (err)
			return err;
	}
	if (!*ifname || strscpy(w->ifname, ifname, sizeof(w->ifname)) < 0)
		return -EINVAL;
	while ((option = strsep(&text, "/"))) {
		err = parse_option(&w->config, option);
		if (err)
			return err;
	}
	return 0;
}

static int want(char *text)
{
	struct wanted *w = kzalloc(sizeof(*w), GFP_KERNEL);
	char *copy = kstrdup(text, GFP_KERNEL);
	int err = -ENOMEM;

	if (w && copy)
		err = parse_stream(w, copy);
	kfree(copy);
	if (err) {
		pr_err("streams=%s: %s; write IF/STREAM_ID[/key=value...]\n",
		       text, err == -ENOMEM ? "no memory" : "not understood");
		kfree(w);
		return err;
	}
	list_add_tail(&w->node, &wanted);
	return 0;
}

int param_read(const char *text)
{
	char *copy, *rest, *one;
	int err = 0;

	copy = kstrdup(text, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (!err && (one = strsep(&rest, ",")))
		err = *one ? want(one) : 0;
	kfree(copy);
	if (err)
		param_exit();
	return err;
}

int param_init(void)
{
	return streams ? param_read(streams) : 0;
}

void param_exit(void)
{
	struct wanted *w, *tmp;

	list_for_each_entry_safe(w, tmp, &wanted, node) {
		list_del(&w->node);
		kfree(w);
	}
}

static void make(const struct wanted *w, struct net_device *dev)
{
	struct netlink_ext_ack extack = {};
	struct stream *s = stream_create(dev, &w->config, &extack);

	if (IS_ERR(s) && PTR_ERR(s) != -EEXIST)
		pr_warn("streams=%s/%016llx: %s\n", w->ifname,
			be64_to_cpu(w->config.stream_id),
			extack._msg ?: "no memory");
}

void param_apply(struct net_device *dev)
{
	struct wanted *w;

	ASSERT_RTNL();
	if (!net_eq(dev_net(dev), &init_net))
		return;
	list_for_each_entry(w, &wanted, node)
		if (!strcmp(w->ifname, dev->name))
			make(w, dev);
}
