// SPDX-License-Identifier: GPL-2.0
/* The receive path: filters, then steering, then a ring. */
#include <string.h>

#include "i2xx.h"

enum {
	ETH_HEADER = 14,
	TAG_BYTES = 4,
	FCS_BYTES = 4,
	VLAN_TYPE = 0x8100,
	N_ADDRESSES = 16,
	N_ETQF = 8,
};

/* A frame as it lies in its buffers: with a stamp, without its tag. */
struct arrival {
	const u8 *frame;
	size_t n;
	bool tagged;
	u16 tci;
	u32 queue;
	u64 stamp_ns;
	bool stamped, stripped, bad;
};

static u16 be16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

/* The receive address that is this one, or NULL. */
static const u32 *exact_match(const u8 *mac)
{
	for (u32 i = 0; i < N_ADDRESSES; i++) {
		const u32 *ra = &R(RAL + 8 * i);

		if (ra[1] & RAH_VALID && !memcmp(ra, mac, 6))
			return ra;
	}
	return NULL;
}

static bool address_passes(const u8 *mac)
{
	static const u8 broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	u32 hash = (mac[4] >> 4 | mac[5] << 4) & 0xfff;

	if (exact_match(mac))
		return true;
	if (!memcmp(mac, broadcast, sizeof(broadcast)))
		return R(RCTL) & RCTL_BAM;
	if (mac[0] & 1)
		return R(RCTL) & RCTL_MPE ||
		       R(MTA + (hash >> 5) * 4) >> (hash & 31) & 1;
	return R(RCTL) & RCTL_UPE;
}

static bool vlan_passes(const struct arrival *a)
{
	u32 vid = a->tci & 0xfff;

	return !a->tagged || !(R(RCTL) & RCTL_VFE) ||
	       R(VFTA + (vid >> 5) * 4) >> (vid & 31) & 1;
}

static bool wanted(const struct arrival *a)
{
	if (!(R(RCTL) & RCTL_EN) || !(link_is_up() || phy_loops()))
		return false;
	if (!address_passes(a->frame) || !vlan_passes(a))
		return false;
	if (a->n + FCS_BYTES <= R(RLPML))
		return true;
	R(ROC)++;
	return false;
}

/* By ethertype, priority, address; the rest has no hash and is the table's first. */
static u32 steer(const struct arrival *a)
{
	u16 type = be16(a->frame + 12 + (a->tagged ? TAG_BYTES : 0));
	const u32 *ra = exact_match(a->frame);
	u32 priority;

	if (orders.queued) {
		orders.queued--;
		return orders.queue;
	}
	for (u32 i = 0; i < N_ETQF; i++) {
		u32 e = R(ETQF + 4 * i);

		if (e & ETQF_FILTER && e & ETQF_QUEUE && (e & 0xffff) == type)
			return e >> 16 & 3;
	}
	priority = R(VLANPQF) >> (a->tci >> 13) * 4;
	if (a->tagged && priority & 8)
		return priority & 3;
	if (ra && ra[1] & RAH_QSEL_ENABLE)
		return ra[1] >> 18 & 3;
	return R(RETA) & 3;
}

static bool stamps(u32 base)
{
	return R(base + SRRCTL) & SRRCTL_TIMESTAMP &&
	       R(RXPBS) & RXPBS_TIMESTAMP && R(TSYNCRXCTL) & TSYNC_ENABLED &&
	       (R(TSYNCRXCTL) & TSYNCRX_TYPE) == TSYNCRX_ALL;
}

/* Seconds and nanoseconds, twice. */
static void put_stamp(u8 *to, const struct arrival *a, u64 now)
{
	u64 other = card->two_timers ? clock_ns(1, now) : 0;
	const u32 header[] = { other % NS_PER_S, other / NS_PER_S,
			       a->stamp_ns % NS_PER_S, a->stamp_ns / NS_PER_S };

	memcpy(to, header, STAMP_BYTES);
}

