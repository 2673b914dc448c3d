// SPDX-License-Identifier: MIT
/* Offset and rate over time, as a picture. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "watch.h"

enum { WIDTH = 900, PANEL = 220, LEFT = 90, TOP = 40, GAP = 60, TICKS = 4 };

/* A panel's axes: what is drawn where. */
struct panel {
	FILE *f;
	double top;
	double low;
	double high;
	double from_s;
	double to_s;
};

static const char *colour(int i)
{
	static const char *const colours[] = { "#1f6fb4", "#d9541a", "#2c8c3c",
					       "#8a4bb0", "#b8860b", "#c2307a",
					       "#3aa5a5", "#666666" };

	return colours[i % 8];
}

static double x_of(const struct panel *p, double s)
{
	return LEFT + (s - p->from_s) / (p->to_s - p->from_s) * WIDTH;
}

static double y_of(const struct panel *p, double v)
{
	return p->top + (p->high - v) / (p->high - p->low) * PANEL;
}

static void include(struct panel *p, double v)
{
	if (v < p->low)
		p->low = v;
	if (v > p->high)
		p->high = v;
}

/* Room above and below, and never a panel of no height. */
static void make_room(struct panel *p)
{
	double room = (p->high - p->low) / 10;

	if (room <= 0)
		room = 0.001;
	p->low -= room;
	p->high += room;
}

static void draw_axes(const struct panel *p, const char *title)
{
	fprintf(p->f,
		"<text x=\"%d\" y=\"%.1f\">%s</text>\n<rect x=\"%d\" "
		"y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"none\" "
		"stroke=\"#999\"/>\n",
		LEFT, p->top - 8, title, LEFT, p->top, WIDTH, PANEL);
	for (int i = 0; i <= TICKS; i++) {
		double v = p->low + (p->high - p->low) * i / TICKS;
		double s = p->from_s + (p->to_s - p->from_s) * i / TICKS;

		fprintf(p->f,
			"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3f"
			"</text>\n<text x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"middle\">%.1f s</text>\n",
			LEFT - 6, y_of(p, v) + 4, v, x_of(p, s),
			p->top + PANEL + 16, s);
	}
}

static void draw_rates(struct panel *p, const struct watch *w, int n)
{
	char title[96];

	for (int i = 0; i < n; i++)
		for (size_t j = 0; j < w[i].n_points; j++)
			include(p, w[i].points[j].rate_ppm);
	make_room(p);
	snprintf(title, sizeof(title), "rate, ppm against %s",
		 watch_timebase_name(watch_timebase(&w[0].info)));
	draw_axes(p, title);
	for (int i = 0; i < n; i++) {
		fprintf(p->f, "<polyline fill=\"none\" stroke=\"%s\" points=\"",
			colour(i));
		for (size_t j = 0; j < w[i].n_points; j++)
			fprintf(p->f, "%.1f,%.1f ", x_of(p, w[i].points[j].s),
				y_of(p, w[i].points[j].rate_ppm));
		fputs("\"/>\n", p->f);
	}
}

static void draw_offsets(struct panel *p, const struct watch *w, int n)
{
	for (int i = 0; i < n; i++)
		for (size_t j = 0; j < w[i].n_points; j++) {
			include(p, w[i].points[j].low_ns / 1e3);
			include(p, w[i].points[j].high_ns / 1e3);
		}
	make_room(p);
	draw_axes(p, "offset of what came from the recovered clock, least "
		     "and most, us");
	for (int i = 0; i < n; i++)
		for (size_t j = 0; j < w[i].n_points; j++) {
			const struct watch_point *at = &w[i].points[j];
			double x = x_of(p, at->s);

			fprintf(p->f,
				"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
				"y2=\"%.1f\" stroke=\"%s\"/>\n",
				x, y_of(p, at->low_ns / 1e3), x,
				y_of(p, at->high_ns / 1e3), colour(i));
		}
}

static void draw_names(FILE *f, const struct watch *w, int n)
{
	for (int i = 0; i < n; i++) {
		char id[AVTPMAP_STREAM_ID_TEXT];

		fprintf(f, "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n",
			LEFT + i % 5 * 180, 16 + i / 5 * 14 - 4 * (n > 5),
			colour(i), avtpmap_stream_id_to_text(id, w[i].id));
	}
}

static double last_s(const struct watch *w, int n)
{
	double s = 1;

	for (int i = 0; i < n; i++)
		if (w[i].n_points && w[i].points[w[i].n_points - 1].s > s)
			s = w[i].points[w[i].n_points - 1].s;
	return s;
}

int watch_svg(const char *path, const struct watch *w, int n)
{
	int top = TOP + n / 6 * 14;
	struct panel rate = { .top = top, .low = 1e18, .high = -1e18 };
	struct panel offset = { .top = top + PANEL + GAP };
	FILE *f = fopen(path, "w");
	int failed;

	if (!f)
		return fail(-errno, "cannot write %s: %s", path,
			    strerror(errno));
	for (int i = 0; i < n; i++)
		if (w[i].n_points)
			include(&rate, w[i].points[0].rate_ppm);
	if (rate.low > rate.high)
		rate.low = rate.high = 0;
	rate.f = offset.f = f;
	rate.to_s = offset.to_s = last_s(w, n);
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		"height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		LEFT + WIDTH + 40, top + 2 * PANEL + GAP + 30);
	draw_names(f, w, n);
	draw_rates(&rate, w, n);
	draw_offsets(&offset, w, n);
	fputs("</svg>\n", f);
	failed = ferror(f);
	if (fclose(f) || failed)
		return fail(-errno, "cannot write %s; is the disk full?", path);
	return OK;
}
