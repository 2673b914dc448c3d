#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: patches.sh [DRIVER] [SERIES]
#
# Each patch fits its kernel, without fuzz; builds as at a user's, without a
# warning; and changes no exported symbol. The module builds for each kernel, too.
# What was built is kept (build.sh).
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
passed=0 failed=0

# check NAME COMMAND...
check()
{
	local name=$1 start=$SECONDS

	shift
	if "$@" >/dev/null; then
		passed=$((passed + 1))
		echo "ok - $name ($((SECONDS - start)) s)"
	else
		failed=$((failed + 1))
		echo "not ok - $name"
	fi
}

[ "$(id -u)" = 0 ] || { echo "run as root" >&2; exit 1; }
root=$("$top/tests/qemu/root.sh") && root=$("$top/tests/nic/root.sh" "$root") || exit 1
cd "$top/patches" || exit 1
for series in $(printf '%s\n' */*/ | cut -d/ -f2 | sort -Vu); do
	[[ " ${*:-$series} " =~ \ $series\  || ! "$*" =~ [0-9]\.[0-9] ]] || continue
	[[ -n $* && $* != *[0-9].[0-9]* ]] ||
		check "module, kernel $series" "$top/tests/nic/build.sh" "$root" "$series" avtpmap
	for driver in */"$series"; do
		driver=${driver%/*}
		[[ ! "$*" =~ ig ]] || [[ " $* " == *" $driver "* ]] || continue
		check "$driver, kernel $series" "$top/tests/nic/build.sh" "$root" "$series" "$driver"
	done
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
