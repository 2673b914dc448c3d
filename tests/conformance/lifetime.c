// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Ports that go, processes that die, handles that travel. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "process.h"

enum { FRAMES = 100 };

/* A reader that has seen some frames and has some before it. */
static struct avtpmap_stream *live(struct rig *rig, struct talker *t)
{
	struct avtpmap_stream *s;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(t, &aaf_stereo, STREAM_ID);
	rig_send(rig, t, FRAMES);
	check_eq(rig_drain(s), FRAMES);
	rig_send(rig, t, FRAMES);
	return s;
}

__attribute__((format(printf, 1, 2))) static void command(const char *format,
							  ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (system(text))
		fail("%s: failed", text);
}

static int unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

static int count_readers(const struct avtpmap_reader_entry *r, void *arg)
{
	(void)r;
	++*(int *)arg;
	return 0;
}

static int readers(struct rig *rig)
{
	int n = 0;

	check_eq(avtpmap_reader_list(rig->ctl, NULL, count_readers, &n), 0);
	return n;
}

static int copy_name(const struct avtpmap_stream_info *s, void *arg)
{
	strcpy(arg, s->ifname);
	return 0;
}

/* ---- ports ---- */

static void no_descriptor_left(void)
{
	const struct rlimit none = { 3, 3 };

	check_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void another_netns(void)
{
	check_eq(unshare(CLONE_NEWNET), 0);
}

/* Longer than a wait that hears nothing looks for the interface. */
static void wait_in_silence(struct rig *rig, void (*blind)(void))
{
	struct avtpmap_stream *s;
	pid_t pid = start();

	if (pid) {
		finish(pid);
		return;
	}
	s = rig_open(rig, STREAM_ID, 64, 0);
	blind();
	check_eq(avtpmap_wait(s, 1200000000), 0);
	_exit(0);
}

CASE(who_cannot_see_the_interface_does_not_take_it_for_gone, BED_SHARED)
{
	struct avtpmap_stream *s;
	struct talker t;

	s = live(rig, &t);
	wait_in_silence(rig, no_descriptor_left);
	wait_in_silence(rig, another_netns);
	rig_send(rig, &t, FRAMES);
	check_eq(rig_drain(s), 2 * FRAMES);
	avtpmap_close(s);
}

CASE(a_rename_changes_only_the_name, BED_PORT_LIFE)
{
	struct avtpmap_stream *s, *by_new_name;
	char name[16] = "";
	struct talker t;

	s = live(rig, &t);
	command("ip link set %s name renamed0", rig->ifname);
	rig_send(rig, &t, FRAMES);
	check_eq(rig_drain(s), 2 * FRAMES);
	check_eq(avtpmap_wait(s, 0), 0);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_LOST), 0);
	check_eq(avtpmap_stream_list(rig->ctl, NULL, copy_name, name), 0);
	check(!strcmp(name, "renamed0"));
	rig->ifname = "renamed0";
	by_new_name = rig_open(rig, STREAM_ID, 0, 0);
	avtpmap_close(by_new_name);
	command("ip link set renamed0 name %s", rig->bed->ifname(0));
	rig->ifname = rig->bed->ifname(0);
	rig_send(rig, &t, FRAMES);
	check_eq(rig_drain(s), FRAMES);
	avtpmap_close(s);
}

CASE(a_port_that_moves_to_another_netns_is_gone_here, BED_PORT_LIFE)
{
	struct avtpmap_stream *s;
	struct talker t;
	uint64_t used;

	s = live(rig, &t);
	used = rig_mem_used(rig);
	command("ip netns del avtpmap-away 2>/dev/null; "
		"ip netns add avtpmap-away");
	command("ip link set %s netns avtpmap-away", rig->ifname);
	check_eq(avtpmap_wait(s, AVTPMAP_FOREVER), -ENODEV);
	check_eq(rig_drain(s), FRAMES);
	check_eq(avtpmap_stream_add(rig->ctl, rig->ifname, STREAM_ID, NULL),
		 -ENODEV);
	command("ip -n avtpmap-away link set %s netns %d", rig->ifname,
		getpid());
	command("ip link set %s up", rig->ifname);
	command("ip netns del avtpmap-away");
	check_eq(rig->bed->up(), 0);
	check_eq(avtpmap_wait(s, 0), -ENODEV);
	rig->ifindex = if_nametoindex(rig->ifname);
	rig_add(rig, STREAM_ID, NULL);
	check_eq(rig_mem_used(rig), used);
	rig_send(rig, &t, FRAMES);
	check_eq(rig_drain(s), 0);
	avtpmap_close(s);
}

