/* SPDX-License-Identifier: MIT */
/*
 * The media clock: which time belongs to which media position, and at what
 * rate the talker really runs.
 *
 * struct avtpmap_clock (time.h) is the NIC's clock, the PHC. This is another:
 * the talker's, recovered from what its frames say and when they come.
 *
 *	avtpmap_media_clock_open(&mc, NULL);
 *	while (avtpmap_peek(s)) {
 *		avtpmap_media_clock_frame(mc, s);
 *		...
 *	avtpmap_media_clock_line(mc, AVTPMAP_TIMEBASE_MONOTONIC, &line);
 *	t = avtpmap_media_line_time(&line, media_pos, &error_ns);
 *
 * Two loops run beside each other:
 *
 *	stamps	 media position against gPTP time (the PHC's), by the timestamps
 *		 of AAF, IEC 61883-6 (which sample: see time.h) or CRF. The
 *		 times are presentation times; of a CRF, those of its events.
 *		 Where no timestamp was valid for longer than holdover lasts,
 *		 but frames have PHC time: by that, and the times are arrival
 *		 times.
 *	arrival	 media position against CLOCK_MONOTONIC, by when frames came.
 *
 * What is asked for is answered by the first if the PHC can be related to the
 * clock asked for, else by the second; the answer says by which, and the time
 * base that avtpmap_media_clock_info() names is what the clock really has. Where
 * frames have no PHC time and there is no PHC to ask, timestamps still give the
 * rate against gPTP, but no time of day: that is CLOCK_MONOTONIC's then.
 *
 * Each loop is of second order and critically damped, of natural frequency fn:
 * noise bandwidth 3.9 fn, error transfer s^2/(s + 2 pi fn)^2; until it has seen
 * 1/(2 pi fn) of media it is the straight line of least squares. It locks when
 * its line is surer than a limit, ahead by 1/(2 pi fn), and unlocks at another.
 *
 * A timestamp that does not advance with the media, as far as the one before it
 * goes, is not believed; where that never does, as with a talker that writes it in
 * the wrong byte order, timestamps stay out altogether.
 *
 * tu = 1, late and duplicate frames and NO-DATA stay out; losses are in
 * media_pos. A single wrong timestamp is thrown away; timestamps that are all
 * elsewhere (the talker or gPTP stepped), or mr, begin a new line, with the old
 * rate as first guess. So does a loop that is not locked, when for 1/(8 pi fn)
 * nothing jumped as it did before: the machine runs again. A new epoch begins
 * with nothing. Rates are within 2000 ppm of nominal, as all talkers' are.
 *
 * All but open, close and update is real-time safe. One thread at a time per
 * clock; a struct avtpmap_media_line is a plain value for any thread.
 */
#ifndef AVTPMAP_CLOCK_H
#define AVTPMAP_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <linux/avtpmap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_clock;
struct avtpmap_media_clock;
struct avtpmap_stream;

/* What a time, or a rate, is against. */
enum avtpmap_timebase {
	AVTPMAP_TIMEBASE_PHC = 0, /* gPTP */
	AVTPMAP_TIMEBASE_MONOTONIC = 1,
	AVTPMAP_TIMEBASE_MONOTONIC_RAW = 2,
	AVTPMAP_N_TIMEBASES
};

/* What a line is made of. */
enum avtpmap_media_source {
	AVTPMAP_SOURCE_NONE = 0,
	AVTPMAP_SOURCE_TIMESTAMP = 1, /* AAF, IEC 61883-6 */
	AVTPMAP_SOURCE_CRF = 2,
	AVTPMAP_SOURCE_ARRIVAL = 3,
};

enum avtpmap_media_lock {
	AVTPMAP_MEDIA_UNLOCKED = 0,
	AVTPMAP_MEDIA_LOCKED = 1,
	AVTPMAP_MEDIA_HOLDOVER = 2, /* was locked; nothing came for a while */
};

/**
 * struct avtpmap_media_clock_opts - how to recover
 * @sz: sizeof(struct avtpmap_media_clock_opts)
 * @clock: the port's PHC, kept up to date by somebody, or NULL; must outlive it
 * @bandwidth_mhz: fn by timestamps, in 1/1000 Hz: 1 to 10000; 0: 1000
 * @arrival_mhz: fn by arrival times, the same; 0: 20
 * @lock_ns: uncertainty below which timestamps lock; 0: 1000
 * @arrival_lock_ns: ... arrival times; 0: 100000
 * @holdover_ns: from locked to unlocked with no input; 0: 10 s
 * @resv: 0
 *
 * It unlocks at ten times the uncertainty that it locks at.
 */
