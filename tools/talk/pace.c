// SPDX-License-Identifier: MIT
#include <stdio.h>

#include <stddef.h>

#include "pace.h"

/* IEC 61883-6: at least as many as last 1/6000 s, as a power of two */
static uint32_t syt_interval(uint32_t rate_hz)
{
	return rate_hz <= 48000 ? 8 : rate_hz <= 96000 ? 16 : 32;
}

/* NULL, or why not. */
static const char *fits(const struct talk_format *format, uint32_t units)
{
	struct talk_format fewer = *format;
	static char text[64];

	if (talk_pdu_bytes(format, units) <= TALK_PDU_MAX)
		return NULL;
	while (fewer.channels > 1 &&
	       talk_pdu_bytes(&fewer, units) > TALK_PDU_MAX)
		fewer.channels--;
	snprintf(text, sizeof(text), "a frame holds at most %u channels",
		 fewer.channels);
	return text;
}

const char *talk_pace_init(struct talk_pace *pace,
			   const struct talk_format *format,
			   enum talk_class class, bool blocking)
{
	uint32_t packets_hz = class == TALK_CLASS_A ? 8000 : 4000;
	uint32_t most = (format->rate_hz + packets_hz - 1) / packets_hz;

	pace->rate_hz = format->rate_hz;
	pace->packets_hz = packets_hz;
	pace->units = 0;
	pace->syt_interval = syt_interval(format->rate_hz);
	pace->blocking = blocking;
	pace->ppb = 0;

	if (format->encoding != TALK_AM824) {
		if (blocking)
			return "blocking is a mode of am824";
		/*
		 * AAF packets are all alike. One that begins 44100 / 8000
		 * samples after the last could not be; so they are a little
		 * more than 125 us apart.
		 */
		pace->units = most;
	} else if (format->channels > 255) {
		return "am824 has at most 255 channels";
	} else if (blocking) {
		most = pace->syt_interval;
		if ((uint64_t)most * packets_hz < format->rate_hz)
			return "blocking mode needs class A at this rate";
	}
	return fits(format, most);
}

/* a * b / c without overflow, for b and c below 2^32 and results below 2^64 */
static uint64_t scale(uint64_t a, uint32_t b, uint32_t c)
{
	return a / c * b + a % c * b / c;
}

uint32_t talk_pace_units(const struct talk_pace *pace, uint64_t k)
{
	uint32_t hz = pace->packets_hz;
	uint64_t before, after;

	if (pace->units)
		return pace->units;
	if (!pace->blocking)
		return scale(k + 1, pace->rate_hz, hz) -
		       scale(k, pace->rate_hz, hz);
	/* data as soon as the last ones are used up; the first packet has some */
	if (!k)
		return pace->syt_interval;
	hz *= pace->syt_interval;
	before = scale(k - 1, pace->rate_hz, hz);
	after = scale(k, pace->rate_hz, hz);
	return after > before ? pace->syt_interval : 0;
}

/* What the talker's clock takes for @ns, on the clock that it goes by. */
static uint64_t stretch(const struct talk_pace *pace, uint64_t ns)
{
	uint32_t per = 1000000000 + pace->ppb;
	uint32_t ppb = pace->ppb < 0 ? -pace->ppb : pace->ppb;
	uint64_t off_ns = scale(ns, ppb, per);

	return pace->ppb < 0 ? ns + off_ns : ns - off_ns;
}

uint64_t talk_pace_packet_ns(const struct talk_pace *pace, uint64_t k)
{
	if (pace->units)
		return talk_pace_sample_ns(pace, k * pace->units);
	return stretch(pace, k * (1000000000u / pace->packets_hz));
}

uint64_t talk_pace_sample_ns(const struct talk_pace *pace, uint64_t n)
{
	return stretch(pace, scale(n, 1000000000u, pace->rate_hz));
}

uint32_t talk_pace_interval_ns(const struct talk_pace *pace)
{
	return talk_pace_packet_ns(pace, 1);
}
