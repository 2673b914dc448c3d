// SPDX-License-Identifier: MIT
/* Takes out of the ring what is there, as samples or as frames. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listen.h"

enum {
	BLOCK_UNITS = 4096,
	ODD_NS = 250 * 1000 * 1000, /* no talker is so late */
};

bool listen_has_enough(const struct listen *l)
{
	return l->args->samples && l->samples >= l->args->samples;
}

static uint32_t block(const struct listen *l)
{
	uint64_t left = l->args->samples ? l->args->samples - l->samples :
					   BLOCK_UNITS;

	return left < BLOCK_UNITS ? left : BLOCK_UNITS;
}

/* Not audio that can be decoded: frames are counted, and nothing is written. */
static int go_on_with_frames(struct listen *l)
{
	char text[96];

	avtpmap_pcm_close(l->pcm);
	l->pcm = NULL;
	if (!l->args->wav)
		return 0;
	return fail(-ENOTSUP, "%s cannot be written as a WAV file",
		    format_text(text, sizeof(text), &l->format));
}

static int use_format(struct listen *l, const struct avtpmap_format *format)
{
	size_t bytes = (size_t)BLOCK_UNITS * format->channels * 4;

	free(l->buf);
	free(l->quiet);
	l->buf = malloc(bytes);
	l->quiet = calloc(1, bytes);
	if (!l->buf || !l->quiet)
		return fail(-ENOMEM, "out of memory");
	l->format = *format;
	if (listen_meters_format(l))
		return FAILURE;
	if (l->args->wav && !l->wav &&
	    wav_open(&l->wav, l->args->wav, &l->format))
		return FAILURE;
	return 0;
}

static void use_samples(struct listen *l, const void *samples, uint32_t n)
{
	l->samples += n;
	if (l->wav && wav_write(l->wav, samples, n))
		l->failed = true;
}

static int add_drops(const struct avtpmap_port_info *p, void *arg)
{
	struct listen *l = arg;

	if (p->ifindex == avtpmap_header(l->s)->ifindex)
		for (uint32_t i = 0; i < p->n_queues; i++)
			l->drops += p->queues[i].error;
	return 0;
}

/*
 * The packet backend is a part of this process: what its socket had no room for
 * is our own lateness, though it looks like loss on the wire.
 */
uint64_t listen_drops(struct listen *l)
{
	struct avtpmap_ctl *ctl;

	l->drops = 0;
	if (avtpmap_header(l->s)->backend == AVTPMAP_BACKEND_PACKET &&
	    !avtpmap_ctl_open(
		    &ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
				       .backend = AVTPMAP_BACKEND_PACKET))) {
		avtpmap_port_list(ctl, add_drops, l);
		avtpmap_ctl_close(ctl);
	}
	return l->drops;
}

/*
 * Their timestamps tell the talker's time but for a multiple of 2^32 ns, which
 * the time of arrival has to tell; it does for the rest too, if they make no sense.
 */
static int64_t ns_between(const struct avtpmap_slot *a,
			  const struct avtpmap_slot *b)
{
	int64_t arrived = b->mono_ns - a->mono_ns;
	int32_t off = b->avtp_timestamp - a->avtp_timestamp - (uint32_t)arrived;

	if (!(a->flags & b->flags & AVTPMAP_F_TV) || abs(off) > ODD_NS)
		off = 0;
	return arrived + off;
}

/*
 * Media between the last frame read and the next one, by the time between them;
 * sequence_num tells the last eight bits of how many frames that is.
 */
static uint64_t units_between(const struct listen *l)
{
	const struct avtpmap_ring *r = avtpmap_ring(l->s);
	const struct avtpmap_slot *next = avtpmap_peek(l->s), *last;
	uint64_t at = r->pos - 1;
	double units;
	int64_t frames;
	uint8_t due;

	last = (const void *)(r->slots + ((at & r->mask) << r->shift));
	if (!next || last->seq != 2 * at + 2 || !last->units)
		return 0;
	units = ns_between(last, next) / 1e9 * l->format.rate_hz;
	if (l->format.encoding >= AVTPMAP_ENC_AM824) /* frames are not alike */
		return units > last->units ? units - last->units + 0.5 : 0;
	frames = units / last->units + 0.5;
	due = AVTPMAP_PDU_SEQUENCE(next->pdu) -
	      AVTPMAP_PDU_SEQUENCE(last->pdu) - frames;
	frames += (int8_t)due;
	return frames > 1 ? (frames - 1) * last->units : 0;
}

