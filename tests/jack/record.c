// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: record SECONDS SOURCE...
 *	SOURCE: CLIENT:PORT/CHANNELS/BITS/noise/SEED of "avtpmap talk", or
 *	CLIENT:PORT/CHANNELS/BITS/raw/FILE, big endian
 *
 * Records the ports PORT_1 to PORT_CHANNELS and compares each sample with what
 * the talker was given. Prints a line per source: samples that were exact,
 * places where the record leaves off and goes on later in the source, and
 * samples of silence there; not counted are places where JACK skipped a cycle of
 * ours. What is neither exact nor silent, or of an earlier place, fails.
 */
#include <endian.h>
#include <jack/jack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/talk/noise.h"

enum {
	SOURCES_MAX = 8,
	CHANNELS_MAX = 64,
	SURE = 4, /* samples in a row that tell a place */
	SKIPS_MAX = 10000,
};

struct source {
	char port[64];
	uint32_t channels;
	uint32_t bits;
	uint64_t seed;
	unsigned char *raw; /* or NULL */
	uint64_t len; /* samples of the source that are looked at */
	jack_port_t *ports[CHANNELS_MAX];
	float *record[CHANNELS_MAX];
};

static struct source sources[SOURCES_MAX];
static int n_sources;
static uint64_t at, room;
static int all_connected;
static uint64_t skips[SKIPS_MAX]; /* in the record, ascending */
static int n_skips;
static jack_nframes_t next_time;
static jack_client_t *jack;

static void die(const char *what)
{
	fprintf(stderr, "record: %s\n", what);
	exit(1);
}

/* ---- the source ---- */

static int32_t raw_sample(const struct source *s, uint64_t p, uint32_t channel)
{
	uint64_t i = p * s->channels + channel;
	uint16_t v16;
	uint32_t v32;

	if (s->bits == 16) {
		memcpy(&v16, s->raw + 2 * i, 2);
		return (int32_t)((uint32_t)be16toh(v16) << 16);
	}
	memcpy(&v32, s->raw + 4 * i, 4);
	return (int32_t)be32toh(v32);
}

/* The top @bits of the sample, scaled to one. */
static float expected(const struct source *s, uint64_t p, uint32_t channel)
{
	int32_t v = s->raw ? raw_sample(s, p, channel) :
			     talk_noise(s->seed, p, channel);

	v &= (int32_t)(0xffffffffu << (32 - s->bits));
	return (float)(v / 2147483648.0);
}

static void load(struct source *s, const char *path)
{
	FILE *f = fopen(path, "rb");
	long bytes;

	if (!f || fseek(f, 0, SEEK_END) || (bytes = ftell(f)) <= 0)
		die(path);
	rewind(f);
	s->raw = malloc(bytes);
	if (!s->raw || fread(s->raw, 1, bytes, f) != (size_t)bytes)
		die(path);
	s->len = bytes / (s->channels * s->bits / 8);
	fclose(f);
}

/* ---- recording ---- */

static int process(jack_nframes_t n, void *arg)
{
	uint64_t now = __atomic_load_n(&at, __ATOMIC_RELAXED);

	(void)arg;
	if (now + n > room ||
	    !__atomic_load_n(&all_connected, __ATOMIC_ACQUIRE))
		return 0;
	if (now && jack_last_frame_time(jack) != next_time &&
	    n_skips < SKIPS_MAX)
		skips[n_skips++] = now;
	next_time = jack_last_frame_time(jack) + n;
	for (int i = 0; i < n_sources; i++)
		for (uint32_t c = 0; c < sources[i].channels; c++)
			memcpy(sources[i].record[c] + now,
			       jack_port_get_buffer(sources[i].ports[c], n),
			       n * sizeof(float));
	__atomic_store_n(&at, now + n, __ATOMIC_RELEASE);
	return 0;
}

static void connect_source(struct source *s)
{
	char from[96];

	for (uint32_t c = 0; c < s->channels; c++) {
		snprintf(from, sizeof(from), "%s_%u", s->port, c + 1);
		if (jack_connect(jack, from, jack_port_name(s->ports[c])))
			die(from);
	}
}

