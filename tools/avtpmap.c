// SPDX-License-Identifier: MIT
/* The avtpmap command: a table of subcommands. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "tool.h"

static const struct command *const commands[] = {
	&cmd_attach, &cmd_detach, &cmd_add,	&cmd_del,	   &cmd_set,
	&cmd_show,   &cmd_stats,  &cmd_monitor, &cmd_scan,	   &cmd_listen,
	&cmd_talk,   &cmd_clock,  &cmd_reserve, &cmd_drain,	   &cmd_tune,
	&cmd_bench,  &cmd_doctor, &cmd_apply,	&cmd_check_config,
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void usage(FILE *to)
{
	fputs("Usage: avtpmap COMMAND [ARGUMENTS]\n"
	      "IEEE 1722 (AVTP) streams in memory-mapped rings. Without a "
	      "command: show. Every command takes --backend "
	      "auto|kmod|xdp|packet.\n\n",
	      to);
	for (int i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-12s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\navtpmap COMMAND --help tells more; so does avtpmap(8).\n"
	      "Exit status: 0 done, 1 failed, 2 called wrongly.\n",
	      to);
}

static const char *blamed_file; /* or NULL */
static int blamed_line;

void blame(const char *file, int line)
{
	blamed_file = file;
	blamed_line = line;
}

/* As compilers do, so that editors find the line. */
static void print_who(void)
{
	if (blamed_file)
		fprintf(stderr, "%s:%d: ", blamed_file, blamed_line);
	else
		fputs("avtpmap: ", stderr);
}

int fail(int err, const char *fmt, ...)
{
	const char *name = err ? strerrorname_np(-err) : NULL;
	va_list ap;

	print_who();
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (name)
		fprintf(stderr, " [%s]", name);
	fputc('\n', stderr);
	return FAILURE;
}

/* Nothing of a file that is there is lost, and none is left that was not. */
int check_writable(const char *path)
{
	bool there = !access(path, F_OK);
	struct stat st;
	int fd;

	if (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail(-errno, "cannot write %s: %s", path,
			    strerror(errno));
	close(fd);
	if (!there)
		unlink(path);
	return 0;
}

double clock_s(clockid_t id)
{
	struct timespec ts;

	return clock_gettime(id, &ts) ? 0 : ts.tv_sec + ts.tv_nsec / 1e9;
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	print_who();
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" [EINVAL]\n", stderr);
	return USAGE;
}

volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

void stop_on(int sig)
{
	const struct sigaction sa = { .sa_handler = on_signal };

	sigaction(sig, &sa, NULL);
}

uint32_t wanted_backend;

int set_backend(const char *name)
{
	if (!backend_of_name(name, &wanted_backend))
		return 0;
	return usage_error("%s: no such backend; auto, kmod, xdp or packet",
			   name);
}

struct avtpmap_ctl *open_ctl(const char *ifname)
{
	char error[256] = "";
	struct avtpmap_ctl *ctl;
	int err;

	if (ifname && check_interface(ifname))
		return NULL;
	err = avtpmap_ctl_open(
		&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts, .ifname = ifname,
				   .backend = wanted_backend, .error = error,
				   .error_bytes = sizeof(error)));

	if (err)
		fail(err, "%s", error);
	return ctl;
}

struct avtpmap_ctl *open_ctl_to_keep(const char *ifname)
{
	struct avtpmap_ctl *ctl = open_ctl(ifname);

	if (!ctl || strcmp(avtpmap_ctl_backend_name(ctl), "packet"))
		return ctl;
	fail(-EOPNOTSUPP,
	     "%s: what is made by the packet backend ends with its process, "
	     "here at once; avtpmap listen makes its own (%s)",
	     ifname, avtpmap_ctl_backend_reason(ctl));
	avtpmap_ctl_close(ctl);
	return NULL;
}

int ctl_failed(struct avtpmap_ctl *ctl, int err)
{
	return fail(err, "%s", avtpmap_ctl_error(ctl));
}

int other_ctls(const char *best, ctl_fn *fn, void *arg)
{
	struct avtpmap_backend_report r[BACKENDS_MAX];
	int n = avtpmap_backends(NULL, r, BACKENDS_MAX), ret = OK;
	struct avtpmap_ctl *ctl;

	for (int i = 0; i < n && i < BACKENDS_MAX && ret == OK; i++) {
		if (r[i].err || !strcmp(r[i].name, best) ||
		    avtpmap_ctl_open(&ctl,
				     AVTPMAP_OPTS(avtpmap_ctl_opts,
						  .backend = r[i].backend)))
			continue;
		ret = fn(ctl, r[i].reason, arg);
		avtpmap_ctl_close(ctl);
	}
	return ret;
}

int each_ctl(const char *ifname, ctl_fn *fn, void *arg)
{
	struct avtpmap_ctl *ctl = open_ctl(ifname);
	int ret;

	if (!ctl)
		return FAILURE;
	ret = fn(ctl, avtpmap_ctl_backend_reason(ctl), arg);
	if (ret == OK && !ifname && !wanted_backend)
		ret = other_ctls(avtpmap_ctl_backend_name(ctl), fn, arg);
	avtpmap_ctl_close(ctl);
	return ret;
}

int stream_id_arg(const char *text, uint64_t *id)
{
	if (!avtpmap_stream_id_from_text(text, id))
		return 0;
	return usage_error("%s: not a stream id; write it as "
			   "00:11:22:33:44:55:00:01 or 0x0011223344550001",
			   text);
}

static const struct command *find_command(const char *name)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (!strcmp(name, commands[i]->name))
			return commands[i];
	return NULL;
}

static int no_such_command(const char *name)
{
	struct near near = { .wanted = name };

	for (int i = 0; i < N_COMMANDS; i++)
		near_try(&near, commands[i]->name);
	near_try(&near, "help");
	return usage_error("%s: no such command; %s", name,
			   near_text(&near, "avtpmap --help lists them"));
}

/* "help COMMAND" is "COMMAND --help". */
static int help(const char *name)
{
	const struct command *cmd = name ? find_command(name) : NULL;

	if (name && !cmd)
		return no_such_command(name);
	if (cmd)
		command_usage(cmd, false);
	else
		usage(stdout);
	return OK;
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "show";
	const struct command *cmd = find_command(name);

	if (cmd)
		return command_main(cmd, argc > 1 ? argc - 2 : 0, argv + 2);
	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    !strcmp(name, "help"))
		return help(argc > 2 ? argv[2] : NULL);
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("avtpmap %s\n", avtpmap_version());
		return OK;
	}
	if (name[0] == '-') /* an option of the show that is meant */
		return command_main(&cmd_show, argc - 1, argv + 1);
	return no_such_command(name);
}

/* Who reads what we print must not take half of it for all. */
int main(int argc, char **argv)
{
	int ret = run(argc, argv);

	if (fflush(stdout) || ferror(stdout))
		return fail(-errno, "cannot write to standard output");
	return ret;
}
