#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh BACKEND TALKER [SECONDS]
# TALKER: talk (ours), paused (ours, stopped for half a second), gstreamer (in
# the guest's root) or silent (ours, of one stream of two)
#
#    talker -- wire0 ==veth== port0 -- avtpmap-jack -- jackd (dummy) -- record
#
# What the JACK client's ports carry is what the talker was given: each sample
# recorded is the next of the source, and where that is not so the client has
# counted why. As root.
set -uo pipefail

backend=$1 talker=$2 seconds=${3:-5}
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
avtpmap=$build/tools/avtpmap
[ "${4-}" = inside ] || exec unshare -n -m "$0" "$backend" "$talker" "$seconds" inside

ids=(0x02005e1000000001 0x02005e1000000002)
work=$(mktemp -d -t avtpmap-jack.XXXXXX)
export JACK_DEFAULT_SERVER=avtpmap-$$ JACK_NO_AUDIO_RESERVATION=1 JACK_NO_START_SERVER=1
server='' client='' talkers=()

# shellcheck disable=SC2317 # a trap calls it
cleanup()
{
	kill "${talkers[@]}" 2>/dev/null
	[ -z "$client" ] || kill "$client" 2>/dev/null
	[ -z "$server" ] || kill "$server" 2>/dev/null
	[ "$backend" != xdp ] || $avtpmap detach --backend xdp port0 2>/dev/null
	wait
	umount -R "$work/root" 2>/dev/null
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT

result()
{
	echo "$1 1 - $backend, $talker: $2"
	echo 1..1
	exit "$3"
}
pass() { result ok "$*" 0; }
skip() { result ok "# SKIP $*" 0; }
fail()
{
	tail -n 20 "$work"/*.log
	result 'not ok' "$*" 1
}

# Ahead of whatever else runs here, where that is allowed.
fast=(chrt -f 50)
"${fast[@]}" true 2>/dev/null || fast=()

# ---- talkers ----

start_talk()
{
	"${fast[@]}" "$avtpmap" talk wire0 "${ids[0]}" --format aaf-int16 --channels 2 --noise 1 >"$work/talk1.log" 2>&1 &
	talkers+=($!)
	"${fast[@]}" "$avtpmap" talk wire0 "${ids[1]}" --format aaf-int32 --channels 8 --noise 2 >"$work/talk2.log" 2>&1 &
	talkers+=($!)
	sources=(avtpmap:stream1/2/16/noise/1 avtpmap:stream2/8/32/noise/2)
}

# gst ID FORMAT CHANNELS FILE: 6 samples a frame, as class A has at 48 kHz
gst()
{
	"${fast[@]}" chroot "$work/root" env GST_REGISTRY=/var/cache/gst-registry GST_REGISTRY_UPDATE=no gst-launch-1.0 -q \
		clockselect. \( clock-id=realtime filesrc location="/tmp/$4" ! \
		rawaudioparse format=pcm pcm-format="$2" num-channels="$3" sample-rate=48000 ! \
		audiobuffersplit output-buffer-duration=6/48000 ! clocksync ! \
		avtpaafpay mtt=50000000 tu=1000000 streamid="$1" processing-deadline=0 ! \
		avtpsink ifname=wire0 address=91:e0:f0:00:0e:80 priority=2 processing-deadline=0 \) >"$work/gst$3.log" 2>&1 &
	talkers+=($!)
}

start_gstreamer()
{
	local root

	root=$(compgen -G "${AVTPMAP_CACHE:-/var/cache/avtpmap}/root-*.ext4" | head -n 1)
	[ -n "$root" ] || skip "no guest root to run GStreamer in; make check-qemu makes one"
	mkdir "$work/root"
	mount -o loop,ro "$root" "$work/root" || fail "cannot mount $root"
	mount -t proc proc "$work/root/proc"
	mount --rbind /dev "$work/root/dev"
	mount -t tmpfs tmp "$work/root/tmp"
	head -c $(((seconds + 60) * 48000 * 2 * 2)) /dev/urandom >"$work/root/tmp/s16.raw"
	head -c $(((seconds + 60) * 48000 * 8 * 4)) /dev/urandom >"$work/root/tmp/s32.raw"
	gst "${ids[0]}" s16be 2 s16.raw
	gst "${ids[1]}" s32be 8 s32.raw
	sources=("avtpmap:stream1/2/16/raw/$work/root/tmp/s16.raw" "avtpmap:stream2/8/32/raw/$work/root/tmp/s32.raw")
}

# ---- what came ----

# field NAME NUMBER: of stream NUMBER in the client's report
field()
{
	grep -oE "$1 [0-9]+" "$work/client.log" | sed -n "$2s/.* //p"
}

check_stream()
{
	local n=$1 exact gaps silent excused

	read -r exact gaps silent < <(sed -n "s/.*stream$n: exact \(.*\), gaps \(.*\), silent \(.*\)/\1 \2 \3/p" "$work/record.log")
	# the client's own words for whatever was not there
	excused=$(($(field underruns "$n") + $(field '[^g] overruns' "$n") + $(field 'ring overruns' "$n") +
		$(field lost "$n") + $(field epochs "$n")))
	[ "$gaps" -le "$excused" ] || fail "stream $n: $gaps gaps, and the client knows of $excused"
	[ "$talker" != paused ] || [ "$(field underruns "$n")" -ge 1 ] || fail "stream $n: no underrun was counted"
	[ "$exact" -ge 48000 ] || fail "stream $n: only $exact samples came"
	figures+="$exact samples exact, $gaps gaps, $silent silent; "
}

[ -x "$build/tools/avtpmap-jack" ] || skip "avtpmap-jack is not built: no libjack-jackd2-dev"
command -v jackd >/dev/null || skip "no jackd (jackd2)"

ip link add port0 type veth peer name wire0
ip link set port0 up
ip link set wire0 up
if [ "$backend" = xdp ]; then
	$avtpmap attach --backend xdp --alone port0 2>"$work/attach.log" || skip "$(cat "$work/attach.log")"
fi
# -S: after an xrun too, a client's buffers are those of its own cycle
"${fast[@]}" jackd -r -S -d dummy -r 48000 -p 256 >"$work/jackd.log" 2>&1 &
server=$!
jack_wait -w -t 20 >"$work/wait.log" 2>&1 || fail "jackd does not start"
case $talker in
talk | paused | silent) start_talk ;;
gstreamer) start_gstreamer ;;
esac
if [ "$talker" = silent ]; then
	SECONDS=0
	timeout 60 "$build/tools/avtpmap-jack" --backend "$backend" --seconds 4 port0 "${ids[0]}" 0x1 >"$work/client.log" 2>&1
	[ $? = 1 ] || fail "one that is not heard is no failure"
	[ $SECONDS -lt 30 ] || fail "--seconds is no limit while it waits"
	[ "$(grep -c 'nothing is heard of stream 00:00:00:00:00:00:00:01 on port0, waiting' "$work/client.log")" = 1 ] ||
		fail "it does not say whom it waits for"
	grep -q 'nothing is heard of stream 00:00:00:00:00:00:00:01.*ENODATA' "$work/client.log" || fail "nor who failed it"
	! grep -q "stream 02:00:5e:10:00:00:00:01" "$work/client.log" || fail "it names one that is heard"
	pass "who is not heard is named"
fi
"${fast[@]}" "$build/tools/avtpmap-jack" --backend "$backend" --fill 50 port0 "${ids[@]}" >"$work/client.log" 2>&1 &
client=$!
for ((i = 0; i < 300; i++)); do
	grep -q '^running' "$work/client.log" && break
	kill -0 "$client" 2>/dev/null || fail "the client ended"
	sleep 0.1
done
sleep 1
jack_lsp -l avtpmap:stream1_1 >"$work/latency.log" 2>&1
grep -qE 'capture latency = \[ 2400 5056 \] frames' "$work/latency.log" || fail "JACK is not told of the fill"
"${fast[@]}" "$build/jack/record" "$seconds" "${sources[@]}" >"$work/record.log" 2>&1 &
recorder=$!
if [ "$talker" = paused ]; then
	sleep 2
	kill -STOP "${talkers[@]}"
	sleep 0.5
	kill -CONT "${talkers[@]}"
fi
wait "$recorder" || fail "not what was sent"
kill -INT "$client"
wait "$client" || fail "the client failed"
client=''

figures=
check_stream 1
check_stream 2
pass "${figures}$(sed -n 's/^cycles/cycles/p; s/^processor/processor/p; s/^context/context/p' "$work/client.log" | paste -sd ';' | sed 's/;/; /g')"
