#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: build.sh ROOT SERIES avtpmap|DRIVER
#
# Builds hook and module, or one patched driver, for a kernel of that root
# (root.sh) and as a user would, and prints the directory in the cache that holds
# them. A driver is built anew when its patch, the hook's header, what prepares it
# or the kernel is another one. Fails, and says why, when there is a warning, when
# the patch does not fit without fuzz, or when an exported symbol is not as in the
# distribution's driver.
set -Eeuo pipefail

# Mounts go with the script, however it ends.
[ "$1" = --unshared ] || exec unshare -m "$0" --unshared "$@"

root=$2 series=$3 what=$4
top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${AVTPMAP_CACHE:-/var/cache/avtpmap}
exec 3>&2

refuse()
{
	echo "$what $series: $*" >&3
	exit 1
}

inputs()
{
	local common=(Kbuild dkms/driver-source)

	case $what in
	avtpmap) common+=(kmod uapi) ;;
	*) common+=("patches/$what/$series" kmod/avtpmap_hook.h) ;;
	esac
	git -c safe.directory='*' -C "$top" ls-files -co --exclude-standard -- "${common[@]}"
}

# The symbols of our driver and of the distribution's, with their versions.
check_symbols()
{
	local ours theirs

	ours=$(awk '$3 ~ /^drivers\// { print $2, $1 }' "$tree/Module.symvers" | sort)
	theirs=$(awk -v m="/$what\$" '$3 ~ m { print $2, $1 }' "$mnt$kdir/Module.symvers" | sort)
	[ "$ours" = "$theirs" ] || refuse "exports other symbols: $(diff <(echo "$theirs") <(echo "$ours"))"
}

build()
{
	local target=$what

	mount -t tmpfs over "$over"
	mkdir "$over/lower" "$over/upper" "$over/work" "$over/root"
	mount -o loop,ro "$root" "$over/lower"
	mount -t overlay -o "lowerdir=$over/lower,upperdir=$over/upper,workdir=$over/work" root "$mnt"
	mount -t proc proc "$mnt/proc"
	mount --bind /dev "$mnt/dev"
	tree=$mnt/usr/src/avtpmap
	mkdir "$tree"
	cp -r "$top"/{Makefile,Kbuild,dkms.conf,dkms,kmod,uapi,patches} "$tree"
	find "$tree" \( -name '*.o' -o -name '*.ko' -o -name '.*.cmd' \) -delete
	kdir=/lib/modules/$(awk -v s="$series" '$1 == s { print $2 }' "$mnt/etc/avtpmap-kernels")/build
	case $what in
	avtpmap) target='modules DRIVERS=' ;;
	*) sed -i '/avtpmap\.o/,/^$/d' "$tree/kmod/Kbuild" ;;	# it needs the hook only
	esac
	# shellcheck disable=SC2086 # a target and a variable
	chroot "$mnt" make -C /usr/src/avtpmap -j2 $target "KDIR=$kdir" >"$log" 2>&1 ||
		refuse "does not build: $(grep -E 'left out|FAILED|error' "$log" || tail -n 20 "$log")"
	if grep -n 'warning:' "$log" >&3; then refuse "has warnings; see $log"; fi
	if [ "$what" = avtpmap ]; then
		cp "$tree"/kmod/*.ko "$part"
	else
		check_symbols
		cp "$tree"/drivers/*/"$what/$what.ko" "$part"
	fi
}

key=$({ echo "$root"; cat "$0"; inputs | (cd "$top" && xargs -d '\n' sha256sum); } | sha256sum | cut -c1-16)
out=$cache/nic-ko/$what-$series-$key
log=$cache/nic-ko/$what-$series.log
mkdir -p "$cache/nic-ko"
exec 9>"$cache/nic-ko/$what-$series.lock"
flock 9
if [ ! -e "$out" ]; then
	part=$out.part over=$out.over mnt=$out.over/root
	rm -rf "$cache/nic-ko/$what-$series"-*
	mkdir "$part" "$over"
	trap 'rm -rf "$part"' EXIT
	build
	umount -R "$mnt" "$over/lower" "$over"
	rmdir "$over"
	mv "$part" "$out"
fi
echo "$out"
