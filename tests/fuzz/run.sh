#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh BUILD_DIR KIND SECONDS
# Runs BUILD_DIR/fuzz_KIND on its corpus, which it lets grow, and says in TAP
# how that ended. What breaks it stays in BUILD_DIR.
set -uo pipefail

dir=$1 kind=$2 seconds=$3
echo 1..1
if [ ! -x "$dir/fuzz_$kind" ]; then
	echo "ok 1 - fuzz_$kind # SKIP clang with libFuzzer is not installed (libclang-rt-N-dev, N as in clang -dumpversion)"
	exit 0
fi
if "$dir/fuzz_$kind" -max_total_time="$seconds" -timeout=10 -max_len=8192 -verbosity=1 \
		-artifact_prefix="$dir/$kind-" "$dir/$kind" >"$dir/$kind.log" 2>&1; then
	echo "ok 1 - fuzz_$kind: $(grep -ao '^Done [0-9]* runs' "$dir/$kind.log"), $(find "$dir/$kind" -type f | wc -l) in the corpus"
else
	grep -vE '^#[0-9]|^INFO' "$dir/$kind.log" | head -n 60
	echo "not ok 1 - fuzz_$kind"
	exit 1
fi