struct avtpmap_media_clock_opts {
	size_t sz;
	const struct avtpmap_clock *clock;
	uint32_t bandwidth_mhz;
	uint32_t arrival_mhz;
	uint32_t lock_ns;
	uint32_t arrival_lock_ns;
	uint64_t holdover_ns;
	uint64_t resv[4];
};

#define AVTPMAP_CRF_MAX 64 /* timestamps of a PDU that are looked at */

/* IEEE 1722-2016 Table 27: what a CRF's events are. */
enum avtpmap_crf_type {
	AVTPMAP_CRF_USER = 0,
	AVTPMAP_CRF_AUDIO_SAMPLE = 1,
	AVTPMAP_CRF_VIDEO_FRAME = 2,
	AVTPMAP_CRF_VIDEO_LINE = 3,
	AVTPMAP_CRF_MACHINE_CYCLE = 4,
};

/**
 * struct avtpmap_crf - a CRF PDU (IEEE 1722-2016 10)
 * @type: enum avtpmap_crf_type
 * @pull: 0 to 5, what @base_hz is to be multiplied by
 * @interval: events from timestamp to timestamp
 * @base_hz: nominal rate of events, before @pull
 * @n: timestamps in @ns
 * @total: timestamps in the PDU
 * @resv: 0
 * @ns: gPTP times, 64 bits: they need no reference
 */
struct avtpmap_crf {
	uint8_t type;
	uint8_t pull;
	uint16_t interval;
	uint32_t base_hz;
	uint32_t n;
	uint32_t total;
	uint64_t resv;
	uint64_t ns[AVTPMAP_CRF_MAX];
};

/* Returns 0, or -EBADMSG if @pdu is no CRF PDU, or has no events. */
int avtpmap_crf_parse(struct avtpmap_crf *crf, const unsigned char *pdu,
		      size_t bytes);

/* Events per second, nominally: @base_hz times @pull. 0: not known. */
double avtpmap_crf_hz(const struct avtpmap_crf *crf);

/**
 * struct avtpmap_media_frame - what one frame tells a media clock
 * @media_pos: of its first unit
 * @hwtime_ns: with AVTPMAP_F_HWTIME
 * @mono_ns: with AVTPMAP_F_MONOTIME
 * @flags: enum avtpmap_slot_flags
 * @epoch: of the frame
 * @avtp_timestamp: with AVTPMAP_F_TV
 * @dbc: IEC 61883-1 data block count
 * @crf: of a CRF, or NULL
 * @resv: 0
 */
struct avtpmap_media_frame {
	uint64_t media_pos;
	uint64_t hwtime_ns;
	uint64_t mono_ns;
	uint32_t flags;
	uint32_t epoch;
	uint32_t avtp_timestamp;
	uint32_t dbc;
	const struct avtpmap_crf *crf;
	uint64_t resv[2];
};

/**
 * struct avtpmap_media_line - media positions and times, as of now
 * @media_pos: a position; of a CRF, events since the ring was made
 * @ns: its time on @timebase
 * @frac_ns: ... and a fraction of a nanosecond, -1 to 1
 * @unit_ns: time from unit to unit
 * @error_ns: at @media_pos, the time is right within this
 * @error_rate: ... and away from it by so much more, seconds per second
 * @timebase: enum avtpmap_timebase
 * @source: enum avtpmap_media_source
 * @lock: enum avtpmap_media_lock
 * @resv: 0
 *
 * Errors are three standard deviations, and what cannot be seen: rates wander
 * by 0.1 ppm, the PHC may be read wrongly, and arrival times are batched in
 * steps of up to a frame interval, which no observer tells from a talker's rate
 * until a step comes.
 */
struct avtpmap_media_line {
	uint64_t media_pos;
	uint64_t ns;
	double frac_ns;
	double unit_ns;
	double error_ns;
	double error_rate;
	uint32_t timebase;
	uint32_t source;
	uint32_t lock;
	uint32_t resv0;
	uint64_t resv[2];
};

/* Both real-time safe, for any thread; @error_ns: or NULL. */
uint64_t avtpmap_media_line_time(const struct avtpmap_media_line *line,
				 uint64_t media_pos, uint64_t *error_ns);
/* The last position that is due at @ns. */
uint64_t avtpmap_media_line_pos(const struct avtpmap_media_line *line,
				uint64_t ns, uint64_t *error_ns);

