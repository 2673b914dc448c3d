# SPDX-License-Identifier: GPL-2.0
# A port0 on a veth of its own namespace, tests of which each prints a TAP line,
# and a look at what is left.
# shellcheck shell=bash disable=SC2034

here=$(cd "$(dirname "$0")" && pwd)
avtpmap=${AVTPMAP:-$here/../../build/tools/avtpmap}
id=02:00:5e:10:00:01:00:01
n=0
bad=0

ok()
{
	n=$((n + 1))
	echo "ok $n - $1"
}

not_ok()
{
	n=$((n + 1))
	bad=1
	echo "not ok $n - $1"
	echo "# $2"
}

# check WHAT SAID COMMAND...: the command succeeds
check()
{
	local what=$1 said=$2

	shift 2
	if "$@"; then
		ok "$what"
	else
		not_ok "$what" "$said"
	fi
}

# says WHAT TEXT COMMAND...: fails, and says TEXT
says()
{
	local what=$1 text=$2 said

	shift 2
	if said=$("$@" 2>&1); then
		not_ok "$what" "it succeeded: $said"
	else
		check "$what" "said: $said" grep -qF "$text" <<<"$said"
	fi
}

call=$here/../../build/bpf/call
ns=$("$call" cookie)

pins()
{
	compgen -G "/sys/fs/bpf/avtpmap/n$1-*"
}

program()
{
	ip -d link show | grep -o 'prog/xdp.* id [0-9]*'
}

# How the program is attached, as show tells.
shown()
{
	"$avtpmap" show --backend xdp --json | jq -r '.ports[0].xdp'
}

# nothing_left WHAT [NAMESPACE]
nothing_left()
{
	if pins "${2-$ns}" || program; then
		not_ok "$1" "something is left"
	else
		ok "$1"
	fi
}

veth_up()
{
	ip link add port0 type veth peer name wire0
	ip link set port0 up
	ip link set wire0 up
	trap 'rm -rf "/sys/fs/bpf/avtpmap/n$ns-"*' EXIT
}

# On any kernel, whether it has dispatchers or not.
attach()
{
	"$avtpmap" attach --backend xdp --alone "$@"
}

finish()
{
	echo "1..$n"
	exit $bad
}
