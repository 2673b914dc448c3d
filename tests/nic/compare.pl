#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# usage: compare.pl RECORD RING HOST STREAM_ID VID LATENCY_NS|off
#
# What a NIC gave its driver (RECORD, a pcap with its stamps) and what the guest
# made of it (tests/nic/guest.c): each frame of the stream is in the ring and
# nowhere else, every other one is at the host, in order, unchanged, and with the
# time at which the NIC saw it less what the driver knows of the way there. A frame
# from a source that ends in 0e was bad, and is in neither.
use strict;
use warnings;

my ($record, $ring, $host, $id, $vid, $latency) = @ARGV;
$id =~ tr/://d;
my (@ring, @host, $header);

open(my $f, "<:raw", $record) or die "$record: $!\n";
read($f, $header, 24) == 24 && unpack("V", $header) == 0xa1b23c4d or die "$record is no pcap of nanoseconds\n";
while (read($f, my $h, 16) == 16) {
	my ($s, $ns, $n) = unpack("V3", $h);
	read($f, my $frame, $n) == $n or die "$record ends in a frame\n";
	next if substr($frame, 11, 1) eq "\x0e";
	my $time = $latency eq "off" ? "-" : $s * 1000000000 + $ns - $latency;
	my ($tci, $bare) = ("-", $frame);
	if (substr($frame, 12, 2) eq "\x81\x00") {
		$tci = unpack("H4", substr($frame, 14, 2));
		$bare = substr($frame, 0, 12) . substr($frame, 16);
	}
	my $pdu = substr($bare, 14);
	if (substr($bare, 12, 2) eq "\x22\xf0" && unpack("H16", substr($pdu, 4, 8)) eq $id &&
	    $tci ne "-" && (hex($tci) & 0xfff) == $vid && $n <= 1518) {
		push @ring, [$time, $tci, unpack("H*", $pdu)];
	} else {
		push @host, [$time, $tci, unpack("H*", $bare)];
	}
}

# A tag that the NIC left in the frame is the same tag.
sub lines
{
	my ($file) = @_;
	my @lines;

	open(my $f, "<", $file) or die "$file: $!\n";
	while (<$f>) {
		my ($time, $tci, $hex) = split;
		($tci, $hex) = ($2, $1 . $3) if $tci eq "-" && $hex =~ /^(.{24})8100(.{4})(.*)$/;
		push @lines, [$time, $tci, $hex];
	}
	return @lines;
}

# In the ring a PDU is without what pads the frame.
sub compare
{
	my ($name, $want, $got) = @_;

	@$want == @$got or die sprintf("%s: %d frames instead of %d\n", $name, scalar @$got, scalar @$want);
	for my $i (0 .. $#$want) {
		my ($w, $g) = ($want->[$i], $got->[$i]);
		my $hex = $name eq "ring" ? substr($w->[2], 0, length $g->[2]) : $w->[2];

		$g->[0] eq $w->[0] or die "$name, frame $i: time $g->[0] instead of $w->[0]\n";
		$g->[1] eq $w->[1] or die "$name, frame $i: tag $g->[1] instead of $w->[1]\n";
		length $g->[2] > 48 && $g->[2] eq $hex or die "$name, frame $i: $g->[2] instead of $hex\n";
	}
}

compare("ring", \@ring, [lines($ring)]);
compare("host", \@host, [lines($host)]);
printf "# %d in the ring, %d at the host, time %s\n", scalar @ring, scalar @host,
	$latency eq "off" ? "off" : "less $latency ns";
