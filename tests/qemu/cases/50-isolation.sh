# SPDX-License-Identifier: GPL-2.0
# A reader cannot write what others read, nor read what it has no right to.

case_ring_cannot_be_written()
{
	guest "avtpmap add eth0 $stream && avtpmap-isolation eth0 ${stream//:/}" | tee "$work/attempts"
	echo "# $(grep -c ^ok "$work/attempts") attempts came out as they should"
	# Its frames still come.
	guest_start listen "avtpmap listen eth0 $stream --samples 600 --json"
	guest_until "avtpmap show --json | jq -e '.ports[].streams[].readers == 1' >/dev/null"
	tap_start
	talk S16BE 2 48000 6 100
	wire_stop talker
	same "$(guest_wait listen | json .samples)" 600
}

case_nobody_reads_without_the_right()
{
	local nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'

	guest "avtpmap add eth0 $stream"
	if guest "$nobody avtpmap-isolation eth0 ${stream//:/}"; then false; fi
	guest 'avtpmap attach eth0 --group audio'
	guest "setpriv --reuid=65534 --regid=65534 --groups=\$(getent group audio | cut -d: -f3) \
		avtpmap-isolation eth0 ${stream//:/}"
}
