// SPDX-License-Identifier: GPL-2.0
/* The model as a driver sees it. MODEL is the program. */
#include "client.h"

enum {
	RING = 0, /* in the memory: eight descriptors */
	N_DESCRIPTORS = 8,
	TX_RING = 0x1000,
	TX_DATA = 0x2000,
	BUFFERS = 0x10000,
	BUFFER_BYTES = 0x1000,
	VECTOR = 1,
	OTHER = 0,
	STAMP_NS = 1234567890,
};

static const u8 mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static const u8 group[6] = { 0x91, 0xe0, 0xf0, 0x00, 0x0e, 0x80 };

static u64 *descriptor(u32 i)
{
	return (u64 *)(bed.memory + RING) + 2 * i;
}

static const u8 *buffer(u32 i)
{
	return bed.memory + BUFFERS + i * BUFFER_BYTES;
}

/* One queue with buffers for @n frames, and its interrupt. */
static void open_queue(u32 queue, u32 n, u32 srrctl)
{
	u32 base = queue_base(RX_QUEUE, queue);

	for (u32 i = 0; i < N_DESCRIPTORS; i++) {
		descriptor(i)[0] = ADDRESS + BUFFERS + i * BUFFER_BYTES;
		descriptor(i)[1] = 0;
	}
	wr(base + BAL, ADDRESS + RING);
	wr(base + LEN, 16 * N_DESCRIPTORS);
	wr(base + SRRCTL, srrctl);
	wr(base + DCTL, DCTL_ENABLE);
	wr(base + TAIL, n);
	wr(IVAR, (0x80 | VECTOR) * 0x00010001);
	wr(IVAR_MISC, (0x80 | OTHER) << 8);
	wr(EIMS, BIT(VECTOR) | BIT(OTHER));
	wr(RCTL, RCTL_EN | RCTL_BAM);
}

static void clocks_on(void)
{
	wr(RXPBS, RXPBS_TIMESTAMP);
	wr(TSYNCRXCTL, TSYNC_ENABLED | TSYNCRX_ALL);
}

/* A frame to @to of @n octets, each of them different from its neighbours. */
static size_t make(u8 *f, const u8 *to, size_t n, u32 seed)
{
	for (size_t i = 0; i < n; i++)
		f[i] = i * 7 + seed;
	memcpy(f, to, 6);
	f[12] = 0x22;
	f[13] = 0xf0;
	return n;
}

static void put_on_wire(const u8 *f, size_t n)
{
	assert_int_equal(send(bed.wire, f, n, 0), n);
}

static void expect_interrupt(u32 vector)
{
	expect_input(bed.vectors[vector], "interrupt");
}

/* The frame in buffer @i has these flags and these octets. */
static void expect_frame(u32 i, u32 flags, const u8 *f, size_t n, size_t at)
{
	u64 status = __atomic_load_n(&descriptor(i)[1], __ATOMIC_ACQUIRE);

	assert_int_equal((u32)status, RXD_DD | flags);
	assert_int_equal(status >> 32 & 0xffff, n + at);
	assert_memory_equal(buffer(i) + at, f, n);
}

static int start_i225(void **state)
{
	(void)state;
	start_model("i225");
	meet_qemu();
	return 0;
}

static int start_i210(void **state)
{
	(void)state;
	start_model("i210");
	meet_qemu();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	stop_model();
	return 0;
}

/* ---- the protocol */

