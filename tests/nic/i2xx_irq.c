// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts: MSI-X, of which one vector is for the link and the clock, and each
 * of the others for a queue or two, at most as often as its EITR says.
 */
#include <string.h>

#include "i2xx.h"

static u64 quiet_until_ns[N_VECTORS];
static u32 throttled; /* vectors to look at again then */
static u32 causes; /* ICR */

void irq_reset(void)
{
	memset(quiet_until_ns, 0, sizeof(quiet_until_ns));
	throttled = 0;
	causes = 0;
}

static void try_to_fire(u32 v, u64 now)
{
	if (!(R(EICR) & R(EIMS) & BIT(v)))
		return;
	if (now < quiet_until_ns[v]) {
		throttled |= BIT(v);
		return;
	}
	throttled &= ~BIT(v);
	R(EICR) &= ~(R(EIAC) & BIT(v));
	R(EIMS) &= ~(R(EIAM) & BIT(v));
	quiet_until_ns[v] = now + (R(EITR + 4 * v) >> 2 & 0x1fff) * 1000;
	counters.interrupts++;
	vfu_interrupt(v);
}

/* Those that wait already included: they may have been unmasked. */
void irq_raise(u32 vectors)
{
	u64 now = now_ns();

	R(EICR) |= vectors;
	for (u32 v = 0; v < N_VECTORS; v++)
		if (R(EICR) & BIT(v))
			try_to_fire(v, now);
}

void irq_queue(u32 queue, bool tx)
{
	u32 entry = R(IVAR + (queue >> 1) * 4) >> ((queue & 1) * 16 + tx * 8);

	if (entry & 0x80 && (entry & 0x1f) < N_VECTORS)
		irq_raise(BIT(entry & 0x1f));
}

void irq_other(u32 bits)
{
	u32 entry = R(IVAR_MISC) >> 8;

	causes |= bits;
	if (causes & R(IMS) && entry & 0x80 && (entry & 0x1f) < N_VECTORS)
		irq_raise(BIT(entry & 0x1f));
}

/* Reading ICR takes all, writing it some. */
u32 irq_take_causes(u32 mask)
{
	u32 taken = causes & mask;

	causes &= ~mask;
	return taken;
}

u64 irq_deadline_ns(void)
{
	u64 at = 0;

	for (u32 v = 0; v < N_VECTORS; v++)
		if (throttled & BIT(v) && (!at || quiet_until_ns[v] < at))
			at = quiet_until_ns[v];
	return at;
}

void irq_tick(void)
{
	u64 now = now_ns();

	for (u32 v = 0; v < N_VECTORS; v++) {
		if (!(throttled & BIT(v)) || now < quiet_until_ns[v])
			continue;
		throttled &= ~BIT(v); /* masked meanwhile, perhaps */
		try_to_fire(v, now);
	}
}
