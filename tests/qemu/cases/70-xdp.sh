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
		insmod /lib/modules/$(uname -r)/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz
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

nothing_pinned()
{
	same "$(guest 'find /sys/fs/bpf/avtpmap -mindepth 1 2>/dev/null || true
		find /run/avtpmap/leases -type f ! -name lock 2>/dev/null || true')" ''
}

# leave: the last stream goes, then we do, and nothing of ours is left
leave()
{
	guest "avtpmap del --backend xdp eth0 $stream; avtpmap detach --backend xdp eth0"
	nothing_pinned
}

# The kernel frees a program, and its maps, some time after the last pin.
nothing_loaded()
{
	guest_until '! bpftool prog show name avtpmap_rx | grep -q .'
}

# refused TEXT COMMAND: in the guest it fails, and says TEXT
refused()
{
	local said status=0

	said=$(guest "$2 2>&1") || status=$?
	echo "$said"
	[ "$status" != 0 ]
	grep -qF "$1" <<<"$said"
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

# burst N: so many that sequence_num goes on where it was; N in all have come
burst()
{
	"$here/wire" --count 256 --streams 1 burst "$work/guest" "$aaf" >/dev/null
	guest_until "avtpmap stats --backend xdp eth0 $stream --json | jq -e '.[].counters.frames_rx == $1' >/dev/null"
}

# What igb says of a frame that has no room in one of its buffers.
case_igb_refuses_native_for_a_large_mtu()
{
	local attach='avtpmap attach --backend xdp eth0'

	stock_guest mtu
	guest 'ip link set eth0 mtu 9000'
	refused 'igb: The RX buffer size is too small for the frame size' "$attach --xdp native"
	refused 'ip link set eth0 mtu 1500, or avtpmap attach eth0 --xdp generic' "$attach --xdp native"
	nothing_pinned
	no_program
	nothing_loaded
	same "$(guest 'ip -o link show type vlan')" ''
	attach generic
	guest "avtpmap add --backend xdp eth0 $stream vid=none"
	burst 256
	leave
	no_program
	guest 'ip link set eth0 mtu 1500'
	attach native
	guest 'avtpmap detach --backend xdp eth0'
	no_program
}

# taken_off: everybody says so, and nothing comes
taken_off()
{
	same "$(attachment)" off
	refused 'its XDP program was taken off; avtpmap attach eth0' "avtpmap listen eth0 $stream"
	refused 'somebody took the XDP program off' 'avtpmap doctor eth0'
	burst "$1"
}

case_somebody_takes_the_program_off()
{
	stock_guest off
	attach generic
	guest "avtpmap add --backend xdp eth0 $stream vid=none ms=1000"
	# who may not look into a dispatcher does not take it for gone
	refused 'nothing was heard' "setpriv --bounding-set -sys_admin avtpmap listen eth0 $stream --seconds 1"
	listen $((6 * 4 * 256))
	guest_start monitor 'avtpmap monitor --backend xdp eth0 --json'
	guest_until 'ls -l /proc/$(pgrep -f "^avtpmap monitor")/fd | grep -q timerfd'
	burst 256
	guest 'ip link set eth0 xdpgeneric off'	# libxdp does not know
	taken_off 256
	guest_until 'grep -qF "[\"off\"]" /tmp/monitor.out'
	attach generic
	guest_until 'grep -qF "[\"on\"]" /tmp/monitor.out'
	guest 'pkill -f "^avtpmap monitor"'
	same "$(guest 'ls /sys/fs/bpf/xdp | grep -c ^dispatch')" 1
	burst 512
	guest 'avtpmap-other unload eth0'
	taken_off 512
	attach native
	burst 768
	guest 'avtpmap-other attach eth0 native'	# ours moves to a new dispatcher
	burst 1024
	heard 'taken off twice' 1024
	guest 'ip link set eth0 xdp off'
	taken_off 1024
	guest 'avtpmap attach --backend xdp eth0'
	same "$(attachment)" 'native, by dispatcher'	# as it was
	leave
	no_program
	nothing_loaded
}

case_a_nic_that_goes_takes_all_with_it()
{
	stock_guest gone
	attach generic
	guest "avtpmap add --backend xdp eth0 $stream vid=none"
	listen 600
	guest 'rmmod igb'
	refused 'the stream was deleted, or its interface went' 'for i in {1..100}; do [ -e /tmp/listen.status ] && break; sleep 0.1; done; cat /tmp/listen.err; exit $(cat /tmp/listen.status)'
	nothing_pinned
	same "$(guest 'find /sys/fs/bpf -name "dispatch*"')" ''
	nothing_loaded
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
