// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "scan.h"

/* What there is to say of it beside its figures. */
static void print_remarks(const struct row *r)
{
	if (r->backend[0])
		printf(" %s", r->backend);
	if (r->taken)
		printf(" takes it");
	if (r->refused)
		printf(" refused %llu;", (unsigned long long)r->refused);
	if (r->failure_code)
		printf(" MSRP failed: %s",
		       avtpmap_srp_failure_text(r->failure_code));
	else if (r->advertised)
		printf(r->heard ? " advertised" :
				  " advertised; a bridge sends it to who "
				  "reserves it");
	else if (!r->heard && !r->frames)
		printf(" silent");
	putchar('\n');
}

static void print_row(const struct row *r)
{
	char id[AVTPMAP_STREAM_ID_TEXT], format[40],
		mac[MAC_TEXT] = "-", vid[8] = "-", priority[4] = "-";

	if (r->has_path) {
		mac_text(mac, r->mac);
		snprintf(priority, sizeof(priority), "%u", r->priority);
		snprintf(vid, sizeof(vid), r->vid ? "%u" : "none", r->vid);
	}
	printf("  %-23s %-20s %-17s %4s %3s %10.1f %8llu %s",
	       avtpmap_stream_id_to_text(id, r->stream_id),
	       format_short(format, sizeof(format), r->epoch, &r->format), mac,
	       vid, priority, r->per_s, (unsigned long long)r->lost,
	       r->has_talker ? vendor_of(r->talker) : "");
	print_remarks(r);
}

static int print_entity(const struct avtpmap_scan_entity *e, void *arg)
{
	char id[AVTPMAP_STREAM_ID_TEXT], mac[MAC_TEXT];
	bool *any = arg;

	if (!*any)
		puts("  entities (AVDECC):");
	*any = true;
	printf("  %-23s %s, streams: sends %u, receives %u%s%s\n",
	       avtpmap_stream_id_to_text(id, e->entity_id),
	       mac_text(mac, e->mac), e->talker_streams, e->listener_streams,
	       *vendor_of(e->mac) ? ", " : "", vendor_of(e->mac));
	return 0;
}

void scan_print(const struct found *f, struct avtpmap_scan *s)
{
	bool any = false;

	printf("%s: %d stream%s in %.1f s\n", f->ifname, f->n,
	       f->n == 1 ? "" : "s", f->seconds);
	if (f->n)
		printf("  %-23s %-20s %-17s %4s %3s %10s %8s %s\n", "stream",
		       "format", "to", "VLAN", "PCP", "frames/s", "lost",
		       "talker");
	for (int i = 0; i < f->n; i++)
		print_row(&f->row[i]);
	avtpmap_scan_entities(s, print_entity, &any);
	if (f->missed)
		printf("  %llu frames came too fast to be looked at: what is "
		       "lost above may be these\n",
		       (unsigned long long)f->missed);
}

static struct json_object *json_mac(const uint8_t mac[6])
{
	char text[MAC_TEXT];

	return json_object_new_string(mac_text(text, mac));
}

static struct json_object *json_row(const struct row *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "stream_id", json_stream_id(r->stream_id));
	json_object_object_add(o, "heard", json_object_new_boolean(r->heard));
	if (r->has_path) {
		json_object_object_add(o, "mac", json_mac(r->mac));
		json_object_object_add(o, "vid", json_u64(r->vid));
		json_object_object_add(o, "priority", json_u64(r->priority));
	}
	if (r->has_talker) {
		json_object_object_add(o, "talker", json_mac(r->talker));
		json_object_object_add(
			o, "vendor",
			json_object_new_string(vendor_of(r->talker)));
	}
	if (r->epoch)
		json_object_object_add(o, "format", json_format(&r->format));
	json_object_object_add(o, "frames", json_u64(r->frames));
	json_object_object_add(o, "frames_per_s",
			       json_object_new_double(r->per_s));
	json_object_object_add(o, "lost", json_u64(r->lost));
	json_object_object_add(o, "refused", json_u64(r->refused));
	json_object_object_add(
		o, "backend",
		r->backend[0] ? json_object_new_string(r->backend) : NULL);
	json_object_object_add(o, "taken", json_object_new_boolean(r->taken));
	json_object_object_add(o, "advertised",
			       json_object_new_boolean(r->advertised));
	if (r->failure_code)
		json_object_object_add(o, "failure_code",
				       json_u64(r->failure_code));
	return o;
}

static int add_entity(const struct avtpmap_scan_entity *e, void *arg)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "entity_id", json_stream_id(e->entity_id));
	json_object_object_add(o, "model_id", json_stream_id(e->model_id));
	json_object_object_add(o, "grandmaster_id",
			       json_stream_id(e->grandmaster_id));
	json_object_object_add(o, "mac", json_mac(e->mac));
	json_object_object_add(o, "vendor",
			       json_object_new_string(vendor_of(e->mac)));
	json_object_object_add(o, "talker_streams",
			       json_u64(e->talker_streams));
	json_object_object_add(o, "listener_streams",
			       json_u64(e->listener_streams));
	json_object_object_add(o, "valid_s", json_u64(e->valid_s));
	return json_object_array_add(arg, o);
}

struct json_object *scan_json(const struct found *f, struct avtpmap_scan *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *streams = json_object_new_array();
	struct json_object *entities = json_object_new_array();

	for (int i = 0; i < f->n; i++)
		json_object_array_add(streams, json_row(&f->row[i]));
	avtpmap_scan_entities(s, add_entity, entities);
	json_object_object_add(o, "ifname", json_object_new_string(f->ifname));
	json_object_object_add(o, "seconds",
			       json_object_new_double(f->seconds));
	json_object_object_add(o, "missed", json_u64(f->missed));
	json_object_object_add(o, "streams", streams);
	json_object_object_add(o, "entities", entities);
	return o;
}
