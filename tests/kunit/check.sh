#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: [ONLY=part of a name] [V=1] check.sh [uml|debug]...
#
# Runs the suites in a test kernel, or in both, with one line per suite, and then
# rounds of loading, misuse and unloading (tests/kernels/rounds.sh; ROUNDS=N), and
# what user-mode Linux makes of a larger processor. What the kernel complains of
# fails, too. All suites share one boot: the first report
# of KASAN switches lockdep off, but by then the run has failed.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -t avtpmap-kunit.XXXXXX)
trap 'rm -f "$out"' EXIT
passed=0 failed=0 skipped=0

all_suites=(parse account period table ring stream event group crowd netlink rights fault param)

# A suite's part of the output: from the line that names it to its verdict.
part()
{
	awk -v suite="avtpmap_$1" '/# Subtest: / { on = $NF == suite } on
		$0 ~ "^(not )?ok [0-9]+ " suite { on = 0 }' "$out"
}

count()
{
	local kind=$1 suite=$2 ok bad skip

	bad=$(part "$suite" | grep -cE '^    not ok [0-9]+ ')
	skip=$(part "$suite" | grep -cE '^    ok [0-9]+ .*# SKIP')
	ok=$(part "$suite" | grep -cE '^    ok [0-9]+ ')
	ok=$((ok - skip))
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	if [ "$bad" -gt 0 ]; then
		part "$suite" | grep -vE '^ +ok ' | head -n 60
		echo "not ok - $kind: avtpmap_$suite, $ok passed, $bad failed"
	elif ! part "$suite" | grep -qE "^ok [0-9]+ avtpmap_$suite"; then
		if grep -q "^# avtpmap_$suite$" "$out"; then
			echo "not ok - $kind: avtpmap_$suite did not come to its end"
		else
			echo "not ok - $kind: avtpmap_$suite did not begin"
		fi
		failed=$((failed + 1))
	else
		echo "ok - $kind: avtpmap_$suite, $ok passed, $skip skipped"
	fi
}

# A minute and some, and what emulation makes of it.
declare -A suites_s=([uml]=600 [debug]=1800)

run_suites()
{
	local kind=$1 suites=() suite code before=$failed

	for suite in "${all_suites[@]}"; do
		[[ $suite == *${ONLY-}* ]] && suites+=("$suite")
	done
	[ ${#suites[@]} -gt 0 ] || return
	AVTPMAP_GUEST_TIMEOUT=${AVTPMAP_GUEST_TIMEOUT:-${suites_s[$kind]}} \
		"$here/../kernels/run.sh" "$kind" -- "$here/guest.sh" "${suites[@]/#/avtpmap_}" >"$out" 2>&1
	code=$?
	[ "${V-0}" = 0 ] || cat "$out"
	for suite in "${suites[@]}"; do count "$kind" "$suite"; done
	if [ $code -ne 0 ]; then
		grep -vE '^ *(# |ok |KTAP|[0-9]+\.\.)' "$out" | tail -n 100
		echo "not ok - $kind: the kernel, after ${suites[*]}"
		[ "$failed" -gt "$before" ] || failed=$((failed + 1))
	fi
}

run_rounds()
{
	local kind=$1 rounds
	declare -A default=([uml]=20 [debug]=100)

	[[ rounds == *${ONLY-}* ]] || return
	rounds=${ROUNDS:-${default[$kind]}}
	if make -s -C "$here/../kernels" rounds &&
		"$here/../kernels/run.sh" "$kind" -- "$here/../kernels/rounds.sh" \
			"$here/../../build/kernels/rounds" "$rounds" >"$out" 2>&1; then
		echo "ok - $kind: $rounds rounds of loading, misuse and unloading"
		passed=$((passed + 1))
	else
		tail -n 100 "$out"
		echo "not ok - $kind: rounds"
		failed=$((failed + 1))
	fi
}

# User-mode Linux keeps the host's floating point state in buffers of its own: that
# of AMX fits, and more than fits is refused in words (tests/kernels/uml-fpregs.patch).
run_xsave()
{
	local run=("$here/../kernels/run.sh" uml -- true)
	local -x LD_PRELOAD

	[[ xsave == *${ONLY-}* ]] || return
	if make -s -C "$here/../kernels" xsave &&
		LD_PRELOAD=$(realpath "$here/../../build/kernels/xsave.so") &&
		XSAVE=11008 "${run[@]}" >"$out" 2>&1 &&
		! XSAVE=65536 "${run[@]}" >"$out" 2>&1 && grep -q 'raise HOST_FP_SIZE' "$out"; then
		echo "ok - uml: xsave areas, AMX's and one that is too large"
		passed=$((passed + 1))
	else
		tail -n 100 "$out"
		echo "not ok - uml: xsave areas"
		failed=$((failed + 1))
	fi
}

# First, so that what does not build is told once.
builds()
{
	local kind=$1 modules built=0

	modules=$(mktemp -d -t avtpmap-modules.XXXXXX)
	"$here/../kernels/modules.sh" "$kind" "$modules" >"$out" || built=1
	rm -rf "$modules"
	[ $built -eq 0 ] && return
	echo "not ok - $kind: kernel or modules do not build"
	failed=$((failed + 1))
	return 1
}

[ $# -gt 0 ] || set -- uml debug
for kind; do
	builds "$kind" || continue
	run_suites "$kind"
	run_rounds "$kind"
	[ "$kind" != uml ] || run_xsave
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
