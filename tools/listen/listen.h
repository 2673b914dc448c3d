/* SPDX-License-Identifier: MIT */
/* The parts of "avtpmap listen". */
#ifndef AVTPMAP_TOOL_LISTEN_H
#define AVTPMAP_TOOL_LISTEN_H

#include <time.h>

#include "../tool.h"

/**
 * struct listen_args - what was asked for
 * @ifname, @stream_id: what to listen to
 * @wav: file to write, or NULL
 * @period: media units
 * @deadline_us: or 0
 * @samples: to stop after, or 0
 * @seconds: to stop after, or 0
 * @json: summary for programs
 * @meters: levels of all channels, on a terminal
 */
struct listen_args {
	const char *ifname;
	uint64_t stream_id;
	const char *wav;
	uint32_t period;
	uint32_t deadline_us;
	uint64_t samples;
	double seconds;
	bool json;
	bool meters;
};

struct meters;
struct wav;

/**
 * struct listen - a listener at work
 * @args: what was asked for
 * @s: the stream
 * @pcm: reads it, or NULL once its format turned out not to be audio
 * @wav: or NULL
 * @format: of the epoch that is read
 * @type: enum avtpmap_pcm_type of it; AVTPMAP_PCM_NONE: not known yet
 * @buf: of BLOCK_UNITS units of it
 * @first: position at which listening began
 * @lost_before: stream's frames_lost then
 * @samples: media units read, silence included
 * @silence: of them
 * @stale: late and duplicate frames
 * @epochs: formats fetched
 * @events: enum avtpmap_event, since the last look
 * @ended: the talker ceased
 * @failed: a line on stderr said why
 * @tty: to draw on, or -1
 * @drawn: lines above the cursor that the next drawing replaces
 * @meters: levels, or NULL
 */
struct listen {
	const struct listen_args *args;
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	struct wav *wav;
	struct avtpmap_format format;
	int type;
	void *buf;
	uint64_t first;
	uint64_t lost_before;
	uint64_t samples;
	uint64_t silence;
	uint64_t stale;
	uint32_t epochs;
	uint32_t events;
	bool ended;
	bool failed;
	int tty;
	unsigned int drawn;
	struct meters *meters;
};

/* read.c APIs: everything that is in the ring */
void listen_drain(struct listen *l);
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
void listen_diagnose(const struct listen *l); /* nothing came at all */
void listen_ended(const struct listen *l); /* nothing comes any more */
void listen_summary(struct listen *l);

/* wav.c APIs: 0 or -errno; a failure has said why on stderr */
int wav_open(struct wav **out, const char *path,
	     const struct avtpmap_format *format);
int wav_write(struct wav *wav, const void *samples, uint32_t units);
int wav_close(struct wav *wav); /* NULL is fine */

#endif
