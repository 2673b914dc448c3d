/* SPDX-License-Identifier: MIT */
/*
 * The parts of avtpmap-pipewire: AVTP streams as one source node.
 *
 * One node of all streams, for one driver drives a graph: a node per stream
 * would be one driver and followers, woken apart, where here one wakeup reads
 * all of them, in phase.
 */
#ifndef AVTPMAP_PIPEWIRE_NODE_H
#define AVTPMAP_PIPEWIRE_NODE_H

#include <avtpmap/avtpmap.h>
#include <pipewire/pipewire.h>
#include <spa/node/io.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lease.h"
#include "../together.h"

enum {
	CHANNELS_MAX = 64, /* of a node of PipeWire's */
	QUANTUM_MAX = 8192, /* the same */
};

/**
 * struct member - a stream and its channels
 * @id: stream_id
 * @lease: what of it is ours to delete
 * @at: handle and reader of what goes to the graph, and where in it we are
 * @bell: a second handle: the group's periods are its, and the clock's frames
 * @format: of the first epoch; the node's channels are made for it
 * @first: the node's channel that is its first
 * @unfit: its format is not that one now
 * @samples: units delivered
 * @silent: units of silence instead
 * @skipped: units dropped, since the graph did not ask for them in time
 * @lost: units delivered as silence, since the wire lost them
 * @begun: times that it was placed: another talker, after silence, an overrun
 * @overruns: times that the ring went round before we had read it
 */
struct member {
	uint64_t id;
	struct lease lease;
	struct placed at;
	struct avtpmap_stream *bell;
	struct avtpmap_format format;
	uint32_t first;
	bool unfit;
	uint64_t samples;
	uint64_t silent;
	uint64_t skipped;
	uint64_t lost;
	uint64_t begun;
	uint64_t overruns;
};

/**
 * struct node - all of it
 * @m: @n: the streams
 * @channels: of all, in their order
 * @together: their common beginning
 * @position: PipeWire's; its clock is ours to write as driver
 * @started: PipeWire wants cycles
 * @timer: for cycles that no period wakes, as in silence
 * @phc: the port's clock, or NULL
 * @media: the first stream's
 * @line: of it; @have_line: there is one, and it is sure
 * @idle: nothing is heard of any stream
 * @done: units since placed that went to the graph
 * @quantum: units of a cycle, as PipeWire has it
 * @cycle: @filled: number of the cycle begun, and of the one delivered
 * @wakes: by a period, while started
 * @begun_ns: when the last cycle was
 * @busy: it is not over; @waiting: the next one is due
 * @unfinished: cycles that were begun all the same
 * @foreign: cycles that another driver began
 */
struct node {
	const char *ifname;
	const char *name;
	uint32_t backend;
	uint32_t period;
	uint32_t seconds;
	uint32_t rate;
	double begun_s;
	struct member *m;
	uint32_t n;
	uint32_t channels;
	struct together together;
	struct avtpmap_group *group;
	struct pw_stream *stream;
	struct pw_loop *loop;
	struct spa_source *source;
	struct spa_source *timer;
	struct spa_io_position *position;
	bool started;
	struct avtpmap_clock *phc;
	struct avtpmap_media_clock *media;
	struct avtpmap_media_line line;
	bool have_line;
	bool idle;
	uint64_t done;
	uint32_t quantum;
	uint64_t cycle;
	uint64_t filled;
	uint64_t wakes;
	uint64_t begun_ns;
	bool busy;
	bool waiting;
	uint64_t unfinished;
	uint64_t foreign;
	float *planes[CHANNELS_MAX];
};

/* streams.c APIs. 0, or -1 after a line on stderr. */
__attribute__((format(printf, 2, 3))) int fail(int err, const char *fmt, ...);
int node_streams(struct node *d, int argc, char **argv);
int node_open(struct node *d, const volatile sig_atomic_t *stopped);
bool node_is_over(const struct node *d); /* --seconds are */
void node_close(struct node *d);

/* drive.c APIs. Real-time safe: in PipeWire's data thread. */
void drive_ring(void *data, int fd, uint32_t mask);
void drive_timer(void *data, uint64_t expirations);
void drive_process(void *data);
void drive_start(struct node *d, bool start);
void drive_done(void *data); /* in the main thread */

#endif
