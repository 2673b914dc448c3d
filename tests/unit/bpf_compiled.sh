#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: bpf_compiled.sh OBJECT
# The shared headers compiled for BPF, and the stores that have to be ordered
# became atomic exchanges: plain BPF stores are not.
echo 1..2
if ! command -v clang >/dev/null; then
	echo "ok 1 - headers compile for BPF # SKIP clang is not installed"
	echo "ok 2 - ordered stores # SKIP clang is not installed"
	exit 0
fi
if [ -s "$1" ]; then
	echo "ok 1 - headers compile for BPF"
else
	echo "not ok 1 - headers compile for BPF"
fi
objdump=$(command -v llvm-objdump || command -v llvm-objdump-14)
if [ -z "$objdump" ]; then
	echo "ok 2 - ordered stores # SKIP llvm-objdump is not installed"
	exit 0
fi
n=$("$objdump" --mattr=+alu32 -d "$1" | grep -c xchg)
# seq twice, head, and format_seq twice where the epoch begins
if [ "$n" -ge 5 ]; then
	echo "ok 2 - ordered stores: $n atomic exchanges"
else
	echo "not ok 2 - ordered stores: $n atomic exchanges, expected 5"
fi
