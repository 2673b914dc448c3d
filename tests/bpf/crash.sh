#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: crash.sh [ROUNDS]
# Eight readers of four streams on a veth; random ones are killed with -9 and
# replaced. Whoever was not killed keeps reading, and after the last one and one
# "avtpmap doctor --clean" no reader is left. As root.
set -uo pipefail

rounds=${1:-200}
[ "${2-}" = inside ] || exec unshare -n "$0" "$rounds" inside

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

base=0x02005e10000100
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; $avtpmap --backend=xdp drain port0 2>/dev/null; $avtpmap detach --backend xdp port0 2>/dev/null' EXIT

fail()
{
	echo "not ok - crash: $*"
	echo 1..1
	exit 1
}

readers()
{
	$avtpmap show --backend xdp --json | grep -o '"readers": *[0-9]*' | awk -F: '{ n += $2 } END { print n + 0 }'
}

start()
{
	$avtpmap listen --backend xdp port0 "${base}0$(($1 % 4 + 1))" >/dev/null 2>&1 &
	pids[$1]=$!
}

ip link add port0 type veth peer name wire0
ip link set port0 up
ip link set wire0 up
$avtpmap attach --backend xdp --alone port0 || fail "cannot attach"
for i in 1 2 3 4; do
	$avtpmap add --backend xdp port0 "${base}0$i" || fail "cannot add"
done
id=$(ip -d link show port0 | grep -o 'prog/xdp id [0-9]*')
for i in {0..7}; do
	start "$i"
done
sleep 1
for ((n = 0; n < rounds; n++)); do
	i=$((RANDOM % 8))
	kill -9 "${pids[i]}"
	wait "${pids[i]}" 2>/dev/null
	for j in {0..7}; do
		[ "$j" = "$i" ] || kill -0 "${pids[j]}" 2>/dev/null || fail "round $n: reader $j is gone"
	done
	start "$i"
done
sleep 1
[ "$(readers)" = 8 ] || fail "$(readers) readers after $rounds rounds, expected 8"
kill -9 "${pids[@]}"
wait "${pids[@]}" 2>/dev/null
$avtpmap doctor --backend xdp --clean >/dev/null
[ "$(readers)" = 0 ] || fail "$(readers) readers are left"
[ "$(ip -d link show port0 | grep -o 'prog/xdp id [0-9]*')" = "$id" ] || fail "another program"
$avtpmap drain --backend xdp port0 || fail "cannot drain"
$avtpmap detach --backend xdp port0 || fail "cannot detach"
ip -d link show port0 | grep -q prog/xdp && fail "the program is left"
pins "$ns" && fail "pins are left"
echo "ok 1 - crash: $rounds rounds of kill -9, nothing is left"
echo 1..1
