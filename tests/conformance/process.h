/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes of one case, and what they show each other. */
#ifndef AVTPMAP_CONFORMANCE_PROCESS_H
#define AVTPMAP_CONFORMANCE_PROCESS_H

#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static inline void *share(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(p != MAP_FAILED);
	return p;
}

static inline pid_t start(void)
{
	pid_t pid = fork();

	check(pid >= 0);
	return pid;
}

/* It must end well. */
static inline void finish(pid_t pid)
{
	int status;

	check_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
}

static inline void kill_9(pid_t pid)
{
	kill(pid, SIGKILL);
	check_eq(waitpid(pid, NULL, 0), pid);
}

/* Becomes some user, with @caps (bits) and nothing else. */
static inline void be_somebody_with(uint32_t caps)
{
	enum { SOMEBODY = 4001 };
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = caps, .permitted = caps },
	};

	check_eq(prctl(PR_SET_KEEPCAPS, 1), 0);
	check_eq(setgroups(0, NULL), 0);
	check_eq(setresgid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
	check_eq(setresuid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
	check_eq(syscall(SYS_capset, &hdr, data), 0);
}

/*
 * A reader beside the case: a process, or a thread where streams are of one
 * process. It is @fn that ends by returning.
 */
struct beside {
	void (*fn)(struct rig *rig, struct beside *me, void *arg);
	struct rig *rig;
	void *arg;
	pid_t pid; /* 0: a thread */
	pthread_t thread;
	volatile int halt, halted;
};

static inline void *beside_run(void *arg)
{
	struct beside *b = arg;

	b->fn(b->rig, b, b->arg);
	return NULL;
}

static inline void
beside_start(struct beside *b, struct rig *rig,
	     void (*fn)(struct rig *, struct beside *, void *), void *arg)
{
	*b = (struct beside){ .fn = fn, .rig = rig, .arg = arg };
	if (!(rig->bed->caps & BED_SHARED)) {
		check_eq(pthread_create(&b->thread, NULL, beside_run, b), 0);
		return;
	}
	b->pid = start();
	if (b->pid)
		return;
	beside_run(b);
	fflush(stdout);
	_exit(0);
}

/* It ends well, and not before it is told. A thread's failure is the case's. */
static inline void beside_goes_on(const struct beside *b)
{
	if (b->pid)
		check_eq(waitpid(b->pid, NULL, WNOHANG), 0);
}

static inline void beside_finish(struct beside *b)
{
	if (b->pid)
		finish(b->pid);
	else
		check_eq(pthread_join(b->thread, NULL), 0);
}

/* It does not look at its stream until let go on. */
static inline void beside_stop(struct beside *b)
{
	if (b->pid)
		kill(b->pid, SIGSTOP);
	for (b->halt = 1; !b->pid && !b->halted;)
		usleep(200);
}

static inline void beside_continue(struct beside *b)
{
	if (b->pid)
		kill(b->pid, SIGCONT);
	b->halt = 0;
}

/* In @fn, before it looks: a thread cannot be stopped from without. */
static inline void beside_halt(struct beside *me)
{
	while (me->halt) {
		me->halted = 1;
		usleep(200);
	}
}

/* Until another process has set *@flag. */
static inline void await_flag(volatile int *flag)
{
	while (!*flag)
		usleep(200);
}

#endif
