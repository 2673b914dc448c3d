#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: mrp_tshark.sh TEST_MRP_PEERS
# An hour of simulated MSRP and MVRP, as somebody else reads it.
set -uo pipefail

echo 1..2
if ! command -v tshark >/dev/null; then
	echo "ok 1 - tshark reads the hour # SKIP tshark is not installed"
	echo "ok 2 - and finds all types # SKIP tshark is not installed"
	exit 0
fi
work=$(mktemp -d -t avtpmap-mrp.XXXXXX)
trap 'rm -rf "$work"' EXIT
"$1" "$work/pcap" >/dev/null || exit 1
# fields FILTER FIELD...
fields()
{
	local filter=$1

	shift
	tshark -r "$work/pcap" -Y "$filter" -T fields "${@/#/-e}" 2>/dev/null
}
bad=$(fields '_ws.malformed || _ws.expert || (!mrp-msrp && !mrp-mvrp)' frame.number | wc -l)
all=$(fields 'mrp-msrp || mrp-mvrp' frame.number | wc -l)
if [ "$bad" = 0 ] && [ "$all" -gt 3000 ]; then
	echo "ok 1 - tshark finds none of $all frames malformed"
else
	echo "not ok 1 - tshark: of $all frames $bad are malformed"
fi
types=$(fields mrp-msrp mrp-msrp.attribute_type | tr ',' '\n' | sort -u | xargs)
if [ "$types" = "1 2 3 4" ]; then echo "ok 2 - in them all types"; else echo "not ok 2 - types $types"; fi
