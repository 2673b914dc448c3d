// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * MSRP's side of a talker: talker IF STREAM_ID MAC VID, until SIGTERM. It says
 * on standard output what listeners it has; what sends is another program.
 */
#include <inttypes.h>
#include <poll.h>

#include "station.h"

int main(int argc, char **argv)
{
	const struct msrp_domain d = { MSRP_CLASS_A, 3, 2 };
	struct msrp_talker t = { .max_frame_bytes = 84,
				 .interval_frames = 1,
				 .priority = 3,
				 .rank = 1,
				 .latency_ns = 2000 };
	struct mrp_attr *declared[3];
	uint8_t value[MRP_VALUE_MAX] = { 0 };
	struct station s;
	struct pollfd p;

	if (argc != 5 ||
	    sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &t.mac[0],
		   &t.mac[1], &t.mac[2], &t.mac[3], &t.mac[4], &t.mac[5]) != 6)
		return 2;
	stop_on_signals();
	t.stream_id = strtoull(argv[2], NULL, 0);
	t.vid = atoi(argv[4]);
	station_open(&s, argv[1]);
	msrp_domain_put(value, &d);
	declared[0] = mrp_declare(&s.msrp, MSRP_DOMAIN, value, 0);
	mvrp_vid_put(value, t.vid);
	declared[1] = mrp_declare(&s.mvrp, MVRP_VID, value, 0);
	msrp_talker_put(value, MSRP_TALKER_ADVERTISE, &t);
	declared[2] = mrp_declare(&s.msrp, MSRP_TALKER_ADVERTISE, value, 0);
	p = (struct pollfd){ s.fd, POLLIN, 0 };
	while (!stopped) {
		uint8_t frame[2048];
		ssize_t n;

		poll(&p, 1, 10);
		while ((n = recv(s.fd, frame, sizeof(frame), 0)) > 0)
			station_take(&s, frame, n);
		station_tell(&s, &s.msrp, MSRP_LISTENER, "listener");
		station_send(&s);
	}
	mrp_withdraw(&s.msrp, declared[2]);
	mrp_withdraw(&s.msrp, declared[0]);
	mrp_withdraw(&s.mvrp, declared[1]);
	s.msrp.sent_ns = s.mvrp.sent_ns = 0;
	station_send(&s);
	return 0;
}
