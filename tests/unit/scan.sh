#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: scan.sh AVTPMAP
# What the command says of a network: who talks, and that nothing is taken.
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
tool=$1
# shellcheck source-path=SCRIPTDIR source=veth.sh
. "$(dirname "$0")/veth.sh"

other=00:1b:21:aa:bb:cc:00:02

# is JQ: true of what was found last
is() { jq -e "$1" "$work/scan.json" >"$work/jq.err"; }
scan() { timeout 60 "$tool" scan v1 --json "$@" >"$work/scan.json" 2>"$work/scan.err"; }
# stream JQ: of the one that talks
stream() { is ".streams[] | select(.stream_id == \"$id\") | $1"; }
finds() { scan --seconds 1 && is "$1"; }
prints() { timeout 60 "$tool" scan v1 --seconds 1 | grep -qE "^  $id AAF int16 48000/2 +91:e0:f0:00:ab:01 +2 +3 .* Intel Corporate$"; }

# watches: table after table, until it is stopped
watches()
{
	timeout -s INT 3 "$tool" scan v1 --watch --seconds 0.5 >"$work/watch"
	[ "$(grep -c '^v1: .* streams in ' "$work/watch")" -ge 2 ]
}

# promiscuous N: so many want it to be
promiscuous() { [ "$(ip -d -j link show v1 | jq '.[0].promiscuity')" = "$1" ]; }

begin 18
check "nobody talks" exits 1 "no stream is heard on v1" "$tool" scan v1 --seconds 0.3
ip link set v0 down
check "nor can" exits 1 "v1 has no link.*ENOLINK" "$tool" scan v1 --seconds 0.3
ip link set v0 up
check "no such interface" exits 1 "v11.*ENODEV" "$tool" scan v11
check "one that is no port" exits 1 "lo" "$tool" scan lo --seconds 0.3

mkdir -p "$work/udev/hwdb.d" /usr/lib/udev
printf 'OUI:001B20*\n ID_OUI_FROM_DATABASE=Others\n\nOUI:001B21*\n ID_OUI_FROM_DATABASE=Intel Corporate\n' >"$work/udev/hwdb.d/20-OUI.hwdb"
mount --bind "$work/udev" /usr/lib/udev
"$tool" talk v0 $id --format aaf-int16 --mac 91:e0:f0:00:ab:01 --source-mac 00:1b:21:aa:bb:cc >/dev/null 2>"$work/talk.err" &
"$tool" talk v0 $other --format am824 --channels 8 --vid none --lose 2% >/dev/null 2>"$work/other.err" &
until_true "$tool" listen --backend packet v1 $other --samples 48 >/dev/null 2>&1
check "whoever talks is found" scan --seconds 1
check "where to, and how" stream '[.mac, .vid, .priority, .talker] == ["91:e0:f0:00:ab:01", 2, 3, "00:1b:21:aa:bb:cc"]'
check "the format" stream '[.format | .subtype, .encoding, .rate_hz, .channels] == ["AAF", "int16", 48000, 2]'
check "all of it is heard" stream '.heard and .lost == 0 and .refused == 0 and .frames > 1000'
check "without a tag, and with loss" is ".streams[] | select(.stream_id == \"$other\") | .vid == 0 and .lost > 0 and .format.channels == 8"
check "vendors by udev's database" stream '.vendor == "Intel Corporate"'
check "a line for each" prints
timeout 60 "$tool" scan v1.2 --seconds 1 --json >"$work/scan.json" 2>"$work/scan.err"
check "of a VLAN its own" is ".streams | length == 1 and .[0].stream_id == \"$id\" and .[0].vid == 2"
check "again and again" watches
check "nothing is left of it on the interface" until_true promiscuous 0

while frames 1 pdu fa00f8380011223344556677001b21000000000a0000000000080000000400000000000000000000001b21fffe0000010000000000000000000000000000000000000000 &&
	frames 3 length 2000 id 001b21aabbcc0003; do
	sleep 0.1
done &
check "an entity" until_true finds '.entities == [{"entity_id": "00:11:22:33:44:55:66:77", "model_id": "00:1b:21:00:00:00:00:0a",
	"grandmaster_id": "00:1b:21:ff:fe:00:00:01", "mac": "02:a1:00:00:00:01", "vendor": "", "talker_streams": 8, "listener_streams": 4, "valid_s": 0}]'
check "frames that are no good" until_true finds '.streams[] | select(.stream_id == "00:1b:21:aa:bb:cc:00:03") | .refused == .frames and .format == null'
kill %+

if ! "$tool" attach --backend xdp --alone v1 2>/dev/null; then
	skip 2 "XDP is refused here"
	exit
fi
"$tool" add --backend xdp v1 $id >/dev/null
scan --seconds 1
check "what the XDP program takes is told by it" \
	stream '.heard == false and .taken and .backend == "xdp" and .frames_per_s > 100 and .format.rate_hz == 48000'
timeout 60 "$tool" scan v1.2 --seconds 1 --json >"$work/scan.json" 2>"$work/scan.err"
check "by a VLAN's name, too" stream '.taken and .backend == "xdp"'
