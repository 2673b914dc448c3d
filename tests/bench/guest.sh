#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: guest.sh [WAY...]
#
# Counts what the guest executes for each frame that it delivers, in each way:
# QEMU with -icount and one processor, igb on the wire, insns.so between the
# marks. "drop" is the hook with nothing behind it: the driver's own part.
#
#   pace     one class A frame of 234 bytes per interrupt. The wire is slower
#            than class A, so that the emulator keeps up; what depends on time
#            (TPACKET_V3's timer) is slower by the same factor.
#   burst    64 at once
#   tuned    as pace, with avtpmap tune
#   nN       of N streams, a frame of each at once
#   latency  as pace, with the least period: from a frame's arrival until the
#            program runs, in ns, which are instructions
#
# RUNS=N of each (3), LOADS="n64" of these only, WITHHOLD=N frames that are not sent.
#
# Prints figures (see bench.h) and, with KEEP=DIR, leaves what they are made of
# there: a count for each block of code, and the guest's symbols.
set -euo pipefail

# shellcheck source=../qemu/lib.sh
. "$(dirname "$0")/../qemu/lib.sh"

built=$top/build/bench
runs=${RUNS:-3}
ways=("${@:-}")
[ -n "${ways[0]}" ] || ways=(drop kmod kmod-group raw tpacket afxdp afxdp-busy xdp-native xdp-generic packet)

# 14 + 4 (the wire's tag) + 24 + 192: AAF, int32, 8 channels, 6 units
frame=91e0f0000e80020000000001\
22f002810000${stream//:/}00000000\
0250082000c00000$(printf '%0384d' 0)

pace_hz=1000
many_hz=250	# of each of many streams, whose frames come together
class_a_hz=8000
tuned_us=$((64 * 1000000 * class_a_hz / pace_hz / 48000 / 4))
retire_ms=$((4 * class_a_hz / pace_hz))	# 4 ms: the least with HZ=250
burst=64
busy_flush_ns=200000	# of the kernel's networking/napi.rst

# What the window holds; periods of 64 units out of 6 end with every 32nd frame.
# Each run sends a multiple of them in every stream, or the next one would begin
# within a period, and its last frames wait for an end that is not sent.
frames=2048
warm=$((8 * burst))
period_frames=32

# A run's frames all fit the ring of its stream: the emulator may stand still while
# the host is busy and then get them at once, which is no loss of the product's.
ring_ms=500	# of 8000 frames a second: 4096 slots
limit=60	# seconds for frames that have been sent
failed=0

say()
{
	echo "bench: $*" >&2
}

# streams_of LOAD: n8 has 8, the others one
streams_of()
{
	case $1 in
	n*) echo "${1#n}" ;;
	*) echo 1 ;;
	esac
}

# count_of STREAMS: frames of all of them, a few more than are looked at
count_of()
{
	local turn=$(($1 * period_frames))

	echo $(((warm + frames + 4 * burst + turn - 1) / turn * turn))
}

# send LOAD
send()
{
	local n how

	n=$(streams_of "$1")
	case $1 in
	burst) how=(--pps "$pace_hz" --batch "$burst") ;;
	n*) how=(--pps $((many_hz * n)) --batch "$n") ;;
	*) how=(--pps "$pace_hz") ;;
	esac
	"$here/wire" "${how[@]}" --streams "$n" --tci "$tci" --count $(($(count_of "$n") - ${WITHHOLD:-0})) \
		burst "$work/guest" "$frame" >&2
}

way_up()
{
	case $1 in
	kmod*) guest "avtpmap attach eth0 && avtpmap add eth0 $stream vid=2 stride=512 ms=$ring_ms" >&2 ;;
	xdp-*)
		guest "avtpmap attach eth0 --backend xdp --xdp ${1#xdp-} &&
			avtpmap add eth0 $stream vid=none stride=512 ms=$ring_ms --backend xdp" >&2 || return
		guest_until 'grep -q 1 /sys/class/net/eth0/carrier' >&2
		;;
	esac
}

way_down()
{
	case $1 in
	drop) guest 'rmmod hookdrop' >&2 ;;
	kmod*) guest "avtpmap drain && avtpmap detach eth0" >&2 ;;
	afxdp*)
		# libxdp's own program stays when its sockets go
		guest "ip link set eth0 xdp off && rm -rf /sys/fs/bpf/xdp/dispatch-*" >&2 || true
		guest_until 'grep -q 1 /sys/class/net/eth0/carrier' >&2
		;;
	xdp-*)
		guest "avtpmap drain eth0 --backend xdp && avtpmap detach eth0 --backend xdp" >&2
		guest_until 'grep -q 1 /sys/class/net/eth0/carrier' >&2
		;;
	esac
}

# napi_defer POLLS NS
napi_defer()
{
	guest "cd /sys/class/net/eth0 && echo $2 >gro_flush_timeout && echo $1 >napi_defer_hard_irqs" >&2
}

# The second stream and so on; those that are there stay.
more_streams()
{
	local i

	for ((i = 2; i <= $1; i++)); do
		printf 'avtpmap add eth0 %s%02x vid=2 stride=512 2>/dev/null || true\n' "${stream%01}" "$i"
	done >"$share/more"
	guest 'bash /share/more' >&2
}

