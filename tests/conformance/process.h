/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes of one case, and what they show each other. */
#ifndef AVTPMAP_CONFORMANCE_PROCESS_H
#define AVTPMAP_CONFORMANCE_PROCESS_H

#include <grp.h>
#include <linux/capability.h>
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

/* Until another process has set *@flag. */
static inline void await_flag(volatile int *flag)
{
	while (!*flag)
		usleep(200);
}

#endif
