package FaultCalls;
# FaultCalls - job F1: every fitting error at every call of every promised operation
#
# A point is "OP CALLS ERROR N": call number N (from 1) of a kind in CALLS, made between the sending of
# the operation and the end of the session, fails with ERROR.  A sample goes through strace instead of
# liblab.so: FaultTrace.  Then:
#   positive answer     kill -9, recovery: the effect is there whole            else wrong_success
#   negative answer     a second process sees nothing changed                   else half_effect
#                       the same session (or, if it ended, a new one) can do it now   else stuck
#                       no descriptor more is open than after an undisturbed run      else leak
#   LMTP 5xx            the sender would give up                                permanent
#   no answer           before or after, nothing between                        else half_effect
#   ended by a signal   crash        no answer in time   hang
use strict;
use warnings;
use Errno qw(ENOSPC EDQUOT EIO EROFS EMFILE ENFILE ENOMEM EINTR EAGAIN ENOLCK);
use FaultLab;
use FaultOps;
use FaultProgram;
use FaultState;
use FaultTrace;
use FaultTree;

my %ERROR = (ENOSPC => ENOSPC, EDQUOT => EDQUOT, EIO => EIO, EROFS => EROFS, EMFILE => EMFILE, ENFILE => ENFILE,
    ENOMEM => ENOMEM, EINTR => EINTR, EAGAIN => EAGAIN, ENOLCK => ENOLCK);

# Calls that fail in the same ways.
our @FAMILIES = (
    [ 'WRITE PWRITE WRITEV PWRITEV' => qw(ENOSPC EDQUOT EIO EROFS EINTR) ],
    [ 'FSYNC FDATASYNC SYNCFS'      => qw(EIO ENOSPC EDQUOT EINTR) ],
    [ 'CREATE'                      => qw(ENOSPC EDQUOT EIO EROFS EMFILE ENFILE EINTR) ],
    [ 'RENAME LINK MKDIR'           => qw(ENOSPC EDQUOT EIO EROFS) ],
    [ 'UNLINK RMDIR'                => qw(EIO EROFS) ],
    [ 'TRUNCATE FALLOCATE COPY_RANGE' => qw(ENOSPC EDQUOT EIO EINTR) ],
    [ 'UTIMES CHMOD'                => qw(EIO EROFS) ],
    [ 'OPEN'                        => qw(EIO EMFILE ENFILE EINTR) ],
    [ 'READ PREAD'                  => qw(EIO EINTR) ],
    [ 'MMAP'                        => qw(ENOMEM) ],
    [ 'LOCK'                        => qw(ENOLCK EINTR) ],
    [ 'SOCKET CONNECT PIPE DUP ACCEPT' => qw(EMFILE ENFILE) ],
    [ 'SEND RECV POLL'              => qw(EINTR EAGAIN) ],
);

sub name { my ($calls) = @_; return $calls =~ s/ /+/gr }

# ---- one worker's place
sub place {
    my ($population) = @_;
    require Lab::Control;
    my $tree = FaultTree->copy($population, FaultLab::memory_dir());
    my $lab = Lab::Control->new("$tree->{dir}/control", roots => [ map { "$tree->{dir}/$_" } 'conf', 'spool' ]);
    return { tree => $tree, lab => $lab, env => environment($lab), known => {}, end => sub { $tree->drop } };
}

sub environment {
    my ($lab) = @_;
    my %env;
    $lab->around(sub { %env = map { $_ => $ENV{$_} } qw(LAB_CONTROL LD_PRELOAD) });
    return \%env;
}

# Pictures before and after an undisturbed run, and the descriptors it leaves open.
sub reference {
    my ($w, $op) = @_;
    return $w->{known}{ $op->{name} } ||= do {
        my $tree = $w->{tree};
        $tree->restore;
        my %r = (before => FaultOps::picture(FaultState::read($tree, boxes => FaultOps::boxes($op))));
        $tree->restore;
        my $s = FaultOps::session($op, $tree, env => $w->{env});
        my %reply = FaultOps::perform($op, $s);
        for my $user (keys %reply) { die "$op->{name} fails undisturbed: $op->{words}\n" if $reply{$user} ne 'yes' }
        $r{descriptors} = [ $s->descriptors ];
        $s->kill9;
        FaultState::recover($tree);
        $r{after} = FaultOps::picture(FaultState::read($tree, boxes => FaultOps::boxes($op)));
        $tree->restore;
        \%r;
    };
}

