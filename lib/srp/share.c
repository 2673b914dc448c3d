// SPDX-License-Identifier: MIT
/*
 * Who else declares the same on this port. Bridges know one participant per
 * port, so a Lv ends the registration for all of its processes; only the last
 * may say it.
 *
 * Each declaration is an abstract unix socket, of which nothing but the name is
 * used: names are per network namespace, as ports are, and go with their process
 * however it ends. The list is /proc/net/unix. Whoever claims a name falsely
 * keeps a Lv from being said, and LeaveAll does its work some seconds later.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "port.h"

enum { NAME_MAX_BYTES = 100 };

/* "avtpmap-srp/3/22ea/3/12057d29ea410000/" */
static int name_of(char name[NAME_MAX_BYTES], const struct avtpmap_srp *s,
		   const struct mrp *m, const struct mrp_attr *a)
{
	int n = snprintf(name, NAME_MAX_BYTES, "avtpmap-srp/%d/%x/%u/",
			 s->ifindex, m->app->ethertype, a->type);

	for (int i = 0; i < mrp_type(m->app, a->type)->key_bytes; i++)
		n += snprintf(name + n, NAME_MAX_BYTES - n, "%02x",
			      a->theirs[i]);
	return n + snprintf(name + n, NAME_MAX_BYTES - n, "/");
}

void srp_share_hold(const struct avtpmap_srp *s, const struct mrp *m,
		    struct mrp_attr *a)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char name[NAME_MAX_BYTES];
	int n = name_of(name, s, m, a);

	if (a->hold >= 0)
		return;
	a->hold = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (a->hold < 0)
		return; /* others may say Lv, hear that it was wrong, and we rejoin */
	n = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "%s%d.%d", name,
		     getpid(), a->hold);
	if (bind(a->hold, (struct sockaddr *)&at,
		 offsetof(struct sockaddr_un, sun_path) + 1 + n)) {
		close(a->hold);
		a->hold = -1;
	}
}

bool srp_share_drop(const struct avtpmap_srp *s, const struct mrp *m,
		    struct mrp_attr *a)
{
	char name[NAME_MAX_BYTES + 2] = " @", *line = NULL;
	bool found = false;
	size_t room = 0;
	FILE *f;

	if (a->hold >= 0)
		close(a->hold);
	a->hold = -1;
	name_of(name + 2, s, m, a);
	f = fopen("/proc/thread-self/net/unix", "re");
	while (f && !found && getline(&line, &room, f) > 0)
		found = strstr(line, name);
	if (f)
		fclose(f);
	free(line);
	return found;
}
