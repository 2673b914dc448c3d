/* SPDX-License-Identifier: MIT */
/* The parts of avtpmap-jack. */
#ifndef AVTPMAP_JACK_CLIENT_H
#define AVTPMAP_JACK_CLIENT_H

#include <avtpmap/avtpmap.h>
#include <jack/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <signal.h>

#include "../lease.h"

enum {
	STREAMS_MAX = 64,
	CHANNELS_MAX = 1023, /* of AAF */
};

/**
 * struct stream - a stream and its ports
 * @id: stream_id
 * @s: @pcm: handle and reader of it
 * @format: of the first epoch; ports are made for it
 * @n_ports: one per channel
 * @ports: them
 * @out: their buffers in this cycle
 * @planes: what pcm writes to; NULL beyond @n_ports whatever the format
 * @pos: media position of the next unit
 * @running: the fill was reached, and is not used up
 * @muted: the epoch's format is not that of the ports
 * @lease: what of it is ours to delete
 * @samples: units delivered
 * @silent: units of silence instead, since there was nothing to deliver
 * @lost: units delivered as silence, since the wire lost them
 * @underruns: times that the fill was used up
 * @overruns: times that it had doubled
 * @skipped: units dropped then
 * @epochs: new ones, where the stream's positions do not go on
 * @ring_overruns: times that the ring went round before we had read it
 */
struct stream {
	uint64_t id;
	struct avtpmap_stream *s;
	struct avtpmap_pcm *pcm;
	struct avtpmap_format format;
	uint32_t n_ports;
	jack_port_t *ports[CHANNELS_MAX];
	float *out[CHANNELS_MAX];
	float *planes[CHANNELS_MAX];
	uint64_t pos;
	bool running;
	bool muted;
	struct lease lease;
	uint64_t samples;
	uint64_t silent;
	uint64_t lost;
	uint64_t underruns;
	uint64_t overruns;
	uint64_t skipped;
	uint64_t epochs;
	uint64_t ring_overruns;
};

/**
 * struct client - all of it
 * @rate: JACK's, Hz
 * @fill_ms: asked for; 0: two periods
 * @begun_s: CLOCK_MONOTONIC when it began to wait for streams
 * @told: whom it waits for
 * @cycles: of JACK, since activation
 * @period: of the last of them, in samples
 * @late: of them took us a period or more
 * @longest_us: that one took us
 * @xruns: of JACK, whoever caused them
 * @tid: of the thread that JACK calls us in
 * @cpu_us: that it had a processor for
 * @switches: of that thread and (1) of all others; voluntary and (1) not
 */
struct client {
	const char *ifname;
	uint32_t backend;
	struct stream *streams;
	int n_streams;
	jack_client_t *jack;
	uint32_t rate;
	uint32_t fill_ms;
	uint32_t seconds;
	double begun_s;
	bool told;
	bool failed;
	uint64_t cycles;
	uint32_t period;
	uint64_t late;
	uint64_t longest_us;
	uint64_t xruns;
	pid_t tid;
	uint64_t cpu_us;
	uint64_t switches[2][2];
};

/* streams.c APIs. 0, or -1 after a line on stderr. */
__attribute__((format(printf, 2, 3))) int fail(int err, const char *fmt, ...);
int number(const char *text, uint32_t min, uint32_t max, uint32_t *out);
int client_backend(struct client *c, const char *name);
int client_streams(struct client *c, int argc, char **argv);
int stream_open(struct client *c, struct stream *st);
int stream_await(struct client *c, struct stream *st,
		 const volatile sig_atomic_t *stopped);
bool client_is_over(const struct client *c); /* --seconds are */
void client_close(struct client *c);

/* Real-time safe: the next epoch's format; false: it is not known yet. */
bool stream_format(struct stream *st);

/* report.c APIs */
void client_switches(struct client *c);
void client_report(const struct client *c);

#endif
