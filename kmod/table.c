// SPDX-License-Identifier: GPL-2.0
#include <linux/rtnetlink.h>

#include "table.h"

struct hlist_head table[1 << TABLE_BITS];	/* rcu; written under rtnl */

/* Whoever may add streams can choose ids that fall into one bucket. */
bool table_has_room(const struct port *port, __be64 stream_id)
{
	struct stream *s;
	u32 n = 0;

	ASSERT_RTNL();
	hlist_for_each_entry(s, table_bucket(port, stream_id), table_node)
		n++;
	return n < BUCKET_MAX;
}

void table_insert(struct stream *s)
{
	ASSERT_RTNL();
	hlist_add_head_rcu(&s->table_node, table_bucket(s->port, s->key.stream_id));
}

void table_remove(struct stream *s)
{
	ASSERT_RTNL();
	hlist_del_rcu(&s->table_node);
}