static void a_function_of_two_bars(void **state)
{
	struct vfio_region_info region = { .argsz = sizeof(region) };
	struct vfio_irq_info irq = { .argsz = sizeof(irq), .index = 2 };
	u32 info[4] = { sizeof(info) };

	(void)state;
	assert_int_equal(call(4, info, sizeof(info)), 0);
	assert_int_equal(info[2], 9);
	assert_int_equal(info[3], 5);
	for (region.index = 0; region.index < 9;
	     region.index++, region.argsz = sizeof(region)) {
		static const u32 bytes[9] = {
			[0] = 1 << 20, [3] = 0x4000, [7] = 4096
		};

		assert_int_equal(call(5, &region, sizeof(region)), 0);
		assert_int_equal(region.size, bytes[region.index]);
	}
	assert_int_equal(call(7, &irq, sizeof(irq)), 0);
	assert_int_equal(irq.count, N_VECTORS);
	assert_int_equal(read_at(7, 0), 0x15f28086);
	assert_int_equal(read_at(7, 8) >> 24, 2);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct access32 a = { 0, 0, 4, 0 };
	struct header h = { .command = 9, .bytes = 1 << 30 };
	struct vfio_irq_set set = { .argsz = sizeof(set),
				    .flags = VFIO_IRQ_SET_DATA_EVENTFD,
				    .index = VFIO_PCI_MSIX_IRQ_INDEX,
				    .start = N_VECTORS,
				    .count = 1 };

	(void)state;
	assert_int_not_equal(call(9, &a, 8), 0); /* too short */
	a.bytes = 1 << 20;
	assert_int_not_equal(call(9, &a, 16), 0); /* more than there can be */
	assert_int_not_equal(call(10, &a, 20), 0); /* than there is */
	assert_int_not_equal(call(8, &set, sizeof(set)), 0);
	assert_int_not_equal(call(12, NULL, 0), 0);
	assert_int_not_equal(call(999, NULL, 0), 0);
	assert_int_equal(read_at(5, 0), 0);
	assert_int_equal(read_at(7, 4096), 0);
	assert_int_equal(rd(REGISTER_BYTES), 0);
	assert_null(ask("queue 9 1"));
	assert_null(ask("nonsense"));

	/* A header that cannot be one ends it, and another QEMU may come. */
	assert_int_equal(write(bed.qemu, &h, sizeof(h)), sizeof(h));
	expect_input(bed.qemu, "end");
	assert_int_equal(read(bed.qemu, &h, sizeof(h)), 0);
	close(bed.qemu);
	munmap(bed.memory, MEMORY_BYTES);
	for (u32 i = 0; i < N_FDS; i++)
		close(bed.vectors[i]);
	meet_qemu();
	assert_int_equal(read_at(7, 0), 0x15f28086);
}

/* ---- receive */

static void a_frame_and_its_interrupt(void **state)
{
	u8 f[1514];

	(void)state;
	open_queue(0, 7, 2);
	put_on_wire(f, make(f, mac, sizeof(f), 1));
	expect_interrupt(VECTOR);
	expect_frame(0, RXD_EOP, f, sizeof(f), 0);
	assert_int_equal(rd(RX_QUEUE + HEAD), 1);
	assert_int_equal(rd(GPRC), 1);
	assert_int_equal(rd(GPRC), 0);
}

static void orders_for_the_next_frames(void **state)
{
	u8 f[64];

	(void)state;
	open_queue(1, 7, 2);
	tell("queue 1 2");
	tell("error 1");
	put_on_wire(f, make(f, mac, sizeof(f), 1));
	expect_interrupt(VECTOR);
	expect_frame(0, RXD_EOP | RXD_RXE, f, sizeof(f), 0);
	interrupts(VECTOR);
	put_on_wire(f, make(f, mac, sizeof(f), 2));
	expect_interrupt(VECTOR);
	expect_frame(1, RXD_EOP, f, sizeof(f), 0);
	assert_non_null(strstr(ask("counters"), "received_1 2\n"));
}

/* Timer 1 and timer 0, or zeroes and timer 0; and a tag that is not there. */
static void stamp_and_tag(bool two_timers)
{
	const u32 stamp[2] = { STAMP_NS % NS_PER_S, STAMP_NS / NS_PER_S };
	u8 f[100];
	char order[64];

	open_queue(0, 7, 2 | SRRCTL_TIMESTAMP);
	clocks_on();
	wr(CTRL, CTRL_SLU | CTRL_VME);
	make(f, mac, sizeof(f), 1);
	memcpy(f + 12, "\x81\x00\x60\x02", 4);
	snprintf(order, sizeof(order), "stamp %d", STAMP_NS);
	tell(order);
	put_on_wire(f, sizeof(f));
	expect_interrupt(VECTOR);
	memmove(f + 12, f + 16, sizeof(f) - 16);
	expect_frame(0, RXD_EOP | RXD_TSIP | RXD_VP, f, sizeof(f) - 4,
		     STAMP_BYTES);
	assert_int_equal(descriptor(0)[1] >> 48, 0x6002);
	assert_memory_equal(buffer(0) + 8, stamp, sizeof(stamp));
	assert_int_equal(!!memcmp(buffer(0), "\0\0\0\0\0\0\0", 8), two_timers);
}

static void stamp_and_tag_i225(void **state)
{
	(void)state;
	stamp_and_tag(true);
}

static void stamp_and_tag_i210(void **state)
{
	(void)state;
	stamp_and_tag(false);
}

