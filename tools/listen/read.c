// SPDX-License-Identifier: MIT
/* Takes out of the ring what is there, as samples or as frames. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listen.h"

enum { BLOCK_UNITS = 4096 };

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
	void *buf = realloc(l->buf, (size_t)BLOCK_UNITS * format->channels * 4);

	if (!buf)
		return fail(-ENOMEM, "out of memory");
	l->buf = buf;
	l->format = *format;
	if (listen_meters_format(l))
		return FAILURE;
	if (l->args->wav && !l->wav &&
	    wav_open(&l->wav, l->args->wav, &l->format))
		return FAILURE;
	return 0;
}

/* A new epoch: the first, or another talker, or another format. */
static int next_epoch(struct listen *l)
{
	struct avtpmap_format format;
	char text[96];
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
	return use_format(l, &format);
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
		if (n == -EPIPE) /* counted by the stream handle */
			continue;
		if (n < 0)
			l->failed = fail(n, "cannot read samples: %s",
					 strerror(-n));
		if (n <= 0)
			return;
		l->samples += n;
		l->silence += r.silence;
		listen_meters_add(l, n);
		if (l->wav && wav_write(l->wav, l->buf, n))
			l->failed = true;
	}
}

static void drain_frames(struct listen *l)
{
	const struct avtpmap_slot *slot;

	while (!listen_has_enough(l) && (slot = avtpmap_peek(l->s))) {
		uint32_t units = slot->units + slot->lost_units;
		uint32_t stale = slot->flags &
				 (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE);

		if (avtpmap_release(l->s))
			continue;
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
