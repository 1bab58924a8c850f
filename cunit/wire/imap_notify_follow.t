# imap_notify_follow.t - a client that only listens knows at the end what the server knows
#
# Three sessions append, flag and expunge at random in five mailboxes.  A fourth has NOTIFY on, one of the mailboxes
# selected, and sends no command but for the fence's sake.  HALCYON_SEED repeats the random choices.
# rfc: 5465 NOTIFY
# covers: NM-20
use strict;
use warnings;
use POSIX ();
use Test::More;
use Halcyon::Test;

use constant { WORKERS => 3, STEPS => 120, BOXES => 5 };
my $seed = $ENV{HALCYON_SEED} || int(rand 1e9);
my $i = Halcyon::Test->new(idled => 1);
$i->create_users('alice');
my ($c, $d) = map { $i->imap(user => 'alice') } 1, 2;
$d->ok("CREATE INBOX.$_") for 'fence', map { "m$_" } 0 .. BOXES - 1;
$c->ok('SELECT INBOX.m0');
$c->ok('NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge FlagChange)) (mailboxes INBOX.fence (MailboxMetadataChange))');

sub work {
    my ($n) = @_;
    srand $seed + $n;
    my $w = $i->imap(user => 'alice');
    for my $step (1 .. STEPS) {
        my $box = 'INBOX.m' . int rand BOXES;
        my $what = rand;
        if ($what < 0.4 || !grep { /^\* [1-9]\d* EXISTS/ } $w->ok("SELECT $box")) {
            $w->ok("APPEND $box ", \"Subject: $n $step\r\n\r\nbody\r\n");
        } elsif ($what < 0.8) {
            $w->cmd('UID STORE ' . (1 + int rand 20) . ':* ' . (rand() < 0.7 ? '+' : '-') . 'FLAGS.SILENT (' . ('\Flagged', '\Seen', '\Deleted', "k$n")[ rand 4 ] . ')');   # NO: some went away
        } else {
            $w->ok('EXPUNGE');
        }
    }
    $w->logout;
}
my @pids;
for my $n (1 .. WORKERS) {
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        eval { work($n); 1 } or print STDERR "worker $n: $@";
        POSIX::_exit($@ ? 1 : 0);
    }
    push @pids, $pid;
}
my $failed = 0;
for (@pids) { waitpid $_, 0; $failed ||= $? }
is($failed, 0, "workers (seed $seed)");

# What was told, to the fence behind the fence.
my (@told, %status, @uids, %flags);
for my $n (1, 2) {
    $d->ok("SETMETADATA INBOX.fence (/private/comment \"$n\")");
    push @told, $c->response until @told && $told[-1] =~ /^\* METADATA|NOTIFICATIONOVERFLOW/;
    last if $told[-1] !~ /METADATA/;
    pop @told;
}
if (grep { /NOTIFICATIONOVERFLOW/ } @told) {   # on a machine that is too busy; who is told so knows what he does not know
    is($i->faults, '', 'no complaints, and events that were lost were said to be');
    done_testing();
    exit;
}
my $wrong = '';
for my $line (@told) {
    if ($line =~ /^\* STATUS "?(INBOX\.m\d)"? \((.*)\)/) { my ($box, %v) = ($1, split / /, $2); $status{$box} = { %{ $status{$box} || {} }, %v } }
    elsif ($line =~ /^\* (\d+) EXISTS/) { $wrong ||= "EXISTS goes back: $line" if $1 < @uids; push @uids, undef while @uids < $1 }
    elsif ($line =~ /^\* (\d+) EXPUNGE/) { $wrong ||= "no such message: $line" if $1 > @uids; my ($gone) = splice @uids, $1 - 1, 1; delete $flags{ $gone // '' } }
    elsif ($line =~ /^\* (\d+) FETCH \(FLAGS \((.*?)\) UID (\d+)\)/) {
        $wrong ||= "number and UID: $line" if $1 > @uids || ($uids[ $1 - 1 ] // $3) != $3;
        $uids[ $1 - 1 ] = $3;
        $flags{$3} = join ' ', sort grep { $_ ne '\Recent' } split / /, $2;
    }
    elsif ($line !~ /^\* (?:\d+ RECENT|FLAGS|OK \[PERMANENTFLAGS)/) { $wrong ||= "not expected: $line" }
}
is($wrong, '', 'all makes sense');
cmp_ok(scalar @told, '>', 50, scalar(@told) . ' responses');

# What is so.
for my $n (1 .. BOXES - 1) {
    my $box = "INBOX.m$n";
    my %v = split / /, (join('', $d->ok("STATUS $box (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)")) =~ /\((.*)\)/)[0];
    my %last = %{ $status{$box} || {} };
    is($last{$_}, $v{$_}, "$box $_") for 'MESSAGES', 'UIDNEXT', 'UIDVALIDITY';
}
my %true;
$d->ok('EXAMINE INBOX.m0');
for ($d->ok('UID FETCH 1:* (FLAGS)')) { $true{$2} = join ' ', sort grep { $_ ne '\Recent' } split / /, $1 if /FLAGS \((.*?)\) UID (\d+)/ || /UID (\d+)/ && /FLAGS \((.*?)\).*?UID (\d+)/ }
is_deeply([ map { $_ // 'unknown' } @uids ], [ sort { $a <=> $b } keys %true ], 'the selected mailbox: its messages');
is_deeply(\%flags, \%true, '... and their flags');
$i->stop;
is($i->faults, '', 'no complaints');
done_testing();
