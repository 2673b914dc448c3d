/* SPDX-License-Identifier: MIT */
/*
 * Audio samples out of a stream, in blocks of any size.
 *
 * A pcm reads through its stream's cursor: while it is open, peek and release
 * are its own. A "frame" here is still a frame on the wire; one sample of each
 * channel is a media unit, or unit.
 *
 * A read delivers the stream's units in order, each once, without regard to
 * how they lay in frames. What the wire lost reads as silence of the same
 * length, so that positions keep their meaning; late and duplicate frames are
 * dropped. A new talker, a resynchronisation or a new format begins a new
 * epoch: reading stops exactly before it with -ESTRPIPE until avtpmap_pcm_format()
 * has been called.
 *
 * Understood: AAF (IEEE 1722-2016 7) INT_16BIT, INT_24BIT, INT_32BIT and
 * FLOAT_32BIT, and IEC 61883-6 AM824 with its labels taken off (labels other
 * than IEC 60958 and MBLA read as silence), 24-bit packed and float. Some talkers
 * (PipeWire 1.4) send AM824 without labels, where the octet of the label is the
 * sample's sign: that is recognised, frame by frame, and read as it is meant,
 * until a label comes that cannot be one.
 *
 * Reading is real-time safe. One thread at a time per pcm.
 */
#ifndef AVTPMAP_PCM_H
#define AVTPMAP_PCM_H

#include <stddef.h>
#include <stdint.h>
#include <linux/avtpmap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_stream;
struct avtpmap_media_line;
struct avtpmap_pcm;
struct avtpmap_time;

/**
 * struct avtpmap_pcm_opts - how to read
 * @sz: sizeof(struct avtpmap_pcm_opts)
 * @align: media units, or 0. Reading begins, and begins again after an overrun
 *	or a new epoch, at a multiple of this, and what is before it is dropped.
 *	With the reader's period here, each wake finds exactly one period to
 *	read, for late joiners too.
 */
struct avtpmap_pcm_opts {
	size_t sz;
	uint32_t align;
	uint32_t resv;
};

/* What avtpmap_pcm_read_native() writes: lossless for each encoding. */
enum avtpmap_pcm_type {
	AVTPMAP_PCM_NONE = 0, /* cannot be decoded */
	AVTPMAP_PCM_S16 = 1, /* int16_t: 16-bit encodings */
	AVTPMAP_PCM_S32 = 2, /* int32_t: 24 and 32 bits, at the top */
	AVTPMAP_PCM_F32 = 3, /* float: float encodings, unchanged */
};

/**
 * struct avtpmap_pcm_result - what a read did
 * @media_pos: position of the first unit delivered
 * @silence: units delivered that are silence for known loss
 * @missed_frames: with -EPIPE: frames that were overwritten before they were
 *	wholly read
 * @dropped_frames: late and duplicate frames that were stepped over
 * @dropped_units: units stepped over for the sake of align
 * @flags: enum avtpmap_slot_flags of all frames of which units were delivered
 * @resv: 0
 */
struct avtpmap_pcm_result {
	uint64_t media_pos;
	uint64_t silence;
	uint64_t missed_frames;
	uint32_t dropped_frames;
	uint32_t dropped_units;
	uint32_t flags;
	uint32_t resv0;
	uint64_t resv[4];
};

/* What the label octets of an epoch's AM824 are. */
enum avtpmap_pcm_labels {
	AVTPMAP_PCM_LABELS_UNKNOWN = 0, /* not AM824, or nothing told yet */
	AVTPMAP_PCM_LABELS_REAL = 1, /* IEC 61883-6 */
	AVTPMAP_PCM_LABELS_NONE = 2, /* the sample's sign: 0x00 and 0xff only */
};

/**
 * struct avtpmap_pcm_info - what reading found out about the talker
 * @labels: enum avtpmap_pcm_labels
 * @stamps: avtp_timestamps that were valid and certain
 * @stamps_wrong: of them, those that did not advance with the media
 * @stamps_swapped: of these, that do if their octets are turned round
 * @resv: 0
 */
struct avtpmap_pcm_info {
	uint32_t labels;
	uint32_t resv0;
	uint64_t stamps;
	uint64_t stamps_wrong;
	uint64_t stamps_swapped;
	uint64_t resv[4];
};

/**
 * avtpmap_pcm_open() - read a stream as audio
 * @out: to be closed with avtpmap_pcm_close()
 * @s: the stream; stays the caller's, and must outlive the pcm
 * @opts: or NULL
 *
 * Can be called before the first frame has come.
 *
 * Returns 0, -EINVAL, -E2BIG or -ENOMEM.
 */
