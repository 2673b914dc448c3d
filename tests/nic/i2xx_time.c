// SPDX-License-Identifier: GPL-2.0
/* The PTP clocks. They count the host's CLOCK_MONOTONIC, plus what they were told. */
#include "i2xx.h"

static struct clock {
	u64 ns, since_ns; /* it was @ns when the host's was @since_ns */
	int64_t inca; /* 2^-32 ns more in each tick */
	u32 high; /* latched by the read of the low part */
} clocks[N_CLOCKS];

void clock_reset(void)
{
	for (u32 i = 0; i < N_CLOCKS; i++)
		clocks[i] = (struct clock){ .since_ns = now_ns() };
}

u64 clock_ns(u32 clock, u64 at_ns)
{
	const struct clock *c = &clocks[clock];
	int64_t run = at_ns - c->since_ns;
	/* ticks, 2^-32 ns each */
	__int128 steered = (__int128)run * 1000 / card->tick_ps * c->inca;

	return c->ns + run + (int64_t)(steered >> 32);
}

void clock_set(u64 ns)
{
	clocks[0].ns = ns;
	clocks[0].since_ns = now_ns();
}

void clock_steer(u32 timinca)
{
	const int64_t inca = timinca & 0x7fffffff;
	u64 now = now_ns();

	clocks[0].ns = clock_ns(0, now);
	clocks[0].since_ns = now;
	clocks[0].inca = timinca >> 31 ? -inca : inca;
}

u32 clock_read_low(u32 clock)
{
	u64 ns = clock_ns(clock, now_ns());

	clocks[clock].high = ns / NS_PER_S;
	return ns % NS_PER_S;
}

u32 clock_read_high(u32 clock)
{
	return clocks[clock].high;
}

/* The i210 has one set of registers for it, the others have four. */
void clock_stamp_tx(u32 set)
{
	u64 ns = clock_ns(0, now_ns());
	u32 at;

	if (!(R(TSYNCTXCTL) & TSYNC_ENABLED))
		return;
	if (!card->two_timers)
		set = 0;
	at = set ? TXSTMP1 + 0x20 * (set - 1) : TXSTMP0;
	R(at) = ns % NS_PER_S;
	R(at + 4) = ns / NS_PER_S;
	R(TSYNCTXCTL) |= BIT(set);
	R(TSICR) |= TSICR_TXTS;
	irq_other(ICR_TIME_SYNC);
}
