#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who is who in a world of namespaces: mount namespaces that see the same port or
# another BPF file system; network namespaces that die and are made again, with
# the same numbers; interfaces that leave and return. As root.
# shellcheck disable=SC2317 # functions that are called by name
set -uo pipefail

[ "${1-}" = inside ] || exec unshare -nm "$0" inside

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
away=avtpmap-away-$$
trap 'rm -rf "/sys/fs/bpf/avtpmap/n$ns-"*; ip netns del "$away" 2>/dev/null' EXIT

# another COMMAND: in a mount namespace that has a BPF file system of its own
another()
{
	unshare -m bash -c "umount -l /sys/fs/bpf; mount -t bpf -o mode=0700 bpf /sys/fs/bpf; $1"
}

streams()
{
	"$avtpmap" show --backend xdp --json | jq '[.ports[].streams[]] | length'
}

allmulti()
{
	[ $((0x$(ip -d -o link show "$1" | grep -o 'allmulti [01]' | cut -d' ' -f2))) = 1 ]
}

ip link add port0 type veth peer name wire0
ip link set port0 up
ip link set wire0 up

# ---- mount namespaces ----

attach port0
"$avtpmap" add --backend xdp port0 "$id"
was=$(program)
n_there=$(unshare -m "$avtpmap" show --backend xdp --json | jq '[.ports[].streams[]] | length')
check "another mount namespace, the same BPF file system: the same port" "$n_there streams" test "$n_there" = 1

timeout 60 "$avtpmap" listen --backend xdp port0 "$id" >/dev/null 2>&1 &
reader=$!
for _ in {1..100}; do
	[ "$("$avtpmap" show --backend xdp --json | jq '.ports[0].streams[0].readers')" = 1 ] && break
	sleep 0.1
done
unshare -m bash -c "mount -t tmpfs none /run; $avtpmap add --backend xdp port0 02:00:5e:10:00:01:00:02; $avtpmap del --backend xdp port0 02:00:5e:10:00:01:00:02"
n_there=$("$avtpmap" show --backend xdp --json | jq '.ports[0].streams[0].readers')
check "one with another /run takes no reader for dead" "$n_there readers" test "$n_there" = 1
kill $reader
wait $reader 2>/dev/null

said=$(another "$avtpmap attach --backend xdp --alone port0" 2>&1)
check "another BPF file system: the program is not evicted" "was $was, is $(program)" test "$(program)" = "$was"
check "and it is said why it is refused" "$said" grep -q "whose state is not in this BPF file system" <<<"$said"
said=$(another "$avtpmap doctor --backend xdp --clean; $avtpmap add --backend xdp port0 $id; $avtpmap detach --backend xdp port0" 2>&1)
check "nor by doctor --clean, add or detach" "was $was, is $(program)" test "$(program)" = "$was"
check "its stream is there" "$(streams) streams" test "$(streams)" = 1
"$avtpmap" drain --backend xdp port0
"$avtpmap" detach --backend xdp port0
nothing_left "detached where it was attached, nothing is left"

another "$avtpmap attach --backend xdp --alone port0"
check "one that went with its BPF file system is an orphan" "it was refused" attach port0
"$avtpmap" detach --backend xdp port0
nothing_left "and goes"

# ip netns exec mounts a /sys of its own, which goes with the command
ip netns add "$away"
ip -n "$away" link add port1 type veth peer name wire1
said=$(ip netns exec "$away" "$avtpmap" attach --backend xdp --alone port1 2>&1)
check "ip netns exec: refused, as it would be nowhere" "$said" grep -q "would not outlive it.*nsenter --net=/run/netns/" <<<"$said"
check "and nothing is attached" "there is a program" test -z "$(ip -n "$away" -d link show | grep -o 'prog/xdp.*')"
check "nsenter instead: it works" "it does not" nsenter --net="/run/netns/$away" "$avtpmap" attach --backend xdp --alone port1
nsenter --net="/run/netns/$away" "$avtpmap" detach --backend xdp port1
ip netns del "$away"

