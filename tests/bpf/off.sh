#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: off.sh OTHER.BPF.O
# Somebody takes our program off the interface behind our back: everybody says
# so, and attach puts it back, with the streams and readers that there are. As
# root.
# shellcheck disable=SC2317 # until_true calls some of it
set -uo pipefail

other=$1
[ "${2-}" = inside ] || exec unshare -n "$0" "$other" inside

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

frames=1000

off()
{
	ip link set port0 xdp off
	ip link set port0 xdpgeneric off
}

talk()
{
	"$avtpmap" talk wire0 "$id" --frames "$frames" --vid none >/dev/null
}

# A failed test does not listen forever.
listen()
{
	timeout 60 "$avtpmap" listen "$@"
}

# told EVENT: the monitor told of it, of the port
told()
{
	jq -es "any(.[]; .stream_id == null and .events == [\"$1\"])" "$work/events" >/dev/null
}

# count NAME
count()
{
	"$avtpmap" stats --backend xdp port0 "$id" --json | jq ".[0].counters.$1"
}

# until_true COMMAND...: 20 s
until_true()
{
	local _

	for _ in {1..200}; do
		"$@" && return
		sleep 0.1
	done
	return 1
}

has_reader()
{
	[ "$("$avtpmap" show --backend xdp --json | jq '.ports[0].streams[0].readers')" = 1 ]
}

# has_frames N: more than N
has_frames()
{
	[ "$(count frames_rx)" -gt "$1" ]
}

gone="its XDP program was taken off; avtpmap attach port0"
work=$(mktemp -d -t avtpmap-off.XXXXXX)
veth_up
trap 'rm -rf "$work" "/sys/fs/bpf/avtpmap/n$ns-"*' EXIT

attach port0
"$avtpmap" add --backend xdp port0 "$id"
was=$(program)
timeout 60 "$avtpmap" monitor --backend xdp port0 --json >"$work/events" &
monitor=$!
listen port0 "$id" --samples $((12 * frames)) --json >"$work/reader" 2>/dev/null &
reader=$!
until_true has_reader
talk
off
check "show tells that the program is off" "said: $(shown)" test "$(shown)" = off
said=$("$avtpmap" show)
check "and what to run" "$said" grep -q "off: .* avtpmap attach port0" <<<"$said"
says "doctor finds it bad" "somebody took the XDP program off" "$avtpmap" doctor port0
said=$("$avtpmap" doctor --json port0 | jq -r '.findings[] | select(.check == "program").fix')
check "and says what to run" "$said" test "$said" = "avtpmap attach port0"
says "a reader is refused: no other backend is taken instead" "$gone" listen port0 "$id"
says "so is a stream" "$gone" "$avtpmap" add port0 02:00:5e:10:00:01:00:02
check "nobody put it back in passing" "there is $(program)" test -z "$(program)"
talk
check "what comes meanwhile is not counted" "$(count frames_rx) frames" test "$(count frames_rx)" = "$frames"
until_true told off
check "a monitor tells that it is off" "$(cat "$work/events")" told off
check "and not yet that it is on" "$(cat "$work/events")" eval '! told on'
attach port0
until_true told on
check "and then that it is on again" "$(cat "$work/events")" told on
kill $monitor
wait $monitor
check "attach puts the same program back" "was $was, is $(program)" test "$(program)" = "$was"
talk
wait $reader
said=$(cat "$work/reader")
check "the reader that there was goes on" "$said" test "$(jq .frames <<<"$said")" = $((2 * frames))
check "and so does its stream" "$(count frames_rx) frames" test "$(count frames_rx)" = $((2 * frames))

listen port0 "$id" --until-end >/dev/null 2>"$work/said" &
reader=$!
until_true has_reader
"$avtpmap" talk wire0 "$id" --vid none >/dev/null &
talker=$!
until_true has_frames $((2 * frames))
off
wait $reader
kill $talker
wait $talker 2>/dev/null
check "a listener whose stream ends says why" "$(cat "$work/said")" grep -q "took the XDP program off; avtpmap attach port0" "$work/said"

ip link set port0 xdp obj "$other" sec xdp 2>/dev/null ||
	ip link set port0 xdpgeneric obj "$other" sec xdp
theirs=$(program)
says "another program is there meanwhile: whose place it is" "another XDP program is attached" \
	"$avtpmap" attach --backend xdp --alone port0
check "it stays" "there is $(program)" test "$(program)" = "$theirs"
off
attach --xdp generic port0
check "put back in the mode that is asked for" "$(shown)" test "$(shown)" = "generic, alone"
off
"$avtpmap" attach --backend xdp port0
check "put back in the mode that it had" "$(shown)" test "$(shown)" = "generic, alone"
says "another mode needs detach" "is attached in generic mode" \
	"$avtpmap" attach --backend xdp --alone --xdp native port0
off
says "detach is refused while there are streams, as ever" "avtpmap drain" "$avtpmap" detach port0
"$avtpmap" del port0 "$id"
"$avtpmap" detach port0
nothing_left "streams deleted and detached without it, nothing is left"

finish
