// SPDX-License-Identifier: MIT
/* MSRP: streams (IEEE 802.1Q clause 35). */
#include "msrp.h"

static uint64_t get(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

static void put(uint8_t *p, int bytes, uint64_t v)
{
	while (bytes--) {
		p[bytes] = v;
		v >>= 8;
	}
}

/* 35.2.2.8: stream id and MAC count up together; class and priority too. */
static void step(uint8_t type, uint8_t *value)
{
	if (type == MSRP_DOMAIN) {
		value[0]++;
		value[1]++;
		return;
	}
	put(value, 8, get(value, 8) + 1);
	if (type != MSRP_LISTENER)
		put(value + 8, 6, get(value + 8, 6) + 1);
}

const struct mrp_app msrp_app = {
	.name = "MSRP",
	.ethertype = 0x22ea,
	.mac = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e },
	.list_length = true,
	.leave_at_once = true,
	.leave_ns = 5000 * MRP_MS,
	.n_types = 4,
	.types = {
		{ 25, 8, false, MSRP_TALKER_FAILED },
		{ 34, 8, false, MSRP_TALKER_ADVERTISE },
		{ 8, 8, true, 0 },
		{ 4, 1, false, 0 },
	},
	.step = step,
};

void msrp_talker_get(struct msrp_talker *t, uint8_t type, const uint8_t *value)
{
	*t = (struct msrp_talker){
		.stream_id = get(value, 8),
		.vid = get(value + 14, 2),
		.max_frame_bytes = get(value + 16, 2),
		.interval_frames = get(value + 18, 2),
		.priority = value[20] >> 5,
		.rank = value[20] >> 4 & 1,
		.latency_ns = get(value + 21, 4),
	};
	for (int i = 0; i < 6; i++)
		t->mac[i] = value[8 + i];
	if (type != MSRP_TALKER_FAILED)
		return;
	t->bridge = get(value + 25, 8);
	t->code = value[33];
}

void msrp_talker_put(uint8_t *value, uint8_t type, const struct msrp_talker *t)
{
	put(value, 8, t->stream_id);
	for (int i = 0; i < 6; i++)
		value[8 + i] = t->mac[i];
	put(value + 14, 2, t->vid);
	put(value + 16, 2, t->max_frame_bytes);
	put(value + 18, 2, t->interval_frames);
	value[20] = t->priority << 5 | t->rank << 4;
	put(value + 21, 4, t->latency_ns);
	if (type != MSRP_TALKER_FAILED)
		return;
	put(value + 25, 8, t->bridge);
	value[33] = t->code;
}

void msrp_domain_get(struct msrp_domain *d, const uint8_t *value)
{
	*d = (struct msrp_domain){ value[0], value[1], get(value + 2, 2) };
}

void msrp_domain_put(uint8_t *value, const struct msrp_domain *d)
{
	value[0] = d->class;
	value[1] = d->priority;
	put(value + 2, 2, d->vid);
}

void msrp_id_put(uint8_t *value, uint64_t stream_id)
{
	put(value, 8, stream_id);
}

uint64_t msrp_id_get(const uint8_t *value)
{
	return get(value, 8);
}
