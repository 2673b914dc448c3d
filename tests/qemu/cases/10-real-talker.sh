# SPDX-License-Identifier: GPL-2.0
# GStreamer sends AAF streams, tagged with VID 2, for ten seconds and a frame
# each (one second, for a slow guest). Three listeners with periods of their own
# read one ring: each writes what the talker was given, bit for bit, and is woken
# once a period.

losses='seq_num_mismatch frames_lost frames_duplicate frames_late resync dbc_mismatch
	malformed unsupported_format multibuf too_long conflict other_path no_format'

# check_listener PERIOD FRAMES SAMPLES
check_listener()
{
	local period=$1 frames=$2 samples=$3 name summary=$work/listen$1.json
	local wakes waits

	same "$(json .frames "$summary")" "$frames"
	same "$(json .samples "$summary")" "$samples"
	same "$(json .lost "$summary")" 0
	same "$(json .overruns "$summary")" 0
	same "$(json .epochs "$summary")" 1
	wakes=$(json .wakes "$summary")
	waits=$(json .waits "$summary")
	echo "# period $period: $samples samples, $wakes wakes issued, $waits returns of wait"
	same "$wakes" $((samples / period))
	same "$(json .wakes_deadline "$summary")" 0
	# The end of the stream, which brings the rest of the last period.
	[ "$waits" -le $((wakes + $(json .wakes_event "$summary"))) ]
	for name in $losses; do
		same "$(json ".counters.$name" "$summary")" 0
	done
}

# hear FORMAT CHANNELS RATE SAMPLES_PER_FRAME
hear()
{
	local format=$1 channels=$2 rate=$3 per_frame=$4
	local seconds=10 frames samples period sent missed

	if is_slow; then seconds=1; fi
	frames=$((seconds * rate / per_frame + 1))
	samples=$((frames * per_frame))

	# The ring holds all of it, so that no reader is too slow on any machine.
	guest 'avtpmap attach eth0 --mem 128M'
	guest "avtpmap add eth0 $stream vid=2 ms=12000 stride=512"
	missed=$(nic_losses)
	for period in 64 100 256; do
		guest_start "listen$period" "avtpmap listen eth0 $stream --period $period --samples $samples --wav /tmp/$period.wav --json"
	done
	guest_until "avtpmap show --json | jq -e '.ports[].streams[].readers == 3' >/dev/null"
	# VID 2, no VLAN device, not promiscuous.
	guest '[ -z "$(ip -o link show type vlan)" ] && ! ip -o link show eth0 | grep PROMISC'

	tap_start
	talk "$format" "$channels" "$rate" "$per_frame" "$frames"
	sent=$(wire_stop talker)
	same "$sent" "frames=$frames"

	echo "# $format, $channels channels, $rate Hz: $frames frames sent"
	for period in 64 100 256; do
		guest_wait "listen$period" >"$work/listen$period.json"
		check_listener "$period" "$frames" "$samples"
		guest "mv /tmp/$period.wav /share/listened.wav"
		check_wav "$share/listened.wav" "$format" "$channels" "$rate"
	done
	same "$(guest "avtpmap stats eth0 $stream --json" | json '.[].counters.frames_rx')" "$frames"
	same "$(nic_losses)" "$missed"
	guest "avtpmap del eth0 $stream"
}

case_int16_stereo_48k()
{
	hear S16BE 2 48000 6
}

case_int32_8_channels_48k()
{
	hear S32BE 8 48000 6
}

case_int16_stereo_96k()
{
	hear S16BE 2 96000 12
}

case_int32_8_channels_96k()
{
	hear S32BE 8 96000 12
}
