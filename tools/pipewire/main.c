// SPDX-License-Identifier: MIT
/* avtpmap-pipewire: AVTP streams as a PipeWire source that drives the graph. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <spa/param/audio/format-utils.h>
#include <spa/param/latency-utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "node.h"
#include "../backend.h"

#if PW_CHECK_VERSION(1, 3, 0) /* where it is both */
#define CLIENT_CONF "client.conf"
#else
#define CLIENT_CONF "client-rt.conf"
#endif

/**
 * struct program - PipeWire's side
 * @told_foreign: @told_quantum: that was said
 * @failed: for good
 */
struct program {
	struct node d;
	struct pw_main_loop *main;
	struct pw_context *context;
	struct pw_core *core;
	struct spa_hook core_listener;
	struct spa_hook stream_listener;
	bool told_foreign;
	bool told_quantum;
	bool failed;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static void quit(struct program *p, bool failed)
{
	p->failed |= failed;
	pw_main_loop_quit(p->main);
}

static void on_core_error(void *data, uint32_t id, int seq, int res,
			  const char *message)
{
	struct program *p = data;

	(void)seq;
	if (id == PW_ID_CORE && res == -EPIPE)
		fail(res, "PipeWire is gone");
	else
		fail(res, "PipeWire: %s", message);
	quit(p, true);
}

static const struct pw_core_events core_events = {
	PW_VERSION_CORE_EVENTS,
	.error = on_core_error,
};

/* What the data thread cannot say. */
static void look_after_streams(struct program *p)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	struct node *d = &p->d;
	uint32_t gone = 0;

	for (uint32_t i = 0; i < d->n; i++) {
		struct member *m = &d->m[i];

		avtpmap_stream_id_to_text(id, m->id);
		gone += avtpmap_header(m->at.s)->state == AVTPMAP_RING_GONE;
		if (m->unfit) {
			fail(-ENODEV,
			     "stream %s has another format now than the node "
			     "was made for (%u channels at %u Hz): start again",
			     id, m->format.channels, d->rate);
			quit(p, true);
			return;
		}
	}
	if (gone == d->n) {
		fail(-ENODEV,
		     "the streams were deleted, or their interface went");
		quit(p, true);
	}
}

static void tell_why(struct node *d)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	const char *why = d->together.why;

	if (!why)
		return;
	d->together.why = NULL;
	fail(0,
	     "%s %s: streams are put side by side as they come, so they "
	     "are not in phase to the sample",
	     avtpmap_stream_id_to_text(id, d->m[d->together.who].id), why);
}

static void look_after(void *data, uint64_t expirations)
{
	struct program *p = data;

	(void)expirations;
	if (p->d.phc)
		avtpmap_clock_update(p->d.phc);
	avtpmap_media_clock_update(p->d.media);
	tell_why(&p->d);
	if (p->d.foreign && !p->told_foreign) {
		p->told_foreign = true;
		fail(0, "another driver has the graph, and nothing is "
			"resampled to it: silence meanwhile; give it a lower "
			"priority.driver");
	}
	if (p->d.quantum && p->d.quantum != p->d.period && !p->told_quantum) {
		p->told_quantum = true;
		fail(0,
		     "cycles have %u samples, not %u: see "
		     "clock.power-of-two-quantum and clock.force-quantum "
		     "in PipeWire's settings",
		     p->d.quantum, p->d.period);
	}
	look_after_streams(p);
	if (stopped || node_is_over(&p->d))
		quit(p, false);
}

/* What the data thread looks at changes there. */
struct change {
	int what;
	void *io;
	bool start;
};
enum { JOIN, LEAVE, POSITION, START };

static int apply(struct spa_loop *loop, bool async, uint32_t seq,
		 const void *data, size_t size, void *user)
{
	const struct change *c = data;
	struct node *d = user;

	(void)loop, (void)async, (void)seq, (void)size;
	switch (c->what) {
	case JOIN:
		d->timer = pw_loop_add_timer(d->loop, drive_timer, d);
		d->source = pw_loop_add_io(d->loop, avtpmap_group_fd(d->group),
					   SPA_IO_IN, false, drive_ring, d);
		return d->timer && d->source ? 0 : -ENOMEM;
	case LEAVE:
		drive_start(d, false);
		if (d->source)
			pw_loop_destroy_source(d->loop, d->source);
		if (d->timer)
			pw_loop_destroy_source(d->loop, d->timer);
		break;
	case POSITION:
		d->position = c->io;
		break;
	case START:
		drive_start(d, c->start);
		break;
	}
	return 0;
}

static int change(struct node *d, struct change c)
{
	if (!d->loop) /* there is nothing to change yet */
		return 0;
	return pw_loop_invoke(d->loop, apply, 0, &c, sizeof(c), true, d);
}

static void on_io(void *data, uint32_t id, void *area, uint32_t size)
{
	struct program *p = data;

	(void)size;
	if (id == SPA_IO_Position)
		change(&p->d, (struct change){ .what = POSITION, .io = area });
}

