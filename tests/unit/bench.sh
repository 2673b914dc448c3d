#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: bench.sh AVTPMAP
# "avtpmap bench" on a veth in a network namespace of its own: what it prints and
# how it exits. What the figures are is no matter here.
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --kill-child "$0" "$@"
fi
tool=$1
id=00:1b:21:aa:bb:cc:00:01
n=0

# check NAME COMMAND...: it succeeds
check()
{
	local name=$1

	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
	fi
}

# exits STATUS PATTERN ARGUMENT...: and says so on standard error
exits()
{
	local status=$1 pattern=$2 said got=0

	shift 2
	# shellcheck disable=SC2086 # a command and its arguments
	said=$($tool bench "$@" 2>&1 >/dev/null) || got=$?
	[ "$got" = "$status" ] && [[ $said =~ $pattern ]] && return
	echo "# $got: $said"
	return 1
}

# way NAME FILTER...: the JSON of one way fulfils a condition of perl's
way()
{
	perl -MJSON::PP -e '
		my ($name, $condition) = @ARGV;
		my $o = decode_json(do { local $/; <STDIN> });
		my ($w) = grep { $_->{name} eq $name } @{$o->{ways}};
		my $ids = join " ", @{$o->{streams}};
		exit !($w && eval $condition);' "$1" "$2" <<<"$json"
}

echo 1..16
if [ "$(id -u)" != 0 ] || ! ip link add v0 type veth peer name v1 2>/dev/null; then
	for ((n = 1; n <= 16; n++)); do echo "ok $n - # SKIP needs root and veth"; done
	exit
fi
ip link set v0 up && ip link set v1 up
check "no interface given" exits 2 usage
check "no such interface" exits 1 ENODEV nosuch
check "no stream id" exits 2 EINVAL v1 xyz
tool="setpriv --bounding-set -net_raw $1"
check "not even a raw socket" exits 1 "run as root" v1
tool=$1
check "nothing is heard" exits 1 ENOENT v1
check "nothing comes of the stream" exits 1 ENODATA v1 $id --seconds 0.1

"$tool" talk v0 $id --seconds 60 >/dev/null 2>&1 &
until "$tool" bench v1 $id --seconds 0.1 >/dev/null 2>&1; do sleep 0.1; done
json=$("$tool" bench v1 --seconds 0.5 --json)
# shellcheck disable=SC2016 # perl's
{
	check "it hears the stream" way socket "\$ids eq '$id'"
	check "the packet backend" way packet '!$w->{error} && $w->{frames} > 0 && $w->{wakes} > 0 && $w->{wakes} < $w->{frames}'
	check "a raw socket" way socket '!$w->{error} && $w->{frames} > 0 && $w->{wakes} > 0'
	check "xdp is not attached: what to do" way xdp '$w->{error} =~ /avtpmap attach v1 --backend xdp, with --alone/ && !exists $w->{frames}'
}
text=$("$tool" bench v1 $id --seconds 0.1 | awk '{ print $1, NF }' | grep -E '^(way|packet|socket) ' | xargs)
check "a table" test "$text" = "way 10 packet 8 socket 8"
kill %1

# each way takes its thread with it: the socket's row has the socket's switches
json=$("$tool" bench v1 02:00:5e:10:00:01:00:09 --seconds 0.5 --json 2>/dev/null)
# shellcheck disable=SC2016 # perl's
check "nobody works beside the one that is measured" way socket '!$w->{error} && !$w->{frames} && $w->{switches} < 100'

if "$tool" attach --backend xdp --alone v1 2>/dev/null; then
	# what is taken by one way cannot be seen by another: not 0, but why
	"$tool" add --backend xdp v1 $id
	"$tool" talk v0 $id --seconds 60 >/dev/null 2>&1 &
	json=$("$tool" bench v1 $id --seconds 0.3 --json)
	# shellcheck disable=SC2016 # perl's
	{
		check "by XDP, which takes it" way xdp '!$w->{error} && $w->{frames} > 0'
		check "not by packet, and why" way packet '$w->{error} =~ /xdp takes.*mode=copy/ && !exists $w->{frames}'
		check "nor by a socket" way socket '$w->{error} =~ /xdp takes.*mode=copy/ && !exists $w->{frames}'
	}
	kill %%
	"$tool" del --backend xdp v1 $id
	"$tool" bench v1 $id --seconds 60 >/dev/null 2>&1 &
	bench=$!
	for ((i = 0; i < 200; i++)); do
		"$tool" show --json | grep -q stream_id && break
		sleep 0.1
	done
	kill $bench
	wait $bench
	[ $i -lt 200 ] || echo "# it never added its stream"
	check "stopped, it deletes what it added" "$tool" detach v1
else
	for i in 1 2 3 4; do echo "ok $((n + i)) - # SKIP XDP is refused here"; done
fi
