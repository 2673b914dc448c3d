// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What the host's stack gets to see: all that is not taken, and nothing else. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

#define OTHER_ID (STREAM_ID + 1) /* registered for one MAC and VID */
#define UNKNOWN_ID (STREAM_ID + 2)

enum { FRAMES_MAX = 4096, COOKIE_BYTES = 8, STRIDE = 256 };

/**
 * struct host - who listens on the port
 * @fd: packet socket
 * @sent: frames put on the wire
 * @passes: of each: whether the host must see it
 */
struct host {
	int fd;
	uint32_t sent;
	uint8_t passes[FRAMES_MAX];
};

static void listen_on(struct rig *rig, struct host *h)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x0003),
		.sll_ifindex = rig->ifindex,
	};
	int big = 64 << 20, on = 1;

	memset(h, 0, sizeof(*h));
	h->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	check(h->fd >= 0);
	setsockopt(h->fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	/* the host greets its IPv6 neighbours */
	setsockopt(h->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	check_eq(bind(h->fd, (struct sockaddr *)&to, sizeof(to)), 0);
}

/* Each frame ends in a number, so that it is known again. */
static void expect(struct rig *rig, struct host *h, int passes)
{
	struct avtpmap_sim_frame *f = wire_last(&rig->wire);
	uint8_t *end = (uint8_t *)(f + 1) + f->len_bytes;

	check(h->sent < FRAMES_MAX);
	memcpy(end - COOKIE_BYTES, &(uint64_t){ h->sent }, COOKIE_BYTES);
	h->passes[h->sent++] = passes;
}

/* All that must have come has come, in order, and nothing else did. */
static void check_host(struct rig *rig, struct host *h)
{
	uint8_t frame[16384];
	uint64_t cookie;
	ssize_t len;

	rig_inject(rig);
	for (uint32_t i = 0; i < h->sent; i++) {
		if (!h->passes[i])
			continue;
		len = recv(h->fd, frame, sizeof(frame), 0);
		if (len < COOKIE_BYTES)
			fail("the host did not get frame %u", i);
		memcpy(&cookie, frame + len - COOKIE_BYTES, COOKIE_BYTES);
		check_eq(cookie, i);
	}
	len = recv(h->fd, frame, sizeof(frame), 0);
	if (len >= COOKIE_BYTES) {
		memcpy(&cookie, frame + len - COOKIE_BYTES, COOKIE_BYTES);
		fail("the host got frame %llu, which was taken",
		     (unsigned long long)cookie);
	}
	h->sent = 0;
}

/* The talker's next frame with @fault. */
static void put(struct rig *rig, struct host *h, struct talker *t,
		enum shot_fault fault, int passes)
{
	struct shot shot = talker_shot(t);

	shot.fault = fault;
	shot.pad = COOKIE_BYTES;
	if (fault == SHOT_CUT)
		shot.pad = 0; /* the number takes the place of samples */
	if (fault == SHOT_LONG)
		shot.units = STRIDE / 4;
	talker_put(t, &shot, &rig->wire, rig->ifindex);
	expect(rig, h, passes);
}

/* A frame that is no stream's. */
static void put_other(struct rig *rig, struct host *h, uint16_t type,
		      uint8_t first, uint8_t second)
{
	uint8_t *p = wire_add(&rig->wire, rig->ifindex, 80);

	memset(p, 0x01, 6);
	memset(p + 6, 0x02, 6);
	p[12] = type >> 8;
	p[13] = type & 0xff;
	p[14] = first;
	p[15] = second;
	expect(rig, h, 1);
}

static void add_both(struct rig *rig, struct talker *t, struct talker *other)
{
	struct avtpmap_stream_opts opts = {
		.sz = sizeof(opts),
		.stride = STRIDE,
		.vid = 2,
		.mac = { 0x91, 0xe0, 0xf0, 0, 0x01, 0x00 },
	};

	rig_add(rig, STREAM_ID,
		AVTPMAP_OPTS(avtpmap_stream_opts, .stride = STRIDE));
	rig_add(rig, OTHER_ID, &opts);
	talker_init(t, &aaf_stereo, STREAM_ID);
	talker_init(other, &aaf_stereo, OTHER_ID);
	other->vid = 2;
}

static void put_one_of_each(struct rig *rig, struct host *h, struct talker *t,
			    struct talker *other, struct talker *unknown)
{
	static const uint8_t control[] = { 0xfa, 0xfb, 0xfc, 0xfe };
	struct talker second = *t;

	put(rig, h, t, SHOT_GOOD, 0);
	put(rig, h, unknown, SHOT_GOOD, 1);
	put(rig, h, t, SHOT_VERSION, 1);
	put(rig, h, t, SHOT_CUT, 1);
	put(rig, h, t, SHOT_MULTIBUF, 1);
	put(rig, h, t, SHOT_LONG, 1);
	put(rig, h, t, SHOT_ERROR, 0); /* the NIC's driver drops these */
	put(rig, h, other, SHOT_GOOD, 0);
	put(rig, h, other, SHOT_OTHER_MAC, 1);
	put(rig, h, other, SHOT_OTHER_VID, 1);
	second.next.src++;
	put(rig, h, &second, SHOT_GOOD, 1);
	for (size_t i = 0; i < N_ELEMS(control); i++)
		put_other(rig, h, 0x22f0, control[i], 0);
	put_other(rig, h, 0x22f0, 0x02, 0x01); /* sv = 0 */
	put_other(rig, h, 0x88f7, 0x10, 0x02); /* gPTP */
	put_other(rig, h, 0x22ea, 0, 0); /* MSRP */
	put_other(rig, h, 0x88f5, 0, 0); /* MVRP */
	put_other(rig, h, 0x86dd, 0x60, 0);
	put(rig, h, t, SHOT_GOOD, 0);
}

static int find_port(const struct avtpmap_port_info *port, void *arg)
{
	struct avtpmap_queue_stats *sum = arg;

	if (port->ifindex != sum->resv)
		return 0;
	for (uint32_t i = 0; i < port->n_queues; i++) {
		const struct avtpmap_queue_stats *q = &port->queues[i];

		sum->frames += q->frames;
		sum->avtp += q->avtp;
		sum->taken += q->taken;
		sum->copied += q->copied;
		sum->unknown += q->unknown;
		sum->control += q->control;
		sum->error += q->error;
	}
	return 0;
}

static struct avtpmap_queue_stats queue_sum(struct rig *rig)
{
	struct avtpmap_queue_stats sum = { .resv = rig->ifindex };

	check_eq(avtpmap_port_list(rig->ctl, find_port, &sum), 0);
	return sum;
}

CASE(the_host_gets_every_frame_of_a_copied_stream, 0)
{
	struct avtpmap_stream *s, *o;
	struct talker t, other;
	struct host h;

	add_both(rig, &t, &other);
	check_eq(avtpmap_stream_set_mode(rig->ctl, rig->ifname, STREAM_ID,
					 AVTPMAP_MODE_COPY),
		 0);
	check_eq(avtpmap_stream_set_mode(rig->ctl, rig->ifname, OTHER_ID,
					 AVTPMAP_MODE_COPY),
		 0);
	s = rig_open(rig, STREAM_ID, 0, 0);
	o = rig_open(rig, OTHER_ID, 0, 0);
	listen_on(rig, &h);
	for (int i = 0; i < 100; i++) {
		put(rig, &h, &t, SHOT_GOOD, 1);
		put(rig, &h, &t, i % 3 ? SHOT_VERSION : SHOT_CUT, 1);
		put(rig, &h, &t, SHOT_LONG, 1);
		put(rig, &h, &other, SHOT_GOOD, 1);
		put(rig, &h, &other, i % 2 ? SHOT_OTHER_MAC : SHOT_OTHER_VID,
		    1);
	}
	check_host(rig, &h);
	check_eq(rig_drain(s), 100);
	check_eq(rig_drain(o), 100);
	check_eq(rig_counter(o, AVTPMAP_C_OTHER_PATH), 100);
	check_eq(queue_sum(rig).taken, 0);
	check_eq(queue_sum(rig).copied, 200);
	avtpmap_close(o);
	avtpmap_close(s);
	close(h.fd);
}

CASE(the_host_gets_all_that_is_not_taken_and_nothing_else,
     BED_TAKE | BED_RX_FLAGS)
{
	const uint32_t rounds = fewer(50);
	struct talker t, other, unknown;
	struct avtpmap_queue_stats q;
	struct avtpmap_stream *s, *so;
	struct host h;

	listen_on(rig, &h);
	add_both(rig, &t, &other);
	talker_init(&unknown, &aaf_stereo, UNKNOWN_ID);
	s = rig_open(rig, STREAM_ID, 0, 0);
	so = rig_open(rig, OTHER_ID, 0, 0);
	for (uint32_t i = 0; i < rounds; i++) {
		put_one_of_each(rig, &h, &t, &other, &unknown);
		check_host(rig, &h);
	}
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), 2 * rounds);
	check_eq(rig_counter(s, AVTPMAP_C_UNSUPPORTED_FORMAT), rounds);
	check_eq(rig_counter(s, AVTPMAP_C_MALFORMED), rounds);
	check_eq(rig_counter(s, AVTPMAP_C_MULTIBUF), rounds);
	check_eq(rig_counter(s, AVTPMAP_C_TOO_LONG), rounds);
	check_eq(rig_counter(s, AVTPMAP_C_CONFLICT), rounds);
	check_eq(rig_counter(s, AVTPMAP_C_OTHER_PATH), 0);
	check_eq(rig_counter(so, AVTPMAP_C_OTHER_PATH), 2 * rounds);
	check_eq(rig_counter(so, AVTPMAP_C_FRAMES_RX), rounds);
	q = queue_sum(rig);
	check_eq(q.frames, 21 * rounds);
	check_eq(q.error, rounds);
	check_eq(q.avtp, 16 * rounds);
	check_eq(q.control, 5 * rounds);
	check_eq(q.unknown, rounds);
	check_eq(q.taken, 3 * rounds);
	check_eq(q.copied, 0);
	avtpmap_close(s);
	avtpmap_close(so);
	close(h.fd);
}

