/* SPDX-License-Identifier: MIT */
/*
 * The reader's side of the ring: peek, read, release. Inline, because a system
 * call, a lock or an allocation per frame is what avtpmap exists to avoid.
 *
 * The letters are those of the drawing in <linux/avtpmap.h>; the producer's
 * side is in kmod/shared/ring_prod.h.
 *
 *	while ((slot = avtpmap_peek(s))) {
 *		use(avtpmap_slot_pdu(slot), slot->len_bytes);
 *		if (avtpmap_release(s) == -EPIPE)
 *			forget();	// the producer came round meanwhile
 *	}
 *
 * The producer never waits. A reader that is a whole ring behind is overrun:
 * it goes on at the middle of the ring, half a ring behind the newest frame,
 * so that it has half a ring's time before the next overrun. What it missed is
 * counted exactly: frames released with 0, plus avtpmap_overrun_frames(), are
 * the frames published since it was opened up to its position.
 *
 * One thread at a time per stream handle. Any number of handles, in any number
 * of threads and processes, may read one stream.
 */
#ifndef AVTPMAP_RING_H
#define AVTPMAP_RING_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/avtpmap.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef AVTPMAP_INLINE
#define AVTPMAP_INLINE static inline
#endif

struct avtpmap_stream;

/**
 * struct avtpmap_ring - where a handle's memory and cursor are
 *
 * Every struct avtpmap_stream begins with one. It is public only for the
 * functions below; programs use those.
 *
 * @hdr: the ring's first page, mapped read-only
 * @slots: slot 0, mapped read-only
 * @reader: this handle's own page
 * @held: the slot between peek and release, or NULL
 * @pos: position that peek shows next
 * @head: frames published, as last seen
 * @acked: media position last stored in @reader
 * @overrun_frames: frames that were overwritten before they were released
 * @overruns: times that this happened
 * @mask: n_slots - 1
 * @shift: log2(stride)
 * @quiet: called when media up to @quiet_at is released, so that the handle's
 *	descriptor ceases to be readable; NULL where the kernel looks at @reader
 * @resv: 0
 */
struct avtpmap_ring {
	const struct avtpmap_ring_hdr *hdr;
	const unsigned char *slots;
	struct avtpmap_reader_page *reader;
	const struct avtpmap_slot *held;
	__u64 pos;
	__u64 head;
	__u64 acked;
	__u64 overrun_frames;
	__u64 overruns;
	__u32 mask;
	__u32 shift;
	void (*quiet)(struct avtpmap_ring *r);
	__u64 quiet_at;
	__u64 resv[4];
};

/* ThreadSanitizer knows no fences, and gcc refuses them with it. */
#if defined(__SANITIZE_THREAD__)
#define avtpmap_fence_acquire() \
	do {                    \
	} while (0)
#else
#define avtpmap_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#endif

AVTPMAP_INLINE struct avtpmap_ring *avtpmap_ring(struct avtpmap_stream *s)
{
	return (struct avtpmap_ring *)s;
}

/* The AVTP PDU of a slot: slot->len_bytes of it, from its subtype octet on. */
AVTPMAP_INLINE const unsigned char *
avtpmap_slot_pdu(const struct avtpmap_slot *slot)
{
	return (const unsigned char *)(slot + 1);
}

/*
 * Not for programs: step over what the producer has overwritten. The held slot
 * is forgotten.
 */
AVTPMAP_INLINE void avtpmap_ring_overrun(struct avtpmap_ring *r)
{
	__u64 head = __atomic_load_n(&r->hdr->head, __ATOMIC_ACQUIRE);
	__u64 to = head - (r->mask + 1) / 2;

	if ((__s64)(to - r->pos) <= 0) /* head not seen yet, or no producer */
		to = r->pos + 1;
	r->overrun_frames += to - r->pos;
	r->overruns++;
	r->head = head;
	r->pos = to;
	r->held = NULL;
}

/* Not for programs: store how far this reader is. Never goes back. */
AVTPMAP_INLINE void avtpmap_ring_ack(struct avtpmap_ring *r, __u64 media_pos)
{
	if (media_pos <= r->acked)
		return;
	r->acked = media_pos;
	__atomic_store_n(&r->reader->acked, media_pos, __ATOMIC_RELAXED);
	if (r->quiet && media_pos >= r->quiet_at)
		r->quiet(r);
}