static void fill(struct listen *l, uint64_t units)
{
	while (units && !l->failed && !listen_has_enough(l)) {
		uint32_t n = units < block(l) ? units : block(l);

		use_samples(l, l->quiet, n);
		l->missed += n;
		units -= n;
	}
}

/* A new epoch: the first, or another talker, or another format. */
static int next_epoch(struct listen *l)
{
	struct avtpmap_format format;
	char text[96];
	uint64_t gap = l->epochs && !l->hole ? units_between(l) : 0;
	int type = avtpmap_pcm_format(l->pcm, &format);

	if (type == -EAGAIN)
		return 0;
	if (type == -ENOTSUP) {
		l->format = format;
		return go_on_with_frames(l);
	}
	if (type < 0)
		return fail(type, "cannot learn the stream's format");
	l->epochs++;
	if (l->wav && memcmp(&format, &l->format, sizeof(format)))
		return fail(-ESTRPIPE, "the format changed to %s; %s ends here",
			    format_text(text, sizeof(text), &format),
			    l->args->wav);
	l->type = type;
	if (l->epochs > 1 && listen_drops(l) > l->drops_seen) {
		l->drops_seen = l->drops;
		fill(l, gap);
	}
	return l->failed ? FAILURE : use_format(l, &format);
}

/* Once: a new epoch begins with labels that are not known, and that is no news. */
static void note_labels(struct listen *l)
{
	avtpmap_pcm_info(l->pcm, &l->talker);
	if (!l->talker.labels || l->talker.labels == l->labels)
		return;
	l->labels = l->talker.labels;
	if (l->labels != AVTPMAP_PCM_LABELS_NONE)
		return;
	listen_screen_leave(l);
	fprintf(stderr,
		"avtpmap: labels: only 0x00 and 0xff, the signs of the samples: "
		"read as 24 bits in 32 without AM824 labels, as PipeWire 1.4 "
		"sends them\n");
}

static void drain_samples(struct listen *l)
{
	struct avtpmap_pcm_result r;

	while (l->pcm && !l->failed && !listen_has_enough(l)) {
		int n = avtpmap_pcm_read_native(l->pcm, l->buf, block(l), &r);

		l->stale += r.dropped_frames;
		if (n == -ESTRPIPE) {
			l->failed = next_epoch(l);
			continue;
		}
		if (n == -EPIPE) { /* counted by the stream handle */
			l->hole = true;
			continue;
		}
		if (n < 0)
			l->failed = fail(n, "cannot read samples: %s",
					 strerror(-n));
		if (n <= 0)
			return;
		/* what we were too late for is silence: the rest keeps its place */
		if (l->hole && r.media_pos > l->pos)
			fill(l, r.media_pos - l->pos);
		note_labels(l);
		l->hole = false;
		l->pos = r.media_pos + n;
		l->silence += r.silence;
		if ((uint32_t)n > block(l)) /* the hole was long enough */
			n = block(l);
		listen_meters_add(l, n);
		use_samples(l, l->buf, n);
	}
}

static void drain_frames(struct listen *l)
{
	const struct avtpmap_slot *slot;

	while (!listen_has_enough(l) && (slot = avtpmap_peek(l->s))) {
		uint32_t units = slot->units + slot->lost_units;
		uint32_t stale = slot->flags &
				 (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE);

		uint32_t epoch = slot->epoch;

		if (avtpmap_release(l->s))
			continue;
		if (epoch != l->epoch) {
			avtpmap_format(l->s, &l->format, NULL);
			l->epoch = epoch;
			l->epochs++;
		}
		l->samples += units;
		l->stale += stale != 0;
	}
}

void listen_drain(struct listen *l)
{
	drain_samples(l);
	if (!l->pcm && !l->failed)
		drain_frames(l);
}
