/* SPDX-License-Identifier: MIT */
/*
 * A stream that is there as long as somebody listens to it: the first listener
 * adds it, and its port if need be, and the last one takes both away again.
 *
 * Which is the last, files below /run tell: whoever listens holds a shared lock
 * on that of the stream and on that of the port. There is none for what somebody
 * added for good, nor for the packet backend, whose streams are a process's own.
 */
#ifndef AVTPMAP_TOOL_LEASE_H
#define AVTPMAP_TOOL_LEASE_H

#include <avtpmap/avtpmap.h>
#include <stdbool.h>

/**
 * struct lease - what one listener holds
 * @stream_fd: @port_fd: the files, or -1
 * @stream_made: @port_made: by this listener
 * @ifindex: @stream_id: @backend: of the stream, which may be renamed meanwhile
 */
struct lease {
	int stream_fd;
	int port_fd;
	bool stream_made;
	bool port_made;
	uint32_t ifindex;
	uint64_t stream_id;
	uint32_t backend;
};

/*
 * Opens the stream, which is added, as @how says, if it is not there. Returns 0
 * or -errno, with the line in @opts->error; lease_end() is due in either case.
 */
int lease_open(struct lease *l, struct avtpmap_stream **s,
	       const struct avtpmap_open_opts *opts,
	       const struct avtpmap_stream_opts *how);

/* After it was closed. */
void lease_end(struct lease *l);

/* Somebody wants the stream, or (@stream_id NULL) the port, for good. */
void lease_keep(const char *ifname, const uint64_t *stream_id);

#endif
