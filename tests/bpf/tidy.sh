#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: tidy.sh OTHER.BPF.O
# What cannot be done is refused in words, and leaves nothing; what is left by
# the dead goes with doctor --clean, or with the next attach. As root.
set -uo pipefail

other=$1
[ "${2-}" = inside ] || exec unshare -n "$0" "$other" inside

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
theirs=none # the program of somebody else

# refused WHAT TEXT COMMAND...: fails, says TEXT, and leaves nothing
refused()
{
	local what=$1 text=$2 said

	shift 2
	if said=$("$@" 2>&1); then
		not_ok "$what" "it succeeded: $said"
	elif [[ $said != *"$text"* ]]; then
		not_ok "$what" "said: $said"
	elif pins "$ns" || program | grep -v "$theirs"; then
		not_ok "$what" "something is left"
	else
		ok "$what"
	fi
}

veth_up

# The checkout may lie where another user may not enter.
readable=$(mktemp -d -t avtpmap-tidy.XXXXXX)
trap 'rm -rf "$readable" "/sys/fs/bpf/avtpmap/n$ns-"*' EXIT
chmod 755 "$readable"
install -D -t "$readable/tools" "$avtpmap"
install -D -t "$readable/lib" "$here/../../build/lib/libavtpmap.so.0"

refused "unprivileged: which capabilities are missing" "needs CAP_BPF and CAP_NET_ADMIN" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$readable/tools/avtpmap" attach --backend xdp port0
refused "the same of whatever backend" "needs CAP_BPF and CAP_NET_ADMIN" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$readable/tools/avtpmap" attach port0
refused "doctor as well: it is not for want of a module" "none without more rights" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$readable/tools/avtpmap" doctor port0
refused "bpf() is refused to root: the same" "needs CAP_BPF and CAP_NET_ADMIN" \
	setpriv --bounding-set -bpf,-sys_admin "$avtpmap" attach --backend xdp port0
# shellcheck disable=SC2016
refused "too few descriptors: which limit" "ulimit -n" \
	bash -c 'ulimit -n 12; exec "$1" attach --backend xdp port0' sh "$avtpmap"
refused "a backend that keeps no port: what to do" "avtpmap listen makes its own" \
	"$avtpmap" attach --backend packet port0
refused "nor a stream" "avtpmap listen makes its own" "$avtpmap" add --backend packet port0 "$id"
refused "no such interface" "no such interface" \
	"$avtpmap" attach --backend xdp nonesuch
refused "no Ethernet" "no Ethernet" "$avtpmap" attach --backend xdp lo

ip link set port0 xdp obj "$other" sec xdp 2>/dev/null ||
	ip link set port0 xdpgeneric obj "$other" sec xdp
theirs=$(program)
refused "another program without dispatcher: whose place it is" "another XDP program is attached" \
	"$avtpmap" attach --backend xdp port0
check "it stays" "there is $(program)" test -n "$theirs" -a "$(program)" = "$theirs"
ip link set port0 xdp off 2>/dev/null
ip link set port0 xdpgeneric off 2>/dev/null

# as where the kernel refuses dispatchers
refused "alone, and nobody asked for it: which option" "avtpmap attach port0 --alone" \
	env LIBXDP_SKIP_DISPATCHER=1 "$avtpmap" attach --backend xdp port0
refused "the same when a stream is added" "avtpmap attach port0 --alone" \
	env LIBXDP_SKIP_DISPATCHER=1 "$avtpmap" add --backend xdp port0 "$id"

# veth's refusal is for more queues there than here
ip link add port1 numrxqueues 1 numtxqueues 1 type veth peer name wire1 numrxqueues 2 numtxqueues 2
refused "native, which the driver refuses: in its own words" "(veth: XDP expects" \
	"$avtpmap" attach --backend xdp --alone --xdp native port1
refused "and what to do" "avtpmap attach port1 --xdp generic" \
	"$avtpmap" attach --backend xdp --alone --xdp native port1
check "that works" "it did not" attach --xdp generic port1
check "in that mode" "$(shown)" test "$(shown)" = "generic, alone"
"$avtpmap" detach port1
nothing_left "and leaves nothing"
ip link add port2 type bridge
refused "native, which the driver does not know" "(Underlying driver does not support XDP in native mode); avtpmap attach port2 --xdp generic" \
	"$avtpmap" attach --backend xdp --alone --xdp native port2
ip link del port1
ip link del port2

# shellcheck disable=SC2016
check "a limit of locked memory is none" "it was" \
	bash -c 'ulimit -l 0; exec "$1" attach --backend xdp --alone port0' sh "$avtpmap"
"$avtpmap" detach port0
nothing_left "and leaves nothing"

