package FaultLimits;
# FaultLimits - job F5: no descriptor, no process is to be had
#
#   sessions   "OP files K": a session's process started with a limit (RLIMIT_NOFILE) that leaves K
#              descriptors for the operation; judged as in F1, a new session without limit goes on
#   accept     a waiting worker cannot take a connection: served when it can, without spinning
#   fork       no process can be started (as under RLIMIT_NPROC, which does not bind root)
#   master     the supervisor itself gets no descriptor
# The last three come and go while the server runs, so liblab.so makes them.
use strict;
use warnings;
use Errno qw(EAGAIN EMFILE);
use IO::Select;
use Time::HiRes qw(time sleep);
use FaultCalls;
use FaultLab;
use FaultLive;
use FaultOps;
use FaultProgram;

use constant { SLOTS => 12, SERVED_WITHIN => 10, CPU_MAX => 0.5, CONNECTIONS => 4,
    ACCEPTS_MAX => 50 };                # failed calls in one second with one connection waiting
my %OP = map { $_->{name} => $_ } @FaultOps::OPS;

# The limit that leaves K free descriptors.
sub limit_for {
    my ($pid, $k) = @_;
    my %used = map { m{/(\d+)\z} ? ($1 => 1) : () } glob "/proc/$pid/fd/*";
    my $n = 0;
    while ($used{$n} || $k > 0) { $k-- unless $used{$n}; $n++ }
    return $n;
}

# ---- sessions (with none to spare the password database waits 12 s by itself, and the login fails)
sub trial {
    my ($w, $point) = @_;
    my ($name, undef, $k) = split ' ', $point;
    my ($tree, $op) = ($w->{tree}, $OP{$name});
    my $ref = FaultCalls::reference($w, $op);
    my $base = $w->{used}{$name} ||= do {
        my $plain = FaultOps::session($op, $tree, env => $w->{env});
        my $n = limit_for($plain->{pid}, 0);
        $plain->kill9;
        $tree->restore;
        $n;
    };
    my $limit = $base + $k;
    my $s = eval { FaultOps::session($op, $tree, env => $w->{env}, wrap => [ 'prlimit', "--nofile=$limit:$limit" ]) };
    return [ 'refused', '' ] unless $s;         # not even a login: nothing was begun
    my %reply = FaultOps::perform($op, $s);
    my $v = FaultCalls::verdict($w, $op, $ref, $s, \%reply);
    return [ $v->[0], "$v->[1] [$op->{words}]" ];
}

