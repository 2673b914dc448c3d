/* SPDX-License-Identifier: MIT */
/* avtpmap scan: what was heard, and what is known beside it. */
#ifndef AVTPMAP_TOOL_SCAN_H
#define AVTPMAP_TOOL_SCAN_H

#include "../tool.h"

/**
 * struct row - a stream: heard, registered, advertised, or all of it
 * @heard: frames of it reached the host
 * @frames: in all
 * @last_ns: when the last one came, CLOCK_MONOTONIC
 * @per_s: of late
 * @lost: frames, by its own numbers
 * @refused: malformed, of another talker or the like
 * @backend: that it is registered with, or NULL
 * @taken: and takes it from the host
 * @advertised: by MSRP; of it, @talker, @mac and @vid may be all that is known
 */
struct row {
	uint64_t stream_id;
	uint8_t mac[6];
	uint8_t talker[6];
	uint16_t vid;
	uint8_t priority;
	bool heard;
	bool has_path; /* @mac, @vid, @priority are known */
	bool has_talker;
	uint32_t epoch;
	struct avtpmap_format format;
	uint64_t frames;
	uint64_t first_ns;
	uint64_t last_ns;
	double per_s;
	uint64_t lost;
	uint64_t refused;
	char backend[16];
	bool taken;
	bool advertised;
	uint32_t failure_code; /* of MSRP, 0: none */
};

enum { ROWS_MAX = 2 * AVTPMAP_SCAN_MAX };

/**
 * struct found - all of it
 * @ifname: port
 * @seconds: since the last table, or the beginning
 * @missed: frames that were not heard for their number
 */
struct found {
	const char *ifname;
	double seconds;
	uint64_t missed;
	int n;
	struct row row[ROWS_MAX];
};

/* report.c APIs */
void scan_print(const struct found *f, struct avtpmap_scan *s);
struct json_object *scan_json(const struct found *f, struct avtpmap_scan *s);

/* vendor.c APIs: of a MAC address or an EUI-64's first octets; "" if not known */
const char *vendor_of(const uint8_t mac[6]);

#endif
