// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* struct talk_source_opts */
int parse_wav(const struct option *opt, const char *text)
{
	struct talk_source_opts *src = opt->dest;

	src->kind = TALK_WAV;
	src->path = text;
	return *text ? 0 : -1;
}

/* struct talk_source_opts */
int parse_tone(const struct option *opt, const char *text)
{
	struct talk_source_opts *src = opt->dest;
	const struct option number = { .dest = &src->tone_hz,
				       .min = 1,
				       .max = 96000 };

	src->kind = TALK_TONE;
	return parse_u32(&number, text);
}

/* struct talk_source_opts */
int parse_noise(const struct option *opt, const char *text)
{
	struct talk_source_opts *src = opt->dest;
	uint32_t seed = 0;
	const struct option number = { .dest = &seed };

	src->kind = TALK_NOISE;
	if (parse_u32(&number, text))
		return -1;
	src->seed = seed;
	return 0;
}

/* int */
int parse_encoding(const struct option *opt, const char *text)
{
	int encoding = talk_encoding_from_name(text, strlen(text));

	*(int *)opt->dest = encoding;
	return encoding < 0 ? -1 : 0;
}

/* uint32_t */
int parse_rate(const struct option *opt, const char *text)
{
	if (parse_u32(opt, text))
		return -1;
	return talk_rate_known(*(uint32_t *)opt->dest) ? 0 : -1;
}

/* int32_t, in ppb */
int parse_ppm(const struct option *opt, const char *text)
{
	char *end;
	double ppb = 1000 * strtod(text, &end);

	if (end == text || *end || !(ppb >= -TALK_PPB_MAX) ||
	    ppb > TALK_PPB_MAX)
		return -1;
	*(int32_t *)opt->dest = ppb < 0 ? ppb - 0.5 : ppb + 0.5;
	return 0;
}

/* enum talk_class */
int parse_class(const struct option *opt, const char *text)
{
	enum talk_class *class = opt->dest;

	if (!strcmp(text, "a"))
		*class = TALK_CLASS_A;
	else if (!strcmp(text, "b"))
		*class = TALK_CLASS_B;
	else
		return -1;
	return 0;
}

/* double: 0.01, or 1% */
int parse_probability(const struct option *opt, const char *text)
{
	char *end;
	double p = strtod(text, &end);

	if (end == text)
		return -1;
	if (*end == '%') {
		p /= 100;
		end++;
	}
	if (*end || !(p >= 0 && p <= 1))
		return -1;
	*(double *)opt->dest = p;
	return 0;
}

/* double[TALK_N_RANDOM]: version:0.01 */
int parse_corrupt(const struct option *opt, const char *text)
{
	static const char prefix[] = "corrupt_";
	const char *colon = strchr(text, ':');

	if (!colon)
		return -1;
	for (int i = TALK_CORRUPT_VERSION; i < TALK_N_RANDOM; i++) {
		const char *name = talk_fault_name(i) + strlen(prefix);
		const struct option p = { .dest = (double *)opt->dest + i };

		if (strlen(name) == (size_t)(colon - text) &&
		    !strncmp(name, text, colon - text))
			return parse_probability(&p, colon + 1);
	}
	return -1;
}

/* struct talk_args: 8000:aaf-int24, 8000:am824/96000, 8000:am824/96000/4 */
int parse_change(const struct option *opt, const char *text)
{
	struct talk_args *args = opt->dest;
	struct talk_change_arg *change = &args->changes[args->n_changes];
	char name[16];
	int n = 0, got;

	if (args->n_changes == TALK_CHANGES_MAX || text[0] == '-')
		return -1;
	*change = (struct talk_change_arg){ 0 };
	got = sscanf(text,
		     "%" SCNu64 ":%15[a-z0-9-]%n/%" SCNu32 "%n/%" SCNu32 "%n",
		     &change->frame, name, &n, &change->rate_hz, &n,
		     &change->channels, &n);
	if (got < 2 || text[n] || !change->frame)
		return -1;
	if (got > 2 && !talk_rate_known(change->rate_hz))
		return -1;
	change->encoding = talk_encoding_from_name(name, strlen(name));
	if (change->encoding < 0)
		return -1;
	args->n_changes++;
	return 0;
}

static uint32_t depth_of(int encoding)
{
	return encoding == TALK_AM824 ? 24 : 8 * talk_sample_bytes(encoding);
}

static int check_format(const struct talk_setup *setup,
			const struct talk_format *format)
{
	bool blocking = setup->blocking && format->encoding == TALK_AM824;
	struct talk_pace pace;
	const char *why;

	if (format->channels < 1 || format->channels > 1023)
		return usage_error("talk: %u channels: must be 1 to 1023",
				   format->channels);
	if (format->bit_depth > 8 * talk_sample_bytes(format->encoding))
		return usage_error("talk: %s has no %u bits",
				   talk_encoding_name(format->encoding),
				   format->bit_depth);
	why = talk_pace_init(&pace, format, setup->class, blocking);
	if (why)
		return usage_error("talk: %s, %u Hz, %u channels: %s",
				   talk_encoding_name(format->encoding),
				   format->rate_hz, format->channels, why);
	return 0;
}

