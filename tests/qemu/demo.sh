#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: demo.sh
# "make demo": a stream from a talker that nobody here wrote, over a wire, through
# our igb and the ring, into a WAV file; and again by XDP.
set -euo pipefail

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

rate=48000 per_frame=6 seconds=5
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
nic_up
guest 'modprobe avtpmap'
guest 'uname -sr; echo "igb $(cat /sys/module/igb/version), from the initramfs; uses $(lsmod | sed -n "s/^\(avtpmap_hook\) .*igb.*/\1/p")"'

# hear BACKEND: one stream by it, and a line of the table below.
hear()
{
	local backend=$1 summary

	guest "avtpmap add --backend $backend eth0 $stream vid=2 ms=7000 stride=512"
	guest_start listen "avtpmap listen --backend $backend eth0 $stream --period 64 --samples $((frames * per_frame)) --wav /tmp/demo.wav --json"
	guest_until "avtpmap show --backend $backend --json | jq -e '.ports[].streams[].readers == 1' >/dev/null"
	guest "avtpmap show --backend $backend"
	echo
	wire_start talker --tci "$tci" tap "$work/guest" talk0
	talk S16BE 2 $rate $per_frame $frames
	echo "sent: $(wire_stop talker)"
	summary=$(guest_wait listen)
	guest 'mv /tmp/demo.wav /share/demo.wav'
	check_wav "$share/demo.wav" S16BE 2 $rate
	guest "avtpmap del --backend $backend eth0 $stream && avtpmap detach --backend $backend eth0"
	table+=$(json "[\"$backend\", .frames, .lost, .overruns, .wakes, .wakes * .period / .samples, .waits] | @tsv" <<<"$summary")$'\n'
}

table=$'backend\tframes\tlost\toverruns\twakes\tper period\twaits\n'
echo "GStreamer on this machine sends AAF, 16 bit stereo, $rate Hz, tagged with VLAN 2, for $seconds s each time."

step 'avtpmap listen in the guest, by the module and our igb'
hear kmod
cp "$share/demo.wav" "$wav"

step 'The same by XDP, as on a NIC whose driver is not patched'
# Nobody else registers the VID with the NIC.
guest 'modprobe 8021q; ip link add link eth0 name eth0.2 type vlan id 2; ip link set eth0.2 up'
guest 'avtpmap attach --backend xdp eth0 --xdp generic'
hear xdp
shutdown_guest

step 'Side by side, a period being 64 samples'
printf %s "$table" | expand -t 10,20,30,40,50,62

step "$wav is what the talker was given, bit for bit; so was what XDP brought"
