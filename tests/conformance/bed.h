/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the suite needs of a backend: a port that frames can be put into, and
 * an honest list of what it can do. The cases know nothing else of it.
 */
#ifndef AVTPMAP_CONFORMANCE_BED_H
#define AVTPMAP_CONFORMANCE_BED_H

#include <stddef.h>
#include <stdint.h>

struct avtpmap_ctl;

/* X(name, what a skip says is missing) */
#define BED_CAPABILITIES(X)                                       \
	X(ISOLATION, "rings that no reader can make writable")    \
	X(DEVICE, "the module's device and its ioctls")           \
	X(HWTIME, "hardware receive time per frame")              \
	X(RX_FLAGS, "receive errors and multi-buffer frames")     \
	X(STRIP, "VLAN tags stripped by the NIC")                 \
	X(TAKE, "streams taken from the host")                    \
	X(OVERRUN, "overruns counted exactly for each reader")    \
	X(WAKES, "wakes counted for each reader")                 \
	X(GROUP, "groups of streams")                             \
	X(RIGHTS, "ports that a group may use")                   \
	X(OWN_NET, "ports for the root of a user namespace")      \
	X(NET_RAW, "streams for CAP_NET_RAW alone")               \
	X(CHOICE, "choice among the backends without a module")   \
	X(MONITOR, "a monitor of all streams")                    \
	X(PORT_LIFE, "ports that are renamed, moved and removed") \
	X(MODULE, "a module that can be unloaded")                \
	X(MEM, "a cap on the memory of a port's rings")           \
	X(LIMITS, "caps on handles and on what readers hold")     \
	X(HANGUP, "a descriptor that hangs up with its stream")   \
	X(SHARED, "streams that several processes read")          \
	X(SOCKET, "a packet socket")

enum bed_cap_bit {
#define X(name, text) BED_##name##_BIT,
	BED_CAPABILITIES(X)
#undef X
		BED_N_CAPS
};

enum bed_cap {
#define X(name, text) BED_##name = 1 << BED_##name##_BIT,
	BED_CAPABILITIES(X)
#undef X
};

/**
 * struct bed - a backend under test
 * @name: as on the command line
 * @backend: enum avtpmap_backend
 * @caps: enum bed_cap
 * @up: make the ports ready; also after a case that left a mess. What has to
 *	be loaded is in $MODULES. Returns 0 or -errno.
 * @down: the reverse of it
 * @attach: what port @i needs before streams are added to it; NULL: nothing
 * @unplug: the netdev of port 0 is unregistered; @up brings it back
 * @ifname: of port @i (0 or 1)
 * @inject: receive whole records (see wire.h), in order, on the ports that
 *	they name; returns 0 or -errno when all were received
 */
struct bed {
	const char *name;
	uint32_t backend;
	uint64_t caps;
	int (*up)(void);
	int (*down)(void);
	int (*attach)(struct avtpmap_ctl *ctl, int i);
	int (*unplug)(void);
	const char *(*ifname)(int i);
	int (*inject)(const void *records, size_t bytes);
};

extern const struct bed bed_kmod, bed_xdp, bed_packet;

#endif
