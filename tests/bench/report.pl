#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# usage: report.pl DIR
#
# From DIR/*.figures (see bench.h): a table on standard output, DIR/report.json
# and the pictures DIR/*.svg. Keys of the JSON:
#
#	version		1; goes up when a key changes its meaning
#	machine		the processor that native figures are of
#	figures		array of { id, unit, runs, minimum, median }; those of
#			guest.*.latency are ns, of processor.* percent of a
#			processor that executes 10^9 instructions a second
#			and beyond.* what guest.* has more than guest.drop
#	bars		array of { id, name, goal, figure, held }: what is promised,
#			the figure that decides (null: not measured) and whether
#			the promise is kept (true or false); of one that is
#			not, why: what the figure consists of
use strict;
use warnings;
use FindBin;
use JSON::PP;
use lib $FindBin::Bin;
use Picture;

my ($dir) = @ARGV;
my (%figure, @order);

for my $file (sort glob "$dir/*.figures") {
	open my $f, '<', $file or die "$file: $!\n";
	while (<$f>) {
		chomp;
		my ($word, $id, $unit, $runs, $min, $median) = split /\t/;
		next unless ($word // '') eq 'figure';
		push @order, $id unless $figure{$id};
		$figure{$id} = { id => $id, unit => $unit, runs => $runs + 0, minimum => $min + 0, median => $median + 0 };
	}
}

sub median { my ($id) = @_; return $figure{$id} && $figure{$id}{median} }

sub ratio {
	my ($over, $under) = @_;
	return defined $over && $under ? $over / $under : undef;
}

# ---- figures that follow from others ----

sub derive {
	my ($id, $unit, $value, @from) = @_;
	return unless defined $value;
	my ($runs) = sort { $a <=> $b } map { $figure{$_}{runs} } @from;
	push @order, $id unless $figure{$id};
	$figure{$id} = { id => $id, unit => $unit, runs => $runs, minimum => $value, median => $value };
}

# Streams of class A on a processor that executes 10^9 instructions a second: what
# the process takes of it, and what the interrupts and softirqs do.
sub processor {
	my ($way, $load, $n) = @_;
	my @from = map { "guest.$way.$load.$_" } qw(process total);
	my ($process, $total) = map { median($_) } @from;
	return unless defined $process && defined $total;
	my $percent = 8000 * $n / 1e9 * 100;
	derive("processor.$way.streams.$n.process", '%', $process * $percent, @from);
	derive("processor.$way.streams.$n.interrupts", '%', ($total - $process) * $percent, @from);
}

my @whose = qw(program copy stack driver kernel user);

# What a frame costs beyond the driver's own, and whose it is; what of it is the
# kernel's is that of the wakes.
sub beyond_by_owner {
	my ($way, $load) = @_;
	my %all;
	for my $what (@whose, 'wakes', 'ticks') {
		my @from = map { "guest.$_.$load.$what" } $way, 'drop';
		my ($with, $without) = map { median($_) } @from;
		return unless defined $with && defined $without;
		$all{$what} = $with - $without;
		derive("beyond.$way.$load.$what", $what =~ /^(?:wakes|ticks)$/ ? 'per frame' : 'instructions', $all{$what}, @from);
	}
	my @from = map { "guest.$way.$load.$_" } qw(kernel wakes);
	derive("beyond.$way.$load.per-wake", 'instructions', ratio($all{kernel} + $all{driver}, $all{wakes}), @from) if $all{wakes} > 0;
}

sub derive_all {
	my @hook = map { "guest-sim.$_.instructions" } 'hook.234.streams.1.active', 'copy.234';
	my ($whole, $copy) = map { median($_) } @hook;
	derive('guest-sim.hook.234.without-copy.instructions', 'instructions', $whole - $copy, @hook) if defined $whole && defined $copy;
	for my $way (map { /^guest\.([^.]+)\.pace\.process$/ ? $1 : () } @order) {
		beyond_by_owner($way, $_) for qw(pace burst);
		processor($way, 'pace', 1);
		processor($way, "n$_", $_) for 8, 16, 64;
		my @switches = ("guest.$way.pace.switches", 'guest.drop.pace.switches');
		my ($all, $driver) = map { median($_) } @switches;
		derive("guest.$way.pace.switches-per-period", 'per period', ($all - $driver) * 64 / 6, @switches) if defined $all && defined $driver;
		my @latency = map { "guest.$_.latency.median" } $way, 'raw';
		derive("guest.$way.latency.to-raw", 'ratio', ratio(map { median($_) } @latency), @latency);
	}
}

# ---- bars ----

my @bars;

# at_most or at_least, with what decides. Not measured is not held. $why: where it
# goes, in case that is too much.
sub bar {
	my ($id, $name, $how, $limit, $value, $why) = @_;
	my $held = defined $value && ($how eq 'at most' ? $value <= $limit : $value >= $limit);
	push @bars, { id => $id, name => $name, goal => "$how $limit", figure => defined $value ? 0 + sprintf('%.4g', $value) : undef,
		held => $held ? JSON::PP::true : JSON::PP::false, $held || !$why ? () : (why => $why) };
}

# Guest instructions of a frame beyond the driver's own.
sub beyond {
	my ($way, $load) = @_;
	my ($all, $driver) = (median("guest.$way.$load.total"), median("guest.drop.$load.total"));
	return defined $all && defined $driver ? $all - $driver : undef;
}

sub where_it_goes {
	my ($load) = @_;
	return join '; ', map {
		my $way = $_;
		my ($all, $each, $wakes, $ticks) = (beyond($way, $load), map { median("beyond.$way.$load.$_") } qw(per-wake wakes ticks));
		defined $all && defined $each ? sprintf "$way %s: program %s, copy %s, stack %s, reader %s, %s wakes of %s each, %s ticks of the clock among it",
		    map { number($_) } $all, (map { median("beyond.$way.$load.$_") } qw(program copy stack user)), $wakes, $each, $ticks : ();
	} qw(kmod raw);
}

sub worst {
	my ($better, @values) = @_;
	return undef if !@values || grep { !defined } @values;
	return (sort { $better eq 'less' ? $b <=> $a : $a <=> $b } @values)[0];
}

sub guest_bars {
	bar('1.pace', 'instructions beyond the driver, one frame per interrupt: kmod / raw socket', 'at most', 0.125,
	    ratio(beyond('kmod', 'pace'), beyond('raw', 'pace')), where_it_goes('pace'));
	bar('1.burst', 'the same in bursts of 64', 'at most', 0.2, ratio(beyond('kmod', 'burst'), beyond('raw', 'burst')), where_it_goes('burst'));
	for my $other (qw(tpacket afxdp xdp-native xdp-generic)) {
		bar("1.below.$other", "the same, the worse of the two: kmod / $other", 'at most', 1,
		    worst('less', map { ratio(beyond('kmod', $_), beyond($other, $_)) } qw(pace burst)));
	}
	bar('1.tuned', 'all instructions, one frame at a time: kmod tuned / raw socket', 'at most', 0.3333,
	    ratio(median('guest.kmod.tuned.total'), median('guest.raw.pace.total')));
	bar('2.hook', 'instructions from hook entry to return, 234 octets, without the copy', 'at most', 400,
	    median('guest-sim.hook.234.without-copy.instructions'));
	bar('2.idle', 'the same with the hook loaded and no stream on the port', 'at most', 5,
	    median('guest-sim.hook.234.streams.0.instructions'));
}

sub native_bars {
	bar('3.1518', 'cycles of the shared core, 1518 octets', 'at most', 369, median('core.frame.1518.streams.1.hot.cycles'));
	bar('3.68', 'cycles of the shared core, 68 octets', 'at most', 202, median('core.frame.68.streams.1.hot.cycles'));
	bar('3.table', '4096 streams, one of them talking / 1 stream; the worst length', 'at most', 1.15,
	    worst('less', map { ratio(median("core.frame.$_.streams.4096.hot.cycles"), median("core.frame.$_.streams.1.hot.cycles")) }
		    68, 234, 1518));
	my @issued = grep { /^wakes\..*\.issued$/ } @order;
	bar('4.most', 'wakes issued per period, the largest row', 'at most', 1, worst('less', map { $figure{$_}{median} } @issued));
	bar('4.least', 'wakes issued per period, the smallest row', 'at least', 1, worst('more', map { $figure{$_}{median} } @issued));
	bar('5', 'producer with eight idle readers more / with one; with periods of their own', 'at most', 1.05,
	    ratio(map { $figure{$_} && $figure{$_}{minimum} } 'sim.readers.8-with-period-more.ns', 'sim.readers.1.ns'));
	for my $format (qw(int32 int24 am824)) {
		bar("6.$format", "planar decoding / memcpy, a block in memory, 8 channels, $format", 'at least', 0.5,
		    ratio(median("pcm.memory.$format.channels.8.decode"), median("pcm.memory.$format.channels.8.memcpy")));
	}
	bar('7', 'frames overrun or unaccounted for at 390 000 and 520 000 frames/s', 'at most', 0,
	    worst('less', map { my $rate = $_; map { median("loss.$rate.$_") } qw(overrun unaccounted) } 390000, 520000));
}

# ---- table ----

sub number {
	my ($v) = @_;
	return '' unless defined $v;
	return sprintf $v == int $v && $v < 1e6 ? '%d' : $v >= 100 ? '%.0f' : $v >= 10 ? '%.1f' : '%.3g', $v;
}

# Rows and columns of ids that differ in two words: table(title, pattern, rows, columns)
sub table {
	my ($title, $unit, $id, $rows, $columns) = @_;
	return unless grep { my $r = $_; grep { $figure{$id->($r, $_)} } @$columns } @$rows;
	printf "\n%s (%s; median)\n%-26s%s\n", $title, $unit, '', join '', map { sprintf '%14s', $_ } @$columns;
	for my $row (@$rows) {
		my @cells = map { median($id->($row, $_)) } @$columns;
		next unless grep { defined } @cells;
		printf "%-26s%s\n", $row, join '', map { sprintf '%14s', number($_) } @cells;
	}
}

sub words {
	my ($from, $at) = @_;
	my %seen;
	return grep { !$seen{$_}++ } map { (split /\./)[$at] } grep { $_ =~ $from } @order;
}

sub tables {
	my @ways = words(qr/^guest\./, 1);
	for my $load (words(qr/^guest\./, 2)) {
		table("Guest instructions per delivered frame, $load", '1', sub { "guest.$_[0].$load.$_[1]" }, \@ways,
		    [qw(total driver program copy stack kernel user)]);
		table("Per delivered frame, $load", '1', sub { "guest.$_[0].$load.$_[1]" }, \@ways,
		    [qw(interrupts polls wakes switches ticks)]);
	}
	for my $load (qw(pace burst)) {
		table("Beyond the driver's own, $load", 'guest instructions; per-wake: of driver and kernel', sub { "beyond.$_[0].$load.$_[1]" },
		    [grep { $_ ne 'drop' } @ways], [@whose, 'wakes', 'ticks', 'per-wake']);
	}
	table('From a frame in the driver until the process runs that it woke', 'ns, which are guest instructions',
	    sub { "guest.$_[0].latency.$_[1]" }, \@ways, [qw(minimum median p999 maximum to-raw)]);
	table('Context switches, one stream', 'per 64 samples', sub { "guest.$_[0].pace.$_[1]" }, \@ways, ['switches-per-period']);
	table('Class A streams on a processor with 10^9 instructions a second', '%', sub { "processor.$_[0].streams.$_[1]" }, \@ways,
	    [map { my $n = $_; map { "$n.$_" } qw(process interrupts) } 1, 8, 16, 64]);
	my @frames = map { my $b = $_; map { "$b.$_" } qw(streams.1 streams.64 streams.4096) } 44, 68, 234, 1518;
	table('Shared core, one frame', 'cycles', sub { "core.frame.$_[0].$_[1].cycles" }, \@frames, [qw(hot ring rotating)]);
	table('Reader, one frame', 'cycles', sub { "core.reader.$_[0].$_[1].cycles" }, [68, 234, 1518], [qw(seen copied)]);
	table('Module, hook entry to return', 'ns', sub { "sim.hook.$_[0].$_[1].ns" }, \@frames, [qw(active rotating)]);
	table('Copy of a frame of 234 octets', 'ns', sub { "sim.$_[0].$_[1].ns" }, [qw(copy memcpy)], ['234']);
	table('XDP program, one frame of 234 octets; without the clock to an empty program, and to one stream', 'ns, ratio',
	    sub { "xdp.program.234.streams.$_[0].$_[1]" }, [qw(1.active 64.active 4096.active 64.rotating 4096.rotating)],
	    [qw(ns to-empty to-one)]);
	table('A program that does only what cannot be left out', 'ns', sub { "xdp.program.$_[0].$_[1].ns" }, ['floor'],
	    [qw(empty slot claim copy all)]);
	table('Producer by readers, 234 octets', 'ns', sub { "sim.readers.$_[0].$_[1]" },
	    ['1', '8-idle-more', '8-with-period-more'], ['ns']);
	my @shapes = map { my $f = $_; map { "$f.channels.$_" } '2.units.6', '8.units.6', '8.units.40', '60.units.6' }
	    qw(int16 int24 int32 float32 am824);
	table('PCM out of a ring', 'GB/s', sub { "pcm.ring.$_[0].$_[1]" }, \@shapes, [qw(read memcpy)]);
	my @blocks = map { my $f = $_; map { "$f.channels.$_" } 2, 8 } qw(int16 int24 int32 float32 am824);
	table('PCM decoder, a block in the cache', 'GB/s', sub { "pcm.block.$_[0].$_[1]" }, \@blocks, [qw(decode memcpy)]);
	table('PCM decoder, a block in memory', 'GB/s', sub { "pcm.memory.$_[0].$_[1]" }, \@blocks, [qw(decode memcpy)]);
	table('No loss', 'frames', sub { "loss.$_[0].$_[1]" }, [390000, 520000],
	    [qw(reached sent in-ring passed read overrun unaccounted)]);
	my @late = map { my $r = $_; map { my $ms = $_; map { "$r.sleep.$ms.$_" } qw(kmod raw) } 2, 100, 500 } 8000, 64000, 390000;
	table('Loss by frames a second and ms of sleep, and who tells of it', 'frames', sub { "loss.$_[0].$_[1]" }, \@late,
	    [qw(sent read overrun_frames tp_drops unaccounted)]);
	for my $what (qw(issued switches)) {
		table("Wakes per period: $what", 'per period', sub { "wakes.$_[0].streams.$_[1].$what" },
		    [map { my $r = $_; map { "$r.$_" } 64, 128, 256 } 48000, 44100, 96000],
		    [map { my $n = $_; map { "$n.$_" } qw(single group) } 1, 8, 60]);
	}
}

sub print_bars {
	printf "\n%-23s%-8s%10s  %-16s%s\n", 'Bar', '', 'figure', 'goal', '';
	for (@bars) {
		printf "%-23s%-8s%10s  %-16s%s\n", $_->{id}, $_->{held} ? 'held' : 'MISSED', defined $_->{figure} ? number($_->{figure}) : 'none',
		    $_->{goal}, $_->{name};
		print "    $_->{why}\n" if $_->{why};
	}
}

sub machine {
	open my $f, '<', '/proc/cpuinfo' or return 'unknown';
	my ($model) = map { /^model name\s*:\s*(.*)/ ? $1 : () } <$f>;
	return $model // 'unknown';
}

derive_all();
guest_bars();
native_bars();
tables();
print_bars();
open my $json, '>', "$dir/report.json" or die "$dir/report.json: $!\n";
print $json JSON::PP->new->pretty->canonical->encode({ version => 1, machine => machine(), figures => [@figure{@order}], bars => \@bars });
close $json;
Picture::all($dir, \%figure);
