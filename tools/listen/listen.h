/* SPDX-License-Identifier: MIT */
/* The parts of "avtpmap listen". */
#ifndef AVTPMAP_TOOL_LISTEN_H
#define AVTPMAP_TOOL_LISTEN_H

#include <time.h>

#include "../tool.h"
#include "sniff.h"

/**
 * struct listen_args - what was asked for
 * @ifname, @stream_id: what to listen to
 * @wav: file to write, or NULL
 * @period: media units
 * @deadline_us: or 0
 * @samples: to stop after, or 0
 * @seconds: to stop after, or 0
 * @until_end: stop when the talker ceases
 * @json: summary for programs
 * @meters: levels of all channels, on a terminal
 * @reserve: by MSRP
 */
struct listen_args {
	const char *ifname;
	uint64_t stream_id;
	const char *wav;
	uint32_t period;
	uint32_t deadline_us;
	uint64_t samples;
	double seconds;
	bool until_end;
	bool json;
	bool meters;
	bool reserve;
};

/**
 * struct listen_reserve - a reservation, or none
 * @s: NULL: none
 * @ifname: where
 * @talker: as it was last heard
 */
struct listen_reserve {
	struct avtpmap_srp *s;
	const char *ifname;
	struct avtpmap_srp_talker talker;
};

struct meters;
struct wav;

/**
 * struct listen - a listener at work
 * @args: what was asked for
 * @reserve: kept while it works
 * @s: the stream
 * @pcm: reads it, or NULL once its format turned out not to be audio
 * @wav: or NULL
 * @format: of the epoch that is read
 * @type: enum avtpmap_pcm_type of it; AVTPMAP_PCM_NONE: not known yet
 * @buf: of BLOCK_UNITS units of it
 * @quiet: as many of silence
 * @pos: media position of the next unit
 * @hole: frames before it were overwritten before they were read
 * @first: position at which listening began
 * @counted: the stream's counters then
 * @received: frames that the interface had received then
 * @drops_before: see @drops, then
 * @sniff: what the host sees, until the first frame is heard
 * @samples: media units read, silence included
 * @silence: of them, for what the wire lost
 * @missed: of them, silence for what was read too late
 * @stale: late and duplicate frames
 * @drops: of frames, by the packet backend's socket
 * @drops_seen: of them, those that silence stands for
 * @labels: enum avtpmap_pcm_labels, of the newest samples
 * @talker: what reading found out, of the newest epoch
 * @epochs: formats fetched
 * @epoch: of the newest frame, without audio
 * @events: enum avtpmap_event, since the last look
 * @diagnosed: why nothing is heard was said
 * @silences: times that it fell silent
 * @ended: the talker ceased, and did not come back
 * @why: it stops listening, or NULL: as it failed
 * @failed: a line on stderr said why
 * @tty: to draw on, or -1
 * @drawn: lines above the cursor that the next drawing replaces
 * @meters: levels, or NULL
 */
struct listen {
	const struct listen_args *args;
	struct listen_reserve *reserve;
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	struct wav *wav;
	struct avtpmap_format format;
	int type;
	void *buf;
	void *quiet;
	uint64_t pos;
	bool hole;
	uint64_t first;
	uint64_t counted[AVTPMAP_N_COUNTERS];
	uint64_t received;
	uint64_t drops_before;
	struct sniff sniff;
	uint64_t samples;
	uint64_t silence;
	uint64_t missed;
	uint64_t stale;
	uint64_t drops;
	uint64_t drops_seen;
	uint32_t labels;
	struct avtpmap_pcm_info talker;
	uint32_t epochs;
	uint32_t epoch;
	uint32_t events;
	bool diagnosed;
	uint32_t silences;
	bool ended;
	const char *why;
	bool failed;
	int tty;
	unsigned int drawn;
	struct meters *meters;
};

/* read.c APIs: everything that is in the ring */
void listen_drain(struct listen *l);
uint64_t listen_drops(struct listen *l);
bool listen_has_enough(const struct listen *l);

/* meter.c APIs */
void listen_screen_open(struct listen *l);
void listen_screen_close(struct listen *l);
void listen_screen_leave(struct listen *l);
void listen_progress(struct listen *l);
int listen_meters_format(struct listen *l); /* 0, or after a line on stderr */
void listen_meters_add(struct listen *l, uint32_t units); /* at l->buf */

/* report.c APIs */
uint64_t listen_frames(const struct listen *l); /* had, whole */
uint64_t listen_lost(const struct listen *l); /* on the wire */
bool listen_heard(const struct listen *l);
void listen_summary(struct listen *l);
int listen_verdict(struct listen *l); /* an exit status, and why */

/* diagnose.c APIs */
void listen_diagnose(struct listen *l,
		     double seconds); /* nothing came at all */
void listen_ended(const struct listen *l); /* nothing comes any more, at first */

/* wav.c APIs: 0 or -errno; a failure has said why on stderr. */
int wav_open(struct wav **out, const char *path,
	     const struct avtpmap_format *format);
int wav_write(struct wav *wav, const void *samples, uint32_t units);
int wav_close(struct wav *wav); /* NULL is fine */

/* reserve.c APIs; without a reservation they do nothing */
int listen_reserve_begin(struct listen_reserve *r,
			 const struct listen_args *args);
int listen_reserve_work(struct listen_reserve *r); /* 0 or -errno */
void listen_reserve_end(struct listen_reserve *r);
struct avtpmap_stream_opts listen_reserve_path(const struct listen_reserve *r);

#endif
