/* SPDX-License-Identifier: MIT */
/* The arguments of talk, as read and as they fit together. */
#ifndef AVTPMAP_TALK_OPTIONS_H
#define AVTPMAP_TALK_OPTIONS_H

#include "source.h"
#include "stream.h"
#include "../tool.h"

enum {
	TALK_STREAMS_MAX = 256,
	TALK_BURST_MAX = 8, /* packets: 1 ms of class A */
};

/* A --change-format, whose rate and channels may be those of before. */
struct talk_change_arg {
	uint64_t frame;
	int encoding;
	uint32_t rate_hz;
	uint32_t channels;
};

/**
 * struct talk_args - as read; 0, -1 (@encoding) or UINT32_MAX (@pcp): not given
 */
struct talk_args {
	struct talk_source_opts source;
	int encoding;
	uint32_t rate_hz;
	uint32_t channels;
	uint32_t bit_depth;
	enum talk_class class;
	bool blocking;
	bool sparse;
	int32_t ppb;
	uint8_t mac[6];
	uint8_t source_mac[6];
	uint32_t vid;
	uint32_t pcp;
	uint32_t transit_us;
	uint32_t n_streams;
	uint32_t burst;
	double seconds;
	uint64_t frames;
	uint64_t samples;
	uint32_t seed;
	uint32_t head;
	uint32_t tail;
	double probability[TALK_N_RANDOM];
	uint64_t every[TALK_N_EVERY];
	struct talk_change_arg changes[TALK_CHANGES_MAX];
	uint32_t n_changes;
	const char *pcap;
	bool json;
};

/* For the option table. @dest of each is named in options.c. */
int parse_wav(const struct option *opt, const char *text);
int parse_tone(const struct option *opt, const char *text);
int parse_noise(const struct option *opt, const char *text);
int parse_encoding(const struct option *opt, const char *text);
int parse_rate(const struct option *opt, const char *text);
int parse_ppm(const struct option *opt, const char *text);
int parse_class(const struct option *opt, const char *text);
int parse_probability(const struct option *opt, const char *text);
int parse_corrupt(const struct option *opt, const char *text);
int parse_change(const struct option *opt, const char *text);

/*
 * Fills @setup from @args and @src, but for MACs and what the runner adds. 0,
 * or USAGE after a line on stderr.
 */
int talk_setup_from_args(struct talk_setup *setup, const struct talk_args *args,
			 const struct talk_source *src);

#endif
