// SPDX-License-Identifier: MIT
/* The module's notices: the multicast group "events" of its netlink family. */
#include <endian.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../internal.h"
#include "kmod.h"

enum { BUFFER_BYTES = 1 << 20 };

/* Known only where frames have hardware time, or not in the module at all. */
#define NOT_ALWAYS_KNOWN                    \
	(1ull << AVTPMAP_C_LATE_TIMESTAMP | \
	 1ull << AVTPMAP_C_EARLY_TIMESTAMP | 1ull << AVTPMAP_C_CONTENDED)

/**
 * struct monitor - a subscription
 * @sock: joined to the module's group, and to the one that tells its unloading
 * @family: of the module
 * @next: message in @buf that is read next
 * @left: bytes from there on
 */
struct monitor {
	struct nl_sock *sock;
	int family;
	struct nlmsghdr *next;
	int left;
	char buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static int join(struct monitor *m, const char *family, const char *group)
{
	int id = genl_ctrl_resolve_grp(m->sock, family, group);

	return id < 0 ? id : nl_socket_add_membership(m->sock, id);
}

/* Resolving needs answers, so it comes before the first notice can. */
static int subscribe(struct monitor *m, const struct text *why)
{
	int err = genl_connect(m->sock);

	if (err)
		return refuse_text(why, -EIO,
				   "cannot open a netlink socket: %s",
				   nl_geterror(err));
	nl_socket_set_buffer_size(m->sock, BUFFER_BYTES, 0);
	m->family = genl_ctrl_resolve(m->sock, AVTPMAP_GENL_NAME);
	if (m->family < 0)
		return refuse_text(why, -ENOPKG,
				   "module avtpmap is not loaded; "
				   "modprobe avtpmap");
	err = join(m, "nlctrl", "notify");
	if (!err)
		err = join(m, AVTPMAP_GENL_NAME, AVTPMAP_GENL_EVENTS);
	if (err)
		return refuse_text(why, -EIO, "cannot subscribe to events: %s",
				   nl_geterror(err));
	return 0;
}

int kmod_monitor_open(void **priv, const struct text *why)
{
	struct monitor *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return refuse_text(why, -ENOMEM, "out of memory");
	m->sock = nl_socket_alloc();
	err = m->sock ? subscribe(m, why) :
			refuse_text(why, -ENOMEM, "out of memory");
	if (err) {
		nl_socket_free(m->sock);
		free(m);
		return err;
	}
	*priv = m;
	return 0;
}

void kmod_monitor_close(void *priv)
{
	struct monitor *m = priv;

	nl_socket_free(m->sock);
	free(m);
}

int kmod_monitor_fd(void *priv)
{
	struct monitor *m = priv;

	return nl_socket_get_fd(m->sock);
}

/* Fills the buffer. 1, 0 when there is nothing, or -errno. */
static int receive(struct monitor *m)
{
	ssize_t n = recv(nl_socket_get_fd(m->sock), m->buf, sizeof(m->buf),
			 MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return errno == ENOBUFS ? -ENOBUFS : -EIO;
	m->next = (struct nlmsghdr *)m->buf;
	m->left = n;
	return 1;
}

/* nlctrl's word that a family is gone: -ENODEV if it was the module's. */
static int on_family(const struct monitor *m, struct genlmsghdr *genl)
{
	struct nlattr *id = nla_find(genlmsg_attrdata(genl, 0),
				     genlmsg_attrlen(genl, 0),
				     CTRL_ATTR_FAMILY_ID);

	return genl->cmd == CTRL_CMD_DELFAMILY && id &&
			       nla_get_u16(id) == m->family ?
		       -ENODEV :
		       0;
}

static void read_counters(struct avtpmap_notice *n, struct nlattr **attrs)
{
	struct nlattr *known = attrs[AVTPMAP_A_COUNTERS_KNOWN];
	int words;

	if (!attrs[AVTPMAP_A_COUNTERS])
		return;
	words = nla_memcpy(n->counters, attrs[AVTPMAP_A_COUNTERS],
			   sizeof(n->counters)) /
		(int)sizeof(n->counters[0]);
	n->n_counters = words;
	n->counters_known = known && nla_len(known) >= 8 ? nla_get_u64(known) :
							   ~NOT_ALWAYS_KNOWN;
}

static int on_notice(struct avtpmap_notice *n, struct genlmsghdr *genl)
{
	struct nlattr *attrs[AVTPMAP_A_MAX + 1], *id;
	char name[IF_NAMESIZE] = "";

	if (genl->cmd != AVTPMAP_CMD_EVENT ||
	    nla_parse(attrs, AVTPMAP_A_MAX, genlmsg_attrdata(genl, 0),
		      genlmsg_attrlen(genl, 0), NULL) ||
	    !attrs[AVTPMAP_A_IFINDEX] || !attrs[AVTPMAP_A_EVENTS])
		return 0;
	n->ifindex = nla_get_u32(attrs[AVTPMAP_A_IFINDEX]);
	n->events = nla_get_u32(attrs[AVTPMAP_A_EVENTS]);
	if (attrs[AVTPMAP_A_IFNAME])
		nla_strlcpy(n->ifname, attrs[AVTPMAP_A_IFNAME],
			    sizeof(n->ifname));
	else if (if_indextoname(n->ifindex, name))
		memcpy(n->ifname, name, sizeof(n->ifname));
	id = attrs[AVTPMAP_A_STREAM_ID];
	if (id && nla_len(id) >= 8) {
		n->has_stream = 1;
		n->stream_id = be64toh(nla_get_u64(id));
	}
	read_counters(n, attrs);
	return 1;
}

int kmod_monitor_read(void *priv, struct avtpmap_notice *n)
{
	struct monitor *m = priv;

	for (;;) {
		struct nlmsghdr *hdr;
		int got;

		if (!m->left || !nlmsg_ok(m->next, m->left)) {
			got = receive(m);
			if (got <= 0)
				return got;
			continue;
		}
		hdr = m->next;
		m->next = nlmsg_next(hdr, &m->left);
		if (!genlmsg_valid_hdr(hdr, 0))
			continue;
		if (hdr->nlmsg_type == m->family)
			got = on_notice(n, genlmsg_hdr(hdr));
		else
			got = hdr->nlmsg_type == GENL_ID_CTRL ?
				      on_family(m, genlmsg_hdr(hdr)) :
				      0;
		if (got)
			return got;
	}
}
