// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"

/* Best first. */
static const struct backend *const backends[] = {
	&backend_kmod,
	&backend_xdp,
	&backend_packet,
};

#define N_BACKENDS ((int)(sizeof(backends) / sizeof(backends[0])))

static const char *kind_of_choice(__u32 wanted)
{
	return wanted == AVTPMAP_BACKEND_AUTO ? "chosen" : "asked for";
}

int backend_choose(const struct backend **out, __u32 wanted, const char *ifname,
		   const struct text *why)
{
	char reason[REASON_BYTES];
	const struct text t = { reason, sizeof(reason) };
	char first_reason[REASON_BYTES] = "", rights[REASON_BYTES] = "";
	int first_err = 0;

	for (int i = 0; i < N_BACKENDS; i++) {
		const struct backend *be = backends[i];
		int err;

		if (wanted != AVTPMAP_BACKEND_AUTO && wanted != be->id)
			continue;
		err = be->probe(ifname, &t);
		if (!err) {
			*out = be;
			return refuse_text(why, 0, "%s: %s",
					   kind_of_choice(wanted), reason);
		}
		/*
		 * The best backend's refusal is the one worth curing; of the
		 * others, that of one that lacks only rights.
		 */
		if (!first_err) {
			first_err = err;
			memcpy(first_reason, reason, sizeof(reason));
		} else if (err == -EPERM && !*rights) {
			memcpy(rights, reason, sizeof(reason));
		}
	}
	if (!first_err)
		return refuse_text(why, -EINVAL,
				   "this library has no backend %u", wanted);
	return refuse_text(why, first_err, *rights ? "%s; or: %s" : "%s",
			   first_reason, rights);
}

int avtpmap_backends(const char *ifname, struct avtpmap_backend_report *reports,
		     int n)
{
	for (int i = 0; i < N_BACKENDS && i < n; i++) {
		const struct text t = { reports[i].reason,
					sizeof(reports[i].reason) };

		reports[i].backend = backends[i]->id;
		reports[i].name = backends[i]->name;
		reports[i].err = backends[i]->probe(ifname, &t);
	}
	return N_BACKENDS;
}
