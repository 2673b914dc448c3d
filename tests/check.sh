#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: check.sh
# Everything: installs what is needed, then lint, unit tests, test kernels and the
# guest. Each runner closes with "N passed, N failed, N skipped"; so does this, with the sum.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
log=$(mktemp -d -t avtpmap-check.XXXXXX)
trap 'rm -rf "$log"' EXIT

# run RUNNER...: one after the other
run()
{
	local runner part start

	for runner; do
		part="$log/${runner//[ \/]/_}.part"
		start=$SECONDS
		echo "== $runner"
		# shellcheck disable=SC2086 # a target and its variables
		make -C "$top" $runner 2>&1 | tee "$part" || touch "$log/broken"
		grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$part" || {
			echo "$runner did not come to its end"
			touch "$log/broken"
			echo '0 passed, 1 failed, 0 skipped' >>"$part"
		}
		echo "   ($((SECONDS - start)) s)"
	done
}

"$top/tests/setup.sh" || exit 1

# User-mode Linux has one processor and its own clock, and shares nothing with the
# others: it gets a lane of its own, shown when it is its turn.
run "check-kunit KERNELS=uml" check-conformance >"$log/uml" 2>&1 &
uml=$!
run lint check-unit check-bpf
tail -n +1 -s 0.5 --pid=$uml -f "$log/uml"
wait $uml
run "check-conformance BACKEND=xdp" "check-conformance BACKEND=packet" \
	"check-conformance BACKEND=packet SANITIZE=address,undefined" \
	check-qemu "check-qemu KERNEL=rt ONLY=15" check-jack

cat "$log"/*.part | awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5 }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s }'
[ ! -e "$log/broken" ]
