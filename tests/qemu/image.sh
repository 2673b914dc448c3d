#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: image.sh ROOT
#
# Installs this tree (modules and igb by dkms, library and tools) into a copy of
# the Debian 13 root and prints the directory that holds root.ext4, vmlinuz and
# initrd. Cached by a hash of the files that go in.
set -Eeuo pipefail

# Mounts go with the script, however it ends.
[ "$1" = --unshared ] || exec unshare -m "$0" --unshared "$@"

root=$2
top=$(cd "$(dirname "$0")/../.." && pwd)
exec 3>&2
cache=${AVTPMAP_CACHE:-/var/cache/avtpmap}
inputs=(Makefile Kbuild dkms.conf dkms kmod uapi patches lib tools tests/qemu/guest tests/sim)

say()
{
	echo "image: $*" >&3
}

files()
{
	git -c safe.directory='*' -C "$top" ls-files -z -co --exclude-standard -- "${inputs[@]}" |
		while IFS= read -r -d '' file; do
			if [ -e "$top/$file" ]; then printf '%s\0' "$file"; fi
		done
}

install_product()
{
	local dir=$1 mnt=$1/mnt kernel

	mkdir "$mnt"
	mount -o loop "$dir/root.ext4" "$mnt"
	mount -t proc proc "$mnt/proc"
	mount -t sysfs sys "$mnt/sys"
	mount --bind /dev "$mnt/dev"
	mkdir "$mnt/usr/src/avtpmap"
	files | tar -C "$top" --null -T - -c | tar -C "$mnt/usr/src/avtpmap" -x --no-same-owner
	kernel=$(chroot "$mnt" linux-version list | tail -n 1)
	cp "$mnt/boot/initrd.img-$kernel" "$dir/initrd.stock"

	say "installing modules and driver by dkms for $kernel"
	chroot "$mnt" make -C /usr/src/avtpmap dkms-install "KDIR=/lib/modules/$kernel/build"
	say "building library and tools"
	chroot "$mnt" make -C /usr/src/avtpmap -j2 install PREFIX=/usr
	chroot "$mnt" ldconfig
	say "building test helpers"
	chroot "$mnt" make -C /usr/src/avtpmap/tests/qemu/guest "KDIR=/lib/modules/$kernel/build"
	install -m 755 "$top/tests/qemu/guest/init" "$mnt/sbin/avtpmap-init"
	cp "$mnt/boot/vmlinuz-$kernel" "$dir/vmlinuz"
	cp "$mnt/boot/initrd.img-$kernel" "$dir/initrd"
	umount -R "$mnt"
}

key=$({ echo "$root"; files | (cd "$top" && xargs -0 sha256sum); } | sha256sum | cut -c1-16)
image=$cache/image-$key
exec 9>"$cache/lock"
flock 9
if [ ! -e "$image" ]; then
	# The newest few, so that going back and forth between two trees is quick.
	find "$cache" -maxdepth 1 -name 'image-*' -printf '%T@ %p\n' | sort -rn | tail -n +4 |
		cut -d' ' -f2 | xargs -r rm -rf
	rm -rf "$cache/part"
	mkdir -p "$cache/part"
	cp --sparse=always "$root" "$cache/part/root.ext4"
	log=$cache/image.log
	trap 'tail -n 40 "$log" >&3; say "failed; all of it is in $log"' ERR
	install_product "$cache/part" >"$log" 2>&1
	trap - ERR
	rmdir "$cache/part/mnt"
	mv -T "$cache/part" "$image"
fi
echo "$image"