/* Where a stamp was wanted and the clock is off, there is none. */
static void several_buffers(void **state)
{
	u8 f[2500];

	(void)state;
	open_queue(0, 7, 1 | SRRCTL_TIMESTAMP);
	put_on_wire(f, make(f, mac, sizeof(f), 1));
	expect_interrupt(VECTOR);
	expect_frame(0, 0, f, 1024, 0);
	expect_frame(1, 0, f + 1024, 1024, 0);
	expect_frame(2, RXD_EOP, f + 2048, sizeof(f) - 2048, 0);
}

static void held_frames_come_together(void **state)
{
	u8 f[64];

	(void)state;
	open_queue(0, 7, 2);
	tell("hold");
	for (u32 i = 0; i < 5; i++)
		put_on_wire(f, make(f, mac, sizeof(f), i));
	while (strcmp(ask("held"), "5\n") != 0)
		;
	assert_int_equal(interrupts(VECTOR), 0);
	assert_int_equal(descriptor(0)[1], 0);
	tell("release");
	expect_interrupt(VECTOR);
	assert_int_equal(interrupts(VECTOR), 1);
	for (u32 i = 0; i < 5; i++) {
		make(f, mac, sizeof(f), i);
		expect_frame(i, RXD_EOP, f, sizeof(f), 0);
	}
}

/* An order belongs to the frame that it was given for, which waits for a buffer. */
static void no_frame_is_lost_for_want_of_room(void **state)
{
	u8 f[64];

	(void)state;
	open_queue(0, 2, 2);
	tell("hold");
	for (u32 i = 0; i < 5; i++)
		put_on_wire(f, make(f, mac, sizeof(f), i));
	while (strcmp(ask("held"), "5\n") != 0)
		;
	tell("release");
	assert_string_equal(ask("held"), "3\n");
	tell("error 1");
	wr(RX_QUEUE + TAIL, 5);
	while (strcmp(ask("held"), "0\n") != 0)
		;
	for (u32 i = 0; i < 5; i++) {
		make(f, mac, sizeof(f), i);
		expect_frame(i, RXD_EOP | (i == 2 ? RXD_RXE : 0), f, sizeof(f),
			     0);
	}
}

/* How many of the frames so far reached the ring. */
static u32 reached(u32 sent)
{
	char held[32];

	do
		snprintf(held, sizeof(held), "%s", ask("counters"));
	while (rd(RX_QUEUE + HEAD) +
		       atoi(strstr(ask("counters"), "dropped ") + 8) <
	       sent);
	return rd(RX_QUEUE + HEAD);
}

static void filters(void **state)
{
	u8 f[64];

	(void)state;
	open_queue(0, 7, 2);
	make(f, group, sizeof(f), 1);
	put_on_wire(f, sizeof(f));
	assert_int_equal(reached(1), 0);
	wr(MTA + (((f[4] >> 4 | f[5] << 4) & 0xfff) >> 5) * 4,
	   BIT((f[4] >> 4 | f[5] << 4) & 31));
	put_on_wire(f, sizeof(f));
	assert_int_equal(reached(2), 1);

	/* A tag of a VLAN that is not there; then it is. */
	memcpy(f + 12, "\x81\x00\x60\x02", 4);
	wr(RCTL, RCTL_EN | RCTL_VFE);
	put_on_wire(f, sizeof(f));
	assert_int_equal(reached(3), 1);
	wr(VFTA, BIT(2));
	put_on_wire(f, sizeof(f));
	assert_int_equal(reached(4), 2);

	/* Somebody else's, promiscuously. */
	make(f, mac, sizeof(f), 1);
	f[5]++;
	put_on_wire(f, sizeof(f));
	assert_int_equal(reached(5), 2);
	wr(RCTL, RCTL_EN | RCTL_UPE);
	put_on_wire(f, sizeof(f));
	assert_int_equal(reached(6), 3);
}

static void ethertype_to_a_queue(void **state)
{
	u8 f[64];

	(void)state;
	open_queue(1, 7, 2);
	wr(ETQF, ETQF_FILTER | ETQF_QUEUE | 1 << 16 | 0x22f0);
	put_on_wire(f, make(f, mac, sizeof(f), 1));
	expect_interrupt(VECTOR);
	expect_frame(0, RXD_EOP, f, sizeof(f), 0);
}

/* ---- link, clock, transmit */

