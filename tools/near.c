// SPDX-License-Identifier: MIT
/* "Did you mean", and whether an interface can be meant at all. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

enum { WORD_MAX = 31 };

static int least(int a, int b, int c)
{
	int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters that are missing, too many, wrong, or two of them exchanged. */
static int distance(const char *a, const char *b)
{
	int d[WORD_MAX + 1][WORD_MAX + 1];
	int n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (int i = 0; i <= n; i++)
		d[i][0] = i;
	for (int j = 0; j <= m; j++)
		d[0][j] = j;
	for (int i = 1; i <= n; i++)
		for (int j = 1; j <= m; j++) {
			d[i][j] =
				least(d[i - 1][j] + 1, d[i][j - 1] + 1,
				      d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[n][m];
}

void near_try(struct near *near, const char *candidate)
{
	int d = distance(near->wanted, candidate);
	int most = strlen(near->wanted) > 4 ? 2 : 1;

	if (d > most || (near->best[0] && d >= near->distance))
		return;
	snprintf(near->best, sizeof(near->best), "%s", candidate);
	near->distance = d;
}

const char *near_text(struct near *near, const char *otherwise)
{
	if (!near->best[0])
		return otherwise;
	snprintf(near->text, sizeof(near->text), "did you mean %s?",
		 near->best);
	return near->text;
}

void near_interfaces(struct near *near)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *i = all; i && i->if_index; i++)
		near_try(near, i->if_name);
	if (all)
		if_freenameindex(all);
}

/* eth0 of eth0.2, which need not be there. */
static bool base_of(const char *ifname, char base[IF_NAMESIZE])
{
	const char *dot = strrchr(ifname, '.');
	unsigned long vid;
	char *end;

	if (!dot || dot[1] < '0' || dot[1] > '9' || dot - ifname >= IF_NAMESIZE)
		return false;
	vid = strtoul(dot + 1, &end, 10);
	if (*end || !vid || vid > 4094)
		return false;
	memcpy(base, ifname, dot - ifname);
	base[dot - ifname] = '\0';
	return true;
}

int check_interface(const char *ifname)
{
	struct near near = { .wanted = ifname };
	char base[IF_NAMESIZE];

	if (!if_nametoindex(ifname)) {
		if (errno != ENODEV) /* no socket to ask by: the library says */
			return OK;
		if (base_of(ifname, base))
			near.wanted = base;
		if (near.wanted != base || !if_nametoindex(base)) {
			near_interfaces(&near);
			return fail(-ENODEV, "%s: no such interface; %s",
				    ifname, near_text(&near, "see ip link"));
		}
		ifname = base;
	}
	if (!netdev_is_ethernet(ifname))
		return fail(-EOPNOTSUPP,
			    "%s is no Ethernet interface, and AVTP is of "
			    "Ethernet; see ip link",
			    ifname);
	return OK;
}
