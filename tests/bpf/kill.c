// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: kill [EVERY]
 * Processes are killed at each of their system calls, or at every EVERYth, while
 * they attach, add, open and so on. The next open of anybody, without a command,
 * finds the port as it was before or as it is after: pins, program, multicast,
 * memory and all. As root.
 */
#include <avtpmap/avtpmap.h>
#include <dirent.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "../unit/tap.h"
#include "port.h"
#include "traffic.h"

enum { TEXT = 16384, CALLS_MAX = 5000 };

static int every; /* 0: as each action says */

/* ---- the world, as text ---- */

static void say(char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(char *text, const char *format, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + n, TEXT - n, format, ap);
	va_end(ap);
}

static void say_command(char *text, const char *command)
{
	FILE *f = popen(command, "r");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		say(text, "%s", line);
	if (f)
		pclose(f);
}

static void say_pins(char *text, const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			say(text, "%s ", names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	say(text, "\n");
}

/* Of the maps that have one entry for each stream or reader. */
static int n_entries(int fd)
{
	int n = 0;

	for (__u32 i = 0; i < 64; i++) {
		__u32 id;

		n += !bpf_map_lookup_elem(fd, &i, &id);
	}
	return n;
}

static void say_table(char *text, const struct xdp_port *p)
{
	const struct xdp_table *t = p->table;
	int buckets = 0, streams = 0, readers = 0;

	for (int i = 0; i < XDP_BUCKETS; i++)
		buckets += t->bucket[i] && t->bucket[i] != XDP_BURIED;
	for (int i = 0; i < XDP_STREAMS; i++)
		streams += t->stream[i].stream_id || t->stream[i].ms ||
			   t->stream[i].filters || t->stream[i].chunks;
	for (int i = 0; i < XDP_READERS; i++)
		readers += !!t->reader[i].pid;
	say(text,
	    "%d buckets, %d streams, %d readers, %llu bytes, allmulti %u, "
	    "closing %u, %d rings, %d wakers\n",
	    buckets, streams, readers, (unsigned long long)xdp_mem_used(p),
	    t->allmulti_ours, t->closing, n_entries(p->rings_fd),
	    n_entries(p->wakers_fd));
}

/* All ports of this namespace, and port0's interface. */
static char *world(void)
{
	char *text = calloc(1, TEXT), path[128];
	struct xdp_port p;

	xdp_port_name(&p, "port0", &port_why);
	snprintf(path, sizeof(path), "cd /sys/fs/bpf/avtpmap && echo n%llu-*",
		 (unsigned long long)p.netns);
	say_command(text, path);
	snprintf(path, sizeof(path), "/sys/fs/bpf/avtpmap/%s", p.name);
	say_pins(text, path);
	if (!xdp_port_open(&p, &port_why))
		say_table(text, &p);
	xdp_port_close(&p);
	say_command(text, "ip -d -o link show port0 | "
			  "grep -oE 'prog/xdp|allmulti [0-9]*'; "
			  "grep port0 /proc/net/dev_mcast | sort; "
			  "bridge fdb show dev port0; ip -br link | wc -l");
	return text;
}

/* ---- actions ---- */

static const uint8_t multicast[6] = { 0x91, 0xe0, 0xf0, 0, 0xfe, 1 };
static const uint8_t unicast[6] = { 2, 0, 0, 0, 0, 7 };

static struct avtpmap_ctl *ctl_open(void)
{
	struct avtpmap_ctl *ctl = NULL;

	avtpmap_ctl_open(&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
					    .backend = AVTPMAP_BACKEND_XDP));
	return ctl;
}

static void attach_to(const char *ifname)
{
	const struct avtpmap_port_opts alone = {
		.sz = sizeof(alone), .set = AVTPMAP_PORT_XDP_ALONE
	};
	struct avtpmap_ctl *ctl = ctl_open();

	avtpmap_port_attach(ctl, ifname, &alone);
	avtpmap_ctl_close(ctl);
}

static void attach(void)
{
	attach_to("port0");
}

static void detach(void)
{
	struct avtpmap_ctl *ctl = ctl_open();

	avtpmap_port_detach(ctl, "port0");
	avtpmap_ctl_close(ctl);
}

static void add_to(const char *ifname, const uint8_t *mac)
{
	struct avtpmap_stream_opts opts = { .sz = sizeof(opts) };
	struct avtpmap_ctl *ctl = ctl_open();

	if (mac)
		memcpy(opts.mac, mac, 6);
	avtpmap_stream_add(ctl, ifname, FIRST_ID, &opts);
	avtpmap_ctl_close(ctl);
}

