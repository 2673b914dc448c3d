#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh packet|xdp|faults [PART_OF_NAME]
#
#    talker -- wire0 ==veth== port0 -- ALSA's plugin -- arecord
#
# What arecord writes is what the talker was given, bit for bit. Nothing has to be
# installed: ALSA looks where the variables say. Each test has its own interfaces
# and talkers. As root.
# shellcheck disable=SC2317 # try calls them
set -uo pipefail

part=$1 only=${2-}
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
[ "${3-}" = inside ] || exec unshare -n -m "$0" "$part" "$only" inside

work=$(mktemp -d -t avtpmap-alsa.XXXXXX)
export ALSA_PLUGIN_DIR=$build/tools ALSA_CONFIG_PATH=$work/alsa.conf
# shellcheck source=tests/wire.sh
. "$here/../wire.sh"

# record PCM OPTION...: into $work/raw; what it says is in $work/said
record()
{
	timeout -k 1 20 "${fast[@]}" arecord -t raw -D "$@" "$work/raw" >"$work/said" 2>&1
}

# ---- what passes is exact ----

one_stream()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 --period-size="$1" --buffer-size="$2" -s 24000 ||
		return 1
	exact s32 24000 2/32/1
}

# Which do not come in step: each on a wire that holds its frames up.
two_streams()
{
	local format=$1 bits=$2

	talk "$a" "$b" --format "$format" --channels 4 --noise 1 --delay 50%
	record studio -f S32_LE -c 8 -r 48000 --period-size=100 -s 24000 || return 1
	exact s32 24000 "4/$bits/1" "4/$bits/2"
}


as_float()
{
	talk "$a" --format aaf-float --channels 2 --noise 3
	record "avtpmap:port0,$a,$backend" -f FLOAT_LE -c 2 -r 48000 -s 24000 || return 1
	exact float 24000 2/0/3 || return 1
	! record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 -s 24000 || return 1
	says 'Available formats'
}

# Integers as float, where a program wants that.
scaled()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 3
	record "avtpmap:port0,$a,$backend" -f FLOAT_LE -c 2 -r 48000 -s 24000 || return 1
	exact float 24000 2/16/3
}

mapped()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	record "avtpmap:port0,$a,$backend" -M -f S32_LE -c 2 -r 48000 --period-size=128 -s 24000 || return 1
	exact s32 24000 2/16/1
}

# ALSA's own conversion behind ours.
plugged()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	record "plug:'avtpmap:port0,$a,$backend'" -f S16_LE -c 2 -r 48000 -s 24000 || return 1
	[ "$(stat -c %s "$work/raw")" = 96000 ]
}

woken()
{
	talk "$a" "$b" --format aaf-int16 --channels 2 --noise 1
	timeout -k 1 20 "${fast[@]}" "$build/alsa/polls" studio "$1" "$2" >"$work/said" 2>&1 || return 1
	figures=$(cat "$work/said")
}

# ---- what goes wrong is said ----

paused()
{
	talk_with_a_pause
	record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 --period-size=64 -s 96000 || return 1
	came s32 2/32/1
}

# An overrun, and arecord goes on.
restarted()
{
	talk_twice
	record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 --period-size=64 -s 96000 || return 1
	says "stream $a began anew" && says 'overrun!!!' || return 1
	came s32 2/32/1 || return 1
	[[ $figures == *gaps\ 1,* ]]
}

reformatted()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1 --change-format "8000:aaf-int32/48000/4"
	! record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 -s 96000 || return 1
	says "$a has 4 channels at 48000 Hz now, and the device was opened for 2" && says 'No such device'
}

one_silent()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	talk "$b" --format aaf-int16 --channels 2 --noise 2 --seconds 2
	! timeout -k 1 5 "${fast[@]}" arecord -t raw -D studio -f S32_LE -c 4 -r 48000 "$work/raw" >"$work/said" 2>&1
	says "stream $b is silent while others go on"
}

unheard()
{
	! record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 -s 24000 || return 1
	says "nothing is heard of stream $a on port0.*CHANNELS=2,RATE=48000.*avtpmap listen port0 $a" || return 1
	(sleep 3 && exec "$avtpmap" talk wire0 "$a" --format aaf-int16 --channels 2 --noise 1 --seconds 5 >/dev/null 2>&1) &
	talkers+=($!)
	record "avtpmap:IF=port0,STREAM=$a,BACKEND=$backend,CHANNELS=2,RATE=48000" -f S32_LE -c 2 -r 48000 -s 24000 ||
		return 1
	exact s32 24000 2/16/1
}

# Half of the time no timestamp is valid: from 3 s to 6 s, and so on.
no_time()
{
	talk "$a" "$b" --format aaf-int16 --channels 2 --noise 1 --tu-toggle 24000
	sleep 3.5
	record studio -f S32_LE -c 4 -r 48000 -s 24000 || return 1
	says "has no valid timestamps: streams are put side by side as they come" || return 1
	[ "$(stat -c %s "$work/raw")" = 384000 ]
}

other_time()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	talk "$b" --format aaf-int16 --channels 2 --noise 1 --transit 1900000
	record studio -f S32_LE -c 4 -r 48000 -s 24000 || return 1
	says "$b has timestamps of another time than the first stream.* side by side" || return 1
	[ "$(stat -c %s "$work/raw")" = 384000 ]
}

two_rates()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	talk "$b" --format aaf-int16 --channels 2 --noise 1 --rate 96000
	! record studio -f S32_LE -c 4 -r 48000 -s 24000 || return 1
	says "$b has 96000 Hz and another stream 48000"
}

