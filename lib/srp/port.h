/* SPDX-License-Identifier: MIT */
/* What the files of a reservation handle know of each other. */
#ifndef AVTPMAP_SRP_PORT_H
#define AVTPMAP_SRP_PORT_H

#include <avtpmap/srp.h>

#include "../text.h"
#include "msrp.h"

/**
 * struct wanted - a stream that is reserved
 * @next: the next
 * @told: as avtpmap_srp_next() last told it
 * @fresh: it has not told it yet
 * @vid: whose membership is declared for it, or 0
 */
struct wanted {
	struct wanted *next;
	struct avtpmap_srp_talker told;
	bool fresh;
	uint16_t vid;
};

/**
 * struct avtpmap_srp - a participant of MSRP and MVRP on a port
 * @poll: of the next three, for the user
 * @socket: MRPDUs, in and out
 * @link: netlink, tells of the link
 * @timer: when the machines have something to do
 * @ifindex: the port
 * @mac: its address
 * @up: it has a link
 * @gone: there is no such port any more
 * @mvrp, @msrp: the machines
 * @domain: of class A and B, as declared
 * @heard: bit 0, 1: the other side said its domain of class A, B
 * @wanted: streams
 */
struct avtpmap_srp {
	int poll;
	int socket;
	int link;
	int timer;
	int ifindex;
	uint8_t mac[6];
	bool up;
	bool gone;
	struct mrp mvrp;
	struct mrp msrp;
	struct msrp_domain domain[2];
	uint32_t heard;
	struct wanted *wanted;
};

/* wire.c APIs */
int srp_wire_open(struct avtpmap_srp *s, const struct text *why);
void srp_wire_close(struct avtpmap_srp *s);
void srp_wire_receive(struct avtpmap_srp *s, uint64_t now_ns);
void srp_wire_link(struct avtpmap_srp *s, uint64_t now_ns);
/* @now: whatever is to be said, for there will be no later */
void srp_wire_send(struct avtpmap_srp *s, uint64_t now_ns, bool now);
void srp_wire_set_timer(struct avtpmap_srp *s);

/*
 * share.c APIs: several processes on one port. Each is a participant of its
 * own, that heeds the others' LeaveAll; what it declares it shows by the name of
 * a socket, so that the last one knows that it is the last.
 */
void srp_share_hold(const struct avtpmap_srp *s, const struct mrp *m,
		    struct mrp_attr *a);
/* True: another holds it still. */
bool srp_share_drop(const struct avtpmap_srp *s, const struct mrp *m,
		    struct mrp_attr *a);

#endif
