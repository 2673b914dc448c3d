#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: [ONLY=part of a name] run.sh
#
# Makes the mistakes of "mutants" one at a time, in a copy of this tree, and runs
# the test that has to see it: the worth of a test is what it catches. A test that
# fails without a mistake, or whose build does, has caught nothing.
#
# MUTANT_S   seconds for one test (default 900)
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
tree=$(mktemp -d -t avtpmap-mutations.XXXXXX)
trap 'rm -rf "$tree"' EXIT
out=$tree/.out
passed=0 failed=0 skipped=0
declare -A sound	# by test: whether it passes as things are

ok()
{
	echo "ok - $1"
	passed=$((passed + 1))
}

not_ok()
{
	echo "not ok - $1"
	failed=$((failed + 1))
}

# unit TEST: one of tests/unit that needs no library, without building the others
unit()
{
	make -s -C tests/unit "../../build/unit/gcc/test_$1" &&
		CMOCKA_MESSAGE_OUTPUT=TAP "build/unit/gcc/test_$1"
}
export -f unit

run_test()
{
	(cd "$tree" && timeout "${MUTANT_S:-900}" bash -c "$1") >"$out" 2>&1
}

# Whether a test passes without a mutant, asked once.
is_sound()
{
	if [ -z "${sound[$1]-}" ]; then
		sound[$1]=no
		if run_test "$1"; then sound[$1]=yes; else tail -n 30 "$out" | sed 's/^/    /'; fi
	fi
	[ "${sound[$1]}" = yes ]
}

# mutant NAME FILE SED TEST NEEDS
mutant()
{
	local name=$1 file=$2 expression=$3 test=$4 needs=$5 code

	[[ $name == *${ONLY-}* ]] || return
	if [ "$needs" = root ] && [ "$(id -u)" != 0 ]; then
		echo "ok - $name # SKIP not root"
		skipped=$((skipped + 1))
		return
	fi
	if ! is_sound "$test"; then
		not_ok "$name: without it \"$test\" fails, too"
		return
	fi
	sed "$expression" "$top/$file" >"$tree/$file"
	if cmp -s "$top/$file" "$tree/$file"; then
		not_ok "$name: nothing in $file is changed by it"
		return
	fi
	run_test "$test"
	code=$?
	cat "$top/$file" >"$tree/$file"
	if [ $code -eq 0 ]; then
		not_ok "$name: survived"
	elif [ $code -eq 124 ]; then
		not_ok "$name: \"$test\" did not end"
	elif ! grep -q '^not ok ' "$out" || grep -q '^not ok - .* do not build' "$out"; then
		tail -n 30 "$out" | sed 's/^/    /'
		not_ok "$name: \"$test\" did not come to say anything"
	else
		ok "$name: caught by $(sed -n -E '/^not ok ([0-9]+ )?- /{s///p;q}' "$out")"
	fi
}

tar -C "$top" --exclude=./.git --exclude=./build --exclude=./drivers -cf - . | tar -C "$tree" -xf -
file='' sed='' test='' needs=''
while read -r key rest; do
	case $key in
	'#'*) ;;
	mutant) name=$rest ;;
	file) file=$rest ;;
	sed) sed=$rest ;;
	needs) needs=$rest ;;
	test)
		mutant "$name" "$file" "$sed" "$rest" "$needs" </dev/null
		needs=''
		;;
	'') ;;
	*) not_ok "mutants: what is \"$key\"?" ;;
	esac
done <"$here/mutants"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