CASE(formats_that_cannot_be_accounted_for_pass_and_leave_no_trace, BED_TAKE)
{
	static const struct shape too_deep = { 2, 4, 48000, 2, 17, 2, 6, 0 };
	struct avtpmap_stream *s;
	struct talker t;
	struct host h;

	listen_on(rig, &h);
	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &too_deep, STREAM_ID);
	for (int i = 0; i < 100; i++)
		put(rig, &h, &t, SHOT_GOOD, 1);
	check_host(rig, &h);
	check_eq(rig_counter(s, AVTPMAP_C_UNSUPPORTED_FORMAT), 100);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), 0);
	check_eq(avtpmap_format(s, NULL, NULL), -EAGAIN);
	t.next.shape = &aaf_stereo;
	for (int i = 0; i < 100; i++)
		put(rig, &h, &t, SHOT_GOOD, 0);
	check_host(rig, &h);
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), 100);
	check_eq(rig_counter(s, AVTPMAP_C_SEQ_NUM_MISMATCH), 0);
	check_eq(avtpmap_header(s)->epoch, 1);
	avtpmap_close(s);
	close(h.fd);
}

CASE(take_and_copy_are_switched_while_frames_come, BED_TAKE)
{
	struct avtpmap_stream *s;
	struct talker t;
	uint64_t seed = 9;
	struct host h;
	int copy = 0;

	listen_on(rig, &h);
	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (int i = 0; i < 60; i++) {
		for (uint32_t n = rnd_below(&seed, 30); n; n--)
			put(rig, &h, &t, SHOT_GOOD, copy);
		check_host(rig, &h);
		copy = !copy;
		check_eq(avtpmap_stream_set_mode(
				 rig->ctl, rig->ifname, STREAM_ID,
				 copy ? AVTPMAP_MODE_COPY : AVTPMAP_MODE_TAKE),
			 0);
		rig_drain(s);
	}
	check_eq(rig_counter(s, AVTPMAP_C_FRAMES_RX), t.next.n);
	check_eq(rig_counter(s, AVTPMAP_C_SEQ_NUM_MISMATCH), 0);
	check_eq(avtpmap_overrun_frames(s), 0);
	check(queue_sum(rig).copied && queue_sum(rig).taken);
	avtpmap_close(s);
	close(h.fd);
}

