// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Frames captured from other people's equipment, read where they lie: beside
 * the project, or in AVTPMAP_VECTORS.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../frames.h"
#include "tap.h"

static __u8 file[1 << 20];

static size_t load(const char *name)
{
	const char *dir = getenv("AVTPMAP_VECTORS") ?:
						      "../../../shared/vectors";
	char path[PATH_MAX];
	size_t bytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f) {
		bytes = fread(file, 1, sizeof(file), f);
		fclose(f);
	} else {
		tap_skip(name, "not there; set AVTPMAP_VECTORS");
	}
	return bytes;
}

static __u32 word(const __u8 *p)
{
	__u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Every frame of a live network's control plane passes, none is malformed. */
static void control_plane(void)
{
	size_t bytes = load("avb_control_plane.pcapng");
	int by_class[AVTPMAP_UNSUPPORTED + 1] = { 0 }, by_subtype[256] = { 0 };
	int n = 0, gptp = 0;

	if (!bytes)
		return;
	for (size_t at = 0; at + 12 <= bytes; at += word(file + at + 4)) {
		const __u8 *frame = file + at + 28;
		__u32 len = word(file + at + 20);
		struct avtpmap_pdu pdu;
		enum avtpmap_class class;

		if (word(file + at + 4) < 12 ||
		    at + word(file + at + 4) > bytes)
			break;
		if (word(file + at) != 6) /* enhanced packet block */
			continue;
		class = avtpmap_parse(&pdu, frame, frame + len, len, 0, 0);
		by_class[class]++;
		if (class == AVTPMAP_CONTROL)
			by_subtype[pdu.subtype]++;
		gptp += frame[12] == 0x88 && frame[13] == 0xf7;
		n++;
	}
	tap_ok(n > 95, "control plane: %d frames read", n);
	tap_ok(by_class[AVTPMAP_NOT_AVTP] + by_class[AVTPMAP_CONTROL] == n,
	       "control plane: %d other protocols and %d AVTP control, no stream",
	       by_class[AVTPMAP_NOT_AVTP], by_class[AVTPMAP_CONTROL]);
	tap_ok(by_subtype[0xfa] == 5 && by_subtype[0xfb] == 72,
	       "control plane: %d ADP, %d AECP", by_subtype[0xfa],
	       by_subtype[0xfb]);
	tap_ok(gptp == 14, "control plane: %d gPTP", gptp);
}

/* The rows transcribed into the table are what was captured. */
static void motu(void)
{
	size_t bytes = load("motu_am824_8ch48k.pcap"), at = 24;
	int rows = 0, equal = 0;

	if (!bytes)
		return;
	for (size_t i = 0; i < N_FRAMES; i++) {
		const struct frame_row *row = &frames[i];

		if (row->stream_id != MOTU_ID)
			continue;
		rows++;
		if (at + 16 + row->len <= bytes &&
		    word(file + at + 8) == row->len)
			equal += !memcmp(file + at + 16, row->bytes, row->len);
		at += 16 + row->len;
	}
	tap_ok(rows == 5 && equal == rows && at == bytes,
	       "motu: %d of %d rows as captured", equal, rows);
}

int main(void)
{
	control_plane();
	motu();
	return tap_done();
}
