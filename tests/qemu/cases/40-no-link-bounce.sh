# SPDX-License-Identifier: GPL-2.0
# Streams come and go and the module is unloaded and loaded again under traffic:
# the link does not notice, and no frame is missing on the NIC.

rx_packets()
{
	guest 'ethtool -S eth0 | sed -n "s/^ *rx_packets: //p"'
}

case_streams_and_module_come_and_go()
{
	local frames before received round

	# Promiscuous: all of it reaches the NIC, whether or not a stream asks for it.
	guest 'ip link set eth0 promisc on'
	before=$(guest 'cat /sys/class/net/eth0/carrier_changes')
	received=$(rx_packets)
	guest_start monitor 'ip monitor link'
	# The monitor sees what is an event, and from here on there is none.
	guest_until 'ip link set eth0 alias watched; sleep 0.1; [ -s /tmp/monitor.out ]'
	guest ': >/tmp/monitor.out'
	talk_start
	for ((round = 0; round < 5; round++)); do
		guest "modprobe avtpmap && avtpmap add eth0 $stream vid=2"
		guest_until "avtpmap stats eth0 $stream --json | jq -e '.[].counters.frames_rx > 0' >/dev/null"
		guest "avtpmap add eth0 00:1b:21:aa:bb:cc:00:02 mac=91:e0:f0:00:0e:81 vid=3 &&
			avtpmap del eth0 00:1b:21:aa:bb:cc:00:02 && avtpmap del eth0 $stream &&
			avtpmap detach eth0 && rmmod avtpmap"
	done
	frames=$(talk_stop)
	guest_until "[ \$(ethtool -S eth0 | sed -n 's/^ *rx_packets: //p') -ge $((received + frames)) ]"
	same "$(guest 'cat /tmp/monitor.out')" ''
	same "$(guest 'cat /sys/class/net/eth0/carrier_changes')" "$before"
	echo "# $round rounds of load, add, delete, unload during $frames frames: no link event"
}