static void add(void)
{
	add_to("port0", NULL);
}

static void add_multicast(void)
{
	add_to("port0", multicast);
}

static void add_unicast(void)
{
	add_to("port0", unicast);
}

static void del(void)
{
	struct avtpmap_ctl *ctl = ctl_open();

	avtpmap_stream_del(ctl, "port0", FIRST_ID);
	avtpmap_ctl_close(ctl);
}

static struct avtpmap_stream *open_one(void)
{
	const struct avtpmap_open_opts opts = { .sz = sizeof(opts),
						.backend = AVTPMAP_BACKEND_XDP,
						.ifname = "port0",
						.stream_id = FIRST_ID };
	struct avtpmap_stream *s = NULL;

	avtpmap_open(&s, &opts);
	return s;
}

static void open_only(void)
{
	open_one();
}

static void set_period(void)
{
	const struct avtpmap_period period = { .period = 64 };
	struct avtpmap_stream *s = open_one();

	if (s)
		avtpmap_set_period(s, &period);
}

static void open_and_close(void)
{
	avtpmap_close(open_one());
}

static void clean(void)
{
	struct avtpmap_ctl *ctl = ctl_open();

	avtpmap_clean(ctl);
	avtpmap_ctl_close(ctl);
}

/* ---- what there is before ---- */

static void nothing(void)
{
	del();
	detach();
}

static void attached(void)
{
	attach();
	del();
}

static void added(void)
{
	attach();
	add();
}

static void added_multicast(void)
{
	attached();
	add_multicast();
}

static void added_unicast(void)
{
	attached();
	add_unicast();
}

/* A reader that was killed, and a port whose interface went. */
static void littered(void)
{
	pid_t pid;

	added();
	system("ip link add port9 type veth peer name wire9");
	attach_to("port9");
	add_to("port9", NULL);
	system("ip link del port9");
	pid = fork();
	if (!pid) {
		open_one();
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
}

struct action {
	const char *name;
	void (*before)(void);
	void (*run)(void);
	void (*after)(void); /* the same world by other means, undisturbed */
	int every;
};

/* ---- killing ---- */

/* At system call @n. Returns whether there was one. */
static int run_until(void (*run)(void), int n)
{
	int status, calls = 0, entry = 1;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		run();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	while (WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (entry && calls++ == n)
				kill(pid, SIGKILL);
			entry = !entry;
		}
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		waitpid(pid, &status, 0);
	}
	return WIFSIGNALED(status);
}

static void check(const struct action *a)
{
	char *before, *after, *now = NULL, said[160];
	int n, step = every ? every : a->every, as_before = 0, bad = 0;

	a->before();
	a->after();
	avtpmap_close(open_one());
	after = world();
	a->before();
	avtpmap_close(open_one());
	before = world();
	/* run again and again, it comes by each of them */
	for (n = getpid() % step; !bad && n < CALLS_MAX; n += step) {
		a->before();
		if (!run_until(a->run, n))
			break;
		avtpmap_close(open_one());
		now = world();
		as_before += !strcmp(now, before);
		bad = strcmp(now, before) && strcmp(now, after);
		if (!bad)
			free(now);
	}
	snprintf(said, sizeof(said),
		 "%s, killed at each %d. of %d system calls: %d times it was "
		 "as before",
		 a->name, step, n, as_before);
	if (!tap_ok(!bad && as_before, "%s", said))
		printf("# before:\n%s# after:\n%s# at %d:\n%s", before, after,
		       n - step, now ? now : "");
	free(before);
	free(after);
}

int main(int argc, char **argv)
{
	static const struct action actions[] = {
		{ "attach", nothing, attach, attach, 29 },
		{ "detach", attached, detach, nothing, 29 },
		{ "add", attached, add, add, 19 },
		{ "add, a multicast address", attached, add_multicast,
		  add_multicast, 19 },
		{ "add, a unicast address", attached, add_unicast, add_unicast,
		  19 },
		{ "del", added, del, attached, 19 },
		{ "del, a multicast address", added_multicast, del, attached,
		  19 },
		{ "del, a unicast address", added_unicast, del, attached, 19 },
		{ "open", added, open_only, added, 19 },
		{ "open and close", added, open_and_close, added, 19 },
		{ "open and set a period", added, set_period, added, 19 },
		{ "doctor --clean", littered, clean, added, 41 },
	};

	every = argc > 1 ? atoi(argv[1]) : 0;
	if (traffic_veth()) {
		tap_ok(0, "a veth");
		return tap_done();
	}
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		check(&actions[i]);
	nothing();
	return tap_done();
}
