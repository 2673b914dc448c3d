// SPDX-License-Identifier: MIT
#include <avtpmap/srp.h>

/* Table 35-6 */
const char *avtpmap_srp_failure_text(uint32_t code)
{
	static const char *const texts[] = {
		[1] = "insufficient bandwidth",
		[2] = "insufficient bridge resources",
		[3] = "insufficient bandwidth for the traffic class",
		[4] = "the stream id is in use by another talker",
		[5] = "the stream's destination address is in use already",
		[6] = "preempted by a stream of higher rank",
		[7] = "the reported latency has changed",
		[8] = "the egress port is not AVB capable",
		[9] = "use another destination address",
		[10] = "out of MSRP resources",
		[11] = "out of MMRP resources",
		[12] = "cannot store the destination address",
		[13] = "the priority is not that of an SR class",
		[14] = "MaxFrameSize is too large for the medium",
		[15] = "msrpMaxFanInPorts is reached",
		[16] = "FirstValue changed for a registered stream id",
		[17] = "the VLAN is blocked on the egress port",
		[18] = "VLAN tagging is disabled on the egress port",
		[19] = "SR class priority mismatch",
	};

	if (code >= sizeof(texts) / sizeof(texts[0]) || !texts[code])
		return "a reason that this version does not know";
	return texts[code];
}
