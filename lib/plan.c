// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "plan.h"
#include "../kmod/shared/ring_prod.h"

enum {
	RATE_DEFAULT = 8000,
	MS_DEFAULT = 100,
	MS_MAX = 60000,
};

/* N of the interface's /dev/ptpN, or AVTPMAP_NO_PHC. */
static __u32 phc_of(const char *ifname)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	struct ifreq ifr = { .ifr_data = (char *)&info };

	memcpy(ifr.ifr_name, ifname, IF_NAMESIZE);
	return if_ioctl(SIOCETHTOOL, &ifr) || info.phc_index < 0 ?
		       AVTPMAP_NO_PHC :
		       (__u32)info.phc_index;
}

static int mtu_of(const char *ifname)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, ifname, IF_NAMESIZE);
	return if_ioctl(SIOCGIFMTU, &ifr) ? 1500 : ifr.ifr_mtu;
}

int plan_ring(struct plan *plan, const char *ifname,
	      const struct avtpmap_stream_opts *o, const struct text *why)
{
	__u32 *stride = &plan->stride;

	*stride = o->stride ? o->stride : avtpmap_ring_stride(mtu_of(ifname));
	plan->ms = o->ms ? o->ms : MS_DEFAULT;
	plan->rate = o->rate ? o->rate : RATE_DEFAULT;
	if (!*stride)
		return refuse_text(
			why, -EINVAL,
			"%s: its MTU of %d does not fit a slot; say "
			"stride=16384 or less, and longer frames are "
			"counted and passed",
			ifname, mtu_of(ifname));
	if (*stride & (*stride - 1) || *stride < AVTPMAP_STRIDE_MIN ||
	    *stride > AVTPMAP_STRIDE_MAX)
		return refuse_text(why, -EINVAL,
				   "stride must be a power of two from 128 to "
				   "16384");
	if (o->mbit)
		plan->rate = (__u64)o->mbit * 125000 /
			     (*stride - sizeof(struct avtpmap_slot));
	if (!plan->rate || plan->rate > 0xffffffffu)
		return refuse_text(why, -EINVAL,
				   "the rate must be at least one frame per "
				   "second");
	if (plan->ms > MS_MAX)
		return refuse_text(why, -EINVAL, "ms must be 1 to 60000");
	if (!silence_may_be(o->silence_ms))
		return refuse_text(why, -EINVAL,
				   "silence must be 100 to 3600000 ms");
	plan->silence_ms = o->silence_ms;
	if (o->mode > AVTPMAP_MODE_COPY ||
	    (o->vid > 4094 && o->vid != AVTPMAP_ANY_VID))
		return refuse_text(why, -ERANGE,
				   "mode must be take or copy, vid 1 to 4094");
	plan->n_slots = avtpmap_ring_slots(plan->rate, plan->ms);
	if (!plan->n_slots)
		return refuse_text(why, -E2BIG,
				   "the ring would have more than 1048576 "
				   "slots; use a smaller ms= or rate=");
	/* a slot never lies across a multiple of its stride */
	plan->header_bytes =
		*stride > AVTPMAP_HEADER_BYTES ? *stride : AVTPMAP_HEADER_BYTES;
	return 0;
}

__u64 plan_bytes(const struct plan *plan)
{
	return plan->header_bytes + (__u64)plan->n_slots * plan->stride;
}

void plan_describe(const struct plan *plan, struct avtpmap_ring_hdr *hdr,
		   const char *ifname, __u64 unknown)
{
	*hdr = (struct avtpmap_ring_hdr){
		.magic = AVTPMAP_MAGIC,
		.abi = AVTPMAP_ABI,
		.header_bytes = plan->header_bytes,
		.stride = plan->stride,
		.n_slots = plan->n_slots,
		.kind = AVTPMAP_KIND_AVTP,
		.ifindex = if_nametoindex(ifname),
		.phc_index = phc_of(ifname),
		.rate = plan->rate,
		.counters_known = ~unknown & ((1ull << AVTPMAP_N_COUNTERS) - 1),
	};
}

__u64 plan_mac(const __u8 mac[6])
{
	__u64 v = 0;

	for (int i = 0; i < 6; i++)
		v = v << 8 | mac[i];
	return v;
}

__u32 plan_vid(const char *ifname, __u32 vid)
{
	return vid ? vid : vid_of_name(ifname);
}
