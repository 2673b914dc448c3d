// SPDX-License-Identifier: MIT
/* Which port a name means, as the module sees it (dev_of_name() there). */
#include <errno.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

int if_ioctl(unsigned long request, void *arg)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = ioctl(fd, request, arg) ? -errno : 0;
	close(fd);
	return err;
}

static int ask_vlan(const char *name, int cmd, struct vlan_ioctl_args *args)
{
	*args = (struct vlan_ioctl_args){ .cmd = cmd };
	if (strlen(name) >= sizeof(args->device1))
		return -ENODEV;
	memcpy(args->device1, name, strlen(name) + 1);
	return if_ioctl(SIOCGIFVLAN, args);
}

/* The netdev below a VLAN device. */
static __u32 real_dev(const char *name)
{
	struct vlan_ioctl_args args;

	return ask_vlan(name, GET_VLAN_REALDEV_NAME_CMD, &args) ?
		       0 :
		       if_nametoindex(args.u.device2);
}

/* 2 of eth0.2, or 0. */
static __u32 vid_after_dot(const char *name)
{
	const char *dot = strrchr(name, '.');
	unsigned long vid;
	char *end;

	if (!dot || dot[1] < '0' || dot[1] > '9')
		return 0;
	vid = strtoul(dot + 1, &end, 10);
	return *end || vid > 4094 ? 0 : vid;
}

/* eth0 of eth0.2, where there is no device of that name. */
static __u32 dev_before_dot(const char *name)
{
	const char *dot = strrchr(name, '.');
	char base[IFNAMSIZ];

	if (!vid_after_dot(name) || dot - name >= IFNAMSIZ)
		return 0;
	memcpy(base, name, dot - name);
	base[dot - name] = '\0';
	return if_nametoindex(base);
}

__u32 vid_of_name(const char *name)
{
	struct vlan_ioctl_args args;

	if (!if_nametoindex(name))
		return vid_after_dot(name);
	return ask_vlan(name, GET_VLAN_VID_CMD, &args) ? 0 : args.u.VID;
}

int is_ethernet(const char *name)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, name, IF_NAMESIZE);
	return !if_ioctl(SIOCGIFHWADDR, &ifr) &&
	       ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

int port_of_name(const char *name, __u32 *ifindex)
{
	int may_be = 0;

	*ifindex = if_nametoindex(name);
	if (!*ifindex) /* another error: the C library had no socket to ask by */
		may_be = errno != ENODEV;
	if (*ifindex) {
		__u32 below = real_dev(name);

		if (below)
			*ifindex = below;
	} else {
		*ifindex = dev_before_dot(name);
	}
	if (*ifindex)
		return 0;
	return may_be ? -EMFILE : -ENODEV;
}

int port_of_name_text(const char *name, __u32 *ifindex, const struct text *why)
{
	int err = port_of_name(name, ifindex);

	if (err == -ENODEV)
		return refuse_text(why, err,
				   "%s: no such interface; see ip link", name);
	if (err)
		return refuse_text(why, err,
				   "cannot look for %s: too many open files; "
				   "raise ulimit -n",
				   name);
	return 0;
}
