// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Who may do what: the group of a port, everybody else, and namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

enum { USER = 4001, OTHER_USER = 4002, GROUP = 4010, OTHER_GROUP = 4011 };

#define THEIR_ID (STREAM_ID + 100)

/* Runs @fn as @uid in @gid; its checks are the case's. */
static void as_user(struct rig *rig, uid_t uid, gid_t gid,
		    void (*fn)(struct rig *rig))
{
	gid_t groups[1] = { gid };
	struct rig own;
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid) {
		check_eq(setgroups(1, groups), 0);
		check_eq(setresgid(OTHER_USER, OTHER_USER, OTHER_USER), 0);
		check_eq(setresuid(uid, uid, uid), 0);
		rig_init(&own, rig->bed);
		fn(&own);
		avtpmap_ctl_close(own.ctl);
		_exit(0);
	}
	finish(pid);
}

static void give_port_to(struct rig *rig, uint32_t gid)
{
	struct avtpmap_port_opts opts = {
		.sz = sizeof(opts),
		.set = AVTPMAP_PORT_GID,
		.gid = gid,
	};

	check_eq(avtpmap_port_attach(rig->ctl, rig->ifname, &opts), 0);
}

static int try_open(struct rig *rig, uint64_t id, char why[256])
{
	struct avtpmap_stream *s;
	int err = avtpmap_open(
		&s, AVTPMAP_OPTS(avtpmap_open_opts, .ifname = rig->ifname,
				 .stream_id = id, .backend = rig->bed->backend,
				 .error = why, .error_bytes = 256));

	if (!err)
		avtpmap_close(s);
	return err;
}

static void says(struct rig *rig, const char *words)
{
	if (!strstr(avtpmap_ctl_error(rig->ctl), words))
		fail("\"%s\" does not say \"%s\"", avtpmap_ctl_error(rig->ctl),
		     words);
}

static void only_admins(struct rig *rig)
{
	struct avtpmap_port_opts opts = {
		.sz = sizeof(opts),
		.set = AVTPMAP_PORT_GID | AVTPMAP_PORT_MEM_CAP,
		.gid = GROUP,
		.mem_cap = ~0ull,
	};

	check_eq(avtpmap_port_attach(rig->ctl, rig->ifname, &opts), -EPERM);
	says(rig, "CAP_NET_ADMIN");
	check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), -EPERM);
	check_eq(avtpmap_drain(rig->ctl, rig->ifname), -EPERM);
	check_eq(avtpmap_drain(rig->ctl, NULL), -EPERM);
}

static void member(struct rig *rig)
{
	struct avtpmap_stream *s;
	char why[256];

	only_admins(rig);
	rig_add(rig, THEIR_ID, NULL);
	s = rig_open(rig, THEIR_ID, 64, AVTPMAP_EV_ALL);
	check_eq(avtpmap_stream_set_mode(rig->ctl, rig->ifname, THEIR_ID,
					 AVTPMAP_MODE_COPY),
		 0);
	avtpmap_close(s);
	/* another's stream: to be read, not to be changed */
	check_eq(try_open(rig, STREAM_ID, why), 0);
	check_eq(avtpmap_stream_del(rig->ctl, rig->ifname, STREAM_ID), -EPERM);
	says(rig, "another user");
	check_eq(avtpmap_stream_set_mode(rig->ctl, rig->ifname, STREAM_ID,
					 AVTPMAP_MODE_COPY),
		 -EPERM);
	/* another port, which is nobody's */
	check_eq(avtpmap_stream_add(rig->ctl, rig->bed->ifname(1), THEIR_ID,
				    NULL),
		 -EPERM);
	rig_del(rig, THEIR_ID);
	rig_add(rig, THEIR_ID, NULL);
}

static void outsider(struct rig *rig)
{
	char why[256] = "";

	only_admins(rig);
	check_eq(avtpmap_stream_add(rig->ctl, rig->ifname, THEIR_ID + 1, NULL),
		 -EPERM);
	says(rig, "not in the group");
	check_eq(avtpmap_stream_del(rig->ctl, rig->ifname, STREAM_ID), -EPERM);
	check_eq(try_open(rig, STREAM_ID, why), -EACCES);
	check(strstr(why, "group"));
}