int avtpmap_pcm_open(struct avtpmap_pcm **out, struct avtpmap_stream *s,
		     const struct avtpmap_pcm_opts *opts);

/* NULL is fine. The stream stays open. */
void avtpmap_pcm_close(struct avtpmap_pcm *pcm);

/* Of the epoch that is read. */
void avtpmap_pcm_info(const struct avtpmap_pcm *pcm,
		      struct avtpmap_pcm_info *info);

/**
 * avtpmap_pcm_set_time() - enter the frames that reads go through into @time
 * @pcm: the pcm
 * @time: of this stream, see avtpmap/time.h; must outlive the pcm; NULL: none
 *
 * After a read avtpmap_time_at(time, result.media_pos, ...) tells when its
 * first unit is to be presented.
 */
void avtpmap_pcm_set_time(struct avtpmap_pcm *pcm, struct avtpmap_time *time);

/**
 * avtpmap_pcm_format() - learn the format of what is to be read next
 * @pcm: the pcm
 * @format: out: of the epoch that the next frame belongs to; may be NULL
 *
 * To be called after avtpmap_pcm_read...() returned -ESTRPIPE, which it does
 * first when the first frame has come.
 *
 * Returns the enum avtpmap_pcm_type that avtpmap_pcm_read_native() will write,
 * -EAGAIN while no frame has come, or -ENOTSUP (with @format filled) if this
 * format is not audio that can be decoded; then reads return -ENOTSUP, and
 * what is there can be read by peek and release once the pcm is closed.
 */
int avtpmap_pcm_format(struct avtpmap_pcm *pcm, struct avtpmap_format *format);

/**
 * avtpmap_pcm_present() - go to the unit that is due at a time
 * @pcm: the pcm
 * @line: of the stream's media clock, see avtpmap/clock.h
 * @ns: a time on the line's time base
 * @offset_ns: units are due so much after what their line says
 * @late: out: units that are stepped over, for their time was before; or NULL
 *
 * Where the line is of timestamps that is presentation time, so streams that
 * are presented at one time by one offset are in phase, in whatever program or
 * machine; where it is of arrival times, the offset is what the reader grants
 * them. The unit is the one whose time is nearest.
 *
 * To be called before the first read, and when something broke: a new epoch, an
 * overrun, or clocks that drifted apart. From there reads go on, unit by unit;
 * align has no say in where that is.
 *
 * Returns how many units too early the next one is: so much silence comes
 * before it, or it waits; 0: the next read begins with the unit that is due,
 * even if that has yet to arrive. -EAGAIN while no frame has come, -ERANGE if
 * @ns is out of all reach, and -ESTRPIPE, -EPIPE and -ENOTSUP as reads do.
 */
int avtpmap_pcm_present(struct avtpmap_pcm *pcm,
			const struct avtpmap_media_line *line, uint64_t ns,
			int64_t offset_ns, uint64_t *late);

/**
 * avtpmap_pcm_read_planar() - read as float, one array per channel
 * @pcm: the pcm
 * @planes: as many as the format has channels; a NULL plane is left out
 * @units: to read, at most INT32_MAX
 * @result: out; may be NULL
 *
 * Integers are scaled so that full scale is -1.0 to just below 1.0, to which
 * those of 32 bits that come nearest to it are rounded.
 *
 * Returns how many units were written: @units, or fewer when no more are in
 * the ring or something below comes next. With none to write before it:
 *	0: nothing in the ring
 *	-ESTRPIPE: a new epoch: avtpmap_pcm_format() first
 *	-EPIPE: overrun; the next read goes on later in the stream
 *	-ENOTSUP: not audio that can be decoded
 */
int avtpmap_pcm_read_planar(struct avtpmap_pcm *pcm, float *const *planes,
			    uint32_t units, struct avtpmap_pcm_result *result);

/**
 * avtpmap_pcm_read_native() - read interleaved, in the stream's own resolution
 * @pcm: the pcm
 * @buf: units * channels samples of the type that avtpmap_pcm_format() told
 * @units: to read, at most INT32_MAX
 * @result: out; may be NULL
 *
 * Bit-exact. Returns as avtpmap_pcm_read_planar().
 */
int avtpmap_pcm_read_native(struct avtpmap_pcm *pcm, void *buf, uint32_t units,
			    struct avtpmap_pcm_result *result);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_PCM_H */
