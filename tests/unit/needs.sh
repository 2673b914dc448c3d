#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: needs.sh
# On a machine that lacks something, make says so in one line, with the command
# that cures it, and has changed nothing.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d -t avtpmap-needs.XXXXXX)
trap 'rm -rf "$work"' EXIT
n=0

check()
{
	local what=$1

	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' "$work/said"
	fi
}

# machine PROGRAM...: a PATH without those, in $work/bin
machine()
{
	local dir program

	rm -rf "${work:?}/bin"
	mkdir "$work/bin"
	for dir in /sbin /usr/sbin /bin /usr/bin; do
		cp -rs "$dir"/. "$work/bin" 2>/dev/null
	done
	for program; do
		rm -f "$work/bin/$program"
	done
}

# says PATTERN TARGET...: make fails, with so many lines of ours
says()
{
	local pattern=$1

	shift
	if PATH=$work/bin make -C "$top" O="$work/out" DESTDIR="$work/dest" KERNELRELEASE=6.0.0-none \
		"$@" >"$work/said" 2>&1; then
		return 1
	fi
	grep -qE "$pattern" "$work/said" && [ "$(grep -vcE '^make|^ *$' "$work/said")" = 1 ]
}

echo 1..9
machine dkms
mkdir "$work/headers"
touch "$work/headers/Makefile"
check "no dkms" says "missing: dkms; run: apt install dkms" dkms-install KDIR="$work/headers"
check "and nothing was copied" test ! -e "$work/dest"
machine
ln -s /bin/true "$work/bin/dkms" 2>/dev/null
check "no headers" says "missing: the headers of kernel 6.0.0-none .*; run: apt install .*linux-headers" dkms-install KDIR=/nonesuch
check "a kernel that apt has none for" grep -qE "linux-headers-amd64 \(apt has none for 6.0.0-none" "$work/said"
"$top/dkms/needs" dkms /lib/modules/6.9.9-x/build 2>"$work/said"
check "another kernel" grep -q "headers of kernel 6.9.9-x (/lib" "$work/said"
check "and nothing was copied then" test ! -e "$work/dest"
machine pkg-config pkgconf clang
check "no clang and no pkg-config" says "missing: pkg-config, .*clang.*; run: apt install pkg-config .*clang" install
check "nor was that begun" test ! -e "$work/dest"
machine clang
check "only that" says "missing: clang; run: apt install clang$" tools
