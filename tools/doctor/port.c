// SPDX-License-Identifier: MIT
/* One network interface: driver, link, rights, clock and VLANs. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "../tune/tune.h"

enum { PORTS_MAX = 64, VIDS_MAX = 32 };

/* What the backend knows of ports and netdevs that could be, copied out of its callbacks. */
struct known {
	char name[16];
	bool attached;
	bool off; /* its XDP program was taken off */
	bool hooked;
	uint32_t ifindex;
	uint32_t gid;
	uint32_t phc_index;
	uint32_t n_streams;
	uint32_t vids[VIDS_MAX];
	int n_vids;
	bool any_mac; /* a stream takes any destination */
};

struct known_ports {
	struct known port[PORTS_MAX];
	int n;
	bool kmod; /* the backend is the kernel module */
	bool xdp;
};

static int on_port(const struct avtpmap_port_info *p, void *arg)
{
	struct known_ports *k = arg;
	struct known *port = &k->port[k->n];

	if (k->n == PORTS_MAX)
		return 0;
	memcpy(port->name, p->ifname, sizeof(port->name));
	port->attached = p->attached;
	port->off = port_is_off(p);
	port->hooked = p->hooked;
	port->ifindex = p->ifindex;
	port->gid = p->gid;
	port->phc_index = p->phc_index;
	port->n_streams = p->n_streams;
	k->n++;
	return 0;
}

static void add_vid(struct known *port, uint32_t vid)
{
	for (int i = 0; i < port->n_vids; i++)
		if (port->vids[i] == vid)
			return;
	if (port->n_vids < VIDS_MAX)
		port->vids[port->n_vids++] = vid;
}

static int on_stream(const struct avtpmap_stream_info *s, void *arg)
{
	static const uint8_t any[6];
	struct known_ports *k = arg;

	for (int i = 0; i < k->n; i++) {
		if (k->port[i].ifindex != s->ifindex)
			continue;
		/* the XDP backend registers by VLAN devices, which are seen */
		if (s->vid != AVTPMAP_ANY_VID && k->kmod)
			add_vid(&k->port[i], s->vid ? s->vid : 2);
		if (!memcmp(s->mac, any, sizeof(any)))
			k->port[i].any_mac = true;
	}
	return 0;
}

/* VLAN devices register their VID as well: "eth0.7 | 7 | eth0". */
static void add_vlan_devices(struct known *port)
{
	FILE *f = fopen("/proc/net/vlan/config", "re");
	char line[128], below[32];
	unsigned int vid;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s | %u | %31s", &vid, below) == 2 &&
		    !strcmp(below, port->name))
			add_vid(port, vid);
	if (f)
		fclose(f);
}

/* By the directories of patches/: mlx5 is that of mlx5_core. */
static bool has_patch(const char *driver)
{
	static const char patched[] = AVTPMAP_PATCHED;
	size_t n;

	for (const char *p = patched; *p; p += n + strspn(p + n, " ")) {
		n = strcspn(p, " ");
		if (!strncmp(driver, p, n) && (!driver[n] || driver[n] == '_'))
			return true;
	}
	return false;
}

/* Without the hook another backend may do; and not for each driver there is one. */
static void driver_findings(const struct netdev *dev, const struct known *port)
{
	const char *driver = dev->kind[0] ? dev->kind : "not a module";
	const char *choice = doctor_choice(dev->name);
	bool other = choice && strcmp(choice, "kmod");
	char path[96], why[512];
	bool hooked = port && port->hooked;

	snprintf(path, sizeof(path), "/sys/module/avtpmap_hook/holders/%s",
		 dev->driver);
	if (dev->driver[0] && !access(path, F_OK))
		hooked = true;
	if (hooked)
		finding(FINE, dev->name, "driver", NULL, "%s, with the hook",
			driver);
	else if (!has_patch(driver))
		finding(other ? FINE : BAD, dev->name, "driver", NULL,
			other ? "%s, for which there is no patch: backend %s" :
				"%s, for which there is no patch, and no other "
				"backend can be used",
			driver, choice);
	else if (doctor_fell_back(driver, why, sizeof(why))) {
		finding(other ? NOTE : BAD, dev->name, "driver",
			"enroll dkms's key where it is refused, else build "
			"again (make dkms-install), and reboot",
			"%s, without the hook: the patched one does not load, "
			"%s",
			driver, why);
		return;
	} else
		finding(other ? NOTE : BAD, dev->name, "driver",
			"install the patched driver (dkms status avtpmap), "
			"rebuild the initramfs, and reboot",
			"%s, without the hook", driver);
	if (dev->driver[0])
		doctor_module(
			dev->name, dev->driver,
			"load the installed one: reboot, or unbind and reload "
			"the driver");
}

