#!/usr/bin/perl
# statuscache.t - the status cache on a live server: it is used, every change takes its records away,
# and no start of the server trusts what it finds
# covers: SE-14
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Test;

my $ALL = 'MESSAGES RECENT UIDNEXT UNSEEN';
my $i = Halcyon::Test->new(conf => { statuscache => 'yes' });
my $db = $i->path('conf', 'statuscache.db');
$i->create_users(qw(alice bob));
my ($alice, $bob, $admin) = map { $i->imap(user => $_) } qw(alice bob cyrus);

# { key => value } of the database
sub records {
    my ($status, $out, $err) = $i->run('cyr_dbtool', $db, 'twoskip', 'show');
    return { map { split /\t/, $_, 2 } grep { $_ ne '' } split /\n/, $out };
}

sub set {
    my ($key, $value) = @_;
    my ($status, $out, $err) = $i->run('cyr_dbtool', $db, 'twoskip', 'set', $key, $value);
    is($status, 0, "planted $key") or diag $err;
}

# "5 0 6 3" of "* STATUS box (MESSAGES 5 RECENT 0 ...)"
sub counts {
    my ($c, $box, $items) = @_;
    my $r = $c->cmd("STATUS $box (" . ($items // $ALL) . ')');
    return $r->{status} unless $r->{status} eq 'OK';
    return join ' ', join('', grep { /^\* STATUS/ } @{ $r->{untagged} }) =~ / (\d+)/g;
}

sub message { return "Subject: $_[0]\r\n\r\nbody\r\n" }

$alice->ok('CREATE INBOX.Work');
$alice->ok("SETACL INBOX.Work $_") for 'bob lrsw', 'anyone p';
$alice->ok('APPEND INBOX.Work ', \message($_)) for 1 .. 5;
$bob->ok('SELECT user.alice.Work');
$bob->ok('UNSELECT');                           # nothing is recent to bob now
is(counts($alice, 'INBOX.Work'), '5 5 6 5', 'the owner');
is(counts($bob, 'user.alice.Work'), '5 0 6 5', 'another user');
my $r = records();
like($r->{'user.alice.Work%'}, qr/^I 8 \(5 6 \d+ 1 \d+ \d+ \d+\)$/, 'an I record');
like($r->{'user.alice.Work%%alice'}, qr/^S 8 \(5 5 \d+\)$/, "the owner's S record");
like($r->{'user.alice.Work%%bob'}, qr/^S 8 \(0 5 \d+\)$/, "the other's S record");

# what the records say is told
my ($modseq) = $r->{'user.alice.Work%'} =~ / (\d+)\)$/;
set('user.alice.Work%%bob', "S 8 (7 3 $modseq)");
is(counts($bob, 'user.alice.Work'), '5 7 6 3', 'a record is told as it is');
is(counts($alice, 'INBOX.Work'), '5 5 6 5', '... to its user only');
set('user.alice.Work%%bob', 'S 7 (7 3)');
is(counts($bob, 'user.alice.Work'), '5 0 6 5', 'a record of another version is none');
(my $many = $r->{'user.alice.Work%'}) =~ s/\(5 /(4711 /;

# each change, after the cache was made to lie
my @changes = (
    [ 'a delivery', sub { $i->fill('alice+Work', message(6)) }, '6 6 7 6', '6 1 7 6' ],
    [ 'APPEND', sub { $alice->ok('APPEND INBOX.Work ', \message(7)) }, '7 7 8 7', '7 2 8 7' ],
    [ "the owner's flags", sub { $alice->ok($_) for 'SELECT INBOX.Work', 'STORE 1:2 +FLAGS (\Seen)', 'UNSELECT' }, '7 0 8 5', '7 2 8 7' ],
    [ "the other's flags", sub { $bob->ok($_) for 'SELECT user.alice.Work', 'STORE 3 +FLAGS (\Seen)', 'UNSELECT' }, '7 0 8 5', '7 0 8 6' ],
    [ 'COPY', sub { $alice->ok($_) for 'SELECT INBOX.Work', 'COPY 1 INBOX.Work', 'UNSELECT' }, '8 0 9 5', '8 1 9 7' ],
    [ 'EXPUNGE', sub { $alice->ok($_) for 'SELECT INBOX.Work', 'STORE 4 +FLAGS (\Deleted)', 'CLOSE' }, '7 0 9 4', '7 1 9 6' ],
    [ 'SHAREDSEEN', sub { $alice->ok('SETACL INBOX.Work bob lrswi') }, '7 0 9 4', '7 1 9 6' ],
);
for my $c (@changes) {
    my ($what, $change, $owner, $other) = @$c;
    counts($alice, 'INBOX.Work'), counts($bob, 'user.alice.Work');
    (my $lie = records()->{'user.alice.Work%'}) =~ s/\(\d+ /(4711 /;
    set('user.alice.Work%', $lie);
    like(counts($alice, 'INBOX.Work'), qr/^4711 /, "before: $what");
    $change->();
    is(counts($alice, 'INBOX.Work'), $owner, "after: $what: the owner");
    is(counts($bob, 'user.alice.Work'), $other, "after: $what: another");
    is(counts($bob, 'user.alice.Work'), $other, "after: $what: and again");
}

# names
$alice->ok('RENAME INBOX.Work INBOX.Play');
is(counts($alice, 'INBOX.Work'), 'NO', 'renamed: the old name is unknown');
is(counts($alice, 'INBOX.Play'), '7 0 9 4', 'renamed: the new one is right');
is_deeply([ grep { /Work/ } keys %{ records() } ], [], 'renamed: no record of the old name');
$alice->ok('CREATE INBOX.Work');
is(counts($alice, 'INBOX.Work'), '0 0 1 0', 'the old name again');
$alice->ok('DELETE INBOX.Work');
$alice->ok('RENAME INBOX.Play INBOX.Work');
is(counts($alice, 'INBOX.Work'), '7 0 9 4', 'and back');
$alice->ok('DELETE INBOX.Work');
is(counts($alice, 'INBOX.Work'), 'NO', 'deleted');
$alice->ok('CREATE INBOX.Work');
is(counts($alice, 'INBOX.Work'), '0 0 1 0', 'created again');
$alice->ok('APPEND INBOX.Work ', \message(1));
is(counts($alice, 'INBOX.Work'), '1 1 2 1', 'and filled');

# rights come first
is(counts($bob, 'user.alice.Work'), 'NO', 'who may not look it up hears nothing');
is(counts($admin, 'user.alice.Work'), 'NO', 'nor does an administrator without the right to read');

# LIST RETURN (STATUS), and many at once
$r = $alice->cmd("LIST \"\" INBOX.Work RETURN (STATUS ($ALL))");
like(join("\n", @{ $r->{untagged} }), qr/STATUS INBOX\.Work \(MESSAGES 1 RECENT 1 UIDNEXT 2 UNSEEN 1\)/, 'LIST with STATUS');

# the database is taken away, or is none
unlink $db or die "$db: $!";
is(counts($alice, 'INBOX.Work'), '1 1 2 1', 'without the file');
ok(-e $db, '... which is made again');
Halcyon::Test::_write($db, "rubbish\n" x 100);
is(counts($alice, 'INBOX.Work'), '1 1 2 1', 'with rubbish for a file');
$alice->ok('APPEND INBOX.Work ', \message(2));
is(counts($alice, 'INBOX.Work'), '2 2 3 2', '... and a change');

# no start trusts what it finds
for my $end ('stop', 'kill_all') {
    $i->run('cyr_dbtool', $db, 'twoskip', 'set', 'user.alice.Work%', $many);
    $i->$end;
    $i->start;
    ok(!-e $db, "$end: the next start removes the file");
    $alice = $i->imap(user => 'alice');
    is(counts($alice, 'INBOX.Work'), '2 2 3 2', "$end: and counts are right");
    ok(-e $db, "$end: and kept again");
}
$i->stop;

# off: removed at the start, never opened
$i->rewrite('imapd.conf', sub { s/^statuscache:.*\n//m });
$i->run('cyr_dbtool', $db, 'twoskip', 'set', 'user.alice.Work%', $many);
ok(-e $db, 'there is a file');
$i->start;
ok(!-e $db, 'off: the start removes it');
$i->run('cyr_dbtool', $db, 'twoskip', 'set', 'user.alice.Work%', $many);
$alice = $i->imap(user => 'alice');
is(counts($alice, 'INBOX.Work'), '2 2 3 2', 'off: it is not looked at');
$i->stop;

is($i->faults, '', 'no process reported a fault');
done_testing();
