// SPDX-License-Identifier: MIT
/* From the rings to ALSA's buffer. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "device.h"

static const char *name_of(char *buf, const struct member *m)
{
	return avtpmap_stream_id_to_text(buf, m->id);
}

enum { SAMPLE_BYTES = 4 }; /* S32 or float */

/* One channel, of @step, to where ALSA wants it. */
static void lay(const snd_pcm_channel_area_t *a, uint64_t offset,
		const void *from, uint32_t step, uint32_t n)
{
	char *to = (char *)a->addr + (a->first + a->step * offset) / 8;
	const char *sample = from;

	for (; n--; to += a->step / 8, sample += (size_t)step * SAMPLE_BYTES)
		memcpy(to, sample, SAMPLE_BYTES);
}

/* 16 bits to the top of 32, in place. */
static void widen(void *samples, uint32_t n)
{
	char *base = samples;

	while (n--) {
		int16_t narrow;
		uint32_t wide;

		memcpy(&narrow, base + n * sizeof(narrow), sizeof(narrow));
		wide = (uint32_t)narrow << 16;
		memcpy(base + n * sizeof(wide), &wide, sizeof(wide));
	}
}

/* Up to @n units. Returns as avtpmap_pcm_read_native(). */
static int decode(struct device *d, struct member *m,
		  const snd_pcm_channel_area_t *areas, uint64_t offset,
		  uint32_t n)
{
	bool planar = d->io.format != SND_PCM_FORMAT_S32_LE;
	int got;

	if (planar)
		got = avtpmap_pcm_read_planar(m->at.pcm, d->planes, n, NULL);
	else
		got = avtpmap_pcm_read_native(m->at.pcm, d->scratch, n, NULL);
	if (got <= 0)
		return got;
	if (!planar && m->type == AVTPMAP_PCM_S16)
		widen(d->scratch, got * m->channels);
	for (uint32_t c = 0; c < m->channels; c++) {
		if (planar)
			lay(&areas[m->first + c], offset, d->planes[c], 1, got);
		else
			lay(&areas[m->first + c], offset,
			    (char *)d->scratch + c * SAMPLE_BYTES, m->channels,
			    got);
	}
	return got;
}

/* All that there is, up to the @limit-th unit. */
static int fill_member(struct device *d, struct member *m, uint64_t limit)
{
	const snd_pcm_channel_area_t *areas = snd_pcm_ioplug_mmap_areas(&d->io);
	uint64_t size = d->io.buffer_size, offset, n;
	int got;

	while (m->at.done < limit) {
		offset = m->at.done % size;
		n = limit - m->at.done;
		if (n > size - offset)
			n = size - offset;
		got = decode(d, m, areas, offset, n < CHUNK ? n : CHUNK);
		if (got <= 0)
			return got;
		m->at.done += got;
	}
	return 0;
}

/* Its next frame is of a new epoch: can it go on after an overrun? */
static int new_epoch(struct device *d, struct member *m)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	int err = member_format(d, m);

	if (err)
		return err;
	SNDERR("avtpmap: stream %s began anew (another talker, or more was "
	       "lost than can be counted): overrun",
	       name_of(id, m));
	return -EPIPE;
}

/* The ring went round: because another stream is awaited? */
static int ring_overrun(struct device *d, const struct member *m)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	for (uint32_t i = 0; i < d->n; i++)
		if (d->m[i].at.done < m->at.done) {
			SNDERR("avtpmap: stream %s is silent while others go "
			       "on: overrun",
			       name_of(id, &d->m[i]));
			break;
		}
	return -EPIPE;
}

static int gone(const struct device *d, const struct member *m)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	SNDERR("avtpmap: stream %s was deleted, or %s went", name_of(id, m),
	       d->ifname);
	return -ENODEV;
}

static uint64_t unread(const struct device *d)
{
	return snd_pcm_ioplug_avail(&d->io, d->hw % d->boundary,
				    d->io.appl_ptr);
}

/*
 * The descriptor tells of a period until it is over for the bells. It is over
 * as soon as the program has less to read than it wants to be woken for.
 */
void device_hush(struct device *d, bool all)
{
	const struct avtpmap_slot *slot;

	for (uint32_t i = 0; i < d->n; i++) {
		struct member *m = &d->m[i];

		while ((slot = avtpmap_peek(m->bell)) &&
		       (all || slot->media_pos + slot->units <= m->seen)) {
			if (!i)
				avtpmap_media_clock_frame(d->clock, m->bell);
			avtpmap_release(m->bell);
		}
	}
}

/* Of the stream that has least, ALSA's buffer and rings together. */
static uint64_t look(struct device *d)
{
	uint64_t least = ~0ull;

	for (uint32_t i = 0; i < d->n; i++) {
		struct member *m = &d->m[i];

		m->seen = media_pos(m);
		if (!d->together.known || m->seen <= m->at.begin)
			least = 0;
		else if (m->seen - m->at.begin < least)
			least = m->seen - m->at.begin;
	}
	return least;
}

static int fill_members(struct device *d)
{
	uint64_t heard, limit, read = d->hw - unread(d), least = ~0ull;
	int err = 0;

	heard = look(d);
	if (heard > read && heard - read >= d->stop_threshold)
		return -EPIPE;
	limit = read + d->io.buffer_size;
	for (uint32_t i = 0; i < d->n && !err; i++) {
		struct member *m = &d->m[i];

		err = fill_member(d, m, limit);
		/* one that waits for another is not read, so does not tell */
		if (!err &&
		    avtpmap_avail(m->at.s) > avtpmap_header(m->at.s)->n_slots)
			err = -EPIPE;
		if (err == -ESTRPIPE)
			err = new_epoch(d, m);
		else if (err == -EPIPE)
			err = ring_overrun(d, m);
		if (!err && avtpmap_header(m->at.s)->state == AVTPMAP_RING_GONE)
			err = gone(d, m);
		if (m->at.done < least)
			least = m->at.done;
	}
	if (!err)
		d->hw = least;
	return err;
}

static void tell_why(struct device *d)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	if (!d->together.why)
		return;
	SNDERR("avtpmap: %s %s: streams are put side by side as they come, "
	       "so they are not in phase to the sample",
	       name_of(id, &d->m[d->together.who]), d->together.why);
	d->together.why = NULL;
}

int device_fill(struct device *d)
{
	int err = 0;

	if (d->failed || !d->running)
		return d->failed;
	if (!d->together.known) {
		look(d);
		err = together_place(&d->together);
		tell_why(d);
		for (uint32_t i = 0; i < d->n && err == -EAGAIN; i++)
			if (avtpmap_header(d->m[i].at.s)->state ==
			    AVTPMAP_RING_GONE)
				err = gone(d, &d->m[i]);
	}
	if (d->together.known)
		err = fill_members(d);
	if (err == -EAGAIN)
		err = 0;
	d->failed = err;
	if (!err && unread(d) < d->avail_min)
		device_hush(d, false);
	return err;
}

/* Units that came since the newest one in ALSA's buffer, by the clock. */
uint64_t device_age(const struct device *d)
{
	struct avtpmap_media_line line;
	struct timespec ts;
	int64_t age;

	if (!d->together.known ||
	    avtpmap_media_clock_line(d->clock, AVTPMAP_TIMEBASE_MONOTONIC,
				     &line))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	age = avtpmap_media_line_pos(
		      &line, ts.tv_sec * 1000000000ull + ts.tv_nsec, NULL) -
	      (d->m[0].at.begin + d->hw);
	/* more than 10 ms: the talker is silent */
	return age < 0 || age > d->rate / 100 ? 0 : age;
}
