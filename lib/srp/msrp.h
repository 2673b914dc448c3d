/* SPDX-License-Identifier: MIT */
/* What MSRP's values (IEEE 802.1Q 35.2.2.8) and MVRP's (11.2.3) hold. */
#ifndef AVTPMAP_SRP_MSRP_H
#define AVTPMAP_SRP_MSRP_H

#include "mrp.h"

enum msrp_type {
	MSRP_TALKER_ADVERTISE = 1,
	MSRP_TALKER_FAILED,
	MSRP_LISTENER,
	MSRP_DOMAIN,
};

enum {
	MVRP_VID = 1,
};

/* FourPackedEvents */
enum msrp_listener {
	MSRP_IGNORE,
	MSRP_ASKING_FAILED,
	MSRP_READY,
	MSRP_READY_FAILED,
};

enum {
	MSRP_CLASS_B = 5,
	MSRP_CLASS_A = 6,
};

/* In host byte order; the last two of Talker Failed only. */
struct msrp_talker {
	uint64_t stream_id;
	uint8_t mac[6];
	uint16_t vid;
	uint16_t max_frame_bytes;
	uint16_t interval_frames;
	uint8_t priority;
	uint8_t rank; /* 1: not an emergency */
	uint32_t latency_ns;
	uint64_t bridge;
	uint8_t code;
};

struct msrp_domain {
	uint8_t class;
	uint8_t priority;
	uint16_t vid;
};

void msrp_talker_get(struct msrp_talker *t, uint8_t type, const uint8_t *value);
void msrp_talker_put(uint8_t *value, uint8_t type, const struct msrp_talker *t);
void msrp_domain_get(struct msrp_domain *d, const uint8_t *value);
void msrp_domain_put(uint8_t *value, const struct msrp_domain *d);
void msrp_id_put(uint8_t *value, uint64_t stream_id);
uint64_t msrp_id_get(const uint8_t *value);
void mvrp_vid_put(uint8_t *value, uint16_t vid);
uint16_t mvrp_vid_get(const uint8_t *value);

#endif