/* A down interface that nobody uses nor asked for is no trouble. */
static void link_findings(const struct netdev *dev, bool matters)
{
	enum status trouble = matters ? BAD : NOTE;
	char fix[48];

	snprintf(fix, sizeof(fix), "ip link set %s up", dev->name);
	if (!dev->up)
		finding(trouble, dev->name, "link", fix,
			"the interface is down");
	else if (!dev->carrier)
		finding(trouble, dev->name, "link", "look at the cable",
			"no carrier");
	else
		finding(FINE, dev->name, "link", NULL, "up");
}

static bool in_group(uint32_t gid)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	if (getegid() == gid)
		return true;
	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static void port_findings(const struct netdev *dev, const struct known *port)
{
	char fix[48];

	if (!port || !port->attached) {
		snprintf(fix, sizeof(fix), "avtpmap attach %s", dev->name);
		finding(NOTE, dev->name, "port", fix, "not attached");
		return;
	}
	if (port->off) {
		snprintf(fix, sizeof(fix), "avtpmap attach %s", dev->name);
		finding(BAD, dev->name, "program", fix,
			"somebody took the XDP program off: no stream gets a "
			"frame");
	}
	finding(FINE, dev->name, "port", NULL, "attached, %u stream%s",
		port->n_streams, port->n_streams == 1 ? "" : "s");
	if (port->gid == AVTPMAP_NO_GROUP)
		finding(FINE, dev->name, "group", NULL,
			"none: only CAP_NET_ADMIN may use it");
	else
		finding(FINE, dev->name, "group", NULL,
			"%s may add and read streams; you are%s in it",
			group_text(port->gid),
			in_group(port->gid) ? "" : " not");
}

/* Who is not asked for a group must be let in by the NIC all the same. */
static void multicast_findings(const struct netdev *dev,
			       const struct known *port)
{
	if (dev->allmulti < 0)
		finding(FINE, dev->name, "multicast", NULL, "unavailable");
	else if (dev->allmulti)
		finding(FINE, dev->name, "multicast", NULL,
			"the NIC receives every group");
	else if (port && port->any_mac)
		finding(BAD, dev->name, "multicast",
			"delete the stream and add it again",
			"the NIC receives only the groups joined (ip maddress "
			"show), and a stream without mac= is none of them");
	else
		finding(FINE, dev->name, "multicast", NULL,
			"the NIC receives only the groups joined; a stream "
			"with mac= joins its own, one without makes it "
			"receive every group");
}

static void vlan_findings(const struct netdev *dev, struct known *port)
{
	char list[256] = "";
	size_t n = 0;

	if (dev->vlan_filter != 1) {
		finding(FINE, dev->name, "vlan", NULL,
			dev->vlan_filter ? "whether the NIC filters VLANs is "
					   "not known" :
					   "the NIC receives every VLAN");
		return;
	}
	if (port) {
		add_vlan_devices(port);
		for (int i = 0; i < port->n_vids; i++)
			n += snprintf(list + n, sizeof(list) - n, "%s%u",
				      i ? ", " : "", port->vids[i]);
	}
	if (n)
		finding(FINE, dev->name, "vlan", NULL,
			"the NIC drops every VLAN but those registered: %s; a "
			"stream in another needs vid=N, and behind two tags "
			"the outer: ip link add link %s type vlan id N",
			list, dev->name);
	else if (port && port->n_streams)
		finding(BAD, dev->name, "vlan",
			"modprobe 8021q, then delete the streams and add them "
			"again",
			"the NIC drops every VLAN, as none is registered");
	else
		finding(FINE, dev->name, "vlan", NULL,
			"the NIC drops every VLAN, as none is registered; "
			"adding a stream registers 2, or its vid=N");
}

