#!/usr/bin/perl
# kill9.t - kill -9 of children and of the whole tree at random points of deliveries and appends:
# what was acknowledged is there, once; nothing is corrupt; no lock is stuck
#
# HALCYON_LONG=1: 1,000 acknowledged messages and 200 kills instead of 200 and 40.
# HALCYON_SEED repeats the random choices (not the timing) of a run.
#
# covers: DL-05 PT-11 PT-13 PT-38 PT-43 QU-01 RC-11
use strict;
use warnings;
use IO::Handle;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use Halcyon::Spool;
use Halcyon::Test;

my ($want, $kills) = $ENV{HALCYON_LONG} ? (1000, 200) : (200, 40);
my $seed = $ENV{HALCYON_SEED} || (time * 1000) % 1_000_000_000;
use constant { WORKERS => 4, TREE_EVERY => 8, DEADLINE => $ENV{HALCYON_LONG} ? 400 : 50 };
diag("seed $seed");

my $i = Halcyon::Test->new;
$i->create_users('alice', 'bob');
my $admin = $i->imap(user => 'cyrus');
$admin->ok("SETQUOTA user.$_ (STORAGE 10000000 MESSAGE 1000000)") for 'alice', 'bob';
$admin->logout;
my $c = $i->imap(user => 'alice');
$c->ok('CREATE INBOX.Work');
$c->logout;

# ---- workers: each attempt has an id of its own; one line "id user box" for each acknowledgement
pipe my $told, my $tell or die "pipe: $!";
sub message {
    my ($id) = @_;
    return "From: a\@example.org\r\nMessage-ID: <$id\@example.org>\r\nX-Id: $id\r\nSubject: $id\r\nDate: Thu, 1 Jan 2015 00:00:00 +0000\r\n\r\n" . "body of $id\r\n" x (1 + length($id) * 7 % 60);
}

# Until a connection is there: the services may be between two lives.
sub connected {
    my ($make) = @_;
    while (1) {
        my $conn = eval { $make->() };
        return $conn if $conn;
        select undef, undef, undef, 0.02;
    }
}

sub worker {
    my ($n) = @_;
    my $attempt = 0;
    srand $seed + $n;
    $Halcyon::Client::TIMEOUT = 20;
    while (1) {
        my $conn = $n % 2 ? connected(sub { my $l = $i->lmtp(unix => $n == 1); $l->lmtp_cmd('LHLO client.example.org') =~ /^250/ ? $l : undef })
                          : connected(sub { $i->imap(user => 'alice') });
        eval {
            while (1) {
                my $id = "$n." . ++$attempt;
                my @acknowledged;
                if ($n % 2) {
                    my @to = rand() < 0.4 ? ('alice', 'bob') : rand() < 0.5 ? ('bob') : ('alice');
                    my @replies = $conn->deliver('sender@example.org', \@to, message($id));
                    @acknowledged = map { $replies[$_] =~ /^250/ ? "$to[$_] INBOX" : () } 0 .. $#replies if @replies == @to;
                } else {
                    my $box = rand() < 0.5 ? 'INBOX' : 'INBOX.Work';
                    my $r = $conn->cmd("APPEND $box (\\Flagged) ", \message($id));
                    @acknowledged = ("alice $box") if $r->{status} eq 'OK';
                }
                syswrite $tell, join '', map { "$id $_\n" } @acknowledged if @acknowledged;
            }
        };
        $conn->close;
    }
}

my @workers;
for my $n (1 .. WORKERS) {
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        close $told;
        eval { worker($n) };
        POSIX::_exit(1);
    }
    push @workers, $pid;
}
close $tell;
END { kill 'KILL', @workers }

