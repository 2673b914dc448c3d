#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: guest.sh SUITE...
# In a test kernel (tests/kernels/run.sh): loads the suites one after the other
# and prints what each says, in KTAP. Fails if a suite leaves something behind
# that keeps its module loaded.
set -euo pipefail

# Let any allocation fail of whoever asks for it by fail-nth; nobody else does.
for faults in /sys/kernel/debug/failslab /sys/kernel/debug/fail_page_alloc; do
	echo N >$faults/ignore-gfp-wait
	echo 0 >$faults/verbose
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

insmod "$MODULES/avtpmap_hook.ko"
for suite; do
	echo "# $suite"	# of the last one, if it hangs, there is no more
	printf %s "$suite" >/sys/module/kunit/parameters/filter_glob
	insmod "$MODULES/avtpmap_kunit.ko"
	cat "/sys/kernel/debug/kunit/$suite/results"
	rmmod avtpmap_kunit
done
rmmod avtpmap_hook
