// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: [MODULES=DIR] [SLOW=N] conformance BACKEND [PART-OF-A-NAME,...]
 *
 * Runs each case in a process group of its own, puts the ports in order
 * between them, and fails a case too for what the kernel had to say in its
 * time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

enum {
	EXIT_SKIP = 77,
	CASE_SECONDS = 600,
	WORDS = 512,
};

static const struct bed *const beds[] = { &bed_kmod, &bed_xdp, &bed_packet };

static const char *const cap_texts[] = {
#define X(name, text) text,
	BED_CAPABILITIES(X)
#undef X
};

/* What the case's process has to say to the runner. */
struct words {
	char text[WORDS]; /* why it was skipped */
	char notes[4 * WORDS];
};
static struct words *words;

/* ---- in the case's process ---- */

void fail_at(const char *file, int line, const char *format, ...)
{
	va_list ap;

	printf("    %s:%d: ", file, line);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void check_eq_at(const char *file, int line, const char *a_text, long long a,
		 const char *b_text, long long b)
{
	if (a != b)
		fail_at(file, line, "%s is %lld, expected %s, %lld", a_text, a,
			b_text, b);
}

void skip(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(words->text, sizeof(words->text), format, ap);
	va_end(ap);
	_exit(EXIT_SKIP);
}

void note(const char *format, ...)
{
	size_t at = strlen(words->notes);
	va_list ap;

	at += snprintf(words->notes + at, sizeof(words->notes) - at, "    ");
	va_start(ap, format);
	at += vsnprintf(words->notes + at, sizeof(words->notes) - at, format,
			ap);
	va_end(ap);
	if (at < sizeof(words->notes) - 1)
		strcpy(words->notes + at, "\n");
}

static unsigned int slow(void)
{
	const char *text = getenv("SLOW");
	int n = text ? atoi(text) : 1;

	return n > 1 ? n : 1;
}

int is_slow(void)
{
	return slow() > 1;
}

unsigned int fewer(unsigned int n)
{
	return n / slow() ? n / slow() : 1;
}

static void run_case(const struct test_case *t, const struct bed *bed)
{
	struct rig rig;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rig_init(&rig, bed);
	t->fn(&rig);
	rig_free(&rig);
	fflush(stdout);
	_exit(0);
}

/* ---- the kernel's word ---- */

static int kmsg = -1;

static int is_complaint(const char *line)
{
	static const char *const bad[] = {
		"WARNING",
		"BUG",
		"Oops",
		"KASAN",
		"suspicious RCU",
		"possible recursive",
		"circular locking",
		"refcount_t",
		"scheduling while atomic",
		"sleeping function",
		"Call Trace",
		"unregister_netdevice: waiting",
		"lockdep",
		"general protection",
		"Out of memory",
		"hung task",
		"leaked",
	};

	for (size_t i = 0; i < N_ELEMS(bad); i++)
		if (strstr(line, bad[i]))
			return 1;
	return 0;
}

/* How many lines since the last call are complaints; they are printed. */
static int kernel_complaints(void)
{
	char line[2048];
	int n = 0;
	ssize_t len;

	while (kmsg >= 0) {
		len = read(kmsg, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue; /* some were overwritten */
		if (len <= 0)
			break;
		line[len] = '\0';
		if (is_complaint(line)) {
			printf("    kernel: %s", line);
			n++;
		}
	}
	return n;
}

/* ---- in the runner ---- */

static int passed, failed, skipped;

/* The exit status of the case's process; -1 if it did not end in time. */
static int wait_for(pid_t pid)
{
	struct timespec nap = { .tv_nsec = 2000000 };
	struct timespec start, now;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) :
						   128 + WTERMSIG(status);
		nanosleep(&nap, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < CASE_SECONDS * slow());
	return -1;
}

static void reap(pid_t group)
{
	kill(-group, SIGKILL);
	while (waitpid(-group, NULL, 0) > 0)
		;
}

static void title(const struct test_case *t, char *out, size_t bytes)
{
	const char *file = strrchr(t->file, '/');
	char *dot;

	snprintf(out, bytes, "%s: %s", file ? file + 1 : t->file, t->name);
	dot = strstr(out, ".c:");
	if (dot)
		memmove(dot, dot + 2, strlen(dot + 2) + 1);
	for (char *p = out; *p; p++)
		if (*p == '_')
			*p = ' ';
}

/* 0 if the backend can do all that the case needs; else says what not. */
static int missing(const struct test_case *t, const struct bed *bed)
{
	for (int i = 0; i < BED_N_CAPS; i++) {
		if (t->needs & ~bed->caps & 1ull << i) {
			snprintf(words->text, sizeof(words->text),
				 "%s has no %s", bed->name, cap_texts[i]);
			return 1;
		}
	}
	return 0;
}

static int run_in_process(const struct test_case *t, const struct bed *bed)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return 1;
	if (!pid)
		run_case(t, bed);
	status = wait_for(pid);
	if (status < 0)
		printf("    did not end in %u s\n", CASE_SECONDS * slow());
	else if (status >= 128)
		printf("    %s\n", strsignal(status - 128));
	reap(pid);
	return status;
}

