// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Adding, changing and deleting streams: what is refused, and what is shown. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static int try_add(struct rig *rig, const struct avtpmap_stream_opts *opts)
{
	struct avtpmap_stream_opts o = *opts;
	int err;

	o.sz = sizeof(o);
	err = avtpmap_stream_add(rig->ctl, rig->ifname, STREAM_ID, &o);
	if (err)
		check(strlen(avtpmap_ctl_error(rig->ctl)) > 8);
	else
		rig_del(rig, STREAM_ID);
	return err;
}

CASE(a_stream_is_added_once, 0)
{
	rig_add(rig, STREAM_ID, NULL);
	check_eq(avtpmap_stream_add(rig->ctl, rig->ifname, STREAM_ID, NULL),
		 -EEXIST);
	check_eq(avtpmap_stream_add(rig->ctl, rig->bed->ifname(1), STREAM_ID,
				    NULL),
		 0);
	rig_del(rig, STREAM_ID);
	check_eq(avtpmap_stream_del(rig->ctl, rig->ifname, STREAM_ID), -ENOENT);
	rig_add(rig, STREAM_ID, NULL);
}

CASE(what_cannot_be_added_is_refused_with_words, 0)
{
#define ADD(...) try_add(rig, &(struct avtpmap_stream_opts){ __VA_ARGS__ })
	check_eq(ADD(.stride = 100), -EINVAL);
	check_eq(ADD(.stride = 64), -EINVAL);
	check_eq(ADD(.stride = 32768), -EINVAL);
	check_eq(ADD(.ms = 60001), -EINVAL);
	check_eq(ADD(.ms = 60000, .rate = 1000000), -E2BIG);
	check_eq(ADD(.silence_ms = 99), -EINVAL);
	check_eq(ADD(.silence_ms = 3600001), -EINVAL);
	check_eq(ADD(.vid = 4095), -ERANGE);
	check(ADD(.mode = 2) < 0);
	check_eq(ADD(.stride = 128), 0);
	check_eq(ADD(.ms = 1, .stride = 16384), 0);
	check_eq(ADD(.silence_ms = 3600000), 0);
	check_eq(ADD(.mbit = 100, .ms = 20), 0);
	check_eq(ADD(.vid = AVTPMAP_ANY_VID), 0);
#undef ADD
	check_eq(avtpmap_stream_add(rig->ctl, "nonesuch", STREAM_ID, NULL),
		 -ENODEV);
	check_eq(avtpmap_stream_add(rig->ctl, "lo", STREAM_ID, NULL),
		 -EOPNOTSUPP);
	check_eq(avtpmap_stream_set_mode(rig->ctl, rig->ifname, STREAM_ID,
					 AVTPMAP_MODE_COPY),
		 -ENOENT);
	check_eq(rig_mem_used(rig), 0);
}

CASE(the_memory_cap_of_a_port_holds, BED_MEM)
{
	struct avtpmap_stream_opts opts = { .sz = sizeof(opts), .ms = 100 };
	struct avtpmap_port_opts port = {
		.sz = sizeof(port),
		.set = AVTPMAP_PORT_MEM_CAP,
		.mem_cap = 5 << 20,
	};
	uint64_t one;

	check_eq(avtpmap_port_attach(rig->ctl, rig->ifname, &port), 0);
	rig_add(rig, STREAM_ID, &opts);
	one = rig_mem_used(rig);
	rig_add(rig, STREAM_ID + 1, &opts);
	check_eq(rig_mem_used(rig), 2 * one);
	check_eq(avtpmap_stream_add(rig->ctl, rig->ifname, STREAM_ID + 2,
				    &opts),
		 -EDQUOT);
	check(strstr(avtpmap_ctl_error(rig->ctl), "memory cap"));
	check_eq(rig_mem_used(rig), 2 * one);
	rig_del(rig, STREAM_ID);
	rig_add(rig, STREAM_ID + 2, &opts);
	port.mem_cap = 256 << 20;
	check_eq(avtpmap_port_attach(rig->ctl, rig->ifname, &port), 0);
}

/*
 * What a reader of a deleted stream holds counts until it closes: by the module as
 * the reader's user's, or who reads could shut out who adds; elsewhere the port's.
 */
