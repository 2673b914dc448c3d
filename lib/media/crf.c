// SPDX-License-Identifier: MIT
/* IEEE 1722-2016 10: the clock reference format. */
#include <errno.h>
#include <string.h>

#include <avtpmap/clock.h>

#include "../../kmod/shared/avtp.h"

enum { CRF_HEADER_BYTES = 20, STAMP_BYTES = 8 };

int avtpmap_crf_parse(struct avtpmap_crf *crf, const unsigned char *pdu,
		      size_t bytes)
{
	uint32_t word, data_bytes;

	if (bytes < CRF_HEADER_BYTES || pdu[0] != AVTPMAP_SUB_CRF)
		return -EBADMSG;
	memset(crf, 0, offsetof(struct avtpmap_crf, ns));
	word = avtp_u32(pdu + 12);
	data_bytes = avtp_u16(pdu + 16);
	crf->type = pdu[3];
	crf->pull = word >> 29;
	crf->base_hz = word & 0x1fffffff;
	crf->interval = avtp_u16(pdu + 18);
	crf->total = data_bytes / STAMP_BYTES;
	if (CRF_HEADER_BYTES + data_bytes > bytes || data_bytes % STAMP_BYTES ||
	    !crf->total || !crf->interval)
		return -EBADMSG;
	crf->n = crf->total < AVTPMAP_CRF_MAX ? crf->total : AVTPMAP_CRF_MAX;
	for (uint32_t i = 0; i < crf->n; i++)
		crf->ns[i] = env_be64(
			avtp_be64(pdu + CRF_HEADER_BYTES + STAMP_BYTES * i));
	return 0;
}

double avtpmap_crf_hz(const struct avtpmap_crf *crf)
{
	static const double pulls[] = {
		1, 1 / 1.001, 1.001, 24.0 / 25, 25.0 / 24, 1.0 / 8,
	};

	if (crf->pull >= sizeof(pulls) / sizeof(pulls[0]))
		return 0;
	return crf->base_hz * pulls[crf->pull];
}
