// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>

#include "doctor.h"

static bool json, clean;
static struct json_object *findings;
static enum status worst;

static const struct option options[] = {
	{ "json", NULL, "for programs", parse_flag, &json, 0, 0 },
	{ "clean", NULL, "first remove what killed processes left", parse_flag,
	  &clean, 0, 0 },
	{ 0 },
};

static const char *const status_names[] = {
	[FINE] = "ok",
	[NOTE] = "note",
	[BAD] = "bad",
};

static void add_json(enum status status, const char *subject, const char *check,
		     const char *fix, const char *text)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "subject", json_object_new_string(subject));
	json_object_object_add(o, "check", json_object_new_string(check));
	json_object_object_add(o, "status",
			       json_object_new_string(status_names[status]));
	json_object_object_add(o, "text", json_object_new_string(text));
	json_object_object_add(o, "fix",
			       fix ? json_object_new_string(fix) : NULL);
	json_object_array_add(findings, o);
}

void finding(enum status status, const char *subject, const char *check,
	     const char *fix, const char *text, ...)
{
	char line[320];
	va_list ap;

	va_start(ap, text);
	vsnprintf(line, sizeof(line), text, ap);
	va_end(ap);
	if (status > worst)
		worst = status;
	if (json) {
		add_json(status, subject, check, fix, line);
		return;
	}
	printf("%-4s  %s, %s: %s\n", status_names[status], subject, check,
	       line);
	if (fix)
		printf("      %s\n", fix);
}

static int clean_up(struct avtpmap_ctl *ctl, const char *reason, void *arg)
{
	int err = avtpmap_clean(ctl);

	(void)reason;
	(void)arg;
	return err ? ctl_failed(ctl, err) : OK;
}

static int run(int argc, char **argv)
{
	const char *ifname = argc ? argv[0] : NULL;
	struct json_object *root;

	if (clean && each_ctl(NULL, clean_up, NULL))
		return FAILURE;
	if (json)
		findings = json_object_new_array();
	doctor_backends(ifname);
	doctor_modules();
	doctor_rights();
	doctor_gptp();
	doctor_ports(ifname);
	if (json) {
		root = json_object_new_object();
		json_object_object_add(
			root, "status",
			json_object_new_string(status_names[worst]));
		json_object_object_add(root, "findings", findings);
		json_object_object_add(root, "gptp", doctor_gptp_json());
		print_json(root);
	}
	return worst == BAD ? FAILURE : OK;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.args = "[IF]",
	.max_args = 1,
	.summary = "tell which backend this machine gets and why, and what is "
		   "amiss",
	.notes =
		"Changes nothing, without --clean. Exit status 1 if a finding is bad.",
	.options = options,
	.run = run,
};
