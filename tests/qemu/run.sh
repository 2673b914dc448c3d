#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh [--kernel debian|rt|debug] [--only "PREFIX..."] [--without "PREFIX..."]
#
# Boots the guest and runs cases/*.sh in it: each function case_* is a test (judge
# in lib.sh). What the debug kernel's kmemleak finds at the end fails too. --only
# and --without take beginnings of file names: "01 05".
set -euo pipefail

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# starts_with NAME PREFIX...
starts_with()
{
	local name=$1 prefix

	shift
	for prefix; do
		[[ $name == "$prefix"* ]] && return
	done
	return 1
}

# shellcheck disable=SC2086 # several prefixes
selected()
{
	if [ -n "$only" ]; then starts_with "$1" $only || return; fi
	! starts_with "$1" $without
}

# Nothing of a case may reach the next one.
tidy_guest()
{
	guest 'for name in avtpmap tcpdump ip; do pkill -x $name || true; done
		modprobe avtpmap
		avtpmap drain || true
		avtpmap detach eth0 || true
		ip link set eth0 promisc off'
	pkill -x wire || true
	pkill -x gst-launch-1.0 || true
}

run_case()
{
	guest_alive || boot_for_cases
	judge "${1##*/}: ${2#case_}" "$2"
}

boot_for_cases()
{
	boot
	nic_up
	guest 'modprobe avtpmap' || true
}

# A leak is what nothing points to in two scans, five seconds after it was made.
case_nothing_leaked()
{
	nic_queues_back
	guest 'rmmod avtpmap igb avtpmap_hook
		sleep 6
		echo scan >/sys/kernel/debug/kmemleak
		echo scan >/sys/kernel/debug/kmemleak'
	same "$(guest 'head -n 100 /sys/kernel/debug/kmemleak')" ''
}

only='' without=''
while [ $# -gt 0 ]; do
	case $1 in
	--only) only=$2; shift ;;
	--without) without=$2; shift ;;
	--kernel) guest_kernel=$2; shift ;;
	*) die "$(sed -n 's/^# usage: /usage: /p' "$0")" ;;
	esac
	shift
done

prepare
if [ -z "${AVTPMAP_SANDBOX-}" ] && [ "$guest_kernel" = debian ] && selected 70-xdp.sh; then
	AVTPMAP_OLD_KERNEL=$("$here/kernel_old.sh" "$AVTPMAP_ROOT" || true)
	export AVTPMAP_OLD_KERNEL
fi
enter_sandbox --kernel "$guest_kernel" ${only:+--only "$only"} ${without:+--without "$without"}
setup_host
boot_for_cases
for file in "$here"/cases/*.sh; do
	selected "${file##*/}" || continue
	# shellcheck source=/dev/null
	. "$file"
	mapfile -t names < <(sed -n 's/^\(case_[a-z0-9_]*\)()$/\1/p' "$file")
	for name in "${names[@]}"; do
		run_case "$file" "$name"
	done
done
if [ "$guest_kernel" = debug ]; then run_case "$0" case_nothing_leaked; fi
shutdown_guest
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
