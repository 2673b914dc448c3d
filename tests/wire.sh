# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # what run.sh has, or reads
# For run.sh of programs under which streams pass: talkers on wire0, which is a
# veth to port0, and tests that say what came. $part, $only and $build are set.

avtpmap=$build/tools/avtpmap
a=02:00:5e:10:00:00:00:01 b=02:00:5e:10:00:00:00:02
backend=$part
[ "$part" != faults ] || backend=packet
talkers=() n=0 failed=0

cleanup()
{
	silence
	[ "$backend" != xdp ] || $avtpmap detach --backend xdp port0 2>/dev/null
	! mountpoint -q "$work/root" || umount -R "$work/root"
	rm -rf --one-file-system "$work"
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

# One that is stopped for a while, and sends then what it owes.
talk_with_a_pause()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1
	(sleep 1 && kill -STOP "${talkers[0]}" && sleep 1 && kill -CONT "${talkers[0]}") &
}

# One that ends, and another of the same stream.
talk_twice()
{
	talk "$a" --format aaf-int32 --channels 2 --noise 1 --seconds 1.5
	(sleep 2 && exec "$avtpmap" talk wire0 "$a" --format aaf-int32 --channels 2 --noise 1 --seconds 8 >/dev/null 2>&1) &
	talkers+=($!)
}

# came FORMAT STREAM...: what is in $work/raw, in $figures
came()
{
	figures=$("$build/alsa/compare" "$1" "$work/raw" "${@:2}") || { echo "$figures"; return 1; }
}

# exact FORMAT LEAST STREAM...: at least so many units, without a gap
exact()
{
	local least=$2

	came "$1" "${@:3}" || return 1
	[[ $figures =~ ^exact\ ([0-9]+),\ gaps\ 0,\ silent\ 0$ ]] || { echo "$figures"; return 1; }
	[ "${BASH_REMATCH[1]}" -ge "$least" ] || { echo "only $figures"; return 1; }
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

make_wire()
{
	ip link add port0 type veth peer name wire0
	ip link set port0 up
	ip link set wire0 up
}
