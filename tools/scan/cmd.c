// SPDX-License-Identifier: MIT
/* avtpmap scan: who is on the network, without taking anything from anybody. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan.h"

enum { TICK_MS = 20 };

static double seconds;
static bool json, watch;

static const struct option options[] = {
	{ "seconds", "S", "so long, or from table to table (5; 2)",
	  parse_seconds, &seconds, 0, 0 },
	{ "watch", NULL, "a table again and again, until ^C", parse_flag,
	  &watch, 0, 0 },
	{ "json", NULL, "for programs", parse_flag, &json, 0, 0 },
	{ 0 },
};

/* @found: of late, @before: the table before it */
struct scan {
	struct avtpmap_scan *s;
	struct avtpmap_srp *srp; /* NULL: it cannot be had */
	struct found found;
	struct found before;
	double from_s;
};

static struct row *find_row(struct found *f, uint64_t stream_id)
{
	for (int i = 0; i < f->n; i++)
		if (f->row[i].stream_id == stream_id)
			return &f->row[i];
	return NULL;
}

static struct row *new_row(struct found *f, uint64_t stream_id)
{
	struct row *r;

	if (f->n == ROWS_MAX)
		return NULL;
	r = &f->row[f->n++];
	*r = (struct row){ .stream_id = stream_id };
	return r;
}

/* Several of one stream_id, to different MACs or VLANs, are different rows. */
static const struct row *row_before(const struct found *f, const struct row *r)
{
	for (int i = 0; i < f->n; i++) {
		const struct row *b = &f->row[i];

		if (b->stream_id == r->stream_id && b->heard == r->heard &&
		    b->vid == r->vid && !memcmp(b->mac, r->mac, 6))
			return b;
	}
	return NULL;
}

/* By when frames came, where that is known; a lone frame has no rate. */
static void set_rate(struct row *r, const struct row *b, double s)
{
	uint64_t from_ns = b ? b->last_ns : r->first_ns;
	uint64_t n = r->frames - (b ? b->frames : 1);

	if (!r->heard)
		r->per_s = b && s > 0 ? (r->frames - b->frames) / s : 0;
	else if (n && r->last_ns > from_ns)
		r->per_s = n * 1e9 / (r->last_ns - from_ns);
}

static int on_heard(const struct avtpmap_scan_stream *h, void *arg)
{
	struct found *f = arg;
	struct row *r = new_row(f, h->stream_id);

	if (!r)
		return 1;
	memcpy(r->mac, h->mac, 6);
	memcpy(r->talker, h->talker, 6);
	r->vid = h->vid;
	r->priority = h->priority;
	r->heard = r->has_path = r->has_talker = true;
	r->epoch = h->epoch;
	r->format = h->format;
	r->frames = h->frames;
	r->first_ns = h->first_ns;
	r->last_ns = h->last_ns;
	r->lost = h->counters[AVTPMAP_C_FRAMES_LOST];
	r->refused = counters_refused(h->counters, h->n_counters, ~0ull);
	return 0;
}

struct registered {
	struct found *f;
	const char *backend;
};

static int on_registered(const struct avtpmap_stream_info *s, void *arg)
{
	struct registered *reg = arg;
	struct row *r = find_row(reg->f, s->stream_id);

	if (!r) {
		r = new_row(reg->f, s->stream_id);
		if (!r)
			return 1;
		r->epoch = s->epoch;
		r->format = s->format;
		r->frames = s->head;
		r->lost = s->counters[AVTPMAP_C_FRAMES_LOST];
		r->refused = counters_refused(s->counters, s->n_counters,
					      s->counters_known);
	}
	r->taken = s->mode == AVTPMAP_MODE_TAKE;
	snprintf(r->backend, sizeof(r->backend), "%s", reg->backend);
	return 0;
}

static int add_registered(struct avtpmap_ctl *ctl, const char *reason,
			  void *arg)
{
	struct registered reg = { arg, avtpmap_ctl_backend_name(ctl) };

	(void)reason;
	avtpmap_stream_list(ctl, reg.f->ifname, on_registered, &reg);
	return OK;
}

