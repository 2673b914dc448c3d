#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: root.sh ROOT
#
# A copy of the Debian 13 root (tests/qemu/root.sh) with each kernel that there are
# patches for - image, headers and source of one version, as a user would install
# them - and with a QEMU that has vfio-user-pci. Drivers are built in it, and QEMU
# runs in it. Prints its path in the cache.
set -Eeuo pipefail

# Mounts go with the script, however it ends.
[ "$1" = --unshared ] || exec unshare -m "$0" --unshared "$@"

root=$2
exec 3>&2
cache=${AVTPMAP_CACHE:-/var/cache/avtpmap}
# Whoever adds patches for another kernel gets that kernel.
mapfile -t series < <(cd "$(dirname "$0")/../../patches" && printf '%s\n' */*/ | cut -d/ -f2 | sort -Vu)
initrd_modules=(virtio_pci virtio_blk ext4 crc32c_generic virtio_console 9p 9pnet_virtio)

# What apt already has for this machine's suite has the others too.
# shellcheck disable=SC2016 # $(...) is apt's
mirror()
{
	apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | sed -n "s/^$1 //p" | head -n 1
}

sources()
{
	local codename suite key=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg

	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	for suite in trixie trixie-backports bookworm; do
		echo "deb [$key] $(mirror "$codename") $suite main"
	done
	echo "deb [$key] $(mirror "$codename-security") bookworm-security main"
}

# Asks apt without touching the machine's own state.
ask_apt()
{
	apt-cache -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" "$@"
}

update()
{
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	sources >"$apt/sources.list"
	apt-get -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -qq update >&2
}

# The newest kernel of each series: "SERIES RELEASE VERSION".
kernels()
{
	local s

	for s in "${series[@]}"; do
		ask_apt show linux-image-amd64 |
			sed -nE "s/^Depends:.* ?linux-image-(${s//./\\.}[.+-][^ ]*) \(= ([^)]*)\).*/$s \1 \2/p" |
			head -n 1
	done
}

in_root()
{
	DEBIAN_FRONTEND=noninteractive INITRD=No chroot "$mnt" "$@"
}

install_all()
{
	local s release version packages=()

	while read -r s release version; do
		packages+=("linux-image-$release" "linux-headers-$release" "linux-source-$s=$version")
	done <"$cache/nic.kernels"
	cp "$apt/sources.list" "$mnt/etc/apt/sources.list.d/avtpmap-nic.list"
	in_root apt-get -q update
	in_root apt-get install -q -y --no-install-recommends -t trixie-backports -o Dpkg::Options::=--force-unsafe-io \
		"${packages[@]}" qemu-system-x86
	in_root apt-get clean
	in_root qemu-system-x86_64 -device help | grep vfio-user-pci
}

# Without the NIC's driver: that one comes afterwards.
make_initrds()
{
	local s release version conf=$mnt/etc/avtpmap-initramfs

	cp -a "$mnt/etc/initramfs-tools" "$conf"
	printf '%s\n' "${initrd_modules[@]}" >"$conf/modules"
	sed -i 's/^MODULES=.*/MODULES=list/' "$conf/initramfs.conf"
	while read -r s release version; do
		in_root mkinitramfs -d /etc/avtpmap-initramfs -o "/boot/avtpmap-$s.initrd" "$release"
		ln -s "vmlinuz-$release" "$mnt/boot/avtpmap-$s.vmlinuz"
	done <"$cache/nic.kernels"
	cp "$cache/nic.kernels" "$mnt/etc/avtpmap-kernels"
}

build()
{
	mkdir -p "$mnt"
	truncate -s 14G "$1"
	e2fsck -fy "$1" || [ $? -le 1 ]
	resize2fs "$1"
	mount -o loop "$1" "$mnt"
	mount -t proc proc "$mnt/proc"
	mount -t sysfs sys "$mnt/sys"
	mount --bind /dev "$mnt/dev"
	mount --bind "$(realpath /etc/resolv.conf)" "$mnt/etc/resolv.conf"
	install_all
	make_initrds
	umount -R "$mnt"
}

apt=$cache/apt-nic
mnt=$cache/nic.mnt
mkdir -p "$cache"
exec 9>"$cache/nic.lock"
flock 9
update
kernels >"$cache/nic.kernels"
[ "$(wc -l <"$cache/nic.kernels")" = ${#series[@]} ] || {
	echo "nic: apt does not know a kernel of each of ${series[*]}; it knows: $(cat "$cache/nic.kernels")" >&2
	exit 1
}
key=$({ cat "$0" "$cache/nic.kernels"; echo "$root"; } | sha256sum | cut -c1-16)
image=$cache/nic-$key.ext4
if [ ! -e "$image" ]; then
	echo "nic: making a root with kernels ${series[*]} and QEMU (about 5 minutes; log in $cache/nic.log)" >&2
	rm -f "$cache"/nic-*.ext4
	cp --sparse=always "$root" "$image.part"
	trap 'tail -n 20 "$cache/nic.log" >&3' ERR
	build "$image.part" >"$cache/nic.log" 2>&1 9>&-
	trap - ERR
	mv "$image.part" "$image"
fi
echo "$image"
