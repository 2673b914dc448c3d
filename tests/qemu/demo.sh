#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: demo.sh
# "make demo": one stream from a talker that nobody here wrote, over a wire,
# through our igb and the ring, into a WAV file.
set -euo pipefail

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

rate=48000 per_frame=6 seconds=10
frames=$((seconds * rate / per_frame))
wav=/tmp/avtpmap-demo.wav

step()
{
	printf '\n== %s\n' "$*"
}

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	step 'A Debian 13 root, and this tree installed there: igb and modules by dkms, library, command'
	echo 'The first time this takes some minutes; then it comes from the cache.'
	prepare
	rm -f "$wav"
fi
enter_sandbox "$@"

step 'Boot it in QEMU, with an emulated Intel NIC (igb) at the end of a wire'
setup_host
boot
guest 'ethtool -L eth0 combined 1; ethtool -G eth0 rx 4096; ip link set eth0 up; modprobe avtpmap'
guest_until 'grep -q 1 /sys/class/net/eth0/carrier'
guest 'uname -sr; echo "igb $(cat /sys/module/igb/version), from the initramfs; uses $(lsmod | sed -n "s/^\(avtpmap_hook\) .*igb.*/\1/p")"'

step 'In the guest: avtpmap listen'
guest "avtpmap add eth0 $stream vid=2 ms=12000 stride=512"
guest_start listen "avtpmap listen eth0 $stream --period 64 --samples $((frames * per_frame)) --wav /tmp/demo.wav --json"
guest_until "avtpmap show --json | jq -e '.ports[].streams[].readers == 1' >/dev/null"
guest 'avtpmap show'

step "On this machine: GStreamer sends AAF, 16 bit stereo, $rate Hz, tagged with VLAN 2, for $seconds s"
wire_start talker --tci "$tci" tap "$work/guest" talk0
talk S16BE 2 $rate $per_frame $frames
echo "sent: $(wire_stop talker)"

step 'What came out of the ring'
guest_wait listen | json '"frames \(.frames), samples \(.samples), lost \(.lost), overruns \(.overruns)
wakes issued \(.wakes), one per \(.period) samples; returns of wait \(.waits)"'
guest 'mv /tmp/demo.wav /share/demo.wav'
check_wav "$share/demo.wav" S16BE 2 $rate
cp "$share/demo.wav" "$wav"
shutdown_guest

step "$wav is what the talker was given, bit for bit"
