// SPDX-License-Identifier: MIT
/* What the stream is, and what of it downstream takes. */
#include <errno.h>

#include "source.h"

static const char *format_of(int type)
{
	switch (type) {
	case AVTPMAP_PCM_S16:
		return GST_AUDIO_NE(S16);
	case AVTPMAP_PCM_S32:
		return GST_AUDIO_NE(S32);
	default:
		return GST_AUDIO_NE(F32);
	}
}

/* AVTP has channels and no places of them: the usual ones, or none. */
static void add_audio(GstCaps *caps, int type, const struct avtpmap_format *f,
		      guint64 mask)
{
	GstStructure *audio = gst_structure_new(
		"audio/x-raw", "format", G_TYPE_STRING, format_of(type),
		"layout", G_TYPE_STRING, "interleaved", "rate", G_TYPE_INT,
		(int)f->rate_hz, "channels", G_TYPE_INT, (int)f->channels,
		NULL);

	if (f->channels > 1)
		gst_structure_set(audio, "channel-mask", GST_TYPE_BITMASK, mask,
				  NULL);
	gst_caps_append_structure(caps, audio);
}

static GstCaps *offered(int type, const struct avtpmap_format *f)
{
	GstCaps *caps = gst_caps_new_empty();
	guint64 usual = gst_audio_channel_get_fallback_mask(f->channels);

	if (type > 0 && f->rate_hz) {
		add_audio(caps, type, f, usual);
		if (f->channels > 2 && usual)
			add_audio(caps, type, f, 0);
	}
	gst_caps_append_structure(
		caps, gst_structure_new_empty("application/x-avtp"));
	return caps;
}

static GstFlowReturn refuse(AvtpmapSrc *src, const struct avtpmap_format *f,
			    GstCaps *wanted)
{
	char *text = gst_caps_to_string(wanted);

	GST_ELEMENT_ERROR(
		src, CORE, NEGOTIATION,
		("stream %s is %s %s with %u channels at %u Hz, which "
		 "downstream does not take: put audioconvert or a "
		 "depayloader behind avtpmapsrc",
		 src->stream_id, avtpmap_subtype_name(f->subtype),
		 avtpmap_encoding_name(f->encoding), f->channels, f->rate_hz),
		("it takes %s", text));
	g_free(text);
	return GST_FLOW_NOT_NEGOTIATED;
}

/* The next frame's format. Audio is read from a wake's position on. */
static int look(AvtpmapSrc *src, struct avtpmap_format *f, guint align)
{
	const struct avtpmap_pcm_opts opts = {
		.sz = sizeof(opts),
		.align = align,
	};
	int err = 0;

	if (align) {
		avtpmap_pcm_close(src->pcm);
		src->pcm = NULL;
	}
	if (!src->pcm)
		err = avtpmap_pcm_open(&src->pcm, src->s, &opts);
	return err ? err : avtpmap_pcm_format(src->pcm, f);
}

/* @caps: empty, or what both sides can. */
static bool settle(AvtpmapSrc *src, GstCaps *caps, struct avtpmap_format *f)
{
	if (gst_caps_is_empty(caps) ||
	    !gst_base_src_set_caps(GST_BASE_SRC(src), caps))
		return false;
	if (gst_structure_has_name(gst_caps_get_structure(caps, 0),
				   "audio/x-raw")) {
		gst_audio_info_from_caps(&src->info, caps);
		src->units = src->period ? src->period : f->rate_hz / 100;
		return look(src, f, src->units) > 0;
	}
	avtpmap_pcm_close(src->pcm);
	src->pcm = NULL;
	src->units = src->period ? src->period : f->rate_hz / 1000;
	return true;
}

static GstFlowReturn choose(AvtpmapSrc *src, int type, struct avtpmap_format *f)
{
	GstPad *pad = GST_BASE_SRC_PAD(src);
	GstCaps *mine = offered(type, f), *wanted, *both;
	GstFlowReturn flow = GST_FLOW_OK;

	wanted = gst_pad_peer_query_caps(pad, NULL);
	both = gst_caps_intersect_full(mine, wanted, GST_CAPS_INTERSECT_FIRST);
	if (!gst_caps_is_empty(both))
		both = gst_caps_fixate(gst_caps_truncate(both));
	if (!settle(src, both, f))
		flow = GST_PAD_IS_FLUSHING(pad) ? GST_FLOW_FLUSHING :
						  refuse(src, f, wanted);
	gst_caps_unref(both);
	gst_caps_unref(wanted);
	gst_caps_unref(mine);
	return flow;
}

/* At the first frame, and at each of a new epoch, which may be of another kind. */
GstFlowReturn source_negotiate(AvtpmapSrc *src)
{
	struct avtpmap_period period = { .events = EVENTS };
	struct avtpmap_format f;
	GstFlowReturn flow;
	int type;

	while ((type = look(src, &f, 0)) == -EAGAIN) {
		flow = source_wait(src);
		if (flow && flow != GST_FLOW_CUSTOM_SUCCESS)
			return flow;
	}
	flow = choose(src, type, &f);
	if (flow)
		return flow;
	src->format = f;
	src->discont = true;
	period.period = src->units ? src->units : 1;
	avtpmap_set_period(src->bell, &period);
	gst_element_post_message(GST_ELEMENT(src),
				 gst_message_new_latency(GST_OBJECT(src)));
	return GST_FLOW_OK;
}
