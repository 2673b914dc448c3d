#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: [ONLY=part] run.sh LABEL=COMMAND...
# Runs programs that speak TAP and prints one line per test. A program that
# ends without its plan fulfilled, or badly, is a failed test itself.
set -uo pipefail

passed=0 failed=0 skipped=0
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

out=$(mktemp -t avtpmap-unit.XXXXXX)
trap 'rm -f "$out"' EXIT

for program; do
	label=${program%%=*}
	[[ $label == *${ONLY-}* ]] || continue
	# shellcheck disable=SC2086 # a command and its arguments
	timeout "${UNIT_TIMEOUT:-120}" ${program#*=} >"$out" 2>&1
	code=$?
	planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$out" | awk '{ n += $1 } END { print n + 0 }')
	seen=$(grep -cE '^(not )?ok [0-9]+ ' "$out")
	skip=$(grep -cE '^(not )?ok [0-9]+ .*# SKIP' "$out")
	bad=$(grep -E '^not ok [0-9]+ ' "$out" | grep -vc '# SKIP')
	sed -n -E "s~^(not )?ok [0-9]+ (- )?~\\1ok - $label: ~p" "$out"
	passed=$((passed + seen - bad - skip))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	if [ "$bad" -gt 0 ] || [ "$code" -ne 0 ] || [ "$seen" -ne "$planned" ] || [ "$seen" -eq 0 ]; then
		sed 's/^/    /' "$out" | grep -vE '^    ok [0-9]+ ' | head -n 100
		if [ "$bad" -eq 0 ]; then
			echo "not ok - $label: exit $code after $seen of $planned tests"
			failed=$((failed + 1))
		fi
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
