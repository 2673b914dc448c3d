#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: run.sh [--only "PREFIX..."]
#
# Boots the guest and runs cases/*.sh in it: each function case_* is a test,
# with "set -e". It fails, too, when the guest's kernel complained meanwhile.
# --only takes beginnings of file names: "01 05". Exit status 77 of a case, with
# a reason on its last line, means skipped.
set -euo pipefail

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

complaints='WARNING:|BUG:|Oops|lockdep|suspicious RCU|KASAN|KCSAN|UBSAN|rcu:.*stall|unregister_netdevice|general protection|Kernel panic|scheduling while atomic|refcount_t|blocked for more than'

passed=0 failed=0 skipped=0

selected()
{
	local prefix

	[ -z "$only" ] && return
	for prefix in $only; do
		[[ $1 == "$prefix"* ]] && return
	done
	return 1
}

# Nothing of a case may reach the next one.
tidy_guest()
{
	guest 'pkill -x "avtpmap|tcpdump|ip" || true
		modprobe avtpmap
		avtpmap drain || true
		avtpmap detach eth0 || true
		ip link set eth0 promisc off' >/dev/null || true
	pkill -x wire || true
}

run_case()
{
	local file=$1 name=$2 log=$work/case.log status=0 start=$SECONDS
	local label="${file##*/}: ${name#case_}"

	guest_alive || boot_for_cases
	guest "echo 'case begins: $name' >/dev/kmsg"
	# A subshell of its own, not in a condition: there "set -e" would be off.
	set +e
	( set -Eeuo pipefail; trap 'echo "failed: $BASH_COMMAND (line $LINENO)"' ERR; "$name" ) >"$log" 2>&1
	status=$?
	set -e
	if guest_alive; then
		if guest "dmesg | sed -n '/case begins: $name\$/,\$p' >/tmp/dmesg
			! [ -s /tmp/dmesg ] || grep -E '$complaints' /tmp/dmesg" >>"$log"; then
			echo "the guest's kernel complained" >>"$log"
			status=1
		fi
		tidy_guest
	else
		tail -n 40 "$work/console" >>"$log"
		status=1
	fi

	case $status in
	0)
		passed=$((passed + 1))
		echo "ok $label ($((SECONDS - start)) s)"
		sed -n 's/^# /    /p' "$log"
		;;
	77)
		skipped=$((skipped + 1))
		echo "skip $label: $(tail -n 1 "$log")"
		;;
	*)
		failed=$((failed + 1))
		echo "not ok $label"
		sed 's/^/    /' "$log"
		;;
	esac
}

# One RX queue, or QEMU drops frames for a full queue while another is empty
# (with one, it waits, and so does the wire); and as many descriptors as it has.
boot_for_cases()
{
	boot
	guest 'ethtool -L eth0 combined 1 && ethtool -G eth0 rx 4096 && ip link set eth0 up' >/dev/null
	guest_until 'grep -q 1 /sys/class/net/eth0/carrier'
	guest 'modprobe avtpmap' || true
}

only=
while [ $# -gt 0 ]; do
	case $1 in
	--only) only=$2; shift ;;
	*) die 'usage: run.sh [--only "PREFIX..."]' ;;
	esac
	shift
done

prepare
enter_sandbox ${only:+--only "$only"}
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
shutdown_guest
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