static void link_goes_and_comes(void **state)
{
	(void)state;
	open_queue(0, 7, 2);
	wr(IMS, ICR_LSC);
	assert_int_equal(rd(STATUS) & 2, 2);
	tell("link down");
	expect_interrupt(OTHER);
	assert_int_equal(rd(ICR), ICR_LSC);
	assert_int_equal(rd(ICR), 0);
	assert_int_equal(rd(STATUS) & 2, 0);
	wr(MDIC, 1 << 16 | BIT(27));
	assert_int_equal(rd(MDIC) & 4, 0);
	tell("link up");
	assert_int_equal(rd(STATUS) & 2, 2);
	wr(MDIC, 1 << 16 | BIT(27));
	assert_int_equal(rd(MDIC) & 4, 4);
}

static u64 clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Each reading was taken between two of ours. */
static void clock_runs_as_it_is_told(void **state)
{
	const double rate = 1 + 0.25 / 3.2;
	u64 t[4], a, b;

	(void)state;
	wr(SYSTIML, 5);
	wr(SYSTIMH, 1000000);
	wr(TIMINCA, 0x40000000); /* 0.25 ns more in each 3.2 */
	assert_in_range(rd(SYSTIML), 0, NS_PER_S - 1);
	assert_in_range(rd(SYSTIMH), 1000000, 1000000 + PATIENCE_S);
	t[0] = clock_now();
	a = strtoull(ask("phc"), NULL, 10);
	t[1] = clock_now();
	usleep(20000);
	t[2] = clock_now();
	b = strtoull(ask("phc"), NULL, 10);
	t[3] = clock_now();
	assert_true((b - a) >= (t[2] - t[1]) * rate - 2);
	assert_true((b - a) <= (t[3] - t[0]) * rate + 2);
}

static void a_frame_with_tag_and_stamp(void **state)
{
	u32 *d = (u32 *)(bed.memory + TX_RING);
	u8 f[64], got[128];

	(void)state;
	make(f, group, sizeof(f), 3);
	memcpy(bed.memory + TX_DATA, f, sizeof(f));
	d[0] = 0x6002u << 16;
	d[2] = TXD_CONTEXT << 20 | BIT(29);
	d[4] = ADDRESS + TX_DATA;
	d[6] = sizeof(f) | TXD_EOP | TXD_RS | TXD_VLE | TXD_2STEP | BIT(29);
	wr(TSYNCTXCTL, TSYNC_ENABLED);
	wr(TCTL, TCTL_EN);
	wr(TX_QUEUE + BAL, ADDRESS + TX_RING);
	wr(TX_QUEUE + LEN, 128);
	wr(TX_QUEUE + DCTL, DCTL_ENABLE);
	wr(TX_QUEUE + TAIL, 2);
	assert_int_equal(d[7], TXD_DD);
	expect_input(bed.host, "frame");
	assert_int_equal(recv(bed.host, got, sizeof(got), 0), sizeof(f) + 4);
	assert_memory_equal(got, f, 12);
	assert_memory_equal(got + 12, "\x81\x00\x60\x02\x22\xf0", 6);
	assert_memory_equal(got + 18, f + 14, sizeof(f) - 14);
	assert_int_equal(rd(TSYNCTXCTL) & 1, 1);
	rd(TXSTMP0);
	rd(TXSTMP0 + 4);
	assert_int_equal(rd(TSYNCTXCTL) & 1, 0);
}

static void other_names_of_registers(void **state)
{
	(void)state;
	wr(0x2908, 0x800);
	assert_int_equal(rd(queue_base(RX_QUEUE, 1) + LEN), 0x800);
	wr(0x3b18, 7);
	assert_int_equal(rd(queue_base(TX_QUEUE, 3) + TAIL), 7);
	wr(0xc8, 4); /* ICS */
	assert_int_equal(rd(0xc0), 4); /* ICR */
	wr(EERD_I210, 1);
	assert_int_equal(rd(EERD_I210) >> 16, 0x5452); /* as mac begins */
}

#define I225(t) cmocka_unit_test_setup_teardown(t, start_i225, stop)
#define I210(t) cmocka_unit_test_setup_teardown(t, start_i210, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		I225(a_function_of_two_bars),
		I225(what_makes_no_sense_is_refused),
		I225(a_frame_and_its_interrupt),
		I225(orders_for_the_next_frames),
		I225(stamp_and_tag_i225),
		I210(stamp_and_tag_i210),
		I225(several_buffers),
		I225(held_frames_come_together),
		I225(no_frame_is_lost_for_want_of_room),
		I225(filters),
		I225(ethertype_to_a_queue),
		I225(link_goes_and_comes),
		I225(clock_runs_as_it_is_told),
		I225(a_frame_with_tag_and_stamp),
		I210(other_names_of_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
