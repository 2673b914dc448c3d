#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: tables.sh AVTPMAP
# What show, stats and monitor make of many streams, and of a fault that repeats.
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
tool=$1
# shellcheck source-path=SCRIPTDIR source=veth.sh
. "$(dirname "$0")/veth.sh"

streams=12

# prints PATTERN COMMAND...: in a line of standard output
prints()
{
	local pattern=$1

	shift
	"$tool" "$@" >"$work/out" 2>"$work/out.err"
	grep -qE -e "$pattern" "$work/out" && return
	sed 's/^/# /' "$work/out"
	return 1
}

lines() { "$tool" "$@" | wc -l; }

begin 21
check "show without a port says what makes one" prints "^no ports.*attach IF makes one" show --backend xdp
check "not what attach would refuse" prints "^no ports.*listen makes one" show --backend packet
check "stats without a stream says so" prints "^no streams.*add IF" stats
check "a veth is not told to be patched" prints "^ok +v1, driver: veth, for which there is no patch" doctor v1
check "nor is an interface that there is not" prints "did you mean v1\?" doctor v11
check "nor one that cannot be a port" prints "lo, interface: no Ethernet" doctor lo
if ! "$tool" attach --backend xdp --alone v1 2>/dev/null; then
	skip 15 "XDP is refused here"
	exit
fi
for ((i = 1; i <= streams; i++)); do
	"$tool" add --backend xdp v1 "$(printf 0x001b21aabbcc%04x $i)"
done
"$tool" talk v0 0x001b21aabbcc0001 --frames 1000 --lose 1% --fault-free-head 8 --fault-free-tail 8 >/dev/null 2>&1
frames 3 length 50
check "show is a line a stream" test "$(lines show)" -le $((streams + 6))
check "stats too" test "$(lines stats)" = $((streams + 1))
check "with what counts most" prints "^  $id (live|silent) +take AAF int24 48000/2 +9[0-9]+ +[1-9][0-9]* +3 +0$" show v1
check "of one stream, all" prints "^    ring: 1024 slots of 2048 bytes" show v1 $id
check "and of no other" test "$(grep -c stream: "$work/out")" = 1
check "of one that is not there" exits 1 "no stream 0x77.*ENOENT" "$tool" show v1 0x77
check "counters of one, all" test "$(lines stats v1 $id)" -gt 20
check "or what counted" prints "^  malformed +3  passed" stats v1 $id --nonzero
check "and that alone" test "$(grep -cE " 0  |unavailable" "$work/out")" = 0
check "in JSON too" prints '"malformed": 3' stats v1 $id --nonzero --json
check "JSON has them all otherwise" test "$("$tool" stats v1 --json | jq '.[5].counters | length')" -gt 25
check "and all streams" test "$("$tool" show --json | jq '.ports[0].streams | length')" = $streams

"$tool" talk v0 $id --seconds 30 --lose 1% >/dev/null 2>&1 &
until_true prints "$id live" show v1 >/dev/null
timeout 3.5 "$tool" monitor v1 >"$work/events"
check "a monitor puts what repeats into a line a second" test "$(grep -cw gap "$work/events")" -le 6
check "with how often, and how much in a second" grep -qE "$id gap [0-9]+ times in [01]\.[0-9] s .*frames_lost=[0-9]+ \(\+[0-9]+/s\)" "$work/events"
timeout 1 "$tool" monitor v1 --interval 0 >"$work/events"
check "or each, if asked" test "$(wc -l <"$work/events")" -gt 6
