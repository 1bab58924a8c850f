package Lab::C5;
# Lab::C5 - soak: several clients at work, and a process dies every moment
#
# Each client is a process with players of its own and a model of everything that was acknowledged to
# it.  When its connection breaks it waits until the server is there again, looks at everything, judges,
# and goes on.  The killer takes any process of the instance, master too: then all go, and the time until
# IMAP greets again is measured.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time);
use Lab::Ops;
use Lab::Report qw(result end_results note trouble);
use Lab::World;

use constant { CLIENTS => 4, MASTER_EVERY => 6 };

sub run {
    my ($name, %o) = @_;
    my $w = Lab::World->new(plain => 1, worlds => CLIENTS, conf => $o{conf} // Lab::World::conf_of($o{seed}));
    my $deadline = time + $o{seconds};
    my @clients = map { _start_client($name, $w, $_, { %o, deadline => $deadline }) } 1 .. CLIENTS;
    local @SIG{qw(INT TERM HUP)} = (sub { kill 'KILL', map { $_->[0] } @clients; exit 1 }) x 3;
    for (@clients) { my $from = $_->[1]; <$from> }              # ready
    my $killer = _kill_until($w, $deadline, $o{seed});
    my %sum = map { $_ => 0 } qw(ops acked lost half other looks broken);
    for (@clients) {
        my ($pid, $from) = @$_;
        while (my $line = <$from>) { $sum{$1} += $2 if $line =~ /^(\w+)=(\d+)$/ }
        waitpid $pid, 0;
        $sum{broken}++ if $?;
    }
    $w->kill_all;
    $w->start;
    my @files = $w->files;
    trouble($name, "after all (kept: $w->{i}{dir})", @files) if @files;
    push @{ $w->{problems} }, 'see above' if @files || $sum{lost} || $sum{other} || $sum{half};
    my %end = $w->finish;
    my @times = sort { $a <=> $b } @{ $killer->{times} };
    my $p99 = @times ? $times[ int(0.99 * $#times) ] : 0;
    note(sprintf '%s: %d kills, %d of everything; %d looks', $name, $killer->{kills}, scalar @times, $sum{looks});
    result("$name.operations", $sum{ops}, '-');
    result("$name.acknowledged", $sum{acked}, $o{least} ? ">=$o{least}" : '-');
    result("$name.kills", $killer->{kills}, '-');
    result("$name.lost", $sum{lost}, 0);
    result("$name.half", $sum{half}, 0);
    result("$name.other", $sum{other} + $sum{broken}, 0);        # duplicates, wrong flags, wrong bytes, numbers that fell
    result("$name.files", scalar @files, 0);
    end_results($name, \%end);
    result("$name.recovery_p99_s", sprintf('%.2f', $p99), $o{recovery} // 1);
    return \%sum;
}

# ---- a client
sub _start_client {
    my ($name, $w, $n, $o) = @_;
    pipe my $from, my $to or die "pipe: $!";
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        close $from;
        srand $o->{seed} * 100 + $n;
        my $sum = eval { _client($name, $w->another($n), $o, $to) };
        print STDERR "$name: client $n: $@" unless $sum;
        syswrite $to, join '', map { "$_=$sum->{$_}\n" } keys %{ $sum || {} };
        POSIX::_exit($sum ? 0 : 1);
    }
    close $to;
    return [ $pid, $from ];
}

sub _client {
    my ($name, $w, $o, $to) = @_;
    my %sum = map { $_ => 0 } qw(ops acked lost half other looks);
    $w->populate;
    syswrite $to, "ready=1\n";
    while (time < $o->{deadline}) {
        my $row = $Lab::Ops::OPS[ rand @Lab::Ops::OPS ];
        my $op = eval { $w->tidy; $row->[1]->($w) };
        if ($@) {                               # broken while preparing: the model is not sure of those steps
            $w->adopt(_until_it_works($o, sub { $w->observe }) // last);
            next;
        }
        next unless $op;
        my $why = Lab::Ops::perform($op);
        $sum{ops}++;
        $sum{acked} += grep { $_->{acked} } @{ $op->{parts} };
        my @bad = _until_it_works($o, sub { $w->check(@{ $op->{parts} }) });
        $sum{looks}++;
        next unless @bad;
        $sum{lost}++ if grep { /^lost/ } @bad;
        $sum{half}++ if grep { /^half/ } @bad;
        $sum{other}++ if grep { !/^(?:lost|half)/ } @bad;
        trouble($name, "seed $o->{seed}$w->{conf}, client $w->{tag}, $row->[0]" . ($why ? ', broken' : ', acknowledged'), @bad);
    }
    return \%sum;
}

# The services may be between two lives; past the deadline nobody restarts them.
sub _until_it_works {
    my ($o, $code) = @_;
    while (time < $o->{deadline} + 5) {
        my @r = eval { $code->() };
        return wantarray ? @r : $r[0] unless $@;
        select undef, undef, undef, 0.02;
    }
    return;
}

# ---- the killer
sub _kill_until {
    my ($w, $deadline, $seed) = @_;
    my %k = (kills => 0, times => []);
    srand $seed;
    while (time < $deadline) {
        select undef, undef, undef, 0.2 + rand 1.8 * ($deadline - time > 60 ? 1 : 0.3);
        my $master = $w->{i}{master};
        my @pids = ($master, Lab::World::children($master));
        my $victim = $pids[ rand @pids ];
        $k{kills}++;
        if ($victim != $master && $k{kills} % MASTER_EVERY) {
            kill 'KILL', $victim;
            next;
        }
        kill 'KILL', $master;                   # its children are left alone for a moment, as the kernel would
        select undef, undef, undef, rand 0.01;
        $w->kill_all;
        my $t = time;
        $w->start;
        $w->{i}->imap->close;
        push @{ $k{times} }, time - $t;
    }
    return \%k;
}

1;
