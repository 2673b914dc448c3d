/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A netdev with the hook's tap, a talker that sends to it and readers, for the
 * suites. What they make goes with the test.
 */
#ifndef AVTPMAP_KUNIT_FIXTURE_H
#define AVTPMAP_KUNIT_FIXTURE_H

#include <kunit/test.h>
#include <linux/avtpmap.h>
#include <linux/bitmap.h>

#include "avtpmap_hook.h"
#include "port.h"
#include "reader.h"
#include "stream.h"

#define TALKER_ID	0x02005e1000010001ull
#define TALKER_MAC	0x02005e100001ull

enum {
	NIC_QUEUES = 2,
	WAIT_S = 10,		/* for what comes at once, on any machine */
	FRAME_BYTES = 2048,	/* of a talker's frame, at most */
};

/**
 * struct nic - a netdev that counts what is asked of its filters
 * @tap: as a patched driver has it
 * @dev: NULL once it is removed
 * @vids: registered
 * @refuse_vid: what registering one returns
 * @phc_index: that it says it has, -1: none
 * @mc: groups that it is in from the beginning (IPv6)
 */
struct nic {
	struct avtpmap_tap tap;
	struct net_device *dev;
	DECLARE_BITMAP(vids, 4096);
	int refuse_vid;
	int phc_index;
	u32 mc;
};

struct nic *nic_create(struct kunit *test);
void nic_remove(struct nic *nic);
struct port *nic_port(struct nic *nic);	/* that is attached to it, or NULL */

/* With RTNL taken inside. The port is made if need be, and stays. */
struct port *port_make(struct kunit *test, struct nic *nic);
void port_drop(struct nic *nic);
struct stream *stream_add(struct nic *nic, const struct stream_config *config);
struct stream *stream_make(struct kunit *test, struct nic *nic, u64 id);
void stream_drop(struct stream *s);

/* An open handle, and one that is bound; closed with the test, or before. */
struct reader *handle_open(struct kunit *test);
int handle_bind(struct reader *r, const struct nic *nic, u64 id);
struct reader *reader_make(struct kunit *test, const struct nic *nic, u64 id);
void reader_close(struct kunit *test, struct reader *r);
int reader_periods(struct reader *r, u32 period);
struct avtpmap_reader_info reader_told(struct reader *r);
/*
 * reader_wait() that ends in WAIT_S whatever @w says: then the test fails and
 * says that @what did not come.
 */
int handle_wait(struct kunit *test, struct reader *r, struct avtpmap_wait *w,
		const char *what);

/**
 * struct talker - sends AAF, 16 bit, mono; all members may be changed any time
 * @nic: where
 * @id: stream_id
 * @mac: source
 * @nsr: sample rate, by IEEE 1722 Table 11: 5 for 48 kHz
 * @units: samples in a frame
 * @rx: the rest of what the driver would say
 * @sequence: of the next frame
 * @mr: its media clock restart bit
 * @tu: its timestamp uncertain bit
 * @frame: the last one sent
 */
struct talker {
	struct nic *nic;
	u64 id;
	u64 mac;
	u32 nsr;
	u32 units;
	struct avtpmap_rx rx;
	u8 sequence;
	u8 mr;
	u8 tu;
	u8 frame[FRAME_BYTES];
};

struct talker *talker_make(struct kunit *test, struct nic *nic, u64 id);
enum avtpmap_verdict talk(struct talker *t);
void talker_skip(struct talker *t, u32 n);
void talk_frames(struct talker *t, u32 n);
/* Sends what is in @t->frame, @len bytes. */
enum avtpmap_verdict talk_raw(struct talker *t, u32 len);

/* A repeatable stream of random numbers. */
u32 dice(u64 *state);

#endif /* AVTPMAP_KUNIT_FIXTURE_H */
