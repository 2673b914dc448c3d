# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# The pictures of report.pl, in SVG.
package Picture;
use strict;
use warnings;

my %colour = (
	driver => '#8c96a3', program => '#2a78b8', copy => '#7fb7e0', stack => '#d98c2b', kernel => '#b8433a', user => '#5a9e4b',
);
my %caption = (
	driver => 'driver, interrupt, softirq', program => 'hook or program', copy => 'copy of the payload',
	stack => 'socket buffers and sockets', kernel => 'wakeup, switch, system call', user => 'reader',
);
my @parts = qw(driver program copy stack kernel user);
my %name = (
	drop => 'hook, drops all', kmod => 'avtpmap kmod', raw => 'raw socket', tpacket => 'TPACKET_V3', afxdp => 'AF_XDP, poll',
	'afxdp-busy' => 'AF_XDP, busy', 'xdp-native' => 'avtpmap xdp, native', 'xdp-generic' => 'avtpmap xdp, generic',
	packet => 'avtpmap packet',
);

my @out;

sub text {
	my ($x, $y, $string, %o) = @_;
	$string =~ s/&/&amp;/g;
	$string =~ s/</&lt;/g;
	push @out, sprintf '<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" fill="%s"%s>%s</text>', $x, $y, $o{size} // 13,
	    $o{anchor} // 'start', $o{fill} // '#222', $o{bold} ? ' font-weight="bold"' : '', $string;
}

sub rect {
	my ($x, $y, $w, $h, $fill) = @_;
	push @out, sprintf '<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"/>', $x, $y, $w, $h, $fill;
}

sub line {
	my ($x1, $y1, $x2, $y2, $stroke, $width) = @_;
	push @out, sprintf '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%s"/>', $x1, $y1, $x2, $y2,
	    $stroke // '#ccc', $width // 1;
}

sub save {
	my ($file, $w, $h) = @_;
	open my $f, '>', $file or die "$file: $!\n";
	print $f qq(<svg xmlns="http://www.w3.org/2000/svg" width="$w" height="$h" viewBox="0 0 $w $h" font-family="sans-serif">\n),
	    qq(<rect width="$w" height="$h" fill="white"/>\n), join("\n", @out), "\n</svg>\n";
	close $f;
	@out = ();
}

# A round number for the end of an axis.
sub ceiling {
	my ($v) = @_;
	my $step = 10**int(log($v) / log(10));
	for (1, 1.5, 2, 3, 4, 5, 6, 8, 10) { return $_ * $step if $_ * $step >= $v }
}

sub legend {
	my ($x, $y) = @_;
	for (@parts) {
		rect($x, $y - 10, 12, 12, $colour{$_});
		text($x + 17, $y, $caption{$_}, size => 12);
		$x += 32 + 6.6 * length $caption{$_};
	}
}

# What the driver needs of the rest of the kernel to receive a frame at all (timers,
# idling) is its own: as much as there is where the hook drops everything.
sub attribute {
	my ($figure) = @_;
	my %part;
	for (grep { m,^guest\.[^.]+\.[^.]+\.total$, } keys %$figure) {
		my (undef, $way, $load) = split m,\.,;
		my $drop = $figure->{"guest.drop.$load.kernel"};
		my $idle = $drop ? $drop->{median} : 0;
		my %p = map { $_ => $figure->{"guest.$way.$load.$_"}{median} } @parts;
		$idle = $p{kernel} if $p{kernel} < $idle;
		$p{kernel} -= $idle;
		$p{driver} += $idle;
		$part{"$way.$load"} = \%p;
	}
	return \%part;
}

