# SPDX-License-Identifier: GPL-2.0
# avtpmap: see "make help".

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
DESTDIR ?=
V ?= 0

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
# What the modules' directory is called: on Debian 12, kernel.release is not.
KERNELRELEASE ?= $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
DKMS_SOURCE = $(DESTDIR)/usr/src/avtpmap-$(VERSION)

# Patched drivers to build with the modules: those that this kernel can have.
# DRIVERS=igb or DRIVERS= (none) says it outright.
DRIVERS ?= $(shell dkms/drivers $(KERNELRELEASE) $(KDIR))
comma := ,
driver_dirs = $(patsubst %,drivers/$(KERNELRELEASE)/%,$(subst $(comma), ,$(DRIVERS)))

ifeq ($(V),0)
MAKEFLAGS += --no-print-directory
endif

.PHONY: all
all: modules lib tools

.PHONY: help
help:
	@echo 'avtpmap $(VERSION)'
	@echo
	@echo 'Build'
	@echo '  all (default)    modules, lib and tools'
	@echo '  modules          avtpmap_hook.ko, avtpmap.ko and the patched drivers that this kernel can have'
	@echo '  igb, igc         the same, and stop with the reason if there can be no patched one'
	@echo '  lib, tools       libavtpmap; the avtpmap command; where libjack is, avtpmap-jack;'
	@echo '                   where libpipewire is, avtpmap-pipewire; where libasound is, the ALSA device;'
	@echo '                   where GStreamer is, avtpmapsrc'
	@echo '  clean'
	@echo
	@echo 'Install (as root)'
	@echo '  install          library, headers and command below DESTDIR and PREFIX'
	@echo '  uninstall        takes that away again, but for /etc/avtpmap.d with something in it'
	@echo '  dkms-install     modules and drivers, for the running kernel and those to come'
	@echo '  dkms-remove      put the old drivers back'
	@echo
	@echo 'Check'
	@echo '  check            all of the following, on two CPUs a part; installs what they need'
	@echo '  lint             style, sparse, cppcheck, who may include whom'
	@echo '  check-unit       unit tests on this machine'
	@echo '  check-bpf        the XDP program on this machine, as root'
	@echo '  check-kunit      KUnit suites, in user-mode Linux and in a debug kernel'
	@echo '  check-conformance  what a user may rely on, on simulated ports; KERNEL=uml|debug;'
	@echo '                   with BACKEND=xdp or packet on veth on this machine, as root'
	@echo '  check-srp        reservation through a bridge of our own, as root'
	@echo '  check-jack       avtpmap-jack under a JACK server without hardware, as root'
	@echo '  check-pipewire   avtpmap-pipewire in a graph without sound cards, as root'
	@echo '  check-alsa       the ALSA device under arecord, as root'
	@echo '  check-gstreamer  avtpmapsrc in pipelines, as root'
	@echo '  check-patches    that each driver patch fits its kernel, as root; ONLY="igc 7.3"'
	@echo '  check-nic        those drivers on NICs that are processes, as root; not in check; ONLY='
	@echo '  check-qemu       real streams into a Debian 13 guest; KERNEL=debian|rt|debug, ONLY="10 50", WITHOUT=05'
	@echo '  check-mutations  that the tests see mistakes: of a table, one by one; not in check; ONLY='
	@echo '  check-walk       README as a new user, in a fresh Debian root; not in check; SUITE=bookworm|trixie'
	@echo '  bench            what each way of receiving a stream costs; see tests/bench/Makefile'
	@echo '  demo             one stream from GStreamer to a WAV file, from nothing'
	@echo
	@echo 'Variables'
	@echo '  KDIR=DIR         kernel headers to build for ($(KDIR))'
	@echo '  DRIVERS=LIST     patched drivers to build, or none'
	@echo '  PREFIX=DIR DESTDIR=DIR; ALSA_PLUGINS=DIR ALSA_CONF=DIR: where alsa-lib looks;'
	@echo '  GST_PLUGINS=DIR  where GStreamer does'
	@echo '  V=1 C=1 W=1      verbose; sparse; more warnings (as in the kernel)'

