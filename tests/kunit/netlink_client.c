// SPDX-License-Identifier: GPL-2.0
#include <linux/file.h>
#include <linux/net.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "netlink_client.h"
#include "netlink_dump.h"

static void client_close(void *data)
{
	struct client *c = data;

	if (c->sock)
		__fput_sync(c->sock->file);
	kfree_skb(c->skb);
}

static int set_option(struct client *c, int option, int value)
{
	return c->sock->ops->setsockopt(c->sock, SOL_NETLINK, option,
					KERNEL_SOCKPTR(&value), sizeof(value));
}

/* With a file, as all of a program's sockets have: it holds the opener's rights. */
struct client *client_open(struct kunit *test)
{
	struct client *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->reply = kunit_kzalloc(test, CLIENT_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c->reply);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, client_close, c), 0);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_NETLINK, SOCK_RAW,
					       NETLINK_GENERIC, &c->sock), 0);
	file = sock_alloc_file(c->sock, 0, NULL);
	if (IS_ERR(file))
		c->sock = NULL;		/* released */
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_EQ(test, kernel_bind(c->sock, (struct sockaddr *)&any,
					  sizeof(any)), 0);
	KUNIT_ASSERT_EQ(test, set_option(c, NETLINK_EXT_ACK, 1), 0);
	KUNIT_ASSERT_EQ(test, set_option(c, NETLINK_CAP_ACK, 1), 0);
	c->sock->sk->sk_rcvtimeo = HZ;
	return c;
}

/* ---- requests ---- */

void client_begin(struct client *c, u8 cmd, u16 flags)
{
	kfree_skb(c->skb);
	c->skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (c->skb)
		genlmsg_put(c->skb, 0, 1, &netlink_family, flags, cmd);
}

void client_put(struct client *c, u16 attr, const void *data, u16 bytes)
{
	nla_put(c->skb, attr, bytes, data);
}

void client_put_u32(struct client *c, u16 attr, u32 value)
{
	client_put(c, attr, &value, sizeof(value));
}

void client_put_id(struct client *c, u64 stream_id)
{
	__be64 id = cpu_to_be64(stream_id);

	client_put(c, AVTPMAP_A_STREAM_ID, &id, sizeof(id));
}

/* Without an address, as by write(): then the opener's rights count too. */
static int transmit(struct client *c)
{
	struct msghdr msg = {};
	struct nlmsghdr *nlh = (struct nlmsghdr *)c->skb->data;
	struct kvec vec = { .iov_base = nlh, .iov_len = c->skb->len };
	int sent;

	nlh->nlmsg_len = c->skb->len;
	nlh->nlmsg_flags |= NLM_F_REQUEST;
	sent = kernel_sendmsg(c->sock, &msg, &vec, 1, vec.iov_len);
	return sent < 0 ? sent : 0;
}

static int receive(struct client *c, int flags)
{
	struct kvec vec = { .iov_base = c->reply, .iov_len = CLIENT_BYTES };
	struct msghdr msg = {};

	c->at = 0;
	c->reply_bytes = kernel_recvmsg(c->sock, &msg, &vec, 1, CLIENT_BYTES,
					flags);
	return c->reply_bytes < 0 ? c->reply_bytes : 0;
}

static void read_text(struct client *c, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	int rest;

	c->text[0] = '\0';
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	nlmsg_for_each_attr(attr, nlh, sizeof(struct nlmsgerr), rest)
		if (nla_type(attr) == NLMSGERR_ATTR_MSG)
			nla_strscpy(c->text, attr, sizeof(c->text));
}

int client_send(struct client *c)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)c->reply;
	int err;

	((struct nlmsghdr *)c->skb->data)->nlmsg_flags |= NLM_F_ACK;
	err = transmit(c) ?: receive(c, 0);
	if (err)
		return err;
	if (nlh->nlmsg_type != NLMSG_ERROR)
		return -EBADMSG;
	read_text(c, nlh);
	return ((struct nlmsgerr *)nlmsg_data(nlh))->error;
}

/* ---- dumps and events ---- */

int client_dump(struct client *c, u8 cmd)
{
	client_begin(c, cmd, NLM_F_DUMP);
	return transmit(c) ?: receive(c, 0);
}

static bool parse(struct nlmsghdr *nlh, struct nlattr *tb[AVTPMAP_A_MAX + 1])
{
	return !nla_parse(tb, AVTPMAP_A_MAX,
			  nlmsg_attrdata(nlh, GENL_HDRLEN),
			  nlmsg_attrlen(nlh, GENL_HDRLEN), NULL, NULL);
}

bool client_next(struct client *c, struct nlattr *tb[AVTPMAP_A_MAX + 1])
{
	struct nlmsghdr *nlh;

	if (c->at >= c->reply_bytes && receive(c, 0))
		return false;
	nlh = (struct nlmsghdr *)(c->reply + c->at);
	c->at += NLMSG_ALIGN(nlh->nlmsg_len);
	return nlh->nlmsg_type >= NLMSG_MIN_TYPE && parse(nlh, tb);
}

int client_listen(struct client *c)
{
	return set_option(c, NETLINK_ADD_MEMBERSHIP, netlink_family.mcgrp_offset);
}

bool client_event(struct client *c, struct nlattr *tb[AVTPMAP_A_MAX + 1])
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)c->reply;

	return !receive(c, 0) && nlh->nlmsg_type == netlink_family.id &&
	       parse(nlh, tb);
}
