// SPDX-License-Identifier: MIT
/* Frames to blocks of samples: see avtpmap/pcm.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../internal.h"
#include "../../kmod/shared/env.h"
#include "decode.h"
#include "stamp_watch.h"

/**
 * struct avtpmap_pcm - a stream read as audio
 * @s: whose cursor this is
 * @format: of @epoch
 * @codec: for it, or NULL
 * @native, @planar: its fastest decoders, as @labels has it
 * @block_bytes: bytes of one unit in the PDU
 * @labels: enum avtpmap_pcm_labels
 * @looked: position after the newest frame whose labels were looked at
 * @epoch: that the caller knows of; 0: none yet
 * @align: see struct avtpmap_pcm_opts
 * @placed: @pos is valid: nothing was missed since
 * @pos: media position of the next unit to deliver
 * @overrun_seen: avtpmap_overrun_frames() that the caller was told of, or is
 *	about to be
 * @missed: frames missed that the caller was not told of
 * @watch: whether timestamps advance as the media does
 * @watched: position after the newest frame that was watched
 * @time: to enter frames into, or NULL
 * @timed: position after the newest frame entered
 */
struct avtpmap_pcm {
	struct avtpmap_stream *s;
	struct avtpmap_format format;
	const struct pcm_codec *codec;
	pcm_decode_fn *native;
	pcm_decode_fn *planar;
	__u32 block_bytes;
	__u32 labels;
	__u64 looked;
	__u32 epoch;
	__u32 align;
	int placed;
	__u64 pos;
	__u64 overrun_seen;
	__u64 missed;
	struct stamp_watch watch;
	__u64 watched;
	struct avtpmap_time *time;
	__u64 timed;
};

/* What of a slot is needed here, whole. */
struct frame {
	__u64 media_pos;
	__u32 units;
	__u32 len_bytes;
	__u32 flags;
	__u32 epoch;
	__u32 avtp_timestamp;
};

/* One read: where it writes, and how far it is. */
struct read {
	const struct pcm_out *out;
	__u32 want;
	__u32 done;
	struct avtpmap_pcm_result *result;
};

enum { NOTHING_THERE = 1 };

int avtpmap_pcm_open(struct avtpmap_pcm **out, struct avtpmap_stream *s,
		     const struct avtpmap_pcm_opts *opts)
{
	struct avtpmap_pcm_opts o;
	struct avtpmap_pcm *pcm;
	int err = opts_copy(&o, sizeof(o), opts);

	*out = NULL;
	if (err)
		return err;
	if (o.resv)
		return -EINVAL;
	pcm = calloc(1, sizeof(*pcm));
	if (!pcm)
		return -ENOMEM;
	pcm->s = s;
	pcm->align = o.align;
	pcm->overrun_seen = avtpmap_overrun_frames(s);
	*out = pcm;
	return 0;
}

void avtpmap_pcm_close(struct avtpmap_pcm *pcm)
{
	free(pcm);
}

void avtpmap_pcm_info(const struct avtpmap_pcm *pcm,
		      struct avtpmap_pcm_info *info)
{
	memset(info, 0, sizeof(*info));
	info->labels = pcm->labels;
	info->stamps = pcm->watch.n;
	info->stamps_wrong = pcm->watch.wrong;
	info->stamps_swapped = pcm->watch.swapped;
}

void avtpmap_pcm_set_time(struct avtpmap_pcm *pcm, struct avtpmap_time *time)
{
	pcm->time = time;
	pcm->timed = 0;
}

/* The cursor jumped: whatever position we had is not where it is now. */
static int overrun(struct avtpmap_pcm *pcm)
{
	__u64 frames = avtpmap_overrun_frames(pcm->s);

	pcm->missed += frames - pcm->overrun_seen;
	pcm->overrun_seen = frames;
	pcm->placed = 0;
	return -EPIPE;
}

/* Be done with the held frame: what was needed of it has been verified. */
static void pass(struct avtpmap_pcm *pcm)
{
	pcm->s->ring.pos++;
	pcm->s->ring.held = NULL;
}

/* The format of the next frame, or of the frames that are to come. */
static int next_format(struct avtpmap_pcm *pcm, struct avtpmap_format *f,
		       __u32 *epoch)
{
	const struct avtpmap_slot *slot;
	int err;

	for (;;) {
		slot = avtpmap_peek(pcm->s);
		if (!slot)
			return avtpmap_format(pcm->s, f, epoch);
		*epoch = env_load(&slot->epoch);
		err = slot_format(pcm->s, slot, f);
		if (avtpmap_verify(pcm->s))
			overrun(pcm);
		else if (err != -ENODATA)
			return err;
		else
			pass(pcm); /* IEC 61883-6 NO-DATA: holds no units */
	}
}

static void use_decoders(struct avtpmap_pcm *pcm)
{
	if (pcm->labels == AVTPMAP_PCM_LABELS_NONE) {
		pcm->native = pcm_unlabelled.native;
		pcm->planar = pcm_unlabelled.planar;
	} else if (pcm->codec) {
		pcm->native = pcm->codec->native;
		pcm->planar = pcm_planar_of(pcm->format.encoding);
	}
}

