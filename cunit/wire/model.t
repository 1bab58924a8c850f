#!/usr/bin/perl
# model.t - the short form of tools/modeltest: random commands of six clients against a reference model
# HALCYON_SEED chooses another stream, HALCYON_LONG=1 makes 100,000 commands of it.
#
# covers: NS-37 IM-01 IM-03 IM-08 IM-09 IM-29 PT-13 PT-14 PT-16 PT-17 PT-30 AC-04 NM-07
use strict;
use warnings;
use Test::More;

my $top = $ENV{HALCYON_SRCDIR} || '.';
my $commands = $ENV{HALCYON_LONG} ? 100_000 : 2_000;
open my $from, '-|', "$top/tools/modeltest", '--commands', $commands, '--seed', $ENV{HALCYON_SEED} || 1 or die "tools/modeltest: $!";
my ($results, @details) = 0;
while (my $line = <$from>) {
    chomp $line;
    push @details, $line;
    my ($name, $figure, $bound, $verdict) = $line =~ /^RESULT (\S+) figure=(\S+) bound=(\S+)(.*)/ or next;
    $results++;
    ok($verdict eq '', "$name is $figure, bound $bound") or diag(join "\n", @details);
}
close $from;
is($results, 3, 'the test came to its end');
done_testing();