/* A NIC that strips tags does so before XDP. */
static void tag_findings(const struct netdev *dev)
{
	char fix[48];

	if (dev->vlan_strip != 1 || !dev->driver[0])
		return;
	snprintf(fix, sizeof(fix), "ethtool -K %s rxvlan off", dev->name);
	finding(NOTE, dev->name, "tags", fix,
		"the NIC takes VLAN tags off before XDP: a stream's frames are "
		"taken whatever their VID, and slots do not tell it");
}

/* What avtpmap tune did, and whether it is still so. */
static void tune_findings(const struct netdev *dev)
{
	struct tune_state now, before;

	if (tune_saved(dev->name, &before))
		return;
	if (tune_read(dev->name, &now))
		finding(NOTE, dev->name, "interrupts", NULL, "unavailable");
	else
		finding(FINE, dev->name, "interrupts", NULL,
			"tuned: one at most every %u us, polls every %u us; "
			"avtpmap tune %s --undo puts back %u us",
			now.rx_usecs,
			(unsigned int)(now.flush_timeout_ns / 1000), dev->name,
			before.rx_usecs);
}

static void look_at(const char *ifname, struct known *port,
		    const struct known_ports *k, bool asked)
{
	struct near near = { .wanted = ifname };
	struct netdev dev;

	netdev_look(&dev, ifname);
	if (!dev.exists) {
		near_interfaces(&near);
		finding(BAD, ifname, "interface",
			near_text(&near, "see ip link"), "no such interface");
		return;
	}
	if (!dev.ethernet) {
		finding(BAD, ifname, "interface", "see ip link",
			"no Ethernet interface: it cannot be a port");
		return;
	}
	driver_findings(&dev, port);
	port_findings(&dev, port);
	link_findings(&dev, asked || (port && port->attached));
	doctor_clocks(&dev, dev.phc_index != AVTPMAP_NO_PHC || !port ?
				    dev.phc_index :
				    port->phc_index);
	multicast_findings(&dev, port);
	vlan_findings(&dev, port);
	if (k->xdp)
		tag_findings(&dev);
	tune_findings(&dev);
}

/* @ctl: NULL where there is no backend */
static int look_by(struct avtpmap_ctl *ctl, const char *reason, void *arg)
{
	static struct known_ports k;
	const char *ifname = arg;
	bool found = false;

	(void)reason;
	k = (struct known_ports){ 0 };
	if (ctl) {
		k.kmod = !strcmp(avtpmap_ctl_backend_name(ctl), "kmod");
		k.xdp = !strcmp(avtpmap_ctl_backend_name(ctl), "xdp");
		avtpmap_port_list(ctl, on_port, &k);
		avtpmap_stream_list(ctl, NULL, on_stream, &k);
	}
	for (int i = 0; i < k.n; i++) {
		if (ifname && strcmp(ifname, k.port[i].name))
			continue;
		look_at(k.port[i].name, &k.port[i], &k, ifname != NULL);
		found = true;
	}
	if (ifname && !found)
		look_at(ifname, NULL, &k, true);
	return OK;
}

void doctor_ports(const char *ifname)
{
	struct avtpmap_ctl *ctl;

	if (avtpmap_ctl_open(&ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts, .ifname = ifname,
					  .backend = wanted_backend))) {
		look_by(NULL, NULL, (void *)ifname);
		return;
	}
	look_by(ctl, NULL, (void *)ifname);
	if (!ifname && !wanted_backend)
		other_ctls(avtpmap_ctl_backend_name(ctl), look_by, NULL);
	avtpmap_ctl_close(ctl);
}
