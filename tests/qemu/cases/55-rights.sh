# SPDX-License-Identifier: GPL-2.0
# Users who are not root, with the command as it is installed: in the port's
# group, outside of it, and where an administrator's udev rule narrows the device.

other=00:1b:21:aa:bb:cc:00:02

add_users()
{
	guest 'getent passwd member || useradd -M -G audio member
		getent passwd outsider || useradd -M outsider'
}

# as USER COMMAND...
as()
{
	local user=$1

	shift
	guest "setpriv --reuid=$user --regid=$user --init-groups -- $* 2>&1"
}

# denied USER ERRNO WORDS COMMAND...
denied()
{
	local user=$1 errno=$2 words=$3 status=0 message

	shift 3
	message=$(as "$user" "$@") || status=$?
	echo "# $user: ${message//$'\n'/ | }"
	same "$status" 1
	grep -q "$words.*\[$errno\]\$" <<<"$message" || { echo "not '$words', $errno"; false; }
}

case_group_of_a_port()
{
	add_users
	guest "avtpmap add eth0 $stream vid=2"
	denied member EPERM 'attach IF --group' avtpmap add eth0 $other
	denied member EACCES "port's group" avtpmap listen eth0 "$stream"
	guest 'avtpmap attach eth0 --group audio --mem 8M'

	# Its own stream, with what comes.
	guest "avtpmap del eth0 $stream"
	as member avtpmap add eth0 "$stream" vid=2
	guest_start listen "setpriv --reuid=member --regid=member --init-groups avtpmap listen eth0 $stream --samples 600 --json"
	guest_until "avtpmap show --json | jq -e '.ports[].streams[].readers == 1' >/dev/null"
	tap_start
	talk S16BE 2 48000 6 100
	wire_stop talker
	same "$(guest_wait listen | json .samples)" 600
	as member avtpmap set eth0 "$stream" mode=copy
	denied member EDQUOT 'memory cap' avtpmap add eth0 $other ms=10000
	as member avtpmap del eth0 "$stream"

	# Not root's stream, nor the port.
	guest "avtpmap add eth0 $stream vid=2"
	denied member EPERM 'another user' avtpmap del eth0 "$stream"
	denied member EPERM CAP_NET_ADMIN avtpmap attach eth0 --mem 1G
	denied member EPERM CAP_NET_ADMIN avtpmap detach eth0
	denied member EPERM CAP_NET_ADMIN avtpmap drain

	denied outsider EPERM 'not in the group' avtpmap add eth0 $other
	denied outsider EPERM 'not in the group' avtpmap del eth0 "$stream"
	denied outsider EACCES "port's group" avtpmap listen eth0 "$stream"
}

# A ring counts as the memory of whoever adds its stream.
case_memory_of_a_cgroup()
{
	local add="avtpmap add eth0 $stream ms=2000" message status=0	# 32 MiB

	guest 'mkdir /tmp/cg && mount -t cgroup2 none /tmp/cg'
	if ! guest 'grep -qw memory /tmp/cg/cgroup.controllers'; then
		echo 'this kernel has no memory cgroups'
		exit 77
	fi
	guest 'echo +memory >/tmp/cg/cgroup.subtree_control
		mkdir /tmp/cg/small && echo 16M >/tmp/cg/small/memory.max'
	message=$(guest "(echo \$BASHPID >/tmp/cg/small/cgroup.procs && exec $add 2>&1)") || status=$?
	echo "# $message"
	same "$status" 1
	grep -q 'not enough memory for the ring.*\[ENOMEM\]$' <<<"$message"
	guest "$add"
	guest "avtpmap del eth0 $stream && rmdir /tmp/cg/small"
}

udev_start()
{
	guest '/usr/lib/systemd/systemd-udevd --daemon'
	udev_trigger
}

udev_trigger()
{
	guest 'udevadm control --reload && udevadm trigger --action=add /sys/class/misc/avtpmap && udevadm settle'
}

case_udev_rule()
{
	add_users
	guest "avtpmap attach eth0 --group audio && avtpmap add eth0 $stream vid=2"
	udev_start
	# The tag is the rule's own; devtmpfs has given it the mode already.
	guest 'udevadm info --query=property /dev/avtpmap' | grep '^TAGS=.*:systemd:'
	same "$(guest 'stat -c "%a %U:%G" /dev/avtpmap')" '666 root:root'
	as outsider '[ -w /dev/avtpmap ]'

	guest 'echo "KERNEL==\"avtpmap\", MODE=\"0660\", GROUP=\"audio\"" >/etc/udev/rules.d/61-avtpmap.rules'
	udev_trigger
	same "$(guest 'stat -c "%a %U:%G" /dev/avtpmap')" '660 root:audio'
	denied outsider EACCES 'ls -l /dev/avtpmap' avtpmap listen eth0 "$stream"
	denied member ENODATA 'nothing was heard' avtpmap listen eth0 "$stream" --seconds 0.1
	guest 'rm /etc/udev/rules.d/61-avtpmap.rules'
	udev_trigger
	as outsider '[ -w /dev/avtpmap ]'
	guest 'udevadm control --exit'
}
