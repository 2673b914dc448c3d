// SPDX-License-Identifier: MIT
/*
 * The program on its interface: through libxdp's dispatcher, so that it lives
 * beside others; alone only where that was asked for.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
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

static int silent(enum libxdp_print_level level, const char *format, va_list ap)
{
	(void)level;
	(void)format;
	(void)ap;
	return 0;
}

/* What a driver says of its refusal comes no other way than printed. */
static __thread char drivers_words[96];

static int silent_bpf(enum libbpf_print_level level, const char *format,
		      va_list ap)
{
	const char *said = strstr(format, "Kernel error message: %s");

	(void)level;
	if (said) {
		vsnprintf(drivers_words, sizeof(drivers_words),
			  strchr(said, '%'), ap);
		drivers_words[strcspn(drivers_words, "\n")] = '\0';
	}
	return 0;
}

/* What others load and print is not silenced for good. */
struct xdp_quiet xdp_hush(void)
{
	drivers_words[0] = '\0';
	return (struct xdp_quiet){ libxdp_set_print(silent),
				   libbpf_set_print(silent_bpf) };
}

void xdp_unhush(struct xdp_quiet q)
{
	libxdp_set_print(q.xdp);
	libbpf_set_print(q.bpf);
}

/* All zeros if it cannot be had. */
static struct bpf_prog_info prog_info(int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	return info;
}

/* The program's id on the interface: ours alone, or a dispatcher's; 0: none. */
static int attached_id(__u32 ifindex, __u8 *mode, __u32 *id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);
	int err = bpf_xdp_query(ifindex, 0, &q);

	*mode = err ? 0 : q.attach_mode;
	*id = err ? 0 : q.prog_id;
	return err;
}

/* For want of rights, a descriptor or memory nobody could look. */
static int may_be(int err)
{
	return err == -EPERM || err == -EMFILE || err == -ENFILE ||
	       err == -ENOMEM;
}

/* Where nobody can look it is, as far as we know. */
static int in_dispatcher(const struct xdp_port *p, __u32 id)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(p->ifindex);
	struct xdp_program *prog = NULL;
	int found = 0, err = libxdp_get_error(mp);

	if (err)
		return may_be(err);
	if (!xdp_multiprog__is_legacy(mp))
		while (!found && (prog = xdp_multiprog__next_prog(prog, mp)))
			found = xdp_program__id(prog) == id;
	xdp_multiprog__close(mp);
	return found;
}

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
	__u32 ours = prog_info(p->rx_fd).id, there;
	struct xdp_quiet q;
	__u8 mode;
	int found;

	*alone = 0;
	if (may_be(attached_id(p->ifindex, &mode, &there)))
		return xdp_unavailable;
	if (!there || !ours || mode > XDP_ATTACHED_MULTI)
		return NULL;
	*alone = there == ours;
	if (*alone)
		return modes[mode];
	q = xdp_hush();
	found = in_dispatcher(p, ours);
	xdp_unhush(q);
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
	const char *words = drivers_words[0] ? drivers_words : strerror(-err);

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

/* ---- programs that nobody has a hold of any more ---- */

static int is_ours(__u32 id)
{
	int fd = bpf_prog_get_fd_by_id(id), ours;

	if (fd < 0)
		return 0;
	ours = !strcmp(prog_info(fd).name, "avtpmap_rx");
	close(fd);
	return ours;
}

/* Calls xdp_program__detach() for ours; returns how many there were. */
static int in_multiprog(const struct xdp_port *p, enum xdp_attach_mode mode,
			int detach)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(p->ifindex);
	struct xdp_program *prog = NULL, *ours = NULL;

	if (libxdp_get_error(mp))
		return 0;
	if (!xdp_multiprog__is_legacy(mp))
		while (!ours && (prog = xdp_multiprog__next_prog(prog, mp)))
			ours = is_ours(xdp_program__id(prog)) ? prog : NULL;
	if (ours && detach)
		xdp_program__detach(ours, p->ifindex, mode, 0);
	xdp_multiprog__close(mp);
	return ours != NULL;
}

int xdp_has_orphan(const struct xdp_port *p)
{
	struct xdp_quiet q;
	__u8 mode;
	__u32 id;
	int found;

	attached_id(p->ifindex, &mode, &id);
	if (!id || is_ours(id))
		return id != 0;
	q = xdp_hush();
	found = in_multiprog(p, XDP_MODE_UNSPEC, 0);
	xdp_unhush(q);
	return found;
}

