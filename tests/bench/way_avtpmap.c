// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Our own: one library, whatever backend. */
#include <avtpmap/avtpmap.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "way.h"

static struct avtpmap_stream *streams[STREAMS_MAX];
static struct pollfd polled[STREAMS_MAX];
static struct avtpmap_group *group;
static int n_streams;

static int open_streams(const struct setup *setup, uint32_t backend)
{
	char why[256] = "";

	for (int i = 0; i < setup->n_streams; i++) {
		int err = avtpmap_open(
			&streams[i],
			AVTPMAP_OPTS(avtpmap_open_opts, .ifname = setup->ifname,
				     .stream_id = setup->first_id + i,
				     .backend = backend,
				     .period.period = setup->period,
				     .error = why, .error_bytes = sizeof(why)));

		if (err) {
			fprintf(stderr, "receive: %s\n", why);
			return err;
		}
		polled[i].fd = avtpmap_fd(streams[i]);
		polled[i].events = POLLIN;
	}
	n_streams = setup->n_streams;
	return 0;
}

static int open_kmod(const struct setup *setup)
{
	return open_streams(setup, AVTPMAP_BACKEND_KMOD);
}

static int open_xdp(const struct setup *setup)
{
	return open_streams(setup, AVTPMAP_BACKEND_XDP);
}

/* Its streams are the process's own; the ring as in guest.sh (ring_ms). */
static int open_packet(const struct setup *setup)
{
	struct avtpmap_stream_opts opts = { .sz = sizeof(opts),
					    .vid = AVTPMAP_ANY_VID,
					    .ms = 500,
					    .stride = 512 };
	struct avtpmap_ctl *ctl;
	int err = avtpmap_ctl_open(
		&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
				   .backend = AVTPMAP_BACKEND_PACKET));

	for (int i = 0; !err && i < setup->n_streams; i++)
		err = avtpmap_stream_add(ctl, setup->ifname,
					 setup->first_id + i, &opts);
	if (err)
		return err;
	return open_streams(setup, AVTPMAP_BACKEND_PACKET);
}

static void read_all(int i)
{
	struct avtpmap_stream *s = streams[i];
	const struct avtpmap_slot *slot;

	while ((slot = avtpmap_peek(s))) {
		frame_seen(i, avtpmap_slot_pdu(slot), slot->len_bytes);
		avtpmap_release(s);
	}
}

/* With --latency: the newest of them that was there when the program ran. */
static void read_all_since(int i, uint64_t now_ns)
{
	struct avtpmap_stream *s = streams[i];
	const struct avtpmap_slot *slot;
	uint64_t came_ns = 0;

	while ((slot = avtpmap_peek(s))) {
		if (slot->mono_ns <= now_ns)
			came_ns = slot->mono_ns;
		frame_seen(i, avtpmap_slot_pdu(slot), slot->len_bytes);
		avtpmap_release(s);
	}
	if (came_ns)
		woken_by(now_ns, came_ns);
}

/* One stream sleeps in its own wait; several, as a program without groups. */
static int receive_single(void)
{
	int n;

	if (n_streams == 1) {
		n = avtpmap_wait(streams[0], AVTPMAP_FOREVER);
		if (want_latency)
			read_all_since(0, woken_at(CLOCK_MONOTONIC));
		else
			read_all(0);
		return n < 0 ? n : 0;
	}
	n = poll(polled, n_streams, -1);
	for (int i = 0; i < n_streams; i++)
		if (polled[i].revents)
			read_all(i);
	return n < 0 ? -errno : 0;
}

static int open_group(const struct setup *setup)
{
	struct avtpmap_period period = { .period = setup->period };
	int err = open_streams(setup, AVTPMAP_BACKEND_KMOD);

	if (!err)
		err = avtpmap_group_create(&group, NULL);
	for (int i = 0; !err && i < n_streams; i++)
		err = avtpmap_group_add(group, streams[i]);
	return err ? err : avtpmap_group_set_period(group, &period);
}

static int receive_group(void)
{
	int n = avtpmap_group_wait(group, AVTPMAP_FOREVER);

	for (int i = 0; i < n_streams; i++)
		read_all(i);
	return n < 0 ? n : 0;
}

const struct way way_kmod = { "kmod", open_kmod, receive_single };
const struct way way_kmod_group = { "kmod-group", open_group, receive_group };
const struct way way_xdp = { "xdp", open_xdp, receive_single };
const struct way way_packet = { "packet", open_packet, receive_single };
