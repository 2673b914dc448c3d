# SPDX-License-Identifier: GPL-2.0
# Sourced by tests of the command on a veth, v0 to v1, in namespaces of their own:
# TAP, and what most of them do.
# shellcheck shell=bash disable=SC2034,SC2154

id=00:1b:21:aa:bb:cc:00:01
n=0
work=$(mktemp -d -t avtpmap-veth.XXXXXX)

# Whoever is still at work ends with the namespace; what XDP has left does not.
# shellcheck disable=SC2317 # a trap calls it
cleanup()
{
	jobs -p | xargs -r kill 2>/dev/null
	wait
	"$tool" drain --backend xdp --wait 1 >/dev/null 2>&1
	"$tool" detach --backend xdp "$(ip -o link show type veth | sed -n 's/^[0-9]*: \(v1[a-z]*\)@.*/\1/p')" >/dev/null 2>&1
	rm -rf "$work"
}

# begin PLAN
begin()
{
	echo "1..$1"
	if [ "$(id -u)" != 0 ] || ! ip link add v0 type veth peer name v1 2>/dev/null; then
		for ((n = 1; n <= $1; n++)); do echo "ok $n - # SKIP needs root and veth"; done
		exit
	fi
	ip link set v0 up && ip link set v1 up
	trap cleanup EXIT
}

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
		sed 's/^/# /' "$work"/*.err 2>/dev/null | head -n 20
	fi
}

# skip COUNT WHY
skip()
{
	local i

	for ((i = 0; i < $1; i++)); do
		n=$((n + 1))
		echo "ok $n - # SKIP $2"
	done
}

# until_true COMMAND...: 20 s
until_true()
{
	local _

	for _ in {1..200}; do
		"$@" && return
		sleep 0.1
	done
	echo "# it never came: $*"
	return 1
}

# exits STATUS PATTERN COMMAND...: and says so, on standard error
exits()
{
	local status=$1 pattern=$2 got=0

	shift 2
	timeout 30 "$@" >"$work/exits.out" 2>"$work/exits.err" || got=$?
	[ "$got" = "$status" ] && grep -qE -e "$pattern" "$work/exits.err" && return
	echo "# $got, not $status or not: $pattern"
	return 1
}

# readers BACKEND N: so many are there
readers()
{
	[ "$("$tool" show --backend "$1" --json | jq '[.ports[].streams[].readers] | add')" = "$2" ]
}

# streams BACKEND N
streams()
{
	[ "$("$tool" show --backend "$1" --json | jq '[.ports[].streams[]] | length')" = "$2" ]
}

# frames COUNT [FIELD VALUE]...: sent to v0, AAF of 6 samples of 16 bits; FIELD
# is sv, nsr, length (of its data, as it says), id or tags (hex, before 22f0), pdu
# (hex, all of it but for sequence_num), rate (frames per second, 0: the next one
# after 1 ms), swap (avtp_timestamp is little-endian) or mark (each so many, the packet ends a video frame)
frames()
{
	perl -e '
		use Time::HiRes qw(time sleep);
		my ($ifindex, $count, %f) = @ARGV;
		%f = (sv => 1, nsr => 5, length => 12, id => "001b21aabbcc0001", tags => "81006002", pdu => "",
			rate => 0, mark => 0, swap => 0, %f);
		my $begun = time, my $pdu_given = pack("H*", $f{pdu});
		socket(my $s, 17, 3, 0) or die;
		my $to = pack("S n i S C C a8", 17, 0x22f0, $ifindex, 1, 0, 6, "");
		for my $i (0 .. $count - 1) {
			my $pdu = pack("CCCC", 2, ($f{sv} << 7) | 1, $i & 255, 0) . pack("H16", $f{id}) .
				pack($f{swap} ? "V" : "N", $i * 125000) . pack("CCCC nn", 4, $f{nsr} << 4, 1, 16, $f{length}, 0) . "\1\2" x 6;
			substr($pdu = $pdu_given, 2, 1) = chr($i & 255) if $f{pdu};
			substr($pdu, 22, 1) |= "\x10" if $f{mark} && ($i + 1) % $f{mark} == 0;
			my $frame = pack("H12 H12", "91e0f000fe01", "02a100000001") . pack("H*", $f{tags}) .
				pack("n", 0x22f0) . $pdu . "\0" x 20;
			send($s, $frame, 0, $to) or die "$!";
			my $early = $f{rate} ? $begun + $i / $f{rate} - time : 0.001;
			sleep($early) if $early >= 0.001;
		}' "$(ip -o link show v0 | cut -d: -f1)" "$@"
}
