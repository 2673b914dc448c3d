/* SPDX-License-Identifier: MIT */
/* What the subcommands share. Only avtpmap.c and options.c know the tables. */
#ifndef AVTPMAP_TOOL_H
#define AVTPMAP_TOOL_H

#include <avtpmap/avtpmap.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum exit_code {
	OK = 0,
	FAILURE = 1,
	USAGE = 2,
};

/**
 * struct option - one option of a subcommand
 * @name: "period" is --period N; "ms=" is the keyword ms=N
 * @arg: what it takes, for --help; NULL: nothing
 * @help: one line
 * @parse: reads the argument into @dest; 0, or -1 if it cannot be
 * @dest: where to; of the type that @parse writes
 * @min, @max: what parse_u32 and parse_vid accept
 */
struct option {
	const char *name;
	const char *arg;
	const char *help;
	int (*parse)(const struct option *opt, const char *text);
	void *dest;
	uint32_t min;
	uint32_t max;
};

int parse_flag(const struct option *opt, const char *text); /* bool */
int parse_string(const struct option *opt, const char *text); /* char * */
int parse_u32(const struct option *opt, const char *text); /* uint32_t */
int parse_count(const struct option *opt, const char *text); /* uint64_t */
int parse_size(const struct option *opt, const char *text); /* uint64_t */
int parse_seconds(const struct option *opt, const char *text); /* double */
int parse_mac(const struct option *opt, const char *text); /* uint8_t[6] */
int parse_vid(const struct option *opt, const char *text); /* uint32_t */
int parse_mode(const struct option *opt, const char *text); /* uint32_t */
int parse_group(const struct option *opt, const char *text); /* uint32_t */

/**
 * struct command - a subcommand
 * @name: "attach"
 * @args: its arguments, for --help: "IF STREAM_ID"
 * @min_args, @max_args: how many there are
 * @summary: one line
 * @notes: more of them for --help, or NULL
 * @required: an option that it cannot be without, or NULL
 * @options: ends with an entry without a name, or NULL
 * @run: returns enum exit_code
 */
struct command {
	const char *name;
	const char *args;
	int min_args;
	int max_args;
	const char *summary;
	const char *notes;
	const char *required;
	const struct option *options;
	int (*run)(int argc, char **argv);
};

extern const struct command cmd_add, cmd_apply, cmd_attach, cmd_bench,
	cmd_check_config, cmd_clock, cmd_del, cmd_detach, cmd_doctor, cmd_drain,
	cmd_listen, cmd_monitor, cmd_reserve, cmd_scan, cmd_set, cmd_show,
	cmd_stats, cmd_talk, cmd_tune;

/*
 * options.c APIs: command_main() runs @cmd on the arguments after its name;
 * command_args() only reads them: options to where they belong, and the @n
 * others to the front of @argv. OK, USAGE after a line on stderr, or HELPED.
 */
enum { HELPED = -1 };
int command_args(const struct command *cmd, int argc, char **argv, int *n);
int command_main(const struct command *cmd, int argc, char **argv);
void command_usage(const struct command *cmd, bool to_stderr);

/*
 * near.c APIs: the candidate that differs least from what was written, if it
 * differs by a slip of the finger.
 */
struct near {
	const char *wanted;
	int distance;
	char best[32];
	char text[64];
};

void near_try(struct near *near, const char *candidate);
const char *near_text(struct near *near, const char *otherwise);
void near_interfaces(struct near *near); /* tries each */

/* 0, or FAILURE after a line on stderr: it is there, and can be a port. */
int check_interface(const char *ifname);

/* One line on stderr: "avtpmap: ... [ENODEV]", or without @err. */
__attribute__((format(printf, 2, 3))) int fail(int err, const char *fmt, ...);
__attribute__((format(printf, 1, 2))) int usage_error(const char *fmt, ...);
/* What follows is said of a line of a file: "FILE:LINE: ..."; NULL: no more. */
void blame(const char *file, int line);
/* 0, or FAILURE after a line on stderr: a file can be written there later. */
int check_writable(const char *path);
double clock_s(clockid_t id); /* seconds; 0: there is no such clock */

/* Set by each signal given to stop_on(); without SA_RESTART: a wait comes back. */
extern volatile sig_atomic_t stopped;
void stop_on(int sig);

