# imap_condstore.t - CONDSTORE, QRESYNC and ENABLE: the dialogues of the RFCs, both ways
# rfc: 7162 CONDSTORE QRESYNC
# rfc: 5161 ENABLE
# covers: IM-08 PT-30
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users(qw(alice bob));
sub alice { return $i->imap(user => 'alice') }
sub high { my ($n) = join("\n", @_) =~ /\[HIGHESTMODSEQ (\d+)\]/; return $n }
sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }

my $a = alice();
$a->ok('APPEND INBOX ', \"Subject: $_\r\n\r\nbody $_\r\n") for 1 .. 6;

# ENABLE (RFC 5161)
is(answer($a->cmd('ENABLE X-NOSUCH')), '* ENABLED | OK Completed', 'what is unknown is ignored, ENABLED comes all the same');
is(answer($a->cmd('ENABLE IDLE')), '* ENABLED | OK Completed', 'so is what cannot be enabled');
is($a->cmd('ENABLE')->{status}, 'BAD', 'no argument');
is($a->cmd('ENABLE (CONDSTORE)')->{status}, 'BAD', 'no atom');
my $before = ($a->ok('CAPABILITY'))[0];
is(answer($a->cmd('ENABLE condstore X-GOOD-IDEA')), '* ENABLED CONDSTORE | OK Completed', 'enabled, in any case of letters');
is(answer($a->cmd('ENABLE CONDSTORE')), '* ENABLED | OK Completed', 'ENABLED names what this command did');
is(($a->ok('CAPABILITY'))[0], $before, 'the capabilities stay as they are');
my $n = Halcyon::Client->imap(port => $i->{port}{imap});
is($n->cmd('ENABLE CONDSTORE')->{status}, 'BAD', 'not before login');

# the first enabling command in a selected mailbox is told HIGHESTMODSEQ (3.1)
for my $cmd ('FETCH 1 (MODSEQ)', 'FETCH 1 FLAGS (CHANGEDSINCE 1)', 'SEARCH MODSEQ 1', 'STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\Seen)',
    'STATUS INBOX (HIGHESTMODSEQ)', 'ENABLE CONDSTORE', 'ENABLE QRESYNC') {
    my $c = alice();
    my $at = high($c->ok('SELECT INBOX'));
    is(high($c->ok($cmd)), $at, "$cmd tells HIGHESTMODSEQ");
    is(high($c->ok($cmd)), undef, 'once');
    like((grep { /FETCH/ } $c->ok('STORE 6 +FLAGS (\Draft)'))[0], qr/^\* 6 FETCH \(FLAGS \(.*\) UID 6 MODSEQ \(\d+\)\)$/, 'then each FETCH has UID and MODSEQ');
    $c->ok('STORE 6 -FLAGS (\Draft)');
}
my $c = alice();
$c->ok('SELECT INBOX (CONDSTORE)');
is(high($c->ok('FETCH 1 (MODSEQ)')), undef, 'SELECT (CONDSTORE) has told it');
is($c->cmd('SELECT INBOX (NOSUCH)')->{status}, 'BAD', 'unknown parameter');
is($c->cmd('FETCH 1 FLAGS')->{status}, 'OK', 'which left the mailbox selected');
my $plain = alice();
$plain->ok('SELECT INBOX');
unlike(join('', $plain->ok('STORE 1 +FLAGS (\Flagged)')), qr/MODSEQ|UID/, 'without enabling none of this');

# STORE UNCHANGEDSINCE (3.1.3)
my ($m) = ($a->ok('SELECT INBOX'), $a->ok('FETCH 2 (MODSEQ)'))[-1] =~ /MODSEQ \((\d+)\)/;
my $r = $a->cmd("STORE 2 (UNCHANGEDSINCE $m) +FLAGS.SILENT (\\Deleted)");
like(answer($r), qr/^\* 2 FETCH \(UID 2 MODSEQ \((\d+)\)\) \| OK Completed$/, 'silent, but the modseq is told');
$r = $a->cmd("STORE 2:3 (UNCHANGEDSINCE $m) +FLAGS (\\Answered)");
is($r->{status}, 'OK', 'some fail');
like($r->{text}, qr/^\[MODIFIED 2:3\]/, 'MODIFIED in numbers');
$r = $a->cmd("UID STORE 1:3 (UNCHANGEDSINCE 0) +FLAGS (\\Answered)");
like($r->{text}, qr/^\[MODIFIED 1:3\]/, 'and in UIDs; nothing is unchanged since 0');
is($a->cmd("STORE 1 (UNCHANGEDSINCE) +FLAGS (\\Answered)")->{status}, 'BAD', 'number missing');
is($a->cmd("STORE 1 (UNCHANGEDSINCE 9223372036854775808) +FLAGS (\\Answered)")->{status}, 'BAD', 'more than 63 bits');
is($a->cmd("STORE 1 (SINCE 1) +FLAGS (\\Answered)")->{status}, 'BAD', 'unknown modifier');
is(scalar(grep { /FETCH/ } $a->ok('STORE 2 +FLAGS.SILENT (\Deleted)')), 1, 'no change: the old modseq is told');

