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

/* @lack: what the next better one lacks; of the last resort, worth a word. */
static int chosen_text(const struct text *why, __u32 wanted,
		       const struct backend *be, const char *reason,
		       const char *lack)
{
	if (wanted != AVTPMAP_BACKEND_AUTO)
		return refuse_text(why, 0, "asked for: %s", reason);
	if (be != backends[N_BACKENDS - 1])
		return refuse_text(why, 0, "chosen: %s", reason);
	return refuse_text(why, 0, "chosen: %s; not %s: %s", reason,
			   backends[N_BACKENDS - 2]->name, lack);
}

int backend_choose(const struct backend **out, __u32 wanted, const char *ifname,
		   const struct text *why)
{
	char reason[REASON_BYTES];
	const struct text t = { reason, sizeof(reason) };
	char first_reason[REASON_BYTES] = "", rights[REASON_BYTES] = "";
	char last[REASON_BYTES] = "";
	int first_err = 0;

	for (int i = 0; i < N_BACKENDS; i++) {
		const struct backend *be = backends[i];
		int err;

		if (wanted != AVTPMAP_BACKEND_AUTO && wanted != be->id)
			continue;
		err = be->probe(ifname, wanted == be->id, &t);
		if (!err) {
			*out = be;
			return chosen_text(why, wanted, be, reason, last);
		}
		memcpy(last, reason, sizeof(last));
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
		reports[i].err = backends[i]->probe(ifname, 0, &t);
	}
	return N_BACKENDS;
}
