/* SPDX-License-Identifier: MIT */
/*
 * When media is to be presented, and what time that is on a clock that a
 * program can sleep on.
 *
 * avtp_timestamp (IEEE 1722-2016 4.4.4) is gPTP time in nanoseconds modulo
 * 2^32, and gPTP time is what the NIC's clock, the PHC, shows. It wraps every
 * 4.29 s, so it means something only beside a reference: the PHC's time when
 * the frame arrived.
 *
 *	struct avtpmap_time t;			struct avtpmap_presentation p;
 *	avtpmap_time_init(&t, clock);		// clock may be NULL
 *	while (avtpmap_peek(s)) {
 *		if (!avtpmap_time_frame(&t, s, &p))
 *			use(p.present_ns);	// of the frame's first unit
 *		...
 *
 * For programs that read PCM, avtpmap_pcm_set_time() lets the reads do this,
 * and avtpmap_time_at() tells the time of result.media_pos.
 *
 * Which unit a timestamp belongs to:
 *	AAF (IEEE 1722-2016 7): the first sample of its frame; in sparse mode
 *		every 8th frame has one, the others have tv = 0
 *	IEC 61883-6 (IEEE 1722-2016 5): the sample whose data block count is a
 *		multiple of SYT_INTERVAL, index (SYT_INTERVAL - DBC mod
 *		SYT_INTERVAL) mod SYT_INTERVAL of its frame
 *	others: the frame
 *
 * Nothing here changes a clock or anybody's hwtstamp settings.
 */
#ifndef AVTPMAP_TIME_H
#define AVTPMAP_TIME_H

#include <stdint.h>
#include <linux/avtpmap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_stream;
struct avtpmap_clock;

/*
 * From a valid timestamp, times are interpolated over at most so much media: a
 * media clock that is 100 ppm off the nominal rate is then 100 us off.
 */
#define AVTPMAP_TIME_HOLD_NS 1000000000ull

/* How a presentation time came about. */
enum avtpmap_time_flags {
	AVTPMAP_T_UNCERTAIN = 1 << 0, /* tu = 1: gPTP was not synchronised */
	AVTPMAP_T_INTERPOLATED = 1 << 1, /* at the nominal rate */
	AVTPMAP_T_LATE = 1 << 2, /* before the frame arrived */
	AVTPMAP_T_MARGIN = 1 << 3, /* margin_ns is valid */
};

/**
 * struct avtpmap_presentation - when a media unit is to be presented
 * @present_ns: PHC (gPTP) time, ns
 * @margin_ns: that minus the PHC time when the frame arrived, ns, with
 *	AVTPMAP_T_MARGIN; negative: too late
 * @media_pos: of which unit
 * @flags: enum avtpmap_time_flags
 * @resv: 0
 */
struct avtpmap_presentation {
	uint64_t present_ns;
	int64_t margin_ns;
	uint64_t media_pos;
	uint32_t flags;
	uint32_t resv;
};

/**
 * struct avtpmap_stamp - what one frame says of time
 * @media_pos: of its first media unit
 * @reference_ns: PHC time near the frame's arrival, ns, with @have_reference;
 *	at most 2.147 s from the presentation time
 * @avtp_timestamp: ns modulo 2^32, with AVTPMAP_F_TV
 * @flags: enum avtpmap_slot_flags
 * @epoch: of the frame
 * @dbc: IEC 61883-1 data block count, 0 to 255; only IEC 61883-6 needs it
 * @have_reference: 0 or 1
 */
struct avtpmap_stamp {
	uint64_t media_pos;
	uint64_t reference_ns;
	uint32_t avtp_timestamp;
	uint32_t flags;
	uint32_t epoch;
	uint8_t dbc;
	uint8_t have_reference;
	uint8_t resv[2];
};

/**
 * struct avtpmap_time - one stream's presentation times, as one reader sees
 *	them. The caller's memory, of one thread at a time; real-time safe.
 * @clock: to know the PHC's time by where frames have no hardware time; or NULL
 * @anchor_ns: PHC time at which @anchor_pos is presented, ns
 * @anchor_pos: media position of the last timestamp with tu = 0
 * @epoch: that the following are of; 0: none
 * @rate_hz: media units per second; 0: not known, so nothing is interpolated
 * @syt_interval: of IEC 61883-6, in samples; 0: the first unit is stamped
 * @anchored: the anchor is valid
 * @resv: 0
 */