static void stranger(struct rig *rig)
{
	char why[256] = "";

	check_eq(avtpmap_stream_add(rig->ctl, rig->ifname, THEIR_ID, NULL),
		 -EPERM);
	says(rig, "attach IF --group");
	check_eq(try_open(rig, STREAM_ID, why), -EACCES);
}

CASE(a_member_of_the_ports_group_manages_its_own_streams, BED_RIGHTS)
{
	rig_add(rig, STREAM_ID, NULL);
	give_port_to(rig, GROUP);
	as_user(rig, USER, GROUP, member);
	/* what a member added, root may take away */
	rig_del(rig, THEIR_ID);
}

CASE(who_is_not_in_the_ports_group_is_refused_with_words, BED_RIGHTS)
{
	rig_add(rig, STREAM_ID, NULL);
	as_user(rig, USER, GROUP, stranger);
	give_port_to(rig, GROUP);
	as_user(rig, USER, OTHER_GROUP, outsider);
	give_port_to(rig, AVTPMAP_NO_GROUP);
	as_user(rig, USER, GROUP, stranger);
}

static void fill_up(struct rig *rig)
{
	int err = 0;

	for (int i = 0; i < 100 && !err; i++)
		err = avtpmap_stream_add(rig->ctl, rig->ifname, THEIR_ID + i,
					 NULL);
	check_eq(err, -EDQUOT);
	says(rig, "memory cap");
}

CASE(the_memory_cap_holds_for_members, BED_RIGHTS | BED_LIMITS)
{
	struct avtpmap_port_opts opts = {
		.sz = sizeof(opts),
		.set = AVTPMAP_PORT_GID | AVTPMAP_PORT_MEM_CAP,
		.gid = GROUP,
		.mem_cap = 16 << 20,
	};

	check_eq(avtpmap_port_attach(rig->ctl, rig->ifname, &opts), 0);
	as_user(rig, USER, GROUP, fill_up);
	check(rig_mem_used(rig) <= 16 << 20);
}

/* ---- capabilities in a user namespace ---- */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	check(fd >= 0);
	check_eq(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A root of its own, with all capabilities in there. */
static void be_root_of(int flags)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	/* or /proc/self is root's, because this was root once */
	check_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	check_eq(unshare(CLONE_NEWUSER | flags), 0);
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
	check_eq(getuid(), 0);
}

/* The netdev is still in the first network namespace. */
static void root_elsewhere(struct rig *rig)
{
	char why[256] = "";

	be_root_of(0);
	only_admins(rig);
	check_eq(avtpmap_stream_add(rig->ctl, rig->ifname, THEIR_ID, NULL),
		 -EPERM);
	check_eq(try_open(rig, STREAM_ID, why), -EACCES);
}

CASE(a_capability_of_another_user_namespace_counts_for_nothing, BED_RIGHTS)
{
	rig_add(rig, STREAM_ID, NULL);
	as_user(rig, USER, OTHER_GROUP, root_elsewhere);
	give_port_to(rig, GROUP);
	as_user(rig, USER, OTHER_GROUP, root_elsewhere);
}

/* In its own network namespace: waits for a netdev and is master of it. */
static void root_of_own_net(int fd, const struct bed *bed)
{
	struct avtpmap_stream *s;
	struct rig rig;
	char byte = 0;

	be_root_of(CLONE_NEWNET);
	check_eq(write(fd, &byte, 1), 1);
	check_eq(read(fd, &byte, 1), 1);
	rig_init(&rig, bed);
	rig.ifname = bed->ifname(1);
	rig_add(&rig, THEIR_ID, NULL);
	s = rig_open(&rig, THEIR_ID, 64, 0);
	avtpmap_close(s);
	/* it does not see, and cannot reach, what is elsewhere */
	check_eq(avtpmap_stream_add(rig.ctl, bed->ifname(0), THEIR_ID, NULL),
		 -ENODEV);
	check_eq(avtpmap_drain(rig.ctl, NULL), 0);
	avtpmap_ctl_close(rig.ctl);
	_exit(0);
}

