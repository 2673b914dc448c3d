/* SPDX-License-Identifier: MIT */
/*
 * The parts of GStreamer's element "avtpmapsrc": one stream as a live source.
 *
 * The stream's format is known when its first frame came, so caps are negotiated
 * then: audio is decoded where downstream takes audio/x-raw, else PDUs are pushed
 * as application/x-avtp, a buffer each, as GStreamer's own avtpsrc does.
 */
#ifndef AVTPMAP_GSTREAMER_SOURCE_H
#define AVTPMAP_GSTREAMER_SOURCE_H

#include <gst/audio/audio.h>
#include <gst/base/gstpushsrc.h>
#include <stdbool.h>
#include <time.h>

#include <avtpmap/avtpmap.h>
#include "../lease.h"

#define AVTPMAP_TYPE_SRC (avtpmap_src_get_type())
G_DECLARE_FINAL_TYPE(AvtpmapSrc, avtpmap_src, AVTPMAP, SRC, GstPushSrc)

enum {
	RING_MS = 500, /* longer than most buffers of a pipeline */
	EVENTS = AVTPMAP_EV_START | AVTPMAP_EV_END | AVTPMAP_EV_EPOCH,
};

/* Which time a buffer has. */
enum stamps {
	STAMPS_ARRIVAL,
	STAMPS_PRESENTATION,
};

/**
 * struct _AvtpmapSrc - the element
 * @parent: GStreamer's part
 * @ifname: @stream_id: @backend: @period: @ring_ms: @stamps: @until_end: the
 *	properties (object lock)
 * @lease: what of the stream is ours to delete
 * @s: handle that is read
 * @bell: a second one: its periods wake, and its frames teach the clock
 * @poll: sleeps on @bell; flushed by unlock
 * @fd: @bell's, there
 * @clock: the stream's media clock
 * @phc: by which its times are CLOCK_MONOTONIC's; NULL for arrival
 * @updated_ns: when @phc was last compared
 * @pcm: reads @s as audio; NULL: PDUs are pushed
 * @units: media units between two wakes, which audio's buffers have
 * @part: @filled: a buffer that is not full yet, and its units; or NULL
 * @part_pos: media position of its first unit
 * @part_silent: units of it that are silence for what was lost
 * @info: of the audio
 * @format: of the epoch that is read
 * @epoch: of the last PDU
 * @next: media position of the next unit, if nothing is missing
 * @discont: the next buffer does not follow the one before
 * @over: it fell silent, and with @until_end that is the end
 * @ended_ns: running time up to which the pad has been told of
 * @buffers: @silent_units: @lost_frames: counts for "stats" (object lock)
 */
struct _AvtpmapSrc {
	GstPushSrc parent;
	char *ifname;
	char *stream_id;
	uint32_t backend;
	guint period;
	guint ring_ms;
	int stamps;
	gboolean until_end;

	struct lease lease;
	struct avtpmap_stream *s;
	struct avtpmap_stream *bell;
	GstPoll *poll;
	GstPollFD fd;
	struct avtpmap_media_clock *clock;
	struct avtpmap_clock *phc;
	guint64 updated_ns;
	struct avtpmap_pcm *pcm;
	guint units;
	GstBuffer *part;
	guint filled;
	guint64 part_pos;
	guint64 part_silent;
	GstAudioInfo info;
	struct avtpmap_format format;
	guint32 epoch;
	guint64 next;
	bool discont;
	bool over;
	GstClockTime ended_ns;

	guint64 buffers;
	guint64 silent_units;
	guint64 lost_frames;
};

static inline guint64 mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * GST_SECOND + ts.tv_nsec;
}

/* open.c APIs. FALSE, or not GST_FLOW_OK, after an error message. */
gboolean source_open(AvtpmapSrc *src);
void source_close(AvtpmapSrc *src);
/*
 * Sleeps until something happened. GST_FLOW_EOS: the stream ended;
 * GST_FLOW_CUSTOM_SUCCESS: nothing did for 100 ms.
 */
GstFlowReturn source_wait(AvtpmapSrc *src);

/* caps.c APIs. */
GstFlowReturn source_negotiate(AvtpmapSrc *src);

/* push.c APIs. */
GstFlowReturn source_take(AvtpmapSrc *src, GstBuffer **out);

#endif
