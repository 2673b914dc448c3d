// SPDX-License-Identifier: GPL-2.0
/*
 * The receive path, from the bottom of this file upward: port_rx() checks,
 * parses and looks up; stream_rx() accounts, produces and wakes. All of it runs
 * in NAPI context.
 */
#include "copy.h"
#include "port.h"
#include "stream.h"
#include "table.h"
#include "trace.h"

static void bump(u64 *counter)
{
	WRITE_ONCE(*counter, *counter + 1);
}

/* The frame's one copy. Most lie in one part; a stream's PDU has 12 octets. */
static void copy_pdu(u8 *to, const struct avtpmap_rx *rx,
		     const struct avtpmap_pdu *pdu)
{
	const u8 *from = rx->data + pdu->offset;
	u32 n = pdu->len_bytes, first = rx->len_bytes - pdu->offset;

	if (unlikely(n > first)) {
		env_copy(to, from, first);
		env_copy(to + first, rx->frag, n - first);
	} else if (n <= COPY_SHORT_MAX) {
		copy_short(to, from, n);
	} else {
		env_copy(to, from, n);
	}
}

static void produce(struct stream *s, const struct avtpmap_rx *rx,
		    const struct avtpmap_pdu *pdu, struct avtpmap_entry *e,
		    u64 now_ns)
{
	struct avtpmap_slot *slot = ring_slot(&s->ring, s->head);
	struct avtpmap_ring_hdr *hdr = s->ring.hdr;
	u64 hwtime_ns = 0, pos = s->head;

	lockdep_assert_held(&s->lock);
	if (rx->flags & AVTPMAP_RX_HWTIME) {
		e->flags |= AVTPMAP_F_HWTIME;
		hwtime_ns = rx->hwtime_ns;
		avtpmap_count_presentation(hdr, pdu, hwtime_ns, s->ring_ns);
	}
	avtpmap_slot_reserve(slot, pos);
	avtpmap_slot_write(slot, pdu, e, s->account.epoch, now_ns, hwtime_ns);
	copy_pdu((u8 *)(slot + 1), rx, pdu);
	avtpmap_count_frame(hdr, pdu);
	avtpmap_slot_commit(hdr, slot, pos, s->account.media_pos);
	trace_avtpmap_match(s, pos, e->media_pos);
	s->head = pos + 1;
	if (unlikely(hdr->state != AVTPMAP_RING_LIVE))
		stream_start(s, e, now_ns);
}

/* Not inline: it is most of the code, and none of the way. */
static noinline bool refuse_frame(struct stream *s,
				  const struct avtpmap_pdu *pdu,
				  struct avtpmap_entry *e,
				  enum avtpmap_counter why, u64 now_ns)
{
	*e = (struct avtpmap_entry){ .refused = why };
	if (why == AVTPMAP_C_MULTIBUF || why == AVTPMAP_C_TOO_LONG)
		avtpmap_account_skip(&s->account, s->ring.hdr, pdu, why,
				     now_ns);
	else
		count(s->ring.hdr, why, 1);
	return false;
}

/* Returns whether the frame can be accounted for. One that cannot is counted. */
static bool fits(struct stream *s, const struct avtpmap_rx *rx,
		 enum avtpmap_class class, const struct avtpmap_pdu *pdu,
		 struct avtpmap_entry *e, u64 now_ns)
{
	lockdep_assert_held(&s->lock);
	if (unlikely(!avtpmap_key_on_path(&s->key, pdu)))
		return refuse_frame(s, pdu, e, AVTPMAP_C_OTHER_PATH, now_ns);
	if (unlikely(class != AVTPMAP_STREAM))
		return refuse_frame(s, pdu, e, class == AVTPMAP_MALFORMED ?
						AVTPMAP_C_MALFORMED :
						AVTPMAP_C_UNSUPPORTED_FORMAT,
				    now_ns);
	if (unlikely(rx->flags & AVTPMAP_RX_MULTIBUF))
		return refuse_frame(s, pdu, e, AVTPMAP_C_MULTIBUF, now_ns);
	if (unlikely(pdu->len_bytes > s->room_bytes))
		return refuse_frame(s, pdu, e, AVTPMAP_C_TOO_LONG, now_ns);
	return true;
}

/* Returns whether the frame is in the ring. Whatever is not was counted. */
static __always_inline bool
stream_rx(struct stream *s, const struct avtpmap_rx *rx,
	  enum avtpmap_class class, const struct avtpmap_pdu *pdu)
{
	u64 now_ns = ktime_get_ns();
	struct avtpmap_entry e __uninitialized;
	bool in_ring;

	/* Two queues may bring frames of one stream; in practice they do not. */
	spin_lock(&s->lock);
	in_ring = likely(fits(s, rx, class, pdu, &e, now_ns)) &&
		  avtpmap_account(&s->account, s->ring.hdr, pdu, now_ns, &e);
	if (likely(in_ring))
		produce(s, rx, pdu, &e, now_ns);
	else
		trace_avtpmap_refuse(s, e.refused);
	if (unlikely(e.events))		/* an epoch has one, or is the start */
		stream_frame_events(s, &e, now_ns);
	if (unlikely(s->account.media_pos >= s->next_due))
		stream_periods(s, now_ns);
	spin_unlock(&s->lock);
	return in_ring;
}

enum avtpmap_verdict port_rx(struct avtpmap_sink *sink,
			     const struct avtpmap_rx *rx)
{
	struct port *port = container_of(sink, struct port, sink);
	struct queue *q = &port->queues[rx->queue];
	u32 frame_bytes = rx->len_bytes + rx->frag_bytes;
	struct avtpmap_pdu pdu __uninitialized;	/* parsing writes it */
	enum avtpmap_class class;
	struct stream *s;

	if (unlikely(rx->flags & (AVTPMAP_RX_ERROR | AVTPMAP_RX_MULTIBUF))) {
		if (rx->flags & AVTPMAP_RX_ERROR) {
			bump(&q->stats.error);
			return AVTPMAP_PASS;
		}
		frame_bytes = U32_MAX;	/* the rest is not here to be measured */
	}

	class = avtpmap_parse(&pdu, rx->data, rx->data + rx->len_bytes,
			      frame_bytes, rx->flags & AVTPMAP_RX_VLAN,
			      rx->vlan_tci);
	if (unlikely(class == AVTPMAP_NOT_AVTP)) {
		bump(&q->other);
		return AVTPMAP_PASS;
	}
	if (class == AVTPMAP_CONTROL) {
		bump(&q->stats.control);
		return AVTPMAP_PASS;
	}
	s = table_find(port, pdu.stream_id);
	if (unlikely(!s)) {
		bump(&q->stats.unknown);
		return AVTPMAP_PASS;
	}
	if (unlikely(!stream_rx(s, rx, class, &pdu))) {
		bump(&q->refused);
		return AVTPMAP_PASS;
	}
	if (READ_ONCE(s->mode) == AVTPMAP_MODE_COPY) {
		bump(&q->stats.copied);
		return AVTPMAP_PASS;
	}
	bump(&q->stats.taken);
	return AVTPMAP_CONSUMED;
}
