/* SPDX-License-Identifier: GPL-2.0 */
/* A generic netlink socket as a program has it, for the suites. */
#ifndef AVTPMAP_KUNIT_NETLINK_CLIENT_H
#define AVTPMAP_KUNIT_NETLINK_CLIENT_H

#include <kunit/test.h>
#include <linux/avtpmap_netlink.h>
#include <net/netlink.h>

enum {
	CLIENT_BYTES = 32768,
	TEXT_BYTES = 160,
};

/**
 * struct client - a socket, the request that is written, what came back
 * @sock: opened with the rights of that moment
 * @skb: request
 * @reply: bytes of one recvmsg
 * @reply_bytes: their number
 * @at: the next message in it
 * @text: extended-ack text of the last request
 */
struct client {
	struct socket *sock;
	struct sk_buff *skb;
	u8 *reply;
	int reply_bytes;
	int at;
	char text[TEXT_BYTES];
};

struct client *client_open(struct kunit *test);

/* A request: begin, put attributes, send. */
void client_begin(struct client *c, u8 cmd, u16 flags);
void client_put(struct client *c, u16 attr, const void *data, u16 bytes);
void client_put_u32(struct client *c, u16 attr, u32 value);
void client_put_id(struct client *c, u64 stream_id);
/* Returns what the acknowledgement says, or the error of the socket. */
int client_send(struct client *c);

/* A dump: begin it, and get its objects' attributes one by one. */
int client_dump(struct client *c, u8 cmd);
bool client_next(struct client *c, struct nlattr *tb[AVTPMAP_A_MAX + 1]);

/* Events of the family's group, from now on; client_event() waits a little. */
int client_listen(struct client *c);
bool client_event(struct client *c, struct nlattr *tb[AVTPMAP_A_MAX + 1]);

#endif /* AVTPMAP_KUNIT_NETLINK_CLIENT_H */
