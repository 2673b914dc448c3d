// SPDX-License-Identifier: MIT
/* The stream is opened, waited for and closed. */
#include <errno.h>

#include "source.h"

enum {
	UPDATE_NS = 500000000,
};

static gboolean fail(AvtpmapSrc *src, int err, const char *why)
{
	if (err == -ENODEV || err == -ENOENT)
		GST_ELEMENT_ERROR(src, RESOURCE, NOT_FOUND, ("%s", why),
				  (NULL));
	else
		GST_ELEMENT_ERROR(src, RESOURCE, OPEN_READ, ("%s", why),
				  (NULL));
	return FALSE;
}

/* Both handles: lease_open() adds the stream if it is not there. */
static int open_handles(AvtpmapSrc *src, char *error, size_t error_bytes)
{
	struct avtpmap_open_opts opts = {
		.sz = sizeof(opts),
		.ifname = src->ifname,
		.backend = src->backend,
		.error = error,
		.error_bytes = error_bytes,
	};
	const struct avtpmap_stream_opts how = {
		.sz = sizeof(how),
		.ms = src->ring_ms ? src->ring_ms : RING_MS,
	};
	int err;

	err = avtpmap_stream_id_from_text(src->stream_id, &opts.stream_id);
	if (err) {
		g_snprintf(error, error_bytes,
			   "stream=%s is not a stream id, which looks like "
			   "00:1b:21:aa:bb:cc:00:01",
			   src->stream_id);
		return err;
	}
	err = lease_open(&src->lease, &src->s, &opts, &how);
	if (err)
		return err;
	opts.backend = avtpmap_header(src->s)->backend;
	opts.period.period = 1;
	opts.period.events = EVENTS;
	return avtpmap_open(&src->bell, &opts);
}

/* Presentation time needs the PHC; without one it is arrival time, aloud. */
static int open_clocks(AvtpmapSrc *src)
{
	struct avtpmap_media_clock_opts opts = { .sz = sizeof(opts) };
	const struct avtpmap_ring_hdr *hdr = avtpmap_header(src->s);

	if (src->stamps == STAMPS_PRESENTATION) {
		int err = avtpmap_clock_open(&src->phc, hdr->phc_index);

		if (!err)
			err = avtpmap_clock_update(src->phc);
		if (err) {
			avtpmap_clock_close(src->phc);
			src->phc = NULL;
			GST_ELEMENT_WARNING(
				src, RESOURCE, SETTINGS,
				("%s has no PHC that can be read, so buffers "
				 "have the time of arrival",
				 src->ifname),
				("%s", g_strerror(-err)));
		}
	}
	opts.clock = src->phc;
	return avtpmap_media_clock_open(&src->clock, &opts);
}

gboolean source_open(AvtpmapSrc *src)
{
	char error[256] = "";
	int err;

	src->lease.stream_fd = src->lease.port_fd = -1;
	if (!src->ifname || !src->stream_id)
		return fail(src, -EINVAL,
			    "interface= and stream= are needed, as in "
			    "avtpmapsrc interface=eth0 "
			    "stream=00:1b:21:aa:bb:cc:00:01");
	err = open_handles(src, error, sizeof(error));
	if (!err)
		err = open_clocks(src);
	if (!err) {
		src->poll = gst_poll_new(TRUE);
		if (!src->poll)
			err = -ENOMEM;
	}
	if (err) {
		fail(src, err, *error ? error : g_strerror(-err));
		source_close(src);
		return FALSE;
	}
	gst_poll_fd_init(&src->fd);
	src->fd.fd = avtpmap_fd(src->bell);
	gst_poll_add_fd(src->poll, &src->fd);
	gst_poll_fd_ctl_read(src->poll, &src->fd, TRUE);
	src->format = (struct avtpmap_format){ 0 };
	src->discont = true;
	src->over = false;
	src->ended_ns = GST_CLOCK_TIME_NONE;
	src->buffers = src->silent_units = src->lost_frames = 0;
	GST_INFO_OBJECT(src, "by %s (%s)", avtpmap_backend_name(src->s),
			avtpmap_backend_reason(src->s));
	return TRUE;
}

void source_close(AvtpmapSrc *src)
{
	gst_clear_buffer(&src->part);
	src->filled = 0;
	avtpmap_pcm_close(src->pcm);
	avtpmap_media_clock_close(src->clock);
	avtpmap_clock_close(src->phc);
	avtpmap_close(src->bell);
	avtpmap_close(src->s);
	lease_end(&src->lease);
	if (src->poll)
		gst_poll_free(src->poll);
	src->pcm = NULL;
	src->clock = NULL;
	src->phc = NULL;
	src->bell = src->s = NULL;
	src->poll = NULL;
}

/* What came teaches the clock, and then its period is over. */
static void hear(AvtpmapSrc *src)
{
	guint64 now = mono_now();

	while (avtpmap_peek(src->bell)) {
		avtpmap_media_clock_frame(src->clock, src->bell);
		avtpmap_release(src->bell);
	}
	if (src->phc && now - src->updated_ns >= UPDATE_NS) {
		src->updated_ns = now;
		avtpmap_clock_update(src->phc);
	}
}

GstFlowReturn source_wait(AvtpmapSrc *src)
{
	int n = gst_poll_wait(src->poll, 100 * GST_MSECOND);

	if (n < 0 && errno == EBUSY)
		return GST_FLOW_FLUSHING;
	if (avtpmap_wait(src->bell, 0) == -ENODEV) {
		GST_ELEMENT_ERROR(src, RESOURCE, READ,
				  ("stream %s was deleted, or %s went",
				   src->stream_id, src->ifname),
				  (NULL));
		return GST_FLOW_ERROR;
	}
	hear(src);
	if (avtpmap_events(src->bell) & AVTPMAP_EV_END && src->until_end)
		src->over = true;
	if (src->over)
		return GST_FLOW_EOS;
	return n ? GST_FLOW_OK : GST_FLOW_CUSTOM_SUCCESS;
}
