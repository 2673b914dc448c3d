# SPDX-License-Identifier: GPL-2.0
# The guest, the wire and the talker, for run.sh and demo.sh.
#
#	Debian 13 root, on this machine          guest: Debian 13, 6.12
#	  gst-launch-1.0 ... avtpsink              avtpmap listen
#	        |                                       ^
#	      talk0 ==(VLAN tag)==> wire ==> QEMU's igb, eth0
#
# All of it lives in namespaces of its own (enter_sandbox) and goes with the
# script that sourced this file.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$top/tests/qemu
stream=00:1b:21:aa:bb:cc:00:01
tci=0x6002	# VID 2, priority 3
guest_accel=()
# Another QEMU, NIC and memory; tests/nic has them.
guest_qemu=(qemu-system-x86_64)
guest_nic=()
guest_memory=(-m 2048)
# Which kernel the guest runs: Debian's (debian), its -rt flavour (rt), or the
# debug kernel of tests/kernels (debug), emulated with every check there is. It
# gets a tenth of the media and a sixteenth of the pace.
guest_kernel=${AVTPMAP_KERNEL:-debian}
agent_timeout=${AVTPMAP_GUEST_TIMEOUT:-300}
qemu_pid=
passed=0 failed=0 skipped=0

die()
{
	echo "$*" >&2
	exit 1
}

# Runs the script again in namespaces of its own: its mounts, interfaces and
# processes cannot outlive it, and it cannot disturb the machine's.
enter_sandbox()
{
	[ -n "${AVTPMAP_SANDBOX-}" ] && return
	[ "$(id -u)" = 0 ] || die "run as root"
	AVTPMAP_SANDBOX=1 exec unshare -m -n -p -f --kill-child --mount-proc "$0" "$@"
}

# Fetches and builds; needs the network, so before enter_sandbox.
prepare()
{
	local root

	[ -n "${AVTPMAP_SANDBOX-}" ] && return
	flock "$here" make -s -C "$here" wire
	AVTPMAP_ROOT=$("$here/root.sh")
	root=$AVTPMAP_ROOT
	[ "$guest_kernel" != rt ] || root=$("$here/root_rt.sh" "$AVTPMAP_ROOT")
	AVTPMAP_IMAGE=$("$here/image.sh" "$root")
	if [ "$guest_kernel" = debug ]; then
		AVTPMAP_MODULES=$top/build/qemu-debug
		mkdir -p "$AVTPMAP_MODULES"
		AVTPMAP_DEBUG=$("$top/tests/kernels/modules.sh" debug "$AVTPMAP_MODULES" igb)
		export AVTPMAP_MODULES AVTPMAP_DEBUG
	fi
	export AVTPMAP_ROOT AVTPMAP_IMAGE AVTPMAP_KERNEL=$guest_kernel
}

# The talker's root, its interface and a directory that both sides share.
setup_host()
{
	# The mount is the sandbox's own, so each run has its own directory here.
	work=/run/avtpmap-qemu
	mkdir -p "$work"
	mount -t tmpfs work "$work"
	share=$work/share
	talker_root=$work/root
	mkdir "$share" "$talker_root"
	mkfifo "$work/agent.in" "$work/agent.out"
	mount -o loop,ro "$AVTPMAP_ROOT" "$talker_root"
	mount -t proc proc "$talker_root/proc"
	mount --rbind /dev "$talker_root/dev"
	mount -t tmpfs tmp "$talker_root/tmp"
	mount --bind "$share" "$talker_root/mnt"

	ip link set lo up
	ip link add talk0 type veth peer name talk1
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null || true
	ip link set talk0 up
	ip link set talk1 up
	if [ "$guest_kernel" = debug ]; then cp -r "$AVTPMAP_MODULES" "$share/modules"; fi
}

# For the rest of a subshell: a guest of its own, on a wire of its own.
another_guest()
{
	work=$work/$1
	mkdir "$work"
	mkfifo "$work/agent.in" "$work/agent.out"
	trap shutdown_guest EXIT
}

# Boots and returns when the guest's agent is ready. The caller may set
#	guest_accel	array: QEMU's options for the processor
#	guest_initrd	another initramfs
#	guest_cmdline	more of the kernel's command line
#	guest_disk	a disk that lasts from boot to boot
# Now and then an emulated processor misses its timer before there is
# a root, and the kernel waits for ever: then once more.
boot()
{
	local timeout=$agent_timeout

	if ! boot_within $((timeout / 3)); then
		echo "boot: once more" >&2
		shutdown_guest
		boot_within "$timeout" || die "the guest did not start: $(tail -n 20 "$work/console" "$work/qemu.log")"
	fi
	if [ "$guest_kernel" = debug ]; then install_debug_modules; fi
}

