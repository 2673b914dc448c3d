#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh packet|xdp|faults [PART_OF_NAME]
#
#    talker -- wire0 ==veth== port0 -- avtpmapsrc -- filesink
#
# What filesink writes is what the talker was given, bit for bit. Nothing has to be
# installed: GStreamer looks where the variables say. As root.
# shellcheck disable=SC2317 # try calls them
set -uo pipefail

part=$1 only=${2-}
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$here/../../build")
[ "${3-}" = inside ] || exec unshare -n -m "$0" "$part" "$only" inside

work=$(mktemp -d -t avtpmap-gst.XXXXXX)
export GST_PLUGIN_PATH=$build/tools/gstreamer GST_REGISTRY=$work/registry
# shellcheck source=tests/wire.sh
. "$here/../wire.sh"

# launch ELEMENT...: what it says is in $work/said
launch()
{
	timeout -k 1 20 "${fast[@]}" gst-launch-1.0 "$@" >"$work/said" 2>&1
}

# record PROPERTIES ELEMENT...: into $work/raw
record()
{
	local properties=$1

	shift
	# shellcheck disable=SC2086 # they are words
	launch avtpmapsrc interface=port0 stream="$a" backend="$backend" $properties ! "$@" \
		filesink location="$work/raw"
}

# ---- what passes is exact ----

buffers_of()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	record "period=$1 num-buffers=$((30000 / $1 + 1))" || return 1
	exact s32 24000 2/32/1
}

as_float()
{
	talk "$a" --format aaf-float --channels 2 --noise 3
	record num-buffers=60 || return 1
	exact float 24000 2/0/3
}

am824()
{
	talk "$a" --format am824 --channels 2 --noise 1
	record num-buffers=60 || return 1
	exact s32 24000 2/24/1
}

# 8 channels have the usual places, which audioconvert mixes; 20 have none.
many_channels()
{
	talk "$a" --format aaf-int32 --channels 8 --noise 1
	record num-buffers=60 || return 1
	exact s32 24000 8/32/1 || return 1
	launch -v avtpmapsrc interface=port0 stream="$a" backend="$backend" num-buffers=3 ! audioconvert ! \
		audio/x-raw,channels=2 ! fakesink || return 1
	says 'audioconvert.*channels=\(int\)2' || return 1
	silence
	talk "$a" --format aaf-int16 --channels 20 --noise 1
	launch -v avtpmapsrc interface=port0 stream="$a" backend="$backend" num-buffers=3 ! fakesink || return 1
	says 'channels=\(int\)20, channel-mask=\(bitmask\)0x0000000000000000'
}

# Buffers follow each other, each from where the one before ended within 2 ms, for
# what is further off is marked, as where the machine had no time for the talker.
in_time()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	launch -v avtpmapsrc interface=port0 stream="$a" backend="$backend" num-buffers=100 ! \
		identity silent=false ! fakesink || return 1
	figures=$(grep -o 'chain.*' "$work/said" | awk '
		function seconds(t, p) { split(t, p, ":"); return p[1] * 3600 + p[2] * 60 + p[3] }
		{
			match($0, /pts: [0-9:.]+/); pts = seconds(substr($0, RSTART + 5, RLENGTH - 5))
			if ($0 ~ /discont/)
				n_discont++
			else if (pts <= last || pts - last > 0.012 || pts - last < 0.008)
				wrong++
			last = pts
		}
		END { printf "%d buffers, %d discont, %d out of line", NR, n_discont, wrong }')
	[[ $figures =~ ^100\ buffers,\ [1-9][0-9]?\ discont,\ 0\ out\ of\ line$ ]] || { echo "$figures"; return 1; }
}

# PDUs as GStreamer's own source would give them: that of the frame's length.
pdus()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	launch -v avtpmapsrc interface=port0 stream="$a" backend="$backend" num-buffers=2000 ! application/x-avtp ! \
		filesink location="$work/pdus" || return 1
	[ "$(stat -c %s "$work/pdus")" = $((2000 * 72)) ] || { stat -c %s "$work/pdus"; return 1; }
	# the samples are behind 24 octets of each
	perl -0777 -ne 'print map { pack "V*", unpack "N*", substr $_, 24 } unpack "(a72)*"' "$work/pdus" >"$work/raw"
	exact s32 12000 2/32/1
}

# GStreamer's depayloader, of the guest's root, for Debian 12 has none.
depayed()
{
	local root

	root=$(compgen -G "${AVTPMAP_CACHE:-/var/cache/avtpmap}/root-*.ext4" | head -n 1)
	[ -n "$root" ] || { figures='# SKIP no guest root with its plugin; make check-qemu makes one'; return; }
	mkdir -p "$work/root"
	mount -o loop,ro "$root" "$work/root" && mount -t tmpfs tmp "$work/root/tmp" &&
		mount -t proc proc "$work/root/proc" && mount -t tmpfs dev "$work/root/dev" &&
		mknod -m 666 "$work/root/dev/null" c 1 3 &&
		mkdir -p "$work/root/tmp/build/tools" && cp -r "$build/lib" "$work/root/tmp/build/" &&
		cp -r "$build/tools/gstreamer" "$work/root/tmp/build/tools/" || return 1
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	timeout -k 1 20 chroot "$work/root" env GST_PLUGIN_PATH=/tmp/build/tools/gstreamer GST_REGISTRY=/tmp/registry \
		gst-launch-1.0 avtpmapsrc interface=port0 stream="$a" backend=packet num-buffers=4100 ! \
		avtpaafdepay streamid="0x${a//:/}" ! filesink location=/tmp/be >"$work/said" 2>&1 ||
		return 1
	perl -0777 -ne 'print pack "V*", unpack "N*"' "$work/root/tmp/be" >"$work/raw"
	exact s32 24000 2/32/1
}

