#!/usr/bin/perl
# faultlab.t - the short form of tools/faultlab as a test: one for each figure that has a bound
#
# covers: DL-05 PT-11 PT-38 PT-43 RC-11
use strict;
use warnings;
use Test::More;

my $top = $ENV{HALCYON_SRCDIR} || '.';
open my $from, '-|', "$top/tools/faultlab", '--short', 'all' or die "tools/faultlab: $!";
my @details;
while (my $line = <$from>) {
    chomp $line;
    if ($line =~ /^RESULT (\S+) figure=(\S+) bound=(\S+)(.*)/) {
        my ($name, $figure, $bound, $verdict) = ($1, $2, $3, $4);
        next if $bound eq '-';
        ok($verdict eq '', "$name is $figure, bound $bound") or diag(join "\n", splice @details);
    } else {
        push @details, $line;
    }
}
close $from;
ok(!($? & 127) && ($? >> 8) < 2, 'the laboratory came to its end');
done_testing();
