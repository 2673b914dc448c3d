// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Text that may be a stream id: never read past, and what is read prints. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../kmod/shared/streamid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size ? size : 1), buf[AVTPMAP_STREAM_ID_CHARS];
	__u64 id = 42, back = 0;

	memcpy(exact, data, size);
	if (avtpmap_parse_stream_id(exact, size, &id)) {
		if (id != 42)
			abort();
	} else {
		avtpmap_print_stream_id(buf, id);
		if (avtpmap_parse_stream_id(buf, strlen(buf), &back) ||
		    back != id)
			abort();
	}
	free(exact);
	return 0;
}
