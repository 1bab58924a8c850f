# imap_sessions.t - several sessions on one mailbox, each told of the other's changes; CONDSTORE, QRESYNC, IDLE
# rfc: 2177 IDLE
# covers: NS-37 IM-03 IM-08 NM-07 PT-30 AC-04 PT-16
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(conf => { imapidlepoll => '2' },
    daemons => [ 'idled cmd="' . Halcyon::Test::program('idled') . ' -C IMAPDCONF -d"' ], nostart => 1);
$i->rewrite('cyrus.conf', sub { s/IMAPDCONF/$i->{dir}\/imapd.conf/g });
$i->start;
$i->create_users(qw(alice bob));
my ($a, $b) = map { $i->imap(user => 'alice') } 1 .. 2;
sub msg { return \"Subject: $_[0]\r\n\r\nbody $_[0]\r\n" }
$a->ok('APPEND INBOX ', msg($_)) for 1 .. 5;
$_->ok('SELECT INBOX') for $a, $b;

# \Recent belongs to one session
my ($ra) = $a->ok('SEARCH RECENT');
my ($rb) = $b->ok('SEARCH RECENT');
is($ra, '* SEARCH 1 2 3 4 5', 'first session: recent');
is($rb, '* SEARCH', 'second session: not');

$a->ok('STORE 2 +FLAGS (\Flagged)');
my @u = $b->ok('NOOP');
is((grep { /FETCH/ } @u)[0], '* 2 FETCH (FLAGS (\Flagged))', 'flags seen by the other');
is(scalar(grep { /FETCH/ } $a->ok('NOOP')), 0, 'and not repeated to the one who set them');
$b->ok('APPEND INBOX ', msg(6));
@u = $a->ok('NOOP');
ok((grep { $_ eq '* 6 EXISTS' } @u), 'new message told');

