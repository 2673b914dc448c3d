#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh packet|xdp|faults [PART_OF_NAME]
#
#    talker -- wire0 ==veth== port0 -- avtpmap-pipewire -- pipewire -- record
#
# What the recorder's ports carry is what the talker was given, bit for bit as
# float. PipeWire and WirePlumber are started here, with a bus and directories of
# their own, and see no sound card. As root.
# shellcheck disable=SC2317 # try calls them
set -uo pipefail

part=$1 only=${2-}
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$here/../../build")
if [ "${3-}" != inside ]; then
	command -v dbus-run-session >/dev/null ||
		{ echo "ok 1 - $part: # SKIP no dbus-run-session (dbus-daemon)"; echo 1..1; exit; }
	exec unshare -n -m dbus-run-session -- "$0" "$part" "$only" inside
fi

work=$(mktemp -d -t avtpmap-pipewire.XXXXXX)
mkdir -p "$work/run" "$work/home/pipewire/pipewire.conf.d"
echo 'context.properties = { clock.power-of-two-quantum = false }' >"$work/home/pipewire/pipewire.conf.d/any.conf"
export XDG_RUNTIME_DIR=$work/run HOME=$work/home XDG_CONFIG_HOME=$work/home XDG_STATE_HOME=$work/home
unset PIPEWIRE_REMOTE PIPEWIRE_RUNTIME_DIR
# shellcheck source=tests/wire.sh
. "$here/../wire.sh"
program=$build/tools/avtpmap-pipewire
servers=() ours='' recorder=''
trap 'stop_all; stop_servers; cleanup' EXIT

# ---- the graph ----

# await SECONDS WHAT COMMAND...: until it succeeds
await()
{
	local end=$((SECONDS + $1)) what=$2

	until "${@:3}" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "$what: not in $1 s"; return 1; }
		sleep 0.1
	done
}

start_servers()
{
	"${fast[@]}" pipewire >"$work/pipewire.log" 2>&1 &
	servers=($!)
	await 20 "PipeWire" test -S "$XDG_RUNTIME_DIR/pipewire-0" || return 1
	wireplumber >"$work/wireplumber.log" 2>&1 &
	servers+=($!)
}

stop_servers()
{
	kill "${servers[@]}" 2>/dev/null
	wait "${servers[@]}" 2>/dev/null
	servers=()
}

# ports -o|-i NODE: in the order of their channels
ports()
{
	pw-link "$1" 2>/dev/null | grep "^$2:" | sort -V
}

has_ports()
{
	[ "$(ports "$1" "$2" | wc -l)" = "$3" ]
}

# start CHANNELS OPTION... STREAM...: the program; what it says is in $work/said
start()
{
	local channels=$1

	shift
	"${fast[@]}" "$program" --backend "$backend" "$@" >"$work/said" 2>&1 &
	ours=$!
	await 60 "running" grep -q '^running' "$work/said" && await 30 "its ports" has_ports -o avtpmap "$channels"
}