static void run(const struct test_case *t, const struct bed *bed)
{
	struct timespec from, to;
	char name[256];
	int status;

	memset(words, 0, sizeof(*words));
	title(t, name, sizeof(name));
	kernel_complaints();
	clock_gettime(CLOCK_MONOTONIC, &from);
	status = missing(t, bed) ? EXIT_SKIP : run_in_process(t, bed);
	if (status && status != EXIT_SKIP) {
		int err = bed->down();

		if (err)
			printf("    left behind: %s\n", strerror(-err));
	}
	if (bed->up()) {
		printf("    the ports cannot be made ready any more\n");
		status = 1;
	}
	if (kernel_complaints())
		status = 1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (status == EXIT_SKIP) {
		printf("ok - %s # SKIP %s\n", name, words->text);
		skipped++;
	} else {
		printf("%sok - %s (%.1f s)\n", status ? "not " : "", name,
		       to.tv_sec - from.tv_sec +
			       (to.tv_nsec - from.tv_nsec) / 1e9);
		failed += !!status;
		passed += !status;
	}
	printf("%s", words->notes);
	fflush(stdout);
}

static void *shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

extern const struct test_case *const __start_cases[];
extern const struct test_case *const __stop_cases[];

static const struct bed *bed_of(const char *name)
{
	for (size_t i = 0; i < N_ELEMS(beds); i++)
		if (!strcmp(beds[i]->name, name))
			return beds[i];
	return NULL;
}

/* Whether a part of @only, which commas separate, is in the name of @t. */
static int chosen(const struct test_case *t, const char *only)
{
	char part[256];
	size_t n;

	for (;; only += n + 1) {
		n = strcspn(only, ",");
		snprintf(part, sizeof(part), "%.*s", (int)n, only);
		if (strstr(t->file, part) || strstr(t->name, part))
			return 1;
		if (!only[n])
			return 0;
	}
}

int main(int argc, char **argv)
{
	const char *only = argc > 2 ? argv[2] : "";
	const struct bed *bed = argc > 1 ? bed_of(argv[1]) : NULL;
	int err;

	if (!bed) {
		fprintf(stderr,
			"usage: conformance BACKEND [PART-OF-A-NAME,...]\n");
		return 2;
	}
	words = shared(sizeof(*words));
	coverage = shared(sizeof(*coverage));
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
	err = !words || !coverage ? -ENOMEM : bed->up();
	if (err) {
		printf("not ok - %s: %s\n0 passed, 1 failed, 0 skipped\n",
		       bed->name, strerror(-err));
		return 1;
	}
	coverage->partial = *only;
	for (int last = 0; last < 2; last++)
		for (const struct test_case *const *t = __start_cases;
		     t < __stop_cases; t++)
			if ((*t)->last == last && chosen(*t, only))
				run(*t, bed);
	err = bed->down();
	if (err) {
		printf("not ok - unloading: %s\n", strerror(-err));
		failed++;
	}
	failed += !!kernel_complaints();
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed != 0;
}
