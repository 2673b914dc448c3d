#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: listen.sh AVTPMAP
# What a listener makes of silence, of its own lateness, of other listeners and of
# an interface that is renamed.
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
tool=$1
# shellcheck source-path=SCRIPTDIR source=veth.sh
. "$(dirname "$0")/veth.sh"

# shellcheck disable=SC2317 # until_true calls it
has_thread()
{
	[ ! -d "/proc/$listener" ] || [ "$(find "/proc/$listener/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 1 ]
}

# hears BACKEND [ARGUMENT...]: in the background, as $listener; when it is there
hears()
{
	local backend=$1

	shift
	"$tool" listen --backend "$backend" v1 $id "$@" >"$work/heard.json" 2>"$work/heard.err" &
	listener=$!
	if [ "$backend" = packet ]; then
		until_true has_thread
	else
		until_true readers "$backend" 1
	fi
}

# ended STATUS: so did the listener
ended()
{
	local status=0

	wait "$listener" || status=$?
	[ "$status" = "$1" ] || { echo "# exit $status"; false; }
}

# A sample is the next number, or silence: prints exact and silent ones.
# shellcheck disable=SC2016 # perl's
count_wav()
{
	perl -e '
		binmode STDIN; local $/; my $wav = <STDIN>;
		my @s = unpack("s<*", substr($wav, 44));
		my ($exact, $silent, $wrong) = (0, 0, 0);
		my $first = $s[0] & 0xffff;
		for my $i (0 .. $#s) {
			my $is = $s[$i] & 0xffff, my $due = ($first + $i) & 0xffff;
			if ($is == $due) { $exact++ } elsif (!$is) { $silent++ } else { $wrong++ }
		}
		print "$exact $silent $wrong\n";' <"$1"
}

write_numbers()
{
	perl -e '
		binmode STDOUT; my $n = 6 * 48000;
		print "RIFF", pack("V", 36 + 2 * $n), "WAVEfmt ", pack("VvvVVvv", 16, 1, 1, 48000, 96000, 2, 16),
			"data", pack("V", 2 * $n), pack("v*", map { $_ & 0xffff } 1 .. $n);' >"$1"
}

# late BACKEND: a listener that is stopped for longer than the ring lasts
late()
{
	local exact silent wrong missed

	hears "$1" --wav "$work/heard.wav" --samples 192000 --json
	"$tool" talk v0 $id --wav "$work/numbers.wav" >/dev/null 2>"$work/talk.err" &
	sleep 0.5
	kill -STOP "$listener"
	sleep 1.5
	kill -CONT "$listener"
	check "$1: late: status 1" ended 1
	check "$1: late: a warning with what to do" grep -q "listener was late: .* ms=" "$work/heard.err"
	read -r exact silent wrong <<<"$(count_wav "$work/heard.wav")"
	missed=$(jq ".missed_samples + .lost_samples" "$work/heard.json") # a busy socket drops some before
	echo "# $exact exact, $silent silent, $wrong wrong; missed $missed"
	check "$1: late: all samples asked for" test $((exact + silent + wrong)) = 192000
	# a number that is 0 itself, and nothing else, is exact in the hole
	check "$1: late: silence of the missed length, and each other sample in its place" \
		test "$wrong" = 0 -a "$silent" -ge $((missed - 2)) -a "$silent" -le "$missed" -a "$missed" -gt 4800
	kill %+ 2>/dev/null
	wait
}

# told BACKEND PATTERN [NOT]: the diagnosis of silence after what was sent
told()
{
	local status=0

	wait "$listener" || status=$?
	[ $status = 1 ] && grep -qE -e "$2" "$work/heard.err" && grep -q "nothing was heard.*ENODATA" "$work/heard.err" || return 1
	[ -z "${3-}" ] || ! grep -qE -e "$3" "$work/heard.err"
}

# heard BACKEND FILTER: jq's, of what was said at the end
heard()
{
	wait "$listener" || return
	[ "$(jq "$2" "$work/heard.json")" = true ] || { jq -c . "$work/heard.json"; false; }
}

guesses="MSRP|does not send|any frame"

