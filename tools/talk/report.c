// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>

#include "run.h"

static void add(struct json_object *obj, const char *name, uint64_t v)
{
	json_object_object_add(obj, name, json_u64(v));
}

static struct json_object *faults_json(const uint64_t *faults)
{
	struct json_object *obj = json_object_new_object();

	for (int i = 0; i < TALK_N_FAULTS; i++)
		add(obj, talk_fault_name(i), faults[i]);
	return obj;
}

static struct json_object *stream_json(const struct talk_stream *s)
{
	struct json_object *obj = json_object_new_object();
	char mac[MAC_TEXT];

	json_object_object_add(obj, "stream_id", json_stream_id(s->stream_id));
	json_object_object_add(obj, "mac",
			       json_object_new_string(mac_text(mac, s->dst)));
	add(obj, "frames_built", s->k);
	add(obj, "frames_on_wire", s->wired);
	add(obj, "samples", s->units);
	add(obj, "epochs", s->epoch);
	json_object_object_add(obj, "faults", faults_json(s->faults));
	return obj;
}

/* Sums over the streams. */
struct totals {
	uint64_t built;
	uint64_t samples;
	uint64_t faults[TALK_N_FAULTS];
};

static void sum_up(const struct talk_job *job, struct totals *t)
{
	*t = (struct totals){ 0 };
	for (uint32_t i = 0; i < job->n_streams; i++) {
		t->built += job->streams[i].k;
		t->samples += job->streams[i].units;
		for (int f = 0; f < TALK_N_FAULTS; f++)
			t->faults[f] += job->streams[i].faults[f];
	}
}

static struct json_object *format_json(const struct talk_format *f)
{
	struct json_object *obj = json_object_new_object();
	const char *name = talk_encoding_name(f->encoding);

	json_object_object_add(obj, "encoding", json_object_new_string(name));
	add(obj, "rate_hz", f->rate_hz);
	add(obj, "channels", f->channels);
	add(obj, "bit_depth", f->bit_depth);
	return obj;
}

static void report_json(const struct talk_job *job, const char *where,
			const struct totals *t, const struct talk_sent *sent)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *streams = json_object_new_array();
	const char *clock = job->nominal ? "nominal" : job->clock.name;

	json_object_object_add(obj, "to", json_object_new_string(where));
	json_object_object_add(obj, "clock", json_object_new_string(clock));
	json_object_object_add(obj, "format", format_json(&job->setup.format));
	add(obj, "frames_built", t->built);
	add(obj, "frames_on_wire", sent->frames);
	add(obj, "bytes_on_wire", sent->bytes);
	add(obj, "samples", t->samples);
	add(obj, "send_calls", sent->calls);
	add(obj, "send_retries", sent->retries);
	add(obj, "interface_dropped", sent->dropped);
	add(obj, "late_wakes", job->late);
	add(obj, "latest_wake_us", job->late_max_ns / 1000);
	add(obj, "clock_steps", job->clock.steps);
	json_object_object_add(obj, "faults", faults_json(t->faults));
	for (uint32_t i = 0; i < job->n_streams; i++)
		json_object_array_add(streams, stream_json(&job->streams[i]));
	json_object_object_add(obj, "streams", streams);
	print_json(obj);
}

static void report_text(const struct talk_job *job, const char *where,
			const struct totals *t, const struct talk_sent *sent)
{
	printf("%s: %u stream%s, %" PRIu64 " frames built, %" PRIu64
	       " on the wire\n",
	       where, job->n_streams, job->n_streams == 1 ? "" : "s", t->built,
	       sent->frames);
	for (int i = 0; i < TALK_N_FAULTS; i++)
		if (t->faults[i])
			printf("  %-16s %" PRIu64 "\n", talk_fault_name(i),
			       t->faults[i]);
	if (job->late)
		printf("  woke too late    %" PRIu64 " times, by up to %" PRIu64
		       " us\n",
		       job->late, job->late_max_ns / 1000);
	if (sent->retries)
		printf("  no room to send  %" PRIu64 " times, sent later\n",
		       sent->retries);
}

void talk_report(struct talk_job *job, const char *where, bool json)
{
	struct talk_sent sent;
	struct totals t;

	sum_up(job, &t);
	talk_sender_sent(job->sender, &sent);
	if (json)
		report_json(job, where, &t, &sent);
	else
		report_text(job, where, &t, &sent);
	if (sent.dropped)
		fail(0, "%s dropped %" PRIu64 " frames after it had taken them",
		     where, sent.dropped);
	if (job->clock.steps)
		fail(0,
		     "%s was set while we talked; presentation times jumped "
		     "with it",
		     job->clock.name);
}
