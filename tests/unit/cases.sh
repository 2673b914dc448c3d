#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: cases.sh AVTPMAP BACKEND
# Frames as people's talkers send them, from ../shared/cases beside this checkout,
# at their own times: what "listen" makes of each.
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
tool=$1 backend=$2
# shellcheck source-path=SCRIPTDIR source=veth.sh
. "$(dirname "$0")/veth.sh"
id=02:a1:00:00:00:01:00:01
gen=$(dirname "$0")/../../../shared/cases/gen.py

# A case, and what "listen --json" has to say: all that is not named is 0.
rows=(
	'dbc-quadlets samples=2400 timestamp_valid=400 dbc_mismatch=+'
	'dbc-end-event samples=2205 timestamp_valid=400 dbc_mismatch=+'
	'dbc-empty-ahead samples=2400 timestamp_valid=300 timestamp_not_valid=99 no_format=1'
	'dbc-mpegts-jump samples=200 timestamp_valid=200 dbc_mismatch=1'
	'restart-crf-fwd40 samples=150 epochs=2 resync=1'
	'restart-crf-back5 samples=150 epochs=2 resync=1'
	'restart-cvf-fwd40 samples=150 epochs=2 timestamp_valid=150 resync=1'
	'restart-cvf-back5 samples=150 epochs=2 timestamp_valid=150 resync=1'
	'restart-aaf-fwd40 samples=900 epochs=2 timestamp_valid=150 resync=1'
	'refused-length samples=0 epochs=0 malformed=100'
	'refused-nsr0 samples=100 timestamp_valid=100'
	'refused-qinq samples=600 timestamp_valid=100'
	'refused-rtag samples=600 timestamp_valid=100'
	'aes3-wake samples=240 timestamp_valid=240 wakes_period=240'
	'nodata-head samples=600 timestamp_valid=100 no_format=200'
	'tv-of-crf samples=100'
	'tv-of-ntscf samples=100'
	'rvf-pixel-format samples=20 epochs=2 timestamp_valid=200 format_changed=1'
	'crf-layout-change samples=100 epochs=2 format_changed=1'
	'mjpeg-5fps samples=10 timestamp_valid=40 media_locked=1'
	'video-16000 samples=50 frames=32000 timestamp_valid=32000'
)

begin "${#rows[@]}"
if [ ! -e "$gen" ]; then
	skip "${#rows[@]}" "no ../shared/cases beside the checkout"
	exit
fi
if [ "$backend" = xdp ] && ! "$tool" attach --backend xdp --alone v1 2>/dev/null; then
	skip "${#rows[@]}" "XDP is refused here"
	exit
fi

# send_pcap FILE: on v0, at its times
send_pcap()
{
	perl -e '
		use Time::HiRes qw(time sleep);
		my ($ifindex, $file) = @ARGV;
		open(my $in, "<:raw", $file) or die; read($in, my $head, 24);
		socket(my $s, 17, 3, 0) or die;
		my $to = pack("S n i S C C a8", 17, 0x22f0, $ifindex, 1, 0, 6, "");
		my ($begun, $first) = time;
		while (read($in, my $record, 16) == 16) {
			my ($sec, $ns, $bytes) = unpack("VVV", $record);
			read($in, my $frame, $bytes);
			my $at = $sec + $ns / 1e9; $first //= $at;
			my $early = $at - $first - (time - $begun);
			sleep($early) if $early > 0.0003;
			send($s, $frame, 0, $to) or die "$!";
		}' "$(ip -o link show v0 | cut -d: -f1)" "$1"
}

# shellcheck disable=SC2317 # until_true calls it
hears()
{
	[ ! -d "/proc/$listener" ] ||
		if [ "$backend" = packet ]; then
			[ "$(find "/proc/$listener/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 1 ]
		else
			readers xdp 1
		fi
}

# is_right KEY=VALUE...: and all that tells of a fault and is not named is 0
is_right()
{
	local want='{"lost":0,"lost_samples":0,"overruns":0,"epochs":1}' word

	for word; do
		want=$(jq -c --arg k "${word%%=*}" --arg v "${word#*=}" '.[$k] = ($v | tonumber? // .)' <<<"$want")
	done
	jq -e --argjson want "$want" '
		([.counters | to_entries[] | select(.value != "unavailable")] | from_entries) as $c |
		(["frames_rx", "bytes_rx", "wakes_period", "wakes_deadline", "wakes_event", "media_locked",
		  "media_unlocked", "seq_num_mismatch", "stream_interrupted"]) as $free |
		(. + $c) as $is |
		([$want | to_entries[] | select(if .value == "+" then $is[.key] == 0 else $is[.key] != .value end) |
		  "\(.key) is \($is[.key]), not \(.value)"] +
		 [$c | to_entries[] | select(.value != 0 and $want[.key] == null and ([.key] | inside($free) | not)) |
		  "\(.key) is \(.value)"]) as $wrong |
		if $wrong == [] then true else ("# " + ($wrong | join(", ") + "\n") | halt_error(1)) end' "$work/heard.json"
}

# case_is NAME KEY=VALUE...
case_is()
{
	local name=$1 more=()

	shift
	[ "$name" = aes3-wake ] && more=(--period 1)
	python3 "$gen" "$name" "$work/case.pcap" >/dev/null || return
	rm -f "$work/heard.json"
	"$tool" listen --backend "$backend" --json --seconds 20 "${more[@]}" v1 $id >"$work/heard.json" 2>"$work/heard.err" &
	listener=$!
	until_true hears || return
	send_pcap "$work/case.pcap"
	sleep 0.3
	kill -INT "$listener"
	wait "$listener"
	is_right "$@" >/dev/null
}

for row in "${rows[@]}"; do
	read -r -a words <<<"$row"
	check "${words[0]}" case_is "${words[@]}"
done
