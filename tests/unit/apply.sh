#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: apply.sh AVTPMAP
# Interfaces become what files say, by XDP, and what the packet backend makes of it.
# shellcheck disable=SC2317 # check calls some of it
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
tool=$1
# shellcheck source-path=SCRIPTDIR source=veth.sh
. "$(dirname "$0")/veth.sh"

dir=$work/conf
other=00:1b:21:aa:bb:cc:00:02

# file LINE...: what a.conf holds
file()
{
	mkdir -p "$dir" && chmod 755 "$work"
	printf '%s\n' "$@" >"$dir/a.conf"
}

# section LINE...: of v1, by XDP
section()
{
	file '[interface v1]' 'backend = xdp' 'alone = yes' "$@"
}

# applies TEXT ARGUMENT...: and says so, a line of it for each |
applies()
{
	local expected=$1

	shift
	"$tool" apply --dir "$dir" "$@" >"$work/said" 2>"$work/apply.err" || return
	[ "$(paste -sd'|' "$work/said")" = "$expected" ] && return
	sed 's/^/# /' "$work/said"
	return 1
}

# refuses TEXT ARGUMENT...: says so on standard error, and fails
refuses()
{
	local expected=$1

	shift
	exits 1 "$expected" "$tool" apply --dir "$dir" "$@"
}

# is FILTER VALUE: of the port, as show tells
is()
{
	local got

	got=$("$tool" show --backend xdp --json | jq -c ".ports[0] | $1")
	[ "$got" = "$2" ] && return
	echo "# $got"
	return 1
}

no_ports() { [ "$("$tool" show --backend xdp --json | jq '.ports | length')" = 0 ]; }

begin 48
file '[interface v1]' 'backend = packet' "stream = $id"
check "by the packet backend there is nothing to make" applies "v1: nothing to make: by the packet backend each program that opens a stream has its own"
file '[interface v1]' "stream = $id"
check "where nothing better can be had, that is a failure" exits 1 "a.conf:1: of the packet backend|a.conf:1: v1: of the packet.*say backend = packet" \
	setpriv --bounding-set -bpf,-sys_admin "$tool" apply --dir "$dir"
if ! "$tool" attach --backend xdp --alone v1 2>/dev/null; then
	skip 46 "XDP is refused here"
	exit
fi
"$tool" detach --backend xdp v1

section 'mem = 32M' "stream = $id" "stream = $other mode=copy ms=200 vid=5 silence=500 stride=512 mac=91:e0:f0:00:fe:01"
check "what would be done" applies "v1: would be attached by xdp, memory 32.0 MiB|v1: stream $id would be added|v1: stream $other would be added" --dry-run
check "is not" no_ports
check "nor without rights, which is said" exits 1 "a.conf:1: .*CAP_NET_ADMIN.*EPERM" setpriv --reuid 65534 --clear-groups "$tool" apply "$dir/a.conf"
check "it is done, a line each" applies "v1: attached by xdp, memory 32.0 MiB|v1: stream $id added|v1: stream $other added"
check "as the file says" is '[.xdp, .mem_cap]' '["native, alone",33554432]'
check "each stream too" is '.streams[1] | [.stream_id, .mode, .mac, .vid, .ms, .silence, .stride]' "[\"$other\",\"copy\",\"91:e0:f0:00:fe:01\",5,200,500,512]"
check "once more changes nothing" applies "v1: nothing to change"
check "in JSON neither" test "$("$tool" apply --dir "$dir" --json | jq -c .)" = '{"dry_run":false,"failed":false,"changes":[]}'

"$tool" listen --backend xdp v1 $id >"$work/listen.out" 2>"$work/listen.err" &
reader=$!
until_true readers xdp 1
section "stream = $id mode=copy" "stream = $other"
check "what would change, in JSON" test "$("$tool" apply --dir "$dir" --json --dry-run | jq -c '[.dry_run, (.changes[] | [.stream_id, .change, .to, .was])]')" \
	= "[true,[null,\"memory\",\"256.0 MiB\",\"32.0 MiB\"],[\"$other\",\"replaced\",\"mac=any vid=any ms=100 silence=pace mode=take\",\"mac=91:e0:f0:00:fe:01 vid=5 ms=200 silence=500 mode=copy\"],[\"$id\",\"mode\",\"mode=copy\",\"mode=take\"]]"
