// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Events for whoever watches all streams: the netlink group. */
#include <endian.h>
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* What was told of one stream, or (id 0) of the port itself. */
struct watch {
	struct nl_sock *sock;
	uint32_t ifindex;
	uint64_t id;
	uint32_t events;
	uint64_t lost;
};

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[AVTPMAP_A_MAX + 1];
	struct genlmsghdr *genl = nlmsg_data(nlmsg_hdr(msg));
	uint64_t counters[AVTPMAP_N_COUNTERS];
	struct watch *w = arg;
	uint64_t id = 0;

	check_eq(genl->cmd, AVTPMAP_CMD_EVENT);
	check_eq(genlmsg_parse(nlmsg_hdr(msg), 0, attrs, AVTPMAP_A_MAX, NULL),
		 0);
	check(attrs[AVTPMAP_A_EVENTS] && attrs[AVTPMAP_A_IFINDEX] &&
	      attrs[AVTPMAP_A_IFNAME]);
	if (attrs[AVTPMAP_A_STREAM_ID])
		id = be64toh(nla_get_u64(attrs[AVTPMAP_A_STREAM_ID]));
	if (nla_get_u32(attrs[AVTPMAP_A_IFINDEX]) != w->ifindex || id != w->id)
		return NL_OK;
	w->events |= nla_get_u32(attrs[AVTPMAP_A_EVENTS]);
	if (attrs[AVTPMAP_A_COUNTERS]) {
		nla_memcpy(counters, attrs[AVTPMAP_A_COUNTERS],
			   sizeof(counters));
		w->lost = counters[AVTPMAP_C_FRAMES_LOST];
	}
	return NL_OK;
}

static void watch(struct watch *w, struct rig *rig, uint64_t id)
{
	int group;

	memset(w, 0, sizeof(*w));
	w->ifindex = rig->ifindex;
	w->id = id;
	w->sock = nl_socket_alloc();
	check(w->sock);
	nl_socket_disable_seq_check(w->sock);
	nl_socket_modify_cb(w->sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, w);
	check_eq(genl_connect(w->sock), 0);
	group = genl_ctrl_resolve_grp(w->sock, AVTPMAP_GENL_NAME,
				      AVTPMAP_GENL_EVENTS);
	check(group > 0);
	check_eq(nl_socket_add_membership(w->sock, group), 0);
	nl_socket_set_nonblocking(w->sock);
}

/* Until all of @events were told. */
static void await_events(struct watch *w, uint32_t events)
{
	struct pollfd p = { .fd = nl_socket_get_fd(w->sock), .events = POLLIN };

	while ((w->events & events) != events) {
		if (poll(&p, 1, 5000) != 1)
			fail("told of %#x, expected %#x", w->events, events);
		nl_recvmsgs_default(w->sock);
	}
	w->events &= ~events;
}

CASE(a_listener_hears_of_ports_and_streams_made_and_gone, BED_MULTICAST)
{
	struct watch port, stream;

	avtpmap_port_detach(rig->ctl, rig->ifname);
	watch(&port, rig, 0);
	watch(&stream, rig, STREAM_ID);
	rig_add(rig, STREAM_ID, NULL);
	await_events(&port, AVTPMAP_EV_ADDED);
	await_events(&stream, AVTPMAP_EV_ADDED);
	rig_del(rig, STREAM_ID);
	await_events(&stream, AVTPMAP_EV_DELETED);
	check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), 0);
	await_events(&port, AVTPMAP_EV_DELETED);
	nl_socket_free(port.sock);
	nl_socket_free(stream.sock);
}

CASE(a_listener_hears_what_happens_to_a_stream, BED_MULTICAST)
{
	struct talker t, second;
	struct watch w;

	rig_add(rig, STREAM_ID, NULL);
	watch(&w, rig, STREAM_ID);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 20);
	await_events(&w, AVTPMAP_EV_START);
	/* at once, because a gap after a silence is a new epoch */
	talker_send(&t, &rig->wire, rig->ifindex, 20);
	for (int i = 0; i < 5; i++)
		talker_shot(&t);
	rig_send(rig, &t, 20);
	await_events(&w, AVTPMAP_EV_GAP);
	check_eq(w.lost, 5);
	t.next.mr = 1;
	t.next.tu = 1;
	rig_send(rig, &t, 20);
	await_events(&w, AVTPMAP_EV_RESET | AVTPMAP_EV_UNCERTAIN);
	talker_send(&t, &rig->wire, rig->ifindex, 1);
	second = t;
	second.next.src++;
	rig_send(rig, &second, 1);
	await_events(&w, AVTPMAP_EV_CONFLICT);
	t.next.shape = &am824_stereo;
	talker_restart(&t, 0);
	rig_send(rig, &t, 20);
	await_events(&w, AVTPMAP_EV_EPOCH);
	await_events(&w, AVTPMAP_EV_END);
	nl_socket_free(w.sock);
}

/* A stream that has an event in each frame does not flood its listeners. */
CASE(listeners_are_not_flooded, BED_MULTICAST)
{
	struct nl_sock *sock;
	struct watch w;
	struct talker t;
	int messages = 0;

	rig_add(rig, STREAM_ID, NULL);
	watch(&w, rig, STREAM_ID);
	sock = w.sock;
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (int i = 0; i < 5000; i++) {
		t.next.mr ^= 1;
		talker_send(&t, &rig->wire, rig->ifindex, 1);
	}
	rig_inject(rig);
	await_events(&w, AVTPMAP_EV_RESET);
	while (nl_recvmsgs_default(sock) >= 0)
		messages++;
	check(messages < 100);
	nl_socket_free(sock);
}
