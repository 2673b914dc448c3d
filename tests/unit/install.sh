#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: install.sh BUILD_DIR
# What install puts where, that systemd takes the units, and that uninstall
# leaves nothing but a configuration.
set -u
build=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
n=0
work=$(mktemp -d -t avtpmap-install.XXXXXX)
trap 'rm -rf "$work"' EXIT
units=$work/usr/local/lib/systemd/system

# check WHAT COMMAND...
check()
{
	local what=$1

	shift
	n=$((n + 1))
	if "$@" >"$work.said" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		tail -n 20 "$work.said" | sed 's/^/# /'
	fi
	rm -f "$work.said"
}

# both TARGET: of the library and the tools
both()
{
	make -C "$top/lib" O="$build/lib" DESTDIR="$work" "$1" &&
		make -C "$top/tools" O="$build/tools" LIB_O="$build/lib" DESTDIR="$work" "$1"
}

# systemd looks whether the command is there.
verify()
{
	sed "s,=/usr/local/bin,=$work/usr/local/bin," "$units/$1" >"$work/$1"
	SYSTEMD_UNIT_PATH=$work: systemd-analyze verify --man=no "$work/$1" 2>&1 | grep -F "$1" && return 1
	rm "$work/$1"
}

# As README says it: it comes with the device.
enable()
{
	local command

	command=$(sed -n 's/^    systemctl enable --now //p' "$top/README.md")
	systemctl --root="$work" enable "$command" &&
		test -L "$work/etc/systemd/system/sys-subsystem-net-devices-eth0.device.wants/avtpmap@eth0.service" &&
		systemctl --root="$work" disable "$command"
}

files() { find "$work" ! -type d; }

echo 1..10
check "install" both install
check "the units start the command that was installed" \
	test "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$units"/avtpmap*@.service | sort -u)" = /usr/local/bin/avtpmap
check "there is a place for the configuration" test -d "$work/etc/avtpmap.d"
check "and its page" test -f "$work/usr/local/share/man/man5/avtpmap.conf.5"
if command -v systemd-analyze >/dev/null; then
	for unit in avtpmap@.service avtpmap-reserve@.service; do
		check "systemd finds no mistake in $unit" verify $unit
	done
	check "one is enabled as README says" enable
else
	for unit in 1 2 3; do
		n=$((n + 1))
		echo "ok $n - # SKIP systemd is not installed"
	done
fi
touch "$work/etc/avtpmap.d/stage.conf"
check "uninstall" both uninstall
check "leaves the configuration, and nothing else" test "$(files)" = "$work/etc/avtpmap.d/stage.conf"
rm "$work/etc/avtpmap.d/stage.conf"
both uninstall >/dev/null 2>&1
check "nor its directory, where there is none" test ! -e "$work/etc/avtpmap.d"
