# SPDX-License-Identifier: GPL-2.0
# avtpmap tune: what it sets at the NIC, what it refuses, what it puts back, and
# that a stream which comes in fewer interrupts is the same stream.

# Coalescing, us, and NAPI's deferral: ns, polls
interrupts()
{
	guest 'ethtool -c eth0 | sed -n "s/^rx-usecs:[[:space:]]*//p"
		cat /sys/class/net/eth0/{gro_flush_timeout,napi_defer_hard_irqs}' | xargs
}

tuned_says_doctor()
{
	guest 'avtpmap doctor eth0 --json || true' |
		json '.findings[] | select(.subject == "eth0" and .check == "interrupts") | .status + " " + .text'
}

# refused PATTERN COMMAND: exit status 1, and nothing was changed
refused()
{
	local before said status=0

	before=$(interrupts)
	said=$(guest "$2 2>&1") || status=$?
	echo "# $said"
	same "$status" 1
	grep -q "$1" <<<"$said"
	same "$(interrupts)" "$before"
}

case_tuned_and_undone()
{
	local frames=16001 samples summary=$work/tuned.json

	if is_slow; then frames=2001; fi
	samples=$((frames * 6))
	guest 'ethtool -C eth0 rx-usecs 55
		echo 20000 >/sys/class/net/eth0/gro_flush_timeout
		echo 1 >/sys/class/net/eth0/napi_defer_hard_irqs
		avtpmap attach eth0 --mem 128M'
	refused 'no streams' 'avtpmap tune eth0 --jitter 10000'
	guest "avtpmap add eth0 $stream vid=2 ms=5000 stride=512"
	# The emulated NIC stamps no AVTP frame.
	refused 'hardware receive time' 'avtpmap tune eth0'
	refused 'is not tuned' 'avtpmap tune eth0 --undo'

	guest 'cd /sys/class/net/eth0 && mount --bind gro_flush_timeout gro_flush_timeout &&
		mount -o remount,bind,ro gro_flush_timeout'
	refused 'only every 333 us; nothing was changed' 'avtpmap tune eth0 --jitter 10000'
	guest 'umount /sys/class/net/eth0/gro_flush_timeout'
	refused 'is not tuned' 'avtpmap tune eth0 --undo'

	guest 'avtpmap tune eth0 --jitter 100'
	same "$(interrupts)" '100 100000 2'
	same "$(guest 'avtpmap tune eth0 --period 64 --jitter 10000')" \
		'eth0: an interrupt at most every 333 us (a quarter of the period); was 100'
	same "$(interrupts)" '333 333333 2'
	same "$(tuned_says_doctor)" \
		'ok tuned: one at most every 333 us, polls every 333 us; avtpmap tune eth0 --undo puts back 55 us'

	guest_start listen "avtpmap listen eth0 $stream --period 64 --samples $samples --wav /tmp/heard.wav --json"
	guest_until "avtpmap show --json | jq -e '.ports[].streams[].readers == 1' >/dev/null"
	tap_start
	talk S16BE 2 48000 6 "$frames"
	same "$(wire_stop talker)" "frames=$frames"
	guest_wait listen >"$summary"
	echo "# $(json .frames "$summary") frames, $(json .wakes "$summary") wakes"
	same "$(json .frames "$summary")" "$frames"
	same "$(json .lost "$summary")" 0
	same "$(json .wakes "$summary")" $((samples / 64))
	guest 'mv /tmp/heard.wav /share/listened.wav'
	check_wav "$share/listened.wav" S16BE 2 48000

	# What was there before the first of the two.
	guest 'avtpmap tune eth0 --undo'
	same "$(interrupts)" '55 20000 1'
	same "$(tuned_says_doctor)" ''
	guest 'ethtool -C eth0 rx-usecs 3
		echo 0 >/sys/class/net/eth0/gro_flush_timeout
		echo 0 >/sys/class/net/eth0/napi_defer_hard_irqs'
}
