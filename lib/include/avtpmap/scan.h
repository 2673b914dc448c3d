/* SPDX-License-Identifier: MIT */
/*
 * Who is on a network: each AVTP stream and each AVDECC entity (IEEE 1722.1 ADP)
 * that a port hears, registered or not. It listens beside the host, takes nothing
 * from anybody and sends nothing. Frames of a stream that the module or the XDP
 * program takes do not come as far as that: avtpmap_stream_list() tells of those.
 *
 * The port receives everything while it is scanned (promiscuous), because a NIC
 * drops groups that nobody joined and VLANs that nobody registered.
 *
 * Functions return 0 or a count, or a negative errno. Nothing here is real-time
 * safe. One thread at a time per handle.
 */
#ifndef AVTPMAP_SCAN_H
#define AVTPMAP_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <linux/avtpmap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_scan;

/* Streams, and entities, that one handle tells apart. */
#define AVTPMAP_SCAN_MAX 1024

/**
 * struct avtpmap_scan_stream - a stream_id that is sent to a MAC and VLAN
 * @stream_id: in host byte order
 * @mac: destination
 * @talker: source, of the last frame
 * @vid: VLAN, 0: untagged
 * @priority: PCP
 * @resv: 0
 * @first_ns: when the first frame came, CLOCK_MONOTONIC, ns
 * @last_ns: when the last one did
 * @frames: that came, of whatever worth
 * @bytes: of them, from destination MAC to the last octet
 * @epoch: 0: no frame told a format yet
 * @n_counters: entries of @counters
 * @format: of the epoch
 * @counters: as a ring would have them, by enum avtpmap_counter; valid in the
 *	callback
 */
struct avtpmap_scan_stream {
	uint64_t stream_id;
	uint8_t mac[6];
	uint8_t talker[6];
	uint16_t vid;
	uint8_t priority;
	uint8_t resv;
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t frames;
	uint64_t bytes;
	uint32_t epoch;
	uint32_t n_counters;
	struct avtpmap_format format;
	const uint64_t *counters;
};

/**
 * struct avtpmap_scan_entity - IEEE 1722.1-2021 6.2: it said that it is available
 * @entity_id: in host byte order
 * @model_id: entity_model_id
 * @grandmaster_id: gptp_grandmaster_id
 * @mac: source
 * @talker_streams: talker_stream_sources
 * @listener_streams: listener_stream_sinks
 * @valid_s: it says so again within so many seconds
 */
struct avtpmap_scan_entity {
	uint64_t entity_id;
	uint64_t model_id;
	uint64_t grandmaster_id;
	uint8_t mac[6];
	uint16_t talker_streams;
	uint16_t listener_streams;
	uint16_t valid_s;
};

/**
 * struct avtpmap_scan_opts - where
 * @sz: sizeof(struct avtpmap_scan_opts)
 * @ifname: port; of "eth0.2" VLAN 2 only
 * @error: out: why opening failed; may be NULL
 * @error_bytes: size of @error
 */
struct avtpmap_scan_opts {
	size_t sz;
	const char *ifname;
	char *error;
	size_t error_bytes;
};

/**
 * avtpmap_scan_open() - begin to listen
 * @out: to be closed with avtpmap_scan_close(); NULL on failure
 * @opts: where
 *
 * Returns 0 or
 *	-ENODEV: no such interface
 *	-EINVAL: it is not Ethernet
 *	-EPERM: CAP_NET_RAW is needed
 */
int avtpmap_scan_open(struct avtpmap_scan **out,
		      const struct avtpmap_scan_opts *opts);

/* NULL is fine. */
void avtpmap_scan_close(struct avtpmap_scan *s);

/* For poll(): readable when avtpmap_scan_work() has something to do. */
int avtpmap_scan_fd(struct avtpmap_scan *s);

/*
 * Takes in what came. Does not wait; once in 20 ms is enough for some hundred
 * streams. Returns 0, or -ENODEV when the interface went.
 */
int avtpmap_scan_work(struct avtpmap_scan *s);

/*
 * Frames that came too fast to be heard, or from more than AVTPMAP_SCAN_MAX: while
 * there are any, what counters call lost may be these.
 */
uint64_t avtpmap_scan_missed(struct avtpmap_scan *s);

typedef int avtpmap_scan_stream_fn(const struct avtpmap_scan_stream *stream,
				   void *arg);
typedef int avtpmap_scan_entity_fn(const struct avtpmap_scan_entity *entity,
				   void *arg);

/*
 * Each that was heard, in the order in which it first was; an entity that said
 * goodbye is none. Stops when @fn returns other than 0, and returns that.
 */
int avtpmap_scan_streams(struct avtpmap_scan *s, avtpmap_scan_stream_fn *fn,
			 void *arg);
int avtpmap_scan_entities(struct avtpmap_scan *s, avtpmap_scan_entity_fn *fn,
			  void *arg);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_SCAN_H */
