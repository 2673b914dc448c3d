// SPDX-License-Identifier: MIT
/* One exchange of rtnetlink, in the network namespace of the calling thread. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "xdp.h"

struct call {
	xdp_rtnl_fn *fn;
	void *arg;
	int done;
	int err; /* of the kernel, or of @fn */
};

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct call *call = arg;

	(void)from;
	call->done = 1;
	call->err = e->error;
	return NL_STOP;
}

static int on_end(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;

	(void)msg;
	call->done = 1;
	return NL_STOP;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;

	if (call->fn && !call->err)
		call->err = call->fn(nlmsg_hdr(msg), call->arg);
	return NL_OK;
}

int xdp_rtnl(struct nl_msg *msg, xdp_rtnl_fn *fn, void *arg)
{
	struct call call = { .fn = fn, .arg = arg };
	struct nl_sock *sock = nl_socket_alloc();
	int err = -NLE_NOMEM;

	if (!msg || !sock)
		goto out;
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, on_error, &call);
	nl_socket_modify_cb(sock, NL_CB_ACK, NL_CB_CUSTOM, on_end, &call);
	nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, on_end, &call);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, &call);
	err = nl_connect(sock, NETLINK_ROUTE);
	if (!err)
		err = nl_send_auto(sock, msg);
	while (err >= 0 && !call.done)
		err = nl_recvmsgs_default(sock);
out:
	nl_socket_free(sock);
	nlmsg_free(msg);
	if (call.done || call.err)
		return call.err; /* also what was found in half a dump */
	return err == -NLE_NOMEM ? -ENOMEM : -EIO;
}
