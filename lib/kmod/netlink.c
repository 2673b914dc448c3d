// SPDX-License-Identifier: MIT
/* Generic netlink to the module, with the text of its refusals. */
#include <errno.h>
#include <linux/avtpmap_netlink.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kmod.h"

struct netlink {
	struct nl_sock *sock;
	int family;
};

/* One exchange: what its callbacks share. */
struct call {
	netlink_fn *fn;
	void *arg;
	int done;
	int err; /* of the kernel, or of @fn */
	char text[160]; /* the kernel's, or empty */
};

int netlink_open(struct netlink **out, const struct text *why)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int err, on = 1;

	*out = NULL;
	if (!nl)
		return refuse_text(why, -ENOMEM, "out of memory");
	nl->sock = nl_socket_alloc();
	if (!nl->sock) {
		err = refuse_text(why, -ENOMEM, "out of memory");
		goto free_nl;
	}
	err = genl_connect(nl->sock);
	if (err) {
		err = refuse_text(why, -EIO, "cannot open a netlink socket: %s",
				  nl_geterror(err));
		goto free_sock;
	}
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &on, sizeof(on));
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_CAP_ACK,
		   &on, sizeof(on));
	nl->family = genl_ctrl_resolve(nl->sock, AVTPMAP_GENL_NAME);
	if (nl->family < 0) {
		err = refuse_text(why, -ENOPKG,
				  "module avtpmap is not loaded; "
				  "modprobe avtpmap");
		goto free_sock;
	}
	*out = nl;
	return 0;

free_sock:
	nl_socket_free(nl->sock);
free_nl:
	free(nl);
	return err;
}

void netlink_close(struct netlink *nl)
{
	nl_socket_free(nl->sock);
	free(nl);
}

struct nl_msg *netlink_request(struct netlink *nl, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0, flags,
			 cmd, AVTPMAP_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* The attributes that follow an error: behind the request, unless capped. */
static void ext_ack_text(const struct nlmsgerr *e, char *text, size_t bytes)
{
	const struct nlmsghdr *hdr = (const struct nlmsghdr *)e - 1;
	size_t skip = sizeof(*e);
	struct nlattr *attr;

	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (hdr->nlmsg_len < NLMSG_HDRLEN + skip)
		return;
	attr = nla_find((struct nlattr *)((char *)e + skip),
			hdr->nlmsg_len - NLMSG_HDRLEN - skip,
			NLMSGERR_ATTR_MSG);
	if (attr)
		nla_strlcpy(text, attr, bytes);
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct call *call = arg;

	(void)from;
	call->done = 1;
	call->err = e->error;
	ext_ack_text(e, call->text, sizeof(call->text));
	return NL_STOP;
}

static int on_end(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;
	struct nlmsghdr *hdr = nlmsg_hdr(msg);

	/* A dump that fails says so at its end. */
	if (hdr->nlmsg_type == NLMSG_DONE && !call->err &&
	    nlmsg_datalen(hdr) >= (int)sizeof(int))
		memcpy(&call->err, nlmsg_data(hdr), sizeof(call->err));
	call->done = 1;
	return NL_STOP;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[AVTPMAP_A_MAX + 1];
	struct call *call = arg;
	struct genlmsghdr *genl = genlmsg_hdr(nlmsg_hdr(msg));

	if (!call->fn || call->err)
		return NL_SKIP;
	if (nla_parse(attrs, AVTPMAP_A_MAX, genlmsg_attrdata(genl, 0),
		      genlmsg_attrlen(genl, 0), NULL))
		call->err = -EBADMSG;
	else
		call->err = call->fn(attrs, genlmsg_attrdata(genl, 0),
				     genlmsg_attrlen(genl, 0), call->arg);
	return NL_OK;
}

static const char *text_of(int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		return "permission denied: run as root or as a member of the "
		       "port's group (avtpmap attach IF --group audio)";
	case -ENODEV:
		return "no such interface; see ip link";
	case -ENOENT:
		return "no such stream; see avtpmap show";
	case -EEXIST:
		return "this stream is registered already; see avtpmap show";
	case -EBUSY:
		return "in use; avtpmap drain deletes its streams";
	case -EOPNOTSUPP:
		return "not supported; avtpmap doctor tells what is";
	default:
		return strerror(-err);
	}
}

int netlink_call(struct netlink *nl, struct nl_msg *msg, netlink_fn *fn,
		 void *arg, const char *subject, const struct text *why)
{
	struct call call = { .fn = fn, .arg = arg };
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err;

	if (!cb) {
		nlmsg_free(msg);
		return refuse_text(why, -ENOMEM, "out of memory");
	}
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &call);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, &call);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, &call);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, &call);

	err = nl_send_auto(nl->sock, msg);
	nlmsg_free(msg);
	while (err >= 0 && !call.done)
		err = nl_recvmsgs(nl->sock, cb);
	nl_cb_put(cb);

	if (!call.done)
		return refuse_text(why, err == -NLE_DUMP_INTR ? -EAGAIN : -EIO,
				   "%s: netlink: %s", subject,
				   nl_geterror(err));
	if (call.err < 0)
		return refuse_text(why, call.err, "%s: %s", subject,
				   call.text[0] ? call.text :
						  text_of(call.err));
	return call.err;
}
