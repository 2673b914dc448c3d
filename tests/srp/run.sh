#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh BUILD_DIR AVTPMAP
# A talker, a bridge of three ports and two places to listen, each in a network
# namespace: media comes only where it is reserved.
set -uo pipefail

dir=$1 tool=$2
n=0 planned=26
ns=avtpmap-srp-$$
id=0x02005e1000010001 scanned=02:00:5e:10:00:01:00:01 mac=91:e0:f0:00:01:02 vid=5
work=$(mktemp -d -t avtpmap-srp.XXXXXX)
mkdir "$work/wire"
declare -A pid=()

cleanup()
{
	kill "${pid[@]}" 2>/dev/null
	wait 2>/dev/null
	for s in t b l m; do ip netns del "$ns-$s" 2>/dev/null; done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' TERM INT

if [ "$(id -u)" != 0 ] || ! ip netns add "$ns-t" 2>/dev/null; then
	echo 1..1
	echo "ok 1 - reservation # SKIP needs root and network namespaces"
	exit 0
fi

inside()
{
	local s=$1

	shift
	ip netns exec "$ns-$s" "$@"
}

# start NAME NAMESPACE COMMAND...: its output is $work/NAME
start()
{
	local name=$1 s=$2

	shift 2
	: >"$work/$name"
	ip netns exec "$ns-$s" "$@" >>"$work/$name" 2>>"$work/$name.err" &
	pid[$name]=$!
}

# stop NAME [SIGNAL]
stop()
{
	kill "-${2:-TERM}" "${pid[$1]}" 2>/dev/null
	wait "${pid[$1]}" 2>/dev/null
	unset "pid[$1]"
}

# within SECONDS COMMAND...: it becomes true
within()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

check()
{
	local what=$1

	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		tail -n 5 "$work"/* 2>/dev/null | sed 's/^/# /'
	fi
}

not() { ! "$@"; }

# last FILE TEXT REGEX: the last line with TEXT matches
last() { grep -F "$2" "$work/$1" | tail -n 1 | grep -qE "$3"; }

received() { inside "$1" cat "/sys/class/net/${1}0/statistics/rx_packets"; }

# hears NAMESPACE: 500 frames more than there were
hears()
{
	local from

	from=$(received "$1")
	within 30 more "$1" $((from + 500))
}
more() { [ "$(received "$1")" -gt "$2" ]; }

# deaf NAMESPACE: while the bridge gets 500 frames, it gets none but MRPDUs
deaf()
{
	local from

	from=$(received "$1")
	within 30 bridge_gets $(($(inside b cat /sys/class/net/b0/statistics/rx_packets) + 500)) || return 1
	[ $(($(received "$1") - from)) -lt 100 ]
}
bridge_gets() { [ "$(inside b cat /sys/class/net/b0/statistics/rx_packets)" -gt "$1" ]; }

for s in b l m; do ip netns add "$ns-$s"; done
i=0
for s in t l m; do
	ip link add "${s}0" netns "$ns-$s" type veth peer name "b$i" netns "$ns-b"
	inside "$s" ip link set "${s}0" up
	inside b ip link set "b$i" up
	i=$((i + 1))
done
if command -v tshark >/dev/null; then
	start tshark b tshark -q -f 'ether proto 0x22ea or ether proto 0x88f5' -i b1 -i b0 -w "$work/wire/pcap"
	within 20 test -s "$work/wire/pcap" || sleep 2
fi

# what only a bridge's word says
scans()
{
	inside l timeout 60 "$tool" scan l0 --seconds 4 --json >"$work/scan" 2>&1
	jq -e ".streams == [.streams[] | select(.advertised and (.heard | not) and .stream_id == \"$scanned\" and .mac == \"$mac\" and .vid == $vid)] and
		(.streams | length == 1)" "$work/scan" >/dev/null && return
	sed 's/^/# /' "$work/scan"
	return 1
}
listens() { inside l timeout 60 "$tool" listen l0 "$id" --reserve --samples 4800 --backend packet >"$work/listen" 2>&1; }
leaveall_is_first() { [ "$(grep -E '^b1 (leaveall|domain)' "$work/bridge" | head -n 1)" = "b1 leaveall" ]; }
bridge() { start bridge b "$dir/bridge" --leave 1000 --fail 1 "$@" b0 b1 b2; }
reserve() { start "$1" "$2" "$tool" reserve "${2}0" "$id"; }

echo "1..$planned"
start talk t "$tool" talk t0 "$id" --mac "$mac" --vid "$vid" --tone 440 --rate 48000
# a bridge that never says by itself what it said before
bridge --leaveall 3600000
start talker t "$dir/talker" t0 "$id" "$mac" "$vid"
check "what nobody reserved is not forwarded" deaf l

within 30 last bridge "b0 vid" in
sleep 1
check "scan tells of what is advertised" scans
reserve one l
check "the talker is heard" within 20 last one "" "ready: to $mac, VLAN $vid, priority 3, at most 3 us"
check "because it is asked for at once" leaveall_is_first
check "the bridge registers the VLAN" within 20 last bridge "b1 vid 0005" in
check "and the listener" within 20 last bridge "b1 listener" "ready"
check "and the talker hears of it" within 20 last talker "listener" "ready"
check "media comes" hears l
check "but to nobody else" deaf m

reserve two l
check "a second process reserves the same" within 20 last two "" "ready: to $mac"
within 20 test "$(inside l grep -c '@avtpmap-srp/.*/3/' /proc/net/unix)" -ge 2
stop one
sleep 1
check "the first one ends, and nothing is withdrawn" not grep -qE "b1 (withdrawn|listener.*gone)" "$work/bridge"
check "media still comes" hears l
stop two
check "the last one withdraws" within 10 last bridge "b1 listener" "gone"
check "by saying so" grep -q "b1 withdrawn" "$work/bridge"
check "its VLAN too" within 10 last bridge "b1 vid 0005" "gone"
check "and media stops" deaf l

check "listen --reserve hears it" listens
check "and withdraws after that" within 10 last bridge "b1 listener" "gone"

reserve one l
within 20 last bridge "b1 listener" "ready"
kill -USR1 "${pid[bridge]}"
check "Talker Failed is told by its name" within 20 last one "" "failed: insufficient bandwidth .code 1, bridge 80:00"
check "and asked for all the same" within 20 last bridge "b1 listener" "asking"
kill -USR1 "${pid[bridge]}"
check "until it is advertised again" within 20 last bridge "b1 listener" "ready"

inside b ip link set b1 down
check "the link goes, and the talker with it" within 20 last one "" "no talker is heard"
inside b ip link set b1 up
check "and comes back" within 30 last one "" "ready"

# LeaveAll every 3 s, LeaveTime 1 s, one PDU of four lost
stop bridge
bridge --leaveall 3000 --drop 25
within 30 last bridge "b1 listener" "ready"
check "LeaveAll and lost PDUs: it recovers every time" eval 'sleep 12; within 20 last bridge "b1 listener" "ready"'
stop one KILL
check "kill -9: LeaveAll ends it" within 30 last bridge "b1 listener" "gone"

if [ -n "${pid[tshark]:-}" ]; then
	stop tshark INT
	frames=$(tshark -r "$work/wire/pcap" -T fields -e frame.number 2>/dev/null | wc -l)
	bad=$(tshark -r "$work/wire/pcap" -Y '_ws.malformed' 2>/dev/null | wc -l)
	check "tshark finds none of $frames MRPDUs malformed" test "$frames" -gt 20 -a "$bad" = 0
else
	n=$((n + 1))
	echo "ok $n - no MRPDU is malformed # SKIP tshark is not installed"
fi
