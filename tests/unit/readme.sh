#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: readme.sh AVTPMAP
# README's program, straight out of it: it compiles as it says there, says why it
# cannot open a stream, and reads one. And what it tells to install is enough for
# "make" to miss nothing.
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
tool=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=veth.sh
. "$(dirname "$0")/veth.sh"

# program: the indented block that begins with an #include
program()
{
	awk '/^    #include/ { on = 1 } on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' "$top/README.md"
}

# configuration: the indented block that begins with a section
configuration()
{
	awk '/^    \[interface/ { on = 1 } on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' "$top/README.md"
}

no_mistake() { "$tool" check-config "$work/stage.conf" >"$work/said.err"; }

# configured: as it says there
configured()
{
	"$tool" apply --backend xdp "$work/stage.conf" >"$work/said.err" &&
		[ "$("$tool" show --backend xdp --json | jq -c '.ports[0] | [.mem_cap, (.streams[] | .stream_id, .vid, .ms)]')" \
			= '[67108864,"00:1b:21:aa:bb:cc:00:01","any",100,"00:1b:21:aa:bb:cc:00:02",5,200]' ]
}

compiles()
{
	# shellcheck disable=SC2046 # words
	cc -Wall -Wextra -Werror -o "$work/reader" "$work/reader.c" \
		$(PKG_CONFIG_PATH=$work/usr/lib/pkgconfig pkg-config --cflags --libs libavtpmap) 2>"$work/cc.err"
}

reader() { LD_LIBRARY_PATH=$work/usr/lib "$work/reader"; }

# refused PATTERN: it cannot open the stream, and says so
refused()
{
	local status=0

	reader >/dev/null 2>"$work/said.err" || status=$?
	[ $status = 1 ] && grep -qE "$1" "$work/said.err"
}

# Each package of README's lines is named by what needs it, and the other way round.
lines_are_enough()
{
	local line package

	while read -r line; do
		for package in build-essential pkg-config libnl-genl-3-dev libbpf-dev libxdp-dev clang bpftool \
			libjson-c-dev libsndfile1-dev dkms linux-headers-amd64; do
			grep -qw -e "$package" <<<"$line" || { echo "# README lacks $package"; return 1; }
		done
	done < <(sed -e ':a; /\\$/ { N; s/\\\n//; ba }' "$top/README.md" | grep '^    apt install')
	while read -r package; do
		grep -qw -e "$package" "$top/README.md" || { echo "# README lacks $package"; return 1; }
	done < <(sed -n 's/^	need [^ ]* \([a-z0-9-]*-dev\|clang\|bpftool\) .*/\1/p' "$top/dkms/needs" | grep -v '^libnl-3-dev$')
}

begin 10
check "the packages that it tells to install" lines_are_enough
make -C "$top/lib" install O="${tool%/tools/*}/lib" PREFIX="$work/usr" >"$work/make.err" 2>&1
program >"$work/reader.c"
check "the library's example compiles" compiles
check "without an interface it says why" refused .
ip link set v1 down
ip link set v1 name eth0
ip link set eth0 up
check "and without a stream" refused "avtpmap (add|attach)"
configuration >"$work/stage.conf"
check "README's configuration has no mistake" no_mistake
if ! "$tool" attach --backend xdp --alone eth0 2>/dev/null; then
	skip 5 "XDP is refused here"
	exit
fi
"$tool" add eth0 $id
reader >"$work/pdus" 2>"$work/reader.err" &
reader=$!
until_true readers xdp 1
"$tool" talk v0 $id --format aaf-int16 --frames 100 >/dev/null 2>&1
until_true test "$("$tool" stats eth0 $id --json | jq '.[].counters.frames_rx')" = 100
sleep 0.5
check "README's add, as it is written" grep -q "avtpmap add eth0 $id" "$top/README.md"
"$tool" del eth0 $id
wait $reader
check "it ends well when the stream goes" test $? = 0
# the frames of periods that ended: 6 samples in 48 octets each
check "and has read it" test "$(stat -c %s "$work/pdus")" -ge $((48 * 90))
check "README's configuration comes to what it says" configured
"$tool" drain --backend xdp eth0
"$tool" detach --backend xdp eth0
check "all that the module is told at boot is a parameter of it" grep -q '^module_param(streams,' "$top/kmod/param.c"
