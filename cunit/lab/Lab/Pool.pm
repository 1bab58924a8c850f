package Lab::Pool;
# Lab::Pool - units of work side by side on all processors, and the sums of what they found
#
#   my $time = Lab::Pool::time_for($seconds, $least);
#   my $sum = Lab::Pool::run($time, 'points', sub { my ($n) = @_; ...; return { points => 3 } });
#
# Unit n is the same whoever does it: a point is repeated by its seed, not by luck.  Units follow each other
# until one returns undef (there is no unit n), or the time is over; with `least`, until there are so many
# points, if that takes no longer than PATIENCE times the time.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time);

use constant PATIENCE => 8;

sub time_for {
    my ($seconds, $least) = @_;
    return { begin => time, until => time + $seconds, least => $least, end => time + $seconds * ($least ? PATIENCE : 1) };
}

sub workers {
    return $ENV{LAB_WORKERS} if $ENV{LAB_WORKERS};
    open my $fh, '<', '/proc/cpuinfo' or return 2;
    my $n = grep { /^processor\b/ } <$fh>;
    return $n > 4 ? 12 : $n < 2 ? 6 : 3 * $n;    # half of a unit's time is waiting for a server that starts
}

sub run {
    my ($time, $key, $unit) = @_;
    my $workers = workers();
    my (@from, %sum);
    for my $k (0 .. $workers - 1) {
        pipe my $read, my $write or die "pipe: $!";
        my $pid = fork() // die "fork: $!";
        if (!$pid) {
            close $read;
            my $ok = eval { _work($time, $key, $unit, $k, $workers, $write); 1 };
            print STDERR "worker $k: $@" unless $ok;
            POSIX::_exit($ok ? 0 : 1);
        }
        close $write;
        push @from, [ $read, $pid ];
    }
    local @SIG{qw(INT TERM HUP)} = (sub { kill 'TERM', map { $_->[1] } @from; exit 1 }) x 3;
    for (@from) {
        my ($read, $pid) = @$_;
        while (my $line = <$read>) { $sum{$1} += $2 if $line =~ /^(.*)=(-?[\d.e+-]+)$/ }
        waitpid $pid, 0;
        $sum{broken}++ if $?;
    }
    $sum{broken} //= 0;
    return \%sum;
}

sub _work {
    my ($time, $key, $unit, $k, $step, $to) = @_;
    my $points = 0;
    for (my $n = $k; time < $time->{end}; $n += $step) {
        last if time > $time->{until} && $points * $step >= ($time->{least} // 0);
        my $got = $unit->($n) or last;
        $points += $got->{$key} // 0;
        syswrite $to, join '', map { "$_=$got->{$_}\n" } sort keys %$got;
    }
}

1;
