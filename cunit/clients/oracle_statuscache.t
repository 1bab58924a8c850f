#!/usr/bin/perl
# oracle_statuscache.t - statuscache.db between ours and Debian's cyrus-imapd 3.6.1, which trusts what
# it finds: after each change of server STATUS must say what a look at the mailboxes says
# covers: SE-14
use strict;
use warnings;
use Test::More;
use Halcyon::Oracle;
use Halcyon::Test;

my $ALL = 'MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ';
# 3.6.1 refuses to delete a name twice in one second when what is deleted is kept.
my %conf = (%Halcyon::Oracle::CONF, statuscache => 'yes', delete_mode => 'immediate');
sub make { my ($peer, %more) = @_; return Halcyon::Test->new(peer => $peer, users => \%Halcyon::Oracle::USERS, conf => { %conf, %more }, nostart => 1) }

sub message { return "Subject: $_[0]\r\n\r\nbody\r\n" }

# [ user, mailbox as he names it ]
my @BOXES = map { [ alice => "INBOX$_" ], [ bob => "user.alice$_" ] } '', '.Work', '.Other', '.Again';

# { "user box" => counts } from STATUS
sub told {
    my ($i) = @_;
    my %c = map { $_ => $i->imap(user => $_) } qw(alice bob);
    my %said;
    for (@BOXES) {
        my ($user, $box) = @$_;
        my $r = $c{$user}->cmd("STATUS $box ($ALL)");
        $said{"$user $box"} = $r->{status} eq 'OK' ? join ' ', map { /\((.*)\)/ } grep { /^\* STATUS/ } @{ $r->{untagged} } : 'NO';
    }
    return \%said;
}

# The same by EXAMINE and SEARCH, which look at the index.
sub looked_up {
    my ($i) = @_;
    my %c = map { $_ => $i->imap(user => $_) } qw(alice bob);
    my %found;
    for (@BOXES) {
        my ($user, $box) = @$_;
        my $r = $c{$user}->cmd("EXAMINE $box");
        $found{"$user $box"} = 'NO', next if $r->{status} ne 'OK';
        my $text = join "\n", @{ $r->{untagged} }, $r->{text};
        my @unseen = join('', grep { /^\* SEARCH/ } @{ $c{$user}->cmd('SEARCH UNSEEN')->{untagged} }) =~ /\d+/g;
        my ($modseq) = $text =~ /HIGHESTMODSEQ (\d+)/;
        my %n = (MESSAGES => $text =~ /(\d+) EXISTS/, RECENT => $text =~ /(\d+) RECENT/, UIDNEXT => $text =~ /UIDNEXT (\d+)/,
            UIDVALIDITY => $text =~ /UIDVALIDITY (\d+)/, UNSEEN => scalar @unseen, HIGHESTMODSEQ => $modseq // 0);
        $found{"$user $box"} = join ' ', map { "$_ $n{$_}" } split / /, $ALL;
        $c{$user}->cmd('UNSELECT');
    }
    return \%found;
}

sub is_right {
    my ($i, $what) = @_;
    my $said = told($i);
    is_deeply($said, looked_up($i), "$what: STATUS is right");
    is_deeply(told($i), $said, "$what: and again, from the cache");
    return $said;
}

# Changes of every kind; $n makes those of each round others.
sub change {
    my ($i, $n) = @_;
    my ($a, $b) = map { $i->imap(user => $_) } qw(alice bob);
    $i->fill('alice', message("delivered $n"));
    $a->ok($_) for 'SELECT INBOX.Work', "UID STORE $n +FLAGS (\\Seen)", 'UNSELECT';
    $a->ok('APPEND INBOX.Work ', \message("appended $n"));
    $b->ok($_) for 'SELECT user.alice', "UID STORE 1:$n +FLAGS (\\Seen)", 'UNSELECT';
    $b->ok($_) for 'SELECT user.alice.Other', 'UNSELECT';       # no longer recent
    $a->ok($_) for 'DELETE INBOX.Again', 'RENAME INBOX.Other INBOX.Again', 'CREATE INBOX.Other';
    $a->ok("SETACL INBOX.$_ bob lrs") for 'Again', 'Other';
    $a->ok('APPEND INBOX.Other ', \message("other $n $_")) for 1 .. $n + 1;
}

my ($ours, $cyrus) = map { make($_) } '', 'cyrus';
$ours->start;
$ours->create_users(qw(alice bob));
my $a = $ours->imap(user => 'alice');
$a->ok("CREATE INBOX.$_") for qw(Work Other Again);
$a->ok("SETACL INBOX$_ bob lrs") for '', '.Work', '.Other', '.Again';
$a->ok('APPEND INBOX.Work ', \message($_)) for 1 .. 5;
change($ours, 1);
my $said = is_right($ours, 'ours');

# the same records as 3.6.1 writes of the same mailboxes
sub records {
    my ($i) = @_;
    my ($status, $out, $err) = $i->run('cyr_dbtool', $i->path('conf', 'statuscache.db'), 'twoskip', 'show');
    return { map { split /\t/, $_, 2 } grep { $_ ne '' } split /\n/, $out };
}
my $written = records($ours);
ok(keys %$written >= 8, 'records were written') or diag explain $written;
$ours->stop;
Halcyon::Oracle::adopt($cyrus, $ours);
unlink $cyrus->path('conf', 'statuscache.db') or die "statuscache.db: $!";
$cyrus->start;
is_deeply(told($cyrus), $said, '3.6.1 without the file: it answers the same');
my $theirs = records($cyrus);
for my $key (sort keys %$written) {
    is($written->{$key}, $theirs->{$key}, "$key: the record of 3.6.1 is the same");
}
$cyrus->stop;

# with the file, to and fro, with changes in between
Halcyon::Oracle::adopt($cyrus, $ours);
$cyrus->start;
is_deeply(records($cyrus)->{'user.alice.Work%'}, $written->{'user.alice.Work%'}, '3.6.1 keeps our file');
is_deeply(told($cyrus), $said, '3.6.1 with our file: it answers the same');
for my $round (2 .. 3) {
    change($cyrus, $round);
    $said = is_right($cyrus, "3.6.1, round $round");
    $cyrus->stop;
    Halcyon::Oracle::adopt($ours, $cyrus);
    ok(-e $ours->path('conf', 'statuscache.db'), 'the file comes along');
    $ours->start;
    is_deeply(told($ours), $said, "ours after 3.6.1, round $round");
    change($ours, $round + 2);
    $said = is_right($ours, "ours, round $round");
    $ours->stop;
    Halcyon::Oracle::adopt($cyrus, $ours);
    $cyrus->start;
    is_deeply(told($cyrus), $said, "3.6.1 after ours, round $round");
    is_right($cyrus, "3.6.1 after ours, round $round");
}
$cyrus->stop;

# ours with the option off in between: what 3.6.1 left must not be there when it comes back
my $off = make('', statuscache => 'no');
Halcyon::Oracle::adopt($off, $cyrus);
$off->start;
ok(!-e $off->path('conf', 'statuscache.db'), 'off: the start removes the file');
change($off, 6);
$said = told($off);
$off->stop;
Halcyon::Oracle::adopt($cyrus, $off);
$cyrus->start;
is_deeply(told($cyrus), $said, '3.6.1 after ours without the cache');
is_right($cyrus, '3.6.1 after ours without the cache');
$cyrus->stop;

is($_->faults, '', 'no process reported a fault') for $ours, $off, $cyrus;
done_testing();