CASE(a_netdev_that_unregisters_takes_its_port_with_it, BED_PORT_LIFE)
{
	struct avtpmap_stream *s;
	struct talker t;

	s = live(rig, &t);
	check_eq(rig->bed->unplug(), 0);
	check_eq(avtpmap_wait(s, AVTPMAP_FOREVER), -ENODEV);
	check_eq(avtpmap_header(s)->state, AVTPMAP_RING_GONE);
	check_eq(rig_drain(s), FRAMES);
	if (rig->bed->caps & BED_MODULE) /* who holds it up */
		check_eq(readers(rig), 1);
	avtpmap_close(s);
	check_eq(readers(rig), 0);
	check_eq(rig->bed->up(), 0);
	rig->ifindex = if_nametoindex(rig->ifname);
	s = live(rig, &t);
	avtpmap_close(s);
}

/* ---- the module ---- */

static int holder(const struct avtpmap_reader_entry *r, void *arg)
{
	if (r->stream_id == STREAM_ID)
		*(uint32_t *)arg = r->pid;
	return 0;
}

CASE(the_module_is_in_use_until_the_last_handle_and_mapping_go, BED_MODULE)
{
	struct avtpmap_stream *s;
	uint32_t pid = 0;
	struct talker t;
	void *mapping;
	int fd;

	s = live(rig, &t);
	check_eq(unload("avtpmap"), -EWOULDBLOCK);
	check_eq(unload("avtpmap_hook"), -EWOULDBLOCK);
	check_eq(avtpmap_drain(rig->ctl, NULL), 0);
	check_eq(avtpmap_wait(s, 0), -ENODEV);
	check_eq(avtpmap_reader_list(rig->ctl, NULL, holder, &pid), 0);
	check_eq(pid, getpid());
	check_eq(unload("avtpmap"), -EWOULDBLOCK);
	fd = avtpmap_fd(s);
	mapping =
		mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, AVTPMAP_MMAP_RING);
	check(mapping != MAP_FAILED);
	avtpmap_close(s);
	check_eq(unload("avtpmap"), -EWOULDBLOCK);
	check_eq(((const struct avtpmap_ring_hdr *)mapping)->state,
		 AVTPMAP_RING_GONE);
	munmap(mapping, 4096);
	avtpmap_ctl_close(rig->ctl);
	check_eq(unload("avtpmap"), 0);
	check_eq(if_nametoindex(rig->ifname), rig->ifindex);
	check_eq(avtpmap_open(&s, AVTPMAP_OPTS(avtpmap_open_opts,
					       .ifname = rig->ifname,
					       .stream_id = STREAM_ID,
					       .backend = rig->bed->backend)),
		 -ENOPKG);
	check_eq(rig->bed->up(), 0);
	rig_init(rig, rig->bed);
	s = live(rig, &t);
	avtpmap_close(s);
}

/* Streams alone do not hold it: what nobody reads may go. */
CASE(a_module_with_streams_and_no_reader_unloads, BED_MODULE)
{
	struct talker t;

	avtpmap_close(live(rig, &t));
	avtpmap_ctl_close(rig->ctl);
	check_eq(unload("avtpmap"), 0);
	talker_send(&t, &rig->wire, rig->ifindex, FRAMES);
	rig_inject(rig);
	check_eq(rig->bed->up(), 0);
	rig_init(rig, rig->bed);
}

/* ---- processes ---- */

static void read_forever(struct rig *rig, volatile int *open)
{
	struct avtpmap_stream *s = rig_open(rig, STREAM_ID, 48, 0);

	*open = 1;
	for (;;) {
		avtpmap_wait(s, AVTPMAP_FOREVER);
		rig_drain(s);
	}
}

/* Signals come to the program's threads, whatever threads we have. */
CASE(signals_that_the_program_blocks_stay_pending, 0)
{
	struct avtpmap_stream *s;
	sigset_t usr1;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 64, 0);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	check_eq(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0);
	kill(getpid(), SIGUSR1);
	check_eq(avtpmap_wait(s, 20000000), 0);
	check_eq(sigpending(&usr1), 0);
	check_eq(sigismember(&usr1, SIGUSR1), 1);
	avtpmap_close(s);
}

static volatile int enough;

static void *detach(void *arg)
{
	struct avtpmap_ctl *ctl;
	struct rig *rig = arg;

	check_eq(avtpmap_ctl_open(&ctl,
				  AVTPMAP_OPTS(avtpmap_ctl_opts,
					       .backend = rig->bed->backend)),
		 0);
	while (!enough)
		avtpmap_port_detach(ctl, rig->ifname);
	avtpmap_ctl_close(ctl);
	return NULL;
}

