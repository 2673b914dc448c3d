/* SPDX-License-Identifier: MIT */
/* The counters of a stream and their names. */
#ifndef AVTPMAP_COUNTERS_H
#define AVTPMAP_COUNTERS_H

#include <stdint.h>
#include <linux/avtpmap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_stream;

/*
 * X(enum avtpmap_counter without AVTPMAP_C_, name in text and JSON, meaning)
 * in the enum's order. Reserved counters are not in it.
 */
/* clang-format off */
#define AVTPMAP_COUNTERS(X) \
	X(FRAMES_RX, frames_rx, "frames laid in the ring") \
	X(BYTES_RX, bytes_rx, "bytes of their PDUs") \
	X(TIMESTAMP_VALID, timestamp_valid, "frames with tv = 1") \
	X(TIMESTAMP_NOT_VALID, timestamp_not_valid, "frames with tv = 0") \
	X(WAKES_PERIOD, wakes_period, "wakes of all readers: period") \
	X(WAKES_DEADLINE, wakes_deadline, "wakes of all readers: deadline") \
	X(WAKES_EVENT, wakes_event, "wakes of all readers: event") \
	X(SEQ_NUM_MISMATCH, seq_num_mismatch, "breaks in sequence_num") \
	X(FRAMES_LOST, frames_lost, "frames that those breaks tell of") \
	X(FRAMES_DUPLICATE, frames_duplicate, "frames seen before") \
	X(FRAMES_LATE, frames_late, "frames that were overtaken") \
	X(RESYNC, resync, "breaks too large to count") \
	X(DBC_MISMATCH, dbc_mismatch, "IEC 61883-1 DBC breaks without loss") \
	X(MEDIA_RESET, media_reset, "mr toggled") \
	X(TIMESTAMP_UNCERTAIN, timestamp_uncertain, "tu changed") \
	X(MEDIA_LOCKED, media_locked, "frames came again") \
	X(MEDIA_UNLOCKED, media_unlocked, "frames ceased") \
	X(STREAM_INTERRUPTED, stream_interrupted, "epochs after the first") \
	X(FORMAT_CHANGED, format_changed, "changes of the format") \
	X(TALKER_CHANGED, talker_changed, "changes of the source MAC") \
	X(LATE_TIMESTAMP, late_timestamp, "presentation time had passed") \
	X(EARLY_TIMESTAMP, early_timestamp, "presentation time too far off") \
	X(MALFORMED, malformed, "passed: lengths contradict each other") \
	X(UNSUPPORTED_FORMAT, unsupported_format, "passed: not understood") \
	X(MULTIBUF, multibuf, "passed: in several NIC buffers") \
	X(TOO_LONG, too_long, "passed: longer than the slot") \
	X(CONTENDED, contended, "passed: claim word busy") \
	X(CONFLICT, conflict, "passed: from a second talker") \
	X(OTHER_PATH, other_path, "passed: other MAC or VID than asked for") \
	X(NO_FORMAT, no_format, "passed: NO-DATA before any format")
/* clang-format on */

/**
 * avtpmap_counter_name() - the name of a counter
 * @c: enum avtpmap_counter
 *
 * Returns its name, which is the enum's in lower case, or NULL for a reserved
 * or unknown counter.
 */
const char *avtpmap_counter_name(unsigned int c);

/* One line on what it counts, or NULL. */
const char *avtpmap_counter_help(unsigned int c);

/**
 * avtpmap_counters() - take a copy of a stream's counters
 * @s: the stream
 * @values: out, by enum avtpmap_counter
 * @n: entries of @values; those that this library does not know become 0
 *
 * The counters are read one by one while frames come in. Real-time safe.
 *
 * Returns the mask of those that can be known here: where bit i is clear,
 * values[i] is not 0 but unavailable.
 */
uint64_t avtpmap_counters(struct avtpmap_stream *s, uint64_t *values,
			  unsigned int n);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_COUNTERS_H */