sub costs {
	my ($file, $figure) = @_;
	my $cost = attribute($figure);
	my @loads = ([pace => 'one frame per interrupt'], [burst => 'bursts of 64']);
	my %seen;
	my @ways = grep { !$seen{$_}++ } map { /^guest\.([^.]+)\.pace\.total$/ ? $1 : () } sort keys %$figure;
	return unless @ways;
	my @order = grep { $seen{$_} } qw(drop kmod xdp-native xdp-generic packet afxdp tpacket raw);
	my ($most) = sort { $b <=> $a } map { $_ ? $_->{median} : 0 } map { my $way = $_; map { $figure->{"guest.$way.$_->[0].total"} } @loads } @order;
	my ($left, $wide, $row) = (190, 780, 24);
	my $end = ceiling($most);
	my $y = 80;
	text(20, 30, 'Guest instructions per delivered frame of 234 octets', size => 17, bold => 1);
	legend(20, 55);
	for my $load (@loads) {
		text(20, $y + 14, $load->[1], bold => 1);
		$y += 24;
		my $top = $y;
		for my $way (@order) {
			my ($x, $sum) = ($left, 0);
			text($left - 8, $y + 15, $name{$way} // $way, anchor => 'end');
			for my $part (@parts) {
				my $f = ($cost->{"$way.$load->[0]"} // next)->{$part};
				my $w = $f / $end * $wide;
				rect($x, $y + 2, $w, $row - 6, $colour{$part});
				$x += $w;
				$sum += $f;
			}
			text($x + 6, $y + 15, sprintf('%.0f', $sum), size => 12) if $sum;
			$y += $row;
		}
		line($left, $top - 2, $left, $y, '#666');
		$y += 20;
	}
	text(20, $y, 'AF_XDP with busy polling, which takes the whole processor whatever comes, is not drawn.', size => 12) if $seen{'afxdp-busy'};
	save($file, $left + $wide + 70, $y + 20);
}

sub streams {
	my ($file, $figure) = @_;
	my @series = (
		['core, one talks', '#2a78b8', sub { "core.frame.234.streams.$_[0].hot.ns" }],
		['core, all in turn', '#7fb7e0', sub { $_[0] == 1 ? 'core.frame.234.streams.1.hot.ns' : "core.frame.234.streams.$_[0].rotating.ns" }],
		['module, one talks', '#b8433a', sub { "sim.hook.234.streams.$_[0].active.ns" }],
		['module, all in turn', '#d98c2b', sub { $_[0] == 1 ? 'sim.hook.234.streams.1.active.ns' : "sim.hook.234.streams.$_[0].rotating.ns" }],
		['XDP program, one talks', '#5a9e4b', sub { "xdp.program.234.streams.$_[0].active.ns" }],
		['XDP program, all in turn', '#a9cf9c', sub { $_[0] == 1 ? 'xdp.program.234.streams.1.active.ns' : "xdp.program.234.streams.$_[0].rotating.ns" }],
	);
	my ($left, $top, $wide, $high) = (70, 70, 620, 340);
	my @values = map { my $s = $_; map { my $f = $figure->{$s->[2]->($_)}; $f ? $f->{median} : () } 1, 64, 4096 } @series;
	return unless @values;
	my $end = ceiling((sort { $b <=> $a } @values)[0]);
	my $x_of = sub { $left + log($_[0]) / log(4096) * $wide };
	my $y_of = sub { $top + $high - $_[0] / $end * $high };
	text(20, 30, 'Time of a frame of 234 octets by the number of streams', size => 17, bold => 1);
	text(20, 52, 'ns, copy included', size => 12);
	for my $i (0 .. 5) {
		my $v = $end * $i / 5;
		line($left, $y_of->($v), $left + $wide, $y_of->($v));
		text($left - 8, $y_of->($v) + 4, sprintf('%g', $v), anchor => 'end', size => 12);
	}
	text($x_of->($_), $top + $high + 20, $_, anchor => 'middle', size => 12) for 1, 64, 4096;
	text($left + $wide / 2, $top + $high + 42, 'registered streams', anchor => 'middle', size => 12);
	my $label = $top;
	for my $s (@series) {
		my @points = map { my $f = $figure->{$s->[2]->($_)}; $f ? [$x_of->($_), $y_of->($f->{median})] : () } 1, 64, 4096;
		next unless @points;
		push @out, sprintf '<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5"/>',
		    join(' ', map { sprintf '%.1f,%.1f', @$_ } @points), $s->[1];
		push @out, sprintf '<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>', @$_, $s->[1] for @points;
		rect($left + $wide + 30, $label, 14, 14, $s->[1]);
		text($left + $wide + 50, $label + 12, $s->[0]);
		$label += 24;
	}
	save($file, $left + $wide + 210, $top + $high + 60);
}

# One lane: what the processor does in a cycle, as long as it has instructions.
sub lane {
	my ($y, $x_of, $blocks) = @_;
	line($x_of->(0), $y + 46, $x_of->(1333.3), $y + 46, '#666');
	for (@$blocks) {
		my ($us, $instructions, $part, $height) = @$_;
		rect($x_of->($us), $y + 46 - $height, $x_of->($us + $instructions / 1000) - $x_of->($us), $height, $colour{$part});
	}
}

# A block for each part of a frame's cost, one behind the other.
sub blocks_of {
	my ($cost, $way, $at, $times, $height, @which) = @_;
	my @blocks;
	for my $part (@which) {
		my $n = $cost->{"$way.pace"}{$part} * $times;
		push @blocks, [$at, $n, $part, $height];
		$at += $n / 1000;
	}
	return @blocks;
}

sub cycle {
	my ($file, $figure) = @_;
	my ($raw, $kmod, $drop) = map { $figure->{"guest.$_.pace.total"} } qw(raw kmod drop);
	return unless $raw && $kmod && $drop;
	my $cost = attribute($figure);
	my $x_of = sub { 110 + $_[0] / 1333.4 * 880 };
	my ($wakes_raw, $wakes_kmod) = map {
		($figure->{"guest.$_.pace.wakes"}{median} - $figure->{"guest.drop.pace.wakes"}{median}) * 64 / 6
	} qw(raw kmod);
	my (@raw, @kmod);
	for my $i (0 .. 10) {
		my $at = ($i + 0.4) * 125 * 64 / 66;
		push @raw, blocks_of($cost, 'raw', $at, 1, 40, @parts);
		push @kmod, blocks_of($cost, 'drop', $at, 1, 22, qw(driver)), blocks_of($cost, 'kmod', $at + 2.6, 1, 22, qw(program copy));
	}
	# what wakes and reads comes once, behind the frame that ends the period
	my $wake = $cost->{"kmod.pace"}{kernel} * 64 / 6;
	my $end = 10.4 * 125 * 64 / 66 + 4;
	push @kmod, [$end, $wake, 'kernel', 40], [$end + $wake / 1000, $cost->{"kmod.pace"}{user} * 64 / 6, 'user', 40];
	text(20, 30, 'One cycle of 64 samples at 48 kHz: eleven frames of a class A stream', size => 17, bold => 1);
	text(20, 50, 'A block is as wide as it has guest instructions, at one a nanosecond; high ones are wakeups and switches of a process.', size => 12);
	legend(20, 74);
	text(20, 130, 'raw socket', bold => 1);
	text(20, 148, sprintf('%.1f wakeups', $wakes_raw), size => 12);
	lane(92, $x_of, \@raw);
	text(20, 210, 'avtpmap', bold => 1);
	text(20, 228, sprintf('%.1f wakeups', $wakes_kmod), size => 12);
	lane(172, $x_of, \@kmod);
	for my $us (0, 250, 500, 750, 1000, 1250) {
		line($x_of->($us), 222, $x_of->($us), 228, '#666');
		text($x_of->($us), 244, "$us us", anchor => 'middle', size => 12);
	}
	save($file, 1010, 262);
}

sub all {
	my ($dir, $figure) = @_;
	costs("$dir/cost-per-frame.svg", $figure);
	streams("$dir/streams.svg", $figure);
	cycle("$dir/cycle.svg", $figure);
}

1;
