// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: threads [SECONDS]
 * Eight threads on four streams and two groups: some read, some wait for a group,
 * of which others read and close the members, some ask for ports. Built with
 * -fsanitize=thread, which ends it at the first race. As root.
 */
#include <avtpmap/avtpmap.h>
#include <sys/wait.h>

#include "../unit/tap.h"
#include "port.h"
#include "traffic.h"

enum { STREAMS = 4, GROUPS = 2, PERIOD = 64 };

static _Atomic int done;
static struct avtpmap_group *groups[GROUPS];
static unsigned int reads, waits, changes, lists;

static struct avtpmap_stream *open_one(int i, uint32_t period)
{
	struct avtpmap_stream *s = NULL;

	avtpmap_open(&s, AVTPMAP_OPTS(avtpmap_open_opts, .ifname = "port0",
				      .stream_id = FIRST_ID + i,
				      .backend = AVTPMAP_BACKEND_XDP,
				      .period.period = period));
	return s;
}

static void *read_stream(void *arg)
{
	struct avtpmap_stream *s = open_one((int)(long)arg, PERIOD);

	while (s && !done) {
		avtpmap_wait(s, 10000000);
		while (avtpmap_peek(s))
			avtpmap_release(s);
		__atomic_add_fetch(&reads, 1, __ATOMIC_RELAXED);
	}
	avtpmap_close(s);
	return NULL;
}

/* Whoever closes a member has it from the thread of its group. */
static struct avtpmap_stream *handed_over[GROUPS];

static void *wait_for_group(void *arg)
{
	long i = (long)arg;

	while (!done) {
		avtpmap_group_wait(groups[i], 1000000);
		__atomic_add_fetch(&waits, 1, __ATOMIC_RELAXED);
		if (!__atomic_load_n(&handed_over[i], __ATOMIC_ACQUIRE)) {
			struct avtpmap_stream *s = open_one(1, 0);

			if (s && !avtpmap_group_add(groups[i], s))
				__atomic_add_fetch(&changes, 1,
						   __ATOMIC_RELAXED);
			__atomic_store_n(&handed_over[i], s, __ATOMIC_RELEASE);
		}
	}
	return NULL;
}

static void *close_members(void *arg)
{
	struct avtpmap_stream **slot = &handed_over[(long)arg], *s;

	while (!done) {
		usleep(100);
		s = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		for (int i = 0; s && i < 20; i++) {
			while (avtpmap_peek(s))
				avtpmap_release(s);
			usleep(500);
		}
		if (!s)
			continue;
		avtpmap_close(s);
		__atomic_store_n(slot, NULL, __ATOMIC_RELEASE);
	}
	return NULL;
}

static int on_port(const struct avtpmap_port_info *port, void *arg)
{
	(void)port;
	++*(int *)arg;
	return 0;
}

static void *list_ports(void *arg)
{
	struct avtpmap_ctl *ctl;
	int n = 0;

	(void)arg;
	if (avtpmap_ctl_open(&ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts,
					  .backend = AVTPMAP_BACKEND_XDP)))
		return NULL;
	while (!done) {
		struct avtpmap_backend_report reports[4];

		avtpmap_backends("wire0", reports, 4);
		avtpmap_port_list(ctl, on_port, &n);
		__atomic_add_fetch(&lists, 1, __ATOMIC_RELAXED);
		usleep(1000);
	}
	avtpmap_ctl_close(ctl);
	return NULL;
}

static int make_port(struct avtpmap_ctl **ctl)
{
	const struct avtpmap_port_opts alone = {
		.sz = sizeof(alone), .set = AVTPMAP_PORT_XDP_ALONE
	};

	if (traffic_veth() ||
	    avtpmap_ctl_open(ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts,
					  .backend = AVTPMAP_BACKEND_XDP)) ||
	    avtpmap_port_attach(*ctl, "port0", &alone))
		return -1;
	for (int i = 0; i < STREAMS; i++)
		if (avtpmap_stream_add(*ctl, "port0", FIRST_ID + i, NULL))
			return -1;
	return 0;
}

/* In a process of its own, which is no part of what is looked at. */
static pid_t talk(double seconds)
{
	struct sender s = { .rate = 4000,
			    .seconds = seconds,
			    .streams = STREAMS };
	pid_t pid = fork();

	if (pid)
		return pid;
	send_frames(&s);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct avtpmap_stream *first[GROUPS];
	struct avtpmap_ctl *ctl = NULL;
	double seconds = argc > 1 ? atof(argv[1]) : 3;
	pthread_t threads[8];
	pid_t talker;

	if (make_port(&ctl)) {
		tap_ok(0, "a port: %s", ctl ? avtpmap_ctl_error(ctl) : "");
		return tap_done();
	}
	talker = talk(seconds);
	for (int i = 0; i < GROUPS; i++) {
		first[i] = open_one(0, 0);
		avtpmap_group_create(&groups[i], NULL);
		avtpmap_group_set_period(groups[i], &(struct avtpmap_period){
							    .period = PERIOD });
		avtpmap_group_add(groups[i], first[i]);
	}
	for (long i = 0; i < 2; i++) {
		pthread_create(&threads[i], NULL, read_stream, (void *)(2 + i));
		pthread_create(&threads[2 + i], NULL, wait_for_group,
			       (void *)i);
		pthread_create(&threads[4 + i], NULL, close_members, (void *)i);
		pthread_create(&threads[6 + i], NULL, list_ports, NULL);
	}
	waitpid(talker, NULL, 0);
	done = 1;
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	tap_ok(reads && waits && changes && lists,
	       "eight threads: %u reads, %u waits, %u members, %u looks", reads,
	       waits, changes, lists);
	for (int i = 0; i < GROUPS; i++) {
		avtpmap_group_close(groups[i]);
		avtpmap_close(handed_over[i]);
		avtpmap_close(first[i]);
	}
	avtpmap_drain(ctl, "port0");
	tap_ok(!avtpmap_port_detach(ctl, "port0"), "detached");
	avtpmap_ctl_close(ctl);
	return tap_done();
}
