// SPDX-License-Identifier: MIT
/* From the ring into buffers, each with its time. */
#include <errno.h>

#include "source.h"

enum {
	FAR_NS = 100000000, /* from where a buffer is elsewhere for good */
	SMOOTH = 64, /* buffers in which a time that is off is made good */
};

/* CLOCK_MONOTONIC's time as the pipeline's running time. */
static GstClockTime running_at(AvtpmapSrc *src, guint64 mono_ns)
{
	GstClock *clock = gst_element_get_clock(GST_ELEMENT(src));
	GstClockTimeDiff at;

	if (!clock)
		return GST_CLOCK_TIME_NONE;
	at = GST_CLOCK_DIFF(gst_element_get_base_time(GST_ELEMENT(src)),
			    gst_clock_get_time(clock));
	gst_object_unref(clock);
	at += (GstClockTimeDiff)(mono_ns - mono_now());
	return at < 0 ? 0 : at;
}

static GstClockTime duration_of(const AvtpmapSrc *src, guint64 units)
{
	guint rate = src->format.rate_hz;

	return rate ? gst_util_uint64_scale(units, GST_SECOND, rate) : 0;
}

/* By the media clock, else by when the frame came. */
static GstClockTime running_of(AvtpmapSrc *src, guint64 media_pos,
			       guint64 came_mono_ns)
{
	struct avtpmap_media_line line;

	if (!avtpmap_media_clock_line(src->clock, AVTPMAP_TIMEBASE_MONOTONIC,
				      &line))
		came_mono_ns = avtpmap_media_line_time(&line, media_pos, NULL);
	return running_at(src, came_mono_ns);
}

/*
 * What follows without a gap begins about where the one before ended: a clock that
 * has yet to lock, or is read at a bad moment, does not make times jump.
 */
static GstClockTime smooth(AvtpmapSrc *src, GstClockTime measured)
{
	GstClockTimeDiff off;

	if (src->discont || !src->format.rate_hz ||
	    !GST_CLOCK_TIME_IS_VALID(src->ended_ns))
		return measured;
	off = GST_CLOCK_DIFF(src->ended_ns, measured);
	if (ABS(off) > FAR_NS) {
		src->discont = true;
		return measured;
	}
	return src->ended_ns + off / SMOOTH;
}

static void stamp(AvtpmapSrc *src, GstBuffer *buf, guint64 pos, guint64 units,
		  guint64 came_mono_ns)
{
	GstClockTime from = running_of(src, pos, came_mono_ns);

	if (pos != src->next)
		src->discont = true;
	if (GST_CLOCK_TIME_IS_VALID(from)) {
		from = smooth(src, from);
		src->ended_ns = from + duration_of(src, units);
		GST_BUFFER_DURATION(buf) = src->ended_ns - from;
	}
	GST_BUFFER_PTS(buf) = from;
	GST_BUFFER_OFFSET(buf) = pos;
	GST_BUFFER_OFFSET_END(buf) = pos + units;
	if (src->discont)
		GST_BUFFER_FLAG_SET(buf, GST_BUFFER_FLAG_DISCONT);
	src->discont = false;
	src->next = pos + units;
}

static void count(AvtpmapSrc *src, guint64 buffers, guint64 silent_units)
{
	GST_OBJECT_LOCK(src);
	src->buffers += buffers;
	src->silent_units += silent_units;
	src->lost_frames = avtpmap_overrun_frames(src->s);
	GST_OBJECT_UNLOCK(src);
}

/* Nothing comes: downstream is told so that it need not wait for it. */
static void tell_gap(AvtpmapSrc *src)
{
	GstClockTime now = running_at(src, mono_now()), from = src->ended_ns;

	if (!GST_CLOCK_TIME_IS_VALID(from) || !GST_CLOCK_TIME_IS_VALID(now) ||
	    now <= from)
		return;
	src->ended_ns = now;
	src->discont = true;
	gst_pad_push_event(GST_BASE_SRC_PAD(src),
			   gst_event_new_gap(from, now - from));
}

/* ---- audio ---- */