ip link set port0 down
said=$("$avtpmap" doctor --backend xdp port0)
check "an interface that is down: doctor says so" "$said" grep -q "the interface is down" <<<"$said"
attach port0
"$avtpmap" add --backend xdp port0 "$id"
said=$(for few in {4..24}; do
	(ulimit -n "$few" && exec "$avtpmap" listen --backend xdp port0 "$id" --seconds 0.1) 2>&1 >/dev/null
done | grep -vE "ulimit -n|nothing (was )?heard of stream|port0 is down")
check "a reader that lacks descriptors is told that it does" "$said" test -z "$said"
"$avtpmap" del --backend xdp port0 "$id"
said=$("$avtpmap" listen --backend xdp --seconds 3 port0 "$id" 2>&1)
check "so does listen, after 2 s" "$said" grep -q "port0 is down: ip link set port0 up" <<<"$said"
ip link set port0 up
"$avtpmap" detach port0
nothing_left "and leaves nothing"

attach port0
ip link set port0 name port9
says "renamed, it is not known by the old name" "port0: no such interface" \
	"$avtpmap" detach --backend xdp port0
check "but by the new one" "it is not" "$avtpmap" detach --backend xdp port9
ip link set port9 name port0
nothing_left "and leaves nothing"

ip link set port0 mtu 65535
attach port0
says "an MTU that no slot holds: what to say" "its MTU of 65535 does not fit a slot; say stride=" \
	"$avtpmap" add --backend xdp port0 "$id"
check "that works" "it did not" "$avtpmap" add --backend xdp port0 "$id" stride=2048
"$avtpmap" drain --backend xdp port0
"$avtpmap" detach port0
says "the same of the packet backend" "its MTU of 65535 does not fit a slot; say stride=" \
	"$avtpmap" listen --backend packet port0 "$id"
says "lo is no Ethernet to it either" "no Ethernet" "$avtpmap" listen --backend packet lo "$id"
ip link set port0 mtu 1500

ip link add port3 type veth peer name wire3
attach port3
"$avtpmap" add --backend xdp port3 "$id"
ip link del port3
says "an interface that went is said so" "port3: no such interface" \
	"$avtpmap" detach --backend xdp port3
said=$("$avtpmap" show --backend xdp)
check "and not shown" "$said" grep -q "^no ports" <<<"$said"
attach port0
check "the next attach takes away what it left" "$(pins "$ns")" test "$(pins "$ns" | wc -l)" = 1
"$avtpmap" detach port0
ip link add port3 type veth peer name wire3
attach port3
ip link del port3
"$avtpmap" doctor --backend xdp --clean >/dev/null
nothing_left "and so does doctor --clean"

# as if killed between attaching and pinning
attach port0
rm -rf "/sys/fs/bpf/avtpmap/n$ns-"*
check "a program without pins is replaced" "" attach port0
rm -rf "/sys/fs/bpf/avtpmap/n$ns-"*
"$avtpmap" doctor --backend xdp --clean >/dev/null
nothing_left "or taken off by doctor --clean"

# as if killed while adding a stream: half of the port is there
attach port0
rm "/sys/fs/bpf/avtpmap/n$ns-"*/rx
"$avtpmap" doctor --backend xdp --clean >/dev/null
nothing_left "a port that is half there goes"

there=$(unshare -n bash -c "$call cookie
	ip link add port0 type veth peer name wire0
	$avtpmap attach --backend xdp --alone port0 && $avtpmap add --backend xdp port0 $id" | head -1)
sleep 0.2
[ -n "$(pins "$there")" ] || not_ok "pins of another namespace" "there were none"
"$avtpmap" doctor --backend xdp --clean >/dev/null
nothing_left "what is pinned for a namespace that is no more goes" "$there"

# a container that has the BPF file system, but not our processes in sight
attach port0
unshare -pf --mount-proc "$avtpmap" doctor --backend xdp --clean >/dev/null
unshare -npf --mount-proc "$avtpmap" doctor --backend xdp --clean >/dev/null
check "who cannot see who lives in a namespace takes none for dead" "it is gone" test -n "$(pins "$ns")"
"$avtpmap" detach port0

ip netns add "tidy-$$"
alive=$(nsenter --net="/run/netns/tidy-$$" "$call" cookie)
nsenter --net="/run/netns/tidy-$$" bash -c "ip link add port0 type veth peer name wire0
	$avtpmap attach --backend xdp --alone port0 && $avtpmap add --backend xdp port0 $id"
attach port0
"$avtpmap" doctor --backend xdp --clean >/dev/null
check "what is pinned for a namespace that is only mounted stays" "it is gone" test -n "$(pins "$alive")"
for few in 4 5 6 7; do
	(ulimit -n $few && exec "$avtpmap" doctor --backend xdp --clean) >/dev/null 2>&1
done
there=$(nsenter --net="/run/netns/tidy-$$" "$avtpmap" show --backend xdp --json | jq -r '.ports[].ifname')
check "nor is it taken for dead for want of a descriptor" "there is: $there" test "$there" = port0
"$avtpmap" detach --backend xdp port0
ip netns del "tidy-$$"
sleep 0.2
attach port0
check "until that goes, and the next attach comes" "there still are" test -z "$(pins "$alive")"
"$avtpmap" detach --backend xdp port0
nothing_left "detached, nothing is left"

finish
