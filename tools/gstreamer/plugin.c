// SPDX-License-Identifier: MIT
/* The element: its properties, and what GStreamer asks of a source. */
#include "source.h"

#define PACKAGE "avtpmap"

enum {
	PROP_INTERFACE = 1,
	PROP_STREAM,
	PROP_BACKEND,
	PROP_PERIOD,
	PROP_RING_MS,
	PROP_TIMESTAMPS,
	PROP_UNTIL_END,
	PROP_STATS,
};

G_DEFINE_TYPE(AvtpmapSrc, avtpmap_src, GST_TYPE_PUSH_SRC)

static GstStaticPadTemplate template = GST_STATIC_PAD_TEMPLATE(
	"src", GST_PAD_SRC, GST_PAD_ALWAYS,
	GST_STATIC_CAPS("audio/x-raw, format = { " GST_AUDIO_NE(S16) ", " GST_AUDIO_NE(
		S32) ", " GST_AUDIO_NE(F32) " }, "
					    "layout = interleaved, rate = [ 1, max ], "
					    "channels = [ 1, max ]; application/x-avtp"));

static GType backend_type(void)
{
	static const GEnumValue values[] = {
		{ AVTPMAP_BACKEND_AUTO, "The best that there is", "auto" },
		{ AVTPMAP_BACKEND_KMOD, "The kernel module", "kmod" },
		{ AVTPMAP_BACKEND_XDP, "The XDP program", "xdp" },
		{ AVTPMAP_BACKEND_PACKET, "A packet socket", "packet" },
		{ 0, NULL, NULL },
	};
	static GType type;

	if (g_once_init_enter(&type))
		g_once_init_leave(&type, g_enum_register_static(
						 "AvtpmapBackend", values));
	return type;
}

static GType stamps_type(void)
{
	static const GEnumValue values[] = {
		{ STAMPS_ARRIVAL, "When they came, by the media clock",
		  "arrival" },
		{ STAMPS_PRESENTATION, "When the talker wants them presented",
		  "presentation" },
		{ 0, NULL, NULL },
	};
	static GType type;

	if (g_once_init_enter(&type))
		g_once_init_leave(&type, g_enum_register_static(
						 "AvtpmapTimestamps", values));
	return type;
}

