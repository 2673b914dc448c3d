#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: root_rt.sh ROOT
#
# A copy of the Debian 13 root (root.sh) with Debian's -rt kernel instead of the
# ordinary one. Prints its path in the cache.
set -euo pipefail

# Mounts go with the script, however it ends.
[ "$1" = --unshared ] || exec unshare -m "$0" --unshared "$@"

root=$2
cache=${AVTPMAP_CACHE:-/var/cache/avtpmap}

change_kernel()
{
	local target=$1 mnt=$cache/root.mnt

	mkdir -p "$mnt"
	mount -o loop "$target" "$mnt"
	mount -t proc proc "$mnt/proc"
	mount -t sysfs sys "$mnt/sys"
	mount --bind /dev "$mnt/dev"
	mount --bind "$(realpath /etc/resolv.conf)" "$mnt/etc/resolv.conf"
	export DEBIAN_FRONTEND=noninteractive
	chroot "$mnt" apt-get -q update
	# Both kernels come from one source version, which linux-source has.
	chroot "$mnt" sh -c 'apt-get install -q -y --no-install-recommends \
		linux-image-rt-amd64 linux-headers-rt-amd64 linux-image-amd64- linux-headers-amd64- \
		$(dpkg-query -W -f "\${Package}- " "linux-image-[0-9]*" "linux-headers-[0-9]*-amd64")'
	chroot "$mnt" apt-get clean
	umount -R "$mnt"
}

key=$({ cat "$0"; echo "$root"; } | sha256sum | cut -c1-16)
rt=$cache/rt-$key.ext4
exec 9>"$cache/lock"
flock 9
if [ ! -e "$rt" ]; then
	echo "root: making one with Debian's -rt kernel (log in $cache/rt.log)" >&2
	rm -f "$cache"/rt-*.ext4
	cp --sparse=always "$root" "$rt.part"
	change_kernel "$rt.part" >"$cache/rt.log" 2>&1 || {
		tail -n 20 "$cache/rt.log" >&2
		exit 1
	}
	mv "$rt.part" "$rt"
fi
echo "$rt"
