// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Everything that can end, ended a hundred times under traffic. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "process.h"

enum { ROUNDS = 100, STREAMS = 4, WARM_UP = 20 };

/* ---- what the kernel has allocated ---- */

#define SLAB "/sys/kernel/slab"

static long number_in(const char *dir, const char *file)
{
	char path[512], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), SLAB "/%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atol(text);
}

/* Objects on per-CPU lists count as used until the cache is shrunk. */
static void shrink(const char *dir)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), SLAB "/%s/shrink", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	check_eq(write(fd, "1", 1), 1);
	close(fd);
}

struct memory {
	char name[48][256];
	long objects[48];
	int n;
};

/* The caches that kmalloc() takes from, of which the module is a user. */
static void take_stock(struct memory *m)
{
	DIR *dir = opendir(SLAB);
	struct dirent *d;

	m->n = 0;
	check(dir);
	usleep(100000); /* what RCU still holds */
	while ((d = readdir(dir)) && m->n < (int)N_ELEMS(m->name)) {
		if (strncmp(d->d_name, "kmalloc-", 8))
			continue;
		shrink(d->d_name);
		snprintf(m->name[m->n], sizeof(m->name[0]), "%s", d->d_name);
		m->objects[m->n++] = number_in(d->d_name, "objects");
	}
	closedir(dir);
	check(m->n > 5);
}

/* One object of each round that is not freed would be more than this. */
static void compare_stock(const struct memory *before,
			  const struct memory *after, int rounds)
{
	for (int i = 0; i < before->n; i++)
		if (after->objects[i] - before->objects[i] >= rounds)
			fail("%s: %ld objects, %ld before", before->name[i],
			     after->objects[i], before->objects[i]);
}

/* ---- traffic ---- */

/* Frames of all streams, for whoever is there, until killed. */
static void send_forever(struct rig *rig)
{
	struct talker t[STREAMS];

	for (int i = 0; i < STREAMS; i++)
		talker_init(&t[i], &aaf_stereo, STREAM_ID + i);
	for (;;) {
		uint32_t ifindex = if_nametoindex(rig->ifname);

		for (int i = 0; ifindex && i < STREAMS; i++)
			talker_send(&t[i], &rig->wire, ifindex, 20);
		/* the port may be gone at this moment, its device too */
		rig->bed->inject(rig->wire.buf, rig->wire.bytes);
		wire_clear(&rig->wire);
		usleep(500);
	}
}

static void read_forever(struct rig *rig, volatile int *open, int i)
{
	struct avtpmap_stream *s =
		rig_open(rig, STREAM_ID + i, 48, AVTPMAP_EV_ALL);

	*open = 1;
	while (avtpmap_wait(s, AVTPMAP_FOREVER) >= 0)
		rig_drain(s);
	avtpmap_close(s);
	_exit(0);
}

static void rename_twice(struct rig *rig)
{
	char text[64];

	snprintf(text, sizeof(text), "ip link set %s name renamed0",
		 rig->ifname);
	check_eq(system(text), 0);
	snprintf(text, sizeof(text), "ip link set renamed0 name %s",
		 rig->ifname);
	check_eq(system(text), 0);
}

static void reload(struct rig *rig, const char *module)
{
	int err;

	avtpmap_ctl_close(rig->ctl);
	/* the traffic has the simulated port's device open for moments */
	while ((err = syscall(SYS_delete_module, module, O_NONBLOCK)) &&
	       errno == EWOULDBLOCK)
		usleep(500);
	check_eq(err, 0);
	check_eq(rig->bed->up(), 0);
	rig_init(rig, rig->bed);
}

static void group_of_all(struct avtpmap_stream *s[STREAMS])
{
	struct avtpmap_period period = { .period = 64 };
	struct avtpmap_group *g;

	period.events = AVTPMAP_EV_ALL;
	check_eq(avtpmap_group_create(&g, &period), 0);
	for (int i = 0; i < STREAMS; i++)
		check_eq(avtpmap_group_add(g, s[i]), 0);
	check(avtpmap_group_wait(g, 2000000) >= 0);
	avtpmap_group_close(g);
}

/* Streams with readers inside and outside of this process come and go. */
static void one_round(struct rig *rig, int round, volatile int *open)
{
	struct avtpmap_stream *s[STREAMS];
	pid_t killed, told;

	for (int i = 0; i < STREAMS; i++) {
		rig_add(rig, STREAM_ID + i, NULL);
		s[i] = rig_open(rig, STREAM_ID + i, 48, AVTPMAP_EV_ALL);
	}
	open[0] = 0;
	open[1] = 0;
	killed = start();
	if (!killed)
		read_forever(rig, &open[0], 0);
	told = start();
	if (!told)
		read_forever(rig, &open[1], 1);
	await_flag(&open[0]);
	await_flag(&open[1]);
	group_of_all(s);
	kill_9(killed);
	if (round % 10 == 3)
		rename_twice(rig);
	rig_del(rig, STREAM_ID + 1);
	finish(told);
	avtpmap_close(s[0]);
	check_eq(avtpmap_drain(rig->ctl, rig->ifname), 0);
	for (int i = 1; i < STREAMS; i++) {
		check_eq(avtpmap_wait(s[i], AVTPMAP_FOREVER), -ENODEV);
		avtpmap_close(s[i]);
	}
	check_eq(rig_mem_used(rig), 0);
	if (round % 3 == 0)
		check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), 0);
	if (round % 10 == 5)
		reload(rig, "avtpmap");
	if (round % 10 == 7)
		reload(rig, "avtpmap_sim");
}

CASE(a_hundred_rounds_of_every_end_under_traffic_leave_nothing,
     BED_PORT_LIFE | BED_MODULE | BED_GROUP)
{
	volatile int *open = share(2 * sizeof(*open));
	struct memory before, after;
	pid_t traffic = start();

	if (!traffic)
		send_forever(rig);
	for (uint32_t i = 0; i < fewer(WARM_UP); i++)
		one_round(rig, i, open);
	take_stock(&before);
	for (uint32_t i = 0; i < fewer(ROUNDS); i++)
		one_round(rig, i, open);
	take_stock(&after);
	/* too few say nothing, but there kmemleak does */
	if (!is_slow())
		compare_stock(&before, &after, ROUNDS);
	kill_9(traffic);
}