static void set_property(GObject *object, guint id, const GValue *value,
			 GParamSpec *spec)
{
	AvtpmapSrc *src = AVTPMAP_SRC(object);

	GST_OBJECT_LOCK(src);
	switch (id) {
	case PROP_INTERFACE:
		g_free(src->ifname);
		src->ifname = g_value_dup_string(value);
		break;
	case PROP_STREAM:
		g_free(src->stream_id);
		src->stream_id = g_value_dup_string(value);
		break;
	case PROP_BACKEND:
		src->backend = g_value_get_enum(value);
		break;
	case PROP_PERIOD:
		src->period = g_value_get_uint(value);
		break;
	case PROP_RING_MS:
		src->ring_ms = g_value_get_uint(value);
		break;
	case PROP_TIMESTAMPS:
		src->stamps = g_value_get_enum(value);
		break;
	case PROP_UNTIL_END:
		src->until_end = g_value_get_boolean(value);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(src);
}

static GstStructure *stats(const AvtpmapSrc *src)
{
	return gst_structure_new("application/x-avtpmapsrc-stats", "buffers",
				 G_TYPE_UINT64, src->buffers, "silent-units",
				 G_TYPE_UINT64, src->silent_units,
				 "overrun-frames", G_TYPE_UINT64,
				 src->lost_frames, NULL);
}

static void get_property(GObject *object, guint id, GValue *value,
			 GParamSpec *spec)
{
	AvtpmapSrc *src = AVTPMAP_SRC(object);

	GST_OBJECT_LOCK(src);
	switch (id) {
	case PROP_INTERFACE:
		g_value_set_string(value, src->ifname);
		break;
	case PROP_STREAM:
		g_value_set_string(value, src->stream_id);
		break;
	case PROP_BACKEND:
		g_value_set_enum(value, src->backend);
		break;
	case PROP_PERIOD:
		g_value_set_uint(value, src->period);
		break;
	case PROP_RING_MS:
		g_value_set_uint(value, src->ring_ms);
		break;
	case PROP_TIMESTAMPS:
		g_value_set_enum(value, src->stamps);
		break;
	case PROP_UNTIL_END:
		g_value_set_boolean(value, src->until_end);
		break;
	case PROP_STATS:
		g_value_take_boxed(value, stats(src));
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(src);
}

static void finalize(GObject *object)
{
	AvtpmapSrc *src = AVTPMAP_SRC(object);

	g_free(src->ifname);
	g_free(src->stream_id);
	G_OBJECT_CLASS(avtpmap_src_parent_class)->finalize(object);
}

static gboolean start(GstBaseSrc *base)
{
	return source_open(AVTPMAP_SRC(base));
}

static gboolean stop(GstBaseSrc *base)
{
	source_close(AVTPMAP_SRC(base));
	return TRUE;
}

static gboolean unlock(GstBaseSrc *base)
{
	gst_poll_set_flushing(AVTPMAP_SRC(base)->poll, TRUE);
	return TRUE;
}

static gboolean unlock_stop(GstBaseSrc *base)
{
	gst_poll_set_flushing(AVTPMAP_SRC(base)->poll, FALSE);
	return TRUE;
}

/* Not before a frame has come: create() does it then. */
static gboolean negotiate(GstBaseSrc *base)
{
	(void)base;
	return TRUE;
}

static GstFlowReturn create(GstPushSrc *push, GstBuffer **buf)
{
	AvtpmapSrc *src = AVTPMAP_SRC(push);
	GstFlowReturn flow = GST_FLOW_OK;

	if (!gst_pad_has_current_caps(GST_BASE_SRC_PAD(src)))
		flow = source_negotiate(src);
	return flow ? flow : source_take(src, buf);
}

/* A buffer is as old as it is long when its last unit has come. */
static gboolean query(GstBaseSrc *base, GstQuery *q)
{
	AvtpmapSrc *src = AVTPMAP_SRC(base);
	guint rate = src->format.rate_hz;
	GstClockTime least;

	if (GST_QUERY_TYPE(q) != GST_QUERY_LATENCY)
		return GST_BASE_SRC_CLASS(avtpmap_src_parent_class)
			->query(base, q);
	least = rate ? gst_util_uint64_scale(src->units, GST_SECOND, rate) :
		       10 * GST_MSECOND;
	gst_query_set_latency(q, TRUE, least,
			      least + (src->ring_ms ? src->ring_ms : RING_MS) *
					      GST_MSECOND);
	return TRUE;
}

static void install_properties(GObjectClass *object)
{
	const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
				  GST_PARAM_MUTABLE_READY;

	g_object_class_install_property(
		object, PROP_INTERFACE,
		g_param_spec_string("interface", "Interface",
				    "The network interface, as eth0", NULL,
				    flags));
	g_object_class_install_property(
		object, PROP_STREAM,
		g_param_spec_string("stream", "Stream",
				    "The stream's id, as "
				    "00:1b:21:aa:bb:cc:00:01; avtpmap scan "
				    "finds it",
				    NULL, flags));
	g_object_class_install_property(
		object, PROP_BACKEND,
		g_param_spec_enum("backend", "Backend", "What fills the ring",
				  backend_type(), AVTPMAP_BACKEND_AUTO, flags));
	g_object_class_install_property(
		object, PROP_PERIOD,
		g_param_spec_uint("period", "Period",
				  "Media units (samples) of a buffer of audio, "
				  "or between wakes for PDUs; 0: 10 ms, or 1 ms",
				  0, AVTPMAP_PERIOD_MAX, 0, flags));
	g_object_class_install_property(
		object, PROP_RING_MS,
		g_param_spec_uint("ring-ms", "Ring",
				  "Milliseconds that the ring holds, if the "
				  "stream is not there yet; 0: 500",
				  0, 10000, 0, flags));
	g_object_class_install_property(
		object, PROP_TIMESTAMPS,
		g_param_spec_enum("timestamps", "Timestamps",
				  "Which time buffers have", stamps_type(),
				  STAMPS_ARRIVAL, flags));
	g_object_class_install_property(
		object, PROP_UNTIL_END,
		g_param_spec_boolean("until-end", "Until end",
				     "End (EOS) when the stream falls silent",
				     FALSE, flags));
	g_object_class_install_property(
		object, PROP_STATS,
		g_param_spec_boxed("stats", "Statistics",
				   "Buffers pushed, units of them that are "
				   "silence for what the wire lost, frames "
				   "that were overwritten unread",
				   GST_TYPE_STRUCTURE,
				   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void avtpmap_src_class_init(AvtpmapSrcClass *class)
{
	GObjectClass *object = G_OBJECT_CLASS(class);
	GstElementClass *element = GST_ELEMENT_CLASS(class);
	GstBaseSrcClass *base = GST_BASE_SRC_CLASS(class);

	object->set_property = set_property;
	object->get_property = get_property;
	object->finalize = finalize;
	install_properties(object);
	gst_element_class_add_static_pad_template(element, &template);
	gst_element_class_set_static_metadata(
		element, "AVTP stream source", "Source/Audio/Network",
		"Receives an IEEE 1722 (AVTP) stream through avtpmap",
		"avtpmap");
	base->start = start;
	base->stop = stop;
	base->unlock = unlock;
	base->unlock_stop = unlock_stop;
	base->negotiate = negotiate;
	base->query = query;
	GST_PUSH_SRC_CLASS(class)->create = create;
}

static void avtpmap_src_init(AvtpmapSrc *src)
{
	gst_base_src_set_live(GST_BASE_SRC(src), TRUE);
	gst_base_src_set_format(GST_BASE_SRC(src), GST_FORMAT_TIME);
}

static gboolean init(GstPlugin *plugin)
{
	return gst_element_register(plugin, "avtpmapsrc", GST_RANK_NONE,
				    AVTPMAP_TYPE_SRC);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, avtpmap,
		  "AVTP streams out of avtpmap's rings", init, AVTPMAP_VERSION,
		  "MIT/X11", "avtpmap", "avtpmap")