static int on_advertised(const struct avtpmap_srp_talker *t, void *arg)
{
	struct found *f = arg;
	struct row *r;

	if (t->state == AVTPMAP_SRP_NONE)
		return 0;
	r = find_row(f, t->stream_id);
	if (!r)
		r = new_row(f, t->stream_id);
	if (!r)
		return 1;
	r->advertised = true;
	r->failure_code = t->failure_code;
	if (!r->has_path) {
		memcpy(r->mac, t->mac, 6);
		r->vid = t->vid;
		r->priority = t->priority;
		r->has_path = true;
	}
	return 0;
}

static void collect(struct scan *s)
{
	struct found *f = &s->found;
	double now_s = clock_s(CLOCK_MONOTONIC);

	s->before = *f;
	f->n = 0;
	f->seconds = now_s - s->from_s;
	f->missed = avtpmap_scan_missed(s->s);
	avtpmap_scan_streams(s->s, on_heard, f);
	each_ctl(NULL, add_registered, f);
	if (s->srp)
		avtpmap_srp_talkers(s->srp, on_advertised, f);
	for (int i = 0; i < f->n; i++)
		set_rate(&f->row[i], row_before(&s->before, &f->row[i]),
			 f->seconds);
	s->from_s = now_s;
}

static int report(struct scan *s)
{
	if (json)
		print_json(scan_json(&s->found, s->s));
	else
		scan_print(&s->found, s->s);
	return fflush(stdout) ? FAILURE : OK;
}

/* Until the time is up, or somebody stops it. */
static int hear(struct scan *s, double until_s)
{
	struct pollfd p = { .fd = s->srp ? avtpmap_srp_fd(s->srp) : -1,
			    .events = POLLIN };
	int err;

	while (!stopped && clock_s(CLOCK_MONOTONIC) < until_s) {
		err = avtpmap_scan_work(s->s);
		if (err)
			return fail(err, "%s: the interface went",
				    s->found.ifname);
		if (s->srp)
			avtpmap_srp_work(s->srp);
		poll(&p, 1, TICK_MS);
	}
	return OK;
}

static int heard_any(const struct found *f)
{
	struct netdev dev;

	if (f->n)
		return OK;
	netdev_look(&dev, f->ifname);
	if (dev.exists && !dev.carrier)
		return fail(-ENOLINK,
			    "%s has no link: ip link set %s up, or look at "
			    "the cable",
			    f->ifname, f->ifname);
	return fail(-ENODATA,
		    "no stream is heard on %s and none is advertised: does a "
		    "talker run? A bridge forwards only what a listener "
		    "reserves",
		    f->ifname);
}

static int scan(struct scan *s)
{
	int ret;

	do {
		ret = hear(s, s->from_s + seconds);
		if (ret != OK || (watch && stopped))
			break;
		collect(s);
		if (watch && !json && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		ret = report(s);
	} while (watch && ret == OK && !stopped);
	return ret == OK && !watch ? heard_any(&s->found) : ret;
}

static int run(int argc, char **argv)
{
	struct scan *s;
	char error[256] = "";
	int ret, err;

	(void)argc;
	if (check_interface(argv[0]))
		return FAILURE;
	if (!seconds)
		seconds = watch ? 2 : 5;
	stop_on(SIGINT);
	stop_on(SIGTERM);
	s = calloc(1, sizeof(*s));
	if (!s)
		return fail(-ENOMEM, "out of memory");
	s->found.ifname = argv[0];
	err = avtpmap_scan_open(&s->s,
				AVTPMAP_OPTS(avtpmap_scan_opts,
					     .ifname = argv[0], .error = error,
					     .error_bytes = sizeof(error)));
	if (!err) {
		avtpmap_srp_open(&s->srp, AVTPMAP_OPTS(avtpmap_srp_opts,
						       .ifname = argv[0]));
		collect(s); /* what is registered, to compare with */
		ret = scan(s);
	} else {
		ret = fail(err, "%s", error);
	}
	avtpmap_srp_close(s->srp);
	avtpmap_scan_close(s->s);
	free(s);
	return ret;
}

const struct command cmd_scan = {
	.name = "scan",
	.args = "IF",
	.min_args = 1,
	.max_args = 1,
	.summary = "what streams are on the network, registered or not",
	.notes = "Streams that are heard, that a backend takes, or that a "
		 "talker advertises (MSRP),\n"
		 "and AVDECC entities. Nothing is taken from anybody.",
	.options = options,
	.run = run,
};
