# imap_uidonly.t - UIDONLY: no message number in either direction
# rfc: 9586 UIDONLY
# rfc: 9585 INPROGRESS
# covers: IM-30
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users(qw(alice bob));
my $a = $i->imap(user => 'alice');
sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
$a->ok('APPEND INBOX ', \"Subject: $_\r\n\r\nbody $_\r\n") for 1 .. 6;
$a->ok('SELECT INBOX');
$a->ok('UID STORE 2 +FLAGS.SILENT (\Deleted)');
$a->ok('EXPUNGE');
$a->ok('UNSELECT');

my $u = $i->imap(user => 'alice');
like(($u->ok('CAPABILITY'))[0], qr/ UIDONLY /, 'advertised');
# what it says, and when: progress_test.c; a quick command says nothing
like(($u->ok('CAPABILITY'))[0], qr/ INPROGRESS /, 'INPROGRESS too');
$u->ok('SELECT INBOX');
unlike(answer($u->cmd('FETCH 1:* BODY.PEEK[]')), qr/INPROGRESS/, 'not for a command that takes no time');
is(answer($u->cmd('ENABLE UIDONLY')), '* ENABLED UIDONLY | OK Completed', 'ENABLE');
my @l = $u->ok('SELECT INBOX');
ok((grep { $_ eq '* 5 EXISTS' } @l), 'EXISTS is told');
ok(!(grep { /UNSEEN/ } @l), 'UNSEEN is not');

# refused (number), allowed (UID)
for my $cmd ('FETCH 1 FLAGS', 'STORE 1 +FLAGS (\Seen)', 'COPY 1 INBOX', 'MOVE 1 INBOX', 'SEARCH ALL') {
    my $r = $u->cmd($cmd);
    is($r->{status}, 'BAD', "$cmd is refused");
    like($r->{text}, qr/^\[UIDREQUIRED\] /, 'with UIDREQUIRED');
}
like($u->cmd($_)->{text}, qr/^(?:\[UIDREQUIRED\] |Unrecognized command)/, "$_: refused where it exists")
    for 'SORT (DATE) UTF-8 ALL', 'THREAD REFERENCES UTF-8 ALL', 'REPLACE 1 INBOX', 'ESEARCH ALL';
like(answer($u->cmd("UID SEARCH $_")), qr/^BAD \[UIDREQUIRED\]/, "UID SEARCH $_") for '1', '1:*', 'NOT 2', 'OR SEEN (1,2)', '*';
is(($u->ok('UID SEARCH UID 1:4'))[0], '* SEARCH 1 3 4', 'UID SEARCH UID');

# UIDFETCH
is(answer($u->cmd('UID FETCH 3 FLAGS')), '* 3 UIDFETCH (FLAGS ()) | OK Completed', 'UIDFETCH; the UID is not said twice');
is(answer($u->cmd('UID FETCH 3:4 UID')), '* 3 UIDFETCH (UID 3) | * 4 UIDFETCH (UID 4) | OK Completed', 'but when it was asked for');
is(answer($u->cmd('UID FETCH 3 (BODY[TEXT]<0.4>)')), "* 3 UIDFETCH (FLAGS (\\Seen) BODY[TEXT]<0> {4}\r\nbody) | OK Completed", 'a FETCH that sets \Seen');
is(answer($u->cmd('UID STORE 4 +FLAGS (\Flagged)')), '* 4 UIDFETCH (FLAGS (\Flagged)) | OK Completed', 'STORE');
is(answer($u->cmd('UID STORE 4 +FLAGS.SILENT (\Flagged)')), 'OK Completed', 'silent');
like(answer($u->cmd('UID STORE 4 (UNCHANGEDSINCE 9999) +FLAGS.SILENT (kw)')), qr/\* 4 UIDFETCH \(MODSEQ \(\d+\)\)/, 'with a modseq');
like(answer($u->cmd('UID STORE 5 +FLAGS (\Draft)')), qr/^\* 5 UIDFETCH \(FLAGS \(\\Draft\) MODSEQ \(\d+\)\) \| OK/, 'and after CONDSTORE');
$a->ok('SELECT INBOX');
$a->ok('UID STORE 6 +FLAGS (\Answered)');
like((grep { /FETCH/ } $u->ok('NOOP'))[0], qr/^\* 6 UIDFETCH \(FLAGS \(\\Answered\) MODSEQ/, 'a change by another');

# VANISHED for EXPUNGE
$a->ok('UID STORE 5 +FLAGS.SILENT (\Deleted)');
$a->ok('EXPUNGE');
@l = $u->ok('NOOP');
ok((grep { $_ eq '* VANISHED 5' } @l) && !(grep { /EXPUNGE/ } @l), 'VANISHED');
$u->ok('UID STORE 6 +FLAGS.SILENT (\Deleted)');
@l = $u->ok('EXPUNGE');
ok((grep { $_ eq '* VANISHED 6' } @l), 'EXPUNGE is a command still');
like(answer($u->cmd('UID COPY 1 INBOX')), qr/COPYUID \d+ 1 7\]/, 'UID COPY');
is(scalar(grep { /^\* EXPUNGE|^\* \d+ FETCH/ } $u->ok('NOOP')), 0, 'no number');

# QRESYNC: not with message numbers
$u->ok('ENABLE QRESYNC');
my ($uv) = join(' ', $u->ok('SELECT INBOX')) =~ /UIDVALIDITY (\d+)/;
like(answer($u->cmd("SELECT INBOX (QRESYNC ($uv 1 1:7 (1 1)))")), qr/^BAD \[UIDREQUIRED\]/, 'numbers of QRESYNC');
like(join("\n", $u->ok("SELECT INBOX (QRESYNC ($uv 1))")), qr/^\* VANISHED \(EARLIER\) 2,5:6\n\* 1 UIDFETCH \(FLAGS/m, 'QRESYNC');

# until UNAUTHENTICATE
$u->ok('UNAUTHENTICATE');
$u->login(alice => 'secret');
$u->ok('SELECT INBOX');
is(answer($u->cmd('FETCH 2 UID')), '* 2 FETCH (UID 3) | OK Completed', 'ends with UNAUTHENTICATE');

$i->stop;
is_deeply([ grep { $_ ne '' } $i->faults ], [], 'no process reported a fault');
done_testing;