# ---- network namespaces, deleted and made again ----

# A namespace that is made right after another was deleted often has its inode.
again=0
for _ in {1..20}; do
	n_there=$(unshare -n bash -c "stat -Lc %i /proc/self/ns/net
		ip link add port0 type veth peer name wire0
		$avtpmap add --backend xdp port0 $id 2>/dev/null || { $avtpmap attach --backend xdp --alone port0 && $avtpmap add --backend xdp port0 $id; }
		$avtpmap show --backend xdp --json | jq '[.ports[].streams[]] | length'" | tail -1)
	[ "$n_there" = 1 ] || again=$n_there
done
check "a namespace that is made again knows nothing of the dead one" "it saw $again streams" test "$again" = 0
attach port0
left=$(find /sys/fs/bpf/avtpmap -maxdepth 1 -name "n*" ! -name "n$ns-*" -newer /proc/self/stat | wc -l)
check "the next attach takes away what they left" "there are $left" test "$left" = 0
"$avtpmap" detach --backend xdp port0

# ---- interfaces with the same number ----

ip link add port2 index 777 type veth peer name wire2
attach port2
"$avtpmap" add --backend xdp port2 "$id"
ip link del port2
ip link add port2 index 777 type veth peer name wire2
said=$("$avtpmap" show --backend xdp --json | jq '[.ports[] | select(.ifindex == 777)] | length')
check "another interface of the same number is no port" "it is shown" test "$said" = 0
says "nor has it that one's streams" "port2 is not attached" "$call" open port2 "$id"
attach port2
check "attached, it has none either" "$(streams)" test "$(streams)" = 0
"$avtpmap" detach --backend xdp port2
ip link del port2
nothing_left "and nothing is left"

# ---- moved, and back ----

# moved_and_back WHAT COMMAND: COMMAND is run while it is away
moved_and_back()
{
	attach port0
	"$avtpmap" add --backend xdp port0 "$id"
	allmulti port0 || not_ok "$1" "it was not on"
	ip netns add "$away"
	ip link set port0 netns "$away"
	eval "$2"
	ip -n "$away" link set port0 netns $$
	ip link set port0 up
	ip netns del "$away"
	said=$("$avtpmap" show --backend xdp --json | jq '.ports | length')
	check "$1: back, it is no port" "$said ports" test "$said" = 0
	says "$1: opened, it is said so" "port0 is not attached" "$call" open port0 "$id"
	if allmulti port0; then
		not_ok "$1: all multicast is as before" "it is on"
	else
		ok "$1: all multicast is as before"
	fi
	nothing_left "$1: nothing is left"
	check "$1: it can be attached" "it cannot" attach port0
	"$avtpmap" detach --backend xdp port0
}

moved_and_back "moved and back" true
moved_and_back "moved, and somebody looked" "$avtpmap doctor --backend xdp --clean >/dev/null"
moved_and_back "moved, and another was attached" \
	"ip link add port3 type veth peer name wire3; attach port3; $avtpmap detach --backend xdp port3; ip link del port3"

attach port0
"$avtpmap" add --backend xdp port0 "$id"
ip netns add "$away"
ip link set port0 netns "$away"
check "attached where it went to, it is a new port" "it is refused" \
	nsenter --net="/run/netns/$away" "$avtpmap" attach --backend xdp --alone port0
said=$(nsenter --net="/run/netns/$away" "$avtpmap" show --backend xdp --json | jq -c '[.ports[] | [.ifname, (.streams | length)]]')
check "which has no streams" "$said" test "$said" = '[["port0",0]]'
check "and no more multicast than before" "it is on" bash -c "! ip -n $away -d -o link show port0 | grep -q 'allmulti 1'"
nsenter --net="/run/netns/$away" "$avtpmap" detach --backend xdp port0
ip netns del "$away"
check "nothing is left in the namespace that it left" "$(pins "$ns")" test -z "$(pins "$ns")"

finish