# Which descriptors are more than those: names without numbers of sockets and processes.
sub more_descriptors {
    my ($before, $now) = @_;
    my %n;
    my $plain = sub { return $_[0] =~ s/:\[\d+\]//r =~ s{/proc/\d+\z}{/proc/PID}r };
    $n{ $plain->($_) }++ for @$now;
    $n{ $plain->($_) }-- for @$before;
    return grep { $n{$_} > 0 } sort keys %n;
}

sub see { my ($w, $op) = @_; return FaultOps::picture(FaultState::read($w->{tree}, boxes => FaultOps::boxes($op))) }

sub restart { my ($w) = @_; return FaultState::recover($w->{tree}) }

# Compare what is there with what the answers said.  Returns [category, words] or nothing.
sub judge_state {
    my ($ref, $reply, $is) = @_;
    for my $user (sort keys %$is) {
        my ($before, $after) = ($ref->{before}{$user}, $ref->{after}{$user});
        if ($reply->{$user} eq 'yes') {
            return [ 'wrong_success', "$user: " . FaultOps::difference($after, $is->{$user}) ] if $is->{$user} ne $after;
        } elsif ($reply->{$user} eq 'no') {
            return [ 'half_effect', "$user was refused: " . FaultOps::difference($before, $is->{$user}) ] if $is->{$user} ne $before;
        } elsif ($is->{$user} ne $before && $is->{$user} ne $after) {
            return [ 'half_effect', "$user had no answer: " . FaultOps::difference($after, $is->{$user}) ];
        }
    }
    return;
}

# After a refusal: again, undisturbed, by the same session if it lives.
sub again {
    my ($w, $op, $ref, $s, $reply) = @_;
    my %todo = map { $_ => 1 } grep { $reply->{$_} ne 'yes' } keys %$reply;
    my $same = !defined $s->ended && $op->{program} ne 'pop3d';
    my $retry = { %$op };
    $retry->{to} = [ grep { $todo{$_} } @{ $op->{to} } ] if $op->{to};
    my $t = $same ? $s : eval { FaultOps::session($retry, $w->{tree}, env => $w->{env}) } || return [ 'stuck', "no new session: $@" ];
    my %second = FaultOps::perform($retry, $t);
    if ($same && grep { ($second{$_} // 'no') ne 'yes' } keys %todo) {         # the session may have lost its view; a new one must do
        $t = eval { FaultOps::session($retry, $w->{tree}, env => $w->{env}) } || return [ 'stuck', "no new session: $@" ];
        %second = FaultOps::perform($retry, $t);
        $same = 0;
    }
    for my $user (keys %todo) { return [ 'stuck', "$user again: $second{$user} $retry->{words}" ] if ($second{$user} // '') ne 'yes' }
    my @more = $same ? more_descriptors($ref->{descriptors}, [ $t->descriptors ]) : ();
    return [ 'leak', "@more" ] if @more;
    $t->kill9;
    $s->kill9;
    restart($w);
    my %all = map { $_ => 'yes' } keys %$reply;
    return judge_state($ref, \%all, see($w, $op));
}

# One trial: [category, words]; category 'unfired' when the call was not reached.
sub trial {
    my ($w, $op, $calls, $error, $n) = @_;
    my ($tree, $lab) = @$w{qw(tree lab)};
    my $ref = reference($w, $op);
    $lab->off;
    $lab->rule(0, mask => $calls, action => 'ERRNO', error => $ERROR{$error}, from => $n);
    my $s = FaultOps::session($op, $tree, env => $w->{env});
    $lab->on;
    my %reply = FaultOps::perform($op, $s);
    my $fired = $lab->fired(0);
    my $refused = grep { $_ ne 'yes' } values %reply;
    if (!$fired && !$refused) {                 # perhaps in what follows the answer
        FaultOps::leave($op, $s);
        $fired = $lab->fired(0);
        $lab->off;
        return [ 'unfired', '' ] unless $fired;
    }
    $lab->off;
    my $where = $lab->last;
    my $verdict = verdict($w, $op, $ref, $s, \%reply);
    $verdict->[1] = "at $where: $verdict->[1] [$op->{words}]";
    return $verdict;
}

sub verdict {
    my ($w, $op, $ref, $s, $reply) = @_;
    return [ 'hang', 'no answer' ] if grep { $_ eq 'late' } values %$reply;
    my $gone = grep { $_ eq 'gone' } values %$reply;
    my $ending = $s->ended($gone ? 2 : 0) // '';
    return [ 'crash', $ending ] if $ending =~ /signal/;
    my $noise = FaultLab::slurp("$w->{tree}{dir}/stderr") // '';
    return [ 'crash', $1 ] if $noise =~ /((?:ERROR: \w+Sanitizer|.*runtime error|BUG:).*)/;
    my $bad;
    return [ 'permanent', '' ] if $op->{words} =~ /^5/;
    if (grep { $_ ne 'yes' } values %$reply) {
        $bad = judge_state($ref, $reply, see($w, $op));
        my $unclear = grep { $_ eq 'gone' } values %$reply;
        $bad ||= again($w, $op, $ref, $s, $reply) unless $unclear;
        return $bad || [ $gone ? 'ended' : 'refused', '' ];
    }
    $s->kill9;
    my $r = restart($w);
    return [ 'hang', 'recovery' ] if $r->{hang};
    return judge_state($ref, $reply, see($w, $op)) || [ 'tolerated', '' ];
}

# ---- the job
my %OP = map { $_->{name} => $_ } @FaultOps::OPS;
our @BAD = qw(wrong_success half_effect permanent stuck leak crash hang);
use constant { CALLS_MAX => 2000 };

# Series of points, without their number N; the short form takes one error of each family.
sub series {
    my $rand = FaultLab::random('series');
    my @all;
    for my $op (@FaultOps::OPS) {
        for my $f (@FAMILIES) {
            my ($calls, @errors) = @$f;
            @errors = ($errors[ $rand->(scalar @errors) ]) if $FaultLab::Opt{form} eq 'short';
            push @all, map { "$op->{name} " . name($calls) . " $_" } @errors;
        }
    }
    return FaultLab::shuffled($rand, @all);
}

# All points of one series in a worker, until the operation passes undisturbed.
sub run_series {
    my ($w, $item, $first, $stride, $time, $say) = @_;
    my ($name, $calls, $error) = split ' ', $item;
    my $rand = FaultLab::random($item);
    for (my $n = $first || 1 + $rand->($stride); $n < CALLS_MAX && !FaultLab::is_over($time, $w); $n += 1 + $rand->(2 * $stride - 1)) {
        unlink "$w->{tree}{dir}/stderr";
        my $v = $calls =~ /^strace:(\w+)/ ? FaultTrace::trial($w, $OP{$name}, $1, $error, $n)
                                          : trial($w, $OP{$name}, $calls =~ s/\+/ /gr, $error, $n);
        my $log = FaultProgram::logged($w->{tree});
        print "$v->[0] $v->[1]\n", map { "  log: $_\n" } split /\n/, $log if $first;
        $w->{tree}->restore;
        last if $v->[0] eq 'unfired';
        $say->("$v->[0]|$item $n|$v->[1]");
        last if $first;
    }
}

# A list of series, side by side, in a time of FaultLab::time_for; counts go to %$count.
sub run_all {
    my ($population, $first, $stride, $time, $count, @series) = @_;
    my %by_op;
    FaultLab::spread($FaultLab::Opt{workers}, \@series, sub { place($population) },
        sub {
            my ($item, $w, $say) = @_;
            return $w->{stop} = 1 if FaultLab::is_over($time, $w);
            run_series($w, $item, $first, $stride, $time, $say);
        },
        sub {
            my ($category, $point, $words) = split /\|/, $_[0], 3;
            return FaultLab::worker_error('F1', $_[0]) if !defined $point;
            $count->{points}++;
            $count->{$category}++;
            $by_op{ (split ' ', $point)[0] }{$category}++;
            FaultLab::broken('F1', $point, "$category " . substr $words, 0, 600) if grep { $_ eq $category } @BAD;
        });
    for my $op (sort keys %by_op) { FaultLab::note("$op: ", join ' ', map { "$_=$by_op{$op}{$_}" } sort keys %{ $by_op{$op} }) }
}

sub run {
    my ($population) = @_;
    my %count;
    if ($FaultLab::Opt{point}) {
        my ($item, $n) = $FaultLab::Opt{point} =~ /^(.*) (\d+)\z/ or die "F1: a point is OP CALLS ERROR N\n";
        run_all($population, $n, 1, FaultLab::time_for(3_600, 1), \%count, $item);
    } else {
        my ($least, $strace_least) = (FaultLab::choose(40, 2_000, 3_000), FaultLab::choose(5, 300, 2_000));
        my $time = FaultLab::time_for(FaultLab::choose(20, 600, 36_000), $least);
        run_all($population, 0, FaultLab::choose(3, 1, 1), $time, \%count, series());
        my $why = FaultTrace::obstacle();
        FaultLab::bound('F1.points', $count{points} // 0, $least, at_least => 1);
        if ($why) { FaultLab::skipped('F1 strace', $why) }
        else {
            my $before = $count{points};
            $time = FaultLab::time_for(FaultLab::choose(4, 90, 7_200), $strace_least);
            run_all($population, 0, FaultLab::choose(4, 3, 1), $time, \%count,
                FaultLab::shuffled(FaultLab::random('strace'), FaultTrace::series()));
            FaultLab::bound('F1.strace_points', $count{points} - $before, $strace_least, at_least => 1);
        }
    }
    FaultLab::figure("F1.$_", $count{$_} // 0) for qw(refused ended tolerated);
    FaultLab::bound("F1.$_", $count{$_} // 0, 0) for @BAD;
}

1;
