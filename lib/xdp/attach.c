// SPDX-License-Identifier: MIT
/*
 * The program on its interface: through libxdp's dispatcher, so that it lives
 * beside others; alone only where that was asked for.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "xdp.h"

int xdp_off_text(const struct xdp_port *p, const struct text *why)
{
	return refuse_text(why, -ENETDOWN,
			   "%s: its XDP program was taken off; "
			   "avtpmap attach %s",
			   p->ifname, p->ifname);
}

const char xdp_unavailable[] = "unavailable";

const char *xdp_attached(const struct xdp_port *p, int *alone)
{
	static const char *const modes[] = {
		[XDP_ATTACHED_DRV] = "native",
		[XDP_ATTACHED_SKB] = "generic",
		[XDP_ATTACHED_HW] = "offload",
		[XDP_ATTACHED_MULTI] = "several",
	};
	__u32 ours = xdp_prog_info(p->rx_fd).id, there;
	__u8 mode;
	int found;

	*alone = 0;
	if (xdp_may_be(xdp_on_interface(p->ifindex, &mode, &there)))
		return xdp_unavailable;
	if (!there || !ours || mode > XDP_ATTACHED_MULTI)
		return NULL;
	*alone = there == ours;
	if (*alone)
		return modes[mode];
	xdp_hush();
	found = xdp_in_dispatcher(p->ifindex, ours);
	xdp_unhush();
	return found ? modes[mode] : NULL;
}

/* Native XDP resets most NICs. These it does not. */
static int is_gentle(const char *ifname)
{
	static const char *const drivers[] = { "veth", "tun", "virtio_net" };
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (char *)&info };
	int err;

	memcpy(ifr.ifr_name, ifname, IF_NAMESIZE);
	err = if_ioctl(SIOCETHTOOL, &ifr);
	for (size_t i = 0; !err && i < sizeof(drivers) / sizeof(drivers[0]);
	     i++)
		if (!strcmp(info.driver, drivers[i]))
			return 1;
	return 0;
}

/* One that was loaded for a dispatcher. */
static int attach_dispatched(struct xdp_port *p, enum xdp_attach_mode mode)
{
	struct xdp_program *prog = xdp_program__from_fd(p->rx_fd);
	int err = libxdp_get_error(prog);

	if (err)
		return err;
	xdp_dispatchers_clean(p);
	xdp_program__set_run_prio(prog, XDP_RUN_PRIO);
	err = xdp_program__attach(prog, p->ifindex, mode, 0);
	xdp_program__close(prog);
	return err;
}

static int attach_alone(struct xdp_port *p, __u32 flags)
{
	return bpf_xdp_attach(p->ifindex, p->rx_fd,
			      flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
}

static int busy_text(const struct xdp_port *p, const struct text *why)
{
	return refuse_text(why, -EBUSY,
			   "%s: another XDP program is attached that "
			   "leaves no room beside it; see xdp-loader "
			   "status %s",
			   p->ifname, p->ifname);
}

int xdp_elsewhere_text(const struct xdp_port *p, const struct text *why)
{
	return refuse_text(why, -EBUSY,
			   "%s: attached already, by a program whose state "
			   "is not in this BPF file system: use it in the "
			   "mount namespace that attached it, or take it off: "
			   "ip link set %s xdp off",
			   p->ifname, p->ifname);
}

/* Ethernet's default is what every driver takes. */
static int has_large_mtu(const struct xdp_port *p)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, p->ifname, IF_NAMESIZE);
	return !if_ioctl(SIOCGIFMTU, &ifr) && ifr.ifr_mtu > ETH_DATA_LEN;
}

static int native_text(const struct xdp_port *p, int err,
		       const struct text *why)
{
	const char *said = xdp_drivers_words();
	const char *words = *said ? said : strerror(-err);

	if ((err == -EINVAL || err == -ERANGE) && has_large_mtu(p))
		return refuse_text(why, err,
				   "%s: its driver refuses native XDP (%s); "
				   "ip link set %s mtu %d, or avtpmap attach "
				   "%s --xdp generic",
				   p->ifname, words, p->ifname, ETH_DATA_LEN,
				   p->ifname);
	return refuse_text(why, err,
			   "%s: its driver refuses native XDP (%s); "
			   "avtpmap attach %s --xdp generic",
			   p->ifname, words, p->ifname);
}

static int attach_text(const struct xdp_port *p, int err, int native,
		       const struct text *why)
{
	switch (err) {
	case -EBUSY:
	case -EEXIST:
		return busy_text(p, why);
	case -EPERM:
	case -EACCES:
	case -EMFILE:
	case -ENOMEM:
		break;
	default:
		if (native)
			return native_text(p, err, why);
	}
	return xdp_bpf_text(why, err, "attach the XDP program");
}

static int by_dispatcher(__u32 ifindex)
{
	struct xdp_multiprog *mp;
	int is;

	xdp_hush();
	mp = xdp_multiprog__get_from_ifindex(ifindex);
	is = !libxdp_get_error(mp) && !xdp_multiprog__is_legacy(mp);
	if (!libxdp_get_error(mp))
		xdp_multiprog__close(mp);
	xdp_unhush();
	return is;
}

