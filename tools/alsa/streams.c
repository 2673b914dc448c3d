// SPDX-License-Identifier: MIT
/* Streams are opened, and heard or not. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device.h"

enum {
	PATIENCE_MS = 2000,
	RING_MS = 500, /* longer than what programs ask for as a period */
};

static int open_member(struct device *d, struct member *m)
{
	char error[256] = "";
	struct avtpmap_open_opts opts = {
		.sz = sizeof(opts),
		.ifname = d->ifname,
		.stream_id = m->id,
		.backend = d->backend,
		.period.events = AVTPMAP_EV_START,
		.error = error,
		.error_bytes = sizeof(error),
	};
	const struct avtpmap_stream_opts how = {
		.sz = sizeof(how),
		.ms = d->ring_ms ? d->ring_ms : RING_MS,
	};
	int err = lease_open(&m->lease, &m->at.s, &opts, &how);

	if (!err) {
		opts.period.events = 0;
		opts.backend = avtpmap_header(m->at.s)->backend;
		err = avtpmap_open(&m->bell, &opts);
	}
	if (err) {
		SNDERR("avtpmap: %s", error);
		return err;
	}
	err = avtpmap_pcm_open(&m->at.pcm, m->at.s, NULL);
	if (!err)
		err = avtpmap_group_add(d->group, m->bell);
	if (err)
		SNDERR("avtpmap: %s", snd_strerror(err));
	return err;
}

/* Before it is open, formats make the device; later they must be its. */
static int unfit(const struct device *d, const struct member *m,
		 const struct avtpmap_format *f)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	avtpmap_stream_id_to_text(id, m->id);
	if (!d->channels) {
		SNDERR("avtpmap: %s has %u Hz and another stream %u, and a "
		       "device has one rate",
		       id, f->rate_hz, d->rate);
		return -EINVAL;
	}
	SNDERR("avtpmap: %s has %u channels at %u Hz now, and the device was "
	       "opened for %u at %u Hz: open it again",
	       id, f->channels, f->rate_hz, m->channels, d->rate);
	return -ENODEV;
}

int member_format(struct device *d, struct member *m)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	struct avtpmap_format f;
	int type = avtpmap_pcm_format(m->at.pcm, &f);

	if (type == -EAGAIN)
		return type;
	avtpmap_stream_id_to_text(id, m->id);
	if (type < 0 || !f.rate_hz) {
		SNDERR("avtpmap: %s is no audio that can be decoded", id);
		return -ENODEV;
	}
	if ((d->rate && f.rate_hz != d->rate) ||
	    (m->channels && f.channels != m->channels))
		return unfit(d, m, &f);
	if (type == AVTPMAP_PCM_F32 && d->io.format == SND_PCM_FORMAT_S32_LE) {
		SNDERR("avtpmap: %s is float, and the device was opened for "
		       "integers: open it again",
		       id);
		return -ENODEV;
	}
	m->type = type;
	m->channels = f.channels;
	d->rate = f.rate_hz;
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* Until @end_ms. -EAGAIN: nothing was heard. */
static int await_member(struct device *d, struct member *m, uint64_t end_ms)
{
	int err;

	while ((err = member_format(d, m)) == -EAGAIN) {
		uint64_t now = now_ms();

		if (now >= end_ms)
			break;
		if (avtpmap_wait(m->at.s, (end_ms - now) * 1000000ll) ==
		    -ENODEV)
			return -ENODEV;
		avtpmap_events(m->at.s);
	}
	return err;
}

/* What the configuration says of one that is not heard. */
static int believe(struct device *d, struct member *m)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	m->channels = d->want_channels;
	if (!d->rate)
		d->rate = d->want_rate;
	if (m->channels && d->rate)
		return 0;
	avtpmap_stream_id_to_text(id, m->id);
	SNDERR("avtpmap: nothing is heard of stream %s on %s, so its channels "
	       "and rate are not known: start the talker, or say channels and "
	       "rate in the configuration (avtpmap:IF=%s,STREAM=%s,CHANNELS=2,"
	       "RATE=48000); avtpmap listen %s %s finds out why",
	       id, d->ifname, d->ifname, id, d->ifname, id);
	return -ENODATA;
}

static int await_members(struct device *d, bool patient)
{
	bool can_believe = d->want_channels && d->want_rate;
	uint64_t end_ms = now_ms();
	int err = 0;

	if (patient || !can_believe)
		end_ms += PATIENCE_MS;
	for (uint32_t i = 0; i < d->n && !err; i++) {
		err = await_member(d, &d->m[i], end_ms);
		if (err == -EAGAIN)
			err = believe(d, &d->m[i]);
		avtpmap_set_period(d->m[i].at.s, &(struct avtpmap_period){ 0 });
	}
	return err;
}

/* For one chunk of the widest stream, as integers or as float. */
static int make_room(struct device *d)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < d->n; i++) {
		d->m[i].first = d->channels;
		d->channels += d->m[i].channels;
		if (d->m[i].channels > most)
			most = d->m[i].channels;
	}
	d->planes[0] = calloc((size_t)most * CHUNK, sizeof(**d->planes));
	if (!d->planes[0])
		return -ENOMEM;
	for (uint32_t c = 1; c < most; c++)
		d->planes[c] = d->planes[0] + (size_t)c * CHUNK;
	d->scratch = d->planes[0];
	return 0;
}

static int format_of(void *data, uint32_t i, struct avtpmap_format *f)
{
	struct device *d = data;
	int err = member_format(d, &d->m[i]);

	if (!err)
		err = avtpmap_pcm_format(d->m[i].at.pcm, f);
	return err < 0 ? err : 0;
}

static void make_together(struct device *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		d->together.of[i] = &d->m[i].at;
	d->together.n = d->n;
	d->together.rate = d->rate;
	d->together.format = format_of;
	d->together.data = d;
}

int device_open(struct device *d, bool patient)
{
	const struct avtpmap_media_clock_opts opts = { .sz = sizeof(opts) };
	int err = avtpmap_group_create(&d->group, NULL);

	for (uint32_t i = 0; i < d->n && !err; i++)
		err = open_member(d, &d->m[i]);
	if (!err)
		err = await_members(d, patient);
	if (!err)
		err = make_room(d);
	make_together(d);
	/* without a PHC its times are those of arrival */
	if (!err)
		err = avtpmap_media_clock_open(&d->clock, &opts);
	return err;
}

/* The port, which the first may have attached, goes last. */
void device_close(struct device *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		avtpmap_pcm_close(d->m[i].at.pcm);
		avtpmap_close(d->m[i].bell);
		avtpmap_close(d->m[i].at.s);
	}
	avtpmap_group_close(d->group);
	for (uint32_t i = d->n; i--;)
		lease_end(&d->m[i].lease);
	avtpmap_media_clock_close(d->clock);
	free(d->planes[0]);
	free(d->ifname);
}
