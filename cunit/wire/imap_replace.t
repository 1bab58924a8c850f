# imap_replace.t - REPLACE: the new message is there and the old one gone, or nothing has changed
# rfc: 8508 REPLACE
# covers: IM-01 AC-10
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users(qw(alice bob));
my ($a, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
sub m_ { my ($n) = @_; return "From: a\@example.org\r\nSubject: m$n\r\n\r\nbody $n\r\n" }
sub subjects { my ($c, $box) = @_; my $o = $i->imap(user => 'alice'); $o->ok("EXAMINE $box");
    my @s = map { /Subject: (\S+)/ ? $1 : () } $o->ok('UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Subject)])'); $o->logout; return join ' ', @s }
like(join(' ', $a->ok('CAPABILITY')), qr/ REPLACE /, 'advertised');
$a->ok('CREATE INBOX.Drafts');
$a->ok('APPEND INBOX.Drafts ', map { (($_ > 1 ? ' ' : ''), \m_($_)) } 1 .. 4);
is($a->cmd('REPLACE 1 INBOX.Drafts ', \m_(9))->{status}, 'BAD', 'a mailbox must be selected');
$a->ok('SELECT INBOX.Drafts');

# in the same mailbox: APPENDUID, then EXISTS and EXPUNGE, then the tagged OK (RFC 8508 4.1)
my $r = $a->cmd('REPLACE 2 INBOX.Drafts (\Draft) " 7-Feb-1994 22:43:04 +0000" ', \m_(12));
is("$r->{status} $r->{text}", 'OK Completed', 'REPLACE');
my @u = @{ $r->{untagged} };
like($u[0], qr/^\* OK \[APPENDUID \d+ 5\]/, 'APPENDUID first');
ok((grep { $_ eq '* 2 EXPUNGE' } @u), 'EXPUNGE') or diag "@u";
is(subjects($a, 'INBOX.Drafts'), 'm1 m3 m4 m12', 'what is there');
my ($l) = grep { /FETCH/ } $a->ok('FETCH 4 (FLAGS INTERNALDATE)');
like($l, qr/\\Draft.* 7-Feb-1994 /, 'flags and date of the new one');
$r = $a->cmd('UID REPLACE 1 INBOX.Drafts ', \m_(11));
like($r->{untagged}[0], qr/^\* OK \[APPENDUID \d+ 6\]/, 'UID REPLACE');
is(subjects($a, 'INBOX.Drafts'), 'm3 m4 m12 m11', 'what is there now');

# into another mailbox
$r = $a->cmd('UID REPLACE 3 INBOX ', \m_(13));
like($r->{untagged}[0], qr/^\* OK \[APPENDUID \d+ 1\]/, 'into another mailbox');
ok((grep { $_ eq '* 1 EXPUNGE' } @{ $r->{untagged} }), 'expunged here');
is(subjects($a, 'INBOX.Drafts') . ' | ' . subjects($a, 'INBOX'), 'm4 m12 m11 | m13', 'both mailboxes');
# CATENATE with the message that goes (RFC 8508 3.1)
$r = $a->cmd('UID REPLACE 4 INBOX.Drafts CATENATE (TEXT ', \"Subject: m14\r\n\r\n", ' URL "/INBOX.Drafts/;UID=4/;SECTION=TEXT")');
is($r->{status}, 'OK', 'CATENATE');
is(subjects($a, 'INBOX.Drafts'), 'm12 m11 m14', 'made of the old one');
# names as literals, octets unasked
$a->send("x1 UID REPLACE 7 {12+}\r\nINBOX.Drafts (\\Seen) {" . length(m_(15)) . "+}\r\n" . m_(15) . "\r\n");
my @got;
do { push @got, $a->response } until $got[-1] =~ /^x1 /;
like($got[-1], qr/^x1 OK/, 'mailbox as a literal') or diag "@got";
is(subjects($a, 'INBOX.Drafts'), 'm12 m11 m15', 'replaced');

# refused: nothing changes, in step
sub refused {
    my ($c, $what, $like, $head) = @_;
    my $before = subjects($a, 'INBOX.Drafts');
    $c->send("y1 $head {" . length(m_(99)) . "+}\r\n" . m_(99) . "\r\ny2 NOOP\r\n");
    my @got;
    do { push @got, $c->response } until $got[-1] =~ /^y2 /;
    ok((grep { $_ =~ $like } @got), $what) or diag "@got";
    is(subjects($a, 'INBOX.Drafts'), $before, "$what: nothing changed");
}
refused($a, 'no such mailbox', qr/^y1 NO \[TRYCREATE\]/, 'REPLACE 1 nosuch');
refused($a, 'number beyond', qr/^y1 BAD/, 'REPLACE 77 INBOX.Drafts');
refused($a, 'UID that is not there', qr/^y1 NO \[NONEXISTENT\]/, 'UID REPLACE 77 INBOX.Drafts');
refused($a, 'a set', qr/^y1 BAD/, 'REPLACE 1:2 INBOX.Drafts');
refused($a, 'two numbers', qr/^y1 BAD/, 'REPLACE 1,2 INBOX.Drafts');
refused($a, 'bad flag', qr/^y1 BAD/, 'REPLACE 1 INBOX.Drafts (\Nope)');
refused($a, 'bad date', qr/^y1 BAD/, 'REPLACE 1 INBOX.Drafts "x"');
refused($a, 'a mailbox that cannot be', qr/^y1 NO/, 'REPLACE 1');
refused($a, 'nothing', qr/^y1 BAD/, 'REPLACE');
my $before = subjects($a, 'INBOX.Drafts');
is($a->cmd('REPLACE 1 INBOX.Drafts ', \'')->{status}, 'NO', 'an empty message');
is($a->cmd('REPLACE 1 INBOX.Drafts ', \"a: b\n\nx\n")->{status}, 'NO', 'bare newlines');
is($a->cmd('REPLACE 1 INBOX.Drafts ', \m_(1), ' ', \m_(2))->{status}, 'BAD', 'one message only');
is(subjects($a, 'INBOX.Drafts'), $before, 'nothing changed');
$a->ok('EXAMINE INBOX.Drafts');
refused($a, 'read-only', qr/^y1 NO/, 'REPLACE 1 INBOX');

# rights: t and e here, i there
$a->ok('CREATE INBOX.In');
for my $row ([ 'lrswited', 'lrsi', 1 ], [ 'lrswie', 'lrsi', 0 ], [ 'lrswit', 'lrsi', 0 ], [ 'lrste', 'lrsi', 1 ], [ 'lrste', 'lrs', 0 ], [ 'lrste', '', 0 ]) {
    my ($here, $there, $may) = @$row;
    $a->ok("SETACL INBOX.Drafts bob $here");
    $a->ok($there ? "SETACL INBOX.In bob $there" : 'DELETEACL INBOX.In bob');
    $a->ok('APPEND INBOX.Drafts ', \m_('r'));
    my $before = subjects($a, 'INBOX.Drafts');
    $b->ok('SELECT user.alice.Drafts');
    my $r = $b->cmd('REPLACE 1 user.alice.In ', \m_('new'));
    is($r->{status}, $may ? 'OK' : 'NO', "rights $here here and '$there' there") or diag $r->{text};
    ok((subjects($a, 'INBOX.Drafts') ne $before) == !!$may, 'and what came of it');
}
# quota: as APPEND; the old message goes only with the new one
$adm->ok('SETQUOTA user.alice (MESSAGE 5)');
$a->ok('SELECT INBOX.Drafts');
$before = subjects($a, 'INBOX.Drafts');
like($a->cmd('REPLACE 1 INBOX ', \m_('q'))->{text}, qr/^\[OVERQUOTA\]/, 'over quota');
is(subjects($a, 'INBOX.Drafts'), $before, 'nothing changed');

# gone meanwhile
$adm->ok('SETQUOTA user.alice ()');
my $other = $i->imap(user => 'alice');
$other->ok('SELECT INBOX.Drafts');
$a->ok('SELECT INBOX.Drafts');
$other->ok('STORE 1 +FLAGS.SILENT (\Deleted)');
$other->ok('EXPUNGE');
$r = $a->cmd('REPLACE 1 INBOX.Drafts ', \m_('late'));
is($r->{status}, 'NO', 'another session was faster') or diag $r->{text};
unlike(subjects($a, 'INBOX.Drafts'), qr/late/, 'and nothing is stored');
$i->stop;
is($i->faults, '', 'no process reported a fault');
done_testing();