/* What there is of a buffer goes out. */
static GstBuffer *finish(AvtpmapSrc *src)
{
	GstBuffer *buf = src->part;
	guint units = src->filled;

	src->part = NULL;
	src->filled = 0;
	gst_buffer_set_size(buf, (gssize)units * src->info.bpf);
	stamp(src, buf, src->part_pos, units,
	      mono_now() - duration_of(src, units));
	if (src->part_silent == units)
		GST_BUFFER_FLAG_SET(buf, GST_BUFFER_FLAG_GAP);
	count(src, 1, src->part_silent);
	return buf;
}

/* As avtpmap_pcm_read_native() does, of what the buffer lacks. */
static int fill(AvtpmapSrc *src)
{
	struct avtpmap_pcm_result result;
	GstMapInfo map;
	int got;

	if (!src->part) {
		src->filled = 0;
		src->part_silent = 0;
		src->part = gst_buffer_new_allocate(
			NULL, (gsize)src->units * src->info.bpf, NULL);
	}
	gst_buffer_map(src->part, &map, GST_MAP_WRITE);
	got = avtpmap_pcm_read_native(
		src->pcm, map.data + (gsize)src->filled * src->info.bpf,
		src->units - src->filled, &result);
	gst_buffer_unmap(src->part, &map);
	if (got <= 0)
		return got;
	if (!src->filled)
		src->part_pos = result.media_pos;
	src->part_silent += result.silence;
	src->filled += got;
	return got;
}

/* @late: nothing came for a while, so a part will not be filled. */
static GstFlowReturn take_audio(AvtpmapSrc *src, GstBuffer **out, bool late)
{
	int got = fill(src);
	bool is_broken = got < 0 || (late && !got);

	if (src->filled == src->units || (is_broken && src->filled)) {
		*out = finish(src);
	} else if (got == -ESTRPIPE) {
		gst_clear_buffer(&src->part);
		return source_negotiate(src);
	}
	if (got == -EPIPE)
		src->discont = true;
	return GST_FLOW_OK;
}

/* ---- PDUs ---- */

static GstFlowReturn take_pdu(AvtpmapSrc *src, GstBuffer **out)
{
	const struct avtpmap_slot *slot = avtpmap_peek(src->s);
	guint32 bytes, units;
	guint64 pos, mono_ns;
	GstBuffer *buf;

	if (!slot)
		return GST_FLOW_OK;
	bytes = slot->len_bytes;
	units = slot->units;
	pos = slot->media_pos;
	mono_ns = slot->mono_ns;
	if (slot->lost)
		src->discont = true;
	if (slot->epoch != src->epoch) {
		src->discont = true;
		src->epoch = slot->epoch;
	}
	buf = gst_buffer_new_allocate(NULL, bytes, NULL);
	gst_buffer_fill(buf, 0, avtpmap_slot_pdu(slot), bytes);
	if (avtpmap_release(src->s)) { /* overwritten while it was copied */
		gst_buffer_unref(buf);
		src->discont = true;
		return GST_FLOW_OK;
	}
	stamp(src, buf, pos, units, mono_ns);
	GST_BUFFER_DTS(buf) = running_at(src, mono_ns);
	count(src, 1, 0);
	*out = buf;
	return GST_FLOW_OK;
}

/* The next buffer, whenever it comes. */
GstFlowReturn source_take(AvtpmapSrc *src, GstBuffer **out)
{
	GstFlowReturn flow;
	bool late = false;

	*out = NULL;
	for (;;) {
		guint before = src->filled;
		bool had = src->pcm;

		flow = had ? take_audio(src, out, late) : take_pdu(src, out);
		if (flow || *out)
			return flow;
		if (had != !!src->pcm || before != src->filled)
			continue;
		flow = source_wait(src);
		late = flow == GST_FLOW_CUSTOM_SUCCESS || flow == GST_FLOW_EOS;
		if (late && src->filled)
			continue; /* what there is goes first */
		if (flow == GST_FLOW_CUSTOM_SUCCESS)
			tell_gap(src);
		else if (flow)
			return flow;
	}
}