int avtpmap_pcm_format(struct avtpmap_pcm *pcm, struct avtpmap_format *format)
{
	struct avtpmap_format f;
	__u32 epoch;
	int err = next_format(pcm, &f, &epoch);

	if (err)
		return err;
	if (epoch != pcm->epoch) {
		pcm->placed = 0;
		pcm->labels = AVTPMAP_PCM_LABELS_UNKNOWN;
		memset(&pcm->watch, 0, sizeof(pcm->watch));
	}
	pcm->epoch = epoch;
	pcm->format = f;
	pcm->codec = pcm_codec_of(f.encoding);
	if (f.unit != AVTPMAP_UNIT_SAMPLES || !f.channels ||
	    (pcm->codec && pcm->codec->sample_bytes != f.sample_bytes))
		pcm->codec = NULL;
	use_decoders(pcm);
	pcm->block_bytes = f.channels * f.sample_bytes;
	if (format)
		*format = f;
	return pcm->codec ? (int)pcm->codec->type : -ENOTSUP;
}

/* The next frame's descriptor, whole, still held. */
static int next_frame(struct avtpmap_pcm *pcm, struct frame *f,
		      const struct avtpmap_slot **slot)
{
	*slot = avtpmap_peek(pcm->s);
	if (avtpmap_overrun_frames(pcm->s) != pcm->overrun_seen)
		return overrun(pcm);
	if (!*slot)
		return NOTHING_THERE;
	f->media_pos = env_load(&(*slot)->media_pos); /* G */
	f->units = env_load(&(*slot)->units);
	f->len_bytes = env_load(&(*slot)->len_bytes);
	f->flags = (__u16)env_load(&(*slot)->flags); /* above: the R-TAG */
	f->epoch = env_load(&(*slot)->epoch);
	f->avtp_timestamp = env_load(&(*slot)->avtp_timestamp);
	return avtpmap_verify(pcm->s) ? overrun(pcm) : 0;
}

/* A frame stays held over several reads and is entered once. */
static int enter_time(struct avtpmap_pcm *pcm)
{
	__u64 after = avtpmap_position(pcm->s) + 1;

	if (!pcm->time || pcm->timed == after)
		return 0;
	pcm->timed = after;
	return avtpmap_time_frame(pcm->time, pcm->s, NULL) == -EPIPE ?
		       overrun(pcm) :
		       0;
}

/* A frame stays held over several reads, and is looked at once. */
static void watch_stamp(struct avtpmap_pcm *pcm, const struct frame *f)
{
	__u64 after = avtpmap_position(pcm->s) + 1;

	if (pcm->watched == after || !pcm->format.rate_hz ||
	    (f->flags & (AVTPMAP_F_TV | AVTPMAP_F_TU)) != AVTPMAP_F_TV)
		return;
	pcm->watched = after;
	stamp_watch(&pcm->watch, f->media_pos, f->avtp_timestamp,
		    pcm->format.rate_hz);
}

/* Where reading begins: at the frame, or at the next multiple of align. */
static void place(struct avtpmap_pcm *pcm, __u64 media_pos, struct read *rd)
{
	__u64 skip = 0;

	if (pcm->align && media_pos % pcm->align)
		skip = pcm->align - media_pos % pcm->align;
	pcm->pos = media_pos + skip;
	pcm->placed = 1;
	rd->result->dropped_units += skip;
}

static void advance(struct avtpmap_pcm *pcm, struct read *rd, __u32 units)
{
	if (!rd->done)
		rd->result->media_pos = pcm->pos;
	rd->done += units;
	pcm->pos += units;
}

static __u32 min_u64(__u32 a, __u64 b)
{
	return b < a ? (__u32)b : a;
}

/* A frame stays held over several reads; its labels are looked at before. */
static int look_at_labels(struct avtpmap_pcm *pcm, const struct frame *f,
			  const struct avtpmap_slot *slot, __u32 room)
{
	__u64 after = avtpmap_position(pcm->s) + 1;
	__u32 from = pcm->format.header_bytes, labels;
	__u32 to = f->len_bytes < room ? f->len_bytes : room;

	if (pcm->format.encoding != AVTPMAP_ENC_AM824 || pcm->looked == after ||
	    pcm->labels == AVTPMAP_PCM_LABELS_REAL || to < from)
		return 0;
	labels = pcm_labels(pcm->labels, avtpmap_slot_pdu(slot) + from,
			    (to - from) / 4); /* G */
	if (avtpmap_verify(pcm->s)) /* H */
		return overrun(pcm);
	pcm->looked = after;
	pcm->labels = labels;
	use_decoders(pcm);
	return 0;
}