void xdp_remove_orphan(struct xdp_port *p)
{
	struct xdp_quiet q;
	int generic;
	__u8 mode;
	__u32 id;

	attached_id(p->ifindex, &mode, &id);
	generic = mode == XDP_ATTACHED_SKB;
	if (!id || xdp_anybody_alive(p))
		return;
	q = xdp_hush();
	if (is_ours(id))
		bpf_xdp_detach(p->ifindex,
			       generic ? XDP_FLAGS_SKB_MODE :
					 XDP_FLAGS_DRV_MODE,
			       NULL);
	else
		in_multiprog(p, generic ? XDP_MODE_SKB : XDP_MODE_NATIVE, 1);
	xdp_unhush(q);
}

/* One of the programs that are pinned in @dir. */
static int is_pinned_in(__u32 id, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int found = 0;

	while (d && !found && (e = readdir(d))) {
		char path[700];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		fd = strstr(e->d_name, "-prog") ? bpf_obj_get(path) : -1;
		if (fd < 0)
			continue;
		found = prog_info(fd).id == id;
		close(fd);
	}
	if (d)
		closedir(d);
	return found;
}

static __u32 pinned_id(const struct xdp_port *p)
{
	char path[128];
	__u32 id;
	int fd;

	snprintf(path, sizeof(path), "%s/rx", p->dir);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	id = prog_info(fd).id;
	close(fd);
	return id;
}

void xdp_dispatchers_clean(const struct xdp_port *p)
{
	__u32 ours = pinned_id(p);
	unsigned int ifindex;
	char path[400];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/xdp", xdp_bpffs());
	d = ours ? opendir(path) : NULL;
	while (d && (e = readdir(d))) {
		if (sscanf(e->d_name, "dispatch-%u-", &ifindex) != 1 ||
		    ifindex != p->ifindex)
			continue;
		snprintf(path, sizeof(path), "%s/xdp/%s", xdp_bpffs(),
			 e->d_name);
		if (is_pinned_in(ours, path))
			xdp_unpin_all(path);
	}
	if (d)
		closedir(d);
}

static int by_dispatcher(__u32 ifindex)
{
	struct xdp_quiet q = xdp_hush();
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	int is = !libxdp_get_error(mp) && !xdp_multiprog__is_legacy(mp);

	if (!libxdp_get_error(mp))
		xdp_multiprog__close(mp);
	xdp_unhush(q);
	return is;
}

int xdp_could_attach(const struct xdp_port *p, const struct text *why)
{
	__u8 mode;
	__u32 id;

	if (!is_ethernet(p->ifname))
		return refuse_text(why, -EOPNOTSUPP,
				   "%s is no Ethernet interface", p->ifname);
	attached_id(p->ifindex, &mode, &id);
	if (id && !by_dispatcher(p->ifindex) && !xdp_has_orphan(p))
		return busy_text(p, why);
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
	return refuse_text(why, -EOPNOTSUPP,
			   "%s: libxdp's dispatcher is refused here, and "
			   "without it no other XDP program can be beside "
			   "ours; if there need be none: avtpmap attach %s "
			   "--alone",
			   p->ifname, p->ifname);
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
	struct xdp_quiet q = xdp_hush();

	if (prog_info(p->rx_fd).type == BPF_PROG_TYPE_EXT)
		err = attach_dispatched(p, native ? XDP_MODE_NATIVE :
						    XDP_MODE_SKB);
	else
		err = attach_alone(p, native ? XDP_FLAGS_DRV_MODE :
					       XDP_FLAGS_SKB_MODE);
	xdp_unhush(q);
	return err ? attach_text(p, err, native, why) : remember(p, native);
}

/* In the mode that it is in: another is not looked at. */
int xdp_detach(struct xdp_port *p, const struct text *why)
{
	struct xdp_program *prog;
	int alone = 0, err = 0;
	struct xdp_quiet q;
	__u8 mode;
	__u32 id;

	if (!xdp_attached(p, &alone)) {
		xdp_dispatchers_clean(p);
		return 0;
	}
	attached_id(p->ifindex, &mode, &id);
	q = xdp_hush();
	if (alone) {
		err = bpf_xdp_detach(p->ifindex,
				     mode == XDP_ATTACHED_SKB ?
					     XDP_FLAGS_SKB_MODE :
					     XDP_FLAGS_DRV_MODE,
				     NULL);
	} else {
		prog = xdp_program__from_fd(p->rx_fd);
		err = libxdp_get_error(prog);
		if (!err) {
			err = xdp_program__detach(prog, p->ifindex,
						  mode == XDP_ATTACHED_SKB ?
							  XDP_MODE_SKB :
							  XDP_MODE_NATIVE,
						  0);
			xdp_program__close(prog);
		}
	}
	xdp_unhush(q);
	return err ? xdp_bpf_text(why, err, "detach the XDP program") : 0;
}
