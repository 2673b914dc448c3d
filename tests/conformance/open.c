// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Opening a stream, and each way in which it is refused. */
#include <errno.h>
#include <string.h>

#include "test.h"

static int try_open(struct rig *rig, const struct avtpmap_open_opts *opts,
		    char why[256])
{
	struct avtpmap_open_opts o = *opts;
	struct avtpmap_stream *s = (void *)1;
	int err;

	o.sz = sizeof(o);
	o.backend = rig->bed->backend;
	o.error = why;
	o.error_bytes = 256;
	why[0] = '\0';
	err = avtpmap_open(&s, &o);
	if (err) {
		check(!s);
		check(why[0]);
	} else {
		avtpmap_close(s);
	}
	return err;
}

CASE(a_reader_gets_what_comes_after_it_opened, 0)
{
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 10);
	s = rig_open(rig, STREAM_ID, 0, 0);
	check(!avtpmap_peek(s));
	check_eq(avtpmap_position(s), 10);
	rig_send(rig, &t, 5);
	check_eq(avtpmap_avail(s), 5);
	check_eq(rig_drain(s), 5);
	check(!strcmp(avtpmap_backend_name(s), rig->bed->name));
	avtpmap_close(s);
}

CASE(each_refusal_has_an_errno_and_a_line_of_its_own, 0)
{
	char why[256];

	rig_add(rig, STREAM_ID, NULL);
#define OPEN(...) try_open(rig, &(struct avtpmap_open_opts){ __VA_ARGS__ }, why)
#define HERE .ifname = rig->ifname, .stream_id = STREAM_ID
	check_eq(OPEN(HERE), 0);
	check_eq(OPEN(.ifname = rig->ifname, .stream_id = STREAM_ID + 1),
		 -ENOENT);
	check(strstr(why, "avtpmap add"));
	check_eq(OPEN(.ifname = rig->bed->ifname(1), .stream_id = STREAM_ID),
		 -ENOENT);
	check_eq(OPEN(.ifname = "nonesuch", .stream_id = STREAM_ID), -ENODEV);
	check_eq(OPEN(.stream_id = STREAM_ID), -EINVAL);
	check_eq(OPEN(HERE, .kind = 1), -EINVAL);
	check_eq(OPEN(HERE, .period.period = AVTPMAP_PERIOD_MAX + 1), -EINVAL);
	check_eq(OPEN(HERE, .period.events = AVTPMAP_EV_ALL + 1), -EINVAL);
	check_eq(OPEN(HERE, .period.deadline_ns = AVTPMAP_FLOOR_NS - 1),
		 -ERANGE);
	check_eq(OPEN(HERE, .period.deadline_ns = AVTPMAP_DEADLINE_MAX_NS + 1),
		 -ERANGE);
	check_eq(OPEN(HERE, .period.period = AVTPMAP_PERIOD_MAX), 0);
	check_eq(OPEN(HERE, .period.deadline_ns = AVTPMAP_DEADLINE_MAX_NS), 0);
#undef HERE
#undef OPEN
}

CASE(a_backend_that_is_not_there_is_refused, 0)
{
	struct avtpmap_stream *s;

	check_eq(avtpmap_open(&s, AVTPMAP_OPTS(avtpmap_open_opts,
					       .ifname = rig->ifname,
					       .stream_id = STREAM_ID,
					       .backend = 99)),
		 -EINVAL);
}

CASE(options_of_a_newer_library_are_refused_only_if_set, 0)
{
	struct {
		struct avtpmap_open_opts opts;
		uint64_t newer;
	} o = { 0 };
	struct avtpmap_stream *s;
	char error[128] = "";

	rig_add(rig, STREAM_ID, NULL);
	o.opts.sz = sizeof(o);
	o.opts.ifname = rig->ifname;
	o.opts.stream_id = STREAM_ID;
	o.opts.backend = rig->bed->backend;
	check_eq(avtpmap_open(&s, &o.opts), 0);
	avtpmap_close(s);
	o.newer = 1;
	o.opts.error = error;
	o.opts.error_bytes = sizeof(error);
	check_eq(avtpmap_open(&s, &o.opts), -E2BIG);
	check(strstr(error, "another libavtpmap"));
}

CASE(period_0_is_events_and_deadline_only, BED_WAKES)
{
	struct avtpmap_stream *s;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 500);
	check_eq(avtpmap_wait(s, 0), 0);
	check_eq(rig_info(s).periods, 0);
	check_eq(rig_info(s).wakes_period, 0);
	avtpmap_close(s);
}

/* Closing is the end of what opening took. */
CASE(nothing_is_left_of_many_opens, BED_MEM)
{
	struct avtpmap_stream *s;
	uint64_t before;

	rig_add(rig, STREAM_ID, NULL);
	before = rig_mem_used(rig);
	check(before);
	for (uint32_t i = 0; i < fewer(300); i++) {
		s = rig_open(rig, STREAM_ID, 64, AVTPMAP_EV_ALL);
		avtpmap_close(s);
	}
	check_eq(rig_mem_used(rig), before);
	rig_del(rig, STREAM_ID);
	check_eq(rig_mem_used(rig), 0);
}
