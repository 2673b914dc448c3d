/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a frame must show to belong to a stream. */
#ifndef AVTPMAP_KEY_H
#define AVTPMAP_KEY_H

#include "avtp.h"

/*
 * One stream_id per port; the other conditions are extra, because talkers
 * change their destination MAC at every connect.
 */
struct avtpmap_key {
	__be64 stream_id;
	__u64 dst_mac;		/* 0: any */
	__u32 vid;		/* or AVTPMAP_ANY_VID */
	__u32 kind;
};

/*
 * Fibonacci hashing. Talkers differ in the MAC's low bytes and the last two, so
 * these must be the low ones of the factor: what is high in it never reaches
 * the low bits of the result.
 */
static __always_inline __u32 avtpmap_key_hash(__be64 stream_id)
{
	return (env_be64(stream_id) * 0x9e3779b97f4a7c15ull) >> 32;
}

/* Untagged and priority tagged frames match any VID: a NIC may strip the tag. */
static __always_inline int avtpmap_key_on_path(const struct avtpmap_key *key,
					       const struct avtpmap_pdu *pdu)
{
	if (env_unlikely(key->dst_mac) && key->dst_mac != pdu->dst_mac)
		return 0;
	if (env_likely(!((pdu->tci ^ key->vid) & 0xfff)))
		return 1;
	/* volatile, or the compiler has all of it done for each frame */
	return env_load(&key->vid) == AVTPMAP_ANY_VID || !(pdu->tci & 0xfff);
}

#endif /* AVTPMAP_KEY_H */