# sent BACKEND CHECK PATTERN NOT FRAMES...: to a listener, which passes CHECK. On a
# busy machine they may come after it has spoken: then once more.
sent()
{
	local b=$1 check=$2 pattern=$3 not=$4 _

	shift 4
	for _ in {1..10}; do
		hears "$b" --seconds 2.3 --json
		frames "$@"
		"$check" "$b" "$pattern" "$not" && return
	done
	return 1
}

# Raw video of two formats, a frame in each packet; NO-DATA of IEC 61883-6.
rvf=07810000001b21aabbcc000100000000050002d000109000
nodata=00800000001b21aabbcc0001000000000000000000085fa03f02000090ffffff

# counts_epochs BACKEND: of what is no audio, too
counts_epochs()
{
	hears "$1" --samples 40 --seconds 10 --json
	frames 20 pdu ${rvf}00110200000000000102030405060708
	frames 20 pdu ${rvf}00340900000000000102030405060708
	wait "$listener"
	[ "$(jq -c '[.epochs, .frames, .counters.format_changed]' "$work/heard.json")" = "[2,40,1]" ] ||
		{ jq -c . "$work/heard.json"; false; }
}

# Video without a rest: 640 packets of 1400 octets a frame, 25 frames a second.
video=03810000001b21aabbcc000100000000020100000568000000000000$(printf '%02760d' 0)

# hears_video BACKEND: nothing is overrun, and each packet is here, lost on the wire
# or dropped by the packet backend's socket. A machine may stand still for longer
# than the ring lasts: then once more.
hears_video()
{
	local _

	for _ in {1..5}; do
		hears "$1" --samples 50 --seconds 20 --json
		frames 32000 pdu "$video" rate 16000 mark 640
		wait "$listener"
		[ "$(jq -c '[.overruns, .frames + ([.lost, .dropped] | max)]' "$work/heard.json")" = "[0,32000]" ] && return
		jq -r '"# overruns \(.overruns), frames \(.frames), lost \(.lost), dropped \(.dropped)"' "$work/heard.json"
	done
	return 1
}

# Pauses are no end, unless there is none like them before. A machine may stand
# still for longer: then once more.

# hears_slow BACKEND RATE: video frames, of which so few come in a second
hears_slow()
{
	local _

	for _ in {1..5}; do
		hears "$1" --samples 12 --seconds 20 --until-end --json
		frames 12 pdu ${rvf}00110200000000000102030405060708 rate "$2"
		wait "$listener"
		[ "$(jq -c '[.frames, .end, .silences, .counters.media_locked, .counters.media_unlocked]' \
			"$work/heard.json")" = '[12,"samples",0,1,0]' ] && return
		jq -c '[.frames, .end, .silences]' "$work/heard.json"
	done
	return 1
}

# goes_on BACKEND: over a pause that no audio makes, until it is told to stop
goes_on()
{
	hears "$1" --json
	frames 50
	sleep 1.5
	frames 50
	sleep 1
	kill -INT "$listener"
	wait "$listener"
	grep -q "the talker ceased; going on" "$work/heard.err" &&
		jq -e '.frames == 100 and .end == "signal" and .silences >= 1' "$work/heard.json" >/dev/null
}

# ends BACKEND: with the talker
ends()
{
	hears "$1" --until-end --json
	frames 50
	wait "$listener"
	jq -e '.frames <= 50 and .end == "silence" and .ended' "$work/heard.json" >/dev/null
}

# unlabelled BACKEND: AM824 whose labels are the signs, two channels of -2 and 1
unlabelled()
{
	hears "$1" --samples 120 --json --wav "$work/heard.wav"
	frames 20 pdu "00810000001b21aabbcc0001000000000000000000385fa03f0200009002ffff$(
		printf 'fffffffe00000001%.0s' {1..6})"
	wait "$listener"
	grep -q "labels: only 0x00 and 0xff" "$work/heard.err" || return 1
	[ "$(jq -r .labels "$work/heard.json")" = none ] || return 1
	[ "$(tail -c 720 "$work/heard.wav" | od -An -v -tx1 -w6 | sort | uniq -c)" = "    120  fe ff ff 01 00 00" ]
}

# tells_of_stamps BACKEND: that are little-endian, and of none that are right
tells_of_stamps()
{
	hears "$1" --samples 300
	frames 50
	wait "$listener"
	! grep -q "timestamp" "$work/heard.err" || return 1
	hears "$1" --samples 300 --json
	frames 50 swap 1
	wait "$listener"
	grep -q "timestamp: 49 of 50 .* little-endian" "$work/heard.err" &&
		[ "$(jq .timestamps_wrong "$work/heard.json")" = 49 ]
}

