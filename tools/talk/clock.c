// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "../tool.h"

enum {
	COMPARE_EVERY_NS = 100000000,
	STEP_NS = 1000000, /* more than a servo slews in that time */
	TRIES = 5,
};

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

uint64_t talk_monotonic_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t talk_clock_now(const struct talk_clock *clk)
{
	return read_clock(clk->id);
}

/* The reading with the least around it is nearest to the truth. */
static int64_t compare(const struct talk_clock *clk)
{
	uint64_t best_ns = UINT64_MAX;
	int64_t ahead_ns = 0;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = talk_monotonic_now();
		uint64_t clock = read_clock(clk->id);
		uint64_t around_ns = talk_monotonic_now() - before;

		if (around_ns < best_ns) {
			best_ns = around_ns;
			ahead_ns = clock - (before + around_ns / 2);
		}
	}
	return ahead_ns;
}

/* N of /dev/ptpN, or -1 */
static int phc_index(const char *ifname)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	struct ifreq ifr = { .ifr_data = (void *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int index = -1;

	if (fd < 0)
		return -1;
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	if (!ioctl(fd, SIOCETHTOOL, &ifr))
		index = info.phc_index;
	close(fd);
	return index;
}

void talk_clock_open(struct talk_clock *clk, const char *ifname)
{
	int index = phc_index(ifname);

	*clk = (struct talk_clock){ .id = CLOCK_TAI, .fd = -1 };
	strcpy(clk->name, "CLOCK_TAI");
	if (index >= 0) {
		char path[sizeof(clk->name)];

		snprintf(path, sizeof(path), "/dev/ptp%d", index);
		clk->fd = open(path, O_RDONLY | O_CLOEXEC);
		if (clk->fd < 0) {
			fail(-errno,
			     "cannot read %s: presentation times are of "
			     "CLOCK_TAI, which listeners may not know",
			     path);
		} else {
			/* FD_TO_CLOCKID of the kernel's documentation */
			clk->id = (clockid_t)(~(unsigned int)clk->fd << 3 | 3);
			strcpy(clk->name, path);
		}
	}
	clk->ahead_ns = compare(clk);
	clk->compared_ns = talk_monotonic_now();
}

void talk_clock_close(struct talk_clock *clk)
{
	if (clk->fd >= 0)
		close(clk->fd);
	clk->fd = -1;
}

static void follow(struct talk_clock *clk, uint64_t now_ns)
{
	int64_t ahead_ns = compare(clk);
	int64_t change_ns = ahead_ns - clk->ahead_ns;

	if (change_ns > STEP_NS || change_ns < -STEP_NS) {
		clk->stepped_ns += change_ns;
		clk->steps++;
	}
	clk->ahead_ns = ahead_ns;
	clk->compared_ns = now_ns;
}

uint64_t talk_clock_monotonic(struct talk_clock *clk, uint64_t clock_ns)
{
	uint64_t now_ns = talk_monotonic_now();

	if (now_ns - clk->compared_ns > COMPARE_EVERY_NS)
		follow(clk, now_ns);
	return clock_ns + clk->stepped_ns - clk->ahead_ns;
}
