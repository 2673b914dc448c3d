#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh [--only "NIC SERIES CASE"]
#
# Boots the distribution's kernels with our drivers on NICs that are processes
# (i2xx.c), and compares what the NIC gave its driver with what the guest made of
# it. A guest for each NIC and kernel; in it, each function case_* of cases.sh.
# --only: words, each of which is in "NIC SERIES CASE".
set -euo pipefail

# shellcheck source=tests/qemu/lib.sh
. "$(dirname "$0")/../qemu/lib.sh"
# shellcheck source=tests/nic/cases.sh
. "$(dirname "$0")/cases.sh"

nic_dir=$top/tests/nic
matrix=(i210/6.1 i210/6.12 i210/7.3 i225/6.1 i225/6.12 i225/7.3 i226/6.1 i226/6.12 i226/7.3)
# An emulated timer that comes late on a busy machine is no reason to give it up.
guest_cmdline=no_timer_check
nic_modules=(i2c-algo-bit dca ptp pps_core 8021q)
only=''

# selected NAME: each word of --only is one of its words, or begins a case's name.
selected()
{
	local word

	for word in $only; do
		[[ " $1 " == *" $word"* ]] || return 1
	done
}

driver_of()
{
	case $1 in
	i210) echo igb ;;
	*) echo igc ;;
	esac
}

