#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The BPF file system as it may be met: made by systemd, by hand, not there, of
# this mount namespace alone, read-only, squatted by another user. It works or is
# refused in words; no link is followed, and nothing deleted that is not ours. As
# root.
# shellcheck disable=SC2317 # functions that are called by name
set -uo pipefail

case ${1-} in
'') exec unshare -nm "$0" inside ;;
esac

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
fs=/sys/fs/bpf
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

ip link add port0 type veth peer name wire0
ip link set port0 up
ip link set wire0 up
port=n$ns-i$(cat /sys/class/net/port0/ifindex 2>/dev/null || ip -o link show port0 | cut -d: -f1)
# as this library named it before: what is shown to fail must have a chance to
before=$(stat -Lc %i /proc/self/ns/net)-${port#*-i}
work=$(mktemp -d -t avtpmap-paths.XXXXXX)
trap 'rm -rf "$work"' EXIT
# the file systems that are mounted here are ours alone
umount -l $fs

# fresh [OPTIONS]: a BPF file system with nothing in it
fresh()
{
	umount -l $fs 2>/dev/null
	mount -t bpf ${1:+-o "$1"} bpf $fs
}

# victim: a directory with what root had better not delete
victim()
{
	rm -rf "$work/victim"
	mkdir -p "$work/victim/sub"
	touch "$work/victim/"{rx,tick,table,ring-0,letter}
}

is_whole()
{
	[ "$(find "$work/victim" -type f | wc -l)" = 5 ]
}

refused()
{
	says "$1" "$2" attach port0
	check "$1: and nothing is attached" "$(program)" test -z "$(program)"
}

# works WHAT: all of a port's life, after which nothing is left
works()
{
	local said

	said=$({ attach port0 && "$avtpmap" add --backend xdp port0 "$id" &&
		"$avtpmap" del --backend xdp port0 "$id" && "$avtpmap" detach --backend xdp port0; } 2>&1)
	check "$1: it works" "$said" test $? = 0 -a -z "$said"
	check "$1: and leaves nothing" "$(ls $fs/avtpmap) $(program)" \
		test -z "$(ls $fs/avtpmap)$(program)"
}

private()
{
	check "$1: the directory of pins is ours alone" "$(stat -c %a:%u $fs/avtpmap)" \
		test "$(stat -c %a:%u $fs/avtpmap)" = 700:0
}

# ---- what can be used ----

fresh mode=0700
works "0700, as by systemd"
private "0700, as by systemd"

fresh mode=1777
works "1777, as by hand"
private "1777, as by hand"

fresh mode=1777
mkdir -m 755 $fs/avtpmap
works "a directory of ours that others may read"

umount -l $fs
unshare -pf --mount-proc bash -c "$avtpmap attach --backend xdp --alone port0 && stat -c %a $fs && $avtpmap detach --backend xdp port0" \
	>"$work/said" 2>&1
check "not there, in the mount namespace of process 1: it is mounted, for nobody else" \
	"$(cat "$work/said")" test "$(cat "$work/said")" = 1700
umount -l $fs 2>/dev/null

# ---- what cannot ----

refused "not there, in one that will go" "would not outlive it"

fresh
chmod 777 $fs # without the sticky bit that it is mounted with
refused "for anybody to write, and to delete" "is not root's alone"

fresh mode=0700
mount -o remount,ro $fs
refused "read-only" "is mounted read-only; mount -o remount,rw $fs"

fresh mode=1777
"${nobody[@]}" mkdir $fs/avtpmap
refused "squatted by a directory" "$fs/avtpmap is not root's alone"
check "squatted by a directory: it stays" "it is gone" test "$(stat -c %u $fs/avtpmap)" = 65534

victim
"${nobody[@]}" ln -s "$work/victim" "$fs/avtpmap/$port"
"${nobody[@]}" ln -s "$work/victim" "$fs/avtpmap/$before"
refused "with a link in it to what is root's" "$fs/avtpmap is not root's alone"
"$avtpmap" doctor --backend xdp --clean >/dev/null 2>&1
check "it is not followed" "$(ls "$work/victim")" is_whole

fresh mode=1777
victim
mkdir "$work/victim/$port" "$work/victim/$before"
"${nobody[@]}" ln -s "$work/victim" $fs/avtpmap
refused "squatted by a link" "$fs/avtpmap is not root's alone"
check "it is not followed either" "$(ls "$work/victim")" test -d "$work/victim/$port" -a -d "$work/victim/$before"

fresh mode=1777
bpftool map create $fs/avtpmap type array key 4 value 4 entries 1 name squat
chown 65534 $fs/avtpmap
refused "squatted by a file" "$fs/avtpmap is not root's alone"
check "squatted by a file: it stays" "it is gone" test -e $fs/avtpmap

# ---- below our own directory ----

fresh mode=0700
victim
mkdir -m 700 $fs/avtpmap
ln -s "$work/victim" "$fs/avtpmap/$port"
ln -s "$work/victim" "$fs/avtpmap/$before"
refused "a link in the place of the port" "$fs/avtpmap/$port is not root's alone"
"$avtpmap" doctor --backend xdp --clean >/dev/null 2>&1
check "a link in the place of the port: it is not followed" "$(ls "$work/victim")" is_whole

fresh mode=0700
mkdir -m 700 $fs/avtpmap
mkdir -m 777 "$fs/avtpmap/$port"
refused "a port that anybody may write to" "$fs/avtpmap/$port is not root's alone"

fresh mode=0700
attach port0
bpftool map create "$fs/avtpmap/$port/theirs" type array key 4 value 4 entries 1 name theirs
ln -s "$work/victim" "$fs/avtpmap/$port/rings-of-old"
"$avtpmap" detach --backend xdp port0
check "what is not ours stays beside what is" "$(ls "$fs/avtpmap/$port")" \
	test "$(ls "$fs/avtpmap/$port")" = "$(printf 'rings-of-old\ntheirs')"
check "and so does what it leads to" "$(ls "$work/victim")" is_whole

# ---- of whom the environment is ----

fresh mode=0700
install -m 755 "$call" "$work/call"
chmod 755 "$work"
mkdir -m 777 "$work/mine"
mount -t bpf -o mode=0777 bpf "$work/mine"
if setcap cap_bpf,cap_net_admin,cap_perfmon,cap_sys_admin,cap_dac_override+ep "$work/call" 2>/dev/null; then
	AVTPMAP_BPFFS=$work/mine "${nobody[@]}" "$work/call" attach port0 >"$work/said" 2>&1
	check "who has more rights than its user does not follow its environment" "$(cat "$work/said") $(ls "$work/mine")" \
		test ! -e "$work/mine/avtpmap" -a -e "$fs/avtpmap/$port"
else
	ok "who has more rights than its user does not follow its environment # SKIP no file capabilities here"
fi
umount -l "$work/mine"

finish