# finish [EXIT]: of itself, or because it is told to; its report is in $work/said
finish()
{
	local code i pid=$ours

	[ -n "${1-}" ] || kill -INT "$pid"
	for ((i = 0; i < 300; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null && echo "it does not end"
	wait "$pid"
	code=$?
	ours=''
	[ "$code" = "${1-0}" ] || { echo "it ended with $code"; return 1; }
}

# listen CHANNELS UNITS: until that many have come, into $work/raw; heard() waits
listen()
{
	local from to

	"${fast[@]}" "$build/pipewire/record" "$1" "$2" "$work/raw" >"$work/record.log" 2>&1 &
	recorder=$!
	await 30 "the recorder's ports" has_ports -i record "$1" || return 1
	while read -r from <&3 && read -r to <&4; do
		pw-link "$from" "$to" || return 1
	done 3< <(ports -o avtpmap) 4< <(ports -i record)
	await 30 "the first unit" sounds 1
}

# sounds TIMES: so often sound has begun
sounds()
{
	[ "$(grep -c begun "$work/record.log")" -ge "$1" ]
}

# heard [now]: all of it, or what there is
heard()
{
	local code i

	[ -z "${1-}" ] || kill -INT "$recorder"
	for ((i = 0; i < 600; i++)); do
		kill -0 "$recorder" 2>/dev/null || break
		sleep 0.1
	done
	kill "$recorder" 2>/dev/null
	wait "$recorder"
	code=$?
	recorder=''
	[ "$code" = 0 ] || { echo "the recorder ended with $code"; cat "$work/record.log"; return 1; }
}

stop_all()
{
	local pid

	for pid in $recorder $ours; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	recorder='' ours=''
}

# in_graph FUNCTION ARGUMENT...: and nothing of ours is left in it
in_graph()
{
	local code

	"$@"
	code=$?
	stop_all
	await 20 "an empty graph" has_ports -o avtpmap 0 && return "$code"
}

# ---- what passes is exact ----

cycles_of()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	start 2 --period "$1" port0 "$a" && listen 2 96000 && heard && finish || return 1
	exact float 96000 2/32/1 || return 1
	figures+="; $(sed -n 's/^cycles/cycles/p' "$work/said")"
	says '^cycles [0-9]+, .* other drivers 0$' && says ' begun 1$'
}

# Which do not come in step: each on a wire that holds its frames up.
two_streams()
{
	talk "$a" "$b" --format "$1" --channels 4 --noise 1 --delay 50%
	start 8 port0 "$a" "$b" && listen 8 48000 && heard && finish || return 1
	exact float 48000 "4/$2/1" "4/$2/2" || return 1
	! says ', skipped [1-9]' >/dev/null || { echo "a cycle began too early"; return 1; }
}

killed()
{
	local streams

	talk "$a" --format aaf-int16 --channels 2 --noise 1
	start 2 port0 "$a" && listen 2 48000 || return 1
	kill -KILL "$ours"
	wait "$ours" 2>/dev/null
	heard now >/dev/null
	await 20 "an empty graph" has_ports -o avtpmap 0 || return 1
	start 2 port0 "$a" && listen 2 48000 && heard && finish || return 1
	exact float 48000 2/16/1 || return 1
	streams=$("$avtpmap" stats port0 2>&1)
	[[ $streams != *$a* ]] || { echo "$streams"; return 1; }
}

# ---- above the library all backends are one ----

as_float()
{
	talk "$a" --format aaf-float --channels 2 --noise 3
	start 2 port0 "$a" && listen 2 48000 && heard && finish || return 1
	exact float 48000 2/0/3
}

many_channels()
{
	talk "$a" --format aaf-int16 --channels 20 --noise 1
	start 20 port0 "$a" && listen 20 24000 && heard && finish || return 1
	exact float 24000 20/16/1
}

# What PipeWire's own tools show.
described()
{
	talk "$a" "$b" --format aaf-int16 --channels 2 --noise 1
	start 4 port0 "$a" "$b" || return 1
	pw-dump >"$work/said" 2>&1
	says '"node.name": "avtpmap"' && says '"node.description": "AVTP streams on port0"' &&
		says "\"avtpmap.stream.2\": \"$b channels 3 to 4\"" && says '"media.class": "Audio/Source"' &&
		says '"port.name": "capture_AUX3"' && says '"minQuantum": 1'
}

has_bytes()
{
	[ "$(stat -c %s "$1")" -ge "$2" ]
}

# PipeWire's recorder, which may be late for buffers of ours: gaps are its.
pw_recorded()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	start 2 port0 "$a" || return 1
	"${fast[@]}" timeout -k 1 60 pw-record --target avtpmap --format f32 --channels 2 --rate 48000 "$work/rec.wav" \
		>"$work/record.log" 2>&1 &
	recorder=$!
	await 40 "two seconds" has_bytes "$work/rec.wav" 768000 || return 1
	kill -INT "$recorder"
	wait "$recorder"
	recorder=''
	finish || return 1
	perl -0777 -ne 'print substr $_, index($_, "data") + 8' "$work/rec.wav" >"$work/raw"
	came float 2/32/1
}

# The graph's clock is the talker's.
clocked()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1 --ppm "$1"
	start 2 port0 "$a" && listen 2 480000 && heard && finish || return 1
	exact float 480000 2/32/1 || return 1
	figures+="; $(grep -o 'rate_diff.*' "$work/record.log"), $(grep '^rate' "$work/said")"
}

# ---- what goes wrong is said ----

# Silence while it pauses; what it sends then is where the pause ended.
paused()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	start 2 port0 "$a" && listen 2 960000 || return 1
	kill -STOP "${talkers[0]}"
	sleep 1
	kill -CONT "${talkers[0]}"
	await 30 "sound again" sounds 2 && heard now && finish || return 1
	came float 2/32/1
}

restarted()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	start 2 port0 "$a" && listen 2 960000 || return 1
	silence
	sleep 0.5
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	await 30 "sound again" sounds 2 && heard now && finish || return 1
	says ' begun [2-9]$' || return 1
	came float 2/32/1 || return 1
	[[ $figures == *gaps\ 1,* ]]
}

reformatted()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	start 2 port0 "$a" && listen 2 9600000 || return 1
	silence
	talk "$a" --format aaf-int32 --channels 4 --noise 1
	finish 1 || return 1
	says "stream $a has another format now than the node was made for \(2 channels at 48000 Hz\): start again"
}

# The other goes on, and both are heard when it is back.
one_silent()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	talk "$b" --format aaf-int16 --channels 2 --noise 2
	start 4 port0 "$a" "$b" && listen 2 96000 || return 1
	kill "${talkers[1]}"
	heard || return 1
	exact float 96000 2/16/1 || return 1
	talk "$b" --format aaf-int16 --channels 2 --noise 2
	listen 4 48000 && heard && finish || return 1
	says "^stream $b: .* begun [2-9]$"
}

