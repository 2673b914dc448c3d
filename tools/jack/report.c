// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"

/* Of one thread; 0 where the kernel does not tell. */
static uint64_t cpu_us_of(pid_t tid)
{
	char path[64];
	uint64_t ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", tid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%" SCNu64, &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns / 1000;
}

/* Adds those of one thread: voluntary and not. */
static void add_switches(const char *tid, uint64_t sum[2])
{
	char path[64], line[128];
	uint64_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%.16s/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "voluntary_ctxt_switches: %" SCNu64, &n) == 1)
			sum[0] += n;
		if (sscanf(line, "nonvoluntary_ctxt_switches: %" SCNu64, &n) ==
		    1)
			sum[1] += n;
	}
	if (f)
		fclose(f);
}

void client_switches(struct client *c)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			add_switches(d->d_name,
				     c->switches[atoi(d->d_name) != c->tid]);
	if (dir)
		closedir(dir);
	c->cpu_us = cpu_us_of(c->tid);
}

static void report_stream(const struct stream *st)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	printf("stream %s: %s %s, %u channels\n"
	       "  samples %" PRIu64 ", silent %" PRIu64 ", lost %" PRIu64
	       ", underruns %" PRIu64 ", overruns %" PRIu64 ", skipped %" PRIu64
	       ", ring overruns %" PRIu64 ", epochs %" PRIu64 "\n",
	       avtpmap_stream_id_to_text(id, st->id),
	       avtpmap_subtype_name(st->format.subtype),
	       avtpmap_encoding_name(st->format.encoding), st->format.channels,
	       st->samples, st->silent, st->lost, st->underruns, st->overruns,
	       st->skipped, st->ring_overruns, st->epochs);
}

void client_report(const struct client *c)
{
	double cycles = c->cycles ? (double)c->cycles : 1;

	for (int i = 0; i < c->n_streams; i++)
		report_stream(&c->streams[i]);
	printf("cycles %" PRIu64 " of %u samples, longest callback %" PRIu64
	       " us, callbacks longer than a period %" PRIu64
	       ", xruns of JACK %" PRIu64 "\n",
	       c->cycles, c->period, c->longest_us, c->late, c->xruns);
	printf("processor time per cycle: %.1f us\n", c->cpu_us / cycles);
	printf("context switches per cycle: JACK's thread %.3f and %.3f forced, "
	       "others %.3f and %.3f forced\n",
	       c->switches[0][0] / cycles, c->switches[0][1] / cycles,
	       c->switches[1][0] / cycles, c->switches[1][1] / cycles);
}
