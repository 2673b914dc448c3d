/* SPDX-License-Identifier: MIT */
/*
 * The parts of ALSA's plugin "avtpmap": AVTP streams as one capture device.
 *
 * ALSA's buffer is filled where ALSA asks for the hardware pointer: what the
 * rings hold is decoded into it, and the pointer is how far all streams are. So
 * it is exact, in media units, and there is no thread.
 */
#ifndef AVTPMAP_ALSA_DEVICE_H
#define AVTPMAP_ALSA_DEVICE_H

#include <avtpmap/avtpmap.h>
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lease.h"
#include "../together.h"

enum {
	STREAMS_MAX = TOGETHER_MAX,
	CHANNELS_MAX = 1023, /* of AAF */
	CHUNK = 256, /* units decoded at once */
};

/**
 * struct member - a stream and its channels
 * @id: stream_id
 * @lease: what of it is ours to delete
 * @at: handle and reader of what goes to ALSA, and where in it we are: @at.done
 *	units since the start are in ALSA's buffer
 * @bell: a second handle, of which the group is made: its periods are what the
 *	device's descriptor tells, and they are over when ALSA has been told
 * @type: enum avtpmap_pcm_type; AVTPMAP_PCM_NONE: not heard yet
 * @channels: of the stream
 * @first: the device's channel that is its first
 * @seen: the ring's media position, last time
 */
struct member {
	uint64_t id;
	struct lease lease;
	struct placed at;
	struct avtpmap_stream *bell;
	int type;
	uint32_t channels;
	uint32_t first;
	uint64_t seen;
};

/**
 * struct device - the PCM
 * @io: ALSA's side
 * @ifname: @backend: @ring_ms: of the configuration
 * @want_channels: @want_rate: the same, for streams that are not heard; or 0
 * @m: @n: the streams, in the order of their channels
 * @group: of the members' bells
 * @clock: of the first stream, to tell how old media are by
 * @channels: of all streams
 * @rate: Hz
 * @boundary: where ALSA's pointers begin again
 * @avail_min: units that ALSA wakes the program for
 * @stop_threshold: units that are an overrun
 * @running: between start and stop
 * @together: the streams' common beginning
 * @failed: what reading ended with, until it is prepared again
 * @gone: it cannot be prepared again
 * @hw: units since the start, of all streams
 * @scratch: one chunk, of any stream, as integers
 * @planes: the same as float, by channel; the first has the room of all
 */
struct device {
	snd_pcm_ioplug_t io;
	char *ifname;
	uint32_t backend;
	long ring_ms;
	long want_channels;
	long want_rate;
	struct member m[STREAMS_MAX];
	uint32_t n;
	struct avtpmap_group *group;
	struct avtpmap_media_clock *clock;
	uint32_t channels;
	uint32_t rate;
	uint64_t boundary;
	uint64_t avail_min;
	uint64_t stop_threshold;
	bool running;
	struct together together;
	int failed;
	bool gone;
	uint64_t hw;
	void *scratch;
	float *planes[CHANNELS_MAX];
};

/* config.c APIs. 0, or -errno after a line by SNDERR. */
int device_configure(struct device *d, snd_config_t *conf);

/* streams.c APIs, the same. */
int device_open(struct device *d, bool patient);
void device_close(struct device *d);
int member_format(struct device *d, struct member *m);

/* fill.c APIs. Real-time safe, but for SNDERR where streams do not fit. */
int device_fill(struct device *d);
void device_hush(struct device *d, bool all);
uint64_t device_age(const struct device *d);

static inline uint64_t media_pos(const struct member *m)
{
	return __atomic_load_n(&avtpmap_header(m->at.s)->media_pos,
			       __ATOMIC_ACQUIRE); /* J */
}

#endif
