/* SPDX-License-Identifier: GPL-2.0 */
/* A holder: a user who has handles open, and what is charged to them. */
#ifndef AVTPMAP_HOLDER_H
#define AVTPMAP_HOLDER_H

#include <linux/atomic.h>
#include <linux/uidgid.h>

/**
 * struct holder - there as long as one of its handles is
 * @uid: who opened them (immutable)
 * @handles: their number (holders_lock)
 * @dead_bytes: rings of deleted streams that they keep, each counted once
 */
struct holder {
	kuid_t uid;
	u32 handles;
	atomic64_t dead_bytes;
};

struct holder *holder_get(kuid_t uid);
void holder_put(struct holder *h);

#endif /* AVTPMAP_HOLDER_H */