# How the NIC gathers frames: one by one, bursts, or as avtpmap tune has it for a
# period of 64 at class A, of which the wire has an eighth of the pace.
gather()
{
	local way=$1 load=$2

	case $load in
	pace|latency) coalesce 3 ;;
	burst) coalesce 1000 ;;
	n*)
		coalesce 3
		if [[ $way = kmod* ]]; then more_streams "$(streams_of "$load")"; fi
		;;
	tuned)
		coalesce 3
		if [ "$way" = drop ]; then
			coalesce "$tuned_us"
			napi_defer 2 "${tuned_us}000"
		else
			guest "avtpmap tune eth0 --period $((64 * class_a_hz / pace_hz)) --jitter 10000" >&2
		fi
		;;
	esac
	[ "$way" != afxdp-busy ] || napi_defer 2 "$busy_flush_ns"
}

scatter()
{
	case $1.$2 in
	kmod.tuned) guest 'avtpmap tune eth0 --undo' >&2 ;;
	*.tuned|afxdp-busy.*) napi_defer 0 0 ;;
	esac
}

# What is to receive, ready for the first frame.
start()
{
	local way=$1 program=$1 options=()

	[[ $way != xdp-* ]] || program=xdp
	if [ "$2" = latency ]; then
		options=(--latency --period 12)
	fi
	if [ "$way" = drop ]; then
		guest "rmmod hookdrop 2>/dev/null || true
			insmod /usr/lib/avtpmap-hookdrop.ko warm=$warm frames=$frames" >&2
		return
	fi
	guest_start receive "LIBXDP_OBJECT_PATH=/share/bpf /share/receive $program eth0 --warm $warm --frames $frames --retire-ms $retire_ms --streams $(streams_of "$2") ${options[*]}"
	guest_until 'grep -q ready /tmp/receive.out || [ -e /tmp/receive.status ]' >&2
}

finish()
{
	local way=$1

	if [ "$way" = drop ]; then
		guest "for ((i = 0; i < 10 * $limit; i++)); do
				seen=\$(cat /sys/module/hookdrop/parameters/seen)
				[ \$seen -lt $((warm + frames)) ] || exit 0
				sleep 0.1
			done
			echo \"the hook lacks \$(($((warm + frames)) - seen)) of $((warm + frames)) frames\"
			exit 1" >&2
	else
		guest_wait receive >"$work/said" || { cat "$work/said" >&2; guest 'cat /tmp/receive.err' >&2; nic_losses >&2; return 1; }
	fi
}

# measure WAY pace|burst RUN
measure()
{
	local name=$1.$2.$3

	rm -f "$work/insns"
	# in a condition, where set -e is off
	start "$1" "$2" || return
	send "$2" || return
	finish "$1" || return
	[ -e "$work/insns" ] || { say "$name: no mark was reached"; return 1; }
	mv "$work/insns" "$keep/$name.insns"
	[ "$1" = drop ] || tail -n 1 "$work/said" >"$keep/$name.said"
	guest 'grep "\[" /proc/kallsyms >/share/modules'
	cp "$share/modules" "$keep/$name.modules"
	say "$name: $(tail -n 1 "$work/said" 2>/dev/null || true)"
}

coalesce()
{
	guest "ethtool -C eth0 rx-usecs $1" >&2 || true
}

prepare
export KEEP=${KEEP:-}
enter_sandbox "$@"
setup_host
if [ -n "$KEEP" ]; then
	keep=$KEEP
	mkdir -p "$keep"
else
	keep=$work/keep
	mkdir "$keep"
fi
cp "$built/receive" "$built/sim_hook_static" "$share/"
# what libxdp loads: the program's library is this machine's, so are its objects
cp -r "$(dirname "$(find /usr/lib -name xsk_def_xdp_prog.o | head -n 1)")" "$share/bpf"
guest_accel=(-accel "tcg,thread=single" -smp 1 -icount shift=0 -plugin "$built/insns.so,out=$work/insns")
guest_cmdline=nokaslr
say "booting"
boot
guest 'mount -o remount,noinit_itable /' >&2	# or ext4 goes on making its file system
guest 'ethtool -L eth0 combined 1 && ethtool -G eth0 rx 4096 && ip link set eth0 up promisc on && modprobe avtpmap' >&2
guest_until 'grep -q 1 /sys/class/net/eth0/carrier' >&2
guest 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource; cat /proc/kallsyms >/share/symbols' >&2
cp "$share/symbols" "$keep/symbols"
for way in "${ways[@]}"; do
	if ! way_up "$way"; then
		say "$way: cannot be had here"
		continue
	fi
	loads=(pace burst)
	case $way in
	drop) loads+=(tuned n8 n16 n64) ;;
	kmod) loads+=(tuned n8 n16 n64 latency) ;;
	kmod-group) loads+=(n8 n16 n64) ;;
	raw) loads+=(n8 n16 n64 latency) ;;
	xdp-*) loads+=(latency) ;;
	esac
	[ -z "${LOADS-}" ] || read -ra loads <<<"$LOADS"
	for load in "${loads[@]}"; do
		gather "$way" "$load"
		for ((run = 1; run <= runs; run++)); do
			measure "$way" "$load" "$run" || { say "$way, $load, run $run: failed"; failed=$((failed + 1)); }
		done
		scatter "$way" "$load"
	done
	way_down "$way"
done
# The module by itself, from hook entry to return.
guest 'insmod /usr/lib/avtpmap-sim.ko && ip link set sim0 up && /share/sim_hook_static --instructions' |
	sed -n 's/^figure\tsim\./figure\tguest-sim./p'
shutdown_guest
[ "$failed" = 0 ] || die "bench: $failed runs failed"
