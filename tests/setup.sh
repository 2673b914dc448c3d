#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: setup.sh [demo]
# Installs what the build and the tests need on Debian 12 or 13, or what "make
# demo" needs. As root.
set -euo pipefail

guest=(gcc libc6-dev make mmdebstrap debian-archive-keyring e2fsprogs iproute2 procps perl
	tcpdump libpcap-dev)
build=(pkg-config libnl-3-dev libnl-genl-3-dev libnl-route-3-dev libsndfile1-dev libjson-c-dev
	libbpf-dev libxdp-dev bpftool clang llvm jackd2 libjack-jackd2-dev
	libasound2-dev alsa-utils libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
	gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
	libpipewire-0.3-dev pipewire pipewire-bin wireplumber dbus-daemon)
unit=(libcmocka-dev clang llvm tshark jq linuxptp)
lint=(shellcheck cppcheck sparse codespell clang-format man-db mandoc)
kernel=(linux-headers-amd64 kmod patch xz-utils
	flex bison bc libelf-dev libssl-dev dwarves rsync cpio)

missing()
{
	local package

	for package; do
		dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
			echo "$package"
	done
}

qemu_has_igb()
{
	command -v qemu-system-x86_64 >/dev/null &&
		qemu-system-x86_64 -device help 2>/dev/null | grep -q '"igb"'
}

# apt-get, which waits while another one is at work, as one is while a fresh
# machine boots first. Its own option knows dpkg's lock; that of the lists it
# does not wait for.
apt()
{
	local wait=0 last="$log.last" end=$((SECONDS + 900))

	until LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		apt-get -q -o "DPkg::Lock::Timeout=$wait" "$@" >"$last" 2>&1; do
		cat "$last" >>"$log"
		if ! grep -q '^E: Could not get lock' "$last" || [ $SECONDS -ge $end ]; then
			tail -n 20 "$last" >&2
			echo "setup: apt-get $1 failed; all of it is in $log" >&2
			exit 1
		fi
		[ $wait -gt 0 ] || echo "setup: waiting for$(sed -n 's/^E: Could not get lock\(.*\)/\1/p' "$last" | head -n 1)"
		wait=30
		sleep 2
	done
	cat "$last" >>"$log"
	rm -f "$last"
}

install()
{
	echo "setup: installing $*"
	apt install -y --no-install-recommends "$@"
}

update()
{
	apt update
}

# has PACKAGE [VERSION]: apt would install it, and at least that version
has()
{
	local candidate

	candidate=$(apt-cache policy "$1" | sed -n 's/^  Candidate: //p')
	[ -n "$candidate" ] && [ "$candidate" != '(none)' ] && dpkg --compare-versions "$candidate" ge "${2:-0}"
}

# The suite is on the mirror that apt has already.
# shellcheck disable=SC2016 # $(...) is apt's
add_backports()
{
	local mirror

	apt-get indextargets --format '$(CODENAME)' | grep -qx "$codename-backports" && return
	mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | sed -n "s/^$codename //p" | head -n 1)
	echo "setup: adding the suite $codename-backports"
	echo "deb $mirror $codename-backports main" >/etc/apt/sources.list.d/avtpmap-backports.list
	update
}

# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
[ "$(id -u)" = 0 ] || { echo "setup: run as root" >&2; exit 1; }
log=$(mktemp -t avtpmap-setup.XXXXXX)

packages=("${guest[@]}")
[ "${1-}" = demo ] || packages+=("${build[@]}" "${unit[@]}" "${lint[@]}" "${kernel[@]}")
mapfile -t wanted < <(missing "${packages[@]}")
if [ ${#wanted[@]} -gt 0 ]; then
	update
	install "${wanted[@]}"
fi

# libFuzzer is in a package that is named by clang's version.
if [ "${1-}" != demo ]; then
	mapfile -t wanted < <(missing "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev")
	[ ${#wanted[@]} -eq 0 ] || install "${wanted[@]}"
fi

# An igb model came with QEMU 8; Debian 12's own is 7.2, and its kernel is 6.1.
wanted=() backports=()
if ! qemu_has_igb; then
	update
	if has qemu-system-x86 1:8; then wanted+=(qemu-system-x86); else backports+=(qemu-system-x86); fi
fi
if [ "${1-}" != demo ] && [ ! -e /usr/src/linux-source-6.12.tar.xz ]; then
	update
	if has linux-source-6.12; then wanted+=(linux-source-6.12); else backports+=(linux-source-6.12); fi
fi
[ ${#wanted[@]} -eq 0 ] || install "${wanted[@]}"
if [ ${#backports[@]} -gt 0 ]; then
	add_backports
	install -t "$codename-backports" "${backports[@]}"
fi
rm -f "$log"
