// SPDX-License-Identifier: MIT
/* Requests that change something. */
#include <endian.h>
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#include "kmod.h"
#include "../internal.h"

enum { SUBJECT_BYTES = 64 };

int kmod_ctl_open(void **priv, const struct text *why)
{
	struct netlink *nl;
	int err = netlink_open(&nl, why);

	if (!err)
		*priv = nl;
	return err;
}

void kmod_ctl_close(void *priv)
{
	netlink_close(priv);
}

/* A request about a port. The module resolves the name, "eth0.2" too. */
static struct nl_msg *port_request(struct netlink *nl, int cmd,
				   const char *ifname)
{
	struct nl_msg *msg = netlink_request(nl, cmd, 0);

	if (msg && nla_put_string(msg, AVTPMAP_A_IFNAME, ifname)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static struct nl_msg *stream_request(struct netlink *nl, int cmd,
				     const char *ifname, __u64 stream_id)
{
	struct nl_msg *msg = port_request(nl, cmd, ifname);

	if (msg && nla_put_u64(msg, AVTPMAP_A_STREAM_ID, htobe64(stream_id))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int out_of_memory(struct nl_msg *msg, const struct text *why)
{
	nlmsg_free(msg);
	return refuse_text(why, -ENOMEM, "out of memory");
}

static const char *stream_subject(char buf[SUBJECT_BYTES], const char *ifname,
				  __u64 stream_id)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	snprintf(buf, SUBJECT_BYTES, "%s %s", ifname,
		 avtpmap_stream_id_to_text(id, stream_id));
	return buf;
}

int kmod_port_attach(void *priv, const char *ifname,
		     const struct avtpmap_port_opts *opts,
		     const struct text *why)
{
	struct nl_msg *msg = port_request(priv, AVTPMAP_CMD_PORT_SET, ifname);
	int err = msg ? 0 : -ENOMEM;

	if (!err && opts->set & AVTPMAP_PORT_GID)
		err = nla_put_u32(msg, AVTPMAP_A_GID, opts->gid);
	if (!err && opts->set & AVTPMAP_PORT_MEM_CAP)
		err = nla_put_u64(msg, AVTPMAP_A_MEM_CAP, opts->mem_cap);
	if (err)
		return out_of_memory(msg, why);
	return netlink_call(priv, msg, NULL, NULL, ifname, why);
}

int kmod_port_detach(void *priv, const char *ifname, const struct text *why)
{
	struct nl_msg *msg = port_request(priv, AVTPMAP_CMD_PORT_DEL, ifname);

	if (!msg)
		return out_of_memory(msg, why);
	return netlink_call(priv, msg, NULL, NULL, ifname, why);
}

/* What is 0 is the module's to choose. */
static int put_nonzero(struct nl_msg *msg, int attr, __u32 value)
{
	return value ? nla_put_u32(msg, attr, value) : 0;
}

int kmod_stream_add(void *priv, const char *ifname, __u64 stream_id,
		    const struct avtpmap_stream_opts *opts,
		    const struct text *why)
{
	static const __u8 any[6];
	char subject[SUBJECT_BYTES];
	struct nl_msg *msg =
		stream_request(priv, AVTPMAP_CMD_STREAM_ADD, ifname, stream_id);
	int err = msg ? 0 : -ENOMEM;

	if (!err && memcmp(opts->mac, any, sizeof(any)))
		err = nla_put(msg, AVTPMAP_A_MAC, sizeof(opts->mac), opts->mac);
	if (!err)
		err = put_nonzero(msg, AVTPMAP_A_MODE, opts->mode) ||
		      put_nonzero(msg, AVTPMAP_A_VID, opts->vid) ||
		      put_nonzero(msg, AVTPMAP_A_RATE, opts->rate) ||
		      put_nonzero(msg, AVTPMAP_A_MBIT, opts->mbit) ||
		      put_nonzero(msg, AVTPMAP_A_MS, opts->ms) ||
		      put_nonzero(msg, AVTPMAP_A_STRIDE, opts->stride) ||
		      put_nonzero(msg, AVTPMAP_A_SILENCE, opts->silence_ms);
	if (err)
		return out_of_memory(msg, why);
	return netlink_call(priv, msg, NULL, NULL,
			    stream_subject(subject, ifname, stream_id), why);
}

int kmod_stream_del(void *priv, const char *ifname, __u64 stream_id,
		    const struct text *why)
{
	char subject[SUBJECT_BYTES];
	struct nl_msg *msg =
		stream_request(priv, AVTPMAP_CMD_STREAM_DEL, ifname, stream_id);

	if (!msg)
		return out_of_memory(msg, why);
	return netlink_call(priv, msg, NULL, NULL,
			    stream_subject(subject, ifname, stream_id), why);
}

int kmod_stream_set_mode(void *priv, const char *ifname, __u64 stream_id,
			 __u32 mode, const struct text *why)
{
	char subject[SUBJECT_BYTES];
	struct nl_msg *msg =
		stream_request(priv, AVTPMAP_CMD_STREAM_SET, ifname, stream_id);

	if (!msg || nla_put_u32(msg, AVTPMAP_A_MODE, mode))
		return out_of_memory(msg, why);
	return netlink_call(priv, msg, NULL, NULL,
			    stream_subject(subject, ifname, stream_id), why);
}

int kmod_drain(void *priv, const char *ifname, const struct text *why)
{
	struct nl_msg *msg = netlink_request(priv, AVTPMAP_CMD_DRAIN, 0);
	__u32 ifindex;

	if (!msg)
		return out_of_memory(msg, why);
	if (ifname) {
		int err = port_of_name_text(ifname, &ifindex, why);

		if (err) {
			nlmsg_free(msg);
			return err;
		}
		if (nla_put_u32(msg, AVTPMAP_A_IFINDEX, ifindex))
			return out_of_memory(msg, why);
	}
	return netlink_call(priv, msg, NULL, NULL, ifname ? ifname : "drain",
			    why);
}
