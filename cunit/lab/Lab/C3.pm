package Lab::C3;
# Lab::C3 - power cuts at every moment of a recorded run, under models of what a disk keeps
#
# A run of some operations is recorded with every change of files and every reply.  For each moment
# the replayer makes the directory tree that the disk may hold; the server is started on it, asked for
# everything, and judged by what had been acknowledged at that moment.  Equal trees are examined once.
#
# C4 is the same at the moments of acknowledgement only, with a list of what was not synced then.
use strict;
use warnings;
use File::Path qw(remove_tree);
use Time::HiRes qw(time);
use Lab::Ops;
use Lab::Pool;
use Lab::Replay;
use Lab::Report qw(result end_results note trouble);
use Lab::World;

use constant { LOG_SIZE => 512 << 20, OPS_PER_RUN => 4, OUTSIDE_EVERY => 20 };

# May be lost, since it is made again: not worth a line of the lint.
our $DERIVED = qr{/(?:cyrus\.cache|deliver\.db|statuscache\.db|tls_sessions\.db)\z|/conf/(?:quota|proc|socket|log|lock|msg|stats)/|\.lock\z|/stage\./|\.NEW\z};

# Options: seed, seconds, stride (of the moments but answers only every so many-th), torn (samples per moment), models, ops (pattern), plant, acks (C4), least.
sub run {
    my ($name, %o) = @_;
    my @rows = grep { !$o{ops} || $_->[0] =~ $o{ops} } @Lab::Ops::OPS;
    my $runs = int((@rows + OPS_PER_RUN - 1) / OPS_PER_RUN);
    my $time = Lab::Pool::time_for($o{seconds}, $o{least});
    my $sum = Lab::Pool::run($time, 'moments', sub {
        my ($n) = @_;
        return undef if $o{rounds} && $n >= $o{rounds} * $runs;
        my @some = map { $rows[ ($n * OPS_PER_RUN + $_) % @rows ] } 0 .. ($#rows < OPS_PER_RUN - 1 ? $#rows : OPS_PER_RUN - 1);
        return _one_run($name, { %o, seed => $o{seed} + $n, rows => \@some, deadline => $time->{end} });
    });
    $sum->{$_} //= 0 for qw(moments states derived lost half other acks unsynced uncovered broken), map { "states.$_" } models(\%o);
    return $sum if $o{quiet};
    note(sprintf '%s: %d moments, %d distinct states in %.1f s', $name, $sum->{moments}, $sum->{states}, time - $time->{begin});
    if ($o{acks}) {
        result("$name.acknowledgements", $sum->{acks}, $o{least} ? ">=$o{least}" : '-');
        result("$name.unsynced", $sum->{unsynced}, '-');
        result("$name.uncovered", $sum->{uncovered} + $sum->{broken}, 0);
        end_results($name, $sum);
        return $sum;
    }
    result("$name.moments", $sum->{moments}, $o{least} ? ">=$o{least}" : '-');
    result("$name.states.$_", $sum->{"states.$_"}, '-') for models(\%o);
    result("$name.derived", $sum->{derived}, '-');      # states with wrong cache entries or file times
    result("$name.lost", $sum->{lost}, 0);
    result("$name.half", $sum->{half}, 0);
    result("$name.other", $sum->{other} + $sum->{broken}, 0);
    end_results($name, $sum);
    return $sum;
}

sub models { my ($o) = @_; return @{ $o->{models} || ($o->{acks} ? ['strict'] : [qw(all ordered strict torn)]) } }

sub _one_run {
    my ($name, $o) = @_;
    my $w = Lab::World->new(conf => $o->{conf} // Lab::World::conf_of($o->{seed}));
    $w->{tag} = "c3s$o->{seed}";
    $w->populate;
    $w->{serial} += 3 * $o->{seed};
    $w->stop;
    my $replay = Lab::Replay->new($w);
    $w->{lab}->record(LOG_SIZE);
    $w->{lab}->on;
    $w->start;
    $o->{plant}->($w) if $o->{plant};
    $w->aside($Lab::World::CAROL, map { [ 'APPEND INBOX ', \Lab::World::message("big$w->{tag}.f$_") ] } 1 .. $o->{seed} * 7 % 11);
    my @done = map { _perform($w, $_) } @{ $o->{rows} };
    $w->kill_all;
    $w->{lab}->off;
    my %sum = (planted => $o->{plant} ? $w->planted : 0);
    die "the log of the recording is too small\n" if $w->{lab}->log_full;
    $w->{lab}->rule($_) for 0 .. 7;
    $replay->load;
    my $run = { name => $name, o => $o, w => $w, replay => $replay, sum => \%sum, known => {} };
    _moments($run, $_) for @done;
    $replay->close;
    unlink "$w->{lab}{file}.log";
    my %end = $w->finish;
    $sum{$_} += $end{$_} for keys %end;
    return \%sum;
}

# One operation of the recording: what was before, what it promised, where it is in the log.
sub _perform {
    my ($w, $row) = @_;
    my $op = $row->[1]->($w) or return;
    Lab::Replay::tap($_) for $op->{conn}, @{ $op->{conns} || [] };
    my $was = $w->{seen};
    my $from = $w->{lab}->log_used;
    my $why = Lab::Ops::perform($op);
    my @bad = $w->check(@{ $op->{parts} });
    my $to = $w->{lab}->log_used;               # what a session does after the answer belongs to it
    die "$row->[0] went wrong while it was recorded: $why @bad\n" if $why || @bad;
    return { row => $row, was => $was, from => $from, to => $to, parts => $op->{parts} };
}

sub _moments {
    my ($run, $done) = @_;
    my ($replay, $o) = @$run{qw(replay o)};
    my ($from, $to) = map { $replay->number_at($_) } @$done{qw(from to)};
    for my $p (@{ $done->{parts} }) {
        $p->{told} = $replay->told_at($p->{heard}) // die "$done->{row}[0]: the reply is not in the log\n";
    }
    my %is_ack = map { $_->{told} => 1 } @{ $done->{parts} };
    for my $n ($from .. $to) {
        last if time > $o->{deadline};
        my $event = $n ? $replay->{events}[ $n - 1 ] : undef;
        next if $o->{stride} && !$is_ack{$n} && ($n + $o->{seed}) % $o->{stride};
        next if $o->{acks} ? !$is_ack{$n} : $n > $from && $event->{type} =~ /^send|\.\.\.$/ && !$is_ack{$n};
        $replay->ask("advance $n") eq 'ok' or die "the log does not fit the tree\n";
        _lint($run, $done, $n) if $is_ack{$n};
        for my $model (models($o)) {
            my $samples = $model eq 'torn' ? $o->{torn} // 1 : 1;
            _moment($run, $done, $n, $model, ($o->{seed} * 10_000 + $n) * 10 + $_) for 1 .. $samples;
        }
    }
    $replay->ask("advance $to");
}

# C4, first figure: files and directories that were not synced by themselves at the reply.
sub _lint {
    my ($run, $done, $n) = @_;
    my @left = grep { !/^t|$DERIVED/ } $run->{replay}->unsynced;
    $run->{sum}{acks}++;
    $run->{sum}{unsynced} += @left;
    if ($ENV{LAB_LINT}) { note("$run->{name}: $done->{row}[0], record $n: $_") for @left }
}

sub _moment {
    my ($run, $done, $n, $model, $seed) = @_;
    my ($w, $replay, $sum) = @$run{qw(w replay sum)};
    my $hash = $replay->ask("state $model $seed");
    my $now = $run->{known}{$hash};
    if (!$now) {
        $sum->{states}++;
        $sum->{"states.$model"}++;
        $now = $run->{known}{$hash} = _examine($run);
    }
    $sum->{moments}++;
    my @parts = map { { %$_, acked => $n >= $_->{told} } } @{ $done->{parts} };
    my @bad = Lab::World::judge($done->{was}, $now, @parts);
    $sum->{derived}++ if grep { /$Lab::World::REMADE/ } @bad;
    @bad = grep { !/$Lab::World::REMADE/ } @bad;
    return unless @bad;
    $sum->{lost}++ if grep { /^lost/ } @bad;
    $sum->{half}++ if grep { /^half/ } @bad;
    $sum->{other}++ if grep { !/^(?:lost|half)/ } @bad;
    $sum->{uncovered}++ if $model eq 'strict' && grep { $_->{acked} } @parts;
    push @{ $w->{problems} }, @bad;
    my $event = $n ? $replay->{events}[ $n - 1 ] : { type => 'start', path => '' };
    trouble($run->{name}, "seed $run->{o}{seed}$w->{conf}, $done->{row}[0], model $model" . ($model eq 'torn' ? " (sample $seed)" : '')
        . ", record $n, after: $event->{type} $event->{path}", @bad);
    _keep($run, $n, $model) if $ENV{HALCYON_KEEP};
}

# The tree of the state that replay holds, as it is found after the cut.
sub _make {
    my ($run) = @_;
    my ($i, $replay) = ($run->{w}{i}, $run->{replay});
    remove_tree("$i->{dir}/conf", "$i->{dir}/spool");
    $replay->ask("store $i->{dir}/$_") for 'conf', 'spool';
    my ($uid, $gid) = (getpwnam $i->{account})[2, 3];
    for my $dir (map { "$i->{dir}/$_" } 'conf', 'spool', map { "conf/$_" } qw(proc socket log msg db)) {
        mkdir $dir;
        chown $uid, $gid, $dir if $> == 0;
    }
}

# Start on it, look at everything; what is wrong with the files is part of what is seen.
sub _examine {
    my ($run) = @_;
    my $w = $run->{w};
    _make($run);
    my $now = eval {
        $w->start;
        my $seen = $w->observe;
        $w->open_deleted;
        push @{ $seen->{bad} }, map { "files: $_" } $w->files;
        push @{ $seen->{bad} }, $w->cries_for_help;
        push @{ $seen->{bad} }, _outside($run) if Lab::Outside::wanted() && $run->{sum}{states} % OUTSIDE_EVERY == 1;
        $seen;
    } || { facts => {}, boxes => {}, bad => ["the server does not answer: $@"] };
    $w->kill_all;
    return $now;
}

# Programs of others want a stopped server.
sub _outside {
    my ($run) = @_;
    my $w = $run->{w};
    $w->stop;
    my @bad = Lab::Outside::findings($w->{i});
    $run->{sum}{outside} += @bad;
    return @bad;
}

# For a close look: the state as it was before anything was started on it.
sub _keep {
    my ($run, $n, $model) = @_;
    my $dir = $run->{w}{i}{dir};
    return if -e "$dir.$n.$model";
    _make($run);
    system 'cp', '-a', $dir, "$dir.$n.$model";
    note("kept: $dir.$n.$model (before recovery)");
}

1;
