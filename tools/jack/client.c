// SPDX-License-Identifier: MIT
/*
 * avtpmap-jack: AVTP streams as JACK ports.
 *
 * JACK's process callback reads the rings itself: they are the buffer between
 * the wire and JACK, and reading them is real-time safe and needs no system
 * call. So there is no thread and no wakeup but JACK's own, one per period for
 * all streams.
 */
#include <errno.h>
#include <getopt.h>
#include <jack/jack.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"

/* Takes up to @n units, to the ports, or to nowhere. Returns how many came. */
static uint32_t take(struct stream *st, uint32_t n, bool to_ports)
{
	struct avtpmap_pcm_result r;
	uint32_t done = 0;

	while (done < n) {
		for (uint32_t c = 0; c < st->n_ports; c++)
			st->planes[c] = to_ports && !st->muted ?
						st->out[c] + done :
						NULL;
		int got = avtpmap_pcm_read_planar(st->pcm, st->planes, n - done,
						  &r);

		if (got > 0) {
			st->pos = r.media_pos + got;
			st->lost += r.silence;
			done += got;
		} else if (got == -EPIPE) {
			st->ring_overruns += st->running;
		} else if (got != -ESTRPIPE || !stream_format(st)) {
			break;
		}
	}
	return done;
}

/* Leaves exactly @fill units. Where reading begins, only a read tells. */
static uint64_t catch_up(struct stream *st, uint64_t fill)
{
	uint64_t dropped = take(st, 1, false), avail;

	avail = avtpmap_header(st->s)->media_pos - st->pos;
	return avail > fill ? dropped + take(st, avail - fill, false) : dropped;
}

/*
 * JACK's clock is not the media clock. A fill of @target units stands in for
 * what they differ by: where it is used up the stream pauses until it is there
 * again, where it has doubled the excess is skipped; both are counted.
 */
static void process_stream(struct stream *st, uint32_t n, uint32_t target)
{
	uint64_t avail = avtpmap_header(st->s)->media_pos - st->pos;
	uint32_t got = 0;

	for (uint32_t c = 0; c < st->n_ports; c++) {
		st->out[c] = jack_port_get_buffer(st->ports[c], n);
		memset(st->out[c], 0, n * sizeof(float));
	}
	if (!st->running && avail >= n + target) {
		catch_up(st, n + target);
		st->running = true;
	} else if (st->running && avail > n + 2ull * target) {
		st->skipped += catch_up(st, n + target);
		st->overruns++;
	}
	if (st->running) {
		got = take(st, n, true);
		st->samples += got;
		st->underruns += got < n;
		st->running = got == n;
	}
	st->silent += n - got;
}

static uint32_t target_of(const struct client *c, uint32_t n)
{
	return c->fill_ms ? (uint64_t)c->fill_ms * c->rate / 1000 : 2 * n;
}

static int process(jack_nframes_t n, void *arg)
{
	struct client *c = arg;
	jack_time_t from = jack_get_time(), us;
	uint32_t target = target_of(c, n);

	for (int i = 0; i < c->n_streams; i++)
		process_stream(&c->streams[i], n, target);
	us = jack_get_time() - from;
	if (!c->cycles++)
		c->tid = gettid();
	c->period = n;
	c->late += us * c->rate >= n * 1000000ull;
	if (us > c->longest_us)
		c->longest_us = us;
	return 0;
}

/* From the wire to the ports; what is before the wire is the talker's. */
static void on_latency(jack_latency_callback_mode_t mode, void *arg)
{
	struct client *c = arg;
	uint32_t n = jack_get_buffer_size(c->jack);
	uint32_t target = target_of(c, n);
	jack_latency_range_t range = { target, 2 * target + n };

	if (mode != JackCaptureLatency)
		return;
	for (int i = 0; i < c->n_streams; i++)
		for (uint32_t ch = 0; ch < c->streams[i].n_ports; ch++)
			jack_port_set_latency_range(c->streams[i].ports[ch],
						    mode, &range);
}

static int on_xrun(void *arg)
{
	((struct client *)arg)->xruns++;
	return 0;
}

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static void on_shutdown(void *arg)
{
	((struct client *)arg)->failed = true;
	stopped = 1;
}