CASE(the_owner_of_a_network_namespace_owns_its_ports,
     BED_PORT_LIFE | BED_OWN_NET)
{
	char command[64], byte = 0;
	int fds[2];
	pid_t pid;

	rig_add(rig, STREAM_ID, NULL);
	check_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		check_eq(setresgid(USER, USER, USER), 0);
		check_eq(setresuid(USER, USER, USER), 0);
		root_of_own_net(fds[1], rig->bed);
	}
	close(fds[1]);
	check_eq(read(fds[0], &byte, 1), 1);
	snprintf(command, sizeof(command), "ip link set %s netns %d",
		 rig->bed->ifname(1), pid);
	check_eq(system(command), 0);
	check_eq(write(fds[0], &byte, 1), 1);
	finish(pid);
	/* drained in there; untouched out here */
	rig_del(rig, STREAM_ID);
}

/* Whom a VLAN device was given has the rights to that, not to its port. */
CASE(a_vlan_device_elsewhere_does_not_lead_to_its_port,
     BED_PORT_LIFE | BED_OWN_NET | BED_DEVICE)
{
	char command[160], byte = 0;
	int fds[2];
	pid_t pid;

	rig_add(rig, STREAM_ID, NULL);
	check_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pid = start();
	if (!pid) {
		struct rig own;

		check_eq(setresgid(USER, USER, USER), 0);
		check_eq(setresuid(USER, USER, USER), 0);
		be_root_of(CLONE_NEWNET);
		check_eq(write(fds[1], &byte, 1), 1);
		check_eq(read(fds[1], &byte, 1), 1);
		rig_init(&own, rig->bed);
		check_eq(avtpmap_stream_add(own.ctl, "theirs", THEIR_ID, NULL),
			 -ENODEV);
		check_eq(avtpmap_stream_del(own.ctl, "theirs", STREAM_ID),
			 -ENODEV);
		avtpmap_ctl_close(own.ctl);
		_exit(0);
	}
	close(fds[1]);
	check_eq(read(fds[0], &byte, 1), 1);
	snprintf(command, sizeof(command),
		 "ip link add link %s name theirs type vlan id 2 && "
		 "ip link set theirs netns %d",
		 rig->ifname, pid);
	check_eq(system(command), 0);
	check_eq(write(fds[0], &byte, 1), 1);
	finish(pid);
	rig_del(rig, STREAM_ID);
}

/* ---- one capability ---- */

/* Adds, opens, waits and reads; sets @ready when frames may come. */
static void read_some(const struct bed *bed, volatile int *ready, uint32_t n)
{
	struct avtpmap_period period = { .period = 48 };
	struct avtpmap_stream *s;
	struct avtpmap_group *g;
	struct rig rig;

	rig_init(&rig, bed);
	rig_add(&rig, STREAM_ID, NULL);
	s = rig_open(&rig, STREAM_ID, 0, 0);
	check_eq(avtpmap_group_create(&g, &period), 0);
	check_eq(avtpmap_group_add(g, s), 0);
	*ready = 1;
	while (n) {
		check(avtpmap_group_wait(g, 2000000000) > 0);
		n -= rig_drain(s);
	}
	avtpmap_group_close(g);
	avtpmap_close(s);
	rig_free(&rig);
	_exit(0);
}

CASE(cap_net_raw_is_enough, BED_NET_RAW)
{
	volatile int *ready = share(sizeof(*ready));
	pid_t pid = start();
	struct talker t;

	if (!pid) {
		be_somebody_with(1 << CAP_NET_RAW);
		read_some(rig->bed, ready, 80);
	}
	await_flag(ready);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	rig_send(rig, &t, 80);
	finish(pid);
}

CASE(without_cap_net_raw_it_says_so, BED_NET_RAW)
{
	pid_t pid = start();

	if (!pid) {
		struct avtpmap_ctl *ctl;
		char why[256] = "";

		be_somebody_with(1 << CAP_NET_ADMIN);
		check_eq(avtpmap_ctl_open(
				 &ctl,
				 AVTPMAP_OPTS(avtpmap_ctl_opts,
					      .backend = rig->bed->backend,
					      .error = why,
					      .error_bytes = sizeof(why))),
			 -EPERM);
		check(strstr(why, "CAP_NET_RAW"));
		_exit(0);
	}
	finish(pid);
}
