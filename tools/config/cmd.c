// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "apply.h"
#include "config.h"

enum { FILES_MAX = 64 };

static const char *dir;
static bool json;

static const struct option check_options[] = {
	{ "dir", "DIR", "the *.conf of DIR (" CONFIG_DIR ")", parse_string,
	  &dir, 0, 0 },
	{ "json", NULL, "what was understood, as JSON", parse_flag, &json, 0,
	  0 },
	{ 0 },
};

/* OK; else what to exit with. */
static int read_all(struct config *c, int argc, char **argv, const char *who)
{
	*c = (struct config){ 0 };
	if (argc && dir)
		return usage_error("%s: files, or --dir, but not both", who);
	return config_read(c, dir, argc, argv);
}

/* ---- check-config ---- */

static const char *backend_text(uint32_t backend)
{
	struct avtpmap_backend_report r[BACKENDS_MAX];
	int n = avtpmap_backends(NULL, r, BACKENDS_MAX);

	for (int i = 0; i < n && i < BACKENDS_MAX; i++)
		if (r[i].backend == backend)
			return r[i].name;
	return "auto";
}

static struct json_object *json_or_null(uint64_t v)
{
	return v ? json_u64(v) : NULL;
}

static struct json_object *json_stream(const struct config_stream *s)
{
	struct json_object *o = json_object_new_object();
	char mac[MAC_TEXT] = "any";

	if (memcmp(s->how.mac, "\0\0\0\0\0\0", 6))
		mac_text(mac, s->how.mac);
	json_object_object_add(o, "stream_id", json_stream_id(s->stream_id));
	json_object_object_add(o, "line", json_u64(s->line));
	json_object_object_add(o, "mode",
			       json_object_new_string(mode_text(s->how.mode)));
	json_object_object_add(o, "mac", json_object_new_string(mac));
	json_object_object_add(o, "vid",
			       s->how.vid == AVTPMAP_ANY_VID ?
				       json_object_new_string("none") :
				       json_or_null(s->how.vid));
	json_object_object_add(o, "rate", json_or_null(s->how.rate));
	json_object_object_add(o, "mbit", json_or_null(s->how.mbit));
	json_object_object_add(o, "ms", json_or_null(s->how.ms));
	json_object_object_add(o, "stride", json_or_null(s->how.stride));
	json_object_object_add(o, "silence", json_or_null(s->how.silence_ms));
	json_object_object_add(o, "reserve",
			       json_object_new_boolean(s->reserve));
	return o;
}

static struct json_object *json_port(const struct config_port *p)
{
	struct json_object *o = json_object_new_object();
	struct json_object *streams = json_object_new_array();

	for (int i = 0; i < p->n_streams; i++)
		json_object_array_add(streams, json_stream(&p->streams[i]));
	json_object_object_add(o, "ifname", json_object_new_string(p->ifname));
	json_object_object_add(o, "file", json_object_new_string(p->file));
	json_object_object_add(o, "line", json_u64(p->line));
	json_object_object_add(
		o, "backend", json_object_new_string(backend_text(p->backend)));
	json_object_object_add(o, "group",
			       json_object_new_string(group_text(p->how.gid)));
	json_object_object_add(o, "mem_cap", json_or_null(p->how.mem_cap));
	json_object_object_add(o, "streams", streams);
	return o;
}

static void check_json(const struct config *c)
{
	struct json_object *root = json_object_new_object();
	struct json_object *ports = json_object_new_array();

	for (int i = 0; i < c->n_ports; i++)
		json_object_array_add(ports, json_port(&c->ports[i]));
	json_object_object_add(root, "interfaces", ports);
	print_json(root);
}

static const char *s_of(int n)
{
	return n == 1 ? "" : "s";
}

static void check_text(const struct config *c)
{
	for (int i = 0; i < c->n_ports; i++)
		printf("%s:%d: %s, %d stream%s\n", c->ports[i].file,
		       c->ports[i].line, c->ports[i].ifname,
		       c->ports[i].n_streams, s_of(c->ports[i].n_streams));
	printf("%d file%s, %d interface%s: no mistake\n", c->n_files,
	       s_of(c->n_files), c->n_ports, s_of(c->n_ports));
}

