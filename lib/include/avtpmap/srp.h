/* SPDX-License-Identifier: MIT */
/*
 * Reservation: a listener's side of MSRP and MVRP (IEEE 802.1Q clauses 35, 11).
 * A bridge forwards a stream only to ports where a listener is declared.
 *
 * A handle is a participant on one port. It has no thread: when its descriptor
 * is readable, and once in 100 ms is enough, avtpmap_srp_work() does what is
 * due. Per port it declares the SR class domain, which is taken from what the
 * bridge says; per stream, as soon as its talker is heard: membership of the
 * talker's VLAN, and Listener Ready, or Asking Failed while a bridge fails the
 * talker.
 *
 * Several handles, of several processes, may reserve on one port, and the same
 * streams: what one withdraws stays declared as long as another wants it. A
 * process that is killed withdraws nothing; bridges find out by LeaveAll, which
 * takes 10 to 20 s.
 *
 * Functions return 0 or a count, or a negative errno. Nothing here is real-time
 * safe. One thread at a time per handle.
 */
#ifndef AVTPMAP_SRP_H
#define AVTPMAP_SRP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avtpmap_srp;

enum avtpmap_srp_state {
	AVTPMAP_SRP_NONE, /* no talker is heard */
	AVTPMAP_SRP_ADVERTISED, /* Talker Advertise */
	AVTPMAP_SRP_FAILED, /* Talker Failed */
};

/**
 * struct avtpmap_srp_talker - what is declared of a stream
 * @stream_id: in host byte order
 * @state: enum avtpmap_srp_state; the next ones are of the talker last heard,
 *	or 0
 * @failure_code: with AVTPMAP_SRP_FAILED; see avtpmap_srp_failure_text()
 * @failure_bridge: the bridge's id, with AVTPMAP_SRP_FAILED
 * @mac: destination
 * @vid: VLAN
 * @priority: PCP
 * @rank: 0: emergency, else 1
 * @max_frame_bytes: of one frame's payload
 * @interval_frames: at most so many in a class measurement interval
 * @latency_ns: accumulated, worst case
 * @reserved: by this handle
 * @declared: Listener Ready or Asking Failed was said by this handle
 * @resv: 0
 */
struct avtpmap_srp_talker {
	uint64_t stream_id;
	uint32_t state;
	uint32_t failure_code;
	uint64_t failure_bridge;
	uint8_t mac[6];
	uint16_t vid;
	uint16_t max_frame_bytes;
	uint16_t interval_frames;
	uint32_t latency_ns;
	uint8_t priority;
	uint8_t rank;
	uint8_t reserved;
	uint8_t declared;
	uint32_t resv;
};

/**
 * struct avtpmap_srp_info - the port
 * @link: it has one
 * @domain: bit 0: a bridge, or another station, said its domain of class A;
 *	bit 1: of class B
 * @priority, @vid: of class A and B, as declared
 * @talkers: that are heard
 * @rx: MSRP and MVRP PDUs that came
 * @tx: that were sent
 * @malformed: that were thrown away
 * @refused: attributes that were not kept, because there are too many
 */
struct avtpmap_srp_info {
	uint32_t link;
	uint32_t domain;
	uint16_t priority[2];
	uint16_t vid[2];
	uint32_t talkers;
	uint32_t resv;
	uint64_t rx;
	uint64_t tx;
	uint64_t malformed;
	uint64_t refused;
};

/**
 * struct avtpmap_srp_opts - where
 * @sz: sizeof(struct avtpmap_srp_opts)
 * @ifname: port
 * @error: out: why opening failed; may be NULL
 * @error_bytes: size of @error
 */
struct avtpmap_srp_opts {
	size_t sz;
	const char *ifname;
	char *error;
	size_t error_bytes;
};

/**
 * avtpmap_srp_open() - begin to take part
 * @out: to be closed with avtpmap_srp_close(); NULL on failure
 * @opts: where
 *
 * Returns 0 or
 *	-ENODEV: no such interface
 *	-EINVAL: it is not Ethernet
 *	-EPERM: CAP_NET_RAW is needed
 */
int avtpmap_srp_open(struct avtpmap_srp **out,
		     const struct avtpmap_srp_opts *opts);

/* Withdraws all that nobody else wants. NULL is fine. */
void avtpmap_srp_close(struct avtpmap_srp *s);

/* For poll(): readable when avtpmap_srp_work() has something to do. */
int avtpmap_srp_fd(struct avtpmap_srp *s);

/**
 * avtpmap_srp_work() - receive, send, and mind the time
 * @s: the handle
 *
 * Does not wait. Returns 0, or -ENODEV when the interface went.
 */
int avtpmap_srp_work(struct avtpmap_srp *s);

/* Wants a stream, from now on. Returns 0, -EEXIST or -ENOMEM. */
int avtpmap_srp_reserve(struct avtpmap_srp *s, uint64_t stream_id);

/* Wants it no more; what nobody else wants is withdrawn. 0 or -ENOENT. */
int avtpmap_srp_release(struct avtpmap_srp *s, uint64_t stream_id);

/**
 * avtpmap_srp_next() - the next reserved stream whose talker changed
 * @s: the handle
 * @talker: out: how it is now
 * @bytes: sizeof(*talker); it may grow at its end
 *
 * Returns 1, or 0 when there is none. A stream that is reserved is told once,
 * with whatever is known.
 */
int avtpmap_srp_next(struct avtpmap_srp *s, struct avtpmap_srp_talker *talker,
		     size_t bytes);

typedef int avtpmap_srp_talker_fn(const struct avtpmap_srp_talker *talker,
				  void *arg);

/*
 * Every stream that is reserved, and every other that has a talker. Stops when
 * @fn returns other than 0, and returns that.
 */
int avtpmap_srp_talkers(struct avtpmap_srp *s, avtpmap_srp_talker_fn *fn,
			void *arg);

/* @bytes: sizeof(*info); it may grow at its end */
void avtpmap_srp_info(struct avtpmap_srp *s, struct avtpmap_srp_info *info,
		      size_t bytes);

/* A bridge's failure code (IEEE 802.1Q table 35-6) in words; never NULL. */
const char *avtpmap_srp_failure_text(uint32_t code);

#ifdef __cplusplus
}
#endif

#endif /* AVTPMAP_SRP_H */