/**
 * struct avtpmap_media_clock_info - how the clock does
 * @lock: enum avtpmap_media_lock
 * @source: enum avtpmap_media_source
 * @timebase: enum avtpmap_timebase that its own times are on
 * @rates_known: bit by enum avtpmap_timebase: the two arrays' entry is valid
 * @nominal_hz: units per second, as the format says
 * @rate_ppm: talker's rate against each clock, less nominal; 100: it is fast
 * @rate_error_ppm: right within this
 * @phase_ns: the newest timestamp (or arrival) less what the line said
 * @jitter_ns: the same, root of mean square
 * @error_ns: of the line at the newest position, as above
 * @entries: timestamps (or arrivals) looked at
 * @outliers: of them thrown away
 * @steps: times that the line was elsewhere for good
 * @restarts: of the media clock, by mr
 * @uncertain: frames with tu = 1
 * @epochs: begun
 * @locks, @unlocks: times that it did, holdover included
 * @stamps_wrong: of the epoch's timestamps, those that did not advance with the
 *	media
 * @stamps_swapped: of these, that do if their octets are turned round
 * @resv: 0
 */
struct avtpmap_media_clock_info {
	uint32_t lock;
	uint32_t source;
	uint32_t timebase;
	uint32_t rates_known;
	double nominal_hz;
	double rate_ppm[AVTPMAP_N_TIMEBASES];
	double rate_error_ppm[AVTPMAP_N_TIMEBASES];
	double phase_ns;
	double jitter_ns;
	double error_ns;
	uint64_t entries;
	uint64_t outliers;
	uint64_t steps;
	uint64_t restarts;
	uint64_t uncertain;
	uint64_t epochs;
	uint64_t locks;
	uint64_t unlocks;
	uint64_t stamps_wrong;
	uint64_t stamps_swapped;
	uint64_t resv[6];
};

/* Returns 0, -EINVAL, -E2BIG or -ENOMEM. @opts: or NULL. */
int avtpmap_media_clock_open(struct avtpmap_media_clock **out,
			     const struct avtpmap_media_clock_opts *opts);

/* NULL is fine. */
void avtpmap_media_clock_close(struct avtpmap_media_clock *mc);

/**
 * avtpmap_media_clock_update() - compare CLOCK_MONOTONIC and _RAW now
 * @mc: the clock
 *
 * By one housekeeping thread, every 0.1 to 1 s; what it leaves is read by the
 * others without waiting. Without it nothing is told against
 * CLOCK_MONOTONIC_RAW, unless there is a PHC. Returns 0 or -EIO.
 */
int avtpmap_media_clock_update(struct avtpmap_media_clock *mc);

/**
 * avtpmap_media_clock_format() - which format the frames of an epoch have
 * @mc: the clock; what was known of another epoch is forgotten
 * @epoch: the epoch
 * @format: its format
 */
void avtpmap_media_clock_format(struct avtpmap_media_clock *mc, uint32_t epoch,
				const struct avtpmap_format *format);

/**
 * avtpmap_media_clock_enter() - learn from a frame
 * @mc: the clock
 * @frame: what it says
 *
 * Returns 0, -ESTRPIPE for an epoch that avtpmap_media_clock_format() was not
 * told of, or -ENOTSUP if the format has no rate.
 */
int avtpmap_media_clock_enter(struct avtpmap_media_clock *mc,
			      const struct avtpmap_media_frame *frame);

/**
 * avtpmap_media_clock_frame() - the same for the frame between peek and release
 *
 * Finds the format itself. To be called for each frame.
 *
 * Returns as avtpmap_media_clock_enter(); -EPIPE, if the frame was overwritten
 * meanwhile, as avtpmap_verify(); -EINVAL if none is held.
 */
int avtpmap_media_clock_frame(struct avtpmap_media_clock *mc,
			      struct avtpmap_stream *s);

/**
 * avtpmap_media_clock_follow() - take the rate from another clock's line
 * @mc: the clock; finds its phase by its own timestamps
 * @of: from avtpmap_media_clock_line() of, say, a CRF's clock, on the PHC's
 *	time; NULL: find the rate again
 * @nominal_hz: its info's
 *
 * To be called again whenever @of is newer. So one CRF clocks many streams, and
 * all have the same rate. Returns 0 or -EINVAL.
 */
int avtpmap_media_clock_follow(struct avtpmap_media_clock *mc,
			       const struct avtpmap_media_line *of,
			       double nominal_hz);

/**
 * avtpmap_media_clock_line() - positions and times
 * @mc: the clock
 * @timebase: enum avtpmap_timebase
 * @line: out
 *
 * Returns 0; -ENODATA if there is none, or nothing relates it to that clock;
 * or -EINVAL.
 */
int avtpmap_media_clock_line(const struct avtpmap_media_clock *mc,
			     uint32_t timebase,
			     struct avtpmap_media_line *line);

/**
 * avtpmap_media_clock_info() - how the clock does
 * @mc: the clock
 * @mono_ns: CLOCK_MONOTONIC now, to tell holdover by; 0: at the newest frame
 * @info: out
 */
void avtpmap_media_clock_info(const struct avtpmap_media_clock *mc,
			      uint64_t mono_ns,
			      struct avtpmap_media_clock_info *info);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_CLOCK_H */
