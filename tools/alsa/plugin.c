// SPDX-License-Identifier: MIT
/* ALSA's callbacks: see pcm_ioplug.h there. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "device.h"

enum {
	BUFFER_MAX = 1 << 18, /* units */
	PERIODS_MAX = 4096,
};

static int on_start(snd_pcm_ioplug_t *io)
{
	struct device *d = io->private_data;
	const struct avtpmap_period period = {
		.period = io->period_size,
		.events = AVTPMAP_EV_EPOCH | AVTPMAP_EV_QUORUM,
	};
	int err = avtpmap_group_set_period(d->group, &period);

	if (err)
		return err;
	d->together.period = io->period_size;
	together_forget(&d->together);
	d->hw = 0;
	device_hush(d, true);
	d->running = true;
	return 0;
}

static int on_stop(snd_pcm_ioplug_t *io)
{
	struct device *d = io->private_data;

	avtpmap_group_set_period(d->group, &(struct avtpmap_period){ 0 });
	d->running = false;
	return 0;
}

/* Reading begins anew, whatever it was that ended it. */
static int on_prepare(snd_pcm_ioplug_t *io)
{
	struct device *d = io->private_data;
	int err = 0;

	if (d->gone)
		return -ENODEV;
	d->running = false;
	for (uint32_t i = 0; i < d->n && !err; i++) {
		avtpmap_pcm_close(d->m[i].at.pcm);
		d->m[i].at.tries = 0;
		err = avtpmap_pcm_open(&d->m[i].at.pcm, d->m[i].at.s, NULL);
	}
	d->together.by_arrival = false;
	d->failed = 0;
	together_forget(&d->together);
	d->hw = 0;
	return err;
}

/* What cannot go on is disconnected; anything else is an overrun. */
static snd_pcm_sframes_t on_pointer(snd_pcm_ioplug_t *io)
{
	struct device *d = io->private_data;
	int err = device_fill(d);

	if (err == -EPIPE)
		return err;
	if (err) {
		d->gone = true;
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
	}
	return d->hw % d->boundary;
}

static int on_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay)
{
	struct device *d = io->private_data;
	int err = device_fill(d);

	if (err)
		return err;
	*delay = snd_pcm_ioplug_avail(io, d->hw % d->boundary, io->appl_ptr) +
		 device_age(d);
	return 0;
}

static int on_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned int n,
		      unsigned short *revents)
{
	struct device *d = io->private_data;
	snd_pcm_sframes_t avail;

	(void)fds;
	(void)n;
	*revents = 0;
	avtpmap_group_wait(d->group, 0);
	avtpmap_group_events(d->group);
	avail = snd_pcm_avail_update(io->pcm);
	if (avail < 0 || io->state == SND_PCM_STATE_DISCONNECTED)
		*revents = POLLIN | POLLERR;
	else if ((uint64_t)avail >= d->avail_min)
		*revents = POLLIN;
	return 0;
}

static int on_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
	struct device *d = io->private_data;

	(void)params;
	d->boundary = io->buffer_size;
	d->avail_min = io->period_size;
	d->stop_threshold = io->buffer_size;
	return 0;
}

static int on_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
	struct device *d = io->private_data;
	snd_pcm_uframes_t boundary, avail_min, stop;

	snd_pcm_sw_params_get_boundary(params, &boundary);
	snd_pcm_sw_params_get_avail_min(params, &avail_min);
	snd_pcm_sw_params_get_stop_threshold(params, &stop);
	d->boundary = boundary;
	d->avail_min = avail_min ? avail_min : 1;
	d->stop_threshold = stop;
	return 0;
}

static void on_dump(snd_pcm_ioplug_t *io, snd_output_t *out)
{
	struct device *d = io->private_data;
	char id[AVTPMAP_STREAM_ID_TEXT];

	snd_output_printf(out, "avtpmap: streams of %s by %s (%s)\n", d->ifname,
			  avtpmap_backend_name(d->m[0].at.s),
			  avtpmap_backend_reason(d->m[0].at.s));
	for (uint32_t i = 0; i < d->n; i++)
		snd_output_printf(out, "  channels %u to %u: stream %s\n",
				  d->m[i].first,
				  d->m[i].first + d->m[i].channels - 1,
				  avtpmap_stream_id_to_text(id, d->m[i].id));
}

