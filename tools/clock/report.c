// SPDX-License-Identifier: MIT
/* Media clocks in text and in JSON. */
#include <stdio.h>

#include "watch.h"

static const char *lock_name(uint32_t lock)
{
	static const char *const names[] = { "unlocked", "locked", "holdover" };

	return lock < 3 ? names[lock] : "unknown";
}

static const char *source_name(uint32_t source)
{
	static const char *const names[] = { "none", "timestamp", "crf",
					     "arrival" };

	return source < 4 ? names[source] : "unknown";
}

const char *watch_timebase_name(uint32_t timebase)
{
	static const char *const names[] = { "phc", "monotonic",
					     "monotonic_raw" };

	return timebase < 3 ? names[timebase] : "unknown";
}

void watch_line(const struct watch *w)
{
	const struct watch_point *p;
	char id[AVTPMAP_STREAM_ID_TEXT];

	avtpmap_stream_id_to_text(id, w->id);
	if (!w->n_points) {
		printf("%s  nothing to recover a clock from yet\n", id);
		return;
	}
	p = &w->points[w->n_points - 1];
	printf("%s  %-8s  by %-9s  on %-9s ", id, lock_name(w->info.lock),
	       source_name(w->info.source),
	       watch_timebase_name(w->info.timebase));
	for (uint32_t i = 0; i < AVTPMAP_N_TIMEBASES; i++)
		if (w->info.rates_known & 1u << i)
			printf(" %+.3f ppm (+-%.3f) %s", w->info.rate_ppm[i],
			       w->info.rate_error_ppm[i],
			       watch_timebase_name(i));
	printf("  jitter %.0f ns  +-%.0f ns\n", p->jitter_ns, p->error_ns);
}

static void put(struct json_object *obj, const char *key, double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4f", v);
	json_object_object_add(obj, key, json_object_new_double_s(v, text));
}

static void put_text(struct json_object *obj, const char *key, const char *v)
{
	json_object_object_add(obj, key, json_object_new_string(v));
}

static struct json_object *rates_json(const struct watch *w, const double *ppm)
{
	struct json_object *obj = json_object_new_object();

	for (uint32_t i = 0; i < AVTPMAP_N_TIMEBASES; i++) {
		if (w->info.rates_known & 1u << i)
			put(obj, watch_timebase_name(i), ppm[i]);
		else
			put_text(obj, watch_timebase_name(i), "unavailable");
	}
	return obj;
}

static struct json_object *history_json(const struct watch *w)
{
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; i < w->n_points; i++) {
		const struct watch_point *p = &w->points[i];
		struct json_object *obj = json_object_new_object();

		put(obj, "s", p->s);
		put_text(obj, "lock", lock_name(p->lock));
		put(obj, "rate_ppm", p->rate_ppm);
		put(obj, "rate_error_ppm", p->rate_error_ppm);
		put(obj, "offset_low_ns", p->low_ns);
		put(obj, "offset_high_ns", p->high_ns);
		put(obj, "jitter_ns", p->jitter_ns);
		put(obj, "error_ns", p->error_ns);
		json_object_array_add(all, obj);
	}
	return all;
}

static struct json_object *watch_to_json(const struct watch *w)
{
	const struct avtpmap_media_clock_info *info = &w->info;
	struct json_object *obj = json_object_new_object();
	const struct {
		const char *name;
		uint64_t v;
	} counts[] = {
		{ "frames", w->frames },
		{ "entries", info->entries },
		{ "outliers", info->outliers },
		{ "steps", info->steps },
		{ "restarts", info->restarts },
		{ "uncertain", info->uncertain },
		{ "stamps_wrong", info->stamps_wrong },
		{ "stamps_swapped", info->stamps_swapped },
		{ "epochs", info->epochs },
		{ "locks", info->locks },
		{ "unlocks", info->unlocks },
	};

	json_object_object_add(obj, "stream_id", json_stream_id(w->id));
	put_text(obj, "backend", avtpmap_backend_name(w->s));
	put_text(obj, "lock", lock_name(info->lock));
	put_text(obj, "source", source_name(info->source));
	put_text(obj, "timebase", watch_timebase_name(info->timebase));
	put(obj, "nominal_hz", info->nominal_hz);
	json_object_object_add(obj, "rate_ppm", rates_json(w, info->rate_ppm));
	json_object_object_add(obj, "rate_error_ppm",
			       rates_json(w, info->rate_error_ppm));
	put(obj, "jitter_ns", info->jitter_ns);
	put(obj, "error_ns", info->error_ns);
	if (w->lock_s >= 0)
		put(obj, "locked_after_s", w->lock_s);
	else
		put_text(obj, "locked_after_s", "unavailable");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		json_object_object_add(obj, counts[i].name,
				       json_u64(counts[i].v));
	put_text(obj, "history_timebase",
		 watch_timebase_name(watch_timebase(info)));
	json_object_object_add(obj, "history", history_json(w));
	return obj;
}

void watch_json(const struct watch *w, int n)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *all = json_object_new_array();

	for (int i = 0; i < n; i++)
		json_object_array_add(all, watch_to_json(&w[i]));
	json_object_object_add(obj, "clocks", all);
	print_json(obj);
}
