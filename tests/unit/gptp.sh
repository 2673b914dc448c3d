#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: gptp.sh AVTPMAP
# What doctor says of gPTP: two of linuxptp's daemons on a veth, whose clocks they
# leave alone.
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
tool=$1
# shellcheck source-path=SCRIPTDIR source=veth.sh
. "$(dirname "$0")/veth.sh"

# keeps_time IF SOCKET PRIORITY LIMIT: a daemon, with a neighbour within LIMIT ns
keeps_time()
{
	local ro=

	# linuxptp 4 has a second socket, of which each daemon needs its own
	[ "$(/usr/sbin/ptp4l -v 2>&1 | cut -d. -f1)" -lt 4 ] || ro="uds_ro_address $2ro"
	cat >"$work/$1.conf" <<-EOF
		[global]
		transportSpecific 0x1
		network_transport L2
		delay_mechanism P2P
		time_stamping software
		free_running 1
		logAnnounceInterval -2
		logSyncInterval -3
		logMinPdelayReqInterval -2
		follow_up_info 1
		gmCapable 1
		priority1 $3
		neighborPropDelayThresh $4
		uds_address $2
		$ro
		[$1]
	EOF
	/usr/sbin/ptp4l -f "$work/$1.conf" -m >"$work/$1.log" 2>"$work/$1.err" &
}

doctor() { timeout 60 "$tool" doctor v1 --json >"$work/doctor.json" 2>"$work/doctor.err"; }
is() { doctor; jq -e "$1" "$work/doctor.json" >"$work/jq.err"; }
# What is left alone stays uncalibrated.
# says CHECK PATTERN: of v1, or of gptp
says() { is ".findings[] | select((.subject == \"v1\" or .subject == \"gptp\") and .check == \"$1\") | .text | test(\"$2\")"; }

not() { ! "$@"; }
# deaf PATTERN: it hears nothing, and that is among the causes
deaf() { exits 1 "$1" "$tool" listen --backend packet v1 $id --seconds 2.5 >/dev/null; }

begin 11
mount -t tmpfs run /run
check "no daemon" says daemon "^none is seen"
check "and that is what JSON says" is '.gptp == {"answers": false, "ports": []}'
check "nor has a listener that hears nothing" deaf "no gPTP daemon answers"
if [ ! -x /usr/sbin/ptp4l ]; then
	skip 8 "no ptp4l"
	exit
fi
keeps_time v1 /run/ptp4l 250 20000000
check "alone, it is the grandmaster" until_true says time "no other grandmaster"
keeps_time v0 "$work/other" 100 20000000
check "another grandmaster" until_true is '.gptp | .grandmaster != null and (.offset_ns | type) == "number" and .ports[0].state == "uncalibrated"'
check "with its offset" says time "^-?[0-9]+ ns from grandmaster [0-9a-f:]+$"
check "the port, and its neighbour" until_true says gptp "^uncalibrated, -?[0-9]+ ns from its neighbour"
check "which is asCapable" is '.gptp.ports == [.gptp.ports[] | select(.ifname == "v1" and .as_capable)]'
check "a listener does not blame it then" not deaf "gPTP"
kill %1 && wait %1 2>/dev/null
rm -f /run/ptp4l
keeps_time v1 /run/ptp4l 250 1
check "a neighbour that is too far" until_true says gptp "too far .*reserves nothing here"
check "and a listener says so" deaf "finds no neighbour on v1 .*not asCapable"