unheard()
{
	"$program" --backend "$backend" --seconds 4 port0 "$a" >"$work/said" 2>&1
	[ $? = 1 ] || { echo "that is no failure"; return 1; }
	says "nothing is heard of stream $a on port0, waiting for it; avtpmap listen port0 $a" && says 'ENODATA'
}

other_time()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	talk "$b" --format aaf-int16 --channels 2 --noise 1 --transit 1900000
	start 4 port0 "$a" "$b" && listen 4 24000 && heard && finish || return 1
	says "$b has timestamps of another time than the first stream.* side by side as they come"
}

removed()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	start 2 port0 "$a" && listen 2 9600000 || return 1
	ip link del port0
	finish 1
	code=$?
	make_wire
	[ "$code" = 0 ] && says 'the streams were deleted, or their interface went'
}

# refused EXIT PATTERN ARGUMENT...
refused()
{
	local code

	timeout -k 1 30 "$program" --backend "$backend" "${@:3}" >"$work/said" 2>&1
	code=$?
	[ "$code" = "$1" ] || { echo "${*:3}: exit $code"; return 1; }
	says "$2"
}

refusals()
{
	refused 2 'an interface and 1 to 64 stream ids' port0 || return 1
	refused 2 'nonsense: not a stream id' port0 nonsense || return 1
	refused 2 'quick: no such backend' --backend quick port0 "$a" || return 1
	refused 2 '9: not a number from 16 to 8192' --period 9 port0 "$a" || return 1
	refused 1 'port7.*no such interface' port7 "$a" || return 1
	XDG_RUNTIME_DIR=/nonexistent refused 1 'no PipeWire to connect to.*XDG_RUNTIME_DIR' port0 "$a" || return 1
	talk "$a" --format aaf-int16 --channels 40 --noise 1
	talk "$b" --format aaf-int16 --channels 40 --noise 1
	refused 1 "$b is the stream that makes it 80 channels, and a node of PipeWire has 64" port0 "$a" "$b" || return 1
	silence
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	talk "$b" --format aaf-int16 --channels 2 --noise 1 --rate 96000
	refused 1 "$b has 96000 Hz and another stream 48000" port0 "$a" "$b"
}

# A sink that comes before us as a driver.
driven()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	pw-cli create-node adapter '{ factory.name=support.null-audio-sink node.name=sink media.class=Audio/Sink
		object.linger=true audio.position=[FL,FR] priority.driver=50000 }' >"$work/said" 2>&1
	start 2 port0 "$a" && await 20 "the sink's ports" has_ports -i sink 2 || return 1
	pw-link avtpmap:capture_FL sink:playback_FL || return 1
	await 20 "a word on it" says 'another driver has the graph, .* silence meanwhile' && finish
	pw-cli destroy sink >/dev/null 2>&1
	says 'cycles of other drivers [1-9]'
}

server_gone()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	start 2 port0 "$a" && listen 2 9600000 || return 1
	stop_servers
	finish 1 && says 'PipeWire is gone' || return 1
	stop_all
	start_servers && start 2 port0 "$a" && listen 2 48000 && heard && finish || return 1
	exact float 48000 2/16/1
}

begin()
{
	local command

	[ -x "$program" ] || skip_all "avtpmap-pipewire is not built: no libpipewire-0.3-dev"
	for command in pipewire wireplumber pw-link; do
		command -v "$command" >/dev/null || skip_all "no $command (pipewire, pipewire-bin, wireplumber)"
	done
	ip link set lo up
	make_wire
	[ "$backend" != xdp ] || $avtpmap attach --backend xdp --alone port0 2>"$work/said" ||
		skip_all "$(head -n 1 "$work/said")"
	start_servers >"$work/why" || { n=1 failed=1; echo "not ok 1 - $part: $(cat "$work/why")"; plan; }
}

begin
if [ "$part" != faults ]; then
	for period in 64 100 128 256; do
		try "cycles of $period" in_graph cycles_of "$period"
	done
	try "two streams are in phase" in_graph two_streams aaf-int16 16
	try "one that was killed" in_graph killed
fi
if [ "$part" = packet ]; then # above the library all backends are one
	try "two streams of AM824 are in phase" in_graph two_streams am824 24
	try "float stays float" in_graph as_float
	try "20 channels" in_graph many_channels
	try "what PipeWire shows" in_graph described
	try "pw-record" in_graph pw_recorded
	try "a talker that is 100 ppm fast" in_graph clocked 100
fi
if [ "$part" = faults ]; then
	try "a talker that pauses" in_graph paused
	try "a talker that begins anew" in_graph restarted
	try "another format" in_graph reformatted
	try "one of two is silent" in_graph one_silent
	try "nothing is heard" in_graph unheard
	try "timestamps of another time" in_graph other_time
	try "the interface goes" in_graph removed
	try "what is wrong is named" in_graph refusals
	try "another driver has the graph" in_graph driven
	try "PipeWire goes" in_graph server_gone
fi
plan
