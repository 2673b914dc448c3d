/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes of one case, and what they show each other. */
#ifndef AVTPMAP_CONFORMANCE_PROCESS_H
#define AVTPMAP_CONFORMANCE_PROCESS_H

#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

/* Seconds for what somebody else of the case does in a few, at most. */
static inline unsigned int patience_s(void)
{
	return is_slow() ? 600 : 60;
}

static inline double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Until @cond, which others make true. Who did not is what the line says. */
#define until(cond)                                                            \
	do {                                                                   \
		double until_s_ = now_s() + patience_s();                      \
                                                                               \
		while (!(cond)) {                                              \
			if (now_s() > until_s_)                                \
				fail("after %u s still not: %s", patience_s(), \
				     #cond);                                   \
			usleep(200);                                           \
		}                                                              \
	} while (0)

#define join_thread(thread) until(!pthread_tryjoin_np((thread), NULL))

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

/* Where in the kernel it sleeps, as far as that may be known. */
static inline void where(pid_t pid, char *text, size_t bytes)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
	f = fopen(path, "r");
	if (!f || !fgets(text, (int)bytes, f))
		snprintf(text, bytes, "?");
	if (f)
		fclose(f);
}

/* Sleeps as waitpid does, where there are thousands, but not for ever. */
static inline int end_at(const char *file, int line, pid_t pid)
{
	struct pollfd end = { .events = POLLIN };
	char text[64];
	int status;

	end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (poll(&end, 1, (int)patience_s() * 1000) != 1) {
		where(pid, text, sizeof(text));
		fail_at(file, line, "after %u s process %d is still in %s",
			patience_s(), (int)pid, text);
	}
	close(end.fd);
	check_eq_at(file, line, "waitpid", waitpid(pid, &status, 0), "pid",
		    pid);
	return status;
}

static inline void finish_at(const char *file, int line, pid_t pid)
{
	check_eq_at(file, line, "its status", end_at(file, line, pid), "0", 0);
}

/* It must end well. */
#define finish(pid) finish_at(__FILE__, __LINE__, pid)

static inline void kill_9(pid_t pid)
{
	kill(pid, SIGKILL);
	end_at(__FILE__, __LINE__, pid);
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
		join_thread(b->thread);
}

/* It does not look at its stream until let go on. */
static inline void beside_stop(struct beside *b)
{
	if (b->pid)
		kill(b->pid, SIGSTOP);
	b->halt = 1;
	until(b->pid || b->halted);
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
#define await_flag(flag) until(*(flag))

#endif
