# SPDX-License-Identifier: GPL-2.0
# What doctor says of the clocks behind a port, as they change. The emulated NIC
# (82576) has a PHC and stamps PTP frames only.

# says SUBJECT CHECK STATUS PATTERN
says()
{
	local found

	guest 'avtpmap doctor eth0 --json || true' >"$work/doctor.json"
	found=$(json ".findings[] | select(.subject == \"$1\" and .check == \"$2\") | .status + \" \" + .text" "$work/doctor.json")
	echo "# $1, $2: $found"
	grep -qxE "$3 $4" <<<"$found" || { echo "not '$3 $4'"; false; }
}

# hwtstamp FILTER: as a gPTP daemon asks for it (SIOCSHWTSTAMP).
hwtstamp()
{
	guest "perl -e 'socket(S, 2, 2, 0) or die; my \$c = pack(\"i3\", 0, 0, $1);
		ioctl(S, 0x89b0, pack(\"a16 P x16\", \"eth0\", \$c)) or die \$!'"
}

# phc_set SECONDS: so much ahead of CLOCK_TAI.
phc_set()
{
	guest "perl -e 'open(F, \"+<\", \"/dev/ptp0\") or die; my \$t = pack(\"q2\", 0, 0);
		syscall(228, 11, \$t) and die; my (\$s, \$n) = unpack(\"q2\", \$t);
		syscall(227, (~fileno(F) << 3) | 3, pack(\"q2\", \$s + $1, \$n)) and die \$!'"
}

case_clocks()
{
	local off=0 ptp_v2_event=12

	guest 'avtpmap attach eth0'
	says eth0 hwtstamp note 'off; this NIC cannot stamp every frame, so AVTP frames carry CLOCK_MONOTONIC only'
	hwtstamp $ptp_v2_event
	says eth0 hwtstamp note 'PTP frames only; this NIC cannot stamp every frame, so AVTP frames carry CLOCK_MONOTONIC only'
	hwtstamp $off

	# Read some time after it was set, however long that took.
	phc_set 1000
	says eth0 phc ok '/dev/ptp0 is (999|1000)\.[0-9]{3} s ahead of CLOCK_TAI.*'
	phc_set -100000
	says eth0 phc ok '/dev/ptp0 is (99999|100000)\.[0-9]{3} s behind CLOCK_TAI.*'

	says gptp daemon note 'none is seen, so presentation times mean nothing unless one runs out of sight, .*'
	says gptp phc2sys ok 'does not run: .*'
	guest 'for d in ptp4l phc2sys; do cp /bin/sleep /tmp/$d; /tmp/$d 1000 & done'
	says gptp daemon ok 'ptp4l runs \(process [0-9]+\)'
	says gptp time note 'whether ptp4l \(process [0-9]+\) is synchronised is unavailable: .*'
	says gptp phc2sys ok "runs: a PHC and the system's clock follow each other"
	guest 'pkill -x "ptp4l|phc2sys"'
	says gptp daemon note 'none is seen.*'

	# Looking changed nothing.
	says eth0 hwtstamp note 'off; .*'
	same "$(guest 'avtpmap show --json' | json '.ports[].phc_index')" 0
}

# Ports may be of several backends: what is said and done of all ports is of all.
case_ports_of_two_backends()
{
	guest 'ip link add port0 type veth peer name wire0 && ip link set port0 up && ip link set wire0 up'
	guest_start monitor 'avtpmap monitor'
	# until it listens
	guest_until 'avtpmap attach eth0 && avtpmap detach eth0; grep -q "eth0 port added" /tmp/monitor.out'
	guest_until 'avtpmap attach --backend xdp port0 && sleep 0.1 && avtpmap detach --backend xdp port0
		sleep 0.1; grep -q "port0 port added" /tmp/monitor.out'
	guest 'pkill -x avtpmap'
	guest_wait monitor >&2
	guest "avtpmap add eth0 $stream && avtpmap add --backend xdp port0 $stream"
	same "$(guest 'avtpmap stats --json' | json '[.[].ifname] | join(" ")')" 'eth0 port0'
	guest 'avtpmap doctor --json || true' >"$work/doctor.json"
	same "$(json '[.findings[] | select(.check == "port").subject] | join(" ")' "$work/doctor.json")" 'eth0 port0'
	guest 'avtpmap drain'
	# a VLAN device means its VLAN, whatever it is called
	guest "ip link add link port0 name seven type vlan id 7 && avtpmap add --backend xdp seven $stream"
	same "$(guest 'avtpmap show --backend xdp --json' | json '.ports[0].streams[0].vid')" 7
	guest 'avtpmap drain; ip link del seven'
	same "$(guest 'avtpmap stats --json' | json length)" 0
	guest "avtpmap add --backend xdp port0 $stream && ip link del port0"
	guest 'avtpmap doctor --clean >/dev/null || true'
	same "$(guest 'ls /sys/fs/bpf/avtpmap')" ''
	guest 'avtpmap detach eth0'
}
