/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Intel's i210, i225 and i226 to their drivers, igb and igc. Nearly all of their
 * registers are the same; struct card holds what is not. Sources: the i210 data
 * sheet, and what the drivers do.
 *
 * There are no checksum and segmentation offloads on transmission, no RSS hash, no
 * launch time, no PPS and no PTM. The drivers advertise the first of these all the
 * same: "ethtool -K tx off tso off" where IP is to get out.
 */
#ifndef AVTPMAP_TESTS_I2XX_H
#define AVTPMAP_TESTS_I2XX_H

#include "vfu.h"

#define BIT(n) (1u << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	N_QUEUES = 4,
	N_VECTORS = N_QUEUES + 1,
	N_CLOCKS = 2,
	STAMP_BYTES = 16, /* in front of a frame */
	REGISTER_BYTES = 0x20000,
	NS_PER_S = 1000000000,
};

/* Registers that do something. All others keep what is written. */
enum {
	CTRL = 0x00000,
	STATUS = 0x00008,
	EECD = 0x00010,
	EERD_I210 = 0x00014,
	MDIC = 0x00020,
	FCAL = 0x00028,
	FCAH = 0x0002c,
	FCT = 0x00030,
	ICR_I210 = 0x000c0, /* to IAM, 8 apart */
	IAM_I210 = 0x000e0,
	RCTL = 0x00100,
	FCTTV = 0x00170,
	TCTL = 0x00400,
	TIPG = 0x00410,
	PHPM = 0x00e14,
	ICR = 0x01500, /* to IAM, 4 apart */
	ICS = 0x01504,
	IMS = 0x01508,
	IMC = 0x0150c,
	EICS = 0x01520,
	EIMS = 0x01524,
	EIMC = 0x01528,
	EIAC = 0x0152c,
	EIAM = 0x01530,
	EICR = 0x01580,
	EITR = 0x01680,
	IVAR = 0x01700,
	IVAR_MISC = 0x01740,
	FCRTH = 0x02168,
	RXPBS = 0x02404,
	RX_I210 = 0x02800, /* queues, 0x100 apart */
	TX_I210 = 0x03800,
	STATISTICS = 0x04000, /* all of them: zero once read */
	RXERRC = 0x0400c,
	MPC = 0x04010,
	GPRC = 0x04074,
	BPRC = 0x04078,
	MPRC = 0x0407c,
	GPTC = 0x04080,
	GORCL = 0x04088,
	GOTCL = 0x04090,
	ROC = 0x040ac,
	STATISTICS_END = 0x04200,
	RLPML = 0x05004,
	MTA = 0x05200,
	RAL = 0x05400,
	VLANPQF = 0x055b0,
	VFTA = 0x05600,
	SWSM = 0x05b50,
	RETA = 0x05c00,
	ETQF = 0x05cb0,
	SYSTIML = 0x0b600,
	SYSTIMH = 0x0b604,
	TIMINCA = 0x0b608,
	TSYNCTXCTL = 0x0b614,
	TXSTMP0 = 0x0b618, /* and 1 to 3: see txstmp() */
	TSYNCRXCTL = 0x0b620,
	TSICR = 0x0b66c,
	SYSTIML1 = 0x0b688,
	SYSTIMH1 = 0x0b68c,
	TXSTMP1 = 0x0b698,
	SYSTIMR = 0x0b6f8,
	RX_QUEUE = 0x0c000, /* queues, 0x40 apart */
	TX_QUEUE = 0x0e000,
	EERD = 0x12014,
	EEMNGCTL = 0x12030,
};

/* In a queue's block. */
enum {
	QUEUE_BYTES = 0x40,
	BAL = 0x00,
	BAH = 0x04,
	LEN = 0x08,
	SRRCTL = 0x0c,
	HEAD = 0x10,
	TAIL = 0x18,
	DCTL = 0x28,
};

