// SPDX-License-Identifier: GPL-2.0
/*
 * A processor whose xsave area has $XSAVE bytes, as ptrace shows it to user-mode
 * Linux: LD_PRELOAD=xsave.so. See xstateregs_set() in arch/x86/kernel/fpu/regset.c:
 * who sets less than all of it gets EFAULT.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif

enum {
	MAX_SIZE = 1 << 16,
};

static size_t shown(void)
{
	const char *text = getenv("XSAVE");
	size_t n = text ? strtoul(text, NULL, 10) : 0;

	return n < MAX_SIZE ? n : MAX_SIZE;
}

static long get_xsave(long pid, size_t *real, struct iovec *iov)
{
	static char area[MAX_SIZE];
	struct iovec all = { area, sizeof(area) };
	long ret =
		syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all);

	if (ret)
		return ret;
	*real = all.iov_len;
	if (iov->iov_len > shown())
		iov->iov_len = shown();
	memcpy(iov->iov_base, area, iov->iov_len);
	return 0;
}

static long set_xsave(long pid, size_t real, const struct iovec *iov)
{
	struct iovec part = { iov->iov_base, real };

	if (iov->iov_len < shown()) {
		errno = EFAULT;
		return -1;
	}
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &part);
}

/* As in libc, peeking returns what there is. */
long ptrace(enum __ptrace_request request, ...)
{
	static size_t real;
	long pid, addr, data, word, ret;
	int peeks = request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSER;
	va_list ap;

	va_start(ap, request);
	pid = va_arg(ap, int);
	addr = va_arg(ap, long);
	data = va_arg(ap, long);
	va_end(ap);
	if (request == PTRACE_GETREGSET && addr == NT_X86_XSTATE)
		return get_xsave(pid, &real, (struct iovec *)data);
	if (request == PTRACE_SETREGSET && addr == NT_X86_XSTATE)
		return set_xsave(pid, real, (struct iovec *)data);
	ret = syscall(SYS_ptrace, request, pid, addr,
		      peeks ? (long)&word : data);
	return peeks && !ret ? word : ret;
}
