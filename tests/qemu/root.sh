#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: root.sh
#
# Makes a Debian 13 root with its kernel, headers, kernel source, dkms and
# GStreamer, as an ext4 image in the cache, and prints its path. It serves as
# the guest's disk and as the place where the talker runs.
set -euo pipefail

# Mounts go with the script, however it ends.
[ "${1-}" = --unshared ] || exec unshare -m "$0" --unshared "$@"

cache=${AVTPMAP_CACHE:-/var/cache/avtpmap}
packages=(
	linux-image-amd64 linux-headers-amd64 linux-source-6.12
	dkms gcc libc6-dev make patch initramfs-tools zstd udev kmod openssl
	iproute2 ethtool tcpdump procps jq pkg-config
	libnl-3-dev libnl-genl-3-dev libnl-route-3-dev libsndfile1-dev libjson-c-dev
	libbpf-dev libxdp-dev clang bpftool
	gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-bad
)

say()
{
	echo "root: $*" >&2
}

# Debian 13 lies on the mirror that apt already has for this machine's suite.
mirror()
{
	local codename

	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # $(...) is apt's
	apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | sed -n "s/^$codename //p" | head -n 1
}

# Asks for trixie's kernel without touching the machine's own apt state.
kernel_version()
{
	local apt=$cache/apt

	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) trixie main" \
		>"$apt/sources.list"
	local options=(-o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache")
	apt-get "${options[@]}" -qq update >&2
	apt-cache "${options[@]}" show --no-all-versions linux-image-amd64 | sed -n 's/^Version: //p'
}

build()
{
	local target=$1 mnt=$cache/root.mnt log=$cache/root.log

	say "making a Debian 13 root (about 2 minutes; log in $log)"
	truncate -s 6G "$target"
	mkfs.ext4 -q -F -O ^has_journal "$target"
	mkdir -p "$mnt"
	mount -o loop "$target" "$mnt"
	mmdebstrap --variant=minbase --include="${packages[*]}" trixie "$mnt" "$(mirror)" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		exit 1
	}
	# GStreamer looks at all of its plugins once, here.
	chroot "$mnt" env GST_REGISTRY=/var/cache/gst-registry gst-inspect-1.0 avtpaafpay >>"$log" 2>&1
	umount "$mnt"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
version=$(kernel_version)
[ -n "$version" ] || { say "apt knows no kernel in trixie"; exit 1; }
key=$({ cat "$0"; echo "$version"; } | sha256sum | cut -c1-16)
root=$cache/root-$key.ext4
if [ ! -e "$root" ]; then
	rm -rf "$cache"/root-*.ext4 "$cache"/image-*
	build "$root.part"
	mv "$root.part" "$root"
fi
echo "$root"
