# SPDX-License-Identifier: GPL-2.0
# What cannot be done is refused in one line that says what to do, with an error
# of its own, and leaves nothing behind.

# refused STATUS ERRNO WORDS COMMAND...
refused()
{
	local status=0 expected=$1 errno=$2 words=$3 message

	shift 3
	message=$(guest "$* 2>&1") || status=$?
	echo "# $errno: ${message//$'\n'/ | }"
	same "$status" "$expected"
	same "$(wc -l <<<"$message")" 1
	grep -q "\[$errno\]\$" <<<"$message" || { echo "no [$errno]: $message"; false; }
	grep -qi "$words" <<<"$message" || { echo "no '$words': $message"; false; }
}

left_behind()
{
	guest 'avtpmap show --json | jq .ports; ip -o link show eth0; ip maddr show eth0; pgrep -x avtpmap || true'
}

case_each_has_its_line()
{
	local before other=00:1b:21:aa:bb:cc:00:02

	guest "avtpmap add eth0 $stream vid=2"
	before=$(left_behind)
	refused 1 ENODEV 'ip link' avtpmap add nosuch0 $other
	refused 2 EINVAL '00:11:22:33:44:55:00:01' avtpmap add eth0 00:1b:21
	refused 1 EEXIST 'registered' avtpmap add eth0 "$stream"
	refused 2 ERANGE 'period' avtpmap listen eth0 "$stream" --period 0
	refused 2 ERANGE 'period' avtpmap listen eth0 "$stream" --period 4000000000
	refused 1 EDQUOT 'mem' avtpmap add eth0 $other ms=60000
	refused 1 EPERM 'root' setpriv --reuid=65534 --regid=65534 --clear-groups avtpmap add eth0 $other
	refused 1 EOPNOTSUPP 'Ethernet' avtpmap add --backend=kmod lo $other
	refused 1 ENOENT 'avtpmap show' avtpmap del eth0 $other
	same "$(left_behind)" "$before"
	guest "avtpmap del eth0 $stream && avtpmap detach eth0 && rmmod avtpmap"
	refused 1 ENOPKG 'modprobe avtpmap' avtpmap add --backend=kmod eth0 "$stream"
	refused 1 ENOPKG 'modprobe avtpmap' avtpmap listen --backend=kmod eth0 "$stream" --samples 1
}

case_bad_module_parameters()
{
	local streams

	guest 'rmmod avtpmap'
	for streams in eth0 eth0/ eth0/00:1b:21 eth0/$stream/ms=x eth0/$stream/vid=4096 eth0/$stream/nokey=1; do
		guest "echo 'streams=$streams' >/dev/kmsg"
		if guest "modprobe avtpmap streams=$streams 2>/dev/null"; then echo "taken: $streams"; false; fi
		guest "dmesg | sed '0,/] streams=${streams//\//\\/}\$/d'" >"$work/dmesg"
		grep 'write IF/STREAM_ID' "$work/dmesg"
		same "$(wc -l <"$work/dmesg")" 1
		guest '[ ! -e /sys/module/avtpmap ]'
	done
	# For a netdev that is not there yet it waits.
	guest "modprobe avtpmap streams=nosuch0/$stream,eth0/$stream/vid=2/ms=10"
	same "$(guest 'avtpmap show --json' | json '.ports[] | .ifname + " " + .streams[].stream_id')" "eth0 $stream"
	guest 'avtpmap drain; rmmod avtpmap'
}