# A guest whose cases are none of ours need not be there. CASE is not known yet.
wanted_guests()
{
	local guest word

	for guest in "${matrix[@]}"; do
		for word in $only; do
			[[ $word != i2* && $word != [0-9]* || /$guest/ == */$word/* ]] || continue 2
		done
		echo "$guest"
	done
}

# Fetches and builds; needs the network, so before enter_sandbox.
prepare_nic()
{
	local guest series nic

	[ -z "${AVTPMAP_SANDBOX-}" ] || return 0
	[ "$(id -u)" = 0 ] || die "run as root"
	make -s -C "$nic_dir" CCS=gcc ../../build/nic/gcc/i2xx ../../build/nic/guest
	flock "$here" make -s -C "$here" wire
	AVTPMAP_ROOT=$("$here/root.sh")
	AVTPMAP_IMAGE=${AVTPMAP_IMAGE:-$("$here/image.sh" "$AVTPMAP_ROOT")}
	AVTPMAP_NIC_ROOT=$("$nic_dir/root.sh" "$AVTPMAP_ROOT")
	AVTPMAP_NIC_KO=
	for guest in $(wanted_guests); do
		nic=${guest%/*} series=${guest#*/}
		AVTPMAP_NIC_KO+=" $series:$("$nic_dir/build.sh" "$AVTPMAP_NIC_ROOT" "$series" avtpmap)"
		AVTPMAP_NIC_KO+=" $series:$("$nic_dir/build.sh" "$AVTPMAP_NIC_ROOT" "$series" "$(driver_of "$nic")")"
	done
	export AVTPMAP_ROOT AVTPMAP_IMAGE AVTPMAP_NIC_ROOT AVTPMAP_NIC_KO
}

# Where QEMU runs: it sees its sockets, the image and nothing else of this machine.
setup_qemu_root()
{
	qemu_root=$work/qemu
	mkdir "$qemu_root"
	mount -o loop,ro "$AVTPMAP_NIC_ROOT" "$qemu_root"
	mount -t proc proc "$qemu_root/proc"
	mount --rbind /dev "$qemu_root/dev"
	mount -t tmpfs tmp "$qemu_root/var/tmp"	# the disk's changes
	mount -t tmpfs run "$qemu_root/run"
	mount -t tmpfs cache "$qemu_root/var/cache"
	mkdir -p "$qemu_root$work" "$qemu_root$AVTPMAP_IMAGE"
	mount --bind "$work" "$qemu_root$work"
	mount --bind "$AVTPMAP_IMAGE" "$qemu_root$AVTPMAP_IMAGE"
	guest_qemu=(env -u TMPDIR chroot "$qemu_root" qemu-system-x86_64)
	guest_memory=(-m 1024 -object "memory-backend-memfd,id=ram,size=1G,share=on" -machine "memory-backend=ram")
	install -m 755 "$top/build/nic/guest" "$share/guest"
	ln "$share/guest" "$share/zerocopy"	# pkill tells them apart
}

# The distribution's modules that ours need, and ours, as the guest's own.
setup_modules()
{
	local series=$1 release module ko dir

	release=$(awk -v s="$series" '$1 == s { print $2 }' "$qemu_root/etc/avtpmap-kernels")
	dir=$share/modules/lib/modules/$release
	[ ! -d "$dir" ] || return 0
	mkdir -p "$dir"
	for module in "${nic_modules[@]}" virtio_net; do
		chroot "$qemu_root" modprobe -S "$release" --show-depends "$module" 2>/dev/null |
			sed -n 's/^insmod //p'
	done | sort -u | while read -r ko; do cp "$qemu_root$ko" "$dir"; done
	for ko in $AVTPMAP_NIC_KO; do
		[ "${ko%%:*}" != "$series" ] || cp "${ko#*:}"/*.ko "$dir"
	done
	cp "$qemu_root/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$dir"
	depmod -b "$share/modules" "$release"
}

nic_ask()
{
	"$top/build/nic/gcc/i2xx" ask "$work/control" "$@"
}

start_nic()
{
	rm -f "$work/guest" "$work/vfio" "$work/control" "$work/record.pcap"
	rm -f "$work/nic.status"
	{
		local status=0

		"$top/build/nic/gcc/i2xx" "$nic" "$work/vfio" "$work/guest" "$work/host" "$work/control" \
			"$work/record.pcap" >"$work/nic.log" 2>&1 || status=$?
		echo "$status" >"$work/nic.status"
	} &
	until grep -qs ready "$work/nic.log"; do
		[ ! -e "$work/nic.status" ] || die "the NIC: $(cat "$work/nic.log")"
		sleep 0.05
	done
	guest_nic=(-device "{\"driver\":\"vfio-user-pci\",\"socket\":{\"path\":\"$work/vfio\",\"type\":\"unix\"}}")
}

# Its sanitizers have their say at the end.
stop_nic()
{
	pkill -x i2xx
	until [ -s "$work/nic.status" ]; do sleep 0.05; done
	same "$(cat "$work/nic.status") $(cat "$work/nic.log")" '0 ready'
}

boot_nic()
{
	nic=${1%/*} series=${1#*/} driver=$(driver_of "${1%/*}")
	work=/run/avtpmap-qemu
	setup_modules "$series"
	guest_vmlinuz=/boot/avtpmap-$series.vmlinuz
	guest_initrd=/boot/avtpmap-$series.initrd
	start_nic
	boot
	guest "modules=/lib/modules/\$(uname -r)
		mkdir -p \$modules
		mount --bind /share/modules\$modules \$modules
		modprobe $driver
		modprobe avtpmap
		ip link set eth0 up promisc on
		ethtool -K eth0 gro off rxvlan on
		sysctl -q net.core.gro_normal_batch=1"
	guest_until 'grep -q 1 /sys/class/net/eth0/carrier'
}

# Nothing of a case may reach the next one.
tidy_guest()
{
	guest "pkill -x 'guest|zerocopy'; avtpmap del eth0 $stream"
}

while [ $# -gt 0 ]; do
	case $1 in
	--only) only=$2; shift ;;
	*) die "$(sed -n 's/^# usage: /usage: /p' "$0")" ;;
	esac
	shift
done

prepare_nic
enter_sandbox ${only:+--only "$only"}
setup_host
setup_qemu_root
mapfile -t cases < <(sed -n 's/^\(case_[a-z0-9_]*\)()$/\1/p' "$nic_dir/cases.sh")
for guest in $(wanted_guests); do
	start=$SECONDS
	boot_nic "$guest"
	echo "# $guest: up in $((SECONDS - start)) s"
	for name in "${cases[@]}"; do
		if selected "$nic $series ${name#case_}"; then judge "$nic $series ${name#case_}" "$name"; fi
	done
	shutdown_guest
	judge "$nic $series stop_nic" stop_nic
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
