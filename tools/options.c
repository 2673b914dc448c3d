// SPDX-License-Identifier: MIT
/* Arguments and --help, both from a command's table. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

int parse_flag(const struct option *opt, const char *text)
{
	(void)text;
	*(bool *)opt->dest = true;
	return 0;
}

int parse_string(const struct option *opt, const char *text)
{
	*(const char **)opt->dest = text;
	return *text ? 0 : -1;
}

/* 0x for hexadecimal; 010 is ten. */
static int read_u64(const char *text, uint64_t *v, char **end)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	*v = strtoull(text, end, hex ? 16 : 10);
	return errno ? -1 : 0;
}

int parse_u32(const struct option *opt, const char *text)
{
	uint64_t v;
	char *end;

	if (read_u64(text, &v, &end) || *end)
		return -EINVAL;
	if (v < opt->min || v > (opt->max ? opt->max : UINT32_MAX))
		return -ERANGE;
	*(uint32_t *)opt->dest = v;
	return 0;
}

int parse_count(const struct option *opt, const char *text)
{
	char *end;

	if (read_u64(text, opt->dest, &end) || *end)
		return -1;
	return *(uint64_t *)opt->dest ? 0 : -1;
}

int parse_size(const struct option *opt, const char *text)
{
	static const char units[] = "KMG";
	uint64_t v;
	const char *unit;
	char *end;
	int shift = 0;

	if (read_u64(text, &v, &end))
		return -1;
	if (*end) {
		unit = strchr(units, *end & ~0x20);
		if (!unit || !*unit || end[1])
			return -1;
		shift = 10 * (int)(unit - units + 1);
	}
	if (!v || v > UINT64_MAX >> shift)
		return -1;
	*(uint64_t *)opt->dest = v << shift;
	return 0;
}

int parse_seconds(const struct option *opt, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v > 0 && v < 1e9))
		return -1;
	*(double *)opt->dest = v;
	return 0;
}

int parse_mac(const struct option *opt, const char *text)
{
	uint8_t *mac = opt->dest;
	int n = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0],
		   &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &n) != 6 ||
	    text[n])
		return -1;
	return mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5] ? 0 : -1;
}

int parse_vid(const struct option *opt, const char *text)
{
	if (strcmp(text, "none"))
		return parse_u32(opt, text);
	*(uint32_t *)opt->dest = AVTPMAP_ANY_VID;
	return 0;
}

int parse_mode(const struct option *opt, const char *text)
{
	if (!strcmp(text, "take"))
		*(uint32_t *)opt->dest = AVTPMAP_MODE_TAKE;
	else if (!strcmp(text, "copy"))
		*(uint32_t *)opt->dest = AVTPMAP_MODE_COPY;
	else
		return -1;
	return 0;
}

int parse_group(const struct option *opt, const char *text)
{
	const struct option number = { .dest = opt->dest,
				       .max = AVTPMAP_NO_GROUP - 1 };
	struct group *gr;

	if (!strcmp(text, "none")) {
		*(uint32_t *)opt->dest = AVTPMAP_NO_GROUP;
		return 0;
	}
	gr = getgrnam(text);
	if (!gr)
		return parse_u32(&number, text);
	*(uint32_t *)opt->dest = gr->gr_gid;
	return 0;
}

static bool is_keyword(const struct option *opt)
{
	return opt->name[strlen(opt->name) - 1] == '=';
}

static void option_usage(const struct option *opt, FILE *to)
{
	char left[40];

	snprintf(left, sizeof(left), "%s%s%s%s", is_keyword(opt) ? "" : "--",
		 opt->name, opt->arg && !is_keyword(opt) ? " " : "",
		 opt->arg ? opt->arg : "");
	fprintf(to, "  %-20s %s", left, opt->help);
	if (opt->max)
		fprintf(to, "; %u to %u", opt->min, opt->max);
	fputc('\n', to);
}

/* Every command takes it. */
static const struct option backend = {
	"backend", "NAME", "auto, kmod, xdp or packet (auto)", NULL, NULL, 0, 0,
};

void command_usage(const struct command *cmd, bool to_stderr)
{
	FILE *to = to_stderr ? stderr : stdout;

	fprintf(to, "Usage: avtpmap %s", cmd->name);
	if (*cmd->args)
		fprintf(to, " %s", cmd->args);
	for (const struct option *o = cmd->options; o && o->name; o++) {
		bool must = cmd->required && !strcmp(cmd->required, o->name);

		fprintf(to, " %s%s%s%s%s%s", must ? "" : "[",
			is_keyword(o) ? "" : "--", o->name,
			o->arg && !is_keyword(o) ? " " : "",
			o->arg ? o->arg : "", must ? "" : "]");
	}
	fprintf(to, " [--backend NAME]\n%s\n\n", cmd->summary);
	for (const struct option *o = cmd->options; o && o->name; o++)
		option_usage(o, to);
	option_usage(&backend, to);
	if (cmd->notes)
		fprintf(to, "\n%s\n", cmd->notes);
}

