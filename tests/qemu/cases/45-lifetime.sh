# SPDX-License-Identifier: GPL-2.0
# Ports, streams and readers end under traffic: each reader is told, and nothing
# stays behind.

other=00:1b:21:aa:bb:cc:00:02

# reader_start NAME: a listener whose own process id is in /tmp/NAME.self. It does
# not mind that the talker seems to cease when the NIC goes.
reader_start()
{
	guest_start "$1" "echo \$BASHPID >/tmp/$1.self
		exec avtpmap listen eth0 $stream --samples 1000000000 --json"
}

readers_are()
{
	guest_until "avtpmap show --json | jq -e '[.ports[].streams[].readers] | add == $1' >/dev/null"
}

frames_come()
{
	guest_until "avtpmap stats eth0 $stream --json | jq -e '.[].counters.frames_rx > 0' >/dev/null"
}

# told NAME: it had read something, and then that its stream is gone.
told()
{
	local status=0

	guest_wait "$1" >"$work/$1.json" || status=$?
	same "$status" 1
	guest "grep -x 'avtpmap: eth0: the stream was deleted, or its interface went.* \[ENODEV\]' /tmp/$1.err"
	[ "$(json .frames "$work/$1.json")" -gt 0 ]
}

case_pci_remove_and_rescan()
{
	local pci

	pci=$(guest 'basename $(readlink /sys/class/net/eth0/device)')
	guest "avtpmap add eth0 $stream vid=2 && avtpmap add eth0 $other mac=91:e0:f0:00:0e:81 vid=3"
	talk_start
	reader_start reader
	readers_are 1
	frames_come
	nic_queues_back
	guest "echo 1 >/sys/bus/pci/devices/$pci/remove"
	told reader
	guest '[ ! -e /sys/class/net/eth0 ]'
	same "$(guest 'avtpmap show --json' | json '.ports | length')" 0

	guest 'echo 1 >/sys/bus/pci/rescan'
	nic_up
	same "$(guest 'avtpmap show --json' | json '[.ports[] | select(.mem_used > 0)] | length')" 0
	# Room enough that no machine is too slow: what a listener misses is a fault.
	guest "avtpmap add eth0 $stream vid=2 ms=2000 stride=512"
	guest_start again "avtpmap listen eth0 $stream --samples 4800 --json"
	same "$(guest_wait again | json .samples)" 4800
	# With a stream, and again without the port.
	nic_queues_back
	guest "echo 1 >/sys/bus/pci/devices/$pci/remove; rmmod avtpmap igb avtpmap_hook
		echo 1 >/sys/bus/pci/rescan; modprobe igb"
	nic_up
	guest 'modprobe avtpmap'
	echo "# a reader and a listener after it, during $(talk_stop) frames"
}

# round N: one reader is killed, the other's stream goes in one of three ways.
round()
{
	guest "modprobe avtpmap && avtpmap add eth0 $stream vid=2 && avtpmap add eth0 $other vid=2"
	reader_start killed
	reader_start reader
	readers_are 2
	frames_come
	guest 'kill -9 $(cat /tmp/killed.self)'
	readers_are 1
	case $(($1 % 3)) in
	0) guest "avtpmap del eth0 $stream" ;;
	1) guest 'avtpmap drain' ;;
	2) guest 'avtpmap drain eth0 && avtpmap detach eth0' ;;
	esac
	told reader
	guest 'avtpmap drain'
	same "$(guest 'avtpmap show --json' | json '[.ports[].mem_used] | add // 0')" 0
	if (($1 % 2)); then guest 'rmmod avtpmap'; fi
}

case_rounds_of_readers_and_streams()
{
	local rounds=6 before i

	if is_slow; then rounds=3; fi
	before=$(guest 'cat /sys/class/net/eth0/carrier_changes')
	talk_start
	for ((i = 0; i < rounds; i++)); do round $i; done
	same "$(guest 'cat /sys/class/net/eth0/carrier_changes')" "$before"
	echo "# $rounds rounds during $(talk_stop) frames"
}
