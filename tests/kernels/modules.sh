#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: modules.sh uml|debug TO [DRIVER]
#
# Builds avtpmap_hook.ko, avtpmap.ko, avtpmap_sim.ko and avtpmap_kunit.ko for a
# test kernel, and the patched DRIVER (igb), and copies them to the directory TO.
# Prints the kernel's directory.
set -euo pipefail

kind=$1
to=$2
driver=${3-}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
declare -A arch=([uml]=um [debug]=x86)

# A copy that changes only where the original did: two kernels' objects and
# those of a build in the tree do not meet, and a file that is edited while it
# is compiled is compiled again the next time.
copy()
{
	mkdir -p "$stage/$2"
	rsync -rc --delete "${@:3}" --exclude='*.mod.c' --exclude='.*' --include='*/' \
		--include='*.[ch]' --include=Kbuild --exclude='*' "$top/$1/" "$stage/$2/"
}

# The driver's source comes out of the kernel's own tarball.
driver_source()
{
	local path=drivers/net/ethernet/intel/$driver patches=("$top/patches/$driver"/6.12/*.patch)

	cat "${patches[@]}" | cmp -s - "$stage/$driver.patch" && return
	rm -rf "$stage/drivers"
	mkdir "$stage/drivers"
	tar -xf "${LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}" -C "$stage/drivers" \
		--strip-components=5 --wildcards "*/$path"
	cat "${patches[@]}" >"$stage/$driver.patch.new"
	patch -d "$stage/drivers/$driver" -p6 -F0 -s <"$stage/$driver.patch.new"
	mv "$stage/$driver.patch.new" "$stage/$driver.patch"
}

kernel=$("$here/build.sh" "$kind")
stage=$top/build/kernels/${kernel##*/kernel-}
mkdir -p "$stage"
exec 8>"$stage/lock"
flock 8
find "$top/build/kernels" -maxdepth 1 -name "$kind-*" -not -path "$stage" -exec rm -rf {} +
copy uapi uapi
copy kmod kmod
copy tests/sim tests/sim
copy tests/kunit tests/kunit --exclude=/product
copy kmod tests/kunit/product
rsync -c "$top"/tests/frames*.h "$stage/tests/"
[ -z "$driver" ] || driver_source
cat >"$stage/Kbuild" <<EOF
subdir-ccflags-y := -I\$(src)/uapi -I\$(src)/kmod
obj-m += kmod/ tests/sim/ tests/kunit/ ${driver:+drivers/$driver/}
EOF
mkdir -p "$to"
nice make -s -C "$kernel" "ARCH=${arch[$kind]}" M="$stage" KCFLAGS=-Werror -j"$(nproc)" \
	modules >"$stage/log" 2>&1 || { cat "$stage/log" >&2; exit 1; }
find "$stage" -name '*.ko' -exec cp -t "$to" {} +
strip --strip-debug "$to"/*.ko
echo "$kernel"
