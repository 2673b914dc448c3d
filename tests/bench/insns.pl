#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# usage: insns.pl DIR FRAMES [TOP]
#
# What guest.sh left in DIR, as figures: guest instructions per frame, whose they
# were, how many of them the process had (the rest are the interrupts'), and how
# often the processor went to another task; of the load "latency", what receive
# said. With TOP, no figures but the functions that have most, for each first run.
use strict;
use warnings;
no warnings 'portable';    # addresses have 64 bits

my ($dir, $frames, $top) = @ARGV;

# Whose a function is: the first that fits. What fits nowhere is the kernel's
# own: waking, scheduling, timers, system calls.
my @owners = (
	[program => qr/ \[(?:avtpmap|avtpmap_hook|hookdrop|bpf)\]$|^igb_avtpmap_rx |^(?:__)?(?:bpf|xdp|xsk|xskq|dev_map)_|^__xsk_|^xdp_/],
	[copy => qr/^(?:__)?memcpy(?:_orig)? |^rep_movs|^_?copy_(?:to_iter|to_user)|^memmove /],
	[driver => qr/ \[igb\]$|^(?:__)?(?:napi|net_rx_action|handle_softirqs|__do_softirq|irq_|handle_edge|handle_irq|note_interrupt|common_interrupt|add_interrupt|fast_mix|apic|ack_apic|dma_|page_frag|error_entry|asm_common|sysvec|__irq|ct_nmi|ct_irq|tick_irq|iommu|swiotlb)/],
	[stack => qr/skb|sock|packet|netif|netdev|^dev_|gro|recv|kmem_cache|kfree|kmalloc|slab|^__memset |datagram|iov|msg|filter|eth_type|tpacket|prb_|vlan/],
);

my %owner;    # by function

sub owner_of {
	my ($name) = @_;
	return $owner{$name} //= do {
		my ($found) = grep { $name =~ $_->[1] } @owners;
		$found ? $found->[0] : 'kernel';
	};
}

sub symbols {
	my (@files) = @_;
	my @sym;
	for my $file (@files) {
		open my $f, '<', $file or die "$file: $!\n";
		while (<$f>) {
			my ($at, $type, $name, $module) = split ' ';
			next unless $type =~ /^[tTwW]$/;
			next if $module && $file =~ /symbols$/;
			push @sym, [hex $at, $name . ' ' . ($module // '')];
		}
	}
	return [sort { $a->[0] <=> $b->[0] } @sym];
}

sub function_at {
	my ($sym, $at) = @_;
	my ($lo, $hi) = (0, $#$sym);
	while ($lo < $hi) {
		my $mid = int(($lo + $hi + 1) / 2);
		if ($sym->[$mid][0] <= $at) { $lo = $mid } else { $hi = $mid - 1 }
	}
	return $sym->[$lo];
}

# One dump: instructions of each function, and how often it was entered.
sub profile {
	my ($name) = @_;
	my $sym = symbols("$dir/symbols", "$dir/$name.modules");
	my (%self, %entered);
	open my $f, '<', "$dir/$name.insns" or die "$dir/$name.insns: $!\n";
	while (<$f>) {
		my ($at, $times, $n) = split ' ';
		last if $at eq 'blocks';
		$at = hex $at;
		my $s = $at < 1 << 47 ? [0, 'user '] : function_at($sym, $at);
		# igb's watchdog waits for its PHY now and then: that is time, not work
		next if $s->[1] eq 'delay_tsc ';
		$self{$s->[1]} += $times * $n;
		$entered{$s->[1]} += $times if $s->[0] == $at;
	}
	return (\%self, \%entered);
}

sub print_top {
	my ($name) = @_;
	my ($self, $entered) = profile($name);
	my $total = 0;
	$total += $_ for values %$self;
	printf "== %s: %.1f a frame\n", $name, $total / $frames;
	my @most = sort { $self->{$b} <=> $self->{$a} } keys %$self;
	for (splice @most, 0, $top) {
		printf "%9.1f %7.3f %-8s %s\n", $self->{$_} / $frames,
		    ($entered->{$_} // 0) / $frames, owner_of($_), $_;
	}
}

my %figures;    # id -> values

sub add {
	my ($id, $value) = @_;
	push @{$figures{$id}}, $value / $frames;
}

# The words of receive's last line.
sub said {
	my ($name) = @_;
	open my $f, '<', "$dir/$name.said" or return ();
	return map { /^(\w+)=(.*)/ ? ($1, $2) : () } split ' ', <$f> // '';
}

sub measure {
	my ($name) = @_;
	my ($way, $load) = split /\./, $name;
	my %said = said($name);
	if ($load eq 'latency') {
		add("guest.$way.latency.$_", $said{$_} * $frames) for grep { defined $said{$_} } qw(minimum median p999 maximum);
		return;
	}
	add("guest.$way.$load.process", ($said{user_s} + $said{sys_s}) * 1e9) if defined $said{user_s};
	my ($self, $entered) = profile($name);
	my %sum = map { $_->[0] => 0 } @owners, ['kernel'], ['user'], ['total'];
	for (keys %$self) {
		$sum{$_ eq 'user ' ? 'user' : owner_of($_)} += $self->{$_};
		$sum{total} += $self->{$_};
	}
	add("guest.$way.$load.$_", $sum{$_}) for keys %sum;
	my %calls = (
		interrupts => 'igb_msix_ring [igb]',
		polls => 'igb_poll [igb]',
		switches => '__switch_to ',
		wakes => 'try_to_wake_up ',
		ticks => 'tick_nohz_handler ',
	);
	add("guest.$way.$load.$_", $entered->{$calls{$_}} // 0) for keys %calls;
}

my @names = sort map { m,([^/]+)\.insns$, } glob "$dir/*.insns";
if ($top) {
	print_top($_) for grep { /\.1$/ } @names;
	exit;
}
measure($_) for @names;
for my $id (sort keys %figures) {
	my @v = sort { $a <=> $b } @{$figures{$id}};
	my $unit = $id =~ /(?:interrupts|polls|switches|wakes|ticks)$/ ? 'per frame' : $id =~ /\.latency\./ ? 'ns' : 'instructions';
	printf "figure\t%s\t%s\t%d\t%.6g\t%.6g\n", $id, $unit, scalar @v, $v[0],
	    ($v[$#v / 2] + $v[@v / 2]) / 2;
}