/* --backend, which every command takes; 0: the best */
extern uint32_t wanted_backend;
int set_backend(const char *name); /* 0, or USAGE after a line on stderr */

enum {
	BACKENDS_MAX = 8
}; /* reports of avtpmap_backends() that are looked at */

/* NULL after a line on stderr. */
struct avtpmap_ctl *open_ctl(const char *ifname);
/* The same, for what is to stay when we end. */
struct avtpmap_ctl *open_ctl_to_keep(const char *ifname);
int ctl_failed(struct avtpmap_ctl *ctl, int err);

/*
 * Calls @fn for the backend of @ifname or of --backend; without either, for each
 * that can be used, because ports may be of several. OK, or the first failure.
 * @reason: why it can be used
 */
typedef int ctl_fn(struct avtpmap_ctl *ctl, const char *reason, void *arg);
int each_ctl(const char *ifname, ctl_fn *fn, void *arg);
int other_ctls(const char *best, ctl_fn *fn, void *arg); /* all but that one */

/* 0, or USAGE after a line on stderr. */
int stream_id_arg(const char *text, uint64_t *id);

/*
 * cmd_attach.c and cmd_add.c APIs: arguments as these commands read them, for a
 * file that says the same. @argv ends with NULL and is changed; --backend is for
 * wanted_backend.
 */
int attach_args(int argc, char **argv, struct avtpmap_port_opts *how);
/* Which backend @how can only mean, into wanted_backend, if that says none. */
void attach_means(const char *ifname, const struct avtpmap_port_opts *how);
int add_args(int argc, char **argv, uint64_t *id,
	     struct avtpmap_stream_opts *how);

/*
 * config/ APIs: streams of @ifname with reserve=yes, in *.conf of @dir or (NULL)
 * where they belong. How many, or -1 after a line on stderr.
 */
int config_reserved(const char *dir, const char *ifname, uint64_t *ids,
		    int max);

/* format.c APIs: the same things in text and in JSON */
void print_json(struct json_object *obj); /* and frees it */
struct json_object *json_u64(uint64_t v);
struct json_object *json_stream_id(uint64_t id);
struct json_object *json_format(const struct avtpmap_format *f);
struct json_object *json_counters(const uint64_t *values, unsigned int n,
				  uint64_t known);
/* Of counters: frames of a stream that came and are not in its ring. */
uint64_t counters_refused(const uint64_t *values, unsigned int n,
			  uint64_t known);
char *format_text(char *buf, size_t bytes, const struct avtpmap_format *f);
/* @epoch 0: not known yet */
char *format_short(char *buf, size_t bytes, uint32_t epoch,
		   const struct avtpmap_format *f);
enum { MAC_TEXT = 18 };
char *mac_text(char buf[MAC_TEXT], const uint8_t mac[6]);
char *bytes_text(char *buf, size_t bytes, uint64_t v);
const char *state_text(uint32_t state);
const char *mode_text(uint32_t mode);
const char *group_text(uint32_t gid); /* name, or number; static buffer */
bool port_is_off(const struct avtpmap_port_info *p); /* its XDP program is */

/* netdev.c APIs: what can be known of a netdev without changing it */
struct netdev {
	char name[16];
	bool exists;
	bool up;
	bool carrier;
	bool ethernet;
	char driver[32]; /* its driver's module, or empty */
	char kind[32]; /* the name that the driver gives itself, or empty */
	int hwtstamp_err; /* 0 or -errno, for the next two */
	int hwtstamp_tx;
	int hwtstamp_rx;
	bool timestamps_known; /* the next two are valid */
	bool can_stamp_all; /* it can stamp every frame that it receives */
	uint32_t phc_index; /* or AVTPMAP_NO_PHC */
	int allmulti; /* 1: it receives all multicast, 0 not, -1 not known */
	int vlan_filter; /* 1 on, 0 off, -1 not known */
	int vlan_strip; /* the same */
};

void netdev_look(struct netdev *dev, const char *ifname);
const char *hwtstamp_rx_text(int filter);
bool netdev_is_ethernet(const char *ifname); /* true: not known */
uint64_t netdev_received(const char *ifname); /* frames; 0: not known */

#endif