# FETCH CHANGEDSINCE, SEARCH MODSEQ (3.1.4, 3.1.5)
($m) = ($a->ok('FETCH 4 (MODSEQ)'))[0] =~ /MODSEQ \((\d+)\)/;
$a->ok('STORE 5 +FLAGS.SILENT (kw)');
is_deeply([ map { /^\* (\d+)/ } $a->ok("FETCH 4:5 (FLAGS) (CHANGEDSINCE $m)") ], [5], 'CHANGEDSINCE');
like(($a->ok("FETCH 5 (FLAGS) (CHANGEDSINCE $m)"))[0], qr/MODSEQ/, 'implies MODSEQ');
is($a->cmd('FETCH 5 FLAGS (CHANGEDSINCE x)')->{status}, 'BAD', 'no number');
is($a->cmd('FETCH 5 FLAGS (CHANGEDSINCE 1 NOSUCH)')->{status}, 'BAD', 'unknown modifier');
my ($h) = ($a->ok('STATUS INBOX (HIGHESTMODSEQ)'))[0] =~ /(\d+)\)/;
is(($a->ok("SEARCH MODSEQ $h"))[0], "* SEARCH 5 (MODSEQ $h)", 'SEARCH');
is(($a->ok("SEARCH MODSEQ \"/flags/\\\\Seen\" all $h"))[0], "* SEARCH 5 (MODSEQ $h)", 'SEARCH with an entry');
is(($a->ok('SEARCH MODSEQ ' . ($h + 1)))[0], '* SEARCH', 'nothing found: no modseq');

# QRESYNC (3.2)
my $q = alice();
is($q->cmd('SELECT INBOX (QRESYNC (1 1))')->{status}, 'BAD', 'parameter without ENABLE');
$q->ok('SELECT INBOX');
is($q->cmd('UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)')->{status}, 'BAD', 'modifier without ENABLE');
$q->ok('ENABLE QRESYNC');
my ($uv) = join(' ', $q->ok('SELECT INBOX')) =~ /UIDVALIDITY (\d+)/;
is($q->cmd($_)->{status}, 'BAD', $_) for 'FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)', 'UID FETCH 1:* FLAGS (VANISHED)',
    "SELECT INBOX (QRESYNC ($uv))", "SELECT INBOX (QRESYNC $uv 1)", "SELECT INBOX (QRESYNC ($uv 1 1:*))", "SELECT INBOX (QRESYNC ($uv 1 1:2 (1:2 1)))",
    "SELECT INBOX (QRESYNC ($uv 1 (1:2)))", "SELECT INBOX (QRESYNC (0 1))";
is($q->cmd('NOOP')->{status}, 'OK', 'still there');

# expunges: 2 goes, another session sees it late
my $start = high($q->ok('SELECT INBOX'));
$a->ok('UNSELECT');
$a->ok('ENABLE QRESYNC');
$a->ok('SELECT INBOX');
$r = $a->cmd('EXPUNGE');
like(answer($r), qr/^\* VANISHED 2 \| OK \[HIGHESTMODSEQ (\d+)\] Completed$/, 'VANISHED, and HIGHESTMODSEQ in the tagged OK');
$r = $q->cmd('STORE 1 +FLAGS.SILENT (\Seen)');
like(answer($r), qr/^\* 1 FETCH \(UID 1 MODSEQ \((\d+)\)\) \| \* OK \[HIGHESTMODSEQ $start\] .* \| OK Completed$/,
    'VANISHED is held back: HIGHESTMODSEQ stays below it (section 6)');
$r = $q->cmd('STORE 3 +FLAGS.SILENT (\Seen)');
is(high(@{ $r->{untagged} }), $start, 'as long as it is');
my $now = high($plain->ok('SELECT INBOX'));
like(answer($q->cmd('NOOP')), qr/^\* VANISHED 2 \| \* OK \[HIGHESTMODSEQ $now\] Ok \| OK/, 'then it comes');
is(high($q->ok('NOOP')), undef, 'and all is said');
$plain->ok('UNSELECT');

