#!/usr/bin/perl
# crashlab.t - the short form of tools/crashlab as a test: one for each figure that has a bound
#
# covers: PT-23 PT-43
use strict;
use warnings;
use Test::More;

my $top = $ENV{HALCYON_SRCDIR} || '.';
open my $from, '-|', "$top/tools/crashlab", '--short', 'all' or die "tools/crashlab: $!";
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
ok(!($? & 127), 'the laboratory came to its end');
done_testing();
