// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Writes the fuzzers' first corpus, from the table of frames: seeds DIR */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../frames.h"

static FILE *create(const char *dir, const char *kind, int n)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%d", dir, kind, n);
	f = fopen(path, "wb");
	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

/* See fuzz_rx.c. @sequence: put in the place of the row's own, or -1. */
static void record(FILE *f, const struct frame_row *row, int sequence)
{
	const __u8 head[4] = { 1, row->stripped ? 0x80 : 0x02, row->len >> 8,
			       row->len & 0xff };
	__u8 frame[2048];

	memcpy(frame, row->bytes, row->len);
	if (sequence >= 0)
		frame[row->offset + 2] = sequence;
	fwrite(head, sizeof(head), 1, f);
	fwrite(frame, row->len, 1, f);
}

/* See fuzz_mrp.c. */
static const struct {
	__u8 len;
	const char *bytes;
} mrp[] = {
	{ 15, "\0\x0d\0\x04\x04\0\x09\0\1\6\3\0\2\x24\0" },
	{ 12, "\x29\x0a\0\1\2\0\4\0\2\x2d\x24\0" },
	{ 11, "\xf1\x09\0\1\2\x20\0\0\0\0\0" },
	{ 20, "\0\x12\0\3\x08\0\x0e\x20\1\0\2\0\0\0\0\0\0\xb4\x80\0" },
};

int main(int argc, char **argv)
{
	static const char *const ids[] = {
		"00:11:22:33:44:55:00:01",
		"00-11-22-33-44-55:0001",
		"0x0011223344550001",
		"0011223344550001",
		"0x1",
		"00::11",
	};
	static const char *const configs[] = {
		"[interface eth0]\nbackend = xdp\nalone = yes # one\n"
		"mem=64M\nxdp=generic\n"
		"stream = 00:11:22:33:44:55:00:01 vid=2 mode=copy ms=200\n",
		"[interface eth0]\ngroup = 0\nstream=0x1 reserve=yes\n"
		"stream=0x2 mac=91:e0:f0:00:fe:01 rate=1 stride=512 mbit=5\n",
		"[interface a]\n[interface b]\nstream = 0x1 vid=none\n",
	};
	const char *dir = argc > 1 ? argv[1] : ".";
	FILE *f;

	for (size_t i = 0; i < N_FRAMES; i++) {
		f = create(dir, "rx", i);
		record(f, &frames[i], -1);
		fclose(f);
		if (frames[i].class != AVTPMAP_STREAM)
			continue;
		f = create(dir, "rx", 1000 + i); /* a stream of them */
		for (int n = 0; n < 40; n++)
			record(f, &frames[i], n > 20 ? n + 3 : n);
		fclose(f);
	}
	f = create(dir, "rx", 5000); /* and of all kinds */
	for (size_t i = 0; i < N_FRAMES; i++)
		record(f, &frames[i], -1);
	fclose(f);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		f = create(dir, "streamid", i);
		fputs(ids[i], f);
		fclose(f);
	}
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		f = create(dir, "config", i);
		fputs(configs[i], f);
		fclose(f);
	}
	for (size_t i = 0; i < sizeof(mrp) / sizeof(mrp[0]); i++) {
		f = create(dir, "mrp", i);
		fwrite(mrp[i].bytes, mrp[i].len, 1, f);
		fclose(f);
	}
	return 0;
}
