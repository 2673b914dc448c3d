/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The streams of rounds.c, generic netlink to add and delete them, and modules. */
#ifndef AVTPMAP_ROUNDS_H
#define AVTPMAP_ROUNDS_H

#include <endian.h>
#include <linux/avtpmap_netlink.h>
#include <linux/types.h>

enum { STREAMS = 6 };

static inline __u64 stream_id(int stream)
{
	return htobe64(0x0200000000010000ull + (__u64)stream);
}

__u32 port_of(int stream); /* ifindex */

/* What is there already, or not there any more, is no error; others are fatal. */
void control_open(void);
void stream_add(int stream, int mode);
void stream_del(int stream);
void drain(void);
void dump(int cmd);

/* Hook, two ports that are up, and the module with streams=@streams. */
void modules_load(const char *streams);
/* 0 or -errno */
int module_unload(const char *name);
int module_unload_soon(const char *name); /* waits for others to let go of it */
/* All that is still loaded; the ports before the module, if @ports_first. */
void modules_unload(int ports_first);

#endif /* AVTPMAP_ROUNDS_H */
