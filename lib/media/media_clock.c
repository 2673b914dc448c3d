// SPDX-License-Identifier: MIT
/* Frames into a media clock's loops: see avtpmap/clock.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../internal.h"
#include "../../kmod/shared/avtp.h"
#include "media_clock.h"

_Static_assert(sizeof(struct avtpmap_media_clock_opts) == 72, "library ABI");
_Static_assert(sizeof(struct avtpmap_media_frame) == 64, "library ABI");
_Static_assert(sizeof(struct avtpmap_media_line) == 80, "library ABI");
_Static_assert(sizeof(struct avtpmap_media_clock_info) == 224, "library ABI");

enum {
	BANDWIDTH_MHZ = 1000,
	ARRIVAL_MHZ = 20,
	BANDWIDTH_MOST_MHZ = 10000,
	LOCK_NS = 1000,
	ARRIVAL_LOCK_NS = 100000,
	UNLOCK_TIMES = 10,
	DBC_OFFSET = 27,
	WRONG_ENTRIES = 8, /* in a row: timestamps are no timestamps */
	RIGHT_ENTRIES = 16, /* in a row, until they are again */
};

static const uint64_t holdover_ns = 10000000000ull;
static const double two_pi = 6.283185307179586;

static int opts_bad(const struct avtpmap_media_clock_opts *o)
{
	for (size_t i = 0; i < sizeof(o->resv) / sizeof(o->resv[0]); i++)
		if (o->resv[i])
			return 1;
	return o->bandwidth_mhz > BANDWIDTH_MOST_MHZ ||
	       o->arrival_mhz > BANDWIDTH_MOST_MHZ;
}

static void init_stamps(struct avtpmap_media_clock *mc,
			const struct avtpmap_media_clock_opts *o)
{
	const struct servo_opts so = {
		.wn = two_pi * (o->bandwidth_mhz ?: BANDWIDTH_MHZ) / 1000,
		.noise_ns = 20,
		.first_ns = 1000,
		.gate_ns = 1000,
		.step_s = 0.02,
		.lock_ns = o->lock_ns ?: LOCK_NS,
		.unlock_ns = UNLOCK_TIMES * (double)(o->lock_ns ?: LOCK_NS),
	};

	mc->stamp_opts = so;
	servo_init(&mc->stamps, &so);
}

static void init_arrival(struct servo *s,
			 const struct avtpmap_media_clock_opts *o)
{
	double lock_ns = o->arrival_lock_ns ?: ARRIVAL_LOCK_NS;
	const struct servo_opts so = {
		.wn = two_pi * (o->arrival_mhz ?: ARRIVAL_MHZ) / 1000,
		.noise_ns = 5000,
		.first_ns = 100000,
		.gate_ns = 250000,
		.step_s = 0.5,
		.lock_ns = lock_ns,
		.unlock_ns = UNLOCK_TIMES * lock_ns,
		.quantised = 1,
	};

	servo_init(s, &so);
}

int avtpmap_media_clock_open(struct avtpmap_media_clock **out,
			     const struct avtpmap_media_clock_opts *opts)
{
	struct avtpmap_media_clock_opts o;
	struct avtpmap_media_clock *mc;
	int err = opts_copy(&o, sizeof(o), opts);

	*out = NULL;
	if (err)
		return err;
	if (opts_bad(&o))
		return -EINVAL;
	mc = calloc(1, sizeof(*mc));
	if (!mc)
		return -ENOMEM;
	mc->clock = o.clock;
	mc->holdover_ns = o.holdover_ns ?: holdover_ns;
	init_stamps(mc, &o);
	init_arrival(&mc->arrival, &o);
	*out = mc;
	return 0;
}

void avtpmap_media_clock_close(struct avtpmap_media_clock *mc)
{
	free(mc);
}

int avtpmap_media_clock_update(struct avtpmap_media_clock *mc)
{
	struct avtpmap_clock_snapshot s;
	struct clock_reading r;
	int err = clock_measure(CLOCK_MONOTONIC_RAW, &r.phc_ns, &r.sys_ns,
				&r.error_ns);

	if (err)
		return err;
	clock_track_enter(&mc->raw_track, &r);
	memset(&s, 0, sizeof(s));
	s.lines[AVTPMAP_CLOCK_MONOTONIC] = mc->raw_track.line;
	s.updates = ++mc->raw_updates;
	clock_latch_write(&mc->raw_latch, &s);
	return 0;
}

void avtpmap_media_clock_format(struct avtpmap_media_clock *mc, uint32_t epoch,
				const struct avtpmap_format *format)
{
	int samples = format->unit == AVTPMAP_UNIT_SAMPLES;
	double unit_s;

	mc->epoch = epoch;
	mc->epochs++;
	mc->subtype = format->subtype;
	mc->rate_hz = samples ? format->rate_hz : 0;
	mc->syt_interval = format->subtype == AVTPMAP_SUB_61883_IIDC ?
				   avtpmap_syt_interval(mc->rate_hz) :
				   0;
	mc->nominal_hz = mc->rate_hz;
	mc->crf.total = 0;
	mc->source = AVTPMAP_SOURCE_NONE;
	memset(&mc->watch, 0, sizeof(mc->watch));
	mc->right = 0;
	mc->wrong = 0;
	mc->proven = 0;
	mc->doubted = 0;
	unit_s = mc->rate_hz ? 1.0 / mc->rate_hz : 0;
	servo_forget(&mc->stamps, unit_s);
	servo_forget(&mc->arrival, unit_s);
}

