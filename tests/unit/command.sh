#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: command.sh AVTPMAP
# Arguments that are right, wrong or nearly right: what the command takes them
# for, what it says, and how it exits. None of these comes to do anything.
set -u
tool=$1
n=0
work=$(mktemp -d -t avtpmap-command.XXXXXX)
trap 'rm -rf "$work"' EXIT

# says WHAT STATUS TEXT ARGUMENT...: on standard error
says()
{
	local what=$1 status=$2 text=$3 said got=0

	shift 3
	said=$(timeout 10 "$tool" "$@" 2>&1 >/dev/null) || got=$?
	n=$((n + 1))
	if [ "$got" = "$status" ] && [[ $said == *"$text"* ]]; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		echo "# $got: $said"
	fi
}

# check WHAT COMMAND...
check()
{
	local what=$1

	shift
	n=$((n + 1))
	if "$@"; then echo "ok $n - $what"; else echo "not ok $n - $what"; fi
}

# frames TEXT: how many talk takes it for
frames()
{
	"$tool" talk any 0x1 --pcap "$work/pcap" --frames "$1" --json |
		sed -n 's/^  "frames_built": \([0-9]*\),/\1/p'
}

echo 1..41
check "a number with a zero before it is decimal" test "$(frames 010)" = 10
check "0x is hexadecimal" test "$(frames 0x10)" = 16
says "what follows a number" 2 "frames 10x: not a valid N" talk any 0x1 --frames 10x
says "0x and nothing" 2 "not a valid N" talk any 0x1 --frames 0x
says "a space is no unit" 2 "not a valid SIZE" attach nonesuch --mem "64 "
says "nor is another letter" 2 "not a valid SIZE" attach nonesuch --mem 64T
says "more than 64 bits" 2 "not a valid SIZE" attach nonesuch --mem 17179869184G
says "out of range: which range" 2 "1 to 60000" add nonesuch 0x1 ms=60001
says "--backend without a name" 2 "--backend needs NAME" show --backend
says "a backend that there is not" 2 "auto, kmod, xdp or packet" show --backend kmo
says "an option that there is not" 2 "no option --jsn" show --jsn
says "a flag with a value" 2 "takes no value" show --json=1
says "too many arguments" 2 "what is more?" detach nonesuch more
says "too few" 2 "usage: avtpmap add IF STREAM_ID" add nonesuch
says "a command with a slip in it" 2 "did you mean attach?" attacj nonesuch
says "an option" 2 "did you mean --json?" show --jsno
says "a keyword" 2 "no option modr=; did you mean mode=?" add nonesuch 0x1 modr=copy
says "a keyword that is like none" 2 "no option foo=; see avtpmap add --help" add nonesuch 0x1 foo=copy
says "an interface" 1 "nonesuchlo: no such interface; see ip link [ENODEV]" attach nonesuchlo
says "one that is like another" 1 "lo0: no such interface; did you mean lo? [ENODEV]" attach lo0
says "so of every command" 1 "did you mean lo?" monitor lo0
says "and of a talker" 1 "did you mean lo?" talk lo0 0x1
says "a listener" 1 "did you mean lo?" listen lo0 0x1
says "a clock" 1 "did you mean lo?" clock lo0 0x1
says "a reservation" 1 "did you mean lo?" reserve lo0 0x1
# shellcheck disable=SC2046 # words
says "of as many streams as it takes" 1 "did you mean lo?" reserve lo0 $(seq -f 0x%g 64)
says "one that cannot be a port" 1 "lo is no Ethernet interface" add lo 0x1
says "no frame in a second: which range" 2 "rate=0: not a valid N, 1 or more" add nonesuch 0x1 rate=0
says "a VLAN that there is not: which range" 2 "vid=5000: not a valid N|none, 1 to 4094" add nonesuch 0x1 vid=5000
says "channels that no frame holds: how many one does" 2 "at most 123 channels" talk any 0x1 --pcap "$work/x" --format aaf-int16 --channels 900
says "help of what there is not" 2 "did you mean set?" help sett
check "help with a command is that of the command" test "$("$tool" help set)" = "$("$tool" set --help)"
says "no stream id" 2 "not a stream id" del nonesuch 0x
says "a file without an end" 2 "say --frames" talk any 0x1 --pcap "$work/endless"
check "what is required is not in brackets" grep -q 'STREAM_ID mode=take|copy \[' <<<"$("$tool" set --help)"
check "and it is not begun" test ! -e "$work/endless"
"$tool" --help >/dev/full 2>"$work/said"
check "what cannot be written is a failure" test $? = 1
check "and said" grep -q "cannot write to standard output .ENOSPC" "$work/said"

# of each command and option something is in the manual
man=$(dirname "$0")/../../tools/man
lacks=
for command in $("$tool" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p'); do
	page=$(cat "$man/avtpmap.8" "$man/avtpmap-$command.8" 2>/dev/null | sed 's/\\-/-/g; s/\\f.//g')
	grep -q "^avtpmap $command" <<<"$page" || lacks+=" $command"
	for option in $("$tool" "$command" --help | sed -n 's/^  \(--[a-z-]*\|[a-z]*=\).*/\1/p'); do
		grep -qE -e "(^|[^a-z-])$option" <<<"$page" || lacks+=" $command:$option"
	done
done
check "the manual knows every command and option$lacks" test -z "$lacks"

# of whom doctor says that there is a patch
lacks=
for dir in "$man"/../../patches/*/; do
	grep -qaF "$(basename "$dir")" "$tool" || lacks+=" $(basename "$dir")"
done
check "doctor knows every driver that there is a patch for$lacks" test -z "$lacks"

lib=$(dirname "$0")/../../lib
lacks=
while read -r name; do
	grep -qw "$name" "$lib/man/libavtpmap.3" || lacks+=" $name"
done < <(grep -o 'avtpmap_[a-z_]*' "$lib/libavtpmap.map")
check "the library's manual knows every function$lacks" test -z "$lacks"