sub sessions {
    my ($population) = @_;
    my $rand = FaultLab::random('limits');
    my @points = FaultLab::shuffled($rand, map { my $op = $_; map { "$op->{name} files $_" } 1 .. SLOTS } @FaultOps::OPS);
    @points = ($FaultLab::Opt{point}) if $FaultLab::Opt{point};
    my $least = FaultLab::choose(15, 150, 150);
    my $time = FaultLab::time_for(FaultLab::choose(6, 120, 600), $least);
    my ($tried, %count) = (0);
    FaultLab::spread($FaultLab::Opt{workers}, \@points, sub { FaultCalls::place($population) },
        sub {
            my ($point, $w, $say) = @_;
            return $w->{stop} = 1 if FaultLab::is_over($time, $w);
            unlink "$w->{tree}{dir}/stderr";
            my $v = trial($w, $point);
            $w->{tree}->restore;
            $say->("$v->[0]|$point|$v->[1]");
        },
        sub {
            my ($line) = @_;
            my ($category, $point, $words) = split /\|/, $line, 3;
            return FaultLab::worker_error('F5', $line) if !defined $point;
            $tried++;
            $count{$category}++;
            FaultLab::broken('F5', $point, "$category " . substr $words, 0, 300) if grep { $_ eq $category } @FaultCalls::BAD;
        });
    FaultLab::bound('F5.points', $tried, $least, at_least => 1) unless $FaultLab::Opt{point};
    FaultLab::figure("F5.$_", $count{$_} // 0) for qw(refused ended tolerated);
    FaultLab::bound("F5.$_", $count{$_} // 0, 0) for @FaultCalls::BAD;
}

# ---- a live server

# Processes of that program in the supervisor's session.
sub workers {
    my ($l, $name) = @_;
    my @pids;
    for my $dir (glob '/proc/[0-9]*') {
        my ($pid, $comm, $session) = (FaultLab::slurp("$dir/stat") // '') =~ /^(\d+) \((.*)\) \S \d+ \d+ (\d+) /s or next;
        push @pids, $pid if $comm eq $name && $session == $l->instance->{master};
    }
    return @pids;
}

# Of the process and of its children that have ended.
sub cpu_seconds {
    my ($pid) = @_;
    my @f = split ' ', (FaultLab::slurp("/proc/$pid/stat") // '') =~ s/.*\) //r;
    return (($f[11] // 0) + ($f[12] // 0) + ($f[13] // 0) + ($f[14] // 0)) / 100;
}

# Connections that are open but were not greeted yet.
sub connections {
    my ($l, $n) = @_;
    my %to = (PeerAddr => '127.0.0.1', PeerPort => $l->instance->{port}{imap}, Proto => 'tcp');
    return map { IO::Socket::INET->new(%to) or die "connect: $!\n" } 1 .. $n;
}

# Seconds until all are greeted.
sub greeted_after {
    my (@sock) = @_;
    my ($t, $sel) = (time, IO::Select->new(@sock));
    while ($sel->count && time - $t < SERVED_WITHIN + 1) {
        for my $sock ($sel->can_read(0.1)) {
            my $n = sysread $sock, my $text, 4096;
            $sel->remove($sock) if !$n || $text =~ /^\* OK/;
            die "the connection was closed\n" if !$n;
        }
    }
    return time - $t;
}

sub judged {
    my ($name, $code) = @_;
    my $seconds = eval { $code->() };
    FaultLab::broken('F5', $name, $@ =~ s/\n//r) if !defined $seconds;
    FaultLab::bound("F5.$name.seconds_until_served", sprintf('%.2f', $seconds), SERVED_WITHIN) if defined $seconds;
    FaultLab::bound("F5.$name.not_served", defined $seconds ? 0 : 1, 0);
}

sub no_accept {
    my ($l) = @_;
    my ($lab, @pids) = ($l->lab, $l->instance->{master}, workers($l, 'imapd'));
    $lab->rule(0, mask => 'ACCEPT', action => 'ERRNO', error => EMFILE, from => 1, until => 0, program => 'imapd');
    $lab->on;
    my $spent = -cpu_all(@pids);
    my @sock = connections($l, 1);
    sleep 1;
    $spent += cpu_all(@pids);
    FaultLab::bound('F5.accept.refused', $lab->fired(0), ACCEPTS_MAX);
    $lab->off;
    FaultLab::bound('F5.accept.cpu_seconds', sprintf('%.2f', $spent), CPU_MAX);
    return greeted_after(@sock);
}

sub cpu_all { my $sum = 0; $sum += cpu_seconds($_) for @_; return $sum }

sub no_fork {
    my ($l) = @_;
    my $lab = $l->lab;
    $lab->rule(0, mask => 'FORK', action => 'ERRNO', error => EAGAIN, from => 1, until => 0);
    $lab->on;
    my @sock = connections($l, CONNECTIONS + workers($l, 'imapd'));       # more than there are workers
    sleep 1.5;
    FaultLab::bound('F5.fork.refused', $lab->fired(0), 1, at_least => 1);
    $lab->off;
    return greeted_after(@sock);
}

sub no_descriptor {
    my ($l) = @_;
    my ($lab, $master) = ($l->lab, $l->instance->{master});
    $lab->rule(0, mask => 'OPEN CREATE SOCKET PIPE DUP ACCEPT', action => 'ERRNO', error => EMFILE, from => 1, until => 0,
        program => 'master');
    $lab->on;
    my $spent = -cpu_all($master);
    my @sock = connections($l, CONNECTIONS + workers($l, 'imapd'));       # more than there are workers
    sleep 1.5;
    $spent += cpu_all($master);
    FaultLab::figure('F5.master.refused', $lab->fired(0));
    $lab->off;
    FaultLab::bound('F5.master.cpu_seconds', sprintf('%.2f', $spent), CPU_MAX);
    return greeted_after(@sock);
}

sub run {
    my ($population) = @_;
    sessions($population);
    return if $FaultLab::Opt{point};
    my $l = FaultLive->new(where => FaultLab::memory_dir());
    my $c = $l->lmtp;
    $l->deliver($c, [ 'alice', 'bob' ]) for 1 .. 2;
    judged('accept', sub { no_accept($l) });
    judged('fork', sub { no_fork($l) });
    judged('master', sub { no_descriptor($l) });
    my %a = $l->deliver($l->lmtp, [ 'alice', 'bob' ]);
    my ($problems) = $l->check_book;
    my @wrong = (@$problems, (map { "$_ is refused afterwards" } grep { $a{$_} ne 'yes' } sort keys %a), $l->finish);
    FaultLab::broken('F5', 'live', $_) for @wrong;
    FaultLab::bound('F5.problems', scalar @wrong, 0);
    FaultLab::check_store('F5', $l->{dir});
}

1;
