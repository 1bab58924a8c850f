#!/usr/bin/perl
# modeltest.pl - the running part of tools/modeltest (see there and doc/modeltest.md)
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../wire/lib", "$FindBin::Bin/../lab";
use Halcyon::Test;
use Lab::Report qw(result note);
use Model::Run;
use Time::HiRes qw(time);

use constant { EPISODE => 400, SHORTEN_SECONDS => 40 };
my %o = (seed => 1, commands => 4000, clients => 6, failures => 1);

sub usage {
    print STDERR "usage: modeltest [--seed N] [--commands N] [--clients N] [--variant 0-3] [--episode N] [--failures N] [--oracle]\n";
    exit 64;
}
while (defined(my $word = shift @ARGV)) {
    if ($word eq '--oracle') { $o{peer} = 'cyrus' }
    elsif ($word =~ /^--(seed|commands|clients|variant|episode|failures)\z/) {
        my $value = shift @ARGV // usage();
        usage() if $value !~ /^\d+\z/;
        $o{ substr $word, 2 } = $value;
    } else { usage() }
}

# Nothing is killed here: syncs may be free.
$ENV{TMPDIR} ||= '/dev/shm' if -d '/dev/shm' && -w _;

# Every episode has its own seed: --seed 7 --episode 12 comes by that one again, alone.
my ($done, $failed, $faults) = (0, 0, 0);
my $start = time;
my $show = sub {
    my ($episode, $failure) = @_;
    print "  seed $o{seed} episode $episode: $failure->{text}\n    with ", scalar @{ $failure->{steps} }, " commands:\n", map({ "      $_\n" } @{ $failure->{log} });
};
my @variants = defined $o{variant} ? ($o{variant}) : 0 .. 3;
my $episodes = defined $o{episode} ? 1 : int(($o{commands} + EPISODE - 1) / EPISODE);
VARIANT: for my $k (0 .. $#variants) {
    my @mine = defined $o{episode} ? ($o{episode}) : grep { $_ % @variants == $k } 1 .. $episodes;
    next if !@mine || defined $o{episode} && $o{episode} % @variants != $k;
    my $run = Model::Run->new(clients => $o{clients}, variant => $variants[$k], peer => $o{peer});
    for my $episode (@mine) {
        srand($o{seed} * 100_003 + $episode);
        my $failure = $run->episode(EPISODE);
        $done += $run->{commands};
        if ($failure) {
            $failed++;
            $show->($episode, $failure->{log} && $o{peer} ? $failure : $run->shorten($failure, SHORTEN_SECONDS));
        }
        $run->{commands} = 0;
        last VARIANT if $failed >= $o{failures};
    }
    my $said = $run->{instance}->faults;
    if ($said ne '') { $faults++; note($said) }
    $run->{instance}->stop;
}
print "  seed $o{seed}, $episodes episodes, $o{clients} clients, ", sprintf('%.0f', time - $start), " s\n";
result('model.commands', $done, '-');
result('model.differences', $failed, 0);
result('model.faults', $faults, 0);
exit(Lab::Report::failed() ? 1 : 0);