/* Timestamps of another kind, or on another time: the line is another. */
static void use_source(struct avtpmap_media_clock *mc, uint32_t source,
		       int absolute)
{
	if (mc->source != source || mc->absolute != absolute) {
		mc->stamps.opts = source == AVTPMAP_SOURCE_ARRIVAL ?
					  mc->arrival.opts :
					  mc->stamp_opts;
		servo_restart(&mc->stamps);
	}
	mc->source = source;
	mc->absolute = absolute;
}

static void enter_stamp(struct avtpmap_media_clock *mc,
			const struct avtpmap_media_frame *f, uint64_t pos,
			uint64_t ns)
{
	servo_enter(&mc->stamps, pos, ns,
		    mc->following ? &mc->follow_rate : NULL);
	mc->stamp_mono_ns = f->mono_ns;
}

/* PHC time near the frame's arrival. Returns if it is whole. */
static int reference(struct avtpmap_media_clock *mc,
		     const struct avtpmap_media_frame *f, uint64_t *ns)
{
	if (f->flags & AVTPMAP_F_HWTIME) {
		*ns = f->hwtime_ns;
		return 1;
	}
	if (mc->clock && f->flags & AVTPMAP_F_MONOTIME &&
	    !avtpmap_clock_to_phc(mc->clock, AVTPMAP_CLOCK_MONOTONIC,
				  f->mono_ns, ns, NULL))
		return 1;
	*ns = f->mono_ns + mc->stamp_less_mono;
	return 0;
}

static uint64_t stamp_pos(const struct avtpmap_media_clock *mc,
			  const struct avtpmap_media_frame *f)
{
	return f->media_pos + avtpmap_syt_index(mc->syt_interval, f->dbc);
}

static void enter_proven(struct avtpmap_media_clock *mc,
			 const struct avtpmap_media_frame *f)
{
	uint64_t ns;
	int absolute = reference(mc, f, &ns);

	ns = avtpmap_time_extend(f->avtp_timestamp, ns);
	use_source(mc, AVTPMAP_SOURCE_TIMESTAMP, absolute);
	if (!absolute)
		mc->stamp_less_mono = ns - f->mono_ns;
	enter_stamp(mc, f, stamp_pos(mc, f), ns);
}

/* All that they said is forgotten. */
static void disbelieve(struct avtpmap_media_clock *mc)
{
	mc->proven = 0;
	mc->doubted = 1;
	mc->source = AVTPMAP_SOURCE_NONE;
	servo_forget(&mc->stamps, mc->stamps.unit_s);
}

/*
 * A timestamp is entered when the next one agrees with it. From then on the loop
 * judges, until so many in a row have gone astray that no step explains it.
 */
static void enter_timestamp(struct avtpmap_media_clock *mc,
			    const struct avtpmap_media_frame *f)
{
	int first = !mc->watch.n;
	int right = stamp_watch(&mc->watch, stamp_pos(mc, f), f->avtp_timestamp,
				mc->rate_hz);

	mc->right = right && !first ? mc->right + 1 : 0;
	mc->wrong = right ? 0 : mc->wrong + 1;
	if (mc->wrong == WRONG_ENTRIES)
		disbelieve(mc);
	if (!mc->proven && mc->right >= (mc->doubted ? RIGHT_ENTRIES : 1)) {
		mc->proven = 1;
		enter_proven(mc, &mc->held);
	}
	if (mc->proven)
		enter_proven(mc, f);
	else
		mc->held = *f;
}

/* The first is not yet proven, and may be soon. */
static int stamp_is_held(const struct avtpmap_media_clock *mc,
			 const struct avtpmap_media_frame *f)
{
	return mc->watch.n && !mc->proven && !mc->doubted &&
	       (int64_t)(f->mono_ns - mc->held.mono_ns) <=
		       (int64_t)mc->holdover_ns;
}

/* A CRF counts PDUs; its clock counts events, and may be laid out anew. */
static uint64_t crf_pos(struct avtpmap_media_clock *mc,
			const struct avtpmap_media_frame *f)
{
	const struct avtpmap_crf *c = f->crf;

	if (c->total != mc->crf.total || c->interval != mc->crf.interval ||
	    c->base_hz != mc->crf.base_hz || c->pull != mc->crf.pull) {
		double hz = avtpmap_crf_hz(c);

		mc->nominal_hz = hz;
		servo_forget(&mc->stamps, hz ? 1 / hz : 0);
		servo_forget(&mc->arrival, hz ? 1 / hz : 0);
		memcpy(&mc->crf, c, offsetof(struct avtpmap_crf, ns));
	}
	return f->media_pos * c->total * c->interval;
}

