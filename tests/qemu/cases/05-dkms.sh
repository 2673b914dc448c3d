# SPDX-License-Identifier: GPL-2.0
# dkms: our igb wins, also from the initramfs; removing puts the old one back;
# a machine that cannot have our igb keeps its own, also where it finds out when
# it loads it.

# A root of this case's own, above the image: what it does there goes with it.
fresh_root()
{
	only_on debian
	dir=$work/dkms
	root=$dir/root
	mkdir "$dir"
	mount -t tmpfs dkms "$dir"
	mkdir "$dir/lower" "$dir/upper" "$dir/work" "$root"
	trap drop_root EXIT
	mount -o loop,ro "$1" "$dir/lower"
	mount -t overlay root -o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$root"
	mount -t proc proc "$root/proc"
	mount -t sysfs sys "$root/sys"
	mount --bind /dev "$root/dev"
	kernel=$(chroot "$root" linux-version list | tail -n 1)
	modules=/lib/modules/$kernel
}

# Lazily: dkms leaves a process behind that draws dots for some seconds.
drop_root()
{
	umount -l -R "$dir"
	rmdir "$dir"
}

# The product's source into a root that has never seen it.
copy_source()
{
	mkdir "$root/usr/src/avtpmap"
	cp -r "$top"/{Makefile,Kbuild,dkms.conf,dkms,kmod,uapi,patches} "$root/usr/src/avtpmap"
}

# What other cases check already costs the rest only time.
without_initramfs()
{
	rm "$root/boot/initrd.img-$kernel"
}

dkms_install()
{
	chroot "$root" make -C /usr/src/avtpmap dkms-install "KDIR=$modules/build" >"$work/dkms.log" 2>&1 || {
		cat "$work/dkms.log"
		false
	}
}

igb_of_modprobe()
{
	chroot "$root" modinfo -k "$kernel" -F filename igb
}

igb_in_initramfs()
{
	chroot "$root" lsinitramfs "/boot/initrd.img-$kernel" | grep '/igb\.ko'
}

# The distribution's igb is where it was, as dpkg knows it.
stock_igb_is_whole()
{
	[ -e "$root$modules/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz" ]
	chroot "$root" dpkg --verify "linux-image-$kernel" | grep -v '/boot/System.map' >"$work/verify" || true
	cat "$work/verify"
	[ ! -s "$work/verify" ]
}

# Hook and module are there, the distribution's igb is untouched, and the reason
# was given.
check_left_out()
{
	grep "avtpmap: igb left out: .*$1" "$work/dkms.log"
	[ -e "$root$modules/updates/dkms/avtpmap_hook.ko.xz" ]
	[ -e "$root$modules/updates/dkms/avtpmap.ko.xz" ]
	same "$(igb_of_modprobe)" "$modules/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz"
}

case_ours_from_the_initramfs()
{
	fresh_root "$AVTPMAP_IMAGE/root.ext4"
	same "$(igb_of_modprobe)" "$modules/updates/dkms/igb.ko.xz"
	stock_igb_is_whole
	igb_in_initramfs | grep /updates/dkms/
	igb_in_initramfs | grep /kernel/drivers/net/
	same "$(igb_in_initramfs | wc -l)" 2
	# The running guest: before anything but the initramfs had run.
	guest 'cat /run/lsmod-initramfs' | grep -E '^avtpmap_hook .* igb$'
}

case_remove_puts_the_old_back()
{
	fresh_root "$AVTPMAP_IMAGE/root.ext4"
	chroot "$root" make -C /usr/src/avtpmap dkms-remove
	same "$(igb_of_modprobe)" "$modules/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz"
	stock_igb_is_whole
	igb_in_initramfs | grep /kernel/drivers/net/
	same "$(igb_in_initramfs | wc -l)" 1
	[ ! -e "$root$modules/updates/dkms" ]
	[ ! -e "$root/etc/initramfs-tools/hooks/avtpmap" ]
	[ ! -e "$root/etc/modprobe.d/avtpmap-dkms.conf" ]
	[ ! -e "$root/var/lib/dkms/avtpmap" ]

	# And a machine boots with it.
	cp "$root/boot/initrd.img-$kernel" "$work/initrd"
	guest_initrd=$work/initrd
	drop_root
	another_guest removed
	boot
	guest 'cat /run/lsmod-initramfs' | tee "$work/lsmod" | grep '^igb '
	[[ $(cat "$work/lsmod") != *avtpmap* ]]
}

