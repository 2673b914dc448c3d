#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: config.sh AVTPMAP
# Files of /etc/avtpmap.d: what they are taken for, and each mistake with its line.
set -u
tool=$1
n=0
work=$(mktemp -d -t avtpmap-config.XXXXXX)
trap 'rm -rf "$work"' EXIT
file=$work/a.conf

# check WHAT COMMAND...
check()
{
	local what=$1

	shift
	n=$((n + 1))
	if "$@"; then echo "ok $n - $what"; else echo "not ok $n - $what"; fi
}

# wrong WHAT LINE TEXT: standard input is a file with this mistake alone
wrong()
{
	local what=$1 line=$2 text=$3 said got=0

	cat >"$file"
	said=$(timeout 10 "$tool" check-config "$file" 2>&1 >"$work/out") || got=$?
	n=$((n + 1))
	if [ "$got" = 1 ] && [[ $said == "$file:$line: "*"$text"*" [E"*"]" && $said != *$'\n'* ]] && [ ! -s "$work/out" ]; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		echo "# $got: $said"
	fi
}

# in_section WHAT TEXT LINE...: with this mistake in the last line
in_section()
{
	local what=$1 text=$2

	shift 2
	wrong "$what" $(($# + 1)) "$text" < <(printf '%s\n' '[interface eth0]' "$@")
}

correct() { "$tool" check-config "$file" >/dev/null; }

# understood FILTER VALUE: of what was read last
understood()
{
	[ "$("$tool" check-config --json "$file" | jq -c "$1")" = "$2" ] && return
	"$tool" check-config --json "$file" | sed 's/^/# /'
	return 1
}

# refused STATUS TEXT ARGUMENT...
refused()
{
	local status=$1 text=$2 said got=0

	shift 2
	said=$(timeout 10 "$tool" check-config "$@" 2>&1 >/dev/null) || got=$?
	[ "$got" = "$status" ] && [[ $said == *"$text"* ]] && return
	echo "# $got: $said"
	return 1
}

echo 1..57
printf '%s\n' '# stage left' '' '[interface eth0] # the one in the rack' ' backend = xdp' $'mem\t=64M' 'xdp=generic' \
	'alone = yes' 'stream = 00:1b:21:aa:bb:cc:00:01   vid=5 ms=200 # left' \
	'stream=0x1 mode=copy mac=91:e0:f0:00:fe:01 rate=4000 reserve=yes silence=250 stride=512 # grün' \
	'[ interface  enp3s0 ]' 'group = root' '[interface eth2]' 'alone = no' 'stream = 0102030405060708 vid=none mbit=5' >"$file"
check "a file without a mistake" correct
check "its interfaces" understood '[.interfaces[].ifname]' '["eth0","enp3s0","eth2"]'
check "and where they are" understood '[.interfaces[].line]' '[3,10,12]'
check "backends" understood '[.interfaces[].backend]' '["xdp","auto","auto"]'
check "rights" understood '[.interfaces[] | .group, .mem_cap]' '["none",67108864,"root",null,"none",null]'
check "streams" understood '[.interfaces[].streams[].stream_id]' '["00:1b:21:aa:bb:cc:00:01","00:00:00:00:00:00:00:01","01:02:03:04:05:06:07:08"]'
check "all of one" understood '.interfaces[0].streams[1] | del(.stream_id)' \
	'{"line":9,"mode":"copy","mac":"91:e0:f0:00:fe:01","vid":null,"rate":4000,"mbit":null,"ms":null,"stride":512,"silence":250,"reserve":true}'
check "one does not leave its words to the next" understood '.interfaces[2].streams[0] | [.mode, .vid, .rate, .mbit, .silence, .reserve]' '["take","none",null,5,null,false]'
printf '[interface eth0]' >"$file"
check "the last line needs no end" understood '[.interfaces[].ifname]' '["eth0"]'
printf '[interface --help]\nmem = 1M\nstream = 0x1' >"$file"
check "a name is no option" understood '[.interfaces[] | .ifname, .mem_cap]' '["--help",1048576]'
: >"$file"
check "an empty file is no mistake" correct

wrong "a key of no interface" 1 "[interface NAME] comes first" <<<"stream = 0x1"
wrong "a section without an end" 2 "a line [interface NAME]" < <(printf '\n[interface eth0\n')
wrong "and something behind it" 1 "nothing behind it" <<<"[interface eth0] stream = 0x1"
wrong "one of another kind" 1 "[port eth0]: a section is [interface NAME]" <<<"[port eth0]"
wrong "one of nothing" 1 "of which interface?" <<<"[interface ]"
wrong "empty brackets" 1 "a section is [interface NAME]" <<<"[]"
wrong "of a VLAN: what to say instead" 1 "say [interface eth0], and vid=2" <<<"[interface eth0.2]"
wrong "a name that is too long" 1 "no interface's name" <<<"[interface abcdefghijklmnop]"
wrong "a name with a blank" 1 "no interface's name" <<<"[interface eth0 eth1]"
wrong "a name with a slash" 1 "no interface's name" <<<"[interface ../eth0]"
in_section "an interface twice: where it is" "eth0 has its section at $file:1" '[interface eth0]'
in_section "what follows a wrong section is not blamed" "[prot eth0]" '[prot eth0]'
wrong "nor what stands in it" 1 "[prot eth0]" < <(printf '[prot eth0]\nbackend = kmd\n')
in_section "no key at all" "what is backend xdp?" 'backend xdp'
in_section "a slip in a key" "no key mme; did you mean mem?" 'mme = 64M'
in_section "or in that of streams" "did you mean stream?" 'streams = 0x1'
in_section "a key that is like none" "there are backend, group, mem, xdp, alone and stream" 'colour = blue'
in_section "a key without a value" "group = what?" 'group ='
in_section "a key twice" "mem is there twice" 'mem = 1M' 'mem = 2M'
in_section "a backend that there is not" "kmd: no such backend; auto, kmod, xdp or packet" 'backend = kmd'
in_section "a group that there is not" "not a valid GROUP" 'group = no-such-group'
in_section "no size" "mem 64T: not a valid SIZE" 'mem = 64T'
in_section "no mode of XDP" "xdp fast: not a valid MODE" 'xdp = fast'
in_section "neither yes nor no" "alone = true: it is yes or no" 'alone = true'
in_section "an endless value" "too long" "group = $(printf '%0200d' 0)"
in_section "no stream" "stream: which?" 'stream ='
in_section "no stream id" "zz: not a stream id" 'stream = zz'
in_section "a slip, as add would say it" "add: no option modr=; did you mean mode=?" 'stream = 0x1 modr=copy'
in_section "a slip in reserve" "did you mean reserve=?" 'stream = 0x1 resreve=yes'
in_section "neither reserved nor not" "reserve=on: it is yes or no" 'stream = 0x1 reserve=on'
in_section "out of range: which range" "ms=60001: not a valid N, 1 to 60000" 'stream = 0x1 ms=60001'
in_section "a word twice" "ms= is there twice" 'stream = 0x1 ms=1 vid=2 ms=2'
in_section "two streams in a line" "what is 0x2?" 'stream = 0x1 0x2'
in_section "an option" "--backend=xdp: an option of the command line" 'stream = 0x1 --backend=xdp'
in_section "more words than there can be" "too many words" "stream = 0x1 $(seq -s ' ' 20)"
in_section "a stream twice: where it is" "eth0 has stream 00:00:00:00:00:00:00:01 at line 2" 'stream = 0x1' 'stream = 00-00-00-00-00-00-0001'
in_section "the end of a line of Windows" "as on Windows" $'stream = 0x1\r'
in_section "what is no text" "a character 0xc3" 'stream = 0x1ü'
wrong "nor this" 2 "a character 0x00" < <(printf '[interface eth0]\nstream = 0x1\0 ms=1\n')
wrong "a group needs the module" 1 "only the module can give a port to a group" < <(printf '[interface eth0]\nbackend = xdp\ngroup = root\n')
wrong "modes of XDP need XDP" 1 "say backend = xdp" < <(printf '[interface eth0]\nbackend = kmod\nalone = yes\n')
wrong "the packet backend has no port" 1 "leave it out" < <(printf '[interface eth0]\nbackend = packet\nmem = 1M\n')

printf '[interface eth0]\nfoo = 1\nstream = zz\n' >"$file"
printf '[interface eth0]\n' >"$work/b.conf"
printf 'nothing\n' >"$work/c.txt"
printf 'nothing\n' >"$work/.d.conf"
"$tool" check-config --dir "$work" 2>"$work/said"
check "every mistake of every *.conf is told, and of no other file" test "$(cut -d: -f1,2 "$work/said" | xargs)" = "$file:2 $file:3 $work/b.conf:1"
check "a directory without any" refused 1 "holds no *.conf" --dir /proc/self/fdinfo
# shellcheck disable=SC2016 # eval sees to it
check "none, a file that is not there, and what is none" eval 'refused 1 "cannot read /nonexistent: No such" --dir /nonexistent &&
	refused 1 "cannot read /nonexistent: No such" /nonexistent && refused 1 "is a directory; say --dir" "$work"'
check "files and a directory" refused 2 "not both" --dir "$work" "$file"