# UID EXPUNGE, MOVE, CLOSE
$a->ok('UID STORE 6 +FLAGS.SILENT (\Deleted)');
like(answer($a->cmd('UID EXPUNGE 6')), qr/^\* VANISHED 6 \| OK \[HIGHESTMODSEQ \d+\]/, 'UID EXPUNGE');
$a->ok('CREATE INBOX.other');
like(answer($a->cmd('UID MOVE 5 INBOX.other')), qr/^\* OK \[COPYUID \d+ 5 1\] Completed \| \* VANISHED 5 \| OK \[HIGHESTMODSEQ \d+\]/, 'MOVE (RFC 6851 4.4)');
$a->ok('UID STORE 4 +FLAGS.SILENT (\Deleted)');
is(answer($a->cmd('CLOSE')), 'OK Completed', 'CLOSE: no HIGHESTMODSEQ (3.2.8)');

# resynchronisation: UIDs 1 3 live, 2 4 5 6 gone
sub news { return grep { /VANISHED|FETCH/ } @_ }
my $sel = sub { my ($arg) = @_; return join ' | ', map { s/ MODSEQ \(\d+\)//r } news($q->ok("SELECT INBOX (QRESYNC ($arg))")) };
$q->ok('NOOP');
is($sel->("$uv 1"), '* VANISHED (EARLIER) 2,4:6 | * 1 FETCH (FLAGS (\Flagged \Seen) UID 1) | * 2 FETCH (FLAGS (\Seen) UID 3)', 'all since the beginning');
is($sel->("$uv $now"), '* VANISHED (EARLIER) 4:6', 'what came since');
is($sel->("$uv 1 2:3"), '* VANISHED (EARLIER) 2 | * 2 FETCH (FLAGS (\Seen) UID 3)', 'known UIDs only');
is($sel->("$uv 1 1:6 (1:2 1,3)"), '* VANISHED (EARLIER) 4:6 | * 1 FETCH (FLAGS (\Flagged \Seen) UID 1) | * 2 FETCH (FLAGS (\Seen) UID 3)', 'numbers that agree: nothing vanished below');
is($sel->("$uv 1 1:6 (1:2 1:2)"), '* VANISHED (EARLIER) 2,4:6 | * 1 FETCH (FLAGS (\Flagged \Seen) UID 1) | * 2 FETCH (FLAGS (\Seen) UID 3)', 'they agree up to the first');
is($sel->(($uv - 1) . ' 1'), '', 'UIDVALIDITY has changed: nothing is told');
is($sel->("$uv 9223372036854775807"), '', 'a modseq of the future');
my @l = $q->ok('UID FETCH 1:100 (FLAGS) (CHANGEDSINCE 1 VANISHED)');
like($l[0], qr/^\* VANISHED \(EARLIER\) 2,4:6$/, 'UID FETCH VANISHED, before the messages');
is(scalar(@l), 3, 'and they');
is(($q->ok("UID FETCH 5:6 (UID) (VANISHED CHANGEDSINCE $now)"))[0], '* VANISHED (EARLIER) 5:6', 'of the set');
@l = $q->ok('SELECT INBOX');
is($l[0], '* OK [CLOSED] Ok', 'CLOSED');

# \Seen set by FETCH
$a->ok('SELECT INBOX');
$a->ok('STORE 1 -FLAGS.SILENT (\Seen)');
like(($a->ok('FETCH 1 BODY[TEXT]'))[0], qr/^\* 1 FETCH \(FLAGS \(.*\\Seen.*\) UID 1 MODSEQ \(\d+\) BODY\[TEXT\]/, 'implicit \Seen with UID and MODSEQ');

# a reader without rights
my $admin = $i->imap(user => 'cyrus');
$admin->ok('SETACL user.alice bob lr');
my $b = $i->imap(user => 'bob');
$b->ok('ENABLE QRESYNC');
like(join(' ', $b->ok("SELECT user.alice (QRESYNC ($uv 1))")), qr/VANISHED \(EARLIER\) 2,4:6/, 'resynchronises with r');
is($b->cmd('STORE 1 (UNCHANGEDSINCE 999) +FLAGS (\Flagged)')->{status}, 'NO', 'but changes nothing');
$admin->ok('SETACL user.alice bob ""');
$b->ok('UNSELECT');
like($b->cmd("SELECT user.alice (QRESYNC ($uv 1))")->{text}, qr/does not exist/, 'a stranger learns nothing');

$i->stop;
is_deeply([ grep { $_ ne '' } $i->faults ], [], 'no process reported a fault');
done_testing;
