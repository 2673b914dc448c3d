// SPDX-License-Identifier: MIT
/*
 * What ptp4l knows, by its management socket: IEEE 1588 clause 15 and linuxptp's
 * own ids.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gptp.h"

enum {
	MANAGEMENT = 0x0d,
	TLV_MANAGEMENT = 0x0001,
	GET = 0,
	RESPONSE = 2,
	HEAD_BYTES = 48,
	DATA = 54, /* behind the TLV's type, length and id */
	MESSAGE_MAX = 1500,
	ANSWER_MS = 200, /* of a daemon that is busy */
	MORE_MS = 30, /* each of its ports answers */

	PORT_DATA_SET = 0x2004,
	TIME_STATUS_NP = 0xc000,
	PORT_DATA_SET_NP = 0xc002,
	PORT_PROPERTIES_NP = 0xc004,
};

/* A message that came: its id, and what it tells, of which port. */
struct answer {
	uint16_t id;
	uint16_t port;
	uint32_t bytes;
	const uint8_t *data;
};

static uint64_t get(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

static void put(uint8_t *p, uint64_t v, int bytes)
{
	while (bytes--) {
		p[bytes] = v;
		v >>= 8;
	}
}

/* Since linuxptp 4 there is one for everybody, which tells no names. */
static int open_socket(void)
{
	static const char *const paths[] = { "/run/ptp4l", "/run/ptp4lro" };
	const struct sockaddr_un me = { .sun_family = AF_UNIX };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = -errno;

	if (fd < 0)
		return err;
	/* without a path the kernel finds a name, that answers can go to */
	if (!bind(fd, (const struct sockaddr *)&me, sizeof(me.sun_family))) {
		for (int i = 0; i < 2; i++) {
			snprintf(at.sun_path, sizeof(at.sun_path), "%s",
				 paths[i]);
			if (!connect(fd, (struct sockaddr *)&at, sizeof(at)))
				return fd;
		}
	}
	err = -errno;
	close(fd);
	return err;
}

/* All ports of domain 0, in this sdo. */
static int ask(int fd, uint16_t id, uint8_t sdo)
{
	uint8_t m[DATA] = { sdo << 4 | MANAGEMENT, 2 };

	put(m + 2, sizeof(m), 2);
	put(m + 28, getpid() & 0xffff, 2);
	m[32] = 4;
	m[33] = 0x7f;
	memset(m + 34, 0xff, 10);
	m[46] = GET;
	put(m + HEAD_BYTES, TLV_MANAGEMENT, 2);
	put(m + HEAD_BYTES + 2, 2, 2);
	put(m + HEAD_BYTES + 4, id, 2);
	return send(fd, m, sizeof(m), MSG_DONTWAIT) == sizeof(m) ? 0 : -errno;
}

static bool understand(struct answer *a, const uint8_t *m, ssize_t bytes)
{
	if (bytes < DATA || (m[0] & 0xf) != MANAGEMENT ||
	    (m[46] & 0xf) != RESPONSE ||
	    get(m + HEAD_BYTES, 2) != TLV_MANAGEMENT)
		return false;
	a->port = get(m + 28, 2);
	a->id = get(m + HEAD_BYTES + 4, 2);
	a->data = m + DATA;
	a->bytes = bytes - DATA;
	return true;
}

static struct gptp_port *port_of(struct gptp *g, uint16_t number)
{
	uint32_t i = 0;

	while (i < g->n_ports && g->port[i].number != number)
		i++;
	if (i == GPTP_PORTS_MAX)
		return NULL;
	if (i == g->n_ports)
		g->port[g->n_ports++] = (struct gptp_port){ .number = number };
	return &g->port[i];
}

static void take_properties(struct gptp_port *p, const struct answer *a)
{
	uint32_t n = a->bytes > 12 ? a->data[12] : 0;

	if (13 + n <= a->bytes)
		snprintf(p->ifname, sizeof(p->ifname), "%.*s", (int)n,
			 (const char *)a->data + 13);
}

static void take(struct gptp *g, const struct answer *a)
{
	struct gptp_port *p;

	if (a->id == TIME_STATUS_NP && a->bytes >= 50) {
		g->answers = true;
		g->offset_ns = get(a->data, 8);
		g->gm_present = get(a->data + 38, 4);
		g->grandmaster = get(a->data + 42, 8);
		return;
	}
	p = port_of(g, a->port);
	if (!p)
		return;
	if (a->id == PORT_PROPERTIES_NP) {
		take_properties(p, a);
		g->named |= p->ifname[0] != '\0';
	} else if (a->id == PORT_DATA_SET && a->bytes >= 20) {
		p->state = a->data[10];
		/* ns, times 2^16 */
		p->peer_delay_ns = (int64_t)get(a->data + 12, 8) / 65536;
	} else if (a->id == PORT_DATA_SET_NP && a->bytes >= 8) {
		p->as_capable_known = true;
		p->as_capable = get(a->data + 4, 4);
	}
}

/* Returns how many answers there were. */
static int converse(struct gptp *g, int fd, uint16_t id)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t m[MESSAGE_MAX];
	struct answer a;
	int n = 0;

	if (ask(fd, id, g->sdo))
		return 0;
	while (poll(&p, 1, n ? MORE_MS : ANSWER_MS) > 0) {
		ssize_t bytes = recv(fd, m, sizeof(m), MSG_DONTWAIT);

		if (bytes < 0)
			break;
		if (!understand(&a, m, bytes) || a.id != id)
			continue;
		take(g, &a);
		n++;
	}
	return n;
}

int gptp_ask(struct gptp *g)
{
	static const uint16_t ids[] = { PORT_PROPERTIES_NP, PORT_DATA_SET,
					PORT_DATA_SET_NP };
	int fd;

	*g = (struct gptp){ .sdo = 1 };
	fd = open_socket();
	if (fd < 0)
		return fd;
	/* IEEE 802.1AS: majorSdoId 1; a daemon without its profile has 0 */
	if (!converse(g, fd, TIME_STATUS_NP)) {
		g->sdo = 0;
		converse(g, fd, TIME_STATUS_NP);
	}
	for (int i = 0; g->answers && i < 3; i++)
		converse(g, fd, ids[i]);
	close(fd);
	return g->answers ? 0 : -ETIMEDOUT;
}

const struct gptp_port *gptp_port_of(const struct gptp *g, const char *ifname)
{
	for (uint32_t i = 0; i < g->n_ports; i++)
		if (!strcmp(g->port[i].ifname, ifname))
			return &g->port[i];
	return NULL;
}

const char *gptp_state_text(uint8_t state)
{
	static const char *const names[] = {
		"unknown",	"initializing", "faulty", "disabled",
		"listening",	"pre-master",	"master", "passive",
		"uncalibrated", "slave",	"master",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] :
							  names[0];
}
