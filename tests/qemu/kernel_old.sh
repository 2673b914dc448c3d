#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: kernel_old.sh ROOT
#
# Debian 12's 6.1, the oldest kernel that the XDP backend is for, with an initrd
# that holds what the guest of that ROOT needs of its modules. Prints the directory
# of vmlinuz and initrd in the cache; fails where apt does not know that kernel.
set -euo pipefail

# Mounts go with the script, however it ends.
[ "$1" = --unshared ] || exec unshare -m "$0" --unshared "$@"

root=$2
cache=${AVTPMAP_CACHE:-/var/cache/avtpmap}
modules=(virtio_pci virtio_blk ext4 crc32c_generic virtio_console 9p 9pnet_virtio igb)

say()
{
	echo "kernel: $*" >&2
}

# The initrd is made in the root, which is laid aside: it stays as it is.
build()
{
	local dir=$1 mnt=$1/mnt release

	mkdir "$dir/deb" "$mnt" "$dir/over"
	(cd "$dir" && apt-get -q download "$package")
	dpkg-deb -x "$dir"/*.deb "$dir/deb"
	release=$(basename "$dir"/deb/lib/modules/*)
	cp "$dir/deb/boot/vmlinuz-$release" "$dir/vmlinuz"

	mount -t tmpfs over "$dir/over"
	mkdir "$dir/over/lower" "$dir/over/upper" "$dir/over/work"
	mount -o loop,ro "$root" "$dir/over/lower"
	mount -t overlay -o "lowerdir=$dir/over/lower,upperdir=$dir/over/upper,workdir=$dir/over/work" root "$mnt"
	mount -t proc proc "$mnt/proc"
	cp -r "$dir/deb/lib/modules/$release" "$mnt/usr/lib/modules/"
	cp "$dir/deb/boot/config-$release" "$mnt/boot/"
	printf '%s\n' "${modules[@]}" >"$mnt/etc/initramfs-tools/modules"
	sed -i 's/^MODULES=.*/MODULES=list/' "$mnt/etc/initramfs-tools/initramfs.conf"
	chroot "$mnt" depmod "$release"
	chroot "$mnt" mkinitramfs -o /initrd "$release"
	cp "$mnt/initrd" "$dir/initrd"
	umount -R "$mnt" "$dir/over"
	rm -rf "$dir"/*.deb "$dir/deb" "$mnt" "$dir/over"
}

package=$(apt-cache show --no-all-versions linux-image-amd64 | sed -n 's/^Depends: \(linux-image-6\.1\.[^ ]*\).*/\1/p')
[ -n "$package" ] || { say "apt here does not know Debian 12's 6.1"; exit 1; }
key=$({ cat "$0"; echo "$root $package"; } | sha256sum | cut -c1-16)
kernel=$cache/kernel-old-$key
exec 9>"$cache/lock"
flock 9
if [ ! -e "$kernel" ]; then
	say "$package and an initrd for it (log in $cache/kernel-old.log)"
	rm -rf "$cache"/kernel-old-* "$cache/part-old"
	mkdir "$cache/part-old"
	build "$cache/part-old" >"$cache/kernel-old.log" 2>&1 || {
		tail -n 20 "$cache/kernel-old.log" >&2
		exit 1
	}
	mv "$cache/part-old" "$kernel"
fi
echo "$kernel"
