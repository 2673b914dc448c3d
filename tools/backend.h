/* SPDX-License-Identifier: MIT */
#ifndef AVTPMAP_TOOL_BACKEND_H
#define AVTPMAP_TOOL_BACKEND_H

#include <stdint.h>

/* enum avtpmap_backend of a name, 0 of "auto". 0, or -EINVAL: no such backend. */
int backend_of_name(const char *name, uint32_t *backend);

#endif
