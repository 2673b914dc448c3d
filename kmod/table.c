// SPDX-License-Identifier: GPL-2.0
#include <linux/rtnetlink.h>

#include "table.h"

struct hlist_head table[1 << TABLE_BITS];	/* rcu; written under rtnl */

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
