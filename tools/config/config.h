/* SPDX-License-Identifier: MIT */
/*
 * What a machine is to have, by the files below /etc/avtpmap.d:
 *
 *	[interface eth0]
 *	group = audio
 *	stream = 00:1b:21:aa:bb:cc:00:01 vid=2
 *
 * Keys are the options of attach, and what follows a stream's id are the words
 * of add; both are read by these commands' own tables.
 */
#ifndef AVTPMAP_TOOL_CONFIG_H
#define AVTPMAP_TOOL_CONFIG_H

#include <stdio.h>

#include "../tool.h"

#define CONFIG_DIR "/etc/avtpmap.d"

/**
 * struct config_stream - a line "stream ="
 * @stream_id: in host byte order
 * @how: as add would be told
 * @reserve: bridges are to be asked for it
 * @line: where it stands
 */
struct config_stream {
	uint64_t stream_id;
	struct avtpmap_stream_opts how;
	bool reserve;
	int line;
};

/**
 * struct config_port - a section "[interface ...]"
 * @ifname: of the interface
 * @file: of struct config; @line: where it begins
 * @backend: AVTPMAP_BACKEND_*, or 0: what the command says, or the best
 * @how: as attach would be told
 * @seen: which keys are, by their place in a list
 * @streams: in their order
 */
struct config_port {
	char ifname[16];
	const char *file;
	int line;
	uint32_t backend;
	struct avtpmap_port_opts how;
	uint32_t seen;
	struct config_stream *streams;
	int n_streams;
};

/* @errors: lines that were said to be wrong */
struct config {
	struct config_port *ports;
	int n_ports;
	char **files;
	int n_files;
	int errors;
};

/* parse.c APIs: one file, which is called @name; what is wrong is told */
void config_parse(struct config *c, const char *name, FILE *f);
void config_free(struct config *c);
const struct config_port *config_find(const struct config *c,
				      const char *ifname);

/*
 * files.c APIs: those @files, or (@n 0) all *.conf of @dir. OK; or FAILURE, when
 * each mistake has its line on stderr. config_free() is due in either case.
 */
int config_read(struct config *c, const char *dir, int n, char **files);

#endif
