#!/usr/bin/perl
# oracle_from_debian.t - a store that Debian's cyrus-imapd 3.6.1 wrote is read and changed by ours;
# every answer about every mailbox and message is the same before and after, and again on the way back
# covers: PT-11 PT-12 PT-13 PT-14 PT-15 PT-16 PT-19 PT-31 PT-32 NS-33 AC-01 QU-21 RC-07 AD-17
use strict;
use warnings;
use Test::More;
use Halcyon::Oracle;

my $answers = Halcyon::Oracle::journey('cyrus', '', sub {
    my ($problems, $title) = @_;
    is(scalar @$problems, 0, $title)
        or diag(join "\n", @$problems > 25 ? (@$problems[0 .. 24], '... ' . @$problems . ' in all') : @$problems);
});
cmp_ok($answers, '>', 5000, 'thousands of answers were compared');
done_testing();