/* As the buffers will have it. Returns how many octets. */
static size_t lay_out(const struct arrival *a, u64 now, u8 *to)
{
	const u8 *start = to;

	if (a->stamped) {
		put_stamp(to, a, now);
		to += STAMP_BYTES;
	}
	if (a->stripped) {
		memcpy(to, a->frame, 12);
		memcpy(to + 12, a->frame + 12 + TAG_BYTES,
		       a->n - 12 - TAG_BYTES);
		to += a->n - TAG_BYTES;
	} else {
		memcpy(to, a->frame, a->n);
		to += a->n;
	}
	return to - start;
}

/* One buffer of a frame; its descriptor's status comes last. */
static bool fill(u64 descriptor, const u8 *from, size_t n, u32 status, u16 tag)
{
	u64 *d = vfu_dma(descriptor, 16);
	u8 *buffer = d ? vfu_dma(d[0], n) : NULL;

	if (!buffer)
		return false;
	memcpy(buffer, from, n);
	d[0] = 0;
	__atomic_store_n(&d[1], (u64)tag << 48 | (u64)n << 32 | status,
			 __ATOMIC_RELEASE);
	return true;
}

/* What is only known of the whole frame stands with its last buffer. */
static bool put(const struct arrival *a, u32 base, const u8 *octets, size_t n)
{
	u32 ring = R(base + LEN) / 16, head = R(base + HEAD);
	size_t size = (R(base + SRRCTL) & 0x7f ?: 2) * 1024, part;

	for (size_t at = 0; at < n; at += part) {
		u32 status = RXD_DD;
		bool last = n - at <= size;

		part = last ? n - at : size;
		if (a->stamped && !at)
			status |= RXD_TSIP;
		if (last)
			status |= RXD_EOP | (a->bad ? RXD_RXE : 0) |
				  (a->stripped ? RXD_VP : 0);
		if (!fill(ring_address(base) + head * 16, octets + at, part,
			  status, last && a->stripped ? a->tci : 0))
			return false;
		head = (head + 1) % ring;
	}
	R(base + HEAD) = head;
	return true;
}

static bool has_room(u32 base, size_t n)
{
	u32 ring = R(base + LEN) / 16;
	size_t size = (R(base + SRRCTL) & 0x7f ?: 2) * 1024;

	return (R(base + TAIL) + ring - R(base + HEAD)) % ring >=
	       (n + size - 1) / size;
}

static void count(const struct arrival *a)
{
	counters.received[a->queue]++;
	if (a->bad) {
		R(RXERRC)++;
		return;
	}
	R(GPRC)++;
	R(GORCL) += a->n + FCS_BYTES;
	if (a->frame[0] & 1)
		R(MPRC)++;
}

static bool drop(void)
{
	counters.dropped++;
	return true;
}

bool receive(const u8 *frame, size_t n)
{
	static u8 octets[STAMP_BYTES + VFU_MAX_FRAME];
	struct arrival a = { .frame = frame, .n = n };
	const struct orders before = orders;
	u64 now = now_ns();
	u32 base;
	size_t len;

	if (n < ETH_HEADER + TAG_BYTES)
		return drop();
	a.tagged = be16(frame + 12) == VLAN_TYPE;
	a.tci = a.tagged ? be16(frame + 14) : 0;
	if (!wanted(&a))
		return drop();
	a.queue = steer(&a);
	base = queue_base(RX_QUEUE, a.queue);
	if (!(R(base + DCTL) & DCTL_ENABLE) || R(base + LEN) < 16)
		return drop();
	a.stripped = a.tagged && R(CTRL) & CTRL_VME;
	a.stamped = stamps(base);
	a.stamp_ns = orders.stamp_ns ?: clock_ns(0, now);
	a.bad = orders.errors;
	len = lay_out(&a, now, octets);
	if (!has_room(base, len)) {
		orders = before;
		counters.no_room++;
		return false;
	}
	orders.stamp_ns = 0;
	orders.errors -= a.bad;
	record(a.stamp_ns, frame, n);
	if (!put(&a, base, octets, len))
		return drop();
	count(&a);
	irq_queue(a.queue, false);
	return true;
}