static void on_state(void *data, enum pw_stream_state old,
		     enum pw_stream_state state, const char *error)
{
	struct program *p = data;

	(void)old;
	if (state == PW_STREAM_STATE_ERROR ||
	    (state == PW_STREAM_STATE_UNCONNECTED && !p->failed)) {
		fail(-ENODEV, "PipeWire removed the node%s%s",
		     error ? ": " : "", error ? error : "");
		quit(p, true);
		return;
	}
	change(&p->d,
	       (struct change){ .what = START,
				.start = state == PW_STREAM_STATE_STREAMING });
}

static void on_process(void *data)
{
	struct program *p = data;

	drive_process(&p->d);
}

static void on_done(void *data)
{
	struct program *p = data;

	drive_done(&p->d);
}

static const struct pw_stream_events stream_events = {
	PW_VERSION_STREAM_EVENTS, .state_changed = on_state,
	.io_changed = on_io,	  .process = on_process,
	.trigger_done = on_done,
};

static struct pw_properties *properties(const struct node *d)
{
	char id[AVTPMAP_STREAM_ID_TEXT], key[32];
	struct pw_properties *props =
		pw_properties_new(PW_KEY_NODE_NAME, d->name, PW_KEY_MEDIA_TYPE,
				  "Audio", PW_KEY_MEDIA_CLASS, "Audio/Source",
				  PW_KEY_PRIORITY_DRIVER, "40000", NULL);

	pw_properties_setf(props, PW_KEY_NODE_DESCRIPTION, "AVTP streams on %s",
			   d->ifname);
	pw_properties_setf(props, PW_KEY_NODE_LATENCY, "%u/%u", d->period,
			   d->rate);
	pw_properties_setf(props, PW_KEY_NODE_RATE, "1/%u", d->rate);
	pw_properties_setf(props, PW_KEY_NODE_FORCE_QUANTUM, "%u", d->period);
	pw_properties_setf(props, PW_KEY_NODE_FORCE_RATE, "%u", d->rate);
	for (uint32_t i = 0; i < d->n; i++) {
		snprintf(key, sizeof(key), "avtpmap.stream.%u", i + 1);
		pw_properties_setf(props, key, "%s channels %u to %u",
				   avtpmap_stream_id_to_text(id, d->m[i].id),
				   d->m[i].first + 1,
				   d->m[i].first + d->m[i].format.channels);
	}
	return props;
}

static int connect_to_pipewire(struct program *p)
{
	p->context = pw_context_new(
		pw_main_loop_get_loop(p->main),
		pw_properties_new(PW_KEY_CONFIG_NAME, CLIENT_CONF, NULL), 0);
	if (!p->context)
		return fail(-errno, "no " CLIENT_CONF " of PipeWire to read");
	p->core = pw_context_connect(p->context, NULL, 0);
	if (!p->core)
		return fail(-errno, "no PipeWire to connect to; is "
				    "XDG_RUNTIME_DIR that of its user?");
	pw_core_add_listener(p->core, &p->core_listener, &core_events, p);
	return 0;
}

static struct pw_loop *data_loop(struct program *p)
{
#if PW_CHECK_VERSION(1, 2, 0)
	return pw_stream_get_data_loop(p->d.stream);
#else
	return pw_data_loop_get_loop(pw_context_get_data_loop(p->context));
#endif
}

/* A source's channels are numbered, but for what everybody has. */
static void name_channels(const struct node *d, struct spa_audio_info_raw *info)
{
	info->channels = d->channels;
	for (uint32_t c = 0; c < d->channels; c++)
		info->position[c] = SPA_AUDIO_CHANNEL_AUX0 + c;
	if (d->channels == 1)
		info->position[0] = SPA_AUDIO_CHANNEL_MONO;
	if (d->channels == 2 && d->n == 1) {
		info->position[0] = SPA_AUDIO_CHANNEL_FL;
		info->position[1] = SPA_AUDIO_CHANNEL_FR;
	}
}

static int make_node(struct program *p)
{
	struct spa_audio_info_raw info = { .format = SPA_AUDIO_FORMAT_F32P,
					   .rate = p->d.rate };
	struct spa_latency_info latency = { .direction = SPA_DIRECTION_OUTPUT,
					    .min_quantum = 1,
					    .max_quantum = 1 };
	const struct spa_pod *params[2];
	struct spa_pod_builder b;
	uint8_t room[2048];
	int err;

	name_channels(&p->d, &info);
	spa_pod_builder_init(&b, room, sizeof(room));
	params[0] = spa_format_audio_raw_build(&b, SPA_PARAM_EnumFormat, &info);
	params[1] = spa_latency_build(&b, SPA_PARAM_Latency, &latency);
	p->d.stream = pw_stream_new(p->core, p->d.name, properties(&p->d));
	if (!p->d.stream)
		return fail(-errno, "no node can be made");
	pw_stream_add_listener(p->d.stream, &p->stream_listener, &stream_events,
			       p);
	err = pw_stream_connect(p->d.stream, PW_DIRECTION_OUTPUT, PW_ID_ANY,
				PW_STREAM_FLAG_MAP_BUFFERS |
					PW_STREAM_FLAG_RT_PROCESS |
					PW_STREAM_FLAG_DRIVER,
				params, 2);
	if (err)
		return fail(err, "PipeWire does not take the node");
	p->d.loop = data_loop(p);
	err = change(&p->d, (struct change){ .what = JOIN });
	return err ? fail(err, "out of memory") : 0;
}

