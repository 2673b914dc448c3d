// SPDX-License-Identifier: GPL-2.0
/* The parser over every row of tests/frames.h: whole, cut and in two parts. */
#include <kunit/test.h>
#include <linux/slab.h>

#include "../frames.h"
#include "shared/account.h"

/* In a buffer as long as what may be read, so that KASAN sees one octet more. */
static enum avtpmap_class parse_copy(struct kunit *test,
				     struct avtpmap_pdu *pdu,
				     const struct frame_row *row, u32 visible,
				     u32 frame_bytes)
{
	enum avtpmap_class class;
	u8 *copy;

	copy = kmemdup(row->bytes, visible, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	memset(pdu, 0xa5, sizeof(*pdu));
	class = avtpmap_parse(pdu, copy, copy + visible, frame_bytes,
			      row->stripped, row->strip_tci);
	kfree(copy);
	return class;
}

/* What counts also where the rest of the frame does not make sense. */
static void expect_address(struct kunit *test, const struct frame_row *row,
			   const struct avtpmap_pdu *pdu)
{
	u8 macs[] = { B48(pdu->dst_mac), B48(pdu->src_mac) };

	KUNIT_EXPECT_MEMEQ_MSG(test, macs, row->bytes, sizeof(macs), "%s",
			       row->name);
	KUNIT_EXPECT_EQ_MSG(test, be64_to_cpu(pdu->stream_id), row->stream_id,
			    "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->subtype, row->subtype, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->tci, row->tci, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->flags & AVTPMAP_F_VLAN,
			    row->flags & AVTPMAP_F_VLAN, "%s", row->name);
}

static void expect_stream(struct kunit *test, const struct frame_row *row,
			  const struct avtpmap_pdu *pdu)
{
	bool untold = row->flags & AVTPMAP_F_NODATA && !row->format;
	u64 format_raw = untold ? 0 : FORMAT_RAW(row->subtype, row->format);

	KUNIT_EXPECT_EQ_MSG(test, pdu->sequence, row->sequence, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->mr, row->mr, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->dbc, row->dbc, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->offset, row->offset, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->len_bytes, row->len_bytes, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->data_bytes, row->data_bytes, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->avtp_timestamp, row->avtp_timestamp, "%s",
			    row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->flags, row->flags, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, pdu->format_raw, format_raw, "%s", row->name);
}

static void parse_rows(struct kunit *test)
{
	const struct frame_row *row;
	enum avtpmap_class class;
	struct avtpmap_pdu pdu;

	for (row = frames; row < frames + N_FRAMES; row++) {
		class = parse_copy(test, &pdu, row, row->len, row->len);
		KUNIT_EXPECT_EQ_MSG(test, class, row->class, "%s", row->name);
		if (class == AVTPMAP_NOT_AVTP || class == AVTPMAP_CONTROL)
			continue;
		expect_address(test, row, &pdu);
		if (class == AVTPMAP_STREAM)
			expect_stream(test, row, &pdu);
	}
}

static void parse_formats(struct kunit *test)
{
	const struct frame_row *row;
	struct avtpmap_format f;
	int known;

	for (row = frames; row < frames + N_FRAMES; row++) {
		if (row->class != AVTPMAP_STREAM ||
		    (row->flags & AVTPMAP_F_NODATA && !row->format))
			continue;
		known = avtpmap_format_of(&f, FORMAT_RAW(row->subtype,
							 row->format));
		KUNIT_EXPECT_EQ_MSG(test, known, !row->refused, "%s", row->name);
		if (!known)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, f.unit, row->unit, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, f.subtype, row->subtype, "%s", row->name);
	}
}

/* Cut anywhere, a frame is never taken for a whole one. */
static void parse_cut(struct kunit *test)
{
	const struct frame_row *row;
	enum avtpmap_class class;
	struct avtpmap_pdu pdu;
	u32 n;

	for (row = frames; row < frames + N_FRAMES; row++) {
		for (n = 1; n < row->len; n++) {
			class = parse_copy(test, &pdu, row, n, n);
			if (class != AVTPMAP_STREAM)
				continue;
			KUNIT_EXPECT_EQ_MSG(test, row->class, AVTPMAP_STREAM, "%s",
					    row->name);
			KUNIT_EXPECT_LE_MSG(test, row->offset + row->len_bytes, n,
					    "%s cut to %u", row->name, n);
		}
	}
}

/* The headers decide, whatever part of the data can be seen. */
static void parse_in_parts(struct kunit *test)
{
	const struct frame_row *row;
	struct avtpmap_pdu pdu;
	u32 headers, n;

	for (row = frames; row < frames + N_FRAMES; row++) {
		if (row->class != AVTPMAP_STREAM)
			continue;
		headers = row->offset + row->len_bytes - row->data_bytes;
		for (n = headers; n < row->len; n++) {
			KUNIT_EXPECT_EQ_MSG(test,
					    parse_copy(test, &pdu, row, n, row->len),
					    AVTPMAP_STREAM, "%s seen to %u",
					    row->name, n);
			KUNIT_EXPECT_EQ_MSG(test, pdu.len_bytes, row->len_bytes,
					    "%s", row->name);
		}
	}
}

static struct kunit_case parse_cases[] = {
	KUNIT_CASE(parse_rows),
	KUNIT_CASE(parse_formats),
	KUNIT_CASE(parse_cut),
	KUNIT_CASE(parse_in_parts),
	{}
};

static struct kunit_suite parse_suite = {
	.name = "avtpmap_parse",
	.test_cases = parse_cases,
};

kunit_test_suite(parse_suite);

MODULE_DESCRIPTION("avtpmap: KUnit suites");
