// SPDX-License-Identifier: MIT
/* MVRP: membership of VLANs (IEEE 802.1Q clause 11.2). */
#include "msrp.h"

void mvrp_vid_put(uint8_t *value, uint16_t vid)
{
	value[0] = vid >> 8;
	value[1] = vid;
}

uint16_t mvrp_vid_get(const uint8_t *value)
{
	return value[0] << 8 | value[1];
}

static void next_vid(uint8_t type, uint8_t *value)
{
	(void)type;
	mvrp_vid_put(value, mvrp_vid_get(value) + 1);
}

const struct mrp_app mvrp_app = {
	.name = "MVRP",
	.ethertype = 0x88f5,
	.mac = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x21 },
	.periodic = true,
	.leave_ns = 1000 * MRP_MS,
	.n_types = 1,
	.types = { { 2, 2, false, 0 } },
	.step = next_vid,
};