# A newer version over an older one, as both built them: nothing of either is
# left, nor brought back, when they go.
case_a_newer_version_goes_whole()
{
	fresh_root "$AVTPMAP_IMAGE/root.ext4"
	without_initramfs
	cp -r "$root/usr/src/avtpmap-0.1.0" "$root/usr/src/avtpmap-0.1.9"
	sed -i 's/^PACKAGE_VERSION=.*/PACKAGE_VERSION="0.1.9"/' "$root/usr/src/avtpmap-0.1.9/dkms.conf"
	chroot "$root" dkms add avtpmap/0.1.9
	cp -r "$root/var/lib/dkms/avtpmap/0.1.0/$kernel" "$root/var/lib/dkms/avtpmap/0.1.9/"
	chroot "$root" dkms install --force avtpmap/0.1.9 -k "$kernel"
	stock_igb_is_whole
	same "$(igb_of_modprobe)" "$modules/updates/dkms/igb.ko.xz"
	chroot "$root" dkms remove avtpmap/0.1.9 --all
	chroot "$root" dkms remove avtpmap/0.1.0 --all
	stock_igb_is_whole
	same "$(igb_of_modprobe)" "$modules/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz"
	[ ! -e "$root$modules/updates/dkms" ]
	[ ! -e "$root/etc/modprobe.d/avtpmap-dkms.conf" ]
}

# fell_back WHY: the network is there by the distribution's igb, and the machine
# says why.
fell_back()
{
	nic_up
	same "$(guest 'cat /sys/module/igb/version 2>/dev/null || true')" ''
	guest 'dmesg' | grep "avtpmap: our igb does not load, so the distribution's is used: .*$1" | tee "$work/said"
	guest 'avtpmap doctor eth0 || true' | grep -A 1 "eth0, driver: igb, without the hook: .*$1"
	# It receives.
	"$here/wire" burst "$work/guest" "ffffffffffff020000000001""88b5$(printf '%092d' 0)" >&2
	guest_until 'ethtool -S eth0 | grep -q "^ *rx_packets: [1-9]"'
}

# In the initramfs, by its udev.
case_back_when_the_signature_is_refused()
{
	only_on debian
	another_guest refused
	guest_cmdline=module.sig_enforce=1
	boot
	guest 'cat /run/lsmod-initramfs' | tee "$work/lsmod" | grep '^igb '
	[[ $(cat "$work/lsmod") != *avtpmap* ]]
	fell_back 'Key was rejected by service'
	# Who asks for what is refused hears so.
	if guest 'modprobe avtpmap' >"$work/modprobe" 2>&1; then false; fi
	grep 'Key was rejected by service' "$work/modprobe"
}

# by modprobe, and by udev as at boot
case_back_when_ours_does_not_load()
{
	ours='/lib/modules/$(uname -r)/updates/dkms/igb.ko.xz'

	only_on debian
	guest "cp $ours /tmp"
	trap 'guest "rmmod igb; cp /tmp/igb.ko.xz $ours; modprobe igb"; nic_up' EXIT
	# of another kind of kernel, and not signed
	guest "xz -dc $ours | sed 's/ SMP preempt / UMP preempt /; s/^~Module signature/~module signature/' >/tmp/igb.ko
		grep -q ' UMP preempt ' /tmp/igb.ko
		xz --check=crc32 --lzma2=dict=1MiB -c /tmp/igb.ko >$ours
		rmmod igb
		modprobe igb"
	fell_back 'Exec format error'

	guest 'rmmod igb; dmesg -C'
	guest '/lib/systemd/systemd-udevd --daemon && udevadm trigger --action=add --subsystem-match=pci && udevadm settle'
	guest 'udevadm control --exit'
	fell_back 'Exec format error'
}

