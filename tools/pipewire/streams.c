// SPDX-License-Identifier: MIT
/* Streams are opened, and heard. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node.h"

enum { TICK_NS = 100000000, PATIENCE_S = 2, RING_MS = 500 };

int fail(int err, const char *fmt, ...)
{
	const char *name = err ? strerrorname_np(-err) : NULL;
	va_list ap;

	fputs("avtpmap-pipewire: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (name)
		fprintf(stderr, " [%s]", name);
	fputc('\n', stderr);
	return -1;
}

int node_streams(struct node *d, int argc, char **argv)
{
	if (argc < 2 || argc - 1 > TOGETHER_MAX)
		return fail(-EINVAL, "an interface and 1 to %d stream ids",
			    TOGETHER_MAX);
	d->ifname = argv[0];
	d->m = calloc(argc - 1, sizeof(*d->m));
	if (!d->m)
		return fail(-ENOMEM, "out of memory");
	for (int i = 1; i < argc; i++)
		if (avtpmap_stream_id_from_text(argv[i], &d->m[i - 1].id))
			return fail(-EINVAL, "%s: not a stream id", argv[i]);
	d->n = argc - 1;
	return 0;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

bool node_is_over(const struct node *d)
{
	return d->seconds && now_s() - d->begun_s >= d->seconds;
}

/* As "avtpmap listen" does: what is not registered is, until the end. */
static int open_member(struct node *d, struct member *m)
{
	char error[256] = "";
	struct avtpmap_open_opts opts = {
		.sz = sizeof(opts),
		.ifname = d->ifname,
		.stream_id = m->id,
		.backend = d->backend,
		.period.events = AVTPMAP_EV_START,
		.error = error,
		.error_bytes = sizeof(error),
	};
	const struct avtpmap_stream_opts how = {
		.sz = sizeof(how),
		.ms = RING_MS,
	};
	int err = lease_open(&m->lease, &m->at.s, &opts, &how);

	if (!err) {
		opts.period.events = 0;
		opts.backend = avtpmap_header(m->at.s)->backend;
		err = avtpmap_open(&m->bell, &opts);
	}
	if (err)
		return fail(err, "%s", error);
	err = avtpmap_pcm_open(&m->at.pcm, m->at.s, NULL);
	if (!err)
		err = avtpmap_group_add(d->group, m->bell);
	return err ? fail(err, "stream does not join the others") : 0;
}

/* Until a stream's first frame, a signal, or --seconds; once it says of whom. */
static int await_member(struct node *d, struct member *m,
			const volatile sig_atomic_t *stopped)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	bool told = false;
	int type;

	avtpmap_stream_id_to_text(id, m->id);
	while ((type = avtpmap_pcm_format(m->at.pcm, &m->format)) == -EAGAIN) {
		bool over = *stopped || node_is_over(d);

		if (over || (!told && now_s() - d->begun_s >= PATIENCE_S)) {
			told = true;
			fail(over ? -ENODATA : 0,
			     "nothing is heard of stream %s on %s%s; avtpmap "
			     "listen %s %s finds out why",
			     id, d->ifname, over ? "" : ", waiting for it",
			     d->ifname, id);
		}
		if (over)
			return -1;
		if (avtpmap_wait(m->at.s, TICK_NS) == -ENODEV)
			return fail(-ENODEV, "%s: the stream is gone", id);
		avtpmap_events(m->at.s);
	}
	avtpmap_set_period(m->at.s, &(struct avtpmap_period){ 0 });
	if (type < 0 || !m->format.rate_hz)
		return fail(-ENOTSUP, "%s: not audio that can be decoded", id);
	if (d->rate && d->rate != m->format.rate_hz)
		return fail(-EINVAL,
			    "%s has %u Hz and another stream %u, and a node "
			    "has one rate",
			    id, m->format.rate_hz, d->rate);
	d->rate = m->format.rate_hz;
	m->first = d->channels;
	d->channels += m->format.channels;
	if (d->channels > CHANNELS_MAX)
		return fail(-E2BIG,
			    "%s is the stream that makes it %u channels, and a "
			    "node of PipeWire has %u at most: start one more "
			    "avtpmap-pipewire for it",
			    id, d->channels, CHANNELS_MAX);
	return 0;
}

/* The format may be another's by now: then we end, and say why. */
static int format_of(void *data, uint32_t i, struct avtpmap_format *f)
{
	struct node *d = data;
	struct member *m = &d->m[i];
	int type = avtpmap_pcm_format(m->at.pcm, f);

	if (type == -EAGAIN)
		return type;
	if (type < 0 || f->channels != m->format.channels ||
	    f->rate_hz != d->rate) {
		m->unfit = true; /* the main thread says so */
		return -ENODEV;
	}
	return 0;
}

static void make_together(struct node *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		d->together.of[i] = &d->m[i].at;
	d->together.n = d->n;
	d->together.rate = d->rate;
	d->together.period = d->period;
	d->together.format = format_of;
	d->together.data = d;
}

/* Without a PHC, times are those of arrival. */
static int open_clocks(struct node *d)
{
	struct avtpmap_media_clock_opts opts = { .sz = sizeof(opts) };
	const struct avtpmap_ring_hdr *hdr = avtpmap_header(d->m[0].at.s);
	int err = avtpmap_clock_open(&d->phc, hdr->phc_index);

	if (!err)
		err = avtpmap_clock_update(d->phc);
	if (!err)
		opts.clock = d->phc;
	err = avtpmap_media_clock_open(&d->media, &opts);
	return err ? fail(err, "out of memory") : 0;
}

/* Formats first, for they tell how many ports there are. */
int node_open(struct node *d, const volatile sig_atomic_t *stopped)
{
	int err = avtpmap_group_create(&d->group, NULL);

	d->begun_s = now_s();
	if (err)
		return fail(err, "out of memory");
	for (uint32_t i = 0; i < d->n; i++)
		if (open_member(d, &d->m[i]))
			return -1;
	for (uint32_t i = 0; i < d->n; i++)
		if (await_member(d, &d->m[i], stopped))
			return -1;
	err = avtpmap_group_set_period(
		d->group, &(struct avtpmap_period){
				  .period = d->period,
				  .events = AVTPMAP_EV_START | AVTPMAP_EV_END,
			  });
	if (err)
		return fail(err, "no period of %u units", d->period);
	make_together(d);
	return open_clocks(d);
}

/* The port, which the first may have attached, goes last. */
void node_close(struct node *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		avtpmap_pcm_close(d->m[i].at.pcm);
		avtpmap_close(d->m[i].bell);
		avtpmap_close(d->m[i].at.s);
	}
	avtpmap_group_close(d->group);
	for (uint32_t i = d->n; i--;)
		lease_end(&d->m[i].lease);
	avtpmap_media_clock_close(d->media);
	avtpmap_clock_close(d->phc);
	free(d->m);
}