removed()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	(sleep 1 && ip link del port0) &
	! record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 -s 96000 || return 1
	wait $!
	make_wire
	says "stream $a was deleted, or port0 went" && says 'No such device'
}

# refused PCM PATTERN
refused()
{
	! record "$1" -f S32_LE -c 2 -r 48000 -s 24000 || return 1
	says "$2"
}

refusals()
{
	refused "avtpmap:port0,nonsense" 'nonsense: not a stream id.*00:1b:21' || return 1
	refused "avtpmap:port0" 'streams: missing' || return 1
	refused avtpmap 'missing' || return 1
	refused "avtpmap:port7,$a,packet" 'port7.*no such interface' || return 1
	refused "avtpmap:port0,$a,quick" 'quick: no such backend' || return 1
	refused typo 'channel: no such key; there are interface, streams' || return 1
	refused nothing 'streams: missing' || return 1
	refused nowhere 'interface: missing' || return 1
	refused number 'needs quotes' || return 1
	refused twice "$a: named twice" || return 1
	! timeout -k 1 5 aplay -q -D "avtpmap:port0,$a,$backend" /dev/zero >"$work/said" 2>&1 || return 1
	says 'for capture only'
}

# One that was killed leaves what the next one takes away.
killed()
{
	local pid streams

	talk "$a" --format aaf-int16 --channels 2 --noise 1
	arecord -t raw -D "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 "$work/raw" >"$work/said" 2>&1 &
	pid=$!
	for ((i = 0; i < 50; i++)); do
		[ -s "$work/raw" ] && break
		sleep 0.1
	done
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	[ -s "$work/raw" ] || { echo "nothing came"; return 1; }
	record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 -s 24000 || return 1
	exact s32 24000 2/16/1 || return 1
	streams=$("$avtpmap" stats port0 2>&1)
	[[ $streams != *$a* ]] || { echo "$streams"; return 1; }
}

# ALSA's own way from one device to another, with a clock of its own.
looped()
{
	command -v alsaloop >/dev/null || { figures='# SKIP no alsaloop (alsa-utils)'; return; }
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	timeout -k 1 3 "${fast[@]}" alsaloop -C "avtpmap:port0,$a,$backend" -P sink -f S32_LE -c 2 -r 48000 -t 50000 \
		-S none -A 1 -b >"$work/said" 2>&1
	came=$("$build/alsa/compare" s32 "$work/sink" 2/16/1) || { echo "$came"; return 1; }
	figures=$came
}

# A program that asks for the delay, and maps.
gstreamed()
{
	gst-inspect-1.0 alsasrc >/dev/null 2>&1 || { figures='# SKIP no alsasrc (gstreamer1.0-tools gstreamer1.0-alsa)'; return; }
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	timeout -k 1 20 "${fast[@]}" gst-launch-1.0 -q alsasrc device="avtpmap:port0,$a,$backend" num-buffers=100 ! \
		audio/x-raw,format=S32LE,channels=2,rate=48000 ! filesink location="$work/raw" >"$work/said" 2>&1 ||
		return 1
	exact s32 24000 2/16/1
}

write_conf()
{
	cat >"$work/alsa.conf" <<-END
		</usr/share/alsa/alsa.conf>
		<$here/../../tools/alsa/60-avtpmap.conf>
		pcm.studio { type avtpmap interface port0 backend $backend streams [ $a "$b" ] }
		pcm.typo { type avtpmap interface port0 streams $a channel 2 }
		pcm.nothing { type avtpmap interface port0 }
		pcm.nowhere { type avtpmap streams "0x1" }
		pcm.number { type avtpmap interface port0 streams 0x02005e1000000001 }
		pcm.twice { type avtpmap interface port0 streams "$a $a" }
		pcm.sink { type file slave.pcm null file "$work/sink" format raw }
	END
}

begin()
{
	[ -e "$build/tools/libasound_module_pcm_avtpmap.so" ] || skip_all "the plugin is not built: no libasound2-dev"
	command -v arecord >/dev/null || skip_all "no arecord (alsa-utils)"
	ip link set lo up
	make_wire
	write_conf
	[ "$backend" != xdp ] || $avtpmap attach --backend xdp --alone port0 2>"$work/said" ||
		skip_all "$(head -n 1 "$work/said")"
}

begin
if [ "$part" != faults ]; then
	try "periods of 64" one_stream 64 4096
	try "periods of 100" one_stream 100 8000
	try "periods of 128" one_stream 128 65536
	try "periods of 256" one_stream 256 2560
	try "two streams are in phase" two_streams aaf-int16 16
	try "two streams of AM824 are in phase" two_streams am824 24
	try "one sleep a period of 64" woken 64 500
	try "one sleep a period of 256" woken 256 150
fi
if [ "$part" = packet ]; then # above the library all backends are one
	try "float stays float" as_float
	try "integers as float" scaled
	try "mapped" mapped
	try "through plug" plugged
	try "alsaloop" looped
	try "alsasrc of GStreamer" gstreamed
fi
[ "$part" = faults ] || try "one that was killed" killed
if [ "$part" = faults ]; then
	try "a talker that pauses" paused
	try "a talker that begins anew" restarted
	try "another format" reformatted
	try "one of two is silent" one_silent
	try "nothing is heard" unheard
	try "two rates" two_rates
	try "no timestamps" no_time
	try "timestamps of another time" other_time
	try "the interface goes" removed
	try "what is wrong is named" refusals
fi
plan
