// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

static bool json;

static const struct option options[] = {
	{ "json", NULL, "for programs", parse_flag, &json, 0, 0 },
	{ 0 },
};

/* What the callbacks add to. */
struct show {
	struct json_object *ports;
	uint32_t ifindex; /* of the port whose streams are printed */
	const char *backend; /* whose ports these are */
	const char *reason; /* why it can be used */
	bool any; /* something was printed */
	const char *ifname; /* of this port only, or NULL */
	bool one; /* of @stream_id only, in detail */
	uint64_t stream_id;
	uint32_t found; /* streams */
	uint32_t n_streams; /* of the port that was printed last */
};

static void print_row(const struct avtpmap_stream_info *s)
{
	char id[AVTPMAP_STREAM_ID_TEXT], format[40];

	printf("  %-23s %-6s %-4s %-20s %12llu %8llu %8llu %7u\n",
	       avtpmap_stream_id_to_text(id, s->stream_id),
	       state_text(s->state), mode_text(s->mode),
	       format_short(format, sizeof(format), s->epoch, &s->format),
	       (unsigned long long)s->head,
	       (unsigned long long)s->counters[AVTPMAP_C_FRAMES_LOST],
	       (unsigned long long)counters_refused(s->counters, s->n_counters,
						    s->counters_known),
	       s->readers);
}

static void print_stream(const struct avtpmap_stream_info *s)
{
	char id[AVTPMAP_STREAM_ID_TEXT], text[96], mac[MAC_TEXT];

	printf("\n  stream: %s\n", avtpmap_stream_id_to_text(id, s->stream_id));
	printf("    mode: %s", mode_text(s->mode));
	if (memcmp(s->mac, "\0\0\0\0\0\0", 6))
		printf(", only to %s", mac_text(mac, s->mac));
	if (s->vid && s->vid != AVTPMAP_ANY_VID)
		printf(", only VLAN %u", s->vid);
	printf("\n    state: %s\n", state_text(s->state));
	if (s->epoch)
		printf("    format: %s (epoch %u)\n",
		       format_text(text, sizeof(text), &s->format), s->epoch);
	printf("    ring: %u slots of %u bytes, %s\n", s->n_slots, s->stride,
	       bytes_text(text, sizeof(text), s->ring_bytes));
	printf("    frames: %llu, lost %llu, refused %llu; avtpmap stats %s %s "
	       "tells more\n",
	       (unsigned long long)s->head,
	       (unsigned long long)s->counters[AVTPMAP_C_FRAMES_LOST],
	       (unsigned long long)counters_refused(s->counters, s->n_counters,
						    s->counters_known),
	       s->ifname, id);
	printf("    readers: %u\n", s->readers);
}

static struct json_object *json_stream(const struct avtpmap_stream_info *s)
{
	struct json_object *o = json_object_new_object();
	char mac[MAC_TEXT] = "any";

	if (memcmp(s->mac, "\0\0\0\0\0\0", 6))
		mac_text(mac, s->mac);
	json_object_object_add(o, "stream_id", json_stream_id(s->stream_id));
	json_object_object_add(o, "mode",
			       json_object_new_string(mode_text(s->mode)));
	json_object_object_add(o, "mac", json_object_new_string(mac));
	json_object_object_add(o, "vid",
			       s->vid && s->vid != AVTPMAP_ANY_VID ?
				       json_u64(s->vid) :
				       json_object_new_string("any"));
	json_object_object_add(o, "state",
			       json_object_new_string(state_text(s->state)));
	json_object_object_add(o, "epoch", json_u64(s->epoch));
	if (s->epoch)
		json_object_object_add(o, "format", json_format(&s->format));
	json_object_object_add(o, "rate", json_u64(s->rate));
	json_object_object_add(o, "ms", json_u64(s->ms));
	json_object_object_add(o, "stride", json_u64(s->stride));
	json_object_object_add(o, "silence",
			       s->silence_ms ? json_u64(s->silence_ms) : NULL);
	json_object_object_add(o, "slots", json_u64(s->n_slots));
	json_object_object_add(o, "ring_bytes", json_u64(s->ring_bytes));
	json_object_object_add(o, "head", json_u64(s->head));
	json_object_object_add(o, "media_pos", json_u64(s->media_pos));
	json_object_object_add(o, "readers", json_u64(s->readers));
	json_object_object_add(o, "uid", json_u64(s->uid));
	json_object_object_add(o, "counters",
			       json_counters(s->counters, s->n_counters,
					     s->counters_known));
	return o;
}