CASE(memory_that_readers_hold_is_still_charged, BED_LIMITS)
{
	int is_kmod = rig->bed->backend == AVTPMAP_BACKEND_KMOD;
	struct avtpmap_stream *s;
	uint64_t one, held;

	rig_add(rig, STREAM_ID, NULL);
	one = rig_mem_used(rig);
	held = is_kmod ? 0 : one;
	s = rig_open(rig, STREAM_ID, 0, 0);
	rig_del(rig, STREAM_ID);
	check_eq(rig_mem_used(rig), held);
	rig_add(rig, STREAM_ID, NULL);
	check_eq(rig_mem_used(rig), held + one);
	avtpmap_close(s);
	check_eq(rig_mem_used(rig), one);
}

static int attach(struct rig *rig, uint32_t set)
{
	return avtpmap_port_attach(rig->ctl, rig->ifname,
				   AVTPMAP_OPTS(avtpmap_port_opts, .set = set));
}

CASE(how_a_port_is_attached_is_not_misunderstood, 0)
{
	int is_xdp = rig->bed->backend == AVTPMAP_BACKEND_XDP;

	check_eq(attach(rig, 1u << 31), -EINVAL);
	check_eq(attach(rig,
			AVTPMAP_PORT_XDP_NATIVE | AVTPMAP_PORT_XDP_GENERIC),
		 -EINVAL);
	check_eq(attach(rig, AVTPMAP_PORT_XDP_ALONE), is_xdp ? 0 : -EOPNOTSUPP);
	check(is_xdp || strstr(avtpmap_ctl_error(rig->ctl), "--backend xdp"));
	check_eq(attach(rig, 0), 0);
}

static int copy_vid(const struct avtpmap_stream_info *s, void *arg)
{
	*(uint32_t *)arg = s->vid;
	return 0;
}

CASE(a_dot_is_no_vlan_where_an_interface_has_it_in_its_name, BED_PORT_LIFE)
{
	char command[64];
	struct talker t;
	struct avtpmap_stream *s;
	uint32_t vid = ~0u;

	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 1); /* so that the bed knows the port by any name */
	snprintf(command, sizeof(command), "ip link set %s name with.5",
		 rig->ifname);
	check_eq(system(command), 0);
	rig->ifname = "with.5";
	check_eq(avtpmap_stream_add(rig->ctl, rig->ifname, STREAM_ID, NULL), 0);
	check_eq(avtpmap_stream_list(rig->ctl, rig->ifname, copy_vid, &vid), 0);
	check_eq(vid, 0);
	s = rig_open(rig, STREAM_ID, 0, 0);
	rig_send(rig, &t, 10);
	check_eq(rig_drain(s), 10);
	avtpmap_close(s);
	rig_del(rig, STREAM_ID);
	rig->ifname = rig->bed->ifname(0);
	snprintf(command, sizeof(command), "ip link set with.5 name %s",
		 rig->ifname);
	check_eq(system(command), 0);
}

CASE(a_port_with_streams_is_not_detached, 0)
{
	check_eq(avtpmap_port_detach(rig->ctl, "nonesuch"), -ENODEV);
	rig_add(rig, STREAM_ID, NULL);
	check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), -EBUSY);
	rig_del(rig, STREAM_ID);
	check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), 0);
	check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), -ENOENT);
}

static int show(const struct avtpmap_stream_info *s, void *arg)
{
	struct avtpmap_stream_info *out = arg;

	*out = *s;
	return 0;
}

CASE(a_stream_is_listed_as_it_was_added, 0)
{
	struct avtpmap_stream_opts opts = {
		.sz = sizeof(opts),
		.mode = AVTPMAP_MODE_COPY,
		.vid = 7,
		.mac = { 0x91, 0xe0, 0xf0, 0, 1, 2 },
		.rate = 4000,
		.ms = 50,
		.stride = 512,
	};
	struct avtpmap_stream_info info = { 0 };
	struct avtpmap_stream *s;

	rig_add(rig, STREAM_ID, &opts);
	s = rig_open(rig, STREAM_ID, 0, 0);
	check_eq(avtpmap_stream_list(rig->ctl, rig->ifname, show, &info), 0);
	check_eq(info.ifindex, rig->ifindex);
	check_eq(info.stream_id, STREAM_ID);
	check_eq(info.mode, AVTPMAP_MODE_COPY);
	check_eq(info.vid, 7);
	check(!memcmp(info.mac, opts.mac, 6));
	check_eq(info.rate, 4000);
	check_eq(info.ms, 50);
	check_eq(info.stride, 512);
	check_eq(info.n_slots, 256);
	check_eq(info.readers, 1);
	check_eq(info.epoch, 0);
	check_eq(info.state, AVTPMAP_RING_SILENT);
	check(!(info.counters_known >> AVTPMAP_C_LATE_TIMESTAMP & 1));
	avtpmap_close(s);
}
