#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: build.sh uml|debug
#
# Builds a test kernel from the distribution's linux-source package and prints
# the directory that it is in: the image (linux or bzImage), and what the build
# of modules needs (make -C DIR M=...). Cached by what goes into it: source,
# patches (KIND-*.patch), configuration, recipe and compiler.
#
# LINUX_SOURCE names another tarball, AVTPMAP_CACHE another cache.
set -euo pipefail

kind=${1-}
here=$(cd "$(dirname "$0")" && pwd)
config=$here/$kind.config
mapfile -t patches < <(find "$here" -name "$kind-*.patch" | sort)
source=${LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
cache=${AVTPMAP_CACHE:-/var/cache/avtpmap}

die()
{
	echo "kernels: $*" >&2
	exit 1
}

unpack()
{
	tar -xf "$source" --strip-components=1 --exclude='*/Documentation' \
		--exclude='*/drivers/gpu/drm/*.[ch]' --exclude='*/sound/*.[ch]'
	mkdir Documentation
	touch Documentation/Kconfig
}

apply()
{
	local file

	for file in "${patches[@]}"; do patch -p1 -F0 -s <"$file"; done
}

# An option that does not take would be a check that is silently not made.
configure()
{
	local line

	make -s tinyconfig
	scripts/kconfig/merge_config.sh -m .config "$config"
	make -s olddefconfig
	while read -r line; do
		case $line in
		'# CONFIG_'*' is not set') ! grep -q "^${line:2:-11}=" .config ;;
		CONFIG_*) grep -qxF "$line" .config ;;
		esac || { echo "not taken: $line"; return 1; }
	done <"$config"
}

# modules_prepare makes no Module.symvers; a kernel all of whose exports are
# built in has it as vmlinux.symvers.
compile()
{
	make -s -j"$(nproc)" "$image" modules_prepare
	cp vmlinux.symvers Module.symvers
}

# What modules are built from, and BTF, which is left in vmlinux for theirs.
strip_tree()
{
	local to=$1 file

	mkdir -p "$to"
	cp --parents -a -t "$to" .config Makefile Module.symvers System.map include scripts
	find arch/x86 arch/um \( -name '*.h' -o -name 'Makefile*' -o -name '*.lds' -o -name Kbuild \) \
		-exec cp --parents -a -t "$to" {} +
	for file in tools/objtool/objtool tools/bpf/resolve_btfids/resolve_btfids; do
		if [ -e "$file" ]; then cp --parents -a -t "$to" "$file"; fi
	done
	objcopy --strip-debug vmlinux "$to/vmlinux"
	cp -L "$(find linux arch/x86/boot/bzImage -type f 2>/dev/null)" "$to/$image"
}

case $kind in
uml) export ARCH=um; image=linux ;;
debug) export ARCH=x86; image=bzImage ;;
*) sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2 ;;
esac
[ -e "$source" ] || die "there is no $source: apt install linux-source-6.12"

key=$({ sha256sum <"$source"; cat "$config"; declare -f unpack configure compile strip_tree
	gcc -dumpfullversion
	[ ${#patches[@]} -eq 0 ] || { declare -f apply; cat "${patches[@]}"; }; } | sha256sum | cut -c1-16)
kernel=$cache/kernel-$kind-$key
mkdir -p "$cache"
if [ ! -e "$kernel" ]; then
	exec 9>"$cache/kernel-$kind.lock"
	flock 9
fi
if [ ! -e "$kernel" ]; then	# nor did who had the lock make it
	# The newest two, so that going back and forth between two trees is quick.
	find "$cache" -maxdepth 1 -type d -name "kernel-$kind-*" -printf '%T@ %p\n' | sort -rn | tail -n +2 |
		cut -d' ' -f2 | xargs -r rm -rf
	tree=$cache/part-$kind/tree
	log=$cache/kernel-$kind.log
	rm -rf "$cache/part-$kind"
	mkdir -p "$tree"
	echo "kernels: building the $kind kernel; it takes minutes, once" >&2
	# A shell of its own, whose errors end it.
	(cd "$tree" && nice bash -euo pipefail -c "$(declare -p source config image patches
		declare -f unpack apply configure compile strip_tree)
		unpack; apply; configure; compile; strip_tree ../kernel") >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "failed; all of it is in $log"
	}
	mv -T "$cache/part-$kind/kernel" "$kernel"
	rm -rf "$cache/part-$kind"
fi
echo "$kernel"
