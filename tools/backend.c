// SPDX-License-Identifier: MIT
#include <avtpmap/avtpmap.h>
#include <errno.h>
#include <string.h>

#include "backend.h"

enum { MOST = 8 };

int backend_of_name(const char *name, uint32_t *backend)
{
	struct avtpmap_backend_report r[MOST];
	int n = avtpmap_backends(NULL, r, MOST);

	*backend = 0;
	for (int i = 0; i < n && i < MOST; i++)
		if (!strcmp(name, r[i].name))
			*backend = r[i].backend;
	return *backend || !strcmp(name, "auto") ? 0 : -EINVAL;
}
