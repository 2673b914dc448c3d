// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rounds.h"

struct request {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	char attrs[256];
};

static int sock;
static __u16 family;

static void fail(const char *what, int err)
{
	fprintf(stderr, "rounds: %s: %s\n", what, strerror(err));
	exit(1);
}

static void begin(struct request *r, __u16 type, int flags, int cmd)
{
	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_type = type;
	r->nlh.nlmsg_flags = (__u16)(NLM_F_REQUEST | flags);
	r->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->genl.cmd = (__u8)cmd;
	r->genl.version = 1;
}

static void put(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr *a = (void *)((char *)r + r->nlh.nlmsg_len);

	a->nla_type = (__u16)type;
	a->nla_len = (__u16)(NLA_HDRLEN + len);
	memcpy((char *)a + NLA_HDRLEN, data, len);
	r->nlh.nlmsg_len += NLA_ALIGN(a->nla_len);
}

static void put_u32(struct request *r, int type, __u32 value)
{
	put(r, type, &value, sizeof(value));
}

static ssize_t receive(char *buf, size_t len)
{
	ssize_t n = recv(sock, buf, len, 0);

	if (n < (ssize_t)sizeof(struct nlmsghdr))
		fail("recv", errno);
	return n;
}

/* Returns the errno of the answer. */
static int transact(struct request *r)
{
	char buf[4096];
	const struct nlmsghdr *nlh = (void *)buf;
	const struct nlmsgerr *e = NLMSG_DATA(nlh);

	r->nlh.nlmsg_flags |= NLM_F_ACK;
	if (send(sock, r, r->nlh.nlmsg_len, 0) < 0)
		fail("send", errno);
	receive(buf, sizeof(buf));
	if (nlh->nlmsg_type != NLMSG_ERROR)
		fail("answer", EBADMSG);
	return -e->error;
}

static void ask(struct request *r, const char *what, int may_be)
{
	int err = transact(r);

	if (err && err != may_be)
		fail(what, err);
}

/* Without an own socket, children would read each other's answers. */
void control_open(void)
{
	struct request r;
	char buf[4096];
	const struct nlattr *a;

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	begin(&r, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	put(&r, CTRL_ATTR_FAMILY_NAME, AVTPMAP_GENL_NAME,
	    sizeof(AVTPMAP_GENL_NAME));
	if (sock < 0 || send(sock, &r, r.nlh.nlmsg_len, 0) < 0)
		fail("family", errno);
	receive(buf, sizeof(buf));
	a = (void *)(buf + NLMSG_LENGTH(GENL_HDRLEN));
	while (a->nla_type != CTRL_ATTR_FAMILY_ID)
		a = (void *)((const char *)a + NLA_ALIGN(a->nla_len));
	memcpy(&family, (const char *)a + NLA_HDRLEN, sizeof(family));
}

static void begin_stream(struct request *r, int cmd, int stream)
{
	__u64 id = stream_id(stream);

	begin(r, family, 0, cmd);
	put_u32(r, AVTPMAP_A_IFINDEX, port_of(stream));
	put(r, AVTPMAP_A_STREAM_ID, &id, sizeof(id));
}

void stream_add(int stream, int mode)
{
	struct request r;

	begin_stream(&r, AVTPMAP_CMD_STREAM_ADD, stream);
	put_u32(&r, AVTPMAP_A_MODE, (__u32)mode);
	put_u32(&r, AVTPMAP_A_MS, 10);
	put_u32(&r, AVTPMAP_A_STRIDE, 128);
	ask(&r, "add", EEXIST);
}

void stream_del(int stream)
{
	struct request r;

	begin_stream(&r, AVTPMAP_CMD_STREAM_DEL, stream);
	ask(&r, "delete", ENOENT);
}

void drain(void)
{
	struct request r;

	begin(&r, family, 0, AVTPMAP_CMD_DRAIN);
	ask(&r, "drain", 0);
}

void dump(int cmd)
{
	const struct nlmsghdr *nlh;
	struct request r;
	char buf[32768];

	begin(&r, family, NLM_F_DUMP, cmd);
	if (send(sock, &r, r.nlh.nlmsg_len, 0) < 0)
		fail("dump", errno);
	for (;;) {
		ssize_t n = receive(buf, sizeof(buf));

		for (nlh = (void *)buf; NLMSG_OK(nlh, n);
		     nlh = NLMSG_NEXT(nlh, n))
			if (nlh->nlmsg_type == NLMSG_DONE)
				return;
	}
}
