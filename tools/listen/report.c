// SPDX-License-Identifier: MIT
/* What a listener says at its end. */
#include <errno.h>
#include <stdio.h>

#include "listen.h"

/* Frames that this listener has had, whole. */
uint64_t listen_frames(const struct listen *l)
{
	return avtpmap_position(l->s) - l->first - avtpmap_overrun_frames(l->s);
}

bool listen_heard(const struct listen *l)
{
	return avtpmap_position(l->s) != l->first;
}

uint64_t listen_lost(const struct listen *l)
{
	uint64_t c[AVTPMAP_N_COUNTERS];

	avtpmap_counters(l->s, c, AVTPMAP_N_COUNTERS);
	return c[AVTPMAP_C_FRAMES_LOST] - l->counted[AVTPMAP_C_FRAMES_LOST];
}

static struct json_object *json_labels(const struct listen *l)
{
	static const char *const names[] = {
		[AVTPMAP_PCM_LABELS_REAL] = "am824",
		[AVTPMAP_PCM_LABELS_NONE] = "none",
	};

	return l->labels ? json_object_new_string(names[l->labels]) : NULL;
}

static struct json_object *summary(struct listen *l,
				   const struct avtpmap_reader_info *info)
{
	uint64_t c[AVTPMAP_N_COUNTERS];
	uint64_t known = avtpmap_counters(l->s, c, AVTPMAP_N_COUNTERS);
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "ifname",
			       json_object_new_string(l->args->ifname));
	json_object_object_add(o, "stream_id",
			       json_stream_id(l->args->stream_id));
	json_object_object_add(
		o, "backend",
		json_object_new_string(avtpmap_backend_name(l->s)));
	json_object_object_add(
		o, "reason",
		json_object_new_string(avtpmap_backend_reason(l->s)));
	json_object_object_add(o, "frames", json_u64(listen_frames(l)));
	json_object_object_add(o, "samples", json_u64(l->samples));
	json_object_object_add(o, "lost", json_u64(listen_lost(l)));
	json_object_object_add(o, "lost_samples", json_u64(l->silence));
	json_object_object_add(o, "missed_samples", json_u64(l->missed));
	json_object_object_add(o, "stale", json_u64(l->stale));
	json_object_object_add(o, "overruns",
			       json_u64(avtpmap_overrun_frames(l->s)));
	json_object_object_add(o, "dropped",
			       json_u64(listen_drops(l) - l->drops_before));
	json_object_object_add(o, "period", json_u64(l->args->period));
	json_object_object_add(o, "wake_period", json_u64(info->wake_period));
	json_object_object_add(o, "periods", json_u64(info->periods));
	json_object_object_add(o, "wakes", json_u64(info->wakes_period));
	json_object_object_add(o, "wakes_deadline",
			       json_u64(info->wakes_deadline));
	json_object_object_add(o, "wakes_event", json_u64(info->wakes_event));
	json_object_object_add(o, "waits", json_u64(info->waits));
	json_object_object_add(o, "epochs", json_u64(l->epochs));
	json_object_object_add(o, "ended", json_object_new_boolean(l->ended));
	json_object_object_add(o, "format",
			       l->epochs || !l->pcm ? json_format(&l->format) :
						      NULL);
	json_object_object_add(o, "silences", json_u64(l->silences));
	json_object_object_add(o, "end",
			       json_object_new_string(l->why ?: "failure"));
	json_object_object_add(o, "timestamps_wrong",
			       json_u64(l->talker.stamps_wrong));
	json_object_object_add(o, "labels", json_labels(l));
	json_object_object_add(o, "counters",
			       json_counters(c, AVTPMAP_N_COUNTERS, known));
	return o;
}

/* Samples are right without them, so nobody would see it. */
static void say_timestamps(const struct listen *l)
{
	const struct avtpmap_pcm_info *t = &l->talker;

	if (t->stamps_wrong <= t->stamps / 8 || t->stamps < 16)
		return;
	fprintf(stderr,
		"avtpmap: timestamp: %llu of %llu avtp_timestamps do not "
		"advance with the media%s: no clock can be made of them\n",
		(unsigned long long)t->stamps_wrong,
		(unsigned long long)t->stamps,
		t->stamps_swapped > t->stamps_wrong / 2 ?
			", as they are little-endian" :
			"");
}

void listen_summary(struct listen *l)
{
	struct avtpmap_reader_info info;
	char text[96];

	avtpmap_reader_info(l->s, &info);
	say_timestamps(l);
	if (l->args->json) {
		print_json(summary(l, &info));
		return;
	}
	if (l->epochs || !l->pcm)
		printf("format:   %s\n",
		       format_text(text, sizeof(text), &l->format));
	printf("frames:   %llu, lost %llu, late or duplicate %llu\n",
	       (unsigned long long)listen_frames(l),
	       (unsigned long long)listen_lost(l),
	       (unsigned long long)l->stale);
	printf("samples:  %llu, of them silence for loss %llu\n",
	       (unsigned long long)l->samples, (unsigned long long)l->silence);
	printf("overrun:  %llu frames, silence for them %llu\n",
	       (unsigned long long)avtpmap_overrun_frames(l->s),
	       (unsigned long long)l->missed);
	printf("wakes:    %llu for periods of %u, %llu waits returned\n",
	       (unsigned long long)info.wakes_period, l->args->period,
	       (unsigned long long)info.waits);
	printf("ended:    by %s%s, silent %u times\n", l->why ?: "failure",
	       l->ended ? ", after the talker ceased" : "", l->silences);
}

/* What must not pass for a good recording. */
int listen_verdict(struct listen *l)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	uint64_t overruns = avtpmap_overrun_frames(l->s) + listen_drops(l) -
			    l->drops_before;

	avtpmap_stream_id_to_text(id, l->args->stream_id);
	if (l->failed)
		return FAILURE;
	if (!listen_heard(l))
		return fail(-ENODATA, "nothing was heard of stream %s", id);
	if (overruns)
		return fail(-EPIPE,
			    "this listener was late: %llu frames were gone "
			    "before it read them, and %llu samples are silence "
			    "instead; a longer ring waits longer: avtpmap add "
			    "%s %s ms=1000",
			    (unsigned long long)overruns,
			    (unsigned long long)l->missed, l->args->ifname, id);
	if (l->args->samples && l->samples < l->args->samples)
		return fail(-ENODATA, "only %llu of %llu samples came",
			    (unsigned long long)l->samples,
			    (unsigned long long)l->args->samples);
	return OK;
}
