// SPDX-License-Identifier: MIT
/* The same things in text and in JSON. */
#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

void print_json(struct json_object *obj)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;

	puts(json_object_to_json_string_ext(obj, flags));
	json_object_put(obj);
}

struct json_object *json_u64(uint64_t v)
{
	return json_object_new_uint64(v);
}

struct json_object *json_stream_id(uint64_t id)
{
	char text[AVTPMAP_STREAM_ID_TEXT];

	return json_object_new_string(avtpmap_stream_id_to_text(text, id));
}

struct json_object *json_format(const struct avtpmap_format *f)
{
	static const char *const units[] = { "packets", "samples",
					     "video_frames" };
	struct json_object *obj = json_object_new_object();

	json_object_object_add(
		obj, "subtype",
		json_object_new_string(avtpmap_subtype_name(f->subtype)));
	json_object_object_add(
		obj, "encoding",
		json_object_new_string(avtpmap_encoding_name(f->encoding)));
	json_object_object_add(obj, "unit",
			       json_object_new_string(f->unit < 3 ?
							      units[f->unit] :
							      "unknown"));
	json_object_object_add(obj, "rate_hz", json_u64(f->rate_hz));
	json_object_object_add(obj, "channels", json_u64(f->channels));
	json_object_object_add(obj, "bit_depth", json_u64(f->bit_depth));
	return obj;
}

/* A figure that cannot be known is a word, so that nobody adds it up. */
struct json_object *json_counters(const uint64_t *values, unsigned int n,
				  uint64_t known)
{
	struct json_object *obj = json_object_new_object();

	for (unsigned int i = 0; i < n; i++) {
		const char *name = avtpmap_counter_name(i);

		if (!name)
			continue;
		json_object_object_add(
			obj, name,
			known >> i & 1 ? json_u64(values[i]) :
					 json_object_new_string("unavailable"));
	}
	return obj;
}

char *format_text(char *buf, size_t bytes, const struct avtpmap_format *f)
{
	if (f->unit == AVTPMAP_UNIT_SAMPLES)
		snprintf(buf, bytes, "%s %s, %u Hz, %u channel%s",
			 avtpmap_subtype_name(f->subtype),
			 avtpmap_encoding_name(f->encoding), f->rate_hz,
			 f->channels, f->channels == 1 ? "" : "s");
	else
		snprintf(buf, bytes, "%s, counted in %s",
			 avtpmap_subtype_name(f->subtype),
			 f->unit == AVTPMAP_UNIT_VIDEO ? "video frames" :
							 "packets");
	return buf;
}

uint64_t counters_refused(const uint64_t *values, unsigned int n,
			  uint64_t known)
{
	uint64_t sum = 0;

	for (unsigned int i = AVTPMAP_C_MALFORMED; i < n; i++)
		if (avtpmap_counter_name(i) && known >> i & 1)
			sum += values[i];
	return sum;
}

/* As narrow as can be: "AAF int16 48000/2". */
char *format_short(char *buf, size_t bytes, uint32_t epoch,
		   const struct avtpmap_format *f)
{
	if (!epoch)
		snprintf(buf, bytes, "-");
	else if (f->unit == AVTPMAP_UNIT_SAMPLES)
		snprintf(buf, bytes, "%s %s %u/%u",
			 avtpmap_subtype_name(f->subtype),
			 avtpmap_encoding_name(f->encoding), f->rate_hz,
			 f->channels);
	else
		snprintf(buf, bytes, "%s", avtpmap_subtype_name(f->subtype));
	return buf;
}

char *mac_text(char buf[MAC_TEXT], const uint8_t mac[6])
{
	snprintf(buf, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
	return buf;
}

char *bytes_text(char *buf, size_t bytes, uint64_t v)
{
	if (v >= 1ull << 30)
		snprintf(buf, bytes, "%.1f GiB", v / 1073741824.0);
	else if (v >= 1ull << 20)
		snprintf(buf, bytes, "%.1f MiB", v / 1048576.0);
	else
		snprintf(buf, bytes, "%.1f KiB", v / 1024.0);
	return buf;
}

const char *state_text(uint32_t state)
{
	switch (state) {
	case AVTPMAP_RING_SILENT:
		return "silent";
	case AVTPMAP_RING_LIVE:
		return "live";
	case AVTPMAP_RING_GONE:
		return "gone";
	default:
		return "unknown";
	}
}

const char *mode_text(uint32_t mode)
{
	return mode == AVTPMAP_MODE_COPY ? "copy" : "take";
}

const char *group_text(uint32_t gid)
{
	static char number[16];
	struct group *gr;

	if (gid == AVTPMAP_NO_GROUP)
		return "none";
	gr = getgrgid(gid);
	if (gr)
		return gr->gr_name;
	snprintf(number, sizeof(number), "%u", gid);
	return number;
}

bool port_is_off(const struct avtpmap_port_info *p)
{
	return p->attachment && !strcmp(p->attachment, "off");
}
