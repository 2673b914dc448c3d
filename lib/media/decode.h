/* SPDX-License-Identifier: MIT */
/* From samples in a PDU to samples in the caller's buffers. */
#ifndef AVTPMAP_LIB_DECODE_H
#define AVTPMAP_LIB_DECODE_H

#include <avtpmap/pcm.h>

/**
 * struct pcm_out - where samples go
 * @planes: one array of float per channel, each may be NULL; or NULL:
 * @interleaved: samples of enum avtpmap_pcm_type
 * @channels: of the stream
 */
struct pcm_out {
	float *const *planes;
	void *interleaved;
	__u32 channels;
};

/*
 * Decodes @units from @src to unit @at of @out. @src may be overwritten while
 * this runs: it reads each octet where the length says, and nothing else.
 */
typedef void pcm_decode_fn(const struct pcm_out *out, __u32 at,
			   const unsigned char *src, __u32 units);

/**
 * struct pcm_codec - how one encoding is decoded
 * @type: enum avtpmap_pcm_type that @native writes
 * @sample_bytes: in the PDU
 * @native: to pcm_out.interleaved
 * @planar: to pcm_out.planes, on any processor
 */
struct pcm_codec {
	__u32 type;
	__u32 sample_bytes;
	pcm_decode_fn *native;
	pcm_decode_fn *planar;
};

/* NULL if @encoding (enum avtpmap_encoding) is not decoded. */
const struct pcm_codec *pcm_codec_of(__u32 encoding);

/*
 * What the labels of IEC 61883-6 quadlets turn out to be, enum avtpmap_pcm_labels;
 * @before: what those before were.
 */
__u32 pcm_labels(__u32 before, const unsigned char *src, __u32 quadlets);

/* Of quadlets without labels. */
extern const struct pcm_codec pcm_unlabelled;

/* The fastest that this processor has, with the same bits as the codec's. */
pcm_decode_fn *pcm_planar_of(__u32 encoding);

/* decode_avx2.c: NULL if this processor has it not. */
pcm_decode_fn *pcm_planar_avx2(__u32 encoding);

/* decode.c: on any processor. */
pcm_decode_fn pcm_int16_planar, pcm_int24_planar, pcm_int32_planar,
	pcm_am824_planar, pcm_unlabelled_planar, pcm_float32_planar;

/* Writes @units of silence at unit @at. */
void pcm_silence(const struct pcm_out *out, __u32 type, __u32 at, __u32 units);

#endif
