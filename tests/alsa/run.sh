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
avtpmap=$build/tools/avtpmap
[ "${3-}" = inside ] || exec unshare -n -m "$0" "$part" "$only" inside

a=02:00:5e:10:00:00:00:01 b=02:00:5e:10:00:00:00:02
backend=$part
[ "$part" != faults ] || backend=packet
work=$(mktemp -d -t avtpmap-alsa.XXXXXX)
export ALSA_PLUGIN_DIR=$build/tools ALSA_CONFIG_PATH=$work/alsa.conf
talkers=() n=0 failed=0

cleanup()
{
	silence
	[ "$backend" != xdp ] || $avtpmap detach --backend xdp port0 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

plan()
{
	echo "1..$n"
	exit $((failed > 0))
}

skip_all()
{
	n=1
	echo "ok 1 - $part: # SKIP $*"
	plan
}

# Ahead of whatever else runs here, where that is allowed.
fast=(chrt -f 50)
"${fast[@]}" true 2>/dev/null || fast=()

# talk ID OPTION...: from now on
talk()
{
	"${fast[@]}" "$avtpmap" talk wire0 "$@" >"$work/talk.log" 2>&1 &
	talkers+=($!)
	disown
}

silence()
{
	local i pid

	for pid in "${talkers[@]}"; do
		kill -CONT "$pid" 2>/dev/null
		kill "$pid" 2>/dev/null
		for ((i = 0; i < 50; i++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
	done
	talkers=()
}

# record PCM OPTION...: into $work/raw; what it says is in $work/said
record()
{
	timeout -k 1 20 "${fast[@]}" arecord -t raw -D "$@" "$work/raw" >"$work/said" 2>&1
}

# exact FORMAT LEAST STREAM...: at least so many units, without a gap
exact()
{
	local format=$1 least=$2 came

	shift 2
	came=$("$build/alsa/compare" "$format" "$work/raw" "$@") || { echo "$came"; return 1; }
	figures=$came
	[[ $came =~ ^exact\ ([0-9]+),\ gaps\ 0,\ silent\ 0$ ]] || { echo "$came"; return 1; }
	[ "${BASH_REMATCH[1]}" -ge "$least" ] || { echo "only $came"; return 1; }
}

# says PATTERN
says()
{
	grep -qE -e "$1" "$work/said" || { echo "it does not say: $1"; return 1; }
}

# try NAME FUNCTION ARGUMENT...
try()
{
	local name=$1

	[[ $name == *$only* ]] || return
	shift
	n=$((n + 1))
	figures=''
	if "$@" >"$work/why" 2>&1; then
		echo "ok $n - $part: $name${figures:+: $figures}"
	else
		echo "not ok $n - $part: $name"
		sed 's/^/# /' "$work/why"
		tail -n 12 "$work/said" | sed 's/^/# said: /'
		failed=$((failed + 1))
	fi
	silence
}

# ---- what passes is exact ----

one_stream()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	record "avtpmap:port0,$a,$backend" -f S32_LE -c 2 -r 48000 --period-size="$1" --buffer-size="$2" -s 24000 ||
		return 1
	exact s32 24000 2/32/1
}

two_streams()
{
	local format=$1 bits=$2

	talk "$a" "$b" --format "$format" --channels 4 --noise 1
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

write_conf()
{
	cat >"$work/alsa.conf" <<-END
		</usr/share/alsa/alsa.conf>
		<$here/../../tools/alsa/60-avtpmap.conf>
		pcm.studio { type avtpmap interface port0 backend $backend streams [ $a "$b" ] }
	END
}

begin()
{
	[ -e "$build/tools/libasound_module_pcm_avtpmap.so" ] || skip_all "the plugin is not built: no libasound2-dev"
	command -v arecord >/dev/null || skip_all "no arecord (alsa-utils)"
	ip link set lo up
	ip link add port0 type veth peer name wire0
	ip link set port0 up
	ip link set wire0 up
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
fi
plan