CASE(without_a_stream_or_a_port_every_frame_passes, BED_TAKE)
{
	struct talker t;
	struct host h;

	listen_on(rig, &h);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++)
			put(rig, &h, &t, SHOT_GOOD, 1);
		check_host(rig, &h);
		rig_add(rig, STREAM_ID, NULL);
		for (int i = 0; i < 20; i++)
			put(rig, &h, &t, SHOT_GOOD, 0);
		check_host(rig, &h);
		rig_del(rig, STREAM_ID);
		if (round == 1)
			check_eq(avtpmap_port_detach(rig->ctl, rig->ifname), 0);
	}
	close(h.fd);
}

/* A tag may be in-band, stripped, or only a priority; each is the same stream. */
CASE(a_stream_of_one_vid_is_found_wherever_its_tag_is, BED_STRIP | BED_TAKE)
{
	struct avtpmap_stream *s;
	const struct avtpmap_slot *slot;
	struct talker t, other;
	struct host h;

	listen_on(rig, &h);
	add_both(rig, &t, &other);
	s = rig_open(rig, OTHER_ID, 0, 0);
	put(rig, &h, &other, SHOT_GOOD, 0);
	other.vid = 0;
	put(rig, &h, &other, SHOT_GOOD, 0);
	put(rig, &h, &other, SHOT_GOOD, 0);
	wire_last(&rig->wire)->flags |= 1;
	wire_last(&rig->wire)->vlan_tci = 0x6002;
	put(rig, &h, &other, SHOT_GOOD, 1);
	wire_last(&rig->wire)->flags |= 1;
	wire_last(&rig->wire)->vlan_tci = 0x6003;
	check_host(rig, &h);
	for (int i = 0; i < 3; i++) {
		static const uint32_t tci[] = { 0x6002, 0, 0x6002 };

		slot = avtpmap_peek(s);
		check(slot);
		check_eq(AVTPMAP_PDU_TCI(slot->pdu), tci[i]);
		check_eq(!!(slot->flags & AVTPMAP_F_VLAN), i != 1);
		check_eq(avtpmap_release(s), 0);
	}
	check_eq(rig_counter(s, AVTPMAP_C_OTHER_PATH), 1);
	avtpmap_close(s);
	close(h.fd);
}
