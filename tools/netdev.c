// SPDX-License-Identifier: MIT
/* What can be known of a netdev without changing anything. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

static void read_driver(struct netdev *dev)
{
	char path[64], target[256];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver/module",
		 dev->name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	snprintf(dev->driver, sizeof(dev->driver), "%.31s", name);
}

static struct ifreq request(const struct netdev *dev, void *data)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, dev->name, sizeof(dev->name));
	ifr.ifr_data = data;
	return ifr;
}

bool netdev_is_ethernet(const char *ifname)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };
	bool is = true;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (fd >= 0 && !ioctl(fd, SIOCGIFHWADDR, &ifr))
		is = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	if (fd >= 0)
		close(fd);
	return is;
}

static void read_kind(struct netdev *dev, int fd)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = request(dev, &info);

	if (!ioctl(fd, SIOCETHTOOL, &ifr))
		snprintf(dev->kind, sizeof(dev->kind), "%.31s", info.driver);
	dev->ethernet = netdev_is_ethernet(dev->name);
}

static void read_flags(struct netdev *dev, int fd)
{
	struct ifreq ifr = request(dev, NULL);

	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		return;
	dev->up = ifr.ifr_flags & IFF_UP;
	dev->carrier = ifr.ifr_flags & IFF_RUNNING;
}

static void read_hwtstamp(struct netdev *dev, int fd)
{
	struct hwtstamp_config config = { 0 };
	struct ifreq ifr = request(dev, &config);

	if (ioctl(fd, SIOCGHWTSTAMP, &ifr)) {
		dev->hwtstamp_err = -errno;
		return;
	}
	dev->hwtstamp_tx = config.tx_type;
	dev->hwtstamp_rx = config.rx_filter;
}

static void read_timestamps(struct netdev *dev, int fd)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	struct ifreq ifr = request(dev, &info);

	if (ioctl(fd, SIOCETHTOOL, &ifr))
		return;
	dev->timestamps_known = true;
	dev->can_stamp_all = info.rx_filters >> HWTSTAMP_FILTER_ALL & 1;
	if (info.phc_index >= 0)
		dev->phc_index = info.phc_index;
}

/* From sysfs: SIOCGIFFLAGS shows only what user space asked for. */
static void read_allmulti(struct netdev *dev)
{
	char path[64];
	unsigned int flags;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/flags", dev->name);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%x", &flags) == 1)
		dev->allmulti = (flags & (IFF_ALLMULTI | IFF_PROMISC)) != 0;
	fclose(f);
}

/* How many features the kernel names, or 0. */
static uint32_t count_features(struct netdev *dev, int fd)
{
	struct ethtool_sset_info *sset =
		calloc(1, sizeof(*sset) + sizeof(sset->data[0]));
	struct ifreq ifr = request(dev, sset);
	uint32_t n = 0;

	if (!sset)
		return 0;
	sset->cmd = ETHTOOL_GSSET_INFO;
	sset->sset_mask = 1ull << ETH_SS_FEATURES;
	if (!ioctl(fd, SIOCETHTOOL, &ifr) && sset->sset_mask)
		n = sset->data[0];
	free(sset);
	return n;
}

/* Where @name is among them, or -1. */
static int feature_bit(struct netdev *dev, int fd, uint32_t n, const char *name)
{
	struct ethtool_gstrings *names =
		calloc(1, sizeof(*names) + (size_t)n * ETH_GSTRING_LEN);
	struct ifreq ifr = request(dev, names);
	int bit = -1;

	if (!names)
		return -1;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = n;
	if (!ioctl(fd, SIOCETHTOOL, &ifr))
		for (uint32_t i = 0; i < n; i++)
			if (!strncmp((char *)names->data + i * ETH_GSTRING_LEN,
				     name, ETH_GSTRING_LEN))
				bit = i;
	free(names);
	return bit;
}

static int read_feature(struct netdev *dev, int fd, uint32_t n, int bit)
{
	uint32_t words = (n + 31) / 32;
	struct ethtool_gfeatures *features = calloc(
		1, sizeof(*features) + words * sizeof(features->features[0]));
	struct ifreq ifr = request(dev, features);
	int on = -1;

	if (!features)
		return -1;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = words;
	if (!ioctl(fd, SIOCETHTOOL, &ifr))
		on = features->features[bit / 32].active >> bit % 32 & 1;
	free(features);
	return on;
}

/* 1 on, 0 off, -1 not known */
static int feature(struct netdev *dev, int fd, uint32_t n, const char *name)
{
	int bit = n ? feature_bit(dev, fd, n, name) : -1;

	return bit < 0 ? -1 : read_feature(dev, fd, n, bit);
}

void netdev_look(struct netdev *dev, const char *ifname)
{
	uint32_t n;
	int fd;

	memset(dev, 0, sizeof(*dev));
	dev->vlan_filter = -1;
	dev->vlan_strip = -1;
	dev->allmulti = -1;
	dev->phc_index = AVTPMAP_NO_PHC;
	dev->hwtstamp_err = -ENODEV;
	if (strlen(ifname) >= sizeof(dev->name))
		return;
	strcpy(dev->name, ifname);
	dev->exists = if_nametoindex(ifname) != 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!dev->exists || fd < 0)
		goto out;
	dev->hwtstamp_err = 0;
	read_driver(dev);
	read_kind(dev, fd);
	read_flags(dev, fd);
	read_hwtstamp(dev, fd);
	read_timestamps(dev, fd);
	read_allmulti(dev);
	n = count_features(dev, fd);
	dev->vlan_filter = feature(dev, fd, n, "rx-vlan-filter");
	dev->vlan_strip = feature(dev, fd, n, "rx-vlan-hw-parse");
out:
	if (fd >= 0)
		close(fd);
}

const char *hwtstamp_rx_text(int filter)
{
	switch (filter) {
	case HWTSTAMP_FILTER_NONE:
		return "off";
	case HWTSTAMP_FILTER_ALL:
		return "every frame";
	default:
		return "PTP frames only";
	}
}

/* From /proc, which is the network namespace's; /sys may be another's. */
uint64_t netdev_received(const char *ifname)
{
	FILE *f = fopen("/proc/net/dev", "re");
	unsigned long long frames = 0;
	char line[512], name[32];

	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long n;

		if (sscanf(line, " %31[^:]: %*u %llu", name, &n) == 2 &&
		    !strcmp(name, ifname))
			frames = n;
	}
	if (f)
		fclose(f);
	return frames;
}