# EXPUNGE is not told during FETCH, STORE, SEARCH; the message stays readable
$b->ok('NOOP');
$b->ok('STORE 3 +FLAGS.SILENT (\Deleted)');
$b->ok('EXPUNGE');
my $r = $a->cmd('FETCH 3 BODY.PEEK[TEXT]');
is(scalar(grep { /EXPUNGE/ } @{ $r->{untagged} }), 0, 'no EXPUNGE during FETCH');
like($r->{untagged}[0] // '', qr/body 3/, 'the expunged message can still be read');
$r = $a->cmd('STORE 4 +FLAGS (\Answered)');
is(scalar(grep { /EXPUNGE/ } @{ $r->{untagged} }), 0, 'nor during STORE');
@u = $a->ok('NOOP');
ok((grep { $_ eq '* 3 EXPUNGE' } @u), 'but at NOOP');
my ($s) = $a->ok('UID SEARCH ALL');
is($s, '* SEARCH 1 2 4 5 6', 'numbers and UIDs agree');
@u = $b->ok('NOOP');
ok((grep { /^\* 3 FETCH \(FLAGS \(\\Answered/ } @u), 'numbers of the other session are its own');

# CONDSTORE
my @l = $a->ok('FETCH 1:* (UID MODSEQ)');
like($l[0], qr/MODSEQ \(\d+\)/, 'MODSEQ');
my ($m1) = $l[0] =~ /MODSEQ \((\d+)\)/;
$r = $a->cmd("STORE 1 (UNCHANGEDSINCE $m1) +FLAGS (\\Draft)");
is($r->{status}, 'OK', 'conditional store');
like((grep { /FETCH/ } @{ $r->{untagged} })[0], qr/MODSEQ/, 'tells the new modseq');
$r = $a->cmd("STORE 1 (UNCHANGEDSINCE $m1) -FLAGS (\\Draft)");
like($r->{text}, qr/^\[MODIFIED 1\]/, 'MODIFIED');
my ($m2) = (grep { /FETCH/ } @{ $r->{untagged} }, $a->ok('FETCH 5 (MODSEQ)'))[-1] =~ /MODSEQ \((\d+)\)/;
@l = $a->ok("FETCH 1:* (FLAGS) (CHANGEDSINCE $m2)");
ok((grep { /^\* 1 FETCH/ } @l) && !(grep { /^\* 5 FETCH/ } @l), 'CHANGEDSINCE');
like($a->cmd("SEARCH MODSEQ $m1")->{untagged}[0], qr/\(MODSEQ \d+\)$/, 'SEARCH MODSEQ');
my ($st) = $a->ok('STATUS INBOX (HIGHESTMODSEQ)');
my ($high) = $st =~ /HIGHESTMODSEQ (\d+)/;
ok($high > $m1, 'HIGHESTMODSEQ');

# QRESYNC
my $q = $i->imap(user => 'alice');
is($q->cmd('SELECT INBOX (QRESYNC (1 1))')->{status}, 'BAD', 'QRESYNC needs ENABLE');
my ($en) = $q->ok('ENABLE QRESYNC');
is($en, '* ENABLED QRESYNC', 'ENABLE');
my ($uv) = join(' ', $q->ok('SELECT INBOX')) =~ /UIDVALIDITY (\d+)/;
$q->ok('UNSELECT');
@l = $q->ok("SELECT INBOX (QRESYNC ($uv $m1 1:6))");
ok((grep { /^\* VANISHED \(EARLIER\) 3$/ } @l), 'VANISHED (EARLIER)') or diag join "\n", @l;
ok((grep { /^\* 1 FETCH \(FLAGS \(.*\\Draft.*\) UID 1 MODSEQ/ } @l), 'changed flags');
$b->ok('UID STORE 6 +FLAGS.SILENT (\Deleted)');
$b->ok('EXPUNGE');
@l = $q->ok('NOOP');
ok((grep { $_ eq '* VANISHED 6' } @l), 'VANISHED instead of EXPUNGE');
@l = $q->ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE $m1 VANISHED)");
ok((grep { /^\* VANISHED \(EARLIER\) 3,6$/ } @l), 'UID FETCH VANISHED') or diag join "\n", @l;

# IDLE
$b->ok('NOOP');
my $tag = $b->start('IDLE');
like($b->line, qr/^\+ /, 'idling');
$a->ok('APPEND INBOX ', msg(7));
my $line;
do { $line = $b->line } until $line =~ /EXISTS|^\+/;
like($line, qr/^\* \d+ EXISTS/, 'IDLE tells of a new message');
my $l = $i->lmtp;
$l->lmtp_cmd('LHLO x');
$l->deliver('x@y', ['alice'], "Subject: by lmtp\r\nMessage-ID: <idle\@x>\r\n\r\nx\r\n");
do { $line = $b->line } until $line =~ /EXISTS/;
like($line, qr/^\* \d+ EXISTS/, 'and of a delivery');
$b->send("DONE\r\n");
is($b->finish($tag)->{status}, 'OK', 'DONE');
$tag = $b->start('IDLE');
$b->line;
$b->send("NOTDONE\r\n");
is($b->finish($tag)->{status}, 'BAD', 'anything else ends it with BAD');

# seen state of readers who are not the owner
$a->ok('SETACL INBOX bob lrs');
my $o = $i->imap(user => 'bob');
$o->ok('SELECT user.alice');
my ($un) = $o->ok('SEARCH UNSEEN');
like($un, qr/ 1\b/, "alice's mail is unseen by bob");
$o->ok('FETCH 1 BODY[]');
my ($seen) = $o->ok('SEARCH SEEN');
is($seen, '* SEARCH 1', 'bob has seen it');
my ($owner) = $a->ok('SEARCH SEEN');                 # a FETCH with the new modseq may follow
unlike($owner, qr{ 1\b}, 'alice has not');
$o->ok('CLOSE');
$o->ok('SELECT user.alice');
($seen) = $o->ok('SEARCH SEEN');
is($seen, '* SEARCH 1', 'kept across sessions');
is($o->cmd('STORE 1 +FLAGS (\Flagged)')->{status}, 'NO', 'without w no other flag');

# a mailbox deleted under a session: what was selected stays readable or the session ends, nothing else
$a->ok('CREATE INBOX.Gone');
$a->ok('APPEND INBOX.Gone ', msg(8));
$b->ok('SELECT INBOX.Gone');
$a->ok('DELETE INBOX.Gone');
$r = eval { $b->cmd('FETCH 1 BODY.PEEK[TEXT]') };
ok(!$r || $r->{status} =~ /^(OK|NO)$/, 'a mailbox deleted under a session');
is($a->cmd('SELECT INBOX.Gone')->{status}, 'NO', 'and it is gone for others');
is($i->faults, '', 'no faults');
done_testing;
