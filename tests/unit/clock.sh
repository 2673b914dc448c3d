#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: clock.sh AVTPMAP
# What the command makes of a talker whose media clock is fast. When frames come
# is the machine's affair and is not judged; timestamps are the talker's.
set -u

if [ -z "${AVTPMAP_SANDBOX-}" ]; then
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --mount-proc --kill-child "$0" "$@"
fi
tool=$1
# shellcheck source-path=SCRIPTDIR source=veth.sh
. "$(dirname "$0")/veth.sh"

other=00:1b:21:aa:bb:cc:00:02

# is JQ: true of what was printed last
is() { jq -e "$1" "$work/clock.json" >"$work/jq.err"; }

# clock BACKEND ARGUMENT...: it succeeds
clock()
{
	local backend=$1

	shift
	timeout 60 "$tool" clock --backend "$backend" v1 "$@" >"$work/clock.json" 2>"$work/clock.err"
}

# talks PPM ARGUMENT...: in the background; when it is heard
talks()
{
	local ppm=$1

	shift
	"$tool" talk v0 $id $other --ppm "$ppm" "$@" >/dev/null 2>"$work/talk.err" &
	until_true "$tool" listen --backend packet v1 $id --samples 48 >/dev/null 2>&1
}

# within PPM: of both streams, by timestamps, as surely as it says, and that is sure
within()
{
	is "[.clocks[] | (.rate_ppm.phc - $1 | fabs) <= .rate_error_ppm.phc and .rate_error_ppm.phc < 1] == [true, true]" &&
		return
	jq -c '.clocks[] | [.rate_ppm.phc, .rate_error_ppm.phc]' "$work/clock.json" | sed 's/^/# /'
	return 1
}

# rates BACKEND
rates()
{
	local b=$1

	talks 100
	check "$b: two streams are heard" clock "$b" $id $other --seconds 3 --interval 0.3 --json --svg "$work/svg"
	check "$b: 100 ppm by timestamps, within what it says" within 100
	check "$b: the backend" is "[.clocks[].backend] == [\"$b\", \"$b\"]"
	check "$b: no PHC: times are CLOCK_MONOTONIC's, and of arrival" \
		is '.clocks[0] | .timebase == "monotonic" and .source == "arrival" and (.rate_ppm.monotonic | type) == "number"'
	check "$b: history" is '.clocks[1].history | length >= 3 and (.[-1].rate_ppm - 100 | fabs) < 1'
	kill %+ && wait %+ 2>/dev/null
	talks -100 --format am824
	check "$b: IEC 61883-6" clock "$b" $other $id --seconds 2 --json
	check "$b: -100 ppm by timestamps, within what it says" within -100
	kill %+ && wait %+ 2>/dev/null
}

prints_lines() { timeout 60 "$tool" clock --backend packet v1 $id --seconds 1.2 --interval 0.4 | grep -q "^$id .* ppm .* phc .* monotonic"; }

begin 26
check "a stream that is silent" exits 1 "$id: no frame came; avtpmap listen" "$tool" clock --backend packet v1 $id --seconds 0.3
check "an interval of nothing" exits 2 "interval" "$tool" clock --backend packet v1 $id --interval 0
check "a picture that cannot be written is refused at once" exits 1 "cannot write /nonesuch/x.svg: No such file.*ENOENT" \
	"$tool" clock --backend packet v1 $id --svg /nonesuch/x.svg
check "no such interface" exits 1 "v11.*ENODEV" "$tool" clock --backend packet v11 $id
rates packet
check "the picture has both panels" test "$(grep -c '<rect x=' "$work/svg")" = 2
check "and a curve" grep -q '<polyline.*points="[0-9.]*,[0-9.]* [0-9]' "$work/svg"
talks 0
check "a line for each interval" prints_lines
kill %+ && wait %+ 2>/dev/null

if ! "$tool" attach --backend xdp --alone v1 2>/dev/null; then
	skip 12 "XDP is refused here"
	exit
fi
rates xdp
check "xdp: what it added went with it" streams xdp 0
"$tool" listen --backend xdp v1 $id --seconds 20 >/dev/null 2>&1 &
listener=$!
until_true readers xdp 1
"$tool" clock --backend xdp v1 $id --seconds 0.2 >/dev/null 2>&1
check "xdp: a listener keeps its stream" readers xdp 1
"$tool" clock --backend xdp v1 $id --seconds 20 >/dev/null 2>&1 &
until_true readers xdp 2
kill -INT $listener
wait $listener
check "xdp: and leaves it to the clock" readers xdp 1
kill -INT %+
wait %+
check "xdp: the last takes it away" streams xdp 0
"$tool" detach --backend xdp v1
"$tool" clock --backend xdp v1 $id $other --seconds 0.2 >/dev/null 2>&1
check "xdp: and the port that it attached" test "$("$tool" show --backend xdp --json | jq '.ports | length')" = 0
