// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "../kmod/shared/streamid.h"

_Static_assert(sizeof(struct avtpmap_slot) == 64, "PDU follows at 64");
_Static_assert(offsetof(struct avtpmap_slot, media_pos) == 24, "slot layout");
_Static_assert(offsetof(struct avtpmap_slot, flags) == 56, "slot layout");
_Static_assert(sizeof(struct avtpmap_format) == 32, "format layout");
_Static_assert(offsetof(struct avtpmap_ring_hdr, counters_known) == 48 &&
		       offsetof(struct avtpmap_ring_hdr, format_seq) == 64 &&
		       offsetof(struct avtpmap_ring_hdr, head) == 128 &&
		       offsetof(struct avtpmap_ring_hdr, counters) == 192,
	       "each group on its own cache line");
_Static_assert(sizeof(struct avtpmap_ring_hdr) <= AVTPMAP_HEADER_BYTES,
	       "the header fits its page");
_Static_assert(sizeof(struct avtpmap_ring) == 128, "library ABI");

static int is_pow2_in(__u32 v, __u32 min, __u32 max)
{
	return v >= min && v <= max && !(v & (v - 1));
}

int stream_set_ring(struct avtpmap_stream *s, const void *mem, size_t bytes,
		    struct avtpmap_reader_page *page, __u64 head,
		    __u64 media_pos, const struct text *why)
{
	const struct avtpmap_ring_hdr *hdr = mem;
	struct avtpmap_ring *r = &s->ring;

	if (bytes < AVTPMAP_HEADER_BYTES || hdr->magic != AVTPMAP_MAGIC)
		return refuse_text(why, -EBADMSG, "this is not a ring");
	if (hdr->abi > AVTPMAP_ABI + 1 || hdr->abi + 1 < AVTPMAP_ABI)
		return refuse_text(why, -EPROTONOSUPPORT,
				   "ring has ABI %u, libavtpmap %s has %u; "
				   "install the same version of both",
				   hdr->abi, avtpmap_version(), AVTPMAP_ABI);
	if (!is_pow2_in(hdr->stride, AVTPMAP_STRIDE_MIN, AVTPMAP_STRIDE_MAX) ||
	    !is_pow2_in(hdr->n_slots, AVTPMAP_SLOTS_MIN, AVTPMAP_SLOTS_MAX) ||
	    hdr->header_bytes < sizeof(*hdr) || hdr->header_bytes % 64 ||
	    hdr->header_bytes > bytes ||
	    (__u64)hdr->stride * hdr->n_slots > bytes - hdr->header_bytes)
		return refuse_text(why, -EBADMSG,
				   "ring of %zu bytes cannot hold %u slots of "
				   "%u bytes",
				   bytes, hdr->n_slots, hdr->stride);

	r->hdr = hdr;
	r->slots = (const unsigned char *)mem + hdr->header_bytes;
	r->reader = page;
	r->held = NULL;
	r->pos = head;
	r->head = head;
	r->mask = hdr->n_slots - 1;
	r->shift = __builtin_ctz(hdr->stride);
	r->acked = media_pos;
	__atomic_store_n(&page->acked, media_pos, __ATOMIC_RELAXED);
	s->ring_bytes = bytes;
	return 0;
}

