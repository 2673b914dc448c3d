// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The parser over every row of frames.h, whole, cut short and half visible. */
#include "test.h"

#include "../frames.h"

static enum avtpmap_class parse_copy(struct avtpmap_pdu *pdu,
				     const struct frame_row *row, __u32 visible,
				     __u32 frame_bytes)
{
	/* exactly as long as may be read, so that the sanitizer sees more */
	__u8 *copy = malloc(visible ?: 1);
	enum avtpmap_class class;

	memcpy(copy, row->bytes, visible);
	memset(pdu, 0xa5, sizeof(*pdu));
	class = avtpmap_parse(pdu, copy, copy + visible, frame_bytes,
			      row->stripped, row->strip_tci);
	free(copy);
	return class;
}

static void row_parsed(void **state)
{
	const struct frame_row *row = *state;
	struct avtpmap_pdu pdu;

	assert_int_equal(parse_copy(&pdu, row, row->len, row->len), row->class);
	if (row->class == AVTPMAP_NOT_AVTP || row->class == AVTPMAP_CONTROL)
		return;
	assert_int_equal(env_be64(pdu.stream_id), row->stream_id);
	assert_int_equal(pdu.subtype, row->subtype);
	assert_int_equal(pdu.tci, row->tci);
	assert_int_equal(pdu.flags & AVTPMAP_F_VLAN,
			 row->flags & AVTPMAP_F_VLAN);
	assert_memory_equal(row->bytes, (__u8[]){ B48(pdu.dst_mac) }, 6);
	assert_memory_equal(row->bytes + 6, (__u8[]){ B48(pdu.src_mac) }, 6);
	if (row->class != AVTPMAP_STREAM)
		return;
	assert_int_equal(pdu.sequence, row->sequence);
	assert_int_equal(pdu.mr, row->mr);
	assert_int_equal(pdu.dbc, row->dbc);
	assert_int_equal(pdu.offset, row->offset);
	assert_int_equal(pdu.len_bytes, row->len_bytes);
	assert_int_equal(pdu.data_bytes, row->data_bytes);
	assert_int_equal(pdu.avtp_timestamp, row->avtp_timestamp);
	assert_int_equal(pdu.flags, row->flags);
	if (row->flags & AVTPMAP_F_NODATA && !row->format)
		assert_int_equal(pdu.format_raw, 0);
	else
		assert_int_equal(pdu.format_raw,
				 FORMAT_RAW(row->subtype, row->format));
}

static void row_formatted(void **state)
{
	const struct frame_row *row = *state;
	struct avtpmap_format f;
	struct avtpmap_pdu pdu;

	parse_copy(&pdu, row, row->len, row->len);
	assert_int_equal(avtpmap_format_of(&f, pdu.format_raw), !row->refused);
	if (row->refused)
		return;
	assert_int_equal(f.subtype, row->subtype);
	assert_int_equal(f.unit, row->unit);
	if (f.unit != AVTPMAP_UNIT_SAMPLES)
		return;
	assert_true(f.channels && f.sample_bytes && f.rate_hz && f.bit_depth);
	assert_true(f.bit_depth <= 8 * f.sample_bytes);
}

static void cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FRAMES; i++) {
		const struct frame_row *row = &frames[i];

		for (__u32 n = 0; n < row->len; n++) {
			struct avtpmap_pdu pdu;
			enum avtpmap_class class = parse_copy(&pdu, row, n, n);

			if (class == AVTPMAP_STREAM &&
			    pdu.offset + pdu.len_bytes > n)
				fail_msg("%s cut to %u", row->name, n);
			if (row->class == AVTPMAP_STREAM &&
			    n < row->offset + row->len_bytes)
				assert_int_not_equal(class, AVTPMAP_STREAM);
			if (n < 14)
				assert_int_equal(class, AVTPMAP_NOT_AVTP);
		}
	}
}

/* A driver may show the headers only: lengths are those of the whole frame. */
static void headers_visible(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FRAMES; i++) {
		const struct frame_row *row = &frames[i];
		__u32 header = row->len_bytes - row->data_bytes;
		struct avtpmap_pdu pdu;

		if (row->class != AVTPMAP_STREAM)
			continue;
		assert_int_equal(parse_copy(&pdu, row, row->offset + header,
					    row->len),
				 AVTPMAP_STREAM);
		assert_int_equal(pdu.len_bytes, row->len_bytes);
		assert_int_equal(parse_copy(&pdu, row, row->offset + header - 1,
					    row->len),
				 header == 12 ? AVTPMAP_CONTROL :
						AVTPMAP_MALFORMED);
	}
}