CASE(a_port_that_another_thread_detaches_takes_no_stream_with_it, 0)
{
	int shared = !!(rig->bed->caps & BED_SHARED), n = 0;
	pthread_t thread;

	check_eq(pthread_create(&thread, NULL, detach, rig), 0);
	for (unsigned int i = 0; i < (shared ? 20 : fewer(2000)); i++) {
		if (avtpmap_stream_add(rig->ctl, rig->ifname, STREAM_ID, NULL))
			continue; /* not by a port that was detached just now */
		check_eq(avtpmap_stream_del(rig->ctl, rig->ifname, STREAM_ID),
			 0);
		n++;
	}
	enough = 1;
	join_thread(thread);
	check(shared || n);
}

CASE(a_killed_reader_leaves_nothing, BED_SHARED)
{
	volatile int *open = share(sizeof(*open));
	struct avtpmap_stream *s;
	uint64_t used;
	struct talker t;

	s = live(rig, &t);
	rig_drain(s);
	used = rig_mem_used(rig);
	for (int i = 0; i < 20; i++) {
		pid_t pid;

		*open = 0;
		pid = start();
		if (!pid)
			read_forever(rig, open);
		await_flag(open);
		rig_send(rig, &t, FRAMES);
		kill_9(pid);
		rig_send(rig, &t, FRAMES);
		check_eq(rig_drain(s), 2 * FRAMES);
	}
	check_eq(readers(rig), 1);
	check_eq(rig_mem_used(rig), used);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_LOST), 0);
	avtpmap_close(s);
}

CASE(a_child_goes_on_reading_when_its_parent_has_gone,
     BED_ISOLATION | BED_SHARED)
{
	struct {
		volatile int parent_done;
		volatile int done;
		volatile uint64_t got;
	} *shared = share(sizeof(*shared));
	struct avtpmap_stream *s;
	struct talker t;
	pid_t pid;

	rig_add(rig, STREAM_ID, NULL);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	pid = start();
	if (!pid) {
		s = rig_open(rig, STREAM_ID, 48, 0);
		if (start())
			_exit(0);
		await_flag(&shared->parent_done);
		while (shared->got < 10 * FRAMES) {
			check(avtpmap_wait(s, AVTPMAP_FOREVER) >= 0);
			shared->got += rig_drain(s);
		}
		avtpmap_close(s);
		shared->done = 1;
		_exit(0);
	}
	finish(pid);
	check_eq(readers(rig), 1);
	shared->parent_done = 1;
	for (int i = 0; i < 10; i++)
		rig_send(rig, &t, FRAMES);
	await_flag(&shared->done);
	check_eq(readers(rig), 0);
}

static void send_fd(int socket, int fd)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec io = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.hdr.cmsg_level = SOL_SOCKET;
	control.hdr.cmsg_type = SCM_RIGHTS;
	control.hdr.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
	check_eq(sendmsg(socket, &msg, 0), 1);
}

static int receive_fd(int socket)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	check_eq(recvmsg(socket, &msg, 0), 1);
	check_eq(control.hdr.cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.hdr), sizeof(fd));
	return fd;
}

/* Has no rights of its own; the descriptor is the right. */
static void read_by_descriptor(int socket)
{
	struct avtpmap_wait w = { .timeout_ns = 1000000000 };
	const struct avtpmap_ring_hdr *hdr;
	uint32_t due = 0;
	int fd;

	check_eq(setresuid(4001, 4001, 4001), 0);
	fd = receive_fd(socket);
	hdr = mmap(NULL, AVTPMAP_HEADER_BYTES, PROT_READ, MAP_SHARED, fd,
		   AVTPMAP_MMAP_RING);
	check(hdr != MAP_FAILED);
	check_eq(hdr->magic, AVTPMAP_MAGIC);
	do { /* each wait takes what ended since the one before it */
		check_eq(ioctl(fd, AVTPMAP_IOC_WAIT, &w), 0);
		due += w.due;
	} while (w.due && w.head < 32);
	check_eq(due, 4);
	check_eq(w.head, 32);
	check_eq(hdr->head, 32);
	_exit(0);
}

CASE(a_descriptor_passed_on_is_a_reader_there, BED_DEVICE)
{
	struct avtpmap_stream *s;
	struct talker t;
	int fds[2];
	pid_t pid;

	rig_add(rig, STREAM_ID, NULL);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	check_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	pid = start();
	if (!pid)
		read_by_descriptor(fds[1]);
	s = rig_open(rig, STREAM_ID, 48, 0);
	send_fd(fds[0], avtpmap_fd(s));
	avtpmap_close(s);
	rig_send(rig, &t, 32);
	finish(pid);
	check_eq(readers(rig), 0);
}