static const struct option *find_option(const struct command *cmd,
					const char *text, bool keyword)
{
	for (const struct option *o = cmd->options; o && o->name; o++) {
		size_t len = strlen(o->name);

		if (is_keyword(o) != keyword || strncmp(text, o->name, len))
			continue;
		if (keyword || !text[len] || text[len] == '=')
			return o;
	}
	return NULL;
}

static int bad_value(const struct command *cmd, const struct option *opt,
		     const char *text, int err)
{
	char range[48] = "";

	if (opt->max)
		snprintf(range, sizeof(range), ", %u to %u", opt->min,
			 opt->max);
	else if (opt->parse == parse_u32 && opt->min)
		snprintf(range, sizeof(range), ", %u or more", opt->min);
	else if (opt->parse == parse_count || opt->parse == parse_size ||
		 opt->parse == parse_seconds)
		snprintf(range, sizeof(range), ", more than 0");
	fail(err == -ERANGE ? -ERANGE : -EINVAL,
	     "%s: %s%s%s: not a valid %s%s; see avtpmap %s --help", cmd->name,
	     opt->name, is_keyword(opt) ? "" : " ", text, opt->arg, range,
	     cmd->name);
	return USAGE;
}

/* Written as "--name", or as "name=". */
static int no_such_option(const struct command *cmd, const char *text)
{
	char wanted[40], candidate[40], see[64];
	struct near near = { .wanted = wanted };
	size_t n = strcspn(text, "=");
	bool keyword = text[0] != '-';

	snprintf(wanted, sizeof(wanted), "%.*s%s", (int)n, text,
		 keyword ? "=" : "");
	for (const struct option *o = cmd->options; o && o->name; o++) {
		snprintf(candidate, sizeof(candidate), "%s%s",
			 is_keyword(o) ? "" : "--", o->name);
		near_try(&near, candidate);
	}
	near_try(&near, "--backend");
	near_try(&near, "--help");
	snprintf(see, sizeof(see), "see avtpmap %s --help", cmd->name);
	return usage_error("%s: no option %s; %s", cmd->name,
			   keyword ? wanted : text, near_text(&near, see));
}

/* --name, --name=VALUE, --name VALUE; returns how many of argv it took. */
static int take_option(const struct command *cmd, int argc, char **argv,
		       int *err)
{
	const struct option *opt = find_option(cmd, argv[0] + 2, false);
	const char *value;
	int bad;

	*err = 0;
	if (!strncmp(argv[0], "--backend=", 10)) {
		*err = set_backend(argv[0] + 10);
		return 1;
	}
	if (!strcmp(argv[0], "--backend")) {
		*err = argc > 1 ? set_backend(argv[1]) :
				  usage_error("%s: --backend needs NAME",
					      cmd->name);
		return 2;
	}
	if (!opt) {
		*err = no_such_option(cmd, argv[0]);
		return 0;
	}
	value = strchr(argv[0], '=');
	if (!opt->arg) {
		if (value || opt->parse(opt, NULL))
			*err = usage_error("%s: --%s takes no value", cmd->name,
					   opt->name);
		return 1;
	}
	if (!value && argc < 2) {
		*err = usage_error("%s: --%s needs %s", cmd->name, opt->name,
				   opt->arg);
		return 0;
	}
	value = value ? value + 1 : argv[1];
	bad = opt->parse(opt, value);
	if (bad)
		*err = bad_value(cmd, opt, value, bad);
	return value == argv[1] ? 2 : 1;
}

int command_args(const struct command *cmd, int argc, char **argv, int *n)
{
	int err = 0, bad;

	*n = 0;
	for (int i = 0; i < argc && !err;) {
		const struct option *keyword = find_option(cmd, argv[i], true);

		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			command_usage(cmd, false);
			return HELPED;
		}
		if (argv[i][0] == '-') {
			if (argv[i][1] != '-')
				return no_such_option(cmd, argv[i]);
			i += take_option(cmd, argc - i, argv + i, &err);
		} else if (keyword) {
			const char *value = strchr(argv[i++], '=') + 1;

			bad = keyword->parse(keyword, value);
			if (bad)
				err = bad_value(cmd, keyword, value, bad);
		} else if (strchr(argv[i], '=') && *n >= cmd->min_args) {
			return no_such_option(cmd, argv[i]);
		} else if (*n < cmd->max_args) {
			argv[(*n)++] = argv[i++];
		} else {
			return usage_error("%s: what is %s? avtpmap %s --help",
					   cmd->name, argv[i], cmd->name);
		}
	}
	if (!err && *n < cmd->min_args)
		err = usage_error("usage: avtpmap %s %s; see avtpmap %s "
				  "--help",
				  cmd->name, cmd->args, cmd->name);
	return err;
}

int command_main(const struct command *cmd, int argc, char **argv)
{
	int n, ret = command_args(cmd, argc, argv, &n);

	if (ret == HELPED)
		return OK;
	return ret == OK ? cmd->run(n, argv) : ret;
}
