// SPDX-License-Identifier: MIT
/* The backends: one library, so one way to receive by any of them. */
#include <avtpmap/avtpmap.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

static struct avtpmap_ctl *ctl;
static const struct bench_streams *wanted;
static struct avtpmap_stream *open_streams[BENCH_STREAMS];
static uint64_t lost_before[BENCH_STREAMS];
static bool added[BENCH_STREAMS];
static unsigned int looked_at; /* so that every frame is */

static int is_port(const struct avtpmap_port_info *p, void *arg)
{
	return p->attached && !strcmp(p->ifname, arg);
}

/* Only where somebody attached it: a NIC is not reset for a measurement. */
static int get_control(uint32_t backend, char *why, size_t why_bytes)
{
	int err = avtpmap_ctl_open(
		&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts, .backend = backend,
				   .error = why, .error_bytes = why_bytes));

	if (err || backend == AVTPMAP_BACKEND_PACKET)
		return err;
	err = avtpmap_port_list(ctl, is_port, (char *)wanted->ifname);
	if (err > 0)
		return 0;
	snprintf(why, why_bytes,
		 "not attached to %s; avtpmap attach %s --backend %s%s",
		 wanted->ifname, wanted->ifname, avtpmap_ctl_backend_name(ctl),
		 backend == AVTPMAP_BACKEND_XDP ?
			 ", with --alone where that is refused" :
			 "");
	return err ? err : -ENODEV;
}

struct taken {
	const struct bench_streams *streams;
	bool any;
};

static int is_taken(const struct avtpmap_stream_info *s, void *arg)
{
	struct taken *t = arg;

	for (int i = 0; i < t->streams->n; i++)
		t->any |= s->stream_id == t->streams->ids[i] &&
			  s->mode == AVTPMAP_MODE_TAKE;
	return 0;
}

static const char *taken_by(const struct bench_streams *streams)
{
	static const struct {
		uint32_t id;
		const char *name;
	} backends[] = { { AVTPMAP_BACKEND_KMOD, "kmod" },
			 { AVTPMAP_BACKEND_XDP, "xdp" } };
	struct taken t = { .streams = streams };
	struct avtpmap_ctl *c;

	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (avtpmap_ctl_open(&c,
				     AVTPMAP_OPTS(avtpmap_ctl_opts,
						  .backend = backends[i].id)))
			continue;
		avtpmap_stream_list(c, streams->ifname, is_taken, &t);
		avtpmap_ctl_close(c);
		if (t.any)
			return backends[i].name;
	}
	return NULL;
}

static uint64_t lost_frames(struct avtpmap_stream *s)
{
	uint64_t c[AVTPMAP_N_COUNTERS];

	avtpmap_counters(s, c, AVTPMAP_N_COUNTERS);
	return c[AVTPMAP_C_FRAMES_LOST];
}

/* A stream that is not registered is copied, so that nobody misses it. */
static int open_stream(uint32_t backend, int i, char *why, size_t why_bytes)
{
	int err = avtpmap_stream_add(ctl, wanted->ifname, wanted->ids[i],
				     AVTPMAP_OPTS(avtpmap_stream_opts,
						  .mode = AVTPMAP_MODE_COPY));

	added[i] = !err;
	if (err && err != -EEXIST) {
		snprintf(why, why_bytes, "%s", avtpmap_ctl_error(ctl));
		return err;
	}
	err = avtpmap_open(
		&open_streams[i],
		AVTPMAP_OPTS(avtpmap_open_opts, .ifname = wanted->ifname,
			     .stream_id = wanted->ids[i], .backend = backend,
			     .period.period = wanted->period, .error = why,
			     .error_bytes = why_bytes));
	if (!err)
		lost_before[i] = lost_frames(open_streams[i]);
	return err;
}

static int open_all(uint32_t backend, const struct bench_streams *streams,
		    struct pollfd *fds, char *why, size_t why_bytes)
{
	int err;

	wanted = streams;
	err = get_control(backend, why, why_bytes);
	for (int i = 0; !err && i < streams->n; i++) {
		err = open_stream(backend, i, why, why_bytes);
		if (!err)
			fds[i] = (struct pollfd){
				.fd = avtpmap_fd(open_streams[i]),
				.events = POLLIN,
			};
	}
	return err;
}

static int open_kmod(const struct bench_streams *streams, struct pollfd *fds,
		     char *why, size_t why_bytes)
{
	return open_all(AVTPMAP_BACKEND_KMOD, streams, fds, why, why_bytes);
}

static int open_xdp(const struct bench_streams *streams, struct pollfd *fds,
		    char *why, size_t why_bytes)
{
	return open_all(AVTPMAP_BACKEND_XDP, streams, fds, why, why_bytes);
}

bool bench_is_blind(const struct bench_streams *streams, char *why,
		    size_t why_bytes)
{
	const char *by = taken_by(streams);

	if (by)
		snprintf(why, why_bytes,
			 "sees no stream that %s takes; avtpmap set %s "
			 "STREAM_ID mode=copy lets it",
			 by, streams->ifname);
	return by;
}

static int open_packet(const struct bench_streams *streams, struct pollfd *fds,
		       char *why, size_t why_bytes)
{
	wanted = streams;
	if (bench_is_blind(streams, why, why_bytes))
		return -EBUSY;
	return open_all(AVTPMAP_BACKEND_PACKET, streams, fds, why, why_bytes);
}

static uint64_t read_all(int i)
{
	struct avtpmap_stream *s = open_streams[i];
	const struct avtpmap_slot *slot;
	uint64_t frames = 0;

	while ((slot = avtpmap_peek(s))) {
		looked_at += avtpmap_slot_pdu(slot)[slot->len_bytes - 1];
		if (!avtpmap_release(s))
			frames++;
	}
	return frames;
}

static void count_losses(struct bench_result *result)
{
	for (int i = 0; i < wanted->n; i++) {
		result->lost += lost_frames(open_streams[i]) - lost_before[i];
		result->missed += avtpmap_overrun_frames(open_streams[i]);
	}
}

/* The packet backend's thread would work on beside the ways that follow. */
static void leave_port(void)
{
	if (ctl && !strcmp(avtpmap_ctl_backend_name(ctl), "packet"))
		avtpmap_port_detach(ctl, wanted->ifname);
}

static void close_all(void)
{
	for (int i = 0; i < wanted->n; i++) {
		avtpmap_close(open_streams[i]);
		open_streams[i] = NULL;
		if (added[i])
			avtpmap_stream_del(ctl, wanted->ifname, wanted->ids[i]);
		added[i] = false;
	}
	leave_port();
	avtpmap_ctl_close(ctl);
	ctl = NULL;
}

const struct bench_way bench_kmod = { "kmod", open_kmod, read_all, count_losses,
				      close_all };
const struct bench_way bench_xdp = { "xdp", open_xdp, read_all, count_losses,
				     close_all };
const struct bench_way bench_packet = { "packet", open_packet, read_all,
					count_losses, close_all };
