/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Two pairs of veth in a network namespace of their own: ports and wires. */
#ifndef AVTPMAP_CONFORMANCE_VETH_H
#define AVTPMAP_CONFORMANCE_VETH_H

#include <stddef.h>
#include <stdint.h>

int veth_up(void);
int veth_unplug(void);
uint32_t veth_ifindex(int i);
uint64_t veth_sent(int i);
const char *veth_ifname(int i);

/*
 * Sends records (see wire.h) into the wires, no more at once than a veth takes.
 * After each batch @arrived is asked until it returns 0 for the frames sent to
 * port @i since the program began, or -EAGAIN; it may be NULL.
 */
int veth_inject(const void *records, size_t bytes,
		int (*arrived)(int i, uint64_t sent));

#endif
