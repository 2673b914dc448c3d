# SPDX-License-Identifier: GPL-2.0
# The XDP backend on the distribution's igb, through libxdp's dispatcher. Each
# case has a guest of its own, because the driver is another.

# An AAF frame of the stream: 6 samples, stereo, 16 bit.
aaf=91e0f0000e8002000000000122f00281\
0000001b21aabbcc00010000000004500210001800000102030405060708\
090a0b0c0d0e0f101112131415161718

# stock_guest NAME: igb as the distribution built it, no module of ours.
stock_guest()
{
	only_on debian
	another_guest "$1"
	boot
	guest 'modprobe -r avtpmap
		rmmod igb
		modprobe -r avtpmap_hook
		insmod /var/lib/dkms/avtpmap/original_module/*/*/igb.ko.xz
		[ -z "$(lsmod | grep ^avtpmap)" ]'
	nic_up
}

attachment()
{
	guest 'avtpmap show --backend xdp --json' | json '.ports[] | select(.ifname == "eth0").xdp'
}

# attach MODE: by the dispatcher; native resets the link of an igb
attach()
{
	guest "avtpmap attach --backend xdp --xdp $1 --mem 128M eth0"
	guest_until 'grep -q 1 /sys/class/net/eth0/carrier'
	same "$(attachment)" "$1, by dispatcher"
}

# listen SAMPLES ARGUMENTS...: in the background, until so many came
listen()
{
	guest_start listen "avtpmap listen --backend xdp eth0 $stream --period 64 --samples $* --json"
	guest_until "avtpmap show --backend xdp --json | jq -e '.ports[].streams[].readers == 1' >/dev/null"
}

# heard WHAT FRAMES: all of them, none lost, one wake per period
heard()
{
	local summary=$work/listen.json

	guest_wait listen >"$summary"
	echo "# $1: $2 frames sent, $(json '"\(.frames) in the ring, \(.lost) lost, \(.wakes) wakes"' "$summary")"
	same "$(json '"\(.frames) \(.lost) \(.wakes)"' "$summary")" "$2 0 $(($2 * 6 / 64))"
}

# leave: the last stream goes, then we do, and nothing of ours is left
leave()
{
	guest "avtpmap del --backend xdp eth0 $stream; avtpmap detach --backend xdp eth0"
	same "$(guest 'find /sys/fs/bpf/avtpmap /run/avtpmap -mindepth 1')" ''
}

no_program()
{
	same "$(guest 'ip -d link show eth0 | grep -o "prog/xdp.*" || true; find /sys/fs/bpf -name "dispatch*"')" ''
}

# hear_by_xdp MODE: GStreamer's stream, bit for bit
hear_by_xdp()
{
	local frames=16001 sent

	attach "$1"
	guest "avtpmap add --backend xdp eth0 $stream vid=2 ms=5000 stride=512"
	guest 'ip -d -o link show type vlan' | grep -q ' id 2 ' # or the NIC drops them
	listen $((frames * 6)) --wav /tmp/heard.wav
	tap_start
	talk S16BE 2 48000 6 $frames
	sent=$(wire_stop talker)
	same "$sent" "frames=$frames"
	heard "$1" $frames
	guest 'mv /tmp/heard.wav /share/listened.wav'
	check_wav "$share/listened.wav" S16BE 2 48000
	leave
	same "$(guest 'ip -o link show type vlan')" ''
	no_program
}

case_a_stream_by_xdp_on_the_distributions_igb()
{
	stock_guest stream
	hear_by_xdp generic
	hear_by_xdp native
}

theirs()
{
	guest 'avtpmap-other frames'
}

# send OURS [theirs]: 100 frames; we have OURS in all then, and they as many more
send()
{
	local before

	before=$(theirs)
	"$here/wire" --count 100 --streams 1 burst "$work/guest" "$aaf" >/dev/null
	if [ "$1" != 0 ]; then
		guest_until "avtpmap stats --backend xdp eth0 $stream --json | jq -e '.[].counters.frames_rx == $1' >/dev/null"
	fi
	if [ "${2-}" = theirs ]; then guest_until "[ \$(avtpmap-other frames) -eq $((before + 100)) ]"; fi
}

case_beside_another_program_of_libxdp()
{
	stock_guest beside
	guest 'ip link set eth0 allmulticast on' # for theirs, when ours is gone
	# theirs comes first, ours goes first
	guest 'avtpmap-other attach eth0 generic'
	attach generic
	guest "avtpmap add --backend xdp eth0 $stream vid=none mode=copy"
	send 100 theirs
	leave
	send 0 theirs
	guest 'avtpmap-other detach eth0 generic'
	no_program
	# ours comes first, theirs goes first
	attach generic
	guest "avtpmap add --backend xdp eth0 $stream vid=none mode=copy"
	send 100
	guest 'avtpmap-other attach eth0 generic'
	send 200 theirs
	guest 'avtpmap-other detach eth0 generic'
	same "$(attachment)" 'generic, by dispatcher'
	send 300
	leave
	no_program
}

case_a_module_without_hook_in_the_driver_leaves_it_to_xdp()
{
	stock_guest hookless
	guest 'modprobe avtpmap'
	guest 'avtpmap doctor eth0' >"$work/doctor" || true
	grep -E 'kmod|xdp|packet|choice' "$work/doctor"
	guest "avtpmap add eth0 $stream"
	same "$(attachment)" 'generic, by dispatcher'
	guest 'avtpmap doctor eth0' >"$work/doctor" || true
	grep -q 'has no hook' "$work/doctor"
	grep -q 'choice: xdp' "$work/doctor"
	leave
	no_program
}

# Debian 12's 6.1: its verifier takes the programs, and frames go their way.
case_on_the_oldest_kernel()
{
	local mode n=1000

	only_on debian
	[ -n "${AVTPMAP_OLD_KERNEL-}" ] || { echo "apt here does not know Debian 12's 6.1"; exit 77; }
	another_guest old
	guest_vmlinuz=$AVTPMAP_OLD_KERNEL/vmlinuz guest_initrd=$AVTPMAP_OLD_KERNEL/initrd
	boot
	nic_up
	guest 'uname -r' | grep '^6\.1\.'
	for mode in generic native; do
		attach $mode
		guest "avtpmap add --backend xdp eth0 $stream vid=none stride=512 ms=1000"
		listen $((6 * n))
		"$here/wire" --count $n --streams 1 burst "$work/guest" "$aaf" >/dev/null
		heard "$(guest 'uname -r'), $mode" $n
		leave
		no_program
	done
}