enum {
	CTRL_MASTER_DISABLE = BIT(2),
	CTRL_SLU = BIT(6),
	CTRL_RST = BIT(26),
	CTRL_DEV_RST = BIT(29),
	CTRL_VME = BIT(30), /* strip VLAN tags */
	CTRL_PHY_RST = BIT(31),

	RCTL_EN = BIT(1),
	RCTL_UPE = BIT(3),
	RCTL_MPE = BIT(4),
	RCTL_BAM = BIT(15),
	RCTL_VFE = BIT(18),

	TCTL_EN = BIT(1),
	SRRCTL_TIMESTAMP = BIT(30),
	RXPBS_TIMESTAMP = BIT(31),
	DCTL_ENABLE = BIT(25),
	DCTL_FLUSH = BIT(26),
	RAH_QSEL_ENABLE = BIT(28),
	RAH_VALID = BIT(31),
	ETQF_FILTER = BIT(26),
	ETQF_QUEUE = BIT(31),

	ICR_LSC = BIT(2),
	ICR_TIME_SYNC = BIT(19),
	TSICR_TXTS = BIT(1),
	TSYNC_ENABLED = BIT(4),
	TSYNCRX_TYPE = 0xe,
	TSYNCRX_ALL = 0x8,

	RXD_DD = BIT(0),
	RXD_EOP = BIT(1),
	RXD_VP = BIT(3),
	RXD_TSIP = BIT(15),
	RXD_RXE = BIT(31),
	TXD_CONTEXT = 2,
	TXD_2STEP = BIT(19),
	TXD_EOP = BIT(24),
	TXD_RS = BIT(27),
	TXD_VLE = BIT(30),
	TXD_DD = BIT(0),
};

struct card {
	const char *name;
	u16 device_id;
	u16 phy_id[2];
	u32 bar0_bytes;
	u32 speed_mbps;
	/* TIMINCA counts 2^-32 ns in each tick. */
	u32 tick_ps;
	/* In front of a frame stands timer 1, then 0; else zeroes, then timer 0. */
	bool two_timers;
};

/* What a test has told the model by its control channel. */
struct orders {
	u32 errors; /* so many frames are bad */
	u32 queued, queue; /* so many frames go to that queue */
	u64 stamp_ns; /* the next frame's, or 0 */
	bool link_down;
};

struct counters {
	u64 received[N_QUEUES], dropped, no_room, sent, interrupts;
};

extern const struct card *card;
extern u32 registers[REGISTER_BYTES / 4];
extern struct orders orders;
extern struct counters counters;

#define R(a) registers[(a) / 4]

static inline u32 queue_base(u32 first, u32 queue)
{
	return first + QUEUE_BYTES * queue;
}

static inline u64 ring_address(u32 base)
{
	return (u64)R(base + BAH) << 32 | R(base + BAL);
}

/* i2xx_register.c */
void register_read(u32 bar, u64 offset, u8 *to, size_t n);
void register_write(u32 bar, u64 offset, const u8 *from, size_t n);
void registers_reset(void);
void phy_reset(void);
bool link_is_up(void);
bool phy_loops(void);

/* i2xx_irq.c */
void irq_reset(void);
void irq_raise(u32 vectors);
void irq_queue(u32 queue, bool tx);
void irq_other(u32 causes);
u32 irq_take_causes(u32 mask);
u64 irq_deadline_ns(void);
void irq_tick(void);

/* i2xx_time.c: PTP clocks; clock 0 is steered, clock 1 runs free. */
void clock_reset(void);
u64 clock_ns(u32 clock, u64 at_ns);
void clock_set(u64 ns);
void clock_steer(u32 timinca);
u32 clock_read_low(u32 clock);
u32 clock_read_high(u32 clock);
void clock_stamp_tx(u32 set);

/* i2xx_rx.c, i2xx_tx.c */
bool receive(const u8 *frame, size_t n);
void transmit(u32 queue);

/* i2xx.c: what reached the guest, and when by clock 0, into a pcap file. */
void record(u64 ns, const u8 *frame, size_t n);

#endif /* AVTPMAP_TESTS_I2XX_H */
