/* SPDX-License-Identifier: MIT */
/* Groups of the packet backend: readers of one port that are woken together. */
#ifndef AVTPMAP_LIB_PACKET_GROUP_H
#define AVTPMAP_LIB_PACKET_GROUP_H

#include "packet.h"

/**
 * struct packet_group - what the module keeps in struct group
 *
 * The group wakes when a period has ended for everybody in the quorum: once,
 * whoever came last.
 *
 * @next: of the port's groups (port's lock)
 * @port: of all members; NULL without any (members_lock)
 * @members: in and out of the quorum; changed under members_lock and port's
 *	lock, walked by wait under @walking alone
 * @walking: wait looks at members: none may be freed
 * @fd: eventfd, readable while something is due
 * @raised: @fd may be readable
 * @n_members: @n_gone: members, and those whose stream was deleted
 * @quorum: whom it waits for
 * @period: @events: @deadline_ns: as asked for
 * @pending: events not yet fetched (atomic)
 * @wake: when it was woken, and is yet to be
 * @info: counts
 * @waits: returns with something due (wait's own)
 *
 * What does not say otherwise is protected by the port's lock.
 */
struct packet_group {
	struct packet_group *next;
	struct packet_port *port;
	struct packet_reader *members;
	int walking;
	int fd;
	int raised;
	__u32 n_members;
	__u32 n_gone;
	struct avtpmap_quorum quorum;
	__u32 period;
	__u32 events;
	__u32 pending;
	__u64 deadline_ns;
	struct avtpmap_wake wake;
	struct avtpmap_reader_info info;
	__u64 waits;
};

/* With the port's lock held. */
void packet_group_period(struct packet_reader *r, const struct avtpmap_end *e,
			 __u64 now_ns);
void packet_group_event(struct packet_group *g, __u32 events, __u64 now_ns);
void packet_group_gone(struct packet_reader *r);
void packet_group_tick(struct packet_group *g, __u64 now_ns);

/* Media was released; 0 if the reader is in no group. */
int packet_group_quiet(struct packet_reader *r);

/* The reader is about to go. Without the port's lock. */
void packet_group_leave(struct packet_reader *r);

/* See backend.h */
int packet_group_open(struct avtpmap_group *handle);
int packet_group_add(struct avtpmap_group *handle, struct avtpmap_stream *s);
int packet_group_set_period(struct avtpmap_group *handle,
			    const struct avtpmap_period *period);
int packet_group_wait(struct avtpmap_group *handle, struct avtpmap_wait *wait);
int packet_group_info(struct avtpmap_group *handle,
		      struct avtpmap_reader_info *info);
void packet_group_close(struct avtpmap_group *handle);

#endif
