/* SPDX-License-Identifier: GPL-2.0 */
/* Streams by port and stream_id. */
#ifndef AVTPMAP_TABLE_H
#define AVTPMAP_TABLE_H

#include <linux/rculist.h>
#include <linux/rtnetlink.h>

#include "shared/key.h"
#include "stream.h"

enum {
	TABLE_BITS = 12,	/* 4096 streams: about one to a bucket */
	BUCKET_MAX = 64,	/* what a frame of another stream may cost */
};

extern struct hlist_head table[1 << TABLE_BITS];

static inline struct hlist_head *table_bucket(const struct port *port,
					      __be64 stream_id)
{
	u32 hash = avtpmap_key_hash(stream_id) + port->ifindex;

	return &table[hash & ((1 << TABLE_BITS) - 1)];
}

/* Inside rcu_read_lock(), with bottom halves off, or with RTNL. */
static inline struct stream *table_find(const struct port *port,
					__be64 stream_id)
{
	struct stream *s;

	hlist_for_each_entry_rcu(s, table_bucket(port, stream_id), table_node,
				 rcu_read_lock_bh_held() ||
				 lockdep_rtnl_is_held())
		if (s->key.stream_id == stream_id && s->port == port)
			return s;
	return NULL;
}

bool table_has_room(const struct port *port, __be64 stream_id);
void table_insert(struct stream *s);
void table_remove(struct stream *s);

#endif /* AVTPMAP_TABLE_H */
