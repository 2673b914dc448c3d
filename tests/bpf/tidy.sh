#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: tidy.sh OTHER.BPF.O
# What cannot be done is refused in words, and leaves nothing; what is left by
# the dead goes with doctor --clean, or with the next attach. As root.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
avtpmap=$here/../../build/tools/avtpmap
other=$1
[ "${2-}" = inside ] || exec unshare -n "$0" "$other" inside

id=02:00:5e:10:00:01:00:01
ns=$(stat -Lc %i /proc/self/ns/net)
n=0
bad=0

ok()
{
	n=$((n + 1))
	echo "ok $n - $1"
}

not_ok()
{
	n=$((n + 1))
	bad=1
	echo "not ok $n - $1"
	echo "# $2"
}

pins()
{
	compgen -G "/sys/fs/bpf/avtpmap/$1-*"
	compgen -G "/run/avtpmap/$1-*"
}

program()
{
	ip -d link show "$1" | grep -o 'prog/xdp.* id [0-9]*'
}

# check WHAT SAID COMMAND...: the command succeeds
check()
{
	local what=$1 said=$2

	shift 2
	if "$@"; then
		ok "$what"
	else
		not_ok "$what" "$said"
	fi
}

# refused WHAT TEXT COMMAND...: fails, says TEXT, and leaves nothing
refused()
{
	local what=$1 text=$2 said

	shift 2
	if said=$("$@" 2>&1); then
		not_ok "$what" "it succeeded: $said"
	elif [[ $said != *"$text"* ]]; then
		not_ok "$what" "said: $said"
	elif pins "$ns" || program port0 | grep -v "$theirs"; then
		not_ok "$what" "something is left"
	else
		ok "$what"
	fi
}

# On any kernel, whether it has dispatchers or not.
attach()
{
	"$avtpmap" attach --backend xdp --alone "$1"
}

nothing_left()
{
	if pins "$2" || program port0; then
		not_ok "$1" "something is left"
	else
		ok "$1"
	fi
}

ip link add port0 type veth peer name wire0
ip link set port0 up
ip link set wire0 up
theirs=none
"$avtpmap" doctor --backend xdp --clean >/dev/null # of a namespace of the same number
trap 'rm -rf "/sys/fs/bpf/avtpmap/$ns-"* "/run/avtpmap/$ns-"*' EXIT

refused "unprivileged: which capabilities are missing" "needs CAP_BPF and CAP_NET_ADMIN" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$avtpmap" attach --backend xdp port0
refused "bpf() is refused to root: the same" "needs CAP_BPF and CAP_NET_ADMIN" \
	setpriv --bounding-set -bpf,-sys_admin "$avtpmap" attach --backend xdp port0
# shellcheck disable=SC2016
refused "too few descriptors: which limit" "ulimit -n" \
	bash -c 'ulimit -n 12; exec "$1" attach --backend xdp port0' sh "$avtpmap"
refused "no such interface" "no such interface" \
	"$avtpmap" attach --backend xdp nonesuch
refused "no Ethernet" "no Ethernet" "$avtpmap" attach --backend xdp lo

ip link set port0 xdp obj "$other" sec xdp 2>/dev/null ||
	ip link set port0 xdpgeneric obj "$other" sec xdp
theirs=$(program port0)
refused "another program without dispatcher: whose place it is" "another XDP program is attached" \
	"$avtpmap" attach --backend xdp port0
check "it stays" "there is $(program port0)" test -n "$theirs" -a "$(program port0)" = "$theirs"
ip link set port0 xdp off 2>/dev/null
ip link set port0 xdpgeneric off 2>/dev/null

# as where the kernel refuses dispatchers
refused "alone, and nobody asked for it: which option" "avtpmap attach port0 --alone" \
	env LIBXDP_SKIP_DISPATCHER=1 "$avtpmap" attach --backend xdp port0
refused "the same when a stream is added" "avtpmap attach port0 --alone" \
	env LIBXDP_SKIP_DISPATCHER=1 "$avtpmap" add --backend xdp port0 "$id"

ip link set port0 down
said=$("$avtpmap" doctor --backend xdp port0)
check "an interface that is down: doctor says so" "$said" grep -q "the interface is down" <<<"$said"
ip link set port0 up

# as if killed between attaching and pinning
attach port0
rm -rf "/sys/fs/bpf/avtpmap/$ns-"*
check "a program without pins is replaced" "" attach port0
rm -rf "/sys/fs/bpf/avtpmap/$ns-"*
"$avtpmap" doctor --backend xdp --clean >/dev/null
nothing_left "or taken off by doctor --clean" "$ns"

# as if killed while adding a stream: half of the port is there
attach port0
rm "/sys/fs/bpf/avtpmap/$ns-"*/rx
"$avtpmap" doctor --backend xdp --clean >/dev/null
nothing_left "a port that is half there goes" "$ns"

there=$(unshare -n bash -c "stat -Lc %i /proc/self/ns/net
	ip link add port0 type veth peer name wire0
	$avtpmap attach --backend xdp --alone port0 && $avtpmap add --backend xdp port0 $id" | head -1)
sleep 0.2
[ -n "$(pins "$there")" ] || not_ok "pins of another namespace" "there were none"
"$avtpmap" doctor --backend xdp --clean >/dev/null
nothing_left "what is pinned for a namespace that is no more goes" "$there"

ip netns add "tidy-$$"
alive=$(ip netns exec "tidy-$$" stat -Lc %i /proc/self/ns/net)
nsenter --net="/run/netns/tidy-$$" bash -c "ip link add port0 type veth peer name wire0
	$avtpmap attach --backend xdp --alone port0 && $avtpmap add --backend xdp port0 $id"
attach port0
"$avtpmap" doctor --backend xdp --clean >/dev/null
check "what is pinned for a namespace that is only mounted stays" "it is gone" test -n "$(pins "$alive")"
"$avtpmap" detach --backend xdp port0
ip netns del "tidy-$$"
sleep 0.2
attach port0
check "until that goes, and the next attach comes" "there still are" test -z "$(pins "$alive")"
"$avtpmap" detach --backend xdp port0
nothing_left "detached, nothing is left" "$ns"

echo "1..$n"
exit $bad