# boot_within SECONDS
boot_within()
{
	local accel=("${guest_accel[@]}") nic=("${guest_nic[@]}")
	local kernel=(-kernel "${guest_vmlinuz:-$AVTPMAP_IMAGE/vmlinuz}" -initrd "${guest_initrd:-$AVTPMAP_IMAGE/initrd}")

	[ "$guest_kernel" != debug ] || kernel=(-kernel "$AVTPMAP_DEBUG/bzImage")
	[ ${#accel[@]} -gt 0 ] || accel=(-accel "tcg,thread=multi" -smp 2)
	rm -f "$work/host"
	if [ ${#nic[@]} = 0 ]; then
		rm -f "$work/guest"
		nic=(-netdev "dgram,id=wire,local.type=unix,local.path=$work/guest,remote.type=unix,remote.path=$work/host"
			-device igb,netdev=wire,mac=52:54:00:12:34:56)
	fi
	"$here/wire" drain "$work/host" >"$work/drain.log" 2>&1 &
	drain_pid=$!
	"${guest_qemu[@]}" -nodefaults -no-user-config -no-reboot -display none -machine q35 \
		"${accel[@]}" -cpu max "${guest_memory[@]}" "${nic[@]}" \
		"${kernel[@]}" \
		-append "root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 init=/sbin/avtpmap-init ${guest_cmdline-}" \
		-drive "${guest_disk:-file=$AVTPMAP_IMAGE/root.ext4,format=raw,snapshot=on},if=virtio" \
		-device virtio-serial-pci -chardev "pipe,id=agent,path=$work/agent" \
		-device virtserialport,chardev=agent,name=agent \
		-virtfs "local,path=$share,mount_tag=share,security_model=none" \
		-serial "file:$work/console" >"$work/qemu.log" 2>&1 &
	qemu_pid=$!
	exec {agent_in}<>"$work/agent.in" {agent_out}<>"$work/agent.out"
	[ "$(agent_reply "$1")" = ready ]
}

# The image has modules for Debian's kernel only.
install_debug_modules()
{
	guest 'echo scan=off >/sys/kernel/debug/kmemleak
		to=/lib/modules/$(uname -r)
		mkdir -p $to
		cp /share/modules/*.ko $to
		touch $to/modules.{builtin,builtin.modinfo,order}
		depmod
		modprobe igb'
}

# One RX queue, or QEMU drops frames for a full queue while another is empty
# (with one, it waits, and so does the wire); and as many descriptors as it has.
nic_up()
{
	guest_until '[ -e /sys/class/net/eth0 ]'
	guest 'ethtool -L eth0 combined 1 && ethtool -G eth0 rx 4096 && ip link set eth0 up' >/dev/null
	guest_until 'grep -q 1 /sys/class/net/eth0/carrier'
}

# igb loses the memory of the queues that nic_up took from it, unless it has them
# again when it goes.
nic_queues_back()
{
	is_slow || return 0	# nobody else looks for leaks
	guest 'ethtool -L eth0 combined $(ethtool -l eth0 | sed -n "s/^Combined:[[:space:]]*//p" | head -n 1)' >/dev/null
}

shutdown_guest()
{
	kill "$qemu_pid" "$drain_pid" 2>/dev/null || true
	wait "$qemu_pid" "$drain_pid" 2>/dev/null || true
	exec {agent_in}>&- {agent_out}>&-
	qemu_pid=
}

guest_alive()
{
	kill -0 "$qemu_pid" 2>/dev/null && (guest true) >/dev/null 2>&1
}

# agent_reply [SECONDS]: prints the output of the guest's last command; returns
# its exit status.
agent_reply()
{
	local reply='' part deadline=$((SECONDS + ${1:-agent_timeout}))

	# What came before a timeout is the first part of the line.
	until IFS= read -r -t 1 part <&"$agent_out"; do
		reply+=$part
		kill -0 "$qemu_pid" 2>/dev/null || die "the guest is gone: $(tail -n 20 "$work/console")"
		[ $SECONDS -lt $deadline ] || die "the guest does not answer: $(tail -n 20 "$work/console")"
	done
	reply+=$part
	base64 -d <<<"${reply#* }"
	return "${reply%% *}"
}

# guest 'shell command': runs it there, prints its output, returns its status.
guest()
{
	base64 -w0 <<<"$*" >&"$agent_in"
	echo >&"$agent_in"
	agent_reply
}

# guest_start NAME 'command': in the background, output in the guest's
# /tmp/NAME.out and .err.
guest_start()
{
	guest "rm -f /tmp/$1.status
		{ s=0; ($2) || s=\$?; echo \$s >/tmp/$1.status; } >/tmp/$1.out 2>/tmp/$1.err &
		echo \$! >/tmp/$1.pid"
}

# guest_wait NAME: until it ends; prints its output, returns its status, and
# shows why if that is not 0.
guest_wait()
{
	local status=0

	guest "
		for ((i = 0; i < 10 * $agent_timeout; i++)); do
			kill -0 \$(cat /tmp/$1.pid) 2>/dev/null || break
			sleep 0.1
		done
		if kill -0 \$(cat /tmp/$1.pid) 2>/dev/null; then echo '$1 does not end'; cat /tmp/$1.err; exit 1; fi
		cat /tmp/$1.out
		exit \$(cat /tmp/$1.status)" || status=$?
	[ $status = 0 ] || guest "cat /tmp/$1.err" >&2
	return $status
}

# guest_until 'condition': polls the guest; never a matter of how long it takes.
guest_until()
{
	guest "for ((i = 0; i < 10 * $agent_timeout; i++)); do { $1; } && exit 0; sleep 0.1; done
		echo 'never came true: $1'; exit 1"
}

# wire_start NAME ARGUMENTS...; wire_stop NAME prints "frames=N".
wire_start()
{
	local name=$1

	shift
	"$here/wire" "$@" >"$work/$name.wire" 2>&1 &
	echo $! >"$work/$name.pid"
	until grep -q ready "$work/$name.wire"; do
		kill -0 "$(cat "$work/$name.pid")" || die "wire: $(cat "$work/$name.wire")"
		sleep 0.05
	done
}

wire_stop()
{
	kill "$(cat "$work/$1.pid")"
	tail --pid="$(cat "$work/$1.pid")" -s 0.1 -f /dev/null
	grep -x 'frames=[0-9]*' "$work/$1.wire" || die "wire: $(cat "$work/$1.wire")"
}

# In a case that makes sense on some kernels only.
only_on()
{
	[[ " $* " == *" $guest_kernel "* ]] || { echo "not on the $guest_kernel kernel"; exit 77; }
}

is_slow()
{
	[ "$guest_kernel" = debug ]
}

# fewer N: as many as a slow guest can have.
fewer()
{
	if is_slow; then echo $(($1 / 16)); else echo "$1"; fi
}

# The tap on the talker, which sends 8000 frames a second. A slow guest gets what
# it was told at a sixteenth of the pace.
tap_start()
{
	local pace=()

	if is_slow; then pace=(--pps 500); fi
	wire_start talker --tci "$tci" "${pace[@]}" "$@" tap "$work/guest" talk0
}

# same ACTUAL EXPECTED: says what was different.
same()
{
	[ "$1" = "$2" ] || { echo "'$1' instead of '$2'"; return 1; }
}

# json FILTER [FILE]: one value of it, or several lines.
json()
{
	chroot "$talker_root" jq -r "$1" <"${2:-/dev/stdin}"
}

# judge LABEL COMMAND: runs a case, with "set -e", and counts it. Exit status 77,
# with a reason on its last line, means skipped. A case fails, too, when the guest
# is gone or its kernel complained meanwhile. The caller has a tidy_guest.
judge()
{
	local label=$1 log=$work/case.log status=0 start=$SECONDS

	# A subshell of its own, not in a condition: there "set -e" would be off.
	set +e
	( set -Eeuo pipefail; trap 'echo "failed: $BASH_COMMAND (line $LINENO)"' ERR; "$2" ) >"$log" 2>&1
	status=$?
	set -e
	[ -z "$qemu_pid" ] || guest_is_well >>"$log" || status=1
	case $status in
	0)
		passed=$((passed + 1))
		echo "ok - $label ($((SECONDS - start)) s)"
		sed -n 's/^# /    /p' "$log"
		;;
	77)
		skipped=$((skipped + 1))
		echo "skip - $label: $(tail -n 1 "$log")"
		;;
	*)
		failed=$((failed + 1))
		echo "not ok - $label"
		sed 's/^/    /' "$log" | cut -c1-400
		;;
	esac
}

# After a case: it leaves nothing in the guest, and its kernel has no complaints.
guest_is_well()
{
	guest_alive || { tail -n 40 "$work/console"; return 1; }
	(tidy_guest) >/dev/null 2>&1 || true
	(guest 'dmesg -c') >"$work/dmesg" || return 1
	if grep -nE -A 40 -f "$top/tests/complaints" "$work/dmesg"; then
		echo "the guest's kernel complained"
		return 1
	fi
}

# What the guest's NIC and its driver say they dropped.
nic_losses()
{
	guest 'ethtool -S eth0 | grep -E "missed|no_buffer|drops|errors"'
}

# check_wav FILE FORMAT CHANNELS RATE: it holds what the talker was given.
check_wav()
{
	perl -e '
		my ($wav, $given, $bits, $channels, $rate) = @ARGV;
		local $/;
		open(my $f, "<:raw", $wav) or die "$wav: $!\n"; my $riff = <$f>;
		open(my $g, "<:raw", $given) or die "$given: $!\n"; my $want = <$g>;
		substr($riff, 0, 4) eq "RIFF" && substr($riff, 8, 4) eq "WAVE" or die "$wav is no WAV file\n";
		my %chunk;
		for (my $at = 12; $at + 8 <= length $riff; ) {
			my ($id, $len) = unpack("a4 V", substr($riff, $at, 8));
			$chunk{$id} = substr($riff, $at + 8, $len);
			$at += 8 + $len + $len % 2;
		}
		my (undef, $c, $r, undef, undef, $b) = unpack("v v V V v v", $chunk{"fmt "});
		"$c $r $b" eq "$channels $rate $bits" or die "channels, rate, bits: $c $r $b\n";
		# Big endian on the wire, little endian in a WAV file.
		$want = $bits == 16 ? pack("v*", unpack("n*", $want)) : pack("V*", unpack("N*", $want));
		length $want or die "nothing was given\n";
		length $chunk{data} == length $want or die sprintf("%d bytes instead of %d\n", length $chunk{data}, length $want);
		$chunk{data} eq $want and exit 0;
		my $same = ($chunk{data} ^ $want) =~ /^(\0*)/ && length $1;
		die sprintf("differs from sample %d on\n", $same / ($channels * $bits / 8));
	' "$1" "$share/given.raw" "${2//[!0-9]/}" "$3" "$4"
}

# talk FORMAT CHANNELS RATE SAMPLES_PER_FRAME FRAMES [STREAM_ID]
# GStreamer sends noise at its media's own pace. What it is given lies in
# $share/given.raw: pseudo-random, so no two parts of it are alike, and the same
# in each run.
talk()
{
	local format=$1 channels=$2 rate=$3 samples=$4 frames=$5 id=${6:-$stream}
	local bits=${format//[!0-9]/}
	local frame_bytes=$((samples * channels * bits / 8))
	local gst=(env GST_REGISTRY=/var/cache/gst-registry GST_REGISTRY_UPDATE=no gst-launch-1.0 -q)

	head -c $((frames * frame_bytes)) /dev/zero |
		chroot "$talker_root" openssl enc -aes-128-ctr -nosalt -K 01 -iv 01 >"$share/given.raw" 2>/dev/null
	chroot "$talker_root" "${gst[@]}" clockselect. \( clock-id=realtime \
		filesrc location=/mnt/given.raw ! \
		rawaudioparse format=pcm pcm-format="${format,,}" num-channels="$channels" sample-rate="$rate" ! \
		audiobuffersplit output-buffer-duration="$samples/$rate" ! clocksync ! \
		avtpaafpay mtt=50000000 tu=1000000 streamid="0x${id//:/}" processing-deadline=0 ! \
		avtpsink ifname=talk0 address=91:e0:f0:00:0e:80 priority=2 processing-deadline=0 \)
}

# A talker for as long as a case needs one, AAF S16BE stereo at 48 kHz, with 500
# large frames a second for a slow guest; talk_stop prints how many it sent.
talk_start()
{
	local per_frame=6

	if is_slow; then per_frame=96; fi
	wire_start talker --tci "$tci" tap "$work/guest" talk0
	talk S16BE 2 48000 $per_frame $((14400000 / per_frame)) &
	talker=$!
}

talk_stop()
{
	pkill -x gst-launch-1.0
	wait "$talker" || true
	wire_stop talker | sed 's/frames=//'
}
