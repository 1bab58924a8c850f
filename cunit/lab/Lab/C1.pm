package Lab::C1;
# Lab::C1 - SIGKILL by strace at the N-th system call of each kind, in each operation
#
# The same question as C2 asks, without our own library in the process: the kernel's view of what was
# called.  strace counts each system call by itself, so the points are pairs (system call, N).
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time);
use Lab::Ops;
use Lab::Pool;
use Lab::Report qw(result end_results note trouble);
use Lab::World;

our @SYSCALLS = qw(write pwrite64 writev pwritev fsync fdatasync syncfs rename renameat renameat2 link linkat unlink
    unlinkat ftruncate fallocate openat mkdir mkdirat rmdir utimensat copy_file_range sendfile);

sub run {
    my ($name, %o) = @_;
    if (!grep { -x "$_/strace" } split /:/, $ENV{PATH}) {
        note("$name: skipped, there is no strace");
        return {};
    }
    my @rows = grep { !$o{ops} || $_->[0] =~ $o{ops} } @Lab::Ops::OPS;
    my $time = Lab::Pool::time_for($o{seconds}, $o{least});
    my $sum = Lab::Pool::run($time, 'points', sub {
        my ($n) = @_;
        return undef if $o{rounds} && $n >= $o{rounds} * @rows;
        return _row($name, { %o, seed => $o{seed} + int($n / @rows), row => $rows[ $n % @rows ], deadline => $time->{end} });
    });
    $sum->{$_} //= 0 for qw(points bad lost half files broken unattached);
    note(sprintf '%s: %d points in %.1f s', $name, $sum->{points}, time - $time->{begin});
    note("$name: strace could not attach $sum->{unattached} times (is ptrace allowed?)") if $sum->{unattached};
    result("$name.points", $sum->{points}, $o{least} ? ">=$o{least}" : '-');
    result("$name.lost", $sum->{lost}, 0);
    result("$name.half", $sum->{half}, 0);
    result("$name.other", $sum->{bad} - $sum->{lost} - $sum->{half} + $sum->{broken}, 0);
    result("$name.files", $sum->{files}, 0);
    end_results($name, $sum);
    return $sum;
}

# One operation: each system call from N = 1 until it ends unharmed.  Calls that the operation does not
# make cost one trial; the short form asks in an order that depends on the seed.
sub _row {
    my ($name, $o) = @_;
    my %sum = map { $_ => 0 } qw(points bad lost half files unattached);
    my $w = Lab::World->new(plain => 1, conf => $o->{conf} // Lab::World::conf_of($o->{seed}));
    $w->{tag} = "c1s$o->{seed}";
    $w->populate;
    $w->{serial} += 3 * $o->{seed};
    my %unused = %{ _not_made($w, $o->{row}) };
    my $stride = $o->{stride} // 1;
    for my $k (0 .. $#SYSCALLS) {
        my $call = $SYSCALLS[ ($k + $o->{seed}) % @SYSCALLS ];
        next if $unused{$call};
        for (my $n = 1 + ($o->{seed} + $k) % $stride; time <= $o->{deadline}; $n += $stride) {
            $w->tidy;
            last unless _point($name, \%sum, $w, $o->{row}, $call, $n, $o);
        }
    }
    Lab::C2::look_at_files($name, \%sum, $w, "seed $o->{seed}$w->{conf}, after all points of $o->{row}[0]");
    return { %sum, $w->finish };
}

# Attach to all processes that serve; returns strace's process id once all are held.
sub _attach {
    my ($w, @options) = @_;
    my @pids = grep { _serves($_) } Lab::World::children($w->{i}{master});
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        open STDERR, '>', "$w->{i}{dir}/strace.out";
        exec 'strace', '-qq', '-f', @options, map { ('-p', $_) } @pids or POSIX::_exit(127);
    }
    my $deadline = time + 5;
    for my $p (@pids) {
        until (_status($p, 'TracerPid')) {
            if (time > $deadline || !kill 0, $p) { kill 'TERM', $pid; waitpid $pid, 0; return }
            select undef, undef, undef, 0.001;
        }
    }
    return ($pid, @pids);
}

sub _status {
    my ($pid, $field) = @_;
    open my $fh, '<', "/proc/$pid/status" or return 0;
    while (my $line = <$fh>) { return $1 if $line =~ /^$field:\s*(\S+)/ }
    return 0;
}

sub _serves { my ($pid) = @_; return _status($pid, 'Name') =~ /^(?:imapd|lmtpd|pop3d)$/ }

sub _detach {
    my ($strace) = @_;
    kill 'TERM', $strace;
    waitpid $strace, 0;
}

# Which of the system calls does the operation not make at all?
sub _not_made {
    my ($w, $row) = @_;
    my $op = $row->[1]->($w) or return { map { $_ => 1 } @SYSCALLS };
    my ($strace) = _attach($w, '-e', 'trace=' . join ',', @SYSCALLS);
    return {} unless $strace;
    Lab::Ops::perform($op);
    _detach($strace);
    $w->check(@{ $op->{parts} });
    open my $fh, '<', "$w->{i}{dir}/strace.out" or return {};
    my %made = map { /^(?:\[pid\s+\d+\]\s*)?(\w+)\(/ ? ($1 => 1) : () } <$fh>;
    return { map { $made{$_} ? () : ($_ => 1) } @SYSCALLS };
}

# Returns whether a process died.
sub _point {
    my ($name, $sum, $w, $row, $call, $n, $o) = @_;
    my $op = $row->[1]->($w) or return 0;
    my ($strace, @pids) = _attach($w, '-e', "trace=$call", '-e', "inject=$call:signal=KILL:when=$n");
    if (!$strace) { $sum->{unattached}++; return 0 }
    my $why = Lab::Ops::perform($op);
    select undef, undef, undef, 0.002 unless $why;      # a death after the reply
    _detach($strace);
    my $died = grep { !Lab::World::lives($_) } @pids;
    my @bad = eval { $w->check(@{ $op->{parts} }) };
    push @bad, "the server does not answer: $@" if $@;
    push @bad, "not acknowledged, though nothing was killed: $why" if !$died && ($why || grep { !$_->{acked} } @{ $op->{parts} });
    $sum->{points}++;
    Lab::C2::trouble_at($name, $sum, $w, "seed $o->{seed}$w->{conf}, $row->[0], $call number $n", 'bad', @bad) if @bad;
    return $died;
}

1;
