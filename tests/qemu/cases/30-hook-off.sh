# SPDX-License-Identifier: GPL-2.0
# The hook costs a frame nothing while no port is attached: instructions in
# igb's poll, counted by -icount, of the distribution's driver and of ours.

# An AVTP frame that nobody has registered, with 24 bytes of audio.
frame=91e0f0000e80020000000001\
22f0028100000000000000000001aabbccdd020450021000180000\
0102030405060708090a0b0c0d0e0f101112131415161718

# measure MODULE VERSION: how long its polls of 64 frames were.
measure()
{
	guest "rmmod igb; insmod $1 && [ '$2' = \"\$(cat /sys/module/igb/version)\" ] &&
		ethtool -L eth0 combined 1 && ethtool -G eth0 rx 4096 && ethtool -C eth0 rx-usecs 1000 &&
		ip link set eth0 up promisc on" >&2
	guest_until 'grep -q 1 /sys/class/net/eth0/carrier' >&2
	guest 'insmod /usr/lib/avtpmap-polltime.ko' >&2
	"$here/wire" --count 30000 burst "$work/guest" "$frame" >&2
	guest_until 'ethtool -S eth0 | grep -qx " *rx_packets: 30000"' >&2
	guest "rmmod polltime; dmesg | grep -o 'polltime:.*' | tail -n 1"
}

case_hook_off_is_free()
{
	local stock ours a b polls

	only_on debian
	another_guest icount
	guest_accel=(-accel "tcg,thread=single" -smp 1 -icount shift=0)
	guest_cmdline=nokaslr
	boot
	guest 'lsmod | grep ^avtpmap_hook'
	stock=$(measure '/lib/modules/$(uname -r)/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz' '')
	ours=$(measure '/lib/modules/*/updates/dkms/igb.ko.xz' avtpmap-1)
	echo "# distribution's igb: $stock"
	echo "# ours, no port:      $ours"
	for polls in "$stock" "$ours"; do
		[[ $polls =~ polls=([0-9]+) ]]
		[ "${BASH_REMATCH[1]}" -ge 100 ] || { echo 'too few full polls to judge'; false; }
	done
	# the median: now and then a poll of either does more than receive, or less
	a=${stock##*median=} a=${a%% *} b=${ours##*median=} b=${b%% *}
	echo "# instructions per frame: $((a / 64)) and $((b / 64))"
	[ $((100 * b)) -le $((102 * a)) ]
}