.PHONY: headers
headers:
	@[ -e $(KDIR)/Makefile ] || { echo 'no kernel headers at $(KDIR); install linux-headers-$(shell uname -r), or say KDIR=' >&2; false; }

.PHONY: modules
modules: headers
	+$(MAKE) -C $(KDIR) M=$(CURDIR) AVTPMAP_DRIVERS="$(driver_dirs)" modules

.PHONY: igb igc
igb igc: headers
	dkms/driver-source $@ $(KDIR) drivers/$(KERNELRELEASE)
	+$(MAKE) modules DRIVERS=$@

.PHONY: lib tools
lib:
	+$(MAKE) -C lib
tools: lib
	+$(MAKE) -C tools
# All that is missing in one line, not in one for each part.
lib: needs
.PHONY: needs
needs:
	@dkms/needs tools

.PHONY: install
install: lib tools
	$(MAKE) -C lib install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C tools install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(if $(DESTDIR),,@[ "$$(id -u)" != 0 ] || ldconfig)

.PHONY: uninstall
uninstall:
	$(MAKE) -C tools uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C lib uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)

# dkms copies this tree for each build, so it holds the product only.
# Before anything is copied or removed: can it be done?
.PHONY: dkms-install dkms-needs
dkms-needs:
	@dkms/needs dkms $(KDIR) $(KERNELRELEASE)
dkms-install: dkms-needs
	@$(MAKE) dkms-remove
	mkdir -p $(DKMS_SOURCE)
	cp -r Makefile Kbuild dkms.conf dkms kmod patches uapi $(DKMS_SOURCE)
	find $(DKMS_SOURCE) -name '*.o' -o -name '*.ko' -o -name '.*.cmd' | xargs -r rm -f
	dkms add avtpmap/$(VERSION)
	dkms install avtpmap/$(VERSION) -k $(KERNELRELEASE)

.PHONY: dkms-remove
dkms-remove:
	if command -v dkms >/dev/null && dkms status avtpmap/$(VERSION) | grep -q .; then dkms remove avtpmap/$(VERSION) --all; fi
	rm -rf $(DKMS_SOURCE)

.PHONY: check lint check-unit check-bpf check-kunit check-conformance check-srp check-jack check-pipewire check-alsa check-gstreamer check-qemu \
	check-mutations check-patches check-nic check-walk
check:
	tests/check.sh
lint: KDIR := $(firstword $(wildcard $(KDIR) /usr/src/linux-headers-*-amd64))
lint:
	KDIR=$(KDIR) tests/lint.sh
check-unit:
	+$(MAKE) -C tests/unit check
	+$(MAKE) -C tests/nic check
check-bpf:
	+$(MAKE) -C tests/bpf check
check-kunit:
	+$(MAKE) -C tests/kunit check
check-conformance:
	+$(MAKE) -C tests/conformance check
check-srp:
	+$(MAKE) -C tests/srp check
check-jack:
	+$(MAKE) -C tests/jack check
check-pipewire:
	+$(MAKE) -C tests/pipewire check
check-alsa:
	+$(MAKE) -C tests/alsa check
check-gstreamer:
	+$(MAKE) -C tests/gstreamer check
SUITE ?= trixie
check-walk:
	tests/walk.sh $(SUITE)
check-mutations:
	tests/mutations/run.sh
check-patches:
	tests/nic/patches.sh $(ONLY)
check-nic:
	tests/nic/run.sh $(if $(ONLY),--only "$(ONLY)")
check-qemu:
	tests/qemu/run.sh $(if $(KERNEL),--kernel $(KERNEL)) \
		$(if $(ONLY),--only "$(ONLY)") $(if $(WITHOUT),--without "$(WITHOUT)")

.PHONY: bench
bench:
	+$(MAKE) -C tests/bench

.PHONY: demo
demo:
	tests/setup.sh demo
	tests/qemu/demo.sh

.PHONY: clean
clean:
	$(if $(wildcard $(KDIR)/Makefile),$(MAKE) -C $(KDIR) M=$(CURDIR) clean)
	$(MAKE) -C lib clean
	$(MAKE) -C tools clean
	$(MAKE) -C tests/unit clean
	$(MAKE) -C tests/nic clean
	rm -rf build drivers tests/qemu/wire