static int on_stream(const struct avtpmap_stream_info *s, void *arg)
{
	struct show *show = arg;

	if (show->one && s->stream_id != show->stream_id)
		return 0;
	show->found++;
	if (!json) {
		if (s->ifindex == show->ifindex)
			(show->one ? print_stream : print_row)(s);
		return 0;
	}
	for (size_t i = 0; i < json_object_array_length(show->ports); i++) {
		struct json_object *port =
			json_object_array_get_idx(show->ports, i);
		struct json_object *v;

		json_object_object_get_ex(port, "ifindex", &v);
		if (json_object_get_uint64(v) != s->ifindex)
			continue;
		json_object_object_get_ex(port, "backend", &v);
		if (strcmp(json_object_get_string(v), show->backend))
			continue;
		json_object_object_get_ex(port, "streams", &v);
		json_object_array_add(v, json_stream(s));
	}
	return 0;
}

/* Sums of what the hook saw on all queues. */
static void add_queues(const struct avtpmap_port_info *p,
		       struct avtpmap_queue_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < p->n_queues; i++) {
		sum->frames += p->queues[i].frames;
		sum->avtp += p->queues[i].avtp;
		sum->taken += p->queues[i].taken;
		sum->copied += p->queues[i].copied;
		sum->unknown += p->queues[i].unknown;
		sum->control += p->queues[i].control;
		sum->error += p->queues[i].error;
	}
}

static struct json_object *json_queue(const struct avtpmap_queue_stats *q)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "queue", json_u64(q->queue));
	json_object_object_add(o, "frames", json_u64(q->frames));
	json_object_object_add(o, "avtp", json_u64(q->avtp));
	json_object_object_add(o, "taken", json_u64(q->taken));
	json_object_object_add(o, "copied", json_u64(q->copied));
	json_object_object_add(o, "unknown", json_u64(q->unknown));
	json_object_object_add(o, "control", json_u64(q->control));
	json_object_object_add(o, "error", json_u64(q->error));
	return o;
}

static struct json_object *json_port(const struct avtpmap_port_info *p,
				     const char *backend)
{
	struct json_object *o = json_object_new_object();
	struct json_object *queues = json_object_new_array();

	json_object_object_add(o, "ifname", json_object_new_string(p->ifname));
	json_object_object_add(o, "ifindex", json_u64(p->ifindex));
	json_object_object_add(o, "backend", json_object_new_string(backend));
	json_object_object_add(o, "group",
			       json_object_new_string(group_text(p->gid)));
	json_object_object_add(o, "mem_cap", json_u64(p->mem_cap));
	json_object_object_add(o, "mem_used", json_u64(p->mem_used));
	json_object_object_add(o, "hooked", json_object_new_boolean(p->hooked));
	if (p->attachment)
		json_object_object_add(o, "xdp",
				       json_object_new_string(p->attachment));
	json_object_object_add(o, "phc_index",
			       p->phc_index == AVTPMAP_NO_PHC ?
				       json_object_new_string("none") :
				       json_u64(p->phc_index));
	for (uint32_t i = 0; i < p->n_queues; i++)
		json_object_array_add(queues, json_queue(&p->queues[i]));
	json_object_object_add(o, "queues", queues);
	json_object_object_add(o, "streams", json_object_new_array());
	return o;
}

static void print_port(const struct avtpmap_port_info *p)
{
	struct avtpmap_queue_stats sum;
	char used[32], cap[32];

	add_queues(p, &sum);
	printf("port: %s", p->ifname);
	if (port_is_off(p))
		printf(", xdp: off: somebody took the program off; avtpmap "
		       "attach %s",
		       p->ifname);
	else if (p->attachment)
		printf(", xdp: %s", p->attachment);
	if (p->phc_index != AVTPMAP_NO_PHC)
		printf(", clock: /dev/ptp%u", p->phc_index);
	printf(", group: %s, memory: %s of %s\n", group_text(p->gid),
	       bytes_text(used, sizeof(used), p->mem_used),
	       bytes_text(cap, sizeof(cap), p->mem_cap));
	printf("  frames: %llu, AVTP %llu: taken %llu, copied %llu, "
	       "of no registered stream %llu, control %llu\n",
	       (unsigned long long)sum.frames, (unsigned long long)sum.avtp,
	       (unsigned long long)sum.taken, (unsigned long long)sum.copied,
	       (unsigned long long)sum.unknown,
	       (unsigned long long)sum.control);
}

static void print_head(void)
{
	printf("  %-23s %-6s %-4s %-20s %12s %8s %8s %7s\n", "stream", "state",
	       "mode", "format", "frames", "lost", "refused", "readers");
}

enum { PORTS_MAX = 256 };

/* In text a port's streams follow it, so its list comes when this is done. */
static uint32_t ifindexes[PORTS_MAX];
static int n_ports;

