// SPDX-License-Identifier: GPL-2.0
/*
 * The loop of a model, with the wire and the control channel. Commands of the
 * latter are words; the front end's own are
 *
 *	hold		frames wait here until
 *	release		when they reach the guest together, with one interrupt
 *	held		how many wait
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vfu.h"

enum { MAX_HELD = 4096, MAX_WORDS = 8, MAX_COMMAND = 256 };

struct frame {
	struct frame *next;
	size_t n;
	u8 octets[];
};

static const struct vfu_model *model;
static int listener, wire, control;
static struct sockaddr_un host;
static struct frame *first, **last = &first;
static unsigned int n_held;
static bool holding;
static volatile sig_atomic_t stopping;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		fail(path);
	}
	strcpy(a.sun_path, path);
	return a;
}

static int open_socket(int type, const char *path)
{
	struct sockaddr_un a = address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    (type == SOCK_STREAM && listen(fd, 1)))
		fail(path);
	return fd;
}

/* ---- the wire */

void vfu_send(const u8 *frame, size_t n)
{
	/* Nobody need be there. */
	while (sendto(wire, frame, n, 0, (struct sockaddr *)&host,
		      sizeof(host)) < 0 &&
	       errno == EINTR)
		;
}

static void read_wire(void)
{
	static u8 octets[VFU_MAX_FRAME];
	ssize_t n = recv(wire, octets, sizeof(octets), MSG_DONTWAIT);
	struct frame *f;

	if (n <= 0)
		return;
	f = malloc(sizeof(*f) + n);
	if (!f)
		fail("a frame");
	f->next = NULL;
	f->n = n;
	memcpy(f->octets, octets, n);
	*last = f;
	last = &f->next;
	n_held++;
}

static void drop_first(void)
{
	struct frame *f = first;

	first = f->next;
	if (!first)
		last = &first;
	free(f);
	n_held--;
}

/* As many as the guest has room for. */
static void deliver(void)
{
	if (!first || holding)
		return;
	vfu_interrupts_wait(true);
	while (first && model->receive(first->octets, first->n))
		drop_first();
	vfu_interrupts_wait(false);
}

/* ---- control */

static bool command(char **words, int n, char reply[VFU_REPLY_BYTES])
{
	if (n == 1 && !strcmp(words[0], "hold")) {
		holding = true;
	} else if (n == 1 && !strcmp(words[0], "release")) {
		holding = false;
		deliver();
	} else if (n == 1 && !strcmp(words[0], "held")) {
		sprintf(reply, "%u", n_held);
	} else {
		return model->control(words, n, reply);
	}
	return true;
}

/* "ok" or "error" and the reply go back to who asked. */
static void read_control(void)
{
	char text[MAX_COMMAND], out[VFU_REPLY_BYTES + 8],
		reply[VFU_REPLY_BYTES] = "";
	char *words[MAX_WORDS], *save;
	struct sockaddr_un who;
	socklen_t who_len = sizeof(who);
	ssize_t len = recvfrom(control, text, sizeof(text) - 1, MSG_DONTWAIT,
			       (struct sockaddr *)&who, &who_len);
	bool ok;
	int n = 0;

	if (len < 0)
		return;
	text[len] = '\0';
	for (char *w = strtok_r(text, " \n", &save); w && n < MAX_WORDS;
	     w = strtok_r(NULL, " \n", &save))
		words[n++] = w;
	ok = n && command(words, n, reply);
	len = snprintf(out, sizeof(out), "%s %s\n", ok ? "ok" : "error", reply);
	sendto(control, out, len, MSG_DONTWAIT, (struct sockaddr *)&who,
	       who_len);
}

int vfu_ask(const char *path, char **words, int n)
{
	struct sockaddr_un to = address(path), any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct timeval limit = { .tv_sec = 30 };
	char text[VFU_REPLY_BYTES + 8] = "";
	ssize_t len;

	for (int i = 0; i < n; i++) {
		strncat(text, words[i], sizeof(text) - strlen(text) - 2);
		strcat(text, " ");
	}
	/* Linux finds a name for it. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(sa_family_t)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    send(fd, text, strlen(text), 0) < 0)
		fail(path);
	len = recv(fd, text, sizeof(text) - 1, 0);
	if (len < 0)
		fail("the model's answer");
	text[len] = '\0';
	close(fd);
	if (strncmp(text, "ok ", 3)) {
		fputs(text, stderr);
		return 1;
	}
	fputs(text + 3, stdout);
	return 0;
}

/* ---- the loop */

/* Signals come while it waits and at no other time. */
static void wait_for_something(struct pollfd *p, size_t n, const sigset_t *open)
{
	u64 now = now_ns(), at = model->deadline_ns ? model->deadline_ns() : 0;
	struct timespec left = { 0 };

	if (at > now) {
		left.tv_sec = (at - now) / 1000000000;
		left.tv_nsec = (at - now) % 1000000000;
	}
	if (ppoll(p, n, at ? &left : NULL, open) < 0)
		for (size_t i = 0; i < n; i++)
			p[i].revents = 0;
	if (at && now_ns() >= at)
		model->tick();
}

static void loop(const sigset_t *open)
{
	while (!stopping) {
		bool more = holding ? n_held < MAX_HELD : !n_held;
		struct pollfd p[] = {
			{ vfu_is_connected() ? vfu_fd() : listener, POLLIN, 0 },
			{ control, POLLIN, 0 },
			{ more ? wire : -1, POLLIN, 0 },
		};

		wait_for_something(p, 3, open);
		if (p[0].revents && vfu_is_connected())
			vfu_message();
		else if (p[0].revents)
			vfu_connect(
				accept4(listener, NULL, NULL, SOCK_CLOEXEC));
		if (p[1].revents)
			read_control();
		if (p[2].revents)
			read_wire();
		deliver();
	}
}

int vfu_run(const struct vfu_model *m, const struct vfu_paths *paths)
{
	struct sigaction action = { .sa_handler = stop };
	sigset_t ours, open;

	model = m;
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigprocmask(SIG_BLOCK, &ours, &open);
	listener = open_socket(SOCK_STREAM, paths->qemu);
	wire = open_socket(SOCK_DGRAM, paths->guest);
	control = open_socket(SOCK_DGRAM, paths->control);
	host = address(paths->host);
	vfu_open(model);
	puts("ready");
	fflush(stdout);
	loop(&open);
	vfu_hang_up();
	while (first)
		drop_first();
	return 0;
}
