# SPDX-License-Identifier: GPL-2.0
# What files say is there again after the module, the driver or the name was not.

other=00:1b:21:aa:bb:cc:00:02

# configure LINE...: of eth0
configure()
{
	guest "mkdir -p /etc/avtpmap.d
		printf '%s\n' '[interface eth0]' $(printf "'%s' " "$@") >/etc/avtpmap.d/stage.conf"
}

# applied LINE ARGUMENT...: one that it says
applied()
{
	local expected=$1 said

	shift
	said=$(guest "avtpmap apply $* 2>&1")
	echo "$said"
	grep -qxF "$expected" <<<"$said"
}

# refused TEXT ARGUMENT...
refused()
{
	local expected=$1 said status=0

	shift
	said=$(guest "avtpmap apply $* 2>&1") || status=$?
	echo "$said"
	same "$status" 1
	grep -qE "$expected" <<<"$said"
}

# as_it_says IF: port and streams
as_it_says()
{
	same "$(guest 'avtpmap show --json' | json ".ports[] | select(.ifname == \"$1\" and .mem_cap != null and .mem_cap > 0) |
		[.backend, .group, .mem_cap, (.streams | sort_by(.stream_id)[] | .stream_id, .mode, .vid, .ms)] | tojson")" \
		"[\"kmod\",\"audio\",67108864,\"$stream\",\"take\",2,100,\"$other\",\"copy\",5,200]"
}

# What a talker sends is.
heard()
{
	guest_start listen "avtpmap listen eth0 $stream --samples 600 --json"
	guest_until "avtpmap show --json | jq -e '[.ports[].streams[].readers] | add == 1' >/dev/null"
	tap_start
	talk S16BE 2 48000 6 100
	wire_stop talker
	same "$(guest_wait listen | json .samples)" 600
}

case_what_files_say_is_there_again()
{
	configure 'group = audio' 'mem = 64M' "stream = $stream vid=2" "stream = $other vid=5 ms=200 mode=copy"
	guest 'avtpmap check-config'
	applied 'eth0: attached by kmod, group audio, memory 64.0 MiB'
	as_it_says eth0
	applied 'eth0: nothing to change'

	guest 'avtpmap drain && rmmod avtpmap && modprobe avtpmap'
	applied "eth0: stream $other added"
	as_it_says eth0

	# the driver too, as at a boot; the stream is heard
	guest 'avtpmap drain && rmmod avtpmap'
	nic_queues_back
	guest 'rmmod igb avtpmap_hook && modprobe igb'
	nic_up
	guest 'modprobe avtpmap'
	applied "eth0: stream $stream added" --interface eth0
	as_it_says eth0
	heard
}

case_another_name_has_its_own_section()
{
	configure "stream = $stream"
	applied "eth0: stream $stream added"
	guest 'ip link set eth0 down && ip link set eth0 name stage0'
	refused 'stage.conf:1: eth0: no such interface'
	guest "sed -i s/eth0/stage0/ /etc/avtpmap.d/stage.conf"
	applied 'stage0: nothing to change' # a rename changes the name only
	guest 'ip link set stage0 name eth0 && ip link set eth0 up'
	guest_until 'grep -q 1 /sys/class/net/eth0/carrier'
}

case_rights_that_no_file_gives_are_taken()
{
	configure 'group = audio' "stream = $stream"
	applied 'eth0: attached by kmod, group audio'
	configure "stream = $stream mode=copy"
	applied 'eth0: group set to none, was audio'
	applied 'eth0: nothing to change'
	guest "avtpmap add eth0 $other"
	configure
	applied 'eth0: nothing to change'
	applied "eth0: stream $other deleted, as no file has it" --prune
	same "$(guest 'avtpmap show --json' | json '[.ports[].streams[]] | length')" 0
}

case_a_port_of_another_backend_is_not_taken_over()
{
	guest 'avtpmap detach eth0 || true; avtpmap attach --backend xdp --xdp generic eth0'
	configure "stream = $stream"
	refused 'stage.conf:1: eth0 is a port of xdp; say backend = xdp, or avtpmap drain'
	configure 'backend = xdp' "stream = $stream vid=none"
	applied "eth0: stream $stream added"
	guest "avtpmap drain --backend xdp eth0 && avtpmap detach --backend xdp eth0"
}

# unit NAME STATE: it comes to be so
unit()
{
	guest_until "[ \"\$(systemctl is-active $1)\" = $2 ]"
}

# The guest's own systemd, with our agent as one of its services.
reboots_by_systemd()
{
	guest 'printf "%s\n" "[Service]" ExecStart=/sbin/avtpmap-init StandardInput=null "[Install]" WantedBy=multi-user.target \
			>/etc/systemd/system/agent.service
		systemctl --root=/ enable agent.service avtpmap@eth0.service avtpmap@stage0.service
		sync
		echo u >/proc/sysrq-trigger'
	shutdown_guest
	guest_cmdline=init=/usr/lib/systemd/systemd
	boot
}

case_a_reboot_and_what_systemd_does_then()
{
	local pci disk=$top/build/qemu-reboot.ext4

	only_on debian
	another_guest reboot
	# shellcheck disable=SC2064 # it is this function's own
	trap "shutdown_guest; rm -f '$disk'" EXIT
	mkdir -p "$top/build"
	cp --reflink=auto --sparse=always "$AVTPMAP_IMAGE/root.ext4" "$disk"
	guest_disk=file=$disk,format=raw
	boot
	configure 'group = audio' 'mem = 64M' "stream = $stream vid=2" "stream = $other vid=5 ms=200 mode=copy"
	reboots_by_systemd
	same "$(guest 'cat /proc/1/comm')" systemd
	unit avtpmap@eth0 active
	as_it_says eth0
	unit avtpmap-reserve@eth0 inactive	# there is nothing for it
	nic_up
	heard

	# plugged out and in again
	pci=$(guest 'basename $(readlink /sys/class/net/eth0/device)')
	guest "echo 1 >/sys/bus/pci/devices/$pci/remove"
	unit avtpmap@eth0 inactive
	guest 'echo 1 >/sys/bus/pci/rescan'
	unit avtpmap@eth0 active
	as_it_says eth0

	# a section of its own, with a reservation, and the name that it is for
	guest "printf '%s\n' '[interface stage0]' 'group = audio' 'mem = 64M' 'stream = $stream vid=2 reserve=yes' \
			'stream = $other vid=5 ms=200 mode=copy' >/etc/avtpmap.d/stage0.conf
		ip link set eth0 name stage0"
	unit avtpmap@eth0 inactive
	unit avtpmap@stage0 active
	unit avtpmap-reserve@stage0 active
	as_it_says stage0
	guest 'systemctl stop avtpmap@stage0'
	unit avtpmap-reserve@stage0 inactive
	as_it_says stage0
}