static int on_port(const struct avtpmap_port_info *p, void *arg)
{
	struct show *show = arg;

	if (!p->attached || (show->ifname && strcmp(show->ifname, p->ifname)))
		return 0;
	if (!json && p->ifindex == show->ifindex)
		show->n_streams = p->n_streams;
	if (json)
		json_object_array_add(show->ports, json_port(p, show->backend));
	else if (p->ifindex == show->ifindex)
		print_port(p);
	else if (!show->ifindex && n_ports < PORTS_MAX)
		ifindexes[n_ports++] = p->ifindex;
	return 0;
}

/* The first is the best that can be used: what would have been better? */
static void print_backend(const struct show *show)
{
	struct avtpmap_backend_report r[BACKENDS_MAX];
	int n = avtpmap_backends(NULL, r, BACKENDS_MAX);

	printf("%sbackend: %s (%s)\n", show->any ? "\n" : "", show->backend,
	       show->reason);
	if (wanted_backend || show->any)
		return;
	for (int i = 0; i < n && i < BACKENDS_MAX; i++) {
		if (!strcmp(r[i].name, show->backend))
			break;
		printf("  not %s: %s\n", r[i].name, r[i].reason);
	}
}

static int show_text(struct avtpmap_ctl *ctl, struct show *show)
{
	int err = avtpmap_port_list(ctl, on_port, show);

	if (!err && n_ports)
		print_backend(show);
	show->any |= n_ports > 0;
	for (int i = 0; i < n_ports && !err; i++) {
		if (i)
			putchar('\n');
		show->ifindex = ifindexes[i];
		err = avtpmap_port_list(ctl, on_port, show);
		if (!err && show->n_streams && !show->one)
			print_head();
		if (!err)
			err = avtpmap_stream_list(ctl, NULL, on_stream, show);
	}
	n_ports = 0;
	show->ifindex = 0;
	return err;
}

static int show_one(struct avtpmap_ctl *ctl, const char *reason, void *arg)
{
	struct show *show = arg;
	int err;

	show->backend = avtpmap_ctl_backend_name(ctl);
	show->reason = reason;
	if (json) {
		err = avtpmap_port_list(ctl, on_port, show);
		if (!err)
			err = avtpmap_stream_list(ctl, NULL, on_stream, show);
	} else {
		err = show_text(ctl, show);
	}
	return err ? ctl_failed(ctl, err) : OK;
}

static int show_all(struct avtpmap_ctl *ctl, struct show *show)
{
	int ret = show_one(ctl, avtpmap_ctl_backend_reason(ctl), show);

	if (ret != OK || wanted_backend)
		return ret;
	return other_ctls(avtpmap_ctl_backend_name(ctl), show_one, show);
}

static int show_json(struct avtpmap_ctl *ctl, struct show *show)
{
	struct json_object *root = json_object_new_object();
	int ret;

	show->ports = json_object_new_array();
	json_object_object_add(
		root, "backend",
		json_object_new_string(avtpmap_ctl_backend_name(ctl)));
	json_object_object_add(
		root, "reason",
		json_object_new_string(avtpmap_ctl_backend_reason(ctl)));
	json_object_object_add(root, "ports", show->ports);
	ret = show_all(ctl, show);
	if (ret == OK)
		print_json(root);
	else
		json_object_put(root);
	return ret;
}

static void nothing(struct avtpmap_ctl *ctl, const char *ifname)
{
	if (ifname)
		printf("%s is no port; avtpmap attach %s makes it one\n",
		       ifname, ifname);
	else if (!strcmp(avtpmap_ctl_backend_name(ctl), "packet"))
		printf("no ports: those of the packet backend are each "
		       "program's own; avtpmap listen makes one (%s)\n",
		       avtpmap_ctl_backend_reason(ctl));
	else
		printf("no ports; avtpmap attach IF makes one, by %s (%s)\n",
		       avtpmap_ctl_backend_name(ctl),
		       avtpmap_ctl_backend_reason(ctl));
}

static int run(int argc, char **argv)
{
	struct show show = { .ifname = argc ? argv[0] : NULL, .one = argc > 1 };
	struct avtpmap_ctl *ctl;
	int ret;

	if (show.one && stream_id_arg(argv[1], &show.stream_id))
		return USAGE;
	if (show.ifname && check_interface(show.ifname))
		return FAILURE;
	ctl = open_ctl(NULL);
	if (!ctl)
		return FAILURE;
	ret = json ? show_json(ctl, &show) : show_all(ctl, &show);
	if (ret == OK && show.one && !show.found)
		ret = fail(-ENOENT, "%s: no stream %s; see avtpmap show",
			   show.ifname, argv[1]);
	else if (ret == OK && !json && !show.any)
		nothing(ctl, show.ifname);
	avtpmap_ctl_close(ctl);
	return ret;
}

const struct command cmd_show = {
	.name = "show",
	.args = "[IF [STREAM_ID]]",
	.max_args = 2,
	.summary = "list ports and streams, or all about one",
	.options = options,
	.run = run,
};
