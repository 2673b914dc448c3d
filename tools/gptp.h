/* SPDX-License-Identifier: MIT */
/* gPTP (IEEE 802.1AS), as the daemon that keeps it tells. */
#ifndef AVTPMAP_TOOL_GPTP_H
#define AVTPMAP_TOOL_GPTP_H

#include <stdbool.h>
#include <stdint.h>

enum { GPTP_PORTS_MAX = 16, GPTP_SLAVE = 9 };

/**
 * struct gptp_port - a port of the daemon
 * @number: portNumber
 * @ifname: its interface, or empty: not told
 * @state: IEEE 1588 table 20, for gptp_state_text()
 * @as_capable: the neighbour answers, and near enough: bridges take no
 *	reservation from a port that is not
 * @peer_delay_ns: to the neighbour
 */
struct gptp_port {
	uint16_t number;
	char ifname[16];
	uint8_t state;
	bool as_capable_known;
	bool as_capable;
	int64_t peer_delay_ns;
};

/**
 * struct gptp - the daemon
 * @sdo: majorSdoId that it answers to: 1: with the gPTP profile
 * @named: it tells the interfaces of its ports
 * @offset_ns: to the grandmaster, with @gm_present
 * @grandmaster: clockIdentity
 */
struct gptp {
	uint8_t sdo;
	bool answers;
	bool named;
	bool gm_present;
	int64_t offset_ns;
	uint64_t grandmaster;
	uint32_t n_ports;
	struct gptp_port port[GPTP_PORTS_MAX];
};

/*
 * Asks ptp4l. 0; -ENOENT or -ECONNREFUSED: there is none; -EACCES: only root may
 * ask; -ETIMEDOUT: it does not answer.
 */
int gptp_ask(struct gptp *g);
/* That of an interface; NULL: the daemon does not serve it. */
const struct gptp_port *gptp_port_of(const struct gptp *g, const char *ifname);
const char *gptp_state_text(uint8_t state);

#endif
