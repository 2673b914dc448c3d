/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other side of a model, for its tests: QEMU's part of vfio-user, as little of
 * a driver as can be, and the far end of the wire. Whatever does not come within
 * PATIENCE_S fails the test by its name.
 */
#ifndef AVTPMAP_TESTS_CLIENT_H
#define AVTPMAP_TESTS_CLIENT_H

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/vfio.h>

#include "i2xx.h"

enum {
	PATIENCE_S = 20,
	MEMORY_BYTES = 1 << 20,
	N_FDS = 5,
	ADDRESS = 1 << 20, /* where the model sees the memory */
	HEADER_BYTES = 16,
};

struct header {
	u16 id, command;
	u32 bytes, flags, error;
};

static struct {
	pid_t pid;
	char dir[64];
	int qemu, wire, host;
	int vectors[N_FDS];
	u8 *memory;
} bed;

static struct sockaddr_un at(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", bed.dir, name);
	return a;
}

static int listen_at(const char *name)
{
	struct sockaddr_un a = at(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_return_code(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static int connect_to(const char *name, int type)
{
	const struct timeval limit = { .tv_sec = PATIENCE_S };
	struct sockaddr_un a = at(name);
	int fd = socket(AF_UNIX, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_return_code(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void expect_input(int fd, const char *whose)
{
	struct pollfd p = { fd, POLLIN, 0 };

	if (poll(&p, 1, PATIENCE_S * 1000) != 1)
		fail_msg("no %s in %u s", whose, PATIENCE_S);
}

/* ---- vfio-user */

static void send_message(u16 command, const void *body, size_t n,
			 const int *fds, size_t n_fds)
{
	struct header h = { .command = command, .bytes = sizeof(h) + n };
	union {
		struct cmsghdr align;
		u8 bytes[CMSG_SPACE(sizeof(int) * N_FDS)];
	} control = { 0 };
	struct iovec iov[2] = { { &h, sizeof(h) }, { (void *)body, n } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (n_fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * n_fds);
	}
	assert_int_equal(sendmsg(bed.qemu, &m, MSG_NOSIGNAL), h.bytes);
}

/* Returns the error of the answer; its body, of at most @n octets, in @to. */
static u32 get_answer(u16 command, void *to, size_t n)
{
	struct header h;
	u8 body[4096];

	expect_input(bed.qemu, "answer");
	assert_int_equal(recv(bed.qemu, &h, sizeof(h), MSG_WAITALL), sizeof(h));
	assert_int_equal(h.command, command);
	assert_in_range(h.bytes, sizeof(h), sizeof(h) + sizeof(body));
	if (h.bytes > sizeof(h))
		assert_int_equal(recv(bed.qemu, body, h.bytes - sizeof(h),
				      MSG_WAITALL),
				 h.bytes - sizeof(h));
	if (n > h.bytes - sizeof(h))
		n = h.bytes - sizeof(h);
	if (n)
		memcpy(to, body, n);
	return h.error;
}

static u32 call(u16 command, void *body, size_t n)
{
	send_message(command, body, n, NULL, 0);
	return get_answer(command, body, n);
}

struct access32 {
	u64 offset;
	u32 region, bytes, value;
};

static u32 read_at(u32 region, u64 offset)
{
	struct access32 a = { offset, region, 4, 0 };

	send_message(9, &a, 16, NULL, 0);
	assert_int_equal(get_answer(9, &a, sizeof(a)), 0);
	return a.value;
}

static u32 rd(u64 offset)
{
	return read_at(0, offset);
}

static void wr(u64 offset, u32 value)
{
	struct access32 a = { offset, 0, 4, value };

	send_message(10, &a, 20, NULL, 0);
	assert_int_equal(get_answer(10, &a, 16), 0);
}

static void share_memory(void)
{
	struct {
		u32 argsz, flags;
		u64 offset, address, bytes;
	} map = { sizeof(map), 3, 0, ADDRESS, MEMORY_BYTES };
	int fd = memfd_create("guest", 0);

	assert_return_code(ftruncate(fd, MEMORY_BYTES), 0);
	bed.memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
	assert_ptr_not_equal(bed.memory, MAP_FAILED);
	send_message(2, &map, sizeof(map), &fd, 1);
	assert_int_equal(get_answer(2, NULL, 0), 0);
	close(fd);
}

static void share_vectors(void)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			 VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = N_FDS,
	};

	for (u32 i = 0; i < N_FDS; i++)
		bed.vectors[i] = eventfd(0, EFD_NONBLOCK);
	send_message(8, &set, sizeof(set), bed.vectors, N_FDS);
	assert_int_equal(get_answer(8, NULL, 0), 0);
}

static u64 interrupts(u32 vector)
{
	u64 n = 0;

	if (read(bed.vectors[vector], &n, sizeof(n)) != sizeof(n))
		return 0;
	return n;
}

/* ---- the model's process and its control channel */

static const char *ask(const char *command)
{
	static char reply[VFU_REPLY_BYTES];
	char line[256];
	size_t n;
	FILE *f;

	snprintf(line, sizeof(line), "%s ask %s/control %s 2>/dev/null",
		 getenv("MODEL"), bed.dir, command);
	f = popen(line, "r");
	n = fread(reply, 1, sizeof(reply) - 1, f);
	reply[n] = '\0';
	return pclose(f) ? NULL : reply;
}

static void tell(const char *command)
{
	if (!ask(command))
		fail_msg("%s: refused", command);
}

static void expect_ready(int fd)
{
	char line[8] = "";

	expect_input(fd, "model");
	assert_int_equal(read(fd, line, sizeof(line) - 1), 6);
	assert_string_equal(line, "ready\n");
	close(fd);
}

static void start_model(const char *card_name)
{
	char path[5][128];
	int out[2];

	strcpy(bed.dir, "/tmp/avtpmap-nic.XXXXXX");
	assert_non_null(mkdtemp(bed.dir));
	for (u32 i = 0; i < 5; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%s", bed.dir,
			 (const char *[]){ "qemu", "guest", "host", "control",
					   "pcap" }[i]);
	bed.host = listen_at("host");
	assert_return_code(pipe2(out, O_CLOEXEC), 0);
	bed.pid = fork();
	if (!bed.pid) {
		dup2(out[1], 1);
		execl(getenv("MODEL"), "i2xx", card_name, path[0], path[1],
		      path[2], path[3], path[4], NULL);
		_exit(127);
	}
	close(out[1]);
	expect_ready(out[0]);
	bed.wire = connect_to("guest", SOCK_DGRAM);
}

static void meet_qemu(void)
{
	u8 version[64] = "\0\0\0\0{}";

	bed.qemu = connect_to("qemu", SOCK_STREAM);
	assert_int_equal(call(1, version, 7), 0);
	share_memory();
	share_vectors();
}

/* Its sanitizers have their say at the end. */
static void stop_model(void)
{
	char line[96];
	int status;

	close(bed.qemu);
	close(bed.wire);
	close(bed.host);
	for (u32 i = 0; i < N_FDS; i++)
		close(bed.vectors[i]);
	munmap(bed.memory, MEMORY_BYTES);
	kill(bed.pid, SIGTERM);
	assert_int_equal(waitpid(bed.pid, &status, 0), bed.pid);
	snprintf(line, sizeof(line), "rm -r %s", bed.dir);
	assert_int_equal(system(line), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#endif /* AVTPMAP_TESTS_CLIENT_H */
