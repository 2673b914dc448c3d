// SPDX-License-Identifier: MIT
/* Presentation times: see avtpmap/time.h. */
#include <errno.h>
#include <string.h>

#include "../internal.h"
#include "../../kmod/shared/avtp.h"

_Static_assert(sizeof(struct avtpmap_time) == 64, "library ABI");
_Static_assert(sizeof(struct avtpmap_presentation) == 32, "library ABI");

enum { NS_PER_S = 1000000000, DBC_OFFSET = 27 };

void avtpmap_time_init(struct avtpmap_time *t,
		       const struct avtpmap_clock *clock)
{
	memset(t, 0, sizeof(*t));
	t->clock = clock;
}

uint64_t avtpmap_time_extend(uint32_t timestamp, uint64_t reference_ns)
{
	return reference_ns + (int32_t)(timestamp - (uint32_t)reference_ns);
}

uint32_t avtpmap_syt_interval(uint32_t rate_hz)
{
	if (!rate_hz)
		return 0;
	return rate_hz <= 48000 ? 8 : rate_hz <= 96000 ? 16 : 32;
}

uint32_t avtpmap_syt_index(uint32_t syt_interval, uint8_t dbc)
{
	if (!syt_interval)
		return 0;
	return (syt_interval - dbc % syt_interval) % syt_interval;
}

void avtpmap_time_format(struct avtpmap_time *t, uint32_t epoch,
			 const struct avtpmap_format *format)
{
	int samples = format->unit == AVTPMAP_UNIT_SAMPLES;

	t->epoch = epoch;
	t->anchored = 0;
	t->rate_hz = samples ? format->rate_hz : 0;
	t->syt_interval = format->subtype == AVTPMAP_SUB_61883_IIDC ?
				  avtpmap_syt_interval(t->rate_hz) :
				  0;
}

/* Nanoseconds that @units (signed) last, to the nearest. */
static int64_t duration_ns(int64_t units, uint32_t rate_hz)
{
	__int128 twice = (__int128)units * 2 * NS_PER_S;

	return (int64_t)((twice + (units < 0 ? -1 : 1) * (int64_t)rate_hz) /
			 (2 * (int64_t)rate_hz));
}

int avtpmap_time_at(const struct avtpmap_time *t, uint64_t media_pos,
		    struct avtpmap_presentation *out)
{
	int64_t away = media_pos - t->anchor_pos;
	int64_t most = (int64_t)t->rate_hz *
		       (int64_t)(AVTPMAP_TIME_HOLD_NS / NS_PER_S);

	if (!t->anchored || away > most || away < -most)
		return -ENODATA;
	if (!out)
		return 0;
	*out = (struct avtpmap_presentation){
		.present_ns = t->anchor_ns,
		.media_pos = media_pos,
	};
	if (away) {
		out->present_ns += duration_ns(away, t->rate_hz);
		out->flags = AVTPMAP_T_INTERPOLATED;
	}
	return 0;
}

/* A frame whose timestamp can be used; @at becomes that of its first unit. */
static void stamped(struct avtpmap_time *t, const struct avtpmap_stamp *stamp,
		    struct avtpmap_presentation *at)
{
	uint32_t index = avtpmap_syt_index(t->syt_interval, stamp->dbc);
	uint64_t ns =
		avtpmap_time_extend(stamp->avtp_timestamp, stamp->reference_ns);

	*at = (struct avtpmap_presentation){
		.present_ns = ns,
		.media_pos = stamp->media_pos,
	};
	if (index) {
		at->present_ns -= duration_ns(index, t->rate_hz);
		at->flags = AVTPMAP_T_INTERPOLATED;
	}
	/* what was overtaken is no newer than the anchor */
	if (stamp->flags &
	    (AVTPMAP_F_TU | AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE))
		return;
	t->anchor_ns = ns;
	t->anchor_pos = stamp->media_pos + index;
	t->anchored = 1;
}

int avtpmap_time_enter(struct avtpmap_time *t,
		       const struct avtpmap_stamp *stamp,
		       struct avtpmap_presentation *out)
{
	struct avtpmap_presentation at;
	int err = 0;

	if (!t->epoch || stamp->epoch != t->epoch)
		return -ESTRPIPE;
	if (stamp->flags & AVTPMAP_F_MR)
		t->anchored = 0;
	if (stamp->flags & AVTPMAP_F_TV && stamp->have_reference &&
	    !(stamp->flags & AVTPMAP_F_NODATA))
		stamped(t, stamp, &at);
	else
		err = avtpmap_time_at(t, stamp->media_pos, &at);
	if (err || !out)
		return err;
	if (stamp->flags & AVTPMAP_F_TU)
		at.flags |= AVTPMAP_T_UNCERTAIN;
	if (stamp->have_reference) {
		at.margin_ns = at.present_ns - stamp->reference_ns;
		at.flags |= AVTPMAP_T_MARGIN;
		if (at.margin_ns < 0)
			at.flags |= AVTPMAP_T_LATE;
	}
	*out = at;
	return 0;
}

/* The PHC's time at arrival: from the NIC, or through the clock. */
static int reference_of(const struct avtpmap_time *t,
			const struct avtpmap_slot *slot, uint32_t flags,
			uint64_t *ns)
{
	if (flags & AVTPMAP_F_HWTIME) {
		*ns = env_load(&slot->hwtime_ns);
		return 1;
	}
	if (!t->clock || !(flags & AVTPMAP_F_MONOTIME))
		return 0;
	return !avtpmap_clock_to_phc(t->clock, AVTPMAP_CLOCK_MONOTONIC,
				     env_load(&slot->mono_ns), ns, NULL);
}

/* Reads the held slot; what it read is true only once that was verified. */
static void read_stamp(const struct avtpmap_time *t,
		       const struct avtpmap_slot *slot,
		       struct avtpmap_stamp *stamp)
{
	memset(stamp, 0, sizeof(*stamp));
	stamp->media_pos = env_load(&slot->media_pos); /* G */
	stamp->avtp_timestamp = env_load(&slot->avtp_timestamp);
	stamp->flags = env_load(&slot->flags);
	stamp->epoch = env_load(&slot->epoch);
	if (t->syt_interval && env_load(&slot->len_bytes) > DBC_OFFSET)
		stamp->dbc = env_load(&avtpmap_slot_pdu(slot)[DBC_OFFSET]);
	stamp->have_reference =
		reference_of(t, slot, stamp->flags, &stamp->reference_ns);
}

int avtpmap_time_frame(struct avtpmap_time *t, struct avtpmap_stream *s,
		       struct avtpmap_presentation *out)
{
	const struct avtpmap_slot *slot = s->ring.held;
	struct avtpmap_format format;
	struct avtpmap_stamp stamp;
	uint32_t epoch;
	int err = 0;

	if (!slot)
		return -EINVAL;
	epoch = env_load(&slot->epoch);
	if (epoch != t->epoch)
		err = slot_format(s, slot, &format);
	if (!err && epoch != t->epoch)
		avtpmap_time_format(t, epoch, &format);
	read_stamp(t, slot, &stamp);
	if (avtpmap_verify(s)) {
		t->epoch = 0; /* the format may be of another frame */
		return -EPIPE;
	}
	return err ? -ENODATA : avtpmap_time_enter(t, &stamp, out);
}
