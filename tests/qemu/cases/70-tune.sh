# SPDX-License-Identifier: GPL-2.0
# avtpmap tune sets the NIC's interrupts from the streams on it, tells of it, and
# puts back what was there. QEMU's igb has no hardware time for AVTP.

settings()
{
	guest 'ethtool -c eth0 | sed -n "s/^rx-usecs: *//p"
		cat /sys/class/net/eth0/napi_defer_hard_irqs /sys/class/net/eth0/gro_flush_timeout' | xargs
}

case_tune_and_undo()
{
	local before frames

	before=$(settings)
	guest "! avtpmap tune eth0 --jitter 2000"	# no stream yet
	guest "avtpmap add eth0 $stream vid=2"
	guest "! avtpmap tune eth0" | grep 'hardware receive time'
	guest "! avtpmap tune eth0 --undo"
	same "$(settings)" "$before"

	guest 'avtpmap tune eth0 --jitter 2000' | grep 'at most every 333 us (a quarter of the period)'
	same "$(settings)" '333 2 333333'
	guest 'avtpmap tune eth0 --jitter 200' | grep 'at most every 200 us (--jitter)'
	same "$(settings)" '200 2 200000'
	guest 'avtpmap doctor eth0' | grep 'tuned: one at most every 200 us'

	# ... and no frame is missing
	guest_start listen "avtpmap listen eth0 $stream --period 64 --seconds 4 --json"
	guest_until "avtpmap show --json | jq -e '.ports[].streams[].readers == 1' >/dev/null"
	talk_start
	guest_wait listen >"$work/listen.json"
	frames=$(talk_stop)
	echo "# $(json .frames "$work/listen.json") of $frames frames heard"
	same "$(json .lost "$work/listen.json")" 0
	[ "$(json .frames "$work/listen.json")" -gt 1000 ]

	guest 'avtpmap tune eth0 --undo'
	same "$(settings)" "$before"
	guest '! avtpmap tune eth0 --undo'
}
