// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Wireshark's dissector as a second opinion on every stream row of frames.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../frames.h"
#include "tap.h"

/* Fields by dissector; empty where it has none. In the order of the columns. */
enum column {
	SUBTYPE,
	STREAM_ID,
	SEQUENCE,
	TIMESTAMP,
	MR,
	TU,
	LENGTH,
	DBC,
	TCI,
	N_COLUMNS
};

/* clang-format off */
#define PER_DISSECTOR(field) \
	" -e aaf." field " -e cvf." field " -e iec61883." field \
	" -e tscf." field " -e crf." field " -e ntscf." field
enum { DISSECTORS = 6 };

static const char command[] =
	"tshark -n -r %s -T fields -E occurrence=l"
	" -e ieee1722.subtype -e iec61883.dbc -e vlan.id"
	PER_DISSECTOR("stream_id") PER_DISSECTOR("seqnum")
	" -e aaf.avtp_timestamp -e cvf.avtp_timestamp"
	" -e iec61883.avtp_timestamp -e tscf.avtp_timestamp"
	" -e aaf.mrfield -e cvf.mrfield -e iec61883.mrfield -e tscf.flags.mr"
	" -e crf.mrfield"
	" -e aaf.tufield -e cvf.tufield -e iec61883.tufield -e tscf.flags.tu"
	" -e crf.tufield"
	" -e aaf.stream_data_len -e cvf.stream_data_len"
	" -e iec61883.stream_data_len -e tscf.data_len -e crf.data_len"
	" -e ntscf.data_len 2>/dev/null";
/* clang-format on */

static const struct {
	enum column column;
	int fields;
} layout[] = {
	{ SUBTYPE, 1 },
	{ DBC, 1 },
	{ TCI, 1 },
	{ STREAM_ID, DISSECTORS },
	{ SEQUENCE, DISSECTORS },
	{ TIMESTAMP, 4 },
	{ MR, 5 },
	{ TU, 5 },
	{ LENGTH, DISSECTORS },
};

static void write_u32(FILE *f, __u32 v)
{
	fwrite(&v, sizeof(v), 1, f);
}

static void write_pcap(const char *path)
{
	FILE *f = fopen(path, "wb");

	write_u32(f, 0xa1b2c3d4);
	write_u32(f, 4 << 16 | 2);
	write_u32(f, 0);
	write_u32(f, 0);
	write_u32(f, 65535);
	write_u32(f, 1);
	for (size_t i = 0; i < N_FRAMES; i++) {
		write_u32(f, i);
		write_u32(f, 0);
		write_u32(f, frames[i].len);
		write_u32(f, frames[i].len);
		fwrite(frames[i].bytes, frames[i].len, 1, f);
	}
	fclose(f);
}

/* The first of each column's fields that says anything, or NULL. */
static void split(char *line, const char *column[N_COLUMNS])
{
	memset(column, 0, N_COLUMNS * sizeof(*column));
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++)
		for (int j = 0; line && j < layout[i].fields; j++) {
			char *field = strsep(&line, "\t");

			if (*field && !column[layout[i].column])
				column[layout[i].column] = field;
		}
}

static int same(const struct frame_row *row, const char *what, const char *text,
		__u64 want)
{
	if (!text || strtoull(text, NULL, 0) == want ||
	    (want == 1 && !strcmp(text, "True"))) /* Wireshark 4.2 */
		return 1;
	printf("# %s: %s is %s to tshark, %llu here\n", row->name, what, text,
	       want);
	return 0;
}

/* Returns 0 if tshark has nothing to say of this subtype. */
static int judge(const struct frame_row *row, char *line)
{
	const char *column[N_COLUMNS];
	int cip = row->subtype == AVTPMAP_SUB_61883_IIDC &&
		  row->len_bytes - row->data_bytes == 32;
	int opinions = 0, ok = 1;

	split(line, column);
	for (int i = 0; i < N_COLUMNS; i++)
		opinions += !!column[i];
	if (opinions <= 1)
		return 0;
	ok &= same(row, "subtype", column[SUBTYPE], row->subtype);
	ok &= same(row, "stream_id", column[STREAM_ID], row->stream_id);
	ok &= same(row, "sequence_num", column[SEQUENCE], row->sequence);
	ok &= same(row, "avtp_timestamp", column[TIMESTAMP],
		   row->avtp_timestamp);
	ok &= same(row, "mr", column[MR], row->mr);
	ok &= same(row, "tu", column[TU], !!(row->flags & AVTPMAP_F_TU));
	ok &= same(row, "length", column[LENGTH],
		   row->data_bytes + (cip ? 8 : 0));
	ok &= same(row, "dbc", column[DBC], row->dbc);
	if (!row->stripped)
		ok &= same(row, "vid", column[TCI], row->tci & 0xfff);
	tap_ok(ok && column[STREAM_ID] && column[SEQUENCE], "%s (%d fields)",
	       row->name, opinions);
	return 1;
}

int main(void)
{
	char path[] = "/tmp/avtpmap-oracle.XXXXXX", run[2048], line[4096];
	size_t n = 0, unknown = 0;
	FILE *tshark;

	if (system("command -v tshark >/dev/null 2>&1")) {
		tap_skip("all rows", "tshark is not installed");
		return tap_done();
	}
	close(mkstemp(path));
	write_pcap(path);
	snprintf(run, sizeof(run), command, path);
	tshark = popen(run, "r");
	while (tshark && fgets(line, sizeof(line), tshark) && n < N_FRAMES) {
		if (frames[n].class == AVTPMAP_STREAM)
			unknown += !judge(&frames[n], line);
		n++;
	}
	pclose(tshark);
	unlink(path);
	if (unknown)
		tap_skip("RVF, MMA, SVF, encrypted, vendor, experimental",
			 "tshark has no dissector");
	tap_ok(n == N_FRAMES, "tshark read all %zu frames", n);
	return tap_done();
}
