// SPDX-License-Identifier: GPL-2.0
/* The transmit path: descriptors into frames, with a tag and a stamp on demand. */
#include <string.h>

#include "i2xx.h"

/* What has come of a queue's frame so far. */
static struct frame {
	u8 octets[VFU_MAX_FRAME + 4];
	size_t n;
	u16 tci; /* the last context's */
	bool tagged;
} frames[N_QUEUES];

static void insert_tag(struct frame *f)
{
	const u8 tag[] = { 0x81, 0, f->tci >> 8, f->tci & 0xff };

	if (f->n < 14)
		return;
	memmove(f->octets + 16, f->octets + 12, f->n - 12);
	memcpy(f->octets + 12, tag, sizeof(tag));
	f->n += sizeof(tag);
}

static void finish(struct frame *f, u32 command)
{
	if (f->tagged)
		insert_tag(f);
	if (command & TXD_2STEP)
		clock_stamp_tx(command >> 16 & 3);
	if (phy_loops())
		receive(f->octets, f->n);
	else if (link_is_up())
		vfu_send(f->octets, f->n);
	R(GPTC)++;
	R(GOTCL) += f->n + 4;
	counters.sent++;
	f->n = 0;
	f->tagged = false;
}

/* One descriptor of data: where, and how many octets, with its command. */
static void gather(struct frame *f, const u32 *d)
{
	u64 address = (u64)d[1] << 32 | d[0];
	size_t n = d[2] & 0xffff;
	const u8 *from = vfu_dma(address, n);

	if (from && n <= VFU_MAX_FRAME - f->n) {
		memcpy(f->octets + f->n, from, n);
		f->n += n;
	}
	f->tagged |= !!(d[2] & TXD_VLE);
	if (d[2] & TXD_EOP)
		finish(f, d[2]);
}

void transmit(u32 queue)
{
	u32 base = queue_base(TX_QUEUE, queue), ring = R(base + LEN) / 16, head;
	bool raise = false;

	if (!(R(base + DCTL) & DCTL_ENABLE) || !(R(TCTL) & TCTL_EN) || !ring)
		return;
	for (head = R(base + HEAD) % ring; head != R(base + TAIL) % ring;
	     head = (head + 1) % ring) {
		u32 *d = vfu_dma(ring_address(base) + head * 16, 16);

		if (!d)
			break;
		if ((d[2] >> 20 & 15) == TXD_CONTEXT) {
			frames[queue].tci = d[0] >> 16;
			continue;
		}
		raise |= !!(d[2] & TXD_RS);
		gather(&frames[queue], d);
		__atomic_store_n(&d[3], TXD_DD, __ATOMIC_RELEASE);
	}
	R(base + HEAD) = head;
	if (raise)
		irq_queue(queue, true);
}