static int check_run(int argc, char **argv)
{
	struct config c;
	int ret = read_all(&c, argc, argv, "check-config");

	if (ret == OK)
		(json ? check_json : check_text)(&c);
	config_free(&c);
	return ret;
}

const struct command cmd_check_config = {
	.name = "check-config",
	.args = "[FILE...]",
	.max_args = FILES_MAX,
	.summary = "look for mistakes in the files of " CONFIG_DIR,
	.notes = "Changes nothing. Each mistake is a line FILE:LINE: on "
		 "standard error.",
	.options = check_options,
	.run = check_run,
};

/* ---- apply ---- */

static bool prune, dry_run;
static const char *only;

static const struct option apply_options[] = {
	{ "dir", "DIR", "the *.conf of DIR (" CONFIG_DIR ")", parse_string,
	  &dir, 0, 0 },
	{ "interface", "IF", "only this one", parse_string, &only, 0, 0 },
	{ "prune", NULL, "delete streams of these ports that no file has",
	  parse_flag, &prune, 0, 0 },
	{ "dry-run", NULL, "say what would be done, and do nothing", parse_flag,
	  &dry_run, 0, 0 },
	{ "json", NULL, "what was done, as JSON", parse_flag, &json, 0, 0 },
	{ 0 },
};

static int no_section(const struct config *c, const char *ifname)
{
	struct near near = { .wanted = ifname };

	for (int i = 0; i < c->n_ports; i++)
		near_try(&near, c->ports[i].ifname);
	return fail(-ENOENT, "no file has a section [interface %s]; %s", ifname,
		    near_text(&near, "avtpmap check-config tells which do"));
}

/* One that fails does not keep the others from what they are to be. */
static int apply_all(const struct apply *a, const struct config *c)
{
	int ret = OK;

	if (only && !config_find(c, only))
		return no_section(c, only);
	for (int i = 0; i < c->n_ports; i++)
		if ((!only || !strcmp(only, c->ports[i].ifname)) &&
		    apply_port(a, &c->ports[i]))
			ret = FAILURE;
	return ret;
}

static int apply_run(int argc, char **argv)
{
	struct apply a = { .prune = prune, .dry_run = dry_run };
	struct json_object *root;
	struct config c;
	int ret = read_all(&c, argc, argv, "apply");

	if (ret == USAGE)
		return ret;
	if (json)
		a.changes = json_object_new_array();
	if (ret == OK)
		ret = apply_all(&a, &c);
	config_free(&c);
	if (!json)
		return ret;
	root = json_object_new_object();
	json_object_object_add(root, "dry_run",
			       json_object_new_boolean(dry_run));
	json_object_object_add(root, "failed",
			       json_object_new_boolean(ret != OK));
	json_object_object_add(root, "changes", a.changes);
	print_json(root);
	return ret;
}

const struct command cmd_apply = {
	.name = "apply",
	.args = "[FILE...]",
	.max_args = FILES_MAX,
	.summary = "make ports and streams as the files of " CONFIG_DIR " say",
	.notes = "Adds what is missing and changes what differs; what is right "
		 "is left alone, and\nso are streams that no file has, but "
		 "for --prune. A mistake in any file, and\nnothing is done.",
	.options = apply_options,
	.run = apply_run,
};

/* ---- reserve ---- */

static int reserved_of(const struct config *c, const char *ifname,
		       uint64_t *ids, int max)
{
	const struct config_port *p = config_find(c, ifname);
	int n = 0;

	if (!p) {
		no_section(c, ifname);
		return -1;
	}
	for (int i = 0; i < p->n_streams; i++) {
		if (!p->streams[i].reserve)
			continue;
		if (n == max) {
			fail(-E2BIG, "%s: more than %d streams to reserve",
			     ifname, max);
			return -1;
		}
		ids[n++] = p->streams[i].stream_id;
	}
	return n;
}

int config_reserved(const char *from, const char *ifname, uint64_t *ids,
		    int max)
{
	struct config c;
	int n = -1;

	if (config_read(&c, from, 0, NULL) == OK)
		n = reserved_of(&c, ifname, ids, max);
	config_free(&c);
	return n;
}
