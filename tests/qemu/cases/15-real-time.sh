# SPDX-License-Identifier: GPL-2.0
# A listener that runs as SCHED_FIFO, and on Debian's -rt kernel, where the
# receive path runs in threads and what it locks may sleep.

case_fifo_listener_is_bit_exact()
{
	local seconds=4 frames sent

	if is_slow; then seconds=1; fi
	frames=$((seconds * 8000))
	guest 'uname -srv'
	if [ "$guest_kernel" = rt ]; then guest "uname -v | grep PREEMPT_RT"; fi
	guest "avtpmap add eth0 $stream vid=2 ms=12000 stride=512"
	guest_start listen "chrt -f 80 avtpmap listen eth0 $stream --period 64 --samples $((6 * frames)) --wav /share/fifo.wav --json"
	guest_until "avtpmap show --json | jq -e '.ports[].streams[].readers == 1' >/dev/null"
	guest 'chrt -p $(pgrep -x avtpmap)' | grep SCHED_FIFO
	tap_start
	talk S16BE 2 48000 6 "$frames"
	sent=$(wire_stop talker)
	same "$sent" "frames=$frames"
	guest_wait listen >"$work/listen.json"
	same "$(json '"\(.frames) \(.lost) \(.overruns) \(.wakes)"' "$work/listen.json")" \
		"$frames 0 0 $((6 * frames / 64))"
	check_wav "$share/fifo.wav" S16BE 2 48000
	echo "# $frames frames, $(json .wakes "$work/listen.json") wakes issued, on $(guest 'uname -rv')"
}
