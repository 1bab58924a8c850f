package Lab::C2;
# Lab::C2 - the process, or everything, is killed at each call that changes a file
#
# One instance lives through all of it: a point is an operation and a number N.  The operation is
# prepared, the rule "SIGKILL at the N-th call" is set, the command is sent; then the server is asked
# for everything it holds.  N goes up until the operation ends unharmed.
use strict;
use warnings;
use Time::HiRes qw(time);
use Lab::Ops;
use Lab::Pool;
use Lab::Report qw(result end_results note trouble);
use Lab::World;

# How the end comes.
our %VARIANT = (
    process => { action => 'KILL', restart => 0 },
    all     => { action => 'KILL_GROUP', restart => 1 },
    twice   => { action => 'KILL_GROUP', restart => 1, again => 1 },
);

# Options: seed, seconds (how long), rounds, stride (only every so many-th N), variants, ops (pattern), plant (code
# that plants a bug), least (points).
sub run {
    my ($name, %o) = @_;
    my @variants = @{ $o{variants} || [qw(process all twice)] };
    my @rows = grep { !$o{ops} || $_->[0] =~ $o{ops} } @Lab::Ops::OPS;
    my $time = Lab::Pool::time_for($o{seconds}, $o{least});
    my $together = $o{stride} ? 5 : 1;          # operations in one instance
    my $units = int((@rows + $together - 1) / $together);
    my $sum = Lab::Pool::run($time, 'points', sub {
        my ($n) = @_;
        return undef if $o{rounds} && $n >= $o{rounds} * $units * @variants;
        my ($round, $first) = (int($n / $units), $n % $units * $together);
        my $last = $first + $together - 1;
        return _unit($name, { %o, seed => $o{seed} + int($round / @variants), variant => $variants[ $round % @variants ],
                              rows => [ @rows[ $first .. ($last > $#rows ? $#rows : $last) ] ], deadline => $time->{end} });
    });
    $sum->{$_} //= 0 for qw(points bad lost half files broken);
    return $sum if $o{quiet};
    my $took = time - $time->{begin};
    $sum->{$_} //= 0 for qw(points bad lost half files broken);
    note(sprintf '%s: %d points in %.1f s, %.0f a minute', $name, $sum->{points}, $took, $sum->{points} * 60 / $took);
    result("$name.points", $sum->{points}, $o{least} ? ">=$o{least}" : '-');
    result("$name.lost", $sum->{lost}, 0);
    result("$name.half", $sum->{half}, 0);
    result("$name.other", $sum->{bad} - $sum->{lost} - $sum->{half} + $sum->{broken}, 0);
    result("$name.files", $sum->{files}, 0);
    end_results($name, $sum);
    return $sum;
}

# One instance, some operations, each from N = 1 to its end.
sub _unit {
    my ($name, $o) = @_;
    my %sum = (points => 0, bad => 0, lost => 0, half => 0, files => 0);
    my $w = Lab::World->new(conf => $o->{conf} // Lab::World::conf_of($o->{seed}));
    $w->{tag} = "c2s$o->{seed}";
    $w->populate;
    $w->{serial} += 3 * $o->{seed};
    $o->{plant}->($w) if $o->{plant};
    for my $row (@{ $o->{rows} }) {
        my $stride = $o->{stride} // 1;
        for (my $n = 1 + $o->{seed} * 5 % $stride; time <= $o->{deadline}; $n += $stride) {
            $w->tidy;
            last unless _point($name, \%sum, $w, $row, $n, $o);
        }
    }
    $sum{planted} = $w->planted if $o->{plant};
    look_at_files($name, \%sum, $w, "seed $o->{seed}$w->{conf}, $o->{variant}, after all points of " . join ', ', map { $_->[0] } @{ $o->{rows} });
    return { %sum, $w->finish };
}

# The files are to be in order when the server has started again and everybody has looked at his mail.
sub look_at_files {
    my ($name, $sum, $w, $where) = @_;
    $w->kill_all;
    $w->start;
    my @bad = eval { $w->open_deleted; $w->check };
    push @bad, "the server does not answer: $@" if $@;
    trouble_at($name, $sum, $w, $where, 'bad', @bad) if @bad;
    my @files = grep { !$w->{known}{$_}++ } $w->files, $w->cries_for_help;
    trouble_at($name, $sum, $w, $where, 'files', @files) if @files;
}

sub trouble_at {
    my ($name, $sum, $w, $where, $kind, @bad) = @_;
    $sum->{$kind} += @bad;
    $sum->{lost} += grep { /^lost/ } @bad;
    $sum->{half} += grep { /^half/ } @bad;
    push @{ $w->{problems} }, @bad;
    trouble($name, "$where (kept: $w->{i}{dir})", @bad);
}

# Returns whether the call number n came; undef: there is no such operation here.
sub _point {
    my ($name, $sum, $w, $row, $n, $o) = @_;
    my $v = $VARIANT{ $o->{variant} };
    my $op = $row->[1]->($w) or return undef;
    my $lab = $w->{lab};
    $lab->rule(0, mask => 'changes', action => $v->{action}, from => $n);
    $lab->on;
    my $why = Lab::Ops::perform($op);
    $lab->off;
    my $fired = $lab->fired(0);
    my $last = $fired ? $lab->last : '';
    if ($fired && $v->{restart}) {
        $w->kill_all;
        _start_again($w, $v, $n);
    }
    my @bad = eval { $w->check(@{ $op->{parts} }) };
    push @bad, "the server does not answer: $@" if $@;
    push @bad, "not acknowledged, though nothing was killed: $why" if !$fired && ($why || grep { !$_->{acked} } @{ $op->{parts} });
    $sum->{points}++;
    trouble_at($name, $sum, $w, "seed $o->{seed}$w->{conf}, $o->{variant}, $row->[0], call $n: $last", 'bad', @bad) if @bad;
    return $fired;
}

# In the variant "twice" the restart dies too, at a call that depends on the point.
sub _start_again {
    my ($w, $v, $n) = @_;
    if ($v->{again}) {
        $w->{lab}->rule(0, mask => 'changes', action => 'KILL', from => 1 + $n * 7 % 23, program => 'ctl_cyrusdb');
        $w->{lab}->on;
        eval { $w->start };
        $w->{lab}->off;
        $w->kill_all;
    }
    $w->start;
}

1;