# ---- kill, and listen to what is acknowledged
srand $seed;
my ($killed, $trees, $restarts, %acknowledged) = (0, 0, 0);
my $buffer = '';
my $listen = sub {
    my ($until) = @_;
    my $sel = IO::Select->new($told);
    while ((my $left = $until - time) > 0) {
        next unless $sel->can_read($left);
        sysread $told, $buffer, 65536, length $buffer or last;
        $acknowledged{$1}++ while $buffer =~ s/\A(.*)\n//;
    }
};
my $deadline = time + DEADLINE;
while ((keys %acknowledged < $want || $killed < $kills) && time < $deadline) {
    $listen->(time + 0.02 + rand 0.25);
    if ($killed % TREE_EVERY == TREE_EVERY - 1) {
        $i->kill_all;
        $trees++;
        my $t = time;
        $i->start;
        $restarts = time - $t if time - $t > $restarts;
    } else {
        my @children = grep { $_ != $i->{master} } $i->processes;
        kill 'KILL', $children[ rand @children ] if @children;
    }
    $killed++;
}
kill 'KILL', @workers;
waitpid $_, 0 for splice @workers;
$listen->(time + 0.2);
$i->kill_all;
$i->start;
diag(sprintf '%d kills, %d of them of the whole tree; %d acknowledged; longest restart %.2f s', $killed, $trees, scalar keys %acknowledged, $restarts);
cmp_ok(scalar keys %acknowledged, '>=', $want, "at least $want messages were acknowledged");
cmp_ok($killed, '>=', $kills, "at least $kills kills");

# ---- what is there now
my (%found, @problems);
for my $place ([ 'alice', 'INBOX' ], [ 'alice', 'INBOX.Work' ], [ 'bob', 'INBOX' ]) {
    my ($user, $box) = @$place;
    my $u = $i->imap(user => $user);
    $u->ok("SELECT $box");
    my $last = 0;
    for my $line ($u->ok('UID FETCH 1:* (BODY.PEEK[])')) {
        my ($uid) = $line =~ /UID (\d+)/ or next;
        push @problems, "$user $box: UID $uid follows $last" if $uid <= $last;
        $last = $uid;
        my ($id) = $line =~ /^X-Id: (\S+)\r$/m or push(@problems, "$user $box UID $uid: no message of ours"), next;
        my $expected = message($id);
        # a delivered message begins with trace headers
        push @problems, "$user $box UID $uid: $id is damaged" unless $line =~ /\Q$expected\E\)\z/;
        push @problems, "$user $box: $id is there twice" if $found{"$id $user $box"}++;
    }
    $u->logout;
}
push @problems, map { "acknowledged and lost: $_" } grep { !$found{$_} } sort keys %acknowledged;
is(scalar @problems, 0, 'every acknowledged message is there once and whole') or diag(join "\n", @problems[0 .. ($#problems < 30 ? $#problems : 30)]);

# ---- no lock is stuck: everything can be changed at once
my $t = time;
my $went = eval {
    $Halcyon::Client::TIMEOUT = 10;
    $i->fill($_, message("after.$_")) for 'alice', 'bob', 'alice+Work';
    my $u = $i->imap(user => 'alice');
    for my $box ('INBOX', 'INBOX.Work') {
        $u->ok("APPEND $box ", \message('after.append'));
        $u->ok("SELECT $box");
        $u->ok('STORE 1:2 +FLAGS (\Deleted)');
        $u->ok('EXPUNGE');
        $u->ok('UID COPY 1:* INBOX.Work');
    }
    $u->ok('CREATE INBOX.After');
    $u->ok('RENAME INBOX.After INBOX.Afterwards');
    $u->ok('DELETE INBOX.Afterwards');
    $u->logout;
    1;
};
ok($went, 'deliveries, appends, flags, copies, mailboxes: all go on') or diag($@);
cmp_ok(time - $t, '<', 20, 'and nothing waits for a lock of the dead');

$i->stop;
my @spool = Halcyon::Spool::problems($i);
is(scalar @spool, 0, 'index, cache, message files and quota are sound, nothing is left over')
    or diag(join "\n", @spool[0 .. ($#spool < 30 ? $#spool : 30)]);
is($i->faults, '', 'no process reported a fault');
done_testing();