struct avtpmap_time {
	const struct avtpmap_clock *clock;
	uint64_t anchor_ns;
	uint64_t anchor_pos;
	uint32_t epoch;
	uint32_t rate_hz;
	uint32_t syt_interval;
	uint32_t anchored;
	uint64_t resv[3];
};

/* @clock: or NULL; must outlive @t. */
void avtpmap_time_init(struct avtpmap_time *t,
		       const struct avtpmap_clock *clock);

/* The 64-bit time nearest to @reference_ns that is @timestamp modulo 2^32. */
uint64_t avtpmap_time_extend(uint32_t timestamp, uint64_t reference_ns);

/**
 * avtpmap_syt_interval() - IEC 61883-6 SYT_INTERVAL, in samples
 * @rate_hz: sampling rate
 *
 * Returns 8 up to 48 kHz, 16 up to 96 kHz, 32 above, 0 for no rate.
 */
uint32_t avtpmap_syt_interval(uint32_t rate_hz);

/* Index in its frame of the sample that an IEC 61883-6 timestamp is for. */
uint32_t avtpmap_syt_index(uint32_t syt_interval, uint8_t dbc);

/**
 * avtpmap_time_format() - tell which format the frames of an epoch have
 * @t: the stream's times; what was known of another epoch is forgotten
 * @epoch: the epoch
 * @format: its format
 */
void avtpmap_time_format(struct avtpmap_time *t, uint32_t epoch,
			 const struct avtpmap_format *format);

/**
 * avtpmap_time_enter() - when is a frame's first unit to be presented?
 * @t: the stream's times; takes over the frame's timestamp if that is valid
 * @stamp: what the frame says
 * @out: for the frame's first unit; or NULL
 *
 * Timestamps with tu = 1 are told, flagged, and not used for any other frame.
 * Where the media clock restarts (mr) earlier timestamps are forgotten.
 *
 * Returns 0, -ENODATA if the time is unavailable (no valid timestamp, no
 * reference, or the last timestamp too far away), or -ESTRPIPE for an epoch
 * that avtpmap_time_format() was not told of.
 */
int avtpmap_time_enter(struct avtpmap_time *t,
		       const struct avtpmap_stamp *stamp,
		       struct avtpmap_presentation *out);

/**
 * avtpmap_time_frame() - the same for the frame between peek and release
 * @t: the stream's times
 * @s: the stream
 * @out: for the frame's first unit; or NULL
 *
 * Finds format, data block count and reference itself. To be called for each
 * frame, or none is interpolated.
 *
 * Returns as avtpmap_time_enter(); -EPIPE, if the frame was overwritten
 * meanwhile, as avtpmap_verify(); -EINVAL if none is held.
 */
int avtpmap_time_frame(struct avtpmap_time *t, struct avtpmap_stream *s,
		       struct avtpmap_presentation *out);

/**
 * avtpmap_time_at() - when is the unit at a media position to be presented?
 * @t: the stream's times
 * @media_pos: near the last frame entered, before or after it
 * @out: or NULL; without margin
 *
 * Returns 0 or -ENODATA (unavailable).
 */
int avtpmap_time_at(const struct avtpmap_time *t, uint64_t media_pos,
		    struct avtpmap_presentation *out);

/*
 * The PHC beside the system's clocks. One housekeeping thread calls
 * avtpmap_clock_update() now and then (every 0.1 to 1 s), which makes system
 * calls; any number of real-time threads convert by what it left, without
 * system calls, locks or waiting, even while it is being preempted by them.
 *
 * CLOCK_MONOTONIC and the PHC drift apart by up to some 500 ppm, and neither
 * is CLOCK_TAI: that is the PHC's time only where somebody runs phc2sys.
 */

/* The system's clocks that can be converted. */
enum avtpmap_system_clock {
	AVTPMAP_CLOCK_MONOTONIC = 0,
	AVTPMAP_CLOCK_MONOTONIC_RAW = 1,
	AVTPMAP_N_SYSTEM_CLOCKS
};