static void names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FRAMES; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(frames[i].name, frames[j].name);
}

struct format_row {
	__u64 raw;
	struct avtpmap_format f;
};

static const struct format_row formats[] = {
	{ AAF_RAW(4, 5, 2, 16),
	  { AVTPMAP_SUB_AAF, AVTPMAP_UNIT_SAMPLES, AVTPMAP_ENC_INT16, 48000, 2,
	    16, 2, 24 } },
	{ AAF_RAW(3, 9, 64, 20),
	  { AVTPMAP_SUB_AAF, AVTPMAP_UNIT_SAMPLES, AVTPMAP_ENC_INT24, 192000,
	    64, 20, 3, 24 } },
	{ AAF_RAW(2, 4, 1023, 24),
	  { AVTPMAP_SUB_AAF, AVTPMAP_UNIT_SAMPLES, AVTPMAP_ENC_INT32, 44100,
	    1023, 24, 4, 24 } },
	{ AAF_RAW(1, 6, 1, 32),
	  { AVTPMAP_SUB_AAF, AVTPMAP_UNIT_SAMPLES, AVTPMAP_ENC_FLOAT32, 88200,
	    1, 32, 4, 24 } },
	{ CIP_RAW(0x02, 8),
	  { AVTPMAP_SUB_61883_IIDC, AVTPMAP_UNIT_SAMPLES, AVTPMAP_ENC_AM824,
	    48000, 8, 24, 4, 32 } },
	{ CIP_RAW(0x01, 64),
	  { AVTPMAP_SUB_61883_IIDC, AVTPMAP_UNIT_SAMPLES, AVTPMAP_ENC_AM824,
	    44100, 64, 24, 4, 32 } },
	{ CIP_RAW(0x14, 6),
	  { AVTPMAP_SUB_61883_IIDC, AVTPMAP_UNIT_SAMPLES, AVTPMAP_ENC_AM24X4,
	    96000, 8, 24, 3, 32 } },
	{ CIP_RAW(0x26, 2),
	  { AVTPMAP_SUB_61883_IIDC, AVTPMAP_UNIT_SAMPLES, AVTPMAP_ENC_AMFLOAT,
	    192000, 2, 32, 4, 32 } },
};

static void format_fields(void **state)
{
	static const __u32 aaf[] = { 0,	    8000,  16000,  32000,  44100, 48000,
				     88200, 96000, 176400, 192000, 24000, 0,
				     0,	    0,	   0,	   0 };
	static const __u32 am824[] = { 32000, 44100,  48000,  88200,
				       96000, 176400, 192000, 0 };

	(void)state;
	for (size_t i = 0; i < N_ELEMS(formats); i++) {
		struct avtpmap_format f;

		assert_int_equal(avtpmap_format_of(&f, formats[i].raw), 1);
		assert_memory_equal(&f, &formats[i].f, sizeof(f));
	}
	for (__u32 i = 0; i < N_ELEMS(aaf); i++)
		assert_int_equal(aaf_rate_hz(i), aaf[i]);
	for (__u32 i = 0; i < N_ELEMS(am824); i++)
		assert_int_equal(am824_rate_hz(i), am824[i]);
}

int main(void)
{
	static const struct CMUnitTest whole[] = {
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(headers_visible),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(format_fields),
	};
	struct CMUnitTest tests[2 * N_FRAMES];
	size_t n = 0;
	int failed;

	for (size_t i = 0; i < N_FRAMES; i++) {
		void *row = (void *)&frames[i];
		char *name;

		tests[n++] = (struct CMUnitTest){ frames[i].name, row_parsed,
						  NULL, NULL, row };
		if (frames[i].class != AVTPMAP_STREAM ||
		    frames[i].flags & AVTPMAP_F_NODATA)
			continue;
		if (asprintf(&name, "format of %s", frames[i].name) < 0)
			abort();
		tests[n++] = (struct CMUnitTest){ name, row_formatted, NULL,
						  NULL, row };
	}
	failed = _cmocka_run_group_tests("parse: rows", tests, n, NULL, NULL);
	while (n--)
		if (!strncmp(tests[n].name, "format of ", 10))
			free((void *)tests[n].name);
	return failed + cmocka_run_group_tests_name("parse", whole, NULL, NULL);
}