static int refused_text(const struct xdp_port *p, const char *because,
			const struct text *why)
{
	return refuse_text(why, -EOPNOTSUPP,
			   "%s: libxdp's dispatcher is refused here%s, and "
			   "without it no other XDP program can be beside "
			   "ours; if there need be none: avtpmap attach %s "
			   "--alone",
			   p->ifname, because, p->ifname);
}

int xdp_could_attach(const struct xdp_port *p, int asked,
		     const struct text *why)
{
	char because[64];
	int err = 0;
	__u8 mode;
	__u32 id;

	if (!is_ethernet(p->ifname))
		return refuse_text(why, -EOPNOTSUPP,
				   "%s is no Ethernet interface", p->ifname);
	if (!xdp_has_room(p))
		return xdp_elsewhere_text(p, why);
	xdp_on_interface(p->ifindex, &mode, &id);
	if (id && !by_dispatcher(p->ifindex) && !xdp_is_orphan(p))
		return busy_text(p, why);
	if (!asked && !id)
		err = xdp_could_be_beside();
	if (err) {
		snprintf(because, sizeof(because), " (%s)", strerror(-err));
		return refused_text(p, because, why);
	}
	return refuse_text(why, 0,
			   "BPF programs can be loaded; %s has none of ours "
			   "yet, and gets it in %s mode",
			   p->ifname,
			   is_gentle(p->ifname) ? "native" : "generic");
}

/* What is not said stays as it was. */
static int wants_native(const struct xdp_port *p, __u32 set)
{
	if (set & (AVTPMAP_PORT_XDP_NATIVE | AVTPMAP_PORT_XDP_GENERIC))
		return !!(set & AVTPMAP_PORT_XDP_NATIVE);
	if (p->table && p->table->attach_mode)
		return p->table->attach_mode == XDP_ATTACHED_DRV;
	return is_gentle(p->ifname);
}

static int remember(struct xdp_port *p, int native)
{
	p->table->attach_mode = native ? XDP_ATTACHED_DRV : XDP_ATTACHED_SKB;
	return 0;
}

/* libxdp falls back to attaching a program alone, and does not say so. */
static int attach_beside(struct xdp_port *p, int native, const struct text *why)
{
	int alone = 0, err = xdp_load_and_attach(p, native, why);

	if (err)
		return p->rx_fd < 0 ? attach_text(p, err, native, why) : err;
	if (!xdp_attached(p, &alone) || !alone)
		return remember(p, native);
	return refused_text(p, "", why);
}

int xdp_attach_new(struct xdp_port *p, __u32 set, const struct text *why)
{
	int err;

	if (!is_ethernet(p->ifname))
		return refuse_text(why, -EOPNOTSUPP,
				   "%s is no Ethernet interface", p->ifname);
	if (!(set & AVTPMAP_PORT_XDP_ALONE))
		return attach_beside(p, wants_native(p, set), why);
	err = xdp_load(p, why);
	return err ? err : xdp_attach(p, set, why);
}

/* As what it was loaded for: a dispatcher takes programs of another type. */
int xdp_attach(struct xdp_port *p, __u32 set, const struct text *why)
{
	int native = wants_native(p, set), err;

	xdp_hush();
	if (xdp_prog_info(p->rx_fd).type == BPF_PROG_TYPE_EXT)
		err = attach_dispatched(p, native ? XDP_MODE_NATIVE :
						    XDP_MODE_SKB);
	else
		err = attach_alone(p, native ? XDP_FLAGS_DRV_MODE :
					       XDP_FLAGS_SKB_MODE);
	xdp_unhush();
	return err ? attach_text(p, err, native, why) : remember(p, native);
}

/* This one and no other, in the mode that it is in: another is not looked at. */
int xdp_detach_fd(__u32 ifindex, int fd, int alone, __u8 mode)
{
	int generic = mode == XDP_ATTACHED_SKB, err;
	LIBBPF_OPTS(bpf_xdp_attach_opts, only, .old_prog_fd = fd);
	struct xdp_program *prog;

	if (alone)
		return bpf_xdp_detach(ifindex,
				      generic ? XDP_FLAGS_SKB_MODE :
						XDP_FLAGS_DRV_MODE,
				      &only);
	prog = xdp_program__from_fd(fd);
	err = libxdp_get_error(prog);
	if (err)
		return err;
	err = xdp_program__detach(prog, ifindex,
				  generic ? XDP_MODE_SKB : XDP_MODE_NATIVE, 0);
	xdp_program__close(prog);
	return err;
}

int xdp_detach(struct xdp_port *p, const struct text *why)
{
	int alone = 0, err;
	__u8 mode;
	__u32 id;

	if (!xdp_attached(p, &alone)) {
		xdp_dispatchers_clean(p);
		return 0;
	}
	xdp_on_interface(p->ifindex, &mode, &id);
	xdp_hush();
	err = xdp_detach_fd(p->ifindex, p->rx_fd, alone, mode);
	xdp_unhush();
	return err ? xdp_bpf_text(why, err, "detach the XDP program") : 0;
}
