// SPDX-License-Identifier: GPL-2.0
/* Registers, NVM and PHY. What "ethtool -t" tests, a driver could rely on. */
#include <string.h>

#include "i2xx.h"

enum {
	PHY_CONTROL = 0,
	PHY_STATUS = 1,
	PHY_ID1 = 2,
	PHY_ID2 = 3,
	PHY_PARTNER = 5,
	PHY_1000_STATUS = 10,
	PHY_SPECIFIC = 17,
	PHY_RESTART = BIT(9),
	PHY_POWER_DOWN = BIT(11),
	PHY_LOOPBACK = BIT(14),
	PHY_RESET = BIT(15),

	MDIC_WRITE = BIT(26),
	MDIC_READ = BIT(27),
	MDIC_READY = BIT(28),
	EERD_DONE = BIT(1),
	NVM_WORDS = 64,
	NVM_SUM = 0xbaba,
};

static const u8 mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static u16 phy[32];

/* ---- PHY */

void phy_reset(void)
{
	memset(phy, 0, sizeof(phy));
	phy[PHY_CONTROL] = 0x1140; /* negotiates, full duplex, 1000 */
	phy[4] = 0x0de1; /* what it advertises */
	phy[9] = 0x0200;
}

bool link_is_up(void)
{
	return !orders.link_down && !(phy[PHY_CONTROL] & PHY_POWER_DOWN);
}

bool phy_loops(void)
{
	return phy[PHY_CONTROL] & PHY_LOOPBACK;
}

static u16 phy_read(u32 r)
{
	switch (r) {
	case PHY_STATUS:
		return 0x7949 | 0x20 | (link_is_up() ? 4 : 0);
	case PHY_ID1:
		return card->phy_id[0];
	case PHY_ID2:
		return card->phy_id[1];
	case PHY_PARTNER:
		return 0xcde1;
	case PHY_1000_STATUS:
		return 0x7c00; /* both receivers are well */
	case PHY_SPECIFIC:
		return link_is_up() ? 0xac08 : 0; /* the i210's: 1000, full */
	}
	return phy[r];
}

static void phy_write(u32 r, u16 v)
{
	bool was_up = link_is_up();

	phy[r] = v;
	if (r == PHY_CONTROL)
		phy[r] &= ~(PHY_RESTART | PHY_RESET);
	if (was_up != link_is_up() || (r == PHY_CONTROL && v & PHY_RESTART))
		irq_other(ICR_LSC);
}

static u32 mdic(u32 v)
{
	u32 r = v >> 16 & 31;

	if (v & MDIC_READ)
		v = (v & 0xffff0000) | phy_read(r);
	else if (v & MDIC_WRITE)
		phy_write(r, v);
	return v | MDIC_READY;
}

/* ---- NVM: an address, a version and a sum */

static u16 nvm(u32 word)
{
	u16 words[NVM_WORDS] = { [3] = 0x1000, [5] = 0x0200 }, sum = 0;

	memcpy(words, mac, sizeof(mac));
	for (u32 i = 0; i < NVM_WORDS - 1; i++)
		sum += words[i];
	words[NVM_WORDS - 1] = NVM_SUM - sum;
	return word < NVM_WORDS ? words[word] : 0;
}

/* ---- registers */

void registers_reset(void)
{
	memset(registers, 0, sizeof(registers));
	memcpy(&R(RAL), mac, sizeof(mac));
	R(RAL + 4) |= RAH_VALID;
	R(CTRL) = 0x00100201 | CTRL_SLU;
	R(RLPML) = 0x2600;
	R(RXPBS) = card->two_timers ? 0xa2 : 0x22;
	irq_reset();
}

/* The i210's driver has other names for some registers. */
static u32 alias(u32 o)
{
	u32 in_queue = (o >> 8 & 3) * QUEUE_BYTES + (o & 0xff);

	if (o >= ICR_I210 && o <= IAM_I210 && o % 8 == 0)
		return ICR + (o - ICR_I210) / 2;
	if ((o & ~0x33fu) == RX_I210)
		return RX_QUEUE + in_queue;
	if ((o & ~0x33fu) == TX_I210)
		return TX_QUEUE + in_queue;
	return o == EERD_I210 ? (u32)EERD : o;
}

static u32 status(void)
{
	u32 v = 1; /* full duplex */

	if (link_is_up() && R(CTRL) & CTRL_SLU)
		v |= BIT(1);
	v |= BIT(7); /* 1000 */
	if (card->speed_mbps == 2500)
		v |= BIT(22);
	if (!(R(CTRL) & CTRL_MASTER_DISABLE))
		v |= BIT(19);
	return v;
}

/* A read that takes: returns what was there. */
static u32 take(u32 o, u32 leave)
{
	u32 v = R(o);

	R(o) = leave;
	return v;
}

