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
		eval "make -C '$top' $runner" 2>&1 | tee "$part" || touch "$log/broken"
		grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$part" || {
			echo "$runner did not come to its end"
			touch "$log/broken"
			echo '0 passed, 1 failed, 0 skipped' >>"$part"
		}
		echo "   ($((SECONDS - start)) s)"
	done
}

"$top/tests/setup.sh" || exit 1

# Who needs a test kernel waits for it. Only the first time are there any to build.
make -s -C "$top/tests/kernels" all >/dev/null &

# Two processors, two lanes: what only computes goes beside what talks, and is
# shown when it is done. JACK, PipeWire and ALSA have clocks to keep, so they are alone.
#
# Of two CPUs at once, and with KASAN, lockdep and kmemleak: all of KUnit and, in
# the minutes that there are under emulation, what is about who lives how long and
# who waits for whom. All of it is check-conformance KERNEL=debug. KCSAN needs a
# kernel of its own (it excludes KASAN): as many minutes again, so it is not here.
bulk="05 30 70"
two_cpus=group,lifetime,isolation,thousands_of_hostile
run "check-kunit KERNELS=uml" check-conformance "check-qemu ONLY='$bulk'" \
	"check-kunit KERNELS=debug ROUNDS=10" "check-conformance KERNEL=debug ONLY=$two_cpus" >"$log/lane" 2>&1 &
lane=$!
run lint check-unit check-bpf check-srp \
	"check-conformance BACKEND=xdp" "check-conformance BACKEND=packet" \
	"check-conformance BACKEND=packet SANITIZE=address,undefined" \
	"check-qemu WITHOUT='$bulk'" "check-qemu KERNEL=rt ONLY=15"
tail -n +1 -s 0.5 --pid=$lane -f "$log/lane"
wait $lane
run check-jack check-pipewire check-alsa check-gstreamer

cat "$log"/*.part | awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5 }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s }'
[ ! -e "$log/broken" ]