/**
 * struct avtpmap_clock_line - the PHC as a straight line over a system clock
 * @sys_ns: a time on the system clock, ns
 * @phc_ns: the PHC's time then, ns
 * @rate_q40: (PHC seconds per system second - 1) * 2^40, that is 9.1e-4 ppb
 * @error_ns: @phc_ns is right within this
 * @error_ppb: ... and away from @sys_ns by so much more per time
 */
struct avtpmap_clock_line {
	uint64_t sys_ns;
	uint64_t phc_ns;
	int64_t rate_q40;
	uint64_t error_ns;
	uint64_t error_ppb;
};

/**
 * struct avtpmap_clock_snapshot - all that is known at one time
 * @lines: by enum avtpmap_system_clock
 * @updates: that went into it
 * @jumps: times that the PHC was set, or did not go where it was heading; the
 *	rate was learnt anew
 */
struct avtpmap_clock_snapshot {
	struct avtpmap_clock_line lines[AVTPMAP_N_SYSTEM_CLOCKS];
	uint64_t updates;
	uint64_t jumps;
};

/**
 * avtpmap_clock_open() - watch a PHC
 * @out: to be closed with avtpmap_clock_close(); NULL on failure
 * @phc_index: N of /dev/ptpN: avtpmap_header(s)->phc_index
 *
 * Returns 0; -ENODEV where there is no PHC (AVTPMAP_NO_PHC too); -EACCES if
 * the caller may not open its device; -ENOMEM.
 */
int avtpmap_clock_open(struct avtpmap_clock **out, uint32_t phc_index);

/* NULL is fine. No thread may convert any more. */
void avtpmap_clock_close(struct avtpmap_clock *c);

/**
 * avtpmap_clock_update() - compare the clocks now
 * @c: the clock
 *
 * By PTP_SYS_OFFSET_PRECISE where the hardware can, else by
 * PTP_SYS_OFFSET_EXTENDED, whose bracket is the error. Blocks for some
 * microseconds per reading of the PHC. One thread at a time.
 *
 * Returns 0; -EOPNOTSUPP if the PHC's driver can do neither; -EAGAIN if
 * somebody set the time meanwhile; -ENODEV if the PHC went; or -EIO.
 */
int avtpmap_clock_update(struct avtpmap_clock *c);

/**
 * avtpmap_clock_snapshot() - what is known of the clocks
 * @c: the clock
 * @out: the snapshot
 *
 * Real-time safe, from any thread. Returns 0, or -EAGAIN before the first
 * update.
 */
int avtpmap_clock_snapshot(const struct avtpmap_clock *c,
			   struct avtpmap_clock_snapshot *out);

/**
 * avtpmap_line_to_phc() - the PHC's time at a time of the system clock
 * @line: of a snapshot
 * @sys_ns: time on the line's clock, ns
 * @error_ns: out: the result is right within this; or NULL
 *
 * Real-time safe, as is its inverse. Returns ns.
 */
uint64_t avtpmap_line_to_phc(const struct avtpmap_clock_line *line,
			     uint64_t sys_ns, uint64_t *error_ns);
uint64_t avtpmap_line_from_phc(const struct avtpmap_clock_line *line,
			       uint64_t phc_ns, uint64_t *error_ns);

/**
 * avtpmap_clock_to_phc() - the same from the newest snapshot
 * @c: the clock
 * @clock: enum avtpmap_system_clock
 * @sys_ns: time on it, ns
 * @phc_ns: out
 * @error_ns: out; or NULL
 *
 * Real-time safe, as is its inverse. Returns 0, -EAGAIN before the first
 * update, or -EINVAL.
 */
int avtpmap_clock_to_phc(const struct avtpmap_clock *c, uint32_t clock,
			 uint64_t sys_ns, uint64_t *phc_ns, uint64_t *error_ns);
int avtpmap_clock_from_phc(const struct avtpmap_clock *c, uint32_t clock,
			   uint64_t phc_ns, uint64_t *sys_ns,
			   uint64_t *error_ns);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_TIME_H */