/**
 * avtpmap_peek() - look at the oldest frame not yet released
 * @s: the stream
 *
 * Returns the frame's slot, the same one until it is released, or NULL if no
 * frame is there. The slot stays in the ring and can be overwritten at any
 * time: only avtpmap_release() or avtpmap_verify() say that what was read of
 * it until then was whole.
 *
 * After an overrun the slot returned is not the one after the last: see
 * avtpmap_overrun_frames(), and slot->media_pos tells where it belongs.
 */
AVTPMAP_INLINE const struct avtpmap_slot *avtpmap_peek(struct avtpmap_stream *s)
{
	struct avtpmap_ring *r = avtpmap_ring(s);
	const struct avtpmap_slot *slot;

	if (r->held)
		return r->held;
	for (;;) {
		if ((__s64)(r->head - r->pos) <= 0) {
			r->head = __atomic_load_n(&r->hdr->head,
						  __ATOMIC_ACQUIRE);
			/* E, pairs with D in ring_prod.h */
			if ((__s64)(r->head - r->pos) <= 0)
				return NULL;
		}
		slot = (const struct avtpmap_slot *)(r->slots +
						     ((r->pos & r->mask)
						      << r->shift));
		/* F, pairs with C in ring_prod.h */
		if (__atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE) ==
		    2 * r->pos + 2)
			break;
		avtpmap_ring_overrun(r);
	}
	r->held = slot;
	return slot;
}

/* Not for programs: whether the slot's frame is the one at @pos until now. */
AVTPMAP_INLINE int avtpmap_slot_is(const struct avtpmap_slot *slot, __u64 pos)
{
	avtpmap_fence_acquire(); /* G before H */
	/* H, pairs with A in ring_prod.h */
	return __atomic_load_n(&slot->seq, __ATOMIC_RELAXED) == 2 * pos + 2;
}

/**
 * avtpmap_verify() - ask whether all that was read of the slot was whole
 * @s: the stream
 *
 * For a reader that must know before it acts and is not done with the slot.
 *
 * Returns 0; -EPIPE if the slot was overwritten since avtpmap_peek(), which
 * counts as an overrun and releases it; -EINVAL if none is held.
 */
AVTPMAP_INLINE int avtpmap_verify(struct avtpmap_stream *s)
{
	struct avtpmap_ring *r = avtpmap_ring(s);

	if (!r->held)
		return -EINVAL;
	if (avtpmap_slot_is(r->held, r->pos))
		return 0;
	avtpmap_ring_overrun(r);
	return -EPIPE;
}

/**
 * avtpmap_release() - be done with the slot that avtpmap_peek() returned
 * @s: the stream
 *
 * Returns 0 if it was whole until now; -EPIPE if it was overwritten meanwhile:
 * whatever was read of it must be thrown away, and the next avtpmap_peek()
 * returns a later frame; -EINVAL if none is held.
 */
AVTPMAP_INLINE int avtpmap_release(struct avtpmap_stream *s)
{
	struct avtpmap_ring *r = avtpmap_ring(s);
	const struct avtpmap_slot *slot = r->held;
	__u64 end, pos = r->pos;

	if (!slot)
		return -EINVAL;
	end = __atomic_load_n(&slot->media_pos, __ATOMIC_RELAXED) +
	      __atomic_load_n(&slot->units, __ATOMIC_RELAXED); /* G */
	if (!avtpmap_slot_is(slot, pos)) {
		avtpmap_ring_overrun(r);
		return -EPIPE;
	}
	r->pos = pos + 1;
	r->held = NULL;
	avtpmap_ring_ack(r, end);
	return 0;
}

/* Frames published and not yet released, overwritten ones included. */
AVTPMAP_INLINE uint64_t avtpmap_avail(struct avtpmap_stream *s)
{
	struct avtpmap_ring *r = avtpmap_ring(s);
	__u64 n = __atomic_load_n(&r->hdr->head, __ATOMIC_ACQUIRE) - r->pos;

	return (__s64)n > 0 ? n : 0; /* E */
}

/* Position of the frame that avtpmap_peek() shows, or will show, next. */
AVTPMAP_INLINE uint64_t avtpmap_position(struct avtpmap_stream *s)
{
	return avtpmap_ring(s)->pos;
}

/* Frames that were overwritten before this handle released them. Exact. */
AVTPMAP_INLINE uint64_t avtpmap_overrun_frames(struct avtpmap_stream *s)
{
	return avtpmap_ring(s)->overrun_frames;
}

/* Times that this handle was overrun. */
AVTPMAP_INLINE uint64_t avtpmap_overruns(struct avtpmap_stream *s)
{
	return avtpmap_ring(s)->overruns;
}

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_RING_H */
