// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: record CHANNELS UNITS FILE
 *
 * A node "record" of so many ports, to be linked by pw-link. Writes what comes,
 * raw and interleaved float, UNITS from where there is sound on all of them, or
 * fewer by SIGINT. Says when sound begins, again after silence too.
 * It is taken in the data thread and written when all is there, so that nothing
 * waits for a disk.
 */
#include <pipewire/filter.h>
#include <pipewire/pipewire.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CHANNELS_MAX = 64,
	SOUND = 3, /* cycles that all links are there */
};

static struct {
	struct pw_main_loop *loop;
	struct pw_filter *filter;
	void *ports[CHANNELS_MAX];
	uint32_t channels;
	uint64_t wanted;
	uint64_t done;
	uint32_t sound;
	bool silent;
	float *units;
	double rate_diff;
} rec;

static int begun(struct spa_loop *loop, bool async, uint32_t seq,
		 const void *data, size_t size, void *user)
{
	(void)loop, (void)async, (void)seq, (void)data, (void)size, (void)user;
	fprintf(stderr, "record: begun\n");
	return 0;
}

static int stop(struct spa_loop *loop, bool async, uint32_t seq,
		const void *data, size_t size, void *user)
{
	(void)loop, (void)async, (void)seq, (void)data, (void)size, (void)user;
	pw_main_loop_quit(rec.loop);
	return 0;
}

/* To the main thread. */
static void tell(spa_invoke_func_t what)
{
	pw_loop_invoke(pw_main_loop_get_loop(rec.loop), what, 0, NULL, 0, false,
		       NULL);
}

static void on_signal(void *data, int sig)
{
	(void)data, (void)sig;
	pw_main_loop_quit(rec.loop);
}

/* Links come one by one: is there something of all of them? */
static bool all_sound(const float *const *in, uint32_t n)
{
	for (uint32_t c = 0; c < rec.channels; c++)
		if (in[c][0] == 0 || in[c][n - 1] == 0)
			return false;
	return true;
}

static void on_process(void *data, struct spa_io_position *position)
{
	uint32_t n = position->clock.duration;
	const float *in[CHANNELS_MAX];

	(void)data;
	rec.rate_diff = position->clock.rate_diff;
	for (uint32_t c = 0; c < rec.channels; c++) {
		in[c] = pw_filter_get_dsp_buffer(rec.ports[c], n);
		if (!in[c])
			return;
	}
	if (!rec.done && (!all_sound(in, n) || ++rec.sound < SOUND))
		return;
	if (rec.silent && in[0][0] != 0)
		tell(begun);
	rec.silent = in[0][0] == 0;
	for (uint32_t i = 0; i < n && rec.done < rec.wanted; i++, rec.done++)
		for (uint32_t c = 0; c < rec.channels; c++)
			rec.units[rec.done * rec.channels + c] = in[c][i];
	if (rec.done == rec.wanted)
		tell(stop);
}

static const struct pw_filter_events events = {
	PW_VERSION_FILTER_EVENTS,
	.process = on_process,
};

static int write_all(const char *path)
{
	FILE *f = fopen(path, "wb");
	size_t n = rec.done * rec.channels;
	int err = !f || fwrite(rec.units, sizeof(float), n, f) != n;

	if (f && fclose(f))
		err = 1;
	return err;
}

static int connect_filter(void)
{
	char name[16];

	rec.filter = pw_filter_new_simple(
		pw_main_loop_get_loop(rec.loop), "record",
		pw_properties_new(PW_KEY_NODE_NAME, "record", PW_KEY_MEDIA_TYPE,
				  "Audio", PW_KEY_MEDIA_CATEGORY, "Filter",
				  NULL),
		&events, NULL);
	if (!rec.filter)
		return -1;
	for (uint32_t c = 0; c < rec.channels; c++) {
		snprintf(name, sizeof(name), "in_%u", c + 1);
		rec.ports[c] = pw_filter_add_port(
			rec.filter, PW_DIRECTION_INPUT,
			PW_FILTER_PORT_FLAG_MAP_BUFFERS, 1,
			pw_properties_new(PW_KEY_FORMAT_DSP,
					  "32 bit float mono audio",
					  PW_KEY_PORT_NAME, name, NULL),
			NULL, 0);
		if (!rec.ports[c])
			return -1;
	}
	return pw_filter_connect(rec.filter, PW_FILTER_FLAG_RT_PROCESS, NULL,
				 0);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	rec.channels = atoi(argv[1]);
	rec.wanted = atoll(argv[2]);
	if (!rec.channels || rec.channels > CHANNELS_MAX)
		return 2;
	rec.units = calloc(rec.wanted * rec.channels, sizeof(float));
	pw_init(NULL, NULL);
	rec.silent = true;
	rec.loop = pw_main_loop_new(NULL);
	pw_loop_add_signal(pw_main_loop_get_loop(rec.loop), SIGINT, on_signal,
			   NULL);
	if (!rec.units || connect_filter() < 0) {
		fprintf(stderr, "record: no PipeWire\n");
		return 1;
	}
	pw_main_loop_run(rec.loop);
	fprintf(stderr, "record: %llu units, rate_diff %+.1f ppm\n",
		(unsigned long long)rec.done, (rec.rate_diff - 1) * 1e6);
	return write_all(argv[3]);
}