# ---- what goes wrong is said ----

paused()
{
	talk_with_a_pause
	record num-buffers=300 || return 1
	came s32 2/32/1
}

# It goes on, with the mark.
restarted()
{
	talk_twice
	launch -v avtpmapsrc interface=port0 stream="$a" backend="$backend" num-buffers=250 ! \
		tee name=t ! queue ! identity silent=false ! fakesink t. ! queue ! filesink location="$work/raw" ||
		return 1
	[ "$(grep -c 'chain.*discont' "$work/said")" -ge 2 ] || { grep 'chain.*discont' "$work/said"; return 1; }
	says 'gap' || return 1
	came s32 2/32/1 || return 1
	[[ $figures == *gaps\ 1,* ]]
}

reformatted()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1 --change-format "8000:aaf-int32/48000/4"
	launch -v avtpmapsrc interface=port0 stream="$a" backend="$backend" num-buffers=200 ! fakesink || return 1
	says 'caps = audio/x-raw.*channels=\(int\)2' && says 'caps = audio/x-raw.*channels=\(int\)4' || return 1
	talk "$a" --format aaf-int32 --channels 2 --noise 1 --change-format "8000:aaf-int32/48000/4"
	! record num-buffers=400 audio/x-raw,channels=2 ! || return 1
	says "stream $a is AAF int32 with 4 channels at 48000 Hz, which downstream does not take"
}

ended()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1 --seconds 2
	record until-end=true || return 1
	says 'Got EOS' || return 1
	exact s32 480 2/32/1
}

removed()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	(sleep 1 && ip link del port0) &
	! record num-buffers=1000 || return 1
	wait $!
	make_wire
	says "stream $a was deleted, or port0 went"
}

unheard()
{
	timeout -s INT 2 gst-launch-1.0 -e avtpmapsrc interface=port0 stream="$a" backend="$backend" ! fakesink \
		>"$work/said" 2>&1
	says 'PLAYING' && says 'Freeing pipeline'
}

no_phc()
{
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	record "num-buffers=20 timestamps=presentation" || return 1
	says 'port0 has no PHC that can be read, so buffers have the time of arrival'
}

# refused PATTERN PROPERTY...
refused()
{
	! launch avtpmapsrc "${@:2}" ! fakesink || return 1
	says "$1"
}

refusals()
{
	refused 'interface= and stream= are needed' interface=port0 || return 1
	refused 'nonsense is not a stream id.*00:1b:21' interface=port0 stream=nonsense || return 1
	refused 'port7: no such' interface=port7 stream="$a" backend=packet || return 1
	talk "$a" --format aaf-int16 --channels 2 --noise 1
	! launch avtpmapsrc interface=port0 stream="$a" backend="$backend" ! audio/x-raw,rate=44100 ! fakesink || return 1
	says "stream $a is AAF int16 with 2 channels at 48000 Hz, which downstream does not take: put audioconvert"
}

killed()
{
	local pid streams

	talk "$a" --format aaf-int32 --channels 2 --noise 1
	gst-launch-1.0 avtpmapsrc interface=port0 stream="$a" backend="$backend" ! filesink buffer-mode=unbuffered \
		location="$work/raw" >"$work/said" 2>&1 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[ -s "$work/raw" ] && break
		sleep 0.1
	done
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	[ -s "$work/raw" ] || { echo "nothing came in 10 s"; return 1; }
	record num-buffers=60 || return 1
	exact s32 24000 2/32/1 || return 1
	streams=$("$avtpmap" stats port0 2>&1)
	[[ $streams != *$a* ]] || { echo "$streams"; return 1; }
}

inspected()
{
	gst-inspect-1.0 avtpmapsrc >"$work/said" 2>&1 || return 1
	says 'AVTP stream source' && says 'application/x-avtp' && says 'until-end'
}

begin()
{
	[ -e "$GST_PLUGIN_PATH/libgstavtpmap.so" ] || skip_all "avtpmapsrc is not built: no libgstreamer-plugins-base1.0-dev"
	command -v gst-launch-1.0 >/dev/null || skip_all "no gst-launch-1.0 (gstreamer1.0-tools)"
	ip link set lo up
	make_wire
	[ "$backend" != xdp ] || $avtpmap attach --backend xdp --alone port0 2>"$work/said" ||
		skip_all "$(head -n 1 "$work/said")"
}

begin
if [ "$part" != faults ]; then
	try "buffers of 64" buffers_of 64
	try "buffers of 480" buffers_of 480
	try "buffers of 1000" buffers_of 1000
	try "PDUs" pdus
	try "one that was killed" killed
else
	try "it is described" inspected
	try "float stays float" as_float
	try "AM824" am824
	try "eight channels" many_channels
	try "times follow each other" in_time
	try "through GStreamer's own depayloader" depayed
	try "a talker that pauses" paused
	try "a talker that begins anew" restarted
	try "another format" reformatted
	try "until the end" ended
	try "the interface goes" removed
	try "nothing is heard" unheard
	try "no PHC" no_phc
	try "what is wrong is named" refusals
fi
plan