case_no_driver_of_another_version()
{
	local installed

	fresh_root "$AVTPMAP_ROOT"
	copy_source
	installed=$(chroot "$root" dpkg-query -W -f '${Version}' linux-source-6.12)
	sed -i "/^Package: linux-source-6.12\$/,/^\$/s/^Version: .*/Version: 6.12.1-1/" "$root/var/lib/dpkg/status"
	dkms_install
	check_left_out "apt-get install linux-source-6.12=$installed"
	igb_in_initramfs | grep /kernel/drivers/net/
	same "$(igb_in_initramfs | wc -l)" 1

	# Asked for outright, it stops.
	if chroot "$root" make -C /usr/src/avtpmap igb "KDIR=$modules/build" >"$work/igb.log" 2>&1; then false; fi
	grep "apt-get install linux-source-6.12=$installed" "$work/igb.log"

	# With the source there, dkms adds what it left out.
	sed -i "/^Package: linux-source-6.12\$/,/^\$/s/^Version: .*/Version: $installed/" "$root/var/lib/dpkg/status"
	chroot "$root" bash -c "$(grep -o 'dkms unbuild .*' "$work/dkms.log")"
	same "$(igb_of_modprobe)" "$modules/updates/dkms/igb.ko.xz"
}

case_no_driver_that_the_patch_does_not_fit()
{
	fresh_root "$AVTPMAP_ROOT"
	copy_source
	sed -i 's/^ .*next_to_clean.*/ changed since/; s/^ .*register_netdev.*/ changed since/' \
		"$root"/usr/src/avtpmap/patches/igb/6.12/0001-*.patch
	without_initramfs
	dkms_install
	check_left_out 'does not fit'
}

case_no_driver_that_secure_boot_refuses()
{
	local efivars

	fresh_root "$AVTPMAP_ROOT"
	copy_source
	mount -t tmpfs firmware "$root/sys/firmware"
	efivars=$root/sys/firmware/efi/efivars
	mkdir -p "$efivars"
	printf '\6\0\0\0\1' >"$efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	without_initramfs
	dkms_install
	check_left_out 'Secure Boot'
}

# What the firmware does not ask for, the kernel may.
case_no_driver_that_the_kernel_refuses()
{
	local drivers=(chroot "$work/dkms/root" /usr/src/avtpmap/dkms/drivers)

	fresh_root "$AVTPMAP_ROOT"
	copy_source
	mount -t tmpfs sys "$root/sys"
	mkdir -p "$root"/sys/{module/module/parameters,kernel/security}
	echo Y >"$root/sys/module/module/parameters/sig_enforce"
	without_initramfs
	dkms_install
	check_left_out 'module.sig_enforce'

	echo N >"$root/sys/module/module/parameters/sig_enforce"
	echo 'none [integrity] confidentiality' >"$root/sys/kernel/security/lockdown"
	same "$("${drivers[@]}" "$kernel" "$modules/build")" ''
	grep lockdown "$root/usr/src/avtpmap/drivers/$kernel/left-out"
	echo '[none] integrity confidentiality' >"$root/sys/kernel/security/lockdown"
	same "$("${drivers[@]}" "$kernel" "$modules/build")" igb

	# The next boot's kernel, as far as files tell.
	mkdir -p "$root"/etc/{default/grub.d,kernel}
	echo 'GRUB_CMDLINE_LINUX="quiet module.sig_enforce=1"' >"$root/etc/default/grub"
	same "$("${drivers[@]}" "$kernel" "$modules/build")" ''
	grep 'module.sig_enforce will be on (/etc/default/grub) .*without EFI' "$root/usr/src/avtpmap/drivers/$kernel/left-out"
	echo 'root=/dev/sda1 lockdown=integrity' >"$root/etc/kernel/cmdline"
	printf '%s\n' '# module.sig_enforce=1' 'GRUB_CMDLINE_LINUX="module.sig_enforce=0"' >"$root/etc/default/grub"
	same "$("${drivers[@]}" "$kernel" "$modules/build")" ''
	grep 'lockdown will be on (/etc/kernel/cmdline)' "$root/usr/src/avtpmap/drivers/$kernel/left-out"
	echo 'root=/dev/sda1 lockdown=none' >"$root/etc/kernel/cmdline"
	same "$("${drivers[@]}" "$kernel" "$modules/build")" igb
}