check "what differs is changed, and made anew where it takes that" applies "v1: memory set to 256.0 MiB, was 32.0 MiB|v1: stream $other made anew with mac=any vid=any ms=100 silence=pace mode=take, was mac=91:e0:f0:00:fe:01 vid=5 ms=200 silence=500 mode=copy|v1: stream $id set to mode=copy, was mode=take"
check "with a reader there" readers xdp 1
check "once more changes nothing" applies "v1: nothing to change"
section "stream = $id mode=copy ms=300"
check "what is read is not made anew" refuses "a.conf:4: v1: stream $id stays as it is, ms=100, as it is being read; .*avtpmap del v1 $id, and apply again .EBUSY"
check "nor would be" refuses "ms=100, as it is being read" --dry-run
check "it goes on" readers xdp 1
check "streams that no file has stay" streams xdp 2
section
check "until they are to go, but for those that are read" refuses "a.conf:1: v1: stream $id stays as it is, as it is being read" --prune
check "the other is gone" streams xdp 1
kill $reader
wait $reader 2>/dev/null
until_true readers xdp 0
check "and this one, when nobody reads it" applies "v1: stream $id deleted, as no file has it" --prune
check "there is none" streams xdp 0

section 'mem = 8M' "stream = $id mode=copy vid=7"
check "from nothing but the port" applies "v1: memory set to 8.0 MiB, was 256.0 MiB|v1: stream $id added"
section 'mem = 8M' "stream = $id ms=10000" "stream = $other"
check "what there is no room for" refuses "a.conf:5: .*memory cap.*EDQUOT"
check "remains as it was" is '.streams[] | select(.stream_id == "'$id'") | [.mode, .vid, .ms]' '["copy",7,100]'
check "and keeps nothing else from being done" streams xdp 2
section "stream = $id mbit=100 stride=512"
applies "" >/dev/null
check "a rate in Mbit/s is one of frames" is '.streams[] | select(.stream_id == "'$id'").rate' $((100 * 125000 / (512 - 64)))
check "and is the same the next time" applies "v1: nothing to change"

ip link set v1 xdp off
check "a program that was taken off" applies "v1: its XDP program put back"
check "is there again" is .xdp '"native, alone"'
section 'xdp = generic' "stream = $id mbit=100 stride=512"
check "another mode takes detaching" refuses "a.conf:1: v1 stays attached as it is, native, alone; .*avtpmap detach v1"
"$tool" drain v1 --wait 5 && "$tool" detach --backend xdp v1
check "and comes then" applies "v1: attached by xdp|v1: stream $id added"
check "as was asked for" is .xdp '"generic, alone"'

"$tool" drain v1 --wait 5 && "$tool" detach --backend xdp v1
file '[interface v2]' 'backend = xdp' "stream = $id" '[interface v1]' 'backend = xdp' 'alone = yes'
check "an interface that is not there" refuses "a.conf:1: v2: no such interface; did you mean v1\?"
check "keeps no other from what it is to be" grep -qx "v1: attached by xdp" "$work/exits.out"
check "and is nothing to who asks for another" applies "v1: nothing to change" --interface v1
check "one that no file has" refuses "no file has a section .interface v3.; did you mean v2\?" --interface v3
section "stream = $id"
printf '[interface v0]\nbackend = xdp\nstream = zz\n' >"$dir/b.conf"
check "a mistake in one file: nothing is done by any" refuses "b.conf:3: zz: not a stream id"
check "not there either" streams xdp 0
printf '[interface v1]\n' >"$dir/b.conf"
check "two files with one interface" refuses "b.conf:1: v1 has its section at .*a.conf:1"
rm "$dir/b.conf"
section "stream = $id ms=512"

"$tool" listen --backend xdp v1 $id >"$work/listen.out" 2>"$work/listen.err" &
reader=$!
until_true readers xdp 1
check "what a listener has made for itself" applies "v1: nothing to change"
kill $reader
wait $reader 2>/dev/null
check "stays when it ends" streams xdp 1
"$tool" drain v1 --wait 5

# reserves TEXT ARGUMENT...: says so, and exits well
reserves()
{
	local expected=$1

	shift
	"$tool" reserve --dir "$dir" "$@" >"$work/said" 2>"$work/apply.err" || return
	grep -qE "$expected" "$work/said" "$work/apply.err"
}

section "stream = $id" "stream = $other reserve=yes"
check "what is to be reserved" reserves "$other no talker is heard" v1 --seconds 0.5
check "and nothing else" test "$(grep -c "$id" "$work/said")" = 0
section "stream = $id"
check "nothing is" reserves "no stream of v1 has reserve=yes" v1
check "an interface that no file has" exits 1 "no file has a section .interface v0.; did you mean v1" "$tool" reserve v0 --dir "$dir"
printf 'x\n' >>"$dir/a.conf"
check "a mistake" exits 1 "a.conf:5: what is x" "$tool" reserve v1 --dir "$dir"
check "streams and a directory" exits 2 "not both" "$tool" reserve v1 $id --dir "$dir"