static void record(int seconds)
{
	char name[32];

	jack = jack_client_open("record", JackNoStartServer, NULL);
	if (!jack)
		die("no JACK server");
	room = (uint64_t)seconds * jack_get_sample_rate(jack);
	for (int i = 0; i < n_sources; i++) {
		struct source *s = &sources[i];

		if (!s->len) /* it may have begun a while ago */
			s->len = 2 * room + 60ull * jack_get_sample_rate(jack);
		for (uint32_t c = 0; c < s->channels; c++) {
			snprintf(name, sizeof(name), "in%d_%u", i, c + 1);
			s->ports[c] = jack_port_register(
				jack, name, JACK_DEFAULT_AUDIO_TYPE,
				JackPortIsInput, 0);
			s->record[c] = calloc(room, sizeof(float));
			if (!s->ports[c] || !s->record[c])
				die("out of memory");
		}
	}
	jack_set_process_callback(jack, process, NULL);
	if (jack_activate(jack))
		die("cannot activate");
	for (int i = 0; i < n_sources; i++)
		connect_source(&sources[i]);
	usleep(100000); /* until the server has done so */
	__atomic_store_n(&all_connected, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 10 * seconds + 50; i++) {
		usleep(100000);
		if (__atomic_load_n(&at, __ATOMIC_ACQUIRE) + 8192 > room)
			break;
	}
	jack_client_close(jack);
}

/* ---- comparison ---- */

static int is_silent(const struct source *s, uint64_t i)
{
	for (uint32_t c = 0; c < s->channels; c++)
		if (s->record[c][i])
			return 0;
	return 1;
}

static int is_exact(const struct source *s, uint64_t i, uint64_t p)
{
	for (uint32_t c = 0; c < s->channels; c++)
		if (s->record[c][i] != expected(s, p, c))
			return 0;
	return 1;
}

/* Where in the source, from @p on, sample @i of the record is. */
static int find(const struct source *s, uint64_t i, uint64_t *p)
{
	for (; *p < s->len; ++*p) {
		uint64_t n = 0;

		while (n < SURE && i + n < at && *p + n < s->len &&
		       is_exact(s, i + n, *p + n))
			n++;
		if (n == SURE || (n && i + n == at))
			return 1;
	}
	return 0;
}

/* Did JACK skip a cycle of ours between @from and @to of the record? */
static int skipped(uint64_t from, uint64_t to)
{
	for (int i = 0; i < n_skips; i++)
		if (skips[i] >= from && skips[i] <= to)
			return 1;
	return 0;
}

static int compare(const struct source *s)
{
	uint64_t i = 0, p = 0, exact = 0, gaps = 0, silent = 0, run;

	while (i < at && is_silent(s, i))
		i++;
	if (!find(s, i, &p)) {
		printf("%s: nothing of the source came\n", s->port);
		return 1;
	}
	while (i < at) {
		if (p < s->len && is_exact(s, i, p)) {
			i++;
			p++;
			exact++;
			continue;
		}
		for (run = 0; i + run < at && is_silent(s, i + run); run++)
			;
		if (i + run == at)
			break; /* the talker had ended */
		gaps += !skipped(i, i + run);
		silent += run;
		i += run;
		if (!find(s, i, &p)) {
			printf("%s: sample %llu is not what was sent\n",
			       s->port, (unsigned long long)i);
			return 1;
		}
	}
	printf("%s: exact %llu, gaps %llu, silent %llu\n", s->port,
	       (unsigned long long)exact, (unsigned long long)gaps,
	       (unsigned long long)silent);
	return 0;
}

/* ---- arguments ---- */

static void add_source(char *text)
{
	char *part[5], *rest = text;
	struct source *s = &sources[n_sources++];

	if (n_sources > SOURCES_MAX)
		die("too many sources");
	for (int i = 0; i < 4; i++) {
		part[i] = strsep(&rest, "/");
		if (!rest)
			die("CLIENT:PORT/CHANNELS/BITS/noise|raw/SEED|FILE");
	}
	part[4] = rest; /* a file's name has slashes */
	snprintf(s->port, sizeof(s->port), "%s", part[0]);
	s->channels = atoi(part[1]);
	s->bits = atoi(part[2]);
	if (s->channels < 1 || s->channels > CHANNELS_MAX ||
	    (s->bits != 16 && s->bits != 24 && s->bits != 32))
		die(part[0]);
	if (strcmp(part[3], "raw"))
		s->seed = strtoull(part[4], NULL, 0);
	else
		load(s, part[4]);
}

int main(int argc, char **argv)
{
	int bad = 0;

	if (argc < 3)
		die("usage: record SECONDS SOURCE...");
	for (int i = 2; i < argc; i++)
		add_source(argv[i]);
	record(atoi(argv[1]));
	for (int i = 0; i < n_sources; i++)
		bad |= compare(&sources[i]);
	return bad;
}
