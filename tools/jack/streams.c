// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "../backend.h"

enum { TICK_NS = 100000000, PATIENCE_S = 2 };

int fail(int err, const char *fmt, ...)
{
	const char *name = err ? strerrorname_np(-err) : NULL;
	va_list ap;

	fputs("avtpmap-jack: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (name)
		fprintf(stderr, " [%s]", name);
	fputc('\n', stderr);
	return -1;
}

int number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (end == text || *end || v < min || v > max)
		return fail(-ERANGE, "%s: not a number from %u to %u", text,
			    min, max);
	*out = v;
	return 0;
}

int client_backend(struct client *c, const char *name)
{
	if (backend_of_name(name, &c->backend))
		return fail(-EINVAL, "%s: no such backend", name);
	return 0;
}

int client_streams(struct client *c, int argc, char **argv)
{
	if (argc < 2 || argc - 1 > STREAMS_MAX)
		return fail(-EINVAL, "an interface and 1 to %d stream ids",
			    STREAMS_MAX);
	c->ifname = argv[0];
	c->streams = calloc(argc - 1, sizeof(*c->streams));
	if (!c->streams)
		return fail(-ENOMEM, "out of memory");
	for (int i = 1; i < argc; i++)
		if (avtpmap_stream_id_from_text(argv[i], &c->streams[i - 1].id))
			return fail(-EINVAL, "%s: not a stream id", argv[i]);
	c->n_streams = argc - 1;
	return 0;
}

/* As "avtpmap listen" does: what is not registered is, until the end. */
int stream_open(struct client *c, struct stream *st)
{
	char error[256] = "";
	struct avtpmap_open_opts opts = {
		.sz = sizeof(opts),
		.ifname = c->ifname,
		.stream_id = st->id,
		.backend = c->backend,
		.period.events = AVTPMAP_EV_START,
		.error = error,
		.error_bytes = sizeof(error),
	};
	const struct avtpmap_stream_opts how = {
		.sz = sizeof(how),
		.ms = c->fill_ms > 25 ? 4 * c->fill_ms : 0,
	};
	int err = lease_open(&st->lease, &st->s, &opts, &how);

	if (err)
		return fail(err, "%s", error);
	err = avtpmap_pcm_open(&st->pcm, st->s, NULL);
	return err ? fail(err, "out of memory") : 0;
}

/* Those that nothing came of yet, each in a line. */
static void name_silent(struct client *c, bool for_good)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	for (int i = 0; i < c->n_streams; i++) {
		struct stream *st = &c->streams[i];

		if (avtpmap_pcm_format(st->pcm, &st->format) != -EAGAIN)
			continue;
		avtpmap_stream_id_to_text(id, st->id);
		fail(for_good ? -ENODATA : 0,
		     "nothing is heard of stream %s on %s%s; avtpmap listen %s "
		     "%s finds out why",
		     id, c->ifname, for_good ? "" : ", waiting for it",
		     c->ifname, id);
	}
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

bool client_is_over(const struct client *c)
{
	return c->seconds && now_s() - c->begun_s >= c->seconds;
}

/* Until a stream's first frame, a signal, or --seconds; once it says of whom. */
static int await_frame(struct client *c, struct stream *st,
		       const volatile sig_atomic_t *stopped)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	double s;

	while (avtpmap_pcm_format(st->pcm, &st->format) == -EAGAIN) {
		s = now_s() - c->begun_s;
		if (*stopped || client_is_over(c)) {
			name_silent(c, true);
			return -1;
		}
		if (!c->told && s >= PATIENCE_S) {
			c->told = true;
			name_silent(c, false);
		}
		if (avtpmap_wait(st->s, TICK_NS) == -ENODEV)
			return fail(-ENODEV, "%s: the stream is gone",
				    avtpmap_stream_id_to_text(id, st->id));
	}
	return 0;
}

/* The first frame tells the format. */
int stream_await(struct client *c, struct stream *st,
		 const volatile sig_atomic_t *stopped)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	int type;

	if (!c->begun_s)
		c->begun_s = now_s();
	if (await_frame(c, st, stopped))
		return -1;
	avtpmap_stream_id_to_text(id, st->id);
	type = avtpmap_pcm_format(st->pcm, &st->format);
	if (type < 0)
		return fail(type, "%s: not audio that can be decoded", id);
	if (st->format.rate_hz != c->rate)
		return fail(
			-EINVAL,
			"%s has %u Hz and JACK %u, and nothing is resampled",
			id, st->format.rate_hz, c->rate);
	st->n_ports = st->format.channels;
	st->pos = avtpmap_header(st->s)->media_pos;
	return avtpmap_set_period(st->s, &(struct avtpmap_period){ 0 });
}

bool stream_format(struct stream *st)
{
	struct avtpmap_format f;
	int type = avtpmap_pcm_format(st->pcm, &f);

	if (type == -EAGAIN)
		return false;
	st->epochs++;
	st->muted = type < 0 || f.channels != st->format.channels ||
		    f.rate_hz != st->format.rate_hz;
	return type >= 0;
}

void client_close(struct client *c)
{
	for (int i = 0; i < c->n_streams; i++) {
		avtpmap_pcm_close(c->streams[i].pcm);
		avtpmap_close(c->streams[i].s);
		lease_end(&c->streams[i].lease);
	}
	free(c->streams);
}
