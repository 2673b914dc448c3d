// SPDX-License-Identifier: MIT
/* What a terminal shows of a stream while it runs: a status line and levels. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "listen.h"

enum {
	SCREEN_BYTES = 32768,
	CELL = 39, /* columns of one channel's meter */
	BAR = 20, /* characters, of 3 dB each */
};

#define FALL_DB 2.0 /* per drawing: a peak stays in sight for a while */
#define SILENT_DB (-200.0)

/**
 * struct meters - levels since the last drawing
 * @channels: of the stream
 * @units: since then
 * @level: one per channel
 */
struct meters {
	uint32_t channels;
	uint64_t units;
	struct level {
		double peak; /* 1.0 is full scale */
		double square; /* sum over units */
		double shown_db; /* peak as it was drawn */
	} level[];
};

/*
 * A terminal that is stopped must not stop the reader, so it is written to
 * without waiting. By an open file of our own: who shares our standard error
 * expects to wait.
 */
void listen_screen_open(struct listen *l)
{
	l->tty = isatty(STDERR_FILENO) ?
			 open("/proc/self/fd/2",
			      O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) :
			 -1;
	if (l->tty < 0 && l->args->meters)
		fail(0, "--meters: standard error is no terminal; none are "
			"drawn");
}

int listen_meters_format(struct listen *l)
{
	struct meters *m;

	if (l->tty < 0 || !l->args->meters)
		return 0;
	m = calloc(1, sizeof(*m) + l->format.channels * sizeof(m->level[0]));
	if (!m)
		return fail(-ENOMEM, "out of memory");
	m->channels = l->format.channels;
	for (uint32_t c = 0; c < m->channels; c++)
		m->level[c].shown_db = SILENT_DB;
	free(l->meters);
	l->meters = m;
	return 0;
}

void listen_meters_add(struct listen *l, uint32_t units)
{
	struct meters *m = l->meters;
	const int16_t *s16 = l->buf;
	const int32_t *s32 = l->buf;
	const float *f32 = l->buf;
	size_t i = 0;

	if (!m)
		return;
	for (uint32_t u = 0; u < units; u++)
		for (uint32_t c = 0; c < m->channels; c++, i++) {
			struct level *level = &m->level[c];
			double v = l->type == AVTPMAP_PCM_S16 ?
					   s16[i] / 32768.0 :
				   l->type == AVTPMAP_PCM_S32 ?
					   s32[i] / 2147483648.0 :
					   f32[i];

			level->peak = fmax(level->peak, fabs(v));
			level->square += v * v;
		}
	m->units += units;
}

/* What is drawn goes out in one piece. */
struct screen {
	size_t n;
	char buf[SCREEN_BYTES];
};

__attribute__((format(printf, 2, 3))) static void put(struct screen *s,
						      const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->buf + s->n, sizeof(s->buf) - s->n, fmt, ap);
	va_end(ap);
	if (n > 0 && s->n + n < sizeof(s->buf))
		s->n += n;
}

static double db(double level)
{
	return level > 1e-10 ? 20 * log10(level) : SILENT_DB;
}

static void put_db(struct screen *s, double v)
{
	if (v <= SILENT_DB)
		put(s, "  -inf");
	else
		put(s, "%6.1f", v > -0.05 ? fabs(v) : v); /* no "-0.0" */
}

static void draw_level(struct screen *s, uint32_t channel, struct level *level,
		       uint64_t units)
{
	double peak = db(level->peak);
	double rms = db(units ? sqrt(level->square / units) : 0);
	int marks;

	if (peak < level->shown_db - FALL_DB)
		peak = level->shown_db - FALL_DB;
	if (peak < -120)
		peak = SILENT_DB;
	marks = BAR + (int)ceil(peak / 3);
	put(s, "%3u ", channel + 1);
	for (int i = 0; i < BAR; i++)
		put(s, "%c", i < marks ? '#' : '.');
	put_db(s, peak);
	put_db(s, rms);
	put(s, "  ");
	*level = (struct level){ .shown_db = peak };
}

/* Returns the lines drawn: as many channels as the terminal has room for. */
static unsigned int draw_meters(struct screen *s, struct meters *m, int tty)
{
	struct winsize size = { 0 };
	unsigned int columns = 2, most, lines = 0;

	if (!ioctl(tty, TIOCGWINSZ, &size) && size.ws_col > CELL)
		columns = size.ws_col / CELL;
	most = size.ws_row > 3 ? size.ws_row - 2 : 22;
	for (uint32_t c = 0; c < m->channels && lines < most; c++) {
		draw_level(s, c, &m->level[c], m->units);
		if ((c + 1) % columns && c + 1 < m->channels)
			continue;
		put(s, "\033[K\n");
		lines++;
	}
	m->units = 0;
	return lines;
}

static void draw_status(struct screen *s, const struct listen *l)
{
	struct avtpmap_reader_info info;
	double seconds =
		l->format.rate_hz ? (double)l->samples / l->format.rate_hz : 0;

	put(s, "%8.1f s  %llu samples  %llu frames  %llu lost  %llu overrun",
	    seconds, (unsigned long long)l->samples,
	    (unsigned long long)listen_frames(l),
	    (unsigned long long)listen_lost(l),
	    (unsigned long long)avtpmap_overrun_frames(l->s));
	if (!avtpmap_reader_info(l->s, &info))
		put(s, "  %llu wakes of %llu periods",
		    (unsigned long long)info.wakes_period,
		    (unsigned long long)info.periods);
	put(s, "\033[K");
}

void listen_progress(struct listen *l)
{
	static struct screen s;

	if (l->tty < 0)
		return;
	s.n = 0;
	if (l->drawn)
		put(&s, "\033[%uA", l->drawn);
	put(&s, "\r");
	l->drawn = l->meters ? draw_meters(&s, l->meters, l->tty) : 0;
	draw_status(&s, l);
	/* a terminal that is stopped misses this drawing; the stream does not */
	if (write(l->tty, s.buf, s.n) < 0)
		l->drawn = 0;
}

/* What is said on standard error next begins on a line of its own. */
void listen_screen_leave(struct listen *l)
{
	if (l->tty >= 0)
		fputc('\n', stderr);
	l->drawn = 0;
}

void listen_screen_close(struct listen *l)
{
	if (l->tty >= 0)
		close(l->tty);
	free(l->meters);
}