static u32 read_time(u32 o)
{
	switch (o) {
	case SYSTIML:
		return clock_read_low(0);
	case SYSTIMH:
		return clock_read_high(0);
	case SYSTIML1:
		return clock_read_low(1);
	case SYSTIMH1:
		return clock_read_high(1);
	case SYSTIMR:
		return 0;
	case TXSTMP0 + 4:
		R(TSYNCTXCTL) &= ~BIT(0);
		break;
	case TXSTMP1 + 4:
	case TXSTMP1 + 0x24:
	case TXSTMP1 + 0x44:
		R(TSYNCTXCTL) &= ~BIT(1 + (o - TXSTMP1) / 0x20);
		break;
	}
	return R(o);
}

static u32 read_register(u32 o)
{
	if (o >= STATISTICS && o < STATISTICS_END)
		return take(o, 0);
	switch (o) {
	case STATUS:
		return status();
	case EECD: /* there is an NVM, it is read, and nobody else's */
		return BIT(8) | BIT(9) | BIT(19) | BIT(26) | 8 << 11;
	case PHPM:
		return R(o) | BIT(8); /* its reset is complete */
	case EEMNGCTL:
		return R(o) | BIT(18); /* its configuration is done */
	case SWSM:
		return take(o, R(o) | 1); /* a semaphore */
	case TSICR:
		return take(o, 0);
	case ICR:
		return irq_take_causes(~0u);
	case ICS:
	case IMC:
	case EICS:
	case EIMC:
		return 0;
	}
	return read_time(o);
}

/* What of a register can be written, where that is not all of it. */
static u32 writable(u32 o)
{
	if ((o >= RX_QUEUE && o < RX_QUEUE + QUEUE_BYTES * N_QUEUES) ||
	    (o >= TX_QUEUE && o < TX_QUEUE + QUEUE_BYTES * N_QUEUES))
		switch (o % QUEUE_BYTES) {
		case BAL:
			return ~0x7fu;
		case LEN:
			return 0xfff80;
		case HEAD:
		case TAIL:
			return 0xffff;
		case DCTL:
			return ~DCTL_FLUSH;
		}
	if (o >= RAL && o < RAL + 8 * 16 && o & 4)
		return 0x900fffff;
	switch (o) {
	case FCAH:
	case FCT:
	case FCTTV:
		return 0xffff;
	case TIPG:
		return 0x3fffffff;
	case FCRTH:
		return 0x3fff0;
	}
	return ~0u;
}

/* Masks and causes: ones set or clear bits. True: it was one of these. */
static bool write_irq(u32 o, u32 v)
{
	switch (o) {
	case ICR:
		irq_take_causes(v);
		return true;
	case ICS:
		irq_other(v);
		return true;
	case IMS:
		R(IMS) |= v;
		irq_other(0);
		return true;
	case IMC:
		R(IMS) &= ~v;
		return true;
	case EICR:
		R(EICR) &= ~v;
		return true;
	case EICS:
		irq_raise(v);
		return true;
	case EIMS:
		R(EIMS) |= v;
		irq_raise(0);
		return true;
	case EIMC:
		R(EIMS) &= ~v;
		return true;
	}
	return false;
}

static void write_register(u32 o, u32 v)
{
	v &= writable(o);
	if (write_irq(o, v))
		return;
	switch (o) {
	case STATUS:
	case EECD:
		return;
	case CTRL:
		if (v & (CTRL_RST | CTRL_DEV_RST))
			registers_reset();
		else
			R(o) = v & ~CTRL_PHY_RST;
		return;
	case EERD:
		R(o) = (u32)nvm(v >> 2 & 0x3fff) << 16 | EERD_DONE;
		return;
	case MDIC:
		R(o) = mdic(v);
		return;
	case SYSTIMH:
		clock_set((u64)v * NS_PER_S + R(SYSTIML));
		break;
	case TIMINCA:
		clock_steer(v);
		break;
	}
	R(o) = v;
	if (o >= TX_QUEUE && o < TX_QUEUE + QUEUE_BYTES * N_QUEUES &&
	    o % QUEUE_BYTES == TAIL)
		transmit((o - TX_QUEUE) / QUEUE_BYTES);
}

void register_read(u32 bar, u64 offset, u8 *to, size_t n)
{
	u32 v;

	if (bar || n != sizeof(v) || offset % 4 || offset >= REGISTER_BYTES)
		return;
	v = read_register(alias(offset));
	memcpy(to, &v, sizeof(v));
}

void register_write(u32 bar, u64 offset, const u8 *from, size_t n)
{
	u32 v;

	if (bar || n != sizeof(v) || offset % 4 || offset >= REGISTER_BYTES)
		return;
	memcpy(&v, from, sizeof(v));
	write_register(alias(offset), v);
}
