#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: check.sh
# Everything: installs what is needed, then lint, unit tests, test kernels and the
# guest. Each runner closes with "N passed, N failed, N skipped"; so does this, with the sum.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
log=$(mktemp -t avtpmap-check.XXXXXX)
broken=0

"$top/tests/setup.sh" || exit 1
for runner in lint check-unit check-bpf "check-kunit KERNELS=uml" check-conformance \
	"check-conformance BACKEND=xdp" "check-conformance BACKEND=packet" \
	"check-conformance BACKEND=packet SANITIZE=address,undefined" check-qemu \
	"check-qemu KERNEL=rt ONLY=15" check-jack; do
	echo "== $runner"
	# shellcheck disable=SC2086 # a target and its variable
	make -C "$top" $runner 2>&1 | tee "$log.part" || broken=1
	grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log.part" || {
		echo "$runner did not come to its end"
		broken=1
		echo '0 passed, 1 failed, 0 skipped' >>"$log.part"
	}
	cat "$log.part" >>"$log"
done
awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5 }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s }' "$log"
rm -f "$log" "$log.part"
exit $broken