/* Units from the frame; those that it turns out not to hold are silence. */
static int read_frame(struct avtpmap_pcm *pcm, struct read *rd,
		      const struct frame *f, const struct avtpmap_slot *slot)
{
	__u32 skip = pcm->pos - f->media_pos;
	__u32 n = min_u64(rd->want - rd->done, f->units - skip);
	__u64 from = pcm->format.header_bytes + (__u64)skip * pcm->block_bytes;
	__u64 to = from + (__u64)n * pcm->block_bytes;
	__u32 room = (1u << pcm->s->ring.shift) - sizeof(*slot);
	int err = look_at_labels(pcm, f, slot, room);

	if (err)
		return err;
	if (to > f->len_bytes || to > room) {
		pcm_silence(rd->out, pcm->codec->type, rd->done, n);
		rd->result->silence += n;
	} else {
		(rd->out->planes ? pcm->planar : pcm->native)(
			rd->out, rd->done, avtpmap_slot_pdu(slot) + from,
			n); /* G */
		if (avtpmap_verify(pcm->s)) /* H */
			return overrun(pcm);
	}
	rd->result->flags |= f->flags;
	advance(pcm, rd, n);
	if (pcm->pos == f->media_pos + f->units)
		pass(pcm);
	return 0;
}

/* One step of a read: some units, or one frame less in the way. */
static int step(struct avtpmap_pcm *pcm, struct read *rd)
{
	const struct avtpmap_slot *slot;
	struct frame f;
	__u32 n;
	int err = next_frame(pcm, &f, &slot);

	if (err)
		return err;
	if (f.epoch != pcm->epoch)
		return -ESTRPIPE;
	if (!pcm->codec)
		return -ENOTSUP;
	err = enter_time(pcm);
	if (err)
		return err;
	if (f.flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE)) {
		rd->result->dropped_frames++;
		pass(pcm);
		return 0;
	}
	watch_stamp(pcm, &f);
	if (!pcm->placed)
		place(pcm, f.media_pos, rd);
	if (pcm->pos < f.media_pos) {
		n = min_u64(rd->want - rd->done, f.media_pos - pcm->pos);
		pcm_silence(rd->out, pcm->codec->type, rd->done, n);
		rd->result->silence += n;
		rd->result->flags |= f.flags;
		advance(pcm, rd, n);
		return 0;
	}
	if (pcm->pos >= f.media_pos + f.units) {
		pass(pcm);
		return 0;
	}
	return read_frame(pcm, rd, &f, slot);
}

/* Reading begins at the next frame that holds news. */
static int find_place(struct avtpmap_pcm *pcm)
{
	const struct avtpmap_slot *slot;
	struct frame f;
	int err;

	for (;;) {
		err = next_frame(pcm, &f, &slot);
		if (err)
			return err == NOTHING_THERE ? -EAGAIN : err;
		if (f.epoch != pcm->epoch)
			return -ESTRPIPE;
		if (!pcm->codec)
			return -ENOTSUP;
		if (!(f.flags & (AVTPMAP_F_LATE | AVTPMAP_F_DUPLICATE)))
			break;
		pass(pcm);
	}
	pcm->pos = f.media_pos;
	pcm->placed = 1;
	return 0;
}

int avtpmap_pcm_present(struct avtpmap_pcm *pcm,
			const struct avtpmap_media_line *line, uint64_t ns,
			int64_t offset_ns, uint64_t *late)
{
	uint64_t half_ns = line->unit_ns / 2;
	int64_t early;
	int err = 0;

	if (late)
		*late = 0;
	if (pcm->missed)
		return -EPIPE;
	if (!pcm->placed)
		err = find_place(pcm);
	if (err)
		return err;
	early = pcm->pos -
		avtpmap_media_line_pos(line, ns - offset_ns + half_ns, NULL);
	if (early > INT32_MAX || early < -INT32_MAX)
		return -ERANGE;
	if (early >= 0)
		return early;
	/* frames that lie wholly before it are passed by the next read */
	pcm->pos -= early;
	if (late)
		*late = -early;
	return 0;
}

static int read_units(struct avtpmap_pcm *pcm, struct read *rd)
{
	int err = pcm->missed ? -EPIPE : 0;

	while (!err && rd->done < rd->want)
		err = step(pcm, rd);
	if (pcm->placed)
		avtpmap_ring_ack(&pcm->s->ring, pcm->pos);
	if (rd->done || err == NOTHING_THERE)
		return rd->done;
	if (err == -EPIPE) {
		rd->result->missed_frames = pcm->missed;
		pcm->missed = 0;
	}
	return err;
}

static int read_to(struct avtpmap_pcm *pcm, struct pcm_out *out, __u32 units,
		   struct avtpmap_pcm_result *result)
{
	struct avtpmap_pcm_result unused = { 0 };
	struct read rd = { .out = out, .want = units };

	if (units > INT32_MAX)
		return -EINVAL;
	if (result)
		memset(result, 0, sizeof(*result));
	rd.result = result ? result : &unused;
	out->channels = pcm->format.channels;
	return read_units(pcm, &rd);
}

int avtpmap_pcm_read_planar(struct avtpmap_pcm *pcm, float *const *planes,
			    uint32_t units, struct avtpmap_pcm_result *result)
{
	struct pcm_out out = { .planes = planes };

	return read_to(pcm, &out, units, result);
}

int avtpmap_pcm_read_native(struct avtpmap_pcm *pcm, void *buf, uint32_t units,
			    struct avtpmap_pcm_result *result)
{
	struct pcm_out out = { .interleaved = buf };

	return read_to(pcm, &out, units, result);
}