int stream_from_memory(struct avtpmap_stream **out, const struct backend *be,
		       const void *mem, size_t bytes,
		       struct avtpmap_reader_page *page, __u64 head,
		       __u64 media_pos)
{
	const struct text none = { NULL, 0 };
	struct avtpmap_stream *s = calloc(1, sizeof(*s));
	int err;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->be = be;
	s->fd = -1;
	err = stream_set_ring(s, mem, bytes, page, head, media_pos, &none);
	if (err) {
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

int avtpmap_open(struct avtpmap_stream **out,
		 const struct avtpmap_open_opts *opts)
{
	struct avtpmap_open_opts o;
	struct avtpmap_stream *s;
	struct text why, reason;
	int err = opts_copy(&o, sizeof(o), opts);

	*out = NULL;
	why = (struct text){ o.error, o.error_bytes };
	if (err)
		return opts_text(&why, err);
	if (!o.ifname || o.kind != AVTPMAP_KIND_AVTP)
		return refuse_text(&why, -EINVAL,
				   "a stream needs an interface name, and kind "
				   "must be AVTP");

	s = calloc(1, sizeof(*s));
	if (!s)
		return refuse_text(&why, -ENOMEM, "out of memory");
	s->fd = -1;
	reason = (struct text){ s->reason, sizeof(s->reason) };

	err = backend_choose(&s->be, o.backend, o.ifname, &reason);
	if (err) {
		refuse_text(&why, err, "%s", s->reason);
		goto free_stream;
	}
	err = s->be->open(s, &o, &why);
	if (err)
		goto free_stream;
	if (o.period.period || o.period.events || o.period.deadline_ns) {
		err = avtpmap_set_period(s, &o.period);
		if (err) {
			refuse_text(&why, err,
				    err == -ERANGE ?
					    "the deadline must be 250 us to "
					    "10 s" :
					    "the period must be 1 to "
					    "1073741824 media units");
			goto close_backend;
		}
	}
	*out = s;
	return 0;

close_backend:
	s->be->close(s);
free_stream:
	free(s);
	return err;
}

void avtpmap_close(struct avtpmap_stream *s)
{
	if (!s)
		return;
	if (s->be && s->be->close)
		s->be->close(s);
	free(s);
}

int avtpmap_fd(struct avtpmap_stream *s)
{
	return s->fd;
}

int period_check(const struct avtpmap_period *period)
{
	if (period->period > AVTPMAP_PERIOD_MAX ||
	    period->events & ~(__u32)AVTPMAP_EV_ALL)
		return -EINVAL;
	if (period->deadline_ns &&
	    (period->deadline_ns < AVTPMAP_FLOOR_NS ||
	     period->deadline_ns > AVTPMAP_DEADLINE_MAX_NS))
		return -ERANGE;
	return 0;
}

int avtpmap_set_period(struct avtpmap_stream *s,
		       const struct avtpmap_period *period)
{
	int err = period_check(period);

	if (err)
		return err;
	return s->be && s->be->set_period ? s->be->set_period(s, period) : 0;
}

int avtpmap_wait(struct avtpmap_stream *s, int64_t timeout_ns)
{
	struct avtpmap_wait w = {
		.timeout_ns = timeout_ns < 0 ? ~0ull : (__u64)timeout_ns,
	};
	int err;

	if (!s->be || !s->be->wait)
		return -EINVAL;
	err = s->be->wait(s, &w);
	s->events |= w.events;
	if (err)
		return err;
	return w.due < INT_MAX ? (int)w.due : INT_MAX;
}

uint32_t avtpmap_events(struct avtpmap_stream *s)
{
	uint32_t events = s->events;

	s->events = 0;
	return events;
}

int avtpmap_reader_info(struct avtpmap_stream *s,
			struct avtpmap_reader_info *info)
{
	memset(info, 0, sizeof(*info));
	return s->be && s->be->info ? s->be->info(s, info) : 0;
}

const struct avtpmap_ring_hdr *avtpmap_header(struct avtpmap_stream *s)
{
	return s->ring.hdr;
}

const char *avtpmap_backend_name(struct avtpmap_stream *s)
{
	return s->be && s->be->name ? s->be->name : "memory";
}

const char *avtpmap_backend_reason(struct avtpmap_stream *s)
{
	return s->reason;
}

int avtpmap_stream_id_from_text(const char *text, uint64_t *id)
{
	size_t len = strlen(text);
	__u64 v;

	if (len > 64 || avtpmap_parse_stream_id(text, len, &v))
		return -EINVAL;
	*id = v;
	return 0;
}

char *avtpmap_stream_id_to_text(char buf[AVTPMAP_STREAM_ID_TEXT], uint64_t id)
{
	return avtpmap_print_stream_id(buf, id);
}

const char *avtpmap_version(void)
{
	return AVTPMAP_VERSION;
}
