// SPDX-License-Identifier: MIT
/* What "avtpmap tune" sets at a netdev, and where it keeps what was there. */
#include <errno.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tune.h"

#define STATE_DIR "/run/avtpmap"

static int ethtool(const char *ifname, void *data)
{
	struct ifreq ifr = { .ifr_data = data };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		err = -errno;
	close(fd);
	return err;
}

static int read_number(const char *ifname, const char *name, uint64_t *v)
{
	char path[96];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", ifname, name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fscanf(f, "%" SCNu64, v);
	fclose(f);
	return n == 1 ? 0 : -EIO;
}

static int write_number(const char *ifname, const char *name, uint64_t v)
{
	char path[96];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", ifname, name);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	err = fprintf(f, "%" PRIu64 "\n", v) < 0 ? -EIO : 0;
	return fclose(f) ? -errno : err;
}

int tune_read(const char *ifname, struct tune_state *state)
{
	struct ethtool_coalesce c = { .cmd = ETHTOOL_GCOALESCE };
	uint64_t defer;
	int err = ethtool(ifname, &c);

	if (!err)
		err = read_number(ifname, "napi_defer_hard_irqs", &defer);
	if (!err)
		err = read_number(ifname, "gro_flush_timeout",
				  &state->flush_timeout_ns);
	if (err)
		return err;
	state->rx_usecs = c.rx_coalesce_usecs;
	state->defer_hard_irqs = defer;
	return 0;
}

/* Whatever else is coalesced stays as it is. */
static int set_coalesce(const char *ifname, uint32_t usecs)
{
	struct ethtool_coalesce c = { .cmd = ETHTOOL_GCOALESCE };
	int err = ethtool(ifname, &c);

	if (err || c.rx_coalesce_usecs == usecs)
		return err;
	c.cmd = ETHTOOL_SCOALESCE;
	c.rx_coalesce_usecs = usecs;
	return ethtool(ifname, &c);
}

int tune_write(const char *ifname, const struct tune_state *state)
{
	int err = set_coalesce(ifname, state->rx_usecs);

	if (!err)
		err = write_number(ifname, "gro_flush_timeout",
				   state->flush_timeout_ns);
	if (!err)
		err = write_number(ifname, "napi_defer_hard_irqs",
				   state->defer_hard_irqs);
	return err;
}

int tune_rx_slots(const char *ifname, uint64_t *slots)
{
	struct ethtool_ringparam r = { .cmd = ETHTOOL_GRINGPARAM };
	int err = ethtool(ifname, &r);

	*slots = r.rx_pending;
	return err;
}

static void state_path(char path[64], const char *ifname)
{
	snprintf(path, 64, STATE_DIR "/tune-%.15s", ifname);
}

int tune_saved(const char *ifname, struct tune_state *state)
{
	char path[64];
	FILE *f;
	int n;

	state_path(path, ifname);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fscanf(f, "%" SCNu32 " %" SCNu32 " %" SCNu64, &state->rx_usecs,
		   &state->defer_hard_irqs, &state->flush_timeout_ns);
	fclose(f);
	return n == 3 ? 0 : -EIO;
}

int tune_save(const char *ifname, const struct tune_state *state)
{
	char path[64];
	FILE *f;
	int err;

	if (mkdir(STATE_DIR, 0755) && errno != EEXIST)
		return -errno;
	state_path(path, ifname);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	err = fprintf(f, "%" PRIu32 " %" PRIu32 " %" PRIu64 "\n",
		      state->rx_usecs, state->defer_hard_irqs,
		      state->flush_timeout_ns) < 0 ?
		      -EIO :
		      0;
	return fclose(f) ? -errno : err;
}

int tune_forget(const char *ifname)
{
	char path[64];

	state_path(path, ifname);
	return unlink(path) ? -errno : 0;
}
