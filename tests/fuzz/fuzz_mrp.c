// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * PDUs of anybody, one after the other: never read past, and what is answered
 * can be read. The first octet of each says which application and how long.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/srp/machines.c"
#include "../../lib/srp/mrp.c"
#include "../../lib/srp/msrp.c"
#include "../../lib/srp/mvrp.c"
#include "../../lib/srp/pdu.c"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(struct mrp *m, uint64_t now_ns)
{
	uint8_t pdu[MRP_PDU_MAX];
	size_t bytes;

	mrp_timers(m, now_ns);
	bytes = mrp_transmit(m, pdu, sizeof(pdu), now_ns);
	MUST(bytes <= sizeof(pdu));
	MUST(!bytes || !mrp_parse(m->app, pdu, bytes, NULL, NULL));
	MUST(m->n_attrs <= MRP_ATTRS_MAX);
	MUST(mrp_next_ns(m) != MRP_NEVER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t own[MRP_VALUE_MAX] = { 0, 2 };
	uint64_t now_ns = 1;
	struct mrp m[2];

	mrp_init(&m[0], &msrp_app, 1, now_ns);
	mrp_init(&m[1], &mvrp_app, 1, now_ns);
	for (uint8_t type = 1; type <= 4; type++)
		mrp_declare(&m[0], type, own, 2);
	mrp_declare(&m[1], 1, own, 0);
	while (size >= 2) {
		size_t bytes = data[1] < size - 2 ? data[1] : size - 2;
		uint8_t *exact = malloc(bytes ? bytes : 1);

		memcpy(exact, data + 2, bytes);
		mrp_receive(&m[data[0] & 1], exact, bytes, data[0] & 2, now_ns);
		free(exact);
		now_ns += (data[0] >> 2) * 100 * MRP_MS;
		answer(&m[0], now_ns);
		answer(&m[1], now_ns);
		data += 2 + bytes;
		size -= 2 + bytes;
	}
	mrp_free(&m[0]);
	mrp_free(&m[1]);
	return 0;
}