static int register_ports(struct client *c, struct stream *st, int number)
{
	char name[64], id[AVTPMAP_STREAM_ID_TEXT];

	avtpmap_stream_id_to_text(id, st->id);
	for (uint32_t ch = 0; ch < st->n_ports; ch++) {
		snprintf(name, sizeof(name), "stream%d_%u", number, ch + 1);
		st->ports[ch] = jack_port_register(
			c->jack, name, JACK_DEFAULT_AUDIO_TYPE,
			JackPortIsOutput | JackPortIsTerminal, 0);
		if (!st->ports[ch])
			return fail(0, "JACK has no room for port %s", name);
		snprintf(name, sizeof(name), "%s channel %u", id, ch + 1);
		jack_port_set_alias(st->ports[ch], name);
	}
	return 0;
}

static int connect_to_jack(struct client *c, const char *name)
{
	jack_status_t status;

	c->jack = jack_client_open(name, JackNoStartServer, &status);
	if (!c->jack)
		return fail(0,
			    "no JACK server to connect to (%#x); see jackd(1)",
			    status);
	c->rate = jack_get_sample_rate(c->jack);
	jack_set_process_callback(c->jack, process, c);

	jack_set_latency_callback(c->jack, on_latency, c);
	jack_set_xrun_callback(c->jack, on_xrun, c);
	jack_on_shutdown(c->jack, on_shutdown, c);
	return 0;
}

/* Formats first, for they tell how many ports there are. */
static int start(struct client *c)
{
	for (int i = 0; i < c->n_streams; i++)
		if (stream_open(c, &c->streams[i]))
			return -1;
	for (int i = 0; i < c->n_streams; i++)
		if (stream_await(c, &c->streams[i], &stopped) ||
		    register_ports(c, &c->streams[i], i + 1))
			return -1;
	if (mlockall(MCL_CURRENT))
		fprintf(stderr,
			"avtpmap-jack: memory is not locked, so reading "
			"may fault; see ulimit -l\n");
	if (jack_activate(c->jack))
		return fail(0, "JACK does not activate the client");
	printf("running: %d streams by %s (%s)\n", c->n_streams,
	       avtpmap_backend_name(c->streams[0].s),
	       avtpmap_backend_reason(c->streams[0].s));
	fflush(stdout);
	return 0;
}

/* Until a signal, --seconds, JACK's end, or that of all streams. */
static void stay(struct client *c)
{
	while (!stopped && !client_is_over(c)) {
		int gone = 0;

		for (int i = 0; i < c->n_streams; i++)
			gone += avtpmap_header(c->streams[i].s)->state ==
				AVTPMAP_RING_GONE;
		if (gone == c->n_streams) {
			c->failed = true;
			fail(-ENODEV, "the streams were deleted, or their "
				      "interface went");
			return;
		}
		usleep(100000);
	}
}

static const struct option options[] = {
	{ "backend", required_argument, NULL, 'b' },
	{ "fill", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "name", required_argument, NULL, 'n' },
	{ "seconds", required_argument, NULL, 's' },
	{ 0 },
};

static int usage(FILE *to)
{
	fputs("Usage: avtpmap-jack [OPTION]... IF STREAM_ID...\n"
	      "AVTP streams as JACK ports.\n\n"
	      "  --backend auto|kmod|xdp|packet\n"
	      "  --fill MS     of media between wire and JACK (two JACK periods)\n"
	      "  --name NAME   of the JACK client (avtpmap)\n"
	      "  --seconds S   stop after S seconds, waiting for streams included\n",
	      to);
	return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	const char *name = "avtpmap";
	struct client c = { 0 };
	int opt, err;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'h')
			return usage(stdout);
		if (opt == '?' || (opt == 'b' && client_backend(&c, optarg)) ||
		    (opt == 'f' && number(optarg, 1, 10000, &c.fill_ms)) ||
		    (opt == 's' && number(optarg, 1, 1000000, &c.seconds)))
			return usage(stderr);
		if (opt == 'n')
			name = optarg;
	}
	if (client_streams(&c, argc - optind, argv + optind))
		return usage(stderr);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	err = connect_to_jack(&c, name) || start(&c);
	if (!err) {
		stay(&c);
		client_switches(&c);
		jack_deactivate(c.jack);
		client_report(&c);
	}
	if (c.jack)
		jack_client_close(c.jack);
	client_close(&c);
	return err || c.failed;
}