static int on_close(snd_pcm_ioplug_t *io)
{
	struct device *d = io->private_data;

	device_close(d);
	free(d);
	return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
	.start = on_start,
	.stop = on_stop,
	.pointer = on_pointer,
	.close = on_close,
	.hw_params = on_hw_params,
	.sw_params = on_sw_params,
	.prepare = on_prepare,
	.poll_revents = on_revents,
	.dump = on_dump,
	.delay = on_delay,
};

/* The shortest ring's length: more than half of it cannot be slept through. */
static uint64_t period_max(const struct device *d)
{
	uint64_t least = BUFFER_MAX / 2, units;

	for (uint32_t i = 0; i < d->n; i++) {
		const struct avtpmap_ring_hdr *h = avtpmap_header(d->m[i].at.s);

		if (!h->rate)
			continue;
		units = (uint64_t)h->n_slots * d->rate / h->rate / 2;
		if (units < least)
			least = units;
	}
	return least;
}

static int limit(struct device *d)
{
	static const unsigned int access[] = {
		SND_PCM_ACCESS_RW_INTERLEAVED,
		SND_PCM_ACCESS_RW_NONINTERLEAVED,
		SND_PCM_ACCESS_MMAP_INTERLEAVED,
		SND_PCM_ACCESS_MMAP_NONINTERLEAVED,
	};
	static const unsigned int formats[] = { SND_PCM_FORMAT_FLOAT_LE,
						SND_PCM_FORMAT_S32_LE };
	unsigned int bytes = 4 * d->channels, n = 2;
	snd_pcm_ioplug_t *io = &d->io;
	int err;

	for (uint32_t i = 0; i < d->n; i++)
		if (d->m[i].type == AVTPMAP_PCM_F32)
			n = 1; /* S32 would not hold all of it */
	err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 4,
					    access);
	if (!err)
		err = snd_pcm_ioplug_set_param_list(
			io, SND_PCM_IOPLUG_HW_FORMAT, n, formats);
	if (!err)
		err = snd_pcm_ioplug_set_param_minmax(
			io, SND_PCM_IOPLUG_HW_CHANNELS, d->channels,
			d->channels);
	if (!err)
		err = snd_pcm_ioplug_set_param_minmax(
			io, SND_PCM_IOPLUG_HW_RATE, d->rate, d->rate);
	if (!err)
		err = snd_pcm_ioplug_set_param_minmax(
			io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, bytes,
			period_max(d) * bytes);
	if (!err)
		err = snd_pcm_ioplug_set_param_minmax(
			io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 2 * bytes,
			BUFFER_MAX * bytes);
	if (!err)
		err = snd_pcm_ioplug_set_param_minmax(
			io, SND_PCM_IOPLUG_HW_PERIODS, 2, PERIODS_MAX);
	return err;
}

static int create(struct device *d, const char *name, int mode)
{
	snd_pcm_ioplug_t *io = &d->io;

	io->version = SND_PCM_IOPLUG_VERSION;
	io->name = "AVTP streams";
	io->flags = SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
	io->poll_fd = avtpmap_group_fd(d->group);
	io->poll_events = POLLIN;
	io->mmap_rw = 1;
	io->callback = &callbacks;
	io->private_data = d;
	return snd_pcm_ioplug_create(io, name, SND_PCM_STREAM_CAPTURE, mode);
}

SND_PCM_PLUGIN_DEFINE_FUNC(avtpmap);
SND_PCM_PLUGIN_DEFINE_FUNC(avtpmap)
{
	struct device *d;
	int err;

	(void)root;
	if (stream != SND_PCM_STREAM_CAPTURE) {
		SNDERR("avtpmap: for capture only");
		return -EINVAL;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->io.format = SND_PCM_FORMAT_UNKNOWN;
	d->boundary = 1;
	err = device_configure(d, conf);
	if (!err)
		err = device_open(d, !(mode & SND_PCM_NONBLOCK));
	if (!err)
		err = create(d, name, mode);
	if (err) {
		device_close(d);
		free(d);
		return err;
	}
	err = limit(d);
	if (err) {
		snd_pcm_ioplug_delete(&d->io); /* which calls close */
		return err;
	}
	*pcmp = d->io.pcm;
	return 0;
}

SND_PCM_PLUGIN_SYMBOL(avtpmap);