static int set_format(struct talk_setup *setup, const struct talk_args *args,
		      const struct talk_source *src)
{
	struct talk_format *format = &setup->format;

	format->encoding = args->encoding >= 0 ?
				   (enum talk_encoding)args->encoding :
				   talk_source_encoding(src);
	format->rate_hz = args->rate_hz ? args->rate_hz :
					  talk_source_rate_hz(src);
	format->channels = args->channels ? args->channels :
					    talk_source_channels(src);
	format->bit_depth = args->bit_depth ? args->bit_depth :
					      depth_of(format->encoding);
	if (!talk_rate_known(format->rate_hz))
		return usage_error("talk: %s: no stream has %u Hz",
				   args->source.path, format->rate_hz);
	if (args->source.kind == TALK_WAV &&
	    format->rate_hz != talk_source_rate_hz(src))
		return usage_error("talk: %s has %u Hz and is not resampled",
				   args->source.path, talk_source_rate_hz(src));
	if (args->blocking && format->encoding != TALK_AM824)
		return usage_error("talk: --blocking is a mode of am824");
	if (args->bit_depth && format->encoding == TALK_AM824)
		return usage_error("talk: am824 always has 24 bits");
	if (args->sparse && format->encoding == TALK_AM824)
		return usage_error("talk: --sparse is a mode of AAF");
	return check_format(setup, format);
}

static int set_changes(struct talk_setup *setup, const struct talk_args *args)
{
	struct talk_plan *plan = &setup->plan;
	const struct talk_format *before = &setup->format;

	plan->n_changes = args->n_changes;
	for (uint32_t i = 0; i < args->n_changes; i++) {
		const struct talk_change_arg *arg = &args->changes[i];
		struct talk_change *change = &plan->changes[i];
		int err;

		if (i && arg->frame <= args->changes[i - 1].frame)
			return usage_error("talk: changes of format must "
					   "follow each other");
		change->frame = arg->frame;
		change->format.encoding = arg->encoding;
		change->format.rate_hz = arg->rate_hz ? arg->rate_hz :
							before->rate_hz;
		change->format.channels = arg->channels ? arg->channels :
							  before->channels;
		change->format.bit_depth = depth_of(arg->encoding);
		if (args->source.kind == TALK_WAV &&
		    change->format.rate_hz != before->rate_hz)
			return usage_error("talk: %s is not resampled",
					   args->source.path);
		err = check_format(setup, &change->format);
		if (err)
			return err;
		before = &change->format;
	}
	return 0;
}

static int set_faults(struct talk_setup *setup, const struct talk_args *args)
{
	struct talk_plan *plan = &setup->plan;
	double sum = 0;

	for (int i = 0; i < TALK_N_RANDOM; i++)
		sum += args->probability[i];
	if (sum > 1 + 1e-9) /* ten times 10% is more, in binary */
		return usage_error("talk: a frame suffers one fault at most, "
				   "so probabilities add up to 1 at most");
	plan->seed = args->seed;
	plan->head = args->head;
	plan->tail = args->tail;
	memcpy(plan->probability, args->probability, sizeof(plan->probability));
	memcpy(plan->every, args->every, sizeof(plan->every));
	return 0;
}

/* The first of the ends that were asked for; a file's own, if none was. */
static void set_end(struct talk_setup *setup, const struct talk_args *args,
		    const struct talk_source *src)
{
	uint64_t end = UINT64_MAX, units = args->samples, n;

	setup->plan.end = UINT64_MAX;
	if (args->source.kind == TALK_WAV && !args->source.loop &&
	    (!units || units > talk_source_units(src)))
		units = talk_source_units(src);
	if (args->frames)
		end = args->frames;
	if (units) {
		n = talk_frames_for_units(setup, units);
		end = n < end ? n : end;
	}
	if (args->seconds > 0) {
		n = talk_frames_for_ns(setup, args->seconds * 1e9);
		end = n < end ? n : end;
	}
	setup->plan.end = end;
}

int talk_setup_from_args(struct talk_setup *setup, const struct talk_args *args,
			 const struct talk_source *src)
{
	uint32_t transit_us = args->class == TALK_CLASS_A ? 2000 : 50000;
	int err;

	memset(setup, 0, sizeof(*setup));
	setup->class = args->class;
	setup->blocking = args->blocking;
	setup->sparse = args->sparse;
	setup->ppb = args->ppb;
	setup->vid = args->vid == AVTPMAP_ANY_VID ? TALK_UNTAGGED : args->vid;
	setup->pcp = args->pcp != UINT32_MAX	 ? args->pcp :
		     args->class == TALK_CLASS_A ? 3 :
						   2;
	if (args->transit_us != UINT32_MAX)
		transit_us = args->transit_us;
	setup->transit_ns = transit_us * 1000ull;
	err = set_format(setup, args, src);
	if (!err)
		err = set_changes(setup, args);
	if (!err)
		err = set_faults(setup, args);
	if (!err)
		set_end(setup, args, src);
	if (!err && args->pcap && setup->plan.end == UINT64_MAX)
		return usage_error("talk: --pcap without an end fills the "
				   "disk; say --frames, --samples or "
				   "--seconds");
	return err;
}
