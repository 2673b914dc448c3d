// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: polls PCM PERIOD PERIODS
 *
 * A program with a poll loop of its own, as those that have more than one
 * descriptor: counts how often it is woken for so many periods, and asks at each
 * wake what ALSA promises. A wake with less than a period to read, after the
 * first, or a descriptor that stays readable with nothing to read, shows.
 */
#include <alsa/asoundlib.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_MS = 5000 };

static snd_pcm_t *pcm;
static unsigned int channels;
static unsigned long wakes, early, at_once;

static void die(const char *what, int err)
{
	fprintf(stderr, "polls: %s: %s\n", what, snd_strerror(err));
	exit(1);
}

static void configure(snd_pcm_uframes_t period)
{
	snd_pcm_uframes_t buffer = 32 * period;
	snd_pcm_hw_params_t *p;
	int err;

	snd_pcm_hw_params_alloca(&p);
	snd_pcm_hw_params_any(pcm, p);
	snd_pcm_hw_params_set_access(pcm, p, SND_PCM_ACCESS_RW_INTERLEAVED);
	snd_pcm_hw_params_set_format(pcm, p, SND_PCM_FORMAT_S32_LE);
	err = snd_pcm_hw_params_set_period_size(pcm, p, period, 0);
	if (err)
		die("this period", err);
	err = snd_pcm_hw_params_set_buffer_size(pcm, p, buffer);
	if (err)
		die("this buffer", err);
	err = snd_pcm_hw_params(pcm, p);
	if (err)
		die("parameters", err);
	snd_pcm_hw_params_get_channels(p, &channels);
}

/* Sleeps until there is something to read. */
static void await(void)
{
	unsigned short revents;
	struct pollfd fd;
	int n;

	for (;;) {
		if (snd_pcm_poll_descriptors(pcm, &fd, 1) != 1)
			die("a descriptor", -EIO);
		n = poll(&fd, 1, 0);
		if (!n) {
			n = poll(&fd, 1, PATIENCE_MS);
			wakes++;
		} else {
			at_once++;
		}
		if (n != 1)
			die("nothing came", -ETIMEDOUT);
		n = snd_pcm_poll_descriptors_revents(pcm, &fd, 1, &revents);
		if (n || revents & POLLERR)
			die("an error", n ? n : -EPIPE);
		if (revents & POLLIN)
			return;
		early++;
	}
}

int main(int argc, char **argv)
{
	unsigned long period, periods, read = 0;
	snd_pcm_sframes_t avail, delay;
	int32_t *buf;
	int err;

	if (argc != 4)
		return 2;
	period = strtoul(argv[2], NULL, 0);
	periods = strtoul(argv[3], NULL, 0);
	err = snd_pcm_open(&pcm, argv[1], SND_PCM_STREAM_CAPTURE, 0);
	if (err)
		die(argv[1], err);
	configure(period);
	buf = calloc(period * channels, sizeof(*buf));
	snd_pcm_start(pcm);
	while (read < periods && buf) {
		await();
		avail = snd_pcm_avail(pcm);
		err = snd_pcm_delay(pcm, &delay);
		if (err || delay < avail)
			die("a delay that is shorter than what is there", err);
		if (avail < (snd_pcm_sframes_t)period)
			die("a wake with less than a period", 0);
		for (; avail >= (snd_pcm_sframes_t)period; avail -= period) {
			err = snd_pcm_readi(pcm, buf, period);
			if (err != (int)period)
				die("read", err);
			read++;
		}
	}
	snd_pcm_close(pcm);
	free(buf);
	printf("%lu periods, %lu sleeps, %lu found at once, %lu of nothing\n",
	       read, wakes, at_once, early);
	/* and some where a stream is late by itself, and is not waited for */
	return wakes > read + read / 10 + 2 || early > wakes + 2;
}
