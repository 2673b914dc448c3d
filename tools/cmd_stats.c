// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>

#include "tool.h"

static bool json, nonzero;

static const struct option options[] = {
	{ "nonzero", NULL, "only counters that have counted", parse_flag,
	  &nonzero, 0, 0 },
	{ "json", NULL, "for programs", parse_flag, &json, 0, 0 },
	{ 0 },
};

struct stats {
	const char *ifname;
	bool one;
	uint64_t stream_id; /* if one */
	int found;
	int printed;
	struct json_object *list;
};

static bool is_shown(const struct avtpmap_stream_info *s, unsigned int i)
{
	return avtpmap_counter_name(i) &&
	       (!nonzero || (s->counters_known >> i & 1 && s->counters[i]));
}

static void print_counters(const struct avtpmap_stream_info *s)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	printf("%s %s\n", s->ifname,
	       avtpmap_stream_id_to_text(id, s->stream_id));
	for (unsigned int i = 0; i < s->n_counters; i++) {
		if (!is_shown(s, i))
			continue;
		if (s->counters_known >> i & 1)
			printf("  %-20s %12llu  %s\n", avtpmap_counter_name(i),
			       (unsigned long long)s->counters[i],
			       avtpmap_counter_help(i));
		else
			printf("  %-20s %12s  %s\n", avtpmap_counter_name(i),
			       "unavailable", avtpmap_counter_help(i));
	}
}

/* What a line has of many streams. */
static const struct {
	const char *name;
	unsigned int counter;
} columns[] = {
	{ "frames", AVTPMAP_C_FRAMES_RX },
	{ "lost", AVTPMAP_C_FRAMES_LOST },
	{ "late", AVTPMAP_C_FRAMES_LATE },
	{ "twice", AVTPMAP_C_FRAMES_DUPLICATE },
	{ "resync", AVTPMAP_C_RESYNC },
	{ "malformed", AVTPMAP_C_MALFORMED },
	{ "conflict", AVTPMAP_C_CONFLICT },
};

enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void print_head(void)
{
	printf("%-8s %-23s", "port", "stream");
	for (int i = 0; i < N_COLUMNS; i++)
		printf(" %*s", i ? 9 : 12, columns[i].name);
	putchar('\n');
}

static void print_row(const struct avtpmap_stream_info *s)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	printf("%-8s %-23s", s->ifname,
	       avtpmap_stream_id_to_text(id, s->stream_id));
	for (int i = 0; i < N_COLUMNS; i++) {
		unsigned int c = columns[i].counter;

		if (s->counters_known >> c & 1)
			printf(" %*llu", i ? 9 : 12,
			       (unsigned long long)s->counters[c]);
		else
			printf(" %*s", i ? 9 : 12, "-");
	}
	putchar('\n');
}

static struct json_object *json_stream(const struct avtpmap_stream_info *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *all =
		json_counters(s->counters, s->n_counters, s->counters_known);

	for (unsigned int i = 0; i < s->n_counters; i++)
		if (avtpmap_counter_name(i) && !is_shown(s, i))
			json_object_object_del(all, avtpmap_counter_name(i));
	json_object_object_add(o, "ifname", json_object_new_string(s->ifname));
	json_object_object_add(o, "stream_id", json_stream_id(s->stream_id));
	json_object_object_add(o, "counters", all);
	return o;
}

static int count_stream(const struct avtpmap_stream_info *s, void *arg)
{
	struct stats *st = arg;

	st->found += !st->one || s->stream_id == st->stream_id;
	return 0;
}

static int on_stream(const struct avtpmap_stream_info *s, void *arg)
{
	struct stats *st = arg;

	if (st->one && s->stream_id != st->stream_id)
		return 0;
	if (json) {
		json_object_array_add(st->list, json_stream(s));
	} else if (st->found > 1 && !nonzero) {
		if (!st->printed)
			print_head();
		print_row(s);
	} else {
		print_counters(s);
	}
	st->printed++;
	return 0;
}

static int count(struct avtpmap_ctl *ctl, const char *reason, void *arg)
{
	struct stats *st = arg;
	int err = avtpmap_stream_list(ctl, st->ifname, count_stream, st);

	(void)reason;
	return err ? ctl_failed(ctl, err) : OK;
}

static int list(struct avtpmap_ctl *ctl, const char *reason, void *arg)
{
	struct stats *st = arg;
	int err = avtpmap_stream_list(ctl, st->ifname, on_stream, st);

	(void)reason;
	return err ? ctl_failed(ctl, err) : OK;
}

static int run(int argc, char **argv)
{
	struct stats st = { .ifname = argc ? argv[0] : NULL, .one = argc > 1 };
	int ret;

	if (st.one && stream_id_arg(argv[1], &st.stream_id))
		return USAGE;
	if (json)
		st.list = json_object_new_array();
	ret = each_ctl(st.ifname, count, &st);
	if (ret == OK)
		ret = each_ctl(st.ifname, list, &st);
	if (ret == OK && st.one && !st.found)
		ret = fail(-ENOENT, "%s: no stream %s; see avtpmap show",
			   st.ifname, argv[1]);
	if (ret == OK && !json && !st.printed)
		printf("no streams%s%s; avtpmap add IF STREAM_ID makes one\n",
		       st.ifname ? " on " : "", st.ifname ? st.ifname : "");
	if (json && ret == OK)
		print_json(st.list);
	else
		json_object_put(st.list);
	return ret;
}

const struct command cmd_stats = {
	.name = "stats",
	.args = "[IF [STREAM_ID]]",
	.max_args = 2,
	.summary = "print the counters of streams",
	.notes = "A line a stream if there are several; all of one, by its id, "
		 "or of each that\ncounted anything, with --nonzero. "
		 "A counter that cannot be known here reads \"unavailable\", "
		 "never 0.",
	.options = options,
	.run = run,
};
