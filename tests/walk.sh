#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: walk.sh SUITE [ROOT]
# README walked as a new user in a fresh Debian root, bookworm or trixie: each
# command in its order, and what is to come of it. ROOT is one that is there
# already (mmdebstrap --variant=apt --include=make); it is changed. As root; needs a
# mirror, mmdebstrap and some minutes, so it is not in check.
set -uo pipefail

suite=${1:?bookworm or trixie} root=${2-}
top=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	exec 8</proc/self/ns/net # where the mirror can be reached
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
net=/proc/self/fd/8

work=$(mktemp -d -t avtpmap-walk.XXXXXX)
id=00:1b:21:aa:bb:cc:00:01
n=0 failed=0

# shellcheck disable=SC2317 # a trap calls it
cleanup()
{
	jobs -p | xargs -r kill 2>/dev/null
	umount -lR "$root"/{proc,sys,dev} 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

# user COMMAND: at a shell in the root
user()
{
	chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp \
		DEBIAN_FRONTEND=noninteractive timeout 1200 bash -c "cd /usr/src/avtpmap; $1"
}

# step STATUS PATTERN COMMAND: so it exits, and says so
step()
{
	local got=0

	n=$((n + 1))
	user "$3" >"$work/said" 2>&1 || got=$?
	if [ "$got" = "$1" ] && { [ -z "$2" ] || grep -qE -e "$2" "$work/said"; }; then
		echo "ok $n - $3"
	else
		echo "not ok $n - $3"
		tail -n 15 "$work/said" | sed 's/^/# /'
		echo "# exit $got, expected $1 and: $2"
		failed=$((failed + 1))
	fi
}

# README's line for this suite.
apt_line()
{
	local nth=1

	[ "$suite" = trixie ] || nth=2
	sed -e ':a; /\\$/ { N; s/\\\n//; ba }' "$top/README.md" | sed -n 's/^    apt install \(.*\)/\1/p' | sed -n "${nth}p"
}

prepare()
{
	if [ -z "$root" ]; then
		root=$work/root
		nsenter --net="$net" mmdebstrap -q --variant=apt --include=make "$suite" "$root" || exit 1
	fi
	mount -t proc proc "$root/proc"
	mount -t sysfs sys "$root/sys"
	mount -t bpf bpf "$root/sys/fs/bpf" 2>/dev/null
	mount --bind /dev "$root/dev"
	rm -rf "$root/usr/src/avtpmap"
	mkdir "$root/usr/src/avtpmap"
	git -c safe.directory='*' -C "$top" ls-files -z -co --exclude-standard |
		(cd "$top" && tar --null -T - -c) | tar -C "$root/usr/src/avtpmap" -x --no-same-owner
	ip link set lo up
	ip link add eth0 type veth peer name wire0
	ip link set eth0 up
	ip link set wire0 up
}

prepare
walk_started=$SECONDS
if ! user "command -v dkms" >/dev/null; then
	step 2 "^avtpmap: missing: .*; run: apt install .*build-essential.*libsndfile1-dev" "make install"
	step 2 "^avtpmap: missing: dkms, .*run: apt install dkms" "make dkms-install"
	step 0 "" "test ! -e /usr/src/avtpmap-0.1.0 -a ! -e /usr/local/bin/avtpmap"
fi
n=$((n + 1))
# shellcheck disable=SC2046 # words
if nsenter --net="$net" chroot "$root" env DEBIAN_FRONTEND=noninteractive sh -c \
	"apt-get -q update && apt-get -qy install --no-install-recommends $(apt_line) iproute2 man-db procps" >"$work/apt" 2>&1; then
	echo "ok $n - apt install $(apt_line)"
else
	echo "not ok $n - apt install $(apt_line)"
	tail -n 5 "$work/apt" | sed 's/^/# /'
	exit 1
fi
step 0 "LD .*avtpmap$" "make install"
step 0 "avtpmap 0.1.0" "avtpmap --version"
step 0 "COMMANDS" "man avtpmap.8 | cat"
step 0 "attach +make a network" "avtpmap help"
step 1 "eht0: no such interface; did you mean eth0\?" "avtpmap doctor eht0; avtpmap attach eht0"
step 0 "eth0, driver: veth, for which there is no patch" "avtpmap doctor eth0"
step 0 "^no ports.*avtpmap attach IF" "avtpmap"
kernel=$(find "$root/usr/src" -maxdepth 1 -printf '%f\n' | sed -n 's/^linux-headers-\(.*-amd64\)$/\1/p' | sort -V | tail -n 1)
step 0 "avtpmap.*${kernel//+/.}.*installed" "make dkms-install KDIR=/lib/modules/$kernel/build && dkms status"
step 0 "streams:" "modinfo -k $kernel avtpmap"
step 0 "updates/dkms/igb" "modinfo -k $kernel -F filename igb"
step 0 "" "make dkms-remove && ! dkms status | grep avtpmap && test ! -e /usr/src/avtpmap-0.1.0"
if user "avtpmap add eth0 $id" >"$work/said" 2>&1; then
	echo "# dispatchers are taken here"
else
	# as the refusal says
	step 1 "avtpmap attach eth0 --alone" "avtpmap add eth0 $id"
	step 0 "" "avtpmap attach eth0 --alone && avtpmap add eth0 $id"
fi
step 1 "likely causes" "avtpmap listen eth0 $id --seconds 2.2"
user "avtpmap talk wire0 $id --format aaf-int16 --seconds 60" >/dev/null 2>&1 &
sleep 1
step 0 "^  $id live +take AAF int16 48000/2" "avtpmap"
step 0 "samples: +48000, of them silence for loss 0" "avtpmap listen eth0 $id --samples 48000 --wav heard.wav"
step 0 "^192044" "stat -c %s heard.wav"
awk '/^    #include/ { on = 1 } on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' "$top/README.md" >"$root/usr/src/avtpmap/reader.c"
# shellcheck disable=SC2016 # the user's
step 0 "" 'cc reader.c $(pkg-config --cflags --libs libavtpmap)'
step 0 "^[1-9]" "timeout 2 ./a.out | head -c 48000 | wc -c"
step 0 "frames_rx" "avtpmap stats eth0 $id --nonzero"
step 0 "^packet +sees no stream that xdp takes" "avtpmap bench eth0 $id --seconds 0.5"
step 0 "" "avtpmap drain eth0 && avtpmap detach eth0 && ! ls /sys/fs/bpf/avtpmap/* 2>/dev/null"
echo "1..$n"
echo "# $suite: $((n - failed)) of $n in $((SECONDS - walk_started)) s"
[ "$failed" = 0 ]
