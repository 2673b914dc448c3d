/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM avtpmap

#if !defined(AVTPMAP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define AVTPMAP_TRACE_H

#include <linux/tracepoint.h>

#include "stream.h"

TRACE_EVENT(avtpmap_match,
	TP_PROTO(const struct stream *s, u64 pos, u64 media_pos),
	TP_ARGS(s, pos, media_pos),
	TP_STRUCT__entry(
		__field(u64, stream_id)
		__field(int, ifindex)
		__field(u64, pos)
		__field(u64, media_pos)
	),
	TP_fast_assign(
		__entry->stream_id = be64_to_cpu(s->key.stream_id);
		__entry->ifindex = s->port->ifindex;
		__entry->pos = pos;
		__entry->media_pos = media_pos;
	),
	TP_printk("ifindex=%d stream_id=%016llx pos=%llu media_pos=%llu",
		  __entry->ifindex, __entry->stream_id, __entry->pos,
		  __entry->media_pos)
);

TRACE_EVENT(avtpmap_refuse,
	TP_PROTO(const struct stream *s, u32 reason),
	TP_ARGS(s, reason),
	TP_STRUCT__entry(
		__field(u64, stream_id)
		__field(int, ifindex)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->stream_id = be64_to_cpu(s->key.stream_id);
		__entry->ifindex = s->port->ifindex;
		__entry->reason = reason;
	),
	TP_printk("ifindex=%d stream_id=%016llx reason=%s",
		  __entry->ifindex, __entry->stream_id,
		  __print_symbolic(__entry->reason,
			{ AVTPMAP_C_MALFORMED, "malformed" },
			{ AVTPMAP_C_UNSUPPORTED_FORMAT, "unsupported_format" },
			{ AVTPMAP_C_MULTIBUF, "multibuf" },
			{ AVTPMAP_C_TOO_LONG, "too_long" },
			{ AVTPMAP_C_CONFLICT, "conflict" },
			{ AVTPMAP_C_OTHER_PATH, "other_path" },
			{ AVTPMAP_C_NO_FORMAT, "no_format" }))
);

TRACE_EVENT(avtpmap_wake,
	TP_PROTO(const struct stream *s, pid_t reader, u32 why),
	TP_ARGS(s, reader, why),
	TP_STRUCT__entry(
		__field(u64, stream_id)
		__field(int, ifindex)
		__field(pid_t, reader)
		__field(u32, why)
		__field(u64, media_pos)
	),
	TP_fast_assign(
		__entry->stream_id = be64_to_cpu(s->key.stream_id);
		__entry->ifindex = s->port->ifindex;
		__entry->reader = reader;
		__entry->why = why;
		__entry->media_pos = s->account.media_pos;
	),
	TP_printk("ifindex=%d stream_id=%016llx reader=%d why=%s media_pos=%llu",
		  __entry->ifindex, __entry->stream_id, __entry->reader,
		  __print_symbolic(__entry->why,
			{ AVTPMAP_C_WAKES_PERIOD, "period" },
			{ AVTPMAP_C_WAKES_DEADLINE, "deadline" },
			{ AVTPMAP_C_WAKES_EVENT, "event" }),
		  __entry->media_pos)
);

#endif /* AVTPMAP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