# diagnoses BACKEND
diagnoses()
{
	local b=$1

	check "$b: what is malformed is named, with its number, and nobody else blamed" \
		sent "$b" told "malformed 100:" "$guesses" 100 length 50
	check "$b: sv = 0" sent "$b" told "sv = 0 50:" "$guesses" 50 sv 0
	check "$b: another stream" sent "$b" told "other streams .* 00:1b:21:aa:bb:cc:00:02: is the" "any frame" \
		50 id 001b21aabbcc0002
	check "$b: NO-DATA and nothing else" sent "$b" told "frames of it came: no_format 50: NO-DATA" "$guesses" 50 pdu $nodata
	check "$b: another format of what is no audio is an epoch" counts_epochs "$b"
	check "$b: a video frame each 200 ms" hears_slow "$b" 5
	check "$b: three packets a second" hears_slow "$b" 3
	check "$b: audio pauses, and the listener goes on" goes_on "$b"
	check "$b: unless it is told to stop then" ends "$b"
	check "$b: AM824 without labels is read, and said" unlabelled "$b"
	check "$b: timestamps in the wrong byte order" tells_of_stamps "$b"
	check "$b: video of 16000 packets a second" hears_video "$b"
	hears "$b" --seconds 0.5
	check "$b: nothing at all" told "$b" "MSRP"
	check "$b: two VLAN tags" sent "$b" heard ".frames > 0" "" 50 tags 88a8606481006002
	check "$b: a tag of 9100, one of 802.1CB" sent "$b" heard ".frames > 0" "" 50 tags 91006002f1c100000001
	check "$b: more tags than are parsed" sent "$b" told "behind too many tags [0-9]+:" "$guesses" 50 tags 88a8606488a8606581006002
}

begin 51
write_numbers "$work/numbers.wav"
check "nothing is heard" exits 1 "nothing was heard of stream $id .ENODATA" "$tool" listen --backend packet v1 $id --seconds 0.2
check "a file that cannot be written is refused at once" exits 1 "cannot write /nonesuch/x.wav: No such file.*ENOENT" \
	"$tool" listen --backend packet v1 $id --wav /nonesuch/x.wav
echo old >"$work/old"
check "one that could be" exits 1 "nothing was heard" "$tool" listen --backend packet v1 $id --seconds 0.1 --wav "$work/old"
check "is not touched before there is something to write" test "$(cat "$work/old")" = old
check "meters without a terminal" exits 1 "meters: .* terminal" "$tool" listen --backend packet v1 $id --seconds 0.1 --meters
late packet
diagnoses packet

if ! "$tool" attach --backend xdp --alone v1 2>/dev/null; then
	skip 26 "XDP is refused here"
	exit
fi
late xdp
diagnoses xdp

"$tool" add --backend xdp v1 $id
hears packet --seconds 2.3
"$tool" talk v0 $id --seconds 1 >/dev/null 2>&1
check "taken by another backend" told packet "backend xdp takes it, ahead.*mode=copy" "$guesses"
"$tool" del --backend xdp v1 $id

hears xdp
first=$listener
"$tool" listen --backend xdp v1 $id --samples 480 >/dev/null 2>"$work/second.err" &
second=$!
until_true readers xdp 2
kill -INT $first
wait $first
check "the first of two listeners ends: the stream stays" streams xdp 1
"$tool" talk v0 $id --seconds 1 >/dev/null 2>&1
check "the second hears it" wait $second
check "the last one takes it away" streams xdp 0

hears xdp
"$tool" del --backend xdp v1 $id
wait "$listener"
hears xdp
kill -9 "$listener"
wait "$listener" 2>/dev/null
"$tool" doctor --backend xdp --clean >/dev/null
hears xdp
kill -INT "$listener"
wait "$listener"
check "what one left that was killed goes with the next" streams xdp 0

hears xdp
ip link set v1 down
ip link set v1 name v1renamed
ip link set v1renamed up
kill -INT "$listener"
wait "$listener"
check "an interface that was renamed meanwhile keeps nothing" streams xdp 0