static void enter_crf(struct avtpmap_media_clock *mc,
		      const struct avtpmap_media_frame *f, uint64_t pos)
{
	use_source(mc, AVTPMAP_SOURCE_CRF, 1);
	for (uint32_t i = 0; i < f->crf->n; i++)
		enter_stamp(mc, f, pos + (uint64_t)i * f->crf->interval,
			    f->crf->ns[i]);
}

/* Frames without timestamps do not come in between those that have them. */
static int stamps_missed(const struct avtpmap_media_clock *mc,
			 const struct avtpmap_media_frame *f)
{
	return mc->source == AVTPMAP_SOURCE_NONE ||
	       mc->source == AVTPMAP_SOURCE_ARRIVAL ||
	       (int64_t)(f->mono_ns - mc->stamp_mono_ns) >
		       (int64_t)mc->holdover_ns;
}

static void enter_time(struct avtpmap_media_clock *mc,
		       const struct avtpmap_media_frame *f, uint64_t pos)
{
	if (f->flags & AVTPMAP_F_TU)
		mc->uncertain++;
	else if (f->crf)
		enter_crf(mc, f, pos);
	else if (f->flags & AVTPMAP_F_TV)
		enter_timestamp(mc, f);
}

int avtpmap_media_clock_enter(struct avtpmap_media_clock *mc,
			      const struct avtpmap_media_frame *f)
{
	uint64_t pos = f->media_pos;

	if (!mc->epoch || f->epoch != mc->epoch)
		return -ESTRPIPE;
	if (f->flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE))
		return 0;
	if (f->crf)
		pos = crf_pos(mc, f);
	if (!mc->nominal_hz)
		return -ENOTSUP;
	if (f->flags & AVTPMAP_F_MR) {
		mc->restarts++;
		servo_restart(&mc->stamps);
		servo_restart(&mc->arrival);
	}
	if (f->flags & AVTPMAP_F_MONOTIME)
		mc->mono_ns = f->mono_ns;
	if (f->flags & AVTPMAP_F_NODATA)
		return 0;
	enter_time(mc, f, pos);
	if (f->flags & AVTPMAP_F_HWTIME && stamps_missed(mc, f) &&
	    !stamp_is_held(mc, f)) {
		use_source(mc, AVTPMAP_SOURCE_ARRIVAL, 1);
		enter_stamp(mc, f, pos, f->hwtime_ns);
	}
	if (f->flags & AVTPMAP_F_MONOTIME)
		servo_enter(&mc->arrival, pos, f->mono_ns, NULL);
	return 0;
}

/* Reads the held slot; what it read is true only once that was verified. */
static void read_frame(const struct avtpmap_media_clock *mc,
		       const struct avtpmap_slot *slot,
		       struct avtpmap_media_frame *f)
{
	memset(f, 0, sizeof(*f));
	f->media_pos = env_load(&slot->media_pos); /* G */
	f->hwtime_ns = env_load(&slot->hwtime_ns);
	f->mono_ns = env_load(&slot->mono_ns);
	f->flags = env_load(&slot->flags);
	f->epoch = env_load(&slot->epoch);
	f->avtp_timestamp = env_load(&slot->avtp_timestamp);
	if (mc->syt_interval && env_load(&slot->len_bytes) > DBC_OFFSET)
		f->dbc = env_load(&avtpmap_slot_pdu(slot)[DBC_OFFSET]);
}

static int read_crf(struct avtpmap_stream *s, const struct avtpmap_slot *slot,
		    struct avtpmap_crf *crf)
{
	uint32_t room = (1u << s->ring.shift) - sizeof(*slot);
	uint32_t bytes = env_load(&slot->len_bytes);

	return avtpmap_crf_parse(crf, avtpmap_slot_pdu(slot),
				 bytes < room ? bytes : room); /* G */
}

int avtpmap_media_clock_frame(struct avtpmap_media_clock *mc,
			      struct avtpmap_stream *s)
{
	const struct avtpmap_slot *slot = s->ring.held;
	struct avtpmap_media_frame f;
	struct avtpmap_format format;
	struct avtpmap_crf crf;
	uint32_t epoch;
	int err = 0;

	if (!slot)
		return -EINVAL;
	epoch = env_load(&slot->epoch);
	if (epoch != mc->epoch)
		err = slot_format(s, slot, &format);
	if (!err && epoch != mc->epoch)
		avtpmap_media_clock_format(mc, epoch, &format);
	read_frame(mc, slot, &f);
	if (mc->subtype == AVTPMAP_SUB_CRF && !read_crf(s, slot, &crf))
		f.crf = &crf;
	if (avtpmap_verify(s)) {
		if (epoch != mc->epoch || !err)
			mc->epoch = 0; /* the format may be of another frame */
		return -EPIPE;
	}
	return err ? -ENOTSUP : avtpmap_media_clock_enter(mc, &f);
}
