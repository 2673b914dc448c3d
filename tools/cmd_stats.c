// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "tool.h"

static bool json;

static const struct option options[] = {
	{ "json", NULL, "for programs", parse_flag, &json, 0, 0 },
	{ 0 },
};

struct stats {
	const char *ifname;
	bool one;
	uint64_t stream_id; /* if one */
	int found;
	struct json_object *list;
};

static void print_counters(const struct avtpmap_stream_info *s)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	printf("%s %s\n", s->ifname,
	       avtpmap_stream_id_to_text(id, s->stream_id));
	for (unsigned int i = 0; i < s->n_counters; i++) {
		const char *name = avtpmap_counter_name(i);

		if (!name)
			continue;
		if (s->counters_known >> i & 1)
			printf("  %-20s %12llu  %s\n", name,
			       (unsigned long long)s->counters[i],
			       avtpmap_counter_help(i));
		else
			printf("  %-20s %12s  %s\n", name, "unavailable",
			       avtpmap_counter_help(i));
	}
}

static int on_stream(const struct avtpmap_stream_info *s, void *arg)
{
	struct stats *st = arg;
	struct json_object *o;

	if (st->one && s->stream_id != st->stream_id)
		return 0;
	if (!json) {
		if (st->found)
			putchar('\n');
		print_counters(s);
	} else {
		o = json_object_new_object();
		json_object_object_add(o, "ifname",
				       json_object_new_string(s->ifname));
		json_object_object_add(o, "stream_id",
				       json_stream_id(s->stream_id));
		json_object_object_add(o, "counters",
				       json_counters(s->counters, s->n_counters,
						     s->counters_known));
		json_object_array_add(st->list, o);
	}
	st->found++;
	return 0;
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
	ret = each_ctl(st.ifname, list, &st);
	if (ret == OK && st.one && !st.found)
		ret = fail(-ENOENT, "%s: no stream %s; see avtpmap show",
			   st.ifname, argv[1]);
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
	.notes = "A counter that cannot be known here reads \"unavailable\", "
		 "never 0.",
	.options = options,
	.run = run,
};