static void say_running(const struct node *d)
{
	if (mlockall(MCL_CURRENT))
		fail(0, "memory is not locked, so reading may fault; see "
			"ulimit -l");
	printf("running: %u streams, %u channels at %u Hz, by %s (%s)\n", d->n,
	       d->channels, d->rate, avtpmap_backend_name(d->m[0].at.s),
	       avtpmap_backend_reason(d->m[0].at.s));
	fflush(stdout);
}

static void report(const struct node *d)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	for (uint32_t i = 0; i < d->n; i++) {
		const struct member *m = &d->m[i];

		printf("stream %s: samples %" PRIu64 ", silent %" PRIu64
		       ", lost %" PRIu64 ", skipped %" PRIu64
		       ", ring overruns %" PRIu64 ", begun %" PRIu64 "\n",
		       avtpmap_stream_id_to_text(id, m->id), m->samples,
		       m->silent, m->lost, m->skipped, m->overruns, m->begun);
	}
	printf("cycles %" PRIu64 ", unfinished %" PRIu64
	       ", wakes by a period %" PRIu64
	       ", cycles of other drivers %" PRIu64 "\n",
	       d->cycle, d->unfinished, d->wakes, d->foreign);
	if (d->have_line)
		printf("rate %+.1f ppm, right within %.1f\n",
		       (1e9 / (d->line.unit_ns * d->rate) - 1) * 1e6,
		       d->line.error_rate * 1e6);
}

static void run(struct program *p)
{
	struct timespec tick = { .tv_nsec = 100000000 };
	struct pw_loop *loop = pw_main_loop_get_loop(p->main);
	struct spa_source *timer = pw_loop_add_timer(loop, look_after, p);

	pw_loop_update_timer(loop, timer, &tick, &tick, false);
	pw_main_loop_run(p->main);
	pw_loop_destroy_source(loop, timer);
}

static void disconnect(struct program *p)
{
	if (p->d.stream) {
		spa_hook_remove(&p->stream_listener);
		change(&p->d, (struct change){ .what = LEAVE });
		pw_stream_destroy(p->d.stream);
	}
	if (p->core) {
		spa_hook_remove(&p->core_listener);
		pw_core_disconnect(p->core);
	}
	if (p->context)
		pw_context_destroy(p->context);
	if (p->main)
		pw_main_loop_destroy(p->main);
	pw_deinit();
}

static int number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (end == text || *end || v < min || v > max)
		return fail(-ERANGE, "%s: not a number from %u to %u", text,
			    min, max);
	*out = v;
	return 0;
}

static const struct option options[] = {
	{ "backend", required_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ "name", required_argument, NULL, 'n' },
	{ "period", required_argument, NULL, 'p' },
	{ "seconds", required_argument, NULL, 's' },
	{ 0 },
};

static int usage(FILE *to)
{
	fputs("Usage: avtpmap-pipewire [OPTION]... IF STREAM_ID...\n"
	      "AVTP streams as a PipeWire source that drives the graph.\n\n"
	      "  --backend auto|kmod|xdp|packet\n"
	      "  --name NAME   of the node (avtpmap)\n"
	      "  --period N    samples of a cycle (256)\n"
	      "  --seconds S   stop after S seconds, waiting for streams included\n",
	      to);
	return to == stdout ? 0 : 2;
}

static int parse(struct node *d, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'h')
			exit(usage(stdout));
		if (opt == '?' ||
		    (opt == 'p' &&
		     number(optarg, 16, QUANTUM_MAX, &d->period)) ||
		    (opt == 's' && number(optarg, 1, 1000000, &d->seconds)))
			return -1;
		if (opt == 'b' && backend_of_name(optarg, &d->backend))
			return fail(-EINVAL, "%s: no such backend", optarg);
		if (opt == 'n')
			d->name = optarg;
	}
	return node_streams(d, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	struct program p = { .d = { .name = "avtpmap", .period = 256 } };
	int err;

	if (parse(&p.d, argc, argv))
		return usage(stderr);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	pw_init(NULL, NULL);
	p.main = pw_main_loop_new(NULL);
	err = connect_to_pipewire(&p) || node_open(&p.d, &stopped) ||
	      make_node(&p);
	if (!err) {
		say_running(&p.d);
		run(&p);
	}
	disconnect(&p);
	if (!err)
		report(&p.d);
	node_close(&p.d);
	return err || p.failed;
}
