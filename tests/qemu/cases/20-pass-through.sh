# SPDX-License-Identifier: GPL-2.0
# Whatever is not a registered stream reaches the host's stack unchanged and in
# order: other people's control traffic, and streams that nobody registered.

vectors=$top/../shared/vectors/avb_control_plane.pcapng

# The stack gives a tap frames of several kinds in their order only if it takes them
# one by one: else those that it has a protocol for go first, and GRO's last.
capture_start()
{
	guest 'ethtool -K eth0 gro off && sysctl -q net.core.gro_normal_batch=1'
	guest_start capture 'tcpdump -i eth0 -Q in -B 65536 -U -w /share/got.pcap'
	guest_until 'grep -q "listening on" /tmp/capture.err'
}

# capture_stop FRAMES: when so many have come.
capture_stop()
{
	guest_until "[ \$(tcpdump -r /share/got.pcap -nn 2>/dev/null -t -q | wc -l) -ge $1 ]"
	guest 'pkill -x tcpdump || true'
	guest_wait capture
	guest 'grep "^0 packets dropped by kernel" /tmp/capture.err'
}

# Frames as bytes, without their times.
bytes_of()
{
	tcpdump -r "$1" -nn -t -xx 2>/dev/null | grep '^	0x'
}

check_capture()
{
	diff <(bytes_of "$work/sent.pcap") <(bytes_of "$share/got.pcap") >"$work/difference" || {
		head -n 20 "$work/difference"
		false
	}
}

# The stream's counters and the port's say that only these frames were taken.
check_only_the_stream_counted()
{
	guest "avtpmap show --json" >"$work/show.json"
	json ".ports[].streams[].counters | to_entries[] | select(.value != 0) | .key" "$work/show.json" |
		sort >"$work/counted"
	cat "$work/counted"
	same "$(json '.ports[].streams[].counters.frames_rx' "$work/show.json")" "$1"
	same "$(json '[.ports[].queues[] | .taken + .copied] | add' "$work/show.json")" "$1"
	for name in malformed unsupported_format multibuf too_long conflict other_path no_format frames_lost frames_duplicate; do
		same "$(json ".ports[].streams[].counters.$name" "$work/show.json")" 0
	done
}

need_vectors()
{
	[ -r "$vectors" ] || { echo "no $vectors"; exit 77; }
}

case_control_plane_beside_a_stream()
{
	local frames replayed

	need_vectors
	guest "ip link set eth0 promisc on; avtpmap add eth0 $stream vid=2"
	capture_start
	talk_start
	guest_until "avtpmap stats eth0 $stream --json | jq -e '.[].counters.frames_rx > 0' >/dev/null"
	"$here/wire" --record "$work/sent.pcap" --pps 100 replay "$work/guest" "$vectors" >"$work/replayed"
	replayed=$(sed 's/frames=//' "$work/replayed")
	capture_stop "$replayed"
	frames=$(talk_stop)
	check_capture
	guest_until "avtpmap stats eth0 $stream --json | jq -e '.[].counters.frames_rx == $frames' >/dev/null"
	check_only_the_stream_counted "$frames"
	echo "# $replayed control frames passed while $frames frames of a stream were taken"
}

case_unregistered_stream()
{
	local frames

	frames=$(fewer 8000)
	guest "ip link set eth0 promisc on; avtpmap add eth0 00:1b:21:aa:bb:cc:00:02 vid=2"
	capture_start
	tap_start --record "$work/sent.pcap"
	talk S16BE 2 48000 6 "$frames"
	same "$(wire_stop talker)" "frames=$frames"
	capture_stop "$frames"
	check_capture
	check_only_the_stream_counted 0
	echo "# $frames frames of a stream that is not registered passed"
}

case_module_unloaded()
{
	local frames replayed

	need_vectors
	frames=$(fewer 8000)
	guest 'rmmod avtpmap; ip link set eth0 promisc on; [ -d /sys/module/avtpmap_hook ]'
	capture_start
	"$here/wire" --record "$work/sent.pcap" --pps 100 replay "$work/guest" "$vectors" >"$work/replayed"
	replayed=$(sed 's/frames=//' "$work/replayed")
	capture_stop "$replayed"
	check_capture

	capture_start
	tap_start --record "$work/sent.pcap"
	talk S16BE 2 48000 6 "$frames"
	same "$(wire_stop talker)" "frames=$frames"
	capture_stop "$frames"
	check_capture
	echo "# $replayed control frames and $frames frames of a stream passed"
}
