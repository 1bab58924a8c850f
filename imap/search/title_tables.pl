#!/usr/bin/perl
# title_tables.pl > title_tables.inc - simple titlecase of folded characters, from Perl's Unicode data
use strict;
use warnings;
use feature 'fc';
use Unicode::Normalize qw(NFKD);
use Unicode::UCD;

my ($starts, $maps, $format, $default) = Unicode::UCD::prop_invmap('Simple_Titlecase_Mapping');
my @rows;
for my $i (0 .. $#$starts) {
    my $map = $maps->[$i];
    next if ref $map || $map == 0;
    my $end = $i < $#$starts ? $starts->[ $i + 1 ] - 1 : 0x10FFFF;
    for my $cp ($starts->[$i] .. $end) {
        my $to = $map + $cp - $starts->[$i];
        next if $cp < 0x80 || $to == $cp || fc(NFKD(chr $cp)) ne chr $cp;     # such a character is not in a folded text
        my $delta = $to - $cp;
        my $r = $rows[-1];
        my $step = $r ? $cp - $r->[1] : 0;
        if ($r && $r->[3] == $delta && ($step == 1 || $step == 2) && ($r->[0] == $r->[1] || $r->[2] == $step)) {
            @$r[ 1, 2 ] = ($cp, $step);
        } else {
            push @rows, [ $cp, $cp, 1, $delta ];
        }
    }
}
printf "/* title_tables.inc - made by title_tables.pl from Unicode %s: first, last, step, distance */\n", Unicode::UCD::UnicodeVersion();
print "static const struct title_range {\n    uint32_t first, last, step;\n    int32_t delta;\n} title_ranges[] = {\n";
while (my @four = splice @rows, 0, 4) { print '    ', join(' ', map { sprintf '{ 0x%x, 0x%x, %d, %d },', @$_ } @four), "\n" }
print "};\n";
