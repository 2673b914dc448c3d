#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh uml|debug [KERNEL_OPTION...] -- SCRIPT [ARGUMENT...]
#
# Boots a test kernel (build.sh; built when it is not yet), runs SCRIPT in it as
# root, and exits with its exit status; with 1 if the kernel died, did not power
# off, or complained: a warning, a bug, a report of KASAN, lockdep, debugobjects or
# a leak, between the start of SCRIPT and the end of all that it left behind.
#
#   uml     one CPU, boots in a fifth of a second, computes at native speed
#   debug   two CPUs under QEMU (TCG), slow, finds bugs; needs qemu-system-x86
#
# SCRIPT sees this machine's root, read-only, with a tmpfs on /run and one that
# TMPDIR names, and in its environment
#
#   MODULES   a directory with avtpmap_hook.ko, avtpmap.ko, avtpmap_sim.ko and
#             avtpmap_kunit.ko, built for this kernel; load_modules [PORTS [PARAM]]
#             loads the first three, with PORTS simulated ports that are up
#   OUT       a directory that outlives the guest: files to bring out
#   KIND      uml or debug
#
# Its output goes to standard output while it runs. KERNEL_OPTION is added to the
# kernel's command line, e.g. kunit.filter_glob='avtpmap_*' or, with uml,
# time-travel=inf-cpu, which makes sleeping take no time.
#
# AVTPMAP_GUEST_TIMEOUT  seconds until the guest is killed (default 1800)
# AVTPMAP_GUEST_OUT      where OUT is brought; dmesg is there too. Default:
#                        thrown away
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
complaints=$here/../complaints
timeout=${AVTPMAP_GUEST_TIMEOUT:-1800}

usage()
{
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
}

# Prints what the kernel complained of, if it did.
complained()
{
	local bad=1

	if [ ! -e "$work/status" ]; then
		echo "run: the kernel died or took longer than $timeout s"
		tail -n 60 "$work/console"
		return 0
	fi
	# User-mode Linux, powered off, now and then aborts as it tears itself down: the
	# command's status and dmesg were written and synced before.
	if [ "$kind" = uml ] && [ "$died" -eq 134 ] && grep -q '^reboot: Power down' "$work/console"; then
		echo "run: user-mode Linux aborted after it had powered off" >&2
		died=0
	fi
	# QEMU's exit status does not tell a panic.
	if [ "$died" -ne 0 ] || grep -q 'Kernel panic' "$work/console"; then
		echo "run: the kernel did not power off (exit status $died)"
		tail -n 60 "$work/console"
		bad=0
	fi
	if grep -qE -f "$complaints" "$work/out/dmesg"; then
		echo "run: the kernel complained:"
		grep -nE -A 40 -f "$complaints" "$work/out/dmesg" | head -n 160
		bad=0
	fi
	if [ -s "$work/out/kmemleak" ]; then
		echo "run: memory leaked:"
		head -n 100 "$work/out/kmemleak"
		bad=0
	fi
	return $bad
}

[ $# -ge 2 ] || usage
kind=$1
shift
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	options+=("$1")
	shift
done
[ $# -ge 2 ] || usage
shift

work=$(mktemp -d /tmp/avtpmap-kernel.XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir "$work/out" "$work/tmp" "$work/modules"
kernel=$("$here/modules.sh" "$kind" "$work/modules")
{
	printf 'KIND=%q\n' "$kind"
	printf 'cd %q\n' "$PWD"
	printf 'exec'
	printf ' %q' "$@"
	echo
} >"$work/command"
: >"$work/output"

case $kind in
uml)
	guest=("$kernel/linux" mem=768M rootfstype=hostfs rootflags=/ con=null "con0=null,fd:1")
	;;
debug)
	guest=(qemu-system-x86_64 -accel "tcg,thread=multi" -cpu max -smp 2 -m 1536
		-nodefaults -no-reboot -display none -serial stdio -kernel "$kernel/bzImage"
		-fsdev "local,id=root,path=/,security_model=none,multidevs=remap,readonly=on"
		-device "virtio-9p-pci,fsdev=root,mount_tag=root"
		-fsdev "local,id=work,path=$work,security_model=none"
		-device "virtio-9p-pci,fsdev=work,mount_tag=work" -append)
	options+=(console=ttyS0 nokaslr root=root rootfstype=9p
		"rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=524288")
	;;
esac
options+=(ro "init=$here/init" panic=-1 quiet log_buf_len=1M -- "$work")
# QEMU wants one word.
if [ "$kind" = debug ]; then options=("${options[*]}"); fi

tail -q -n +1 -s 0.2 -f "$work/output" &
tail=$!
died=0
timeout -k 5 "$timeout" nice "${guest[@]}" "${options[@]}" >"$work/console" 2>&1 </dev/null || died=$?
sleep 0.5
kill "$tail"
wait "$tail" 2>/dev/null || true

status=1
if ! complained; then status=$(cat "$work/status"); fi
if [ -n "${AVTPMAP_GUEST_OUT-}" ]; then
	mkdir -p "$AVTPMAP_GUEST_OUT"
	cp -r "$work/out/." "$AVTPMAP_GUEST_OUT"
fi
exit "$status"
